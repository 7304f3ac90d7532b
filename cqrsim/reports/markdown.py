"""A report as Markdown, as GitHub and notebooks show it; pictures and files stand in a folder beside it."""

from __future__ import annotations

import re
from urllib.parse import quote

from cqrsim.reports.blocks import Block, Bullets, Code, File, Heading, Paragraph, Picture, Report, Table

_SPECIAL = re.compile(r"[\\`*\[\]<|~$]|&(?=[#\w]+;)|(?<![^\W_])_|_(?![^\W_])")
_BEGINS_ANOTHER_BLOCK = re.compile(r"^([#+=>-]|\d+(?=[.)](\s|$)))")


def markdown(report: Report, folder: str) -> str:
    r"""The text of a .md file; ``folder`` is what pictures and files are found in.

    >>> print(markdown(Report("Disks", (Paragraph("A|B is *better*."),)), "disks_files"))
    # Disks
    <BLANKLINE>
    A\|B is \*better\*.
    <BLANKLINE>
    """
    parts = [f"# {escaped(report.title)}", *(_block(block, folder) for block in report.blocks)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Text that means nothing but itself, on one line.

    >>> escaped("a_b _c_ <d>")
    'a_b \\_c\\_ \\<d>'
    """
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))


def paragraph(text: str) -> str:
    r"""The same where it begins a block, which a heading or a list would begin alike.

    >>> paragraph("# 1"), paragraph("2. b"), paragraph("2.5 ms")
    ('\\# 1', '2\\. b', '2.5 ms')
    """
    return _BEGINS_ANOTHER_BLOCK.sub(_guarded, escaped(text))


def _guarded(start: re.Match[str]) -> str:
    """A number is safe when the dot after it is, a sign when it is itself."""
    return f"{start[0]}\\" if start[0].isdigit() else f"\\{start[0]}"


def _block(block: Block, folder: str) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {escaped(text)}"
        case Paragraph(text):
            return paragraph(text)
        case Bullets(items):
            return "\n".join(f"* {paragraph(item)}" for item in items)
        case Table():
            return _table(block)
        case Picture(name, _, caption):
            return f"![{escaped(caption)}]({folder}/{name})\n\n*{escaped(caption)}*"
        case Code(text, language):
            return _fenced(text, language)
        case File(name):
            return f"[{escaped(name)}]({quote(folder)}/{quote(name)})"


def _table(table: Table) -> str:
    rules = ["---:" if table.is_number(column) else "---" for column in range(len(table.head))]
    lines = [table.head, rules, *table.rows]
    shown = [lines[1] if line is rules else [escaped(cell) for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in shown)


def _fenced(text: str, language: str) -> str:
    """Code between fences that are longer than any in it."""
    longest = max((len(ticks) for ticks in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
