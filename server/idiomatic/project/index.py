"""What all files of a project do with each other's classes and attributes: `core/usage.py`, by word.

An index knows each file by its content, keeps what was found out on the disk, and is brought up to date by looking at
what has changed since. A project of 300,000 lines does some ten thousand things worth knowing: a few megabytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct, field

from idiomatic.core.acts import Act, Found, Use
from idiomatic.project import evidence
from idiomatic.project.import_path import is_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from idiomatic.project.evidence import Witness

MOST_FILES: Final = 20_000
"""How many files a project may have: what has more is somebody's home, or the whole disk."""


class Uses(Protocol):
    """Where is asked."""

    def find(self, act: Act, word: str, asking: Path) -> tuple[Found, ...] | None:
        """Where files but the one that asks do something; `None` as long as that is not known."""
        ...


class Packages:
    """The dotted names of the packages that files are in."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}

    def of(self, path: Path) -> str:
        """The package of a file; empty if it is in none."""
        return self._of_folder(path.parent)

    def _of_folder(self, folder: Path) -> str:
        if folder not in self._known:
            if folder.parent == folder or not is_package(folder):
                self._known[folder] = ""
            else:
                around = self._of_folder(folder.parent)
                self._known[folder] = f"{around}.{folder.name}" if around else folder.name
        return self._known[folder]


class Entry(Struct):
    """What is known of one file.

    Attributes:
        digest: of its content.
        package: what it is in.
        uses: what it does.
    """

    digest: str
    package: str
    uses: frozenset[Use]


class Index(Struct):
    """What the files of a project do.

    Attributes:
        root: the folder that the names of files are relative to.
        entries: by file.
    """

    root: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    _by_word: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _interned: dict[Use, Use] = field(default_factory=dict)

    def put(self, path: str, entry: Entry) -> None:
        """Take note of what a file does now."""
        self.drop(path)
        entry.uses = frozenset(self._interned.setdefault(use, use) for use in entry.uses)
        self.entries[path] = entry
        for use in entry.uses:
            self._by_word.setdefault((use.act, use.word), set()).add(path)

    def drop(self, path: str) -> None:
        """Forget a file."""
        if (entry := self.entries.pop(path, None)) is not None:
            for use in entry.uses:
                self._by_word.get((use.act, use.word), set()).discard(path)

    def find(self, act: Act, word: str, asking: Path) -> tuple[Found, ...]:
        """Where files but the one that asks do something, in order."""
        return self.found(act, word, {str(asking)}, {})

    def found(
        self, act: Act, word: str, besides: Iterable[str], opened: Mapping[str, frozenset[Use]]
    ) -> tuple[Found, ...]:
        """Where files do something, in order.

        Args:
            act: what.
            word: with which attribute or class.
            besides: the files that are left out.
            opened: the files that do something else than their entries say.
        """
        left_out = {*besides, *opened}
        hits = [
            (path, use)
            for path in self._by_word.get((act, word), ())
            if path not in left_out
            for use in self.entries[path].uses
        ]
        hits += [(path, use) for path, uses in opened.items() for use in uses]
        return tuple(
            sorted(
                {Found(shown(path, self.root), use.of) for path, use in hits if use.act == act and use.word == word},
                key=lambda found: (found.file, found.of or ""),
            )
        )


def shown(path: str, root: Path) -> str:
    """A file as it is called in a sentence."""
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return path


def brought_up_to_date(
    index: Index,
    paths: Sequence[Path],
    witness: Witness,
    look: Callable[[Sequence[tuple[Path, str]]], Iterator[tuple[Path, frozenset[Use]]]],
) -> bool:
    """Make an index say what files do now.

    Args:
        index: the index.
        paths: all files.
        witness: says which content they have.
        look: finds out what those do of which that is not known, each with its package.

    Returns:
        Whether anything was different.
    """
    packages = Packages()
    outdated: dict[Path, tuple[str, str]] = {}
    kept: set[str] = set()
    for path in paths:
        digest = witness.text(str(path))
        if digest is None:
            continue
        kept.add(str(path))
        known = index.entries.get(str(path))
        package = packages.of(path)
        if known is None or known.digest != digest or known.package != package:
            outdated[path] = digest, package
    gone = index.entries.keys() - kept
    for name in gone:
        index.drop(name)
    for path, uses in look([(path, package) for path, (_, package) in outdated.items()]):
        digest, package = outdated[path]
        index.put(str(path), Entry(digest, package, uses))
    return bool(gone or outdated)


# -- on the disk ------------------------------------------------------------------------------------------------------


def file_of(root: Path, folder: Path) -> Path:
    """Where in a folder what is known of a project is kept."""
    return folder / f"uses-{evidence.digest(str(root).encode('utf-8', 'surrogateescape'))}.json"


def load(root: Path, file: Path) -> Index:
    """What was known of a project; nothing if it can't be read, or is not as it was written."""
    index = Index(root)
    with contextlib.suppress(OSError, ValueError, TypeError, RecursionError):
        seal, _, body = file.read_bytes().partition(b"\n")
        if evidence.digest(body).encode() == seal:
            for path, about in json.loads(body).items():
                index.put(path, entry(*about))
            with contextlib.suppress(OSError):
                os.utime(file)
    return index


def plain(entry: Entry) -> list[object]:
    """An entry as JSON has it."""
    return [entry.digest, entry.package, sorted(entry.uses, key=str)]


def entry(digest: str, package: str, uses: list[list[Any]]) -> Entry:
    """An entry from JSON."""
    intern = sys.intern
    return Entry(digest, package, frozenset(Use(Act(act), intern(word), of) for act, word, of in uses))


def save(index: Index, file: Path) -> None:
    """Keep what is known; where that is not possible, the next one has more to do."""
    body = json.dumps({path: plain(entry) for path, entry in index.entries.items()}, separators=(",", ":")).encode()
    temporary = f"{file}.{os.getpid()}"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as stream:  # noqa: PTH123
            stream.write(evidence.digest(body).encode() + b"\n" + body)
        os.replace(temporary, file)  # noqa: PTH105
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
