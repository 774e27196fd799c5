"""Say with `contextlib.suppress` which exception a block ignores, instead of with an `except` that does nothing.

## Why
`try` with `except ...: pass` spends four lines on one thought, and the thought comes last: only below the block does
one learn that it may fail. `with suppress(FileNotFoundError):` says it first, and has no empty handler in which
something could be forgotten.

`suppress` costs a microsecond or two each time, a `try` next to nothing as long as nothing is raised. In the innermost
loop of a program that has to be fast, leave the `try`.

## Example
```python
import os


def remove(path):
    try:
        os.remove(path)
    except FileNotFoundError:
        pass
```
becomes
```python
import contextlib
import os


def remove(path):
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
```

## Fix safety
Safe where the classes are builtin exceptions, or imported or defined at the top of the file: they are now looked up
before the block, and not only when something is raised. Comments of the handler move above the `with`.

Unsafe, with the reason:

- a class may have no value before the block, or be a tuple, which would need a `*`: a variable, a parameter, an
  attribute of an object, a name that is imported only under a condition;
- the exception has a name (`as error`) that is used elsewhere: the handler deletes it, `suppress` leaves it alone;
- the block may raise an exception group, as it does something asynchronous or the file speaks of groups: since Python
  3.12 `suppress` also takes the exceptions out of a group, which `except` does not. `Exception`, `BaseException` and
  the error of a cancelled task are not meant by that;
- it is in a `__del__` method, which may run when the module `contextlib` is gone already;
- it ignores a `RecursionError` or a `MemoryError`: `suppress` itself needs room.

Not offered: a bare `except:`, which catches `KeyboardInterrupt` as well and hardly ever means to; several handlers,
`else`, `finally`, `except*`; classes that a call or another computation gives, or that the block itself binds; a block
with an `import`, because `try: import ...` is a form that people and tools know; a handler with a comment for a linter
or a type checker.

## References
- [`contextlib.suppress`](https://docs.python.org/3/library/contextlib.html#contextlib.suppress)
"""

from __future__ import annotations

import ast
import builtins
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.exceptions import CANCELLED, catches, caught
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.scopes import bound_by
from idiomatic.core.analysis.tool_comments import first_tool_comment
from idiomatic.core.analysis.tree import tree, walk
from idiomatic.core.idiom import Finding, Fix, Kind, safe_unless
from idiomatic.core.module import about, bindings
from idiomatic.core.writing.comments import comment_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

KIND = Kind.IDIOM
SINCE = (3, 4)
TRIGGERS = ("except",)
ALSO = ("SIM105",)

GROUPS: Final = ("ExceptionGroup", "BaseExceptionGroup", "TaskGroup")
ASYNCHRONOUS: Final = (ast.Await, ast.AsyncWith, ast.AsyncFor)
# Not those for idiomatic itself: without a finding they would silence nothing.


def detect(statement: ast.Try, code: Analysis) -> Iterator[Finding]:
    match statement:
        # try: os.remove(path)
        # except FileNotFoundError: pass
        case ast.Try(handlers=[handler], orelse=[], finalbody=[]) if _does_nothing(handler):
            pass
        case _:
            return
    classes = caught(handler)
    if not classes or not all(_root(each) for each in classes):
        return
    if _has_import(statement) or _binds_a_class(statement, classes) or _is_for_a_tool(statement, code):
        return
    reasons = dict(_reasons(statement, handler, code))
    names = ", ".join(f"{'*' if _is_tuple(each, code) else ''}{ast.unparse(each)}" for each in classes)
    consequence = f" ({next(iter(reasons.values()))})" if reasons else ""
    fix = Fix(
        f"Use `with contextlib.suppress({names})`{consequence}",
        safe_unless(reasons),
        code.lines(statement),
        partial(to_suppress, statement),
    )
    message = "An `except` that does nothing can be a `with contextlib.suppress(...)`"
    yield Finding(handler, message, (fix,), about=statement)


def _does_nothing(handler: ast.ExceptHandler) -> bool:
    match handler.body:
        # pass
        # ...
        case [ast.Pass()] | [ast.Expr(value=ast.Constant(value=builtins.Ellipsis))]:
            return True
        case _:
            return False


def _root(class_: ast.expr) -> str | None:
    """The name with which a dotted name begins."""
    while isinstance(class_, ast.Attribute):
        class_ = class_.value
    return class_.id if isinstance(class_, ast.Name) else None


def _in_body(statement: ast.Try) -> Iterator[ast.AST]:
    return (node for each in statement.body for node in walk(each))


def _has_import(statement: ast.Try) -> bool:
    return any(isinstance(node, ast.Import | ast.ImportFrom) for node in _in_body(statement))


def _binds_a_class(statement: ast.Try, classes: Sequence[ast.expr]) -> bool:
    """Whether the block gives a value to what is caught, or to something in which it is looked up."""
    written = {ast.unparse(part) for each in classes for part in walk(each) if isinstance(part, ast.expr)}
    for node in _in_body(statement):
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                if ast.unparse(node) in written:
                    return True
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if name in written:
                    return True
            case _:
                pass
    return False


def _is_for_a_tool(statement: ast.Try, code: Analysis) -> bool:
    """Whether a comment from below the block on is meant for a type checker or linter."""
    end_line = code.statement.end_line
    return first_tool_comment(code, end_line(statement.body[-1]) + 1, end_line(statement)) is not None


# -- what may change --------------------------------------------------------------------------------------------------


def _reasons(statement: ast.Try, handler: ast.ExceptHandler, code: Analysis) -> Iterator[tuple[str, str]]:
    """Why it is not the same, each with its consequence in a few words."""
    for each in caught(handler):
        if not _is_surely_a_class(each, code):
            name = ast.unparse(each)
            reason = (
                f"`{name}` is now evaluated before the block, where it may have no value yet; a tuple would need a `*`."
            )
            yield reason, f"evaluates `{name}` first"
    if handler.name is not None and _is_used_elsewhere(handler, code):
        yield f"`{handler.name}` is used elsewhere, and is no longer deleted here.", f"keeps `{handler.name}`"
    if _may_raise_group(statement, handler, code):
        yield (
            "Since Python 3.12 `suppress` also takes the exceptions out of a group, which `except` does not.",
            "ignores them in groups too",
        )
    function = code.function_around(statement)
    if isinstance(function, ast.FunctionDef) and function.name == "__del__":
        yield "`__del__` may run when `contextlib` is gone already.", "may fail at exit"
    if catches(code, handler, "builtins.RecursionError", "builtins.MemoryError"):
        yield "`suppress` itself needs room, which there may not be.", "needs room"


def _is_surely_a_class(class_: ast.expr, code: Analysis) -> bool:
    """Whether it has a value before the block, and the value is an exception class as far as names tell."""
    root = _root(class_)
    assert root is not None
    if code.scope(class_).lookup(root) is not code.scope(class_).module:
        return False
    # Not `is_name`: where a star import may hide a builtin, there still is one.
    if isinstance(class_, ast.Name) and not code.ask(bindings, root):
        known = getattr(builtins, root, None)
        return isinstance(known, type) and issubclass(known, BaseException)
    last = class_.attr if isinstance(class_, ast.Attribute) else root
    if last.isupper():
        return False
    before = code.statement if code.function_around(class_) is None else None
    return code.ask(is_fixed, root, before)


def _is_tuple(class_: ast.expr, code: Analysis) -> bool:
    """Whether it is a variable for a tuple of classes: type checkers want them one by one."""
    return isinstance(class_, ast.Name) and code.local_bindings(class_) is None and code.ask(is_tuple, class_.id)


@about(lambda name: (name,))
def is_tuple(module: Module, name: str) -> bool:
    """Question: whether the only value of a name of the module is a tuple that is written out."""
    bound = [
        statement.fact(tree).parents.get(binding.node)
        for statement in module.mentioning(name)
        for binding in bound_by(statement, name)
    ]
    match bound:
        case [ast.Assign(value=ast.Tuple()) | ast.AnnAssign(value=ast.Tuple())]:
            return True
        case _:
            return False


@about(lambda name, before: (name,))
def is_fixed(module: Module, name: str, before: Statement | None) -> bool:
    """Question: whether an import or a class at the very top level gives a name its only value.

    Args:
        module: the file.
        name: of the module.
        before: the statement above which that has to be; `None`: anywhere.
    """
    found = False
    above = before is not None
    for statement in module.statements:
        if statement == before:
            above = False
        if not statement.mentions(name):
            continue
        for binding in bound_by(statement, name):
            is_top = binding.node in statement.nodes or any(
                isinstance(each, ast.Import | ast.ImportFrom) and binding.node in each.names for each in statement.nodes
            )
            is_definition = isinstance(binding.node, ast.alias | ast.ClassDef)
            if found or not is_top or not is_definition or (before is not None and not above):
                return False
            found = True
    return found


def _is_used_elsewhere(handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether the name of the exception means something outside the handlers that bind it."""
    name = handler.name
    assert name is not None
    function = code.function_around(handler)
    owner = code.scope(handler).lookup(name)
    if function is None or owner is None or owner.node is not function:
        return True
    return any(
        not any(isinstance(each, ast.ExceptHandler) and each.name == name for each in code.ancestors(use))
        for use in code.uses(name, function, owner)
    )


def _may_raise_group(statement: ast.Try, handler: ast.ExceptHandler, code: Analysis) -> bool:
    if catches(code, handler, "builtins.Exception", "builtins.BaseException"):
        return False
    if all(code.is_name(each, *CANCELLED) for each in caught(handler)):
        return False
    return any(isinstance(node, ASYNCHRONOUS) for node in _in_body(statement)) or any(
        code.ask(mentions, word) for word in GROUPS
    )


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_suppress(statement: ast.Try, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(statement, cst.Try)
    handler = old.handlers[0]
    above = comment_lines(*handler.leading_lines, handler.body)
    function = draft.expression("contextlib.suppress", statement, as_module=True)
    are_tuples = [_is_tuple(each, draft.code) for each in caught(statement.handlers[0])]
    item = cst.WithItem(_call(function, handler.type, are_tuples))
    made = cst.With([item], old.body, leading_lines=[*old.leading_lines, *above])
    return draft.replaced({old: made})


def _call(function: cst.BaseExpression, classes: cst.BaseExpression | None, are_tuples: Sequence[bool]) -> cst.Call:
    """`suppress(A, *B)` for `(A, B)`, where B is a tuple, on as many lines."""
    match classes:
        case cst.Tuple(elements=elements, lpar=[*_, left], rpar=[right, *_]):
            args = [
                cst.Arg(each.value, comma=each.comma, star="*" if several else "")
                for each, several in zip(elements, are_tuples, strict=True)
            ]
            end = right.whitespace_before
            is_long = isinstance(end, cst.ParenthesizedWhitespace)
            args[-1] = args[-1].with_changes(
                comma=args[-1].comma if is_long else cst.MaybeSentinel.DEFAULT, whitespace_after_arg=end
            )
            return cst.Call(function, args, whitespace_before_args=left.whitespace_after)
        case cst.Name() | cst.Attribute():
            return cst.Call(
                function, [cst.Arg(classes.with_changes(lpar=[], rpar=[]), star="*" if are_tuples[0] else "")]
            )
        case _:
            msg = "detection lets only names and tuples of names pass"
            raise TypeError(msg)
