"""Say with `from` how a new exception relates to the one that was caught.

## Why
Without `from`, the traceback says "During handling of the above exception, another exception occurred", as if the
handler itself had failed. `raise New(...) from error` names the caught exception as the cause, for readers, loggers and
error trackers; `from None` hides it as a detail that nobody needs. Which of the two is meant only the author knows, so
both are offered.

## Example
```python
def port(settings):
    try:
        return int(settings["port"])
    except ValueError:
        raise SettingsError("the port is not a number")


class SettingsError(Exception):
    pass
```
becomes
```python
def port(settings):
    try:
        return int(settings["port"])
    except ValueError as error:
        raise SettingsError("the port is not a number") from error


class SettingsError(Exception):
    pass
```

## Fix safety
Safe where a new exception is raised, by calling a class or by naming one: only the text of the traceback changes. The
handler's own name is used; where it has none, it gets one that nothing else in the function uses.

Unsafe where the exception may exist already (a variable, the result of a function: `from` overwrites the cause it
has), where the module itself reads `__cause__`, `__context__` or `__suppress_context__`, and where a `RuntimeError`
leaves a `@contextmanager`, which takes one that is caused by a `StopIteration` for that `StopIteration`. The second
action, `from None`, is unsafe: the traceback no longer shows the caught exception.

Refused is `from` the caught exception in a bare `except:`, which can't name it, where its name is bound again or
deleted before the `raise`, and where the raised exception is taken out of the caught one or was caught by a handler
further out, so that each would lead back to the other.

Not found are `raise` alone, raising the caught exception itself, and exceptions that end a program or an iteration and
whose traceback nobody sees: `SystemExit`, `StopIteration`, `StopAsyncIteration`, `GeneratorExit`.

## References
- [Exception chaining](https://docs.python.org/3/tutorial/errors.html#exception-chaining)
- [The `raise` statement](https://docs.python.org/3/reference/simple_stmts.html#the-raise-statement)
- [PEP 3134: exception chaining and embedded tracebacks](https://peps.python.org/pep-3134/)
"""

from __future__ import annotations

import ast
import builtins
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.free_names import exception_name
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.facts import ClassFact, is_generator
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe, safe_unless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 3)
TRIGGERS = ("except",)
ALSO = ("B904",)

SILENT: Final = tuple(
    f"builtins.{name}" for name in ("SystemExit", "StopIteration", "StopAsyncIteration", "GeneratorExit")
)
CHAIN: Final = ("__cause__", "__context__", "__suppress_context__")
EXISTING: Final = "`{raised}` may be an exception that exists already and has a cause, which `from` overwrites."
HIDDEN: Final = "The traceback no longer shows the caught exception."


def detect(statement: ast.Raise, code: Analysis) -> Iterator[Finding]:
    # raise New(...), with neither `from error` nor `from None`
    if statement.exc is None or statement.cause is not None:
        return
    handler = handler_around(statement, code)
    if handler is None or code.is_name(_class_of(statement.exc), *SILENT) or _is_caught(statement.exc, handler, code):
        return
    yield Finding(
        statement,
        "Without `from`, the traceback reads as if the handler itself had failed",
        (_from_caught(statement, statement.exc, handler, code), _from_none(statement, statement.exc, handler, code)),
    )


def _from_caught(statement: ast.Raise, raised: ast.expr, handler: ast.ExceptHandler, code: Analysis) -> Fix:
    where = code.lines(statement if handler.name else handler_try(handler, code))
    title = f"Raise it `from {handler.name}`" if handler.name else "Raise it `from` the caught exception"
    if handler.type is None:
        reason = "A bare `except:` can't name what it catches; `except BaseException as error:` could."
        return Fix(title, Refused(reason), where)
    if handler.name and _is_rebound(handler.name, statement, handler, code):
        reason = f"`{handler.name}` is bound again or deleted in this handler: it may not be the caught exception."
        return Fix(title, Refused(reason), where)
    if _is_being_handled(raised, handler, code):
        reason = f"`{ast.unparse(raised)}` is being handled already: each exception would lead back to the other."
        return Fix(title, Refused(reason), where)
    reasons = list(_reasons(statement, raised, code))
    if reasons:
        title += " (overwrites the cause it has)" if reasons[0].startswith("`") else " (sets `__cause__`)"
    return Fix(title, safe_unless(reasons), where, partial(chain, statement, handler))


def _from_none(statement: ast.Raise, raised: ast.expr, handler: ast.ExceptHandler, code: Analysis) -> Fix:
    title = "Raise it `from None` (hides the caught exception)"
    if _is_being_handled(raised, handler, code):
        reasons = [HIDDEN, EXISTING.format(raised=ast.unparse(raised))]
    else:
        reasons = [HIDDEN, *_reasons(statement, raised, code)]
    return Fix(title, Unsafe(tuple(dict.fromkeys(reasons))), code.lines(statement), partial(unchain, statement))


# -- where it is raised -----------------------------------------------------------------------------------------------


def handler_around(statement: ast.stmt, code: Analysis) -> ast.ExceptHandler | None:
    """The handler whose exception is being handled when a statement runs, as far as its own function shows."""
    child: ast.AST = statement
    for parent in code.ancestors(statement):
        match parent:
            case ast.ExceptHandler():
                return parent
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return None
            case ast.Try() | ast.TryStar() if child in parent.finalbody:
                # Which exception is under way there, if any, can't be seen.
                return None
            case _:
                child = parent
    return None


def handler_try(handler: ast.ExceptHandler, code: Analysis) -> ast.stmt:
    """The `try` statement of a handler."""
    around = code.parent(handler)
    assert isinstance(around, (ast.Try, ast.TryStar))
    return around


def _is_rebound(name: str, statement: ast.Raise, handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether the handler's name may mean something else when the statement runs."""
    between = list(code.ancestors(statement))
    between = between[: between.index(handler)]
    in_loop = any(isinstance(node, (ast.For, ast.AsyncFor, ast.While)) for node in between)
    scope = code.scope(statement)
    if name in scope.elsewhere:
        return True
    owner = scope.lookup(name)
    bindings = owner.bindings.get(name, ()) if owner is not None else ()
    return any(
        binding.node is not handler
        and handler in code.ancestors(binding.node)
        and (in_loop or _starts_before(binding.node, statement))
        for binding in bindings
    )


def _starts_before(one: ast.AST, other: ast.AST) -> bool:
    return (one.lineno, one.col_offset) < (other.lineno, other.col_offset)  # type: ignore[attr-defined]


# -- what is raised ---------------------------------------------------------------------------------------------------


def _class_of(raised: ast.expr) -> ast.expr:
    """What is called, or the expression itself: `raise New` makes an object as `raise New()` does."""
    return raised.func if isinstance(raised, ast.Call) else raised


def _is_caught(raised: ast.expr, handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether it is the caught exception that is raised again."""
    match raised:
        # raise error
        case ast.Name(id=name):
            return name == handler.name or any(
                isinstance(value, ast.Name) and value.id == handler.name
                for value in _assigned_in(raised, handler, code)
            )
        # raise error.with_traceback(None)
        case ast.Call(func=ast.Attribute(value=value, attr="with_traceback")):
            return _is_caught(value, handler, code)
        # raise sys.exc_info()[1]
        case ast.Subscript(value=ast.Call(func=function), slice=ast.Constant(value=1)):
            return code.is_name(function, "sys.exc_info")
        # raise sys.exception()
        case ast.Call(func=function, args=[]):
            return code.is_name(function, "sys.exception")
        case _:
            return False


def _assigned_in(name: ast.Name, handler: ast.ExceptHandler, code: Analysis) -> Sequence[ast.expr]:
    """The values of a local variable that is assigned in this handler and nowhere else."""
    owner = code.scope(name).lookup(name.id)
    if owner is None or owner.parent is None or name.id in code.scope(name).elsewhere:
        return ()
    values: list[ast.expr] = []
    for binding in owner.bindings.get(name.id, ()):
        match code.parent(binding.node):
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                if target is not binding.node or handler not in code.ancestors(target):
                    return ()
                values.append(value)
            case _:
                return ()
    return values


def _is_being_handled(raised: ast.expr, handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether it may be the caught exception, one inside it, or one that a handler further out has caught.

    With that as its cause, the caught exception and the raised one would refer to each other.
    """
    around = (node for node in code.ancestors(handler) if isinstance(node, ast.ExceptHandler))
    return any(_comes_from(raised, each, code) for each in (handler, *around) if each.name is not None)


def _comes_from(raised: ast.expr, handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether it may be what a handler has caught or something inside that: `error.reason`, `error.exceptions[0]`."""
    match raised:
        case ast.Name(id=name) if name == handler.name:
            return True
        case ast.Name():
            # Values that are variables in turn are not followed: `failure = failure` would lead nowhere.
            values = _assigned_in(raised, handler, code)
            return any(_comes_from(value, handler, code) for value in values if not isinstance(value, ast.Name))
        # error.__class__(...) makes a new one
        case ast.Call() if _is_new(raised, code):
            return False
        case ast.Call(func=value) | ast.Attribute(value=value) | ast.Subscript(value=value):
            return _comes_from(value, handler, code)
        case ast.IfExp(body=one, orelse=other):
            return any(_comes_from(each, handler, code) for each in (one, other))
        case ast.BoolOp(values=values):
            return any(_comes_from(each, handler, code) for each in values)
        case ast.NamedExpr(value=value) | ast.Await(value=value):
            return _comes_from(value, handler, code)
        case _:
            return False


def _reasons(statement: ast.Raise, raised: ast.expr, code: Analysis) -> Iterator[str]:
    handler = handler_around(statement, code)
    assert handler is not None
    if not _is_new(raised, code) and not _is_made_here(raised, handler, code):
        yield EXISTING.format(raised=ast.unparse(raised))
    if _confuses_context_manager(statement, raised, code):
        yield "A context manager takes a `RuntimeError` caused by a `StopIteration` for the `StopIteration` itself."
    for word in CHAIN:
        if code.ask(mentions, word):
            yield f"This module reads `{word}`, which changes."


def _is_made_here(raised: ast.expr, handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether it is a variable that holds nothing but new exceptions of this handler."""
    values = _assigned_in(raised, handler, code) if isinstance(raised, ast.Name) else ()
    return bool(values) and all(_is_new(value, code) for value in values)


def _is_new(raised: ast.expr, code: Analysis) -> bool:
    """Whether evaluating and raising it surely makes a new exception."""
    match raised:
        # New(...).with_traceback(traceback)
        case ast.Call(func=ast.Attribute(value=value, attr="with_traceback")):
            return isinstance(value, ast.Call) and _is_new(value, code)
        # New(...), type(error)(...), error.__class__(...)
        case ast.Call(func=function):
            return _is_class(function, code)
        # New() if strict else Other()
        case ast.IfExp(body=one, orelse=other):
            return _is_new(one, code) and _is_new(other, code)
        # New
        case ast.Name() | ast.Attribute():
            return _is_class(raised, code)
        case _:
            return False


def _is_class(function: ast.expr, code: Analysis) -> bool:
    match function:
        case ast.Call(func=inner, args=[_]):
            return code.is_name(inner, "builtins.type")
        case ast.Attribute(attr="__class__"):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            pass
        case _:
            return False
    qualified = code.qualified_name(function)
    if qualified is not None and qualified.startswith("builtins."):
        return isinstance(getattr(builtins, qualified.removeprefix("builtins."), None), type)
    known = code.definition(function)
    if known is not None:
        return isinstance(known, ClassFact)
    # A variable in capitals is a constant, in lower case anything; classes are written in CapWords (PEP 8).
    is_local = isinstance(function, ast.Name) and code.local_bindings(function) is not None and qualified is None
    word = name.lstrip("_")
    return not is_local and word[:1].isupper() and not (word.isupper() and len(word) > 1)


def _confuses_context_manager(statement: ast.Raise, raised: ast.expr, code: Analysis) -> bool:
    function = code.function_around(statement)
    return (
        isinstance(function, FUNCTIONS)
        and code.is_name(_class_of(raised), "builtins.RuntimeError")
        and is_generator(function)
        and any(
            code.is_name(decorator, "contextlib.contextmanager", "contextlib.asynccontextmanager")
            for decorator in function.decorator_list
        )
    )


# -- the rewrites -----------------------------------------------------------------------------------------------------


def chain(statement: ast.Raise, handler: ast.ExceptHandler, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(statement, cst.Raise)
    if handler.name is not None:
        return draft.replaced({old: _with_cause(old, handler.name)})
    name = exception_name(handler, draft.code)
    is_star = isinstance(handler_try(handler, draft.code), ast.TryStar)
    unnamed: cst.ExceptHandler | cst.ExceptStarHandler = (
        draft.node(handler, cst.ExceptStarHandler) if is_star else draft.node(handler, cst.ExceptHandler)
    )
    caught = unnamed.type
    if isinstance(caught, cst.Tuple) and not caught.lpar:
        # `except ValueError, KeyError:` needs parentheses as soon as there is a name (PEP 758).
        caught = caught.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    named = unnamed.with_changes(type=caught, name=cst.AsName(cst.Name(name)))
    changed = named.deep_replace(old, _with_cause(old, name))
    assert isinstance(changed, cst.CSTNode)
    return draft.replaced({unnamed: changed})


def unchain(statement: ast.Raise, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(statement, cst.Raise)
    return draft.replaced({old: _with_cause(old, "None")})


def _with_cause(old: cst.Raise, cause: str) -> cst.Raise:
    # The space before `from` is not left to libcst, which writes none after a closing parenthesis.
    return old.with_changes(cause=cst.From(cst.Name(cause), whitespace_before_from=cst.SimpleWhitespace(" ")))
