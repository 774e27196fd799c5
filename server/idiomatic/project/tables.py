"""The configuration of other tools, read without asking much of it: theirs to complain about, not ours."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Hashable, Mapping
from functools import lru_cache
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
    return inner(_parsed(file, version), *path) if (version := version_of(file)) is not None else None


def read_ini(file: Path, section: str, key: str) -> str | None:
    """A value in an INI file; `None` if there is no such file or value, or it can't be read."""
    version = version_of(file)
    parser = _parsed_ini(file, version) if version is not None else None
    return parser.get(section, key, fallback=None) if parser is not None else None


def version_of(file: Path) -> Hashable | None:
    """What changes when a file does; `None` if there is no such file.

    The configuration files of a project are asked for again and again, once for each of its folders.
    """
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=64)
def _parsed(file: Path, _: Hashable) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=64)
def _parsed_ini(file: Path, _: Hashable) -> configparser.RawConfigParser | None:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(file.read_text("utf-8", errors="replace"))
    except (OSError, configparser.Error):
        return None
    return parser


def inner(table: object, *path: str) -> Mapping[str, Any] | None:
    """A table in a table; `None` if there is none."""
    for name in path:
        table = table.get(name) if isinstance(table, Mapping) else None
    return table if isinstance(table, Mapping) else None
