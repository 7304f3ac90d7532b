"""What somebody expects of a comparison, such as "feedback_ms_p99 < 50", judged on the far end of the interval.

An expectation holds only if the whole confidence interval lies on the right side.  It fails if the whole interval
lies on the wrong side; in between it is not shown, which is no better, but more replications may tell.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.errors import ResultError, UnitError
from cqrsim.experiments.answers.estimates import Metric, metrics_in, metrics_of, unknown
from cqrsim.experiments.showing import wording
from cqrsim.units import ms, parse_duration

if TYPE_CHECKING:
    from cqrsim.experiments import Comparison
    from cqrsim.scenario import Scenario

HOLDS, FAILS, NOT_SHOWN = "holds", "fails", "not shown"
"""The verdicts: yes, no, and perhaps."""

FORM = 'write "feedback_ms_p99 < 50", or "wait: feedback_ms_p99 < 50" for one design'
"""How an expectation is said."""

_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SAID = re.compile(
    r"(?:(?P<design>.*):)?\s*(?P<metric>\w+)\s*(?P<sign><=|>=|<|>)\s*"
    r"(?P<number>[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(?P<unit>%|[^\W\d]\w*)?\s*",
    re.IGNORECASE | re.DOTALL,
)
_COLUMNS = ("check", "design", "name", "unit", "value", "low", "high", "limit", "verdict", "because")


@dataclass(frozen=True)
class Expectation:
    """A metric that must stay on one side of a limit, in one design or (None) in all of them."""

    text: str
    design: str | None
    metric: Metric
    sign: str
    limit: float
    """In the unit of the metric; shares are fractions."""

    @property
    def is_upper(self) -> bool:
        """Whether the limit is one from above."""
        return self.sign.startswith("<")

    def allows(self, value: float) -> bool:
        """Whether a value lies on the right side of the limit; NaN never does."""
        return _SIGNS[self.sign](value, self.limit)

    def verdict(self, low: float, high: float) -> str:
        """What an interval says of the limit."""
        far, near = (high, low) if self.is_upper else (low, high)
        if self.allows(far):
            return HOLDS
        return NOT_SHOWN if math.isnan(near) or self.allows(near) else FAILS


def expectations(texts: Sequence[str], designs: Iterable[str], scenarios: Iterable[Scenario]) -> list[Expectation]:
    """Read what is expected, before anything runs; ResultError tells every mistake of every text.

    >>> import cqrsim as cq
    >>> expectations(["wait: feedback_ms_p98 < 50"], ["wait"], [cq.presets.blog()])
    Traceback (most recent call last):
    cqrsim.errors.ResultError: check "wait: feedback_ms_p98 < 50": no metric "feedback_ms_p98"; did you mean ...
    """
    return _read(texts, list(designs), metrics_of(scenarios)) if texts else []


def check(comparison: Comparison, *texts: str) -> pd.DataFrame:
    """One row per expectation and design that it speaks of: the estimate, its interval, the limit and the verdict.

    Raises ResultError for a text that is none, and for metrics and designs that do not exist.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> answers = cq.compare({"wait": blog}, replications=3)
    >>> check(answers, "feedback_ms_p50 < 50", "feedback_share >= 99 %")["verdict"].tolist()
    ['holds', 'holds']
    """
    if not texts:
        raise ResultError(f"nothing is expected; {FORM}")
    asked = _read(texts, list(comparison.designs), metrics_in(comparison.frame))
    rows = [row for expected in asked for row in _judged(comparison, expected)]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def checks_text(checks: pd.DataFrame) -> str:
    """The verdicts as a terminal shows them."""
    shown = [
        {
            "check": row["check"],
            "design": row["design"],
            "value": _interval(row),
            "verdict": f"{row['verdict']}: {row['because']}" if row["because"] else row["verdict"],
        }
        for row in checks.to_dict("records")
    ]
    return wording.text_table(pd.DataFrame(shown))


def all_hold(checks: pd.DataFrame) -> bool:
    """Whether every expectation holds in every design that it speaks of."""
    return bool((checks["verdict"] == HOLDS).all())


def _read(texts: Sequence[str], designs: Sequence[str], known: dict[str, Metric]) -> list[Expectation]:
    read, wrong = [], []
    for text in texts:
        try:
            read.append(_one(text, designs, known))
        except ResultError as error:
            wrong.append(f'check "{text}": {error}')
    if wrong:
        raise ResultError("\n".join(wrong))
    return read


def _one(text: str, designs: Sequence[str], known: dict[str, Metric]) -> Expectation:
    said = _SAID.fullmatch(text) if isinstance(text, str) else None
    if said is None:
        raise ResultError(f"is no comparison of a metric with a number; {FORM}")
    design, name = said["design"] and said["design"].strip(), said["metric"]
    wrong = [] if design is None or design in designs else [unknown("design", design, designs)]
    if name not in known:
        wrong.append(unknown("metric", name, list(known)))
    if wrong:
        raise ResultError("; ".join(wrong))
    return Expectation(text, design, known[name], said["sign"], _limit(said["number"], said["unit"], known[name]))


def _limit(number: str, unit: str | None, metric: Metric) -> float:
    """The limit in the metric's own unit; times may be given in any unit of time, shares in percent."""
    if unit is None or unit == metric.unit:
        return float(number)
    if metric.unit == "share" and unit == "%":
        return float(number) / 100
    if metric.unit == "ms":
        try:
            return parse_duration(f"{number}{unit}") / ms(1)
        except UnitError:
            pass
    others = {"share": '"%", or none for a fraction', "ms": 'a unit of time, such as "ms"', "": "none"}
    allowed = others.get(metric.unit, f'"{metric.unit}", or none')
    raise ResultError(f'"{unit}" is no unit of {metric.name}: write {allowed}')


def _judged(comparison: Comparison, expected: Expectation) -> Iterator[tuple[Any, ...]]:
    name = expected.metric.name
    found = comparison.estimates(name).set_index("design").to_dict("index")
    unstable = set(comparison.unstable["design"]) if expected.metric.unit == "ms" else set()
    for design in comparison.designs if expected.design is None else [expected.design]:
        row = found.get(design, {"value": math.nan, "low": math.nan, "high": math.nan, "runs": 0, "beyond": False})
        value, low, high = row["value"], row["low"], row["high"]
        verdict, because = expected.verdict(low, high), _because(expected, row)
        if design in unstable:
            verdict, because = NOT_SHOWN, "the backlog still grows, so that a mean says nothing"
        if expected.is_upper and (row["beyond"] or design in unstable):
            verdict = FAILS
        yield expected.text, design, name, expected.metric.unit, value, low, high, expected.limit, verdict, because


def _because(expected: Expectation, row: dict[Any, Any]) -> str:
    """Why an expectation cannot be judged by an interval; empty if it can."""
    if not row["runs"]:
        return "there is no value"
    if row["beyond"]:
        return f"known only to lie beyond {wording.plain(row['value'])}"
    if not math.isfinite(row["high"] if expected.is_upper else row["low"]):
        return "one run has no interval" if row["runs"] == 1 else "so few runs without any say too little"
    return ""


def _interval(row: dict[Any, Any]) -> str:
    """A value between the ends of its interval."""
    scale, unit = wording.scale(row["unit"]), {"share": " %"}.get(row["unit"], f" {row['unit']}".rstrip())
    value, low, high = (row[name] * scale for name in ("value", "low", "high"))
    if math.isnan(low) and not math.isnan(value):
        return wording.at_least(value) + unit
    if not math.isfinite(low):
        return wording.plain(value) + unit if math.isfinite(value) else wording.NOTHING
    return f"{wording.plain(value)}{unit} ({wording.plain(low)} to {wording.plain(high)})"
