"""What counts for a file besides its text, when a template is chosen for it and made to fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.templates.template import Place

if TYPE_CHECKING:
    from collections.abc import Set
    from pathlib import PurePath

    from idiomatic.templates.template import Version

_BY_NAME: Final = {
    "pyproject.toml": Place.PYPROJECT,
    ".pre-commit-config.yaml": Place.PRE_COMMIT,
    "conftest.py": Place.CONFTEST,
}


class Context(Struct, frozen=True):
    """What counts for a file.

    Attributes:
        target: the oldest Python its code must run on.
        path: the file; `None` for a text that was never saved.
        installed: the distributions that its project can import from or asks for, by their normalised names.
    """

    target: Version
    path: PurePath | None = None
    installed: Set[str] = frozenset()


def kind(path: PurePath | None) -> Place:
    """What the top level of a file is, by the file's name."""
    if path is None:
        return Place.MODULE
    if (place := _BY_NAME.get(path.name)) is not None:
        return place
    is_test = path.suffix == ".py" and (path.stem.startswith("test_") or path.stem.endswith("_test"))
    return Place.TEST_MODULE if is_test else Place.MODULE


def places(place: Place, path: PurePath | None) -> Set[Place]:
    """All that a place in a file is: the top level of a test module is the top level of a module, too."""
    return {place, kind(path)} if place is Place.MODULE else {place}
