"""Times and choices, beside the plainest way to compute them."""

import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.plan.arithmetic import log
from cqrsim.plan.arrivals import BURST_BLOCK, FEW, MOST_STEPS, choose, open_times, think_times
from cqrsim.plan.draws import BLOCK, Stream, sample

LUCK = (3, 1, "clients")


def rate(per_s: float) -> cq.Poisson:
    return cq.Poisson(per_second(per_s))


@pytest.mark.parametrize("expected", [0.01, 3, 100, BLOCK - 1, BLOCK, 3 * BLOCK + 5])
def test_poisson_arrivals_are_the_sums_of_their_gaps(expected: float) -> None:
    """However many gaps are drawn at a time."""
    end_ns = int(expected * 1e6)
    uniform = Stream(*LUCK, "arrival", 0).take(int(expected * 2) + 1000)
    times = np.cumsum(np.rint(-1e6 * log(1.0 - uniform)).astype(np.int64))
    assert np.array_equal(open_times(rate(1000), LUCK, end_ns), times[times < end_ns])


def test_what_hardly_ever_happens_does_not_happen() -> None:
    """Gaps of millennia stay gaps: they are not summed up to beyond what numbers hold."""
    for per_s in (1e-6, 1e-9, 1e-12):
        assert len(open_times(rate(per_s), LUCK, int(seconds(1000)))) <= 1
    assert len(open_times(rate(1e-9), LUCK, 0)) == 0


def test_arrivals_in_bursts_follow_the_accumulated_rate() -> None:
    """Over several blocks of unit arrivals, beside one computation for all."""
    quiet_ns, burst_ns, end_ns = 400_000_000, 100_000_000, int(seconds(10))
    bursts = cq.Bursts(per_second(2000), per_second(20_000), quiet=ms(400), burst=ms(100))
    stream, levels = Stream(*LUCK, "arrival", 0), [0.0]
    while levels[-1] < 56_000:
        levels += (levels[-1] + np.cumsum(-log(1.0 - stream.take(BURST_BLOCK)))).tolist()
    level = np.array(levels[1:])
    per_turn = 2000 * 0.4 + 20_000 * 0.1
    turn, within = np.divmod(level, per_turn)
    times = turn * (quiet_ns + burst_ns) + np.where(within < 800, within * 5e5, quiet_ns + (within - 800) * 5e4)
    found = open_times(bursts, LUCK, end_ns)
    assert len(found) > 3 * BURST_BLOCK
    assert np.max(np.abs(found - times[: len(found)])) <= 1
    assert times[len(found)] >= end_ns - 1


@pytest.mark.parametrize("clients", [1, 3, 500, BLOCK + 1])
@pytest.mark.parametrize(
    "closed",
    [
        {"think": cq.Exponential(ms(5))},
        {"think": cq.Empirical(values=[3, 1, 4, 1, 5], unit="ms", replay=True)},
        {"think": cq.Exponential(ms(5)), "pace": ms(7)},
        {"think": cq.Exponential(ms(5)), "at_most": 3},
        {"think": ms(0), "pace": ms(9)},
        {"at_most": 4},
        {"think": cq.Exponential(seconds(2e9))},
    ],
    ids=lambda closed: " ".join(f"{name} {value!r}" for name, value in closed.items()),
)
def test_closed_clients_think_round_by_round(clients: int, closed: dict[str, object]) -> None:
    """As many rounds as some client could need, beside a loop that looks before each."""
    group = cq.Closed(clients, **closed)  # type: ignore[arg-type]
    end_ns, stream, rounds, elapsed = int(ms(100)), Stream(*LUCK, "think", 0), list[list[int]](), np.zeros(clients)
    most = min(group.at_most or np.inf, np.inf if group.pace is None else np.ceil(end_ns / int(group.pace)))
    while len(rounds) < most and elapsed.min() < end_ns:
        index = np.arange(clients) + len(rounds) * clients
        rounds.append(sample(group.think, stream.take(clients), index).tolist())
        elapsed += rounds[-1]
    assert think_times(group, LUCK, end_ns).tolist() == [time for one in rounds for time in one]


def test_many_rounds_are_drawn_together() -> None:
    """A single client thinks through several blocks."""
    thought = think_times(cq.Closed(1, think=cq.Exponential(ms(1))), LUCK, int(seconds(20)))
    assert len(thought) > 2 * BLOCK
    assert np.sum(thought[:-1]) < seconds(20) <= np.sum(thought)


EDGES = np.array([0.0, 2.0**-53, 0.25, 0.5, 0.75, 1.0 - 2.0**-53])


@pytest.mark.parametrize("count", [1, 2, 3, FEW, FEW + 1, 64, 1000, 3 * MOST_STEPS])
@pytest.mark.parametrize("exponent", [0.0, 1.0, 6.0])
def test_a_choice_is_the_first_level_above_the_number(count: int, exponent: float) -> None:
    """Whether by comparing or by a table, also on borders and where borders crowd."""
    weights = np.arange(1, count + 1) ** -exponent
    levels = np.cumsum(weights) / np.sum(np.cumsum(weights)[-1:])
    uniform = np.concatenate([Stream(1, 0, "x").take(20_000), EDGES, levels[levels < 1.0][:5000]])
    searched = np.minimum(np.searchsorted(levels, uniform, side="right"), count - 1)
    assert np.array_equal(choose(weights)(uniform), searched)
