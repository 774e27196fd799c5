"""Type variables for new annotations: the type parameters of a function, or variables of the module."""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.type_variables import type_variables
from idiomatic.core.lazy import regex
from idiomatic.core.module import bindings
from idiomatic.core.writing.signatures import are_annotations_lazy, generic

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from idiomatic.core.analysis.code import Analysis, Version
    from idiomatic.core.draft import Draft

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "P": ("P", "Params"),
    "R": ("R", "T", "Result"),
    "S": ("S", "Owner", "First"),
}
"""What a type variable may be called, the best first: parameters, a result, the object that a method belongs to."""
_WORD: Final = regex(r"\{(\w+)\}")
_LIKE_A_VARIABLE: Final = regex(r"_?[A-Z]{1,2}")
_TYPING: Final = frozenset(("Any", "Concatenate"))


class Annotations(Struct, frozen=True):
    """How annotations with holes are written at a place.

    Attributes:
        words: what takes the place of `{P}`, `{Callable}`...
        parameters: the type parameters of the outermost function; empty: they are variables of the module.
    """

    words: Mapping[str, str]
    parameters: tuple[cst.TypeParam, ...]

    def text(self, annotation: str) -> str:
        """An annotation without holes."""
        return _WORD.sub(lambda found: self.words.get(found[1], found[0]), annotation)

    def node(self, annotation: str) -> cst.Annotation:
        """The same, as a node."""
        return cst.Annotation(cst.parse_expression(self.text(annotation)))


def own_version() -> Version:
    """Which Python we run on: what is newer we can't read."""
    return sys.version_info[:2]


def has_type_parameters(function: ast.FunctionDef, code: Analysis) -> bool:
    """Whether new type variables of a function are written as `def f[**P, R]`.

    For Python 3.12 and newer, if we ourselves can read it, and unless the module has a `ParamSpec` already, or the
    annotations in the function mention a type variable of the old kind: the two can't be mixed.
    """
    if code.target < (3, 12) or own_version() < (3, 12):
        return False
    known = code.ask(type_variables, None)
    if any(each.kind == "ParamSpec" for each in known):
        return False
    old = {each.name for each in known}
    return not any(word in old or _LIKE_A_VARIABLE.fullmatch(word) for word in _annotation_words(function))


def _annotation_words(function: ast.FunctionDef) -> set[str]:
    """The names in all annotations in a function."""
    found: list[ast.expr | None] = []
    for node in ast.walk(function):
        match node:
            case ast.arg(annotation=annotation) | ast.AnnAssign(annotation=annotation):
                found.append(annotation)
            case ast.FunctionDef(returns=annotation) | ast.AsyncFunctionDef(returns=annotation):
                found.append(annotation)
            case _:
                pass
    return {word for each in found if each is not None for word in re.findall(r"\w+", ast.unparse(each))}


def written_annotations(function: ast.FunctionDef, wanted: Collection[str], draft: Draft) -> Annotations:
    """Everything that some annotations of a function need, imported and defined.

    Args:
        function: the outermost function that they are in.
        wanted: the annotations.
        draft: the rewrite.
    """
    holes = {hole: None for each in wanted for hole in _WORD.findall(each)}
    words: dict[str, str] = {}
    parameters: list[cst.TypeParam] = []
    is_new = has_type_parameters(function, draft.code)
    for hole in NAMES:
        if hole not in holes:
            continue
        if is_new:
            words[hole] = name = _free(hole, function, draft)
            parameters.append(
                cst.TypeParam(cst.ParamSpec(cst.Name(name)) if hole == "P" else cst.TypeVar(cst.Name(name)))
            )
        else:
            words[hole] = _variable(hole, function, draft, words.values())
    for hole in holes:
        if hole in _TYPING:
            words[hole] = _from_typing(hole, function, draft)
        elif hole not in NAMES:
            words[hole] = generic(hole, function, draft)
    return Annotations(words, tuple(parameters))


def _free(hole: str, function: ast.FunctionDef, draft: Draft) -> str:
    text = draft.code.source(function)
    for name in NAMES[hole]:
        if not draft.code.ask(bindings, name) and not re.search(rf"\b{name}\b", text):
            return name
    return draft.fresh(*NAMES[hole])


def _variable(hole: str, function: ast.FunctionDef, draft: Draft, taken: Collection[str]) -> str:
    """A type variable of the module: one that is there, or a new one."""
    code = draft.code
    kind = "ParamSpec" if hole == "P" else "TypeVar"
    known = [each.name for each in code.ask(type_variables, code.statement) if each.kind == kind and each.is_plain]
    text = code.source(function)
    usable = [each for each in known if each not in taken and not re.search(rf"\b{each}\b", text)]
    if kind == "ParamSpec" and usable:
        return usable[0]
    for name in NAMES[hole]:
        for written in (name, f"_{name}"):
            if written in usable:
                return written
    made = draft.fresh(*NAMES[hole])
    top = code.statement.nodes[0]
    draft.constant(f'{made} = {draft.reference(f"typing.{kind}", top)}("{made}")')
    return made


def _from_typing(name: str, at: ast.AST, draft: Draft) -> str:
    match draft.code.ask(bindings, name):
        case [only] if only.qualified == f"typing.{name}" and (
            not only.type_checking or are_annotations_lazy(draft.code)
        ):
            return name
        case _:
            return draft.reference(f"typing.{name}", at)
