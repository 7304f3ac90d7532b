"""How a client learns what became of its command: the essay's four cases, as answers to five questions.

1. When is the waiting client answered?  2. How can a success reach it?  3. How can a refusal?
4. Who makes the command's id?  5. How does the client look, and how long?

The cases are those of the essay "CQRS+Event Sourcing Messaging Patterns" (Jens Rantil, 2013).  They combine with
``|``: the client is informed by whichever channel speaks first.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cqrsim.errors import Problem
from cqrsim.scenario.checks import Count, Growth, Maybe, Name, NamesSetting, PositiveDuration, YesNo
from cqrsim.scenario.choices import Choice, OrShorthand
from cqrsim.scenario.values import Known, Settings, setting, value
from cqrsim.units import Duration, ms, seconds

AnswerAt = Literal["received", "decided", "written", "applied"]
_ANSWERS: tuple[AnswerAt, ...] = ("received", "decided", "written", "applied")


@value
class Polling(Settings):
    """Look again and again: first after ``first``, then after gaps that grow by ``factor`` up to ``cap``.

    A plain duration stands for a steady interval.

    >>> Polling(ms(100), factor=2, cap=seconds(1))
    Polling(first=ms(100), factor=2.0, cap=seconds(1))
    """

    first: PositiveDuration
    """Time before the first look, and between looks if they do not grow."""
    factor: Growth = 1.0
    """By how much each gap is longer than the one before."""
    cap: Maybe[PositiveDuration] = None
    """The longest gap; "none": no limit."""
    at_most: Maybe[Count] = None
    """How many looks; "none": no limit."""

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """A cap below the first gap."""
        if known.has("first", "cap") and known.cap is not None and known.cap < known.first:
            yield Problem("cap", known.cap, f"must not be less than first ({known.first})")

    def shorthand(self) -> Any:
        """A steady, endless interval is a plain duration."""
        return self.first if (self.factor, self.cap, self.at_most) == (1.0, None, None) else self


def _as_polling(given: Any) -> Polling | None:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    return Polling(Duration.accept(given))


@dataclass(frozen=True)
class FeedbackAnswers:
    """The five questions, answered: all that engines know of feedback."""

    answer_at: AnswerAt = "received"
    """When the waiting client is answered."""
    applied_in: tuple[str, ...] = ()
    """Projections that an answer at "applied" waits for; () means all."""
    wait_at_most: Duration | None = None
    """How long it waits for them before it says that it does not know."""
    event_push: bool = False
    """Whether the event is pushed to the client."""
    event_poll: Polling | None = None
    """How the client looks for the event."""
    read_model: Polling | None = None
    """How the client looks at a read model."""
    read_model_of: str | None = None
    """Which projection that is; None means the first."""
    error_events: bool = False
    """Whether refusals are stored as events."""
    error_cache: bool = False
    """Whether refusals go to an error cache."""
    cache_poll: Polling | None = None
    """How the client looks into the error cache."""
    keep_for: Duration | None = None
    """How long the cache keeps an entry."""
    cache_at_most: int | None = None
    """Entries that the cache holds."""
    command_id: Literal["client", "handler"] | None = None
    """Who makes the id to look for; None where nobody looks for one."""
    presume_failure_after: Duration | None = None
    """When a client takes silence for failure."""


def combine(one: FeedbackAnswers, other: FeedbackAnswers) -> FeedbackAnswers:
    """Unite the channels; where only one answer is possible the first one given wins.

    The answer comes when it says most, and the client makes the id if any part that has one wants it so.
    """
    latest = max((one, other), key=lambda answers: _ANSWERS.index(answers.answer_at))
    channels = ("event_push", "error_events", "error_cache")
    either = {name: getattr(one, name) or getattr(other, name) for name in channels}
    first = {
        name: getattr(one, name) if getattr(one, name) is not None else getattr(other, name)
        for name in ("event_poll", "cache_poll", "keep_for", "cache_at_most", "presume_failure_after")
    }
    looks = one if one.read_model is not None else other
    makers = (one.command_id, other.command_id)
    return replace(
        latest,
        **either,
        **first,
        read_model=looks.read_model,
        read_model_of=looks.read_model_of,
        command_id="client" if "client" in makers else makers[0] or makers[1],
    )


class Feedback(Settings):
    """What all feedback can tell."""

    @abstractmethod
    def answers(self) -> FeedbackAnswers:
        """The five questions, answered."""

    def __or__(self, other: "Feedback") -> "Combined":
        """Use both: the client is informed by whichever channel speaks first."""
        if not isinstance(other, Feedback):
            return NotImplemented
        return Combined((*_parts(self), *_parts(other)))


@value
class SyncValidation(Feedback):
    """Case 1, wait: the client stays on the line until it is answered.

    Answered at "decided" it knows what the handler decided; at "written" that the event is durable; at "applied" that
    ``projections`` show it.  A handler whose state does not wait for the store (OwnStore, or FromGenerated with
    wait=False) takes an event for written when it has sent it.

    >>> SyncValidation(answer_at="written").answers().answer_at
    'written'
    """

    answer_at: Literal["decided", "written", "applied"] = "decided"
    """What the answer waits for."""
    projections: NamesSetting = setting(default=())
    """With "applied": the projections that must show it; none named means all."""
    wait_at_most: Maybe[PositiveDuration] = None
    """With "applied": how long to wait for them before answering "unknown"; "none": for ever."""
    kind: Literal["SyncValidation"] = setting(default="SyncValidation", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Settings of an answer at "applied", without it."""
        if known.has("answer_at") and known.answer_at != "applied":
            for name in ("projections", "wait_at_most"):
                if known.has(name) and known.fields[name]:
                    yield Problem(name, known.fields[name], 'belongs to answer_at = "applied"')

    def answers(self) -> FeedbackAnswers:
        """The answer tells everything; no other channel."""
        return FeedbackAnswers(self.answer_at, self.projections, self.wait_at_most)


@value
class ForwardEvent(Feedback):
    """Case 2, forward the event: success and refusal are both events, pushed to the client or polled by command id.

    A refusal needs the same store as an event: a full disk silences it.

    >>> ForwardEvent(poll=ms(100)).answers().event_push
    False
    """

    poll: "PollingOrNone" = setting(default=None)
    """How the client looks for its event; "none": it does not."""
    push: Maybe[YesNo] = None
    """Whether the event is pushed to the client; "none": pushed unless polled."""
    command_id: Literal["client", "handler"] = "client"
    """Who makes the id to look for; made by the handler it is lost with the first answer."""
    kind: Literal["ForwardEvent"] = setting(default="ForwardEvent", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """No way at all."""
        if known.has("poll", "push") and known.poll is None and known.push is False:
            yield Problem("push", False, "without poll no event can reach the client: let it poll, or push")

    def answers(self) -> FeedbackAnswers:
        """Answered at once; success and refusal come as events."""
        pushed = self.push if self.push is not None else self.poll is None
        return FeedbackAnswers(event_push=pushed, event_poll=self.poll, error_events=True, command_id=self.command_id)


@value
class Silence(Feedback):
    """Case 3, silence: the client looks at a read model for its change, and after ``patience`` presumes failure.

    The essay counts on 99 % of commands succeeding.

    >>> Silence(reload=seconds(2)).answers().presume_failure_after
    seconds(10)
    """

    reload: "PollingSetting"
    """How the client looks at the read model."""
    patience: Maybe[PositiveDuration] = seconds(10)
    """When it takes silence for failure; "none": never."""
    of: Name | None = None
    """Which projection it looks at; the first, if none is named."""
    kind: Literal["Silence"] = setting(default="Silence", kw_only=True, repr=False)

    def answers(self) -> FeedbackAnswers:
        """Answered at once; success shows in the read model, refusal never."""
        return FeedbackAnswers(read_model=self.reload, read_model_of=self.of, presume_failure_after=self.patience)


@value
class ErrorCache(Feedback):
    """Case 4, a separate workflow: refusals wait in a cache, by a way of their own, not through the store.

    An entry can be read from when it was cached until ``keep_for`` later.

    >>> ErrorCache(keep_for=seconds(30)).answers().cache_poll
    Polling(first=ms(100))
    """

    keep_for: PositiveDuration
    """How long the cache keeps an entry."""
    at_most: Maybe[Count] = None
    """Entries that the cache holds, before the oldest is pushed out; "none": no limit."""
    poll: "PollingSetting" = setting(default=ms(100))
    """How the client looks into the cache (and, with success_by "event", for its event)."""
    success_by: Literal["event", "read_model"] = "event"
    """How a success reaches the client."""
    reload: "PollingOrNone" = setting(default=None)
    """With success_by "read_model": how the client looks at it; "none": as often as into the cache."""
    of: Name | None = None
    """With success_by "read_model": which projection it looks at; the first, if none is named."""
    command_id: Literal["client", "handler"] = "client"
    """Who makes the id to look for."""
    kind: Literal["ErrorCache"] = setting(default="ErrorCache", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Settings of a read model, without one."""
        if known.has("success_by") and known.success_by == "event":
            for name in ("reload", "of"):
                if known.has(name) and known.fields[name] is not None:
                    yield Problem(name, known.fields[name], 'belongs to success_by = "read_model"')

    def answers(self) -> FeedbackAnswers:
        """Answered at once; success comes by event or read model, refusal through the cache."""
        by_event = self.success_by == "event"
        return FeedbackAnswers(
            event_poll=self.poll if by_event else None,
            read_model=None if by_event else (self.reload or self.poll),
            read_model_of=self.of,
            error_cache=True,
            cache_poll=self.poll,
            keep_for=self.keep_for,
            cache_at_most=self.at_most,
            command_id=self.command_id,
        )


@value
class Combined(Feedback):
    """Several cases at once, made by ``|``; the client is informed by whichever channel speaks first.

    >>> cautious = ForwardEvent(poll=ms(50)) | ErrorCache(keep_for=seconds(30))
    >>> cautious.answers().error_events, cautious.answers().error_cache
    (True, True)
    """

    parts: tuple["AnyFeedback", ...]
    """The cases, those first whose polling wins."""
    kind: Literal["Combined"] = setting(default="Combined", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Nothing to combine."""
        if known.has("parts") and len(known.parts) < 2:
            yield Problem("parts", None, "needs at least two parts")

    def __post_init__(self) -> None:
        """Flatten: a combination of combinations is one."""
        flat = tuple(part for outer in self.parts for part in _parts(outer))
        object.__setattr__(self, "parts", flat)

    def answers(self) -> FeedbackAnswers:
        """The answers of the parts, united."""
        united = self.parts[0].answers()
        for part in self.parts[1:]:
            united = combine(united, part.answers())
        return united


def _parts(feedback: Feedback) -> tuple[Any, ...]:
    return feedback.parts if isinstance(feedback, Combined) else (feedback,)


AnyFeedback: TypeAlias = Annotated[SyncValidation | ForwardEvent | Silence | ErrorCache | Combined, Choice("feedback")]

_SHORTHAND = Duration.json_schema()

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    PollingSetting: TypeAlias = Accepts[Polling, Polling | Duration]
    PollingOrNone: TypeAlias = Accepts[Polling | None, Polling | Duration | None]
else:
    PollingSetting = Annotated[Polling, OrShorthand(_as_polling, _SHORTHAND)]
    PollingOrNone = Maybe[PollingSetting]
