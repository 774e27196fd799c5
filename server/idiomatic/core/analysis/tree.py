"""Who is whose parent in a statement's syntax trees, and where the nodes of a type are."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from idiomatic.core.long_class import LongClass, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from idiomatic.core.statement import Statement

Node = TypeVar("Node", bound=ast.AST)

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
FunctionLike: TypeAlias = Function | ast.Lambda
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
ScopeNode: TypeAlias = FunctionLike | ast.ClassDef | Comprehension
SCOPES: Final = (*FUNCTIONS, ast.Lambda, ast.ClassDef, *COMPREHENSIONS)


class Tree:
    """An index of all nodes below a statement.

    Attributes:
        parents: of every node but the outermost.
        by_type: the nodes of each class, in source order (an outer node before those inside it).
    """

    __slots__ = ("_by_name", "by_type", "parents")

    by_type: dict[type[ast.AST], list[ast.AST]]
    parents: Mapping[ast.AST, ast.AST]

    def __init__(self, statement: Statement) -> None:
        self._by_name: dict[str, list[ast.Name]] | None = None
        try:
            self.by_type, self.parents = _indexed(statement, _index)
        except RecursionError:
            self.by_type, self.parents = _indexed(statement, _index_deep)

    def of(self, kind: type[Node]) -> Sequence[Node]:
        """All nodes of exactly this class."""
        return self.by_type.get(kind, ())  # type: ignore[return-value]

    def named(self, name: str) -> Sequence[ast.Name]:
        """All places where a name is read, written or deleted, whichever variable it means there."""
        if self._by_name is None:
            self._by_name = {}
            for node in self.of(ast.Name):
                self._by_name.setdefault(node.id, []).append(node)
        return self._by_name.get(name, ())

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The parent of a node, the parent's parent and so on."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent


_ByType: TypeAlias = "defaultdict[type[ast.AST], list[ast.AST]]"
_Parents: TypeAlias = dict[ast.AST, ast.AST]


def _indexed(
    statement: Statement, index: Callable[[ast.AST, Sequence[str], _ByType, _Parents], None]
) -> tuple[_ByType, _Parents]:
    by_type: _ByType = defaultdict(list)
    parents: _Parents = {}
    outermost: Sequence[ast.AST] = statement.nodes
    if isinstance(statement, Part):
        class_ = statement.frame.node
        if statement.is_header:
            by_type[ast.ClassDef].append(class_)
            outermost = _children(class_, besides="body")
        parents |= dict.fromkeys(outermost, class_)
    for node in outermost:
        kind = type(node)
        by_type[kind].append(node)
        index(node, _FIELDS[kind], by_type, parents)
    return by_type, parents


def _index(node: ast.AST, names: Sequence[str], by_type: _ByType, parents: _Parents) -> None:
    """Add what lies below a node: what happens for every node is a good part of what looking at a file costs."""
    for name in names:
        value = getattr(node, name)
        if type(value) is list:
            for child in value:
                if child is not None:
                    parents[child] = node
                    kind = type(child)
                    by_type[kind].append(child)
                    if below := _FIELDS[kind]:
                        _index(child, below, by_type, parents)
        elif value is not None:
            parents[value] = node
            kind = type(value)
            by_type[kind].append(value)
            if below := _FIELDS[kind]:
                _index(value, below, by_type, parents)


def _index_deep(node: ast.AST, names: Sequence[str], by_type: _ByType, parents: _Parents) -> None:
    """The same, with a stack of its own: for code that nests deeper than Python's recursion limit."""
    stack = [(child, node) for child in _children(node)][::-1]
    while stack:
        child, parent = stack.pop()
        parents[child] = parent
        by_type[type(child)].append(child)
        stack += [(each, child) for each in _children(child)][::-1]


class _JoinedParents(Mapping[ast.AST, ast.AST]):
    """The parents of all parts of a long class."""

    def __init__(self, of: LongClass) -> None:
        self._trees = [part.fact(tree) for part in of.parts]
        self._last = self._trees[0]

    def __getitem__(self, node: ast.AST) -> ast.AST:
        # Who asks for one node of a part asks for the next one, too.
        if (found := self._last.parents.get(node)) is not None:
            return found
        for each in self._trees:
            if (found := each.parents.get(node)) is not None:
                self._last = each
                return found
        raise KeyError(node)

    def __iter__(self) -> Iterator[ast.AST]:
        return (node for each in self._trees for node in each.parents)

    def __len__(self) -> int:
        return sum(len(each.parents) for each in self._trees)


class _JoinedTree(Tree):
    """The trees of all parts of a long class."""

    __slots__ = ()

    def __init__(self, of: LongClass) -> None:
        self.parents = _JoinedParents(of)
        # Only the kinds that somebody asks for: each version of the class has such a tree.
        self.by_type = _JoinedNodes(of)
        self._by_name = None

    def of(self, kind: type[Node]) -> Sequence[Node]:
        """All nodes of exactly this class."""
        return self.by_type[kind]  # type: ignore[return-value]


class _JoinedNodes(dict[type[ast.AST], list[ast.AST]]):
    """The nodes of all parts of a long class, by their class."""

    def __init__(self, of: LongClass) -> None:
        super().__init__()
        self._parts = of.parts

    def __missing__(self, kind: type[ast.AST]) -> list[ast.AST]:
        self[kind] = [node for part in self._parts for node in part.fact(tree).by_type.get(kind, ())]
        return self[kind]


def _children(node: ast.AST, *, besides: str = "") -> list[ast.AST]:
    found: list[ast.AST] = []
    for name in _FIELDS[type(node)]:
        if name == besides:
            continue
        value = getattr(node, name)
        if type(value) is list:
            found += value if None not in value else filter(None, value)
        elif value is not None:
            found.append(value)
    return found


# Operators and contexts are single objects shared by all trees, which have no parent of their own; the others are no
# nodes.
_NO_NODES: Final = frozenset(
    {
        "arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level", "module",
        "name", "op", "ops", "rest", "simple", "str", "tag", "type_comment",
    }
)  # fmt: skip
_NO_CHILDREN: Final = (ast.Constant, ast.Global, ast.Nonlocal, ast.alias, ast.MatchSingleton)


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of a class of nodes that hold other nodes."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        fields = () if issubclass(kind, _NO_CHILDREN) else kind._fields
        is_named = kind.__name__ == "TypeAlias"  # the only one whose name is a node
        self[kind] = tuple(name for name in fields if name not in _NO_NODES or (is_named and name == "name"))
        return self[kind]


_FIELDS: Final = _Fields()


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, as `ast.walk` has them, but for operators and contexts: in a quarter of the time."""
    nodes: list[ast.AST | None] = [node]
    for each in nodes:
        if each is None:  # such as the default of a parameter that needs none
            continue
        yield each
        for name in _FIELDS[type(each)]:
            value = getattr(each, name)
            if type(value) is list:
                nodes += value
            elif value is not None:
                nodes.append(value)


def walk_own(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below `node` that run as part of it: what nested functions and classes contain is left out.

    The nested definitions themselves are given (they are executed here), with their decorators, defaults and base
    classes; comprehensions belong to the code around them.
    """
    return walk_block(_children(node))


def own_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block and of the blocks inside it, but for those of nested functions and classes.

    The quick way to what only a statement can be, such as a `return` or a definition: expressions are not looked into.
    """
    stack = list(body)[::-1]
    while stack:
        statement = stack.pop()
        yield statement
        match statement:
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While():
                stack += [*statement.body, *statement.orelse][::-1]
            case ast.With() | ast.AsyncWith():
                stack += statement.body[::-1]
            case ast.Match(cases=cases):
                stack += [each for case in cases for each in case.body][::-1]
            case ast.Try() | ast.TryStar():
                handled = [each for handler in statement.handlers for each in handler.body]
                stack += [*statement.body, *handled, *statement.orelse, *statement.finalbody][::-1]
            case _:
                pass


def walk_block(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Some neighbouring nodes and all below them that run as part of them: see `walk_own`.

    For a block this is not the same as `walk_own` of each of its statements, which would enter the functions that
    are defined there.
    """
    stack = list(nodes)[::-1]
    while stack:
        current = stack.pop()
        yield current
        match current:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                arguments = current.args
                stack += reversed([*current.decorator_list, *arguments.defaults, *filter(None, arguments.kw_defaults)])
            case ast.Lambda():
                stack += reversed([*current.args.defaults, *filter(None, current.args.kw_defaults)])
            case ast.ClassDef():
                stack += reversed([*current.decorator_list, *current.bases, *(k.value for k in current.keywords)])
            case _:
                stack += _children(current)[::-1]


def tree(statement: Statement) -> Tree:
    """The index of a statement: use `statement.fact(tree)`, which computes it once."""
    return _JoinedTree(statement) if isinstance(statement, LongClass) else Tree(statement)
