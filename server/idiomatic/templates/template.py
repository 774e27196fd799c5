"""What a template is, and how its file is read.

A template is a real Python file: it compiles, type checks, and can be run by a test. In this order it has

1. a docstring: the title, one sentence; then Markdown with at least `## Why`;
2. its imports: what the inserted code needs is added to the user's imports, the rest is left out;
3. four constants, made of literals: `PREFIXES`, what the user types; `WHERE`, the places it fits, of `Place`;
   `TAB_STOPS`, the words to fill in, in order (all occurrences of a word are filled in together); `SINCE`, the oldest
   Python it runs on;
4. the code to insert: all that follows, or the part between the lines `# template: begin` and `# template: end`, where
   what stands around it is only there to try it out.

The file is read, never imported: a team's templates are not run when they are loaded.
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Version = tuple[int, int]

SECTION: Final = "Why"
"""The second-level heading that a template's docstring has to have."""

_BEGIN: Final = re.compile(r"^[ \t]*# template: begin[ \t]*\n", re.MULTILINE)
_END: Final = re.compile(r"^[ \t]*# template: end[ \t]*$", re.MULTILINE)


class Place(StrEnum):
    """Where code can stand."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    ASYNC_FUNCTION = "async function"


class TemplateError(Exception):
    """A file is not a template; the message begins with `file:line`."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Something that a template imports.

    Attributes:
        name: what it is called in the template's code.
        module: the module it is in, or that it is.
        attribute: its name in that module; `None` if it is the module.
    """

    name: str
    module: str
    attribute: str | None

    @property
    def qualified(self) -> str:
        """The full dotted name."""
        return f"{self.module}.{self.attribute}" if self.attribute else self.module


@dataclass(frozen=True)
class Template:
    """A template file, read.

    Attributes:
        name: the file's name with hyphens.
        group: its folder's name with hyphens.
        title: the first line of its docstring, a sentence.
        prefixes: what the user types to get it.
        where: the places in which it fits.
        since: the oldest Python it runs on.
        tab_stops: the words to fill in, in order.
        needs: what the code uses of the template's imports.
        code: what is inserted, from the left margin.
        text: its docstring, Markdown.
        path: the file.
    """

    name: str
    group: str
    title: str
    prefixes: tuple[str, ...]
    where: frozenset[Place]
    since: Version
    tab_stops: tuple[str, ...]
    needs: tuple[Needed, ...]
    code: str = field(repr=False)
    text: str = field(repr=False)
    path: str = field(repr=False)


def read(source: str, path: str, group: str, name: str) -> Template:
    """The template in a file.

    Args:
        source: the file's text.
        path: the file, for messages.
        group: its folder's name.
        name: the file's name without `.py`.

    Raises:
        TemplateError: the file does not keep to the form, and where.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise TemplateError(f"{path}:{line}: {error}") from error
    text = ast.get_docstring(tree) or ""
    title = text.partition("\n")[0]
    if not title.endswith("."):
        raise TemplateError(f"{path}:1: the docstring's first line is the title, a sentence with a full stop")
    if f"## {SECTION}" not in text.splitlines():
        raise TemplateError(f"{path}:1: the docstring has a section `## {SECTION}`")
    constants, rest = _constants(tree, path)
    code = _code(source, rest, path)
    body = _parsed(code, path, rest[0].lineno)
    used = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
    stops = _strings(constants, "TAB_STOPS", path)
    for stop in stops:
        if not stop.isidentifier() or not re.search(rf"(?<![\w.]){stop}\b", code):
            line = constants["TAB_STOPS"].lineno
            raise TemplateError(f"{path}:{line}: the tab stop {stop!r} is no name that occurs in the code")
    places = _strings(constants, "WHERE", path)
    if not places or not set(places) <= set(Place):
        line = constants["WHERE"].lineno
        raise TemplateError(f"{path}:{line}: `WHERE` names one or more of {', '.join(Place)}")
    return Template(
        name=name.replace("_", "-"),
        group=group.replace("_", "-"),
        title=title,
        prefixes=_strings(constants, "PREFIXES", path),
        where=frozenset(map(Place, places)),
        since=_version(constants["SINCE"], path),
        tab_stops=stops,
        needs=tuple(each for each in _imports(tree, path) if each.name in used),
        code=code,
        text=text,
        path=path,
    )


_CONSTANTS: Final = ("PREFIXES", "WHERE", "TAB_STOPS", "SINCE")


def _constants(tree: ast.Module, path: str) -> tuple[Mapping[str, ast.expr], Sequence[ast.stmt]]:
    """The values of the constants, and the statements after the last of them."""
    found: dict[str, ast.expr] = {}
    last = -1
    for index, statement in enumerate(tree.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in _CONSTANTS:
                found[name] = value
                last = index
            case _:
                pass
    if missing := [name for name in _CONSTANTS if name not in found]:
        raise TemplateError(f"{path}:1: the constant `{missing[0]}` is missing")
    rest = tree.body[last + 1 :]
    if not rest:
        raise TemplateError(f"{path}:1: there is no code after the constants")
    return found, rest


def _strings(constants: Mapping[str, ast.expr], name: str, path: str) -> tuple[str, ...]:
    match constants[name]:
        case ast.Tuple(elts=items) if all(isinstance(i, ast.Constant) and isinstance(i.value, str) for i in items):
            return tuple(item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))
        case value:
            raise TemplateError(f"{path}:{value.lineno}: `{name}` is a tuple of strings")


def _version(value: ast.expr, path: str) -> Version:
    match value:
        case ast.Tuple(elts=[ast.Constant(value=int(major)), ast.Constant(value=int(minor))]):
            return major, minor
        case _:
            raise TemplateError(f"{path}:{value.lineno}: `SINCE` is a version, such as (3, 11)")


def _imports(tree: ast.Module, path: str) -> Sequence[Needed]:
    found: list[Needed] = []
    for statement in tree.body:
        match statement:
            case ast.Import(names=names):
                for alias in names:
                    if alias.asname is None and "." in alias.name:
                        message = "write `import a.b as b` or `from a import b`"
                        raise TemplateError(f"{path}:{statement.lineno}: {message}")
                    found.append(Needed(alias.asname or alias.name, alias.name, None))
            case ast.ImportFrom(module=str(module), names=names, level=0) if module != "__future__":
                found += [Needed(alias.asname or alias.name, module, alias.name) for alias in names]
            case _:
                pass
    return found


def _code(source: str, rest: Sequence[ast.stmt], path: str) -> str:
    """The code to insert."""
    if begin := _BEGIN.search(source):
        end = _END.search(source, begin.end())
        if end is None:
            line = source.count("\n", 0, begin.start()) + 1
            raise TemplateError(f"{path}:{line}: there is no `# template: end`")
        return textwrap.dedent(source[begin.end() : end.start()]).strip("\n") + "\n"
    lines = source.splitlines(keepends=True)
    first = min([rest[0].lineno, *(each.lineno for each in getattr(rest[0], "decorator_list", []))])
    while lines[first - 2].startswith("#"):
        first -= 1
    return "".join(lines[first - 1 :]).strip("\n") + "\n"


def _parsed(code: str, path: str, line: int) -> ast.AST:
    """The syntax tree of code that may stand in a coroutine."""
    try:
        return ast.parse(f"async def _():\n{textwrap.indent(code, ' ')}")
    except SyntaxError as error:
        raise TemplateError(f"{path}:{line + (error.lineno or 0)}: {error.msg}") from error
