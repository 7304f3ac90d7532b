"""The scenario: all that a person wants simulated, as one frozen value."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cqrsim.errors import Problem
from cqrsim.scenario.aggregates import AnyAggregates, Evenly
from cqrsim.scenario.checks import Maybe, PositiveDuration, Text
from cqrsim.scenario.choices import ListOf, OneOrMany
from cqrsim.scenario.clients import Clients
from cqrsim.scenario.effects import Consume
from cqrsim.scenario.faults import AnyFault, ConsumeDisk, Fault
from cqrsim.scenario.feedback import AnyFeedback, Feedback, SyncValidation
from cqrsim.scenario.handlers import Handlers
from cqrsim.scenario.naming import naming_mistakes
from cqrsim.scenario.network import Network, NetworkSetting
from cqrsim.scenario.projections import Projection
from cqrsim.scenario.rules import AnyRule
from cqrsim.scenario.state import AnyState, FromGenerated
from cqrsim.scenario.store import Disk, EventStore
from cqrsim.scenario.triggers import While
from cqrsim.scenario.values import Known, Settings, setting, value
from cqrsim.units import Duration, seconds

LONGEST_GRACE = seconds(5)
"""How long arrivals go on beyond the measured window, at most, unless the scenario says otherwise."""

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    _Groups: TypeAlias = Clients | tuple[Clients, ...]
    _Views: TypeAlias = Projection | tuple[Projection, ...]
    ClientsSetting: TypeAlias = Accepts[_Groups, Clients | Iterable[Clients]]
    ProjectionsSetting: TypeAlias = Accepts[_Views, Projection | Iterable[Projection]]
    FaultsSetting: TypeAlias = Accepts[tuple[AnyFault, ...], AnyFault | Iterable[AnyFault]]
else:
    ClientsSetting = Annotated[Clients | tuple[Clients, ...], OneOrMany("group of clients")]
    ProjectionsSetting = Annotated[Projection | tuple[Projection, ...], OneOrMany("projection")]
    FaultsSetting = Annotated[tuple[AnyFault, ...], ListOf()]


@value
class Scenario(Settings):
    """A system and what happens to it: clients, feedback, handler state, store, disk, projections, network, faults.

    Frozen and hashable; :meth:`with_` makes variants.  Commands count that are meant to be issued from ``warm_up`` up
    to ``length``.  Raises :class:`~cqrsim.errors.ScenarioError` with all mistakes at once.

    >>> from cqrsim.scenario import Poisson, ForwardEvent
    >>> from cqrsim.units import ms, per_second
    >>> blog = Scenario(Clients(Poisson(per_second(200)), invalid=0.02), disk=Disk(write=ms(1)))
    >>> faster = blog.with_({"disk.write": ms(0.5)}, feedback=ForwardEvent(poll=ms(100)))
    >>> faster.disk.write
    Constant(value=us(500))
    >>> blog.with_({"disk.wirte": ms(2)})
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: no setting "disk.wirte"; did you mean "disk.write"?
    """

    clients: ClientsSetting
    """Who issues commands: one group, or several."""
    feedback: AnyFeedback = setting(default_factory=SyncValidation)
    """How clients learn what became of their commands."""
    state: AnyState = setting(default_factory=FromGenerated)
    """Where the command handler's state comes from."""
    handlers: Handlers = setting(default_factory=Handlers)
    """The command handlers."""
    store: EventStore = setting(default_factory=EventStore)
    """The event store."""
    disk: Disk = setting(default_factory=Disk)
    """The event store's disk."""
    projections: ProjectionsSetting = setting(default_factory=Projection)
    """What is made of the events: one projection, or several."""
    network: NetworkSetting = setting(default_factory=Network)
    """The links between the parts."""
    aggregates: AnyAggregates = setting(default_factory=lambda: Evenly(1000))
    """What the commands are about."""
    rule: AnyRule | None = None
    """What the state of an aggregate forbids; if not given, nothing."""
    faults: FaultsSetting = setting(default=())
    """What goes wrong."""
    length: PositiveDuration = seconds(60)
    """When the measured window ends."""
    warm_up: Duration = seconds(0)
    """When the measured window begins."""
    grace: Maybe[Duration] = None
    """How long arrivals go on after the window; "none": a twentieth of the length, at most 5 s."""
    drain: Duration = seconds(30)
    """How long what is under way then may still take."""
    name: Text = ""
    """What to call it."""

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """What the parts say of each other."""
        if known.has("length", "warm_up") and known.warm_up >= known.length:
            yield Problem("warm_up", known.warm_up, f"must be less than length ({known.length})")
        yield from naming_mistakes(known.fields)
        if known.has("faults", "disk") and known.disk.capacity is None:
            yield from _disks_without_end(known.faults)
        if known.has("clients"):
            yield from _retries_that_never_come(known.clients, known.fields.get("feedback"))
        if known.has("store", "projections", "state") and known.store.publish == "before_durable":
            yield from _gaps_that_cannot_be_read(_as_tuple(known.projections), known.state)

    @property
    def groups(self) -> tuple[Clients, ...]:
        """The client groups, even if there is one."""
        return _as_tuple(self.clients)

    @property
    def views(self) -> tuple[Projection, ...]:
        """The projections, even if there is one."""
        return _as_tuple(self.projections)

    @property
    def grace_time(self) -> Duration:
        """How long arrivals go on after the window, decided."""
        return self.grace if self.grace is not None else min(Duration(int(self.length) // 20), LONGEST_GRACE)

    def with_(self, changes: Mapping[str, Any] | None = None, /, **more: Any) -> "Scenario":
        """Return a copy with some settings changed; paths are dotted, and everything is checked again.

        Paths lead through a single group or projection; one of several is named: "clients.api.invalid".

        >>> from cqrsim.scenario import presets
        >>> from cqrsim.units import seconds
        >>> presets.blog().with_({"clients.invalid": 0.1, "length": "9s"}, warm_up=seconds(1)).clients.invalid
        0.1
        """
        from cqrsim.scenario.changing import changed

        return changed(self, {**(changes or {}), **more})

    def with_faults(self, *faults: AnyFault) -> "Scenario":
        """Return a copy that has these faults, too."""
        return self.with_(faults=(*self.faults, *faults))

    def setting(self, path: str) -> Any:
        """The value at a dotted path.

        >>> from cqrsim.scenario import presets
        >>> presets.blog().setting("clients.arrivals.rate")
        per_second(200)
        """
        from cqrsim.scenario.changing import setting_at

        return setting_at(self, path)

    def to_dict(self, complete: bool = False) -> dict[str, Any]:
        """The scenario as plain dicts, lists, texts and numbers; with all defaults, if ``complete``."""
        from cqrsim.scenario.writing import as_dict

        return as_dict(self, complete)

    def to_json(self) -> str:
        """The scenario as JSON."""
        from cqrsim.scenario.writing import as_json

        return as_json(self)

    def to_toml(self) -> str:
        """The scenario as TOML.

        >>> from cqrsim.scenario import Poisson
        >>> from cqrsim.units import per_second
        >>> print(Scenario(Clients(Poisson(per_second(200)))).to_toml())
        [clients.arrivals]
        kind = "Poisson"
        rate = "200/s"
        <BLANKLINE>
        """
        from cqrsim.scenario.writing import as_toml

        return as_toml(self)

    def save(self, path: str | Path) -> None:
        """Write the scenario to a .toml or .json file, for :func:`cqrsim.load`."""
        from cqrsim.scenario.files import save

        save(self, path)

    def digest(self) -> str:
        """SHA-256 of all that the scenario says, measured files by their values: equal scenarios, equal digests."""
        from cqrsim.scenario.writing import digest_of

        return digest_of(self)

    def describe(self) -> str:
        """The scenario in plain words."""
        from cqrsim.scenario.describing import described

        return described(self)

    def _repr_html_(self) -> str:
        from cqrsim.scenario.describing import as_html

        return as_html(self)


def _retries_that_never_come(clients: Clients | tuple[Clients, ...], of_scenario: Feedback | None) -> Iterator[Problem]:
    """Retries after timeouts only, of clients that wait for ever."""
    for place, group in enumerate(_as_tuple(clients)):
        feedback = group.feedback if group.feedback is not None else of_scenario
        if group.retries is None or "failure" in group.retries.after or group.patience is not None or feedback is None:
            continue
        if feedback.answers().presume_failure_after is None:
            path = f"clients.{place}" if isinstance(clients, tuple) else "clients"
            message = 'without patience there is no timeout: give the clients patience, or add "failure"'
            yield Problem(f"{path}.retries.after", group.retries.after, message)


def _disks_without_end(faults: Iterable[AnyFault]) -> Iterator[Problem]:
    """Faults about a room that has no limit."""
    for place, fault in enumerate(faults):
        if isinstance(fault, ConsumeDisk) or (isinstance(fault, Fault) and isinstance(fault.what, Consume)):
            message = "fills a disk, and this one never fills: give it a capacity (disk.capacity)"
            yield Problem(f"faults.{place}", None, message)
        if isinstance(fault, Fault) and isinstance(fault.when, While) and fault.when.measure == "disk_usage":
            message = "is a share of disk.capacity, which is not set"
            yield Problem(f"faults.{place}.when.measure", "disk_usage", message)


def _gaps_that_cannot_be_read(views: tuple[Projection, ...], state: AnyState) -> Iterator[Problem]:
    """Listeners that look into the log for what they have missed, and a store that speaks of what is not there yet."""
    listeners = [view.name for view in views if view.catch_up]
    listeners += ["the handler"] if state.answers().catch_up else []
    if listeners:
        message = f'must be "after_durable" for catch_up ({", ".join(listeners)}): a gap is filled from the log'
        yield Problem("store.publish", "before_durable", message)


def _as_tuple(one_or_many: Any) -> tuple[Any, ...]:
    return one_or_many if isinstance(one_or_many, tuple) else (one_or_many,)
