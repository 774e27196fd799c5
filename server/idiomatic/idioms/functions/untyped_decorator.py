"""Say with a `ParamSpec` that a decorated function takes the parameters of the function below the decorator.

## Why
Behind a decorator without types, or one that takes and gives `Callable[..., Any]`, a type checker knows nothing of a
function any more: not its parameters, not its result. Wrong calls pass, and editors offer nothing. `Callable[P, R]`
says what goes in and what comes out, so that decorated functions are checked like all others.

## Example
```python
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def retry(times: int = 3):
    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            for _ in range(times - 1):
                try:
                    return func(*args, **kwargs)
                except OSError:
                    time.sleep(1)
            return func(*args, **kwargs)

        return wrapper

    return decorate
```
becomes
```python
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def retry(times: int = 3) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(func: Callable[P, R]) -> Callable[P, R]:
        @wraps(func)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            for _ in range(times - 1):
                try:
                    return func(*args, **kwargs)
                except OSError:
                    time.sleep(1)
            return func(*args, **kwargs)

        return wrapper

    return decorate
```

## Fix safety
Safe: annotations don't change what the program does. A type checker now looks at the calls of everything that is
decorated, and may find mistakes there.

`P` and `R` are defined once in a module, and what it has is used again. Where the target is Python 3.12 or newer and
the module has none, they are type parameters: `def timed[**P, R](func: Callable[P, R]) -> Callable[P, R]`. Parameters
of the decorator itself get the types that their defaults, the docstring or their use tell, else `Any`. Asynchronous
wrappers give `Coroutine[Any, Any, R]`, generators `Iterator[R]`; what is taken or added before `*args` is said
with `Concatenate`.

Unsafe where the wrapper has a parameter of its own before `*args` that is not called `self` or `cls`: it becomes
positional-only, or there would be no type for it.

Refused where the types can't be written or are not known: decorators that can be used with and without parentheses, or
that have several wrappers, which takes overloads; wrappers that change, add or take away keyword arguments, or look
into what they get; that use what the function gives; that return something of an unknown type, or nothing at their end;
and functions with attributes.

Not found where there are types: a `ParamSpec`, or a type variable for the whole function (`def timed(func: F) -> F`);
and for private and local functions that decorate nothing in the file.

## References
- [PEP 612: parameter specification variables](https://peps.python.org/pep-0612/)
- [PEP 695: type parameter syntax](https://peps.python.org/pep-0695/)
- [`typing.ParamSpec`](https://docs.python.org/3/library/typing.html#typing.ParamSpec)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.decorator_types import DecoratorTypes, Untypable, decorator_types
from idiomatic.core.analysis.decorators import span_of_name
from idiomatic.core.analysis.parameter_types import parameter_type
from idiomatic.core.facts import parameters
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Safe, Unsafe
from idiomatic.core.writing.changes import changed
from idiomatic.core.writing.type_parameters import has_type_parameters, written_annotations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Verdict
    from idiomatic.core.writing.changes import Change

KIND = Kind.IDIOM
SINCE = (3, 10)
TRIGGERS = ("**",)
ALSO = ()

WIDE: Final = 88
MARKS: Final = "\ufeff\f"
"""What takes no place at the beginning of a line."""
IMPLICIT: Final = frozenset(("self", "cls"))


def detect(wrapper: ast.FunctionDef | ast.AsyncFunctionDef, code: Analysis) -> Iterator[Finding]:
    match decorator_types(wrapper, code):
        # def timed(func): def wrapper(*args, **kwargs): return func(*args, **kwargs); return wrapper
        case DecoratorTypes() as types:
            outermost = types.outermost
            fix = _fix(types, code)
        case Untypable(decorator=decorator, reason=reason):
            outermost = decorator.function
            fix = Fix(f"Type `{outermost.name}` with `ParamSpec`", Refused(reason), code.lines(outermost))
        case _:
            return
    message = f"`{outermost.name}` hides from type checkers what the functions below it take and give"
    yield Finding(span_of_name(outermost, code), message, (fix,))


def _fix(types: DecoratorTypes, code: Analysis) -> Fix:
    form = "`[**P, R]`" if has_type_parameters(types.outermost, code) else "`ParamSpec`"
    lost = [name for name in _leading(types.decorator.wrapper) if name not in IMPLICIT]
    verdict: Verdict = Safe()
    consequence = ""
    if lost:
        verdict = Unsafe((f"`{lost[0]}` can't be given by name any more: only then has the wrapper a type.",))
        consequence = f" (`{lost[0]}` becomes positional-only)"
    title = f"Type `{types.outermost.name}` with {form}{consequence}"
    return Fix(title, verdict, code.lines(types.outermost), partial(to_types, types))


def _leading(wrapper: Function) -> list[str]:
    """The parameters before `*args` that can be given by name."""
    return [argument.arg for argument in wrapper.args.args]


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_types(types: DecoratorTypes, draft: Draft) -> Sequence[cst.BaseStatement]:
    function, wrapper, factory = types.decorator.function, types.decorator.wrapper, types.factory
    own = {each: _own_parameters(each, types, draft.code) for each in (function, factory) if each is not None}
    returns = {function: types.after, wrapper: types.result}
    new: dict[Function, dict[str, str]] = {each: dict(found) for each, found in own.items()}
    new[function][types.decorator.wrapped.arg] = types.before
    arguments = wrapper.args
    assert arguments.vararg is not None
    assert arguments.kwarg is not None
    leading = zip((*arguments.posonlyargs, *arguments.args), types.taken, strict=True)
    new[wrapper] = {argument.arg: type_ for argument, type_ in leading if argument.annotation is None}
    new[wrapper] |= {arguments.vararg.arg: "{P}.args", arguments.kwarg.arg: "{P}.kwargs"}
    broken = f"{{Callable}}[\n{draft.indent}[{types.before}],\n{draft.indent}{types.after},\n]"
    if factory is not None:
        returns[factory] = f"{{Callable}}[[{types.before}], {types.after}]"
    wanted = [text for each in new.values() for text in each.values()]
    written = written_annotations(types.outermost, [*wanted, *returns.values()], draft)
    if factory is not None and len(written.text(returns[factory])) > WIDE - len(") -> :") - _column(factory, draft):
        returns[factory] = broken

    def change(each: Function) -> Change:
        def changing(node: cst.CSTNode) -> cst.CSTNode:
            made = cst.ensure_type(node, cst.FunctionDef)
            made = made.with_changes(
                params=_annotated(made.params, {name: written.node(text) for name, text in new[each].items()}),
                returns=written.node(returns[each]),
            )
            if each is wrapper and made.params.params:
                made = made.with_changes(params=_positional(made.params))
            if each is types.outermost and written.parameters:
                made = made.with_changes(type_parameters=cst.TypeParameters(written.parameters))
            return _on_several_lines(made, each, draft)

        return changing

    return changed(draft, {draft.node(each, cst.FunctionDef): change(each) for each in new})


def _own_parameters(function: Function, types: DecoratorTypes, code: Analysis) -> Iterator[tuple[str, str]]:
    """The types of the parameters of a decorator or its factory that have no annotation."""
    positional = [*function.args.posonlyargs, *function.args.args]
    is_method = isinstance(code.parent(function), ast.ClassDef)
    for argument in parameters(function.args):
        is_self = is_method and positional[:1] == [argument] and argument.arg in IMPLICIT
        if argument.annotation is None and argument is not types.decorator.wrapped and not is_self:
            yield argument.arg, parameter_type(argument, function, code) or "{Any}"


def _annotated(params: cst.Parameters, new: Mapping[str, cst.Annotation]) -> cst.Parameters:
    """The parameters with annotations, by name."""

    def one(param: cst.Param) -> cst.Param:
        if (annotation := new.get(param.name.value)) is None:
            return param
        if param.default is None or param.annotation is not None:
            return param.with_changes(annotation=annotation)
        return param.with_changes(annotation=annotation, equal=cst.AssignEqual())

    star = params.star_arg
    return params.with_changes(
        posonly_params=[one(each) for each in params.posonly_params],
        params=[one(each) for each in params.params],
        star_arg=one(star) if isinstance(star, cst.Param) else star,
        kwonly_params=[one(each) for each in params.kwonly_params],
        star_kwarg=one(params.star_kwarg) if params.star_kwarg is not None else None,
    )


def _positional(params: cst.Parameters) -> cst.Parameters:
    """The parameters, those before `*args` positional-only: a `ParamSpec` can't have others before it."""
    return params.with_changes(
        posonly_params=[*params.posonly_params, *params.params], posonly_ind=cst.ParamSlash(), params=[]
    )


def _on_several_lines(function: cst.FunctionDef, of: Function, draft: Draft) -> cst.FunctionDef:
    """A function whose signature, should it have become too long for a line, is broken as formatters do it."""
    bare = function.with_changes(
        leading_lines=[], decorators=[], lines_after_decorators=[], body=cst.SimpleStatementSuite([])
    )
    head = draft.code_for(bare).strip()
    column = _column(of, draft)
    listed = [draft.code_for(each).strip().rstrip(",") for each in _each(function.params)]
    longest = max(map(len, head.splitlines()))
    if not listed or any(each in head.partition(") ->")[0] for each in "\r\n") or column + longest <= WIDE:
        return function
    joined = ", ".join(listed)
    if len(listed) > 1 and column + len(draft.indent) + len(joined) <= WIDE:
        lines = [joined]
    else:
        lines = [f"{each}," for each in listed]
    text = "\n".join([f"def {function.name.value}(", *(f"{draft.indent}{line}" for line in lines), "): pass\n"])
    made = cst.ensure_type(cst.parse_statement(text), cst.FunctionDef)
    return function.with_changes(params=made.params, whitespace_before_params=made.whitespace_before_params)


def _column(function: Function, draft: Draft) -> int:
    """How far a function is indented."""
    lines = draft.code.statement.lines
    line, end = lines.position(draft.code.span(function).start)
    return len(lines.line(line)[:end].strip(MARKS).expandtabs(4))


def _each(params: cst.Parameters) -> Iterator[cst.CSTNode]:
    """All that stands between the parentheses, in order."""
    yield from params.posonly_params
    if isinstance(params.posonly_ind, cst.ParamSlash):
        yield params.posonly_ind
    yield from params.params
    if isinstance(params.star_arg, (cst.Param, cst.ParamStar)):
        yield params.star_arg
    yield from params.kwonly_params
    if params.star_kwarg is not None:
        yield params.star_kwarg
