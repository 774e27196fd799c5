"""Give a class that is started and stopped `__aenter__` and `__aexit__`, so that `async with` can do it.

## Why
Whoever starts something has to stop it, on every path. A class with `__aenter__` and `__aexit__` lets the caller say so
in one line: `async with Service(url) as service:`. Nothing else changes: `start` and `stop` can be called as before.

## Example
```python
class Service:
    def __init__(self, url: str) -> None:
        self.url = url

    async def start(self) -> None:
        self.connection = await connect(self.url)

    async def stop(self) -> None:
        await self.connection.close()
```
becomes
```python
from typing import Self


class Service:
    def __init__(self, url: str) -> None:
        self.url = url

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self.connection = await connect(self.url)

    async def stop(self) -> None:
        await self.connection.close()
```

The second action leaves the class alone and writes a function below it, with the parameters of the constructor:
`async with running_service(url) as service:`.

## Fix safety
Safe: it only adds. Methods are paired by their names (`start` and `stop`, `open` and `close`, `connect` and
`disconnect`...); both can be called without arguments, and one of them at least is a coroutine.

Unsafe, with the reason: a base class can't be seen, and might have an `__aenter__` of its own.

Not offered: the class or a base class has `__aenter__` or `__aexit__`; the first method gives something back, so that
one object can be opened several times; it runs until the end (`while True`, `serve_forever`); a protocol; methods with
decorators that can't be seen through. The function is not offered where the constructor is inherited or made by a
decorator, has defaults that would be evaluated a second time or depend on the class, or where the class is not at the
top of the module, or abstract.

## References
- [`object.__aenter__`](https://docs.python.org/3/reference/datamodel.html#object.__aenter__)
- [`typing.Self`](https://docs.python.org/3/library/typing.html#typing.Self)
- [`contextlib.asynccontextmanager`](https://docs.python.org/3/library/contextlib.html#contextlib.asynccontextmanager)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.facts import ClassFact, is_generator, parameter_names
from idiomatic.core.idiom import Finding, Fix, Kind, safe_unless
from idiomatic.core.imports import spelling
from idiomatic.core.module import definition, has_future_annotations
from idiomatic.core.text import Span
from idiomatic.core.writing.signatures import generic, parameters_without_self, signature

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft

KIND = Kind.REFACTOR
SINCE = (3, 7)
TRIGGERS = ("async def",)
ALSO = ()

PAIRS: Final = {
    "start": (("stop", "shutdown", "close", "aclose"), "running"),
    "startup": (("shutdown", "stop"), "running"),
    "open": (("close", "aclose"), "opened"),
    "connect": (("disconnect", "close", "aclose"), "connected"),
    "setup": (("teardown", "cleanup", "close"), "ready"),
    "set_up": (("tear_down", "clean_up"), "ready"),
    "initialize": (("close", "aclose", "shutdown", "cleanup"), "ready"),
}
"""What opens, what closes it again, and what one calls the object in between."""

METHODS: Final = frozenset({"__aenter__", "__aexit__"})
NEUTRAL: Final = ("builtins.object", "abc.ABC", "typing.Generic", "typing_extensions.Generic")
PROTOCOLS: Final = ("typing.Protocol", "typing_extensions.Protocol", "builtins.type")
TRANSPARENT: Final = (
    "abc.abstractmethod",
    "typing.final",
    "typing.override",
    "typing_extensions.final",
    "typing_extensions.override",
)


class Lifecycle(Struct, frozen=True, eq=False):
    """A class whose objects are opened and closed.

    Attributes:
        class_: the class.
        opening: the method that opens.
        closing: the method that closes.
        word: what one calls an object that is open.
    """

    class_: ast.ClassDef
    opening: Function
    closing: Function
    word: str

    @property
    def receiver(self) -> str:
        """What its methods call `self`."""
        arguments = self.opening.args
        return [*arguments.posonlyargs, *arguments.args][0].arg


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    found = _lifecycle(class_, code)
    if found is None:
        return
    reasons = list(_unseen(class_, code))
    if reasons == [None]:
        return
    verdict = safe_unless(reason for reason in reasons if reason is not None)
    constructor = next((each for each in _methods(class_) if each.name == "__init__"), None)
    places = [each for each in (constructor, found.closing, found.opening) if each is not None]
    anchor = next((each for each in places if code.has_own_lines(each) and not _ends_in_comment(each, code)), None)
    if anchor is None:
        return
    consequence = " (a base class is not seen)" if reasons else ""
    fixes = [
        Fix(
            f"Add `__aenter__` and `__aexit__` for `{found.opening.name}` and `{found.closing.name}`{consequence}",
            verdict,
            code.lines(anchor),
            partial(to_methods, found),
        )
    ]
    if _can_be_made(class_, constructor, code):
        title = f"Add a function for `async with` that calls `{found.opening.name}` and `{found.closing.name}`"
        rewrite = partial(to_function, found, constructor)
        fixes.append(Fix(title, safe_unless(()), code.lines(class_), rewrite))
    message = f"`{class_.name}` is started and stopped by hand; with `__aenter__` and `__aexit__`, `async with` does it"
    yield Finding(_head(class_, code), message, tuple(fixes))


def _ends_in_comment(method: Function, code: Analysis) -> bool:
    """Whether a comment stands right below a method, perhaps its last line."""
    lines = code.statement.lines
    last, _ = lines.position(code.span(method).end)
    return last + 1 < len(lines.starts) and lines.line(last + 1).lstrip().startswith("#")


def _head(class_: ast.ClassDef, code: Analysis) -> Span:
    """`class Name`."""
    start = code.span(class_).start
    return Span(start, code.statement.text.index(class_.name, start + len("class")) + len(class_.name))


def _methods(class_: ast.ClassDef) -> Sequence[Function]:
    return [each for each in class_.body if isinstance(each, FUNCTIONS)]


def _lifecycle(class_: ast.ClassDef, code: Analysis) -> Lifecycle | None:
    methods = {each.name: each for each in _methods(class_)}
    if not METHODS.isdisjoint(methods):
        return None
    for opening, (closings, word) in PAIRS.items():
        for closing in closings:
            pair = [methods[name] for name in (opening, closing) if name in methods]
            if (
                len(pair) == 2
                and any(isinstance(each, ast.AsyncFunctionDef) for each in pair)
                and all(_is_plain(each, code) for each in pair)
                and _only_opens(pair[0])
            ):
                return Lifecycle(class_, pair[0], pair[1], word)
    return None


def _is_plain(method: Function, code: Analysis) -> bool:
    """Whether a method can be called without arguments, and gives what it seems to give."""
    arguments = method.args
    positional = [*arguments.posonlyargs, *arguments.args]
    return (
        bool(positional)
        and len(positional) <= len(arguments.defaults) + 1
        and None not in arguments.kw_defaults
        and not is_generator(method)
        and all(code.is_name(decorator, *TRANSPARENT) for decorator in method.decorator_list)
    )


def _only_opens(method: Function) -> bool:
    """Whether a method opens the object itself, and is done when it has."""
    own = [*method.args.posonlyargs, *method.args.args][0].arg
    for node in walk_block(method.body):
        match node:
            case ast.Return(value=ast.expr() as value):
                if not isinstance(value, ast.Constant) and not (isinstance(value, ast.Name) and value.id == own):
                    return False
            case ast.While() if _runs_on(node, own):
                return False
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                if "forever" in name or name.startswith("run_until") or name == "wait_closed":
                    return False
            case _:
                pass
    return True


def _runs_on(loop: ast.While, own: str) -> bool:
    """Whether a loop goes on until somebody stops the object, rather than until it is open."""
    match loop.test:
        # while self.is_running:
        case (
            ast.Attribute(value=ast.Name(id=name))
            | ast.UnaryOp(op=ast.Not(), operand=ast.Attribute(value=ast.Name(id=name)))
        ):
            return name == own
        case ast.Constant():
            return not any(isinstance(node, ast.Break | ast.Return) for node in walk_block(loop.body))
        case _:
            return False


def _unseen(class_: ast.ClassDef, code: Analysis) -> Iterator[str | None]:
    """The base classes that might have the methods already, as reasons; just `None` if one of them has."""
    reasons: list[str] = []
    for base in class_.bases:
        plain = base.value if isinstance(base, ast.Subscript) else base
        if code.is_name(plain, *PROTOCOLS):
            yield None
            return
        if code.is_name(plain, *NEUTRAL):
            continue
        answer = _has_methods(code.definition(plain), code)
        if answer:
            yield None
            return
        if answer is None:
            reasons.append(f"`{ast.unparse(plain)}` can't be seen here: it might have an `__aenter__` of its own.")
    yield from reasons


def _has_methods(fact: object, code: Analysis, depth: int = 8) -> bool | None:
    """Whether a class has `__aenter__`, inherited or not; `None` if that can't be seen."""
    if not isinstance(fact, ClassFact) or depth == 0:
        return None
    if any(method.name in METHODS for method in fact.methods):
        return True
    answers = [
        _has_methods(code.ask(definition, base.partition("[")[0]), code, depth - 1)
        for base in fact.bases
        if base.partition("[")[0] not in {"object", "ABC", "abc.ABC", "Generic", "typing.Generic"}
    ]
    return True if True in answers else None if None in answers else False


# -- the methods ------------------------------------------------------------------------------------------------------


def _blank() -> cst.EmptyLine:
    return cst.EmptyLine(indent=False)


def to_methods(found: Lifecycle, draft: Draft) -> Sequence[cst.BaseStatement]:
    own = found.receiver
    entering = _method(
        f"async def __aenter__({own}) -> {_self(found, draft)}:\n    {_call(own, found.opening)}\n    return {own}\n"
    )
    leaving = _method(f"async def __aexit__({own}, *exc_info: object) -> None:\n    {_call(own, found.closing)}\n")
    return [*draft.body, entering, leaving]


def _method(text: str) -> cst.BaseStatement:
    made = cst.parse_statement(text)
    return cst.ensure_type(made, cst.FunctionDef).with_changes(leading_lines=[_blank()])


def _call(receiver: str, method: Function) -> str:
    prefix = "await " if isinstance(method, ast.AsyncFunctionDef) else ""
    return f"{prefix}{receiver}.{method.name}()"


def _self(found: Lifecycle, draft: Draft) -> str:
    """How to write the type of the object itself."""
    code = draft.code
    if (known := spelling(code, "typing_extensions.Self", found.opening)) is not None:
        return known
    if code.target >= (3, 11):
        return draft.reference("typing.Self", found.opening)
    return found.class_.name if code.ask(has_future_annotations) else f'"{found.class_.name}"'


# -- the function -----------------------------------------------------------------------------------------------------


def _can_be_made(class_: ast.ClassDef, constructor: Function | None, code: Analysis) -> bool:
    """Whether a function of the module can take the constructor's parameters and pass them on."""
    if code.parent(class_) is not None or class_.decorator_list or class_.keywords:
        return False
    if getattr(class_, "type_params", None) or any(isinstance(base, ast.Subscript) for base in class_.bases):
        return False
    if any(code.is_name(base, "abc.ABC") for base in class_.bases):
        return False
    if any(each.name == "__new__" for each in _methods(class_)):
        return False
    if constructor is None:
        return all(code.is_name(base, "builtins.object") for base in class_.bases)
    if constructor.decorator_list or not [*constructor.args.posonlyargs, *constructor.args.args]:
        return False
    scope = code.scope_made_by(class_)
    for default in [*constructor.args.defaults, *filter(None, constructor.args.kw_defaults)]:
        if not isinstance(default, ast.Constant | ast.Name | ast.Attribute | ast.UnaryOp | ast.Tuple):
            return False
    names = {node.id for node in ast.walk(constructor.args) if isinstance(node, ast.Name)}
    return names.isdisjoint(scope.bindings)


def to_function(found: Lifecycle, constructor: Function | None, draft: Draft) -> Sequence[cst.BaseStatement]:
    class_, code = found.class_, draft.code
    parameters = parameters_without_self(constructor, code) if constructor is not None else ()
    arguments = _passed_on(constructor) if constructor is not None else ""
    names = parameter_names(constructor.args) if constructor is not None else ()
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_.name.strip("_")).lower()
    variable = snake if snake not in names and snake != class_.name else "made"
    hidden = "_" if class_.name.startswith("_") else ""
    name = draft.fresh(f"{hidden}{found.word}_{snake}")
    decorator = draft.reference("contextlib.asynccontextmanager", class_, as_module=True)
    given = generic("AsyncIterator", class_, draft)
    head = signature(f"async def {name}", parameters, f"{given}[{class_.name}]", draft.indent)
    made = cst.parse_statement(
        f"@{decorator}\n"
        f"{head}\n"
        f"    {variable} = {class_.name}({arguments})\n"
        f"    {_call(variable, found.opening)}\n"
        f"    try:\n"
        f"        yield {variable}\n"
        f"    finally:\n"
        f"        {_call(variable, found.closing)}\n"
    )
    return [*draft.body, cst.ensure_type(made, cst.FunctionDef).with_changes(leading_lines=[_blank(), _blank()])]


def _passed_on(constructor: Function) -> str:
    """The arguments that pass a constructor's parameters on."""
    declared = constructor.args
    positional = [*declared.posonlyargs, *declared.args]
    return ", ".join(
        [
            *(each.arg for each in positional[1:]),
            *([f"*{declared.vararg.arg}"] if declared.vararg is not None else []),
            *(f"{each.arg}={each.arg}" for each in declared.kwonlyargs),
            *([f"**{declared.kwarg.arg}"] if declared.kwarg is not None else []),
        ]
    )
