"""Tasks in turn, and what they took as a table in Markdown."""

import statistics
from collections.abc import Callable, Sequence
from time import perf_counter

Seconds = list[float]


def in_turn(*tasks: Callable[[], object], rounds: int = 9) -> list[Seconds]:
    """Seconds of each task, over rounds in which each runs once: a machine that drifts slows all alike."""
    seconds_of: list[Seconds] = [[] for _ in tasks]
    for _ in range(rounds):
        for task, found in zip(tasks, seconds_of, strict=True):
            begin = perf_counter()
            task()
            found.append(perf_counter() - begin)
    return seconds_of


def middle(found: Sequence[float]) -> float:
    """The median."""
    return statistics.median(found)


def ratio(one: Seconds, other: Seconds) -> float:
    """How many times as long one takes as another: the median of the pairs, each within one round."""
    return middle([a / b for a, b in zip(one, other, strict=True)])


def per_second(count: float, found: Seconds) -> str:
    """A rate in three digits: more would not be true."""
    return rounded(count / middle(found))


def rounded(number: float) -> str:
    """In three digits, with commas."""
    return f"{float(f'{number:.3g}'):,.0f}" if number >= 100 else f"{number:.3g}"


def show(method: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print the sentence that says how it was measured, and the table."""
    lines = [head, ["---"] * len(head), *rows]
    print(f"\n{method}\n", *("| " + " | ".join(map(str, line)) + " |" for line in lines), sep="\n")
