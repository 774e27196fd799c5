"""What becomes of the object that a parameter holds: is it only read, is it changed, does it get out of the function?

The question is asked of one object of a known built-in type, usually a default. The answer follows it through the local
variables it is assigned to, through `or`, `and`, conditional expressions and functions inside. It is careful: what it
does not know is a way out.
"""

from __future__ import annotations

import ast
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.tree import FUNCTIONS, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import FunctionLike


class Fate(StrEnum):
    """What happens to an object at one place."""

    ITERATED = auto()
    """Read as any sequence can be: iterated, indexed, measured, asked for an element. Other types would raise."""
    TESTED = auto()
    """Only its truth counts."""
    READ = auto()
    """Read in a way that needs its type: sliced, added, asked through a method. `None` would raise."""
    SHOWN = auto()
    """Read in a way that accepts anything and shows what it is: printed, compared, tested for its type."""
    CHANGED = auto()
    """Its contents are changed."""
    LEAKED = auto()
    """It gets somewhere from where it may be changed or compared by identity later."""


class Use(Struct, frozen=True, eq=False):
    """One place where the object is used.

    Attributes:
        fate: what happens to it there.
        node: the expression that is the object.
        how: for `LEAKED`, what it is, to be put behind "it is": "returned", "passed to `send`, which may keep it".
    """

    fate: Fate
    node: ast.expr
    how: str = ""


_SEQUENCE: Final = frozenset(("count", "index"))
_READING: Final = {
    "list": _SEQUENCE | {"copy"},
    "deque": _SEQUENCE | {"copy", "maxlen"},
    "dict": frozenset(("get", "items", "keys", "values", "copy")),
    "OrderedDict": frozenset(("get", "items", "keys", "values", "copy")),
    "defaultdict": frozenset(("get", "items", "keys", "values", "copy", "default_factory")),
    "Counter": frozenset(("get", "items", "keys", "values", "copy", "elements", "most_common", "total")),
    "set": frozenset(
        ("union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint", "copy")
    ),
    "bytearray": frozenset(name for name in dir(bytearray) if not name.startswith("_") and name in dir(bytes)),
}
_CHANGING: Final = frozenset(
    (
        *(
            "append",
            "extend",
            "insert",
            "remove",
            "pop",
            "clear",
            "sort",
            "reverse",
            "appendleft",
            "extendleft",
            "popleft",
        ),
        *(
            "rotate",
            "add",
            "discard",
            "update",
            "intersection_update",
            "difference_update",
            "symmetric_difference_update",
        ),
        *("setdefault", "popitem", "move_to_end", "subtract", "__setitem__", "__delitem__", "__iadd__"),
    )
)
_ITERATING: Final = tuple(
    f"builtins.{name}"
    for name in (
        "len",
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "reversed",
        "enumerate",
        "zip",
        "iter",
        "any",
        "all",
    )
)
_ITERATING_ALONE: Final = ("builtins.sum", "builtins.min", "builtins.max")
_ITERATING_AFTER_FIRST: Final = ("builtins.map", "builtins.filter")
_READING_FUNCTIONS: Final = (
    *("builtins.dict", "itertools.chain", "itertools.chain.from_iterable", "itertools.islice", "itertools.product"),
    *("itertools.zip_longest", "collections.OrderedDict", "collections.deque", "math.prod", "math.fsum"),
)
_SHOWING_FUNCTIONS: Final = (
    *(f"builtins.{name}" for name in ("str", "repr", "print", "isinstance", "format", "type", "callable")),
    *("copy.copy", "copy.deepcopy", "json.dumps", "collections.Counter", "pprint.pprint", "pprint.pformat"),
)
_SEEING_ALL: Final = ("builtins.locals", "builtins.vars", "builtins.eval", "builtins.exec")
_COPYING: Final = (
    *(f"builtins.{name}" for name in ("list", "dict", "set", "tuple", "frozenset", "sorted", "len", "str", "repr")),
    *("copy.copy", "copy.deepcopy", "collections.deque", "collections.OrderedDict", "collections.Counter"),
)


def fates(
    function: FunctionLike, parameter: ast.arg, kind: str, code: Analysis, *, is_empty: bool = False
) -> Iterator[Use]:
    """What happens to the object that a parameter holds when it is not given.

    Args:
        function: whose parameter it is.
        parameter: of that function.
        kind: the object's built-in type: `list`, `dict`, `set`, `defaultdict`...
        code: the analysis of the statement.
        is_empty: whether the object is empty: then `items or other` is never the object.
    """
    body: Sequence[ast.stmt | ast.expr] = function.body if isinstance(function.body, list) else [function.body]
    yield from _Follower(function, kind, code, is_empty=is_empty).follow(parameter.arg, body)
    for call in (node for statement in body for node in walk(statement) if isinstance(node, ast.Call)):
        # locals() has it, and what eval() does nobody knows.
        if code.is_name(call.func, *_SEEING_ALL) and not (call.args and code.is_name(call.func, "builtins.vars")):
            yield Use(Fate.LEAKED, call, f"visible to `{ast.unparse(call.func)}()`")


def is_replaced_at(statement: ast.stmt, name: str, code: Analysis, *, is_empty: bool = False) -> bool:
    """Whether a variable holds another object after a statement than the one (an empty one?) it held before."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            bound = any(isinstance(target, ast.Name) and target.id == name for target in targets)
            return bound and not _may_be(value, name, code, is_empty=is_empty)
        case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value):
            return target == name and not _may_be(value, name, code, is_empty=is_empty)
        case _:
            return False


def _may_be(value: ast.expr, name: str, code: Analysis, *, is_empty: bool) -> bool:
    """Whether evaluating an expression can give the very object of a variable."""
    match value:
        case ast.Call(func=ast.Attribute(attr="copy"), args=[]):
            return False
        # items or []
        case ast.BoolOp(op=ast.Or(), values=[ast.Name(id=first), *others]) if is_empty and first == name:
            return any(_may_be(other, name, code, is_empty=is_empty) for other in others)
        case ast.Call(func=function) if code.is_name(function, *_COPYING):
            return False
        case ast.BinOp() | ast.Compare() | ast.Constant() | ast.JoinedStr() | ast.UnaryOp():
            return False
        case ast.List() | ast.Set() | ast.Dict() | ast.Tuple() | ast.ListComp() | ast.SetComp() | ast.DictComp():
            # Inside a container: the use there says so itself.
            return False
        case _:
            return _mentions(value, name)


def _mentions(value: ast.AST, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in walk(value))


class _Follower:
    def __init__(self, function: FunctionLike, kind: str, code: Analysis, *, is_empty: bool) -> None:
        self._code = code
        self._kind = kind
        self._is_empty = is_empty
        self._scope = code.scope_made_by(function)
        self._followed: set[str] = set()

    def follow(self, name: str, body: Sequence[ast.stmt | ast.expr]) -> Iterator[Use]:
        """The uses of a parameter, as far as it has not been given another value for good."""
        if name in self._scope.elsewhere:
            return
        end = next(
            (
                index + 1
                for index, statement in enumerate(body)
                if isinstance(statement, ast.stmt)
                and is_replaced_at(statement, name, self._code, is_empty=self._is_empty)
            ),
            len(body),
        )
        captured = any(
            isinstance(node, (*FUNCTIONS, ast.Lambda)) and _mentions(node, name)
            for statement in body[:end]
            for node in walk(statement)
        )
        yield from self._uses(name, body if captured else body[:end], body)

    def _uses(
        self, name: str, part: Sequence[ast.stmt | ast.expr], body: Sequence[ast.stmt | ast.expr]
    ) -> Iterator[Use]:
        for statement in part:
            for use in self._code.uses(name, statement, self._scope):
                if isinstance(use.ctx, ast.Load):
                    yield from self._use(use, body)
                elif isinstance(self._code.parent(use), ast.AugAssign):
                    yield Use(Fate.CHANGED, use)

    def _alias(self, name: str, body: Sequence[ast.stmt | ast.expr]) -> Iterator[Use]:
        """The uses of a variable that has the object at some time."""
        if name not in self._followed:
            self._followed.add(name)
            yield from self._uses(name, body, body)

    def _use(self, node: ast.expr, body: Sequence[ast.stmt | ast.expr]) -> Iterator[Use]:
        """What happens to the object where an expression gives it."""
        code = self._code
        parent = code.parent(node)
        match parent:
            # for item in items, yield from items, [*items], f(*items)
            case ast.For(iter=value) | ast.comprehension(iter=value) if value is node:
                yield Use(Fate.ITERATED, node)
            case ast.YieldFrom() | ast.Starred():
                yield Use(Fate.ITERATED, node)
            # {**items}, f(**items)
            case ast.Dict(keys=keys, values=values) if any(
                key is None and value is node for key, value in zip(keys, values, strict=True)
            ):
                yield Use(Fate.ITERATED, node)
            case ast.keyword(arg=None):
                yield Use(Fate.ITERATED, node)
            # a, b = items
            case ast.Assign(targets=targets, value=value) if value is node and all(
                isinstance(target, (ast.Tuple, ast.List)) for target in targets
            ):
                yield Use(Fate.ITERATED, node)
            # if items, not items
            case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test) if test is node:
                yield Use(Fate.TESTED, node)
            case ast.UnaryOp(op=ast.Not()):
                yield Use(Fate.TESTED, node)
            case ast.comprehension(ifs=ifs) if node in ifs:
                yield Use(Fate.TESTED, node)
            case ast.IfExp(test=test) if test is node:
                yield Use(Fate.TESTED, node)
            # items or other, items if test else other: the expression may give the object
            case ast.BoolOp(op=ast.Or(), values=[*first, _]) if self._is_empty and node in first:
                yield Use(Fate.TESTED, node)
            case ast.BoolOp():
                yield Use(Fate.TESTED, node)
                yield from self._use(parent, body)
            case ast.IfExp():
                yield from self._use(parent, body)
            case ast.NamedExpr(target=named):
                yield from self._alias(named.id, body)
                yield from self._use(parent, body)
            # other = items
            case ast.Assign(targets=targets, value=value) if value is node:
                for target in targets:
                    yield from self._assigned(node, target, body)
            case ast.AnnAssign(target=annotated):
                yield from self._assigned(node, annotated, body)
            case ast.Attribute():
                yield from self._attribute(node, parent)
            case ast.Subscript(value=value) if value is node:
                yield self._subscript(node, parent)
            case ast.Compare():
                yield from self._compare(node, parent)
            case ast.BinOp(left=left, op=ast.Mod()) if left is not node:
                yield Use(Fate.SHOWN, node)
            case ast.BinOp():
                yield Use(Fate.READ, node)
            case ast.FormattedValue() | ast.Expr():
                yield Use(Fate.SHOWN, node)
            case ast.AugAssign(value=value) if value is node:
                yield Use(Fate.READ, node)
            # "%s of %s" % (items, total)
            case ast.Tuple() if isinstance(around := code.parent(parent), ast.BinOp) and isinstance(around.op, ast.Mod):
                yield Use(Fate.SHOWN, node)
            case ast.Return() | ast.Lambda():
                yield Use(Fate.LEAKED, node, "returned")
            case ast.Yield():
                yield Use(Fate.LEAKED, node, "yielded")
            case ast.Call(args=args) if node in args:
                yield self._argument(node, parent)
            case ast.keyword():
                call = code.parent(parent)
                yield Use(Fate.LEAKED, node, _passed(call) if isinstance(call, ast.Call) else "passed on")
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
                yield Use(Fate.LEAKED, node, "put into another object")
            case ast.DictComp() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                yield Use(Fate.LEAKED, node, "put into another object")
            case _:
                yield Use(Fate.LEAKED, node, "used in a way that may keep it")

    def _assigned(self, node: ast.expr, target: ast.expr, body: Sequence[ast.stmt | ast.expr]) -> Iterator[Use]:
        match target:
            case ast.Name(id=name) if self._code.scope(target).lookup(name) is self._scope:
                yield from self._alias(name, body)
            case ast.Attribute():
                yield Use(Fate.LEAKED, node, f"stored as `{ast.unparse(target)}`")
            case ast.Subscript(value=container):
                yield Use(Fate.LEAKED, node, f"put into `{ast.unparse(container)}`")
            case ast.Tuple() | ast.List():
                yield Use(Fate.ITERATED, node)
            case _:
                yield Use(Fate.LEAKED, node, "assigned to a variable outside of the function")

    def _attribute(self, node: ast.expr, attribute: ast.Attribute) -> Iterator[Use]:
        if attribute.attr in _SEQUENCE and self._kind in {"list", "deque"}:
            yield Use(Fate.ITERATED, node)
        elif attribute.attr in _READING.get(self._kind, ()):
            yield Use(Fate.READ, node)
        elif attribute.attr in _CHANGING:
            yield Use(Fate.CHANGED, node)
        else:
            yield Use(Fate.LEAKED, node, f"used through `.{attribute.attr}`")

    def _subscript(self, node: ast.expr, subscript: ast.Subscript) -> Use:
        around = self._code.parent(subscript)
        if not isinstance(subscript.ctx, ast.Load) or (
            isinstance(around, ast.AugAssign) and around.target is subscript
        ):
            return Use(Fate.CHANGED, node)
        if self._kind == "defaultdict":
            # Reading a missing key adds it.
            return Use(Fate.CHANGED, node)
        return Use(Fate.READ if isinstance(subscript.slice, ast.Slice) else Fate.ITERATED, node)

    def _compare(self, node: ast.expr, compare: ast.Compare) -> Iterator[Use]:
        operands = [compare.left, *compare.comparators]
        index = operands.index(node)
        for at in (index - 1, index):
            if not 0 <= at < len(compare.ops):
                continue
            other = operands[at + 1] if at == index else operands[at]
            match compare.ops[at]:
                case ast.In() | ast.NotIn() if at < index:
                    yield Use(Fate.ITERATED, node)
                case ast.Is() | ast.IsNot() if not isinstance(other, ast.Constant):
                    yield Use(Fate.LEAKED, node, "compared by identity")
                case _:
                    yield Use(Fate.SHOWN, node)

    def _argument(self, node: ast.expr, call: ast.Call) -> Use:
        code = self._code
        if code.is_name(call.func, *_ITERATING):
            return Use(Fate.ITERATED, node)
        if code.is_name(call.func, *_ITERATING_AFTER_FIRST) and call.args[0] is not node:
            return Use(Fate.ITERATED, node)
        if code.is_name(call.func, *_ITERATING_ALONE) and call.args == [node]:
            # max(items, other) may give the object itself.
            return Use(Fate.ITERATED, node)
        if code.is_name(call.func, "builtins.sum") and call.args[0] is node:
            return Use(Fate.ITERATED, node)
        if code.is_name(call.func, "builtins.bool"):
            return Use(Fate.TESTED, node)
        if code.is_name(call.func, *_READING_FUNCTIONS):
            return Use(Fate.READ, node)
        if code.is_name(call.func, *_SHOWING_FUNCTIONS):
            return Use(Fate.SHOWN, node)
        match call.func:
            # ", ".join(items)
            case ast.Attribute(value=ast.Constant(value=str() | bytes()), attr="join"):
                return Use(Fate.ITERATED, node)
            case ast.Attribute(value=ast.Constant(value=str() | bytes()), attr="format"):
                return Use(Fate.SHOWN, node)
            case _:
                return Use(Fate.LEAKED, node, _passed(call))


def _passed(call: ast.Call) -> str:
    function = ast.unparse(call.func)
    return f"passed to `{function}`, which may keep or change it" if len(function) < 40 else "passed on"


__all__ = ["Fate", "Use", "fates", "is_replaced_at"]
