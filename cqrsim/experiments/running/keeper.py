"""Whoever writes finished runs into a folder: at once, one at a time, and by a thread that Ctrl-C cannot stop halfway.

Each file appears as a whole, by renaming.  Small files are written into larger ones before they are taken away, so that
a machine that stops in between leaves runs twice, and never none; the next one who writes takes the doubled away.
"""

from __future__ import annotations

import json
import re
import threading
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from queue import Empty, SimpleQueue

from cqrsim.errors import CqrsimWarning
from cqrsim.experiments.running.locking import Lock
from cqrsim.experiments.running.parts import BrokenPartError, Result, RunKey, read_part, write_part
from cqrsim.experiments.running.results_folder import ResultsFolder
from cqrsim.experiments.running.runs import Failure
from cqrsim.experiments.showing.files import ready_folder

SECONDS_BETWEEN_PARTS = 0.25
"""Runs that end within so short a time share a file."""

PARTS_THAT_BECOME_ONE = 32
"""So many small files are written into one."""

RUNS_OF_A_LARGE_PART = 3_000
"""Files with so many runs stay as they are."""


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
        self._remove_doubled()
        self._taken: set[RunKey] = set()
        self._handed_over: SimpleQueue[Result | None] = SimpleQueue()
        self._ends = threading.Event()
        self._trouble: BaseException | None = None
        self._writer = threading.Thread(target=self._write_all, name="cqrsim-keeper", daemon=True)
        self._writer.start()

    def take(self, result: Result) -> None:
        """Keep a finished run, unless it is kept already; it is on disk within half a second."""
        if self._trouble is not None:
            raise self._trouble
        if result.key not in self._taken and result.key not in self.folder:
            self._taken.add(result.key)
            self._handed_over.put(result)

    def fail(self, key: RunKey, failure: Failure) -> None:
        """Keep what is known of a run that failed."""
        told = {"run": list(key), "message": failure.message, "traceback": failure.traceback}
        with (self.folder.path / "failures.jsonl").open("a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps(told)}")  # on a line of its own, even after one that was cut short

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._handed_over.put(None)
        impatient = False
        while self._writer.is_alive():
            try:
                self._writer.join()
            except KeyboardInterrupt:
                impatient = True  # what is finished is written all the same
        self._lock.release()
        if self._trouble is not None:
            raise self._trouble
        if impatient:
            raise KeyboardInterrupt

    def _write_all(self) -> None:
        """What the thread does, until the end is handed over."""
        try:
            goes_on = True
            while goes_on:
                results, goes_on = self._next()
                if results:
                    self._add(results)
                    self._merge(at_least=PARTS_THAT_BECOME_ONE)
                self._ends.wait(SECONDS_BETWEEN_PARTS)
            self._merge(at_least=2)
        except BaseException as trouble:
            self._trouble = trouble

    def _next(self) -> tuple[list[Result], bool]:
        """All runs that were handed over, at least one or the end; and whether there will be more."""
        found = [self._handed_over.get()]
        while True:
            try:
                found.append(self._handed_over.get_nowait())
            except Empty:
                return [result for result in found if result is not None], None not in found

    def _add(self, results: Sequence[Result]) -> Path:
        part = _next_part(self.folder.path)
        write_part(part, results)
        self.folder.add(part)
        return part

    def _merge(self, at_least: int) -> None:
        small = [part for part, runs in self.folder.parts.items() if runs < RUNS_OF_A_LARGE_PART]
        if len(small) < at_least:
            return
        try:
            results = [result for part in small for result in self.folder.results_in(part)]
        except BrokenPartError:
            return  # damaged since it was opened: whoever opens the folder next puts it aside
        merged = _next_part(self.folder.path)
        write_part(merged, results)
        self.folder.replace(small, merged, results)
        for part in small:
            part.unlink()

    def _put_damaged_aside(self) -> None:
        """What cannot be read to its end is run again."""
        damaged = [*self.folder.damaged, *(part for part in self.folder.parts if not _is_whole(part))]
        for part in damaged:
            aside = part.with_name(f"_damaged-{part.name}")  # an underscore keeps it out of what programs read
            part.replace(aside)
            told = f"{part} is damaged: it is kept as {aside.name}, and its runs are run again"
            warnings.warn(told, CqrsimWarning, stacklevel=3)
        if damaged:
            self.folder.look()

    def _remove_doubled(self) -> None:
        """Files of which every run stands in a newer one: somebody was stopped before they were taken away."""
        for part in [part for part, runs in self.folder.parts.items() if not runs]:
            del self.folder.parts[part]
            part.unlink()


def _is_whole(part: Path) -> bool:
    """Whether all rows of a file can be read, as their checksums say."""
    try:
        return all(True for _ in read_part(part))
    except BrokenPartError:
        return False


def _next_part(path: Path) -> Path:
    numbers = [int(found[1]) for part in (path / "results").iterdir() if (found := re.search(r"part-(\d+)", part.name))]
    return path / "results" / f"part-{max(numbers, default=0) + 1:06d}.parquet"


def _remove_unfinished(results: Path) -> None:
    """What was being written when somebody was stopped."""
    for unfinished in results.glob(".part-*"):
        unfinished.unlink()
