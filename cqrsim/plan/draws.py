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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

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

BLOCK = 16_384
"""Commands drawn at a time: small enough for the arithmetic to stay in the processor's cache."""


class Stream:
    """An endless row of uniform numbers in [0, 1), fixed by its key alone.

    >>> a, b = Stream(1, 0, "write"), Stream(1, 0, "write")
    >>> bool(np.all(a.take(3) == np.concatenate([b.take(1), b.take(2)])))
    True
    """

    def __init__(self, seed: int, replication: int, *words: str | int) -> None:
        digest = hashlib.sha256("\x1f".join(map(str, words)).encode()).digest()
        key = (replication, *np.frombuffer(digest[:16], dtype="<u4").tolist())
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))

    def take(self, count: int) -> Floats:
        """The next ``count`` numbers.  Made from raw bits, whose order NumPy promises never to change."""
        raw = self._bits.random_raw(count)
        result: Floats = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return result


def sample(distribution: AnyDistribution, uniform: Floats, index: Ints, attempt: int = 0) -> Ints:
    """Nanoseconds for uniform numbers: the inverse of the distribution, rounded.

    ``index`` is each command's place in its group and ``attempt`` the attempt; only a replayed row of measured
    values looks at them.

    >>> from cqrsim.units import ms
    >>> sample(Exponential(mean=ms(1)), np.array([0.0, 0.5]), np.array([0, 1])).tolist()
    [0, 693147]
    """
    result = np.empty(len(uniform), dtype=np.int64)
    for start in range(0, len(uniform), BLOCK):
        part = slice(start, start + BLOCK)
        drawn = _inverse(distribution, uniform[part], index[part] + attempt)
        result[part] = np.rint(np.minimum(drawn, LONGEST_NS))
    return result


def _inverse(distribution: AnyDistribution, u: Floats, index: Ints) -> Floats:
    return _INVERSES[type(distribution)](distribution, u, index)


def _constant(d: Constant, u: Floats, index: Ints) -> Floats:
    return np.full(len(u), float(d.value))


def _exponential(d: Exponential, u: Floats, index: Ints) -> Floats:
    result: Floats = -float(d.mean) * log(1.0 - u)
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
        if self.constant is not None and self:
            row = next(iter(self.values()))
        else:
            row = self.array(attempt).tolist()
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
    """The commands of one client group: which global numbers they have, in the group's own order."""

    key: str
    commands: Ints


class Draws:
    """All draws of one run: purposes in, columns over the commands out."""

    def __init__(self, seed: int, replication: int, blocks: tuple[Block, ...]) -> None:
        self.seed = seed
        self.replication = replication
        self.blocks = blocks
        self.count = sum(len(block.commands) for block in blocks)

    @cached_property
    def index(self) -> Ints:
        """Each command's place in its own group."""
        index = np.empty(self.count, dtype=np.int64)
        for block in self.blocks:
            index[block.commands] = np.arange(len(block.commands))
        return index

    def uniform(self, purpose: str, attempt: int = 0) -> Floats:
        """One uniform number for each command."""
        result = np.empty(self.count)
        for block in self.blocks:
            stream = Stream(self.seed, self.replication, block.key, purpose, attempt)
            result[block.commands] = stream.take(len(block.commands))
        return result

    def durations(self, purpose: str, distribution: AnyDistribution) -> Column:
        """A duration (ns) for each command and attempt."""
        if isinstance(distribution, Constant):
            value = int(distribution.value)
            return Column(lambda attempt: np.full(self.count, value, dtype=np.int64), constant=value)
        return Column(lambda attempt: sample(distribution, self.uniform(purpose, attempt), self.index, attempt))

    def marks(self, purpose: str, share: float) -> Column | None:
        """A yes (1) for a share of the commands in each attempt; None where nobody can be hit."""
        if share <= 0.0:
            return None
        return Column(lambda attempt: (self.uniform(purpose, attempt) < share).astype(np.int64))

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


def stream_of(seed: int, replication: int, group: str, purpose: str) -> Iterator[Floats]:
    """Endless blocks of uniform numbers, for what is drawn until a time is reached (arrivals)."""
    stream = Stream(seed, replication, group, purpose, 0)
    while True:
        yield stream.take(BLOCK)
