"""The links between the parts: how long messages take, and which share is lost."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from cqrsim.scenario.checks import Share, YesNo
from cqrsim.scenario.choices import OrShorthand, tag
from cqrsim.scenario.distributions import DISTRIBUTIONS, AnyDistribution, Distribution, DistributionSetting
from cqrsim.scenario.values import VALUE_CLASS, Settings, setting, settings_of, value
from cqrsim.units import Duration


@value
class Route(Settings):
    """How messages travel over one link.

    Where a route is expected, a duration or a distribution stands for its delay.

    >>> from cqrsim.units import ms
    >>> Route(ms(0.2), loss=0.001).in_order
    True
    """

    delay: DistributionSetting = setting(default=Duration(0))
    """Time that a message takes."""
    loss: Share = 0.0
    """The share of messages that never arrive."""
    in_order: YesNo = True
    """Whether messages of one connection arrive in the order in which they were sent."""

    def shorthand(self) -> Any:
        """Return the delay, which says it all if nothing is lost and all stay in order."""
        return self.delay.shorthand() if self.loss == 0 and self.in_order else self


def _as_route(given: Any) -> Any:
    """A delay stands for its route."""
    if isinstance(given, Mapping):
        return {"delay": given} if "kind" in given else None
    if isinstance(given, Distribution):
        return {"delay": given}
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    return Route(Duration.accept(given))


_SHORTHAND = {"anyOf": [Duration.json_schema(), *({VALUE_CLASS: cls.__name__} for cls in DISTRIBUTIONS)]}

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    RouteSetting: TypeAlias = Accepts[Route, Route | AnyDistribution | Duration]
else:
    RouteSetting = Annotated[Route, OrShorthand(_as_route, _SHORTHAND)]


@value
class Network(Settings):
    """A route for every link; by default messages take no time and none is lost.

    Where a network is expected, a route, a duration or a distribution stands for all links alike.

    >>> from cqrsim.units import ms
    >>> Network(client_to_handler=ms(0.2)).client_to_handler.delay
    Constant(value=us(200))
    """

    client_to_handler: RouteSetting = setting(default_factory=Route)
    """Commands."""
    handler_to_client: RouteSetting = setting(default_factory=Route)
    """Answers to commands."""
    handler_to_store: RouteSetting = setting(default_factory=Route)
    """Appends and loads."""
    store_to_handler: RouteSetting = setting(default_factory=Route)
    """The event store's answers to them."""
    store_to_subscriber: RouteSetting = setting(default_factory=Route)
    """Published events on their way back to command handlers."""
    store_to_projection: RouteSetting = setting(default_factory=Route)
    """Published events on their way to projections."""
    store_to_client: RouteSetting = setting(default_factory=Route)
    """Published events on their way to clients, and answers to their polls."""
    handler_to_cache: RouteSetting = setting(default_factory=Route)
    """Refusals on their way to the error cache."""
    cache_to_client: RouteSetting = setting(default_factory=Route)
    """The error cache's answers."""
    projection_to_client: RouteSetting = setting(default_factory=Route)
    """Answers to queries."""
    client_to_store: RouteSetting = setting(default_factory=Route)
    """Polls of the event stream."""
    client_to_cache: RouteSetting = setting(default_factory=Route)
    """Polls of the error cache."""
    client_to_projection: RouteSetting = setting(default_factory=Route)
    """Queries."""
    projection_to_handler: RouteSetting = setting(default_factory=Route)
    """Word that an event has been applied, for answers at "applied"."""

    @classmethod
    def alike(cls, route: Route | AnyDistribution | Duration) -> "Network":
        """Make all links the same.

        >>> from cqrsim.units import ms
        >>> Network.alike(ms(1)).store_to_client.delay
        Constant(value=ms(1))
        """
        return cls(**dict.fromkeys(settings_of(cls), route))

    def routes(self) -> Iterator[tuple[str, Route]]:
        """All links by name."""
        for name in settings_of(type(self)):
            yield name.replace("_to_", "->"), getattr(self, name)

    def shorthand(self) -> Any:
        """Return the route that all links have, if they are alike."""
        routes = {route for _, route in self.routes()}
        return routes.pop().shorthand() if len(routes) == 1 else self

    def __repr__(self) -> str:
        """Code that makes this network again."""
        short = self.shorthand()
        return super().__repr__() if short is self else f"Network.alike({short!r})"


class _OrAlike:
    """Marks a network that may be given as one route for all links."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        alike = core_schema.no_info_after_validator_function(Network.alike, handler.generate_schema(RouteSetting))
        kinds = {tag(Network): handler(source), tag(Route): alike}
        return core_schema.tagged_union_schema(kinds, discriminator=_tag_of)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [handler(kind) for kind in schema["choices"].values()]}


def _tag_of(given: Any) -> str:
    """A table of links is a network; everything else is a route, or wrong."""
    of_a_route = isinstance(given, Mapping) and given and not set(given).isdisjoint({"kind", *settings_of(Route)})
    return tag(Network if isinstance(given, Network | Mapping) and not of_a_route else Route)


if TYPE_CHECKING:
    NetworkSetting: TypeAlias = Accepts[Network, Network | Route | AnyDistribution | Duration]
else:
    NetworkSetting = Annotated[Network, _OrAlike()]
