"""Finished runs in a folder: kept as they come, found again by what they are, never half there.

    DIR/results/part-000001.parquet    one row per run and metric; any program reads the folder as one table
    DIR/failures.jsonl                 one line per run that failed

A run belongs to nobody: whoever asks for the same scenario, seed and replication of the same version finds it.
"""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from cqrsim.errors import CqrsimWarning
from cqrsim.experiments.running.locking import Lock
from cqrsim.experiments.running.numbers import Kind, Numbers
from cqrsim.experiments.running.parts import About, BrokenPartError, Result, RunKey, read_part, runs_in, write_part
from cqrsim.experiments.running.runs import Failure
from cqrsim.experiments.showing.files import ready_folder
from cqrsim.metrics.backlog import Growth

SECONDS_BETWEEN_PARTS = 0.5
"""At most so much of finished work is lost if the machine stops in the middle of it."""

PARTS_THAT_BECOME_ONE = 32
"""So many small files are written into one."""

RUNS_OF_A_LARGE_PART = 3_000
"""Files with so many runs stay as they are."""


class ResultsFolder:
    """The finished runs in a folder, and those that failed there; nothing is held in memory but what they are called.

    Files that are damaged count as if they were not there; ``damaged`` has their names.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.damaged: list[Path] = []
        self.parts: dict[Path, int] = {}
        """How many runs each file holds that no newer one does."""
        self._found: dict[RunKey, tuple[Path, str]] = {}
        for part in reversed(_parts(self.path)):
            self.add(part)

    def add(self, part: Path) -> None:
        """Take note of the runs of a file; what is there twice counts where it was seen first."""
        try:
            runs = runs_in(part)
        except BrokenPartError:
            self.damaged.append(part)
            return
        new = {run.key: (part, run.trace) for run in runs if run.key not in self._found}
        self.parts[part] = len(new)
        self._found |= new

    def remove(self, part: Path) -> None:
        """Forget a file, and take it away."""
        self.forget(part)
        part.unlink()

    def forget(self, part: Path) -> None:
        """Take no more notice of a file."""
        if self.parts.pop(part):
            self._found = {key: found for key, found in self._found.items() if found[0] != part}

    def __contains__(self, key: object) -> bool:
        return key in self._found

    def __len__(self) -> int:
        return len(self._found)

    def trace(self, key: RunKey) -> str:
        """The digest of a run's trace."""
        return self._found[key][1]

    def kinds(self, keys: Collection[RunKey]) -> list[Kind]:
        """The metrics that these runs have between them."""
        distinct = {id(run.kinds): run.kinds for run in self._about(keys)}
        return list(dict.fromkeys(kind for kinds in distinct.values() for kind in kinds))

    def growths(self, keys: Collection[RunKey]) -> dict[RunKey, Growth]:
        """By how much the backlog of some runs grew."""
        return {run.key: run.growth for run in self._about(keys)}

    def _about(self, keys: Collection[RunKey]) -> Iterator[About]:
        wanted = set(keys)
        return (run for part in self._parts_of(keys) for run in runs_in(part) if run.key in wanted)

    def numbers(self, keys: Collection[RunKey], kinds: Collection[Kind] | None = None) -> dict[RunKey, Numbers]:
        """What some runs came to, or some metrics of it; one file is read at a time."""
        wanted, found = set(keys), {}
        for part in self._parts_of(keys):
            for result in self.results_in(part):
                if result.key in wanted:
                    found[result.key] = result.numbers if kinds is None else result.numbers.only(kinds)
        return found

    def results_in(self, part: Path) -> Iterator[Result]:
        """The runs of a file that no newer one holds."""
        return (result for result in read_part(part) if self._found[result.key][0] == part)

    def failures(self, keys: Collection[RunKey]) -> dict[RunKey, Failure]:
        """The last failure of each of these runs that never ended well."""
        wanted = set(keys)
        return {key: failure for key, failure in self._told_failures() if key in wanted and key not in self}

    def _told_failures(self) -> Iterator[tuple[RunKey, Failure]]:
        file = self.path / "failures.jsonl"
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            try:
                told = json.loads(line)
            except json.JSONDecodeError:
                continue  # a line that was being written when the machine stopped
            key = RunKey(*told["run"])
            yield key, Failure((-1, key.replication), key.scenario, key.seed, told["message"], told["traceback"])

    def _parts_of(self, keys: Collection[RunKey]) -> list[Path]:
        return sorted({self._found[key][0] for key in keys if key in self._found})


class Keeper(AbstractContextManager["Keeper"]):
    """Writes finished runs into a folder, which nobody else may write into meanwhile.

    Raises OSError if that is impossible, or somebody does.
    """

    def __init__(self, path: str | Path) -> None:
        folder = ready_folder(Path(path))
        self._lock = Lock(folder / ".lock")
        _remove_unfinished(ready_folder(folder / "results"))
        self.folder = ResultsFolder(folder)
        self._put_damaged_aside()
        for part in [part for part, runs in self.folder.parts.items() if not runs]:
            self.folder.remove(part)  # somebody was stopped before this was done
        self._waiting: list[Result] = []
        self._written = time.perf_counter()

    def take(self, result: Result) -> None:
        """Keep a finished run; within half a second of work it is on disk."""
        self._waiting.append(result)
        if time.perf_counter() - self._written >= SECONDS_BETWEEN_PARTS:
            self._write()
            self._merge(at_least=PARTS_THAT_BECOME_ONE)
            self._written = time.perf_counter()

    def fail(self, key: RunKey, failure: Failure) -> None:
        """Keep what is known of a run that failed."""
        told = {"run": list(key), "message": failure.message, "traceback": failure.traceback}
        with (self.folder.path / "failures.jsonl").open("a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps(told)}")  # on a line of its own, even after one that was cut short

    def __exit__(self, *_: object) -> None:
        try:
            self._write()
            self._merge(at_least=2)
        finally:
            self._lock.release()

    def _write(self) -> None:
        if self._waiting:
            self._add(self._waiting)
            self._waiting = []

    def _add(self, results: Sequence[Result]) -> None:
        part = _next_part(self.folder.path)
        write_part(part, results)
        self.folder.add(part)

    def _merge(self, at_least: int) -> None:
        """Write small files into one, and take them away then: stopped in between, runs are there twice, and equal."""
        small = [part for part, runs in self.folder.parts.items() if runs < RUNS_OF_A_LARGE_PART]
        if len(small) < at_least:
            return
        try:
            results = [result for part in small for result in self.folder.results_in(part)]
        except BrokenPartError:
            return  # whoever opens the folder next is told
        for part in small:
            self.folder.forget(part)
        self._add(results)
        for part in small:
            part.unlink()

    def _put_damaged_aside(self) -> None:
        for part in self.folder.damaged:
            aside = part.with_name(f"_damaged-{part.name}")  # an underscore keeps it out of what programs read
            part.replace(aside)
            told = f"{part} is damaged: it is kept as {aside.name}, and its runs are run again"
            warnings.warn(told, CqrsimWarning, stacklevel=2)


class InMemory:
    """Finished runs that nobody wants to keep: the same questions, answered from memory."""

    def __init__(self) -> None:
        self._results: dict[RunKey, Result] = {}
        self._failures: dict[RunKey, Failure] = {}

    def take(self, result: Result) -> None:
        """Keep a finished run."""
        self._results[result.key] = result

    def fail(self, key: RunKey, failure: Failure) -> None:
        """Keep what is known of a run that failed."""
        self._failures[key] = failure

    def __contains__(self, key: object) -> bool:
        return key in self._results

    def trace(self, key: RunKey) -> str:
        """The digest of a run's trace."""
        return self._results[key].trace

    def kinds(self, keys: Collection[RunKey]) -> list[Kind]:
        """The metrics that these runs have between them."""
        distinct = {id(kinds): kinds for kinds in (self._results[key].numbers.kinds for key in keys if key in self)}
        return list(dict.fromkeys(kind for kinds in distinct.values() for kind in kinds))

    def growths(self, keys: Collection[RunKey]) -> dict[RunKey, Growth]:
        """By how much the backlog of some runs grew."""
        return {key: self._results[key].growth for key in keys if key in self}

    def numbers(self, keys: Collection[RunKey], kinds: Collection[Kind] | None = None) -> dict[RunKey, Numbers]:
        """What some runs came to, or some metrics of it."""
        found = {key: self._results[key].numbers for key in keys if key in self}
        return found if kinds is None else {key: numbers.only(kinds) for key, numbers in found.items()}

    def failures(self, keys: Collection[RunKey]) -> dict[RunKey, Failure]:
        """The failure of each of these runs that did not end well."""
        return {key: self._failures[key] for key in keys if key in self._failures}


Results = ResultsFolder | InMemory


def _parts(path: Path) -> list[Path]:
    return sorted((path / "results").glob("part-*.parquet"))


def _next_part(path: Path) -> Path:
    numbers = [int(found[1]) for part in _parts(path) if (found := re.fullmatch(r"part-(\d+)", part.stem))]
    return path / "results" / f"part-{max(numbers, default=0) + 1:06d}.parquet"


def _remove_unfinished(results: Path) -> None:
    """What was being written when somebody was stopped."""
    for unfinished in results.glob(".part-*"):
        unfinished.unlink()
