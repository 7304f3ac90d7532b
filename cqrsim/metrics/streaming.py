"""A summary of a run that is too large to be kept: its rows come in blocks, and are forgotten.

Counts, shares, means and maxima are those of :func:`cqrsim.metrics.summary.summary` to the last bit.  Percentiles come
from histograms, within 0.2 %.  Where waits are censored, their curve is exact as long as no more than two thousand
waits were longer than the shortest of the censored ones, else as fine as the histograms.

Some hundred bytes are kept of each command that is still under way, and some 10 of each other one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.errors import TraceError
from cqrsim.metrics import layout as at
from cqrsim.metrics.commands import FROM_SENT, commands
from cqrsim.metrics.consistency import (
    Beliefs,
    Decided,
    Seen,
    divergence_figures,
    many_aggregates,
    visibility_figures,
)
from cqrsim.metrics.divergence import Stretches
from cqrsim.metrics.figures import Figure, of_waits
from cqrsim.metrics.histogram import BUCKETS, middles
from cqrsim.metrics.loads import (
    MESSAGES,
    MESSAGES_LOST,
    Flows,
    Level,
    Stored,
    cache_figures,
    per_command_figures,
    utilisation_figures,
)
from cqrsim.metrics.schema import rows_of
from cqrsim.metrics.steps import FOREVER, Ints, unions
from cqrsim.metrics.stream_arrays import ROWS, Arrays, facts_of
from cqrsim.metrics.stream_log import judge_the_rest
from cqrsim.metrics.stream_rows import end_rows, finish_some, take_rows
from cqrsim.metrics.stream_words import GAP, LATE
from cqrsim.metrics.waits import NS, Waits
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import COLUMNS, About, Marks, Reads, Trace

_WHY_NOT = {
    "Ambiguous": "what was taken for failed may be found in the log later",
    "FlushError": "what was taken for failed may be found in the log later",
    "Die": "what was taken for durable may leave the log again",
    "Lie": "what was taken for durable may leave the log again",
    "Promote": "what was taken for durable may leave the log again",
    "Corrupt": "what was written may come to say something else",
    "Crash": "who crashes begins with another state",
    "TwoInstances": "a shard has two states at once",
    "Pause": "a shard has two states at once",
    "Duplicate": "copies of messages are attempts of their own",
    "Custom": "it may do anything",
}


def reasons(about: About) -> tuple[str, ...]:
    """Why a run cannot be summarised as a stream: empty if it can.

    >>> from cqrsim.trace import FaultNote
    >>> reasons(About(length_ns=1, end_ns=2, faults=(FaultNote("old disk", effect="Lie"),)))
    ('fault "old disk": what was taken for durable may leave the log again',)
    """
    why = [f'fault "{note.name}": {_WHY_NOT[note.effect]}' for note in about.faults if note.effect in _WHY_NOT]
    if about.custom_rule:
        why.append("the rule: functions judge a log as a whole")
    if about.measured:
        why.append("the trace was measured: it need not say when commands were issued")
    elif about.end_ns < 0:
        why.append("the end of the run is not known beforehand")
    return tuple(why)


_ALONE = {"durability": at.DURABILITY, "visibility": at.VISIBILITY, "own_read": at.OWN_READ}


class Streaming:
    """What a run comes to, from rows that are given in the order of its trace.

    ``own_reads`` says of each group of clients whether they read what they have written: of those that do more has to
    be remembered.  ``sample`` is about how many commands are kept with all their rows; which ones does not depend on
    the run, but on their numbers.

    >>> marks, about = Marks.of(1), About(length_ns=10, end_ns=10)
    >>> stream = Streaming(about, marks, Reads.of())
    >>> stream.take(np.array([[3, Moment.ISSUED, 0, 0, 0, 0, 3], [5, Moment.SENT, 0, 0, 0, 0, 0]]))
    >>> found = stream.summary().set_index(["metric", "stat"])["value"]
    >>> float(found["in_system", "max"]), float(found["commands", "count"])
    (1.0, 1.0)
    """

    def __init__(
        self,
        about: About,
        marks: Marks,
        reads: Reads | None = None,
        own_reads: tuple[bool, ...] = (True,),
        sample: int = 1000,
    ) -> None:
        if why := reasons(about):
            raise TraceError(f"this run cannot be summarised as a stream: {'; '.join(why)}")
        self.about = about
        self.marks = marks
        self._sampled = _chosen(len(marks), sample)
        self._aggregates = many_aggregates(about, marks)
        reads = Reads.of() if reads is None else reads
        most = max(self._aggregates, int(reads.aggregate.max(initial=-1)) + 1)
        facts, strides = facts_of(about, marks, reads, own_reads)
        self._arrays = Arrays(about, marks, most, self._sampled, facts)
        self._set_up(strides, most)
        self._doubts = np.empty((0, 2), np.int64)
        self._while_divergent = 0
        self._is_over = False

    def _set_up(self, strides: list[int], aggregates: int) -> None:
        about, numbers = self.about, self._numbers
        asked = {
            at.BEGIN: about.warm_up_ns, at.LENGTH: about.length_ns, at.END: about.end_ns,
            at.PROJECTIONS: len(about.projections), at.WIDTH: self._arrays.width, at.PER_TRY: about.attempts_per_try,
            at.FOLDS: about.live_state, at.RULED: about.low is not None and about.high is not None,
            at.LOW: about.low or 0, at.HIGH: about.high or 0, at.START: about.start,
            at.IN_ORDER: about.delivers_in_order, at.WORKER_WAITS: about.worker_waits,
            at.FIRST_READER: int(self.marks.session.max(initial=-1)) + 1, at.AGGREGATES: aggregates,
        }  # fmt: skip
        for where, number in asked.items():
            numbers[where] = int(number)
        numbers[at.STRIDES : at.STRIDES + len(strides)] = strides
        for where in (at.NOW, at.FREE, at.BUSY_COMMAND, at.FIRST_FULL):
            numbers[where] = NEVER
        for view in range(len(about.projections)):
            numbers[at.OF_PROJECTION + view * at.PER_PROJECTION + at.LAST_APPLIED] = NEVER

    @property
    def _numbers(self) -> Ints:
        return self._arrays.memory.numbers

    def take(self, rows: NDArray[np.int64]) -> None:
        """The next rows: columns as in :data:`cqrsim.trace.COLUMNS`, sorted as a trace is.

        A block never ends within an instant.
        """
        if self._is_over:
            raise TraceError("the summary has been made: there can be no more rows")
        rows = np.ascontiguousarray(rows, np.int64).view()
        rows.flags.writeable = False
        memory = self._arrays.memory
        for start in range(0, len(rows), ROWS):
            self._arrays.make_room()
            block = rows[start : start + ROWS]
            taken = take_rows(memory.for_kernels, block.reshape(-1))
            self._check(block[min(taken, len(block) - 1)])
            if 2 * self._numbers[at.DOUBTS] > len(self._doubts) + 16 * ROWS:
                self._look_at_doubts()

    def _check(self, row: NDArray[np.int64]) -> None:
        status = int(self._numbers[at.STATUS])
        if not status:
            return
        told = ", ".join(f"{name} {value}" for name, value in zip(COLUMNS, row.tolist(), strict=True))
        if status == LATE:
            raise TraceError(f"a row that its command cannot have any more, or not yet: {told}")
        if status == GAP:
            raise TraceError(f"positions of the log are missing before {told}")
        raise TraceError(f"a step that cannot be streamed, of {Moment(int(row[1])).name.lower()}: {told}")

    # --- while handler and log had parted ------------------------------------------------------------------------

    def _parted(self) -> Stretches:
        """All that is known of the divergence; what has not ended is taken to last."""
        streams = self._arrays.memory.streams.reshape(-1, at.G_VIEWS + 2 * len(self.about.projections))
        extra = np.flatnonzero(streams[:, at.G_EXTRA] >= 0)
        lasting = np.column_stack([extra, streams[extra, at.G_EXTRA], np.full(len(extra), NEVER)])
        parts = np.concatenate([self._arrays.all_of(at.PARTS, 3), lasting])
        ends = np.where(parts[:, 2] < 0, FOREVER, parts[:, 2])
        aggregate, begins, until, peak, cause = unions(parts[:, 0], parts[:, 1], ends)
        return Stretches(aggregate, begins, np.where(until == FOREVER, NEVER, until), peak, cause)

    def _look_at_doubts(self) -> None:
        """Of the decisions whose aggregate may have been divergent: forget those of which it is known by now."""
        doubts = np.concatenate([self._doubts, self._arrays.take_out(at.DOUBTS).reshape(-1, 2)])
        recent = (doubts[:, 1] >= self._numbers[at.NOW]) & (not self._is_over)
        covered = self._parted().covers(doubts[:, 0], doubts[:, 1]) & ~recent
        self._while_divergent += int(covered.sum())
        attempts = self._arrays.records(at.ATTEMPT)
        attempts = attempts[attempts[:, at.SUSPECT] >= 0]
        suspected = self._arrays.memory.pool[attempts[:, at.OF] + at.AGGREGATE]
        self._doubts = doubts[~covered & (recent | np.isin(doubts[:, 0], suspected))]

    # --- what it comes to ----------------------------------------------------------------------------------------

    def summary(self) -> pd.DataFrame:
        """The same rows as those of :func:`cqrsim.metrics.summary.summary`; there can be no more of the trace."""
        self._end()
        window = self._flow("IN_WINDOW")
        figures = [*self._latency_figures(), *self._consistency_figures(window), *self._load_figures(window)]
        rows = [(f.metric, f.stat, f.value, f.unit, f.n, f.n_censored, f.lower_bound) for f in figures]
        return rows_of("summary", rows, self.about)

    def commands(self) -> pd.DataFrame:
        """The sampled commands, as :func:`cqrsim.metrics.commands.commands` has them.

        Left out is what depends on other commands: whether decisions were wrong, stale, or taken while divergent.
        """
        rows = self._arrays.all_of(at.KEPT, 7)
        numbers = np.flatnonzero(self._sampled)
        rows[:, 2] = np.searchsorted(numbers, rows[:, 2])
        marks = Marks(*(getattr(self.marks, name)[numbers] for name in Marks.__dataclass_fields__))
        frame = commands(Trace.from_rows(rows, marks, about=self.about))
        frame["command"] = numbers[frame["command"]]
        return frame.drop(columns=["wrong_accept", "wrong_refuse", "stale_decision", "divergent_decision"])

    def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        memory = self._arrays.memory
        end_rows(memory.for_kernels)
        if memory.numbers[at.RULED]:
            judge_the_rest(memory.for_kernels)
        record = 0
        while record < self._numbers[at.USED]:
            self._arrays.make_room()
            record = finish_some(memory.for_kernels, record, ROWS)
        self._look_at_doubts()

    def _flow(self, name: str) -> int:
        return int(self._numbers[getattr(at, name)])

    def _sum(self, where: int) -> int:
        """A sum of two words."""
        return (int(self._numbers[where]) << 32) + int(self._numbers[where + 1])

    def _share(self, where: int) -> float:
        """A sum of time as a mean level within the window."""
        width = self.about.length_ns - self.about.warm_up_ns
        return self._sum(where) / width if width > 0 else float("nan")

    # --- latencies -----------------------------------------------------------------------------------------------

    def _latency_figures(self) -> list[Figure]:
        own = {"answer": range(at.ANSWER, at.ANSWER + 4), "feedback": range(at.FEEDBACK, at.FEEDBACK + 4)}
        own |= {name: range(where, where + 1) for name, where in _ALONE.items()}
        both = {name: [*parts, *(part + at.APART for part in parts)] for name, parts in own.items()}
        asked = {name: both[name] for name in ("feedback", "answer", "durability", "visibility")}
        asked["lag"] = [at.LAG]
        if len(self.about.projections) > 1:
            for view, name in enumerate(self.about.projections):
                asked |= {f"{kind}_{name}": [at.VIEW_WAITS + 2 * view + place]
                          for place, kind in enumerate(("visibility", "lag"))}  # fmt: skip
        asked |= {"own_read": both["own_read"], "turn_wait": [at.TURN_WAIT], "turn_held": [at.TURN_HELD]}
        for place, truth in enumerate(("durable", "refused", "failed")):
            asked |= {f"{truth}_{name}": [own[name][place], own[name][place] + at.APART]
                      for name in ("answer", "feedback")}  # fmt: skip
        for place, name in enumerate(FROM_SENT):
            asked[f"{name}_from_sent"] = [*own[name], at.FROM_SENT + place]
        return [figure for name, parts in asked.items() for figure in of_waits(name, self._waits(parts))]

    def _waits(self, latencies: Sequence[int]) -> Waits:
        """Some of the waits that are counted apart, put together."""
        tails = [self._tails[latency] for latency in latencies]
        memory, chosen = self._arrays.memory, list(latencies)
        tallies = memory.waits.reshape(self._arrays.latencies, -1)[chosen]
        buckets = memory.buckets.reshape(self._arrays.latencies, -1)[chosen]
        from_here = int(tallies[:, at.W_TAIL].max())
        tail = np.sort(np.concatenate(tails))
        censored = self._arrays.all_of(at.CENSORED, 2)
        return _waits_of(
            tallies, buckets.sum(axis=0), tail[tail >= from_here], censored[np.isin(censored[:, 0], chosen), 1]
        )

    @cached_property
    def _tails(self) -> list[Ints]:
        return self._arrays.tails()

    # --- consistency and loads -----------------------------------------------------------------------------------

    def _consistency_figures(self, window: int) -> list[Figure]:
        befell = ("false_success", "false_failure", "silent_failure", "unknown", "never_informed", "loss", "ghost",
                  "duplicate", "double_accept")  # fmt: skip
        beliefs = Beliefs(window, {name: self._flow(name.upper()) for name in befell})
        seen = Seen(
            reads=self._flow("READS"),
            stale=self._flow("STALE_READS"),
            versions_behind=self._flow("VERSIONS_BEHIND"),
            behind_ns=self._sum(at.READ_TIME),
            own_floors=self._flow("OWN_FLOORS"),
            own_violated=self._flow("OWN_VIOLATED"),
            read_floors=self._flow("READ_FLOORS"),
            read_violated=self._flow("READ_VIOLATED"),
            write_pairs=self._flow("WRITE_PAIRS"),
            writes_inverted=self._flow("WRITES_INVERTED"),
        )
        here = [at.OF_PROJECTION + view * at.PER_PROJECTION for view in range(len(self.about.projections))]
        behind = [(int(self._numbers[where + at.LAGGING]), self._share(where)) for where in here]
        figures = [*beliefs.figures(), *self._decided(window).figures()]
        figures += divergence_figures(self.about, self._parted(), self._aggregates)
        return [*figures, *visibility_figures(self.about, self._lag(), behind), *seen.figures()]

    def _decided(self, window: int) -> Decided:
        """Without a rule nobody can tell what was right, once something was forbidden."""
        unknown = not self._numbers[at.RULED] and self._numbers[at.FORBIDDEN_EVER]
        nobody_knows = float("nan") if unknown else 0.0
        wrong_accept = float(self._numbers[at.WRONG_ACCEPT])
        wrong_refuse = float(self._numbers[at.WRONG_REFUSE])
        return Decided(
            about=self.about,
            commands=window,
            decisions=self._flow("DECISIONS"),
            wrong_accept=wrong_accept + nobody_knows if self._numbers[at.ACCEPTANCES] else wrong_accept,
            wrong_refuse=wrong_refuse + nobody_knows if self._numbers[at.FORBIDDANCES] else wrong_refuse,
            stale=self._flow("STALE"),
            while_divergent=self._while_divergent,
        )

    def _lag(self) -> Waits:
        within = {10: at.WITHIN_10, 100: at.WITHIN_100, 1000: at.WITHIN_1000}
        lag = self._waits([at.LAG])
        lag.counted_within = {float(limit): int(self._numbers[where]) for limit, where in within.items()}
        return lag

    def _load_figures(self, window: int) -> list[Figure]:
        about = self.about
        passed = {name: self._flow(f"{name.upper()}_RATE") for name in ("issued", "durable", "informed")}
        figures = Flows(window, self._flow("ISSUED_COUNT"), passed, self._flow("UNSETTLED")).figures(about)
        for name in ("waiting", "validating", "at_store"):
            levels = {"in_system": self._level(at.IN_SYSTEM, "ISSUED_COUNT")} if name == "waiting" else {}
            levels |= {name: self._level(getattr(at, name.upper()), f"{name.upper()}_COUNT")}
            figures += [figure for one, level in levels.items() for figure in level.figures(one)]
        workers = ("WORKING_COUNT", at.WORKING_TIME) if about.worker_waits else ("VALIDATING_COUNT", at.VALIDATING + 2)
        figures += utilisation_figures(
            about,
            (self._share(workers[1]), self._flow(workers[0])),
            (self._share(at.BUSY_TIME), self._flow("WRITES_COUNT")),
            (self._share(at.REFUSING_TIME), self._flow("REFUSED_COUNT")),
        )
        seen = {moment: int(self._numbers[at.SEEN + moment]) for moment in Moment}
        retries = seen[Moment.SENT] - (window - self._flow("UNSENT"))
        conflicts = self._flow("CONFLICTS")
        figures += per_command_figures(window, seen[Moment.POLLED], self._messages(seen), retries, conflicts)
        figures += self._stored().figures(about)
        cache = self._level(at.CACHED, "CACHE_COUNT")
        return figures + cache_figures(
            cache, self._flow("PUSHED_OUT"), self._flow("CACHE_LOOKS"), self._flow("CACHE_HITS")
        )

    def _level(self, level: int, count: str) -> Level:
        highest = self._arrays.most_in_system() if level == at.IN_SYSTEM else int(self._numbers[level + 1])
        return Level(self._share(level + 2), highest, self._flow(count))

    def _messages(self, seen: dict[Moment, int]) -> int:
        """All messages of commands of the window: sent, pushed, lost."""
        messages = sum(weight * seen[moment] for moment, weight in MESSAGES.items()) + self._flow("PUSHED")
        if "publication" in (self.about.fold_on, self.about.wait_for):
            messages += seen[Moment.PUBLISHED]
        lost = sum(weight * int(self._numbers[at.LOST + link]) for link, weight in MESSAGES_LOST.items())
        return messages + self._flow("AWAITED") + lost - self._flow("STOOD_FOR")

    def _stored(self) -> Stored:
        return Stored(
            entries=self._flow("LOG_LENGTH"),
            error_events=self._flow("ERROR_EVENTS"),
            events=self._flow("EVENTS"),
            event_bytes=self._sum(at.EVENT_BYTES),
            error_bytes=self._sum(at.ERROR_BYTES),
            first_full=self._flow("FIRST_FULL"),
        )


def _waits_of(tallies: Ints, buckets: Ints, tail: Ints, censored: Ints) -> Waits:
    """Waits from what has been counted: the longest one by one, the others by their buckets."""
    filled = np.flatnonzero(buckets)
    sign = np.where(filled >= BUCKETS, -1, 1)
    values, counts = sign * middles(filled % BUCKETS), buckets[filled]
    order = np.argsort(values, kind="stable")
    values, counts = values[order], counts[order]
    if len(tail):  # what is known one by one takes the place of the last that are counted
        others = int(counts.sum()) - len(tail)
        counts = np.diff(np.minimum(np.cumsum(counts), others), prepend=0)
        values = np.concatenate([np.minimum(values, tail[0]), tail])
        counts = np.concatenate([counts, np.ones(len(tail), np.int64)])
        values, counts = values[counts > 0], counts[counts > 0]
    total = (int(tallies[:, at.W_SUM].sum()) << 32) + int(tallies[:, at.W_SUM + 1].sum())
    in_vain, longest = int(tallies[:, at.W_NEVER].sum()), int(tallies[:, at.W_LONGEST].max())
    return Waits.counted(values / NS, counts, total, np.sort(censored) / NS, in_vain, longest / NS)


def _chosen(count: int, sample: int) -> NDArray[np.bool_]:
    """Which commands are kept: about so many, by a hash of their numbers."""
    if count <= sample:
        return np.ones(count, np.bool_)
    chosen = np.empty(count, np.bool_)
    limit = np.uint64(sample / count * 2**64)
    for start in range(0, count, 1 << 20):
        mixed = np.arange(start, min(start + (1 << 20), count), dtype=np.uint64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        chosen[start : start + len(mixed)] = mixed < limit
    return chosen
