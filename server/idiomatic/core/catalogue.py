"""All idioms, found by walking the package `idiomatic.idioms`.

A file that does not keep to the form of an idiom is a programming mistake and is reported with its place as soon as the
catalogue is loaded, not when its turn comes.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from idiomatic.core.idiom import Idiom, Kind
from idiomatic.core.suppression import UNKNOWN, UNUSED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

SECTIONS: Final = ("Why", "Example", "Fix safety", "References")
"""The second-level headings of an idiom's docstring, in this order."""


class CatalogueError(Exception):
    """An idiom file does not keep to the form; the message begins with `file:line`."""


class Catalogue(Mapping[str, Idiom]):
    """The idioms by name, in the order of families and names."""

    def __init__(self, found: typing.Iterable[Idiom]) -> None:
        self._idioms = {idiom.name: idiom for idiom in sorted(found, key=lambda idiom: (idiom.family, idiom.name))}

    def __getitem__(self, name: str) -> Idiom:
        return self._idioms[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._idioms)

    def __len__(self) -> int:
        return len(self._idioms)


@cache
def load() -> Catalogue:
    """The idioms of this package.

    Raises:
        CatalogueError: an idiom file does not keep to the form.
    """
    return Catalogue(_walk())


@cache
def rules() -> Catalogue:
    """Every rule that can be named: the idioms, and the two about suppressions.

    Raises:
        CatalogueError: an idiom file does not keep to the form.
    """
    return Catalogue((*load().values(), UNUSED, UNKNOWN))


@cache
def families() -> Mapping[str, str]:
    """The name of every rule, in the order of `rules`, with its family; no idiom is loaded for that."""
    idioms = ((_family(module), _rule(module)) for module in _modules())
    others = ((rule.family, rule.name) for rule in (UNUSED, UNKNOWN))
    return {name: family for family, name in sorted([*idioms, *others])}


def _walk() -> Iterator[Idiom]:
    return (read(importlib.import_module(module)) for module in _modules())


def _modules() -> Iterator[str]:
    # By name: the engine knows that there are idioms, none of them is known to it.
    idioms = importlib.import_module("idiomatic.idioms")
    for family in pkgutil.iter_modules(idioms.__path__, f"{idioms.__name__}."):
        package = importlib.import_module(family.name)
        for module in pkgutil.iter_modules(package.__path__, f"{family.name}."):
            yield module.name


def _rule(module: str) -> str:
    return module.rpartition(".")[2].replace("_", "-")


def _family(module: str) -> str:
    return module.split(".")[-2]


def read(module: ModuleType) -> Idiom:
    """The idiom of an imported file.

    Raises:
        CatalogueError: the file does not keep to the form.
    """
    # It stands at the left margin; to look for that, as `inspect.cleandoc` does, takes as long as all checks here.
    text = (module.__doc__ or "").strip()
    headings = tuple(part.partition("\n")[0].strip() for part in text.split("\n## ")[1:])
    advice = text.partition("\n")[0]
    if not advice.endswith("."):
        raise _fault(module, 1, "the docstring's first line is the advice, a sentence with a full stop")
    if headings != SECTIONS:
        raise _fault(module, 1, f"the docstring has the sections {', '.join(SECTIONS)}; found: {', '.join(headings)}")
    detect = getattr(module, "detect", None)
    if not inspect.isfunction(detect):
        raise _fault(module, 1, "there is no function `detect(node: ast.X, code: Analysis)`")
    return Idiom(
        name=_rule(module.__name__),
        family=_family(module.__name__),
        kind=_constant(module, "KIND", Kind),
        since=_constant(module, "SINCE", tuple),
        triggers=_constant(module, "TRIGGERS", tuple),
        also=_constant(module, "ALSO", tuple),
        nodes=_nodes(module, detect),
        detect=detect,
        text=text,
        path=module.__file__ or "",
    )


T = typing.TypeVar("T")


def _constant(module: ModuleType, name: str, kind: type[T]) -> T:
    value = getattr(module, name, None)
    if not isinstance(value, kind):
        raise _fault(module, 1, f"the constant `{name}` is missing or not a {kind.__name__}")
    return value


def _nodes(module: ModuleType, detect: types.FunctionType) -> tuple[type[ast.AST], ...]:
    annotations = list(inspect.get_annotations(detect).values())
    line = detect.__code__.co_firstlineno
    if not annotations:
        raise _fault(module, line, "the first parameter of `detect` is annotated with the syntax nodes it wants")
    wanted = annotations[0]
    if isinstance(wanted, str):
        try:
            wanted = eval(wanted, vars(module))  # an annotation of our own source
        except NameError as error:
            raise _fault(module, line, f"the annotation {annotations[0]!r} of `detect`: {error}") from error
    members = typing.get_args(wanted) or (wanted,)
    if not all(isinstance(member, type) and issubclass(member, ast.AST) for member in members):
        raise _fault(module, line, "the first parameter of `detect` is annotated with classes of `ast`")
    return tuple(members)


def _fault(module: ModuleType, line: int, message: str) -> CatalogueError:
    return CatalogueError(f"{module.__file__}:{line}: {message}")
