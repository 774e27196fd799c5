"""Which rules ruff reports in this project: what it shows already need not be shown twice.

Only what is written in a project's files counts. Ruff's own defaults count where a file leaves the choice to them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from idiomatic.project.tables import folders_around, inner, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from idiomatic.core.analysis.code import Version

_FILES: Final = ((".ruff.toml", ()), ("ruff.toml", ()), ("pyproject.toml", ("tool", "ruff")))
_DEFAULT: Final = ("E4", "E7", "E9", "F")
_SELECTOR: Final = re.compile(r"([A-Z]+)(\d*)")
_LONGEST_CHAIN: Final = 20


@dataclass(frozen=True)
class Layer:
    """What one file says; a file that another one extends is a layer below it.

    Attributes:
        select: replaces what lower layers say, if it is there at all.
        extend_select: adds to it.
        ignore: takes away.
        target: the oldest Python version.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    target: Version | None = None

    def decides(self, code: str) -> bool | None:
        """Whether it switches a rule on or off; `None` if it does not say.

        The longer selector counts; of two that are as long as each other it is `ignore`.
        """
        on = max(map(_weight, _matching(code, (*(self.select or ()), *self.extend_select))), default=-1)
        off = max(map(_weight, _matching(code, self.ignore)), default=-1)
        if on == off == -1:
            return None if self.select is None else False
        return on > off


@dataclass(frozen=True)
class RuffConfiguration:
    """What ruff is told about a folder.

    Attributes:
        layers: the files, those that are extended first.
    """

    layers: tuple[Layer, ...]

    @property
    def target(self) -> Version | None:
        """The oldest Python version the code has to run on, if it says."""
        return next((layer.target for layer in reversed(self.layers) if layer.target), None)

    def has(self, code: str) -> bool:
        """Whether a rule is switched on."""
        is_on = bool(list(_matching(code, _DEFAULT)))
        for layer in self.layers:
            decision = layer.decides(code)
            is_on = is_on if decision is None else decision
        return is_on


def load(directory: Path) -> RuffConfiguration | None:
    """The configuration that ruff uses for the files in a directory; `None` if the project has none."""
    for folder in folders_around(directory):
        for name, path in _FILES:
            if (table := read_toml(folder / name, *path)) is not None:
                return RuffConfiguration(tuple(_layers(folder / name, table))[::-1])
    return None


def _layers(file: Path, table: Mapping[str, Any]) -> Iterator[Layer]:
    """The file itself and the files it extends, one after the other."""
    for _ in range(_LONGEST_CHAIN):
        yield _layer(table)
        extended = table.get("extend")
        if not isinstance(extended, str):
            return
        file = file.parent / Path(extended).expanduser()
        found = read_toml(file, *(("tool", "ruff") if file.name == "pyproject.toml" else ()))
        if found is None:
            return
        table = found


def _layer(table: Mapping[str, Any]) -> Layer:
    lint = inner(table, "lint") or {}

    def names(key: str) -> tuple[str, ...] | None:
        value = lint.get(key, table.get(key))
        return tuple(filter(_is_selector, value)) if isinstance(value, list) else None

    target = re.fullmatch(r"py3(\d{1,2})", str(table.get("target-version")))
    return Layer(
        names("select"),
        names("extend-select") or (),
        (*(names("ignore") or ()), *(names("extend-ignore") or ())),
        (3, int(target[1])) if target else None,
    )


def _is_selector(value: object) -> bool:
    return isinstance(value, str) and _SELECTOR.fullmatch(value) is not None


def _matching(code: str, selectors: Iterable[str]) -> Iterator[str]:
    """The selectors that mean a rule: `B` does not mean `BLE001`, but `PL` means `PLR0913`."""
    letters = re.match(r"[A-Z]+", code)
    for selector in selectors:
        is_family = letters is not None and (selector.rstrip("0123456789") == letters.group() or selector == "PL")
        if selector == "ALL" or (is_family and code.startswith(selector)):
            yield selector


def _weight(selector: str) -> int:
    return 0 if selector == "ALL" else 1 + len(selector)
