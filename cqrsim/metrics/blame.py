"""What each anomaly goes back to: only to what can cause one of its kind, and touched it when that mattered.

A trouble of the command itself comes first.  Then, for anomalies of states, what troubled the commands of its
aggregate that were under way with it, and what made the state of its aggregate part from the log; then the parts that
were down, doubled or standing still while the command depended on them.  Nothing is explained by default, and nothing
by what was over before the command was issued, unless the state of its aggregate was parted since.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from cqrsim.messages import Channel, Link, Part
from cqrsim.metrics.causes import Sign, Troubles, troubles
from cqrsim.metrics.divergence import divergence, stretches
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import Paths, paths, remembered
from cqrsim.metrics.spells import Spells, nothing
from cqrsim.metrics.steps import FOREVER, Bools, Ints, earliest, first_after
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.visibility import passed_by
from cqrsim.metrics.vocabulary import Anomaly
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace

Signs = frozenset[int]
Look = Callable[[Ints, Ints], Ints]
"""From commands, and when what befell them was visible, to rows of troubles; -1 for none."""

_STRIKES: Signs = frozenset({Sign.STRUCK, Sign.STRUCK_MESSAGE})
"""Strikes of which nobody knows what they touched."""
_OF_APPEND: Signs = _STRIKES | {
    Sign.GONE, Sign.FAILED, Sign.FORGOTTEN, Link.HANDLER_TO_STORE,
    Sign.STRUCK_WRITE, Sign.STRUCK_FLUSH, Sign.STRUCK_APPEND, Sign.STRUCK_DECIDE,
}  # fmt: skip
"""What keeps an accepted event out of the log, or takes it out, or puts it there unnoticed."""
_OF_NEWS: Signs = frozenset({
    Link.STORE_TO_HANDLER, Link.STORE_TO_SUBSCRIBER, Sign.STRUCK_ANSWER, Sign.HANDLER_GAVE_UP,
})  # fmt: skip
"""What keeps the handler from hearing of its event, or lets it hear too late."""
_OF_STATE: Signs = _OF_APPEND | _OF_NEWS
_OF_TRIES: Signs = frozenset({Sign.SENT_AGAIN, Link.CLIENT_TO_HANDLER})
"""What makes several commands of one."""
_OF_JOURNEY: Signs = _OF_STATE | _OF_TRIES | {Sign.OVERLOADED}
_OF_TELLING: Signs = frozenset({
    Sign.GAVE_UP, Sign.EXPIRED, Sign.TOLD_LATE, Sign.TOLD_UNKNOWN, Sign.NOTICE_GONE, Link.HANDLER_TO_CLIENT,
    Link.STORE_TO_CLIENT, Link.HANDLER_TO_CACHE, Link.CACHE_TO_CLIENT, Link.CLIENT_TO_STORE, Link.CLIENT_TO_CACHE,
})  # fmt: skip
"""What keeps the client from learning, or from waiting for it."""
_OF_LOOKING: Signs = frozenset({Link.PROJECTION_TO_CLIENT, Link.CLIENT_TO_PROJECTION, Link.PROJECTION_TO_HANDLER})
"""The same, where clients or handlers learn from projections."""
_OF_PUBLICATION: Signs = _STRIKES | {Link.STORE_TO_PROJECTION, Sign.STRUCK_APPLY}
"""What keeps an event from a projection."""
_OF_NOTICE: Signs = _STRIKES | {
    Sign.NOTICE_GONE, Link.HANDLER_TO_STORE, Link.HANDLER_TO_CACHE, Link.HANDLER_TO_CLIENT,
}  # fmt: skip
"""What keeps the notice of a refusal from being found."""

_GONE: Signs = frozenset({Sign.GONE, Sign.NOTICE_GONE})

_OWN: dict[Anomaly, Signs] = {
    Anomaly.LOST: _OF_APPEND,
    Anomaly.GHOST: _OF_JOURNEY,
    Anomaly.SILENT: _OF_JOURNEY | _OF_TELLING,
    Anomaly.UNK: _OF_JOURNEY | _OF_TELLING,
    Anomaly.ERRLOST: _OF_NOTICE,
    Anomaly.AHEAD: _OF_STATE | _OF_TRIES,
    Anomaly.BEHIND: _OF_STATE | _OF_TRIES,
    Anomaly.DBL: _OF_STATE | _OF_TRIES | {Sign.OVERTAKEN},
    Anomaly.DUP: _OF_STATE | _OF_TRIES,
    Anomaly.WREJ: frozenset(),
    Anomaly.PHANTOM: _STRIKES | {Sign.GONE, Sign.FAILED, Sign.STRUCK_WRITE, Sign.STRUCK_FLUSH},
    Anomaly.STUCK: _OF_APPEND | {Link.STORE_TO_HANDLER, Link.STORE_TO_SUBSCRIBER, Sign.STRUCK_ANSWER},
}  # fmt: skip
"""Which troubles of a command can cause what befalls it."""


_DOUBLING = ("TwoInstances", "Pause")
"""Effects of faults that begin a second instance."""


def causes_of(trace: Trace, kind: Anomaly, commands: Ints, visible: Ints) -> Ints:
    """The rows of the troubles that an anomaly of commands goes back to, by when it was visible; -1 for none."""
    blame = blame_of(trace)
    if kind in (Anomaly.AHEAD, Anomaly.PHANTOM):  # shown at once, and known for what it is when the append has failed
        settled = verdicts(trace).settled[commands]  # with a retry still under way it is not settled at all
        visible = np.where(settled < 0, trace.about.end_ns, np.maximum(visible, settled))
    rows = np.full(len(commands), NEVER, np.int64)
    for look in blame.looks(kind):
        without = np.flatnonzero(rows < 0)
        if not len(without):
            break
        rows[without] = look(commands[without], visible[without])
    return rows


@remembered
def blame_of(trace: Trace) -> Blame:
    """What is to blame in a trace."""
    return Blame(trace)


class Blame:
    """Finds troubles that touched commands."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.ways: Paths = paths(trace)
        self.struck: Troubles = troubles(trace)
        self._known_down: dict[Part, Spells] = {}

    def looks(self, kind: Anomaly) -> list[Look]:
        """Where to look for the cause of an anomaly, one after the other."""
        if kind == Anomaly.PGAP:
            return [self._of_gap]
        own = self._own(_OWN[kind])
        if kind in (Anomaly.LOST, Anomaly.PHANTOM, Anomaly.ERRLOST):
            return [own]
        if kind == Anomaly.STUCK:
            return [own, self._of_store]
        if kind in (Anomaly.AHEAD, Anomaly.BEHIND):
            return [own, self._of_shard]
        if kind in (Anomaly.DBL, Anomaly.WREJ, Anomaly.DUP):
            return [own, self._of_stretch, self._of_neighbours, self._of_shard]
        parts = [self._until_settled(self._of_store), self._until_settled(self._of_shard)]
        return [own, *parts, self._own_look_at_views, self._of_views]

    # --- the command itself ----------------------------------------------------------------------------------------

    def _own(self, signs: Signs) -> Look:
        """The most telling of a command's own troubles with one of the signs, if it came in time."""

        def look(commands: Ints, visible: Ints) -> Ints:
            until = np.full(self.ways.commands, NEVER, np.int64)
            until[commands] = visible
            rows = self.struck.with_signs(signs)
            rows = rows[self.struck.rows.time[rows] <= until[self.struck.rows.command[rows]]]
            return self._first_of(rows)[commands]

        return look

    def _first_of(self, rows: Ints) -> Ints:
        """For each command the first of some troubles of commands; -1 if it has none."""
        first = np.full(self.ways.commands, NEVER, np.int64)
        first[self.struck.rows.command[rows[::-1]]] = rows[::-1]
        return first

    # --- its aggregate ---------------------------------------------------------------------------------------------

    def _of_neighbours(self, commands: Ints, visible: Ints) -> Ints:
        """A trouble of another command of the aggregate that was under way with this one."""
        return self._troubled.reaching(self._aggregate[commands], self._issued[commands], visible)

    def _of_stretch(self, commands: Ints, visible: Ints) -> Ints:
        """What made the state of the aggregate part from the log, if it was parted while the command was under way."""
        return self._parted.reaching(self._aggregate[commands], self._issued[commands], visible)

    @cached_property
    def _troubled(self) -> Spells:
        """Commands by their aggregates, from a trouble that concerns states until handler and store are done."""
        rows, struck = self.struck.with_signs(_OF_STATE | _OF_TRIES), self.struck.rows
        command, time = struck.command[rows], struck.time[rows]
        return Spells(self._aggregate[command], time, np.maximum(time, self._done[command]), rows)

    @cached_property
    def _done(self) -> Ints:
        """When the handler or the store last had to do with each command."""
        done = np.full(self.ways.commands, NEVER, np.int64)
        for moment in (Moment.APPEND_FAILED, Moment.WRITTEN, Moment.RECOVERED, Moment.RELEASED, Moment.FOLDED):
            rows = self.ways.rows(moment)
            np.maximum.at(done, rows.command, rows.time)
        return done

    @cached_property
    def _parted(self) -> Spells:
        """Stretches in which the state of an aggregate was parted from the log, with what opened them."""
        parts, parted = divergence(self.trace), stretches(self.trace)
        if not len(parted):
            return nothing()
        command, begins = parts.key[parted.cause] // self.ways.attempts, parted.begins
        rows = np.full(len(parted), NEVER, np.int64)
        is_extra = parts.is_extra[parted.cause]
        for kind, which in ((Anomaly.AHEAD, is_extra), (Anomaly.BEHIND, ~is_extra)):
            here = np.flatnonzero(which)
            rows[here] = causes_of(self.trace, kind, command[here], begins[here])
        known = np.flatnonzero(rows >= 0)
        ends = np.where(parted.ends < 0, FOREVER, parted.ends)
        return Spells(parted.aggregate[known], begins[known], ends[known], rows[known])

    # --- the parts on whose service it depends ---------------------------------------------------------------------

    def _of_store(self, commands: Ints, visible: Ints) -> Ints:
        """A store that was down while the command was under way."""
        return self._down(Part.STORE).reaching(np.zeros(len(commands), np.int64), self._issued[commands], visible)

    def _of_shard(self, commands: Ints, visible: Ints) -> Ints:
        """Its shard of the handler was down, doubled or standing still while the command was under way."""
        shard = self._aggregate[commands] % max(self.trace.about.shards, 1)
        rows = self._down(Part.HANDLER).reaching(shard, self._issued[commands], visible)
        return np.where(rows < 0, self._doubled.reaching(shard, self._issued[commands], visible), rows)

    def _until_settled(self, look: Look) -> Look:
        """Of the parts that decide and store only what befell them until the truth was settled.

        Who answers when projections have applied the event needs its handler for longer than that.
        """

        def look_earlier(commands: Ints, visible: Ints) -> Ints:
            settled = verdicts(self.trace).settled[commands]
            is_over = (settled >= 0) & ~self.ways.answered_at("applied")[commands]
            return look(commands, np.where(is_over, np.minimum(settled, visible), visible))

        return look_earlier

    def _own_look_at_views(self, commands: Ints, visible: Ints) -> Ints:
        """A look at a projection that was lost, where that is where the client learns of its command."""
        return np.where(self._looks_at_views[commands], self._own(_OF_LOOKING)(commands, visible), NEVER)

    def _of_views(self, commands: Ints, visible: Ints) -> Ints:
        """A projection was down, or lacks the event, where that is where the client learns of it."""
        looked = self._looks_at_views[commands]
        rows = np.full(len(commands), NEVER, np.int64)
        for number in range(len(self.trace.about.projections)):
            place = np.full(len(commands), number, np.int64)
            down = self._down(Part.PROJECTION).reaching(place, self._issued[commands], visible)
            lacks = self._of_gap_in(number, commands, visible)
            rows = np.where(rows < 0, np.where(down >= 0, down, lacks), rows)
        return np.where(looked, rows, NEVER)

    def _down(self, part: Part) -> Spells:
        """From when until when parts of a kind were down."""
        if part not in self._known_down:
            self._known_down[part] = self._find_down(part)
        return self._known_down[part]

    def _find_down(self, part: Part) -> Spells:
        rows = self._world((Moment.CRASHED,))
        rows = rows[self.struck.rows.outcome[rows] == part]
        place, time = self.struck.rows.place[rows], self.struck.rows.time[rows]
        again = self.trace.of(Moment.RESTARTED)
        again = again.take(again.outcome == part)
        ends = first_after(again.place, again.time, place, time)
        return Spells(place, time, np.where(ends < 0, FOREVER, ends), rows)

    @cached_property
    def _doubled(self) -> Spells:
        """Shards with a second instance, until the fault ends that has brought it, if that is known."""
        rows, ended = self._world((Moment.RESTARTED,)), self.trace.of(Moment.FAULT_ENDED)
        doubling = [number for number, note in enumerate(self.trace.about.faults) if note.effect in _DOUBLING]
        ended = ended.take(np.isin(ended.place, doubling))
        place, time = self.struck.rows.place[rows], self.struck.rows.time[rows]
        ends = first_after(np.zeros(len(ended)), ended.time, np.zeros(len(rows)), time)
        return Spells(place, time, np.where(ends < 0, FOREVER, ends), rows)

    def _world(self, moments: tuple[Moment, ...]) -> Ints:
        """The rows of some moments among the troubles of the world."""
        here = np.arange(self.struck.world_from, len(self.struck.rows))
        return np.asarray(here[np.isin(self.struck.rows.moment[here], moments)], np.int64)

    @cached_property
    def _looks_at_views(self) -> Bools:
        """The commands of the groups whose clients learn from projections, or whose answers wait for them."""
        polled, groups = self.ways.rows(Moment.POLLED), self.trace.marks.group
        looking = np.unique(groups[polled.command[polled.place == Channel.READ_MODEL]])
        return np.asarray(self.ways.answered_at("applied") | np.isin(groups, looking), np.bool_)

    # --- gaps ------------------------------------------------------------------------------------------------------

    def _of_gap(self, commands: Ints, visible: Ints) -> Ints:
        """What gaps of projections go back to: each of the projections that lack an event needs a cause of its own."""
        rows = np.full(len(commands), NEVER, np.int64)
        unexplained = np.zeros(len(commands), np.bool_)
        for number in range(len(self.trace.about.projections)):
            lacks = self._lacking(number)[commands]
            here = self._of_gap_in(number, commands, visible)
            unexplained |= lacks & (here < 0)
            rows = np.where((rows < 0) & lacks, here, rows)
        return np.where(unexplained, NEVER, rows)

    def _lacking(self, number: int) -> Bools:
        """Of which commands a projection lacks an event."""
        lacking = np.zeros(self.ways.commands, np.bool_)
        lacking[log_of(self.trace).command[passed_by(self.trace)[number]]] = True
        return lacking

    def _of_gap_in(self, number: int, commands: Ints, visible: Ints) -> Ints:
        """What keeps events from one projection; -1 also for what it does not lack."""
        rows = np.full(len(commands), NEVER, np.int64)
        lacks = self._lacking(number)[commands]
        for look in (self._on_the_way_to(number), self._of_crashed_view(number), self._untold, self._reused):
            without = np.flatnonzero((rows < 0) & lacks)
            rows[without] = look(commands[without], visible[without])
        return rows

    def _on_the_way_to(self, number: int) -> Look:
        """What was lost or struck on its way to a projection, or in it."""
        rows, struck = self.struck.with_signs(_OF_PUBLICATION), self.struck.rows
        lost = struck.moment[rows] == Moment.MESSAGE_LOST
        first = self._first_of(rows[~lost | (struck.outcome[rows] == number)])

        def look(commands: Ints, visible: Ints) -> Ints:
            found = first[commands]
            there = np.flatnonzero(found >= 0)
            found[there[struck.time[found[there]] > visible[there]]] = NEVER
            return found

        return look

    def _of_crashed_view(self, number: int) -> Look:
        """The projection was down after the event was written."""

        def look(commands: Ints, visible: Ints) -> Ints:
            place = np.full(len(commands), number, np.int64)
            return self._down(Part.PROJECTION).reaching(place, self._entered[commands], visible)

        return look

    def _untold(self, commands: Ints, visible: Ints) -> Ints:
        """A restart found the event in the log, and nobody was told: what befell its append."""
        recovered = self.ways.first(Moment.RECOVERED)[commands] >= 0
        rows = self._own(_OF_APPEND)(commands, visible)
        rows = np.where(rows < 0, self._of_store(commands, visible), rows)
        return np.where(recovered, rows, NEVER)

    def _reused(self, commands: Ints, visible: Ints) -> Ints:
        """Its position was another's, which the projection may have had before it vanished."""
        lives = self.ways.lives
        gone = np.flatnonzero(lives.vanished >= 0)
        ends = lives.position[gone] + self.trace.marks.events[lives.command[gone]]
        rows = self._first_of(self.struck.with_signs(_GONE))[lives.command[gone]]
        spells = Spells(np.zeros(len(gone), np.int64), lives.vanished[gone], ends, rows)
        log = log_of(self.trace)
        position = np.full(self.ways.commands, NEVER, np.int64)
        position[log.command[::-1]] = log.position[::-1]
        return spells.reaching(np.zeros(len(commands), np.int64), position[commands] + 1, visible)

    # --- when commands were under way ------------------------------------------------------------------------------

    @property
    def _aggregate(self) -> Ints:
        return self.trace.marks.aggregate

    @cached_property
    def _issued(self) -> Ints:
        return self.ways.first(Moment.ISSUED)

    @cached_property
    def _entered(self) -> Ints:
        """When the events of each command were first in the log, or published."""
        return self.ways.first_attempt(earliest(self.ways.entered, self.ways.first_of_attempt(Moment.PUBLISHED)))
