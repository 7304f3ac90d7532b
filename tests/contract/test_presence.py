"""Whether there is an engine to compare with the reference."""

from importlib.util import find_spec

import pytest


def test_there_is_another_engine() -> None:
    """Without it all other tests of this kind are left out."""
    if find_spec("cqrsim.engines.array_engine") is None:
        pytest.skip("there is no engine but the reference")
    from cqrsim.engines import array_engine, simpy_engine

    assert {"run", "can_run"} <= vars(array_engine).keys() & vars(simpy_engine).keys()
