"""What happens to a variable after a statement, how control leaves a block, and whether a statement can raise.

Everything here errs on one side: `is_read_after` says yes where it can't tell, `can_raise` too.
"""

from __future__ import annotations

import ast
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.tree import walk_own

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis


class _Next(Enum):
    """What code does first with a variable."""

    READS = auto()
    REBINDS = auto()
    """It is assigned before it can be read: the old value is gone."""
    LEAVES = auto()
    """Control goes elsewhere before the variable matters."""
    PASSES = auto()


_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)


def is_read_after(code: Analysis, statement: ast.stmt, name: str) -> bool:
    """Whether a variable's value may be read, or the variable deleted, once control has left a statement.

    Reads in the next round of a loop around the statement count; reads in nested functions are not looked for.

    Args:
        code: the analysis of the top-level statement around.
        statement: after which.
        name: a variable of the scope the statement is in.
    """
    current: ast.AST = statement
    while isinstance(current, ast.stmt):
        block = code.siblings(current)
        match _block(block[block.index(current) + 1 :], name):
            case _Next.READS:
                return True
            case _Next.REBINDS:
                return False
            case _Next.LEAVES:
                # `break`, `return` and `raise` still pass the handlers and clean-up around.
                return _is_read_on_the_way_out(code, current, name)
            case _Next.PASSES:
                pass
        parent = code.parent(current)
        while parent is not None and not isinstance(parent, (ast.stmt, ast.Module)):
            parent = code.parent(parent)
        match parent:
            case None | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return False
            case ast.For() | ast.AsyncFor() | ast.While() if _in_loop(parent, current, name) is _Next.READS:
                return True
            case ast.Try() | ast.TryStar() if any(_reads(part, name) for part in _later_parts(parent, current)):
                return True
            case ast.stmt():
                current = parent
            case _:
                return True
    return False


def _is_read_on_the_way_out(code: Analysis, statement: ast.stmt, name: str) -> bool:
    for around in code.ancestors(statement):
        match around:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return False
            case ast.Try() | ast.TryStar() if any(_reads(part, name) for part in (*around.handlers, *around.finalbody)):
                return True
            # `break` and `continue` go on in or after the loop.
            case ast.For() | ast.AsyncFor() | ast.While() if _reads(around, name, without=statement):
                return True
            case ast.For() | ast.AsyncFor() | ast.While() if is_read_after(code, around, name):
                return True
            case _:
                pass
    return False


def _later_parts(parent: ast.Try | ast.TryStar, current: ast.AST) -> Sequence[ast.AST]:
    """What of a `try` may run after a statement of it."""
    if current in parent.body:
        return [*parent.handlers, *parent.orelse, *parent.finalbody]
    if current in parent.finalbody:
        return []
    return parent.finalbody


def _in_loop(loop: ast.For | ast.AsyncFor | ast.While, current: ast.AST, name: str) -> _Next:
    """What the next round of a loop does, after a statement of its body."""
    if current in loop.orelse:
        return _Next.PASSES
    if isinstance(loop, ast.While):
        if _reads(loop.test, name):
            return _Next.READS
    elif name in _names(loop.target):
        return _block(loop.orelse, name)
    again = _block(loop.body[: loop.body.index(current)], name) if current in loop.body else _block(loop.body, name)
    if again is _Next.READS:
        return again
    return _block(loop.orelse, name)


def _block(statements: Iterable[ast.stmt], name: str) -> _Next:
    for statement in statements:
        if (found := _first(statement, name)) is not _Next.PASSES:
            return found
    return _Next.PASSES


def _first(statement: ast.stmt, name: str) -> _Next:
    """What a statement does first with a variable."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
            return _Next.READS if _reads(value, name) else _Next.REBINDS
        case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
            return _Next.READS if _reads(value, name) else _Next.REBINDS
        case ast.If(test=test, body=body, orelse=orelse):
            if _reads(test, name):
                return _Next.READS
            return _join(_block(body, name), _block(orelse, name))
        case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
            for item in items:
                if _reads(item.context_expr, name):
                    return _Next.READS
                if item.optional_vars is not None and name in _names(item.optional_vars):
                    return _Next.REBINDS
            # It may swallow what its body raises: what the body rebinds can still be the old value after it.
            found = _block(body, name)
            return found if found is _Next.READS else _Next.PASSES
        # Its body reads the new value; without a round there is still the old one.
        case ast.For(target=loop_target, iter=iterable, orelse=orelse) if name in _names(loop_target):
            is_read = _reads(iterable, name) or any(_reads(each, name) for each in orelse)
            return _Next.READS if is_read else _Next.PASSES
        case ast.Return() | ast.Raise() | ast.Break() | ast.Continue():
            return _Next.READS if _reads(statement, name) else _Next.LEAVES
        case _:
            return _Next.READS if _reads(statement, name) else _Next.PASSES


def _join(one: _Next, other: _Next) -> _Next:
    both = {one, other}
    if _Next.READS in both:
        return _Next.READS
    if _Next.PASSES in both:
        return _Next.PASSES
    return _Next.REBINDS if both == {_Next.REBINDS} else _Next.LEAVES


def _reads(node: ast.AST, name: str, without: ast.AST | None = None) -> bool:
    """Whether a variable is read, deleted or augmented somewhere in a node, `without` left out."""
    left_out = set(ast.walk(without)) if without is not None else set()
    for each in (node, *walk_own(node)):
        match each:
            case ast.AugAssign(target=ast.Name(id=target)) if target == name and each not in left_out:
                return True
            case ast.Name(id=found, ctx=ast.Load() | ast.Del()) if found == name and each not in left_out:
                return True
            case _:
                pass
    return False


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def leaving(block: Iterable[ast.stmt]) -> Iterator[ast.Return | ast.Break | ast.Continue]:
    """The statements by which control leaves a block early; those of loops and functions inside it are not."""
    stack: list[tuple[ast.AST, bool]] = [(statement, False) for statement in block]
    while stack:
        node, in_loop = stack.pop()
        match node:
            case ast.Return():
                yield node
            case ast.Break() | ast.Continue() if not in_loop:
                yield node
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.expr():
                pass
            case ast.For() | ast.AsyncFor() | ast.While():
                stack += [(each, True) for each in node.body] + [(each, in_loop) for each in node.orelse]
            case _:
                stack += [(each, in_loop) for each in ast.iter_child_nodes(node)]


def is_left_early(loop: ast.For | ast.AsyncFor | ast.While) -> bool:
    """Whether a `break` or `return` ends a loop."""
    return any(not isinstance(each, ast.Continue) for each in leaving(loop.body))


def goes_on(block: Sequence[ast.stmt]) -> bool:
    """Whether control can reach the end of a block, as far as its statements tell."""
    match block[-1]:
        case ast.Return() | ast.Raise() | ast.Break() | ast.Continue():
            return False
        case ast.If(body=yes, orelse=[_, *_] as no):
            return goes_on(yes) or goes_on(no)
        case ast.With(body=inner) | ast.AsyncWith(body=inner):
            return goes_on(inner)
        case ast.While(test=ast.Constant(value=True | 1)) as loop:
            return any(isinstance(each, ast.Break) for each in leaving(loop.body))
        case ast.Try() | ast.TryStar() as statement:
            if statement.finalbody and not goes_on(statement.finalbody):
                return False
            blocks = [each.body for each in statement.handlers]
            if goes_on(statement.body):
                blocks.append(statement.orelse or statement.body)
            return any(map(goes_on, blocks))
        case ast.Match(cases=cases):
            last = cases[-1]
            is_complete = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
            return not is_complete or any(goes_on(each.body) for each in cases)
        case _:
            return True


def can_raise(statement: ast.stmt) -> bool:
    """Whether executing a statement may raise; reading a variable is taken to succeed."""
    match statement:
        case ast.Pass() | ast.Global() | ast.Nonlocal():
            return False
        case ast.Expr(value=value):
            return not _is_harmless(value)
        # low, high = 0, 10
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
            harmless = all(isinstance(name, ast.Name) for name in names) and all(map(_is_harmless, values))
            return not harmless
        case ast.Assign(targets=targets, value=value):
            return not (all(isinstance(target, ast.Name) for target in targets) and _is_harmless(value))
        case ast.AnnAssign(target=ast.Name(), value=value, simple=1):
            return not (value is None or _is_harmless(value))
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            given = [*statement.args.defaults, *filter(None, statement.args.kw_defaults)]
            annotated = any(
                argument.annotation for argument in ast.walk(statement.args) if isinstance(argument, ast.arg)
            )
            return bool(statement.decorator_list or statement.returns or annotated) or not all(map(_is_harmless, given))
        case _:
            return True


def _is_harmless(value: ast.expr) -> bool:
    match value:
        case ast.Constant() | ast.Name():
            return True
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return not any(isinstance(item, ast.Starred) for item in items) and all(map(_is_harmless, items))
        case ast.Dict(keys=keys, values=values):
            return all(isinstance(key, ast.Constant) for key in keys) and all(map(_is_harmless, values))
        case ast.Set(elts=items):
            return all(isinstance(item, ast.Constant) for item in items)
        case ast.Lambda(args=arguments):
            return all(map(_is_harmless, [*arguments.defaults, *filter(None, arguments.kw_defaults)]))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float())):
            return True
        case ast.UnaryOp(op=ast.Not(), operand=ast.Constant()):
            return True
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[right]):
            return _is_harmless(left) and _is_harmless(right)
        case _:
            return False
