"""What a report is made of: a tree of plain values, which one renderer turns into Markdown and another into HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Heading:
    """The title of what follows; 1 is the whole report, 2 a section, 3 a part of one."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A few sentences."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """Sentences that each stand for themselves."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Words and numbers in rows, all of them texts by now."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Table:
        """A frame as it is, without its index."""
        rows = frame.astype(object).itertuples(index=False, name=None)
        return cls(tuple(map(str, frame.columns)), tuple(tuple(map(_text, row)) for row in rows))

    def is_number(self, column: int) -> bool:
        """Whether a column holds numbers, which stand to the right.

        >>> Table(("design", "p50"), (("2b", "1.5 ± 0.2"), ("2c", "-"))).is_number(1)
        True
        """
        cells = [row[column] for row in self.rows if row[column] not in ("", "-", "failed", "unstable")]
        return bool(cells) and all(_starts_as_number(cell) for cell in cells)


@dataclass(frozen=True)
class Picture:
    """A picture as the bytes of a PNG file, with what it shows in words."""

    name: str
    png: bytes
    caption: str


@dataclass(frozen=True)
class Code:
    """Something to type, or to copy."""

    text: str
    language: str


@dataclass(frozen=True)
class File:
    """A text file that belongs to the report: beside it, or within it."""

    name: str
    text: str
    shown: bool = True
    """Whether a reader should see it at once, where it stands within."""


Block = Heading | Paragraph | Bullets | Table | Picture | Code | File


@dataclass(frozen=True)
class Report:
    """A title and all that stands below it."""

    title: str
    blocks: tuple[Block, ...]


def section(title: str, *blocks: Block | None, level: int = 2) -> list[Block]:
    """A heading with what stands below it; nothing at all, if nothing does."""
    there = [block for block in blocks if block is not None]
    return [Heading(title, level), *there] if there else []


def bullets(items: Sequence[str]) -> Bullets | None:
    """A list, if there is anything to list."""
    return Bullets(tuple(items)) if items else None


def _text(value: Any) -> str:
    return "" if value is None or (isinstance(value, float) and value != value) else str(value)


def _starts_as_number(text: str) -> bool:
    """Whether a person would call it a number: with a sign, a bound, a unit or an interval, perhaps.

    >>> [_starts_as_number(text) for text in ("-1.5 (-2 to -1)", "> 5,000", "0 (< 0.3)", "2b careful", "1 own first")]
    [True, True, True, False, False]
    """
    first = text.lstrip("<> +-").split(" ")[0].rstrip("%").replace(",", "")
    try:
        float(first)
    except ValueError:
        return False
    return not any(letter.isalpha() for letter in text.replace("to", "").replace("of", ""))
