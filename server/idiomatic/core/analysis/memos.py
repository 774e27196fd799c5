"""Which functions remember their results in a parameter, and how?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.defaults import has_docstring, is_empty
from idiomatic.core.analysis.fate import Fate
from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.facts import is_generator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.defaults import Default
    from idiomatic.core.analysis.fate import Use

_WORDS: Final = frozenset(("cache", "cached", "memo", "memoized", "seen"))


def is_memo(default: Default, uses: Sequence[Use], code: Analysis) -> bool:
    """Whether a function remembers things in a default, and means to."""
    changed = [use.node for use in uses if use.fate is Fate.CHANGED and not _only_reads(use.node, code)]
    if not changed:
        return False
    if default.name.startswith("_") or _WORDS & set(default.name.lower().split("_")):
        return True
    own_calls = f"passed to `{getattr(default.function, 'name', '')}`"
    leaks = [use for use in uses if use.fate is Fate.LEAKED and not use.how.startswith(own_calls)]
    if leaks:
        return False
    return any(_counts_up(node, default, code) for node in changed) or _answers_from(default, code)


def _only_reads(node: ast.expr, code: Analysis) -> bool:
    """Whether it is a read as written, which changes a `defaultdict` all the same."""
    around = code.parent(node)
    return (
        isinstance(around, ast.Subscript)
        and isinstance(around.ctx, ast.Load)
        and not isinstance(code.parent(around), ast.AugAssign)
    )


def _counts_up(node: ast.expr, default: Default, code: Analysis) -> bool:
    """Whether it is `state["calls"] += 1` with a default that has that key."""
    around = code.parent(node)
    return isinstance(code.parent(around) if around else None, ast.AugAssign) and not is_empty(default.value)


def _answers_from(default: Default, code: Analysis) -> bool:
    """Whether the function returns what it finds in the default: `return memo[n]`, `if n in memo: return ...`."""
    name = default.name
    for node in ast.walk(default.function):
        match node:
            case ast.Return(value=ast.Subscript(value=ast.Name(id=read))) if read == name:
                return True
            case ast.Return(value=ast.Call(func=ast.Attribute(value=ast.Name(id=read), attr="get" | "setdefault"))):
                if read == name:
                    return True
            case ast.If(test=ast.Compare(ops=[ast.In()], comparators=[ast.Name(id=read)]), body=[*_, ast.Return()]):
                if read == name:
                    return True
            case _:
                pass
    return False


class Memo(Struct, frozen=True, eq=False):
    """A function that does nothing with a default but look its arguments up in it, and put its result there.

    Attributes:
        default: where it remembers.
        lookup: the statement that returns what is remembered, and does no more; `None` if it is `store` that asks.
        store: the statement that puts the result there, alone or below `if n not in memo:`.
        answer: the `return` at the end.
        value: what is stored, the result.
        own_calls: the calls of itself with the memo, and the arguments by which it passes it on.
        others: the other parameters, which are the key.
        returns_early: whether it has results that it does not remember.
        is_recursive: whether it calls itself.
    """

    default: Default
    lookup: ast.stmt | None
    store: ast.Assign | ast.If
    answer: ast.Return
    value: ast.expr
    own_calls: tuple[tuple[ast.Call, ast.expr | ast.keyword], ...]
    others: tuple[ast.arg, ...]
    returns_early: bool
    is_recursive: bool


def memo(default: Default, code: Analysis) -> Memo | None:
    """How a function remembers its results, if `functools.cache` does the same: the key is all its parameters."""
    function = default.function
    if not isinstance(function, ast.FunctionDef) or function.decorator_list or is_generator(function):
        return None
    arguments = function.args
    keys = [each for each in (*arguments.posonlyargs, *arguments.args) if each is not default.parameter]
    others = [each.arg for each in keys]
    if arguments.vararg or arguments.kwarg or len(arguments.kwonlyargs) > (default.parameter in arguments.kwonlyargs):
        return None
    if isinstance(code.parent(function), ast.ClassDef) or default.kind != "dict" or not is_empty(default.value):
        return None
    scope = code.scope_made_by(function)
    if not others or any(len(scope.bindings[name]) != 1 for name in others) or len(scope.bindings[default.name]) != 1:
        return None
    lookup: ast.stmt | None = None
    store: ast.Assign | ast.If
    match function.body[1 if has_docstring(function) else 0 :]:
        # if n not in memo: ...; memo[n] = value
        # return memo[n]
        case [*_, ast.If(orelse=[], body=[*_, ast.Assign() as inner]) as asking, ast.Return() as answer] if _asks(
            asking.test, ast.NotIn, default, others
        ):
            store = asking
        # if n in memo: return memo[n]
        # memo[n] = value
        # return memo[n]
        case [*before, ast.Assign() as inner, ast.Return() as answer]:
            store = inner
            lookup = next((each for each in before if _is_lookup(each, default, others)), None)
            if lookup is None:
                return None
        case _:
            return None
    value = _stored(inner, answer, default, others)
    if value is None:
        return None
    own = tuple(_own_calls(function, default))
    if not _takes_last(default) or any(_passes_another(call, len(others), own) for call in _calls(function)):
        return None
    gone: list[ast.AST] = [*inner.targets, answer, *(passed for _, passed in own)]
    gone += [lookup] if lookup is not None else []
    gone += [store.test] if isinstance(store, ast.If) else []
    known = {node for each in gone for node in ast.walk(each)}
    if any(use not in known for use in code.uses(default.name, function, scope)):
        return None
    # What is returned early, apart from what is remembered.
    kept = set(ast.walk(lookup)) if lookup is not None else set()
    early = [each for each in walk_block(function.body) if isinstance(each, ast.Return) and each not in {answer, *kept}]
    return Memo(default, lookup, store, answer, value, own, tuple(keys), bool(early), _calls_itself(function))


def _is_key(node: ast.expr, names: Sequence[str]) -> bool:
    match node:
        case ast.Name(id=name):
            return [name] == names
        case ast.Tuple(elts=items):
            return [each.id if isinstance(each, ast.Name) else None for each in items] == names
        case _:
            return False


def _is_entry(node: ast.expr | None, default: Default, names: Sequence[str]) -> bool:
    """Whether it is `memo[n]`."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=key):
            return name == default.name and _is_key(key, names)
        case _:
            return False


def _asks(test: ast.expr, operator: type[ast.cmpop], default: Default, names: Sequence[str]) -> bool:
    match test:
        case ast.Compare(left=key, ops=[asked], comparators=[ast.Name(id=name)]):
            return isinstance(asked, operator) and name == default.name and _is_key(key, names)
        case _:
            return False


def _is_lookup(statement: ast.stmt, default: Default, names: Sequence[str]) -> bool:
    match statement:
        case ast.If(test=test, body=[ast.Return(value=found)], orelse=[]):
            return _asks(test, ast.In, default, names) and _is_entry(found, default, names)
        case ast.Try(
            body=[ast.Return(value=found)],
            handlers=[ast.ExceptHandler(type=ast.Name(id="KeyError"), body=[ast.Pass()])],
            orelse=[],
            finalbody=[],
        ):
            return _is_entry(found, default, names)
        case _:
            return False


def _stored(store: ast.Assign, answer: ast.Return, default: Default, names: Sequence[str]) -> ast.expr | None:
    """What is stored, if it is what is returned."""
    match store:
        # memo[n] = value
        case ast.Assign(targets=[target], value=value) if _is_entry(target, default, names):
            pass
        case _:
            return None
    match value, answer.value:
        case ast.Name(id=name), ast.Name(id=returned) if name == returned:
            return value
        case _, returned if _is_entry(returned, default, names):
            return value
        case _:
            return None


def _takes_last(default: Default) -> bool:
    """Whether the parameter can go without moving another one."""
    arguments = default.function.args
    return (
        default.parameter in arguments.kwonlyargs or default.parameter in [*arguments.posonlyargs, *arguments.args][-1:]
    )


def _calls(function: ast.FunctionDef) -> Iterator[ast.Call]:
    """The calls of a function inside it."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function.name:
            yield node


def _own_calls(function: ast.FunctionDef, default: Default) -> Iterator[tuple[ast.Call, ast.expr | ast.keyword]]:
    """The calls of the function inside it that pass the memo on, each with that argument."""
    position = len(function.args.posonlyargs) + len(function.args.args) - 1
    is_positional = default.parameter not in function.args.kwonlyargs
    for call in _calls(function):
        by_name: list[ast.keyword] = [each for each in call.keywords if each.arg == default.name]
        by_place: list[ast.expr] = call.args[position:] if is_positional and len(call.args) == position + 1 else []
        passed: ast.expr | ast.keyword
        for passed in (*by_name, *by_place):  # type: ignore[assignment]
            value = passed.value if isinstance(passed, ast.keyword) else passed
            if isinstance(value, ast.Name) and value.id == default.name:
                yield call, passed


def _passes_another(call: ast.Call, parameters: int, own: Sequence[tuple[ast.Call, ast.expr | ast.keyword]]) -> bool:
    """Whether a call of the function inside it may pass a memo of its own."""
    if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        return True
    given = len(call.args) + len(call.keywords)
    return given > parameters and not any(call is each for each, _ in own)


def _calls_itself(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Name) and node.id == function.name for node in ast.walk(function))
