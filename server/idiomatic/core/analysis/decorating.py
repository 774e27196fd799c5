"""What does this file use as a decorator?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from idiomatic.core.analysis.tree import tree
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


@about(lambda name: (name,))
def is_used_as_decorator(module: Module, name: str) -> bool:
    """Question: whether something of this name decorates a function or class: `@name`, `@name(...)`, `@x.name`..."""
    return any(name in statement.fact(decorator_names) for statement in module.statements if "@" in statement.text)


def decorator_names(statement: Statement) -> frozenset[str]:
    """The last names of a statement's decorators."""
    return frozenset(_names(statement))


def _names(statement: Statement) -> Iterator[str]:
    index = statement.fact(tree)
    functions, coroutines, classes = index.of(ast.FunctionDef), index.of(ast.AsyncFunctionDef), index.of(ast.ClassDef)
    for decorators in (definition.decorator_list for group in (functions, coroutines, classes) for definition in group):
        for decorator in decorators:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            match called:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name
                case _:
                    pass
