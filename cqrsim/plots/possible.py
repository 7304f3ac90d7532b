"""Which values a metric can have at all: intervals of small samples reach further, and pictures should not."""

from __future__ import annotations

import pandas as pd

_ENDS = ["low", "high"]


def possible(estimates: pd.DataFrame) -> pd.DataFrame:
    """The estimates of one metric, with intervals that end where possible values do.

    Shares lie between 0 and 1; times and counts are not below 0.  A metric of which some mean is below 0 is a balance,
    and has no such ends.  What has no interval is left as it is.

    >>> frame = pd.DataFrame({"unit": "share", "value": [0.2], "low": [-0.1], "high": [0.5]})
    >>> possible(frame)["low"].tolist()
    [0.0]
    """
    if (estimates["value"] < 0).any():
        return estimates
    are_shares = "unit" in estimates and (estimates["unit"] == "share").all()
    return estimates.assign(**estimates[_ENDS].clip(lower=0.0, upper=1.0 if are_shares else None))
