"""Who is whose parent in a statement's syntax trees, and where the nodes of a type are."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from idiomatic.core.document import Statement

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

    __slots__ = ("by_type", "parents")

    def __init__(self, statement: Statement) -> None:
        self.parents: dict[ast.AST, ast.AST] = {}
        self.by_type: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        # A stack of its own: code that nests deeper than Python's recursion limit is still indexed.
        stack: list[ast.AST] = list(reversed(statement.nodes))
        while stack:
            node = stack.pop()
            self.by_type[type(node)].append(node)
            children = list(_children(node))
            for child in reversed(children):
                self.parents[child] = node
                stack.append(child)

    def of(self, kind: type[Node]) -> Sequence[Node]:
        """All nodes of exactly this class."""
        return self.by_type.get(kind, ())  # type: ignore[return-value]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The parent of a node, the parent's parent and so on."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent


def _children(node: ast.AST) -> Iterator[ast.AST]:
    # Operators and contexts are single objects shared by all trees: they have no parent of their own.
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            for item in value:
                if isinstance(item, ast.AST) and not isinstance(item, _SHARED):
                    yield item
        elif isinstance(value, ast.AST) and not isinstance(value, _SHARED):
            yield value


_SHARED: Final = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


def walk_own(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below `node` that run as part of it: what nested functions and classes contain is left out.

    The nested definitions themselves are given (they are executed here), with their decorators, defaults and base
    classes; comprehensions belong to the code around them.
    """
    return walk_block(_children(node))


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
                stack += list(_children(current))[::-1]


def tree(statement: Statement) -> Tree:
    """The index of a statement: use `statement.fact(tree)`, which computes it once."""
    return Tree(statement)
