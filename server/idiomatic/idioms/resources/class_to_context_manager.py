"""Write a class that is only there for `with` as a generator with `@contextmanager`.

## Why
A class with nothing but `__init__`, `__enter__` and `__exit__` tells one story in three places, and carries what it has
to remember from one to the next in attributes. As a generator it is read from top to bottom: setup, `yield`, clean-up.

## Example
```python
import os


class working_directory:
    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> str:
        self.before = os.getcwd()
        os.chdir(self.path)
        return self.before

    def __exit__(self, *exc_info: object) -> None:
        os.chdir(self.before)


def build(path: str) -> None:
    with working_directory(path):
        print("building")
```
becomes
```python
import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def working_directory(path: str) -> Iterator[str]:
    before = os.getcwd()
    os.chdir(path)
    try:
        yield before
    finally:
        os.chdir(before)


def build(path: str) -> None:
    with working_directory(path):
        print("building")
```

## Fix safety
Unsafe: it is no class any more. What the function gives can be entered once only, has no attributes, and can't be
inherited from or recognised with `isinstance`; tracebacks show frames of `contextlib`. It keeps its name, so that
whoever writes `with name(...)` need not change anything.

Refused: `__exit__` looks at the exception or returns something; `__enter__` gives the object itself, and a `with` of
this file binds it; the file does something else with the class than to enter its objects at once (it keeps one,
inherits, annotates...); a method returns early, needs the object itself, or defines functions.

Not offered: classes with other methods, attributes, bases or decorators.

## References
- [`contextlib.contextmanager`](https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager)
- [The context manager protocol](https://docs.python.org/3/library/stdtypes.html#context-manager-types)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.manager_classes import manager_of, names_of_attributes, receiver_of
from idiomatic.core.analysis.tree import tree, walk_block
from idiomatic.core.facts import parameters
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.module import about, bindings
from idiomatic.core.text import Span
from idiomatic.core.writing.manager_function import to_function

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.manager_classes import Manager
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.document import Statement
    from idiomatic.core.module import Module

KIND = Kind.REFACTOR
SINCE = (3, 7)
TRIGGERS = ("__enter__", "__aenter__")
ALSO = ()

ENTERING: Final = frozenset({"enter_context", "enter_async_context"})


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    manager = manager_of(class_, code)
    if manager is None:
        return
    start = code.span(class_).start
    head = Span(start, code.statement.text.index(class_.name, start + len("class")) + len(class_.name))
    maker = "@asynccontextmanager" if manager.is_async else "@contextmanager"
    message = f"`{class_.name}` is only there for `with`, and can be a generator with `{maker}`"
    title = f"Write it as a function with `{maker}`"
    if (reason := next(_refusals(manager, code), None)) is not None:
        yield Finding(head, message, (Fix(title, Refused(reason), code.lines(class_)),))
        return
    reasons = [
        f"`{class_.name}` is no class any more: what it gives can be entered once only, and has no attributes; "
        "`isinstance` and subclasses are gone."
    ]
    if manager.gives_itself:
        reasons.append("Entering gives nothing any more instead of the object.")
    fix = Fix(f"{title} (no class any more)", Unsafe(tuple(reasons)), code.lines(class_), partial(to_function, manager))
    yield Finding(head, message, (fix,))


# -- whether it may be done -------------------------------------------------------------------------------------------


def _refusals(manager: Manager, code: Analysis) -> Iterator[str]:
    leave = manager.leave
    others = {argument.arg for argument in parameters(leave.args)} - {receiver_of(leave)}
    if any(isinstance(node, ast.Name) and node.id in others for node in walk_block(leave.body)):
        yield f"`{leave.name}` looks at the exception."
    if not code.has_own_lines(manager.class_):
        yield "It shares a line with another statement."
    for method in manager.methods:
        yield from _method_refusals(method, manager, code)
    yield from _use_refusals(manager, code)
    if names_of_attributes(manager, code) is None:
        yield "There are no free names for its attributes."


def _method_refusals(method: Function, manager: Manager, code: Analysis) -> Iterator[str]:
    own = receiver_of(method)
    body = method.body
    if not all(map(code.has_own_lines, body)):
        yield f"A statement of `{method.name}` shares its line with another."
    for node in walk_block(body):
        match node:
            case ast.Return(value=value):
                if node is not body[-1]:
                    yield f"`{method.name}` returns early."
                elif method is manager.leave and not _is_nothing(value):
                    yield f"`{method.name}` returns something: it may swallow exceptions."
            case ast.Yield() | ast.YieldFrom():
                yield f"`{method.name}` yields something."
            case ast.Lambda() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield f"`{method.name}` defines a function or class."
            case ast.Global() | ast.Nonlocal():
                yield f"`{method.name}` is about variables of others."
            case ast.Name(id=name) if name == own and not (
                isinstance(parent := code.parent(node), ast.Attribute)
                or (isinstance(parent, ast.Return) and method is manager.enter)
            ):
                yield f"`{method.name}` needs the object itself."
            case ast.Call(func=ast.Name(id="super" | "locals" | "vars" | "eval" | "exec" as called)):
                yield f"`{called}()` depends on where it is called."
            case ast.Attribute(value=ast.Name(id=name), attr="__class__" | "__dict__" as attr) if name == own:
                yield f"`{method.name}` needs `{attr}`."
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if name == own:
                if attr.startswith("__") and attr.endswith("__"):
                    yield f"`{method.name}` calls a method of the object."
            case _:
                pass


def _is_nothing(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and not value.value)


def _use_refusals(manager: Manager, code: Analysis) -> Iterator[str]:
    """What the file does with the class that it could not do with a function."""
    name = manager.class_.name
    owner = code.scope(manager.class_)
    if owner.parent is not None:
        uses = _uses_here(manager, code)
    elif len(code.ask(bindings, name)) > 1:
        yield f"`{name}` is defined more than once."
        return
    else:
        uses = code.ask(class_uses, name)
    if "other" in uses:
        yield f"`{name}` is used for something else than to be entered at once."
    if manager.gives_itself and "bound" in uses:
        yield "Entering gives the object itself, which a `with` of this file binds."


def _uses_here(manager: Manager, code: Analysis) -> frozenset[str]:
    """How a class of a function or class is used."""
    name, owner = manager.class_.name, code.scope(manager.class_)
    if isinstance(owner.node, ast.ClassDef) or owner.node is None or len(owner.bindings.get(name, ())) > 1:
        return frozenset({"other"})
    return frozenset(_use(use, code.statement) for use in code.uses(name, owner.node, owner))


@about(lambda name: (name,))
def class_uses(module: Module, name: str) -> frozenset[str]:
    """Question: how the objects of a class are used: `entered` at once, `bound` by the `with`, or `other`."""
    return frozenset(
        _use(node, statement)
        for statement in module.mentioning(name)
        for node in statement.fact(tree).of(ast.Name)
        if node.id == name
    ) | frozenset(
        "other"
        for statement in module.mentioning(name)
        for node in statement.fact(tree).of(ast.Constant)
        if isinstance(node.value, str) and name in node.value and _is_annotation(node, statement)
    )


def _use(use: ast.Name, statement: Statement) -> str:
    parents = statement.fact(tree).parents
    call = parents.get(use)
    if not isinstance(call, ast.Call) or call.func is not use:
        return "other"
    match parents.get(call):
        case ast.withitem(optional_vars=bound):
            return "bound" if bound is not None else "entered"
        case ast.Call(func=ast.Attribute(attr=method), args=[first]) as around if method in ENTERING and first is call:
            taken = parents.get(around)
            taken = parents.get(taken) if isinstance(taken, ast.Await) else taken
            return "entered" if isinstance(taken, ast.Expr) else "bound"
        case _:
            return "other"


def _is_annotation(node: ast.Constant, statement: Statement) -> bool:
    match statement.fact(tree).parents.get(node):
        case ast.arg() | ast.AnnAssign() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Subscript():
            return True
        case _:
            return False
