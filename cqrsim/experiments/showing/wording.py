"""Numbers, intervals and small tables as people read them."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import pandas as pd

NOTHING = "-"
"""Stands where there is no number: what it would measure did not happen."""

FAILED = "failed"
"""Stands where there is no number because all runs failed."""

MOST_ROWS = 24
"""As many rows fit a screen."""

LONGEST_NUMBER = 28
"""Letters of a number with its interval; what is longer is a sentence."""

UNSTABLE = "unstable"
"""Stands where there is no number because it depends on how long one looks."""


def number(value: float, half_width: float = math.nan) -> str:
    """A number with as many digits as its interval allows, or with four where it has none.

    >>> number(12.34567, 0.0456), number(12.34567, 1.3), number(1234.5678), number(0.000123456)
    ('12.35 ± 0.05', '12.3 ± 1.3', '1,235', '0.0001235')
    >>> number(float("nan"))
    '-'
    """
    if math.isnan(value):
        return NOTHING
    if not math.isfinite(half_width) or half_width == 0:
        return plain(value)
    places = _places(half_width, 2 if _leading_digit(half_width) == 1 else 1)
    if places > 6:
        return f"{value:.4g} ± {half_width:.1g}"
    return f"{value:,.{places}f} ± {half_width:,.{places}f}"


def plain(value: float, digits: int = 4) -> str:
    """A number with that many significant digits, whole ones as they are.

    >>> plain(0.0), plain(2.0), plain(123456.7), plain(0.02), plain(3.14159)
    ('0', '2', '123,457', '0.02', '3.142')
    """
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    if value == int(value):
        return f"{value:,.0f}"
    places = _places(value, digits)
    if places > 9:
        return f"{value:.{digits}g}"
    shown = f"{value:,.{places}f}"
    return shown.rstrip("0").rstrip(".") if places else shown


def at_least(value: float) -> str:
    """A number that is known only to be larger than this one.

    >>> at_least(30000.0)
    '> 30,000'
    """
    return f"> {plain(value)}"


def zero(upper: float) -> str:
    """Nothing was seen; what the truth may be at most, rounded up.

    >>> zero(0.0213)
    '0 (< 0.03)'
    """
    places = _places(upper, 1)
    return f"0 (< {plain(math.ceil(upper * 10**places) / 10**places)})"


def heading(metric: str, stat: str, unit: str) -> str:
    """A column's heading with its unit last, as a person would say it; shares are shown in percent.

    >>> heading("feedback_ms", "p99", "ms"), heading("silent_failure", "share", "share"), heading("loss", "count", "")
    ('feedback p99, ms', 'silent failure, %', 'loss count')
    """
    words = metric.removesuffix(f"_{unit}") if unit else metric
    said = " ".join(part for part in (words, stat) if part not in ("", "value", unit))
    shown = {"share": "%", "per_s": "per second"}.get(unit, unit)
    return f"{said}, {shown}".replace("_", " ") if shown else said.replace("_", " ")


def scale(unit: str) -> float:
    """What values are multiplied by to be shown under their heading."""
    return 100.0 if unit == "share" else 1.0


def joined(words: Sequence[str]) -> str:
    """A list as one says it.

    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def text_table(frame: pd.DataFrame) -> str:
    """A table with aligned columns: words to the left, numbers to the right, units on the last line of the head.

    >>> print(text_table(pd.DataFrame({"design": ["wait", "silence"], "feedback p50, ms": ["1.5 ± 0.1", "> 30,000"]})))
             feedback p50
    design             ms
    -------  ------------
    wait        1.5 ± 0.1
    silence      > 30,000
    """
    columns = [(_head(str(name)), [str(value) for value in frame[name]]) for name in frame]
    if not columns:
        return ""
    height = max(len(lines) for lines, _ in columns)
    shown = []
    for place, (lines, values) in enumerate(columns):
        cells = [""] * (height - len(lines)) + lines + values
        width = max(len(cell) for cell in cells)
        left = place == 0 or all(_is_word(value) for value in values)
        padded = [cell.ljust(width) if left else cell.rjust(width) for cell in cells]
        shown.append([*padded[:height], "-" * width, *padded[height:]])
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*shown, strict=True))


def html_table(title: str, frame: pd.DataFrame) -> str:
    """A table under its title, for notebooks: nothing in it is cut, but of many rows only the first are shown.

    >>> html_table("two", pd.DataFrame({"n": [1, 2]})).count("<tr>")
    3
    """
    lines = "<br>".join(html.escape(line) for line in title.split("\n"))
    columns = {str(name): [_cell(value) for value in frame[name].head(MOST_ROWS)] for name in frame}
    sides = [_side(place, values) for place, values in enumerate(columns.values())]
    head = _html_row("th", list(columns), sides)
    body = "".join(_html_row("td", cells, sides) for cells in zip(*columns.values(), strict=True))
    left_out = len(frame) - MOST_ROWS
    more = f"<p>and {left_out:,} rows more</p>" if left_out > 0 else ""
    return f"<p>{lines}</p><table><thead>{head}</thead><tbody>{body}</tbody></table>{more}"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return NOTHING if math.isnan(value) else plain(value)
    return str(value)


def _html_row(kind: str, cells: Sequence[str], sides: Sequence[str]) -> str:
    shown = [f'<{kind} style="text-align:{side}">{html.escape(cell)}</{kind}>'
             for cell, side in zip(cells, sides, strict=True)]  # fmt: skip
    return f"<tr>{''.join(shown)}</tr>"


def _side(place: int, values: Sequence[str]) -> str:
    """Words and sentences stand to the left, numbers to the right."""
    is_text = place == 0 or all(_is_name(value) or len(value) > LONGEST_NUMBER for value in values)
    return "left" if is_text else "right"


def _head(name: str, width: int = 14) -> list[str]:
    """A heading in lines, the unit in one of its own."""
    words, _, unit = name.partition(", ")
    lines = [""]
    for word in words.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return [*lines, unit] if unit else lines


def _is_word(value: str) -> bool:
    return value not in (NOTHING, FAILED, UNSTABLE) and not any(digit in value for digit in "0123456789")


def _is_name(value: str) -> bool:
    """Whether it begins as words do, and stands for no number."""
    return value[:1].isalpha() and value not in (FAILED, UNSTABLE)


def _places(value: float, digits: int) -> int:
    """How many decimal places show that many significant digits."""
    return max(0, digits - 1 - math.floor(math.log10(abs(value))))


def _leading_digit(value: float) -> int:
    return int(f"{value:e}"[0])
