"""Where the functions and classes of other files are defined, and what they look like.

Two layers: the files of the project, read and parsed in milliseconds; and installed packages, for which jedi may have
to be asked, in seconds. Nothing is ever imported or run.
"""

from __future__ import annotations

import ast
import logging
import sys
import threading
import time
from enum import Enum, auto
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias
from weakref import ref

from msgspec import Struct, field

from idiomatic.core import module as questions
from idiomatic.core.analysis.origins import definition_with_origins
from idiomatic.core.document import Document
from idiomatic.core.facts import ClassFact, FunctionFact, class_fact, function_fact
from idiomatic.core.module import Module, Role
from idiomatic.project import evidence, files, import_path
from idiomatic.project.evidence import LARGEST, Sight
from idiomatic.project.import_path import SUFFIXES
from idiomatic.project.tables import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from idiomatic.core.acts import Act, Found
    from idiomatic.project.evidence import Evidence
    from idiomatic.project.index import Uses

logger = logging.getLogger(__name__)

Fact: TypeAlias = FunctionFact | ClassFact

_LONGEST: Final = 4
"""How many names behind a module are followed: a class, its method, and a little more."""


class Elsewhere(Struct, frozen=True):
    """A name that no file of the project defines.

    Attributes:
        qualified: its absolute dotted name, as the last file that mentioned it has it.
    """

    qualified: str


class _Unbound(Enum):
    UNBOUND = auto()


UNBOUND: Final = _Unbound.UNBOUND
Outcome: TypeAlias = Fact | Elsewhere | Literal[_Unbound.UNBOUND] | None
"""What looking for a name led to: a definition, out of the project, something else (`None`), or no such name."""


Seen: TypeAlias = set[tuple[Path, str]]
"""Which names of which files were looked for in one search."""


_UNASKED: Final = 1 / 8
"""How much of what is kept may be files that no other has asked for."""


class _Known(Struct, frozen=True):
    """What a file was when it was read.

    Attributes:
        version: of the file.
        module: what is in it; `None` if nothing can be read.
        digest: of its content; `None` if there is no such file.
        size: how many characters are kept.
    """

    version: object
    module: Module | None
    digest: str | None
    size: int


_NOTHING: Final = _Known(None, None, None, 0)


class Modules:
    """The parsed files of the project, read again when they change.

    Attributes:
        opened: the documents open in an editor: their text is the truth, not the disk's.
        gone: if that is a list, what was read from the disk and is no longer kept: whoever asks for it ends it when
            nobody looks at it any more.

    Args:
        keeps: how many characters of text are kept parsed, which take fifty times that in memory; `None`: all.
        for_seconds: how long what was used is kept in any case. Who asks the same again and again, after each edit,
            must not find that it was given up for something else that is asked for after each edit.
    """

    def __init__(
        self, opened: Mapping[Path, Document] | None = None, keeps: int | None = None, for_seconds: float = 0.0
    ) -> None:
        self.opened = {} if opened is None else opened
        self.gone: list[Module] | None = None
        self._keeps = keeps
        self._for_seconds = for_seconds
        self._known: dict[Path, _Known] = {}
        self._asked: set[Path] = set()
        self._used: dict[Path, float] = {}

    def version(self, path: Path) -> object:
        """What changes when the text of a file does; `None` if there is no such file."""
        document = self.opened.get(path)
        # To know which version was seen is no reason to keep it.
        return version_of(path) if document is None else ref(document)

    def read(self, path: Path) -> Module | None:
        """The module in a file; `None` if there is no such file, or nothing can be read in it."""
        self._asked.add(path)
        return self._look(path).module

    def digest(self, path: Path) -> str | None:
        """The digest of the text that was read; `None` if there is no such file."""
        return self._look(path).digest

    def document(self, path: Path, digest: str) -> Document | None:
        """The document of a file that is looked at, whose text has a digest.

        Returns:
            `None` if it has another one, or can't be read.
        """
        known = self._look(path)
        return known.module.document if known.module is not None and known.digest == digest else None

    def _look(self, path: Path) -> _Known:
        version = self.version(path)
        if version is None:
            return _NOTHING
        known = self._known.pop(path, None)
        self._used[path] = time.monotonic()
        if known is not None and known.version == version:
            # The last one used is the last one of them.
            self._known[path] = known
            return known
        document = self.opened.get(path)
        module, digest = _parsed(path) if document is None else _opened(document)
        known = self._known[path] = _Known(version, module, digest, len(module.document) if module is not None else 0)
        if self._keeps is not None:
            self._forget_some(self._keeps)
        return known

    def _forget_some(self, keeps: int) -> None:
        """Keep what was used last, as much as is kept, and the very last in any case.

        Who looks at all files of a project comes to each of them once; those that others ask for are asked for again.
        """
        before = time.monotonic() - self._for_seconds
        left = {False: keeps * _UNASKED, True: keeps * (1 - _UNASKED)}
        for index, (path, known) in enumerate(reversed(list(self._known.items()))):
            is_asked = path in self._asked
            left[is_asked] -= known.size
            if index and left[is_asked] < 0 and self._used[path] <= before:
                self.close(path)
                if self.gone is not None and known.module is not None and path not in self.opened:
                    self.gone.append(known.module)

    def close(self, path: Path) -> None:
        """Keep nothing of a document that was closed."""
        self._known.pop(path, None)
        self._used.pop(path, None)
        self._asked.discard(path)


def _opened(document: Document) -> tuple[Module, str]:
    return Module(document), evidence.digest(document.text.encode("utf-8", "surrogatepass"))


def _parsed(path: Path) -> tuple[Module | None, str | None]:
    try:
        if path.stat().st_size > LARGEST:
            return None, evidence.text(str(path))
        raw = path.read_bytes()
    except OSError:
        return None, None
    try:
        # Of these very bytes: the file may be another one a moment later.
        return Module(Document.parse(files.decode(path, raw).text)), evidence.digest(raw)
    except (files.FileError, RecursionError):
        return None, evidence.digest(raw)


class SourceDefinitions(Struct, frozen=True):
    """The names that the files of a project define.

    Attributes:
        path: the file that asks; relative names begin there.
        roots: the folders in which top-level packages lie.
        modules: the parsed files.
        seen: the files that were looked into or for, with their versions then.
        evidence: what the answers rest on.
    """

    path: Path
    roots: tuple[Path, ...]
    modules: Modules
    seen: dict[Path, object] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=dict)

    @property
    def is_current(self) -> bool:
        """Whether all of these files are as they were."""
        return all(self.modules.version(path) == version for path, version in self.seen.items())

    def _read(self, path: Path) -> Module | None:
        self.seen[path] = self.modules.version(path)
        module = self.modules.read(path)
        self.evidence[Sight.TEXT, str(path)] = self.modules.digest(path)
        return module

    def find(self, qualified: str) -> Fact | Elsewhere | None:
        """The function or class of a dotted name; `None` if the project has it and it is something else."""
        return self._find(qualified, self.path, set())

    def _find(self, qualified: str, asking: Path, seen: Seen) -> Fact | Elsewhere | None:
        name = qualified.lstrip(".")
        names = name.split(".")
        dots = len(qualified) - len(name)
        if not all(names) or dots > len(asking.parents):
            return None
        if dots:
            found = self._in_folder(asking.parents[dots - 1], names, asking, seen)
            return None if found is UNBOUND else found
        for root in self.roots:
            if (found := self._below(root, names, asking, seen)) is not UNBOUND:
                return found
        return Elsewhere(name)

    def _below(self, folder: Path, names: Sequence[str], asking: Path, seen: Seen) -> Outcome:
        """What a path of names leads to that begins with a module or package in a folder."""
        first, *rest = names
        if self._is_package(folder / first):
            return self._in_folder(folder / first, rest, asking, seen) if rest else None
        for suffix in SUFFIXES:
            path = folder / f"{first}{suffix}"
            if (module := self._read(path)) is not None:
                return self._bound(module, path, rest, seen) if rest else None
        # A folder without `__init__.py` may be a package too, if there is a module in it.
        is_namespace = rest and evidence.is_folder(folder / first, self.evidence)
        return self._below(folder / first, rest, asking, seen) if is_namespace else UNBOUND

    def _in_folder(self, folder: Path, names: Sequence[str], asking: Path, seen: Seen) -> Outcome:
        """What a path of names leads to in a package: what its `__init__` binds, or its modules.

        In `package.part.name` a module `part` is more likely than a class; in `package.name` it is the other way round.
        """
        if len(names) > 1 and (found := self._below(folder, names, asking, seen)) is not UNBOUND:
            return found
        # A module has just been looked into. By the stars in `__init__` the search would come back here for ever.
        stars = len(names) == 1 or not self._is_module(folder, names[0])
        for suffix in SUFFIXES:
            path = folder / f"__init__{suffix}"
            if path != asking and (module := self._read(path)) is not None:
                found = self._bound(module, path, names, seen, stars=stars)
                if found is not UNBOUND:
                    return found
        return self._below(folder, names, asking, seen) if len(names) == 1 else UNBOUND

    def _bound(self, module: Module, path: Path, names: Sequence[str], seen: Seen, *, stars: bool = True) -> Outcome:
        """What a name means in a module, and the names behind it within that."""
        first, *rest = names
        # Packages import from each other in circles, stars included, and the name may grow on the way round.
        key = (path, ".".join(names))
        if key in seen or len(names) > _LONGEST:
            return UNBOUND
        seen.add(key)
        if (fact := module.ask(definition_with_origins, first)) is not None:
            return _member(fact, rest)
        targets = {binding.qualified for binding in module.ask(questions.bindings, first)}
        match [*targets]:
            case [str(target)]:
                return self._find(".".join((target, *rest)), path, seen)
            case []:
                return self._from_star(module, path, names, seen) if stars else UNBOUND
            case _:
                return None

    def _from_star(self, module: Module, path: Path, names: Sequence[str], seen: Seen) -> Outcome:
        if names[0].startswith("_"):
            return UNBOUND
        for star in reversed(module.ask(questions.bindings, "*")):
            if star.qualified is not None:
                found = self._find(f"{star.qualified.removesuffix('*')}{'.'.join(names)}", path, seen)
                if isinstance(found, (FunctionFact, ClassFact)):
                    return found
        return UNBOUND

    def _is_module(self, folder: Path, name: str) -> bool:
        candidates = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
        return self._is_package(folder / name) or any(evidence.is_file(path, self.evidence) for path in candidates)

    def _is_package(self, folder: Path) -> bool:
        candidates = (folder / f"__init__{suffix}" for suffix in SUFFIXES)
        return any(evidence.is_file(path, self.evidence) for path in candidates)


def _member(fact: Fact, names: Sequence[str]) -> Fact | None:
    match fact, names:
        case _, []:
            return fact
        case ClassFact(), [name]:
            return fact.method(name)
        case _:
            return None


class InstalledDefinitions:
    """The names that installed packages define.

    Their source is read as the project's is. What that does not tell, jedi is asked: it may take seconds for its first
    answer about a package.
    """

    def __init__(self, root: Path, modules: Modules) -> None:
        self._root = root
        self._modules = modules
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Fact | None, Evidence]] = {}

    def find(self, qualified: str, seen: Evidence) -> Fact | None:
        """The function or class of an absolute dotted name; what the answer rests on is noted in `seen`."""
        with self._lock:
            if qualified not in self._known:
                own: Evidence = {}
                self._known[qualified] = self._find(qualified, own), own
            found, own = self._known[qualified]
        seen |= own
        return found

    def _find(self, qualified: str, seen: Evidence) -> Fact | None:
        package, _, name = qualified.partition(".")
        if not name:
            return None
        seen[Sight.PACKAGES, str(self._root)] = "\n".join(map(str, self._folders))
        found = SourceDefinitions(self._root / "_", self._folders, self._modules, evidence=seen).find(qualified)
        if isinstance(found, (FunctionFact, ClassFact)):
            return found
        # What the standard library does not define in Python is no coroutine, and no class that anybody rewrites.
        if package in sys.stdlib_module_names or not any(_has(each, package, seen) for each in self._folders):
            return None
        # Where jedi looks is its own affair: it may be anywhere in the package.
        for folder in self._folders:
            seen[Sight.TREE, str(folder / package)] = evidence.tree(str(folder / package))
        try:
            return self._ask_jedi(qualified)
        except Exception as error:  # any may come out of it
            logger.debug("jedi failed on %s", qualified, exc_info=error)
            return None

    @cached_property
    def _folders(self) -> tuple[Path, ...]:
        return import_path.installed(self._root)

    def _ask_jedi(self, qualified: str) -> Fact | None:
        import jedi

        parts = qualified.split(".")
        # Where the module ends and its names begin can't be seen: a function of a module is the most frequent case.
        for split in range(len(parts) - 1, max(len(parts) - 3, 0), -1):
            module, names = ".".join(parts[:split]), parts[split:]
            code = f"from {module} import {names[0]}\n{'.'.join(names)}"
            script = jedi.Script(code, path=self._root / "_.py", project=self._project, environment=self._interpreter)
            for name in script.infer(2, len(code.rpartition("\n")[2])):
                if name.type in {"function", "class"} and name.module_path is not None:
                    return self._defined_in(Path(name.module_path), name.line)
        return None

    @cached_property
    def _project(self) -> Any:
        import jedi
        from platformdirs import user_cache_path

        jedi.settings.cache_directory = str(user_cache_path("idiomatic") / "jedi")
        # Compiled modules are imported only from where our own interpreter would import them, in a process of jedi's.
        return jedi.Project(
            self._root, sys_path=[*map(str, self._folders)], smart_sys_path=False, load_unsafe_extensions=False
        )

    @cached_property
    def _interpreter(self) -> Any:
        import jedi

        # Left to itself, jedi runs the interpreter of whichever virtual environment is active.
        return jedi.create_environment(sys.executable, safe=False)

    def _defined_in(self, path: Path, line: int) -> Fact | None:
        module = self._modules.read(path)
        for statement in module.document.statements if module is not None else ():
            for outer in statement.nodes:
                if not outer.lineno <= line <= (outer.end_lineno or line):
                    continue
                for node in ast.walk(outer):
                    match node:
                        case ast.ClassDef(lineno=start) if start == line:
                            return class_fact(node)
                        case ast.FunctionDef(lineno=start) | ast.AsyncFunctionDef(lineno=start) if start == line:
                            return function_fact(node)
                        case _:
                            pass
        return None


def _has(folder: Path, package: str, seen: Evidence) -> bool:
    candidates = (folder / f"{package}{suffix}" for suffix in SUFFIXES)
    return evidence.is_folder(folder / package, seen) or any(evidence.is_file(path, seen) for path in candidates)


class Slow(Protocol):
    """Where the names of installed packages are looked up."""

    def find(self, qualified: str, seen: Evidence) -> Fact | None:
        """The function or class of an absolute dotted name; what the answer rests on is noted in `seen`."""
        ...


class Definitions(Struct, dict=True):
    """What is known of the files around one file: what `idiomatic.core.module.Project` asks for.

    Attributes:
        source: the quick layer.
        installed: the slow one; `None`: it is never asked.
        waits: whether it is asked at once; else what it would have to be asked is kept for `resolve`.
        index: what the files of the project do; `None`: that is not known.
        is_waiting: whether somebody wanted to know it, and it was not known.
        version: how often more became known without anything having changed.
    """

    source: SourceDefinitions
    installed: Slow | None = None
    waits: bool = False
    index: Uses | None = None
    is_waiting: bool = False
    version: int = 0
    _answers: dict[str, Fact | None] = field(default_factory=dict)
    _open: dict[str, str] = field(default_factory=dict)

    @property
    def role(self) -> Role:
        """What the file is for."""
        return import_path.role(self.source.path, self.source.roots)

    def definition(self, qualified: str) -> Fact | None:
        """The function or class of that dotted name; `None` where it can't be found, or has not been found yet."""
        if qualified not in self._answers:
            found = self.source.find(qualified)
            if isinstance(found, Elsewhere):
                self._open[qualified] = found.qualified
                found = None
            self._answers[qualified] = found
            if self.waits:
                self.resolve()
        return self._answers[qualified]

    def uses(self, act: Act, word: str) -> tuple[Found, ...] | None:
        """Where other files of the project do something; `None` as long as that is not known."""
        found = self.index.find(act, word, self.source.path) if self.index is not None else None
        if found is None:
            self.is_waiting = True
        elif self.waits:
            asked = evidence.question(act, word, self.source.path)
            self.source.evidence[Sight.USES, asked] = evidence.answer(found)
        return found

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be asked of the slow layer."""
        return self.installed is None or not self._open

    def resolve(self) -> bool:
        """Ask the slow layer what is still open.

        Returns:
            Whether anything was found, so that the file has to be looked at again.
        """
        found = False
        while self.installed is not None and self._open:
            asked, qualified = self._open.popitem()
            if (fact := self.installed.find(qualified, self.source.evidence)) is not None:
                self._answers[asked] = fact
                self.version += 1
                found = True
        return found

    def forget(self) -> None:
        """Look everything up again."""
        self._answers.clear()
        self._open.clear()
        self.source.seen.clear()
        self.source.evidence.clear()
