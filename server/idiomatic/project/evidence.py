"""What an answer about other files rests on, so that it can be told later whether it would be the same again.

Whoever looks something up in the files around notes each thing it saw, as a value: the content of a file, that there
is none, that a folder is there. As long as all of these are what they were, so is the answer.
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from idiomatic.core.digest import blake2b

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LARGEST: Final = 1_000_000
"""How many bytes of a file are worth reading to know about one function in it."""


class Sight(StrEnum):
    """What was looked at."""

    TEXT = "text"
    """The content of a file: a digest; `None` if there is no such file."""
    FILE = "file"
    """Whether there is such a file."""
    FOLDER = "folder"
    """Whether there is such a folder."""
    TREE = "tree"
    """The Python files below a folder, and when each was changed: a digest."""
    PACKAGES = "packages"
    """The folders in which the packages of a project are installed."""
    USES = "uses"
    """Where files of the project do something: an answer of the index, by the question."""


Evidence: TypeAlias = "dict[tuple[Sight, str], object]"
"""What was seen, by what was looked at and where."""


def digest(raw: bytes) -> str:
    """A value that is another one for other bytes."""
    return blake2b(raw, digest_size=16).hexdigest()


def text(path: str) -> str | None:
    """The digest of a file's content; that of a very large one is made of its size and the time of its last change."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a third of the time
            status = os.fstat(file.fileno())
            if status.st_size > LARGEST:
                return f"{status.st_size} {status.st_mtime_ns}"
            return digest(file.readall())
    except OSError:
        return None


def tree(path: str) -> str:
    """A digest of the names, sizes and times of the Python files below a folder."""
    found: list[str] = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".py", ".pyi", ".pth")):
                try:
                    status = os.stat(f"{folder}/{name}")  # noqa: PTH116
                except OSError:
                    continue
                found.append(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}")
    return digest("\n".join(found).encode("utf-8", "surrogateescape"))


def is_file(path: Path, evidence: Evidence) -> bool:
    """Whether there is such a file, noted."""
    seen = evidence[Sight.FILE, str(path)] = path.is_file()
    return seen


def is_folder(path: Path, evidence: Evidence) -> bool:
    """Whether there is such a folder, noted."""
    seen = evidence[Sight.FOLDER, str(path)] = path.is_dir()
    return seen


def question(act: str, word: str, asking: Path) -> str:
    """A question to the index, as it is noted."""
    return f"{act}\0{word}\0{asking}"


def answer(found: object) -> str:
    """What the index says, as it is noted."""
    return digest(repr(found).encode("utf-8", "surrogateescape"))


class Witness:
    """Looks again, at each thing once.

    Args:
        packages: the folders in which the packages of a project are installed, as `Sight.PACKAGES` has them.

    Attributes:
        uses: gives answers of the index of the project, as `Sight.USES` has them.
    """

    def __init__(self, packages: Callable[[str], object]) -> None:
        self.uses: Callable[[str], object] = lambda _: None
        self._looks: Mapping[str, Callable[[str], object]] = {
            Sight.TEXT: text,
            Sight.FILE: os.path.isfile,
            Sight.FOLDER: os.path.isdir,
            Sight.TREE: tree,
            Sight.PACKAGES: packages,
            Sight.USES: self._uses,
        }
        self._seen: dict[tuple[str, str], object] = {}

    def _uses(self, asked: str) -> object:
        return self.uses(asked)

    def tell(self, sight: str, path: str, value: object) -> None:
        """What is there now, seen by someone else already."""
        self._seen[sight, path] = value

    def text(self, path: str) -> str | None:
        """The digest of a file's content; `None` if there is no such file."""
        key = Sight.TEXT, path
        if key not in self._seen:
            self._seen[key] = text(path)
        found = self._seen[key]
        return found if isinstance(found, str) else None

    def confirms(self, sight: str, path: str, value: object) -> bool:
        """Whether what was seen once is still so."""
        key = sight, path
        if key not in self._seen:
            look = self._looks.get(sight)
            if look is None:
                return False
            self._seen[key] = look(path)
        return self._seen[key] == value
