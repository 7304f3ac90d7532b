"""Found bugs and fine points of the actors, each as a small story."""

import cqrsim as cq
from cqrsim import metrics, ms, seconds
from cqrsim.actors.clock import Clock
from cqrsim.moments import Moment

ONE = cq.Clients(cq.Recorded(times=(seconds(1),)))


def small(**parts: object) -> cq.Scenario:
    settings: dict[str, object] = {
        "clients": ONE,
        "aggregates": cq.Evenly(1),
        "length": seconds(2),
        "drain": seconds(5),
    }
    return cq.Scenario(**(settings | parts))  # type: ignore[arg-type]


def test_a_failure_that_two_channels_tell_of_is_a_reason_for_one_retry() -> None:
    """The error event and the cache both speak before the client tries again: it does so once."""
    clients = cq.Clients(cq.Recorded(times=(seconds(1),)), retries=cq.Retries(at_most=2, first=ms(50)))
    failing = cq.WriteErrors(share=1, at=seconds(1), lasts=ms(1))
    both = cq.ForwardEvent() | cq.ErrorCache(keep_for=seconds(1), poll=ms(10))
    refused = cq.SyncValidation("written") | both
    trace = cq.simulate(small(clients=clients, feedback=refused, faults=(failing,), disk=cq.Disk(write=ms(1))), 1).trace
    assert trace.of(Moment.SENT).attempt.tolist() == [0, 1]
    assert metrics.invariants(trace) == []


def test_what_arrives_at_the_instant_of_the_timeout_has_arrived() -> None:
    """Who gives up does so last."""
    waits = small(
        state=cq.FromGenerated(give_up_after=ms(10)),
        disk=cq.Disk(write=ms(10)),
        feedback=cq.SyncValidation("written"),
        clients=cq.Clients(cq.Recorded(times=(seconds(1),)), patience=ms(10)),
    )
    trace = cq.simulate(waits, seed=1).trace
    assert len(trace.of(Moment.HANDLER_GAVE_UP)) == len(trace.of(Moment.GAVE_UP)) == 0
    shorter = waits.with_(state=cq.FromGenerated(give_up_after=ms(10) - cq.ns(1)))
    assert len(cq.simulate(shorter, seed=1).trace.of(Moment.HANDLER_GAVE_UP)) == 1


def test_a_cached_refusal_is_readable_in_a_half_open_interval() -> None:
    """[t, t + keep_for): the poll at the very end comes too late, one nanosecond earlier it does not."""
    clients = cq.Clients(cq.Recorded(times=(seconds(1),)), invalid=1.0, patience=seconds(1))
    for keep_for, belief in ((ms(100), "unknown"), (ms(100) + cq.ns(1), "failure")):
        feedback = cq.ErrorCache(keep_for=keep_for, poll=ms(100))
        table = cq.simulate(small(clients=clients, feedback=feedback), seed=1).commands()
        assert table.belief.tolist() == [belief]


def test_a_lost_first_answer_orphans_a_command_whose_id_the_handler_makes() -> None:
    """Without the id the client can neither poll nor recognise a pushed event; with an id of its own it can."""
    lost = cq.LostMessages(share=1, link="handler->client")
    for command_id, belief in (("handler", "never_told"), ("client", "success")):
        for poll in (None, ms(20)):
            feedback = cq.ForwardEvent(poll=poll, command_id=command_id)  # type: ignore[arg-type]
            table = cq.simulate(small(feedback=feedback, faults=(lost,)), seed=1).commands()
            assert table.belief.tolist() == [belief]


def test_optimistic_handlers_without_turns_conflict_and_retry() -> None:
    """Two commands at once on one aggregate: one is written, the other reloads and is written after it."""
    clients = cq.Clients(cq.Recorded(times=(seconds(1), seconds(1))))
    scenario = small(
        clients=clients,
        state=cq.LoadDecideAppend(retries=1),
        handlers=cq.Handlers(workers=2, turn="none", validate=ms(1)),
        disk=cq.Disk(write=ms(2)),
    )
    trace = cq.simulate(scenario, seed=1).trace
    assert trace.of(Moment.WRITTEN).command.tolist() == [0, 1]
    assert trace.of(Moment.WRITTEN).attempt.tolist() == [0, 1]
    assert len(trace.of(Moment.APPEND_FAILED)) == 1
    none = cq.simulate(scenario.with_(state=cq.LoadDecideAppend(retries=0)), seed=1).commands()
    assert none.truth.tolist() == ["durable", "not_durable"]


def test_published_events_of_a_batch_are_applied_in_the_order_of_the_log() -> None:
    """A delay that is equal for all does not turn into the order of the commands' numbers."""
    times = tuple(seconds(1) + ms(t) for t in (0, 1, 1, 2))
    scenario = small(
        clients=cq.Clients(cq.Recorded(times=times)),
        handlers=cq.Handlers(validate=cq.Empirical(values=tuple(ms(v) for v in (0, 9, 3, 1)), replay=True), workers=4),
        aggregates=cq.Evenly(1000),
        store=cq.EventStore(batch_at_most=None),
        disk=cq.Disk(write=ms(20)),
        network=cq.Network(store_to_projection=ms(5)),
    )
    events = cq.simulate(scenario, seed=1).events()
    assert events.command.tolist() != sorted(events.command)
    assert events.applied_view_ms.is_monotonic_increasing
    trace = cq.simulate(scenario, seed=1).trace
    assert metrics.invariants(trace) == []


def test_processes_may_live_in_the_same_clock() -> None:
    """SimPy's own processes wait for ranked delays and plain timeouts as ever."""
    clock, seen = Clock(), []

    def process():  # type: ignore[no-untyped-def]
        yield clock.wait(5, Moment.DECIDED, command=1)
        seen.append(("waited", clock.now))
        yield clock.timeout(2)
        seen.append(("timeout", clock.now))

    clock.process(process())
    clock.after(5, Moment.RECEIVED, lambda _: seen.append(("received", clock.time)), None)
    clock.run(until=10)
    assert seen == [("received", 5), ("waited", 5), ("timeout", 7)]
