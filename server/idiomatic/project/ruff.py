"""Which rules ruff reports in this project: what it shows already need not be shown twice.

What is written in a project's files counts, and what a client says of the ruff that runs beside (`RuffBeside`). Ruff's
own defaults count where nobody selects anything; they depend on its version.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.lazy import regex
from idiomatic.core.ruff_names import RUFF_NAMES
from idiomatic.project.ruff_defaults import PREVIEW, Version, defaults, installed_version
from idiomatic.project.tables import folders_around, inner, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from idiomatic.core.analysis.code import Version as PythonVersion

_FILES: Final = ((".ruff.toml", ()), ("ruff.toml", ()), ("pyproject.toml", ("tool", "ruff")))
_SELECTOR: Final = regex(r"([A-Z]+)(\d*)")
_CODES: Final = {name: code for code, name in RUFF_NAMES.items()}
_LONGEST_CHAIN: Final = 20


class Layer(Struct, frozen=True):
    """What one file says; a file that another one extends is a layer below it.

    Attributes:
        select: replaces what lower layers say, if it is there at all.
        extend_select: adds to it.
        ignore: takes away.
        target: the oldest Python version.
        preview: whether rules that are not yet stable are reported, if it says.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    target: PythonVersion | None = None
    preview: bool | None = None

    def decides(self, code: str) -> bool | None:
        """Whether it switches a rule on or off; `None` if it does not say.

        The longer selector counts; of two that are as long as each other it is `ignore`.
        """
        on = max(map(_weight, _matching(code, (*(self.select or ()), *self.extend_select))), default=-1)
        off = max(map(_weight, _matching(code, self.ignore)), default=-1)
        if on == off == -1:
            return None if self.select is None else False
        return on > off


class RuffBeside(Struct, frozen=True):
    """The ruff that runs beside this server in an editor.

    Attributes:
        version: which; `None` if that is not known.
        settings: what the editor's own settings tell it.
    """

    version: Version | None = None
    settings: Layer = Layer()


class RuffConfiguration(Struct, frozen=True, dict=True):
    """What ruff is told about a folder.

    Attributes:
        layers: the files, those that are extended first.
        directory: where the first of them is.
        beside: the version that is used if the project's environment has none.
    """

    layers: tuple[Layer, ...]
    directory: Path
    beside: Version | None = None

    @property
    def target(self) -> PythonVersion | None:
        """The oldest Python version the code has to run on, if it says."""
        return next((layer.target for layer in reversed(self.layers) if layer.target), None)

    def has(self, code: str) -> bool:
        """Whether a rule is switched on."""
        if code in PREVIEW and not self._has_preview:
            return False
        is_on = not self._has_selection and code in self.defaults
        for layer in self.layers:
            decision = layer.decides(code)
            is_on = is_on if decision is None else decision
        return is_on

    @cached_property
    def defaults(self) -> frozenset[str]:
        """What is on if nobody selects anything."""
        return defaults(installed_version(self.directory) or self.beside)

    @property
    def signature(self) -> object:
        """All that the answers depend on, as a value."""
        return self.layers, None if self._has_selection else sorted(self.defaults)

    @property
    def _has_selection(self) -> bool:
        return any(layer.select is not None for layer in self.layers)

    @property
    def _has_preview(self) -> bool:
        return next((layer.preview for layer in reversed(self.layers) if layer.preview is not None), False)


def load(directory: Path, beside: RuffBeside | None = None) -> RuffConfiguration | None:
    """What ruff reports in the files of a directory; `None` if nothing says that it is used there.

    Args:
        directory: which.
        beside: the ruff of the editor, which is used in projects that do not configure one, too.
    """
    for folder in folders_around(directory):
        for name, path in _FILES:
            if (table := read_toml(folder / name, *path)) is not None:
                found = RuffConfiguration(tuple(_layers(folder / name, table))[::-1], folder)
                if beside is None:
                    return found
                return replace(found, layers=(*found.layers, beside.settings), beside=beside.version)
    return None if beside is None else RuffConfiguration((beside.settings,), directory, beside.version)


def _layers(file: Path, table: Mapping[str, Any]) -> Iterator[Layer]:
    """The file itself and the files it extends, one after the other."""
    for _ in range(_LONGEST_CHAIN):
        yield read_layer(table)
        extended = table.get("extend")
        if not isinstance(extended, str):
            return
        file = file.parent / Path(extended).expanduser()
        found = read_toml(file, *(("tool", "ruff") if file.name == "pyproject.toml" else ()))
        if found is None:
            return
        table = found


def read_layer(table: Mapping[str, Any]) -> Layer:
    """What a table of ruff's configuration says, or an editor's settings in that form."""
    lint = inner(table, "lint") or {}

    def value(key: str) -> object:
        return lint.get(key, table.get(key))

    def names(key: str) -> tuple[str, ...] | None:
        found = value(key)
        return tuple(filter(None, map(_selector, found))) if isinstance(found, list) else None

    target = re.fullmatch(r"py3(\d{1,2})", str(table.get("target-version")))
    preview = value("preview")
    return Layer(
        names("select"),
        names("extend-select") or (),
        (*(names("ignore") or ()), *(names("extend-ignore") or ())),
        (3, int(target[1])) if target else None,
        preview if isinstance(preview, bool) else None,
    )


def _selector(value: object) -> str | None:
    """A selector; a rule may be selected by its name as well as by its code."""
    if not isinstance(value, str):
        return None
    return value if _SELECTOR.fullmatch(value) else _CODES.get(value)


def _matching(code: str, selectors: Iterable[str]) -> Iterator[str]:
    """The selectors that mean a rule: `B` does not mean `BLE001`, but `PL` means `PLR0913`."""
    letters = re.match(r"[A-Z]+", code)
    for selector in selectors:
        is_family = letters is not None and (selector.rstrip("0123456789") == letters.group() or selector == "PL")
        if selector == "ALL" or (is_family and code.startswith(selector)):
            yield selector


def _weight(selector: str) -> int:
    return 0 if selector == "ALL" else 1 + len(selector)
