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


states = st.one_of(
    st.builds(cq.OwnStore, distributions, order=st.sampled_from(["own_first", "event_first"])),
    st.builds(cq.FromPublished, maybe(some_time)),
    st.builds(cq.FromGenerated, careful=st.booleans(), give_up_after=maybe(some_time)),
    st.just(cq.FromGenerated(wait=False)),
    st.builds(cq.LoadDecideAppend, st.integers(0, 9), give_up_after=maybe(some_time)),
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
stores = st.builds(
    lambda flush, batch, **others: cq.EventStore(**flush, **batch, **others),
    flushes,
    batches,
    dedupe=st.booleans(),
    snapshot_every=maybe(counts),
    read=distributions,
)
disks = st.builds(cq.Disk, distributions, flush=distributions, per_kib=durations, capacity=maybe(sizes))
aggregates = st.one_of(
    st.builds(cq.Evenly, counts),
    st.builds(cq.Zipf, counts, exponent=st.floats(0.0, 3.0).map(abs)),
    st.builds(cq.Weighted, st.lists(positive, min_size=1, max_size=4)),
)
rules = st.builds(lambda low, up: cq.Range(low, low + up, start=low), st.integers(-9, 9), st.integers(0, 9))
faults = st.one_of(
    st.builds(cq.DiskFull, durations, lasts=durations),
    st.builds(cq.WriteErrors, shares, at=durations, lasts=maybe(durations)),
    st.builds(cq.SlowDisk, growth, at=durations, lasts=durations),
    st.builds(cq.Stall, durations, lasts=durations),
    st.builds(cq.LostMessages, shares, link=st.sampled_from(["client->handler", "store->projection"])),
)


def projections(name):
    return st.builds(
        cq.Projection,
        distributions,
        name=st.just(name),
        poll=maybe(some_time),
        batch=maybe(counts),
        commit=maybe(distributions),
        checkpoint_every=maybe(counts),
    )


@st.composite
def scenarios(draw):
    views = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    groups = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    listed = draw(st.booleans())
    made_groups = tuple(draw(clients(name, views)) for name in groups)
    made_views = tuple(draw(projections(name)) for name in views)
    length = draw(some_time)
    return cq.Scenario(
        clients=made_groups if listed or len(groups) > 1 else made_groups[0],
        feedback=draw(feedback(views)),
        state=draw(states),
        handlers=draw(st.builds(cq.Handlers, shards=counts, queue_limit=maybe(counts), validate=distributions)),
        store=draw(stores),
        disk=draw(disks),
        projections=made_views if listed or len(views) > 1 else made_views[0],
        network=draw(networks),
        aggregates=draw(aggregates),
        rule=draw(maybe(rules)),
        faults=draw(st.lists(faults, max_size=2)),
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
