"""Without an engine beside the reference there is nothing to compare: then one test says so, and no other is there."""

from importlib.util import find_spec
from pathlib import Path

collect_ignore: list[str] = []
if find_spec("cqrsim.engines.array_engine") is None:
    here = Path(__file__).parent
    collect_ignore += [path.name for path in here.glob("*.py") if path.name not in ("conftest.py", "test_presence.py")]
