"""Variants: settings by dotted path, checked again, all mistakes at once."""

import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.scenario import presets

ONE = cq.Scenario(cq.Clients(cq.Poisson(per_second(200))))
TWO = ONE.with_(
    clients=[cq.Clients(cq.Poisson(per_second(100)), name="api"), cq.Clients(cq.Poisson(per_second(10)), name="batch")],
    projections=[cq.Projection(name="posts"), cq.Projection(name="search")],
    faults=[cq.WriteErrors(0.1, name="errors"), cq.DiskFull(seconds(1), seconds(1))],
)


@pytest.mark.parametrize(
    ("path", "value", "stored"),
    [
        ("disk.write", ms(2), cq.Constant(ms(2))),
        ("disk.write", "2ms", cq.Constant(ms(2))),
        ("disk.write.value", ms(2), ms(2)),
        ("clients.invalid", 0.1, 0.1),
        ("clients.0.invalid", 0.1, 0.1),
        ("clients.clients.invalid", 0.1, 0.1),
        ("clients.arrivals.rate", "50/s", per_second(50)),
        ("projections.apply", cq.Exponential(ms(1)), cq.Exponential(ms(1))),
        ("projections.view.apply.value", ms(1), ms(1)),
        ("network.client_to_handler", ms(1), cq.Route(ms(1))),
        ("network.client_to_handler.loss", 0.5, 0.5),
        ("network", ms(1), cq.Network.alike(ms(1))),
        ("store.batch_at_most", None, None),
        ("store.batch_at_most", "none", None),
        ("feedback", cq.Silence(seconds(2)), cq.Silence(seconds(2))),
        ("length", "9s", seconds(9)),
    ],
)
def test_a_setting_changes_by_its_path(path, value, stored):
    variant = ONE.with_({path: value})
    assert variant.setting(path) == stored
    assert type(variant.setting(path)) is type(stored)
    assert variant.with_({path: ONE.setting(path)}) == ONE


@pytest.mark.parametrize("path", ["clients.api.invalid", "clients.0.invalid"])
def test_one_of_several_is_reached_by_name_or_number(path):
    variant = TWO.with_({path: 0.5})
    assert [group.invalid for group in variant.groups] == [0.5, 0.0]


def test_all_kinds_of_lists_are_reached():
    variant = TWO.with_({"projections.search.apply": ms(3), "faults.errors.share": 0.2, "faults.1.lasts": seconds(9)})
    assert variant.views[1].apply == cq.Constant(ms(3))
    assert variant.faults[0].share == 0.2
    assert variant.faults[1].lasts == seconds(9)
    combined = ONE.with_(feedback=cq.ForwardEvent() | cq.ErrorCache(seconds(1)))
    assert combined.with_({"feedback.parts.1.keep_for": seconds(2)}).feedback.parts[1].keep_for == seconds(2)


def test_settings_that_belong_together_change_together():
    base = ONE.with_({"disk.write": cq.Uniform(ms(1), ms(2))})
    variant = base.with_({"disk.write.low": ms(5), "disk.write.high": ms(6)}, length="2s", warm_up="1s")
    assert variant.disk.write == cq.Uniform(ms(5), ms(6))


def test_the_original_stays_as_it_is():
    before = ONE.digest()
    ONE.with_({"disk.write": ms(2)})
    assert ONE.digest() == before
    with pytest.raises(AttributeError, match=r"a Scenario is frozen: Scenario\.with_ makes a changed copy"):
        ONE.length = seconds(1)
    with pytest.raises(AttributeError, match="frozen"):
        del ONE.disk


def test_no_change_is_no_change():
    assert ONE.with_() == ONE.with_({}) == ONE


def test_faults_are_added():
    assert ONE.with_faults(cq.WriteErrors(0.1)).with_faults(cq.Stall(seconds(1), seconds(1))).faults == (
        cq.WriteErrors(0.1),
        cq.Stall(seconds(1), seconds(1)),
    )


@pytest.mark.parametrize(
    ("scenario", "changes", "told"),
    [
        (ONE, {"disk.wirte": ms(2)}, 'no setting "disk.wirte"; did you mean "disk.write"?'),
        (ONE, {"dsik.write": ms(2)}, 'no setting "dsik"; did you mean "disk"?'),
        (ONE, {"invalid": 0.1}, 'no setting "invalid"; did you mean "clients.invalid"?'),
        (ONE, {"disk.write.p50": ms(2)}, 'no setting "disk.write.p50"; disk.write is Constant and has value'),
        (ONE, {"length.x": 1}, 'no setting "length.x"; length has no settings'),
        (ONE, {"disk.write": 2}, 'disk.write: a duration needs a unit: write "2s", or seconds(2) (got 2)'),
        (ONE, {"clients.retries.at_most": 2},
         'clients.retries.at_most: "clients.retries" is not set, so it has no "at_most"; set "clients.retries" first'),
        (ONE, {"disk": cq.Disk(), "disk.write": ms(1)},
         'disk.write: is changed alone and together with all of "disk"'),
        (ONE, {"disk.write.kind": "Gamma"},
         'disk.write.kind: a kind does not change by itself; set all of "disk.write"'),
        (ONE, {"warm_up": seconds(60)}, "warm_up: must be less than length (1min) (got 1min)"),
        (ONE, {"": 1}, 'no setting ""'),
        (TWO, {"clients.invalid": 0.1}, ('clients.invalid: "clients" has 2 entries, and none is called "invalid"; '
         'write "clients.api.invalid", or one of api, batch')),
        (TWO, {"clients.apo.invalid": 0.1}, ('clients.apo: "clients" has 2 entries, and none is called "apo"; '
         'did you mean "clients.api"?')),
        (TWO, {"clients.batch.own_reads": {"of": "post"}},
         'clients.1.own_reads.of.0: no projection of this name (got "post"); did you mean "posts"?'),
        (ONE, {"faults.0.share": 1}, 'faults.0: "faults" is empty'),
    ],
)  # fmt: skip
def test_wrong_changes_are_explained(scenario, changes, told):
    with pytest.raises(cq.ScenarioError) as caught:
        scenario.with_(changes)
    assert str(caught.value).startswith(told)


def test_all_mistakes_of_a_change_are_told_at_once():
    with pytest.raises(cq.ScenarioError) as caught:
        ONE.with_({"disk.wirte": ms(2), "disk.capacity": 5, "clients.invalid": 2}, lenght=1)
    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["disk.wirte", "disk.capacity", "clients.invalid", "lenght"]


def test_reading_a_setting_that_does_not_exist_is_explained():
    with pytest.raises(cq.ScenarioError, match=r'did you mean "disk\.write"'):
        ONE.setting("disk.wirte")
    assert TWO.setting("clients.batch.arrivals.rate") == per_second(10)
    assert presets.blog().setting("clients.arrivals.rate") == per_second(200)
