"""The body of a class whose fields stood in a call: `x: int = 0`, line by line, with the comments they had."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct, field

from idiomatic.core.analysis.known_types import Source
from idiomatic.core.writing.signatures import are_annotations_lazy, on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.named_tuples import FieldType, NamedTupleCall
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


class Comments(Struct, frozen=True):
    """The comments of a call.

    Attributes:
        above: those above each field.
        beside: those on the line of each field.
        header: those on the line where it begins.
        below: those at its end.
    """

    above: list[list[str]]
    beside: list[list[str]]
    header: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


def comments_of(named: NamedTupleCall, statement: ast.stmt, code: Analysis) -> Comments:
    """The comments in a call, by the field they belong to; those behind the statement are not among them."""
    count = len(named.fields)
    found = Comments([[] for _ in range(count)], [[] for _ in range(count)])
    source = code.source(named.call)
    if "#" not in source:
        return found
    whole = code.statement
    first = whole.lines.position(code.span(named.call).start)[0]
    # In brackets, so that the indentation of the lines says nothing.
    readable = io.StringIO(f"({source})".replace("\r\n", "\n").replace("\r", "\n"))
    lines = [
        (whole.lines.position(code.span(each.node).start)[0] - first if each.node is not None else None)
        for each in named.fields
    ]
    for token in tokenize.generate_tokens(readable.readline):
        if token.type != tokenize.COMMENT:
            continue
        line, text = token.start[0] - 1, token.string.rstrip()
        is_alone = not token.line[: token.start[1]].strip()
        if line in lines and not is_alone:
            found.beside[len(lines) - 1 - lines[::-1].index(line)].append(text)
        elif line == 0:
            found.header.append(text)
        else:
            following = [index for index, at in enumerate(lines) if at is not None and at > line]
            if following:
                found.above[following[0]].append(text)
            elif count and lines[0] is None:
                found.above[0].append(text)
            else:
                found.below.append(text)
    return found


def field_lines(
    named: NamedTupleCall, types: Sequence[FieldType], comments: Comments, draft: Draft
) -> list[cst.SimpleStatementLine]:
    """A line for each field."""
    made: list[cst.SimpleStatementLine] = []
    for index, (each, known) in enumerate(zip(named.fields, types, strict=True)):
        annotation = (
            on_one_line(each.annotation, draft.code)
            if each.annotation is not None
            else _annotation(known, named, draft)
        )
        default = f" = {on_one_line(each.default, draft.code)}" if each.default is not None else ""
        *more, beside = [f"  {text}" for text in comments.beside[index]] or [""]
        line = cst.ensure_type(
            cst.parse_statement(f"{each.name}: {annotation}{default}{beside}\n"), cst.SimpleStatementLine
        )
        above = [cst.EmptyLine(comment=cst.Comment(text)) for text in (*comments.above[index], *map(str.strip, more))]
        made.append(line.with_changes(leading_lines=above))
    return made


def _annotation(known: FieldType, named: NamedTupleCall, draft: Draft) -> str:
    code, at = draft.code, named.call
    if known.source is Source.NOTHING:
        return draft.reference("typing.Any", at)
    lazy = are_annotations_lazy(code)
    text = known.text
    if code.target < (3, 9) and not lazy:
        text = " | ".join(each.partition("[")[0] for each in text.split(" | "))
    if code.target >= (3, 10) or lazy:
        return f"{text} | None" if known.optional else text
    if " | " in text:
        text = f"{draft.reference('typing.Union', at)}[{text.replace(' | ', ', ')}]"
    return f"{draft.reference('typing.Optional', at)}[{text}]" if known.optional else text


# -- blank lines ------------------------------------------------------------------------------------------------------


def with_blank_lines(made: cst.ClassDef, statement: ast.stmt, draft: Draft) -> cst.ClassDef:
    """A class that takes the place of a single statement, with the blank lines around that a class has."""
    code = draft.code
    lines, siblings = code.statement.lines, code.siblings(statement)
    is_top = code.parent(statement) is None
    wanted = 2 if is_top else 1
    index = list(siblings).index(statement)
    above = [lines.line(line) for line in range(code.statement.first_line(statement))]
    if is_top and not any(each.strip() for each in above):
        # What stands above is another statement, or the beginning of the file.
        before = len(above) if not code.ask(is_first, code.statement) else wanted
    else:
        before = next((n for n, each in enumerate(reversed(above)) if each.strip()), len(above))
        last = above[len(above) - 1 - before].strip() if before < len(above) else ""
        if not index or last.startswith("#"):
            before = wanted
    if is_top:
        below = code.ask(blank_lines_below, code.statement)
    elif index + 1 < len(siblings):
        end = code.statement.end_line(statement) + 1
        rest = range(end, code.statement.first_line(siblings[index + 1]) + 1)
        below = next(n for n, line in enumerate(rest) if lines.line(line).strip())
    else:
        below = wanted
    blank = cst.EmptyLine(indent=False)
    body = cst.ensure_type(made.body, cst.IndentedBlock)
    return made.with_changes(
        leading_lines=[blank] * max(wanted - before, 0),
        body=body.with_changes(footer=[*body.footer, *[blank] * max(wanted - below, 0)]),
    )


def is_first(module: Module, statement: Statement) -> bool:
    """Question: whether a statement is the first of the file."""
    return bool(module.statements) and module.statements[0] == statement


def blank_lines_below(module: Module, statement: Statement) -> int:
    """Question: how many blank lines follow a statement; many where none are missing."""
    statements = [*module.statements]
    if statement not in statements or statement == statements[-1]:
        return 100
    following = statements[statements.index(statement) + 1]
    match following.nodes:
        # The other call becomes a class, too, perhaps in the same moment.
        case [ast.Assign(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)))] if name in _MAKERS:
            return 100
        # A string below documents what stands above it.
        case [ast.Expr(value=ast.Constant(value=str()))]:
            return 100
        case _:
            lines = following.lines
    return next((n for n in range(len(lines.starts)) if lines.line(n).strip()), 100)


_MAKERS: Final = ("namedtuple", "NamedTuple")
