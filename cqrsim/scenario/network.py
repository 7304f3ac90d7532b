"""The links between the parts: how long messages take, and which share is lost."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cqrsim.scenario.checks import Share, YesNo
from cqrsim.scenario.choices import OrShorthand
from cqrsim.scenario.distributions import AnyDistribution, Constant, Distribution, DistributionSetting
from cqrsim.scenario.values import Settings, setting, settings_of, value
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
        """A constant delay says it all, if nothing is lost and all stay in order."""
        plain = isinstance(self.delay, Constant) and self.loss == 0 and self.in_order
        return self.delay.shorthand() if plain else self


def _as_route(given: Any) -> Any:
    """A delay stands for its route."""
    if isinstance(given, Mapping):
        return {"delay": given} if "kind" in given else None
    if isinstance(given, Distribution):
        return {"delay": given}
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    return Route(Duration._accept(given))


_SHORTHAND = {"type": "string", "pattern": Duration._pattern, "examples": ["0.2ms"]}

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    RouteSetting: TypeAlias = Accepts[Route, Route | AnyDistribution | Duration]
else:
    RouteSetting = Annotated[Route, OrShorthand(_as_route, _SHORTHAND)]


@value
class Network(Settings):
    """A route for every link; by default messages take no time and none is lost.

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
