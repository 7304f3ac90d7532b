"""Runs on a Dask cluster: the same calls, the same results, other machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from cqrsim.errors import Problem, ScenarioError

SECONDS_TO_ANSWER = 10


@contextmanager
def on_dask(address: str) -> Iterator[None]:
    """Within it, ``n_jobs=None`` means all workers of the cluster with this scheduler, such as "tcp://10.0.0.1:8786".

    The workers must have the same version of cqrsim.  Raises ScenarioError if nobody answers, or Dask is not there.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        hint = 'install it with pip install "cqrsim[cluster]"'
        raise ScenarioError((Problem("dask", None, "Dask is not installed", hint),)) from None
    import joblib

    try:
        client = distributed.Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=True)
    except (OSError, ValueError, TimeoutError) as error:
        message = f"no scheduler answers there: {error}"
        raise ScenarioError(
            (Problem("dask", address, message, 'an address looks like "tcp://10.0.0.1:8786"'),)
        ) from None
    with client, joblib.parallel_config(backend="dask"):
        yield
