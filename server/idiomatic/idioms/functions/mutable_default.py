"""Make a list, dict or set inside the function instead of taking it for a default.

## Why
A default is made once, when the function is defined, and shared by all calls. What one call appends to it the next one
finds there; a caller that changes a returned or stored default changes it for everybody.

## Example
```python
def add(item, basket=[]):
    basket.append(item)
    return basket
```
becomes
```python
def add(item, basket=None):
    if basket is None:
        basket = []
    basket.append(item)
    return basket
```

```python
def mail(text: str, *, to: list[str] = []) -> None:
    for address in to:
        send(address, text)
```
becomes
```python
def mail(text: str, *, to: list[str] | None = None) -> None:
    if to is None:
        to = []
    for address in to:
        send(address, text)
```

## Fix safety
Safe where the function only reads the default: iterates, indexes, measures or compares it, asks its reading methods or
copies it. Then nobody can tell a fresh one from a shared one.

Unsafe where it is changed (which is the bug that the fix repairs), returned, yielded, stored, put into another object
or passed to something that may keep or change it; where its elements can be changed themselves; where `None` is a value
of its own (in the annotation, tested in the body, or accepted by what the function does with it); where a decorator may
read the default (routes, commands and tasks document it); and where the module looks at the defaults of functions.

Refused for a lambda, which has no body; for a default that is kept from call to call on purpose (a memo); for a default
made of names or calls, which would be evaluated later and at each call; and where the annotation can't be widened or is
a type comment.

Where `None` is a value of its own, a second action takes a sentinel in its place, which nobody passes.

For a memo that is asked for all other parameters and does nothing else, a second action lets `functools.cache` remember
the results. It is safe for a local function that does not call itself; otherwise callers may pass the memo, a recursion
gets half as deep, early results are remembered too, or equal arguments of different types are remembered apart.

For a list that is only iterated, indexed, measured or searched, a second action is an immutable default: a tuple, and
`Sequence` in the annotation. It is made once, as the list was.

Not found are functions without a body (stubs, overloads, abstract methods) and parameters annotated with a read-only
type such as `Sequence` or `Mapping`.

## References
- [Why are default values shared between objects?](https://docs.python.org/3/faq/programming.html#why-are-default-values-shared-between-objects)
- [Function definitions: default parameter values](https://docs.python.org/3/reference/compound_stmts.html#function-definitions)
"""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.classes import value
from idiomatic.core.analysis.defaults import has_mutable_elements, is_empty, is_stub, mutable_defaults, varying
from idiomatic.core.analysis.fate import Fate, Use, fates
from idiomatic.core.analysis.memos import is_memo, memo
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.optionality import ANNOTATED, allows_none, can_widen, excludes_none, is_none, is_read_only
from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.module import has_future_annotations
from idiomatic.core.writing.arguments import shifted
from idiomatic.core.writing.cached_function import to_cached
from idiomatic.core.writing.function_start import with_default_made

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.defaults import Default
    from idiomatic.core.analysis.memos import Memo
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Rewrite

KIND = Kind.PROBLEM
SINCE = (3, 0)
TRIGGERS = ("def", "lambda")
ALSO = ("B006",)

LISTS: Final = ("builtins.list", "typing.List")
HASHED_AS_THEY_ARE: Final = ("builtins.str", "builtins.bytes", "pathlib.Path")
TRANSPARENT: Final = (
    *("builtins.staticmethod", "builtins.classmethod", "functools.wraps", "functools.lru_cache", "functools.cache"),
    *("contextlib.contextmanager", "contextlib.asynccontextmanager", "abc.abstractmethod", "typing.overload"),
    *("typing.override", "typing.final", "typing_extensions.override", "typing.no_type_check"),
)
ROUTES: Final = frozenset(
    (
        *("get", "post", "put", "patch", "delete", "head", "options", "route", "websocket", "api_route", "command"),
        *("callback", "group", "task", "shared_task", "tool", "prompt", "resource", "flow", "job", "event", "on"),
    )
)
DEFAULTS_READERS: Final = ("__defaults__", "__kwdefaults__", "inspect.signature", "getfullargspec", "inspect.Parameter")


def detect(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, code: Analysis) -> Iterator[Finding]:
    if not function.args.defaults and not function.args.kw_defaults:
        return
    for default in mutable_defaults(function, code):
        if not is_stub(function, code) and not is_read_only(default.parameter.annotation, code):
            message = f"This {default.noun} is made once and shared by all calls that leave `{default.name}` out"
            yield Finding(default.value, message, tuple(_fixes(default, code)))


# -- the fixes --------------------------------------------------------------------------------------------------------


def _fixes(default: Default, code: Analysis) -> Iterator[Fix]:
    uses = tuple(fates(default.function, default.parameter, default.kind, code, is_empty=is_empty(default.value)))
    where = code.lines(default.function)
    title = f"Use `None` and make the {default.noun} inside the function"
    if (refusal := _refusal(default, uses, code)) is not None:
        yield Fix(title, Refused(refusal), where)
    else:
        reasons, others = list(_reasons(default, uses, code)), list(_seen_by_others(default, code))
        meant = list(_meant_by_none(default, uses, code))
        yield _fix(title, [*reasons, *meant, *others], where, partial(to_none, default))
        if _is_value_of_its_own(default, code):
            title = "Use a sentinel, so that `None` stays a value of its own"
            yield _fix(title, [*reasons, *others], where, partial(to_sentinel, default))
    if is_memo(default, uses, code) and (found := memo(default, code)) is not None:
        title = f"Let `functools.{'cache' if code.target >= (3, 9) else 'lru_cache'}` remember the results"
        yield _fix(title, list(_remembered_otherwise(found, code)), where, partial(to_cached, found))
    if _can_be_tuple(default, uses, code):
        against = list(_seen_by_others(default, code))
        yield _fix("Use a tuple, which can't be changed", against, where, partial(to_tuple, default))


def _fix(title: str, against: Sequence[tuple[str, str]], where: tuple[ast.stmt, ast.stmt], rewrite: Rewrite) -> Fix:
    """A fix with the reasons against it, each with its consequence in a few words."""
    consequence = f" ({against[0][1]})" if against else ""
    return Fix(title + consequence, safe_unless(reason for reason, _ in against), where, rewrite)


def _refusal(default: Default, uses: Sequence[Use], code: Analysis) -> str | None:
    function = default.function
    if isinstance(function, ast.Lambda):
        return f"A lambda has no body in which `{default.name}` could get its value."
    if is_memo(default, uses, code):
        return (
            f"`{default.name}` seems to be kept from call to call on purpose; "
            "`functools.cache` or a variable of the module would say so."
        )
    if (part := varying(default, code)) is not None:
        return f"`{ast.unparse(part)}` would be evaluated at each call, and may have changed since the definition."
    annotation = default.parameter.annotation
    if annotation is not None and not can_widen(annotation, code):
        return f"The annotation `{ast.unparse(annotation)}` can't be widened to allow `None`."
    head = code.statement.text[code.span(function).start : code.span(function.body[0]).start]
    if re.search(r"#\s*type:(?!\s*ignore)", head):
        return "The types are in a comment, which would have to allow `None` as well."
    return None


def _reasons(default: Default, uses: Sequence[Use], code: Analysis) -> Iterator[tuple[str, str]]:
    """Each reason against the fix, with its consequence in a few words."""
    noun = default.noun
    if any(use.fate is Fate.CHANGED for use in uses):
        yield (
            f"The function changes the {noun}: what a call leaves in it, later calls find there today.",
            "later calls start afresh",
        )
    for use in uses:
        if use.fate is Fate.LEAKED:
            yield (
                f"The {noun} is {use.how}: today all calls share the one that gets out there.",
                f"each call gets its own {noun}",
            )
    if has_mutable_elements(default.value, code) and any(use.fate is not Fate.TESTED for use in uses):
        yield f"The elements of the {noun} can be changed too and are made anew.", f"each call gets its own {noun}"


def _meant_by_none(default: Default, uses: Sequence[Use], code: Analysis) -> Iterator[tuple[str, str]]:
    """Why `None` must not stand for the default."""
    consequence = "`None` means the default"
    if _is_value_of_its_own(default, code):
        yield "`None` is a value of its own here; callers that pass it would get the default.", consequence
    elif not excludes_none(default.parameter.annotation, code) and any(
        _accepts_none(default, use, code) for use in uses
    ):
        yield "The function also works when `None` is passed, which would mean the default.", consequence


def _is_value_of_its_own(default: Default, code: Analysis) -> bool:
    """Whether the annotation allows `None`, or the body asks for it."""
    annotation = default.parameter.annotation
    return (annotation is not None and allows_none(annotation, code)) or _tests_none(default, code)


def _seen_by_others(default: Default, code: Analysis) -> Iterator[tuple[str, str]]:
    function = default.function
    for decorator in () if isinstance(function, ast.Lambda) else function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if code.is_name(called, *TRANSPARENT):
            continue
        name = ast.unparse(called)
        if name.rpartition(".")[2] in ROUTES and not (code.qualified_name(called) or "").startswith("unittest.mock."):
            yield f"`@{name}` documents the default and hands it to callers.", "changes the documented default"
        elif not name.endswith((".setter", ".getter", ".deleter")):
            yield f"`@{name}` may read the default from the signature.", "changes the signature"
    if any(code.ask(mentions, word) for word in DEFAULTS_READERS):
        yield "This module looks at the defaults of functions.", "changes the signature"


def _remembered_otherwise(found: Memo, code: Analysis) -> Iterator[tuple[str, str]]:
    """What `functools.cache` does differently."""
    function = found.default.function
    assert isinstance(function, ast.FunctionDef)
    if not _all_calls_are_plain(function, code):
        name = found.default.name
        yield f"`{name}` is no parameter any more: callers that pass it fail.", f"`{name}` can't be passed"
    if found.is_recursive:
        yield (
            "A cached call takes more of Python's stack: a recursion half as deep fails already.",
            "deep recursion fails earlier",
        )
    if found.returns_early:
        yield (
            "What is returned early is remembered too, and its arguments have to be hashable.",
            "remembers all results",
        )
    match found.others:
        case [ast.arg(annotation=annotation)] if not code.is_name(annotation, *HASHED_AS_THEY_ARE):
            yield "Equal arguments of different types, as `1` and `1.0`, are remembered apart.", "a little less shared"
        case _:
            pass
    yield from _seen_by_others(found.default, code)


def _all_calls_are_plain(function: ast.FunctionDef, code: Analysis) -> bool:
    """Whether a function is local, and only called with a value for each parameter but the last, in order."""
    around = code.function_around(function)
    if around is None:
        return False
    given = len(function.args.posonlyargs) + len(function.args.args) - (not function.args.kwonlyargs)
    for use in code.uses(function.name, around, code.scope(function)):
        match code.parent(use):
            case ast.Call(func=called, args=args, keywords=[]) if called is use and len(args) == given:
                if any(isinstance(each, ast.Starred) for each in args):
                    return False
            case _:
                return False
    return True


# -- None -------------------------------------------------------------------------------------------------------------


def _tests_none(default: Default, code: Analysis) -> bool:
    scope = code.scope_made_by(default.function)
    for use in code.uses(default.name, default.function, scope):
        match code.parent(use):
            case ast.Compare(left=left, comparators=[right]):
                if is_none(right if use is left else left):
                    return True
            case ast.match_case():
                return True
            case _:
                pass
    return False


def _accepts_none(default: Default, use: Use, code: Analysis) -> bool:
    """Whether a use would go through with `None` as well, and differently than with the default."""
    if use.fate is Fate.SHOWN:
        return True
    if use.fate is Fate.TESTED:
        return not is_empty(default.value)
    child: ast.AST = use.node
    for parent in code.ancestors(use.node):
        if parent is default.function:
            return False
        if isinstance(parent, (ast.Try, ast.TryStar)) and child in parent.body and parent.handlers:
            return True
        child = parent
    return False


def _can_be_tuple(default: Default, uses: Sequence[Use], code: Analysis) -> bool:
    """Whether the default is a list that is only used as any sequence can be."""
    annotation = default.parameter.annotation
    head = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return (
        (isinstance(default.value, ast.List) or (default.kind == "list" and is_empty(default.value)))
        and (annotation is None or code.is_name(head, *LISTS))
        and all(use.fate in {Fate.ITERATED, Fate.TESTED} for use in uses)
        and not has_mutable_elements(default.value, code)
        and not any(isinstance(node, ast.NamedExpr) for node in ast.walk(default.value))
    )


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_none(default: Default, draft: Draft) -> Sequence[cst.BaseStatement]:
    return _with_default(default, "None", draft)


def to_sentinel(default: Default, draft: Draft) -> Sequence[cst.BaseStatement]:
    known = draft.code.ask(value, "_MISSING")
    if known is not None and known.kind == "sentinel":
        return _with_default(default, "_MISSING", draft)
    name = draft.fresh("_MISSING", "_NOT_GIVEN")
    annotation = ""
    if default.parameter.annotation is not None:
        outermost = [default.function, *draft.code.ancestors(default.function)][-1]
        annotation = f": {draft.reference('typing.Any', outermost)}"
    draft.constant(f"{name}{annotation} = object()")
    return _with_default(default, name, draft)


def _with_default(default: Default, absent: str, draft: Draft) -> Sequence[cst.BaseStatement]:
    function = default.function
    assert isinstance(function, FUNCTIONS)
    old = draft.node(function, cst.FunctionDef)
    parameter = draft.node(default.parameter, cst.Param)
    made = parameter.default
    assert made is not None
    annotation = parameter.annotation
    if annotation is not None and absent == "None":
        annotation = _widened(annotation, default, draft)
    changed = parameter.with_changes(default=cst.Name(absent), annotation=annotation)
    new = old.with_changes(
        params=cst.ensure_type(old.params.deep_replace(parameter, changed), cst.Parameters),
        body=with_default_made(old.body, function, default.name, absent, _moved(made, default, draft)),
    )
    return draft.replaced({old: new})


def _widened(annotation: cst.Annotation, default: Default, draft: Draft) -> cst.Annotation:
    assert default.parameter.annotation is not None
    if allows_none(default.parameter.annotation, draft.code):
        return annotation
    return annotation.with_changes(
        annotation=_or_none(annotation.annotation, default.parameter.annotation, default, draft)
    )


def _or_none(written: cst.BaseExpression, annotation: ast.expr, default: Default, draft: Draft) -> cst.BaseExpression:
    code = draft.code
    match annotation:
        # "list[Item]": the quotes stay around all of it
        case ast.Constant(value=str()) if isinstance(written, cst.SimpleString):
            inner = f"{written.raw_value} | None"
            return written.with_changes(value=f"{written.prefix}{written.quote}{inner}{written.quote}")
        # Annotated[list[Item], ...]: what is annotated is the type inside
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[first, *_])) if code.is_name(head, *ANNOTATED):
            subscript = cst.ensure_type(written, cst.Subscript)
            element = subscript.slice[0]
            index = cst.ensure_type(element.slice, cst.Index)
            changed = index.with_changes(value=_or_none(index.value, first, default, draft))
            return subscript.with_changes(slice=[element.with_changes(slice=changed), *subscript.slice[1:]])
        case _:
            pass
    if code.target >= (3, 10) or code.ask(has_future_annotations):
        return cst.BinaryOperation(written, cst.BitOr(), cst.Name("None"))
    optional = draft.expression("typing.Optional", default.function)
    return cst.Subscript(optional, [cst.SubscriptElement(cst.Index(written))])


def _moved(made: cst.BaseExpression, default: Default, draft: Draft) -> cst.BaseExpression:
    """A default that fills several lines, indented for the body."""
    lines = draft.code.statement.lines
    line, column = lines.position(draft.code.span(default.value).start)
    head = lines.line(lines.position(draft.code.span(default.function).start)[0])
    outer = _indentation(head)
    opening = getattr(made, "lbracket", None) or getattr(made, "lbrace", None)
    if opening is not None and not isinstance(opening.whitespace_after, cst.ParenthesizedWhitespace):
        # [1,
        #  2]
        shift = column - outer - len(f"{default.name} = ")
    else:
        # [
        #     1,
        # ]
        shift = _indentation(lines.line(line)) - outer
    return shifted(made, shift)


def _indentation(line: str) -> int:
    text = line.lstrip("\ufeff")
    return len(text) - len(text.lstrip(" \t\f"))


def to_tuple(default: Default, draft: Draft) -> Sequence[cst.BaseStatement]:
    parameter = draft.node(default.parameter, cst.Param)
    value = parameter.default
    if isinstance(value, cst.List) and value.elements:
        elements = list(value.elements)
        if len(elements) == 1 and not isinstance(elements[0].comma, cst.Comma):
            elements = [elements[0].with_changes(comma=cst.Comma())]
        left = cst.LeftParen(whitespace_after=value.lbracket.whitespace_after)
        right = cst.RightParen(whitespace_before=value.rbracket.whitespace_before)
        made = cst.Tuple(elements, lpar=[*value.lpar, left], rpar=[right, *value.rpar])
    else:
        made = cst.Tuple([])
    annotation = parameter.annotation
    if annotation is not None:
        annotation = annotation.with_changes(annotation=_sequence(annotation.annotation, default, draft))
    return draft.replaced({parameter: parameter.with_changes(default=made, annotation=annotation)})


def _sequence(written: cst.BaseExpression, default: Default, draft: Draft) -> cst.BaseExpression:
    is_subscriptable = draft.code.target >= (3, 9) or draft.code.ask(has_future_annotations)
    module = "collections.abc" if is_subscriptable else "typing"
    sequence = draft.expression(f"{module}.Sequence", default.function)
    return written.with_changes(value=sequence) if isinstance(written, cst.Subscript) else sequence
