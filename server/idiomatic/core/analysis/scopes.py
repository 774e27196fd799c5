"""Which names a statement binds, and in which scope: Python's rules of binding, without running anything.

Source: [Naming and binding](https://docs.python.org/3/reference/executionmodel.html#naming-and-binding).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.tree import COMPREHENSIONS, FUNCTIONS, SCOPES, Tree, tree
from idiomatic.core.long_class import LongClass, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.tree import ScopeNode
    from idiomatic.core.long_class import Frame
    from idiomatic.core.statement import Statement


class BindingKind(StrEnum):
    """By what a name is bound."""

    IMPORT = auto()
    FUNCTION = auto()
    CLASS = auto()
    PARAMETER = auto()
    VARIABLE = auto()
    """Any assignment: `=`, `:=`, `for`, `with`, `except`, `match`, `del`, `+=`, a bare annotation."""
    TYPE_PARAMETER = auto()


class Binding(Struct, frozen=True, eq=False):
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

    __slots__ = ("_by_node", "_own", "_tree", "by_node")

    by_node: Mapping[ast.AST | None, Scope]

    def __init__(self, of: Tree, around: Sequence[Scope] = ()) -> None:
        """Look at some trees.

        Args:
            of: their index.
            around: the scopes that the code stands in and does not make, the module's first; what it binds there is
                not added to them, but kept apart: see `bound_in`.
        """
        self._tree = of
        self._own: dict[Scope, dict[str, list[Binding]]] = {scope: {} for scope in around}
        self._by_node: dict[ast.AST | None, Scope] = {scope.node: scope for scope in around or [Scope(None, None)]}
        self.by_node = self._by_node
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
                for bound in of.of(ast.Name):
                    if not isinstance(bound.ctx, ast.Load) and not isinstance(of.parents.get(bound), ast.NamedExpr):
                        self._add(Binding(bound.id, BindingKind.VARIABLE, bound), self.at(bound))
            elif kind.__name__ in _BINDERS:
                for node in nodes:
                    for binding in _bindings(node):
                        self._bind(binding, node)

    def bound_in(self, scope: Scope) -> dict[str, list[Binding]]:
        """What the code binds in a scope, by name."""
        own = self._own.get(scope)
        return scope.bindings if own is None else own

    def _open(self, node: ast.AST) -> Scope:
        if node not in self._by_node:
            # Parents first: the scope around may not have been opened yet.
            outer = next((a for a in self._tree.ancestors(node) if isinstance(a, SCOPES)), None)
            parent = self._open(outer) if outer is not None else self._by_node[None]
            self._by_node[node] = Scope(node, parent)  # type: ignore[arg-type]
        return self._by_node[node]

    def _bind(self, binding: Binding, node: ast.AST) -> None:
        match node:
            case ast.arg():
                # A parameter belongs to the function although its annotation is evaluated around it.
                owner = next(a for a in self._tree.ancestors(node) if isinstance(a, (*FUNCTIONS, ast.Lambda)))
                scope = self._by_node[owner]
            case ast.NamedExpr():
                # PEP 572: `:=` binds in the scope around the comprehensions it stands in.
                scope = self.at(node)
                while isinstance(scope.node, COMPREHENSIONS) and scope.parent is not None:
                    scope = scope.parent
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                scope = self.at(node)
            case _ if binding.kind is BindingKind.TYPE_PARAMETER:
                definition = next(a for a in self._tree.ancestors(node) if not isinstance(a, ast.expr))
                scope = self._by_node.get(definition, self.at(node))
            case _:
                scope = self.at(node)
        self._add(binding, scope)

    def _add(self, binding: Binding, scope: Scope) -> None:
        """Add what is bound in a scope, or in another one if it is declared there that it is."""
        declared = scope.elsewhere.get(binding.name)
        if declared is True:
            scope = scope.module
        elif declared is False:
            scope = self._nonlocal(scope, binding.name)
        self.bound_in(scope).setdefault(binding.name, []).append(binding)

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
        child, parents = node, self._tree.parents
        while (ancestor := parents.get(child)) is not None:
            if ancestor in self._by_node and not _outside(ancestor, child, node, self._tree):
                return self._by_node[ancestor]
            child = ancestor
        return self._by_node[None]


def _outside(scope: ast.AST, child: ast.AST, node: ast.AST, of: Tree) -> bool:
    """Whether `node`, which lies below `child`, a child of `scope`, is evaluated around `scope`."""
    match scope:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return child not in scope.body
        case ast.Lambda():
            return child is not scope.body
        case ast.ClassDef():
            return not isinstance(child, ast.stmt)
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
    match statement:
        case LongClass():
            return _JoinedScopes(statement)
        case Part():
            return Scopes(statement.fact(tree), _around(statement.frame))
        case _:
            return Scopes(statement.fact(tree))


def bound_at_module_level(leaf: Statement) -> Mapping[str, Sequence[Binding]]:
    """What a statement, or a part of a long class, binds at module level, by name: use `leaf.fact(...)` of it."""
    # Most of a file are definitions, which bind their own name, imports and assignments: that can be seen without
    # looking into them.
    if "global" not in leaf.text and ":=" not in leaf.text:
        nodes: Sequence[ast.stmt] = leaf.nodes
        if isinstance(leaf, Part):
            nodes = (leaf.frame.node,) if leaf.is_header else ()
        if all(isinstance(node, _PLAIN) for node in nodes):
            bound: dict[str, list[Binding]] = {}
            for binding in (each for node in nodes for each in _plainly_bound(node)):
                bound.setdefault(binding.name, []).append(binding)
            return bound
    found = leaf.fact(scopes)
    return found.bound_in(found.by_node[None])


_PLAIN: Final = (
    *FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr
)  # fmt: skip


def _plainly_bound(node: ast.stmt) -> Iterator[Binding]:
    """What one of these statements binds around it, if there is no `:=` in it."""
    match node:
        case ast.Assign(targets=targets):
            for target in targets:
                yield from _stored(target)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            yield from _stored(target)
        case _:
            yield from _bindings(node)


def _stored(target: ast.expr) -> Iterator[Binding]:
    match target:
        case ast.Name(id=name):
            yield Binding(name, BindingKind.VARIABLE, target)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            for each in targets:
                yield from _stored(each)
        case ast.Starred(value=value):
            yield from _stored(value)
        case _:
            return


def bound_by(statement: Statement, name: str) -> Sequence[Binding]:
    """What a statement binds under a name at module level."""
    return [each for leaf in statement.parts for each in leaf.fact(bound_at_module_level).get(name, ())]


# -- long classes -----------------------------------------------------------------------------------------------------


class _SharedScope(Scope):
    """A scope in which several parts of a long class bind names: those of the version that is being looked at."""

    __slots__ = ("_frame",)

    def __init__(self, frame: Frame, node: ScopeNode | None, parent: Scope | None) -> None:
        self._frame = frame
        self.node = node
        self.parent = parent
        self.elsewhere = {}

    @property
    def bindings(self) -> dict[str, list[Binding]]:  # type: ignore[override]
        return self._frame.statement.fact(_bound_by_parts)[self]


def _around(frame: Frame) -> Sequence[Scope]:
    """The module's scope, and that of the class."""
    if frame.scopes is None:
        module = _SharedScope(frame, None, None)
        frame.scopes = module, _SharedScope(frame, frame.node, module)
    found: tuple[Scope, Scope] = frame.scopes
    return found


def _bound_by_parts(statement: Statement) -> dict[Scope, dict[str, list[Binding]]]:
    assert isinstance(statement, LongClass)
    found: dict[Scope, dict[str, list[Binding]]] = {}
    for scope in _around(statement.frame):
        joined = found[scope] = dict[str, list[Binding]]()
        for part in statement.parts:
            for name, bindings in part.fact(scopes).bound_in(scope).items():
                joined.setdefault(name, []).extend(bindings)
    return found


class _ByNode(Mapping[ast.AST | None, Scope]):
    """The scopes of all parts of a long class."""

    def __init__(self, of: LongClass) -> None:
        self._of = of

    def __getitem__(self, node: ast.AST | None) -> Scope:
        if node is None:
            return _around(self._of.frame)[0]
        return self._of.part_of(node).fact(scopes).by_node[node]

    def __iter__(self) -> Iterator[ast.AST | None]:
        return iter(dict.fromkeys(node for part in self._of.parts for node in part.fact(scopes).by_node))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _JoinedScopes(Scopes):
    """The scopes of all parts of a long class."""

    __slots__ = ("_of",)

    def __init__(self, of: LongClass) -> None:
        self._of = of
        self._own = {}
        self.by_node = _ByNode(of)

    def at(self, node: ast.AST) -> Scope:
        """The scope in which a node is evaluated."""
        return self._of.part_of(node).fact(scopes).at(node)
