"""From text to statements, whether it is valid Python or not.

Everything is parsed in a context: at the top level, or as members of a long class (`Frame`). In a class the members'
own indentation has to be the class's: what is indented otherwise does not belong there.
"""

from __future__ import annotations

import ast
import contextlib
import warnings
from functools import partial
from typing import TYPE_CHECKING, Final

from idiomatic.core import long_class
from idiomatic.core.lazy import regex
from idiomatic.core.long_class import Frame, LongClass, Part
from idiomatic.core.statement import Fault, Remains, Statement
from idiomatic.core.text import BOM, Lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

UNPARSABLE: Final = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What parsing raises on text that is not Python, has null characters, or nests too deeply."""

# `codeop` and IDLE use it: a text that only wants more to be valid is told from one that nothing can follow.
_ALLOW_INCOMPLETE: Final = 0x4000
_INCOMPLETE: Final = "incomplete input"

_ATTEMPTS: Final = 5

MEMBER_OF: Final = "class _:\n"
"""What stands above the members of a class while they are parsed without the others."""

# A line that can't begin a statement of its own: it continues the one above.
_CONTINUES: Final = regex(r"[\s)\]}]|(?:else|elif|except|finally|case)\b")
_SPACE: Final = regex(r"[ \t\f]*")


class IncompleteError(Exception):
    """The text might be the beginning of valid Python."""


class UnfitError(Exception):
    """The text may be a member of the class, but not one that can be looked at without the others."""


def parse(text: str, *, at_start: bool = True) -> ast.Module:
    """The syntax tree of a text; a byte order mark at the start of a file is skipped, not moved.

    Raises:
        IncompleteError: it ends too early.
        SyntaxError: it is not Python, whatever may follow; so do the other classes of `UNPARSABLE`.
    """
    if at_start and text.startswith(BOM):
        # A form feed is white space that leaves the indentation alone and is as good as no character at all; the two
        # bytes by which it is shorter are made up for by two more.
        text = "\f\f\f" + text[1:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes are the user's business, on stderr they are nobody's
        try:
            tree = _compiled(text)
        except SyntaxError as error:
            # A string in quotes of one line goes on after a backslash at its end.
            if _INCOMPLETE in str(error.msg) or text.rstrip("\r\n").endswith("\\"):
                raise IncompleteError from error
            raise
    assert isinstance(tree, ast.Module)
    return tree


def _compiled(text: str) -> ast.AST:
    # While CPython builds a tree it counts how deep it is, in one place for all threads: another thread's parsing that
    # gets in between makes it believe that it went wrong (gh-106905).
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(SystemError):
            tree: ast.AST = compile(text, "<unknown>", "exec", ast.PyCF_ONLY_AST | _ALLOW_INCOMPLETE, dont_inherit=True)
            return tree
    raise SyntaxError("Python's parser failed")


def fault_of(text: str, context: Frame | None = None, *, at_start: bool = True) -> Fault | None:
    """Why a text does not parse, in the words of Python."""
    source = MEMBER_OF + text if context else text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("\f\f\f" + source[1:] if at_start and source.startswith(BOM) else source)
    except UNPARSABLE as error:
        return _fault(error, text, 1 if context else 0)
    return None


def _fault(error: BaseException, text: str, above: int) -> Fault:
    match error:
        case SyntaxError(msg=message, lineno=int(lineno), offset=column):
            line = min(max(lineno - above, 1), len(Lines(text))) - 1
            return Fault(message or "invalid syntax", line, max((column or 1) - 1, 0))
        case RecursionError() | MemoryError():
            return Fault("nested too deeply for Python's parser", 0, 0)
        case _:
            return Fault(str(error) or "invalid syntax", 0, 0)


# -- what parses ------------------------------------------------------------------------------------------------------


def statements(text: str, *, at_start: bool = True) -> Iterator[Statement]:
    """The top-level statements of a text, comments and blank lines at its end included.

    Raises:
        IncompleteError: it ends too early.
        SyntaxError: it is not Python, whatever may follow; so do the other classes of `UNPARSABLE`.
    """
    yield from _split(text, parse(text, at_start=at_start).body, 1)


def members(text: str, frame: Frame) -> tuple[list[Part], list[Statement]]:
    """The members of a long class that a text has, and the top-level statements after them.

    Raises:
        IncompleteError: it ends too early.
        SyntaxError: it can't stand in that class, whatever may follow; so do the other classes of `UNPARSABLE`.
        UnfitError: it has to be looked at together with the rest of the class.
    """
    body = parse(MEMBER_OF + text, at_start=False).body
    first = body[0]
    assert isinstance(first, ast.ClassDef)
    lines = Lines(text)
    groups = list(_groups(text, lines, first.body, 2))
    after: list[Statement] = []
    if len(body) > 1:
        end = _end_line(first.body[-1])
        after = list(_split(text[lines.starts[end - 1] :], body[1:], end + 1))
        groups = [group for group in groups if group[1]]
    elif groups and not groups[-1][1]:
        after = [Statement(piece, nodes, base) for piece, nodes, base in groups[-1:]]
        del groups[-1]
    for piece, nodes, _ in groups:
        if not _fits(piece, nodes, lines, 2, frame.indent):
            raise UnfitError
    return [Part(frame, *group) for group in groups], after


def _end_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _groups(
    text: str, lines: Lines, nodes: Sequence[ast.stmt], base: int
) -> Iterator[tuple[str, tuple[ast.stmt, ...], int]]:
    """The pieces that a block falls into, with their nodes and the `lineno` of their first lines.

    Each ends with the line on which its last node ends; the last piece may have no node.
    """
    first, row, group = base, 0, list[ast.stmt]()
    for index, node in enumerate(nodes):
        group.append(node)
        end = _end_line(node)
        following = nodes[index + 1] if index + 1 < len(nodes) else None
        if following and _first_line(following) <= end:
            continue
        last = end - first
        yield text[lines.starts[row] : lines.line_span(last).end], tuple(group), first + row
        row, group = last + 1, []
    if row < len(lines) and (rest := text[lines.starts[row] :]):
        yield rest, (), first + row


def _split(text: str, nodes: Sequence[ast.stmt], base: int) -> Iterator[Statement]:
    for piece, group, first in _groups(text, Lines(text), nodes, base):
        match group:
            case [ast.ClassDef() as class_] if _end_line(class_) - first >= long_class.LONG:
                yield _taken_apart(piece, class_, first) or Statement(piece, group, first)
            case _:
                yield Statement(piece, group, first)


def _taken_apart(text: str, node: ast.ClassDef, base: int) -> LongClass | None:
    """A long class; `None` if its members are not all on lines of their own, below each other."""
    lines = Lines(text)
    first = node.body[0]
    start = _first_line(first) - base
    heads = [*node.decorator_list, *node.bases, *(each.value for each in node.keywords)]
    if start <= max([node.lineno, *(head.end_lineno or 0 for head in heads)]) - base:
        return None
    indent = _indent(lines.line(start))
    if not indent:
        return None
    frame = Frame(node, indent)
    header, rest = text[: lines.starts[start]], text[lines.starts[start] :]
    below = Lines(rest)
    groups = list(_groups(rest, below, node.body, base + start))
    if not all(_fits(piece, nodes, below, base + start, indent) for piece, nodes, _ in groups):
        return None
    return LongClass(frame, [Part(frame, header, (), base, is_header=True), *(Part(frame, *group) for group in groups)])


def _indent(line: str) -> str:
    space = _SPACE.match(line)
    return space.group() if space else ""


def _fits(piece: str, nodes: Sequence[ast.stmt], lines: Lines, base: int, indent: str) -> bool:
    """Whether the first of some members begins its line, as far to the right as the members of that class do.

    Args:
        piece: the text of the members.
        nodes: their trees.
        lines: those of the text that the piece is from.
        base: the `lineno` of the first of the lines.
        indent: how far to the right that is.
    """
    if not nodes or _indent(lines.line(_first_line(nodes[0]) - base)) != indent:
        return False
    if "global" not in piece and "nonlocal" not in piece:
        return True
    # What it declares outside of a function counts for the whole class.
    return all(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes) or not any(
        isinstance(below, ast.Global | ast.Nonlocal) for node in nodes for below in ast.walk(node)
    )


# -- what does not ----------------------------------------------------------------------------------------------------


def continues(text: str, context: Frame | None = None) -> bool:
    """Whether the first line of code in a text belongs to the statement above."""
    lines = Lines(text)
    for index in range(len(lines)):
        line = lines.line(index)
        if line.strip(" \t\f\ufeff") and not line.lstrip(" \t\f\ufeff").startswith("#"):
            return not _begins(line.removeprefix(BOM), context.indent if context else "") or (
                context is not None and not line.startswith(context.indent)
            )
    return context is not None


def _begins(line: str, indent: str) -> bool:
    """Whether a statement may begin with a line, in a block that is indented so far."""
    return not line.startswith(indent) or not _CONTINUES.match(line, len(indent))


def salvage(
    text: str,
    was: Remains | None,
    last_good: tuple[Statement, ...],
    context: Frame | None,
    *,
    at_start: bool = True,
    is_tried: bool = True,
) -> Iterator[Statement]:
    """The statements of a text that does not parse as a whole: those that do by themselves, and the rest as it is.

    Args:
        text: whole lines.
        was: what it was before.
        last_good: what stood there when it last parsed.
        context: the class it stands in.
        at_start: whether it is the beginning of a file.
        is_tried: whether somebody has found out already that it does not parse as a whole.
    """
    indent = context.indent if context else ""
    lines = Lines(text)
    starts, decorated, lead = [0], False, 0
    for index in range(len(lines)):
        line = lines.line(index)
        if not line.strip().strip(BOM) or line.removeprefix(BOM).startswith(f"{indent}#"):
            continue  # belongs to the statement below, if one begins there
        if _begins(line, indent):
            if lead and not decorated:
                starts.append(lines.starts[lead])
            decorated = line.startswith(f"{indent}@")
        lead = index + 1
    pieces = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    found: list[Sequence[Statement] | str] = []
    for number, piece in enumerate(pieces):
        is_known = is_tried and len(pieces) == 1
        parsed = None if is_known else _parsed(piece, context, at_start=at_start and not number)
        if parsed is not None:
            found.append(parsed)
        elif found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    kept = "".join(each.text for group in found if not isinstance(group, str) for each in group)
    gone = tuple(each for each in last_good if not (each.text.strip() and each.text.strip() in kept))
    offset = 0
    for group in found:
        if isinstance(group, str):
            is_known = is_tried and len(found) == 1
            yield _broken(group, was, offset, gone, context, at_start=at_start and not offset, is_known=is_known)
            offset, gone = offset + len(group), ()
        else:
            yield from group
            offset += sum(len(each.text) for each in group)


def _parsed(piece: str, context: Frame | None, *, at_start: bool) -> Sequence[Statement] | None:
    try:
        if context is None:
            return list(statements(piece, at_start=at_start))
        parts, after = members(piece, context)
    except (IncompleteError, UnfitError, *UNPARSABLE):
        return None
    return None if after else parts


def _broken(
    text: str,
    was: Remains | None,
    offset: int,
    last_good: tuple[Statement, ...],
    context: Frame | None,
    *,
    at_start: bool,
    is_known: bool,
) -> Statement:
    remains = was and Remains(was.statements, offset, was.edited, was.growth)
    if context is not None:
        return Part(context, text, (), 1, partial(_unfit, text, context), remains, last_good)
    if not is_known and fault_of(text, at_start=at_start) is None:
        # Pieces that parse only together, such as a string over several lines: not broken after all.
        return Statement(text, parse(text, at_start=at_start).body)
    return Statement(text, (), 1, partial(_unparsable, text, at_start=at_start), remains, last_good)


def _unparsable(text: str, *, at_start: bool) -> Fault:
    return fault_of(text, at_start=at_start) or Fault("invalid syntax", 0, 0)


def _unfit(text: str, context: Frame) -> Fault:
    return fault_of(text, context) or Fault("this does not belong in the class", 0, 0)


def reused(fresh: Iterable[Statement], old: Iterable[Statement]) -> Iterator[Statement]:
    """The fresh statements, each replaced by an old one of the same text where there is one."""
    known: dict[str, list[Statement]] = {}
    for statement in reversed(list(old)):
        if not statement.is_broken:
            known.setdefault(statement.text, []).append(statement)
    for statement in fresh:
        same = known.get(statement.text)
        yield same.pop() if same else statement
