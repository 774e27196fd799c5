"""The rules ARCHITECTURE.md states about who may import whom."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "server" / "idiomatic"

# A part may import itself and what stands before it on its line.
ALLOWED = {
    "core": {"core"},
    "templates": {"core", "templates"},
    "idioms": {"core", "templates", "idioms"},
    "project": {"core", "idioms", "templates", "project"},
    "lsp": {"core", "idioms", "templates", "project", "lsp"},
    "cli": {"core", "idioms", "templates", "project", "cli"},
}

# Third-party packages with a single importer.
OWNED = {"jedi": "project", "click": "cli", "rich": "cli"}

FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module), level=0):
                names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
            case ast.ImportFrom():
                pytest.fail(f"{path}:{node.lineno}: a relative import")
            case _:
                pass
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_layers(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imported(path):
        top, *rest = name.split(".")
        if top == "idiomatic" and rest and rest[0] in ALLOWED:
            # The server is started from the command line, and only there.
            assert part not in ALLOWED or rest[0] in ALLOWED[part] or (part, rest[0]) == ("cli", "lsp"), name
        if top in OWNED and part in ALLOWED:
            assert part == OWNED[top], f"{name} belongs to {OWNED[top]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_core_and_idioms_do_no_input_or_output(path: Path) -> None:
    if path.relative_to(PACKAGE).parts[0] not in {"core", "idioms"}:
        return
    forbidden = {
        "os",
        "pathlib",
        "subprocess",
        "socket",
        "shutil",
        "tempfile",
        "asyncio",
        "threading",
        "multiprocessing",
    }
    assert not {name.partition(".")[0] for name in imported(path)} & forbidden
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "exec"}, f"line {node.lineno}"


def test_the_table_of_questions_is_complete() -> None:
    text = (PACKAGE.parents[1] / "ARCHITECTURE.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, flags=re.MULTILINE))
    files = [path for path in (PACKAGE / "core" / "analysis").glob("*.py") if path.stem != "__init__"]
    described = {path.stem: ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "" for path in files}
    assert rows == {name: text.partition("\n")[0] for name, text in described.items()}
