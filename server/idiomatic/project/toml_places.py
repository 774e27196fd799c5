"""Where a key stands in a TOML file: `tomllib` reads values and forgets their places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from idiomatic.core.lazy import regex
from idiomatic.core.text import Lines, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NAME: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\r\n]*"|'[^'\r\n]*')"""
_DOTTED: Final = rf"{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*"
_HEADER: Final = regex(rf"[ \t]*\[\[?[ \t]*(?P<name>{_DOTTED})[ \t]*\]")
_ENTRY: Final = regex(rf"[ \t]*(?P<name>{_DOTTED})[ \t]*=")


def place(text: str, path: Sequence[str]) -> Span:
    """The span of a key, given with the tables it is in; that of the nearest table around it if it can't be found.

    Args:
        text: the file.
        path: `("tool", "idiomatic", "severity", "naive-utcnow")`.
    """
    wanted = tuple(path)
    best, length = Span(0, 0), 0
    for found, span in _keys(text):
        shared = len(found) if found == wanted[: len(found)] else 0
        if shared > length:
            best, length = span, shared
            if shared < len(wanted) and (inner := _in_inline_table(text, span.end, wanted[shared])):
                best, length = inner, shared + 1
    return best


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], Span]]:
    """All headers and all keys at the start of a line, each with its full path."""
    lines = Lines(text)
    table: tuple[str, ...] = ()
    for number in range(len(lines)):
        start, line = lines.starts[number], lines.line(number)
        if match := _HEADER.match(line):
            table = _parts(match["name"])
            yield table, Span(*match.span("name")).shifted(start)
        elif match := _ENTRY.match(line):
            yield (*table, *_parts(match["name"])), Span(*match.span("name")).shifted(start)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_NAME, name))


def _in_inline_table(text: str, start: int, name: str) -> Span | None:
    """A key in the inline table that begins on the same line: `severity = { naive-utcnow = "off" }`."""
    line_end = re.compile(r"[\r\n]|\Z").search(text, start)
    assert line_end is not None
    pattern = re.compile(rf"""[{{,][ \t]*(["']?{re.escape(name)}["']?)[ \t]*=""")
    match = pattern.search(text, start, line_end.start())
    return Span(*match.span(1)) if match else None
