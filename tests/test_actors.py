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


EVERY_7_MS = cq.Clients(cq.Regular(ms(7)))


def test_a_batch_window_that_closes_during_a_flush_is_not_forgotten() -> None:
    """Group-commit window and periodic flush together: every append becomes durable."""
    store = cq.EventStore(batch_window=ms(5), batch_at_most=None, flush=ms(10))
    disk = cq.Disk(write=ms(1), flush=ms(4))
    table = cq.simulate(small(clients=EVERY_7_MS, store=store, disk=disk, aggregates=cq.Evenly(1000)), 1).commands()
    assert (table.truth == "durable").all()


def test_a_periodic_flush_keeps_to_its_times() -> None:
    """A tick with nothing to flush leaves nothing behind: the next write waits for the next tick."""
    times = tuple(ms(t) for t in (50, 250, 251, 430))
    scenario = small(
        clients=cq.Clients(cq.Recorded(times=times)), store=cq.EventStore(flush=ms(100)), disk=cq.Disk(write=ms(1)),
        aggregates=cq.Evenly(1000),
    )  # fmt: skip
    assert cq.simulate(scenario, seed=1).commands().written_ms.tolist() == [100, 300, 300, 500]


def test_an_error_event_has_luck_of_its_own() -> None:
    """It does not meet the very write error that it is to tell of."""
    scenario = small(
        clients=cq.Clients(cq.Regular(ms(5))), feedback=cq.ForwardEvent(), length=seconds(20),
        aggregates=cq.Evenly(1000), faults=(cq.WriteErrors(share=0.1),),
    )  # fmt: skip
    trace = cq.simulate(scenario, seed=1).trace
    failed, lost = len(trace.of(Moment.APPEND_FAILED)), len(trace.of(Moment.REFUSAL_LOST))
    assert 300 < failed < 500
    assert 0.04 * failed < lost < 0.2 * failed


def test_messages_of_different_kinds_and_tries_have_luck_of_their_own() -> None:
    """A message that is lost once is not lost again for that reason."""
    scenario = small(
        clients=cq.Clients(cq.Regular(ms(10))), state=cq.LoadDecideAppend(retries=0, give_up_after=ms(5)),
        aggregates=cq.Evenly(1000), length=seconds(20),
        network=cq.Network(handler_to_store=cq.Route(ms(0), loss=0.3)),
    )  # fmt: skip
    trace = cq.simulate(scenario, seed=1).trace
    assert len(trace.of(Moment.LOADED)) == len(trace.marks), "every load gets through in the end"
    delays = small(
        clients=cq.Clients(cq.Regular(ms(50)), own_reads=cq.OwnReads(), feedback=cq.Silence(reload=ms(1))),
        network=cq.Network(client_to_projection=cq.Exponential(ms(1))), aggregates=cq.Evenly(1000),
    )  # fmt: skip
    table = cq.simulate(delays, seed=1).trace
    polled, read = table.of(Moment.POLLED), table.of(Moment.OWN_READ)
    assert len(read) == len(table.marks)
    assert len(set((polled.time % 10**6).tolist()) & set((read.time % 10**6).tolist())) < 3


def test_a_fault_that_never_strikes_changes_no_load() -> None:
    """A slow read stays a slow read, whether or not its messages might get lost some day."""
    slow = small(
        clients=EVERY_7_MS, state=cq.LoadDecideAppend(give_up_after=ms(50)), store=cq.EventStore(read=ms(60)),
        aggregates=cq.Evenly(1000), handlers=cq.Handlers(workers=50),
    )  # fmt: skip
    never = cq.LostMessages(share=1e-9, link="handler->store", at=ms(999), lasts=ms(1))
    plain, faulty = (cq.simulate(scenario, seed=1).commands() for scenario in (slow, slow.with_faults(never)))
    assert (plain.truth == "durable").all()
    assert plain.written_ms.tolist() == faulty.written_ms.tolist()


def test_the_failure_of_an_earlier_try_says_nothing_of_the_next() -> None:
    """A late answer, an old error event, an old cache entry: none makes a client believe that its second try failed."""
    failing = cq.WriteErrors(share=1, lasts=ms(15))
    late = cq.Clients(cq.Recorded(times=(ms(10),)), patience=ms(15), retries=cq.Retries(at_most=1, first=ms(1)))
    scenario = small(
        clients=late, disk=cq.Disk(write=ms(10)), feedback=cq.SyncValidation("written"),
        network=cq.Network(handler_to_client=ms(8)), faults=(failing,),
    )  # fmt: skip
    table = cq.simulate(scenario, seed=1).commands()
    assert (table.truth.tolist(), table.belief.tolist(), table.attempts.tolist()) == (["durable"], ["unknown"], [2])
    again = cq.Clients(cq.Recorded(times=(ms(10),)), patience=ms(400), retries=cq.Retries(at_most=1, first=ms(30)))
    for feedback in (cq.ForwardEvent(poll=ms(20)), cq.ErrorCache(keep_for=seconds(5), poll=ms(20))):
        broken = small(
            clients=again, disk=cq.Disk(write=ms(2)), feedback=feedback | cq.SyncValidation("written"),
            network=cq.Network(store_to_client=ms(1)), faults=(cq.WriteErrors(share=1, lasts=ms(11)),),
        )  # fmt: skip
        assert cq.simulate(broken, seed=1).commands().belief.tolist() == ["success"]


def test_a_duplicate_passes_the_turn_on_in_a_handler_that_listens() -> None:
    """2a, dedupe and a retry: the original has been published before, so nobody waits for ever."""
    times = (seconds(1), seconds(1) + ms(200))
    scenario = small(
        clients=cq.Clients(cq.Recorded(times=times), patience=ms(5), retries=cq.Retries(1, first=ms(1))),
        state=cq.FromPublished(), store=cq.EventStore(dedupe=True), disk=cq.Disk(write=ms(8)),
        feedback=cq.SyncValidation("written"),
    )  # fmt: skip
    run = cq.simulate(scenario, seed=1)
    assert (run.commands().truth == "durable").all()
    assert "STUCK" not in set(run.anomalies().kind)


def test_dedupe_sees_duplicates_within_one_batch() -> None:
    """Both tries wait for the same commit: the id is written once."""
    scenario = small(
        clients=cq.Clients(cq.Recorded(times=(seconds(1),)), patience=ms(2), retries=cq.Retries(1, first=ms(1))),
        state=cq.FromGenerated(wait=False), feedback=cq.SyncValidation("written"),
        store=cq.EventStore(dedupe=True, batch_window=ms(10), batch_at_most=None),
        network=cq.Network(handler_to_client=cq.Route(ms(0), loss=1.0)),
    )  # fmt: skip
    trace = cq.simulate(scenario, seed=1).trace
    assert len(trace.of(Moment.WRITTEN)) == 1
    assert len(trace.of(Moment.APPEND_FAILED)) == 1


def test_an_id_that_the_handler_makes_does_not_survive_a_retry() -> None:
    """The client cannot name what it was never told: the orphan and the retry are two commands to the store."""
    scenario = small(
        clients=cq.Clients(cq.Recorded(times=(seconds(1),)), patience=ms(50), retries=cq.Retries(1, first=ms(1))),
        feedback=cq.ForwardEvent(poll=ms(20), command_id="handler"), store=cq.EventStore(dedupe=True),
        faults=(cq.LostMessages(share=1, link="handler->client", at=seconds(1), lasts=ms(10)),),
    )  # fmt: skip
    assert cq.simulate(scenario, seed=1).commands().truth.tolist() == ["stored_twice"]


def test_a_conflict_costs_no_write_and_takes_no_room() -> None:
    """Versions are checked before bytes: what conflicts is told at once, and leaves the room to others."""
    times = (ms(0), ms(0), ms(0))
    scenario = small(
        clients=cq.Clients(cq.Recorded(times=times), event_size=cq.bytes_(100)), length=seconds(1),
        handlers=cq.Handlers(turn="none", workers=8), feedback=cq.SyncValidation("written"),
        store=cq.EventStore(check_version=True, batch_at_most=None),
        disk=cq.Disk(write=ms(100), capacity=cq.bytes_(200)),
    )  # fmt: skip
    table = cq.simulate(scenario, seed=1).commands()
    assert table.truth.tolist() == ["durable", "not_durable", "not_durable"]
    assert table.reason.astype("str").tolist()[1:] == ["conflict", "conflict"]


def test_an_answer_of_doubt_leaves_the_other_channels_open() -> None:
    """Whichever channel speaks first informs the client; "unknown" is not an outcome."""
    both = cq.SyncValidation("applied", wait_at_most=ms(20)) | cq.ForwardEvent(poll=ms(100))
    scenario = small(feedback=both, projections=cq.Projection(apply=seconds(1)))
    assert cq.simulate(scenario, seed=1).commands().channel.astype("str").tolist() == ["event_poll"]


def test_a_retry_of_an_applied_command_is_answered() -> None:
    """What a projection has applied in the first try is applied for the second too."""
    scenario = small(
        clients=cq.Clients(cq.Recorded(times=(seconds(1),)), patience=ms(100), retries=cq.Retries(3, first=ms(10))),
        feedback=cq.SyncValidation("applied"), store=cq.EventStore(dedupe=True), disk=cq.Disk(write=ms(5)),
        faults=(cq.LostMessages(share=1, link="handler->client", at=seconds(1), lasts=ms(50)),),
    )  # fmt: skip
    assert cq.simulate(scenario, seed=1).commands().belief.tolist() == ["success"]


def test_a_retry_meets_the_same_luck_in_every_design() -> None:
    """Reloads of a handler do not move the draws of the client's next try."""
    clients = cq.Clients(cq.Regular(ms(20)), patience=ms(1), retries=cq.Retries(1, first=ms(5)))
    network = cq.Network(client_to_handler=cq.Exponential(ms(3)))
    travel = []
    for state in (cq.FromGenerated(), cq.LoadDecideAppend(retries=3)):
        trace = cq.simulate(small(clients=clients, network=network, state=state, aggregates=cq.Evenly(1000)), 1).trace
        sent, received = trace.of(Moment.SENT), trace.of(Moment.RECEIVED)
        begun = {(c, a > 0): t for c, a, t in zip(sent.command, sent.attempt, sent.time, strict=True)}
        travel.append(
            sorted(
                (int(c), int(t - begun[c, True]))
                for c, a, t in zip(received.command, received.attempt, received.time, strict=True)
                if a > 0
            )
        )
    assert travel[0] == travel[1]


def test_what_one_projection_has_lost_is_not_missing_in_another() -> None:
    """A lost publication names the projection that it was meant for; one that has yet to poll merely lags."""
    views = (cq.Projection(name="pushed"), cq.Projection(name="polling", poll=seconds(100)))
    lost = cq.LostMessages(share=1, link="store->projection")
    trace = cq.simulate(small(projections=views, faults=(lost,)), seed=1).trace
    assert trace.of(Moment.MESSAGE_LOST).outcome.tolist() == [0]
    summary = metrics.summary(trace).set_index(["metric", "stat"])
    assert summary.n_censored["lag_polling_ms", "p50"] == 1
    assert summary.n_censored["lag_pushed_ms", "p50"] == 0


def test_without_a_queue_what_cannot_begin_at_once_is_refused() -> None:
    """Two workers, no place to wait: the third command at once is turned away, as is one whose turn is taken."""
    handlers = cq.Handlers(workers=2, queue_limit=0, validate=cq.ms(10))
    clients = cq.Clients(cq.Recorded(times=(cq.ms(0), cq.ms(0), cq.ms(0), cq.ms(20), cq.ms(21))))
    many = cq.Scenario(clients, handlers=handlers, aggregates=cq.Evenly(10**6), length=cq.seconds(1))
    told = cq.simulate(many, seed=1).commands()
    assert told["reason"].eq("overloaded").tolist() == [False, False, True, False, False]
    assert (told["turn_wait_ms"].dropna() == 0).all()
    one = many.with_(aggregates=cq.Evenly(1))
    assert cq.simulate(one, seed=1).commands()["reason"].eq("overloaded").tolist() == [False, True, True, False, True]
