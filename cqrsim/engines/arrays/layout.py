"""A plan, written down in memory; nothing in it is a fraction, a name or a function."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from cqrsim.engines.arrays.memory import *  # to lay out is to name nearly everything
from cqrsim.messages import Channel, Link, Operation, Part
from cqrsim.moments import Moment
from cqrsim.plan.answers import AnswerAt, By, Effect, Flush, FoldOn, Target, Turn, WaitFor
from cqrsim.plan.draws import Column, Series
from cqrsim.plan.parts import FaultPlan, FeedbackPlan, GroupPlan, ProjectionPlan, RangeRule, RoutePlan, Schedule
from cqrsim.plan.plan import Plan

Ints = npt.NDArray[np.int64]

LARGEST_RATE = 9_000_000_000
"""Bytes a second that a fault may take, so that a product with nanoseconds stays within 64 bits."""

CELLS_OF_A_COMMAND = 128
"""So much is set aside for each command where nothing is given back; what is not touched costs nothing."""

KEPT_UP_TO = 1_000_000
"""Commands of a plan whose luck is kept from one attempt to the next."""

FIRST_ROWS = 1 << 16
"""Rows of the trace that memory has room for at first."""


def reasons(plan: Plan) -> tuple[str, ...]:
    """Why whole numbers cannot carry a plan; each names the setting."""
    return tuple(_reasons(plan))


def _reasons(plan: Plan) -> Iterator[str]:
    if plan.rule is not None and not isinstance(plan.rule, RangeRule):
        yield "rule: a rule made of functions is called by the SimPy engine only"
    for fault in plan.faults:
        name = plan.about.faults[fault.number].name
        if fault.by == By.CALL:
            yield f'faults: the condition of "{name}" is a function, which the SimPy engine only calls'
        if fault.effect == Effect.CUSTOM:
            yield f'faults: the effect of "{name}" is a function, which the SimPy engine only calls'
        if fault.effect == Effect.CONSUME and fault.amount > LARGEST_RATE:
            yield f'faults: "{name}" takes more than {LARGEST_RATE:,} bytes a second'
    if len(plan.projections) > 60:
        yield "projections: more than 60"
    if len(plan.groups) > 255:
        yield "clients: more than 255 groups"


class Known:
    """How much luck of each column and series a run has turned out to need, and how much room for rows."""

    def __init__(self) -> None:
        self.slots: dict[int, set[int]] = {}
        self.lengths: dict[int, int] = {}
        self.looks_back = False
        """Whether somebody in doubt has read what was appended."""
        self.rows = FIRST_ROWS
        self.room = 1 << 16


class Memory:
    """A plan laid out; ``columns`` and ``series`` say what stands where, so that what is missing can be drawn."""

    def __init__(self, plan: Plan, known: Known, drawn: dict[tuple[int, int], Ints] | None = None) -> None:
        self.plan = plan
        self.drawn = {} if drawn is None else drawn
        """Luck of this plan that was drawn for an earlier attempt, by column and slot."""
        self.known = known
        self.top = FIRST_FREE
        self.blocks: list[tuple[int, npt.ArrayLike]] = []
        self.cells: dict[int, int] = {}
        self.columns: dict[int, int] = {}
        """The number of a column, in the order in which they were laid out, by its address."""
        self.series: dict[int, int] = {}
        self._numbers = 0
        tries = max([0] + [group.retries.at_most for group in plan.groups if group.retries is not None])
        reloads = plan.state.conflict_retries if plan.state.load else 0
        self.tries = tries
        self.lucks = 64 * reloads + min(63, tries) + 1
        self.aggregate, self.aggregates = _numbered_anew(plan)
        self.watches: list[int] = []
        self._homes: list[int] = []

    # --- pieces ------------------------------------------------------------------------------------------------------

    def room(self, size: int) -> int:
        """An address with so many cells behind it, all 0."""
        address = self.top
        self.top += size
        return address

    def put(self, values: npt.ArrayLike, size: int = 0) -> int:
        """Values, one a cell."""
        count = len(values)  # type: ignore[arg-type]  # arrays and sequences, no single numbers
        address = self.room(max(count, size))
        if count:
            self.blocks.append((address, values))
        return address

    def record(self, size: int, fields: dict[int, int]) -> int:
        """A record of named cells."""
        cells = [0] * size
        for field, value in fields.items():
            cells[field] = int(value)
        return self.put(cells)

    def items(self, values: Sequence[int] = ()) -> int:
        """A list."""
        address = self.room(LIST_SIZE)
        links = [self.room(2) for _ in values]
        for place, (link, value) in enumerate(zip(links, values, strict=True)):
            self.blocks.append((link, (value, links[place + 1] if place + 1 < len(links) else 0)))
        if links:
            self.blocks.append((address, (links[0], links[-1], len(links))))
        return address

    def column(self, column: Column | None, slots: int, eager: Sequence[int] = ()) -> int:
        """A column: the same number for all, or a row for each slot that is known to be needed."""
        if column is None:
            return 0
        number = self._numbers
        self._numbers += 1
        if column.constant is not None:
            return self.put((1, column.constant))
        address = self.room(2 + slots)
        self.columns[address] = number
        needed = self.known.slots.get(number, set()) | set(eager)
        for slot in sorted(slot for slot in needed if slot < slots):
            row = self.put(self._luck_of(column, number, slot))
            self.blocks.append((address + 2 + slot, (row,)))
        return address

    def _luck_of(self, column: Column, number: int, slot: int) -> Ints:
        """A row of luck, kept for another attempt unless the plan is so large that it must not lie about twice."""
        if len(self.plan.marks) > KEPT_UP_TO:
            return column.array(slot)
        if (number, slot) not in self.drawn:
            self.drawn[number, slot] = column.array(slot)
        return self.drawn[number, slot]

    def row_of(self, series: Series | None) -> int:
        """A series, as long as it is known to be needed."""
        if series is None:
            return 0
        number = self._numbers
        self._numbers += 1
        address = self.room(2)
        self.series[address] = number
        length = self.known.lengths.get(number, 1 if self.plan.faults else 0)
        blocks = -(-length // series.block)
        if blocks:
            values = np.concatenate([series.array(block) for block in range(blocks)])
            self.blocks.append((address, (self.put(values), len(values))))
        return address

    # --- the whole ---------------------------------------------------------------------------------------------------

    def numbers(self) -> Ints:
        """The row of numbers, with room to work in."""
        plan = self.plan
        self._lay_out_marks(plan)
        self._lay_out_faults(plan)
        self._lay_out_routes(plan)
        self._lay_out_views(plan)
        self._lay_out_groups(plan)
        self._lay_out_handler(plan)
        self._lay_out_store(plan)
        self._lay_out_run(plan)
        room = self.known.room + (0 if self.cells[RECYCLES] else CELLS_OF_A_COMMAND * len(plan.marks))
        size = self.top + 2 * room
        self.cells |= {TOP: self.top, SIZE: size, LIMIT: self.top + room}
        numbers = np.zeros(size, dtype=np.int64)
        for address, values in self.blocks:
            numbers[address : address + len(values)] = values  # type: ignore[arg-type]
        for cell, value in self.cells.items():
            numbers[cell] = value
        self._start_streams(numbers)
        self.blocks.clear()
        return numbers

    def missed(self, numbers: Ints) -> None:
        """Take note of the luck that a run has missed."""
        for place in range(int(numbers[MISSES])):
            where, what = (int(value) for value in numbers[MISSED + 2 * place : MISSED + 2 * place + 2])
            if where == KEEPS_APPENDS:
                self.known.looks_back = True
            elif where in self.columns:
                self.known.slots.setdefault(self.columns[where], set()).add(what)
            else:
                self.known.lengths[self.series[where]] = 2 * (what + 1)

    def _lay_out_run(self, plan: Plan) -> None:
        about, faults = plan.about, bool(plan.faults)
        heap = 1 << 10
        rows = self.known.rows
        out = self.room(WIDTH * rows)
        self.cells |= {
            END: plan.end_ns, HEAP: self.room(3 * heap), HEAP_ROOM: heap, OUT: out, OUT_END: out,
            OUT_SOFT: out + WIDTH * (rows // 2), OUT_LAST: out + WIDTH * rows, COMMANDS: len(plan.marks),
            RECYCLES: self._nobody_looks_back(plan), HAS_FAULTS: faults, KEEPS_APPENDS: self._keeps_appends(plan),
            ATTEMPTS_PER_TRY: about.attempts_per_try, DUPLICATES_FROM: about.duplicates_from,
            REPAIRED: about.repaired_ns, ARRIVALS_END: plan.arrivals_end_ns,
            PERIODS: self.put([n for p in plan.periods for n in (p.fault, p.begins_ns, p.ends_ns)]),
            PERIOD_COUNT: len(plan.periods), READ_COUNT: len(plan.looks.time), READ_TIMES: self.put(plan.looks.time),
            READ_VIEWS: self.put(plan.looks.reads.projection), LAST_PUBLISHED: -1,
        }  # fmt: skip

    def _nobody_looks_back(self, plan: Plan) -> bool:
        """Whether journeys can be forgotten once they are over."""
        groups, state = plan.groups, plan.state
        looks = any(_sources(group.feedback) or group.own_reads or group.retries for group in groups)
        awaits = any(group.feedback.answer_at == AnswerAt.APPLIED for group in groups)
        keeps = (
            self._may_repeat(plan) or state.load or state.catch_up or self._keeps_appends(plan) or self._keeps_log(plan)
        )
        return not (looks or awaits or keeps or state.load or state.catch_up or plan.faults)

    def _may_repeat(self, plan: Plan) -> bool:
        """Whether the store may see a command id twice, and looks."""
        return plan.store.dedupe and (bool(plan.faults) or any(group.retries for group in plan.groups))

    def _keeps_appends(self, plan: Plan) -> bool:
        state = plan.state
        return bool(plan.faults) or self.known.looks_back or state.reconcile_every_ns >= 0

    def _keeps_log(self, plan: Plan) -> bool:
        reads = any(view.poll_ns >= 0 or view.catch_up for view in plan.projections)
        return bool(plan.faults) or reads or plan.state.catch_up

    def _lay_out_marks(self, plan: Plan) -> None:
        marks = plan.marks
        packed = np.left_shift(marks.events, 10, dtype=np.int64)
        packed |= np.left_shift(marks.group, 2, dtype=np.int64)
        packed |= np.left_shift(marks.valid, 1, dtype=np.int64)
        packed |= plan.caught
        count = int((marks.intended >= 0).sum())
        self.cells |= {
            MARKS: self.put(packed), AGGREGATE_OF: self.put(self.aggregate), CHANGE_OF: self.put(marks.change),
            SESSION: self.put(marks.session), INTENDED: self.put(marks.intended[:count]), OPEN: count,
            IDENTITIES: len(marks) * (1 + self.tries), AGGREGATE_COUNT: self.aggregates,
        }  # fmt: skip

    def _lay_out_faults(self, plan: Plan) -> None:
        self.watches = [self._watch(fault) for fault in plan.faults]
        for watch, fault in zip(self.watches, plan.faults, strict=True):
            mine = [
                other for other, plan_of in zip(self.watches, plan.faults, strict=True)
                if plan_of.follows == fault.number
            ]  # fmt: skip
            self.blocks.append((watch + F_FOLLOWERS, (self.items(mine),)))
        self.cells[WATCHES] = self.items(self.watches)

    def _watch(self, fault: FaultPlan) -> int:
        slots = self._slots_of(fault)
        eager = (0,)
        windows = () if fault.by == By.FOLLOWS else tuple(sorted(fault.windows))
        longest, flat = 0, list[int]()
        for begins, ends in windows:
            longest = max(longest, ends) if flat else ends
            flat += [begins, ends, longest]
        return self.record(WATCH_SIZE, {
            F_NUMBER: fault.number, F_EFFECT: fault.effect, F_TARGET: fault.target, F_OPERATION: fault.operation,
            F_BY: fault.by, F_FROM: fault.windows[0][0], F_TO: fault.windows[0][1], F_PLACE: fault.place,
            F_GROUP: fault.group, F_BEHIND: fault.behind,
            F_HIT: self.column(fault.hit, slots, eager), F_BITS: self.row_of(fault.bits),
            F_COUNTS: self.put(fault.counts), F_COUNT_COUNT: len(fault.counts), F_ALL_LATER: fault.and_all_later,
            F_MEASURE: fault.measure, F_ABOVE: fault.above,
            F_DELAY: self.row_of(fault.delay), F_AT_MOST: fault.at_most, F_LASTS: self.row_of(fault.lasts),
            F_GOES_ON: fault.goes_on, F_RESTART: self.row_of(fault.restart), F_HELD: fault.held,
            F_POWER: fault.power, F_TEARS: fault.tears, F_NO_ROOM: fault.no_room,
            F_KEPT_COLUMN: self.column(fault.kept, slots), F_FACTOR: fault.factor,
            F_ADDED: self.column(fault.added, slots), F_ERROR: fault.error, F_AMOUNT: fault.amount,
            F_AT_MOST_BYTES: fault.at_most_bytes, F_APPENDS: fault.appends, F_DETECTED: self.row_of(fault.detected),
            F_DETECTED_BELOW: fault.detected_below, F_OLDER: self.column(fault.older, self.lucks, eager),
            F_LUCK: self.row_of(fault.luck), F_WINDOWS: self.put(flat), F_WINDOW_COUNT: len(windows),
            F_WINDOW_ROOM: len(windows), F_UNTIL: -1, F_ACTS: (fault.target, fault.effect) in STRIKE_BY_THEMSELVES,
        })  # fmt: skip

    def _slots_of(self, fault: FaultPlan) -> int:
        """How many slots the luck of a fault may have, by whom it strikes."""
        if fault.target == Target.LINK:
            return 80 * self.lucks
        if fault.target == Target.PROJECTION:
            return (7 * 64 + self.lucks) * 16
        return self.lucks if fault.target == Target.HANDLER else 2 * self.lucks

    def _of(self, target: Target, effects: Sequence[Effect] | None = None) -> list[int]:
        """The faults of a target, or those of them that do one of several things."""
        faults = zip(self.watches, self.plan.faults, strict=True)
        return [watch for watch, f in faults if f.target == target and (effects is None or f.effect in effects)]

    def _sides(self, targets: Sequence[Target], operation: Operation) -> tuple[list[int], list[int]]:
        """Faults that act ahead of an operation, and behind it; not those that go by time."""
        mine = [
            (watch, fault) for target in targets for watch, fault in zip(self.watches, self.plan.faults, strict=True)
            if fault.target == target and (fault.target, fault.effect) in STRIKE_BY_THEMSELVES
            and fault.operation == operation and fault.by not in (By.TIME, By.FOLLOWS)
        ]  # fmt: skip
        return [watch for watch, fault in mine if not fault.behind], [watch for watch, fault in mine if fault.behind]

    def _lay_out_routes(self, plan: Plan) -> None:
        table = self.room(ROUTE_SIZE * len(Link))
        for link, route in plan.routes.items():
            if link != Link.STORE_TO_PROJECTION:
                self.blocks.append((table + link * ROUTE_SIZE, self._route(route, 0)))
        self.cells[ROUTES] = table

    def _route(self, route: RoutePlan, projection: int) -> list[int]:
        watches = [
            watch for watch, fault in zip(self.watches, self.plan.faults, strict=True)
            if fault.target == Target.LINK and fault.place in (-1, route.link) and fault.projection in (-1, projection)
        ]  # fmt: skip
        perfect = route.instant and route.lost is None and not watches
        is_used = not perfect and route.link in self._links_in_use()
        slots = 80 * self.lucks if not perfect else 0
        cells = [0] * ROUTE_SIZE
        latest = self.room(self._connections(route.link)) if route.in_order and not perfect else 0
        fields = {
            R_LINK: route.link, R_DELAY: self.column(route.delay, slots, (0,) if is_used else ()),
            R_INSTANT: route.instant, R_IN_ORDER: route.in_order,
            R_LOST: self.column(route.lost, slots, (0,) if is_used else ()), R_PROJECTION: projection,
            R_WATCHES: self.items(watches) if watches else 0, R_LATEST: latest,
            R_IN_LOG_ORDER: route.link in (Link.STORE_TO_PROJECTION, Link.STORE_TO_SUBSCRIBER),
            R_COPIES: route.link in (Link.CLIENT_TO_HANDLER, Link.HANDLER_TO_STORE), R_PERFECT: perfect,
        }  # fmt: skip
        for field, value in fields.items():
            cells[field] = int(value)
        return cells

    def _links_in_use(self) -> set[Link]:
        """Links over which a message of the main kind goes for most commands."""
        plan = self.plan
        used = {Link.CLIENT_TO_HANDLER, Link.HANDLER_TO_CLIENT, Link.HANDLER_TO_STORE}
        if plan.state.wait_for == WaitFor.ANSWER:
            used.add(Link.STORE_TO_HANDLER)
        if _listens(plan):
            used.add(Link.STORE_TO_SUBSCRIBER)
        if any(view.poll_ns < 0 for view in plan.projections):
            used.add(Link.STORE_TO_PROJECTION)
        if any(group.feedback.event_push for group in plan.groups):
            used.add(Link.STORE_TO_CLIENT)
        if any(group.feedback.answer_at == AnswerAt.APPLIED for group in plan.groups):
            used.add(Link.PROJECTION_TO_HANDLER)
        return used

    def _connections(self, link: Link) -> int:
        """How many connections a link may have: one for each session, shard or projection."""
        if link in (Link.HANDLER_TO_STORE, Link.STORE_TO_HANDLER, Link.STORE_TO_SUBSCRIBER):
            return self.plan.handler.shards
        if link in (Link.STORE_TO_PROJECTION, Link.HANDLER_TO_CACHE):
            return 1
        if link == Link.PROJECTION_TO_HANDLER:
            return len(self.plan.projections)
        return int(self.plan.marks.session.max(initial=0)) + 1

    def _lay_out_views(self, plan: Plan) -> None:
        table = self.room(VIEW_SIZE * len(plan.projections))
        self.cells |= {VIEWS: table, VIEW_COUNT: len(plan.projections)}
        is_looked_at = any(group.feedback.read_model or group.own_reads for group in plan.groups)
        for number, view in enumerate(plan.projections):
            address = table + number * VIEW_SIZE
            route = self.put(self._route(plan.publications[number], number))
            self.blocks.append((address, self._view(number, view, route, is_looked_at)))

    def _view(self, number: int, view: ProjectionPlan, route: int, is_looked_at: bool) -> list[int]:
        mine = [
            watch for watch, fault in zip(self.watches, self.plan.faults, strict=True)
            if fault.target == Target.PROJECTION and fault.place in (-1, number)
        ]  # fmt: skip
        before, behind = self._sides((Target.PROJECTION,), Operation.APPLY)
        apply = self.column(view.apply, self.lucks, (0,))
        fields = {
            Y_NUMBER: number, Y_POLL: view.poll_ns, Y_BATCH: view.batch, Y_APPLY: apply,
            Y_REBUILD: apply if view.rebuild is view.apply else self.column(view.rebuild, self.lucks),
            Y_COMMIT: self.column(view.commit, self.lucks, (0,)), Y_CHECKPOINT_EVERY: view.checkpoint_every,
            Y_CHECKPOINT: self.column(view.checkpoint, self.lucks, (0,) if view.checkpoint_every > 0 else ()),
            Y_CATCH_UP: view.catch_up, Y_BUFFER: view.buffer, Y_FROM_CHECKPOINT: view.from_checkpoint,
            Y_SERVES_REBUILDING: view.serves_while_rebuilding, Y_WAITING: self.items(),
            Y_KEEPS_COUNT: view.catch_up or bool(self.plan.faults), Y_UP: 1, Y_HEARD: self.items(), Y_SERVES: 1,
            Y_DOWN_BY: -1, Y_BEFORE: self.items([watch for watch in before if watch in mine]),
            Y_AFTER: self.items([watch for watch in behind if watch in mine]), Y_ROUTE: route,
            Y_SHOWN: self.room(2 * len(self.plan.marks)) if is_looked_at else 0, Y_EPOCH: 1, Y_EPOCHS: 1,
        }  # fmt: skip
        cells = [0] * VIEW_SIZE
        for field, value in fields.items():
            cells[field] = int(value)
        return cells

    def _lay_out_groups(self, plan: Plan) -> None:
        table = self.room(GROUP_SIZE * len(plan.groups))
        self.cells |= {GROUPS: table, GROUP_COUNT: len(plan.groups)}
        self.cells[PUSHES] = any(group.feedback.event_push for group in plan.groups)
        for number, group in enumerate(plan.groups):
            self.blocks.append((table + number * GROUP_SIZE, self._group(group)))

    def _group(self, group: GroupPlan) -> list[int]:
        feedback, retries, reads, closed = group.feedback, group.retries, group.own_reads, group.closed
        marks, first = self.plan.marks, int(group.commands[0]) if len(group.commands) else 0
        has_any = len(group.commands) > 0
        sources = [self._source(*source) for source in _sources(feedback)]
        limits = [limit for limit in (group.patience_ns, feedback.presume_after_ns) if limit >= 0]
        fields = {
            G_ANSWER_AT: feedback.answer_at, G_PUSHED: feedback.event_push, G_CLOSED: closed is not None,
            G_MAKES_ID: feedback.client_makes_id, G_PATIENCE: self._patience(min(limits, default=-1), _GAVE_UP, 0),
            G_AT_MOST: -1, G_PRE_VALIDATION: self.column(group.pre_validation, 1, (0,)),
            G_SOURCES: self.put([cell for source in sources for cell in source]), G_SOURCE_COUNT: len(sources),
            G_EVENT_BYTES: marks.event_bytes[first] if has_any else 0,
            G_ERROR_BYTES: marks.error_bytes[first] if has_any else 0, G_ERROR_EVENTS: feedback.error_events,
            G_CACHE: self._cache(feedback) if feedback.error_cache else 0, G_WAIT_AT_MOST: feedback.wait_at_most_ns,
            G_APPLIED_IN: sum(1 << view for view in feedback.applied_in), G_PRESUMES: feedback.presume_after_ns >= 0,
        }  # fmt: skip
        if retries is not None:
            fields |= {
                G_AT_MOST: retries.at_most, G_BACKOFF: self.column(retries.backoff, retries.at_most + 1),
                G_SAME_ID: retries.same_id, G_AFTER_TIMEOUT: retries.after_timeout,
                G_AFTER_FAILURE: retries.after_failure,
            }  # fmt: skip
        if reads is not None:
            fields |= {
                G_READS: reads.count, G_READ_AFTER: self.column(reads.after, 1, (0,)),
                G_READ_GAP: self.column(reads.gap, 16), G_READ_OF: self.put(reads.of),
                G_READ_CHOICE: self.column(reads.choice, 16, (0,)),
            }  # fmt: skip
        if closed is not None:
            fields |= {
                G_CLIENTS: closed.clients, G_PACE: closed.pace_ns, G_WAITS_FOR_OUTCOME: closed.waits_for_outcome,
                G_THINK: self.put(closed.think_ns), G_FIRST: first, G_COUNT: len(group.commands),
            }  # fmt: skip
        cells = [0] * GROUP_SIZE
        for field, value in fields.items():
            cells[field] = int(value)
        return cells

    def _source(self, channel: Channel, schedule: Schedule, view: int) -> list[int]:
        there, back = _WAYS[channel]
        routes = self.cells[ROUTES]
        return [
            channel, self.cells[VIEWS] + view * VIEW_SIZE, schedule.at_most, self.put(schedule.gaps_ns),
            len(schedule.gaps_ns), routes + there * ROUTE_SIZE, routes + back * ROUTE_SIZE,
        ]  # fmt: skip

    def _patience(self, limit: int, moment: int, whose: int) -> int:
        return self.record(PATIENCE_SIZE, {P_LIMIT: limit, P_MOMENT: moment, P_WHOSE: whose})

    def _cache(self, feedback: FeedbackPlan) -> int:
        table = self.room(len(self.plan.marks))
        return self.record(
            CACHE_SIZE, {C_KEEP_FOR: feedback.keep_for_ns, C_AT_MOST: feedback.cache_at_most, C_TABLE: table}
        )

    def _lay_out_handler(self, plan: Plan) -> None:
        state, handler, rule = plan.state, plan.handler, plan.rule
        awaits = any(group.feedback.answer_at == AnswerAt.APPLIED for group in plan.groups)
        sides = [
            self.items(side) if side else 0
            for operation in (Operation.APPEND, Operation.DECIDE, Operation.ANSWER)
            for side in self._sides((Target.HANDLER,), operation)
        ]
        acts = any((f.target, f.effect) in STRIKE_BY_THEMSELVES for f in plan.faults if f.target == Target.HANDLER)
        self.cells |= {
            H_VALIDATE: self.column(handler.validate, self.lucks, (0,)), H_TURN: handler.turn,
            H_WORKER_WAITS: handler.worker_waits, H_WORKERS: handler.workers, H_QUEUE_LIMIT: handler.queue_limit,
            SAVE: state.save, SAVE_TIME: self.column(state.save_time, self.lucks, (0,) if state.save else ()),
            FOLD_ON: state.fold_on, WAIT_FOR: state.wait_for, ON_DOUBT: state.on_doubt, LISTENS: _listens(plan),
            CATCHES_UP: state.catch_up and _listens(plan), RECONCILE_EVERY: state.reconcile_every_ns,
            RECONCILE_FINDS: self.column(state.reconcile_finds, self.lucks), LOADS: state.load,
            CONFLICT_RETRIES: state.conflict_retries, HAS_RULE: isinstance(rule, RangeRule),
            H_PATIENCE: self._patience(state.give_up_ns, _HANDLER_GAVE_UP, 1),
            READ_PATIENCE: self._patience(state.give_up_ns, _HANDLER_GAVE_UP, 2), HOLDS_IN_HAND: acts,
            BEFORE_APPEND: sides[0], AFTER_APPEND: sides[1], BEFORE_DECISION: sides[2], AFTER_DECISION: sides[3],
            BEFORE_ANSWER: sides[4], AFTER_ANSWER: sides[5],
            APPLIED_BY: self.room(len(plan.marks)) if awaits else 0,
            AWAITING: self.room(len(plan.marks)) if awaits else 0,
        }  # fmt: skip
        if isinstance(rule, RangeRule):
            self.cells |= {LOW: rule.low, HIGH: rule.high, START: rule.start}
        self._lay_out_shards(plan)

    def _lay_out_shards(self, plan: Plan) -> None:
        handler, aggregates = plan.handler, self.aggregates
        share = aggregates // handler.shards + 1
        one_for_all = handler.turn == Turn.EVERYTHING
        common = self._turns(handler.shards, 1) if one_for_all else 0
        keys = share if handler.turn == Turn.AGGREGATE else 1
        shards = []
        for number in range(handler.shards):
            home = self.record(INSTANCE_SIZE, {
                D_SHARD: number, D_STREAM: self.room(max(share * STREAM_SIZE, SMALL + 1)),
                D_TURNS: common or self._turns(1, keys), D_UP: 1, D_HAS_BEEN_UP: 1, D_DOWN_BY: -1, D_HOLDS: 1,
                D_COMES_AS: _PART_HANDLER, D_REPLACED_BY: -1, D_HEARD_UP_TO: -1, D_HELD: self.items(),
                D_PUT_OFF: self.items(), D_UNFLUSHED: self.items(), D_HEARD: self.items(),
            })  # fmt: skip
            self._homes.append(home)
            series = self.row_of(plan.store.read_by_shards[number])
            shards += [self.items([home]), 0, 0, 0, series, -1, 0]
        self.cells |= {SHARDS: self.put(shards), SHARD_COUNT: handler.shards}

    def _turns(self, shards: int, keys: int) -> int:
        address = self.room(max(shards * SHARD_TURNS_SIZE + 3 * keys, SMALL + 1))
        for shard in range(shards):
            self.blocks.append((address + shard * SHARD_TURNS_SIZE + T_FREE, (self.plan.handler.workers,)))
        return address

    def _lay_out_store(self, plan: Plan) -> None:
        store, disk, count = plan.store, plan.disk, len(plan.marks)
        aggregates = self.aggregates
        streams = self.room(aggregates * STREAM_SIZE)
        delayed = store.flush == Flush.PERIODIC and not store.reads_written
        periodic = store.flush == Flush.PERIODIC
        looks = any(group.feedback.event_poll is not None for group in plan.groups)
        eager = (0, 1) if any(group.feedback.error_events for group in plan.groups) else (0,)
        before, behind = self._sides((Target.STORE, Target.DISK), Operation.WRITE)
        before_flush, behind_flush = self._sides((Target.STORE, Target.DISK), Operation.FLUSH)
        changes = [n for pair in zip(disk.changes_ns, disk.slowness, strict=True) for n in pair]
        identities, repeats = count * (1 + self.tries), self._may_repeat(plan)
        self.cells |= {
            WINDOW_NS: store.batch_window_ns, BATCH_AT_MOST: store.batch_at_most, FLUSH: store.flush,
            FLUSH_EVERY: store.flush_every_ns, ANSWER_AFTER_WRITE: store.answer_after_write,
            PUBLISH_EARLY: store.publish_before_durable, CHECKS_VERSION: store.check_version, DEDUPE: repeats,
            DEDUPE_FOR: store.dedupe_for_ns, DEDUPE_AT_MOST: store.dedupe_at_most, ON_ERROR: store.on_error,
            RESTART: self.row_of(store.restart), RETRY_FLUSH: store.retry_flush,
            REFUSES_DAMAGE: store.refuses_damage, READS_WRITTEN: store.reads_written, FENCING: store.fencing,
            REPUBLISH: store.republish, SNAPSHOT_EVERY: store.snapshot_every,
            READ: self.column(store.read, self.lucks, (0,) if plan.state.load else ()),
            READ_PER_EVENT: store.read_per_event_ns, DISK_WRITE: self.column(disk.write, 2 * self.lucks, eager),
            DISK_FLUSH: self.column(disk.flush, 2 * self.lucks, eager), PER_KIB: disk.per_kib_ns,
            CAPACITY: disk.capacity_bytes, CHANGES: self.put(changes), CHANGE_COUNT: len(disk.changes_ns),
            WAITING: self.items(), UNFLUSHED: self.items(), DOWN_BY: -1, HELD: self.items(), HOLDS_WHILE_DOWN: 1,
            BEFORE_WRITE: self.items(before), AFTER_WRITE: self.items(behind if periodic else behind + behind_flush),
            BEFORE_FLUSH: self.items(before_flush), AFTER_FLUSH: self.items(behind_flush if periodic else ()),
            TAKERS: self.items(self._of(Target.DISK, (Effect.FULL, Effect.CONSUME))),
            DISK_WATCHES: self.items(self._of(Target.DISK, _OF_OPERATIONS)), STREAMS: streams,
            READABLE: self.room(aggregates * STREAM_SIZE) if delayed else streams, LOG: self.room(VECTOR_SIZE),
            LOG_POSITIONS: self.room(VECTOR_SIZE), LOG_ENTRIES: self.items(), IN_DOUBT: self.items(),
            STORED: self.room(identities) if repeats else 0, FOUND: self.room(identities) if looks else 0,
            DAMAGED: self.items(), KEEPS_LOG: self._keeps_log(plan),
        }  # fmt: skip

    def _start_streams(self, numbers: Ints) -> None:
        """Every aggregate holds what the rule says before its first event."""
        start, aggregates = self.cells.get(START, 0), self.aggregates
        if start == 0:
            return
        share = aggregates // self.plan.handler.shards + 1
        places = [(self.cells[STREAMS], aggregates), (self.cells[READABLE], aggregates)]
        places += [(int(numbers[home + D_STREAM]), share) for home in self._homes]
        for address, count in places:
            numbers[address + A_STATE : address + count * STREAM_SIZE : STREAM_SIZE] = start


def _numbered_anew(plan: Plan) -> tuple[Ints, int]:
    """The aggregate of each command, and how many there are; those that no command is about get no number.

    Each stays in its shard, and in its order there.
    """
    aggregate, shards = plan.marks.aggregate, plan.handler.shards
    if plan.about.aggregates <= max(1 << 16, 2 * len(aggregate)):
        return aggregate, plan.about.aggregates
    of_shard = aggregate % shards
    renumbered, most = np.empty(len(aggregate), dtype=np.int64), 0
    for shard in range(shards):
        mine = of_shard == shard
        known, place = np.unique(aggregate[mine], return_inverse=True)
        renumbered[mine] = place * shards + shard
        most = max(most, len(known))
    return renumbered, most * shards


def _listens(plan: Plan) -> bool:
    return plan.state.fold_on == FoldOn.PUBLICATION or plan.state.wait_for == WaitFor.PUBLICATION


def _sources(feedback: FeedbackPlan) -> list[tuple[Channel, Schedule, int]]:
    """Where the clients of a group look, in the order in which they begin to."""
    sources = []
    if feedback.event_poll is not None:
        sources.append((Channel.EVENT_POLL, feedback.event_poll, 0))
    if feedback.cache_poll is not None:
        sources.append((Channel.ERROR_CACHE, feedback.cache_poll, 0))
    if feedback.read_model is not None:
        sources.append((Channel.READ_MODEL, feedback.read_model, feedback.read_model_of))
    return sources


_WAYS = {
    Channel.EVENT_POLL: (Link.CLIENT_TO_STORE, Link.STORE_TO_CLIENT),
    Channel.ERROR_CACHE: (Link.CLIENT_TO_CACHE, Link.CACHE_TO_CLIENT),
    Channel.READ_MODEL: (Link.CLIENT_TO_PROJECTION, Link.PROJECTION_TO_CLIENT),
}
_OF_OPERATIONS = (
    Effect.REFUSE, Effect.AMBIGUOUS, Effect.FLUSH_ERROR, Effect.SLOW, Effect.FREEZE, Effect.LIE,
)  # fmt: skip
_GAVE_UP, _HANDLER_GAVE_UP, _PART_HANDLER = int(Moment.GAVE_UP), int(Moment.HANDLER_GAVE_UP), int(Part.HANDLER)
