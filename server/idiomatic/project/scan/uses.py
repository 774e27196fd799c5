"""The index of a project for one run: read from the disk and brought up to date, if anybody asks."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from idiomatic.project import evidence
from idiomatic.project.configuration import ConfigurationError
from idiomatic.project.evidence import Witness
from idiomatic.project.scan import parallel
from idiomatic.project.scan.cache import version
from idiomatic.project.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.acts import Use
    from idiomatic.project.index import Index
    from idiomatic.project.workspace import Workspace


class ProjectUses:
    """What the files of a project do, found out once.

    Args:
        workspace: the project.
        files: the files that are looked at; the index has them, too, wherever they are.
        folder: where is kept what was found out; `None`: nowhere.
        witness: has seen some files.
    """

    def __init__(
        self, workspace: Workspace, files: Sequence[Path], folder: Path | None = None, witness: Witness | None = None
    ) -> None:
        self._workspace = workspace
        self._files = [file.absolute() for file in files]
        self._witness = witness or Witness(lambda _: None)
        self._folder = folder
        self._index: Index | None = None
        self._is_impossible = False
        self._witness.uses = self._answer

    @property
    def known(self) -> Index | None:
        """The index, if somebody has asked for it already."""
        return self._index

    def _answer(self, asked: str) -> object:
        from idiomatic.core.acts import Act

        act, word, asking = asked.split("\0")
        index = self.index()
        return None if index is None else evidence.answer(index.find(Act(act), word, Path(asking)))

    def index(
        self, collected: Mapping[Path, tuple[str, frozenset[Use]]] | None = None, processes: int | None = None
    ) -> Index | None:
        """The index; `None` if the project can't be looked through.

        Args:
            collected: what files do that were looked at in this run, with the digests of their contents.
            processes: how many may work.
        """
        if self._index is None and not self._is_impossible:
            # Most runs need nothing of it.
            from idiomatic.project import index as indexes

            paths = self._paths(indexes.MOST_FILES)
            if paths is None:
                self._is_impossible = True
                return None
            root = self._workspace.root
            file = None if self._folder is None else indexes.file_of(root, self._folder / version())
            found = indexes.Index(root) if file is None else indexes.load(root, file)
            look = _Look(self._workspace, collected or {}, self._witness, processes)
            if indexes.brought_up_to_date(found, paths, self._witness, look) and file is not None:
                indexes.save(found, file)
            self._index = found
        return self._index

    def _paths(self, most: int) -> Sequence[Path] | None:
        root = self._workspace.root
        home = Path.home()
        # Somebody's home is no project, even if it was there that a file was named.
        if root in (home, *home.parents) or not all(file.is_relative_to(root) for file in self._files):
            # Who names a single file does not say what belongs to it.
            return self._files if 1 < len(self._files) <= most else None
        try:
            found = Walk(self._workspace, lambda *_: None).files([root])
        except ConfigurationError:
            return None
        return list(dict.fromkeys([*found, *self._files])) if len(found) <= most else None


class _LookInto(Struct, frozen=True):
    """Find out what a file does, in whichever process."""

    packages: Mapping[Path, str]

    def __call__(self, path: Path) -> frozenset[Use]:
        from idiomatic.project.file_usage import looked_into

        return looked_into(path, self.packages[path])


class _Look(Struct, frozen=True):
    workspace: Workspace
    collected: Mapping[Path, tuple[str, frozenset[Use]]]
    witness: Witness
    processes: int | None

    def __call__(self, wanted: Sequence[tuple[Path, str]]) -> Iterator[tuple[Path, frozenset[Use]]]:
        if not wanted:
            return
        from idiomatic.project.file_usage import in_document

        packages = dict(wanted)
        left: list[Path] = []
        for path, package in wanted:
            digest, uses = self.collected.get(path, ("", frozenset()))
            if path in self.workspace.opened:
                yield path, in_document(self.workspace.opened[path], package)
            elif digest == self.witness.text(str(path)):
                yield path, uses
            else:
                left.append(path)
        if left:
            work = _LookInto(packages)
            with closing(parallel.each(work, left, lambda _: frozenset(), processes=self.processes)) as found:
                yield from found
