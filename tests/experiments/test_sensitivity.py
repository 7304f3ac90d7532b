"""Sobol's indices and Morris' effects, against a metric that is known analytically in the factors."""

import importlib.util
from typing import Any

import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.errors import ResultError, ScenarioError
from cqrsim.experiments.answers import sensitivity
from cqrsim.experiments.answers.questions import questions_of
from cqrsim.experiments.designs.factor_space import FactorSpace

RANGES = {"handlers.validate": (0, 4), "disk.write": (1, 9), "network.client_to_handler": (1, 3)}
"""In milliseconds; a command's feedback takes the sum of the three."""

FACTORS = {path: cq.Between(ms(low), ms(high)) for path, (low, high) in RANGES.items()}
WIDTHS = np.array([high - low for low, high in RANGES.values()])

needs_salib = pytest.mark.skipif(importlib.util.find_spec("SALib") is None, reason="SALib is an optional extra")


def chain(**parts: Any) -> cq.Scenario:
    """A few commands, far apart, through a chain of constant delays."""
    settings: dict[str, Any] = {
        "clients": cq.Clients(cq.Regular(ms(50))),
        "aggregates": cq.Evenly(10**9),
        "feedback": cq.SyncValidation("written"),
        "length": seconds(0.1),
        "grace": seconds(0),
        "drain": seconds(1),
    }
    return cq.Scenario(**(settings | parts))


def test_indices_of_a_sum_are_ratios_of_variances() -> None:
    """Feedback is a sum of uniform delays: first-order and total indices are each width squared, over all of them."""
    found = cq.sobol_indices(chain(), FACTORS, "feedback_ms_mean", n=64, engine="simpy")
    theory = WIDTHS**2 / (WIDTHS**2).sum()
    frame = found.frame
    assert frame["factor"].tolist() == list(RANGES)
    for index in ("first_order", "total"):
        assert frame[index].to_numpy() == pytest.approx(theory, abs=0.08)
        assert ((frame[f"{index}_low"] <= theory) & (theory <= frame[f"{index}_high"])).all()
    assert found.points == 64 * 5
    assert found.table()["factor"].tolist() == ["disk.write", "handlers.validate", "network.client_to_handler"]


@needs_salib
def test_elementary_effects_of_a_sum_are_the_widths() -> None:
    """Each factor moves the feedback by its whole range, everywhere alike: sigma is 0, but for whole nanoseconds."""
    frame = cq.morris(chain(), FACTORS, "feedback_ms_mean", trajectories=3, engine="simpy").frame
    assert frame["mu_star"].to_numpy() == pytest.approx(WIDTHS, abs=1e-5)
    assert frame["mu"].to_numpy() == pytest.approx(WIDTHS, abs=1e-5)
    assert frame["sigma"].to_numpy() == pytest.approx(0, abs=1e-5)


def test_resamples_in_which_nothing_varies_do_not_take_the_interval_away() -> None:
    """What happens at two points of 64 is missing from some bootstrap samples; of the others there is an interval."""
    values = np.zeros((4, 64))
    values[[0, 1, 2, 3], [3, 9, 3, 9]] = 1
    (question,) = questions_of(["loss_count > 0"], [cq.presets.blog()])
    rows = list(sensitivity._shares(question, ["x", "y"], values, 0.95, 1))
    assert len(rows) == 2
    assert all(np.isfinite([row["first_order_low"], row["total_high"]]).all() for row in rows)


def test_a_metric_that_never_varies_has_no_shares() -> None:
    """NaN, without a word of warning; beside one that does."""
    found = cq.sobol_indices(chain(), FACTORS, "loss_count", "feedback_ms_mean", n=4, engine="simpy").frame
    assert found.loc[found["name"] == "loss_count", "total"].isna().all()
    assert found.loc[found["name"] == "feedback_ms_mean", "total"].notna().all()


def test_results_do_not_depend_on_who_does_the_work() -> None:
    """One worker or two; the intervals, too."""
    one = cq.sobol_indices(chain(), FACTORS, "feedback_ms_mean", n=4, engine="simpy")
    two = cq.sobol_indices(chain(), FACTORS, "feedback_ms_mean", n=4, engine="simpy", n_jobs=2)
    assert one.frame.equals(two.frame)


def test_all_points_share_their_luck() -> None:
    """A factor that does nothing has an index of 0 to the last bit, however random the rest."""
    noisy = chain(network=cq.Network(client_to_handler=cq.Exponential(ms(5))))
    factors = {"disk.write": cq.Between(ms(1), ms(2)), "store.restart": cq.Between(seconds(1), seconds(9))}
    found = cq.sobol_indices(noisy, factors, "feedback_ms_mean", n=8, engine="simpy").frame.set_index("factor")
    assert found.loc["store.restart", "total"] == 0
    assert found.loc["disk.write", "total"] > 0.5


def test_an_overloaded_corner_is_refused_by_name() -> None:
    """Before anything runs, with the settings and the station."""
    factors = {"disk.write": cq.Between(ms(1), ms(9)), "clients.arrivals.rate": cq.Between("50/s", "300/s")}
    with pytest.raises(ScenarioError, match=r"overloaded at disk.write = 9ms, clients.arrivals.rate = 300/s \(disk"):
        cq.sobol_indices(cq.presets.blog(), factors, "feedback_ms_mean")


def test_settings_may_move_together() -> None:
    """A factor of two paths goes up both of its ranges at once."""
    both = {("disk.write", "disk.flush"): (cq.Between(ms(1), ms(3)), cq.Between(ms(2), ms(4)))}
    space = FactorSpace.of(chain(), both)
    assert space.names == ["disk.write + disk.flush"]
    assert space.settings([0.5]) == {"disk.write": ms(2), "disk.flush": ms(3)}


def test_mistakes_are_told_before_anything_runs() -> None:
    """Factors, numbers of points, metrics."""
    for factors, told in [
        ({"disk.wirte": cq.Between(ms(1), ms(2))}, 'did you mean "disk.write"'),
        ({"disk.write": [ms(1), ms(2)]}, "must be a range"),
        ({}, "at least one factor"),
    ]:
        with pytest.raises(ScenarioError, match=told):
            cq.sobol_indices(chain(), factors, "feedback_ms_mean")  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match="take 64 or 128"):
        cq.sobol_indices(chain(), FACTORS, "feedback_ms_mean", n=100)
    with pytest.raises(ResultError, match='did you mean "feedback_ms_mean"'):
        cq.sobol_indices(chain(), FACTORS, "feedback_mean")
    with pytest.raises(ResultError, match="name at least one metric"):
        cq.sobol_indices(chain(), FACTORS)


def test_a_metric_must_be_known_at_every_point() -> None:
    """Where it is not, the point is named."""
    factors = {"disk.write": cq.Between(ms(1), ms(2))}
    with pytest.raises(ResultError, match=r"refused_feedback_ms_mean is not known at disk.write = "):
        cq.sobol_indices(chain(), factors, "refused_feedback_ms_mean", n=2, engine="simpy")


def test_without_salib_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an optional extra."""

    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(sensitivity, "import_module", missing)
    with pytest.raises(ResultError, match=r'pip install "cqrsim\[sensitivity\]"'):
        cq.morris(chain(), FACTORS, "feedback_ms_mean")


@needs_salib
def test_levels_must_be_even() -> None:
    """So that every step stays on the grid."""
    with pytest.raises(ScenarioError, match="levels: must be an even number"):
        cq.morris(chain(), FACTORS, "feedback_ms_mean", levels=3)
