"""Reads template files; what is wrong in one is said with its line. `idiomatic.templates.template` has the form."""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.templates.subject import forms, pattern
from idiomatic.templates.template import (
    SECTION,
    Needed,
    Place,
    Reusable,
    Selection,
    Template,
    TemplateError,
    Version,
    distribution,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

REQUIRED: Final = ("PREFIXES", "WHERE", "TAB_STOPS", "SINCE")
"""The constants that every template has."""

OPTIONAL: Final = ("REQUIRES", "SUBJECT", "REUSES", "TEXT")
"""The constants that some have."""

_BEGIN: Final = re.compile(r"^[ \t]*# template: begin[ \t]*\n", re.MULTILINE)
_END: Final = re.compile(r"^[ \t]*# template: end[ \t]*$", re.MULTILINE)
_MARKER: Final = re.compile(r"[ \t]*# template:[ \t]*(.*?)[ \t]*")
_PREFIX: Final = re.compile(r"[a-z][a-z0-9_]*")
_REQUIREMENT: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[\w, .-]*\])?\s*(?:\(?\s*[<>=!~].*)?(?:;.*)?"
)
_TEXT_STOP: Final = re.compile(r"[\w.-]+")


class _Part(Struct, frozen=True):
    """A piece of a template file.

    Attributes:
        code: from the left margin.
        line: its first line in the file, from 1.
    """

    code: str
    line: int


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
    source = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        raise TemplateError(path, _line(error), message) from error
    text = ast.get_docstring(tree) or ""
    title = text.partition("\n")[0]
    if not title.endswith("."):
        raise TemplateError(path, 1, "the docstring's first line is the title, a sentence with a full stop")
    if f"## {SECTION}" not in text.splitlines():
        raise TemplateError(path, 1, f"the docstring has a section `## {SECTION}`")
    constants, rest = _constants(tree, path)
    where = _where(constants, path)
    reuses: tuple[Reusable, ...] = ()
    selection = None
    needs: tuple[Needed, ...] = ()
    nodes: Sequence[ast.AST]
    if all(place.is_python for place in where):
        whole = _code(source, rest, constants, path)
        # Without marks around it the code is a part of what was parsed.
        nodes = _parsed(whole, path) if _BEGIN.search(source) else rest
        part, selection = _selection(whole, path)
        reuses = tuple(_reuses(source, rest, constants, whole, path))
        nodes = [*nodes, *(_tree(each.code) for each in reuses if not each.is_inserted)]
        used = {node.id for each in nodes for node in ast.walk(each) if isinstance(node, ast.Name)}
        needs = tuple(each for each in _imports(tree, path) if each.name in used)
    else:
        part = _text(constants, rest, where, path)
    return Template(
        name=name.replace("_", "-"),
        group=group.replace("_", "-"),
        title=title,
        prefixes=_prefixes(constants, path),
        where=where,
        since=_version(constants["SINCE"], path),
        tab_stops=_stops(constants, part.code, path, is_python="TEXT" not in constants),
        needs=needs,
        requires=_requires(constants, path),
        subject=_subject(constants, part.code, path),
        reuses=reuses,
        selection=selection,
        code=part.code,
        text=text,
        path=path,
    )


def _line(error: SyntaxError | ValueError) -> int:
    return (error.lineno if isinstance(error, SyntaxError) else None) or 1


# -- constants --------------------------------------------------------------------------------------------------------


def _constants(tree: ast.Module, path: str) -> tuple[Mapping[str, ast.expr], Sequence[ast.stmt]]:
    """The values of the constants, and the statements after the last of them."""
    found: dict[str, ast.expr] = {}
    first, last = len(tree.body), -1
    for index, statement in enumerate(tree.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in {*REQUIRED, *OPTIONAL}:
                if name in found:
                    raise TemplateError(path, statement.lineno, f"the constant `{name}` is there twice")
                found[name] = value
                first, last = min(first, index), index
            case _:
                pass
    for name in REQUIRED:
        if name not in found:
            raise TemplateError(path, 1, f"the constant `{name}` is missing")
    for statement in tree.body[first:last]:
        if not (isinstance(statement, ast.Assign) and statement.value in found.values()):
            allowed = ", ".join((*REQUIRED, *OPTIONAL))
            raise TemplateError(path, statement.lineno, f"between the constants stand no others than {allowed}")
    return found, tree.body[last + 1 :]


def _strings(constants: Mapping[str, ast.expr], name: str, path: str) -> tuple[str, ...]:
    match constants[name]:
        case ast.Tuple(elts=items) if all(isinstance(i, ast.Constant) and isinstance(i.value, str) for i in items):
            return tuple(item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))
        case value:
            raise TemplateError(path, value.lineno, f"`{name}` is a tuple of strings")


def _version(value: ast.expr, path: str) -> Version:
    match value:
        case ast.Tuple(elts=[ast.Constant(value=int(major)), ast.Constant(value=int(minor))]):
            return major, minor
        case _:
            raise TemplateError(path, value.lineno, "`SINCE` is a version, such as (3, 11)")


def _where(constants: Mapping[str, ast.expr], path: str) -> frozenset[Place]:
    places = _strings(constants, "WHERE", path)
    line = constants["WHERE"].lineno
    if not places or not set(places) <= set(Place):
        raise TemplateError(path, line, f"`WHERE` names one or more of {', '.join(Place)}")
    where = frozenset(map(Place, places))
    if len(where) > 1 and not all(place.is_python for place in where):
        raise TemplateError(path, line, "a template is for Python, or for one other file")
    return where


def _prefixes(constants: Mapping[str, ast.expr], path: str) -> tuple[str, ...]:
    prefixes = _strings(constants, "PREFIXES", path)
    line = constants["PREFIXES"].lineno
    if not prefixes:
        raise TemplateError(path, line, "`PREFIXES` names at least one")
    for prefix in prefixes:
        if _PREFIX.fullmatch(prefix) is None:
            raise TemplateError(path, line, f"the prefix {prefix!r} is not made of lower case letters and digits")
    return prefixes


def _stops(constants: Mapping[str, ast.expr], code: str, path: str, *, is_python: bool) -> tuple[str, ...]:
    stops = _strings(constants, "TAB_STOPS", path)
    line = constants["TAB_STOPS"].lineno
    for stop in stops:
        if is_python and (not stop.isidentifier() or not re.search(rf"(?<![\w.]){stop}\b", code)):
            raise TemplateError(path, line, f"the tab stop {stop!r} is no name that occurs in the code")
        if not is_python and not (_TEXT_STOP.fullmatch(stop) and text_word(stop).search(code)):
            raise TemplateError(path, line, f"the tab stop {stop!r} is no word that occurs in `TEXT`")
    return stops


def text_word(*words: str) -> re.Pattern[str]:
    """Where words stand in a text that is not Python: `my-package` is one, and not a part of `my-package-2`."""
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])")


def _requires(constants: Mapping[str, ast.expr], path: str) -> tuple[str, ...]:
    if "REQUIRES" not in constants:
        return ()
    requirements = _strings(constants, "REQUIRES", path)
    for requirement in requirements:
        if not distribution(requirement) or _REQUIREMENT.fullmatch(requirement.strip()) is None:
            line = constants["REQUIRES"].lineno
            raise TemplateError(path, line, f"{requirement!r} is no requirement, such as 'sqlalchemy>=2.0'")
    return requirements


def _subject(constants: Mapping[str, ast.expr], code: str, path: str) -> str | None:
    if "SUBJECT" not in constants:
        return None
    match constants["SUBJECT"]:
        case ast.Constant(value=str(name)) if re.fullmatch(r"[A-Z][a-zA-Z0-9]*", name) and pattern(forms(name)).search(
            code
        ):
            return name
        case value:
            raise TemplateError(path, value.lineno, "`SUBJECT` is the name of a class, and what the code is about")


# -- code -------------------------------------------------------------------------------------------------------------


def _imports(tree: ast.Module, path: str) -> Sequence[Needed]:
    found: list[Needed] = []
    for statement in tree.body:
        match statement:
            case ast.Import(names=names):
                for alias in names:
                    if alias.asname is None and "." in alias.name:
                        raise TemplateError(path, statement.lineno, "write `import a.b as b` or `from a import b`")
                    found.append(Needed(alias.asname or alias.name, alias.name, None))
            case ast.ImportFrom(module=str(module), names=names, level=0) if module != "__future__":
                found += [Needed(alias.asname or alias.name, module, alias.name) for alias in names]
            case _:
                pass
    return found


def _code(source: str, rest: Sequence[ast.stmt], constants: Mapping[str, ast.expr], path: str) -> _Part:
    """The code to insert."""
    if "TEXT" in constants:
        raise TemplateError(path, constants["TEXT"].lineno, "`TEXT` is for files that are not Python")
    if not rest:
        raise TemplateError(path, 1, "there is no code after the constants")
    if begin := _BEGIN.search(source):
        end = _END.search(source, begin.end())
        line = source.count("\n", 0, begin.start()) + 1
        if end is None:
            raise TemplateError(path, line, "there is no `# template: end`")
        raw = source[begin.end() : end.start()]
        blank = len(raw) - len(raw.lstrip("\n"))
        return _Part(textwrap.dedent(raw).strip("\n") + "\n", line + 1 + blank)
    lines = source.splitlines(keepends=True)
    first = _first_line(rest[0], lines)
    return _Part("".join(lines[first - 1 :]).strip("\n") + "\n", first)


def _first_line(statement: ast.stmt, lines: Sequence[str]) -> int:
    """Where a statement begins with its decorators and the comments above it, from 1."""
    first: int = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", []))])
    while first > 1 and lines[first - 2].startswith("#"):
        first -= 1
    return first


def _tree(code: str) -> ast.AST:
    return ast.parse(f"async def _():\n{textwrap.indent(code, ' ')}")


def _parsed(part: _Part, path: str) -> Sequence[ast.AST]:
    try:
        return [_tree(part.code)]
    except SyntaxError as error:
        # One line is above the code here.
        raise TemplateError(path, part.line + (error.lineno or 2) - 2, error.msg) from error


def _selection(part: _Part, path: str) -> tuple[_Part, Selection | None]:
    """The code without the lines that mark a selection, and the selection."""
    kept: list[str] = []
    first = end = None
    last = part.line
    for line, text in enumerate(part.code.splitlines(keepends=True), part.line):
        marker = _MARKER.fullmatch(text.rstrip("\n"))
        match marker and marker[1]:
            case None:
                kept.append(text)
            case "selection" if first is None:
                first, last = len(kept), line
            case "end selection" if first is not None and end is None:
                end = len(kept)
            case word:
                raise TemplateError(path, line, f"`# template: {word}` has no meaning here")
    if first is None:
        return part, None
    if end is None:
        raise TemplateError(path, last, "there is no `# template: end selection`")
    while end > first and not kept[end - 1].strip():
        end -= 1
    code = "".join(kept)
    if not _is_block(code, first, end):
        message = "what is selected are statements of one block, and not in a function or class of their own"
        raise TemplateError(path, last, message)
    return _Part(code, part.line), Selection(first, end)


def _is_block(code: str, first: int, end: int) -> bool:
    """Whether lines are whole statements of one block, which is in no scope of its own."""
    lines = code.splitlines()
    while first < end and lines[first].lstrip()[:1] in {"", "#"}:
        first += 1
    todo: list[ast.AST] = list(ast.iter_child_nodes(_tree(code)))
    while todo:
        node = todo.pop()
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, [])
            inside = [
                each for each in block if isinstance(each, ast.stmt) and first <= each.lineno - 2 and _ends(each) <= end
            ]
            if inside and inside[0].lineno - 2 == first and _ends(inside[-1]) == end:
                return True
        todo += [
            each
            for each in ast.iter_child_nodes(node)
            if not isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr))
        ]
    return False


def _ends(statement: ast.stmt) -> int:
    return (statement.end_lineno or statement.lineno) - 1


def _reuses(
    source: str, rest: Sequence[ast.stmt], constants: Mapping[str, ast.expr], part: _Part, path: str
) -> Iterator[Reusable]:
    if "REUSES" not in constants:
        return
    lines = source.splitlines(keepends=True)
    after = part.line + part.code.count("\n")
    for name in _strings(constants, "REUSES", path):
        definition = next((each for each in rest if name in defined(each)), None)
        if definition is None:
            line = constants["REUSES"].lineno
            raise TemplateError(path, line, f"the code has no definition of {name!r} after the constants")
        first = _first_line(definition, lines)
        code = "".join(lines[first - 1 : definition.end_lineno])
        yield Reusable(name, code, part.line <= definition.lineno < after)


def defined(statement: ast.stmt) -> Sequence[str]:
    """The names that a definition or assignment binds."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def _text(constants: Mapping[str, ast.expr], rest: Sequence[ast.stmt], where: frozenset[Place], path: str) -> _Part:
    """What is inserted into a file that is not Python."""
    if "TEXT" not in constants:
        raise TemplateError(path, constants["WHERE"].lineno, "the constant `TEXT` is missing")
    if rest:
        raise TemplateError(path, rest[0].lineno, "after `TEXT` there is no code")
    value = constants["TEXT"]
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str) or not value.value.strip():
        raise TemplateError(path, value.lineno, "`TEXT` is a string")
    if "REUSES" in constants or "SUBJECT" in constants:
        raise TemplateError(path, value.lineno, "`SUBJECT` and `REUSES` are for Python")
    text = textwrap.dedent(value.value).strip("\n") + "\n"
    if Place.PYPROJECT in where:
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            blank = len(value.value) - len(value.value.lstrip("\n"))
            line = value.lineno + blank + int(found[1]) - 1 if found else value.lineno
            raise TemplateError(path, line, f"not valid TOML: {error}") from error
    return _Part(text, value.lineno)
