"""A comparison that can be watched: the same as the one that cannot, and left as soon as nobody asks."""

import threading
from collections.abc import Iterator

import pytest

import cqrsim as cq
from cqrsim.experiments.running.measured import Measured
from cqrsim.experiments.running.runs import Task
from cqrsim.explorer import looks as looking
from cqrsim.explorer.background import Background
from cqrsim.explorer.looks import looks

QUIET = cq.presets.blog().with_({"length": "1s", "warm_up": "0s", "clients.arrivals.rate": "50/s"})
DESIGNS = {"wait": QUIET, "silence": QUIET.with_(feedback=cq.Silence(reload="1s"))}


def test_the_last_look_is_the_comparison() -> None:
    """What is seen in the end is what ``compare`` returns: every number, every digest."""
    *_, last = looks(DESIGNS, replications=3, seed=7)
    whole = cq.compare(DESIGNS, replications=3, seed=7)
    assert last.is_last
    assert last.comparison is not None
    assert last.comparison.frame.equals(whole.frame)
    assert last.comparison.runs.equals(whole.runs)
    assert last.comparison.latencies().equals(whole.latencies())


def test_the_first_look_is_a_comparison_too() -> None:
    """What is seen first is a comparison of as many replications as were finished."""
    first = next(look.comparison for look in looks(DESIGNS, replications=3, seed=7) if look.comparison)
    assert first.frame.equals(cq.compare(DESIGNS, replications=2, seed=7).frame)


def test_leaving_stops_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a comparison that is left after some runs, no other run begins."""
    begun = []
    measure = looking.measure  # what the work is made of

    def counted(task: Task, keep: int) -> Measured:
        begun.append(task.key)
        return measure(task, keep)

    monkeypatch.setattr(looking, "measure", counted)
    watched = looks(DESIGNS, replications=5, seed=1)
    assert [next(watched).done for _ in range(4)] == [0, 1, 2, 3]
    watched.close()  # type: ignore[attr-defined]
    assert len(begun) == 3


def test_mixed_clients_are_refused_at_once() -> None:
    """What ``compare`` refuses is refused before the first run."""
    closed = QUIET.with_({"clients.arrivals": cq.Closed(5, think="1s")})
    with pytest.raises(cq.ScenarioError, match="cannot be compared"):
        next(looks({"open": QUIET, "closed": closed}, replications=2, seed=1))


class Steps:
    """Work that goes on only when it is allowed to."""

    def __init__(self) -> None:
        self.goes_on = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.finished: list[str] = []

    def __call__(self, question: str) -> Iterator[str]:
        yield f"{question} begun"
        self.begun.release()
        assert self.goes_on.acquire(timeout=10)
        yield f"{question} half"
        self.finished.append(question)
        yield f"{question} done"


def test_a_new_question_supersedes_the_old_one() -> None:
    """Nothing is heard of a superseded question once the new one was asked, and its work is left half done."""
    steps, heard = Steps(), list[str]()
    background = Background[str, str](steps, heard.append, heard.append)
    background.ask("old")
    assert steps.begun.acquire(timeout=10)
    background.ask("new")
    steps.goes_on.release(2)
    assert background.wait(10)
    assert heard == ["old begun", "new begun", "new half", "new done"]
    assert steps.finished == ["new"]


def test_stopping() -> None:
    """After ``stop`` nothing is heard, and another question can be asked."""
    steps, heard = Steps(), list[str]()
    background = Background[str, str](steps, heard.append, heard.append)
    background.ask("old")
    assert steps.begun.acquire(timeout=10)
    background.stop()
    steps.goes_on.release(2)
    assert background.wait(10)
    assert heard == ["old begun"]
    background.ask("new")
    assert background.wait(10)
    assert heard[-1] == "new done"


def test_only_the_last_of_many_questions_is_answered() -> None:
    """As when a slider is drawn along: all but the last are left, whatever the order of the threads."""
    heard = list[str]()

    def work(question: str) -> Iterator[str]:
        yield from (question, question)

    background = Background[str, str](work, heard.append, heard.append)
    for number in range(50):
        background.ask(str(number))
    assert background.wait(10)
    assert heard[-2:] == ["49", "49"]
    assert heard == sorted(heard, key=int)


def test_what_breaks_is_told_in_words() -> None:
    """Mistakes and defects end in a message, and neither ends the explorer."""
    heard = list[str]()

    def work(question: str) -> Iterator[str]:
        if question == "mistake":
            raise cq.ResultError("no such metric")
        if question == "defect":
            raise KeyError("x")
        yield question

    background = Background[str, str](work, heard.append, heard.append)
    for question in ("mistake", "defect", "fine"):
        background.ask(question)
        assert background.wait(10)
    assert heard == ["no such metric", "this broke, which it should not: KeyError: 'x'", "fine"]
