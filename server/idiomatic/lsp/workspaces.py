"""The folders that are open in the client, each with its own configuration.

Used on the worker's thread only, except for `generation`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from idiomatic.core.document import Document
    from idiomatic.project.asking import Helper
    from idiomatic.project.configuration import ConfigurationError
    from idiomatic.project.definitions import Definitions, Modules
    from idiomatic.project.indexing import BackgroundIndex
    from idiomatic.project.own_templates import OwnTemplates
    from idiomatic.project.workspace import Settings, Workspace
    from idiomatic.templates.template import Template

logger = logging.getLogger(__name__)

UNSAVED: Final = "unsaved.py"
"""The file name that a text without a file counts as."""

_KEPT: Final = 200_000
"""How many characters of files that are not open are kept parsed."""
_CURRENT_FOR: Final = 3.0
"""For how many seconds nobody looks again what is installed, and which templates a team has."""
_FOLDERS: Final = 32
"""Of how many folders is kept what is installed for them."""

_KEPT_FOR: Final = 60.0
"""For how many seconds they are kept in any case."""


class Place(Struct, frozen=True):
    """What counts for one file.

    Attributes:
        settings: rules and severities.
        project: what is known of the files around it.
        is_enabled: whether the client wants anything for it.
    """

    settings: Settings
    project: Definitions
    is_enabled: bool


class Workspaces:
    """All folders.

    Args:
        opened: the documents that are open, by their files.
        on_news: is called, in any thread, when more is known of what the files of a folder do.

    Attributes:
        generation: grows with every change of what counts; findings of another generation are out of date.
        faults_number: grows whenever there are other faults than before.
    """

    def __init__(self, opened: Mapping[Path, Document], on_news: Callable[[], None] = lambda: None) -> None:
        self.generation = 0
        self.faults_number = 0
        self._opened = opened
        self._on_news = on_news
        self._indexes: dict[Path, BackgroundIndex] = {}
        self._helper: Helper | None = None
        self._modules: Modules | None = None
        self._folders: tuple[Path, ...] = ()
        self._client: Mapping[Path | None, Mapping[str, Any]] = {}
        self._workspaces: dict[Path | None, Workspace] = {}
        self._noted: Mapping[Path | str, ConfigurationError] = {}
        self._own: dict[tuple[Path | None, Path], tuple[float, OwnTemplates]] = {}
        self._available: dict[Path, tuple[float, frozenset[str]]] = {}

    def configure(self, folders: tuple[Path, ...], client: Mapping[Path | None, Mapping[str, Any]]) -> None:
        """Take over the folders, and what the client says about each of them (`None`: about all others)."""
        self._folders = tuple(sorted(folders, key=lambda folder: -len(folder.parts)))
        self._client = client
        self._workspaces.clear()
        self._own.clear()
        self.generation += 1
        for root in self._indexes.keys() - set(folders):
            self._indexes.pop(root).close()
        self.changed()

    def changed(self) -> None:
        """Look through the folders again for what their files do: one of them changed on the disk."""
        for index in self._indexes.values():
            index.changed()

    def forget(self) -> None:
        """Read the configuration files again: one of them changed."""
        for workspace in self._workspaces.values():
            workspace.forget()
        self.generation += 1
        self._own.clear()
        self.changed()

    def close(self, path: Path) -> None:
        """Keep nothing of a document that was closed, nor of the folder it was in if that was only looked at for it."""
        for workspace in self._workspaces.values():
            workspace.close(path)
        for root in self._indexes.keys() - set(self._folders):
            if not any(other.parent == root for other in self._opened if other != path):
                self._indexes.pop(root).close()
                self._workspaces.pop(root, None)

    def end(self) -> None:
        """End the processes that look into installed packages and through folders; from any thread."""
        for index in list(self._indexes.values()):
            index.close()
        if self._helper is not None:
            self._helper.close()

    def place(self, path: Path | None) -> Place:
        """What counts for a file, or for a text without one."""
        folder = self._folder(path)
        client = self._settings_of(folder)
        workspace = self._workspace(folder, client)
        path = path or workspace.root / UNSAVED
        settings = workspace.settings(path)
        if settings.configuration.templates is not None:
            self._templates(folder, settings, workspace.root)
        self._note_faults()
        return Place(settings, workspace.source(path), client.get("enable") is not False)

    def templates(self, path: Path | None) -> Mapping[str, Template]:
        """The templates that there are for a file: ours, and those of its project."""
        folder = self._folder(path)
        workspace = self._workspace(folder, self._settings_of(folder))
        settings = workspace.settings(path or workspace.root / UNSAVED)
        found = self._templates(folder, settings, workspace.root).templates
        self._note_faults()
        return found

    def _templates(self, folder: Path | None, settings: Settings, root: Path) -> OwnTemplates:
        from idiomatic.project.own_templates import own_templates

        key = folder, settings.directory
        looked, known = self._own.get(key, (0.0, None))
        if known is None or time.monotonic() - looked > _CURRENT_FOR:
            known = own_templates(settings.configuration, root)
            self._own[key] = time.monotonic(), known
        return known

    def look_at_templates(self) -> None:
        """Read a team's templates again that changed on the disk, if they were needed so far."""
        known, self._own = self._own, {}
        for folder, directory in known:
            workspace = self._workspace(folder, self._settings_of(folder))
            settings = workspace.settings(directory / UNSAVED)
            if settings.configuration.templates is not None:
                self._templates(folder, settings, workspace.root)
        self._note_faults()

    def available(self, path: Path | None) -> frozenset[str]:
        """The names of the libraries that a file can use."""
        if path is None:
            return frozenset()
        from idiomatic.project.distributions import available

        looked, known = self._available.pop(path.parent, (0.0, frozenset[str]()))
        if time.monotonic() - looked > _CURRENT_FOR:
            looked, known = time.monotonic(), available(path.parent)
        self._available[path.parent] = looked, known
        while len(self._available) > _FOLDERS:
            del self._available[next(iter(self._available))]
        return known

    def settings(self, path: Path | None) -> Settings:
        """What was decided for a file, or for a text without one."""
        folder = self._folder(path)
        workspace = self._workspace(folder, self._settings_of(folder))
        return workspace.settings(path or workspace.root / UNSAVED)

    @property
    def faults(self) -> Mapping[Path | str, ConfigurationError]:
        """What is wrong in which configuration file, or in the client's settings, as far as they were needed."""
        found = {origin: error for each in self._workspaces.values() for origin, error in each.faults.items()}
        return {error.origin: error for _, own in self._own.values() for error in own.faults} | found

    def _note_faults(self) -> None:
        faults = self.faults
        if faults == self._noted:
            return
        self.faults_number += 1
        for origin, error in faults.items():
            # What is wrong in the client's settings can't be shown at any place.
            if not isinstance(origin, Path) and str(error) != str(self._noted.get(origin)):
                logger.error("%s", error)
        self._noted = faults

    def _folder(self, path: Path | None) -> Path | None:
        """The folder a path is in, the innermost if there are several; its own if it is in none."""
        if path is None:
            return self._folders[-1] if self._folders else None
        return next((folder for folder in self._folders if path.is_relative_to(folder)), path.parent)

    def _settings_of(self, folder: Path | None) -> Mapping[str, Any]:
        return self._client.get(folder, self._client.get(None, {}))

    def _workspace(self, folder: Path | None, client: Mapping[str, Any]) -> Workspace:
        from idiomatic.project.asking import Helper
        from idiomatic.project.definitions import Modules
        from idiomatic.project.workspace import Workspace

        if self._helper is None:
            self._helper = Helper()
            self._modules = Modules(self._opened, _KEPT, _KEPT_FOR)
        if folder not in self._workspaces:
            # A text without a file and without a folder has no project: what lies in the working directory is chance.
            root = folder or Path.cwd()
            self._workspaces[folder] = Workspace(
                root,
                overrides=client,
                isolated=folder is None,
                lenient=True,
                opened=self._opened,
                helper=self._helper,
                modules=self._modules,
                index=None if folder is None else self._index(folder, client),
            )
        return self._workspaces[folder]

    def _index(self, folder: Path, client: Mapping[str, Any]) -> BackgroundIndex:
        from idiomatic.project.indexing import BackgroundIndex

        if folder not in self._indexes:
            self._indexes[folder] = BackgroundIndex(folder, self._opened, self._on_news)
        self._indexes[folder].settings = client
        return self._indexes[folder]
