"""A run that is summarised row by row comes to the same as one that is kept."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from swarm.scenarios import scenario_of

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.engines import simpy_engine
from cqrsim.errors import TraceError
from cqrsim.messages import AppendOutcome, Link
from cqrsim.metrics import commands, layout, summary
from cqrsim.metrics.histogram import bucket_of, middles
from cqrsim.metrics.steps import Ints
from cqrsim.metrics.stream_arrays import KEPT_LONGEST
from cqrsim.metrics.streaming import Streaming, reasons
from cqrsim.moments import Moment
from cqrsim.plan.plan import lower
from cqrsim.trace import COLUMNS, About, FaultNote, Marks, Trace

QUANTILES = ("p50", "p90", "p95", "p99", "p999")


def rows_of(trace: Trace) -> Ints:
    return np.column_stack([getattr(trace.rows, name).astype(np.int64) for name in COLUMNS])


def blocks(rows: Ints, size: int) -> Iterator[Ints]:
    """Blocks of about so many rows, none of which ends within an instant."""
    begin = 0
    while begin < len(rows):
        end = min(begin + size, len(rows))
        while end < len(rows) and rows[end, 0] == rows[end - 1, 0]:
            end += 1
        yield rows[begin:end]
        begin = end


def stream(trace: Trace, own_reads: tuple[bool, ...] = (True,), size: int = 1000, sample: int = 1000) -> Streaming:
    streaming = Streaming(trace.about, trace.marks, trace.reads, own_reads, sample)
    for block in blocks(rows_of(trace), size):
        streaming.take(block)
    return streaming


def assert_same(streamed: pd.DataFrame, full: pd.DataFrame) -> None:
    """All the same to the last bit, but for percentiles."""
    is_quantile = full["stat"].isin(QUANTILES).to_numpy() & full["metric"].str.endswith("_ms").to_numpy()
    pd.testing.assert_frame_equal(streamed[~is_quantile], full[~is_quantile], check_exact=True)
    others = [name for name in full.columns if name != "value"]
    pd.testing.assert_frame_equal(streamed[others], full[others])
    pd.testing.assert_series_equal(streamed["value"], full["value"], rtol=0.003, atol=1e-9)


def scenario(**settings: object) -> cq.Scenario:
    """A busy little system."""
    plain = cq.Scenario(
        clients=cq.Clients(cq.Poisson(per_second(300)), invalid=0.05, changes=((1, 0.5), (-1, 0.5))),
        handlers=cq.Handlers(validate=cq.Exponential(ms(1))),
        disk=cq.Disk(write=cq.Exponential(ms(2))),
        projections=cq.Projection(apply=cq.Exponential(ms(2))),
        aggregates=cq.Evenly(5),
        rule=cq.Range(-2, 2),
        length=seconds(1),
        warm_up=ms(100),
        drain=seconds(5),
    )
    return plain.with_(**settings)


RETRYING = cq.Clients(
    cq.Poisson(per_second(300)),
    patience=ms(20),
    retries=cq.Retries(2, ms(5), after=("timeout", "failure"), same_id=False),
    changes=((1, 0.5), (-1, 0.5)),
)
READING = cq.Clients(
    cq.Poisson(per_second(300)),
    sessions=5,
    changes=((1, 0.5), (-1, 0.5)),
    own_reads=cq.OwnReads(after=ms(1), count=2, gap=ms(3)),
    background_reads=cq.BackgroundReads(per_second(200), sessions=3),
)
FULL = cq.DiskFull(at=ms(400), lasts=ms(200))
SCENARIOS = {
    "wait": scenario(),
    "own store": scenario(state=cq.OwnStore(), faults=(FULL,)),
    "own store, mended": scenario(state=cq.OwnStore(reconcile_every=ms(50)), faults=(FULL,)),
    "published, given up": scenario(
        state=cq.FromPublished(give_up_after=ms(5)),
        network=cq.Network(store_to_subscriber=cq.Route(cq.Constant(ms(3)))),
    ),
    "notices lost": scenario(
        state=cq.FromPublished(give_up_after=ms(50)), faults=(cq.LostMessages(share=0.3, link="store->subscriber"),)
    ),
    "generated": scenario(state=cq.FromGenerated(wait=False), faults=(FULL,)),
    "careful": scenario(state=cq.FromGenerated(careful=True), faults=(cq.WriteErrors(share=0.2),)),
    "load": scenario(state=cq.LoadDecideAppend(retries=2), handlers=cq.Handlers(turn="none")),
    "forward": scenario(feedback=cq.ForwardEvent(poll=ms(10)), faults=(FULL,)),
    "silence": scenario(feedback=cq.Silence(reload=ms(20), patience=ms(200)), faults=(FULL,)),
    "error cache": scenario(feedback=cq.ErrorCache(keep_for=ms(30), at_most=3, poll=ms(10))),
    "applied": scenario(feedback=cq.SyncValidation(answer_at="applied")),
    "retries": scenario(
        clients=RETRYING, feedback=cq.SyncValidation(answer_at="written"), disk=cq.Disk(write=cq.Exponential(ms(4)))
    ),
    "reads": scenario(clients=READING, store=cq.EventStore(flush=ms(7))),
    "reads and losses": scenario(
        clients=READING,
        network=cq.Network(store_to_projection=cq.Route(cq.Exponential(ms(5)), in_order=False)),
        faults=(cq.LostMessages(share=0.05, link="store->projection"),),
    ),
    "early answers": scenario(clients=READING, store=cq.EventStore(flush=ms(20), answer_after="write"), faults=(FULL,)),
    "periodic": scenario(store=cq.EventStore(flush=ms(7), answer_after="write", batch_at_most=None)),
    "early": scenario(store=cq.EventStore(publish="before_durable"), state=cq.FromPublished()),
    "two views": scenario(projections=(cq.Projection(name="a"), cq.Projection(name="b", poll=ms(10)))),
    "closed": scenario(clients=cq.Clients(cq.Closed(clients=5, think=ms(3), pace=ms(10)))),
    "caught": scenario(
        clients=cq.Clients(
            cq.Poisson(per_second(300)), invalid=0.5, pre_validation=cq.PreValidation(caught=0.5, cost=ms(1))
        )
    ),
    "overloaded": scenario(handlers=cq.Handlers(queue_limit=2, validate=cq.Constant(ms(4)))),
    "no events": scenario(clients=cq.Clients(cq.Poisson(per_second(300)), events=((0, 0.5), (2, 0.5)))),
    "lost commands": scenario(faults=(cq.LostMessages(share=0.1, link="client->handler"),)),
    "lost appends": scenario(faults=(cq.LostMessages(share=0.1, link="handler->store"),)),
    "lost answers": scenario(
        state=cq.FromGenerated(give_up_after=ms(20)), faults=(cq.LostMessages(share=0.1, link="store->handler"),)
    ),
    "lost polls": scenario(
        feedback=cq.ForwardEvent(poll=ms(5), push=True), faults=(cq.LostMessages(share=0.1, link="store->client"),)
    ),
    "two groups": scenario(
        clients=(
            cq.Clients(cq.Poisson(per_second(100)), name="one"),
            RETRYING.variant(name="two", feedback=cq.Silence(reload=ms(30))),
        ),
        handlers=cq.Handlers(shards=2, workers=2, worker_waits=True),
    ),
    "cut off": scenario(drain=ms(0), grace=ms(0), disk=cq.Disk(write=cq.Exponential(ms(5)))),
}


def run(asked: cq.Scenario, seed: int = 1) -> Trace:
    return simpy_engine.run(lower(asked, seed))


def reads_own(asked: cq.Scenario) -> tuple[bool, ...]:
    return tuple(group.own_reads is not None for group in asked.groups)


@pytest.mark.parametrize("name", SCENARIOS)
def test_streamed_and_full_summaries_agree(name: str) -> None:
    asked = SCENARIOS[name]
    trace = run(asked)
    full = summary(trace)
    for size in (1, 97, 10**6) if name in ("wait", "reads", "two groups") else (500,):
        assert_same(stream(trace, reads_own(asked), size).summary(), full)


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_random_systems_agree(first: int) -> None:
    """Whatever can be streamed, of systems with everything in them, without and with faults."""
    streamed = 0
    for seed in range(first, first + 20):
        for asked in (scenario_of(seed).with_(faults=()), scenario_of(seed)):
            plan = lower(asked, seed)
            if reasons(plan.about) or (asked.faults and asked.store.on_error == "exit"):
                continue
            trace = simpy_engine.run(plan)
            assert_same(stream(trace, reads_own(asked)).summary(), summary(trace))
            streamed += 1
    assert streamed >= 20


def value(name: str, metric: str, stat: str = "count") -> float:
    found = stream(run(SCENARIOS[name]), reads_own(SCENARIOS[name])).summary().set_index(["metric", "stat"])
    return float(found.loc[(metric, stat), "value"])


def lost_on(link: Link) -> Callable[[Trace], bool]:
    return lambda trace: bool((trace.of(Moment.MESSAGE_LOST).place == link).any())


def failed_with(outcome: AppendOutcome) -> Callable[[Trace], bool]:
    return lambda trace: bool((trace.of(Moment.APPEND_FAILED).outcome == outcome).any())


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("own store", failed_with(AppendOutcome.FULL)),
        ("careful", failed_with(AppendOutcome.ERROR)),
        ("load", failed_with(AppendOutcome.CONFLICT)),
        ("own store, mended", lambda trace: len(trace.of(Moment.REREAD)) > 0),
        ("published, given up", lambda trace: len(trace.of(Moment.HANDLER_GAVE_UP)) > 0),
        ("error cache", lambda trace: bool((trace.of(Moment.REFUSAL_EXPIRED).value == 1).any())),
        ("retries", lambda trace: bool((trace.of(Moment.SENT).attempt > 0).any())),
        ("caught", lambda trace: len(trace.of(Moment.CAUGHT)) > 0),
        ("overloaded", lambda trace: bool((trace.of(Moment.DECIDED).outcome == 3).any())),
        ("periodic", lambda trace: len(trace.of(Moment.BUFFERED)) > 0),
        ("notices lost", lost_on(Link.STORE_TO_SUBSCRIBER)),
        ("lost commands", lost_on(Link.CLIENT_TO_HANDLER)),
        ("lost appends", lost_on(Link.HANDLER_TO_STORE)),
        ("lost answers", lost_on(Link.STORE_TO_HANDLER)),
        ("lost polls", lost_on(Link.STORE_TO_CLIENT)),
        ("reads and losses", lost_on(Link.STORE_TO_PROJECTION)),
    ],
)
def test_rare_paths_are_taken(name: str, taken: Callable[[Trace], bool]) -> None:
    assert taken(run(SCENARIOS[name]))


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("own store", "divergence_episodes"),
        ("own store", "decided_while_divergent"),
        ("own store", "false_success"),
        ("published, given up", "divergence_episodes"),
        ("generated", "wrong_accept"),
        ("generated", "wrong_refuse"),
        ("generated", "stale_decision"),
        ("forward", "silent_failure"),
        ("retries", "duplicate"),
        ("reads", "stale_read"),
        ("reads", "read_your_writes_violation"),
        ("reads and losses", "monotonic_writes_violation"),
    ],
)
def test_rare_figures_are_reached(name: str, metric: str) -> None:
    assert value(name, metric) > 0


def test_what_is_censored_is_reached() -> None:
    full = summary(run(SCENARIOS["cut off"])).set_index(["metric", "stat"])
    assert full.loc[("feedback_ms", "mean"), "n_censored"] > 0
    assert full.loc[("feedback_ms", "mean"), "lower_bound"]


def test_percentiles_come_from_histograms_where_there_are_many() -> None:
    """More waits than are kept one by one: still within 1 %, and the rest to the last bit."""
    asked = scenario(clients=cq.Clients(cq.Poisson(per_second(1000))), length=seconds(8), aggregates=cq.Evenly(500))
    trace = run(asked)
    assert len(trace.marks) > 3 * KEPT_LONGEST
    assert_same(stream(trace, (False,), 100_000).summary(), summary(trace))


def test_the_sample_has_the_rows_of_the_full_table() -> None:
    trace = run(SCENARIOS["reads"])
    sampled = stream(trace, sample=50).commands()
    full = commands(trace)
    assert 20 < len(sampled) < 100
    expected = full[full["command"].isin(sampled["command"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(sampled, expected[sampled.columns])


def test_the_sample_is_the_same_in_every_design() -> None:
    one, two = (stream(run(SCENARIOS[name]), sample=50).commands()["command"] for name in ("wait", "forward"))
    assert one.tolist() == two.tolist()


def test_buckets_are_narrow() -> None:
    """Small numbers are exact, all others within 0.2 %; buckets follow each other without a gap."""
    numbers = [*range(5000), *(2**power + step for power in range(12, 62) for step in (-1, 0, 1))]
    found = np.array([bucket_of(number) for number in numbers])
    told = middles(found)
    assert told[:512].tolist() == list(range(512))
    assert (np.abs(told - numbers) <= np.array(numbers) / 500).all()
    assert (np.diff(found[:5000]) >= 0).all()
    assert (np.diff(found[:5000]) <= 1).all()


def test_memory_does_not_grow_with_the_run() -> None:
    """Records are given back: a run ten times as long needs no more of them."""
    used = []
    for length in (1, 10):
        asked = scenario(length=seconds(length))
        streaming = stream(run(asked), (False,))
        used.append(int(streaming._arrays.memory.numbers[layout.USED]))
    assert used[1] < 3 * used[0]


def test_reasons_are_told_by_name() -> None:
    """What cannot be streamed is refused before anything runs."""
    faults = tuple(FaultNote(f"old {effect}", effect=effect) for effect in ("Crash", "Slow", "Duplicate"))
    about = About(length_ns=1, end_ns=2, custom_rule=True, faults=faults)
    told = reasons(about)
    assert [why.split(":")[0] for why in told] == ['fault "old Crash"', 'fault "old Duplicate"', "the rule"]
    with pytest.raises(TraceError, match="old Crash"):
        Streaming(about, Marks.of(1))
    assert reasons(About(length_ns=1)) == ("the end of the run is not known beforehand",)
    assert not reasons(run(SCENARIOS["own store"]).about)


def test_steps_that_cannot_be_streamed_are_not_passed_over() -> None:
    about = About(length_ns=10, end_ns=10)
    streaming = Streaming(about, Marks.of(1))
    with pytest.raises(TraceError, match="of vanished"):
        streaming.take(np.array([[3, Moment.VANISHED, 0, 0, 0, 0, 0]]))
    with pytest.raises(TraceError, match="not yet"):
        Streaming(about, Marks.of(1)).take(np.array([[3, Moment.SENT, 0, 0, 0, 0, 0]]))
    over = Streaming(about, Marks.of(1))
    assert Counter(over.summary()["value"].isna())[False] > 0
    with pytest.raises(TraceError, match="no more rows"):
        over.take(np.empty((0, 7), np.int64))


_UNCOMPILED = """
import sys
sys.modules["numba"] = None
from metrics.test_streaming import SCENARIOS, assert_same, reads_own, run, stream
from cqrsim import ms
from cqrsim.metrics import summary
for name in ("retries", "reads", "generated", "two views"):
    asked = SCENARIOS[name].with_(length=ms(300))
    trace = run(asked)
    assert_same(stream(trace, reads_own(asked)).summary(), summary(trace))
"""


def test_without_a_compiler_it_is_the_same() -> None:
    here = os.pathsep.join(path for path in sys.path if path)
    subprocess.run([sys.executable, "-c", _UNCOMPILED], check=True, env={**os.environ, "PYTHONPATH": here})
