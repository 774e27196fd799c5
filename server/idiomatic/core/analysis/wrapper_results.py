"""Which types has what a wrapper does with the result of the function that it wraps?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeAlias

from idiomatic.core.analysis.decorators import Decorator, is_called
from idiomatic.core.analysis.flow import goes_on
from idiomatic.core.analysis.known_types import is_bound, type_of_value
from idiomatic.core.analysis.names import last_name
from idiomatic.core.analysis.tree import walk_own
from idiomatic.core.facts import FunctionFact, is_generator
from idiomatic.core.module import has_future_annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.code import Analysis

SHOWN: Final = frozenset(("repr", "str", "print", "hash", "bool", "type", "id"))
LOGGED: Final = frozenset(("debug", "info", "warning", "error", "exception", "critical", "log"))
_AWAITED: Final = ("asyncio.wait_for", "asyncio.shield")
_BUILTINS: Final = frozenset(("bool", "bytes", "float", "int", "str", "None"))


# -- what is annotated already ----------------------------------------------------------------------------------------


def parsed(annotation: ast.expr | None) -> ast.expr | None:
    """An annotation, out of its quotes."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return annotation
    return annotation


def says_nothing(annotation: ast.expr | None) -> bool:
    """Whether there is no annotation, or one that allows anything."""
    return annotation is None or last_name(parsed(annotation)) in {"Any", "object"}


def is_typed(annotation: ast.expr | None) -> bool:
    """Whether an annotation says of which parameters a function is."""
    plain = parsed(annotation)
    if says_nothing(plain) or last_name(plain) == "Callable":
        return False
    match plain:
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[ast.Constant(value=first), _])):
            return last_name(head) != "Callable" or first is not ...
        case _:
            return True


def movable(annotation: ast.expr, code: Analysis) -> str | None:
    """An annotation as it can be written further out, where it is evaluated earlier; `None` if it has local names."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return f'"{annotation.value}"'
    names = [node for node in ast.walk(annotation) if isinstance(node, ast.Name)]
    if any(code.local_bindings(name) is not None for name in names):
        return None
    is_lazy = code.target >= (3, 14) or code.ask(has_future_annotations)
    text = ast.unparse(annotation)
    return text if is_lazy or all(is_bound(name, code) for name in names) else f'"{text}"'


def result_of(annotation: ast.expr | None) -> ast.expr | None:
    """The `X` of `Callable[..., X]`, if it says something."""
    match parsed(annotation):
        case ast.Subscript(slice=ast.Tuple(elts=[_, result])) if not says_nothing(result):
            return result
        case _:
            return None


# -- the results ------------------------------------------------------------------------------------------------------

ResultTypes: TypeAlias = tuple[str, str, str]
"""What the wrapped function gives, what the wrapper's `return` annotation says, what a call of the wrapper gives."""

_FORMS: Final = {"called": "%s", "awaited": "{Awaitable}[%s]", "run": "{Coroutine}[{Any}, {Any}, %s]"}


def result_types(decorator: Decorator, code: Analysis) -> ResultTypes | str | None:
    """The types of results; a sentence if they are not known, `None` if they are typed by hand."""
    wrapper, wrapped = decorator.wrapper, decorator.wrapped.arg
    own, declared = result_of(decorator.wrapped.annotation), result_of(decorator.function.returns)
    if declared is not None and (own is None or ast.unparse(own) != ast.unparse(declared)):
        return None
    if is_generator(wrapper):
        return _generated(decorator, code) if own is None else None
    kinds = {_kind(call, decorator, code) for call in decorator.calls}
    if len(kinds) != 1:
        return f"The wrapper does different things with what `{wrapped}` gives."
    (kind,) = kinds
    variable = "{R}" if own is None else _inner(own, kind)
    if variable is None or kind is None:
        return f"The type of what `{wrapped}` gives does not become clear."
    if own is None and any(not stays_open(_given_by(call, code), decorator, code) for call in decorator.calls):
        return f"The wrapper does more with what `{wrapped}` gives than to return it, so that it can't be of any type."
    if not says_nothing(wrapper.returns):
        assert wrapper.returns is not None
        if (moved := movable(wrapper.returns, code)) is None:
            return "The type of what the wrapper returns is only known inside."
        result = moved
    else:
        parts = _returned_types(decorator, variable, code)
        if isinstance(parts, str):
            return parts
        result = " | ".join(parts)
        if own is None and variable not in parts:
            variable = "object"
    is_async = isinstance(wrapper, ast.AsyncFunctionDef)
    return _FORMS[kind] % variable, result, _FORMS["run"] % result if is_async else result


def _inner(own: ast.expr, kind: str | None) -> str | None:
    """The type of the result in the annotation `own` of what the wrapped function gives."""
    match own:
        case _ if kind == "called":
            return ast.unparse(own)
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[_, _, result])) if last_name(head) == "Coroutine":
            return ast.unparse(result)
        case ast.Subscript(value=head, slice=result) if kind == "awaited" and last_name(head) == "Awaitable":
            return ast.unparse(result)
        case _:
            return None


def _given_by(call: ast.Call, code: Analysis) -> ast.expr:
    """The expression that is the result of a call: with its `await`, or with the `asyncio.run` around it."""
    match code.parent(call):
        case ast.Await() as awaited:
            return awaited
        case ast.Call(args=[first, *_], func=function) as around if first is call:
            if code.is_name(function, *_AWAITED) and isinstance(outside := code.parent(around), ast.Await):
                return outside
            if code.is_name(function, "asyncio.run") or last_name(function) == "run_until_complete":
                return around
            return call
        case _:
            return call


def _kind(call: ast.Call, decorator: Decorator, code: Analysis) -> str | None:
    """How the result of the wrapped function is got: by calling it, by awaiting or by running what that gives."""
    match _given_by(call, code):
        case ast.Await():
            return "awaited" if is_called(call, decorator) else "called"
        case given if given is not call:
            return "run"
        case _:
            return "called" if is_called(call, decorator) else None


def stays_open(given: ast.expr, decorator: Decorator, code: Analysis) -> bool:
    """Whether a result is only returned, kept and shown, which can be done with any object."""
    match code.parent(given):
        case ast.Return() | ast.Expr() | ast.FormattedValue() | ast.Compare() | ast.If():
            return True
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            uses = (
                use
                for statement in decorator.wrapper.body
                for use in code.uses(name, statement, code.scope_made_by(decorator.wrapper))
            )
            return all(not isinstance(use.ctx, ast.Load) or stays_open(use, decorator, code) for use in uses)
        # cache[key] = result
        case ast.Assign(targets=[ast.Subscript()]):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in SHOWN
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in LOGGED
        case _:
            return False


def _returned_types(decorator: Decorator, variable: str, code: Analysis) -> list[str] | str:
    """The types of what the wrapper returns, `None` last; a sentence if they are not known."""
    wrapper = decorator.wrapper
    found: dict[str, None] = {}
    for node in walk_own(wrapper):
        if isinstance(node, ast.Return):
            types = _types(node.value, decorator, variable, code)
            if types is None:
                assert node.value is not None
                return f"The type of what the wrapper returns is not known: `{_short(node.value)}`."
            found |= dict.fromkeys(types)
    if goes_on(wrapper.body):
        if set(found) > {"None"} or (found and "None" not in found):
            return "The wrapper can come to its end without a `return`, which its type would have to say."
        return ["None"]
    if not found:
        return "The wrapper never returns."
    return sorted(found, key=lambda each: (each == "None", each != variable))


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 and "\n" not in text else f"{text[:37]}..."


def _types(value: ast.expr | None, decorator: Decorator, variable: str, code: Analysis) -> Sequence[str] | None:
    """The types that a value may have; `None` if they are not known."""
    match value:
        case None | ast.Constant(value=None):
            return ["None"]
        case _ if any(_given_by(call, code) is value for call in decorator.calls):
            return [variable]
        case ast.Name():
            found: list[str] = []
            for binding in code.local_bindings(value) or ():
                match code.parent(binding.node):
                    case ast.Assign(targets=[target], value=assigned) if (
                        target is binding.node and code.function_around(target) is decorator.wrapper
                    ):
                        if (
                            isinstance(assigned, ast.Name)
                            or (types := _types(assigned, decorator, variable, code)) is None
                        ):
                            return None
                        found += types
                    case _:
                        return None
            return found or None
        case ast.IfExp(body=one, orelse=other):
            first, second = (_types(each, decorator, variable, code) for each in (one, other))
            return [*first, *second] if first and second else None
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return ["bool"]
        case ast.Call(func=function) if isinstance(made := code.definition(function), FunctionFact):
            is_here = not made.is_async and not made.is_generator and not made.decorators
            return [made.returns] if is_here and made.returns in _BUILTINS else None
        case _:
            known = type_of_value(value, code)
            return [known] if known and known not in {"list", "dict", "set", "tuple", "frozenset"} else None


def _generated(decorator: Decorator, code: Analysis) -> ResultTypes | str:
    """The types of a wrapper that is a generator."""
    wrapper, wrapped = decorator.wrapper, decorator.wrapped.arg
    loops: list[ast.For | ast.AsyncFor] = []
    for call in decorator.calls:
        match code.parent(call):
            case ast.YieldFrom() as delegated if isinstance(code.parent(delegated), ast.Expr):
                pass
            case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable) as loop if iterable is call:
                loops.append(loop)
            case _:
                return f"The wrapper does more with what `{wrapped}` gives than to yield it."
    names = {loop.target.id for loop in loops if isinstance(loop.target, ast.Name)}
    for node in walk_own(wrapper):
        match node:
            case ast.Yield(value=ast.Name(id=name)) if name in names and isinstance(code.parent(node), ast.Expr):
                pass
            case ast.Yield() | ast.Return(value=ast.expr()):
                return f"The wrapper does not yield just what `{wrapped}` gives."
            case ast.YieldFrom(value=value) if value not in decorator.calls:
                return f"The wrapper does not yield just what `{wrapped}` gives."
            case ast.Name(id=name, ctx=ast.Load()) if name in names:
                if not isinstance(code.parent(node), ast.Yield) and not stays_open(node, decorator, code):
                    return f"The wrapper does more with what `{wrapped}` gives than to yield it."
            case _:
                pass
    if len({type(loop) for loop in loops}) > 1:
        return f"The wrapper does different things with what `{wrapped}` gives."
    before = "{AsyncIterable}[{R}]" if loops and isinstance(loops[0], ast.AsyncFor) else "{Iterable}[{R}]"
    after = "{AsyncIterator}[{R}]" if isinstance(wrapper, ast.AsyncFunctionDef) else "{Iterator}[{R}]"
    return before, after, after
