"""From a template to text for an editor: what is inserted at the cursor, and what is imported at the top."""

from __future__ import annotations

import ast
import io
import re
import sys
import textwrap
import tokenize
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from idiomatic.core import imports
from idiomatic.core.module import Module, bindings
from idiomatic.core.text import Edit, Span
from idiomatic.templates.catalogue import load
from idiomatic.templates.context import kind, places
from idiomatic.templates.places import Site, site
from idiomatic.templates.reading import text_word
from idiomatic.templates.template import Place
from idiomatic.templates.text_places import has_room, text_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

    from idiomatic.core.document import Document, Statement
    from idiomatic.templates.context import Context
    from idiomatic.templates.template import Needed, Template, Version


@dataclass(frozen=True, slots=True)
class Insertion:
    """What inserting a template does to a document.

    Attributes:
        span: what it replaces: the prefix that was typed, up to the cursor.
        snippet: the text with tab stops, in LSP's snippet syntax. Its lines are indented for the place already: an
            editor has to take it as it is (`InsertTextMode.asIs`).
        plain: the same text for clients without snippets.
        edits: the imports, elsewhere in the document.
    """

    span: Span
    snippet: str
    plain: str
    edits: tuple[Edit, ...]


def fitting(
    document: Document, offset: int, context: Context, templates: Mapping[str, Template] | None = None
) -> Iterator[Template]:
    """The templates that can stand at an offset.

    Args:
        document: as it is, the typed prefix included; it need not parse.
        offset: of the cursor.
        context: what counts for the file.
        templates: to choose from; default: those of this package.
    """
    found = _site(document, offset, context)
    if found is None:
        return
    here = places(found.place, context.path)
    for template in (load() if templates is None else templates).values():
        if template.since > context.target or here.isdisjoint(template.where):
            continue
        if template.is_python or has_room(template, document, found):
            yield template


def missing(template: Template, document: Document, context: Context) -> Sequence[str]:
    """The requirements of a template that are not met, as far as is known; none if the file imports its library."""
    unmet = [
        requirement
        for requirement, name in zip(template.requires, template.distributions, strict=True)
        if name not in context.installed
    ]
    if not unmet:
        return []
    libraries = {need.module.partition(".")[0] for need in template.needs} - sys.stdlib_module_names
    imported = document.fact(_imported) if libraries else frozenset[str]()
    return [] if libraries & imported else unmet


def _imported(document: Document) -> frozenset[str]:
    """The top-level packages that the module imports."""
    bound = document.fact(Module).bound.values()
    return frozenset(each.qualified.partition(".")[0] for bindings in bound for each in bindings if each.qualified)


def _site(document: Document, offset: int, context: Context) -> Site | None:
    place = kind(context.path)
    return site(document, offset) if place.is_python else text_site(document, offset, place)


def insertion(template: Template, document: Document, offset: int, context: Context) -> Insertion:
    """What inserting a template at an offset does.

    Args:
        template: one of those `fitting` there.
        document: as it is.
        offset: of the cursor.
        context: what counts for the file.

    Raises:
        ValueError: no statement, or no table, can begin at the offset.
    """
    found = _site(document, offset, context)
    if found is None:
        msg = f"no statement can begin at offset {offset}"
        raise ValueError(msg)
    if not template.is_python:
        return _text(template, document, found)
    target = context.target
    module = document.fact(Module)
    code, binds, needs = _for_target(template, target, _declared_already(document, found))
    renamed = _free_names(binds, code, module, found)
    stops = [renamed.get(stop, stop) for stop in template.tab_stops]
    if renamed:
        code = _words(renamed).sub(lambda match: renamed[match[0]], code)
    used = {*(renamed.get(name, name) for name in binds), *found.local}
    spelled, added = _spelled(needs, used, module, found)
    code = _renamed(code, spelled)
    before = (
        None if found.place in {Place.FUNCTION, Place.ASYNC_FUNCTION} else _statement_at(document, found.span.start)
    )
    edits, head = _apart(document, found, imports.plan(document, added, before=before))
    newline = document.newline
    indented = _indented(code, found.indentation, document.fact(_unit))
    if not head and found.place is Place.MODULE and re.match(r"@|async def|def|class", code):
        head = "\n" * max(0, 2 - found.blank)
    plain = head + indented.rstrip("\n")
    return Insertion(
        found.span,
        _snippet(plain, stops).replace("\n", newline),
        plain.replace("\n", newline),
        tuple(edits),
    )


def _text(template: Template, document: Document, at: Site) -> Insertion:
    lines = [
        at.indentation + line if line and number else line for number, line in enumerate(template.code.splitlines())
    ]
    plain = "\n".join(lines)
    snippet = _snippet(plain, template.tab_stops, text_word(*template.tab_stops) if template.tab_stops else None)
    newline = document.newline
    return Insertion(at.span, snippet.replace("\n", newline), plain.replace("\n", newline), ())


def definition(
    template: Template,
    document: Document,
    before: Statement,
    target: Version,
    *,
    spelled: Callable[[Needed], str],
    taken: Set[str] = frozenset(),
) -> tuple[str, str]:
    """A template as new code of a module, for a rewrite that needs what it defines.

    Args:
        template: one for a module.
        document: that gets the code.
        before: the statement that needs it.
        target: the oldest Python the code must run on.
        spelled: how something the template imports is written above the statement, imported if need be.
        taken: names it must not have, besides those of the module.

    Returns:
        The code, and the name of the last thing it defines.
    """
    module = document.fact(Module)
    offset = document.offset(before)
    at = Site(Place.MODULE, Span(offset, offset), "", frozenset(taken), 2)
    code, binds, needs = _for_target(template, target, _declared_already(document, at))
    renamed = _free_names(binds, code, module, at)
    if renamed:
        code = _words(renamed).sub(lambda match: renamed[match[0]], code)
    code = _renamed(code, {need.name: spelled(need) for need in needs})
    return _indented(code, "", document.fact(_unit)), renamed.get(binds[-1], binds[-1])


def _statement_at(document: Document, offset: int) -> Statement | None:
    for statement in document.statements:
        if offset < document.offset(statement) + len(statement.text):
            return statement
    return None


# -- for the target version -----------------------------------------------------------------------------------------


def _for_target(
    template: Template, target: Version, declared: Set[tuple[str, str]]
) -> tuple[str, Sequence[str], Sequence[Needed]]:
    """The code, what it binds and what it needs.

    From 3.12 type variables become type parameters, `def f[**P, R]`; before, those declared already are left out.
    """
    code, binds = template.code, _binds(template.code)
    is_new = target >= (3, 12)
    variables = {name: stars for name, stars in _type_variables(code).items() if is_new or (name, stars) in declared}
    if not variables:
        return code, binds, template.needs
    lines = code.splitlines(keepends=True)
    # From the end, so that line numbers stay right.
    for definition in reversed(ast.parse(code).body):
        if is_new and isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
            used = [name for name in _names_in_order(definition) if name in variables]
            if used:
                row = definition.lineno - 1
                parameters = ", ".join(variables[name] + name for name in used)
                lines[row] = lines[row].replace(f"{definition.name}(", f"{definition.name}[{parameters}](", 1)
        elif isinstance(definition, ast.Assign) and _declared(definition) in variables:
            del lines[definition.lineno - 1 : definition.end_lineno]
    modern = "".join(lines).strip("\n") + "\n"
    gone = {"ParamSpec", "TypeVar"} - set(re.findall(r"\w+", modern))
    return (
        modern,
        [name for name in binds if name not in variables],
        [need for need in template.needs if need.name not in gone],
    )


def _declared_already(document: Document, at: Site) -> Set[tuple[str, str]]:
    """The type variables that the module declares above a place, with their stars."""
    return {
        pair
        for statement in document.statements
        if document.offset(statement) < at.span.start and ("TypeVar" in statement.text or "ParamSpec" in statement.text)
        for pair in statement.fact(_declared_in).items()
    }


def _declared_in(statement: Statement) -> Mapping[str, str]:
    return _type_variables_of(statement.nodes)


def _declared(statement: ast.Assign) -> str | None:
    match statement:
        # P = ParamSpec("P")
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.Call(func=ast.Name(id="ParamSpec" | "TypeVar"), args=[ast.Constant(value=value)], keywords=[]),
        ) if name == value:
            return name
        case _:
            return None


@cache
def _type_variables(code: str) -> Mapping[str, str]:
    """The type variables that a template's code declares, with the stars that they have as type parameters."""
    try:
        return _type_variables_of(ast.parse(code).body)
    except SyntaxError:
        # It stands in a coroutine.
        return {}


def _type_variables_of(statements: Iterable[ast.stmt]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign) and (name := _declared(statement)) is not None:
            assert isinstance(statement.value, ast.Call)
            assert isinstance(statement.value.func, ast.Name)
            found[name] = "**" if statement.value.func.id == "ParamSpec" else ""
    return found


def _names_in_order(definition: ast.AST) -> Sequence[str]:
    nodes = [node for node in ast.walk(definition) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(node.id for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset))))


# -- names ----------------------------------------------------------------------------------------------------------


@cache
def _binds(code: str) -> Sequence[str]:
    """The names that code binds in the scope it is inserted into, in order."""
    tree = ast.parse(f"async def _():\n{textwrap.indent(code, ' ')}").body[0]
    assert isinstance(tree, ast.AsyncFunctionDef)
    found: list[str] = []
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop(0)
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.append(name)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                pass
            case ast.Name(id=name, ctx=ast.Store()):
                found.append(name)
            case _:
                todo[:0] = ast.iter_child_nodes(node)
    return list(dict.fromkeys(found))


def _free_names(binds: Iterable[str], code: str, module: Module, at: Site) -> Mapping[str, str]:
    """Other names for those that the code would bind although the user has them."""
    renamed: dict[str, str] = {}
    for name in binds:
        if _is_taken(name, module, at):
            names = (f"{name}_{number}" for number in range(2, 1000))
            renamed[name] = next(each for each in names if not _is_taken(each, module, at) and each not in code)
    return renamed


def _words(names: Iterable[str]) -> re.Pattern[str]:
    """Where names stand for a template's variables, in code, comments and strings; `other.name` is another one."""
    return re.compile(rf"(?:(?<=\bself\.)|(?<![\w.]))(?:{'|'.join(map(re.escape, names))})\b")


def _is_taken(name: str, module: Module, at: Site) -> bool:
    return name in at.local or (at.place is Place.MODULE and bool(module.ask(bindings, name)))


def _spelled(
    needs: Iterable[Needed], used: Set[str], module: Module, at: Site
) -> tuple[Mapping[str, str], Sequence[imports.Import]]:
    """How what the template imports is written in this file, and what has to be imported for that."""
    spelled: dict[str, str] = {}
    added: list[imports.Import] = []
    for need in needs:
        if (known := _known(need, module, at)) is not None:
            spelled[need.name] = known
            continue
        made = next(form for form in _forms(need) if _is_free(form.binds, module, used))
        added.append(made)
        spelled[need.name] = made.binds
    return spelled, added


def _known(need: Needed, module: Module, at: Site) -> str | None:
    """How something is written with the imports there are."""
    candidates = [(need.qualified, "")]
    if need.attribute is not None:
        candidates.append((need.module, f".{need.attribute}"))
    for qualified, rest in candidates:
        for name in module.ask(imports.names_for, qualified):
            if _is_visible(name, module.document, at):
                return name + rest
    return None


def _is_visible(name: str, document: Document, at: Site) -> bool:
    """Whether a name that the module imports means that at the place."""
    if at.place in {Place.FUNCTION, Place.ASYNC_FUNCTION}:
        return name not in at.local
    # Code of the module and of its classes runs in order.
    word = re.compile(rf"\b{re.escape(name)}\b")
    for statement in document.statements:
        for node in statement.nodes:
            if document.place(statement, statement.span(node)).start >= at.span.start:
                return False
            if isinstance(node, (ast.Import, ast.ImportFrom)) and word.search(statement.source(node)):
                return True
    return False


def _forms(need: Needed) -> Iterator[imports.Import]:
    alias = need.name if need.name != (need.attribute or need.module) else None
    yield imports.Import(need.module, need.attribute, alias)
    yield imports.Import(need.module, need.attribute, f"_{need.name}")
    for number in range(2, 1000):
        yield imports.Import(need.module, need.attribute, f"_{need.name}_{number}")


def _is_free(name: str, module: Module, used: Set[str]) -> bool:
    return name not in used and not module.ask(bindings, name)


def _renamed(code: str, names: Mapping[str, str]) -> str:
    """The code with other names for what it imports; attributes and strings are left alone."""
    names = {old: new for old, new in names.items() if old != new}
    if not names:
        return code
    lines = code.splitlines(keepends=True)
    previous = ""
    found: list[tuple[tuple[int, int], str]] = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NAME and token.string in names and previous != ".":
            found.append((token.start, token.string))
        previous = token.string
    for (row, column), name in reversed(found):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + names[name] + line[column + len(name) :]
    return "".join(lines)


# -- text -----------------------------------------------------------------------------------------------------------


_TEMPLATE_UNIT: Final = "    "


def _unit(document: Document) -> str:
    """What the document indents with."""
    text = re.sub(r"\r\n?", "\n", document.text)
    found = re.search(r"^[^\s#].*:[ \t]*(?:#.*)?\n([ \t]+)\S", text, flags=re.MULTILINE)
    return found[1] if found else _TEMPLATE_UNIT


def _indented(code: str, indentation: str, unit: str) -> str:
    """The code at the indentation of the place, all lines but the first, in units of the document."""
    result: list[str] = []
    for number, line in enumerate(code.splitlines()):
        text = line.lstrip(" ")
        depth, rest = divmod(len(line) - len(text), len(_TEMPLATE_UNIT))
        own = unit * depth + " " * rest + text
        result.append(own if not number or not text else indentation + own)
    return "\n".join(result) + "\n"


def _apart(document: Document, at: Site, edits: Iterable[Edit]) -> tuple[Sequence[Edit], str]:
    """The edits elsewhere, and as text what would have to be inserted right before the template."""
    line = document.lines.starts[document.lines.position(at.span.start)[0]]
    elsewhere: list[Edit] = []
    head: list[str] = []
    for edit in edits:
        if edit.span.end >= line and edit.span.start <= at.span.end:
            head.append(edit.text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n"))
        else:
            elsewhere.append(edit)
    return elsewhere, "\n".join(head) + "\n\n\n" if head else ""


def _snippet(text: str, stops: Sequence[str], words: re.Pattern[str] | None = None) -> str:
    """The text in LSP's snippet syntax: the words to fill in are tab stops, the cursor ends up behind it."""
    escaped = re.sub(r"[\\$}]", lambda match: f"\\{match[0]}", text)
    numbers = {stop: number for number, stop in enumerate(stops, 1)}
    seen: set[str] = set()

    def stop(match: re.Match[str]) -> str:
        word = match[0]
        if word in seen:
            return f"${numbers[word]}"
        seen.add(word)
        return f"${{{numbers[word]}:{word}}}"

    return ((words or _words(numbers)).sub(stop, escaped) if numbers else escaped) + "$0"
