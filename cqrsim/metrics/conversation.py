"""Who says what to whom, for the sake of one command: the lines of a sequence diagram, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from cqrsim.messages import Part
from cqrsim.metrics.arrows import Arrow, arrows_of
from cqrsim.metrics.down import outages
from cqrsim.metrics.journey import journey
from cqrsim.metrics.lanes import PART_OF_CHANNEL, Step, lanes_of, lost_towards, steps_of
from cqrsim.metrics.paths import paths
from cqrsim.metrics.queues import fault_periods
from cqrsim.metrics.vocabulary import fault_name
from cqrsim.moments import Moment
from cqrsim.trace import Trace

EVERYBODY = ""
"""Stands for the lane of what befalls all of them."""


@dataclass(frozen=True)
class Line:
    """A message from a lane to another, or a note at a lane where nothing is sent; in milliseconds since issued.

    A message departs at ``begins_ms`` and arrives, or is lost, at ``ends_ms``.
    """

    who: str
    towards: str
    words: str
    begins_ms: float
    ends_ms: float
    bad: bool = False
    good: bool = False
    lost: bool = False
    works_before: bool = False
    """Whether waiting or work lies on the way, and not a link alone."""

    @property
    def is_note(self) -> bool:
        """Whether nothing is sent."""
        return not self.towards


@dataclass(frozen=True)
class Conversation:
    """All lines about one command, and the lanes between which they go, from left to right."""

    command: int
    lanes: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def titles(self) -> tuple[str, ...]:
        """What the lanes are called by people."""
        return tuple(_TITLES.get(lane, lane) for lane in self.lanes)


_TITLES = {"handler": "command handler", "store": "event store", "cache": "error cache"}

_MESSAGES = {
    Moment.RECEIVED: "command",
    Moment.APPEND_RECEIVED: "append",
    Moment.APPEND_ANSWERED: "answer",
    Moment.REFUSAL_STORED: "error event",
    Moment.REFUSAL_LOST: "error event",
    Moment.REFUSAL_CACHED: "refusal",
    Moment.APPLIED: "event",
    Moment.FOLDED: "event",
    Moment.ANSWERED: "answer",
    Moment.INFORMED: "outcome",
}
"""What a message is called, by the moment at which it arrives."""

_LOST = {
    "client->handler": "command",
    "handler->client": "answer",
    "handler->store": "append",
    "store->handler": "answer to the append",
    "handler->cache": "refusal",
    "store->subscriber": "event",
    "store->projection": "event",
    "store->client": "event, or answer to a look",
}
"""What was lost on a link; elsewhere it was a question or the answer to it."""

_NOTES = {
    Moment.CAUGHT: "caught by its own check, not sent",
    Moment.ADMITTED: "got the turn",
    Moment.LOADED: "state loaded",
    Moment.DECIDED: "decided",
    Moment.SAVED: "state saved",
    Moment.BUFFERED: "acknowledged, not yet flushed",
    Moment.WRITTEN: "durable",
    Moment.APPEND_FAILED: "append failed",
    Moment.REFUSAL_STORED: "error event durable",
    Moment.REFUSAL_LOST: "error event failed",
    Moment.REREAD: "stream read again",
    Moment.APPLIED: "shows it",
    Moment.RELEASED: "turn passed on",
    Moment.REFUSAL_EXPIRED: "refusal expired",
    Moment.HANDLER_GAVE_UP: "gave up on the store",
    Moment.FORGOTTEN: "crashed, and forgot the command",
    Moment.VANISHED: "vanished from the log",
    Moment.RECOVERED: "found in the log",
    Moment.ALTERED: "altered in the log",
}
"""What is noted where a moment happens; of others nothing is."""

_BELIEFS = {"never_told": "", "unknown": "does not know", "presumed_failure": "takes it for failed"}
_LOOKED = {"yes": "shows it", "no": "not yet shown", "nothing": "nothing yet"}


def conversation(trace: Trace, command: int) -> Conversation:
    """The lines about one command, in the order in which messages arrive.

    Crashes, restarts and periods of faults that fall into it are noted.  Long rows of looks that find nothing are one
    line.  Raises TraceError for a command that was never issued.
    """
    steps = _faults_last(steps_of(journey(trace, command)))
    lanes = tuple(lanes_of(steps, trace.about.projections))
    answer_at = trace.about.answer_at[int(trace.marks.group[command])]
    arrows = {id(arrow.arrives): arrow for arrow in arrows_of(steps, answer_at)}
    said = [(step.time, line) for step in steps for line in _lines_of(step, steps, lanes, arrows.get(id(step)))]
    around = [(line.ends_ms, line) for line in _world(trace, command, lanes, steps)]
    lines = [line for _, line in sorted(around + said, key=lambda one: one[0])]
    return Conversation(command, lanes, tuple(_shortened(_noted_together(lines))))


def _faults_last(steps: Sequence[Step]) -> list[Step]:
    """The same, where a fault that strikes stands behind whatever it struck at that instant and place."""
    last = {(step.time, step.lane): place for place, step in enumerate(steps)}
    places = [last[step.time, step.lane] if step.moment == Moment.FAULT_STRUCK else place
              for place, step in enumerate(steps)]  # fmt: skip
    order = sorted(range(len(steps)), key=lambda place: (places[place], steps[place].moment == Moment.FAULT_STRUCK))
    return [steps[place] for place in order]


# --- what a step says ------------------------------------------------------------------------------------------------


def _lines_of(step: Step, steps: Sequence[Step], lanes: Sequence[str], arrow: Arrow | None) -> Iterator[Line]:
    """The message that a step ends, then what is noted of it."""
    if step.moment in (Moment.POLLED, Moment.OWN_READ):
        yield _look(step)
    elif step.link:
        fault = next((one.who for one in steps if _strikes_message(one) and one.time == step.time), "")
        words = f"{_LOST.get(step.link, 'question or answer')} lost{f': {fault}' if fault else ''}"
        towards = lost_towards(step, steps, lanes)
        yield Line(step.lane, towards, words, step.time, step.time, bad=True, lost=True)
    elif arrow is not None:
        yield _message(arrow)
    if words := _note(step, steps):
        knows = step.moment == Moment.INFORMED and step.outcome == "success"
        yield Line(step.lane, "", words, step.time, step.time, bad=step.bad, good=knows)


def _strikes_message(step: Step) -> bool:
    return step.moment == Moment.FAULT_STRUCK and step.outcome == "message"


def _look(step: Step) -> Line:
    """A question of the client, told where it is answered."""
    what = "reads" if step.moment == Moment.OWN_READ else "looks"
    found = _LOOKED.get(step.outcome, "")
    return Line("client", step.lane, f"{what}: {found}" if found else what, step.time, step.time)


def _message(arrow: Arrow) -> Line:
    arrives = arrow.arrives
    words = _MESSAGES.get(arrives.moment, "message")
    if arrives.moment == Moment.RECEIVED and arrives.attempt:
        words = f"{words}, again"
    if arrives.moment in (Moment.ANSWERED, Moment.APPEND_ANSWERED, Moment.INFORMED):
        words = f"{words}: {arrives.outcome.replace('_', ' ')}"
    departs = arrow.departs
    return Line(
        departs.lane, arrives.lane, words, departs.time, arrives.time, bad=arrives.bad, works_before=arrow.indirect
    )


def _note(step: Step, steps: Sequence[Step]) -> str:
    """What is noted at a step; empty for what goes without saying."""
    moment = step.moment
    if moment == Moment.INFORMED:
        by_looking = f", by {step.who.replace('_', ' ')}" if step.who in PART_OF_CHANNEL else ""
        return f"knows: {step.outcome}{by_looking}"
    if moment == Moment.FAULT_STRUCK:
        return "" if _strikes_message(step) else " ".join(filter(None, (step.who, "strikes", _struck(step))))
    if moment == Moment.GAVE_UP:
        return ", ".join(filter(None, ("gave up", _BELIEFS.get(step.outcome, step.outcome))))
    if moment == Moment.ADMITTED and any(one.time == step.time for one in steps if one.moment == Moment.RECEIVED):
        return ""
    if moment == Moment.DECIDED:
        return "accepted" if step.outcome == "accepted" else f"refused: {step.outcome}"
    said = _NOTES.get(moment, "")
    return f"{said}: {step.outcome}" if said and step.outcome not in ("", "ok", "event") else said


def _struck(step: Step) -> str:
    return f"the {step.outcome}" if step.outcome else ""


# --- what happens around it ------------------------------------------------------------------------------------------


def _world(trace: Trace, command: int, lanes: Sequence[str], steps: Sequence[Step]) -> Iterator[Line]:
    """Periods of faults, crashes and restarts of the lanes, from the first step to the last."""
    if not steps:
        return
    issued = int(paths(trace).first(Moment.ISSUED)[command])
    start = max(issued, 0)
    end = start + round(steps[-1].time * 1e6)
    numbers, periods = fault_periods(trace)
    for number, begins, ends in zip(numbers.tolist(), periods.begins.tolist(), periods.ends.tolist(), strict=True):
        name = fault_name(trace.about, number)
        if begins <= end and (ends < 0 or ends >= start):
            yield _around(max(begins, start) - start, EVERYBODY, f"{name} {'begins' if begins > start else 'is on'}")
        if start < ends <= end:
            yield _around(ends - start, EVERYBODY, f"{name} ends", bad=False)
    yield from _outages(trace, command, lanes, start, end)


def _outages(trace: Trace, command: int, lanes: Sequence[str], start: int, end: int) -> Iterator[Line]:
    """Crashes from ``start`` to ``end`` (ns), and when what had crashed came back."""
    crashed, again = outages(trace)
    for row, (down, up) in enumerate(zip(crashed.time.tolist(), again.tolist(), strict=True)):
        lane = _lane_of_part(trace, command, int(crashed.outcome[row]), int(crashed.place[row]))
        if lane not in lanes:
            continue
        if start <= down <= end:
            name = fault_name(trace.about, int(crashed.value[row]))
            yield _around(down - start, lane, f"crashed: {name}" if name else "crashed")
        if start <= up <= end:
            yield _around(up - start, lane, "started again", bad=False)


def _around(after_ns: int, lane: str, words: str, bad: bool = True) -> Line:
    return Line(lane, "", words, after_ns / 1e6, after_ns / 1e6, bad=bad)


def _lane_of_part(trace: Trace, command: int, part: int, place: int) -> str:
    """The lane of a part that crashed or came back; of the shards only that of the command has one."""
    if part == Part.STORE:
        return "store"
    if part == Part.PROJECTION:
        return f"projection {trace.about.projections[place]}"
    mine = int(trace.marks.aggregate[command]) % max(trace.about.shards, 1)
    return "handler" if place == mine else "another handler"


# --- fewer lines -----------------------------------------------------------------------------------------------------


def _noted_together(lines: Sequence[Line]) -> Iterator[Line]:
    """Notes of one lane and instant that follow each other are one."""
    for (is_note, *_), group in groupby(lines, key=lambda one: (one.is_note, one.who, one.ends_ms)):
        same = list(group)
        if not is_note:
            yield from same
            continue
        words = ", ".join(dict.fromkeys(one.words for one in same))
        yield replace(same[0], words=words, bad=any(one.bad for one in same), good=any(one.good for one in same))


def _shortened(lines: Iterator[Line]) -> Iterator[Line]:
    """Of looks in vain that follow each other, those of one place are one line where they are more than two."""
    for idle, group in groupby(lines, key=_is_idle):
        same = list(group)
        places = dict.fromkeys((one.towards, one.words) for one in same) if idle else {}
        yield from sorted(
            (line for place in places for line in _counted([one for one in same if (one.towards, one.words) == place])),
            key=lambda line: line.ends_ms,
        )
        yield from () if idle else same


def _is_idle(line: Line) -> bool:
    return line.words in (f"looks: {_LOOKED['nothing']}", f"reads: {_LOOKED['no']}")


def _counted(same: Sequence[Line]) -> Sequence[Line]:
    if len(same) < 3:
        return same
    what, _, found = same[0].words.partition(": ")
    return [replace(same[-1], words=f"{what} {len(same):,} times: {found}", begins_ms=same[0].begins_ms)]
