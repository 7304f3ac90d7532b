"""Who issues commands: groups of clients, with their habits, their patience and their feedback."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from cqrsim.errors import Problem
from cqrsim.scenario.arrivals import AnyArrivals, Closed
from cqrsim.scenario.checks import (
    CHANGES,
    EVENTS,
    Checked,
    Count,
    Growth,
    Maybe,
    Name,
    NamesSetting,
    Number,
    PositiveDuration,
    PositiveRate,
    Share,
    YesNo,
    reasons,
)
from cqrsim.scenario.distributions import DistributionSetting
from cqrsim.scenario.feedback import AnyFeedback
from cqrsim.scenario.values import Known, Settings, setting, value
from cqrsim.units import Duration, Size, bytes_

RetryReason: TypeAlias = Literal["timeout", "failure"]
Weights: TypeAlias = tuple[tuple[int, float], ...]
_REASONS = Checked(
    reasons, 'a list of "timeout" and "failure"', {"type": "array", "items": {"enum": ["timeout", "failure"]}}
)

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    _Given: TypeAlias = int | Iterable[tuple[int, float]] | Mapping[int, float]
    EventsSetting: TypeAlias = Accepts[int | Weights, _Given]
    ChangesSetting: TypeAlias = Accepts[Weights, _Given]
    ReasonsSetting: TypeAlias = Accepts[tuple[RetryReason, ...], RetryReason | Iterable[RetryReason]]
else:
    EventsSetting = Annotated[int | Weights, EVENTS]
    ChangesSetting = Annotated[Weights, CHANGES]
    ReasonsSetting = Annotated[tuple[RetryReason, ...], _REASONS]


@value
class PreValidation(Settings):
    """The client checks a command before it sends it, and does not send what it finds invalid.

    >>> PreValidation(caught=0.9).caught
    0.9
    """

    caught: Share
    """Which share of the invalid commands it finds."""
    cost: DistributionSetting = setting(default=Duration(0))
    """Time that the check takes, for every command."""


@value
class Retries(Settings):
    """The client tries again, later and later.

    The n-th retry waits ``first`` times ``factor`` to the power of n - 1, at most ``cap``, stretched at random by up
    to ``jitter``.

    >>> from cqrsim.units import ms, seconds
    >>> Retries(3, first=ms(100), cap=seconds(1)).same_id
    True
    """

    at_most: Number
    """How often, after the first attempt."""
    first: Duration
    """Time before the first retry."""
    factor: Growth = 2.0
    """By how much each wait is longer than the one before."""
    cap: Maybe[PositiveDuration] = None
    """The longest wait; "none": no limit."""
    same_id: YesNo = True
    """Whether a retry carries the id of the first attempt, so that a store can see that it is the same command."""
    jitter: Share = 0.0
    """By which share a wait may be stretched."""
    after: ReasonsSetting = setting(default=("timeout", "failure"))
    """What makes it try again; "timeout" needs a patience (or feedback that presumes failure)."""

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """A cap below the first wait."""
        if known.has("first", "cap") and known.cap is not None and known.cap < known.first:
            yield Problem("cap", known.cap, f"must not be less than first ({known.first})")


@value
class OwnReads(Settings):
    """A client that was told of success looks whether its change shows.

    >>> OwnReads(count=3).of
    ()
    """

    after: DistributionSetting = setting(default=Duration(0))
    """Time from being told to the first look."""
    count: Count = 1
    """How many looks."""
    gap: DistributionSetting = setting(default=Duration(0))
    """Time between looks."""
    of: NamesSetting = setting(default=())
    """The projections to look at, one at random each time; the first, if none is named."""


@value
class BackgroundReads(Settings):
    """Users look at projections without having changed anything.

    >>> from cqrsim.units import per_second
    >>> BackgroundReads(per_second(50)).sessions
    100
    """

    rate: PositiveRate
    """Looks per second, at random times."""
    sessions: Count = 100
    """How many users look."""
    of: NamesSetting = setting(default=())
    """The projections to look at, one at random each time; the first, if none is named."""


@value
class Clients(Settings):
    """A group of clients that behave alike.

    >>> from cqrsim.scenario.arrivals import Poisson
    >>> from cqrsim.units import per_second
    >>> Clients(Poisson(per_second(200)), invalid=0.02, events={1: 0.9, 3: 0.1}).event_counts
    ((1, 0.9), (3, 0.1))
    """

    arrivals: AnyArrivals
    """When they issue commands."""
    name: Name = "clients"
    """What the group is called, in tables and in paths."""
    feedback: AnyFeedback | None = None
    """How they learn outcomes; if not given, as the scenario says."""
    invalid: Share = 0.0
    """The share of commands that are wrong in themselves, and refused by every design."""
    pre_validation: Maybe[PreValidation] = None
    """Checks before sending; "none": no such."""
    patience: Maybe[PositiveDuration] = None
    """How long a client waits for an outcome before it gives up; "none": for ever."""
    retries: Maybe[Retries] = None
    """Whether and how they try again; "none": they do not."""
    sessions: Maybe[Count] = None
    """How many users issue the commands of an open group; "none": every command has a user of its own."""
    event_size: Size = bytes_(400)
    """Bytes of one event."""
    error_size: Size = bytes_(250)
    """Bytes of one error event."""
    events: EventsSetting = setting(default=1)
    """How many events a command yields: a number, or numbers with weights."""
    changes: ChangesSetting = setting(default=((1, 1.0),))
    """By how much a command changes its aggregate's number: a number, or numbers with weights."""
    own_reads: Maybe[OwnReads] = None
    """Whether they look for their own changes; "none": they do not."""
    background_reads: Maybe[BackgroundReads] = None
    """Whether they look besides; "none": they do not."""

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Users counted twice."""
        if known.has("arrivals", "sessions") and isinstance(known.arrivals, Closed) and known.sessions is not None:
            message = f"belongs to open arrivals: here each of the {known.arrivals.clients} clients is a session"
            yield Problem("sessions", known.sessions, message)

    @property
    def event_counts(self) -> Weights:
        """Numbers of events per command, with their weights."""
        return ((self.events, 1.0),) if isinstance(self.events, int) else self.events
