"""What is asked of a run: how large a metric is, or whether it lies above or below a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cqrsim.errors import ResultError, shown
from cqrsim.experiments.answers.estimates import Metric, metrics_of, rows_of, unknown
from cqrsim.experiments.answers.expectations import Expectation, expectations
from cqrsim.scenario import Scenario


@dataclass(frozen=True)
class Question:
    """A metric or, if there is a limit, whether the metric keeps to it."""

    text: str
    metric: Metric
    limit: Expectation | None = None

    @property
    def unit(self) -> str:
        """What the answer is counted in: a probability is a share of all runs."""
        return "share" if self.limit else self.metric.unit

    def answered(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of a long frame that answer it: whether a limit is kept to is 0 or 1 in each run.

        A percentile of which only a lower bound is known lies above a limit if the bound does: that is a "yes" to a
        limit from below, and a "no" to one from above.  Else it may lie on either side: then the value is NaN, and
        ``lower_bound`` is set.
        """
        rows = rows_of(frame, self.metric)
        if self.limit is None:
            return rows
        kept = np.array([float(self.limit.allows(value)) for value in rows["value"]])
        there = rows["value"].notna().to_numpy()
        is_above = (kept == 0.0) if self.limit.is_upper else (kept == 1.0)
        either = there & rows["lower_bound"].to_numpy(np.bool_) & ~is_above
        return rows.assign(value=np.where(there & ~either, kept, np.nan), lower_bound=either, n=1)


def questions_of(texts: Sequence[str], scenarios: Iterable[Scenario]) -> list[Question]:
    """What somebody has written, each once: names of metrics, or a name with a limit, such as "loss_count > 0".

    Raises ResultError for metrics that runs of these scenarios will not have; nothing is run.

    >>> import cqrsim as cq
    >>> [question.unit for question in questions_of(["loss_count", "loss_count > 0"], [cq.presets.blog()])]
    ['', 'share']
    """
    scenarios = list(scenarios)
    known, problems, found = metrics_of(scenarios), [], list[Question]()
    for text in dict.fromkeys(texts):
        if isinstance(text, str) and set(text) & set("<>"):
            (limit,) = expectations([text], (), scenarios)
            found.append(Question(text, limit.metric, limit))
        elif text in known:
            found.append(Question(text, known[text]))
        else:
            is_name = isinstance(text, str)
            problems.append(unknown("metric", text, list(known)) if is_name else f"no metric: {shown(text)}")
    if problems:
        raise ResultError("\n".join(problems))
    return found
