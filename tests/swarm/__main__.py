"""Say what fails for a number, and make its scenario small: python -m tests.swarm 1234 --shrink."""

import argparse
import sys

import cqrsim as cq
from cqrsim.errors import CqrsimError

from .checks import failures
from .scenarios import scenario_of
from .shrinking import shrink


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.swarm", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--shrink", action="store_true", help="look for a small scenario that fails in the same way")
    parser.add_argument("--only", help="shrink the first failure whose text holds this")
    given = parser.parse_args()
    scenario = scenario_of(given.seed)
    found = failures(scenario, given.seed)
    print("\n".join(map(str, found)) or "nothing fails")
    chosen = [one for one in found if given.only is None or given.only in str(one)]
    if given.shrink and chosen:
        print(f"shrinking: {chosen[0]}")
        print(_told(shrink(scenario, given.seed, chosen[0], lambda said: print(said, file=sys.stderr)), given.seed))
    elif given.shrink or not found:
        print(_told(scenario, given.seed))
    return bool(found)


def _told(scenario: cq.Scenario, seed: int) -> str:
    """As TOML, or as Python where it holds functions."""
    try:
        written = scenario.to_toml()
    except CqrsimError:
        written = ""
    return f"# seed = {seed}\n{written}\n# the same in Python:\n{scenario!r}"


if __name__ == "__main__":
    sys.exit(main())
