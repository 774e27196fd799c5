"""What ruff reports when nobody has selected anything, of the codes that idioms mention.

A test compares it with the ruff that is installed beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idiomatic.project.import_path import installed

if TYPE_CHECKING:
    from pathlib import Path

Version = tuple[int, ...]

PREVIEW: Final = frozenset({"RUF075"})
"""The codes that ruff only reports with `preview = true`."""

_SINCE_0_16: Final = frozenset(
    {
        *("ASYNC210", "ASYNC221", "ASYNC222", "ASYNC230", "ASYNC251", "B006", "B019", "DTZ003", "DTZ004"),
        *("RUF008", "RUF009", "SIM115", "UP028"),
    }
)


def defaults(version: Version | None) -> frozenset[str]:
    """The codes that a version of ruff reports by default; of the newest one if it is not known.

    Up to 0.15 ruff selected `E4`, `E7`, `E9` and `F`, which idioms have nothing to do with; from 0.16 what its makers
    hold for errors, wherever they are.
    """
    return _SINCE_0_16 if version is None or version >= (0, 16) else frozenset()


def installed_version(directory: Path) -> Version | None:
    """The version of the ruff that is installed in the environment of a project; `None` if there is none."""
    for folder in installed(directory):
        for found in folder.glob("ruff-*.dist-info"):
            return version_of(found.name.removeprefix("ruff-").removesuffix(".dist-info"))
    return None


def version_of(text: str) -> Version | None:
    """`0.17.5` as numbers; `None` if it is no version."""
    parts = text.split(".")
    numbers = tuple(int(part) for part in parts[:3] if part.isdecimal())
    return numbers if len(numbers) >= 2 else None
