"""Sequence diagrams as text: in the language of Mermaid, which notebooks and code hosts draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cqrsim.metrics.conversation import Conversation, Line

_HARMLESS = {"#": "no. ", ";": ",", "%%": "%", "<": "\u2039", ">": "\u203a"}
"""What Mermaid would read as more than a letter, and what stands for it: its own codes are not drawn in notes."""


@dataclass(frozen=True, repr=False)
class SequenceDiagram:
    """Who said what to whom about one command; shows itself as a picture wherever Mermaid is drawn.

    >>> lines = (Line("client", "handler", "command", 0.0, 0.5), Line("handler", "", "accepted", 0.7, 0.7))
    >>> print(SequenceDiagram(Conversation(7, ("client", "handler"), lines)).mermaid)
    sequenceDiagram
        participant lane1 as client
        participant lane2 as command handler
        lane1->>lane2: command (0 to 0.50 ms)
        Note over lane2: accepted (0.70 ms)
    """

    conversation: Conversation

    @property
    def mermaid(self) -> str:
        """The diagram in Mermaid's language; times are in milliseconds since the command was issued."""
        return "\n    ".join(["sequenceDiagram", *self._participants(), *map(self._said, self.conversation.lines)])

    def _participants(self) -> Iterator[str]:
        for lane, title in zip(self.conversation.lanes, self.conversation.titles, strict=True):
            yield f"participant {self._name(lane)} as {harmless(title)}"

    def _said(self, line: Line) -> str:
        words = f"{harmless(line.words)} ({when(line)})"
        if line.is_note:
            return f"Note over {self._over(line.who)}: {words}"
        return f"{self._name(line.who)}{_arrow(line)}{self._name(line.towards)}: {words}"

    def _over(self, lane: str) -> str:
        """One lane, or all of them."""
        if lane:
            return self._name(lane)
        lanes = self.conversation.lanes
        return ",".join(dict.fromkeys((self._name(lanes[0]), self._name(lanes[-1]))))

    def _name(self, lane: str) -> str:
        return f"lane{self.conversation.lanes.index(lane) + 1}"

    def _repr_markdown_(self) -> str:
        return f"```mermaid\n{self.mermaid}\n```"

    def __repr__(self) -> str:
        return self.mermaid


def harmless(words: str) -> str:
    """Words in which Mermaid finds no marks of its own.

    >>> harmless("disk #1;  full")
    'disk no. 1, full'
    """
    for mark, instead in _HARMLESS.items():
        words = words.replace(mark, instead)
    return " ".join(words.split())


def when(line: Line) -> str:
    """When a line was said, in milliseconds with the unit."""
    if line.begins_ms == line.ends_ms:
        return f"{_ms(line.ends_ms)} ms"
    return f"{_ms(line.begins_ms)} to {_ms(line.ends_ms)} ms"


def _ms(time: float) -> str:
    return "0" if time == 0 else f"{time:,.2f}"


def _arrow(line: Line) -> str:
    """Crosses for what was lost, dashes where waiting or work lies on the way."""
    if line.lost:
        return "-x"
    return "-->>" if line.works_before else "->>"
