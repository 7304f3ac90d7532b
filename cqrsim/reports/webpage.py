"""A report as one HTML file that needs nothing else: pictures and files are within it, and it prints well."""

from __future__ import annotations

import base64
from html import escape

from cqrsim.reports.blocks import Block, Bullets, Code, File, Heading, Paragraph, Picture, Report, Table

STYLE = """
:root { color: #262626; background: #fff; font: 16px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.25; }
h2 { font-size: 1.25rem; margin-top: 2.2rem; border-bottom: 1px solid #dcdcdc; padding-bottom: .2rem; }
h3 { font-size: 1.05rem; margin-top: 1.6rem; }
p, ul { max-width: 46rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; margin: .8rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e6e6e6; }
th { border-bottom: 2px solid #6e6e6e; vertical-align: bottom; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td { overflow-wrap: anywhere; min-width: 4.5rem; }
figure { margin: 1.2rem 0; }
img { max-width: 100%; width: 44rem; height: auto; }
figcaption, summary { font-size: .875rem; color: #555; }
pre { background: #f6f6f6; padding: .7rem .9rem; font-size: .8125rem; line-height: 1.4; white-space: pre-wrap;
  overflow-wrap: anywhere; }
@media print {
  :root { font-size: 10.5pt; }
  body { max-width: none; margin: 0; padding: 0; }
  h1, h2, h3 { break-after: avoid; }
  thead { display: table-header-group; }
  tr, figure, li { break-inside: avoid; }
  .wide { overflow: visible; }
  th.number, td.number { white-space: normal; }
}
"""


def webpage(report: Report) -> str:
    """The text of a .html file.

    >>> page = webpage(Report("Disks", (Paragraph("A<B is *better*."),)))
    >>> page.startswith("<!doctype html>"), "<p>A&lt;B is *better*.</p>" in page
    (True, True)
    """
    title = escape(report.title)
    body = "\n".join(_block(block) for block in report.blocks)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Bullets(items):
            return "\n".join(["<ul>", *(f"<li>{escape(item)}</li>" for item in items), "</ul>"])
        case Table():
            return _table(block)
        case Picture():
            return _picture(block)
        case Code(text):
            return f"<pre>{escape(text.rstrip())}</pre>"
        case File():
            return _file(block)


def _table(table: Table) -> str:
    kinds = [' class="number"' if table.is_number(column) else "" for column in range(len(table.head))]
    head = _row("th", table.head, kinds)
    body = "\n".join(_row("td", row, kinds) for row in table.rows)
    return f'<div class="wide"><table>\n<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _row(tag: str, cells: tuple[str, ...], kinds: list[str]) -> str:
    shown = "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for cell, kind in zip(cells, kinds, strict=True))
    return f"<tr>{shown}</tr>"


def _picture(picture: Picture) -> str:
    caption = escape(picture.caption)
    image = f'<img alt="{caption}" src="data:image/png;base64,{_base64(picture.png)}">'
    return f"<figure>\n{image}\n<figcaption>{caption}</figcaption>\n</figure>"


def _file(file: File) -> str:
    """A file's text, open or folded, and a link that saves it under its name."""
    name, source = escape(file.name), _base64(file.text.encode())
    link = f'<a download="{name}" href="data:text/plain;charset=utf-8;base64,{source}">{name}</a>'
    opened = " open" if file.shown else ""
    return f"<details{opened}><summary>{link}</summary>\n<pre>{escape(file.text.rstrip())}</pre></details>"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
