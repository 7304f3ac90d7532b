"""Numbers, shares and times in plain words."""

from cqrsim.amounts import LARGEST
from cqrsim.scenario.distributions import (
    AnyDistribution,
    Constant,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Uniform,
)
from cqrsim.units import Duration


def times(given: AnyDistribution) -> str:
    """How long something takes."""
    if isinstance(given, Constant):
        return str(given.value)
    if isinstance(given, Exponential):
        return f"{given.mean} on average (exponential)"
    if isinstance(given, Uniform):
        return f"{given.low} to {given.high}"
    if isinstance(given, LogNormal) and given.p50 is not None:
        return f"{given.p50} at the median and {given.p99} at the 99 % quantile (log-normal, mean {_about(given)})"
    if isinstance(given, LogNormal | Gamma):
        kind = "log-normal" if isinstance(given, LogNormal) else "gamma"
        return f"{given.mean} on average ({kind}, cv {given.cv:g})"
    if isinstance(given, Mixture):
        total = sum(weight for weight, _ in given.parts)
        return " or ".join(f"{times(part)} in {percent(weight / total)} of cases" for weight, part in given.parts)
    how = "in their order" if given.replay else "drawn at random"
    source = f" from {given.file}" if given.file is not None else ""
    return f"{_about(given)} on average ({len(given.values):,} measured values{source}, {how})"


def _about(given: AnyDistribution) -> str:
    """A mean with three digits."""
    mean = given.mean_ns()
    if mean > LARGEST / 2:
        return f"{mean / 1e9:.3g}s"
    scale = 10 ** max(0, len(str(int(mean))) - 3)
    return str(Duration(round(mean / scale) * scale))


def is_zero(given: AnyDistribution) -> bool:
    """Whether it takes no time at all."""
    return isinstance(given, Constant) and not given.value


def percent(share: float) -> str:
    """A share for people."""
    return f"{share * 100:.6g} %"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number and its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
