"""Of which type is a parameter, by its docstring, its default and what is done with it?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.known_types import type_in_docstring, type_of_value

if TYPE_CHECKING:
    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function

CAUGHT: Final = "type[BaseException] | tuple[type[BaseException], ...]"
_SECONDS: Final = frozenset(("sleep", "timeout", "wait_for"))


def default_of(argument: ast.arg, arguments: ast.arguments) -> ast.expr | None:
    """The default of a parameter, if it has one."""
    if argument in arguments.kwonlyargs:
        return arguments.kw_defaults[arguments.kwonlyargs.index(argument)]
    positional = [*arguments.posonlyargs, *arguments.args]
    if argument not in positional:
        return None
    index = positional.index(argument) - (len(positional) - len(arguments.defaults))
    return arguments.defaults[index] if index >= 0 else None


def parameter_type(argument: ast.arg, function: Function, code: Analysis) -> str:
    """The type of a parameter without annotation; empty when nothing is known."""
    documented = type_in_docstring(argument.arg, ast.get_docstring(function, clean=False) or "")
    default = default_of(argument, function.args)
    if documented.text:
        is_none = documented.optional or (isinstance(default, ast.Constant) and default.value is None)
        return f"{documented.text} | None" if is_none else documented.text
    used = _by_use(argument, function, code)
    match default:
        case None:
            return used
        case ast.Constant(value=None):
            return f"{used} | None" if used else ""
        case _ if used == CAUGHT:
            return used
        case _:
            known = type_of_value(default, code)
            if known == "int" and used == "float":
                return used
            return known if known in {"bool", "int", "float", "str", "bytes"} else ""


def _by_use(argument: ast.arg, function: Function, code: Analysis) -> str:
    owner = code.scope_made_by(function)
    for statement in function.body:
        for use in code.uses(argument.arg, statement, owner):
            match code.parent(use):
                case ast.ExceptHandler(type=type_) if type_ is use:
                    return CAUGHT
                # range(times)
                case ast.Call() as call if call.func is not use:
                    if known := _as_argument(call, code):
                        return known
                # range(times + 1), sleep(delay * attempt)
                case ast.BinOp() as sum_ if isinstance(around := code.parent(sum_), ast.Call):
                    if known := _as_argument(around, code):
                        return known
                case _:
                    pass
    return ""


def _as_argument(call: ast.Call, code: Analysis) -> str:
    if code.is_name(call.func, "builtins.range"):
        return "int"
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name) if name in _SECONDS:
            return "float"
        case _:
            return ""
