"""Typing a statement character by character, and deleting it again."""

import ast
import itertools
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tools.bench.sources import Place

STATEMENTS = (
    "import datetime",
    "moment = datetime.datetime.utcnow().isoformat(",
    '    timespec="seconds",',
    ")",
    'text = f"""at {moment}"""',
    "count = len(text) + 12345 * len(moment)",
)
"""Several lines with calls, brackets and strings; the second one is a finding while it is complete."""


@dataclass(frozen=True)
class State:
    """What has been typed at one moment.

    Attributes:
        typed: what stands there.
        parses: whether the whole file is Python at that moment.
    """

    typed: str
    parses: bool


@dataclass(frozen=True)
class Stroke:
    """One edit.

    Attributes:
        change: as the protocol has it.
        state: what it leads to.
    """

    change: dict[str, Any]
    state: State


def states(place: Place, statements: Sequence[str] = STATEMENTS) -> list[State]:
    """All that is seen while statements are typed, from nothing to everything.

    A new line comes with its indentation in one stroke, as editors do it.
    """
    typed = "".join(f"\n{place.indentation}{line}" for line in statements)
    ends = [0]
    while ends[-1] < len(typed):
        begin = ends[-1]
        step = 1 + len(place.indentation) if typed[begin] == "\n" else 1
        ends.append(begin + step)
    return [State(typed[:end], _parses(place.with_typed(typed[:end]))) for end in ends]


def typing(place: Place, seen: Sequence[State]) -> Iterator[Stroke]:
    """The edits that type everything."""
    for before, after in itertools.pairwise(seen):
        yield _stroke(place, before.typed, "", after.typed[len(before.typed) :], after)


def deleting(place: Place, seen: Sequence[State]) -> Iterator[Stroke]:
    """The edits that delete it again from the end."""
    for before, after in itertools.pairwise(seen[::-1]):
        yield _stroke(place, after.typed, before.typed[len(after.typed) :], "", after)


def there_and_back(place: Place, seen: Sequence[State]) -> Iterator[Stroke]:
    """The edits that type everything and delete it again."""
    yield from typing(place, seen)
    yield from deleting(place, seen)


def _stroke(place: Place, kept: str, removed: str, added: str, state: State) -> Stroke:
    span = {"start": _position(place, kept), "end": _position(place, kept + removed)}
    return Stroke({"range": span, "text": added}, state)


def _position(place: Place, typed: str) -> dict[str, int]:
    lines = typed.split("\n")
    column = len(lines[-1]) + (place.column if len(lines) == 1 else 0)
    return {"line": place.line + len(lines) - 1, "character": column}


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text)
    except SyntaxError:
        return False
    return True
