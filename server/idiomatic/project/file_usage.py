"""What one file does, as the index of its project has it: finding that out, which takes parsing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idiomatic.core.document import Document
from idiomatic.core.usage import joined, usage
from idiomatic.project import files
from idiomatic.project.evidence import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from idiomatic.core.acts import Use
    from idiomatic.core.statement import Statement


def in_document(document: Document, package: str) -> frozenset[Use]:
    """What a text does; a part that does not parse counts as what it was when it last did."""
    leaves = (leaf for each in document.leaves for leaf in (_parts(each.last_good) if each.is_broken else [each]))
    return joined((leaf.fact(usage) for leaf in leaves), package)


def _parts(statements: Iterable[Statement]) -> Iterator[Statement]:
    return (part for statement in statements for part in statement.parts)


def in_bytes(path: Path, raw: bytes, package: str) -> frozenset[Use]:
    """What a file does; nothing if it can't be read, or is too large to be looked at."""
    if len(raw) > LARGEST:
        return frozenset()
    try:
        document = Document.parse(files.decode(path, raw).text)
        try:
            return in_document(document, package)
        finally:
            document.end()
    except (files.FileError, RecursionError):
        return frozenset()


def one_after_the_other(wanted: Sequence[tuple[Path, str]]) -> Iterator[tuple[Path, frozenset[Use]]]:
    """Look at some files in this process."""
    for path, package in wanted:
        yield path, looked_into(path, package)


def looked_into(path: Path, package: str) -> frozenset[Use]:
    """What a file does."""
    try:
        return in_bytes(path, path.read_bytes(), package)
    except OSError:
        return frozenset()
