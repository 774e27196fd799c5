"""Which files are looked at: the Python files below a folder that nobody has excluded."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from pathspec import GitIgnoreSpec

from idiomatic.project.import_path import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from idiomatic.project.workspace import Workspace

SKIPPED: Final = frozenset(
    {
        ".bzr", ".direnv", ".eggs", ".git", ".hg", ".hypothesis", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pyenv",
        ".pytest_cache", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", "__pycache__", "__pypackages__",
        "node_modules", "site-packages", "venv",
    }
)  # fmt: skip
"""Folders that are never entered, unless they are named on the command line."""

BUILT: Final = frozenset({"_build", "buck-out", "build", "dist"})
"""Folders that are not entered either, unless they are packages."""


class Walk:
    """A search for Python files.

    Attributes:
        workspace: says what each project excludes.
        on_error: is told of every folder that can't be listed.
    """

    def __init__(self, workspace: Workspace, on_error: Callable[[Path, OSError], None]) -> None:
        self.workspace = workspace
        self.on_error = on_error
        self._known_excludes: dict[tuple[Path, Path, tuple[str, ...]], _Excludes] = {}

    def files(self, paths: Iterable[Path]) -> list[Path]:
        """The files that were named, and those found below the folders that were named, in order, each once.

        Raises:
            ConfigurationError: the configuration of one of the folders is wrong.
        """
        found: dict[str, Path] = {}
        for path in paths:
            real = os.path.realpath(path)
            if path.is_dir():
                for file, real_file in self._below(path, Path(real)):
                    found.setdefault(real_file, file)
            else:
                self.workspace.settings(path)
                found.setdefault(real, path)
        return sorted(found.values(), key=lambda file: file.parts)

    def _below(self, root: Path, real_root: Path) -> Iterator[tuple[Path, str]]:
        # A stack of its own: folders may be nested deeper than Python's recursion limit.
        todo = [(root, real_root, _ignore_files_around(real_root))]
        while todo:
            folder, real, ignore_files = todo.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError as error:
                self.on_error(folder, error)
                continue
            names = {entry.name for entry in entries}
            if folder is not root and "pyvenv.cfg" in names:
                continue
            if ".gitignore" in names:
                ignore_files = (*ignore_files, _IgnoreFile(real, real / ".gitignore"))
            excludes = self._excludes(folder, root)
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if _is_skipped(entry) if is_folder else not entry.name.endswith(SUFFIXES):
                    continue
                path, inner = folder / entry.name, real / entry.name
                if _is_ignored(inner, is_folder, ignore_files) or excludes.covers(path, is_folder):
                    continue
                if is_folder:
                    todo.append((path, inner, ignore_files))
                elif entry.is_file():
                    yield path, os.path.realpath(inner) if entry.is_symlink() else str(inner)

    def _excludes(self, folder: Path, root: Path) -> _Excludes:
        """What the configuration that counts in a folder excludes, but for `root`, which was asked for."""
        configuration = self.workspace.settings(folder / "_").configuration
        start = configuration.directory or self.workspace.root
        key = (root, start, configuration.exclude)
        if key not in self._known_excludes:
            all_of_them = _Excludes(start, configuration.exclude)
            self._known_excludes[key] = all_of_them.without_those_for(root)
        return self._known_excludes[key]


class _Excludes(Struct, frozen=True, dict=True):
    """The patterns of a configuration file.

    Attributes:
        start: what they are relative to.
        patterns: as in a `.gitignore`.
    """

    start: Path
    patterns: tuple[str, ...]

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        return GitIgnoreSpec.from_lines(self.patterns)

    def covers(self, path: Path, is_folder: bool) -> bool:
        if not self.patterns:
            return False
        relative = os.path.relpath(path, self.start)
        if relative == "." or relative.startswith(".."):
            return False
        return bool(self._spec.check_file(Path(relative).as_posix() + "/" * is_folder).include)

    def without_those_for(self, folder: Path) -> _Excludes:
        kept = (pattern for pattern in self.patterns if not _Excludes(self.start, (pattern,)).covers(folder, True))
        return _Excludes(self.start, tuple(kept))


class _IgnoreFile(Struct, frozen=True, dict=True):
    """A file of gitignore patterns.

    Attributes:
        folder: what they are relative to.
        file: where they stand.
    """

    folder: Path
    file: Path

    @cached_property
    def spec(self) -> GitIgnoreSpec:
        try:
            lines = self.file.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        # As git does it: a line that is no pattern matches nothing.
        return GitIgnoreSpec.from_lines(filter(is_pattern, lines))

    def decides(self, path: Path, *, is_folder: bool) -> bool | None:
        """Whether a path below is ignored, or expressly not; `None` if nothing is said of it."""
        relative = path.relative_to(self.folder).as_posix()
        return self.spec.check_file(relative + "/" * is_folder).include


def is_pattern(line: str) -> bool:
    """Whether a line of a `.gitignore` can be understood."""
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def _is_skipped(entry: os.DirEntry[str]) -> bool:
    if entry.name in BUILT:
        return not Path(entry.path, "__init__.py").exists()
    return entry.name in SKIPPED


def _is_ignored(path: Path, is_folder: bool, ignore_files: tuple[_IgnoreFile, ...]) -> bool:
    """What the nearest ignore file that says something of a path says."""
    for ignore_file in reversed(ignore_files):
        if (decision := ignore_file.decides(path, is_folder=is_folder)) is not None:
            return decision
    return False


def _ignore_files_around(folder: Path) -> tuple[_IgnoreFile, ...]:
    """The ignore files above a folder, the outermost first, as far as they are of the same repository.

    None if they ignore the folder itself: somebody who names it wants to see what is in it.
    """
    found: list[_IgnoreFile] = []
    for around in (folder, *folder.parents):
        if around != folder and (around / ".gitignore").is_file():
            found.append(_IgnoreFile(around, around / ".gitignore"))
        if (around / ".git").exists():
            exclude = around / ".git" / "info" / "exclude"
            if exclude.is_file():
                found.append(_IgnoreFile(around, exclude))
            break
    else:
        return ()
    ignore_files = tuple(reversed(found))
    for inner in (folder, *folder.parents):
        if inner == around:
            break
        if _is_ignored(inner, True, tuple(each for each in ignore_files if each.folder in inner.parents)):
            return ()
    return ignore_files
