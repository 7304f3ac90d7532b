"""Faults that cannot be are refused before anything runs: by name, with what is allowed, all at once."""

import pytest

import cqrsim as cq
from cqrsim import mb, ms, per_second, seconds
from cqrsim.scenario import from_dict

SOON, LONG = seconds(1), seconds(2)
SHARE = "must be a share between 0 and 1"
NO_UNIT = 'a duration needs a unit: write "1s", or seconds(1) (got 1)'


def problems_of(make):
    with pytest.raises(cq.ScenarioError) as caught:
        make()
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: cq.DiskFull(1, LONG), f"at: {NO_UNIT}"),
        (lambda: cq.DiskFull(SOON, None), 'lasts: must be a duration: write "5s", or seconds(5), not none'),
        (lambda: cq.WriteErrors(1.5), f"share: {SHARE} (got 1.5)"),
        (lambda: cq.AmbiguousErrors(0.1, kept=2), f"kept: {SHARE} (got 2)"),
        (lambda: cq.FlushErrors(0.1, kept=-1), f"kept: {SHARE} (got -1)"),
        (lambda: cq.SlowDisk(0.5, SOON, LONG), "factor: must be a number, at least 1 (got 0.5)"),
        (lambda: cq.Stall(SOON, LONG, then="eror"),
         'then: must be "ok" or "error" (got "eror"); did you mean "error"?'),
        (lambda: cq.LyingFlush(holds=ms(0)), "holds: must be a duration of more than 0 (got 0s)"),
        (lambda: cq.DeadDisk(SOON, answers="no"), 'answers: must be true or false (got "no")'),
        (lambda: cq.ConsumeDisk(per_second(1), SOON, LONG),
         'per_second: must be a size: write "400B" or "4KiB", or kib(4) (got 1/s)'),
        (lambda: cq.PowerLoss(SOON, restart=1), f"restart: {NO_UNIT}"),
        (lambda: cq.StoreCrash(SOON, while_down="hold"),
         'while_down: must be "held" or "lost" (got "hold"); did you mean "held"?'),
        (lambda: cq.FailOver(SOON, appends=-1), "appends: must be a whole number, at least 0 (got -1)"),
        (lambda: cq.FailOver(SOON, lag=ms(5), appends=3), "appends: say either appends or lag (5ms), not both (got 3)"),
        (lambda: cq.SilentChange(SOON, records=0), "records: must be a whole number, at least 1 (got 0)"),
        (lambda: cq.LostMessages(0.1, "store->projecton"),
         'link: no such link (got "store->projecton"); did you mean "store->projection"?'),
        (lambda: cq.DuplicateMessages(0.1, "client->handler.2"),
         'link: no such link (got "client->handler.2"); did you mean "client->handler"?'),
        (lambda: cq.DuplicateMessages(0.1, "store->projection."),
         ('link: names nothing behind the dot (got "store->projection."); for all write "store->projection"')),
        (lambda: cq.DelayedMessages("client->handler", "handler->store"),
         'by: not a duration: write "5s", or seconds(5) (got "client->handler")'),
        (lambda: cq.Partition([], SOON, LONG), "link: needs at least one link (got [])"),
        (lambda: cq.Partition(["client->handler"] * 2, SOON, LONG),
         "link: has the same link twice (got ['client->handler', 'client->handler'])"),
        (lambda: cq.Partition(["client->handler", "handler->sore"], SOON, LONG),
         'link.1: no such link (got "handler->sore"); did you mean "handler->store"?'),
        (lambda: cq.Partition(5, SOON, LONG), "link: must be a link, or a list of links (got 5)"),
        (lambda: cq.HandlerCrash(SOON, shard=-1), "shard: must be a whole number, at least 0 (got -1)"),
        (lambda: cq.Overlap(SOON, LONG, shard="2"), 'shard: must be a whole number, at least 0 (got "2")'),
        (lambda: cq.Zombie(SOON), 'lasts: is missing: a duration (write "5s", or seconds(5))'),
        (lambda: cq.ProjectionCrash(SOON, projection="a.b"), 'projection: must be a name: not empty, no dot'),
        (lambda: cq.ClientDisconnect(SOON, LONG, group=3), "group: must be a name in quotes (got 3)"),
        (lambda: cq.Flood(200, SOON, LONG), 'rate: a rate needs a unit: write "200/s", or per_second(200) (got 200)'),
        (lambda: cq.Fault(cq.Refuse("EROSF")),
         'code: must be "EIO", "ENOSPC" or "EROFS" (got "EROSF"); did you mean "EROFS"?'),
        (lambda: cq.Slow(0), "factor: must be a number, at least 1 (got 0)"),
        (lambda: cq.Consume(5), 'per_second: a size needs a unit: write "5B", or bytes_(5) (got 5)'),
        (lambda: cq.Crash(tears=True), "tears: needs power = true: what is written outlives a process that dies"),
        (lambda: cq.Promote(ms(5), appends=3), "appends: say either appends or lag (5ms), not both (got 3)"),
        (lambda: cq.Overload(per_second(0)), "rate: must be a rate of more than 0 (got 0/s)"),
        (lambda: cq.Custom("print"), 'function: must be a function (got "print")'),
        (lambda: cq.When(None), "function: must be a function"),
        (lambda: cq.Every(seconds(0)), "period: must be a duration of more than 0 (got 0s)"),
        (lambda: cq.Every(SOON, jitter=LONG), "jitter: must not be more than period (1s) (got 2s)"),
        (lambda: cq.Renewal(seconds(0), seconds(0)), "up: up and down must not both take no time"),
        (lambda: cq.PerOperation(0.1, of="flsh"), ('of: must be "write", "flush", "append", "decide", "answer", '
         '"apply" or "message" (got "flsh"); did you mean "flush"?')),
        (lambda: cq.InBursts(0.1, mean=0.5), "mean: must be a number, at least 1 (got 0.5)"),
        (lambda: cq.Nth(0), "number: must be a whole number, at least 1 (got 0)"),
        (lambda: cq.Nth(1, side="behind"), 'side: must be "before" or "after" (got "behind")'),
        (lambda: cq.Sequence(".y"), 'pattern: must be made of "." (spared) and "x" (struck), not "y" (got ".y")'),
        (lambda: cq.Sequence("X."), 'pattern: a capital "X" stands for all from here on, so it must be the last'),
        (lambda: cq.Sequence(""), 'pattern: must be a text of "." and "x", such as "..x" (got "")'),
        (lambda: cq.While("disk_usage", above=90), "above: must be a share between 0 and 1 for disk_usage (got 90.0)"),
        (lambda: cq.While("disk_use", above=0.9), 'measure: must be "disk_usage", "store_queue", '),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused(make, told):
    (problem,) = problems_of(make)
    assert problem.startswith(told)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: cq.Fault(cq.Full(), where="dsik"),
         'where: nothing to strike is called so (got "dsik"); did you mean "disk"?'),
        (lambda: cq.Fault(cq.Full(), where="moon"),
         'where: nothing to strike is called so (got "moon"); there are "disk", "store", "handlers", '),
        (lambda: cq.Fault(cq.Full(), where=5), 'where: must be a text such as "disk", "handlers.2"'),
        (lambda: cq.Fault(cq.Full(), where="disk.a"),
         'where: "disk" is one, so nothing may follow it (got "disk.a"); write "disk"'),
        (lambda: cq.Fault(cq.TwoInstances(), where="handlers.two"),
         'where: must name a shard by its number, from 0 (got "handlers.two"); write "handlers.0"'),
        (lambda: cq.Fault(cq.Disconnect(), where="clients."),
         'where: names nothing behind the dot (got "clients."); for all write "clients"'),
        (lambda: cq.Fault(cq.Drop(), where="client->handler.2"),
         'where: "client->handler" is one, so nothing may follow it'),
        (lambda: cq.Fault(cq.Drop(), where="client->store->x"), 'where: nothing to strike is called so'),
        (lambda: cq.Fault(cq.Drop()),
         'where: Drop strikes a link, so it must be said which: where = "client->handler"'),
        (lambda: cq.Fault(cq.Drop(), where="disk"), 'where: Drop strikes links (got "disk")'),
        (lambda: cq.Fault(cq.Slow(), where="client->handler"),
         'where: Slow strikes the disk (got "client->handler")'),
        (lambda: cq.Fault(cq.Crash(), where="clients"),
         'where: Crash strikes the store, handlers or projections (got "clients")'),
        (lambda: cq.Fault(cq.Crash(power=True), where="handlers"),
         "what.power: belongs to the store: handlers write nothing (got True)"),
        (lambda: cq.Fault(cq.Refuse(), cq.Renewal(SOON, LONG), lasts=SOON),
         "lasts: must not be given: Renewal says how long (got 1s)"),
        (lambda: cq.Fault(cq.Refuse(), cq.While("log_length", 5), lasts=SOON),
         "lasts: must not be given: While says how long (got 1s)"),
        (lambda: cq.Fault(cq.Crash(), SOON, lasts=LONG),
         "lasts: must not be given: Crash lasts as long as its restart (got 2s)"),
        (lambda: cq.Fault(cq.Promote(), SOON, lasts=LONG),
         "lasts: must not be given: Promote lasts as long as its switch (got 2s)"),
        (lambda: cq.Fault(cq.Die(), SOON, lasts=LONG), "lasts: must not be given: Die is for ever (got 2s)"),
        (lambda: cq.Fault(cq.Corrupt(), SOON, lasts=LONG),
         "lasts: must not be given: Corrupt happens at once (got 2s)"),
        (lambda: cq.Fault(cq.Die(), cq.Renewal(SOON, LONG)),
         "when: a disk that has died stays dead: Renewal would bring it back"),
        (lambda: cq.Fault(cq.Crash(), cq.Nth(1, of="append")),
         'when.of: there is no such operation at "store": use "write" or "flush" (got "append")'),
        (lambda: cq.Fault(cq.Drop(), cq.PerOperation(0.1, of="apply"), "store->projection"),
         'when.of: there is no such operation at "store->projection": use "message" (got "apply")'),
        (lambda: cq.Fault(cq.FlushError(), cq.PerOperation(0.1, of="write")),
         'when.of: FlushError befalls "flush" only (got "write")'),
        (lambda: cq.Fault(cq.Refuse(), cq.Nth(1, of="flush")), 'when.of: Refuse befalls "write" only (got "flush")'),
        (lambda: cq.Fault(cq.Disconnect(), cq.PerOperation(0.1)),
         "when: PerOperation picks operations, but clients do nothing that can be counted: use a trigger of time"),
        (lambda: cq.Fault(cq.Refuse(), cq.Nth(1, side="after")), ("when.side: belongs to Crash, Pause, TwoInstances "
         'or Custom: Refuse must strike ahead of an operation to matter (got "after")')),
        (lambda: cq.Fault(cq.Full(), cq.AfterFault("me"), name="me"), 'when.fault: is the fault itself (got "me")'),
        (lambda: cq.Fault(cq.Full(), cq.Every(SOON), between=(LONG, SOON)),
         "between: must not end (1s) before it begins (2s)"),
        (lambda: cq.Fault(cq.Full(), between=(SOON, LONG)),
         ("between: belongs to what strikes again and again; this strikes once, at 0s; "
          'write when = "1s", lasts = "1s"')),
        (lambda: cq.Fault(cq.Full(), cq.Every(SOON), between=[SOON]),
         'between: must be a begin and an end, such as ["5s", "10s"]; an end may be "none"'),
        (lambda: cq.Fault(cq.Full(), cq.Every(SOON), at_most=0), "at_most: must be a whole number, at least 1 (got 0)"),
        (lambda: cq.Fault("Full"), 'what: must be a table (got "Full"); write {kind = "Full", ...}'),
        (lambda: cq.Fault(cq.Full), "what: is the class Full itself; write Full(...)"),
        (lambda: cq.Fault(cq.DiskFull(SOON, LONG)), "what: must be one of Refuse, Full, "),
        (lambda: cq.Fault(cq.Full(), when=5), "when: a duration needs a unit"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_together_is_refused(make, told):
    (problem,) = problems_of(make)
    assert problem.startswith(told)


def test_all_mistakes_of_a_fault_are_told_at_once():
    wrong = problems_of(
        lambda: cq.Fault(cq.Crash(power=True), cq.Nth(2, of="write"), where="handlers", lasts=LONG, at_most=0)
    )
    assert [problem.partition(":")[0] for problem in wrong] == ["at_most", "what.power", "when.of", "lasts"]
    both = problems_of(lambda: cq.Fault(cq.Full(), cq.Every(SOON), between=(1, 2)))
    assert [problem.partition(":")[0] for problem in both] == ["between.0", "between.1"]


GROUPS = [{"arrivals": {"kind": "Poisson", "rate": "1/s"}, "name": name} for name in ("web", "api")]
BASE = {"clients": GROUPS, "projections": [{"name": "board"}, {"name": "list"}], "handlers": {"shards": 3}}
FULL = {"kind": "Fault", "what": {"kind": "Full"}}


def after(other, **more):
    return {**FULL, "when": {"kind": "AfterFault", "fault": other}, **more}


def at_once(kind, **more):
    return {"kind": kind, "at": "1s", **more}


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([{"kind": "Fault", "what": {"kind": "TwoInstances"}, "where": "handlers.3"}],
         'faults.0.where: no such shard: there are 3 shards, 0 to 2 (got "handlers.3")'),
        ([at_once("HandlerCrash", shard=3)], "faults.0.shard: no such shard: there are 3 shards, 0 to 2 (got 3)"),
        ([at_once("Overlap", lasts="1s", shard=9)],
         "faults.0.shard: no such shard: there are 3 shards, 0 to 2 (got 9)"),
        ([at_once("Zombie", lasts="1s", shard=9)],
         "faults.0.shard: no such shard: there are 3 shards, 0 to 2 (got 9)"),
        ([at_once("ProjectionCrash", projection="bord")],
         'faults.0.projection: no projection of this name (got "bord"); did you mean "board"?'),
        ([{"kind": "Fault", "what": {"kind": "Crash"}, "where": "projections.bord"}],
         ('faults.0.where: no projection of this name (got "projections.bord"); '
          'did you mean "projections.board"?')),
        ([{"kind": "LostMessages", "share": 0.1, "link": "store->projection.lst"}],
         ('faults.0.link: no projection of this name (got "store->projection.lst"); '
          'did you mean "store->projection.list"?')),
        ([at_once("Partition", lasts="1s", link=["client->handler", "store->projection.x"])],
         ('faults.0.link.1: no projection of this name (got "store->projection.x"); there are "board", "list"')),
        ([at_once("ClientDisconnect", lasts="1s", group="appi")],
         'faults.0.group: no group of clients of this name (got "appi"); did you mean "api"?'),
        ([{"kind": "Fault", "what": {"kind": "Disconnect"}, "where": "clients.x"}],
         'faults.0.where: no group of clients of this name (got "clients.x"); there are "web", "api"'),
        ([at_once("DeadDisk", name="end"), after("ned")],
         'faults.1.when.fault: no fault of this name (got "ned"); did you mean "end"?'),
        ([at_once("DeadDisk"), after("DeadDisk 2")],
         'faults.1.when.fault: no fault of this name (got "DeadDisk 2"); did you mean "DeadDisk 1"?'),
        ([after("Fault 1")], 'faults.0.when.fault: is the fault itself (got "Fault 1")'),
        ([after("b", name="a"), after("c", name="b"), after("a", name="c")],
         'faults.0.when.fault: goes in a circle: "a" after "b" after "c" after "a" (got "b")'),
        ([at_once("DeadDisk"), at_once("DeadDisk", name="DeadDisk 1")],
         'faults.1.name: is the name of faults.0 already (got "DeadDisk 1")'),
        ([at_once("Partition", lasts="1s", link=["client->handler", "handler->store"], name="cut"),
          at_once("DeadDisk", name="cut client->handler")],
         'faults.1.name: is the name of faults.0 already (got "cut client->handler")'),
        ([at_once("ConsumeDisk", lasts="1s", per_second="1MB")],
         "faults.0: fills a disk, and this one never fills: give it a capacity (disk.capacity)"),
        ([{"kind": "Fault", "what": {"kind": "Consume", "per_second": "1MB"}}],
         "faults.0: fills a disk, and this one never fills: give it a capacity (disk.capacity)"),
        ([{**FULL, "when": {"kind": "While", "measure": "disk_usage", "above": 0.9}}],
         'faults.0.when.measure: is a share of disk.capacity, which is not set (got "disk_usage")'),
    ],
)  # fmt: skip
def test_what_the_scenario_does_not_have_is_refused(faults, told):
    assert problems_of(lambda: from_dict({**BASE, "faults": faults})) == [told]


def test_unknown_targets_are_refused_in_code_and_together_with_other_mistakes():
    base = cq.Scenario(cq.Clients(cq.Poisson(per_second(1))))
    wrong = [cq.HandlerCrash(SOON, shard=1), cq.ProjectionCrash(SOON, projection="vew")]
    assert problems_of(lambda: base.with_faults(*wrong)) == [
        'faults.1.projection: no projection of this name (got "vew"); did you mean "view"?',
        "faults.0.shard: no such shard: there is 1 shard, number 0 (got 1)",
    ]
    told = problems_of(lambda: from_dict({**BASE, "length": 5, "faults": [at_once("HandlerCrash", shard=7)]}))
    assert told[0].startswith("length: a duration needs a unit")
    assert told[1:] == ["faults.0.shard: no such shard: there are 3 shards, 0 to 2 (got 7)"]


@pytest.mark.parametrize("faults", [5, [5], [{"kind": "Fault", "name": ["a"]}], [{"kind": []}], [{"link": [3]}], {}])
def test_nonsense_is_told_as_such(faults):
    assert problems_of(lambda: from_dict({**BASE, "faults": faults}))


def test_what_may_be_is_allowed():
    named = [at_once("DeadDisk", name="a"), after("a", name="b"), after("b"), after("a")]
    assert len(from_dict({**BASE, "faults": named}).faults) == 4
    cut = at_once("Partition", lasts="1s", link=["client->handler", "handler->store"])
    assert from_dict({**BASE, "faults": [cut, after("Partition 1 handler->store")]})
    roomy = {**BASE, "disk": {"capacity": "1GB"}}
    assert from_dict({**roomy, "faults": [{"kind": "ConsumeDisk", "per_second": "1MB", "at": "1s", "lasts": "1s"}]})


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: cq.EventStore(dedupe_for=SOON), "dedupe_for: needs dedupe = true: else no command id is remembered"),
        (lambda: cq.EventStore(dedupe_at_most=3), "dedupe_at_most: needs dedupe = true: else no command id"),
        (lambda: cq.EventStore(on_error="stop"), 'on_error: must be "continue", "poison" or "exit" (got "stop")'),
        (lambda: cq.EventStore(recover="trunc"), 'recover: must be "truncate" or "refuse" (got "trunc"); did you mean'),
        (lambda: cq.Projection(poll=SOON, catch_up=True), "catch_up: belongs to events that are pushed"),
        (lambda: cq.Projection(poll=SOON, buffer=3), "buffer: belongs to events that are pushed"),
        (lambda: cq.Projection(rebuild="checkpoint"), "rebuild: needs checkpoint_every"),
        (lambda: cq.OwnStore(reconcile_finds=0.5), "reconcile_finds: needs reconcile_every: else nothing is compared"),
        (lambda: cq.FromGenerated(careful=True, in_doubt="say_unknown"),
         "in_doubt: has no effect with careful = true, which settles all doubt"),
        (lambda: cq.FromGenerated(wait=False, in_doubt="say_unknown"),
         "in_doubt: needs wait = true: without an answer there is no doubt"),
        (lambda: cq.LoadDecideAppend(in_doubt="unknown"), 'in_doubt: must be "say_failed" or "say_unknown" (got'),
    ],
)  # fmt: skip
def test_settings_that_would_have_no_effect_are_refused(make, told):
    (problem,) = problems_of(make)
    assert problem.startswith(told)


def test_the_size_of_what_is_consumed_may_be_none_at_all():
    assert cq.ConsumeDisk(mb(0), SOON, LONG).general().what == cq.Consume(mb(0))
