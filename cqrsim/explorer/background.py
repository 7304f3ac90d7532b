"""Work aside, of which only the last that was asked for counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from cqrsim.errors import CqrsimError

Question = TypeVar("Question")
Update = TypeVar("Update")

Work = Callable[[Question], Iterator[Update]]
"""Answers a question step by step; it can be left between two steps."""


class Background(Generic[Question, Update]):
    """One question at a time, in a thread of its own; a new one supersedes the one before, as soon as that has yielded.

    ``tell`` hears every update of the question that counts, ``complain`` what went wrong with it; both are called in
    the thread.  Nothing is heard of a superseded question once ``ask`` or ``stop`` has returned.
    """

    def __init__(
        self, work: Work[Question, Update], tell: Callable[[Update], object], complain: Callable[[str], object]
    ) -> None:
        self._work, self._tell, self._complain = work, tell, complain
        self._newest = 0
        self._telling = threading.RLock()
        self._working = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, question: Question) -> None:
        """Begin with a question, and forget the one before."""
        number = self.stop()
        self._thread = threading.Thread(target=self._answer, args=(number, question), daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Forget the question; returns the number of the next one."""
        with self._telling:
            self._newest += 1
            return self._newest

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the last question is answered; False if that took too long."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def _answer(self, number: int, question: Question) -> None:
        with self._working:
            try:
                self._go_through(number, question)
            except CqrsimError as mistake:
                self._say(number, self._complain, str(mistake))
            except Exception as error:  # a page has no place for tracebacks
                self._say(number, self._complain, f"this broke, which it should not: {type(error).__name__}: {error}")

    def _go_through(self, number: int, question: Question) -> None:
        if number != self._newest:
            return
        for update in self._work(question):
            if not self._say(number, self._tell, update):
                return

    def _say(self, number: int, listener: Callable[[Update], object] | Callable[[str], object], said: object) -> bool:
        """Tell it, unless another question counts by now; whether this one still does."""
        with self._telling:
            if number == self._newest:
                listener(said)  # type: ignore[arg-type]  # each listener gets what it is for
            return number == self._newest
