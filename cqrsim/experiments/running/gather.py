"""Shards put together: all of one sweep, each once, each complete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.checks import share
from cqrsim.experiments.running.keeper import Keeper
from cqrsim.experiments.running.parts import Result
from cqrsim.experiments.running.results_folder import InMemory, ResultsFolder
from cqrsim.experiments.running.shards import WHOLE
from cqrsim.experiments.running.wanted import Asked, read_asked, write_asked
from cqrsim.experiments.sweep import Sweep


def gather(folders: Sequence[str | Path], out: str | Path | None = None, confidence: float = 0.95) -> Sweep:
    """Put the folders of all shards of a sweep together, in memory or in the folder ``out``.

    Raises ScenarioError, with all that is wrong at once, if a shard is missing, incomplete or there twice, or belongs
    to another sweep.

    >>> gather([])
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: folders: there is nothing to gather
    """
    confidence = share("confidence", confidence)
    if isinstance(folders, str | Path):
        raise ScenarioError((Problem("folders", folders, "must be a list of folders"),))
    shards = _read([Path(folder) for folder in folders])
    _, first = shards[0]
    if problems := [*_foreign(shards), *_missing(shards)]:
        raise ScenarioError(problems)
    asked = replace(first, shard=WHOLE)
    if out is None:
        memory = InMemory()
        for folder, shard in shards:
            _copy(folder, shard, memory)
        return Sweep(asked, confidence, memory)
    with Keeper(out) as keeper:
        write_asked(Path(out), asked)
        for folder, shard in shards:
            _copy(folder, shard, keeper)
    return Sweep(asked, confidence, keeper.folder)


def _read(folders: Sequence[Path]) -> list[tuple[Path, Asked]]:
    """What was asked of each folder."""
    found = []
    problems = [] if folders else [Problem("folders", None, "there is nothing to gather")]
    for folder in folders:
        try:
            found.append((folder, read_asked(folder)))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return found


def _foreign(shards: Sequence[tuple[Path, Asked]]) -> Iterator[Problem]:
    """Folders that belong to another sweep than the first one."""
    first, ours = shards[0]
    known = _identity(ours)
    for folder, asked in shards:
        other = [name for name, value in _identity(asked).items() if value != known[name]]
        if other:
            yield Problem(str(folder), None, f"belongs to another sweep than {first}: its {' and '.join(other)} differ")


def _identity(asked: Asked) -> dict[str, object]:
    """What all shards of a sweep have in common."""
    return {**asked.told(), "shard": "", "number of shards": asked.shard.of}


def _missing(shards: Sequence[tuple[Path, Asked]]) -> Iterator[Problem]:
    """Shards that are not there, not finished, or there twice."""
    of = shards[0][1].shard.of
    places: dict[int, Path] = {}
    for folder, asked in shards:
        if asked.shard.number in places:
            yield Problem(str(folder), None, f"is shard {asked.shard}, as {places[asked.shard.number]} is")
        places.setdefault(asked.shard.number, folder)
        if left := _left(folder, asked):
            yield Problem(str(folder), None, f"is not finished: {left} of its runs are missing; run it again")
    absent = [f"{number}/{of}" for number in range(1, of + 1) if number not in places]
    if absent:
        yield Problem(
            "folders", None, f"{'a shard is' if len(absent) == 1 else 'shards are'} missing: {', '.join(absent)}"
        )


def _left(folder: Path, asked: Asked) -> int:
    """How many runs of a shard have not ended."""
    results, keys = ResultsFolder(folder), {one.key for one in asked.wanted()}
    failures = results.failures(keys)
    return sum(key not in results and key not in failures for key in keys)


def _copy(folder: Path, asked: Asked, kept: Keeper | InMemory) -> None:
    """Hand over what a shard was asked for."""
    results, keys = ResultsFolder(folder), {one.key for one in asked.wanted()}
    growths = results.growths(keys)
    for key, numbers in results.numbers(keys).items():
        kept.take(Result(key, results.trace(key), numbers, growths[key]))
    for key, failure in results.failures(keys).items():
        kept.fail(key, failure)
