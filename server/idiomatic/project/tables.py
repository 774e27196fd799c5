"""The configuration of other tools, read without asking much of it: theirs to complain about, not ours."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def folders_around(directory: Path) -> Iterator[Path]:
    """A directory and those above it, the nearest first, as far as they are of the same repository."""
    for folder in (directory, *directory.parents):
        yield folder
        if (folder / ".git").exists():
            return


def read_toml(file: Path, *path: str) -> Mapping[str, Any] | None:
    """A table of a TOML file; `None` if there is no such file or table, or it can't be read."""
    try:
        table: object = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError):
        return None
    return inner(table, *path)


def inner(table: object, *path: str) -> Mapping[str, Any] | None:
    """A table in a table; `None` if there is none."""
    for name in path:
        table = table.get(name) if isinstance(table, Mapping) else None
    return table if isinstance(table, Mapping) else None
