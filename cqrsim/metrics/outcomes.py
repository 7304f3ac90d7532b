"""Truth against belief: what became of the commands, and what their clients believe."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cqrsim.messages import Belief, Truth
from cqrsim.metrics.paths import paths
from cqrsim.metrics.schema import build
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.vocabulary import CATEGORIES, coded
from cqrsim.trace import Trace


def outcomes(trace: Trace) -> pd.DataFrame:
    """One row per truth and belief, also those that did not occur; of the commands of the measured window.

    Reading two clients' views against one history is what Jepsen's checkers do (Kingsbury and Alvaro 2020).
    """
    window, verdict = paths(trace).in_window, verdicts(trace)
    cell = verdict.truth[window].astype(np.int64) * len(Belief) + verdict.belief[window]
    counts = np.bincount(cell, minlength=len(Truth) * len(Belief))
    truth, belief = np.divmod(np.arange(len(counts)), len(Belief))
    columns = {
        "truth": coded(truth, CATEGORIES["truth"]),
        "belief": coded(belief, CATEGORIES["belief"]),
        "commands": counts,
        "share": counts / max(int(counts.sum()), 1) if counts.any() else np.full(len(counts), np.nan),
    }
    return build("outcomes", columns, trace.about)
