"""What is written is what is read: TOML, JSON, dicts, code and pickles give the same scenario again."""

import copy
import pickle

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cqrsim as cq
from cqrsim.scenario import from_dict, presets, schema

durations = st.one_of(st.integers(0, 10**13), st.integers(0, 100).map(lambda n: n * 10**6)).map(cq.Duration)
some_time = durations.filter(bool)
shares = st.floats(0.0, 1.0).map(abs)
positive = st.floats(1e-6, 1e6)
growth = st.floats(1.0, 1e3)
counts = st.integers(1, 10**6)
rates = st.floats(1e-6, 1e6).map(cq.per_second)
sizes = st.integers(1, 2**50).map(cq.Size)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)
names = st.from_regex(r"[A-Za-zäß][A-Za-z0-9 _-]{0,6}[A-Za-z0-9]", fullmatch=True).filter(
    lambda name: "none" not in name.lower()
)


def maybe(strategy):
    return st.none() | strategy


simple_distributions = st.one_of(
    st.builds(cq.Constant, durations),
    st.builds(cq.Exponential, durations),
    st.builds(lambda a, b: cq.Uniform(min(a, b), max(a, b)), durations, durations),
    st.builds(lambda a, b: cq.LogNormal(p50=min(a, b), p99=max(a, b)), some_time, some_time),
    st.builds(lambda mean, cv: cq.LogNormal(mean=mean, cv=cv), some_time, positive),
    st.builds(cq.Gamma, some_time, cv=positive),
    st.builds(cq.Empirical, st.lists(durations, min_size=1, max_size=4), replay=st.booleans()),
    st.just(cq.Empirical(file="cqrsim:append_sqlite_wal_full.csv", unit="us")),
)
distributions = st.recursive(
    simple_distributions,
    lambda inner: st.builds(cq.Mixture, st.lists(st.tuples(positive, inner), min_size=1, max_size=3)),
    max_leaves=3,
)
lasting = distributions.filter(lambda distribution: distribution.mean_ns() > 0)
pollings = st.builds(
    lambda first, factor, longer, at_most: cq.Polling(
        first, factor, cap=None if longer is None else first + longer, at_most=at_most
    ),
    some_time,
    growth,
    maybe(durations),
    maybe(counts),
)
arrivals = st.one_of(
    st.builds(cq.Poisson, rates),
    st.builds(cq.Regular, some_time, start=durations),
    st.builds(cq.Recorded, gaps=st.lists(durations, min_size=1, max_size=4)),
    st.builds(cq.Recorded, times=st.lists(durations, min_size=1, max_size=4).map(sorted)),
    st.builds(cq.Bursts, rates, burst_rate=rates, quiet=lasting, burst=lasting),
    st.builds(cq.Closed, counts, think=lasting, pace=maybe(some_time), at_most=maybe(counts)),
    st.builds(cq.Closed, counts, waits_for=st.just("outcome"), at_most=counts),
)


def feedback(views):
    of = st.none() | st.sampled_from(views)
    single = st.one_of(
        st.builds(cq.SyncValidation, st.sampled_from(["decided", "written"])),
        st.builds(
            cq.SyncValidation,
            st.just("applied"),
            projections=st.lists(st.sampled_from(views), unique=True),
            wait_at_most=maybe(some_time),
        ),
        st.builds(cq.ForwardEvent, poll=maybe(pollings), push=st.sampled_from([None, True])),
        st.builds(cq.ForwardEvent, poll=pollings, push=st.just(False), command_id=st.just("handler")),
        st.builds(cq.Silence, pollings, patience=maybe(some_time), of=of),
        st.builds(cq.ErrorCache, some_time, at_most=maybe(counts), poll=pollings),
        st.builds(cq.ErrorCache, some_time, success_by=st.just("read_model"), reload=maybe(pollings), of=of),
    )
    return single | st.builds(lambda a, b: a | b, single, single)


in_doubt = st.sampled_from(["say_failed", "say_unknown"])
states = st.one_of(
    st.builds(cq.OwnStore, distributions, order=st.sampled_from(["own_first", "event_first"])),
    st.builds(cq.OwnStore, reconcile_every=some_time, reconcile_finds=shares),
    st.builds(cq.FromPublished, maybe(some_time), catch_up=st.booleans(), in_doubt=in_doubt),
    st.builds(cq.FromGenerated, careful=st.booleans(), give_up_after=maybe(some_time)),
    st.builds(cq.FromGenerated, in_doubt=in_doubt),
    st.just(cq.FromGenerated(wait=False)),
    st.builds(cq.LoadDecideAppend, st.integers(0, 9), give_up_after=maybe(some_time), in_doubt=in_doubt),
)
weights = st.dictionaries(st.integers(0, 50), positive, min_size=1, max_size=3)


def habits(after):
    """Retries for some reasons; only timeouts need a patience."""
    retries = st.builds(
        lambda first, factor, longer: cq.Retries(3, first, factor, cap=first + longer, jitter=0.5, after=after),
        some_time,
        growth,
        durations,
    )
    patience = some_time if after == "timeout" else maybe(some_time)
    return st.fixed_dictionaries({"patience": patience, "retries": maybe(retries)})


def clients(name, views):
    of = st.lists(st.sampled_from(views), unique=True)
    return st.builds(
        lambda arrivals, habits, **others: cq.Clients(arrivals, **habits, **others),
        arrivals,
        st.sampled_from(["timeout", ("failure", "timeout"), "failure"]).flatmap(habits),
        name=st.just(name),
        feedback=maybe(feedback(views)),
        invalid=shares,
        pre_validation=maybe(st.builds(cq.PreValidation, shares, distributions)),
        event_size=sizes,
        error_size=sizes,
        events=weights,
        changes=st.dictionaries(st.integers(-50, 50), positive, min_size=1, max_size=3),
        own_reads=maybe(st.builds(cq.OwnReads, distributions, count=counts, of=of)),
        background_reads=maybe(st.builds(cq.BackgroundReads, rates, sessions=counts, of=of)),
    )


routes = st.builds(cq.Route, distributions, loss=shares, in_order=st.booleans())
links = st.sampled_from(["client_to_handler", "store_to_handler", "store_to_projection"])
networks = st.one_of(
    st.builds(lambda some: cq.Network(**some), st.dictionaries(links, routes | distributions, max_size=2)),
    st.builds(cq.Network.alike, routes),
)
flushes = st.one_of(
    st.fixed_dictionaries({"flush": st.sampled_from(["group", "each"])}),
    st.fixed_dictionaries({"flush": some_time, "answer_after": st.sampled_from(["flush", "write"])}),
)
batches = st.one_of(
    st.fixed_dictionaries({"batch_at_most": maybe(counts)}),
    st.fixed_dictionaries({"batch_at_most": maybe(st.integers(2, 10**6)), "batch_window": durations}),
)
memories = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"dedupe": st.just(True), "dedupe_for": maybe(some_time), "dedupe_at_most": maybe(counts)}),
)
stores = st.builds(
    lambda flush, batch, memory, **others: cq.EventStore(**flush, **batch, **memory, **others),
    flushes,
    batches,
    memories,
    snapshot_every=maybe(counts),
    read=distributions,
    on_error=st.sampled_from(["continue", "poison", "exit"]),
    restart=distributions,
    retry_flush=st.booleans(),
    recover=st.sampled_from(["truncate", "refuse"]),
    reads=st.sampled_from(["answered", "flushed", "written"]),
    fencing=st.booleans(),
    republish=st.booleans(),
)
disks = st.builds(cq.Disk, distributions, flush=distributions, per_kib=durations, capacity=maybe(sizes))
aggregates = st.one_of(
    st.builds(cq.Evenly, counts),
    st.builds(cq.Zipf, counts, exponent=st.floats(0.0, 3.0).map(abs)),
    st.builds(cq.Weighted, st.lists(positive, min_size=1, max_size=4)),
)
rules = st.builds(lambda low, up: cq.Range(low, low + up, start=low), st.integers(-9, 9), st.integers(0, 9))
operations = {
    "disk": ["write", "flush"],
    "store": ["write", "flush"],
    "handlers": ["append", "decide", "answer"],
    "projections": ["apply"],
    "clients": [],
    "links": ["message"],
}
link_names = st.sampled_from(["client->handler", "store->projection", "handler->store"])
restarts = st.fixed_dictionaries({"restart": distributions, "while_down": st.sampled_from(["held", "lost"])})
effects = {
    "disk": [
        st.builds(cq.Refuse, st.sampled_from(["EIO", "ENOSPC", "EROFS"])),
        st.just(cq.Full()),
        st.builds(cq.Ambiguous, shares),
        st.builds(cq.FlushError, shares),
        st.builds(cq.Slow, growth, added=distributions),
        st.builds(cq.Freeze, st.sampled_from(["ok", "error"])),
        st.builds(cq.Die, st.booleans()),
        st.builds(cq.Lie, maybe(some_time)),
        st.builds(cq.Consume, sizes, at_most=maybe(sizes)),
    ],
    "store": [
        st.builds(lambda tears, others: cq.Crash(power=True, tears=tears, **others), st.booleans(), restarts),
        restarts.map(lambda others: cq.Crash(**others)),
        st.builds(cq.Promote, durations, switch=distributions),
        st.builds(cq.Promote, appends=st.integers(0, 9)),
        st.builds(cq.Corrupt, counts, detected=shares),
    ],
    "handlers": [
        restarts.map(lambda others: cq.Crash(**others)),
        st.just(cq.TwoInstances()),
        st.builds(cq.Pause, st.booleans()),
    ],
    "projections": [restarts.map(lambda others: cq.Crash(**others))],
    "clients": [st.just(cq.Disconnect()), st.builds(cq.Overload, rates, invalid=shares)],
    "links": [
        st.just(cq.Drop()),
        st.builds(cq.Duplicate, distributions),
        st.builds(cq.Delay, distributions),
        st.builds(cq.Cut, st.booleans()),
    ],
}
BOUND = {"Refuse": ["write"], "Ambiguous": ["write"], "FlushError": ["flush"], "Lie": ["flush"]}
LATE = ("Crash", "Pause", "TwoInstances")


def triggers(effect, target, before):
    """Whatever may strike with this effect, at this kind of target."""
    again = [st.builds(cq.Renewal, lasting, down=distributions)]
    while_it_holds = [
        st.builds(cq.While, st.sampled_from(["store_queue", "log_length"]), above=positive),
        st.builds(cq.While, st.just("disk_usage"), above=shares),
    ]
    of_time = [
        st.builds(cq.At, durations),
        st.builds(cq.Every, some_time, start=maybe(durations)),
        st.builds(lambda period: cq.Every(period, jitter=period), some_time),
        *([] if effect == "Die" else again),
    ]
    if effect != "Overload":
        of_time += [st.builds(cq.AfterFault, st.just(name), delay=distributions) for name in before]
    if effect not in ("Die", "Overload", "Consume", "Freeze", "Pause", "TwoInstances", "Cut"):
        of_time += while_it_holds
    choices = [one for one in operations[target] if one in BOUND.get(effect, operations[target])]
    of = maybe(st.sampled_from(choices)) if choices else st.none()
    side = st.sampled_from(["before", "after"]) if effect in LATE else st.just("before")
    of_operations = [
        st.builds(cq.PerOperation, shares, of=of),
        st.builds(cq.InBursts, shares, mean=growth, of=of),
        st.builds(cq.Nth, counts, side=side, of=of),
        st.builds(cq.Sequence, st.from_regex(r"[.x]{0,5}[.xX]", fullmatch=True), of=of),
    ]
    return st.one_of(*of_time, *(of_operations if choices and effect != "Consume" else []))


def windows(when):
    pairs = st.builds(
        lambda begin, longer: (begin, None if longer is None else begin + longer), durations, maybe(durations)
    )
    return st.none() if isinstance(when, cq.At) else maybe(pairs)


@st.composite
def general_faults(draw, views, groups, before=()):
    target = draw(st.sampled_from(sorted(effects)))
    what = draw(st.one_of(effects[target]))
    when = draw(triggers(what.kind, target, before))
    fixed = isinstance(when, cq.Renewal | cq.While) or what.kind in ("Crash", "Promote", "Corrupt", "Die")
    places = {
        "disk": [None, "disk"],
        "store": [None, "store"],
        "handlers": ["handlers", "handlers.0"],
        "projections": ["projections", *(f"projections.{view}" for view in views)],
        "clients": [None, "clients", *(f"clients.{group}" for group in groups)],
        "links": ["client->handler", "store->projection", *(f"store->projection.{view}" for view in views)],
    }
    return cq.Fault(
        what,
        when,
        where=draw(st.sampled_from(places[target])),
        lasts=None if fixed else draw(maybe(distributions)),
        between=draw(windows(when)),
        at_most=draw(maybe(counts)),
    )


def short_faults(views, groups):
    shared = {"at": durations, "lasts": durations}
    open_ended = {"at": durations, "lasts": maybe(durations)}
    dying = {"at": durations, "restart": distributions}
    shard = {"shard": st.sampled_from([None, 0])}
    link = {"link": link_names | st.sampled_from([f"store->projection.{view}" for view in views])}
    return st.one_of(
        st.builds(cq.DiskFull, **shared),
        st.builds(cq.WriteErrors, shares, **open_ended),
        st.builds(cq.AmbiguousErrors, shares, kept=shares, **open_ended),
        st.builds(cq.FlushErrors, shares, kept=shares, **open_ended),
        st.builds(cq.SlowDisk, growth, **shared),
        st.builds(cq.Stall, then=st.sampled_from(["ok", "error"]), **shared),
        st.builds(cq.LyingFlush, holds=maybe(some_time), **open_ended),
        st.builds(cq.DeadDisk, durations, answers=st.booleans()),
        st.builds(cq.ConsumeDisk, sizes, **shared),
        st.builds(cq.PowerLoss, tears=st.booleans(), **dying),
        st.builds(cq.StoreCrash, while_down=st.sampled_from(["held", "lost"]), **dying),
        st.builds(cq.FailOver, durations, lag=maybe(durations), switch=distributions),
        st.builds(cq.FailOver, durations, appends=st.integers(0, 9)),
        st.builds(cq.SilentChange, durations, records=counts, detected=shares),
        st.builds(cq.LostMessages, shares, **link, **open_ended),
        st.builds(cq.DuplicateMessages, shares, after=distributions, **link, **open_ended),
        st.builds(cq.DelayedMessages, distributions, share=shares, **link, **open_ended),
        st.builds(
            cq.Partition, link_names | st.lists(link_names, min_size=1, unique=True), held=st.booleans(), **shared
        ),
        st.builds(cq.HandlerCrash, while_down=st.sampled_from(["held", "lost"]), **dying, **shard),
        st.builds(cq.Overlap, **shared, **shard),
        st.builds(cq.Zombie, **shared, **shard),
        st.builds(cq.ProjectionCrash, projection=st.sampled_from([None, *views]), **dying),
        st.builds(cq.ClientDisconnect, group=st.sampled_from([None, *groups]), **shared),
        st.builds(cq.Flood, rates, invalid=shares, **shared),
    )


@st.composite
def faults(draw, views, groups):
    first = draw(st.lists(short_faults(views, groups), max_size=2))
    name = draw(maybe(names))
    named = [fault.variant(name=name) for fault in first[:1]] + first[1:]
    general = draw(maybe(general_faults(views, groups, [] if name is None or not called(named, name) else [name])))
    return named + ([] if general is None else [general])


def called(faults, name):
    """Whether a fault is called so, and not by its name and its link."""
    return any(general.name == name for fault in faults for general in fault.generals())


def projections(name):
    ways = st.one_of(
        st.fixed_dictionaries({"poll": some_time}),
        st.fixed_dictionaries({"catch_up": st.booleans(), "buffer": maybe(counts)}),
    )
    starts = st.one_of(
        st.fixed_dictionaries({"checkpoint_every": maybe(counts)}),
        st.fixed_dictionaries({"checkpoint_every": counts, "rebuild": st.just("checkpoint")}),
    )
    return st.builds(
        lambda apply, way, start, **others: cq.Projection(apply, **way, **start, **others),
        distributions,
        ways,
        starts,
        name=st.just(name),
        batch=maybe(counts),
        commit=maybe(distributions),
        rebuild_per_event=maybe(distributions),
        serves_while_rebuilding=st.booleans(),
    )


rooms = st.builds(cq.Disk, distributions, capacity=sizes)


def needs_room(fault):
    """Whether a fault makes sense only where the disk's room ends."""
    (general, *_) = fault.generals()
    return isinstance(general.what, cq.Consume) or getattr(general.when, "measure", None) == "disk_usage"


@st.composite
def scenarios(draw):
    views = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    groups = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    listed = draw(st.booleans())
    made_groups = tuple(draw(clients(name, views)) for name in groups)
    made_views = tuple(draw(projections(name)) for name in views)
    length = draw(some_time)
    struck = draw(faults(views, groups))
    return cq.Scenario(
        clients=made_groups if listed or len(groups) > 1 else made_groups[0],
        feedback=draw(feedback(views)),
        state=draw(states),
        handlers=draw(st.builds(cq.Handlers, shards=counts, queue_limit=maybe(counts), validate=distributions)),
        store=draw(stores),
        disk=draw(disks if not any(needs_room(fault) for fault in struck) else rooms),
        projections=made_views if listed or len(views) > 1 else made_views[0],
        network=draw(networks),
        aggregates=draw(aggregates),
        rule=draw(maybe(rules)),
        faults=struck,
        length=length,
        warm_up=length * draw(st.floats(0, 0.4)),
        grace=draw(maybe(durations)),
        name=draw(texts),
    )


few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(scenarios())
def test_every_form_gives_the_same_scenario_again(tmp_path_factory, scenario):
    folder = tmp_path_factory.mktemp("forms")
    for name in ("scenario.toml", "scenario.json"):
        scenario.save(folder / name)
        assert cq.load(folder / name) == scenario
    for again in (from_dict(scenario.to_dict()), from_dict(scenario.to_dict(complete=True))):
        assert again == scenario
        assert again.to_toml() == scenario.to_toml()
        assert hash(again) == hash(scenario)
        assert again.digest() == scenario.digest()


@few
@given(scenarios())
def test_a_repr_is_code_that_makes_the_same_scenario(scenario):
    assert eval(repr(scenario), vars(cq)) == scenario


@few
@given(scenarios())
def test_scenarios_survive_pickling_and_copying(scenario):
    for again in (pickle.loads(pickle.dumps(scenario)), copy.deepcopy(scenario)):
        assert again == scenario
        assert hash(again) == hash(scenario)


@few
@given(scenarios())
def test_every_scenario_can_be_told_in_words(scenario):
    told = scenario.describe()
    assert len(told.splitlines()) >= 8
    assert "None" not in told.replace("Faults: None.", "")
    assert "<table>" in scenario._repr_html_()


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


@few
@given(scenario=scenarios())
def test_the_schema_accepts_what_is_written(validator, scenario):
    validator.validate(scenario.to_dict())
    validator.validate(scenario.to_dict(complete=True))


@pytest.mark.parametrize(
    "change",
    [
        {"lenght": "60s"},
        {"length": 60},
        {"length": "60sec"},
        {"disk": {"write": {"kind": "LogNorml"}}},
        {"disk": {"write": {"mean": "2ms"}}},
        {"clients": {"arrivals": {"kind": "Poisson"}}},
        {"clients": {"arrivals": {"kind": "Poisson", "rate": "1/s"}, "invalid": 1.5}},
        {"faults": [{"kind": "LostMessages", "share": 0.5, "link": "a->b"}]},
    ],
)
def test_the_schema_refuses_what_a_file_may_not_hold(validator, change):
    data = {**presets.blog().to_dict(), **change}
    assert not validator.is_valid(data)
    with pytest.raises(cq.ScenarioError):
        from_dict(data)


def test_the_schema_describes_every_setting():
    made = schema()
    for definition in (made, *made["$defs"].values()):
        for name, about in definition["properties"].items():
            assert name == "kind" or about["description"]


def test_kinds_are_asked_for_where_there_is_a_choice():
    definition = schema()["$defs"]["Poisson"]
    assert definition["required"] == ["kind", "rate"]
    assert definition["additionalProperties"] is False
