"""What was chosen, as a few lines of Python that make exactly these designs and this comparison."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import cqrsim
from cqrsim.errors import CqrsimError
from cqrsim.explorer.choice import Choice
from cqrsim.explorer.subject import FEEDBACK, QUICK, STATE, YOURS
from cqrsim.scenario import Scenario
from cqrsim.scenario.presets import blog
from cqrsim.scenario.values import Settings

WIDTH = 88
"""Characters of a line before it is broken; what has nothing to break at may be longer."""

STEP = "    "


def as_code(choice: Choice) -> str:
    """Python that makes the designs of a choice, compares them, and shows the table.

    Raises ScenarioError for what no code can say: mistakes, and scenarios with functions of somebody's own.

    >>> from cqrsim.explorer import Subject
    >>> print(as_code(Choice.first(Subject.of(None)).with_(chosen=("wait", "silence"))))
    import cqrsim as cq
    <BLANKLINE>
    base = cq.presets.blog().with_({"length": cq.seconds(10), "warm_up": cq.seconds(1)})
    cases = cq.presets.feedback_cases(base)
    designs = {name: cases[name] for name in ["wait", "silence"]}
    answers = cq.compare(designs, replications=5, seed=1)
    answers.table()
    """
    choice.scenarios()
    made = _of_own(choice) if choice.subject.base is None else _of_base(choice, choice.subject.base)
    compared = f"answers = cq.compare(designs, replications={choice.replications}, seed={choice.seed})"
    return "\n".join(["import cqrsim as cq", "", *made, compared, "answers.table()"])


def _of_base(choice: Choice, base: Scenario) -> Iterator[str]:
    quick = base == blog().with_(QUICK)
    start = "cq.presets.blog()" if quick else code_of(base)
    shortened = {path: base.setting(path) for path in QUICK} if quick else {}
    changes = {**shortened, **choice.changes(base), **choice.rule()}
    yield laid_out(f"base = {start}{_settings(changes)}")
    if faults := _faults(choice):
        yield laid_out(f"base = base{faults}")
    yield laid_out(_cases(choice))
    yield laid_out(f"designs = {{name: cases[name] for name in {list(choice.scenarios())!r}}}")


def _cases(choice: Choice) -> str:
    """Those collections of designs that something was chosen from."""
    calls = {
        YOURS: '**{"as given": base}',
        FEEDBACK: "**cq.presets.feedback_cases(base)",
        STATE: "**cq.presets.state_cases(base)",
    }
    offered = choice.subject.offered
    needed = [calls[heading] for heading, names in offered.items() if set(names) & set(choice.chosen)]
    return f"cases = {needed[0].removeprefix('**') if len(needed) == 1 else '{' + ', '.join(needed) + '}'}"


def _of_own(choice: Choice) -> Iterator[str]:
    """Settings that all designs have alike are changed in all of them at once."""
    chosen = {name: scenario for name, scenario in choice.subject.own if name in choice.chosen}
    each = [_settings(choice.changes(scenario)) + _faults(choice) for scenario in chosen.values()]
    alike = len(set(each)) == 1
    entries = zip(chosen.items(), each, strict=True)
    parts = [f"{name!r}: {code_of(made)}{'' if alike else more}" for (name, made), more in entries]
    yield laid_out(f"designs = {{{', '.join(parts)}}}")
    if alike and each[0]:
        yield laid_out(f"designs = {{name: design{each[0]} for name, design in designs.items()}}")


def _settings(changes: Mapping[str, Any]) -> str:
    """What is called on a scenario to change its settings."""
    pairs = ", ".join(f"{path!r}: {code_of(value)}" for path, value in changes.items())
    return f".with_({{{pairs}}})" if pairs else ""


def _faults(choice: Choice) -> str:
    """What is called on a scenario to give it the trouble that was chosen."""
    faults = ", ".join(code_of(fault) for fault in choice.trouble.faults())
    return f".with_faults({faults})" if faults else ""


def code_of(value: Any) -> str:
    """Code that makes a value again where cqrsim is called cq; from plain data, if its repr does not.

    >>> from cqrsim.units import ms
    >>> code_of(ms(1.5)), code_of("decided"), code_of(((1, 0.5), (-1, 0.5)))
    ('cq.ms(1.5)', "'decided'", '((1, 0.5), (-1, 0.5))')
    """
    code = _prefixed(repr(value))
    if code is not None and _makes(code, value):
        return code
    if isinstance(value, Scenario):
        return f"cq.from_dict({value.to_dict()!r})"
    assert isinstance(value, Settings)
    return f"cq.{value!r}"


def _prefixed(text: str) -> str | None:
    """Code with ``cq.`` before each name of ours; None for what is no code."""
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        return None
    return ast.unparse(_Prefix().visit(tree))


def _makes(code: str, value: Any) -> bool:
    """Whether code that we have just written makes that value; functions of somebody's own have no code."""
    try:
        return bool(eval(code, {"cq": cqrsim}) == value)
    except (NameError, AttributeError, CqrsimError):
        return False


class _Prefix(ast.NodeTransformer):
    """Looks names up in the package."""

    def visit_Name(self, node: ast.Name) -> ast.expr:  # ast calls it so
        """Put the package before a name that it has."""
        return ast.Attribute(ast.Name("cq"), node.id) if node.id in cqrsim.__all__ else node


def laid_out(line: str) -> str:
    """An assignment, broken into lines where it is too long.

    >>> print(laid_out("numbers = dict(first=" + "1" * 40 + ", second=" + "2" * 40 + ")"))
    numbers = dict(
        first=1111111111111111111111111111111111111111,
        second=2222222222222222222222222222222222222222,
    )
    """
    (statement,) = ast.parse(line).body
    assert isinstance(statement, ast.Assign)
    return "\n".join(_lines(statement.value, f"{ast.unparse(statement.targets[0])} = ", "", ""))


def _lines(node: ast.expr, before: str, after: str, margin: str) -> list[str]:
    """A part of the code between what stands before and after it, in as many lines as it takes."""
    whole = f"{margin}{before}{_unparsed(node)}{after}"
    if len(whole) <= WIDTH or not (opened := _opened(node)):
        return [whole]
    start, parts, end = opened
    inner = [line for name, part in parts for line in _lines(part, name, ",", margin + STEP)]
    return [f"{margin}{before}{start}", *inner, f"{margin}{end}{after}"]


def _opened(node: ast.expr) -> tuple[str, list[tuple[str, ast.expr]], str] | None:
    """The bracket that can be opened, what stands in it with its names, and its end; None if there is none."""
    if isinstance(node, ast.Call) and (node.args or node.keywords):
        named = [(f"{keyword.arg}=", keyword.value) for keyword in node.keywords]
        return f"{_unparsed(node.func)}(", [*(("", part) for part in node.args), *named], ")"
    if isinstance(node, ast.Dict):
        keys = [f"{_unparsed(key)}: " if key is not None else "**" for key in node.keys]
        return "{", list(zip(keys, node.values, strict=True)), "}"
    if isinstance(node, ast.List | ast.Tuple) and node.elts:
        start, end = ("[", "]") if isinstance(node, ast.List) else ("(", ")")
        return start, [("", part) for part in node.elts], end
    return None


def _unparsed(node: ast.expr) -> str:
    """Code in one line, with double quotes where nothing speaks against them."""
    text = ast.unparse(node)
    return text if '"' in text else text.replace("'", '"')
