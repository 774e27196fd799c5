"""What counts for each file of a workspace: rules, severities, neighbouring files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from idiomatic.core.idiom import Kind
from idiomatic.project import client_settings, configuration, import_path, ruff, target
from idiomatic.project.client_settings import NOTHING_SAID, ClientSettings
from idiomatic.project.configuration import Configuration, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from idiomatic.core.analysis.code import Version
    from idiomatic.core.document import Document
    from idiomatic.core.engine import Rules
    from idiomatic.core.idiom import Idiom, Severity
    from idiomatic.project.asking import Helper
    from idiomatic.project.definitions import Definitions, Modules, Slow
    from idiomatic.project.index import Uses
    from idiomatic.project.ruff import RuffConfiguration

_KEPT: Final = 2_000_000
"""How many characters of other files are kept parsed where all files of a project are looked at in turn."""


class Settings(Struct, frozen=True, eq=False, dict=True):
    """What was decided for the files of one directory.

    Attributes:
        directory: which one.
        configuration: the file's and what was put over it.
        isolated: whether the files around say nothing.
        client: what an editor says besides.
    """

    directory: Path
    configuration: Configuration
    isolated: bool = False
    client: ClientSettings = NOTHING_SAID

    @cached_property
    def target(self) -> Version:
        """The oldest Python the code has to run on."""
        if self.configuration.target_version is not None:
            return self.configuration.target_version
        return target.running() if self.isolated else target.target_version(self.directory)

    @cached_property
    def rules(self) -> Rules:
        """What is looked for; the very same object wherever the same is looked for."""
        from idiomatic.core import catalogue

        names = (rule.name for rule in catalogue.rules().values() if self.configuration.selects(rule.name, rule.family))
        return _rules(tuple(names), self.target)

    def severity(self, rule: Idiom) -> Severity:
        """How loudly a finding is shown."""
        return self.configuration.severity.get(rule.name, rule.severity)

    def is_quiet(self, rule: Idiom) -> bool:
        """Whether findings of a rule are only offered: ruff reports them, or advice of its family is unwanted."""
        is_unhinted = rule.family in self.client.unhinted and rule.kind is not Kind.PROBLEM
        if not is_unhinted and (not rule.also or self._ruff is None):
            return False
        if self.configuration.selects_by_name(rule.name):
            return False
        return is_unhinted or (self._ruff is not None and any(map(self._ruff.has, rule.also)))

    @cached_property
    def signature(self) -> str:
        """All of it that findings depend on, as a value."""
        own = self.configuration
        ruff, unhinted = self._ruff and self._ruff.signature, sorted(self.client.unhinted)
        return repr((own.select, own.ignore, sorted(own.severity.items()), self.target, ruff, unhinted))

    @cached_property
    def _ruff(self) -> RuffConfiguration | None:
        return None if self.isolated else ruff.load(self.directory, self.client.ruff)


@cache
def _rules(names: tuple[str, ...], target: Version) -> Rules:
    from idiomatic.core import catalogue
    from idiomatic.core.engine import Rules

    known = catalogue.rules()
    return Rules(tuple(known[name] for name in names), target, frozenset(known))


class Workspace(Struct, dict=True):
    """A folder with Python files, and whatever their configuration files say.

    Attributes:
        root: the folder.
        overrides: a client's settings or the command line's options; they go over every configuration file.
        origin: what the overrides are called in an error.
        isolated: whether configuration files are passed over.
        lenient: whether the last good configuration counts (else the default one) where a file is wrong, as an editor
            wants it: `faults` then says what is wrong.
        opened: the documents open in an editor, whose text is the truth; the mapping may change while it is used.
        waits: whether the slow layer of `Definitions` is asked at once.
        helper: the process in which it is asked; `None`: this one.
        modules: the parsed files, shared with other workspaces; `None`: its own.
        index: what the files of the project do; `None`: that is not known.
        faults: by file, or by `origin`.
    """

    root: Path
    overrides: Mapping[str, object] = field(default_factory=dict)
    origin: str = "the editor's settings"
    isolated: bool = False
    lenient: bool = False
    opened: Mapping[Path, Document] = field(default_factory=dict)
    waits: bool = False
    helper: Helper | None = None
    modules: Modules | None = None
    index: Uses | None = None
    faults: dict[Path | str, ConfigurationError] = field(default_factory=dict)
    _settings: dict[Path, Settings] = field(default_factory=dict)
    _last_good: dict[Path, Settings] = field(default_factory=dict)
    _roots: dict[Path, tuple[Path, ...]] = field(default_factory=dict)
    _sources: dict[Path, Definitions] = field(default_factory=dict)
    _installed: Slow | None = None

    def __reduce__(self) -> tuple[Callable[..., Workspace], tuple[object, ...]]:
        # What was read so far stays in its process; trees are made anew.
        opened = {path: document.text for path, document in self.opened.items()}
        own = self.overrides, self.origin, self.isolated, self.lenient, self.waits, self.index
        return _sent, (opened, self.root, *own)

    def settings(self, path: Path) -> Settings:
        """What counts for a file, which need not exist.

        Raises:
            ConfigurationError: its configuration is wrong, and this workspace is not lenient.
        """
        directory = path.absolute().parent
        if directory not in self._settings:
            self._settings[directory] = self._read(directory)
        return self._settings[directory]

    def rules(self, path: Path) -> Rules:
        """What is looked for in a file."""
        return self.settings(path).rules

    def source(self, path: Path) -> Definitions:
        """What a file may ask about the files around it; to be called again for each look at the file.

        The same object each time, so that what the slow layer has found stays known. What it knows of files that have
        changed since, on the disk or in `opened`, it has forgotten.
        """
        path = path.absolute()
        if path not in self._sources:
            # A run that finds everything in the cache never comes here.
            from idiomatic.project.asking import AskedDefinitions
            from idiomatic.project.definitions import Definitions, InstalledDefinitions, Modules, SourceDefinitions

            if self.modules is None:
                self.modules = Modules(self.opened, _KEPT if self.waits else None)
            if self._installed is None:
                self._installed = (
                    InstalledDefinitions(self.root, self.modules)
                    if self.helper is None
                    else AskedDefinitions(self.root, self.helper)
                )
            source = SourceDefinitions(path, self.roots(path), self.modules)
            self._sources[path] = Definitions(source, self._installed, waits=self.waits)
        elif not self._sources[path].source.is_current:
            self._sources[path].forget()
        self._sources[path].index = self.index
        return self._sources[path]

    def roots(self, path: Path) -> tuple[Path, ...]:
        """The folders in which the project's top-level packages lie that a file can import."""
        path = path.absolute()
        if path.parent not in self._roots:
            self._roots[path.parent] = import_path.roots(path, self.root)
        return self._roots[path.parent]

    def forget(self) -> None:
        """Read everything from the disk again, the next time it is asked for: a file of the project changed."""
        self._last_good |= self._settings
        self._settings.clear()
        self._roots.clear()
        self._sources.clear()
        self._installed = None
        if self.helper is not None:
            self.helper.forget()
        self.faults.clear()

    def close(self, path: Path) -> None:
        """Keep nothing of a document that was closed."""
        self._sources.pop(path.absolute(), None)
        if self.modules is not None:
            self.modules.close(path)

    def _read(self, directory: Path) -> Settings:
        try:
            found = configuration.load(directory, isolated=self.isolated)
        except ConfigurationError as error:
            if not self.lenient:
                raise
            self.faults[error.origin] = error
            if (last := self._last_good.get(directory)) is not None:
                return last
            found = Configuration()
        try:
            found = found.merged(self.overrides, self.origin).below(self.root)
            client = client_settings.read(self.overrides, self.origin)
        except ConfigurationError as error:
            if not self.lenient:
                raise
            self.faults[error.origin] = error
            client = NOTHING_SAID
        return Settings(directory, found, self.isolated, client)


def _sent(
    opened: Mapping[Path, str],
    root: Path,
    overrides: Mapping[str, object],
    origin: str,
    isolated: bool,
    lenient: bool,
    waits: bool,
    index: Uses | None,
) -> Workspace:
    """A workspace that came from another process."""
    return Workspace(root, overrides, origin, isolated, lenient, documents(opened), waits, index=index)


def documents(texts: Mapping[Path, str]) -> Mapping[Path, Document]:
    """Texts that count instead of what is on the disk."""
    if not texts:
        return {}
    from idiomatic.core.document import Document

    return {path: Document.parse(text) for path, text in texts.items()}
