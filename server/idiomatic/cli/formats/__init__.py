"""How findings are printed: one module per format, each a function `lines` from records to lines."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.project.scan.reports import Record

FORMATS: Final = ("full", "concise", "json", "github", "sarif")


def lines(name: str, records: Sequence[Record]) -> Iterator[str]:
    """The findings in one of the formats."""
    found: Iterator[str] = importlib.import_module(f"{__name__}.as_{name}").lines(records)
    return found
