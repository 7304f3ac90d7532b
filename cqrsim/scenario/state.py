"""Where the command handler's state comes from: the essay's cases 1, 2a and 2b, and 2c of most frameworks.

Each comes down to answers to four questions: what is the source of state, what does the aggregate's turn wait for,
is the store's answer waited for, and who notices an append that failed.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from cqrsim.errors import Problem
from cqrsim.scenario.checks import Maybe, Number, PositiveDuration, Share, YesNo
from cqrsim.scenario.choices import Choice
from cqrsim.scenario.distributions import AnyDistribution, DistributionSetting
from cqrsim.scenario.values import Known, Settings, setting, value
from cqrsim.units import Duration, seconds


@dataclass(frozen=True)
class StateAnswers:
    """The questions about handler state, answered: all that engines know of it."""

    save: Literal["none", "before_append", "after_append"] = "none"
    """Whether and when the handler saves to a store of its own."""
    save_time: AnyDistribution | None = None
    """How long that takes."""
    fold_on: Literal["decision", "publication", "answer", "never"] = "never"
    """What puts an event into the handler's state."""
    wait_for: Literal["nothing", "publication", "answer"] = "nothing"
    """What the aggregate's turn waits for."""
    give_up_after: Duration | None = None
    """How long it waits."""
    on_doubt: Literal["presume_failure", "reread", "say_unknown"] = "presume_failure"
    """What the handler does when it does not know whether its append is durable."""
    load: bool = False
    """Whether the stream is loaded for each command."""
    expect_version: bool = False
    """Whether an append says which version of the stream it expects."""
    conflict_retries: int = 0
    """How often a command is decided anew after a version conflict."""
    catch_up: bool = False
    """Whether it notices that published events are missing, and reads them."""
    reconcile_every: Duration | None = None
    """How often its state is compared with the log, and mended."""
    reconcile_finds: float = 1.0
    """Which share of the aggregates that differ is noticed then."""


class State(Settings):
    """What all sources of state can tell."""

    @abstractmethod
    def answers(self) -> StateAnswers:
        """The four questions, answered."""


InDoubt: TypeAlias = Literal["say_failed", "say_unknown"]
"""What a handler tells the client when it does not know whether its append is durable."""


def _on_doubt(in_doubt: InDoubt) -> Literal["presume_failure", "say_unknown"]:
    return "presume_failure" if in_doubt == "say_failed" else "say_unknown"


@value
class OwnStore(State):
    """Case 1: the handler keeps its state in a store of its own, on its own disk, and does not wait for events.

    >>> OwnStore(order="event_first").answers().save
    'after_append'
    """

    save: DistributionSetting = setting(default=Duration(0))
    """Time to save there."""
    order: Literal["own_first", "event_first"] = "own_first"
    """Which of the two comes first: "own_first" saves and then sends the event; "event_first" sends the event and then
    saves.  It only sends it, and waits for nothing: this does not protect against an append that fails."""
    reconcile_every: Maybe[PositiveDuration] = None
    """Time between two comparisons of its store with the log, which mend what they find; "none": never compared."""
    reconcile_finds: Share = 1.0
    """Which share of the aggregates that differ a comparison notices."""
    kind: Literal["OwnStore"] = setting(default="OwnStore", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Finding without looking."""
        never = known.has("reconcile_every") and known.reconcile_every is None
        if never and known.has("reconcile_finds") and known.reconcile_finds != 1.0:
            yield Problem("reconcile_finds", known.reconcile_finds, "needs reconcile_every: else nothing is compared")

    def answers(self) -> StateAnswers:
        """Folds what it decides; waits for nothing."""
        side: Literal["before_append", "after_append"] = (
            "before_append" if self.order == "own_first" else "after_append"
        )
        return StateAnswers(
            save=side,
            save_time=self.save,
            fold_on="decision",
            reconcile_every=self.reconcile_every,
            reconcile_finds=self.reconcile_finds,
        )


@value
class FromPublished(State):
    """Case 2a: the handler listens to the published events, its own among them, and waits for them to come back.

    >>> FromPublished().answers().wait_for
    'publication'
    """

    give_up_after: Maybe[PositiveDuration] = None
    """How long the turn waits for the event; by default "none": for ever.  A handler that gives up takes the append for
    failed and tells the client so, though the event may still become durable and come back."""
    catch_up: YesNo = False
    """Whether it notices gaps in what is published, and then reads the log from where it was."""
    in_doubt: InDoubt = "say_failed"
    """What the client is told when the handler gives up: that the command failed, or that nobody knows."""
    kind: Literal["FromPublished"] = setting(default="FromPublished", kw_only=True, repr=False)

    def answers(self) -> StateAnswers:
        """Folds what is published; waits for it."""
        return StateAnswers(
            fold_on="publication",
            wait_for="publication",
            give_up_after=self.give_up_after,
            on_doubt=_on_doubt(self.in_doubt),
            catch_up=self.catch_up,
        )


@value
class FromGenerated(State):
    """Case 2b: the handler applies the events that it generates itself, when the store has answered.

    With ``wait=False`` it does not wait for the store: fire and forget, as the essay words it.  ``careful``: whatever
    is not an answer "written" is unknown, so the stream is read again before the turn passes.

    >>> FromGenerated(wait=False).answers().fold_on
    'decision'
    """

    wait: YesNo = True
    """Whether the turn waits for the store's answer."""
    careful: YesNo = False
    """Whether doubt is settled by reading the stream again."""
    give_up_after: Maybe[PositiveDuration] = seconds(5)
    """How long the turn waits for the answer, by default 5 s; "none": for ever.  A handler that gives up takes the
    append for failed and tells the client so, though it may still become durable (with careful = true it reads the
    stream again instead)."""
    in_doubt: InDoubt = "say_failed"
    """What the client is told when the handler gives up: that the command failed, or that nobody knows."""
    kind: Literal["FromGenerated"] = setting(default="FromGenerated", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Doubt where there is none."""
        waits = not known.has("wait") or known.wait
        if known.has("careful") and known.careful and not waits:
            yield Problem("careful", True, "needs wait = true: without an answer there is nothing to doubt")
        if known.has("in_doubt") and known.in_doubt == "say_unknown":
            if known.has("careful") and known.careful:
                yield Problem("in_doubt", "say_unknown", "has no effect with careful = true, which settles all doubt")
            elif not waits:
                yield Problem("in_doubt", "say_unknown", "needs wait = true: without an answer there is no doubt")

    def answers(self) -> StateAnswers:
        """Folds on the answer and waits for it, or folds at once."""
        if not self.wait:
            return StateAnswers(fold_on="decision")
        return StateAnswers(
            fold_on="answer",
            wait_for="answer",
            give_up_after=self.give_up_after,
            on_doubt="reread" if self.careful else _on_doubt(self.in_doubt),
        )


@value
class LoadDecideAppend(State):
    """Case 2c: for each command load the aggregate's stream, decide, and append at the expected version.

    Not in the essay, but what most frameworks do.  The store then always checks versions, whatever its check_version
    says; after a version conflict the command is decided anew.

    >>> LoadDecideAppend(retries=5).answers().conflict_retries
    5
    """

    retries: Number = 3
    """How often after a version conflict."""
    give_up_after: Maybe[PositiveDuration] = seconds(5)
    """How long the turn waits for the store's answer, by default 5 s; "none": for ever.  A handler that gives up takes
    the append for failed and tells the client so, though it may still become durable (FromGenerated(careful=True) reads
    the stream again instead)."""
    in_doubt: InDoubt = "say_failed"
    """What the client is told when the handler gives up: that the command failed, or that nobody knows."""
    kind: Literal["LoadDecideAppend"] = setting(default="LoadDecideAppend", kw_only=True, repr=False)

    def answers(self) -> StateAnswers:
        """Keeps no state; waits for the answer."""
        return StateAnswers(
            load=True,
            wait_for="answer",
            give_up_after=self.give_up_after,
            expect_version=True,
            conflict_retries=self.retries,
            on_doubt=_on_doubt(self.in_doubt),
        )


AnyState: TypeAlias = Annotated[OwnStore | FromPublished | FromGenerated | LoadDecideAppend, Choice("state")]
