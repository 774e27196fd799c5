"""Selected statements as the body of a template's block: `with`, `try`, a task group, a timeout.

A selection counts if it covers whole statements of one block, line by line. What a block does to them is Python's:
neither `with` nor `try` makes a scope, so names bound in there stay visible. A `yield` must not get into a block that
cancels what is in it: the generator's user would be cancelled (PEP 789).
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.text import Span
from idiomatic.templates.catalogue import load
from idiomatic.templates.insertion import Insertion, inserted_at, missing
from idiomatic.templates.layout import escaped
from idiomatic.templates.places import Site, bound_in, place_in
from idiomatic.templates.template import Place
from idiomatic.templates.type_parameters import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

    from idiomatic.core.document import Document, Statement
    from idiomatic.templates.context import Context
    from idiomatic.templates.template import Template

    _Block = tuple[Sequence[ast.stmt], Sequence[ast.AST], Span]

_MARK: Final = "selected_lines_of_the_user"
_COMMENTS: Final = re.compile(r"(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*[ \t\f]*(?:#[^\r\n]*)?")
_CANCELLING: Final = {
    *("asyncio.TaskGroup", "asyncio.timeout", "asyncio.timeout_at"),
    *("anyio.create_task_group", "anyio.CancelScope", "anyio.fail_after", "anyio.move_on_after"),
    *("trio.open_nursery", "trio.CancelScope", "trio.fail_after", "trio.move_on_after"),
}
"""What cancels what is in its block."""

_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SCOPES: Final = (*_DEFINITIONS, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Selected(Struct, frozen=True):
    """Statements that something can be put around.

    Attributes:
        at: where they stand; the span goes from the first character of the first line to the end of the last.
        yields: whether the function around hands something out in between.
    """

    at: Site
    yields: bool


def selected(document: Document, span: Span) -> Selected | None:
    """The statements in a span; `None` if it does not cover whole ones of one block, or they have to stand alone."""
    text, lines = document.text, document.lines
    chosen = text[span.start : span.end]
    start = span.start + len(chosen) - len(chosen.lstrip())
    end = span.end - (len(chosen) - len(chosen.rstrip()))
    if start >= end:
        return None
    first, last = (lines.line_span(lines.position(offset)[0]) for offset in (start, end))
    indentation = text[first.start : start].lstrip("\ufeff")
    rest = text[end : last.end].strip()
    if indentation.strip(" \t") or (rest and not rest.startswith("#")):
        return None
    whole = Span(start, last.start + len(text[last.start : last.end].rstrip()))
    found = _block(document, whole)
    if found is None:
        return None
    nodes, path, covered = found
    around_them = text[whole.start : covered.start], text[covered.end : whole.end]
    # `else:` is no statement, and a semicolon ends none.
    if not all(map(_COMMENTS.fullmatch, around_them)) or re.match(r"elif\b", text[covered.start :]):
        return None
    place = place_in(next((each for each in reversed(path) if isinstance(each, _DEFINITIONS)), None))
    around = [each for each in path if isinstance(each, _DEFINITIONS)]
    if place is Place.CLASS or any(_stands_alone(node, place) for node in nodes):
        return None
    local = {name for node in around[:1] for name in bound_in(node)}
    # What they mention must go on to mean what it means.
    local |= {each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)}
    yields = any(isinstance(each, (ast.Yield, ast.YieldFrom)) for node in nodes for each in _own(node))
    return Selected(Site(place, whole, indentation, frozenset(local), 2), yields)


def _block(document: Document, span: Span) -> _Block | None:
    """The statements that lie in a span, and the nodes around them; `None` if one of them is cut."""
    statements = [each for each in document.between(span) if _overlap(_place_of(document, each), span)]
    if not statements or any(each.is_broken for each in statements):
        return None
    if len(statements) > 1:
        nodes = [(each, node) for each in statements for node in each.nodes]
        return _covered(document, nodes, span, [])
    (statement,) = statements
    return _covered(document, [(statement, node) for node in statement.nodes], span, [])


def _covered(
    document: Document, nodes: Sequence[tuple[Statement, ast.stmt]], span: Span, path: Sequence[ast.AST]
) -> _Block | None:
    touched = [(statement, node) for statement, node in nodes if _overlap(_span(document, statement, node), span)]
    if not touched:
        return None
    if all(span.contains(_span(document, statement, node)) for statement, node in touched):
        first, last = (_span(document, *touched[index]) for index in (0, -1))
        return [node for _, node in touched], path, Span(first.start, last.end)
    if len(touched) > 1:
        return None
    statement, node = touched[0]
    for block, owner in _blocks(node):
        inner = [(statement, each) for each in block]
        if any(_overlap(_span(document, statement, each), span) for each in block):
            return _covered(document, inner, span, [*path, node, owner])
    return None


def _blocks(node: ast.stmt) -> Iterator[tuple[Sequence[ast.stmt], ast.AST]]:
    """The blocks of a statement, each with the node that it belongs to."""
    for name in ("body", "orelse", "finalbody"):
        if block := getattr(node, name, None):
            yield block, node
    for name in ("handlers", "cases"):
        for owner in getattr(node, name, []):
            yield owner.body, owner


def _place_of(document: Document, statement: Statement) -> Span:
    start = document.offset(statement)
    return Span(start, start + len(statement.text))


def _span(document: Document, statement: Statement, node: ast.stmt) -> Span:
    whole = document.place(statement, statement.span(node))
    decorators = getattr(node, "decorator_list", [])
    if not decorators:
        return whole
    first = document.place(statement, statement.span(decorators[0])).start
    return Span(document.text.rindex("@", 0, first), whole.end)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _stands_alone(node: ast.stmt, place: Place) -> bool:
    """Whether a statement means something else in a block: a docstring, an import that has to stand at the top."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return place is Place.MODULE
        case _:
            return False


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement that belong to the function around it."""
    if isinstance(node, _SCOPES):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _own(child)


# -- templates --------------------------------------------------------------------------------------------------------


def fitting(
    found: Selected, document: Document, context: Context, templates: Mapping[str, Template] | None = None
) -> Iterator[Template]:
    """The templates that can be put around statements."""
    for template in (load() if templates is None else templates).values():
        if template.selection is None or found.at.place not in template.where or template.since > context.target:
            continue
        if found.yields and _mentioned(template) & _CANCELLING:
            continue
        if not missing(template, document, context):
            yield template


@lru_cache(maxsize=64)
def _mentioned(template: Template) -> Set[str]:
    """The full names of what a template uses of others."""
    modules = {need.name: need.qualified for need in template.needs}
    found: set[str] = set()
    for node in ast.walk(parsed(template.code)):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in modules:
                found.add(f"{modules[name]}.{attribute}")
            case ast.Name(id=name) if name in modules:
                found.add(modules[name])
            case _:
                pass
    return found


@lru_cache(maxsize=256)
def title(template: Template) -> str:
    """What surrounding something with a template is called."""
    body = parsed(template.code).body[:-1]
    match body:
        case [ast.With(items=[item, *_]) | ast.AsyncWith(items=[item, *_])]:
            word = "async with" if isinstance(body[0], ast.AsyncWith) else "with"
            return f"Surround with `{word} {_shortened(item.context_expr)}`"
        case [ast.Try(handlers=[], finalbody=[_, *_])]:
            return "Surround with `try` and `finally`"
        case [ast.TryStar()]:
            return "Surround with `try` and `except*`"
        case [ast.Try(handlers=[_, *_])]:
            return "Surround with `try` and `except`"
        case [ast.Match(subject=subject)]:
            return f"Surround with `match {_shortened(subject)}`"
        case _:
            return f"Surround with {template.name.replace('-', ' ')}"


def _shortened(node: ast.expr) -> str:
    match node:
        case ast.Call(func=function, args=[], keywords=[]):
            return f"{ast.unparse(function)}()"
        case ast.Call(func=function):
            return f"{ast.unparse(function)}(...)"
        case _:
            return ast.unparse(node)


def surrounded(template: Template, document: Document, found: Selected, context: Context) -> Insertion:
    """What putting a template around statements does: they stay as they are, one level deeper."""
    own = _with_mark(template)
    made = inserted_at(own, document, found.at, context)
    span = found.at.span
    text = document.text[span.start : span.end]
    return Insertion(
        span, _filled(made.snippet, found.at, escaped(text)), _filled(made.plain, found.at, text), lambda: made.edits
    )


@lru_cache(maxsize=64)
def _with_mark(template: Template) -> Template:
    """The template with a mark in the place of the sample."""
    assert template.selection is not None
    lines = template.code.splitlines(keepends=True)
    first, end = template.selection.first, template.selection.end
    sample = next(line for line in lines[first:end] if line.strip())
    indentation = sample[: len(sample) - len(sample.lstrip())]
    code = "".join([*lines[:first], f"{indentation}{_MARK}\n", *lines[end:]])
    return replace(template, code=code, selection=None)


def _filled(text: str, at: Site, body: str) -> str:
    """The text with the user's lines in the place of the mark."""

    def lines(match: re.Match[str]) -> str:
        return match[1] + _deeper(body, at.indentation, match[1].removeprefix(at.indentation))

    return re.sub(rf"([ \t]*)\b{_MARK}\b", lines, text)


def _deeper(body: str, indentation: str, more: str) -> str:
    """Lines with more indentation, all but the first; what stands in strings is left alone."""
    kept = _in_strings(indentation, body)
    result: list[str] = []
    for number, line in enumerate(re.split(r"(?<=\n)|(?<=\r)(?!\n)", body)):
        if number and number not in kept and line.strip():
            after = len(indentation) if line.startswith(indentation) else 0
            line = line[:after] + more + line[after:]
        result.append(line)
    return "".join(result)


def _in_strings(indentation: str, body: str) -> Set[int]:
    """The lines, from 0, that begin inside a string."""
    head = "if True:" if indentation else ""
    text = f"{head}\n{indentation}" + re.sub(r"\r\n?", "\n", body)
    found: set[int] = set()
    opened: list[int] = []
    names = tokenize.tok_name
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            match names[token.type]:
                case "STRING":
                    found.update(range(token.start[0] - 1, token.end[0] - 1))
                case "FSTRING_START" | "TSTRING_START":
                    opened.append(token.start[0] - 1)
                case "FSTRING_END" | "TSTRING_END" if opened:
                    found.update(range(opened.pop(), token.end[0] - 1))
    except (tokenize.TokenError, IndentationError):
        pass  # what was seen until then counts
    return found
