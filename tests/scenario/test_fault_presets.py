"""Presets of faults: labelled, never there unasked, written to files and back, and at the rates that they state."""

import pytest

import cqrsim as cq
from cqrsim import days, hours, minutes, ms, seconds
from cqrsim.scenario import presets

BLOG = presets.blog().with_(length=seconds(5), warm_up=seconds(0))
PRESETS = {"field": presets.field, "cloud": presets.cloud, "hostile": presets.hostile}
LINK = "store->projection.view"


@pytest.fixture(params=PRESETS)
def name(request):
    return request.param


def test_no_scenario_has_them_unasked():
    cases = (*presets.feedback_cases().values(), *presets.state_cases().values(), presets.filling(presets.blog()))
    assert all(not scenario.faults for scenario in cases)


def test_each_fault_is_labelled(name):
    names = [fault.name for fault in PRESETS[name]()]
    assert all(one.startswith(f"{name}: ") for one in names)
    assert len(set(names)) == len(names)
    assert "Assumed" in PRESETS[name].__doc__ or "chosen" in PRESETS[name].__doc__


def test_they_run(name):
    run = cq.simulate(BLOG.with_faults(*PRESETS[name]()), seed=1)
    assert set(run.faults()["fault"]) <= {fault.name for fault in PRESETS[name]()}
    assert run.faults().empty == (name != "hostile")


def test_they_outlive_a_file(name):
    scenario = BLOG.with_faults(*PRESETS[name]())
    assert cq.from_dict(scenario.to_dict()) == scenario


def test_toml_says_the_same(name, tmp_path):
    scenario = BLOG.with_faults(*PRESETS[name]())
    scenario.save(tmp_path / "scenario.toml")
    assert cq.load(tmp_path / "scenario.toml").digest() == scenario.digest()


def test_all_presets_together_are_one_scenario():
    every = [fault for make in PRESETS.values() for fault in make()]
    assert len(BLOG.with_faults(*every).faults) == len(every)


def test_hostile_strikes_everything_within_seconds():
    """All but what the blog's store has no use for: it writes and flushes in one."""
    run = cq.simulate(presets.blog().with_(length=seconds(20)).with_faults(*presets.hostile()), seed=1)
    spared = {fault.name for fault in presets.hostile()} - set(run.faults()["fault"])
    assert spared <= {"hostile: failed flushes"}


def yearly(name, faults):
    """Expected strikes within a year."""
    scenario = BLOG.with_(length=days(365), grace=seconds(0)).with_faults(*faults)
    return cq.expected_strikes(scenario).set_index("fault").loc[name, "expected_strikes"]


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("field: power loss", 1.5),
        ("field: disk failure", 0.015),
        ("field: fail-slow", 0.0015),
        ("field: slow", 0.004 * 365 * 24),
        ("field: latent sector error", 0.013),
    ],
)
def test_rates_of_the_field_are_those_of_a_year(name, share):
    assert yearly(name, presets.field()) == pytest.approx(share, rel=0.005)


def test_rates_follow_their_arguments():
    assert yearly("field: power loss", presets.field(power_losses=1)) == pytest.approx(1, rel=0.005)
    assert presets.field(slow_share=0.002)[3].when == cq.Renewal(cq.Exponential(hours(499)), cq.Exponential(hours(1)))
    assert yearly("cloud: slow episode", presets.cloud(episodes=3)) == pytest.approx(3 * 365, rel=0.005)
    assert yearly("cloud: fail-over", presets.cloud(fail_overs=2)) == pytest.approx(24, rel=0.005)


def test_episodes_of_a_cloud_are_as_long_and_as_slow_as_seen():
    episode, fail_over = presets.cloud()
    assert episode.what == cq.Slow(added=cq.Uniform(ms(200), ms(500)))
    assert episode.when.down == cq.Uniform(minutes(1), minutes(10))
    assert fail_over.what.switch == cq.Uniform(seconds(5), seconds(60))


@pytest.mark.parametrize(("intensity", "crashes", "lost"), [(0.1, 8000, 0.005), (1, 800, 0.05), (100, 8, 0.3)])
def test_intensity_scales_up_to_limits(intensity, crashes, lost):
    faults = {fault.name: fault for fault in presets.hostile(intensity)}
    assert faults["hostile: power loss"].when.up == cq.Exponential(ms(crashes))
    assert faults["hostile: lost handler->store"].when.share == pytest.approx(lost)
    errors = [faults[f"hostile: {kind} writes"].when.share for kind in ("refused", "ambiguous")]
    assert sum(errors) <= 0.1


def test_hostile_takes_the_links_that_it_is_given():
    faults = presets.hostile(links=[LINK])
    assert {fault.where for fault in faults if fault.operation == "message"} == {LINK}
    assert cq.simulate(BLOG.with_faults(*faults), seed=1).faults()["fault"].str.startswith("hostile: ").all()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: presets.hostile(0), "intensity: must be a number of more than 0"),
        (lambda: presets.hostile("much"), "intensity: must be a number of more than 0"),
        (lambda: presets.field(power_losses=-1), "power_losses: must be a number of more than 0"),
        (lambda: presets.field(slow_share=0.6), "slow_share: must not be more than 0.5"),
        (lambda: presets.cloud(episodes=1000), "episodes: must not be more than 100"),
    ],
)
def test_mistakes_are_told(call, told):
    with pytest.raises(cq.ScenarioError, match=told):
        call()
