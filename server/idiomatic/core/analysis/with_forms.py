"""As which `with` statement can something be written that is closed in a `finally`?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.closed_resources import starting_call
from idiomatic.core.analysis.instances import Instance, OwnProtocol, callee, declaration, instance_of, own_class
from idiomatic.core.analysis.resources import FACTORIES, MANAGERS, NOT_MANAGERS, Creation
from idiomatic.core.idiom import Refused
from idiomatic.core.lazy import regex
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.closed_resources import Resource, Try
    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.resources import Calls
    from idiomatic.core.module import Module


class Form(Struct, frozen=True):
    """One way to write the resource in a `with` statement.

    Attributes:
        is_async: whether it is `async with`.
        wrapper: `contextlib.closing` or `contextlib.aclosing`, if it needs one.
        drops_await: whether the creating call is no longer awaited.
        gives: the attribute that the variable will hold instead of the object.
        reasons: why it is not exactly the same.
    """

    is_async: bool = False
    wrapper: str | None = None
    drops_await: bool = False
    gives: str | None = None
    reasons: tuple[str, ...] = ()


def forms_of(resource: Resource, statement: Try, code: Analysis) -> Sequence[Form] | Refused:
    """The ways to write it, the best first."""
    if resource.closings[0].pool is not None:
        return _pool_form(resource, code)
    instance = instance_of(code, resource.assignment.value) if resource.assignment.value is not None else None
    wrapped = None if resource.start is not None else _wrapped(resource, instance, code)
    plain: Form | Refused
    if instance is not None and instance.is_own:
        plain = _own_form(resource, instance)
    else:
        plain = _known_form(resource, instance, statement, code)
    if isinstance(plain, Form):
        return [plain, wrapped] if wrapped is not None and plain.reasons else [plain]
    return [wrapped] if wrapped is not None else plain


def _wrapped(resource: Resource, instance: Instance | None, code: Analysis) -> Form | None:
    """`closing` or `aclosing`, if they do what the `finally` does."""
    manager = MANAGERS.get(instance.of) if instance is not None else None
    awaits = {call for calls in manager.exits for call in calls} if manager is not None else set[str]()
    match resource.calls:
        case ("close()",) if "await close()" not in awaits:
            return Form(wrapper="contextlib.closing")
        case ("await aclose()",) if code.target >= (3, 10):
            return Form(is_async=True, wrapper="contextlib.aclosing")
        case _:
            return None


def _says(calls: Sequence[str]) -> str:
    return " and ".join(f"`{call}`" for call in calls)


def _known_form(resource: Resource, instance: Instance | None, statement: Try, code: Analysis) -> Form | Refused:
    name, calls = resource.name, resource.calls
    if instance is None and resource.start is not None:
        return Refused(_starts_unlike(resource, "entering a `with` block"))
    if instance is None:
        return _named_session(resource, code) or Refused(
            f"The type of `{name}` is not known here, so neither is what a `with` block would do with it."
        )
    if resource.start is not None:
        known = MANAGERS.get(instance.of)
        if known is None or known.starts is None or known.starts != starting_call(resource.start, name):
            return Refused(_starts_unlike(resource, "entering a `with` block"))
    if instance.of in NOT_MANAGERS:
        return Refused(NOT_MANAGERS[instance.of])
    manager = MANAGERS.get(instance.of)
    if manager is None or calls not in manager.exits:
        return Refused(f"Leaving a `with` block would not do what {_says(calls)} does here.")
    if manager.gives is not None and not _is_always(resource.name, manager.gives, statement, code):
        return Refused(f"`{name}` is not only used as `{name}.{manager.gives}`, which is all that `with` gives.")
    if manager.unless is not None and (difference := manager.unless(resource.creation)) is not None:
        if len(calls) == 1 and calls[0] == "close()" and manager.gives is None and "today" in difference:
            return Form(reasons=(difference,))
        return Refused(difference)
    reasons = list(manager.exits[calls])
    if declared := declaration(code, resource.creation.func):
        reasons.append(f"That `{name}` is closed by leaving the block rests on the declared type, `{declared}`.")
    factory = FACTORIES.get(callee(code, resource.creation.func) or "")
    drops = factory is not None and factory.creation is Creation.NOT_AWAITED and resource.is_awaited
    return Form(manager.is_async, None, drops, manager.gives, tuple(reasons))


def _is_always(name: str, attribute: str, statement: Try, code: Analysis) -> bool:
    """Whether a variable is only used to read one attribute."""
    parts = [*statement.body, *statement.handlers, *statement.orelse]
    for use in (use for part in parts for use in code.uses(name, part)):
        match code.parent(use):
            case ast.Attribute(attr=attr, ctx=ast.Load()) if attr == attribute:
                pass
            case _:
                if not isinstance(use.ctx, ast.Store):
                    return False
    return True


_SESSION: Final = regex(r"(?i)async_?session(_?(local|maker|factory))?")


def _named_session(resource: Resource, code: Analysis) -> Form | None:
    """`session = AsyncSessionLocal()`, where what is called can't be seen: it comes from another module."""
    function = resource.creation.func
    if not isinstance(function, ast.Name) or resource.is_awaited or not _SESSION.fullmatch(function.id):
        return None
    if resource.calls != ("await close()",) or own_class(code, function) is not None:
        return None
    reason = f"That `{function.id}()` gives a SQLAlchemy `AsyncSession` is only taken from its name."
    (shielded,) = MANAGERS["sqlalchemy.ext.asyncio.AsyncSession"].exits["await close()",]
    return Form(is_async=True, reasons=(reason, shielded))


def _own_form(resource: Resource, instance: Instance) -> Form | Refused:
    """The form for a class of the project."""
    name, calls = resource.name, resource.calls
    wanted = "await" in calls[0] or any(call.startswith("await") for call in calls)
    both = {protocol.is_async: protocol for protocol in instance.protocols}
    protocol = both.get(wanted)
    if protocol is None:
        method = "__aenter__" if wanted else "__enter__"
        return Refused(f"`{instance.of}` has no `{method}`.")
    leave, enter = ("__aexit__", "__aenter__") if wanted else ("__exit__", "__enter__")
    if protocol.returns_self is False:
        return Refused(f"`{instance.of}.{enter}` does not return the object.")
    if protocol.may_swallow:
        return Refused(f"`{instance.of}.{leave}` returns something: it may swallow exceptions.")
    if protocol.is_seen and not set(calls) <= protocol.touches:
        return Refused(f"`{instance.of}.{leave}` does not call {_says(calls)}.")
    started = None if resource.start is None else starting_call(resource.start, name)
    if protocol.starts is not None and started is None:
        return Refused(f"`{instance.of}.{enter}` also calls `{protocol.starts}`.")
    if started is not None and started != protocol.starts:
        return Refused(_starts_unlike(resource, f"`{instance.of}.{enter}`"))
    return Form(is_async=wanted, reasons=tuple(_own_reasons(instance.of, protocol, calls, name)))


def _starts_unlike(resource: Resource, entering: str) -> str:
    """Why a call between creating something and the `try` is in the way."""
    called = f"{resource.name}.{starting_call(resource.start, resource.name)}" if resource.start is not None else ""
    called = called.replace(f"{resource.name}.await ", f"await {resource.name}.")
    return (
        f"`{called}` stands between creating `{resource.name}` and the `try`, and {entering} can't be shown to do that."
    )


def _own_reasons(of: str, protocol: OwnProtocol, calls: Calls, name: str) -> Iterator[str]:
    leave, enter = ("__aexit__", "__aenter__") if protocol.is_async else ("__exit__", "__enter__")
    if not protocol.is_seen:
        yield f"`{of}.{leave}` has to do what {_says(calls)} does, and `{of}.{enter}` to return the object."
        return
    if protocol.returns_self is None:
        yield f"`{of}.{enter}` could not be shown to return the object and do nothing else."
    if protocol.exits != calls:
        yield f"`{of}.{leave}` could not be shown to do nothing but call {_says(calls)}."


def _pool_form(resource: Resource, code: Analysis) -> Sequence[Form] | Refused:
    """`connection = await pool.acquire()`, given back with `await pool.release(connection)`."""
    pool = resource.closings[0].pool
    assert pool is not None
    same = (
        isinstance(resource.creation.func, ast.Attribute)
        and resource.creation.func.attr == "acquire"
        and ast.unparse(resource.creation.func.value) == ast.unparse(pool)
    )
    if not same or len(resource.closings) > 1:
        return Refused(f"`{resource.name}` does not come from `{ast.unparse(pool)}.acquire()`.")
    if not resource.is_awaited or resource.calls != ("await release()",):
        return Refused("Acquiring and releasing are not both awaited.")
    found = instance_of(code, pool)
    if found is not None and found.of == "asyncpg.Pool":
        reasons = [f"That `{ast.unparse(pool)}` is a pool of asyncpg is only declared."] if found.declared else []
        return [Form(is_async=True, drops_await=True, reasons=tuple(reasons))]
    if found is None and code.ask(imports_asyncpg):
        reason = f"That `{ast.unparse(pool)}` is a pool of asyncpg is only taken from the imports of this file."
        return [Form(is_async=True, drops_await=True, reasons=(reason,))]
    return Refused(f"The type of `{ast.unparse(pool)}` is not known here.")


@about(lambda: ("asyncpg",))
def imports_asyncpg(module: Module) -> bool:
    """Question: whether the module imports asyncpg."""
    return any(
        isinstance(node, (ast.Import, ast.ImportFrom))
        and any(
            name.partition(".")[0] == "asyncpg"
            for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        )
        for statement in module.statements
        if statement.mentions("asyncpg")
        for node in statement.nodes
    )
