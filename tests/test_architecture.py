"""How the package is built: who may import whom, what stands in one place only, and how light the front door is."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cqrsim as cq

PACKAGE = Path(cq.__file__).parent

WORDS = {"units", "amounts", "messages", "moments", "errors", "keeping"}
MAY_IMPORT = {
    "scenario": WORDS,
    "plan": WORDS | {"scenario", "trace"},
    "trace": WORDS,
    "actors": WORDS | {"plan", "scenario"},
    "engines": WORDS | {"plan", "trace", "actors"},
    "metrics": WORDS | {"trace"},
    "plots": WORDS | {"metrics", "trace"},
    "experiments": WORDS | {"scenario", "plan", "trace", "engines", "metrics"},
    "reports": WORDS | {"scenario", "experiments", "metrics", "plots"},
    "theory": WORDS | {"scenario", "experiments", "metrics", "trace"},
    "explorer": WORDS | {"scenario", "experiments", "metrics", "plots"},
    "cli": WORDS | {"scenario", "experiments", "plots", "reports", "theory", "explorer"},
}
LATE = {("experiments", "plots"), ("experiments", "reports")}
"""Who may ask whom back: within a function only, so that nothing is imported before it is wanted."""
ONE_HOME = {
    "simpy": {"actors", "engines"},
    "matplotlib": {"plots"},
    "numba": {"engines", "metrics"},
    "joblib": {"experiments"},
    "typer": {"cli"},
    "ipywidgets": {"explorer"},
}
NEVER_WHERE_IT_RUNS = {"random", "uuid", "time", "datetime", "secrets"}
RUNS = {"plan", "actors", "engines"}


def imports(*nodes: ast.AST) -> set[str]:
    """Modules that code imports, anywhere in it."""
    found = set()
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "cqrsim"}
    return found


def imports_within_functions(tree: ast.AST) -> set[str]:
    """Modules that are imported when a function is called, and not before."""
    return imports(*(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)))


def imports_at_once(tree: ast.AST) -> set[str]:
    """Modules that are imported with the file itself, or named in it for type checkers."""
    outside = ast.parse(ast.unparse(tree))
    for node in ast.walk(outside):
        if isinstance(node, ast.FunctionDef):
            node.body = []
    return imports(outside)


def rooms(modules: set[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("cqrsim.")} - {"__version__"}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(path for path in PACKAGE.rglob("*.py") if room(path) not in ("__init__", "__main__"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_who_may_import_whom(path: Path) -> None:
    """Layers point one way, and every heavy library has one home."""
    mine, tree = room(path), ast.parse(path.read_text())
    found = imports(tree)
    allowed = MAY_IMPORT.get(mine, WORDS) | {mine}
    late = {other for one, other in LATE if one == mine}
    assert rooms(imports_at_once(tree)) <= allowed
    assert rooms(imports_within_functions(tree)) <= allowed | late
    for library, homes in ONE_HOME.items():
        assert mine in homes or library not in {name.split(".")[0] for name in found}
    if mine in RUNS:
        assert not NEVER_WHERE_IT_RUNS & {name.split(".")[0] for name in found}
    if path.name != "draws.py":
        assert "default_rng" not in path.read_text()


def test_late_imports_are_late() -> None:
    """The table of late imports has none that is not needed, and a late one outside a function would be seen."""
    for mine, other in LATE:
        used = [rooms(imports_within_functions(ast.parse(file.read_text()))) for file in FILES if room(file) == mine]
        assert any(other in asked for asked in used)
    tree = ast.parse("import cqrsim.plan\ndef late():\n    import cqrsim.reports")
    assert rooms(imports_at_once(tree)) == {"plan"} and rooms(imports_within_functions(tree)) == {"reports"}


def test_the_shop_window() -> None:
    """Everything in ``__all__`` is there, sorted, and nothing else is shown."""
    assert sorted(cq.__all__) == sorted(set(cq.__all__))
    assert all(getattr(cq, name) is not None for name in cq.__all__)
    assert dir(cq) == sorted(cq.__all__)
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        getattr(cq, "simulat")  # noqa: B009


def test_import_stays_light() -> None:
    """The front door opens without what is only needed later."""
    code = "import sys, cqrsim; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(said.stdout.split())
    heavy = {"pandas", "matplotlib", "scipy", "pyarrow", "joblib", "typer", "numba", "simpy", "tqdm"}
    assert not loaded & heavy
