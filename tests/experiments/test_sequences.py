"""Sequence diagrams as text: the documented part of Mermaid's language, whatever names people give."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cqrsim as cq
from cqrsim.errors import ResultError
from cqrsim.experiments.sequences import SequenceDiagram, harmless
from cqrsim.metrics.conversation import Conversation, Line

BLOG = cq.presets.blog().with_(length=cq.ms(300), warm_up=cq.seconds(0))

_LINES = (
    re.compile(r"sequenceDiagram"),
    re.compile(r"    participant lane\d+ as [^#;\n]+"),
    re.compile(r"    lane\d+(->>|-->>|-x)lane\d+: [^#;\n]+"),
    re.compile(r"    Note over lane\d+(,lane\d+)?: [^#;\n]+"),
)


def test_every_line_of_a_run_is_in_the_language() -> None:
    """All commands of a run with losses: participants, messages, crosses and notes, and nothing else."""
    run = cq.simulate(BLOG.with_faults(cq.LostMessages(share=0.3, name="odd; #1 <name>")), seed=1, engine="simpy")
    texts = [run.sequence(int(command)).mermaid for command in run.commands()["command"]]
    assert any("-x" in text for text in texts)
    for line in "\n".join(texts).splitlines():
        assert any(form.fullmatch(line) for form in _LINES), line


@given(st.text())
def test_no_name_can_break_out_of_its_line(name: str) -> None:
    said = harmless(name)
    assert not set(said) & set("#;<>\n\r") and "%%" not in said
    lines = (Line("client", "", name, 0.0, 0.0),)
    assert len(SequenceDiagram(Conversation(0, ("client",), lines)).mermaid.split("\n")) == 3


def test_the_text_is_the_same_each_time_and_stands_in_a_block() -> None:
    texts = {cq.simulate(BLOG, seed=1, engine="simpy").sequence(3)._repr_markdown_() for _ in range(2)}
    (text,) = texts
    assert text.startswith("```mermaid\nsequenceDiagram\n") and text.endswith("\n```")
    assert text.splitlines()[1:-1] == repr(cq.simulate(BLOG, seed=1, engine="simpy").sequence(3)).splitlines()


@pytest.mark.parametrize("wrong", ["3", None, True, -1, 10**6])
def test_a_command_that_is_none_is_told(wrong: object) -> None:
    with pytest.raises(ResultError, match=r"command"):
        cq.simulate(BLOG, seed=1, engine="simpy").sequence(wrong)  # type: ignore[arg-type]
