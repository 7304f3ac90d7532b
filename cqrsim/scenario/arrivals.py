"""When clients issue commands: open arrivals come by themselves, closed ones wait for what they did before."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from cqrsim.errors import Problem
from cqrsim.scenario.checks import Count, Maybe, PositiveDuration, PositiveRate
from cqrsim.scenario.choices import Choice
from cqrsim.scenario.distributions import DistributionSetting
from cqrsim.scenario.measured import (
    Column,
    DataFile,
    Measured,
    Unit,
    as_durations,
    digest_of_values,
    exactly_one,
    read_durations,
)
from cqrsim.scenario.values import Known, Settings, setting, value
from cqrsim.units import Duration, Rate

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    TimesSetting: TypeAlias = Accepts[tuple[Duration, ...], Iterable[float] | npt.NDArray[Any]]
else:
    TimesSetting = Measured


class Arrivals(Settings):
    """What all arrivals can tell."""

    @abstractmethod
    def mean_rate(self) -> Rate | None:
        """Commands per second in the long run; None where it depends on the answers."""


@value
class Poisson(Arrivals):
    """Commands come at random, independently of each other: many users who do not know of each other.

    >>> from cqrsim.units import per_second
    >>> Poisson(per_second(200))
    Poisson(rate=per_second(200))
    """

    rate: PositiveRate
    """Mean number of commands per second."""
    kind: Literal["Poisson"] = setting(default="Poisson", kw_only=True, repr=False)

    def mean_rate(self) -> Rate:
        """The rate."""
        return self.rate


@value
class Regular(Arrivals):
    """One command every so often, as a machine does it.

    >>> from cqrsim.units import ms
    >>> Regular(every=ms(5)).rate
    per_second(200)
    """

    every: PositiveDuration
    """Time between two commands."""
    start: Duration = Duration(0)
    """Time of the first."""
    kind: Literal["Regular"] = setting(default="Regular", kw_only=True, repr=False)

    @property
    def rate(self) -> Rate:
        """Commands per second."""
        return Rate(1e9 / int(self.every))

    def mean_rate(self) -> Rate:
        """The rate."""
        return self.rate


@value
class Recorded(Arrivals):
    """Commands come when they once came: at recorded times, or after recorded gaps.

    Give ``times`` or ``gaps`` (durations, or numbers in ``unit``; arrays are welcome), or a CSV ``file`` that holds
    ``as_`` "times" or "gaps".  Times count from the start of the run and ascend; the first gap ends at the first
    command.  After the last one no more come.

    >>> Recorded(gaps=[10, 20, 5], unit="ms").times_ns.tolist()
    [10000000, 30000000, 35000000]
    """

    times: TimesSetting = setting(default=())
    """When the commands came."""
    gaps: TimesSetting = setting(default=())
    """Time before each command, since the one before."""
    file: DataFile = setting(default=None, compare=False)
    """A CSV file to read them from, when the scenario is made."""
    column: Column = setting(default=None, compare=False)
    """Which column of the file; the first, if none is named."""
    unit: Unit = setting(default="us", compare=False)
    """What plain numbers count."""
    as_: Literal["gaps", "times"] = setting(default="gaps", compare=False)
    """What the file holds."""
    kind: Literal["Recorded"] = setting(default="Recorded", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Not exactly one source."""
        if known.has("times", "gaps", "file"):
            yield from exactly_one(("times", "gaps", "file"), known.fields)

    def __post_init__(self) -> None:
        """Read the file; give numbers their unit."""
        read = read_durations(self.file, self.column, self.unit) if self.file is not None else None
        for name in ("times", "gaps"):
            mine = read if read is not None and self.as_ == name else getattr(self, name) if read is None else ()
            object.__setattr__(self, name, as_durations(mine, self.unit, name))
        late = next((n for n in range(1, len(self.times)) if self.times[n] < self.times[n - 1]), None)
        if late is not None:
            message = f"must ascend, but {self.times[late]} comes after {self.times[late - 1]}"
            raise _wrong("file" if self.file else "times", f"{message} (entry {late})")

    @property
    def times_ns(self) -> npt.NDArray[np.int64]:
        """When the commands come, in nanoseconds, ascending."""
        recorded = self.times or self.gaps
        found = np.fromiter(recorded, dtype=np.int64, count=len(recorded))
        return found if self.times else np.cumsum(found)

    def mean_rate(self) -> Rate | None:
        """Commands by the time of the last one."""
        times = self.times_ns
        return Rate(len(times) * 1e9 / int(times[-1])) if times[-1] > 0 else None

    def given(self) -> dict[str, Any]:
        """The file, if they came from one."""
        if self.file is None:
            return {"times": self.times} if self.times else {"gaps": self.gaps}
        return {"file": self.file, "column": self.column, "unit": self.unit, "as_": self.as_}

    def content(self) -> dict[str, Any]:
        """The times or gaps, by their digest, wherever they came from."""
        name, recorded = ("times", self.times) if self.times else ("gaps", self.gaps)
        return {name: digest_of_values(np.fromiter(recorded, dtype=np.int64, count=len(recorded)))}


@value
class Bursts(Arrivals):
    """Quiet times and bursts take turns; within each, commands come at random at that period's rate.

    >>> from cqrsim.units import per_second, seconds
    >>> Bursts(per_second(100), burst_rate=per_second(500), quiet=seconds(9), burst=seconds(1)).mean_rate()
    per_second(140)
    """

    rate: Rate
    """Commands per second in quiet times."""
    burst_rate: PositiveRate
    """Commands per second in bursts."""
    quiet: DistributionSetting
    """How long quiet times last; the run begins with one."""
    burst: DistributionSetting
    """How long bursts last."""
    kind: Literal["Bursts"] = setting(default="Bursts", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Periods without length: time would stand still."""
        for name in ("quiet", "burst"):
            if known.has(name) and known.fields[name].mean_ns() <= 0:
                yield Problem(name, known.fields[name], "must last longer than 0 on average")

    def mean_rate(self) -> Rate:
        """The rates, weighted by how long their periods last."""
        quiet, burst = self.quiet.mean_ns(), self.burst.mean_ns()
        return Rate((float(self.rate) * quiet + float(self.burst_rate) * burst) / (quiet + burst))


@value
class Closed(Arrivals):
    """So many clients that each think, issue a command, wait, and think again.

    A stuck system makes them issue less: compare closed designs with closed ones only.

    >>> from cqrsim.units import seconds
    >>> Closed(clients=10, think=seconds(1))
    Closed(clients=10, think=seconds(1))
    >>> Closed(clients=10)
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: Closed: think: needs a mean of more than 0, a pace, or at_most: else commands never end
    """

    clients: Count
    """How many."""
    think: DistributionSetting = setting(default=Duration(0))
    """Time between the end of waiting and the next command."""
    pace: Maybe[PositiveDuration] = None
    """Shortest time from one intended command to the next, as a load generator keeps it; "none": no such."""
    waits_for: Literal["answer", "outcome"] = "answer"
    """Whether a client goes on with the first answer, or when it knows the outcome or has given up."""
    at_most: Maybe[Count] = None
    """Commands of each client; "none": no limit."""
    kind: Literal["Closed"] = setting(default="Closed", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Clients that never stop."""
        unlimited = known.has("think", "pace", "at_most") and known.pace is None and known.at_most is None
        if unlimited and known.think.mean_ns() <= 0:
            yield Problem("think", None, "needs a mean of more than 0, a pace, or at_most: else commands never end")

    def mean_rate(self) -> None:
        """None: it depends on the answers."""
        return


def _wrong(path: str, message: str) -> Exception:
    from cqrsim.errors import ScenarioError

    return ScenarioError((Problem(path, None, message),))


AnyArrivals: TypeAlias = Annotated[Poisson | Regular | Recorded | Bursts | Closed, Choice("arrivals")]
