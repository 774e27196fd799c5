"""The configuration of a project: `idiomatic.toml`, or `[tool.idiomatic]` in `pyproject.toml`.

docs/configuration.md describes every key. A value that is wrong is an error that says where it stands and what is
allowed there, never something to guess about.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from idiomatic.core import catalogue
from idiomatic.core.idiom import Severity
from idiomatic.core.lazy import regex
from idiomatic.core.text import Lines, Span
from idiomatic.project.tables import version_of
from idiomatic.project.toml_places import place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idiomatic.core.analysis.code import Version

OWN_FILE: Final = "idiomatic.toml"
SHARED_FILE: Final = "pyproject.toml"
TABLE: Final = ("tool", "idiomatic")
ALL: Final = "ALL"

_VERSION: Final = regex(r"3\.(\d{1,2})")
_CLIENT_KEYS: Final = {"targetVersion": "target-version"}


class ConfigurationError(Exception):
    """A configuration value that can't be used.

    Attributes:
        origin: the file, or what else the value comes from (`--select`, the editor's settings).
        key: the dotted key within the configuration, empty if the file as a whole is meant.
        message: what is wrong, with the allowed values.
        span: where the key stands in the file, as offsets.
        line: its line, from 0.
        column: its column, from 0, in code points.
    """

    def __init__(self, origin: Path | str, key: str, message: str, text: str = "", span: Span | None = None) -> None:
        self.origin = origin
        self.key = key
        self.message = message
        self.span = span or Span(0, 0)
        self.line, self.column = Lines(text).position(self.span.start)
        super().__init__(str(self))

    @property
    def file(self) -> Path | None:
        """The file, if the value comes from one."""
        return self.origin if isinstance(self.origin, Path) else None

    def __str__(self) -> str:
        where = f"{self.origin}:{self.line + 1}:{self.column + 1}" if self.file else str(self.origin)
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class Configuration(Struct, frozen=True):
    """What a project, a client or the command line has decided.

    Attributes:
        select: rule names, families or `ALL`; `None` where nothing was said, which means all.
        ignore: likewise, what is switched off.
        severity: by rule name, where it differs from the rule's own.
        target_version: the oldest Python the code has to run on; `None`: found out from the project.
        exclude: gitignore patterns, relative to `directory`, of files that are not looked at.
        templates: a folder with templates of the project's own.
        file: the file all this was read from.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    target_version: Version | None = None
    exclude: tuple[str, ...] = ()
    templates: Path | None = None
    file: Path | None = None

    @property
    def directory(self) -> Path | None:
        """Where relative paths and patterns begin."""
        return self.file and self.file.parent

    def merged(self, settings: Mapping[str, object], origin: str = "the editor's settings") -> Configuration:
        """What results when a client's settings, or the command line's options, are put over this.

        Empty values count as not set, and keys that are none of ours are passed over: clients send all of their
        settings. `select`, `target-version` and `templates` replace, the others add to what there is. A rule that is
        selected here by its name is shown, even if its severity was `off`.

        Args:
            settings: keys as in the file; `targetVersion` is also understood.
            origin: what they are called in an error.

        Raises:
            ConfigurationError: a value is wrong.
        """
        own = {_CLIENT_KEYS.get(key, key): value for key, value in settings.items()}
        known = {key: value for key, value in own.items() if key in KEYS and value not in (None, "", [], {}, ())}
        if not known:
            return self
        new = _structure(known, origin, "", ())
        by_name = set(new.select or ())
        severity = {
            rule: level for rule, level in self.severity.items() if not (level is Severity.OFF and rule in by_name)
        }
        return replace(
            self,
            select=self.select if new.select is None else new.select,
            ignore=(*self.ignore, *new.ignore),
            severity={**severity, **new.severity},
            target_version=new.target_version or self.target_version,
            exclude=(*self.exclude, *new.exclude),
            templates=new.templates or self.templates,
        )

    def below(self, root: Path) -> Configuration:
        """With a relative folder of templates, which only an editor can name, taken as one of `root`."""
        if self.templates is None or self.templates.is_absolute():
            return self
        return replace(self, templates=root / self.templates)

    def selects(self, rule: str, family: str) -> bool:
        """Whether a rule is switched on: its own name counts more than its family's, and that more than `ALL`."""
        if self.severity.get(rule) is Severity.OFF:
            return False
        for name in (rule, family, ALL):
            if name in self.ignore:
                return False
            if self.select is not None and name in self.select:
                return True
        return self.select is None

    def selects_by_name(self, rule: str) -> bool:
        """Whether a rule was asked for by its own name."""
        return rule in (self.select or ()) and rule not in self.ignore


KEYS: Final = tuple(name.replace("_", "-") for name in Configuration.__struct_fields__ if name != "file")
"""The keys of the configuration file."""


def load(directory: Path, *, isolated: bool = False) -> Configuration:
    """The configuration that counts for the files in a directory: the nearest one, upwards.

    Raises:
        ConfigurationError: it can't be read or a value in it is wrong.
    """
    if isolated:
        return Configuration()
    directory = directory.absolute()
    for folder in (directory, *directory.parents):
        for name in (OWN_FILE, SHARED_FILE):
            if (found := read(folder / name)) is not None:
                return found
    return Configuration()


def read(file: Path) -> Configuration | None:
    """The configuration in a file; `None` if there is none.

    Raises:
        ConfigurationError: the file can't be read or a value in it is wrong.
    """
    version = version_of(file)
    return _read(file, version) if version is not None else None


@lru_cache(maxsize=64)
def _read(file: Path, _: Hashable) -> Configuration | None:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, PermissionError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(file, "", f"can't be read: {error}") from error
    is_shared = file.name == SHARED_FILE
    prefix = TABLE if is_shared else ()
    if is_shared and not re.search(r"\bidiomatic\b", text):
        return None
    try:
        table: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if is_shared and "tool.idiomatic" not in text:
            return None  # somebody else's mistake
        raise _not_toml(file, text, error) from error
    for name in prefix:
        if not isinstance(table, Mapping) or name not in table:
            return None
        table = table[name]
    return replace(_structure(table, file, text, prefix), file=file)


def _not_toml(file: Path, text: str, error: tomllib.TOMLDecodeError) -> ConfigurationError:
    found = re.search(r"line (\d+), column (\d+)", str(error))
    lines = Lines(text)
    offset = lines.offset(int(found[1]) - 1, int(found[2]) - 1) if found else len(text)
    return ConfigurationError(file, "", f"not valid TOML: {error}", text, Span(offset, offset))


class _WrongValueError(ValueError):
    """A value is wrong; `inner` is the key below the one that is being read, if any."""

    def __init__(self, message: str, *inner: str) -> None:
        super().__init__(message)
        self.inner = inner


def _structure(table: object, origin: Path | str, text: str, prefix: tuple[str, ...]) -> Configuration:
    if not isinstance(table, Mapping):
        span = place(text, prefix)
        raise ConfigurationError(origin, ".".join(prefix), "expected a table", text, span)
    found: dict[str, Any] = {}
    # What is wrong with a key that there is counts for more than one that there is not.
    for key, value in sorted(table.items(), key=lambda item: item[0] not in KEYS):
        try:
            if key not in KEYS:
                raise _WrongValueError(unknown("key", key, KEYS))
            found[key.replace("-", "_")] = _READERS[key](value)
        except _WrongValueError as error:
            path = (*prefix, key, *error.inner)
            raise ConfigurationError(origin, ".".join(path), str(error), text, place(text, path)) from error
    read = Configuration(**found)
    if read.templates is not None and isinstance(origin, Path):
        return replace(read, templates=origin.parent / read.templates)
    return read


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
        raise _WrongValueError(f"expected a list of strings, got {_shown(value)}")
    return tuple(value)


def _patterns(value: object) -> tuple[str, ...]:
    from idiomatic.project.walk import is_pattern

    patterns = _strings(value)
    for pattern in patterns:
        if not is_pattern(pattern):
            raise _WrongValueError(f"{_shown(pattern)} is not a pattern as in a .gitignore")
    return patterns


def _names(value: object) -> tuple[str, ...]:
    names = _strings(value)
    for name in names:
        if name not in selectable():
            raise _WrongValueError(unknown("rule or family", name, selectable()))
    return names


def _severities(value: object) -> dict[str, Severity]:
    if not isinstance(value, Mapping):
        raise _WrongValueError(f'expected a table such as {{ "naive-utcnow" = "hint" }}, got {_shown(value)}')
    found: dict[str, Severity] = {}
    for name, level in value.items():
        if name not in catalogue.families():
            raise _WrongValueError(unknown("rule", name, catalogue.families()), name)
        if level not in [*Severity]:
            raise _WrongValueError(unknown("severity", level, [*Severity]), name)
        found[name] = Severity(level)
    return found


def _version(value: object) -> Version:
    match = _VERSION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _WrongValueError(f'expected a Python version as a string, "3.X", such as "3.11", got {_shown(value)}')
    return 3, int(match[1])


def _path(value: object) -> Path:
    if not isinstance(value, str) or not value:
        raise _WrongValueError(f"expected the path of a folder, got {_shown(value)}")
    return Path(value).expanduser()


_READERS: Final[Mapping[str, Callable[[object], object]]] = {
    "select": _names,
    "ignore": _names,
    "severity": _severities,
    "target-version": _version,
    "exclude": _patterns,
    "templates": _path,
}


def selectable() -> tuple[str, ...]:
    """What `select` and `ignore` may name."""
    families = catalogue.families()
    return (ALL, *dict.fromkeys(families.values()), *families)


def unknown(what: str, value: object, allowed: Iterable[str]) -> str:
    """What to say of a name that there is not: the nearest there is, and all of them."""
    names = [str(name) for name in allowed]
    nearest = difflib.get_close_matches(str(value), names, 1)
    hint = f"did you mean `{nearest[0]}`? Allowed" if nearest else "allowed"
    shown = f"`{value}`" if isinstance(value, str) else _shown(value)
    return f"unknown {what} {shown}; {hint}: {', '.join(names)}"


def _shown(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case Mapping():
            return "a table"
        case _:
            return repr(value)
