"""How much of the swarm runs: a small share with all other tests, and as much as is asked for.

    python -m pytest tests/swarm -m swarm --swarm-seeds 1000 --swarm-first 5000
    CQRSIM_SWARM_SEEDS=1000 CQRSIM_SWARM_FIRST=5000 python -m pytest -m swarm

The options are known where pytest is told of this directory; the variables are read everywhere.
"""

import os

import pytest

SMALL = 40
"""Seeds that run with all other tests."""
CHUNK = 10
"""Seeds in one test, so that processes can share the work."""


def pytest_addoption(parser: pytest.Parser) -> None:
    swarm = parser.getgroup("swarm")
    swarm.addoption("--swarm-seeds", type=int, help="how many scenarios of the swarm to run")
    swarm.addoption("--swarm-first", type=int, help="the first of their numbers")


def pytest_configure(config: pytest.Config) -> None:
    """Files are handed out as a whole, which would leave a large swarm to one process."""
    if len(_seeds(config)) > SMALL and getattr(config.option, "dist", "no") != "no":
        config.option.dist = "load"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for every few seeds."""
    seeds = _seeds(metafunc.config)
    if "chunk" in metafunc.fixturenames:
        chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
        metafunc.parametrize("chunk", chunks, ids=lambda chunk: f"{chunk.start}-{chunk.stop - 1}")
    if "whole_swarm" in metafunc.fixturenames:
        metafunc.parametrize("whole_swarm", [seeds], ids=["all"])


def _seeds(config: pytest.Config) -> range:
    first, count = _asked(config, "swarm_first", 0), _asked(config, "swarm_seeds", SMALL)
    return range(first, first + count)


def _asked(config: pytest.Config, name: str, default: int) -> int:
    """By the option, else by the variable."""
    given = config.getoption(name, default=None)
    return int(os.environ.get(f"CQRSIM_{name.upper()}", default)) if given is None else int(given)
