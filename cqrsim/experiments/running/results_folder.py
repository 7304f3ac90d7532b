"""Finished runs in a folder: kept as they come, found again by what they are, never half there.

    DIR/results/part-000001.parquet    one row per run and metric; any program reads the folder as one table
    DIR/failures.jsonl                 one line per run that failed

A run belongs to nobody: whoever asks for the same scenario, seed and replication of the same version finds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from cqrsim.errors import ResultError
from cqrsim.experiments.running.numbers import Kind, Numbers
from cqrsim.experiments.running.parts import About, BrokenPartError, Result, RunKey, read_part, runs_in
from cqrsim.experiments.running.runs import Failure
from cqrsim.metrics.backlog import Growth

TRIES = 20
"""How often to look again at a folder that somebody changes."""

Found = TypeVar("Found")


class ResultsFolder:
    """The finished runs in a folder, and those that failed there; nothing is held in memory but what they are called.

    Files that are damaged count as if they were not there; ``damaged`` has their names.  Somebody may write into the
    folder meanwhile: files that have become part of another one are looked for again.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.damaged: list[Path] = []
        self.parts: dict[Path, int] = {}
        """How many runs each file holds that no newer one does."""
        self._found: dict[RunKey, tuple[Path, str]] = {}
        self.look()

    def look(self) -> None:
        """See what is there now."""
        for _ in range(TRIES):
            self.damaged, self.parts, self._found = [], {}, {}
            for part in reversed(_parts(self.path)):
                self.add(part)
            if all(part.exists() for part in self.damaged):
                return

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

    def replace(self, parts: Sequence[Path], by: Path, results: Sequence[Result]) -> None:
        """Take note that the runs of some files stand in another one now."""
        for part in parts:
            del self.parts[part]
        self._found |= {result.key: (by, result.trace) for result in results}
        self.parts[by] = len(results)

    def __contains__(self, key: object) -> bool:
        return key in self._found

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[RunKey]:
        return iter(self._found)

    def trace(self, key: RunKey) -> str:
        """The digest of a run's trace."""
        return self._found[key][1]

    def kinds(self, keys: Collection[RunKey]) -> list[Kind]:
        """The metrics that these runs have between them, in the order of the runs."""
        of_runs = {run.key: run.kinds for run in self._about(keys)}
        distinct = {id(of_runs[key]): of_runs[key] for key in keys if key in of_runs}
        return list(dict.fromkeys(kind for kinds in distinct.values() for kind in kinds))

    def growths(self, keys: Collection[RunKey]) -> dict[RunKey, Growth]:
        """By how much the backlog of some runs grew."""
        return {run.key: run.growth for run in self._about(keys)}

    def numbers(self, keys: Collection[RunKey], kinds: Collection[Kind] | None = None) -> dict[RunKey, Numbers]:
        """What some runs came to, or some metrics of it; one file is read at a time."""
        wanted = set(keys)

        def some(part: Path) -> Iterator[tuple[RunKey, Numbers]]:
            for result in self.results_in(part):
                if result.key in wanted:
                    yield result.key, result.numbers if kinds is None else result.numbers.only(kinds)

        return dict(self._of_parts(keys, some))

    def results_in(self, part: Path) -> Iterator[Result]:
        """The runs of a file that no newer one holds, each once."""
        seen = set()
        for result in read_part(part):
            if self._found[result.key][0] == part and result.key not in seen:
                seen.add(result.key)
                yield result

    def failures(self, keys: Collection[RunKey]) -> dict[RunKey, Failure]:
        """The last failure of each of these runs that never ended well."""
        wanted = set(keys)
        return {key: failure for key, failure in self._told_failures() if key in wanted and key not in self}

    def _told_failures(self) -> Iterator[tuple[RunKey, Failure]]:
        file = self.path / "failures.jsonl"
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else ():
            try:
                told = json.loads(line)
                key = RunKey(*told["run"])
                failure = Failure((-1, key.replication), key.scenario, key.seed, told["message"], told["traceback"])
            except (ValueError, TypeError, KeyError):
                continue  # a line that was being written when the machine stopped, or that somebody wrote by hand
            yield key, failure

    def _about(self, keys: Collection[RunKey]) -> list[About]:
        wanted = set(keys)
        return list(self._of_parts(keys, lambda part: (run for run in runs_in(part) if run.key in wanted)))

    def _of_parts(self, keys: Collection[RunKey], read: Callable[[Path], Iterator[Found]]) -> Iterator[Found]:
        """What is found in the files of some runs; if one is gone, a newer one holds its runs."""
        for _ in range(TRIES):
            parts = sorted({self._found[key][0] for key in keys if key in self._found})
            try:
                return iter([found for part in parts for found in read(part)])
            except BrokenPartError as broken:
                if broken.path.exists():
                    hint = "run the sweep again with the same folder: it runs what is missing"
                    raise ResultError(f"{broken}; {hint}") from None
                self.look()
        raise ResultError(f"{self.path} changes too quickly to be read")


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
