"""What a cell of a notebook has besides Python: IPython's magics, shell commands and questions about objects.

For the engine each such line is replaced by something harmless that is just as long, so that all offsets stay: by a
comment where possible, so that what the line mentions still counts as mentioned. What IPython takes for such a line
stands in its documentation (https://ipython.readthedocs.io/en/stable/interactive/reference.html).
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.lazy import regex
from idiomatic.core.text import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

# Nearly all cells have none: a look for these decides.
_SUSPICIOUS: Final = regex(r"^[ \t]*[%!?,;/]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)

_CELL: Final = regex(r"(?:[ \t]*\n)*%%(\S*)")
_TRANSPARENT: Final = frozenset({"time", "timeit", "capture"})
"""The magics whose cells are Python all the same."""
_FUNCTION: Final = "timeit"
"""The one whose cell is the body of a function: what it binds, nobody else sees."""

_LINE: Final = regex(r"[ \t]*[%!?,;/]")
_LINE_END: Final = regex(r"(?:[^\n\\]|\\\n|\\)*")
_TIMED: Final = regex(r"([ \t]*)(%(?:time|timeit)[ \t]+(?:-[a-z][ \t]*\d*[ \t]+)*)(?=[^\s-])")
_ASSIGNED: Final = regex(r"([ \t]*[^\n#=\"']*[^\n#=\"'!<>+*/%&|^@:-][ \t]*=[ \t]*)([!%][^\n]*)")
# What decides where a logical line ends, and whether it is a question.
_TOKEN: Final = regex(
    r"""
    (?P<comment>\#[^\n]*)
    | (?P<string>(?P<quotes>\"{3}|'{3})(?:\\.|(?!(?P=quotes)).)*(?:(?P=quotes)|\Z)
        | (?P<quote>["'])(?:\\.|(?!(?P=quote))[^\n\\])*(?:(?P=quote)|(?=\n)|\Z))
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<joined>\\\n)
    | (?P<end>\n)
    | (?P<question>\?{1,2}[ \t]*(?=\n|\Z))
    """,
    re.VERBOSE | re.DOTALL,
)


class Masked(Struct, frozen=True):
    """A cell's text as the engine sees it.

    Attributes:
        text: as long as the cell's, unless that is left out.
        foreign: the lines that are not Python, without their line endings, in order.
        is_left_out: whether nothing of the cell is Python.
        is_function: whether what it binds is its own.
    """

    text: str
    foreign: tuple[Span, ...] = ()
    is_left_out: bool = False
    is_function: bool = False


def masked(text: str) -> Masked:
    r"""The text of a cell with something harmless in the place of what is not Python; its lines end with `\n`."""
    if not _SUSPICIOUS.search(text):
        return Masked(text)
    cell = _CELL.match(text)
    if cell is not None and cell[1] not in _TRANSPARENT:
        # Nothing in there has a place of its own, but what it mentions may be needed there.
        commented = "".join(f"# {line}" for line in text.splitlines(keepends=True))
        return Masked(commented, (Span(0, len(commented)),), is_left_out=True)
    pieces: list[str] = []
    foreign: list[Span] = []
    done = 0
    for span, replacement in _foreign(text):
        assert len(replacement) == span.end - span.start
        pieces += text[done : span.start], replacement
        foreign.append(span)
        done = span.end
    return Masked(
        "".join([*pieces, text[done:]]), tuple(foreign), is_function=cell is not None and cell[1] == _FUNCTION
    )


def _foreign(text: str) -> Iterator[tuple[Span, str]]:
    """The lines that are not Python, each with what takes its place."""
    position = 0
    while position < len(text):
        if _LINE.match(text, position):
            found = _LINE_END.match(text, position)
            end = found.end() if found else len(text)
            start = position
            # One that goes on after a backslash is as many lines for the engine.
            for number, line in enumerate(text[start:end].split("\n")):
                yield Span(start, start + len(line)), _below(line) if number else _replaced(line)
                start += len(line) + 1
            position = end + 1
        elif assigned := _ASSIGNED.match(text, position):
            yield Span(*assigned.span()), assigned[1] + _unknown(assigned[2])
            position = assigned.end() + 1
        else:
            end, question = _logical_line(text, position)
            if question is not None:
                yield Span(position, end), _asked(text[position:question], text[position:end])
            position = end + 1


def _logical_line(text: str, start: int) -> tuple[int, int | None]:
    """Where a logical line ends, and where the question mark is that it ends with."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        match token.lastgroup:
            case "open":
                depth += 1
            case "close":
                depth = max(0, depth - 1)
            case "end" if not depth:
                return token.start(), None
            case "question" if not depth:
                return token.end(), token.start()
            case _:
                pass
    return len(text), None


def _replaced(line: str) -> str:
    """A line that is no Python, as one that does nothing."""
    timed = _TIMED.match(line)
    if timed is not None and _is_python(line[timed.end() :]):
        # What is timed is Python, and may bind names.
        return f"{timed[1]}0;{' ' * (len(timed[2]) - 2)}{line[timed.end() :]}"
    return _comment(line)


def _comment(line: str) -> str:
    """A line as a comment; an indented one as a statement, which may be the only one of its block."""
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    rest = line[len(indent) :]
    if not rest:
        return line
    return f"{indent}0#{rest[2:]}"[: len(line)] if indent else f"#{rest[1:]}"


def _unknown(command: str) -> str:
    """An expression that may be anything, in the place of a command whose output is assigned."""
    return f"_#{command[2:]}"[: len(command)]


def _asked(before: str, line: str) -> str:
    """A question about an object as that object, if it is written in Python."""
    if "\n" not in before and _is_python(before):
        return before.ljust(len(line))
    first, *others = line.split("\n")
    return "\n".join([_comment(first), *map(_below, others)])


def _below(line: str) -> str:
    """A further line of something that is no Python: a comment, which may stand anywhere."""
    return line and f"#{line[1:]}"


def _is_python(line: str) -> bool:
    """Whether a text is statements of one line."""
    try:
        return bool(ast.parse(line.strip()).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
