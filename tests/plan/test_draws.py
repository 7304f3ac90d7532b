"""Draws come in blocks, and nobody can tell: each command has its number of its group's stream."""

from collections.abc import Callable

import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms
from cqrsim.plan import draws as module
from cqrsim.plan.draws import BLOCK, LONGEST_NS, Block, Column, Draws, Stream, sample

COUNT = 2 * BLOCK + 77

DISTRIBUTIONS: dict[str, cq.AnyDistribution] = {
    "exponential": cq.Exponential(ms(1)),
    "uniform": cq.Uniform(ms(1), ms(3)),
    "lognormal": cq.LogNormal(p50=ms(1), p99=ms(30)),
    "gamma": cq.Gamma(ms(2), cv=0.5),
    "mixture": cq.Mixture(((0.9, cq.Exponential(ms(1))), (0.1, cq.Uniform(ms(5), ms(9))))),
    "measured": cq.Empirical(values=[3, 1, 4, 1, 5], unit="ms"),
    "replayed": cq.Empirical(values=[3, 1, 4, 1, 5], unit="ms", replay=True),
}


def one_group() -> Draws:
    return Draws(1, 2, (Block("clients", np.arange(COUNT)),))


def three_groups() -> Draws:
    """Two whose commands alternate, and one behind them."""
    numbers = np.arange(COUNT)
    open_ones = numbers[: -BLOCK - 9]
    return Draws(1, 2, (Block("a", open_ones[::2]), Block("b", open_ones[1::2]), Block("c", numbers[-BLOCK - 9 :])))


GROUPS = pytest.mark.parametrize("make", [one_group, three_groups])


def nothing_may_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Stream", None)


def test_a_stream_is_made_of_raw_bits() -> None:
    """The upper 53 bits of each 64, as a share of all that they could be."""
    stream, twin = Stream(1, 0, "write"), Stream(1, 0, "write")
    raw = twin._bits.random_raw(1000)
    assert stream.take(1000).tolist() == [float(int(bits) >> 11) / 2.0**53 for bits in raw]


def test_blocks_of_a_stream_are_the_stream() -> None:
    """However many are taken at a time."""
    blocks = list(Stream(1, 0, "write").blocks(COUNT))
    assert [first for first, _ in blocks] == [0, BLOCK, 2 * BLOCK]
    assert np.array_equal(np.concatenate([uniform for _, uniform in blocks]), Stream(1, 0, "write").take(COUNT))


@GROUPS
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_commands_of_a_group_have_the_numbers_of_its_stream(make: Callable[[], Draws], name: str) -> None:
    """The n-th command of a group gets what the n-th number gives, wherever it stands and however blocks fall."""
    draws, distribution = make(), DISTRIBUTIONS[name]
    for attempt in (0, 2):
        drawn = draws.durations("write", distribution).array(attempt)
        for block in draws.blocks:
            count = len(block.commands)
            uniform = Stream(1, 2, block.key, "write", attempt).take(count)
            assert np.array_equal(drawn[block.commands], sample(distribution, uniform, np.arange(count) + attempt))


@GROUPS
def test_a_share_is_hit(make: Callable[[], Draws]) -> None:
    """Those whose number is below it."""
    draws = make()
    column = draws.marks("loss", 0.3)
    assert column is not None
    for block in draws.blocks:
        uniform = Stream(1, 2, block.key, "loss", 1).take(len(block.commands))
        assert np.array_equal(column.array(1)[block.commands], uniform < 0.3)


def test_places_are_slices_wherever_commands_are_neighbours() -> None:
    """Else the numbers themselves; both mean the same commands."""
    numbers = np.arange(COUNT)
    for block in three_groups().blocks:
        for start, stop in ((0, None), (5, 5), (7, 8), (3, 900)):
            assert np.array_equal(numbers[block.places(start, stop)], block.commands[start:stop])
    assert [isinstance(block.places(), slice) for block in three_groups().blocks] == [False, False, True]


def test_long_durations_are_cut() -> None:
    """To what whole numbers of 64 bits hold twice."""
    ages = cq.Exponential(cq.seconds(2e9))
    assert sample(ages, np.array([1.0 - 2.0**-53]), np.array([0])).tolist() == [int(LONGEST_NS)]


class TestWhatIsAlwaysTheSame:
    """Constants are not drawn, and not written out."""

    def columns(self) -> dict[int, Column | None]:
        draws = one_group()
        return {5_000_000: draws.durations("write", cq.Constant(ms(5))), 1: draws.marks("loss", 1.0)}

    def test_they_say_so_and_draw_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        nothing_may_be_drawn(monkeypatch)
        for value, column in self.columns().items():
            assert column is not None
            assert column.constant == value
            for attempt in (0, 3):
                assert column.array(attempt).tolist() == column[attempt] == [value] * COUNT

    def test_they_take_no_room(self) -> None:
        """One number in memory, which nobody can change by mistake."""
        for column in self.columns().values():
            assert column is not None
            assert column.array(0).strides == (0,)
            assert not column.array(0).flags.writeable
            assert column[0] is column[1]

    def test_a_share_of_nobody_is_no_column(self) -> None:
        assert one_group().marks("loss", 0.0) is None


def test_a_column_keeps_lists_and_draws_arrays_afresh() -> None:
    """Actors read the list again and again, engines take the array once."""
    column = one_group().durations("write", cq.Exponential(ms(1)))
    assert column.constant is None
    assert column[0] is column[0]
    assert column.array(0) is not column.array(0)
    assert column[0] == column.array(0).tolist() != column[1]
