"""One version of a file, as the rest of it is seen from a statement.

A statement is analysed alone. What it needs of the other statements it asks for: a **question** is a function of the
module and some plain arguments, with an answer that can be compared. Questions are remembered with their answers, so
that after an edit a statement is analysed again exactly if its own text or one of its answers changed.

Questions may be written anywhere (an idiom may bring its own). They are pure, take a `Module` first and hashable
arguments after it, and answer with values, never with syntax trees: two trees are never equal.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from idiomatic.core.analysis.scopes import BindingKind, scopes
from idiomatic.core.analysis.tree import tree
from idiomatic.core.facts import ClassFact, FunctionFact, class_fact, function_fact

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from idiomatic.core.document import Document, Statement

P = ParamSpec("P")
A = TypeVar("A")


class Project(Protocol):
    """What may be known of the files around a module: answered by `idiomatic.project`, never by running user code."""

    @property
    def is_interface(self) -> bool:
        """Whether what the module imports may be meant for others (`__init__.py`): then no import is superfluous."""
        ...

    def definition(self, qualified: str) -> FunctionFact | ClassFact | None:
        """The function or class of that dotted name; `None` where it can't be found (or has not been found yet).

        Args:
            qualified: `package.module.name`, or with leading dots relative to the module that asks;
                `package.module.Class.method` for a method.
        """
        ...


class NoProject:
    """A file on its own."""

    @property
    def is_interface(self) -> bool:
        """Nothing imports a file on its own."""
        return False

    def definition(self, qualified: str) -> FunctionFact | ClassFact | None:
        """Nothing is known."""
        return None


@dataclass(frozen=True, slots=True)
class ModuleBinding:
    """A binding of a name at module level, as a value.

    Attributes:
        kind: by what.
        qualified: for an import the dotted name of what is imported, else `None`.
        type_checking: whether it happens only for type checkers (below `if TYPE_CHECKING:`).
    """

    kind: BindingKind
    qualified: str | None
    type_checking: bool


class Module:
    """A document with the project around it, and the answers given so far."""

    __slots__ = ("_answers", "document", "project")

    def __init__(self, document: Document, project: Project | None = None) -> None:
        self.document = document
        self.project: Project = project or NoProject()
        self._answers: dict[tuple[Hashable, ...], Any] = {}

    def ask(self, question: Callable[Concatenate[Module, P], A], *args: P.args, **kwargs: P.kwargs) -> A:
        """The answer to a question, computed once."""
        key = (question, *args, *kwargs.items())
        if key not in self._answers:
            self._answers[key] = question(self, *args, **kwargs)
        return cast("A", self._answers[key])


def _module_bindings(statement: Statement) -> dict[str, tuple[ModuleBinding, ...]]:
    """What one statement binds at module level, by name."""
    index = statement.fact(tree)
    return {
        name: tuple(
            ModuleBinding(binding.kind, binding.qualified, is_for_type_checkers(index.parents, binding.node))
            for binding in bindings
        )
        for name, bindings in statement.fact(scopes).by_node[None].bindings.items()
    }


def is_for_type_checkers(parents: dict[ast.AST, ast.AST], node: ast.AST) -> bool:
    """Whether a node stands below `if TYPE_CHECKING:` and so is never executed."""
    child = node
    while (parent := parents.get(child)) is not None:
        match parent:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")) if (
                child in parent.body
            ):
                return True
            case _:
                child = parent
    return False


def bindings(module: Module, name: str) -> tuple[ModuleBinding, ...]:
    """Question: everything that binds `name` at module level, in order."""
    found: tuple[ModuleBinding, ...] = ()
    for statement in module.document.statements:
        if name in statement.text or "*" in statement.text:
            found += statement.fact(_module_bindings).get(name, ())
    return found


def has_star_import(module: Module) -> bool:
    """Question: whether names may come from a `from x import *`."""
    return bool(module.ask(bindings, "*"))


def _definitions(statement: Statement) -> dict[str, FunctionFact | ClassFact]:
    found: dict[str, FunctionFact | ClassFact] = {}
    for name, bound in statement.fact(scopes).by_node[None].bindings.items():
        match bound[-1].node:
            case ast.ClassDef() as node:
                found[name] = class_fact(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef() as node:
                found[name] = function_fact(node)
            case _:
                pass
    return found


def definition(module: Module, name: str) -> FunctionFact | ClassFact | None:
    """Question: the function or class that `name` is at module level; `None` if it is bound otherwise or twice."""
    if len(module.ask(bindings, name)) != 1:
        return None
    for statement in module.document.statements:
        if name in statement.text and (found := statement.fact(_definitions).get(name)):
            return found
    return None


def imported_definition(module: Module, qualified: str) -> FunctionFact | ClassFact | None:
    """Question: the function or class of a dotted name in another file of the project."""
    return module.project.definition(qualified)


def is_interface(module: Module) -> bool:
    """Question: whether what the module imports may be meant for others."""
    return module.project.is_interface


def has_future_annotations(module: Module) -> bool:
    """Question: whether annotations are not evaluated (`from __future__ import annotations`, PEP 563)."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for statement in module.document.statements
        if "__future__" in statement.text
        for node in statement.nodes
    )


def exported_names(module: Module) -> frozenset[str] | None:
    """Question: the names in `__all__`; `None` if there is none or it is not made of literals."""
    names: set[str] = set()
    seen = False
    for statement in module.document.statements:
        if "__all__" not in statement.text:
            continue
        for node in statement.nodes:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=items) | ast.Tuple(elts=items))
                    | ast.AugAssign(target=ast.Name(id="__all__"), value=ast.List(elts=items) | ast.Tuple(elts=items))
                    | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.List(elts=items) | ast.Tuple(elts=items))
                ):
                    seen = True
                    names |= {
                        item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)
                    }
                case _:
                    pass
    return frozenset(names) if seen else None
