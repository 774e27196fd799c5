"""For people: the message, the code, and what would become of it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from idiomatic.cli.formats.as_concise import header
from idiomatic.cli.terminal import count, style, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.diff import Hunk
    from idiomatic.project.scan.reports import FixRecord, Record

WIDEST: Final = 160
"""How many characters of a line are shown at most."""
_COLOURS: Final = {"+": "green", "-": "red"}


def lines(records: Sequence[Record]) -> Iterator[str]:
    """Each finding with the code it is about, its fix and the changes this makes; in the end how many there are."""
    for record in records:
        yield header(record)
        yield from _source(record)
        if record.fix is not None:
            yield from _fix(record.fix, record.others)
        elif record.refusal is not None:
            yield f"  {style('no fix', bold=True)}: {visible(record.refusal)}"
        yield ""
    yield summary(records)


def summary(records: Sequence[Record]) -> str:
    """How many findings there are, and how many of them can be fixed."""
    if not records:
        return "No findings."
    safe = sum(record.fix is not None and record.fix.safety == "safe" for record in records)
    unsafe = sum(record.fix is not None and record.fix.safety == "unsafe" for record in records)
    found = f"Found {count(len(records), 'finding')}"
    match safe, unsafe:
        case 0, 0:
            return f"{found}."
        case _, 0:
            return f"{found} ({safe} fixable with `idiomatic fix`)."
        case 0, _:
            return f"{found} ({unsafe} fixable with `idiomatic fix --unsafe-fixes`)."
        case _:
            return f"{found} ({safe} fixable safely, {unsafe} more with --unsafe-fixes)."


def _source(record: Record) -> Iterator[str]:
    """The lines of the finding, with a mark below what is meant."""
    margin = len(str(record.line + len(record.source)))
    bar = style("|", fg="blue")
    yield f"  {' ' * margin} {bar}"
    for index, line in enumerate(record.source):
        number = record.line + index
        start = record.column - 1 if index == 0 else len(line) - len(line.lstrip())
        end = record.end_column - 1 if number == record.end_line else len(line.rstrip())
        shown, before, marked = _window(line, start, end)
        yield f"  {style(str(number).rjust(margin), fg='blue')} {bar} {shown}".rstrip()
        if marked:
            yield f"  {' ' * margin} {bar} {' ' * before}{style('^' * marked, fg='red')}"
    if record.end_line >= record.line + len(record.source):
        yield f"  {' ' * margin} {bar} ..."
    yield f"  {' ' * margin} {bar}"


def _window(line: str, start: int, end: int) -> tuple[str, int, int]:
    """The part of a line that is worth showing, and where in it the mark begins and how long it is, in cells."""
    first = max(0, start - WIDEST // 3) if len(line) > WIDEST else 0
    last = min(len(line), first + WIDEST)
    head, tail = "…" * bool(first), "…" * (last < len(line))
    start, end = min(start, last), max(min(end, last), min(start, last))
    before = _cells(head + visible(line[first:start]))
    marked = _cells(visible(line[start:end])) or (start == end < last)
    return f"{head}{visible(line[first:last])}{tail}", before, int(marked)


def _cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _fix(fix: FixRecord, others: Sequence[str]) -> Iterator[str]:
    colour = "green" if fix.safety == "safe" else "yellow"
    yield f"  {style(f'{fix.safety} fix', fg=colour, bold=True)}: {visible(fix.title)}"
    for reason in fix.reasons:
        yield f"    - {visible(reason)}"
    for title in others:
        yield f"  {style('or', bold=True)}, in an editor: {visible(title)}"
    yield ""
    for hunk in fix.hunks:
        yield from (f"    {line}".rstrip() for line in diff_lines(hunk))


def diff_lines(hunk: Hunk) -> Iterator[str]:
    """A part of a diff, for a person to look at."""
    yield style(hunk.header, fg="cyan")
    for line in hunk.lines:
        content = visible(line.rstrip("\r\n"))
        shown = content if len(content) <= WIDEST else f"{content[:WIDEST]}…"
        colour = _COLOURS.get(line[0])
        yield style(shown, fg=colour) if colour else shown
