"""The only home of chance.

Luck belongs to the command: a draw is a function of (seed, replication, purpose, command, attempt) and of nothing
else, least of all of the order in which a simulation comes to ask.  Each (group, purpose, attempt) has a stream of
its own, whose key is spelled out in words and hashed; the n-th command of the group takes the n-th number of the
stream.  Exactly one uniform number goes into each drawn value, through the inverse of its distribution, so that

* a longer run begins with the same luck as a shorter one,
* a design with another distribution meets the same luck, stretched (common random numbers at their best),
* adding a purpose, a fault or a group of clients moves no other draw.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cqrsim.plan.arithmetic import exp, log, normal_quantile
from cqrsim.scenario.distributions import (
    AnyDistribution,
    Constant,
    Empirical,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Uniform,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

Z_99 = 2.3263478740408408
"""Standard normal 99 % quantile."""

SERIES_BLOCK = 256
"""Numbers of a series drawn at a time: most are short."""

LONGEST_NS = 2.0**61
"""Some 73 years: rarer things do not happen, and whole numbers of 64 bits hold twice as much."""

BLOCK = 8_192
"""Commands drawn at a time: small enough for the arithmetic to stay in the processor's cache."""

Places = slice | Ints
"""Where some commands stand among all: a slice wherever that is enough, for it is many times faster."""


class Stream:
    """An endless row of uniform numbers in [0, 1), fixed by its key alone.

    >>> a, b = Stream(1, 0, "write"), Stream(1, 0, "write")
    >>> bool(np.all(a.take(3) == np.concatenate([b.take(1), b.take(2)])))
    True
    """

    def __init__(self, seed: int, replication: int, *words: str | int) -> None:
        digest = hashlib.sha256("\x1f".join(map(str, words)).encode()).digest()
        key = (replication, *struct.unpack("<4I", digest[:16]))
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))

    def take(self, count: int) -> Floats:
        """The next ``count`` numbers.  Made from raw bits, whose order NumPy promises never to change."""
        raw = self._bits.random_raw(count)
        raw >>= np.uint64(11)
        # What is left fits into 53 bits, so signed numbers hold it as well, and processors convert those faster.
        result = raw.view(np.int64).astype(np.float64)
        result *= 2.0**-53
        return result

    def blocks(self, count: int) -> Iterator[tuple[int, Floats]]:
        """The next ``count`` numbers block by block, each block with the place of its first number."""
        for first in range(0, count, BLOCK):
            yield first, self.take(min(BLOCK, count - first))

    def turned(self, count: int, turn: Callable[[Floats], npt.NDArray[Any]]) -> Ints:
        """The next ``count`` numbers, each turned into a whole number."""
        result = np.empty(count, dtype=np.int64)
        for first, uniform in self.blocks(count):
            result[first : first + len(uniform)] = turn(uniform)
        return result


def sample(distribution: AnyDistribution, uniform: Floats, index: Ints) -> Ints:
    """Nanoseconds for uniform numbers: the inverse of the distribution, rounded.

    ``index`` counts the numbers; only a replayed row of measured values looks at it.

    >>> from cqrsim.units import ms
    >>> sample(Exponential(mean=ms(1)), np.array([0.0, 0.5]), np.array([0, 1])).tolist()
    [0, 693147]
    """
    return _rounded(distribution, uniform, index).astype(np.int64)


def _rounded(distribution: AnyDistribution, uniform: Floats, index: Ints) -> Floats:
    drawn = _inverse(distribution, uniform, index)
    np.minimum(drawn, LONGEST_NS, out=drawn)
    return np.rint(drawn, out=drawn)


def _inverse(distribution: AnyDistribution, u: Floats, index: Ints) -> Floats:
    """An array of its own, for whoever asks to go on with."""
    return _INVERSES[type(distribution)](distribution, u, index)


def _constant(d: Constant, u: Floats, index: Ints) -> Floats:
    return np.full(len(u), float(d.value))


def _exponential(d: Exponential, u: Floats, index: Ints) -> Floats:
    result = log(1.0 - u)
    result *= -float(d.mean)
    return result


def _uniform(d: Uniform, u: Floats, index: Ints) -> Floats:
    result: Floats = int(d.low) + u * (int(d.high) - int(d.low))
    return result


def _lognormal(d: LogNormal, u: Floats, index: Ints) -> Floats:
    mu, sigma = lognormal_parameters(d)
    result: Floats = exp(mu + sigma * normal_quantile(_inside(u)))
    return result


def lognormal_parameters(d: LogNormal) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm (of nanoseconds)."""
    if d.p50 is not None and d.p99 is not None:
        middle, tail = log(np.array([float(d.p50), float(d.p99)]))
        return float(middle), float((tail - middle) / Z_99)
    assert d.mean is not None and d.cv is not None
    variance = float(log(np.array([1.0 + d.cv * d.cv]))[0])
    return float(log(np.array([float(d.mean)]))[0]) - variance / 2.0, float(np.sqrt(variance))


def _inside(u: Floats) -> Floats:
    """Keep off the ends, where quantiles are infinite: half a step of the generator."""
    return np.where(u < 2.0**-54, 2.0**-54, u)


def _gamma(d: Gamma, u: Floats, index: Ints) -> Floats:
    from scipy.special import gammaincinv  # heavy, and few scenarios use it

    shape = 1.0 / (d.cv * d.cv)
    return np.asarray(gammaincinv(shape, u) * (float(d.mean) / shape), dtype=np.float64)


def _mixture(d: Mixture, u: Floats, index: Ints) -> Floats:
    """One number picks the part and, stretched to [0, 1) again, the value within it."""
    total = sum(weight for weight, _ in d.parts)
    result = np.empty(len(u))
    low = 0.0
    for position, (weight, part) in enumerate(d.parts):
        share = weight / total
        high = low + share
        last = position == len(d.parts) - 1
        mine = (u >= low) & ((u < high) | last)
        stretched = np.minimum((u[mine] - low) / share, 1.0 - 2.0**-53)
        result[mine] = _inverse(part, stretched, index[mine])
        low = high
    return result


def _empirical(d: Empirical, u: Floats, index: Ints) -> Floats:
    values = np.asarray(d.values_ns, dtype=np.float64)
    if d.replay:
        return values[index % len(values)]
    result: Floats = np.sort(values)[(u * len(values)).astype(np.int64)]
    return result


_INVERSES: dict[type, Callable[..., Floats]] = {
    Constant: _constant,
    Exponential: _exponential,
    Uniform: _uniform,
    LogNormal: _lognormal,
    Gamma: _gamma,
    Mixture: _mixture,
    Empirical: _empirical,
}


class Column(dict[int, list[int]]):
    """One number for each command and attempt, drawn when an attempt is first reached and then kept.

    ``column[attempt]`` is a list over the commands.  Lists, because actors take single numbers, which NumPy is slow
    at.  ``column.array(attempt)`` is the same as an array.
    """

    def __init__(self, draw: Callable[[int], Ints], constant: int | None = None) -> None:
        super().__init__()
        self.array = draw
        """Draws the numbers of one attempt, as an array; these are not kept."""
        self.constant = constant

    def __missing__(self, attempt: int) -> list[int]:
        row: list[int]
        if self.constant is None:
            row = self.array(attempt).tolist()
        elif self:
            row = next(iter(self.values()))
        else:
            row = [self.constant] * len(self.array(attempt))
        self[attempt] = row
        return row


class Series:
    """An endless row of numbers, drawn in blocks when they are first reached.

    >>> Series(lambda block: np.arange(4) + 4 * block, 4)[5]
    5
    """

    def __init__(self, draw: Callable[[int], Ints], block: int = 1024) -> None:
        self.array = draw
        self.block = block
        self._blocks: dict[int, list[int]] = {}

    def __getitem__(self, number: int) -> int:
        which, place = divmod(number, self.block)
        if which not in self._blocks:
            self._blocks[which] = self.array(which).tolist()
        return self._blocks[which][place]


@dataclass(frozen=True)
class Block:
    """The commands of one client group: which global numbers they have, ascending."""

    key: str
    commands: Ints

    def places(self, start: int = 0, stop: int | None = None) -> Places:
        """Where the commands ``start`` to ``stop`` of the group stand among all commands.

        >>> Block("clients", np.arange(5, 9)).places(1, 3), Block("clients", np.array([0, 2])).places()
        (slice(6, 8, None), array([0, 2]))
        """
        mine = self.commands[start:stop]
        if not len(mine):
            return slice(0, 0)
        first, behind = int(mine[0]), int(mine[-1]) + 1
        return slice(first, behind) if behind - first == len(mine) else mine


class Part(NamedTuple):
    """Commands of one group that are drawn together, and a uniform number in [0, 1) for each."""

    places: Places
    uniform: Floats
    first: int
    """The place of the first of them in its group."""

    @property
    def numbers(self) -> Ints:
        """Each command's place in its group."""
        return np.arange(self.first, self.first + len(self.uniform))


@dataclass(frozen=True)
class Uniforms:
    """A uniform number in [0, 1) for each command: of one purpose and attempt, made part by part while it is read.

    Never all at once: for millions of commands they would fill more memory than what is made of them.

    >>> uniforms = Draws(1, 0, (Block("clients", np.arange(3)),)).uniform("write")
    >>> uniforms.turned(lambda uniform: uniform * 6).tolist()
    [3, 5, 5]
    """

    draws: "Draws"
    purpose: str
    attempt: int

    def __iter__(self) -> Iterator[Part]:
        for group in range(len(self.draws.blocks)):
            yield from self.of_group(group)

    def of_group(self, group: int) -> Iterator[Part]:
        """The numbers of one group's commands only."""
        block = self.draws.blocks[group]
        stream = Stream(self.draws.seed, self.draws.replication, block.key, self.purpose, self.attempt)
        for first, uniform in stream.blocks(len(block.commands)):
            yield Part(block.places(first, first + len(uniform)), uniform, first)

    def turned(self, turn: Callable[[Floats], npt.NDArray[Any]]) -> Ints:
        """A whole number for each command, made of its uniform number; fractions are cut off."""
        result = np.empty(self.draws.count, dtype=np.int64)
        for part in self:
            result[part.places] = turn(part.uniform)
        return result


class Draws:
    """All draws of one run: purposes in, columns over the commands out."""

    def __init__(self, seed: int, replication: int, blocks: tuple[Block, ...]) -> None:
        self.seed = seed
        self.replication = replication
        self.blocks = blocks
        self.count = sum(len(block.commands) for block in blocks)

    def uniform(self, purpose: str, attempt: int = 0) -> Uniforms:
        """One uniform number for each command."""
        return Uniforms(self, purpose, attempt)

    def constant(self, value: int) -> Column:
        """The same number for each command and attempt; its arrays take no room, and cannot be written to."""
        return Column(lambda attempt: np.broadcast_to(np.int64(value), self.count), constant=value)

    def durations(self, purpose: str, distribution: AnyDistribution) -> Column:
        """A duration (ns) for each command and attempt."""
        if isinstance(distribution, Constant):
            return self.constant(int(distribution.value))

        def draw(attempt: int) -> Ints:
            result = np.empty(self.count, dtype=np.int64)
            for part in self.uniform(purpose, attempt):
                result[part.places] = _rounded(distribution, part.uniform, part.numbers + attempt)
            return result

        return Column(draw)

    def marks(self, purpose: str, share: float) -> Column | None:
        """A yes (1) for a share of the commands in each attempt; None where nobody can be hit."""
        if share <= 0.0:
            return None
        if share >= 1.0:
            return self.constant(1)
        return Column(lambda attempt: self.uniform(purpose, attempt).turned(lambda uniform: uniform < share))

    def series(self, purpose: str, distribution: AnyDistribution) -> "Series":
        """Durations (ns) that belong to no command: one after the other."""

        def draw(block: int) -> Ints:
            index = np.arange(block * SERIES_BLOCK, (block + 1) * SERIES_BLOCK)
            uniform = Stream(self.seed, self.replication, "", purpose, block).take(SERIES_BLOCK)
            return sample(distribution, uniform, index)

        return Series(draw, SERIES_BLOCK)

    def chances(self, purpose: str) -> "Series":
        """Whole numbers, evenly from [0, 2**32), that belong to no command."""

        def draw(block: int) -> Ints:
            uniform = Stream(self.seed, self.replication, "", purpose, block).take(SERIES_BLOCK)
            return (uniform * 2.0**32).astype(np.int64)

        return Series(draw, SERIES_BLOCK)
