"""The same rules as the actors', over one row of whole numbers: handlers of events that change explicit state.

Written apart from the actors, so that each engine is the other's oracle: they agree to the digest.  Plain Python in the
subset that :mod:`cqrsim.engines.native` turns into machine code where Numba is installed, once, and keeps on disk.

Rules
1.  The state is ``m``, integers throughout (:mod:`cqrsim.engines.arrays.memory`); no fraction, no chance, no names.
2.  What is to happen stands in a heap, ordered by (time, moment, command, attempt, place, order of entering).
3.  An act is (kind, a, b, c, d).  :func:`happen` is the table of all kinds and of who handles them.
4.  A message that takes no time is delivered within the act that sends it: ``links.carry`` says so.
5.  What was put off (by a pause, by a store that is down) is an act again, on an agenda, before time goes on.
6.  No function calls itself, by whatever way.
7.  Luck that was not drawn beforehand is noted, drawn, and the run begun anew; so is one for which memory was short.
8.  In a run in which nobody looks back, journeys and errands are given back when nobody needs them (``REFS``).

Who handles what
    commands    clients  looking  waits           events    storing  disks  flushing  publishing  logbook
    handler     handling  queueing  hearing       failing   faults  recovery  instances  absence  rebuilding
                loading  telling  caching         views     projecting
    beneath     memory  words  records  agenda  luck  rows  links  journeys  folding  (layout writes a plan down)
"""

import sys
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from cqrsim import keeping, messages, moments
from cqrsim.engines import native
from cqrsim.engines.arrays import (
    absence,
    agenda,
    caching,
    clients,
    disks,
    faults,
    flushing,
    folding,
    handling,
    hearing,
    instances,
    journeys,
    links,
    loading,
    logbook,
    looking,
    luck,
    memory,
    projecting,
    publishing,
    queueing,
    rebuilding,
    records,
    recovery,
    rows,
    storing,
    telling,
    waits,
    words,
)
from cqrsim.engines.arrays.agenda import add_to_agenda, after, next_act
from cqrsim.engines.arrays.layout import Ints, Known, Memory, reasons
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import drop, give_back
from cqrsim.engines.arrays.rows import settle
from cqrsim.engines.arrays.words import *
from cqrsim.errors import PlanError
from cqrsim.moments import NEVER, OVERFLOW
from cqrsim.plan import answers
from cqrsim.plan.plan import Plan
from cqrsim.trace import Rows, Trace


def watch_fires(m, watch):
    """Its time has come, and no operation is needed."""
    faults.fire(m, watch, 0)
    number, target = m[watch + F_FIRED] - 1, m[watch + F_TARGET]
    if target == AT_HANDLER:
        absence.strike_handler(m, watch, 0, number)
    elif target != AT_VIEW:
        recovery.strike_store(m, watch, number)
    else:
        for place in range(m[VIEW_COUNT]):
            if m[watch + F_PLACE] == NEVER or m[watch + F_PLACE] == place:
                rebuilding.crash_view(m, m[VIEWS] + place * VIEW_SIZE, watch, number)


def judge(m):
    """Repair everything and start the store once, if anything has gone wrong at all."""
    struck = m[ANY_STRUCK] == 1
    cell = m[m[WATCHES] + FIRST]
    while cell:
        struck = struck or m[m[cell] + F_FIRED] > 0
        cell = m[cell + 1]
    if struck:
        add_to_agenda(m, JUDGE_VIEWS, 0, 0, 0)
        for shard in range(m[SHARD_COUNT] - 1, -1, -1):
            add_to_agenda(m, JUDGE_SHARD, shard, 0, 0)
        recovery.judge_store(m)


def judge_shard(m, shard):
    """An instance that is down starts now."""
    if m[journeys.newest_of(m, shard) + D_UP] == 0:
        instances.instance_starts(m, journeys.newest_of(m, shard))


def judge_views(m):
    """Projections that are down start now."""
    for number in range(m[VIEW_COUNT]):
        view = m[VIEWS] + number * VIEW_SIZE
        if m[view + Y_UP] == 0:
            rebuilding.view_starts(m, view, m[view + Y_LIFE])


def run_agenda(m):
    """Let what is to happen at once happen."""
    while m[AGENDA]:
        cell = m[AGENDA]
        act = m[cell]
        m[AGENDA] = m[cell + 1]
        give_back(m, cell, 2)
        happen(m, m[act + ACT_KIND], m[act + ACT_A], m[act + ACT_B], m[act + ACT_C], m[act + ACT_D])


def happen(m, kind, a, b, c, d):
    """The table of what can happen, and who handles it."""
    if kind == COMMAND_ARRIVES:
        handling.receive(m, a)
    elif kind == DECIDE:
        handling.decide(m, a)
    elif kind == BATCH_WRITTEN:
        storing.batch_written(m, a)
    elif kind == BATCH_APPLIED:
        projecting.batch_applied(m, a, b)
    elif kind == ISSUE_OPEN:
        clients.issue_open(m, a)
    elif kind == ANSWER_ARRIVES:
        clients.hears_answer(m, a)
    elif kind == APPEND_ARRIVES:
        storing.append_arrives(m, a)
    elif kind == STORE_ANSWERS:
        hearing.answered(m, a, b)
    elif kind == EVENT_HEARD:
        hearing.hears_event(m, a)
    elif kind == DELIVERED:
        projecting.deliver(m, b, a)
    elif kind <= ABOUT_SOMEBODY:
        happen_to_somebody(m, kind, a, b, c, d)
    elif kind < STOP_SHARING:
        happen_by_time(m, kind, a, b, c)
    else:
        happen_again(m, kind, a, b, c)
    if kind <= ABOUT_SOMEBODY:
        drop(m, a)


def happen_to_somebody(m, kind, a, b, c, d):
    """To a journey or an errand."""
    if kind == EVENT_PUSHED:
        clients.hears_push(m, a, b)
    elif kind == LOOK:
        looking.look(m, a, b, c, d)
    elif kind == LOOK_ARRIVES:
        looking.look_arrives(m, a, b, c)
    elif kind == FIND_ARRIVES:
        clients.has_looked(m, b, c, d)
    elif kind == OWN_READ:
        looking.own_read(m, a, b)
    elif kind == OWN_READ_ARRIVES:
        looking.own_read_arrives(m, a, b, c)
    elif kind == SAVED:
        handling.saved(m, a)
    elif kind == LOAD_ARRIVES:
        loading.load_arrives(m, a, b, c)
    elif kind == REREAD_ARRIVES:
        loading.reread_arrives(m, a, b, c)
    elif kind == STREAM_READ:
        loading.stream_read(m, a, b, c, d)
    elif kind == STREAM_ARRIVES:
        loading.stream_arrives(m, a, b, c)
    elif kind == ERROR_ARRIVES:
        storing.append_error(m, a)
    elif kind == DUPLICATE_HEARD:
        hearing.hears_of_duplicate(m, a)
    elif kind == VIEW_HAS_APPLIED:
        telling.view_has_applied(m, a, b)
    elif kind == VIEWS_TAKE_TOO_LONG:
        telling.views_take_too_long(m, a)
    elif kind == CACHE_PUT:
        caching.cache_put(m, a)
    elif kind == PRE_VALIDATED:
        clients.pre_validated(m, a)
    elif kind == SEND_AGAIN and m[a + OVER] == 0:
        clients.send(m, a)


def happen_by_time(m, kind, a, b, c):
    """Because it is time."""
    if kind == ISSUE_CLOSED:
        clients.issue(m, a, b)
    elif kind == BACKGROUND_READ:
        looking.background_read(m, a)
    elif kind == PATIENCE_ENDS:
        waits.patience_ends(m, a, b, c)
    elif kind == WINDOW_CLOSES:
        storing.window_closes(m, a)
    elif kind == FLUSH_BEGINS:
        storing.flush_begins(m, a)
    elif kind == FLUSH_TICK:
        flushing.flush_tick(m)
    elif kind == FLUSHED:
        flushing.flushed(m, a)
    elif kind == CHECKPOINTED:
        projecting.checkpointed(m, a, b)
    elif kind == VIEW_POLLS:
        projecting.view_polls(m, a)
    elif kind == CACHE_EXPIRES:
        caching.cache_expires(m, a, b, c)
    elif kind == PERIOD:
        m[ANY_STRUCK] = 1
        faults.period(m, a, b)
    elif kind == NOTE:
        faults.period(m, a, b)
    elif kind == WATCH_FIRES:
        watch_fires(m, a)
    elif kind == STORE_STARTS:
        recovery.store_starts(m, a)
    elif kind == JUDGE:
        judge(m)
    elif kind == INSTANCE_STARTS:
        instances.instance_starts(m, a)
    elif kind == INSTANCE_READS:
        instances.instance_reads(m, a)
    elif kind == INSTANCE_HAS_READ:
        instances.instance_has_read(m, a, b)
    elif kind == GAP_READ:
        instances.gap_read(m, a)
    elif kind == HAS_CAUGHT_UP:
        instances.has_caught_up(m, a)
    elif kind == RECONCILE:
        instances.reconcile(m)


def happen_again(m, kind, a, b, c):
    """At its end, or because it was put off."""
    if kind == STOP_SHARING:
        instances.stop_sharing(m, a)
    elif kind == RESUME:
        instances.resume(m, a)
    elif kind == LET_IN:
        instances.let_in(m, a)
    elif kind == VIEW_STARTS:
        rebuilding.view_starts(m, a, b)
    elif kind == VIEW_READS_ON:
        if b == m[a + Y_LIFE] and m[a + Y_READING] == 1 and m[a + Y_AT_WORK] == 0:
            rebuilding.reads_on(m, a)
    elif kind == STORE_IS_UP:
        recovery.store_is_up(m)
    elif kind == ADMIT:
        handling.admit(m, a)
    elif kind == LOADED:
        handling.loaded(m, a, b)
    elif kind == DECIDE_NOW:
        handling.decide_now(m, a)
    elif kind == GO_ON:
        handling.go_on(m, a, b)
    elif kind == IS_DECIDED:
        handling.is_decided(m, a)
    elif kind == HAS_APPENDED:
        handling.has_appended(m, a)
    elif kind == SUCCEED:
        hearing.succeed(m, a)
    elif kind == HEAR_ANSWER:
        hearing.hear_answer(m, a, b)
    elif kind == SEND_APPEND:
        handling.send_append(m, a)
    elif kind == ONE_HEARS:
        hearing.one_hears(m, a, b)
    elif kind == GIVES_UP_NOW:
        hearing.gives_up_now(m, a, b)
    elif kind == SEND_QUESTION:
        loading.send_question(m, a)
    elif kind == HAS_REREAD:
        loading.has_reread(m, a, b)
    elif kind == REPLY:
        telling.reply(m, a, b)
    elif kind == READ_STREAM:
        loading.read_stream(m, a, b, c)
    elif kind == COME_UP:
        recovery.come_up(m, a)
    elif kind == JUDGE_SHARD:
        judge_shard(m, a)
    elif kind == JUDGE_VIEWS:
        judge_views(m)
    elif kind == RESUME_NEXT:
        instances.resume_next(m, a, b)
    elif kind == HEAR_MEANWHILE:
        instances.hear_what_came_meanwhile(m, a)


def begin(m):
    """Set the first of everything that happens by itself."""
    for i in range(m[PERIOD_COUNT]):
        at = m[PERIODS] + 3 * i
        after(m, m[at + 1], M_BEGAN, 0, 0, m[at], PERIOD, M_BEGAN, m[at], 0, 0)
        after(m, m[at + 2], M_ENDED, 0, 0, m[at], PERIOD, M_ENDED, m[at], 0, 0)
    cell = m[m[WATCHES] + FIRST]
    while cell:
        watch = m[cell]
        if m[watch + F_ACTS] == 1 and m[watch + F_BY] == BY_TIME:
            for i in range(m[watch + F_WINDOW_COUNT]):
                begins = m[m[watch + F_WINDOWS] + 3 * i]
                after(m, begins, M_STRUCK, 0, 0, m[watch + F_NUMBER], WATCH_FIRES, watch, 0, 0, 0)
        cell = m[cell + 1]
    if m[FLUSH] == FLUSH_PERIODIC:
        after(m, m[FLUSH_EVERY], M_BUFFERED, 0, 0, 0, FLUSH_TICK, 0, 0, 0, 0)
    if m[RECONCILE_EVERY] >= 0:
        after(m, m[RECONCILE_EVERY], M_REREAD, 0, 0, 0, RECONCILE, 0, 0, 0, 0)
    for number in range(m[VIEW_COUNT]):
        view = m[VIEWS] + number * VIEW_SIZE
        if m[view + Y_POLL] >= 0:
            after(m, m[view + Y_POLL], M_DELIVERED, 0, 0, number, VIEW_POLLS, view, 0, 0, 0)
    if m[REPAIRED] >= 0:
        after(m, m[REPAIRED], M_STRUCK, 0, 0, 0xFFF, JUDGE, 0, 0, 0, 0)
    if m[OPEN] > 0:
        after(m, m[m[INTENDED]], M_ISSUED, 0, 0, 0, ISSUE_OPEN, 0, 0, 0, 0)
    for number in range(m[GROUP_COUNT]):
        if m[m[GROUPS] + number * GROUP_SIZE + G_CLOSED] == 1:
            for client in range(m[m[GROUPS] + number * GROUP_SIZE + G_CLIENTS]):
                clients.think(m, number, client, 0)
    looking.plan_background_read(m, 0)


def advance(m):
    """Let things happen until the run is over (0), rows are to be taken out (1), memory (2) or luck (3) is short."""
    if m[SEQUENCE] == 0:
        begin(m)
    while m[HEAP_COUNT] > 0:
        if m[OUT_END] > m[OUT_SOFT] and m[m[HEAP]] > m[TIME]:
            settle(m)
            return 1
        if m[TOP] > m[LIMIT]:
            return 2
        if m[MISSES] > 0 and m[EVENTS_DONE] > m[BUDGET]:
            return 3
        m[EVENTS_DONE] += 1
        act = next_act(m)
        kind, a, b, c, d = m[act + ACT_KIND], m[act + ACT_A], m[act + ACT_B], m[act + ACT_C], m[act + ACT_D]
        give_back(m, act, ACT_SIZE)
        happen(m, kind, a, b, c, d)
        if m[AGENDA]:
            run_agenda(m)
    settle(m)
    return 3 if m[MISSES] > 0 else 0


# --- from a plan to a trace ------------------------------------------------------------------------------------------

RULES = (
    records, agenda, luck, rows, faults, links, journeys, folding, waits, clients, looking, caching, queueing, absence,
    handling, hearing, telling, loading, disks, storing, flushing, publishing, logbook, recovery, instances, projecting,
    rebuilding,
)  # fmt: skip
"""All modules of rules: what is compiled, together with the functions above."""

Advance = Callable[[Any], int]
"""Takes the memory of a run, lets it happen, and returns as :func:`advance` does."""

Take = Callable[[Ints], object]
"""Takes rows of the trace, of shape (n, 7), in their order; a block never ends within an instant, and is written over
when the next one comes."""


def can_run(plan: Plan) -> tuple[str, ...]:
    """Why this engine cannot run a plan; each reason names the setting."""
    return reasons(plan)


def run(plan: Plan, compiled: bool | None = None) -> Trace:
    """Let a plan happen, up to its end: by compiled code where Numba is installed, unless told otherwise.

    Raises PlanError for a plan that :func:`can_run` has reasons against.

    >>> from cqrsim.engines import simpy_engine
    >>> from cqrsim.plan.plan import lower
    >>> from cqrsim.scenario import Clients, Poisson, Scenario
    >>> from cqrsim.units import per_second, seconds
    >>> plan = lower(Scenario(clients=Clients(arrivals=Poisson(per_second(100))), length=seconds(1)), seed=1)
    >>> run(plan, compiled=False).digest() == simpy_engine.run(plan).digest()
    True
    """
    blocks = list[Ints]()

    def begin_anew() -> Take:
        blocks.clear()
        return lambda rows: blocks.append(rows.copy())

    stream(plan, begin_anew, compiled)
    dtypes = (np.int64, np.int16, np.int64, np.int16, np.int16, np.int16, np.int64)
    columns = [np.concatenate([block[:, i].astype(dtype) for block in blocks]) for i, dtype in enumerate(dtypes)]
    return Trace(Rows(*columns), plan.marks, plan.looks.reads, plan.about)


def stream(plan: Plan, begin_anew: Callable[[], Take], compiled: bool | None = None) -> None:
    """Hand the rows of a run over, block by block, as they come about.

    ``begin_anew`` is called before the first block, and again when a run has to be begun anew because luck or memory
    was short: what was taken before is void then.
    """
    if told := can_run(plan):
        raise PlanError("the array engine cannot run this plan: " + "; ".join(told))
    advance_by = _advance_by(compiled)
    known = _known_of(plan)
    drawn = dict[tuple[int, int], Ints]()
    while not _attempt(Memory(plan, known, drawn), advance_by, begin_anew()):
        pass


def _attempt(memory: Memory, advance_by: Advance, take_rows: Take) -> bool:
    """Whether a run came to its end; if not, it is known by now what was short."""
    numbers: Any = memory.numbers()
    if advance_by is advance:
        numbers = numbers.tolist()
    while True:
        try:
            said = advance_by(numbers)
        except MemoryError:
            said = -1
        if said == -1:
            if numbers[OUT_END] >= numbers[OUT_LAST]:
                memory.known.rows *= 2
            else:
                memory.known.room *= 4
            return False
        if said in (0, 1):
            start, end = int(numbers[OUT]), int(numbers[OUT_END])
            take_rows(np.asarray(numbers[start:end], dtype=np.int64).reshape(-1, WIDTH))
            numbers[OUT_END] = start
        if said == 0:
            return True
        if said == 2:
            numbers = _with_more_room(numbers)
        elif said == 3:
            memory.missed(numbers)
            return False


def _with_more_room(numbers: Any) -> Any:
    """The same memory with room for as much again as it has taken in the run so far."""
    top, size = int(numbers[TOP]), int(numbers[SIZE])
    more = 2 * size
    if isinstance(numbers, list):
        numbers.extend([0] * (more - size))
    else:
        larger = np.zeros(more, dtype=np.int64)
        larger[:top] = numbers[:top]
        numbers = larger
    numbers[SIZE], numbers[LIMIT] = more, top + (more - top) // 2
    return numbers


_KNOWN: dict[tuple[Any, ...], Known] = {}
"""What runs of a shape have turned out to need: the next one of its shape draws that at once."""


def _known_of(plan: Plan) -> Known:
    """By the settings of a plan, roughly: what is known too much costs time, and what too little another attempt."""
    about = plan.about
    groups = tuple(
        (group.retries is None, group.own_reads is None, group.feedback.error_events) for group in plan.groups
    )
    shape = (groups, about.answer_at, about.projections, about.faults, about.shards, about.fold_on, about.wait_for)
    return _KNOWN.setdefault((*shape, about.keeps_own_store, about.live_state, about.give_up_ns), Known())


# --- compiling -------------------------------------------------------------------------------------------------------


def is_compilable() -> bool:
    """Whether there is anything to compile with."""
    return native.is_possible()


def is_kept() -> bool:
    """Whether the rules were compiled before, and are on disk."""
    return keeping.is_kept(_version())


def is_ready() -> bool:
    """Whether this process has the compiled rules at hand."""
    return bool(_advance.cache_info().currsize) and is_compilable()


def _advance_by(compiled: bool | None) -> Advance:
    return advance if compiled is False or not is_compilable() else _advance()


@cache
def _advance() -> Advance:
    """The rules as machine code."""
    functions = [function for module in (*RULES, sys.modules[__name__]) for function in _functions_of(module)]
    functions = functions[: functions.index(cast(types.FunctionType, advance)) + 1]
    names = vars(memory) | vars(words) | {"NEVER": NEVER, "OVERFLOW": OVERFLOW}
    return native.compiled(functions, names, FAILED, _version())


@cache
def _version() -> str:
    """A digest of everything that the compiled rules depend on."""
    modules = (*RULES, sys.modules[__name__], memory, words, native, messages, moments, answers)
    return keeping.version_of(Path(str(module.__file__)) for module in modules)


def _functions_of(module: types.ModuleType) -> list[types.FunctionType]:
    own = [value for value in vars(module).values() if isinstance(value, types.FunctionType)]
    return [function for function in own if function.__module__ == module.__name__]
