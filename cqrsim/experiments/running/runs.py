"""Many runs, in this process or in many: each ends in a result or in a failure, and none stops the others.

With one worker this is a plain loop, and joblib is not even imported.  Otherwise the runs are cut into chunks of about
half a second, which joblib hands to its workers: loky processes by default, or whatever an outer
``joblib.parallel_config`` names.  Functions that were defined in a notebook travel to loky's workers.

The clock on the wall decides only how the work is cut, never what comes of it.
"""

from __future__ import annotations

import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from cqrsim.errors import CqrsimError
from cqrsim.experiments.running.watching import somebody_watches, wants_quiet

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

Result = TypeVar("Result")


@dataclass(frozen=True)
class Task:
    """One run that somebody wants: which design, which replication."""

    design: int
    replication: int
    scenario: Scenario
    seed: int
    engine: str = "auto"

    @property
    def key(self) -> tuple[int, int]:
        """What tells this run from the others, and the order in which results stand."""
        return self.design, self.replication


@dataclass(frozen=True)
class Done(Generic[Result]):
    """A run that ended well."""

    key: tuple[int, int]
    result: Result


@dataclass(frozen=True)
class Failure:
    """A run that ended in an error, with all that is needed to see the error again."""

    key: tuple[int, int]
    scenario: str
    """The scenario's digest."""
    seed: int
    message: str
    traceback: str
    plain: bool = False
    """Whether the message says all: errors that cqrsim raises on purpose are no riddles."""

    @classmethod
    def of(cls, task: Task, error: BaseException) -> Failure:
        """The record of what went wrong with a task."""
        told = "".join(traceback.format_exception(error))
        message, plain = f"{type(error).__name__}: {error}", isinstance(error, CqrsimError)
        return cls(task.key, _digest(task.scenario), task.seed, message, told, plain)


Outcome = Done[Result] | Failure
Work = Callable[[Task], Result]


class Interrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C; ``outcomes`` are the runs that had finished, ``partial`` is the result of those."""

    def __init__(self, outcomes: list[Outcome[Any]], partial: Any = None) -> None:
        super().__init__("interrupted")
        self.outcomes = outcomes
        self.partial = partial


def run_all(
    tasks: Sequence[Task], work: Work[Result], n_jobs: int | None = None, progress: bool | None = None
) -> list[Outcome[Result]]:
    """The outcomes of all tasks, in the order of their keys, whoever did the work.

    Raises :class:`Interrupted`, which holds the finished ones, when Ctrl-C is pressed.
    """
    outcomes: list[Outcome[Result]] = []
    try:
        for outcome in watched(finished(tasks, work, n_jobs), len(tasks), progress):
            outcomes.append(outcome)
    except KeyboardInterrupt as stopped:
        raise Interrupted(_sorted(outcomes)) from stopped
    return _sorted(outcomes)


def finished(tasks: Sequence[Task], work: Work[Result], n_jobs: int | None = None) -> Iterator[Outcome[Result]]:
    """The outcomes one by one, in the order in which they are finished.

    ``n_jobs`` is joblib's: 1 is a plain loop, -1 all cores, None whatever an outer ``joblib.parallel_config`` says
    (and a plain loop where there is none).
    """
    if _plain(n_jobs):
        return (attempt(work, task) for task in tasks)
    return _spread(tasks, work, n_jobs)


def attempt(work: Work[Result], task: Task) -> Outcome[Result]:
    """Does one task; an error becomes a :class:`Failure`."""
    try:
        return Done(task.key, work(task))
    except Exception as error:
        return Failure.of(task, error)


class Chunks:
    """Cuts the tasks into chunks of about half a second, once the first ones have shown how long a run takes."""

    seconds_per_chunk = 0.5

    def __init__(self, tasks: Sequence[Task], workers: int) -> None:
        self.tasks = tasks
        self.workers = workers
        self.given = 0
        self.seconds = 0.0
        self.learned = 0

    def __iter__(self) -> Iterator[Sequence[Task]]:
        while self.given < len(self.tasks):
            chunk = self.tasks[self.given : self.given + self._size()]
            self.given += len(chunk)
            yield chunk

    def learn(self, runs: int, seconds: float) -> None:
        """Takes note of how long a chunk took."""
        self.learned += runs
        self.seconds += seconds

    def _size(self) -> int:
        if not self.learned:
            return 1
        in_time = int(self.seconds_per_chunk * self.learned / max(self.seconds, 1e-9))
        fair_share = -(-(len(self.tasks) - self.given) // (2 * self.workers))
        return max(1, min(in_time, fair_share))


def _spread(tasks: Sequence[Task], work: Work[Result], n_jobs: int | None) -> Iterator[Outcome[Result]]:
    """Through joblib.  A worker that dies takes its pool with it, so what is left is tried once more in a new one.

    If a worker dies again, a run may be what kills it: those that were under way are tried one by one, each in a pool
    of its own, and the others go on.
    """
    waiting, troubles = {task.key: task for task in tasks}, 0
    while waiting:
        chunks = _chunks(list(waiting.values()), n_jobs)
        try:
            for outcome in _pooled(chunks, work, n_jobs):
                del waiting[outcome.key]
                yield outcome
        except Exception as error:
            troubles += 1
            suspects = [task for task in chunks.tasks[: chunks.given] if task.key in waiting]
            if troubles == 1:
                continue
            if not (suspects and _lost_a_worker(error)):
                yield from (Failure.of(task, error) for task in waiting.values())
                return
            for task in suspects:
                del waiting[task.key]
                yield _alone(task, work, n_jobs)


def _alone(task: Task, work: Work[Result], n_jobs: int | None) -> Outcome[Result]:
    try:
        (outcome,) = _pooled(_chunks([task], n_jobs), work, n_jobs)
        return outcome
    except Exception as error:
        return Failure.of(task, error)


def _lost_a_worker(error: Exception) -> bool:
    """Whether a worker died; Dask calls that by a name of its own, after it has tried elsewhere."""
    from concurrent.futures.process import BrokenProcessPool

    return isinstance(error, BrokenProcessPool) or type(error).__name__ == "KilledWorker"


def _chunks(tasks: Sequence[Task], n_jobs: int | None) -> Chunks:
    import joblib

    return Chunks(tasks, workers=max(1, joblib.effective_n_jobs(n_jobs)))


def _pooled(chunks: Chunks, work: Work[Result], n_jobs: int | None) -> Iterator[Outcome[Result]]:
    import joblib

    pool = _pool(n_jobs)
    returned = pool(joblib.delayed(_do_chunk)(work, chunk) for chunk in chunks)
    for outcomes, seconds in cast("Iterable[tuple[list[Outcome[Result]], float]]", returned):
        chunks.learn(len(outcomes), seconds)
        yield from outcomes


def _pool(n_jobs: int | None) -> Any:
    """A joblib pool; a few backends cannot hand results over as they come."""
    import joblib

    settings: dict[str, Any] = {"n_jobs": n_jobs, "batch_size": 1}
    try:
        return joblib.Parallel(return_as="generator_unordered", **settings)
    except ValueError:
        return joblib.Parallel(return_as="list", **settings)


def _do_chunk(work: Work[Result], tasks: Sequence[Task]) -> tuple[list[Outcome[Result]], float]:
    began = time.perf_counter()
    outcomes = [attempt(work, task) for task in tasks]
    return outcomes, time.perf_counter() - began


def _plain(n_jobs: int | None) -> bool:
    """Nobody can have configured a joblib that nobody has imported."""
    if n_jobs is None and "joblib" in sys.modules:
        from joblib.parallel import get_active_backend

        backend, workers = get_active_backend()
        return bool((backend.default_n_jobs if workers is None else workers) == 1)
    return n_jobs in (1, None)


def watched(
    outcomes: Iterator[Outcome[Result]], total: int, progress: bool | None, before: int = 0
) -> Iterator[Outcome[Result]]:
    """The same outcomes behind a progress bar, which stays away from short jobs and from files.

    ``before`` of the total were finished before.
    """
    if not (somebody_watches() if progress is None else progress):
        yield from outcomes
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")  # plain text serves a notebook without widgets
        from tqdm.auto import tqdm

    bar = tqdm(outcomes, total=total, initial=before, unit="run", delay=1.0, leave=False, disable=wants_quiet())
    yield from bar


def _sorted(outcomes: list[Outcome[Result]]) -> list[Outcome[Result]]:
    return sorted(outcomes, key=lambda outcome: outcome.key)


def _digest(scenario: Scenario) -> str:
    try:
        return scenario.digest()
    except Exception:
        return ""  # a custom rule has no digest, and the error to report is another one
