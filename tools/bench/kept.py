"""Which findings are still there while something else is typed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tools.bench.sources import Place

Known: TypeAlias = Counter[tuple[str, str, int, int]]

SYNTAX_ERROR = "invalid-syntax"
"""The code of what ruff says about text that is not Python."""


@dataclass(frozen=True)
class Kept:
    """How findings outside the edited function compare with those before.

    Attributes:
        expected: how many there were.
        missing: how many of them are gone.
        extra: how many there are that were not there.
    """

    expected: int
    missing: int
    extra: int

    @property
    def is_complete(self) -> bool:
        """Whether they are the same."""
        return not self.missing and not self.extra


def compared(before: Known, now: Known) -> Kept:
    """What became of findings."""
    return Kept(before.total(), (before - now).total(), (now - before).total())


def outside(items: Iterable[Mapping[str, Any]], place: Place, typed: str) -> Known:
    """The findings outside the function that is edited, placed as if nothing had been typed."""
    added = typed.count("\n")
    found: Known = Counter()
    for item in items:
        if item.get("code") == SYNTAX_ERROR:
            continue
        line, column = item["range"]["start"]["line"], item["range"]["start"]["character"]
        if line < place.first:
            found[str(item.get("code")), item["message"], line, column] += 1
        elif line > place.last + added:
            found[str(item.get("code")), item["message"], line - added, column] += 1
    return found
