"""Which libraries a project has or asks for: read from the disk, nothing is run.

Installed is what lies in the folders where Python would look for the project's imports. What a project asks for in
`pyproject.toml`, `requirements*.txt` or `uv.lock` counts as well: it may be installed somewhere else.
"""

from __future__ import annotations

import os
import re
import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from idiomatic.project import import_path
from idiomatic.project.tables import folders_around, inner, read_toml, version_of
from idiomatic.templates.template import distribution

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator
    from pathlib import Path

_METADATA: Final = re.compile(r"(.+?)(?:-[^-]*)?\.(?:dist|egg)-info")


def available(directory: Path) -> frozenset[str]:
    """The normalised names of the distributions that the files of a directory can use."""
    names = set[str]()
    for folder in import_path.installed(directory):
        if (version := version_of(folder)) is not None:
            names |= _installed(folder, version)
    for folder in folders_around(directory):
        names |= {distribution(each) for each in _asked_for(folder)}
    return frozenset(names - {""})


@lru_cache(maxsize=32)
def _installed(folder: Path, _: Hashable) -> frozenset[str]:
    """What is installed in a folder, which changes whenever something is."""
    try:
        with os.scandir(folder) as entries:
            found = (_METADATA.fullmatch(entry.name) for entry in entries)
            return frozenset(distribution(match[1]) for match in found if match)
    except OSError:
        return frozenset()


def _asked_for(folder: Path) -> Iterator[str]:
    if (table := read_toml(folder / "pyproject.toml")) is not None:
        yield from _of_pyproject(table)
    for file in sorted(folder.glob("requirements*.txt")):
        if (version := version_of(file)) is not None:
            yield from _of_requirements(file, version)
    if (version := version_of(folder / "uv.lock")) is not None:
        yield from _of_lock(folder / "uv.lock", version)


def _of_pyproject(table: object) -> Iterator[str]:
    project = inner(table, "project") or {}
    yield from _strings(project.get("dependencies"))
    for group in (inner(project, "optional-dependencies"), inner(table, "dependency-groups")):
        for requirements in (group or {}).values():
            yield from _strings(requirements)
    poetry = inner(table, "tool", "poetry") or {}
    groups = (inner(group, "dependencies") for group in (inner(poetry, "group") or {}).values())
    for dependencies in (inner(poetry, "dependencies"), *groups):
        yield from dependencies or {}


def _strings(value: object) -> Iterable[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


@lru_cache(maxsize=32)
def _of_requirements(file: Path, _: Hashable) -> tuple[str, ...]:
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(line for line in map(str.strip, lines) if line and not line.startswith(("#", "-")))


@lru_cache(maxsize=8)
def _of_lock(file: Path, _: Hashable) -> tuple[str, ...]:
    try:
        packages: Any = tomllib.loads(file.read_text("utf-8", errors="replace")).get("package")
    except (OSError, ValueError):
        return ()
    found = packages if isinstance(packages, list) else []
    return tuple(str(each["name"]) for each in found if isinstance(each, dict) and "name" in each)
