"""Run many random scenarios by two engines: python -m tests.contract --scenarios 10000 [--uncompiled] [--keep]."""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """How many scenarios the engines agree on, and how many are refused; 1 where they disagree, otherwise 0."""
    if find_spec("cqrsim.engines.array_engine") is None:
        raise SystemExit("there is no engine but the reference")
    from contract.agreement import ENGINES, KEPT, agreed
    from contract.systems import number
    from cqrsim.engines import array_engine
    from cqrsim.plan.plan import lower

    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=__doc__)
    parser.add_argument("--scenarios", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--uncompiled", action="store_true", help="run the rules as they stand")
    parser.add_argument("--keep", action="store_true", help="make what disagrees small, and keep it as a test")
    given = parser.parse_args(arguments)
    engine = ENGINES["plain" if given.uncompiled else "fast"]
    counts, why = Counter[str](), Counter[str]()
    for seed in tqdm(range(given.first, given.first + given.scenarios), unit=" scenarios", smoothing=0.05):
        scenario = number(seed)
        if refused := array_engine.can_run(lower(scenario, seed)):  # before the reference runs in vain
            counts["refused"] += 1
            why.update(reasons_in(": " + "; ".join(refused)))
            continue
        try:
            agreed(scenario, seed, engine, KEPT if given.keep else None)
        except AssertionError as error:
            counts["disagreed"] += 1
            tqdm.write(f"--- scenario {seed} ---\n{error}")
        else:
            counts["agreed"] += 1
    print(*(f"{counts[word]:,} {word}" for word in ("agreed", "refused", "disagreed")), sep=", ")
    for reason, count in why.most_common():
        print(f"  {count:,}: {reason}")
    return 1 if counts["disagreed"] else 0


def reasons_in(message: str) -> set[str]:
    """Each reason once, whatever the fault is called that it speaks of."""
    _, _, reasons = message.partition(": ")
    return {re.sub(r'"[^"]*"', '"..."', reason) for reason in reasons.split("; ")}


if __name__ == "__main__":
    sys.exit(main())
