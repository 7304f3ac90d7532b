"""How the parts go down and come up again: what survives, what it costs, who notices.  One directed story for each."""

import pytest
from small import at, story

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.messages import AppendOutcome, Part
from cqrsim.metrics import invariants, unexplained
from cqrsim.moments import OVERFLOW, Moment

CRASHED, ERROR, FENCED = AppendOutcome.CRASHED, AppendOutcome.ERROR, AppendOutcome.FENCED


def played(scenario: cq.Scenario) -> cq.Run:
    """A run that keeps every rule, and of which every anomaly has a cause."""
    run = cq.simulate(scenario, seed=1)
    assert invariants(run.trace) == []
    assert unexplained(run.trace) == []
    return run


def counts(run: cq.Run) -> dict[str, int]:
    """How many commands each anomaly befell for good."""
    found = run.anomalies()
    return {str(kind): int(count) for kind, count in zip(found["kind"], found["count"], strict=True) if count}


def times(run: cq.Run, moment: Moment) -> list[float]:
    """When something happened (ms)."""
    return [time / 1e6 for time in run.trace.of(moment).time.tolist()]


def outcomes(run: cq.Run) -> list[int]:
    """How appends failed."""
    return run.trace.of(Moment.APPEND_FAILED).outcome.tolist()


# --- the store -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("crash_ms", "survives"), [(11.0, False), (12.5, True)])
def test_what_is_written_outlives_the_process(crash_ms: float, survives: bool) -> None:
    """Bytes that have left the process are found by the restart; nobody was told of either."""
    run = played(story(at(10), cq.StoreCrash(at=ms(crash_ms), restart=ms(50))))
    assert times(run, Moment.RECOVERED) == ([crash_ms + 50] if survives else [])
    assert outcomes(run) == ([] if survives else [CRASHED])
    assert not len(run.trace.of(Moment.APPEND_ANSWERED))


@pytest.mark.parametrize("crash_ms", [11.0, 12.5])
def test_what_is_not_flushed_dies_with_the_power(crash_ms: float) -> None:
    """A loss of power takes what was written and not flushed."""
    run = played(story(at(10), cq.PowerLoss(at=ms(crash_ms), restart=ms(50))))
    assert outcomes(run) == [CRASHED]
    assert not len(run.events())


def test_a_crash_behind_the_flush_leaves_the_event_and_no_answer() -> None:
    """Durable, not answered, not published: readers find it after the restart, listeners never hear of it."""
    crash = cq.Fault(cq.Crash(restart=ms(50)), where="store", when=cq.Nth(1, side="after"))
    run = played(story(at(10, 200), crash))
    assert times(run, Moment.RECOVERED) == [63.0]
    assert run.events().command.tolist() == [0]
    assert counts(run)["PGAP"] == 1
    told = played(story(at(10, 200), crash, store=cq.EventStore(republish=True)))
    assert "PGAP" not in counts(told)
    caught_up = played(story(at(10, 200), crash, projections=cq.Projection(catch_up=True)))
    assert "PGAP" not in counts(caught_up)


@pytest.mark.parametrize(("while_down", "durable"), [("held", 2), ("lost", 1)])
def test_what_comes_while_the_store_is_down_waits_or_is_lost(while_down: str, durable: int) -> None:
    """As the sender's connection has it."""
    down = cq.StoreCrash(at=ms(50), restart=ms(100), while_down=while_down)
    state = cq.FromGenerated(wait=False)
    run = played(story(at(10, 100), down, state=state))
    assert len(run.events()) == durable
    assert len(run.trace.of(Moment.MESSAGE_LOST)) == 2 - durable


def test_a_lying_flush_is_believed_until_the_power_fails() -> None:
    """Confirmed, published, applied, and gone: from the first lie on, since the log ends there."""
    run = played(story(at(10, 100), cq.LyingFlush(at=ms(50)), cq.PowerLoss(at=ms(200), restart=ms(50))))
    assert counts(run) == {"LOST": 1, "AHEAD": 1, "PHANTOM": 1}
    assert run.events().command.tolist() == [0]
    safe = played(story(at(10, 100), cq.LyingFlush(holds=ms(90)), cq.PowerLoss(at=ms(200), restart=ms(50))))
    assert counts(safe) == {}, "the cache has let go of both by then"


@pytest.mark.parametrize(("retry", "lost"), [(False, 0), (True, 1)])
def test_a_flush_that_is_tried_again_seems_to_work(retry: bool, lost: int) -> None:
    """Its pages count as clean: the second flush says yes to what is nowhere but in a cache."""
    error = cq.Fault(cq.FlushError(), when=cq.Nth(1))
    power = cq.PowerLoss(at=ms(200), restart=ms(50))
    run = played(story(at(10), error, power, store=cq.EventStore(retry_flush=retry)))
    assert counts(run).get("LOST", 0) == lost
    assert outcomes(run) == ([] if retry else [ERROR])


def test_a_periodic_flush_that_fails_comes_again() -> None:
    """A store that goes on as if nothing had been flushes again, successfully, and holds what is not there."""
    error = cq.Fault(cq.FlushError(), when=cq.Nth(1, of="flush"))
    store = cq.EventStore(flush=ms(20))
    run = played(story(at(10), error, cq.PowerLoss(at=ms(200), restart=ms(50)), store=store))
    assert times(run, Moment.WRITTEN) == [41.0], "the flush at 20 ms failed, the one at 40 ms seemed to work"
    assert counts(run)["LOST"] == 1


def test_a_poisoned_store_refuses_until_it_is_started_again() -> None:
    """After an error its log is not known any more: the ambiguous append is found, nothing comes in between."""
    error = cq.Fault(cq.Ambiguous(), when=cq.Nth(1))
    crash = cq.StoreCrash(at=ms(300), restart=ms(10))
    run = played(story(at(10, 100, 400), error, crash, store=cq.EventStore(on_error="poison")))
    assert outcomes(run) == [ERROR, ERROR]
    assert run.events().command.tolist() == [0, 2]
    assert counts(run)["GHOST"] == 1


def test_a_store_that_exits_answers_nobody() -> None:
    """It dies of the error, and comes back in its own time."""
    error = cq.Fault(cq.Ambiguous(), when=cq.Nth(1))
    store = cq.EventStore(on_error="exit", restart=ms(100))
    run = played(story(at(10, 400), error, store=store, state=cq.FromGenerated(give_up_after=ms(50))))
    assert times(run, Moment.CRASHED) == [13.0]
    assert times(run, Moment.RESTARTED)[0] == 113.0
    assert run.events().command.tolist() == [0, 1]


@pytest.mark.parametrize(("recover", "up_again_ms"), [("truncate", 62.0), ("refuse", 1050.0)])
def test_a_torn_tail_is_cut_or_keeps_the_store_down(recover: str, up_again_ms: float) -> None:
    """A store that refuses damage waits for somebody to repair it."""
    power = cq.PowerLoss(at=ms(12), restart=ms(50), tears=True)
    run = played(story(at(10), power, store=cq.EventStore(recover=recover)))
    assert times(run, Moment.RESTARTED)[0] == up_again_ms


@pytest.mark.parametrize("recover", ["truncate", "refuse"])
def test_detected_rot_costs_the_rest_of_the_log_or_one_record(recover: str) -> None:
    """Cut at the first bad record, everything behind it is gone; a repair takes out the bad one alone."""
    bad = set()
    for name in ("a", "b", "c", "d", "e"):  # each draws its victim by its name
        rot = cq.Fault(cq.Corrupt(records=1, detected=1.0), when=ms(100), name=name)
        scenario = story(at(10, 50, 70), rot, cq.StoreCrash(at=ms(200), restart=ms(10)))
        run = played(scenario.with_(store=cq.EventStore(recover=recover)))
        gone = sorted(run.trace.of(Moment.VANISHED if recover == "truncate" else Moment.ALTERED).command.tolist())
        assert gone == (list(range(gone[0], 3)) if recover == "truncate" else gone[:1])
        assert run.commands().query("truth == 'durable'").command.tolist() == [n for n in range(3) if n not in gone]
        bad.add(gone[0])
    assert len(bad) > 1, "not always the same one"


def test_an_altered_record_shows_when_it_is_read_again() -> None:
    """The live view knows the old value; who loads the stream folds the new one: two creates are accepted."""
    rot = cq.SilentChange(at=ms(100))
    parts: dict[str, object] = {"rule": cq.Range(0, 1), "clients": cq.Clients(at(10, 200), changes=1)}
    loaded = played(story(at(10), rot, state=cq.LoadDecideAppend(), **parts))
    kept = played(story(at(10), rot, **parts))
    assert loaded.commands().truth.tolist() == ["not_durable", "durable"]
    assert kept.commands().truth.tolist() == ["not_durable", "refused"]


def test_a_fail_over_forgets_what_the_replica_had_not_heard() -> None:
    """The latest appends, by number or by time."""
    by_number = played(story(at(10, 100, 150), cq.FailOver(at=ms(200), appends=2, switch=ms(20))))
    by_time = played(story(at(10, 100, 150), cq.FailOver(at=ms(200), lag=ms(60), switch=ms(20))))
    assert by_number.events().command.tolist() == [0]
    assert by_time.events().command.tolist() == [0, 1]
    assert counts(by_time)["LOST"] == 1


@pytest.mark.parametrize("answers", [False, True])
def test_a_dead_disk_takes_the_log_with_it(answers: bool) -> None:
    """Nothing is left, nothing is answered, and the service is down for good."""
    run = played(story(at(10, 100), cq.DeadDisk(at=ms(50), answers=answers), state=cq.FromGenerated()))
    assert counts(run)["LOST"] == 1
    assert counts(run)["DOWN"] == 1
    assert len(run.events()) == 0
    assert outcomes(run) == ([ERROR] if answers else [])


def test_readers_are_shown_what_is_flushed() -> None:
    """A rebuild that reads what is not flushed holds what may still be lost."""
    power = cq.PowerLoss(at=ms(40), restart=ms(10))
    crash = cq.HandlerCrash(at=ms(20), restart=ms(0))
    seen = {}
    for reads in ("flushed", "written"):
        store = cq.EventStore(flush=ms(100), answer_after="write", reads=reads)
        seen[reads] = counts(played(story(at(10), power, crash, store=store))).get("AHEAD", 0)
    assert seen == {"flushed": 0, "written": 1}


def test_command_ids_are_forgotten_in_time() -> None:
    """A retry within the window is a duplicate; one behind it is stored again."""
    lost = cq.LostMessages(share=1, link="handler->client", at=ms(0), lasts=ms(150))
    clients = cq.Clients(at(10), patience=ms(100), retries=cq.Retries(at_most=1, first=ms(0)))
    truths = {}
    for window in (50, 200):
        store = cq.EventStore(dedupe=True, dedupe_for=ms(window))
        truths[window] = played(story(at(10), lost, clients=clients, store=store)).commands().truth[0]
    assert truths == {50: "stored_twice", 200: "durable"}


def test_the_oldest_command_id_makes_room() -> None:
    """With room for one id, another command in between is enough."""
    lost = cq.LostMessages(share=1, link="handler->client", at=ms(0), lasts=ms(40))
    clients = cq.Clients(at(10, 50), patience=ms(100), retries=cq.Retries(at_most=1, first=ms(0)))
    truths = {}
    for room in (1, 2):
        store = cq.EventStore(dedupe=True, dedupe_at_most=room)
        truths[room] = played(story(at(10), lost, clients=clients, store=store)).commands().truth.tolist()
    assert truths == {1: ["stored_twice", "durable"], 2: ["durable", "durable"]}


# --- handlers --------------------------------------------------------------------------------------------------------


def test_a_crashed_handler_forgets_its_queue_and_its_turns() -> None:
    """What waits, and what is being validated, is gone; the next instance begins with empty hands."""
    handlers = cq.Handlers(validate=ms(30))
    run = played(story(at(10, 12, 14, 300), cq.HandlerCrash(at=ms(20), restart=ms(50)), handlers=handlers))
    assert run.trace.of(Moment.FORGOTTEN).command.tolist() == [0, 1, 2]
    assert run.commands().truth.tolist() == ["never_arrived"] * 3 + ["durable"]
    assert counts(run)["UNK"] == 3


def test_rebuilding_costs_a_read_and_every_event_since_the_snapshot() -> None:
    """Base and per event; a snapshot leaves less to read."""
    took = {}
    for every in (None, 8):
        store = cq.EventStore(read=ms(5), read_per_event=ms(1), snapshot_every=every)
        arrivals = at(*range(10, 210, 20))
        run = played(story(arrivals, cq.HandlerCrash(at=ms(500), restart=ms(50)), store=store))
        took[every] = times(run, Moment.RESTARTED)[0] - 550
    assert took == {None: 5 + 10, 8: 5 + 2}


def test_an_own_store_is_still_there_after_a_crash() -> None:
    """Nothing is read, and what was saved still counts."""
    parts: dict[str, object] = {"rule": cq.Range(0, 1), "clients": cq.Clients(at(10, 200), changes=1)}
    run = played(story(at(10), cq.HandlerCrash(at=ms(100), restart=ms(50)), state=cq.OwnStore(), **parts))
    assert times(run, Moment.RESTARTED)[0] == 150.0
    assert run.commands().truth.tolist() == ["durable", "refused"]


def test_an_append_that_lands_behind_the_rebuild_is_missed() -> None:
    """The race of a crash while waiting: 2b accepts the opposite of what is on its way."""
    crash = cq.Fault(cq.Crash(restart=ms(0)), where="handlers", when=cq.Nth(1, side="after"))
    parts: dict[str, object] = {"rule": cq.Range(0, 1), "clients": cq.Clients(at(10, 11), changes=1)}
    run = played(story(at(10), crash, **parts))
    assert counts(run)["DBL"] == 1
    assert counts(run)["BEHIND"] == 1


def test_a_reconciliation_ends_what_a_lost_append_began() -> None:
    """Case 1 is ahead of the log until somebody compares the two."""
    lost = cq.Fault(cq.Drop(), where="handler->store", when=cq.Nth(1))
    state = cq.OwnStore(reconcile_every=ms(200))
    run = played(story(at(10), lost, state=state))
    assert "AHEAD" not in counts(run)
    assert int(run.anomalies().set_index("kind").healed["AHEAD"]) == 1
    blind = played(story(at(10), lost, state=cq.OwnStore(reconcile_every=ms(200), reconcile_finds=0.0)))
    assert counts(blind)["AHEAD"] == 1


def test_two_instances_validate_each_on_its_own_state() -> None:
    """Without a version check both accept; with one, or with fencing, the log stays right."""
    arrivals = at(*range(10, 110, 10))
    parts: dict[str, object] = {"rule": cq.Range(0, 1), "clients": cq.Clients(arrivals, changes=1)}
    both = cq.Overlap(at=ms(5), lasts=ms(200))
    assert counts(played(story(arrivals, both, **parts)))["DBL"] >= 1
    checked = played(story(arrivals, both, store=cq.EventStore(check_version=True), **parts))
    assert "DBL" not in counts(checked)
    fenced = played(story(arrivals, both, store=cq.EventStore(fencing=True), **parts))
    assert "DBL" not in counts(fenced)
    assert FENCED in outcomes(fenced)


def test_a_zombie_goes_on_as_if_nothing_had_been() -> None:
    """Paused while it validates, replaced, and back: its append comes behind another one that it excludes."""
    parts: dict[str, object] = {"rule": cq.Range(0, 1), "clients": cq.Clients(at(10, 30), changes=1)}
    zombie = cq.Zombie(at=ms(12), lasts=ms(100))
    handlers = cq.Handlers(validate=ms(5))
    assert counts(played(story(at(10), zombie, handlers=handlers, **parts)))["DBL"] == 1
    fenced = played(story(at(10), zombie, handlers=handlers, store=cq.EventStore(fencing=True), **parts))
    assert outcomes(fenced) == [FENCED]


def test_an_honest_handler_says_that_it_does_not_know() -> None:
    """An error may hide a success: "unknown" leaves no ghost."""
    error = cq.Fault(cq.Ambiguous(), when=cq.Nth(1))
    state = cq.FromGenerated(in_doubt="say_unknown")
    assert "GHOST" in counts(played(story(at(10), error)))
    assert "GHOST" not in counts(played(story(at(10), error, state=state)))


def test_a_listening_handler_that_keeps_count_misses_nothing() -> None:
    """2a stands still when its event is lost, unless it notices the gap."""
    lost = cq.Fault(cq.Drop(), where="store->subscriber", when=cq.Nth(1))
    assert counts(played(story(at(10, 50), lost, state=cq.FromPublished())))["STUCK"] == 1
    run = played(story(at(10, 50), lost, state=cq.FromPublished(give_up_after=ms(100), catch_up=True)))
    assert {"STUCK", "BEHIND"} & counts(run).keys() == set()


# --- projections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rebuild", "took"), [("zero", 50), ("checkpoint", 20)])
def test_a_view_is_built_anew_from_zero_or_from_its_checkpoint(rebuild: str, took: int) -> None:
    """Ten events of 5 ms each, or the four behind the checkpoint."""
    view = cq.Projection(apply=ms(5), rebuild=rebuild, checkpoint_every=6)
    crash = cq.ProjectionCrash(at=ms(500), restart=ms(50))
    run = played(story(at(*range(10, 210, 20)), crash, projections=view))
    assert times(run, Moment.RESTARTED)[0] == 550 + took
    assert len(run.trace.of(Moment.APPLIED)) == 10, "folded again, applied once"


@pytest.mark.parametrize(("serves", "answered"), [(True, 3), (False, 2)])
def test_queries_meet_the_old_view_or_none(serves: bool, answered: int) -> None:
    """While the view is built anew; while the process is down there is none either way."""
    view = cq.Projection(apply=ms(50), serves_while_rebuilding=serves)
    reads = cq.OwnReads(count=4, after=ms(60), gap=ms(40))
    clients = cq.Clients(at(10), own_reads=reads)
    crash = cq.ProjectionCrash(at=ms(100), restart=ms(40))
    run = played(story(at(10), crash, projections=view, clients=clients))
    seen = run.reads().query("kind == 'own'")
    assert len(seen) == answered
    assert seen.saw.all()


def test_a_full_buffer_drops_in_silence() -> None:
    """As a publisher's socket does at its high-water mark: the view has a gap, unless it keeps count."""
    view = cq.Projection(apply=ms(100), buffer=2)
    arrivals = at(10, 20, 30, 40, 50, 500)
    run = played(story(arrivals, projections=view))
    assert (run.trace.of(Moment.MESSAGE_LOST).value == OVERFLOW).all()
    assert counts(run)["PGAP"] == 2
    caught_up = played(story(arrivals, projections=cq.Projection(apply=ms(100), buffer=2, catch_up=True)))
    assert "PGAP" not in counts(caught_up)


def test_after_the_window_everything_is_repaired_and_the_store_started_once() -> None:
    """Faults without an end are over when the arrivals are; then the run drains, and is judged."""
    run = played(story(at(10, 900), cq.WriteErrors(share=1.0), grace=ms(100)))
    restarted = run.trace.of(Moment.RESTARTED)
    assert restarted.time.tolist() == [1_100_000_000]
    assert restarted.outcome.tolist() == [Part.STORE]
    assert run.trace.about.repaired_ns == 1_100_000_000


def test_nothing_is_restarted_where_nothing_has_struck() -> None:
    """A fault that could have struck and did not leaves the run as it is, to the last bit."""
    plain = story(at(10, 900))
    for late in (
        cq.Fault(cq.Refuse(), when=cq.Nth(1000)),
        cq.Fault(cq.Refuse(), when=cq.While("store_queue", 1000)),
        cq.HandlerCrash(at=seconds(100)),
        cq.Fault(cq.Crash(), where="handlers", when=cq.Nth(3)),
        cq.Fault(cq.Refuse(), when=cq.InBursts(share=0, mean=3)),
    ):
        run = cq.simulate(plain.with_faults(late), seed=1)
        assert run.trace.digest() == cq.simulate(plain, seed=1).trace.digest()


def test_a_fault_follows_another() -> None:
    """A cascade: the third write fails, and 20 ms later the store dies."""
    first = cq.Fault(cq.Refuse(), when=cq.Nth(3), name="first")
    then = cq.Fault(cq.Crash(restart=ms(10)), where="store", when=cq.AfterFault("first", delay=ms(20)))
    run = played(story(at(10, 20, 30, 200), first, then))
    assert times(run, Moment.CRASHED) == [50.0], "20 ms after it was struck, as its write began"


def test_a_function_of_ones_own_may_pull_the_trigger_and_do_the_damage() -> None:
    """Whatever a view of the running system can tell, and whatever its parts can do."""
    seen: list[int] = []
    trigger = cq.Fault(cq.Refuse(), when=cq.When(lambda view: view.log_length == 2))
    damage = cq.Fault(cq.Custom(lambda view: seen.append(view.log_length)), where="store", when=cq.Nth(3))
    run = played(story(at(10, 20, 30, 40), trigger, damage))
    assert outcomes(run) == [ERROR, ERROR]
    assert seen == [2]


def test_a_pause_in_the_middle_of_catching_up_loses_nothing() -> None:
    """What it has read is heard when it is back."""
    lost = cq.Fault(cq.Drop(), where="store->subscriber", when=cq.Nth(1))
    pause = cq.Fault(cq.Pause(takeover=False), where="handlers", when=ms(24), lasts=ms(50))
    store = cq.EventStore(read=ms(20))
    run = played(story(at(10, 11, 12), lost, pause, state=cq.FromPublished(catch_up=True), store=store,
                       aggregates=cq.Evenly(200), handlers=cq.Handlers(workers=4)))  # fmt: skip
    assert max(times(run, Moment.RELEASED)) < 100
    folded = run.trace.of(Moment.FOLDED)
    assert sorted(folded.command.tolist()) == [0, 1, 2], "each once"


@pytest.mark.parametrize(
    ("what", "where"),
    [
        (cq.Slow(3), None),
        (cq.Freeze(), None),
        (cq.Refuse(), None),
        (cq.Pause(), None),
        (cq.TwoInstances(), None),
        (cq.Drop(), "handler->store"),
        (cq.Cut(held=True), "handler->store"),
        (cq.Delay(ms(30)), "handler->store"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
@pytest.mark.parametrize("trigger", ["time", "operation", "follower"])
def test_what_lasts_is_over_when_it_said(what: cq.AnyEffect, where: str | None, trigger: str) -> None:
    """20 ms, however it was set off: then everything is as it was before."""
    lead = cq.Fault(cq.Slow(1.001), when=cq.Nth(1, of="write"), name="lead")
    when = {"time": ms(52), "operation": cq.Nth(3), "follower": cq.AfterFault("lead", delay=ms(42))}[trigger]
    fault = cq.Fault(what, when=when, where=where, lasts=ms(20), name="it")
    state = cq.FromGenerated(give_up_after=ms(40))
    run = played(story(cq.Regular(ms(20), start=ms(10)), lead, fault, state=state, length=ms(300)))
    ledger = run.faults()
    assert (ledger.fault == "it").any()
    assert ledger[ledger.fault == "it"].time_ms.max() <= 75
    late = run.commands().query("intended_ms > 200")
    assert (late.truth == "durable").all()
    assert (late.durability_ms == 3).all()


def test_what_was_read_before_it_was_flushed_is_not_folded_again() -> None:
    """A handler that is built from what is written hears of it when it is flushed; that counts once."""
    store = cq.EventStore(flush=ms(100), reads="written")
    crash = cq.HandlerCrash(at=ms(20), restart=ms(0))
    run = played(story(at(10, 150), crash, store=store, state=cq.FromPublished()))
    decided = run.trace.of(Moment.DECIDED)
    assert decided.value.tolist() == [0, 1], "one event so far, not two"


@pytest.mark.parametrize("trigger", ["time", "operation"])
@pytest.mark.parametrize(("factor", "added", "takes"), [(1, 5, 8), (4, 0, 12), (4, 5, 17)])
def test_a_slow_disk_takes_so_many_times_as_long_and_something_on_top(
    factor: float, added: float, takes: float, trigger: str
) -> None:
    """The factor counts once, whether the strikes are known beforehand or not, and is not on what is added."""
    when = ms(5) if trigger == "time" else cq.Nth(1)
    fault = cq.Fault(cq.Slow(factor, added=ms(added)), when=when, lasts=ms(50))
    assert times(played(story(at(10), fault)), Moment.WRITTEN) == [10 + takes]
