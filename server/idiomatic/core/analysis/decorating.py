"""What does this file use as a decorator?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from idiomatic.core.analysis.tree import tree
from idiomatic.core.facts import is_generator
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


@about(lambda name: (name,))
def is_used_as_decorator(module: Module, name: str) -> bool:
    """Question: whether something of this name decorates a function or class: `@name`, `@name(...)`, `@x.name`..."""
    return any(name in statement.fact(decorator_names) for statement in module.statements if "@" in statement.text)


@about(lambda name: (name,))
def decorated_coroutines(module: Module, name: str) -> tuple[str, ...]:
    """Question: the coroutine functions right above which something of this name stands as a decorator."""
    found = (each for statement in module.statements if name in statement.text for each in statement.fact(_coroutines))
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
