"""Whether an expression can be evaluated before the statement it stands in, without anyone noticing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from idiomatic.core.analysis.scopes import BindingKind
from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.facts import ClassFact
from idiomatic.core.module import bindings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis

_CONTAINERS = frozenset(f"builtins.{name}" for name in ("bytearray", "dict", "list", "set"))


def is_first(code: Analysis, expression: ast.expr, statement: ast.stmt) -> bool:
    """Whether a statement evaluates an expression first of all, once and in any case.

    What is evaluated before it may only be what no other code can change in the meantime: constants, variables of
    this function, imported names, functions and classes.
    """
    child: ast.AST = expression
    for parent in code.ancestors(expression):
        before = _before(parent, child)
        if before is None or not all(is_stable(code, each) for each in before):
            return False
        if parent is statement:
            return True
        child = parent
    return False


def has_room_above(code: Analysis, statement: ast.stmt) -> bool:
    """Whether others can be put above a statement: it has its own lines, and is not what an `elif` stands for."""
    is_elif = isinstance(statement, ast.If) and code.source(statement).startswith("elif")
    return not is_elif and code.has_own_lines(statement)


def order_fault(code: Analysis, expression: ast.expr, statement: ast.stmt) -> str | None:
    """Why an expression can't be evaluated above its statement."""
    if is_first(code, expression, statement):
        return None
    return "Its statement evaluates something else before it, or may not get to it: the order would change."


def _before(parent: ast.AST, child: ast.AST) -> Sequence[ast.expr] | None:
    """What `parent` evaluates before `child`; `None` if `child` may be evaluated never, or more than once."""
    match parent:
        case ast.Expr(value=first) | ast.Return(value=first) | ast.Assign(value=first) | ast.AnnAssign(value=first):
            return [] if first is child else None
        case ast.NamedExpr(value=first) | ast.If(test=first) | ast.Match(subject=first):
            return [] if first is child else None
        case ast.For(iter=first) | ast.AsyncFor(iter=first):
            return [] if first is child else None
        case ast.Raise(exc=first) | ast.IfExp(test=first):
            return [] if first is child else None
        case ast.AugAssign(target=ast.Name() as target, value=value):
            # A local variable is no other one when it is read later.
            return [target] if value is child else None
        case ast.With(items=[ast.withitem() as item, *_]) | ast.AsyncWith(items=[ast.withitem() as item, *_]):
            return [] if item is child else None
        case ast.withitem(context_expr=first):
            return [] if first is child else None
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return [] if parent.generators[0] is child else None
        case ast.comprehension(iter=first):
            return [] if first is child else None
        case ast.BoolOp(values=[first, *_]):
            return [] if first is child else None
        case ast.Compare(left=left, comparators=[second, *_]):
            return [] if left is child else [left] if second is child else None
        case ast.BinOp(left=left, right=right):
            return [] if left is child else [left] if right is child else None
        case ast.Subscript(value=value, slice=index):
            return [] if value is child else [value] if index is child else None
        case ast.Dict(keys=keys, values=values):
            flat = [each for pair in zip(keys, values, strict=True) for each in pair if each is not None]
            return _up_to(flat, child)
        case ast.Call(func=function, args=args, keywords=keywords):
            given: list[ast.expr | ast.keyword] = sorted(
                [*args, *keywords], key=lambda each: (each.lineno, each.col_offset)
            )
            return _up_to([function, *(each.value if isinstance(each, ast.keyword) else each for each in given)], child)
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return _up_to(elements, child)
        case ast.JoinedStr(values=values):
            return _up_to(values, child)
        case ast.UnaryOp() | ast.Attribute() | ast.Starred() | ast.keyword() | ast.Await() | ast.Yield():
            return []
        case ast.FormattedValue(value=value):
            return [] if value is child else None
        case _:
            return None


def shared_before(code: Analysis, expression: ast.expr) -> ast.expr | None:
    """What the statement around reads before an expression, and another task may change while that waits.

    Attributes, elements and variables of other scopes count if their value is used after the expression has its own:
    `self.total + await more()`. The functions that are called don't.
    """
    child: ast.AST = expression
    for parent in code.ancestors(expression):
        match parent:
            case ast.AugAssign(target=target):
                before: list[ast.expr] = [target]
            case ast.IfExp() | ast.BoolOp() | ast.NamedExpr() | ast.keyword():
                before = []
            case ast.Call(func=ast.Attribute(value=receiver)) if receiver is child:
                before = []
            case ast.Call(args=args, keywords=keywords):
                before = [each for each in (*args, *(keyword.value for keyword in keywords)) if _is_left(each, child)]
            case ast.expr():
                before = [
                    each
                    for each in ast.iter_child_nodes(parent)
                    if isinstance(each, ast.expr) and _is_left(each, child)
                ]
            case _:
                before = []
        for each in before:
            if (found := _shared(code, each)) is not None:
                return found
        if isinstance(parent, ast.stmt):
            return None
        child = parent
    return None


def _is_left(one: ast.expr, other: ast.AST) -> bool:
    here = other.value if isinstance(other, ast.keyword) else other
    return isinstance(here, ast.expr) and (one.lineno, one.col_offset) < (here.lineno, here.col_offset)


def _shared(code: Analysis, expression: ast.expr) -> ast.expr | None:
    match expression:
        case ast.Call(args=args, keywords=keywords):
            below = [*args, *(keyword.value for keyword in keywords)]
            return next((found for each in below if (found := _shared(code, each)) is not None), None)
        case ast.Name():
            local = code.local_bindings(expression)
            owner = code.scope(expression).lookup(expression.id)
            if local is not None:
                is_own = owner is not None and owner.node is code.function_around(expression)
                return None if is_own or is_stable(code, expression) else expression
            return None if is_stable(code, expression) else expression
        case ast.Attribute() | ast.Subscript():
            return None if is_stable(code, expression) else expression
        case ast.Lambda():
            return None
        case _:
            below = [each for each in ast.iter_child_nodes(expression) if isinstance(each, ast.expr)]
            return next((found for each in below if (found := _shared(code, each)) is not None), None)


def _up_to(given: Sequence[ast.expr], child: ast.AST) -> Sequence[ast.expr]:
    for index, each in enumerate(given):
        if each is child or (isinstance(child, ast.keyword) and each is child.value):
            return given[:index]
    return given


def arguments(call: ast.Call) -> Iterator[ast.expr]:
    """What is evaluated for the arguments of a call, without stars and names."""
    for each in (*call.args, *(keyword.value for keyword in call.keywords)):
        yield each.value if isinstance(each, ast.Starred) else each


def is_stable(code: Analysis, expression: ast.expr) -> bool:
    """Whether an expression has the same value, and no effect, a little earlier or later."""
    match expression:
        case ast.Constant() | ast.Lambda():
            return True
        case ast.Name():
            return _is_stable_name(code, expression)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return all(is_stable(code, each) for each in elements)
        case ast.Dict(keys=keys, values=values):
            return all(is_stable(code, each) for each in (*keys, *values) if each is not None)
        case ast.Starred():
            return False
        case ast.Attribute(value=value, attr=attr):
            return _is_stable_attribute(code, expression, value, attr)
        case _:
            return False


def _is_stable_name(code: Analysis, name: ast.Name) -> bool:
    local = code.local_bindings(name)
    if local is None:
        found = code.ask(bindings, name.id)
        if not found:
            return code.qualified_name(name) is not None
        fixed = {BindingKind.IMPORT, BindingKind.FUNCTION, BindingKind.CLASS}
        return len(found) == 1 and found[0].kind in fixed
    owner = code.scope(name).lookup(name.id)
    if owner is not None and owner.node is not code.function_around(name) and len(local) > 1:
        return False
    return not any(name.id in each.names for each in code.nodes(ast.Nonlocal))


def _is_stable_attribute(code: Analysis, expression: ast.Attribute, value: ast.expr, attr: str) -> bool:
    # itertools.chain
    if code.qualified_name(expression) is not None:
        return True
    match value:
        case ast.Name() if (class_ := code.class_of_self(value)) is not None:
            # self.method
            return any(isinstance(each, FUNCTIONS) and each.name == attr for each in class_.body)
        case ast.Name():
            # Class.method
            if isinstance(fact := code.definition(value), ClassFact):
                return fact.method(attr) is not None
            # results.extend, for results = []
            return (
                _is_stable_name(code, value)
                and all(
                    _is_container(code, code.parent(binding.node))
                    for binding in code.local_bindings(value) or (None,)
                    if binding
                )
                and bool(code.local_bindings(value))
            )
        case _:
            return False


def _is_container(code: Analysis, assignment: ast.AST | None) -> bool:
    match assignment:
        case (
            ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(target=ast.Name(), value=ast.expr() as value)
        ):
            return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp) or (
                isinstance(value, ast.Call) and code.is_name(value.func, *_CONTAINERS)
            )
        case _:
            return False
