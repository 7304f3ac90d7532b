"""Short forms of faults are general ones, written shorter; what code says only code can hold."""

import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.scenario import from_dict, schema
from cqrsim.scenario.faults import fault_names, named_generals

SOON, LONG = seconds(1), seconds(2)
LINK = "client->handler"
BASE = cq.Scenario(cq.Clients(cq.Poisson(per_second(1))), disk=cq.Disk(capacity=cq.gb(1)))


@pytest.mark.parametrize(
    ("short", "general"),
    [
        (cq.DiskFull(SOON, LONG), cq.Fault(cq.Full(), SOON, lasts=LONG)),
        (cq.WriteErrors(0.1), cq.Fault(cq.Refuse(), cq.PerOperation(0.1))),
        (cq.WriteErrors(0.1, SOON), cq.Fault(cq.Refuse(), cq.PerOperation(0.1), between=(SOON, None))),
        (cq.WriteErrors(0.1, SOON, LONG), cq.Fault(cq.Refuse(), cq.PerOperation(0.1), between=(SOON, seconds(3)))),
        (cq.WriteErrors(0.1, SOON, ms(0)), cq.Fault(cq.Refuse(), cq.PerOperation(0.1), between=(SOON, SOON))),
        (cq.AmbiguousErrors(0.1, 0.5), cq.Fault(cq.Ambiguous(0.5), cq.PerOperation(0.1))),
        (cq.FlushErrors(0.1, 0.5), cq.Fault(cq.FlushError(0.5), cq.PerOperation(0.1, of="flush"))),
        (cq.SlowDisk(3, SOON, LONG), cq.Fault(cq.Slow(3), SOON, lasts=LONG)),
        (cq.Stall(SOON, LONG, then="error"), cq.Fault(cq.Freeze("error"), SOON, lasts=LONG)),
        (cq.LyingFlush(holds=ms(5)), cq.Fault(cq.Lie(ms(5)))),
        (cq.LyingFlush(SOON, LONG), cq.Fault(cq.Lie(), SOON, lasts=LONG)),
        (cq.DeadDisk(SOON, answers=True), cq.Fault(cq.Die(True), SOON)),
        (cq.ConsumeDisk(cq.mb(1), SOON, LONG), cq.Fault(cq.Consume(cq.mb(1)), SOON, lasts=LONG)),
        (cq.PowerLoss(SOON, LONG, tears=True), cq.Fault(cq.Crash(True, LONG, tears=True), SOON)),
        (cq.StoreCrash(SOON, LONG, "lost"), cq.Fault(cq.Crash(False, LONG, while_down="lost"), SOON)),
        (cq.FailOver(SOON, lag=ms(5)), cq.Fault(cq.Promote(ms(5)), SOON)),
        (cq.FailOver(SOON, appends=3, switch=LONG), cq.Fault(cq.Promote(appends=3, switch=LONG), SOON)),
        (cq.SilentChange(SOON, 3, 0.9), cq.Fault(cq.Corrupt(3, 0.9), SOON)),
        (cq.LostMessages(0.1), cq.Fault(cq.Drop(), cq.PerOperation(0.1), "store->projection")),
        (cq.DuplicateMessages(0.1, LINK, ms(5)), cq.Fault(cq.Duplicate(ms(5)), cq.PerOperation(0.1), LINK)),
        (cq.DelayedMessages(ms(5), LINK), cq.Fault(cq.Delay(ms(5)), cq.PerOperation(1), LINK)),
        (cq.Partition(LINK, SOON, LONG, held=True), cq.Fault(cq.Cut(True), SOON, LINK, LONG)),
        (cq.HandlerCrash(SOON, LONG, 0, "lost"), cq.Fault(cq.Crash(False, LONG, False, "lost"), SOON, "handlers.0")),
        (cq.Overlap(SOON, LONG), cq.Fault(cq.TwoInstances(), SOON, "handlers", LONG)),
        (cq.Zombie(SOON, LONG, 0), cq.Fault(cq.Pause(), SOON, "handlers.0", LONG)),
        (cq.ProjectionCrash(SOON, LONG, "view"), cq.Fault(cq.Crash(restart=LONG), SOON, "projections.view")),
        (cq.ClientDisconnect(SOON, LONG, "clients"), cq.Fault(cq.Disconnect(), SOON, "clients.clients", LONG)),
        (cq.Flood(per_second(9), SOON, LONG, 0.5), cq.Fault(cq.Overload(per_second(9), 0.5), SOON, "clients", LONG)),
    ],
)
def test_a_short_form_says_the_same_as_the_general_one(short, general):
    (found,) = short.generals()
    assert found == short.general()
    assert (found.target, found.operation) == (general.target, general.operation)
    assert found.variant(where=found.target) == general.variant(where=general.target)
    assert short.variant(name="me").general().name == "me"
    assert general.generals() == (general,)
    assert BASE.with_faults(short).describe() == BASE.with_faults(general).describe() or short.kind == "SlowDisk"


def test_a_partition_is_one_fault_for_each_link():
    both = cq.Partition([LINK, "handler->store"], SOON, LONG)
    assert [fault.where for fault in both.generals()] == [LINK, "handler->store"]
    assert [fault.name for fault in both.generals()] == [None, None]
    with pytest.raises(cq.ScenarioError, match="ask for generals"):
        both.general()
    names = [fault.name for fault in named_generals([both, both.variant(name="cut"), both])]
    assert names[:2] == [f"Partition 1 {LINK}", "Partition 1 handler->store"]
    assert names[2:] == [f"cut {LINK}", "cut handler->store", f"Partition 3 {LINK}", "Partition 3 handler->store"]
    assert fault_names([both]) == ("Partition 1",)


@pytest.mark.parametrize(
    ("fault", "span", "single"),
    [
        (cq.Fault(cq.Full(), SOON, lasts=LONG), "from 1s to 3s", False),
        (cq.Fault(cq.Full(), SOON), "from 1s on", False),
        (cq.Fault(cq.Full(), SOON, lasts=cq.Exponential(LONG)), "from 1s on", False),
        (cq.Fault(cq.Full(), cq.Every(LONG)), "from 2s on", False),
        (cq.Fault(cq.Full(), cq.Every(LONG, start=SOON), lasts=SOON), "from 1s on", False),
        (cq.Fault(cq.Refuse(), cq.Nth(3)), "all the time", True),
        (cq.Fault(cq.Refuse(), cq.Nth(3), lasts=SOON), "all the time", False),
        (cq.Fault(cq.Refuse(), cq.Nth(3), between=(SOON, LONG)), "from 1s to 2s", True),
        (cq.Fault(cq.Refuse(), cq.Nth(3), between=(SOON, LONG), lasts=SOON), "from 1s on", False),
        (cq.Fault(cq.Freeze(), cq.Nth(3)), "all the time", False),
    ],
)
def test_the_span_of_a_fault_is_as_long_as_is_known_beforehand(fault, span, single):
    assert str(fault.span) == span
    assert fault.single is single


def test_operations_are_those_of_the_effect_and_the_target():
    assert cq.Fault(cq.FlushError(), cq.Nth(3)).operation == "flush"
    assert cq.Fault(cq.Crash(), cq.Nth(3)).operation == "write"
    assert cq.Fault(cq.Crash(), cq.Nth(3, of="flush")).operation == "flush"
    assert cq.Fault(cq.Crash(), cq.Sequence("x"), "handlers.0").operation == "append"
    assert cq.Fault(cq.Crash(), cq.InBursts(0.1, 3), "projections").operation == "apply"
    assert cq.Fault(cq.Drop(), cq.When(bool), LINK).operation == "message"
    assert cq.Fault(cq.Drop(), SOON, LINK).operation is None


def pick(view):
    return view is None


def test_functions_are_told_apart_by_identity_and_digested_by_their_code():
    one, other = BASE.with_faults(cq.Fault(cq.Full(), cq.When(pick))), BASE.with_faults(cq.Fault(cq.Custom(pick)))
    assert one == BASE.with_faults(cq.Fault(cq.Full(), cq.When(pick)))
    assert hash(one) == hash(BASE.with_faults(cq.Fault(cq.Full(), cq.When(pick))))
    assert one.digest() == BASE.with_faults(cq.Fault(cq.Full(), cq.When(pick))).digest()
    assert len({one, other, BASE}) == len({one.digest(), other.digest(), BASE.digest()}) == 3
    assert cq.When(lambda view: True) != cq.When(lambda view: True)
    assert cq.When(lambda view: 1).fingerprint() != cq.When(lambda view: 2).fingerprint()
    assert "test_faults.pick" in one.describe()
    assert "test_faults.pick" in other.describe()


def test_functions_cannot_be_written_to_a_file():
    scenario = BASE.with_faults(cq.WriteErrors(0.1), cq.Fault(cq.Custom(pick), cq.When(bool)))
    for write in (scenario.to_toml, scenario.to_json, scenario.to_dict):
        with pytest.raises(cq.ScenarioError) as caught:
            write()
        assert [problem.path for problem in caught.value.problems] == ["faults.1.what", "faults.1.when"]
        assert "the effect Custom (function=" in str(caught.value)
        assert "use another trigger, or keep the scenario in Python" in str(caught.value)
    names = {"Custom", "When", "Rule"}
    assert not names & set(schema()["$defs"])
    with pytest.raises(cq.ScenarioError, match="must be a function"):
        from_dict({**BASE.to_dict(), "faults": [{"kind": "Fault", "what": {"kind": "Custom", "function": "print"}}]})


def test_files_say_general_faults_as_people_would():
    fault = {
        "kind": "Fault",
        "what": {"kind": "Refuse"},
        "when": {"kind": "PerOperation", "share": 0.1},
        "between": ["5s", "none"],
    }
    scenario = from_dict({**BASE.to_dict(), "faults": [fault, {**fault, "when": "5s", "between": "none"}]})
    assert scenario.faults[0].between == (seconds(5), None)
    assert scenario.faults[1].when == cq.At(seconds(5))
    assert 'between = [\n    "5s",\n    "none",\n]' in scenario.to_toml()
    assert scenario.with_({"faults.0.when.share": 0.2}).faults[0].when == cq.PerOperation(0.2)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (cq.PowerLoss(SOON), "The store loses power at 1s; it is back after 1s."),
        (cq.Partition([LINK, "handler->store"], SOON, LONG),
         "Nothing gets through client->handler and handler->store from 1s to 3s."),
        (cq.Fault(cq.Slow(10), cq.Renewal(cq.Exponential(SOON), LONG)),
         "Writes and flushes take 10 times as long again and again, after 1s on average (exponential) for 2s."),
        (cq.Fault(cq.Refuse(), cq.InBursts(0.01, 5)),
         "The writes fail in bursts all the time; 1 % of them begin a burst of 5 on average."),
        (cq.Fault(cq.Crash(), cq.Nth(37, "after", of="flush")),
         "The store crashes right after number 37 of the flushes; it is back after 1s."),
        (cq.Fault(cq.Ambiguous(0.5), cq.Nth(3)), "Number 3 of the writes fails; 50 % of what it writes is kept."),
        (cq.Fault(cq.Drop(), cq.Sequence(".x"), LINK),
         'Of the messages client->handler those struck in ".x" are lost.'),
        (cq.Fault(cq.Full(), cq.While("disk_usage", 0.9)),
         "The disk is full while more than 90 % of the disk is used."),
        (cq.Fault(cq.Full(), cq.Every(LONG, jitter=SOON), lasts=SOON, between=(SOON, None), at_most=3),
         "The disk is full every 2s from 2s on, up to 1s later, for 1s each time from 1s on, 3 times at most."),
        (cq.Stall(seconds(999), SOON), "The disk stalls from 999s to 1000s (after the end: never happens)."),
    ],
)  # fmt: skip
def test_faults_are_told_in_plain_words(fault, told):
    said = BASE.with_faults(fault).describe().partition("Faults: ")[2].partition("\n")[0]
    assert said == told


def test_policies_are_told_in_plain_words():
    store = cq.EventStore(
        on_error="exit", retry_flush=True, recover="refuse", reads="written", dedupe=True, dedupe_for=LONG,
        fencing=True, republish=True,
    )  # fmt: skip
    view = cq.Projection(
        catch_up=True, buffer=3, checkpoint_every=9, rebuild="checkpoint", serves_while_rebuilding=False
    )
    told = BASE.with_(store=store, projections=view, state=cq.FromPublished(catch_up=True)).describe()
    for said in (
        "Command ids are stored once, and remembered for 2s.",
        "After an error it exits and starts again, which takes 5s.",
        "A flush that failed is tried again.",
        "It does not start with a bad record in its log.",
        "Streams are read as written, flushed or not.",
        "Appends of a replaced instance are refused.",
        "When it starts again it publishes what it had not.",
        "It notices gaps and reads the log from where it was.",
        "3 events may wait for it, and more are dropped.",
        "Started again, it reads the log from its last checkpoint; it answers nobody until it has read the log again.",
        "gaps are noticed and read from the log",
    ):
        assert said in told
    mended = BASE.with_(state=cq.OwnStore(reconcile_every=LONG, reconcile_finds=0.5)).describe()
    assert "every 2s it is compared with the log, which finds 50 % of what differs" in mended
    unsure = BASE.with_(state=cq.FromGenerated(in_doubt="say_unknown")).describe()
    assert "in doubt the client is told that nobody knows" in unsure
