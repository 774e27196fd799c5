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

Refused for a lambda, which has no body; for a default that is kept from call to call on purpose (a memo: use
`functools.cache`); for a default made of names or calls, which would be evaluated later and at each call; and where the
annotation can't be widened or is a type comment.

The second action, for a list that is only iterated, indexed, measured or searched, is an immutable default: a tuple,
and `Sequence` in the annotation. It is made once, as the list was.

Not found are functions without a body (stubs, overloads, abstract methods) and parameters annotated with a read-only
type such as `Sequence` or `Mapping`.

## References
- [Why are default values shared between objects?](https://docs.python.org/3/faq/programming.html#why-are-default-values-shared-between-objects)
- [Function definitions: default parameter values](https://docs.python.org/3/reference/compound_stmts.html#function-definitions)
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.fate import Fate, Use, fates
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.facts import parameters
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.module import has_future_annotations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tree import Function, FunctionLike
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 0)
TRIGGERS = ("def", "lambda")
ALSO = ("B006",)

CONSTRUCTORS: Final = {
    **{f"builtins.{name}": name for name in ("list", "dict", "set", "bytearray")},
    **{f"collections.{name}": name for name in ("defaultdict", "deque", "OrderedDict", "Counter")},
}
READ_ONLY: Final = (
    *("builtins.tuple", "builtins.frozenset", "typing.Tuple", "typing.FrozenSet", "typing.AbstractSet"),
    "collections.abc.Set",
    *(
        f"{module}.{name}"
        for module in ("typing", "collections.abc")
        for name in ("Sequence", "Iterable", "Collection", "Container", "Mapping", "Reversible", "Sized", "Iterator")
    ),
)
MUTABLE_TYPES: Final = (
    *CONSTRUCTORS,
    *(f"typing.{name}" for name in ("List", "Dict", "Set", "DefaultDict", "Deque", "OrderedDict", "Counter")),
    *(f"{module}.Mutable{name}" for module in ("typing", "collections.abc") for name in ("Sequence", "Mapping", "Set")),
)
LISTS: Final = ("builtins.list", "typing.List")
MEMO_WORDS: Final = frozenset(("cache", "cached", "memo", "memoized", "seen"))
CONSTANT_BUILTINS: Final = frozenset(
    f"builtins.{name}"
    for name in (
        *("list", "dict", "set", "tuple", "frozenset", "bytearray", "bytes", "str", "int", "float", "bool", "complex"),
        *("object", "type", "range", "len", "ord", "chr", "sorted", "zip", "enumerate", "reversed", "map", "sum"),
    )
)
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


@dataclass(frozen=True, slots=True, eq=False)
class Default:
    """A parameter with a default that can be changed.

    Attributes:
        function: whose parameter it is.
        parameter: it.
        value: its default.
        kind: the default's type: `list`, `dict`, `defaultdict`...
    """

    function: FunctionLike
    parameter: ast.arg
    value: ast.expr
    kind: str

    @property
    def name(self) -> str:
        """The parameter's."""
        return self.parameter.arg

    @property
    def noun(self) -> str:
        """What the default is, for people."""
        return self.kind if self.kind in {"list", "dict", "set"} else f"`{self.kind}`"


def detect(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, code: Analysis) -> Iterator[Finding]:
    arguments = function.args
    if not arguments.defaults and not arguments.kw_defaults:
        return
    for parameter, value in _with_defaults(arguments):
        kind = _kind(value, code)
        if kind is not None and not _is_stub(function, code) and not _is_read_only(parameter.annotation, code):
            default = Default(function, parameter, value, kind)
            message = f"This {default.noun} is made once and shared by all calls that leave `{parameter.arg}` out"
            yield Finding(value, message, tuple(_fixes(default, code)))


def _with_defaults(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    yield from zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    for parameter, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            yield parameter, value


def _kind(value: ast.expr, code: Analysis) -> str | None:
    match value:
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Call(func=function):
            return CONSTRUCTORS.get(code.qualified_name(function) or "")
        case _:
            return None


def _is_stub(function: FunctionLike, code: Analysis) -> bool:
    """Whether the function has no body that could use a default: a stub, an overload, an abstract method."""
    if isinstance(function, ast.Lambda):
        return False
    if any(code.is_name(each, "typing.overload", "typing_extensions.overload") for each in function.decorator_list):
        return True
    for statement in function.body[1 if _has_docstring(function) else 0 :]:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case ast.Raise(exc=ast.Name() as raised) | ast.Raise(exc=ast.Call(func=ast.Name() as raised)):
                if not code.is_name(raised, "builtins.NotImplementedError"):
                    return False
            case _:
                return False
    return True


def _has_docstring(function: Function) -> bool:
    return ast.get_docstring(function, clean=False) is not None


def _is_read_only(annotation: ast.expr | None, code: Analysis) -> bool:
    """Whether the annotation promises that the function does not change what it is given."""
    match annotation:
        case ast.Constant(value=str(text)):
            return (
                re.match(r"(?:\w+\.)*(?:Sequence|Iterable|Collection|Mapping|AbstractSet|Container)\b", text)
                is not None
            )
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[first, *_])) if code.is_name(head, "typing.Annotated"):
            return _is_read_only(first, code)
        case ast.Subscript(value=head, slice=inner) if code.is_name(head, "typing.Optional"):
            return _is_read_only(inner, code)
        case ast.Subscript(value=head, slice=ast.Tuple(elts=members)) if code.is_name(head, "typing.Union"):
            return all(_is_none(member) or _is_read_only(member, code) for member in members)
        case ast.Subscript(value=head):
            return code.is_name(head, *READ_ONLY)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return all(_is_none(member) or _is_read_only(member, code) for member in (left, right))
        case _:
            return code.is_name(annotation, *READ_ONLY)


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


# -- the fixes --------------------------------------------------------------------------------------------------------


def _fixes(default: Default, code: Analysis) -> Iterator[Fix]:
    is_empty = _is_empty(default.value)
    uses = tuple(fates(default.function, default.parameter, default.kind, code, is_empty=is_empty))
    where = code.lines(default.function)
    title = f"Use `None` and make the {default.noun} inside the function"
    if (refusal := _refusal(default, uses, code)) is not None:
        yield Fix(title, Refused(refusal), where)
    else:
        reasons = list(_reasons(default, uses, code))
        consequence = f" ({reasons[0][1]})" if reasons else ""
        verdict = safe_unless(reason for reason, _ in reasons)
        yield Fix(title + consequence, verdict, where, partial(to_none, default))
    if _can_be_tuple(default, uses, code):
        reasons = list(_seen_by_others(default, code))
        consequence = f" ({reasons[0][1]})" if reasons else ""
        verdict = safe_unless(reason for reason, _ in reasons)
        yield Fix(f"Use a tuple, which can't be changed{consequence}", verdict, where, partial(to_tuple, default))


def _refusal(default: Default, uses: Sequence[Use], code: Analysis) -> str | None:
    function = default.function
    if isinstance(function, ast.Lambda):
        return f"A lambda has no body in which `{default.name}` could get its value."
    if _is_memo(default, uses, code):
        return (
            f"`{default.name}` seems to be kept from call to call on purpose; "
            "`functools.cache` or a variable of the module would say so."
        )
    if (varying := _varying(default, code)) is not None:
        return f"`{ast.unparse(varying)}` would be evaluated at each call, and may have changed since the definition."
    annotation = default.parameter.annotation
    if annotation is not None and not _can_widen(annotation, code):
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
    if _has_mutable_elements(default.value, code) and any(use.fate is not Fate.TESTED for use in uses):
        yield f"The elements of the {noun} can be changed too and are made anew.", f"each call gets its own {noun}"
    annotation = default.parameter.annotation
    if (annotation is not None and _allows_none(annotation, code)) or _tests_none(default, code):
        yield (
            "`None` is a value of its own here; callers that pass it would get the default.",
            "`None` means the default",
        )
    elif not _excludes_none(annotation, code) and any(_accepts_none(default, use, code) for use in uses):
        yield "The function also works when `None` is passed, which would mean the default.", "`None` means the default"
    yield from _seen_by_others(default, code)


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


# -- what the default is ----------------------------------------------------------------------------------------------


def _varying(default: Default, code: Analysis) -> ast.expr | None:
    """The part of a default that may be something else when it is evaluated in the body; `None` if there is none."""
    nodes = list(ast.walk(default.value))
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    inside = code.scope_made_by(default.function).bindings
    constant = CONSTANT_BUILTINS | CONSTRUCTORS.keys()
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name not in own:
                # `collections` of `collections.deque` is judged with its attribute.
                whole = code.parent(node) if isinstance(code.parent(node), ast.Attribute) else node
                if code.qualified_name(whole) not in constant or name in inside:
                    return node
            case ast.Attribute() if code.qualified_name(node) not in CONSTRUCTORS:
                return node
            case ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom() | ast.Lambda():
                return node
            case _:
                pass
    return None


def _has_mutable_elements(value: ast.expr, code: Analysis) -> bool:
    # deque([1, 2]) copies the list.
    outer = [value, *value.args] if isinstance(value, ast.Call) else [value]
    return any(
        node not in outer and isinstance(node, ast.expr) and _kind(node, code) is not None for node in ast.walk(value)
    )


def _is_empty(value: ast.expr) -> bool:
    match value:
        case ast.List(elts=items) | ast.Set(elts=items) | ast.Dict(values=items):
            return not items
        case ast.Call(args=args, keywords=keywords):
            return not args and not keywords
        case _:
            return False


def _is_memo(default: Default, uses: Sequence[Use], code: Analysis) -> bool:
    """Whether the function remembers things in the default, and means to."""
    changed = [use.node for use in uses if use.fate is Fate.CHANGED and not _only_reads(use.node, code)]
    if not changed:
        return False
    if default.name.startswith("_") or MEMO_WORDS & set(default.name.lower().split("_")):
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
    return isinstance(code.parent(around) if around else None, ast.AugAssign) and not _is_empty(default.value)


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


# -- None -------------------------------------------------------------------------------------------------------------


def _can_widen(annotation: ast.expr, code: Analysis) -> bool:
    match annotation:
        case ast.Constant(value=str(text)):
            try:
                return _can_widen(ast.parse(text, mode="eval").body, code)
            except (SyntaxError, ValueError):
                return False
        case ast.Constant(value=None) | ast.Name() | ast.Attribute():
            return True
        case ast.Subscript(value=head):
            return isinstance(head, (ast.Name, ast.Attribute))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _can_widen(left, code) and _can_widen(right, code)
        case _:
            return False


def _allows_none(annotation: ast.expr, code: Analysis) -> bool:
    """Whether `None` is among the values that an annotation allows."""
    match annotation:
        case ast.Constant(value=None):
            return True
        case ast.Constant(value=str(text)):
            return (
                re.search(r"\bOptional\[|\|\s*None\b|\bNone\s*\||\bUnion\[.*\bNone\b|^(?:typing\.)?Any$", text)
                is not None
            )
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _allows_none(left, code) or _allows_none(right, code)
        case ast.Subscript(value=head) if code.is_name(head, "typing.Optional"):
            return True
        case ast.Subscript(value=head, slice=ast.Tuple(elts=members)) if code.is_name(head, "typing.Union"):
            return any(_allows_none(member, code) for member in members)
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[first, *_])) if code.is_name(head, "typing.Annotated"):
            return _allows_none(first, code)
        case _:
            return code.is_name(annotation, "typing.Any", "builtins.object")


def _excludes_none(annotation: ast.expr | None, code: Analysis) -> bool:
    """Whether an annotation surely does not allow `None`."""
    match annotation:
        case ast.Constant(value=str(text)):
            return re.match(r"(?:typing\.)?(?:list|dict|set|List|Dict|Set)\b(?!.*\bNone\b)", text) is not None
        case ast.Subscript(value=head):
            return code.is_name(head, *MUTABLE_TYPES)
        case _:
            return code.is_name(annotation, *MUTABLE_TYPES)


def _tests_none(default: Default, code: Analysis) -> bool:
    scope = code.scope_made_by(default.function)
    for use in code.uses(default.name, default.function, scope):
        match code.parent(use):
            case ast.Compare(left=left, comparators=[right]):
                if _is_none(right if use is left else left):
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
        return not _is_empty(default.value)
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
        (isinstance(default.value, ast.List) or (default.kind == "list" and _is_empty(default.value)))
        and (annotation is None or code.is_name(head, *LISTS))
        and all(use.fate in {Fate.ITERATED, Fate.TESTED} for use in uses)
        and not _has_mutable_elements(default.value, code)
        and not any(isinstance(node, ast.NamedExpr) for node in ast.walk(default.value))
    )


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_none(default: Default, draft: Draft) -> Sequence[cst.BaseStatement]:
    function = default.function
    assert isinstance(function, FUNCTIONS)
    old = draft.node(function, cst.FunctionDef)
    parameter = draft.node(default.parameter, cst.Param)
    value = parameter.default
    assert value is not None
    widened = parameter.with_changes(
        default=cst.Name("None"),
        annotation=parameter.annotation and _widened(parameter.annotation, default, draft),
    )
    value = _moved(value, default, draft)
    changed = old.with_changes(
        params=cst.ensure_type(old.params.deep_replace(parameter, widened), cst.Parameters),
        body=_with_initialization(old.body, function, default, value),
    )
    return draft.replaced({old: changed})


def _widened(annotation: cst.Annotation, default: Default, draft: Draft) -> cst.Annotation:
    assert default.parameter.annotation is not None
    if _allows_none(default.parameter.annotation, draft.code):
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
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[first, *_])) if code.is_name(head, "typing.Annotated"):
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


def _moved(value: cst.BaseExpression, default: Default, draft: Draft) -> cst.BaseExpression:
    """A default that fills several lines, indented for the body."""
    lines = draft.code.statement.lines
    line, column = lines.position(draft.code.span(default.value).start)
    head = lines.line(lines.position(draft.code.span(default.function).start)[0])
    outer = _indentation(head)
    opening = getattr(value, "lbracket", None) or getattr(value, "lbrace", None)
    if opening is not None and not isinstance(opening.whitespace_after, cst.ParenthesizedWhitespace):
        # [1,
        #  2]
        shift = column - outer - len(f"{default.name} = ")
    else:
        # [
        #     1,
        # ]
        shift = _indentation(lines.line(line)) - outer
    shifted = value.visit(_moved_by(shift))
    assert isinstance(shifted, cst.BaseExpression)
    return shifted


def _indentation(line: str) -> int:
    text = line.lstrip("\ufeff")
    return len(text) - len(text.lstrip(" \t\f"))


def _moved_by(shift: int) -> cst.CSTTransformer:
    """Moves the lines of an expression in brackets to the left, or to the right if the shift is negative."""

    def shifted(space: cst.SimpleWhitespace) -> cst.SimpleWhitespace:
        old = space.value
        return cst.SimpleWhitespace(old[shift:] if shift >= 0 else " " * -shift + old)

    class Shift(cst.CSTTransformer):
        def leave_ParenthesizedWhitespace(
            self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
        ) -> cst.ParenthesizedWhitespace:
            return updated_node.with_changes(last_line=shifted(original_node.last_line))

        def leave_EmptyLine(self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine) -> cst.EmptyLine:
            if original_node.comment is None:
                return updated_node
            return updated_node.with_changes(whitespace=shifted(original_node.whitespace))

    return Shift()


def _with_initialization(
    body: cst.BaseSuite, function: Function, default: Default, value: cst.BaseExpression
) -> cst.IndentedBlock:
    """The body with `if x is None: x = []` behind its docstring and behind those of earlier parameters."""
    if isinstance(body, cst.IndentedBlock):
        block = body
    else:
        # def f(x=[]): return x
        suite = cst.ensure_type(body, cst.SimpleStatementSuite)
        line = cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)
        block = cst.IndentedBlock([line])
    statements = list(block.body)
    done = 0
    if _has_docstring(function):
        done = 1
        first = cst.ensure_type(statements[0], cst.SimpleStatementLine)
        if len(first.body) > 1:
            # "docstring"; first()
            statements[:1] = [
                first.with_changes(
                    body=[first.body[0].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)],
                    trailing_whitespace=cst.TrailingWhitespace(),
                ),
                first.with_changes(body=first.body[1:], leading_lines=[]),
            ]
    names = [parameter.arg for parameter in parameters(function.args)]
    earlier = set(names[: names.index(default.name)])
    while done < len(statements) and _initialized(statements[done]) in earlier:
        done += 1
    name = cst.Name(default.name)
    assignment = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(name)], value)])
    test = cst.Comparison(name, [cst.ComparisonTarget(cst.Is(), cst.Name("None"))])
    initialization = cst.If(test, cst.IndentedBlock([assignment], indent=block.indent))
    return block.with_changes(body=[*statements[:done], initialization, *statements[done:]])


def _initialized(statement: cst.BaseStatement) -> str | None:
    """The parameter that a statement gives its default, if it reads `if x is None: x = ...`."""
    match statement:
        case cst.If(
            test=cst.Comparison(
                left=cst.Name(value=tested),
                comparisons=[cst.ComparisonTarget(operator=cst.Is(), comparator=cst.Name(value="None"))],
            ),
            body=cst.IndentedBlock(
                body=[
                    cst.SimpleStatementLine(
                        body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=assigned))])]
                    )
                ]
            ),
            orelse=None,
        ) if tested == assigned:
            return tested
        case _:
            return None


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
