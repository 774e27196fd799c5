"""Which names a statement binds, and in which scope: Python's rules of binding, without running anything.

Source: [Naming and binding](https://docs.python.org/3/reference/executionmodel.html#naming-and-binding).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.tree import COMPREHENSIONS, FUNCTIONS, SCOPES, Tree, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.tree import ScopeNode
    from idiomatic.core.document import Statement


class BindingKind(StrEnum):
    """By what a name is bound."""

    IMPORT = auto()
    FUNCTION = auto()
    CLASS = auto()
    PARAMETER = auto()
    VARIABLE = auto()
    """Any assignment: `=`, `:=`, `for`, `with`, `except`, `match`, `del`, `+=`, a bare annotation."""
    TYPE_PARAMETER = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One place that binds a name.

    Attributes:
        name: what is bound.
        kind: by what.
        node: the `alias`, definition, `arg` or statement or expression that does it.
        qualified: for an import, the dotted name of what is imported (`asyncio.gather`), relative ones with their
            leading dots; else `None`.
    """

    name: str
    kind: BindingKind
    node: ast.AST
    qualified: str | None = None


class Scope:
    """A function, class, lambda or comprehension, or the part of the module that one statement is.

    Attributes:
        node: what makes the scope, `None` for the module.
        parent: the scope around it, `None` for the module.
        bindings: by name.
        elsewhere: names declared `global` (value true) or `nonlocal` (false) here.
    """

    __slots__ = ("bindings", "elsewhere", "node", "parent")

    def __init__(self, node: ScopeNode | None, parent: Scope | None) -> None:
        self.node = node
        self.parent = parent
        self.bindings: dict[str, list[Binding]] = {}
        self.elsewhere: dict[str, bool] = {}

    def lookup(self, name: str) -> Scope | None:
        """The scope in which a name that is read here is bound, the module's if nowhere nearer.

        Names bound in a class body are not seen from the functions, comprehensions and classes inside it.
        """
        scope: Scope | None = self
        while scope is not None:
            if scope.parent is None:
                return scope
            declared = scope.elsewhere.get(name)
            if declared is True:
                return scope.module
            visible = scope is self or not isinstance(scope.node, ast.ClassDef)
            if declared is None and visible and name in scope.bindings:
                return scope
            scope = scope.parent
        return None

    @property
    def module(self) -> Scope:
        """The outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


class Scopes:
    """All scopes of a statement, by the node that makes them; `None` is the module."""

    __slots__ = ("_tree", "by_node")

    def __init__(self, of: Tree) -> None:
        self._tree = of
        self.by_node: dict[ast.AST | None, Scope] = {None: Scope(None, None)}
        for kind, nodes in list(of.by_type.items()):
            if issubclass(kind, SCOPES):
                for node in nodes:
                    self._open(node)
        for name_node in of.of(ast.Global):
            for name in name_node.names:
                self.at(name_node).elsewhere[name] = True
        for nonlocal_node in of.of(ast.Nonlocal):
            for name in nonlocal_node.names:
                self.at(nonlocal_node).elsewhere[name] = False
        # Most nodes bind nothing, and most names are read: asking those what they bind would take most of the time.
        for kind, nodes in list(of.by_type.items()):
            if kind is ast.Name:
                nodes = [node for node in of.of(ast.Name) if not isinstance(node.ctx, ast.Load)]
            elif kind.__name__ not in _BINDERS:
                continue
            for node in nodes:
                for binding in _bindings(node):
                    self._bind(binding, node)

    def _open(self, node: ast.AST) -> Scope:
        if node not in self.by_node:
            # Parents first: the scope around may not have been opened yet.
            outer = next((a for a in self._tree.ancestors(node) if isinstance(a, SCOPES)), None)
            parent = self._open(outer) if outer is not None else self.by_node[None]
            self.by_node[node] = Scope(node, parent)  # type: ignore[arg-type]
        return self.by_node[node]

    def _bind(self, binding: Binding, node: ast.AST) -> None:
        match node:
            case ast.arg():
                # A parameter belongs to the function although its annotation is evaluated around it.
                owner = next(a for a in self._tree.ancestors(node) if isinstance(a, (*FUNCTIONS, ast.Lambda)))
                scope = self.by_node[owner]
            case ast.Name() if isinstance(self._tree.parents.get(node), ast.NamedExpr):
                return
            case ast.NamedExpr():
                # PEP 572: `:=` binds in the scope around the comprehensions it stands in.
                scope = self.at(node)
                while isinstance(scope.node, COMPREHENSIONS) and scope.parent is not None:
                    scope = scope.parent
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                scope = self.at(node)
            case _ if binding.kind is BindingKind.TYPE_PARAMETER:
                definition = next(a for a in self._tree.ancestors(node) if not isinstance(a, ast.expr))
                scope = self.by_node.get(definition, self.at(node))
            case _:
                scope = self.at(node)
        declared = scope.elsewhere.get(binding.name)
        if declared is True:
            scope = scope.module
        elif declared is False:
            scope = self._nonlocal(scope, binding.name)
        scope.bindings.setdefault(binding.name, []).append(binding)

    def _nonlocal(self, scope: Scope, name: str) -> Scope:
        outer = scope.parent
        while outer is not None and outer.parent is not None:
            if isinstance(outer.node, (*FUNCTIONS, ast.Lambda)) and outer.elsewhere.get(name) is not False:
                return outer
            outer = outer.parent
        return scope

    def at(self, node: ast.AST) -> Scope:
        """The scope in which a node is evaluated.

        A definition is evaluated in the scope around it, and so are its decorators, defaults, annotations and base
        classes, and the first iterable of a comprehension.
        """
        child = node
        for ancestor in self._tree.ancestors(node):
            if isinstance(ancestor, SCOPES) and not _outside(ancestor, child, node, self._tree):
                return self.by_node[ancestor]
            child = ancestor
        return self.by_node[None]


def _outside(scope: ast.AST, child: ast.AST, node: ast.AST, of: Tree) -> bool:
    """Whether `node`, which lies below `child`, a child of `scope`, is evaluated around `scope`."""
    match scope:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return child not in scope.body
        case ast.Lambda():
            return child is not scope.body
        case ast.ClassDef():
            return child not in scope.body
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            first = scope.generators[0]
            return child is first and (node is first.iter or first.iter in of.ancestors(node))
        case _:
            return False


# Names of classes, because some exist only in newer versions of Python.
_BINDERS: Final = frozenset(
    {
        "AsyncFunctionDef", "ClassDef", "ExceptHandler", "FunctionDef", "Import", "ImportFrom", "MatchAs",
        "MatchMapping", "MatchStar", "NamedExpr", "ParamSpec", "TypeVar", "TypeVarTuple", "arg",
    }
)  # fmt: skip


def _bindings(node: ast.AST) -> Iterator[Binding]:
    """What a node binds by itself (not what the nodes below it bind)."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                top = alias.name if alias.asname else alias.name.partition(".")[0]
                yield Binding(alias.asname or top, BindingKind.IMPORT, alias, top)
        case ast.ImportFrom(names=names):
            origin = "." * node.level + (node.module or "")
            separator = "" if origin.endswith(".") else "."
            for alias in names:
                yield Binding(alias.asname or alias.name, BindingKind.IMPORT, alias, f"{origin}{separator}{alias.name}")
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield Binding(node.name, BindingKind.FUNCTION, node)
        case ast.ClassDef():
            yield Binding(node.name, BindingKind.CLASS, node)
        case ast.arg():
            yield Binding(node.arg, BindingKind.PARAMETER, node)
        case ast.NamedExpr(target=ast.Name(id=name)):
            yield Binding(name, BindingKind.VARIABLE, node)
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield Binding(name, BindingKind.VARIABLE, node)
        case ast.ExceptHandler(name=str(name)):
            yield Binding(name, BindingKind.VARIABLE, node)
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield Binding(name, BindingKind.VARIABLE, node)
        case ast.AST() if type(node).__name__ in {"TypeVar", "ParamSpec", "TypeVarTuple"}:
            yield Binding(node.name, BindingKind.TYPE_PARAMETER, node)  # type: ignore[attr-defined]
        case _:
            return


def scopes(statement: Statement) -> Scopes:
    """The scopes of a statement: use `statement.fact(scopes)`, which computes them once."""
    return Scopes(statement.fact(tree))
