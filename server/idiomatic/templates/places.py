"""Where in a document is the user, and may a template stand there?

The statement at the cursor is being typed and need not parse: it is taken for `pass`, and what is around is read. Where
that does not parse either, indentation tells.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.text import Lines, Span
from idiomatic.templates.template import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.document import Document, Statement

_TYPED: Final = re.compile(r"([ \t\f]*)([\w-]*)\Z")
# Above it nothing may stand.
_FUTURE: Final = re.compile(r"^from[ \t]+__future__[ \t]+import\b", re.MULTILINE)
_HEAD: Final = re.compile(r"([ \t]*)(async[ \t]+def|def|class)\b")
# What looks like a binding: an argument in a call does too, and then one name is avoided without need.
_BINDS: Final = re.compile(r"\b([^\W\d]\w*)\s*(?:=(?!=)|:=|:(?!=)|,|\)|\bin\b)|\b(?:as|import|def|class)\s+(\w+)")


class Site(Struct, frozen=True):
    """The beginning of a statement that is being typed.

    Attributes:
        place: what it stands in.
        span: what has been typed of it, up to the cursor; a template takes its place.
        indentation: the white space before it.
        local: the names that the functions around bind.
        blank: how many blank lines are above; at least two where there is nothing else.
    """

    place: Place
    span: Span
    indentation: str
    local: frozenset[str]
    blank: int


@lru_cache(maxsize=2)  # one completion asks for every template
def site(document: Document, offset: int) -> Site | None:
    """Where an offset is, if a statement can begin there; `None` inside strings, comments and expressions.

    Args:
        document: as it is, the typed prefix included.
        offset: of the cursor.
    """
    text = document.text
    start = offset - document.position(offset)[1]
    end = min((found for each in "\r\n" if (found := text.find(each, offset)) >= 0), default=len(text))
    typed = _TYPED.fullmatch(text[start:offset].lstrip("\ufeff"))
    if typed is None or text[offset:end].strip(" \t\f"):
        return None
    indentation, word = typed.groups()
    span = Span(offset - len(word), offset)
    around = document.edit(Span(span.start, end), "pass")
    statement = _statement(around, span.start)
    if statement is None:
        return None
    position = span.start - around.offset(statement)
    if not statement.is_broken:
        scopes = _scopes(statement, position)
        if scopes is None:
            return None
        place = place_in(scopes[-1] if scopes else None)
        local = {name for scope in scopes[:1] for name in bound_in(scope)}
    else:
        head = statement.text[:position]
        if not _begins_statement(head[: len(head) - len(indentation)]):
            return None
        place = _by_indentation(head, len(indentation.expandtabs()))
        local = (
            set[str]()
            if place is Place.MODULE
            else {name for found in _BINDS.findall(statement.text) for name in found}
        )
    if place is Place.MODULE and _FUTURE.search(text, offset):
        return None
    return Site(place, span, indentation, frozenset(local), _blank_lines(text[:start]))


def _blank_lines(head: str) -> int:
    """How many blank lines a text ends with; two if it has no other, or ends with a comment that may belong below."""
    rest = head.rstrip("\ufeff \t\f\r\n")
    if not rest:
        return 2
    line = rest[max(rest.rfind("\r"), rest.rfind("\n")) + 1 :]
    count = len(Lines(head[len(rest) :])) - 2
    return 2 if not count and line.lstrip().startswith("#") else count


def bound_in(scope: ast.AST) -> Iterator[str]:
    """The names that a definition and those inside it bind."""
    for node in ast.walk(scope):
        match node:
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.alias(name=name, asname=alias):
                yield alias or name.partition(".")[0]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name
            case _:
                pass


def _statement(document: Document, offset: int) -> Statement | None:
    for statement in document.between(Span(offset, offset)):
        start = document.offset(statement)
        if start <= offset < start + len(statement.text):
            return statement
    return None


def _scopes(statement: Statement, position: int) -> list[ast.stmt] | None:
    """The definitions around the `pass` at a position, outermost first; `None` if there is no such statement."""
    path: list[ast.stmt] = []

    def walk(node: ast.AST) -> Iterator[list[ast.stmt]]:
        opened = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        if isinstance(node, ast.Pass) and statement.span(node).start == position:
            yield list(path)
        if isinstance(node, ast.expr):
            return
        if opened:
            path.append(node)  # type: ignore[arg-type]
        for child in ast.iter_child_nodes(node):
            yield from walk(child)
        if opened:
            path.pop()

    return next((found for node in statement.nodes for found in walk(node)), None)


def place_in(scope: ast.AST | None) -> Place:
    """What code stands in, by the innermost definition around it."""
    match scope:
        case ast.AsyncFunctionDef():
            return Place.ASYNC_FUNCTION
        case ast.FunctionDef():
            return Place.FUNCTION
        case ast.ClassDef():
            return Place.CLASS
        case _:
            return Place.MODULE


def _begins_statement(head: str) -> bool:
    """Whether a new statement begins after a text: no string and no bracket is open."""
    if head.rstrip("\r\n").endswith("\\"):
        return False
    try:
        for _ in tokenize.generate_tokens(io.StringIO(head).readline):
            pass
    except tokenize.TokenError as error:
        # Since 3.12 it stands for other faults too; strings and brackets are then in order as far as it was read.
        return "EOF in multi-line" not in str(error)
    except (SyntaxError, ValueError):
        return True
    return True


def _by_indentation(head: str, width: int) -> Place:
    """What a line of some indentation stands in, going by the lines above it."""
    if not width:
        return Place.MODULE
    limit = width
    for line in reversed(head.splitlines()[:-1] if head and not head.endswith("\n") else head.splitlines()):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        own = len(line.expandtabs()) - len(line.expandtabs().lstrip())
        if own >= limit:
            continue
        # `) -> None:` closes the head of a definition that is still to come.
        limit = own + 1 if stripped[0] in ")]}" else own
        if (found := _HEAD.match(line)) is not None:
            match found[2].split():
                case ["class"]:
                    return Place.CLASS
                case ["def"]:
                    return Place.FUNCTION
                case _:
                    return Place.ASYNC_FUNCTION
        if not limit:
            break
    return Place.MODULE
