"""The numbers of a comparison as tables: results, differences, and what became of the commands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.experiments.answers.estimates import Metric
from cqrsim.experiments.showing import wording
from cqrsim.reports.blocks import Table

if TYPE_CHECKING:
    from cqrsim.experiments import Comparison

SMALLEST_P = 0.0001
"""Below that, a p-value is told as smaller only."""


def results(comparison: Comparison, metrics: Sequence[Metric]) -> Table:
    """A row per design, a column per metric."""
    table = comparison.table(*(metric.name for metric in metrics))
    return Table.of(table.rename(columns={metric.name: metric.heading for metric in metrics}))


def verdicts(frame: pd.DataFrame, metrics: Sequence[Metric]) -> Table:
    """A row per design, a column per metric, and in each cell whether it is better or worse."""
    shown = frame.astype({"verdict": str}).pivot(index="design", columns="name", values="verdict")
    shown = shown.loc[list(dict.fromkeys(frame["design"])), [metric.name for metric in metrics]]
    return Table.of(shown.rename(columns={metric.name: metric.heading for metric in metrics}).reset_index())


def what_results_are(confidence: float, runs: str, table: Table) -> str:
    """How the numbers of a table of results are to be read."""
    cells = [cell for row in table.rows for cell in row[1:]]
    said = [f"Means over {runs}, ± half of their {100 * confidence:g} % confidence interval (Student's t)."]
    if any(cell.startswith(">") for cell in cells):
        said.append('"> t": until then too few had come so far for this percentile to be known.')
    if any(cell.startswith("0 (<") for cell in cells):
        said.append('"0 (< x)": none was seen, which shows only that there are fewer than x (rule of three).')
    if wording.UNSTABLE in cells:
        said.append(f'"{wording.UNSTABLE}": commands come faster than they are handled, so that a mean says nothing.')
    if wording.NOTHING in cells:
        said.append(f'"{wording.NOTHING}": what this measures did not happen.')
    return "  ".join(said)


def differences(comparison: Comparison, against: str, metrics: Sequence[Metric]) -> Table | None:
    """Every other design minus one of them, metric by metric; None if there is no other."""
    if len(comparison.designs) == 1:
        return None
    headings = {metric.name: metric.heading for metric in metrics}
    paired = comparison.differences(against, *headings)[["design", "name", "pairs", "correlation", "variance_ratio"]]
    judged = comparison.verdict(against, *headings).frame.astype({"design": str, "verdict": str})
    both = paired.astype({"design": str}).merge(judged, on=["design", "name"], sort=False)
    return Table.of(pd.DataFrame([_difference(row, headings[row["name"]]) for row in both.to_dict("records")]))


def _difference(row: dict[Any, Any], heading: str) -> dict[str, Any]:
    return {
        "design": row["design"],
        "metric": heading,
        "difference": _with_interval(row),
        "p": _p_value(row["p_differs"]),
        "pairs": row["pairs"],
        "correlation": _plain(row["correlation"]),
        "variance ratio": _plain(row["variance_ratio"]),
        "verdict": row["verdict"],
    }


def outcomes(comparison: Comparison) -> Table:
    """What became of the commands, and what their clients believe: a column per design."""
    found = comparison.outcomes()
    shown = found.assign(
        design=found["design"].astype(str),
        truth=[_words(truth) for truth in found["truth"]],
        belief=[_words(belief) for belief in found["belief"]],
        cell=[_share(row) for row in found.to_dict("records")],
    )
    keys = shown[["truth", "belief"]].drop_duplicates().itertuples(index=False, name=None)
    cells = dict(zip(zip(shown["truth"], shown["belief"], shown["design"], strict=True), shown["cell"], strict=True))
    rows = [(*key, *(cells.get((*key, design), wording.NOTHING) for design in comparison.designs)) for key in keys]
    return Table(("truth", "belief", *comparison.designs), tuple(rows))


def _with_interval(row: dict[Any, Any]) -> str:
    """A difference between the ends of its interval, as a table's column shows the metric."""
    scale = wording.scale(row["unit"])
    value, low, high = (row[name] * scale for name in ("difference", "low", "high"))
    if math.isnan(value) or (math.isinf(low) and math.isinf(high)):
        return wording.number(value)
    if math.isinf(high):
        return f"> {wording.plain(low)}"
    return f"< {wording.plain(high)}" if math.isinf(low) else wording.number(value, (high - low) / 2)


def _p_value(value: float) -> str:
    if math.isnan(value):
        return wording.NOTHING
    return f"< {SMALLEST_P:g}" if value < SMALLEST_P else f"{value:.2g}"


def _plain(value: float) -> str:
    return wording.NOTHING if math.isnan(value) else wording.plain(value, 2)


def _share(row: dict[Any, Any]) -> str:
    """The share of a cell in percent, and the commands behind it."""
    shown = wording.number(100 * row["share"], 50 * (row["high"] - row["low"]))
    return f"{shown} % ({row['commands']:,})"


def _words(name: object) -> str:
    return str(name).replace("_", " ")
