"""What does this file use as a decorator?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from idiomatic.core.analysis.tree import tree
from idiomatic.core.facts import is_generator
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


@about(lambda name: (name,))
def is_used_as_decorator(module: Module, name: str) -> bool:
    """Question: whether something of this name decorates a function or class: `@name`, `@name(...)`, `@x.name`..."""
    return any(name in statement.fact(decorator_names) for statement in module.statements if statement.mentions("@"))


@about(lambda name: (name,))
def decorated_coroutines(module: Module, name: str) -> tuple[str, ...]:
    """Question: the coroutine functions right above which something of this name stands as a decorator."""
    found = (each for statement in module.mentioning(name) for each in statement.fact(_coroutines))
    return tuple(function for decorator, function in found if decorator == name)


def _coroutines(statement: Statement) -> tuple[tuple[str, str], ...]:
    """The coroutine functions of a statement that have decorators, with the last name of the lowest one."""
    functions = statement.fact(tree).of(ast.AsyncFunctionDef)
    decorated = [each for each in functions if each.decorator_list]
    return tuple(
        (name, each.name)
        for each in decorated
        if (name := last_name(each.decorator_list[-1])) is not None and not is_generator(each)
    )


@about(lambda name: (name,))
def decorators_above(module: Module, name: str) -> tuple[str, ...]:
    """Question: the source of the decorators, without their arguments, that stand above one of this name."""
    statements = (each for each in module.statements if each.mentions(name) and each.mentions("@"))
    found = (above for statement in statements for below, above in statement.fact(_above) if below == name)
    return tuple(dict.fromkeys(found))


def _above(statement: Statement) -> tuple[tuple[str, str], ...]:
    """The neighbouring decorators of a statement: the last name of the lower one, and the source of the upper one."""
    index = statement.fact(tree)
    functions: list[Function] = [*index.of(ast.FunctionDef), *index.of(ast.AsyncFunctionDef)]
    return tuple(
        (name, ast.unparse(above.func if isinstance(above, ast.Call) else above))
        for function in functions
        for number, below in enumerate(function.decorator_list)
        if (name := last_name(below)) is not None
        for above in function.decorator_list[:number]
    )


def last_name(decorator: ast.expr) -> str | None:
    """The last name of a decorator: `route` for `@app.route("/")`."""
    match decorator.func if isinstance(decorator, ast.Call) else decorator:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def decorator_names(statement: Statement) -> frozenset[str]:
    """The last names of a statement's decorators."""
    return frozenset(_names(statement))


def _names(statement: Statement) -> Iterator[str]:
    index = statement.fact(tree)
    functions, coroutines, classes = index.of(ast.FunctionDef), index.of(ast.AsyncFunctionDef), index.of(ast.ClassDef)
    for decorators in (definition.decorator_list for group in (functions, coroutines, classes) for definition in group):
        yield from filter(None, map(last_name, decorators))
