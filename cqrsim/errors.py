"""What can go wrong, as one tree.

CqrsimError
├── UnitError (ValueError)       a duration, size or rate that is none
├── ScenarioError (ValueError)   a scenario, or a file of one, with mistakes: all of them at once
├── PlanError (ValueError)       a scenario that cannot be lowered to a plan with this seed
├── RunError                     a run that broke
├── TraceError (ValueError)      a trace that is damaged, or breaks its own rules
└── ResultError (ValueError)     a question that a result cannot answer
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

LONGEST_SHOWN = 60
"""Characters of a wrong value that a message repeats."""

SHORTEST_PREFIX = 3
"""Letters that two words must begin with alike, to be taken for each other."""


class CqrsimError(Exception):
    """Whatever cqrsim raises on purpose."""


class CqrsimWarning(UserWarning):
    """Whatever cqrsim warns of: it goes on, but somebody should know."""


class UnitError(CqrsimError, ValueError):
    """A duration, size or rate that is none."""


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is, which value stands there, what is allowed, and what may have been meant.

    A ``value`` of None means that there is none to show.

    >>> print(Problem("clients.invalid", 1.5, "must be a share between 0 and 1"))
    clients.invalid: must be a share between 0 and 1 (got 1.5)
    >>> print(Problem("disk.wirte", None, 'no setting "disk.wirte"', 'did you mean "disk.write"?'))
    no setting "disk.wirte"; did you mean "disk.write"?
    """

    path: str
    value: Any = field(compare=False)
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path and f'"{self.path}"' not in self.message else ""
        got = "" if self.value is None else f" (got {shown(self.value)})"
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}{self.message}{got}{hint}"

    def below(self, path: str) -> "Problem":
        """The same mistake, seen from further out."""
        longer = ".".join(part for part in (path, self.path) if part)
        message = self.message
        if self.path and path:
            message = message.replace(f'"{self.path}"', f'"{longer}"')
        return Problem(longer, self.value, message, self._hint_below(path))

    def _hint_below(self, path: str) -> str | None:
        """Suggested names are written as paths, as far out as the path itself."""
        parent = self.path.rpartition(".")[0]
        start = f'did you mean "{parent}.' if parent else 'did you mean "'
        if not path or self.hint is None or f'"{self.path}"' not in self.message or not self.hint.startswith(start):
            return self.hint
        return self.hint.replace('did you mean "', f'did you mean "{path}.', 1)


class ScenarioError(CqrsimError, ValueError):
    """A scenario with mistakes; ``problems`` has them all, and the text lists them, one a line.

    >>> raise ScenarioError((Problem("length", None, "must be more than 0"),))
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: length: must be more than 0
    """

    def __init__(self, problems: Iterable[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__(self.problems, source)

    def __str__(self) -> str:
        start = f"{self.source}: " if self.source else ""
        if len(self.problems) == 1:
            return f"{start}{self.problems[0]}"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        return f"{start}{len(self.problems)} mistakes{lines}"


class PlanError(CqrsimError, ValueError):
    """A scenario that cannot be lowered to a plan with this seed."""


class RunError(CqrsimError):
    """A run that broke."""


class TraceError(CqrsimError, ValueError):
    """A trace that is damaged, or breaks its own rules."""


class ResultError(CqrsimError, ValueError):
    """A question that a result cannot answer."""


def shown(value: Any) -> str:
    """A wrong value as a message repeats it: strings in double quotes, long ones cut.

    >>> print(shown("5sec"), shown(True), shown([1] * 99))
    "5sec" True [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,...
    """
    if hasattr(type(value), "parse"):
        return str(value)  # an amount with its unit
    text = '"' + value.replace('"', '\\"') + '"' if type(value) is str else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def did_you_mean(word: object, known: Iterable[str], start: str = "") -> str | None:
    """A hint at the known word that was most likely meant, or None.

    >>> did_you_mean("wirte", ["write", "flush"], start="disk.")
    'did you mean "disk.write"?'
    >>> did_you_mean("sync", ["sync_validation", "silence"])
    'did you mean "sync_validation"?'
    """
    found = closest(word, known)
    return None if found is None else f'did you mean "{start}{found}"?'


def closest(word: object, known: Iterable[str]) -> str | None:
    """The known word nearest to a wrong one: the same but for case and dashes, a beginning, or much alike."""
    if not isinstance(word, str):
        return None
    import difflib

    by_letters = {_letters(option): option for option in known}
    wanted = _letters(word)
    if wanted in by_letters:
        return by_letters[wanted]
    for letters, option in by_letters.items():
        shorter, longer = sorted((wanted, letters), key=len)
        if len(shorter) >= SHORTEST_PREFIX and longer.startswith(shorter):
            return option
    found = difflib.get_close_matches(wanted, by_letters, n=1, cutoff=0.6)
    return by_letters[found[0]] if found else None


def _letters(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())
