"""How the tests insert templates: `|` in a text is the cursor."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

from idiomatic.core.document import Document
from idiomatic.core.text import Edit, apply_edits
from idiomatic.templates.catalogue import load
from idiomatic.templates.context import Context
from idiomatic.templates.insertion import Insertion, fitting, insertion
from idiomatic.templates.reading import OPTIONAL, REQUIRED
from idiomatic.templates.template import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from idiomatic.templates.template import Template

Version = tuple[int, int]

ALONE: Final[Mapping[Place, tuple[str, str]]] = {
    Place.MODULE: ("module.py", '"""A module."""\n\nx|\n'),
    Place.TEST_MODULE: ("test_module.py", '"""A module."""\n\nx|\n'),
    Place.CONFTEST: ("conftest.py", '"""A module."""\n\nx|\n'),
    Place.CLASS: ("module.py", '"""A module."""\n\n\nclass Thing:\n    """It."""\n\n    x|\n'),
    Place.FUNCTION: ("module.py", '"""A module."""\n\n\ndef f() -> None:\n    """Call it."""\n    x|\n'),
    Place.ASYNC_FUNCTION: ("module.py", '"""A module."""\n\n\nasync def f() -> None:\n    """Call it."""\n    x|\n'),
    Place.PYPROJECT: ("pyproject.toml", "x|\n"),
    Place.PRE_COMMIT: (".pre-commit-config.yaml", "x|\n"),
}
"""For each place a file's name, and a text with nothing else in it."""

_CURSOR: Final = "the_cursor_is_here"
_MARKED: Final = re.compile(r"^([ \t]*)# template: begin\n.*^[ \t]*# template: end$", re.MULTILINE | re.DOTALL)


def offered(marked: str, target: Version = (3, 13), path: str = "module.py") -> list[str]:
    """The names of the templates that fit at the cursor."""
    text, offset = marked.replace("|", ""), marked.index("|")
    return [template.name for template in fitting(Document.parse(text), offset, Context(target, PurePath(path)))]


def made(
    name: str,
    marked: str,
    target: Version = (3, 13),
    path: str = "module.py",
    installed: Set[str] = frozenset(),
    template: Template | None = None,
) -> tuple[Insertion, str]:
    """The insertion of a template at the cursor, and the whole text after it."""
    before, _, after = marked.partition("|")
    context = Context(target, PurePath(path), installed)
    found = insertion(template or load()[name], Document.parse(before + after), len(before), context)
    return found, _applied(before + after, found)


def _applied(text: str, found: Insertion) -> str:
    return apply_edits(text, [Edit(found.span, found.plain), *found.edits])


def inserted(name: str, marked: str, target: Version = (3, 13), path: str = "module.py") -> str:
    """The whole text after a template was inserted at the cursor."""
    return made(name, marked, target, path)[1]


def alone(template: Template) -> list[tuple[Place, str, str]]:
    """Where a template fits: each place with a file's name and a text that has nothing else in it."""
    return [(place, *ALONE[place]) for place in sorted(template.where)]


def in_its_surroundings(template: Template, target: Version = (3, 13)) -> str:
    """A file that makes sense with the template in it.

    That is a new one for what stands alone, and for what does not, the template's own file: there stands around it
    what it needs.
    """
    source = Path(template.path).read_text("utf-8")
    if (around := _MARKED.search(source)) is not None:
        marked = _without_constants(f"{source[: around.start()]}{around[1]}{_CURSOR}{source[around.end() :]}")
        before, _, after = marked.partition(_CURSOR)
        document = Document.parse(before + after)
        context = Context(target, PurePath(ALONE[min(template.where)][0]))
        return _applied(document.text, insertion(template, document, len(before), context))
    _, path, marked = alone(template)[0]
    return inserted(template.name, marked, target, path)


def _without_constants(source: str) -> str:
    """A template's file as any other module, with the imports that it needs itself."""
    lines = source.split("\n")
    tree = ast.parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for statement in reversed(tree.body):
        match statement:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                statement.names = [name for name in names if (name.asname or name.name) in used]
                if statement.names != names:
                    left = [ast.unparse(statement)] if statement.names else []
                    lines[statement.lineno - 1 : statement.end_lineno] = left
            case ast.Assign(targets=[ast.Name(id=name)]) if name in {*REQUIRED, *OPTIONAL}:
                del lines[statement.lineno - 1 : statement.end_lineno]
            case ast.Expr(value=ast.Constant(value=str())):
                lines[statement.lineno - 1 : statement.end_lineno] = ['"""A module."""']
            case _:
                pass
    text = re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines))
    return re.sub(r"\n{3}(?=\w+(: [^=\n]+)? = )", "\n\n", text, count=1)


def run(name: str, marked: str = "x|\n") -> dict[str, Any]:
    """The names of a module in which a template was inserted, for this Python."""
    namespace: dict[str, Any] = {"__name__": "inserted"}
    code = inserted(name, marked, sys.version_info[:2])
    exec(compile(code, f"{name}.py", "exec", dont_inherit=True), namespace)
    return namespace
