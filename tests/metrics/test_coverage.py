"""Intervals cover what they say they cover: each is tried on made-up experiments of which the truth is known."""

import math

import numpy as np
import pytest
from metrics.coverage import assert_covers, assert_covers_at_least, covered
from scipy import stats

from cqrsim.experiments.answers.precision import grown
from cqrsim.metrics.best import against_the_best
from cqrsim.metrics.incidence import Endings
from cqrsim.metrics.intervals import (
    equivalence,
    mean_interval,
    paired_difference,
    proportion,
    quantile_interval,
    share_interval,
)
from cqrsim.metrics.survival import restricted_mean, survival
from cqrsim.metrics.waits import Waits


def queue_waits(generator: np.random.Generator, runs: int, commands: int, load: float) -> np.ndarray:
    """Waits in an M/M/1 queue (service takes 1 on average), one run a row, begun in its steady state."""
    waits = np.empty((runs, commands))
    busy = generator.random(runs) < load
    waits[:, 0] = np.where(busy, generator.exponential(1 / (1 - load), runs), 0.0)
    for number in range(1, commands):
        step = generator.exponential(1, runs) - generator.exponential(1 / load, runs)
        waits[:, number] = np.maximum(waits[:, number - 1] + step, 0.0)
    return waits


class TestMeans:
    """Student's t over replications is exact for normal ones."""

    @pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
    def test_the_mean(self, confidence: float) -> None:
        sample = np.random.default_rng(11).normal(10, 3, (3000, 6))
        assert_covers(covered(10, [mean_interval(row, confidence)[1:] for row in sample]), confidence)

    def test_the_difference_of_pairs(self) -> None:
        generator = np.random.default_rng(12)
        luck = generator.normal(0, 10, (3000, 8))
        left, right = luck + generator.normal(1, 1, luck.shape), luck + generator.normal(0, 1, luck.shape)
        found = [paired_difference(a, b)[1:3] for a, b in zip(left, right, strict=True)]
        assert_covers(covered(1.0, found))

    @pytest.mark.parametrize("share", np.geomspace(0.0005, 0.5, 12).tolist())
    def test_a_proportion(self, share: float) -> None:
        """Exactly: summed over all counts.  At least 92.5 %, since none seen spends all of its 5 % on one side."""
        counts = np.arange(401)
        inside = [proportion(count, 400)[1] <= share <= proportion(count, 400)[2] for count in counts.tolist()]
        assert stats.binom.pmf(counts, 400, share)[inside].sum() >= 0.925

    def test_shares_that_vary_between_runs(self) -> None:
        """Commands of a run share its fate: the interval that takes them for independent misses far too often."""
        generator = np.random.default_rng(13)
        counts = generator.binomial(500, generator.beta(20, 180, (3000, 10)))
        honest = covered(0.1, [share_interval(row / 500, 5000)[1:] for row in counts])
        assert_covers_at_least(honest, 0.94)
        naive = covered(0.1, [proportion(int(row.sum()), 5000)[1:] for row in counts[:1000]])
        assert naive.mean() < 0.75

    def test_equivalence_is_not_claimed_of_what_differs(self) -> None:
        """If the true difference is as large as the margin, it is called smaller in one case of twenty."""
        sample = np.random.default_rng(14).normal(1.0, 0.5, (3000, 12))
        claimed = np.array([equivalence(row, np.zeros(12), margin=1.0) < 0.05 for row in sample])
        assert_covers(~claimed, 0.95)


RUNS, COMMANDS, LOAD = 10, 1500, 0.7


@pytest.fixture(scope="module")
def waits() -> np.ndarray:
    """Five hundred experiments of ten runs of a queue."""
    return queue_waits(np.random.default_rng(15), 500 * RUNS, COMMANDS, LOAD).reshape(500, RUNS, COMMANDS)


class TestQuantiles:
    """Sectioning covers where commands wait in one queue; what takes them for independent does not."""

    @pytest.mark.parametrize("p", [0.5, 0.9])
    def test_sectioning(self, waits: np.ndarray, p: float) -> None:
        truth = math.log(LOAD / (1 - p)) / (1 - LOAD)
        hits = covered(truth, [quantile_interval(list(trial), p)[1:] for trial in waits])
        assert_covers_at_least(hits, 0.92)
        assert hits.mean() < 0.985

    def test_the_order_statistics_of_all_commands_together_do_not_cover(self, waits: np.ndarray) -> None:
        """The textbook's interval for a median of independent values."""
        truth, n = math.log(LOAD / 0.1) / (1 - LOAD), RUNS * COMMANDS
        half = 1.96 * math.sqrt(n * 0.9 * 0.1)
        pooled = np.sort(waits.reshape(-1, n), axis=1)
        ends = pooled[:, [math.floor(0.9 * n - half), math.ceil(0.9 * n + half)]]
        assert covered(truth, ends.tolist()).mean() < 0.5

    def test_with_waits_that_were_cut_off(self) -> None:
        """Exponential waits whose pace differs from run to run, followed for a limited time."""
        generator = np.random.default_rng(16)
        pace = generator.uniform(0.9, 1.1, (300, 8, 1))
        waits, followed = generator.exponential(pace, (300, 8, 200)), generator.uniform(0.5, 4, (300, 8, 200))
        found = []
        for lasted, limit in zip(waits, followed, strict=True):
            runs = [Waits(a[a <= b], b[a > b]) for a, b in zip(lasted, limit, strict=True)]
            found.append(quantile_interval(runs, 0.5)[1:])
        paces = np.linspace(0.9, 1.1, 2001)
        candidates = np.linspace(0.6, 0.8, 20001)
        truth = candidates[np.argmin(np.abs(np.exp(-candidates[:, None] / paces[::20]).mean(axis=1) - 0.5))]
        assert_covers_at_least(covered(float(truth), found), 0.92)


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When waiting ends at a pace that is gamma distributed over the runs, its kind, and when it is cut off."""
    generator, shape = np.random.default_rng(17), (300, RUNS, 150)
    pace = generator.gamma(20, 1 / 20, (300, RUNS, 1))
    kinds = (generator.random(shape) < 0.3).astype(np.int8)
    return generator.exponential(1, shape) / pace, kinds, generator.uniform(0.5, 3, shape)


class TestCurves:
    """Kaplan and Meier's and Aalen and Johansen's curves, with t intervals over runs that differ."""

    AT = 1.0

    def test_the_share_still_waiting(self, drawn: tuple[np.ndarray, ...]) -> None:
        ends, _, limits = drawn
        truth = (1 + self.AT / 20) ** -20
        found = []
        for trial, limit in zip(ends, limits, strict=True):
            runs = [Waits(a[a <= b], b[a > b]) for a, b in zip(trial, limit, strict=True)]
            shares = [survival(run, self.AT)[0] for run in runs]
            found.append(share_interval(shares, RUNS * 150)[1:])
        assert_covers_at_least(covered(truth, found), 0.94)

    def test_the_mean_within_a_limit(self, drawn: tuple[np.ndarray, ...]) -> None:
        ends, _, limits = drawn
        truth = 20 / 19 * (1 - (1 + self.AT / 20) ** -19)
        found = []
        for trial, limit in zip(ends, limits, strict=True):
            runs = [Waits(a[a <= b], b[a > b]) for a, b in zip(trial, limit, strict=True)]
            found.append(mean_interval([restricted_mean(run, self.AT) for run in runs])[1:])
        assert_covers_at_least(covered(truth, found), 0.94)

    def test_the_cumulative_incidence(self, drawn: tuple[np.ndarray, ...]) -> None:
        ends, kinds, limits = drawn
        truth, found = 0.3 * (1 - (1 + self.AT / 20) ** -20), []
        seen = np.where(ends <= limits, kinds, np.int8(-1)).astype(np.int8)
        for trial, kind in zip(np.minimum(ends, limits), seen, strict=True):
            nobody = np.zeros(150, np.bool_)
            shares = [Endings(a, b, nobody).shares(self.AT)[1, 0] for a, b in zip(trial, kind, strict=True)]
            found.append(share_interval(shares, RUNS * 150)[1:])
        assert_covers_at_least(covered(truth, found), 0.94)


class TestTheBest:
    """All differences from the best of the others are covered at once."""

    @pytest.mark.parametrize("means", [(0.0, 0.0, 0.0, 0.0), (0.0, 0.3, 0.6, 5.0), (0.0, 0.0, 4.0, 4.0)])
    def test_together(self, means: tuple[float, ...]) -> None:
        generator = np.random.default_rng(18)
        truth = np.array(means)
        others = np.array([np.delete(truth, place).min() for place in range(4)])
        hits, chosen = [], []
        for luck in generator.normal(0, 5, (2000, 10, 1)):
            found = against_the_best(truth + luck + generator.normal(0, 1, (10, 4)))
            inside = (found.low <= truth - others) & (truth - others <= found.high)
            hits.append(bool(inside.all()))
            chosen.append(bool(found.low[0] < 0))
        assert_covers_at_least(np.array(hits), 0.95)
        assert_covers_at_least(np.array(chosen), 0.95)

    def test_the_bound_is_sharp_where_one_must_be_told_from_equals(self) -> None:
        """With all means equal the best is lost in no more, and not many fewer, than one case of twenty."""
        generator = np.random.default_rng(19)
        lost = [against_the_best(generator.normal(0, 1, (10, 4))).low[0] == 0 for _ in range(4000)]
        assert_covers(~np.array(lost), 0.95)


def test_to_stop_when_it_is_narrow_costs_little() -> None:
    """Until the half-width is 5 % of the mean: intervals at 95 % still cover in 92 % and more."""
    generator = np.random.default_rng(20)
    hits, sizes = [], []
    for trial in generator.normal(10, 2, (1500, 400)):
        size, wanted = 0, 10
        while size != wanted:
            size = wanted
            value, low, high = mean_interval(trial[:size])
            too_wide = (high - low) / 2 / (0.05 * abs(value))
            wanted = grown(size, too_wide, at_most=400) if too_wide > 1 else size
        hits.append(low <= 10 <= high)
        sizes.append(size)
    assert_covers_at_least(np.array(hits), 0.92)
    assert 40 < np.median(sizes) < 100 and min(sizes) >= 10 and max(sizes) < 400
