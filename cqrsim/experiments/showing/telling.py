"""Results as a terminal shows them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.experiments.answers.estimates import metrics_in
from cqrsim.experiments.answers.findings import findings
from cqrsim.experiments.showing.wording import at_least, heading, joined, number, plain, scale, text_table

if TYPE_CHECKING:
    from cqrsim.experiments.compare import Comparison
    from cqrsim.experiments.simulate import Run
    from cqrsim.experiments.sweep import Sweep

BEYOND = '"> t": by then too few had come so far for this percentile to be known.'


def comparison_text(comparison: Comparison, names: Sequence[str] = (), title: str = "") -> str:
    """The table of a comparison, what was not shared, and what it says."""
    lengths = joined(list(dict.fromkeys(str(scenario.length) for scenario in comparison.designs.values())))
    counts = _finished(comparison.runs["design"].value_counts(), list(comparison.designs), comparison.replications)
    runs = f"{counts} of {lengths} for each design, seed {comparison.seed}"
    table = text_table(_headed(comparison.table(*names), comparison.frame))
    notes = [_means(comparison.confidence, table), *_not_shared(comparison), *comparison.warnings()]
    said = [f"* {sentence}" for sentence in findings(comparison)]
    return "\n\n".join([f"{title}: {runs}" if title else runs, table, "\n".join(notes), "\n".join(said)])


def sweep_text(sweep: Sweep, names: Sequence[str] = ()) -> str:
    """The table of a sweep, and which points cannot keep up with their commands."""
    tried = [point for point in range(len(sweep.design)) if point not in sweep.skipped]
    counts = f"{_finished(sweep.runs['point'].value_counts(), tried, sweep.replications)} of each"
    if str(sweep.asked.shard) != "1/1":
        counts = f"{len(sweep.runs)} runs, shard {sweep.asked.shard} of {sweep.replications} runs of each"
    head = f"{len(sweep.design)} points, {counts}, seed {sweep.seed}"
    table = text_table(_headed(sweep.table(*names), sweep.metrics()))
    unstable = [
        f"Point {point} {'was not run' if point in sweep.skipped else 'is unstable'}: {told}."
        for point, told in sweep.unstable.items()
    ]
    return "\n\n".join([head, table, "\n".join([_means(sweep.confidence, table), *_shortened(unstable)])])


def _shortened(lines: Sequence[str], most: int = 10) -> list[str]:
    """No more lines than somebody would read."""
    return list(lines) if len(lines) <= most else [*lines[:most], f"... and {len(lines) - most} more."]


def _finished(counts: pd.Series[int], all_of_them: Sequence[Any], wanted: int) -> str:
    """How many runs ended well, if not all that were wanted did: some may have failed, or Ctrl-C stopped them."""
    done = counts.reindex(list(all_of_them), fill_value=0)
    least, most = int(done.min()), int(done.max())
    if least == wanted:
        return f"{wanted} runs"
    return f"{most} of {wanted} runs" if least == most else f"{least} to {most} of {wanted} runs"


def run_text(run: Run, name: str) -> str:
    """The summary of a run, what became of its commands, and what went wrong for good."""
    summary = run.summary()
    head, anomalies = f"{name}: one run, seed {run.seed}", run.anomalies()
    wrong = ["What went wrong for good:", text_table(anomalies[["kind", "count", "causes"]])] if len(anomalies) else []
    if not run.outcomes()["commands"].sum():
        return "\n\n".join([head, "No command was issued in the measured window.", *wrong])
    zero = textwrap.fill(_nothing_seen(summary), width=100, subsequent_indent="   ")
    outcomes = "What became of the commands, and what their clients believe:"
    tables = [text_table(table) for table in (waits_table(summary), others_table(summary), _cells(run.outcomes()))]
    parts = [head, *tables[:2], zero, outcomes, tables[2], *wrong]
    return "\n\n".join(part for part in parts if part)


def waits_table(summary: pd.DataFrame) -> pd.DataFrame:
    """The waits of a run's summary, one a row; those that no command waits for are left out."""
    waits = summary[(summary["unit"] == "ms") & (summary["n"] > 0)]
    ended = summary[_shares_that_ended(summary)].set_index("metric")["value"]
    rows: dict[str, dict[str, str]] = {}
    for row in waits.to_dict("records"):
        wait = str(row["metric"]).removesuffix("_ms")
        cells = rows.setdefault(wait, {"wait (ms)": wait.replace("_", " ")})
        if wait in ended:
            cells["ended, %"] = plain(100 * ended[wait])
        cells[str(row["stat"])] = _cell(row["value"], "ms", row["lower_bound"])
    return pd.DataFrame([cells for wait, cells in rows.items() if not _says_the_same(rows, wait)]).fillna("")


def _shares_that_ended(summary: pd.DataFrame) -> pd.Series[bool]:
    """Which rows tell how many waits ended."""
    waits = {metric.removesuffix("_ms") for metric in summary.loc[summary["unit"] == "ms", "metric"]}
    return summary["metric"].isin(list(waits)) & (summary["stat"] == "share")


def _says_the_same(rows: dict[str, dict[str, str]], wait: str) -> bool:
    """Whether it makes no difference that a wait is counted from when the command was sent."""
    since_intended = rows.get(wait.removesuffix("_from_sent"), {})
    return wait.endswith("_from_sent") and list(since_intended.values())[1:] == list(rows[wait].values())[1:]


def others_table(summary: pd.DataFrame) -> pd.DataFrame:
    """All else of a run's summary that is not 0, one a row."""
    others = summary[(summary["unit"] != "ms") & summary["value"].notna() & (summary["value"] != 0)]
    others = others[~_shares_that_ended(summary).loc[others.index]]
    heads = [heading(*row) for row in zip(others["metric"], others["stat"], others["unit"], strict=True)]
    cells = [_cell(*row) for row in zip(others["value"], others["unit"], others["lower_bound"], strict=True)]
    parts = [head.partition(", ") for head in heads]
    return pd.DataFrame({"measure": [part[0] for part in parts], "value": cells, "unit": [part[2] for part in parts]})


def _nothing_seen(summary: pd.DataFrame) -> str:
    """The measures that came out as 0."""
    zero = summary.loc[~_shares_that_ended(summary) & (summary["unit"] != "ms") & (summary["value"] == 0), "metric"]
    names = [metric.replace("_", " ") for metric in dict.fromkeys(zero)]
    return f"0: {joined(names)}." if names else ""


def _cell(value: float, unit: str, beyond: bool) -> str:
    return at_least(value * scale(unit)) if beyond else number(value * scale(unit))


def _headed(table: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={name: metric.heading for name, metric in metrics_in(frame).items()})


def _means(confidence: float, table: str) -> str:
    """What the numbers of a table are."""
    said = f"Means over the runs, with half of their {100 * confidence:g} % interval."
    return f"{said}  {BEYOND}" if "> " in table else said


def _not_shared(comparison: Comparison) -> Iterator[str]:
    apart = comparison.shared[~comparison.shared["same_commands"]]
    for design, group, because in zip(apart["design"], apart["group"], apart["because"], strict=True):
        yield f'The commands of "{group}" in "{design}" are not those of the first design: they differ in {because}.'


def _cells(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The cells of truth and belief that were seen, the largest first."""
    seen = outcomes[outcomes["commands"] > 0].sort_values("commands", ascending=False)
    shown = seen.assign(share=[f"{100 * share:.2f} %" for share in seen["share"]])
    return shown[["truth", "belief", "commands", "share"]]
