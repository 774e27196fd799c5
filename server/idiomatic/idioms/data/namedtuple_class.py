"""Write a named tuple as a class, with a type for each field.

## Why
`namedtuple("Point", "x y")` hides the fields in a string, with no place for a type, a comment or a docstring.
`class Point(NamedTuple)` is the same tuple with all of them. And where nobody needs a tuple, a frozen dataclass says
so: it can't be unpacked by mistake and is not equal to a tuple that happens to have the same items.

## Example
```python
from collections import namedtuple

Point = namedtuple("Point", "x y label", defaults=[""])


def origin():
    return Point(0, 0)
```
becomes
```python
from typing import NamedTuple


class Point(NamedTuple):
    x: int
    y: int
    label: str = ""


def origin():
    return Point(0, 0)
```

```python
from collections import namedtuple


class Version(namedtuple("Version", ["major", "minor"])):
    __slots__ = ()

    def is_old(self):
        return self.major < 3


CURRENT = Version(3, 14)
```
becomes
```python
from typing import NamedTuple


class Version(NamedTuple):
    major: int
    minor: int

    def is_old(self):
        return self.major < 3


CURRENT = Version(3, 14)
```

## Fix safety
The first action is safe where the call gives the types (`NamedTuple("Point", [("x", int)])`): the class is the same
tuple. Where types have to be found it is unsafe, for the sake of what type checkers say of them: they are taken from
the defaults and the calls in this file, and `Any` stands where nothing is known.

It is also unsafe where the class calls itself something else than the variable (`repr()` changes), and for a subclass
without `__slots__ = ()`, whose objects lose their `__dict__`.

Refused where fields, defaults or the name are computed, where `rename` has something to do, where a default or type
uses names of a class body or the name of a field, and for subclasses with more base classes, a `__new__` or `__slots__`
of their own, `super()`, a member with the name of a field, annotated attributes, or attributes that methods set.

The second action, a frozen dataclass, is always unsafe: its objects are no tuples any more. Refused where this file has
subclasses, a mutable default, or anywhere unpacks as many values as there are fields, uses `_replace`, `_asdict` and
the like, or indexes, spreads, orders or compares with a tuple what is called like the class or like anything (`item`).

Not found: calls whose result is not assigned to a single variable.

## References
- [`typing.NamedTuple`](https://docs.python.org/3/library/typing.html#typing.NamedTuple)
- [`collections.namedtuple`](https://docs.python.org/3/library/collections.html#collections.namedtuple)
"""

from __future__ import annotations

import ast
from functools import partial
from types import EllipsisType
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis import classes
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.known_types import Source
from idiomatic.core.analysis.named_tuples import TYPED, UNTYPED, UnclearError, read_named_tuple, types_of_fields
from idiomatic.core.analysis.tuple_uses import tuple_uses
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe, safe_unless
from idiomatic.core.writing.class_of_fields import comments_of, field_lines, with_blank_lines
from idiomatic.core.writing.comments import comment_lines
from idiomatic.core.writing.signatures import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.named_tuples import FieldType, NamedTupleCall
    from idiomatic.core.draft import Draft

KIND = Kind.IDIOM
SINCE = (3, 7)
TRIGGERS = ("namedtuple", "NamedTuple(")
ALSO = ("PYI024",)

PROHIBITED: Final = frozenset(
    {"__new__", "__init__", "__getnewargs__", "_fields", "_field_defaults", "_field_types"}
    | {"_make", "_replace", "_asdict", "_source"}
)


class Target(Struct, frozen=True, eq=False):
    """What becomes a class.

    Attributes:
        named: the named tuple.
        types: of its fields.
        name: of the class.
        statement: the assignment, or the class with the call for a base.
    """

    named: NamedTupleCall
    types: Sequence[FieldType]
    name: str
    statement: ast.Assign | ast.ClassDef


def detect(call: ast.Call, code: Analysis) -> Iterator[Finding]:
    if not code.is_name(call.func, UNTYPED, *TYPED):
        return
    match code.parent(call):
        # Point = namedtuple("Point", "x y")
        case ast.Assign(targets=[ast.Name(id=name)]) as statement:
            pass
        # class Point(namedtuple("Point", "x y")):
        case ast.ClassDef(name=name) as statement if call in statement.bases:
            pass
        case _:
            return
    message = f"`{name}` is a named tuple that is made by a call: a class gives each field a line and a type"
    try:
        named = read_named_tuple(call, code)
        if named is None:
            return
        target = Target(named, types_of_fields(named, name, code), name, statement)
        _check(target, code)
    except UnclearError as error:
        fix = Fix("Write a class that inherits from `NamedTuple`", Refused(str(error)), code.lines(statement))
        yield Finding(call, message, (fix,))
        return
    yield Finding(call, message, (_as_tuple(target, code), _as_dataclass(target, code)))


# -- what stands in the way -------------------------------------------------------------------------------------------


def _check(target: Target, code: Analysis) -> None:
    """See that there can be a class with these fields.

    Raises:
        UnclearError: there can't, and why.
    """
    if not code.has_own_lines(target.statement):
        raise UnclearError("The statement shares its lines with others.")
    with_default = {field.name for field in target.named.fields if field.default is not None}
    for field, known in zip(target.named.fields, target.types, strict=True):
        if with_default & {*known.text.replace("[", " ").replace("]", " ").replace(",", " ").split()}:
            raise UnclearError(f"The type of `{field.name}` has the name of a field.")
        for given in filter(None, (field.annotation, field.default)):
            _check_value(given, with_default, code)
    around = code.parent(target.statement)
    if isinstance(around, ast.ClassDef) and any(name.endswith(("Enum", "Flag")) for name in classes.base_names(around)):
        raise UnclearError("An enumeration may take it for a member.")
    if isinstance(target.statement, ast.ClassDef):
        _check_class(target.statement, target.named, code)


def _check_value(given: ast.expr, hidden: set[str], code: Analysis) -> None:
    for node in ast.walk(given):
        match node:
            case ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom():
                raise UnclearError("A default does more than to make a value.")
            case ast.Name(id=name):
                scope = code.scope(node).lookup(name)
                if name in hidden or (scope is not None and isinstance(scope.node, ast.ClassDef)):
                    raise UnclearError(f"`{name}` means something else in the body of the class.")
                if name.startswith("__") and not name.endswith("__"):
                    raise UnclearError(f"`{name}` would be another name in the body of the class.")
            case _:
                pass


def _check_class(class_: ast.ClassDef, named: NamedTupleCall, code: Analysis) -> None:
    if len(class_.bases) > 1 or class_.keywords:
        raise UnclearError("It has more base classes than that.")
    names = {field.name for field in named.fields}
    for name in code.scope_made_by(class_).bindings:
        if name in PROHIBITED:
            raise UnclearError(f"It defines `{name}`, which `NamedTuple` does not allow.")
        if name in names:
            raise UnclearError(f"Its body defines `{name}`, which is a field.")
    for member in class_.body:
        if isinstance(member, ast.AnnAssign):
            raise UnclearError("Its annotated attributes would become fields.")
        if _slots(member) and not _is_empty_slots(member):
            raise UnclearError("It has `__slots__`.")
    for node in ast.walk(class_):
        if isinstance(node, ast.Name) and node.id in {"super", "__class__"}:
            raise UnclearError(f"It uses `{node.id}`, which does not work in a class made by `NamedTuple`.")
    for method in methods(class_):
        if any(code.is_name(each, "functools.cached_property") for each in method.decorator_list):
            raise UnclearError("`cached_property` needs a `__dict__`.")
    for write in sorted(code.ask(classes.own_writes, class_.name), key=str):
        raise UnclearError(f"Its method `{write.method}` sets `{write.attribute}`.")


def _slots(member: ast.stmt) -> bool:
    match member:
        case ast.Assign(targets=[ast.Name(id="__slots__")]):
            return True
        case _:
            return False


def _is_empty_slots(member: ast.stmt) -> bool:
    match member:
        case ast.Assign(targets=[ast.Name(id="__slots__")], value=ast.Tuple(elts=[]) | ast.List(elts=[])):
            return True
        case _:
            return False


# -- the fixes --------------------------------------------------------------------------------------------------------


def _as_tuple(target: Target, code: Analysis) -> Fix:
    reasons = [*_reasons_of_types(target), *_reasons_of_form(target)]
    title = "Write a class that inherits from `NamedTuple`"
    if reasons:
        title += f" ({reasons[0][1]})"
    verdict = safe_unless(text for text, _ in reasons)
    return Fix(title, verdict, code.lines(target.statement), partial(to_tuple_class, target))


def _reasons_of_types(target: Target) -> Iterator[tuple[str, str]]:
    """What is to be said of the types, and in a few words."""
    known = list(zip(target.named.fields, target.types, strict=True))
    unknown = [field.name for field, type_ in known if type_.source is Source.NOTHING]
    if unknown:
        yield (
            f"Nothing is known about the type of {_list(unknown)}: `Any` stands there until you write it.",
            "types to be filled in",
        )
    for source, where in ((Source.DEFAULT, "the default"), (Source.CALLS, "the calls in this module")):
        if names := [field.name for field, type_ in known if type_.source is source]:
            yield f"The type of {_list(names)} is taken from {where}.", "types are inferred"


def _list(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _reasons_of_form(target: Target) -> Iterator[tuple[str, str]]:
    if isinstance(target.statement, ast.ClassDef):
        if not any(_is_empty_slots(member) for member in target.statement.body):
            yield (
                "Its objects lose their `__dict__`: they can have no other attributes, and no weak references.",
                "no other attributes",
            )
    elif target.name != target.named.typename:
        yield f"`repr()` and `__name__` say `{target.name}` instead of `{target.named.typename}`.", "another name"


def _as_dataclass(target: Target, code: Analysis) -> Fix:
    title = "Write a frozen dataclass (no longer a tuple)"
    where = code.lines(target.statement)
    if (reason := _why_no_dataclass(target, code)) is not None:
        return Fix(title, Refused(reason), where)
    reasons = [
        "Its objects are no tuples any more: they can't be unpacked, indexed, put in order or compared with tuples, "
        "and JSON shows no list; other files are not looked at.",
        *(text for text, _ in _reasons_of_types(target)),
        *(text for text, _ in _reasons_of_form(target)),
    ]
    return Fix(title, Unsafe(tuple(reasons)), where, partial(to_frozen_dataclass, target))


def _why_no_dataclass(target: Target, code: Analysis) -> str | None:
    for field in target.named.fields:
        value = None if field.default is None else classes.kind_of_value(field.default)
        if value is not None and value.kind == "mutable":
            return f"The default of `{field.name}` can be changed, which a dataclass does not allow."
    if found := code.ask(classes.subclasses, target.name):
        return f"`{found[0].name}` inherits from it."
    # What a class that is not reached by its name is used for can't be found at all.
    if found_uses := code.ask(tuple_uses, target.name, len(target.named.fields)):
        return f"This file {found_uses[0]}, which may be one of its objects."
    return None


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_tuple_class(target: Target, draft: Draft) -> Sequence[cst.BaseStatement]:
    base = cst.Arg(draft.expression("typing.NamedTuple", target.named.call))
    return _written(target, [base], [], draft)


def to_frozen_dataclass(target: Target, draft: Draft) -> Sequence[cst.BaseStatement]:
    function = draft.expression("dataclasses.dataclass", target.statement)
    options = ["frozen", "slots"] if draft.code.target >= (3, 10) else ["frozen"]
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    arguments = [cst.Arg(cst.Name("True"), keyword=cst.Name(option), equal=tight) for option in options]
    return _written(target, [], [cst.Decorator(cst.Call(function, arguments))], draft)


def _written(
    target: Target, bases: Sequence[cst.Arg], decorators: Sequence[cst.Decorator], draft: Draft
) -> Sequence[cst.BaseStatement]:
    code, statement = draft.code, target.statement
    comments = comments_of(target.named, statement, code)
    lines: list[cst.BaseStatement] = [*field_lines(target.named, target.types, comments, draft)]
    if (module := target.named.module) is not None and ast.unparse(module) != "__name__":
        lines.insert(0, cst.parse_statement(f"__module__ = {on_one_line(module, code)}\n"))
    footer = [cst.EmptyLine(comment=cst.Comment(text)) for text in comments.below]
    if isinstance(statement, ast.ClassDef):
        _put_above(comments.header, lines, footer)
        return draft.replaced(_class_changes(target, bases, decorators, lines, footer, draft))
    old = draft.node(statement, cst.SimpleStatementLine)
    # namedtuple(  # a comment
    header = old.trailing_whitespace
    if comments.header and header.comment is None:
        comment = cst.Comment(comments.header.pop())
        header = header.with_changes(whitespace=cst.SimpleWhitespace("  "), comment=comment)
    _put_above(comments.header, lines, footer)
    made = cst.ClassDef(
        cst.Name(target.name),
        cst.IndentedBlock(
            lines or [cst.SimpleStatementLine([cst.Pass()])],
            header=header,
            footer=footer,
        ),
        bases,
        decorators=decorators,
        lpar=cst.MaybeSentinel.DEFAULT,
        rpar=cst.MaybeSentinel.DEFAULT,
    )
    made = with_blank_lines(made, statement, draft)
    return draft.replaced({old: made.with_changes(leading_lines=[*old.leading_lines, *made.leading_lines])})


def _put_above(texts: Sequence[str], lines: list[cst.BaseStatement], footer: list[cst.EmptyLine]) -> None:
    """Put comments above the first line, or below where there is none."""
    above = [cst.EmptyLine(comment=cst.Comment(text)) for text in texts]
    if lines:
        lines[0] = _above(lines[0], above)
    else:
        footer[:0] = above


def _class_changes(
    target: Target,
    bases: Sequence[cst.Arg],
    decorators: Sequence[cst.Decorator],
    lines: Sequence[cst.BaseStatement],
    footer: Sequence[cst.EmptyLine],
    draft: Draft,
) -> dict[cst.CSTNode, cst.CSTNode]:
    statement = target.statement
    assert isinstance(statement, ast.ClassDef)
    old = draft.node(statement, cst.ClassDef)
    body = old.body
    if not isinstance(body, cst.IndentedBlock):
        # class Point(namedtuple("Point", "x y")): pass
        suite = cst.ensure_type(body, cst.SimpleStatementSuite)
        line = cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)
        body = cst.IndentedBlock([line])
    statements: list[cst.BaseStatement] = list(body.body)
    head: list[cst.BaseStatement] = []
    if ast.get_docstring(statement, clean=False) is not None:
        head.append(statements.pop(0))
    lost: list[cst.EmptyLine] = []
    rest: list[cst.BaseStatement] = []
    for each, member in zip(statements, statement.body[len(head) :], strict=True):
        if _is_empty_slots(member) or _is_placeholder(member):
            lost += comment_lines(each)
        else:
            rest.append(each)
    fields: list[cst.BaseStatement] = [*lines]
    if head and fields:
        fields[0] = _above(fields[0], [], blank=True)
    if rest and fields:
        rest[0] = _above(rest[0], lost, blank=True)
    elif rest:
        rest[0] = _above(rest[0], lost)
    elif fields and lost:
        fields[0] = _above(fields[0], lost)
    else:
        footer = [*lost, *footer]
    block = [*head, *fields, *rest] or [cst.SimpleStatementLine([cst.Pass()])]
    made = old.with_changes(
        bases=list(bases),
        decorators=[*decorators, *old.decorators],
        lpar=cst.LeftParen() if bases else cst.MaybeSentinel.DEFAULT,
        rpar=cst.RightParen() if bases else cst.MaybeSentinel.DEFAULT,
        body=body.with_changes(
            body=block,
            footer=[*footer, *body.footer],
        ),
    )
    return {old: made}


def _is_placeholder(member: ast.stmt) -> bool:
    match member:
        case ast.Pass() | ast.Expr(value=ast.Constant(value=EllipsisType())):
            return True
        case _:
            return False


def _above(statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine], *, blank: bool = False) -> cst.BaseStatement:
    """The statement with more lines above it, and, if wanted, a blank one first."""
    assert isinstance(statement, cst.SimpleStatementLine | cst.BaseCompoundStatement)
    own = [*lines, *statement.leading_lines]
    if blank and (not own or own[0].comment is not None):
        own.insert(0, cst.EmptyLine(indent=False))
    return statement.with_changes(leading_lines=own)
