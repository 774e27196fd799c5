"""Imports: how a dotted name can be written at a place, and what has to be imported, or no longer, for that.

All functions work on the module's own (unindented) import statements. Names imported under `if TYPE_CHECKING:` do not
exist when the program runs and are never used for code.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.lazy import regex
from idiomatic.core.module import Module, about, bindings, is_notebook
from idiomatic.core.text import BOM, Edit, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.document import Document, Statement


class Import(Struct, frozen=True):
    """`from module import name as alias`; without `name`: `import module as alias`."""

    module: str
    name: str | None = None
    alias: str | None = None

    @property
    def binds(self) -> str:
        """The name that it binds."""
        return self.alias or self.name or self.module.partition(".")[0]

    @property
    def item(self) -> str:
        """What stands after `import`."""
        return f"{self.name or self.module}{f' as {self.alias}' if self.alias else ''}"

    def __str__(self) -> str:
        return f"from {self.module} import {self.item}" if self.name else f"import {self.item}"


def names_for(module: Module, qualified: str) -> tuple[str, ...]:
    """Question: the names that module-level imports, and nothing else, bind to the dotted name at run time."""
    return tuple(
        name
        for name, bound in module.bound.items()
        if bound[0].qualified == qualified
        and all(each.qualified == qualified for each in bound)
        and not all(each.type_checking for each in bound)
    )


def spelling(code: Analysis, qualified: str, at: ast.AST) -> str | None:
    """How the dotted name can be written at a node with the imports there are; `None` if it can't."""
    owner, _, name = qualified.rpartition(".")
    for wanted, rest in ((qualified, ""), (owner, f".{name}")):
        scope = code.scope(at)
        while scope.parent is not None:
            for local, bound in scope.bindings.items():
                if {b.qualified for b in bound} == {wanted} and code.scope(at).lookup(local) is scope:
                    return local + rest
            scope = scope.parent
        for candidate in code.ask(names_for, wanted):
            visible = code.scope(at).lookup(candidate)
            if visible is not None and visible.parent is None and _is_bound_before(code, candidate, at):
                return candidate + rest
    return None


def new_import(code: Analysis, qualified: str, at: ast.AST, *, as_module: bool, taken: Iterable[Import]) -> Import:
    """The import that makes the dotted name available at a node without taking a name the user has.

    Args:
        code: the statement that needs it.
        qualified: `functools.wraps`.
        at: where it is needed.
        as_module: import the module (`import functools`), not the name (`from functools import wraps`).
        taken: what is going to be imported besides.
    """
    owner, _, name = qualified.rpartition(".")
    forms = [Import(owner), Import(owner, name)] if as_module else [Import(owner, name), Import(owner)]
    forms += [Import(owner, name, alias) for alias in (f"_{name}", f"{owner.replace('.', '_')}_{name}")]
    forms += [Import(owner, name, f"_{name}_{number}") for number in range(2, 100)]
    planned = {item.binds: item for item in taken}
    for form in forms:
        if planned.get(form.binds, form) == form and _is_free(code, form.binds, at):
            return form
    msg = f"no free name for {qualified}"
    raise LookupError(msg)


def _is_free(code: Analysis, name: str, at: ast.AST) -> bool:
    visible = code.scope(at).lookup(name)
    return visible is not None and visible.parent is None and not code.ask(bindings, name)


def _is_bound_before(code: Analysis, name: str, at: ast.AST) -> bool:
    """Whether a module-level import has run when a node is executed: any has, before a function's body.

    In a notebook only those above: its functions are called before the cells below are run.
    """
    if code.function_around(at) is not None and not code.ask(is_notebook):
        return True
    return code.ask(_first_binder, name, code.statement)


@about(lambda name, before: (name,))
def _first_binder(module: Module, name: str, before: Statement) -> bool:
    for statement in module.statements:
        if statement == before:
            return False
        if any(name == _binds(alias) for node in _imports(statement) for alias in node.names):
            return True
    return False


def _imports(statement: Statement) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements that stand directly in the module."""
    for node in statement.nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node


def _importing(document: Document) -> tuple[Statement, ...]:
    """The statements that are imports: use `document.fact(_importing)`."""
    return tuple(statement for statement in document.statements if any(_imports(statement)))


# -- edits ----------------------------------------------------------------------------------------------------------


def plan(
    document: Document,
    add: Iterable[Import],
    drop: Iterable[str] = (),
    before: Statement | None = None,
    *,
    constants: bool = False,
) -> Iterator[Edit]:
    """The edits that add and drop imports.

    Args:
        document: whose spans the edits are in.
        add: what to import. A `from` import joins an existing one of that module.
        drop: names whose imports are no longer needed; a statement with a comment of its own is left alone.
        before: the statement that needs the additions when the module is imported, if one does: an import that stands
            after it can't be joined.
        constants: whether new variables of the module follow, see `new_constants`.
    """
    dropped = set(drop)
    joined: defaultdict[ast.stmt, list[Import]] = defaultdict(list)
    fresh: list[Import] = []
    for item in sorted(set(add), key=str):
        host = _host(document, item, before)
        if host is None:
            fresh.append(item)
        else:
            joined[host].append(item)
    for statement in document.fact(_importing) if joined or dropped else ():
        for node in _imports(statement):
            gone = [alias for alias in node.names if _binds(alias) in dropped and not _is_reexport(alias)]
            for edit in _change(statement, node, joined.get(node, []), gone):
                around, start = document.around(statement)
                placed = edit.shifted(document.offset(statement) - start)
                # Where lines are put in as well, there is no gap.
                yield (placed if fresh else _without_gap(around, placed)).shifted(start)
    if fresh:
        around, start = document.importing(before)
        yield from (edit.shifted(start) for edit in _insert(around, fresh, constants=constants))


def _without_gap(document: Document, edit: Edit) -> Edit:
    """An edit that drops whole lines between blank ones drops those of one side with them."""
    text, span = document.text, edit.span
    if edit.text or text[span.end - 1 : span.end] not in {"\n", "\r"}:
        return edit
    after = _BLANK.match(text, span.end)
    if after is None:
        return edit
    if not text[: span.start].strip("\r\n\ufeff"):
        blank = re.compile(rf"(?:{_BLANK.pattern})+").match(text, span.end) or after
        return Edit(Span(span.start, blank.end()), "")
    before = _BLANK_BEFORE.search(text, 0, span.start)
    return edit if before is None else Edit(Span(before.start(1), span.end), "")


_BLANK: Final = regex(r"[ \t\f]*(?:\r\n|\r|\n)")
# The two halves of one line ending are not two.
_BLANK_BEFORE: Final = regex(r"(?:\r\n|\r(?!\n)|(?<!\r)\n)([ \t\f]*(?:\r\n|\r|\n))\Z")


def _binds(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _is_reexport(alias: ast.alias) -> bool:
    return alias.asname is not None and alias.asname == alias.name


def imported_names(document: Document) -> tuple[str, ...]:
    """The names that the module's own import statements bind: use `document.fact(imported_names)`."""
    return tuple(
        _binds(alias) for statement in document.fact(_importing) for node in _imports(statement) for alias in node.names
    )


def droppable(document: Document, text: str, names: Iterable[str]) -> Iterator[str]:
    """Which of `names`, used before an edit, only their own module-level import still mentions after it.

    Any other mention counts, even in a comment or a string (`__all__`, a quoted annotation).

    Args:
        document: before the edit.
        text: the whole text after it.
        names: candidates.
    """
    imported = {
        _binds(alias): (alias, statement.source(node))
        for statement in document.fact(_importing)
        for node in _imports(statement)
        for alias in node.names
    }
    for name in names:
        if (found := imported.get(name)) is None:
            continue
        alias, own = found
        word = re.compile(rf"\b{re.escape(name)}\b")
        if not _is_reexport(alias) and len(word.findall(text)) == len(word.findall(own)):
            yield name


def _host(document: Document, item: Import, before: Statement | None) -> ast.ImportFrom | None:
    if item.name is None:
        return None
    for statement in document.statements:
        if statement is before:
            return None
        for node in _imports(statement):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module == item.module
                and not node.level
                and node.names[0].name != "*"
                and document.may_import(statement)
            ):
                return node
    return None


def _change(
    statement: Statement, node: ast.Import | ast.ImportFrom, add: Sequence[Import], drop: Sequence[ast.alias]
) -> Iterator[Edit]:
    """The edits of one import statement, in the statement's own offsets."""
    if not add and not drop:
        return
    text, names = statement.text, node.names
    spans = [statement.span(alias) for alias in names]
    if drop and "#" in _line_of(statement, node):
        drop = ()
    items = [item.item for item in add]
    if len(drop) == len(names):
        if items:
            yield Edit(Span(spans[0].start, spans[-1].end), ", ".join(items))
        elif (whole := _own_lines(statement, node)) is not None:
            yield Edit(whole, "")
        return
    kept = [index for index, alias in enumerate(names) if alias not in drop]
    for index, alias in enumerate(names):
        if alias not in drop:
            continue
        # With what stands between it and its neighbour, so that no comma is left over.
        after = index + 1 < len(names) and not (index > 0 and index > kept[-1])
        yield Edit(
            Span(spans[index].start, spans[index + 1].start) if after else Span(spans[index - 1].end, spans[index].end),
            "",
        )
    order = _order([names[index].name for index in kept])
    for item in add:
        following = next((index for index in kept if order and order(names[index].name) > order(item.name or "")), None)
        if following is not None:
            start = spans[following].start
            between = text[spans[following - 1].end : start] if following else ", "
            if following == 0 and len(names) > 1:
                between = text[spans[0].end : spans[1].start]
            yield Edit(Span(start, start), item.item + _separator(between))
        else:
            last = spans[kept[-1]]
            between = text[spans[-2].end : spans[-1].start] if len(names) > 1 else _before(text, spans[0].start)
            line = statement.lines.line(statement.lines.position(last.end)[0])
            rest = line[statement.lines.position(last.end)[1] :]
            if "#" not in rest:
                yield Edit(Span(last.end, last.end), _separator(between) + item.item)
            elif rest.lstrip().startswith(","):
                # The comment stays with the name it is about.
                end = last.end + len(rest)
                yield Edit(Span(end, end), _separator(between)[1:] + item.item + ",")
            else:
                yield Edit(Span(last.start, last.start), item.item + _separator(between))


def _before(text: str, start: int) -> str:
    """What would separate a single name from a second one: a new line if it has a line to itself."""
    head = text[:start]
    blank = head[len(head.rstrip(" \t\r\n\f")) :]
    return "," + blank if "\n" in blank or "\r" in blank else ", "


def _separator(between: str) -> str:
    """A comma and the white space of an existing separator, without its comments."""
    if "\n" not in between and "\r" not in between:
        return ", "
    last_break = max(between.rfind("\n"), between.rfind("\r"))
    newline = "\r\n" if "\r\n" in between else between[last_break]
    return f",{newline}{between[last_break + 1 :]}"


def _order(names: Sequence[str]) -> Callable[[str], tuple[int, str]] | None:
    """The key by which names are sorted, `None` if they are in no known order."""

    def by_type(name: str) -> tuple[int, str]:
        kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
        return kind, name

    keys = (by_type, lambda name: (0, name.casefold()), lambda name: (0, name))
    return next((key for key in keys if list(names) == sorted(names, key=key)), None)


def _line_of(statement: Statement, node: ast.stmt) -> str:
    lines = statement.lines
    first, last = statement.line(node), statement.end_line(node)
    return statement.text[lines.line_span(first).start : lines.line_span(last).end]


def _own_lines(statement: Statement, node: ast.stmt) -> Span | None:
    """The lines of a statement that shares them with no other."""
    lines = statement.lines
    first, last = statement.line(node), statement.end_line(node)
    whole = _without_mark(statement.text, Span(lines.line_span(first).start, lines.line_span(last).end))
    own = statement.span(node)
    rest = statement.text[whole.start : own.start] + statement.text[own.end : whole.end]
    return whole if not rest.strip() else None


_HEADER: Final = regex(r"#!|#.*?coding[:=]")


def _section(module: str, level: int) -> int:
    """The groups into which imports are sorted: `__future__`, standard library, everything else."""
    top = module.partition(".")[0]
    if level:
        return 3
    return 0 if top == "__future__" else 1 if top in sys.stdlib_module_names else 2


def _key(node: ast.Import | ast.ImportFrom) -> tuple[int, int, str]:
    if isinstance(node, ast.Import):
        name = node.names[0].name
        return _section(name, 0), 0, name.lower()
    return _section(node.module or "", node.level), 1, (node.module or "").lower()


def _line_key(item: Import) -> tuple[int, int, str]:
    return _section(item.module, 0), 1 if item.name else 0, item.module.lower()


def _lines(fresh: Iterable[Import]) -> Iterator[list[Import]]:
    """The new imports in order, those from one module together."""
    joined: dict[Import | str, list[Import]] = {}
    for item in sorted(fresh, key=lambda item: (_line_key(item), str(item))):
        joined.setdefault(item.module if item.name else item, []).append(item)
    yield from joined.values()


def _insert(document: Document, fresh: Sequence[Import], *, constants: bool) -> Iterator[Edit]:
    """New import lines where a sorter would have them, next to the imports at the top of the file."""
    header: list[tuple[int, int, tuple[int, int, str]]] = []
    docstring_end: int | None = None
    first_code: tuple[Statement, ast.stmt] | None = None
    for statement, node in ((each, node) for each in document.statements for node in each.nodes):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            whole = _whole_lines(document, statement, node)
            header.append((whole.start, whole.end, _key(node)))
        elif not header and docstring_end is None and _is_docstring(node):
            docstring_end = _whole_lines(document, statement, node).end
        else:
            first_code = statement, node
            break
    newline = document.newline
    grouped: dict[int, list[tuple[int, str]]] = {}
    for key, item, others in ((_line_key(item), item, others) for item, *others in _lines(fresh)):
        same = [entry for entry in header if entry[2][0] == key[0]]
        line = f"{', '.join([str(item), *(other.item for other in others)])}{newline}"
        if same:
            earlier = [entry for entry in same if entry[2] <= key]
            at = earlier[-1][1] if earlier else same[0][0]
        elif following := [entry for entry in header if entry[2][0] > key[0]]:
            at, line = following[0][0], line + newline
        elif header:
            at, line = header[-1][1], newline + line
        elif docstring_end is not None:
            at, line = docstring_end, newline + line
        else:
            at = top(document)
        grouped.setdefault(at, []).append((key[0], line))
    for at, lines in grouped.items():
        sections = ([line.strip("\r\n") for _, line in group] for _, group in groupby(lines, itemgetter(0)))
        block = newline.join("".join(line + newline for line in section) for section in sections)
        lead = newline if lines[0][1].startswith(("\r", "\n")) else ""
        trail = newline if lines[-1][1].endswith(newline * 2) else ""
        if at and not document.text[:at].endswith(("\n", "\r", BOM)):
            lead = newline + lead
        if not header:
            trail = newline if constants and docstring_end is None else _gap(document, at, first_code)
        yield Edit(Span(at, at), lead + block + trail)


def _gap(document: Document, at: int, first: tuple[Statement, ast.stmt] | None) -> str:
    """The blank lines missing between new imports at an offset and the code below."""
    rest = document.text[at:]
    present = len(re.findall(r"\r\n|\r|\n", rest[: len(rest) - len(rest.lstrip())]))
    if first is None or not rest.strip():
        return ""
    wanted = 2 if isinstance(first[1], (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) else 1
    return document.newline * max(0, wanted - present)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _whole_lines(document: Document, statement: Statement, node: ast.stmt) -> Span:
    lines = statement.lines
    first, last = statement.line(node), statement.end_line(node)
    whole = _without_mark(statement.text, Span(lines.line_span(first).start, lines.line_span(last).end))
    return document.place(statement, whole)


def _without_mark(text: str, whole: Span) -> Span:
    """Whole lines without the byte order mark that the first one may begin with."""
    return Span(whole.start + text.startswith(BOM, whole.start), whole.end)


def top(document: Document) -> int:
    """Where the first line of code goes in a file without docstring: below `#!`, the coding line and a licence."""
    first = next(iter(document.leaves), None)
    # Comments are in one leaf with what they stand above: most files need not be taken apart for this.
    lines = first.lines if first is not None and first.nodes else document.lines
    index = 0
    while index < len(lines) and _HEADER.match(lines.line(index).lstrip(BOM)):
        index += 1
    end = index
    while end < len(lines) and lines.line(end).startswith("#"):
        end += 1
    if index < end < len(lines) and not lines.line(end).strip():
        index = end + 1
    elif index < len(lines) and index and not lines.line(index).strip():
        index += 1
    offset = lines.starts[index] if index < len(lines) else len(document.text)
    return max(offset, 1) if document.text.startswith(BOM) else offset
