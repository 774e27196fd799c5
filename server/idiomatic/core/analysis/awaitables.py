"""Of which calls the awaitables come that are passed to something which waits for all of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from idiomatic.core.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.code import Analysis


def functions_called(code: Analysis, argument: ast.expr) -> Sequence[ast.expr] | None:
    """The functions whose calls give an argument or, starred, its elements; `None` if it isn't made of calls."""
    match argument:
        case ast.Starred(value=value):
            return _of_elements(value, code)
        case ast.Call(func=function):
            return [function]
        case ast.IfExp(body=yes, orelse=no):
            both = functions_called(code, yes), functions_called(code, no)
            return None if both[0] is None or both[1] is None else [*both[0], *both[1]]
        case ast.Name() if (made := _only_value(argument, code)) is not None:
            return None if isinstance(made, ast.Name) else functions_called(code, made)
        case _:
            return None


def _of_elements(value: ast.expr, code: Analysis) -> Sequence[ast.expr] | None:
    match value:
        # *[load(path) for path in paths]
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            return functions_called(code, element)
        # *map(load, paths)
        case ast.Call(func=ast.Name() as function, args=[mapped, _, *_], keywords=[]) if code.is_name(
            function, "builtins.map"
        ):
            return functions_called(code, mapped.body) if isinstance(mapped, ast.Lambda) else [mapped]
        # *[load_user(), load_posts()]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            each = [functions_called(code, element) for element in elements]
            return None if None in each else [function for some in each for function in some or ()]
        # *coroutines
        case ast.Name():
            made = _only_value(value, code)
            if made is not None and not isinstance(made, ast.Name):
                return _of_elements(made, code)
            return _of_appended(value, code)
        case _:
            return None


def _only_value(name: ast.Name, code: Analysis) -> ast.expr | None:
    """What a local variable is, if it is assigned once, further up in the same block, and read only here."""
    function = code.function_around(name)
    local = code.local_bindings(name)
    if function is None or local is None or len(local) != 1 or local[0].kind is not BindingKind.VARIABLE:
        return None
    if code.function_around(local[0].node) is not function:
        return None
    assignment = code.parent(local[0].node)
    match assignment:
        case ast.Assign(targets=[target], value=value) if target is local[0].node:
            pass
        case ast.AnnAssign(value=ast.expr() as value):
            pass
        case _:
            return None
    assert isinstance(assignment, ast.Assign | ast.AnnAssign)
    if len(list(code.uses(name.id, function, code.scope(name).lookup(name.id)))) != 2:
        return None
    here = {code.statement_of(name), *code.ancestors(name)}
    return (
        value
        if any(each in here for each in code.siblings(assignment)) and not _in_loop(name, assignment, code)
        else None
    )


def _in_loop(name: ast.Name, assignment: ast.stmt, code: Analysis) -> bool:
    """Whether a loop that does not repeat the assignment stands around a name."""
    outside = set(code.ancestors(assignment))
    child: ast.AST = name
    for each in code.ancestors(name):
        if each in outside:
            return False
        if isinstance(each, ast.While) or (isinstance(each, ast.For | ast.AsyncFor) and child is not each.iter):
            return True
        child = each
    return False


def _of_appended(name: ast.Name, code: Analysis) -> Sequence[ast.expr] | None:
    """The functions whose calls are appended to a list that is used for nothing else."""
    function = code.function_around(name)
    local = code.local_bindings(name)
    if function is None or local is None or len(local) != 1 or code.function_around(local[0].node) is not function:
        return None
    assignment = code.parent(local[0].node)
    match assignment:
        case ast.Assign(targets=[ast.Name()], value=ast.List(elts=elements)):
            pass
        case ast.AnnAssign(value=ast.List(elts=elements)):
            pass
        case _:
            return None
    found: list[ast.expr] = []
    given = list(elements)
    for use in code.uses(name.id, function, code.scope(name).lookup(name.id)):
        if use is name or use is local[0].node:
            continue
        attribute = code.parent(use)
        match attribute and code.parent(attribute):
            case ast.Call(func=ast.Attribute(attr="append") as append, args=[element], keywords=[]) as call if (
                append is attribute and isinstance(code.parent(call), ast.Expr)
            ):
                given.append(element)
            case _:
                return None
    for element in given:
        functions = functions_called(code, element)
        if functions is None:
            return None
        found += functions
    return found if found and not _in_loop(name, cast("ast.stmt", assignment), code) else None
