"""The oldest Python that a project's code has to run on."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Final

from idiomatic.project import ruff
from idiomatic.project.tables import folders_around, inner, read_ini, read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from idiomatic.core.analysis.code import Version

NEWEST: Final = 40
"""No Python 3.x beyond this one is thought of."""


def running() -> Version:
    """The version of the interpreter that runs this."""
    return sys.version_info[:2]


def target_version(directory: Path) -> Version:
    """What the files around a directory say about the oldest Python that its code has to run on.

    In this order, and of each kind the nearest: `requires-python`, ruff's `target-version`, mypy's `python_version`,
    `.python-version`, a virtual environment; else the interpreter that runs this.
    """
    return next(_candidates(directory.absolute()), None) or running()


def _candidates(directory: Path) -> Iterator[Version]:
    for question in (_required, _of_ruff, _of_mypy, _pinned, _of_environment):
        yield from filter(None, [question(directory)])


def _nearest(directory: Path, answer: Callable[[Path], Version | None]) -> Version | None:
    return next(filter(None, map(answer, folders_around(directory))), None)


def _required(directory: Path) -> Version | None:
    return _nearest(directory, _required_in)


def _required_in(folder: Path) -> Version | None:
    if (table := read_toml(folder / "pyproject.toml")) is not None:
        if (found := lowest((inner(table, "project") or {}).get("requires-python"))) is not None:
            return found
        poetry = (inner(table, "tool", "poetry", "dependencies") or {}).get("python")
        # Poetry's own signs: `^3.9` and `~3.9` both begin with 3.9.
        if isinstance(poetry, str) and (found := lowest(re.sub(r"[\^~](?=\d)", ">=", poetry))) is not None:
            return found
    return lowest(read_ini(folder / "setup.cfg", "options", "python_requires"))


def lowest(specifiers: Any) -> Version | None:
    """The lowest Python 3 that version specifiers (`>=3.9, !=3.10.*`) admit; `None` if they are none or admit none."""
    if not isinstance(specifiers, str):
        return None
    # Only for projects that say something.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        admitted = SpecifierSet(specifiers)
    except InvalidSpecifier:
        return None
    if not admitted:
        return None
    named = [specifier.version.removesuffix(".*") for specifier in admitted]
    for minor in range(NEWEST):
        version = f"3.{minor}"
        patches = (each for each in named if each.startswith(f"{version}."))
        if any(admitted.contains(each, prereleases=True) for each in (f"{version}.0", f"{version}.99", *patches)):
            return 3, minor
    return None


def _of_ruff(directory: Path) -> Version | None:
    found = ruff.load(directory)
    return found.target if found is not None else None


def _of_mypy(directory: Path) -> Version | None:
    return _nearest(directory, _of_mypy_in)


def _of_mypy_in(folder: Path) -> Version | None:
    for name in ("mypy.ini", ".mypy.ini"):
        if (found := _version(read_ini(folder / name, "mypy", "python_version"))) is not None:
            return found
    table = read_toml(folder / "pyproject.toml", "tool", "mypy") or {}
    return _version(table.get("python_version")) or _version(read_ini(folder / "setup.cfg", "mypy", "python_version"))


def _pinned(directory: Path) -> Version | None:
    return _nearest(directory, lambda folder: _version(_first_line(folder / ".python-version")))


def _of_environment(directory: Path) -> Version | None:
    return _nearest(directory, _of_environment_in)


def _of_environment_in(folder: Path) -> Version | None:
    for name in (".venv", "venv"):
        try:
            text = (folder / name / "pyvenv.cfg").read_text("utf-8", errors="replace")
        except OSError:
            continue
        if found := re.search(r"^version(?:_info)?\s*=\s*(\S+)", text, flags=re.MULTILINE):
            return _version(found[1])
    return None


def _version(value: object) -> Version | None:
    """`3.11`, `3.11.4`, `cpython-3.11`, `python3.11`; `None` for anything else."""
    found = re.match(r"(?:[a-z]+-?)?3\.(\d{1,2})(?!\d)", value) if isinstance(value, str) else None
    return (3, int(found[1])) if found else None


def _first_line(file: Path) -> str | None:
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return next((line.strip() for line in lines if line.strip() and not line.startswith("#")), None)
