"""Set fields of a frozen dataclass with `object.__setattr__` in `__post_init__`; return a changed copy elsewhere.

## Why
`frozen=True` gives a class a `__setattr__` that raises `FrozenInstanceError`, for its own methods as well. What
`__post_init__` computes has to go past it, and that is the one place for that: the object is not finished yet. A
method that changes an object contradicts the word *frozen*; what is meant is a new object.

## Example
```python
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Order:
    prices: tuple[int, ...]
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum(self.prices)
```
becomes
```python
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Order:
    prices: tuple[int, ...]
    total: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", sum(self.prices))
```

```python
import dataclasses


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: int

    def move(self, dx: int, dy: int) -> None:
        self.x += dx
        self.y += dy
```
becomes
```python
import dataclasses
from typing import Self


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: int

    def move(self, dx: int, dy: int) -> Self:
        return dataclasses.replace(self, x=self.x + dx, y=self.y + dy)
```

## Fix safety
Always unsafe: what raises today has an effect afterwards.

In `__post_init__`, `__init__`, `__setstate__` and private methods that only these call, the assignment becomes a call
of `object.__setattr__`; likewise for private attributes in other methods, which remember something. Refused where the
class has slots and none for the attribute, and for assignments to several targets at once.

Assignments at the end of any other method become one `return dataclasses.replace(self, ...)`: callers have to use what
it returns. Refused where something follows them, where the method returns something else, is special, decorated or a
generator, where a value depends on what was just assigned, and where the constructor does not take the field.

Nothing is reported in a `try` or a test that expects the error.

## References
- [`dataclasses`: frozen instances](https://docs.python.org/3/library/dataclasses.html#frozen-instances)
- [`dataclasses.replace`](https://docs.python.org/3/library/dataclasses.html#dataclasses.replace)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis import classes
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.dataclass_fields import Default, dataclass_decorator, dataclass_of
from idiomatic.core.analysis.exceptions import builtin_is_visible, is_meant_to_fail
from idiomatic.core.analysis.tree import walk_own
from idiomatic.core.facts import is_generator
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.writing.comments import comment_lines
from idiomatic.core.writing.signatures import are_annotations_lazy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.dataclass_fields import Dataclass
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 7)
TRIGGERS = ("frozen",)
ALSO = ()

CONSTRUCTION: Final = frozenset({"__post_init__", "__init__", "__setstate__"})
OF_THE_CLASS: Final = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
WIDE: Final = 88


class Assignment(Struct, frozen=True, eq=False):
    """An assignment to an attribute of a frozen object by itself.

    Attributes:
        made: the dataclass.
        method: the method it stands in.
        target: `self.x`.
        statement: the statement, or the smallest one around.
        is_construction: whether the object is being made.
    """

    made: Dataclass
    method: Function
    target: ast.Attribute
    statement: ast.stmt
    is_construction: bool

    @property
    def name(self) -> str:
        """The attribute."""
        return self.target.attr


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    if not class_.decorator_list or dataclass_decorator(class_, code) is None:
        return
    made = dataclass_of(class_, code)
    if made is None or not made.is_set("frozen"):
        return
    own = list(methods(class_))
    if any(method.name == "__setattr__" for method in own):
        return
    fields = {field.name for field in made.fields}
    for method in own:
        if method.name in OF_THE_CLASS:
            continue
        for target in _targets(method, class_, code):
            if target.attr not in fields and code.ask(classes.subclasses, class_.name):
                # A plain subclass may add attributes.
                continue
            if is_meant_to_fail(code, target):
                continue
            is_construction = method.name in CONSTRUCTION or _only_constructs(method, class_)
            found = Assignment(made, method, target, code.statement_of(target), is_construction)
            done = "deleted" if isinstance(target.ctx, ast.Del) else "assigned"
            message = f"`{ast.unparse(target)}` is {done} in a frozen dataclass, which raises `FrozenInstanceError`"
            yield Finding(target, message, (_fix(found, class_, code),))


def _targets(method: Function, class_: ast.ClassDef, code: Analysis) -> Iterator[ast.Attribute]:
    for node in ast.walk(method):
        match node:
            case ast.Attribute(value=ast.Name() as receiver, ctx=ast.Store() | ast.Del()):
                if _is_self(receiver, method, class_, code):
                    yield node
            case _:
                pass


def _is_self(receiver: ast.Name, method: Function, class_: ast.ClassDef, code: Analysis) -> bool:
    if any(code.is_name(each, "builtins.classmethod") for each in method.decorator_list):
        return False
    return code.class_of_self(receiver) is class_


def _only_constructs(method: Function, class_: ast.ClassDef) -> bool:
    """Whether it is a private method that only those call which make an object."""
    name = method.name
    if not name.startswith("_") or name.endswith("__") or method.decorator_list:
        return False
    callers = {
        other.name
        for other in methods(class_)
        for node in ast.walk(other)
        if isinstance(node, ast.Attribute) and node.attr == name
    }
    return bool(callers) and callers <= CONSTRUCTION


# -- which fix --------------------------------------------------------------------------------------------------------


def _fix(found: Assignment, class_: ast.ClassDef, code: Analysis) -> Fix:
    if found.is_construction or (found.name.startswith("_") and not isinstance(found.target.ctx, ast.Del)):
        return _past_the_guard(found, class_, code)
    title = "Return a changed copy with `dataclasses.replace` (callers have to use it)"
    where = code.lines(found.method)
    run = _run(found, code)
    if (reason := _why_no_copy(found, run, class_, code)) is not None:
        return Fix(title, Refused(reason), where)
    reasons = ["The method returns a changed copy and leaves its own object as it is: callers have to use the copy."]
    if any(method.name == "__post_init__" for method in methods(class_)):
        reasons.append("The copy is made by the constructor, so `__post_init__` runs again.")
    return Fix(title, Unsafe(tuple(reasons)), where, partial(to_copy, found, run))


def _past_the_guard(found: Assignment, class_: ast.ClassDef, code: Analysis) -> Fix:
    function = "object.__delattr__" if isinstance(found.target.ctx, ast.Del) else "object.__setattr__"
    consequence = "no exception any more" if found.is_construction else "changes a frozen object"
    title = f"Use `{function}` ({consequence})"
    where = code.lines(found.statement)
    if (reason := _why_not_past(found, class_, code)) is not None:
        return Fix(title, Refused(reason), where)
    text = (
        "What raises `FrozenInstanceError` today sets the attribute, while the object is being made."
        if found.is_construction
        else "The object changes although it is frozen: what compares or hashes it, or shares it, may notice."
    )
    return Fix(title, Unsafe((text,)), where, partial(to_call, found, class_.name))


def _why_not_past(found: Assignment, class_: ast.ClassDef, code: Analysis) -> str | None:
    match found.statement:
        case (
            ast.Assign(targets=[target])
            | ast.AugAssign(target=target)
            | ast.AnnAssign(target=target, value=ast.expr())
            | ast.Delete(targets=[target])
        ) if target is found.target:
            pass
        case _:
            return "Only an assignment to a single target can be written as a call."
    known = {field.name for field in found.made.fields if not field.is_init_only}
    if found.name not in known and found.made.options["slots"] is not False and not class_.bases:
        return f"The class has slots, and none for `{found.name}`."
    if not builtin_is_visible(code, "object", found.target):
        return "`object` is something else here."
    return None


# -- a copy -----------------------------------------------------------------------------------------------------------


def _run(found: Assignment, code: Analysis) -> Sequence[ast.Assign | ast.AugAssign | ast.AnnAssign]:
    """The assignments to attributes that end the method; a `return` may follow."""
    body = [*found.method.body]
    if body and _returns_self(body[-1], found):
        del body[-1]
    run: list[ast.Assign | ast.AugAssign | ast.AnnAssign] = []
    while body:
        match body.pop():
            case (
                ast.Assign(targets=[ast.Attribute(value=ast.Name() as receiver)])
                | ast.AugAssign(target=ast.Attribute(value=ast.Name() as receiver))
                | ast.AnnAssign(target=ast.Attribute(value=ast.Name() as receiver), value=ast.expr())
            ) as statement if code.class_of_self(receiver) is code.parent(found.method):
                run.insert(0, statement)
            case _:
                break
    return run


def _returns_self(statement: ast.stmt, found: Assignment) -> bool:
    """Whether it is `return`, `return None` or `return self`."""
    match statement:
        case ast.Return(value=None | ast.Constant(value=None)):
            return True
        case ast.Return(value=ast.Name(id=name)):
            return isinstance(found.target.value, ast.Name) and name == found.target.value.id
        case _:
            return False


def _target(statement: ast.Assign | ast.AugAssign | ast.AnnAssign) -> ast.Attribute:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    assert isinstance(target, ast.Attribute)
    return target


def _why_no_copy(
    found: Assignment, run: Sequence[ast.Assign | ast.AugAssign | ast.AnnAssign], class_: ast.ClassDef, code: Analysis
) -> str | None:
    method = found.method
    if found.statement not in run:
        return "Only the assignments that end a method can become a copy."
    if method.name.startswith("__") and method.name.endswith("__"):
        return f"What `{method.name}` returns has a meaning of its own."
    if method.decorator_list or is_generator(method):
        return (
            "Its decorator decides what becomes of what the method returns."
            if method.decorator_list
            else ("A generator can't return a copy.")
        )
    last = method.body[-1]
    returns = [node for node in walk_own(method) if isinstance(node, ast.Return) and node is not last]
    if returns:
        return "The method returns in other places, too."
    if any(each.name == "__init__" for each in methods(class_)) or not found.made.is_set("init"):
        return "The constructor is not the generated one, which `dataclasses.replace` needs."
    fields = {field.name: field for field in found.made.fields}
    if any(field.is_init_only and field.default is Default.NONE for field in fields.values()):
        return "`dataclasses.replace` needs a value for each `InitVar`."
    assigned: set[str] = set()
    for statement in run:
        name = _target(statement).attr
        field = fields.get(name)
        if field is None or field.init is not True or field.is_init_only:
            return f"The constructor does not take `{name}`, so `dataclasses.replace` can't set it."
        if assigned and (name in assigned or not _reads_only_others(statement, assigned, code)):
            return "A value depends on what has just been assigned."
        assigned.add(name)
    if not all(code.has_own_lines(each) for each in run):
        return "Statements share a line."
    return None


def _reads_only_others(
    statement: ast.Assign | ast.AugAssign | ast.AnnAssign, assigned: set[str], code: Analysis
) -> bool:
    """Whether a value reads nothing of the object but attributes that have not been assigned before."""
    target = _target(statement)
    assert isinstance(target.value, ast.Name)
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node.id == target.value.id:
            match code.parent(node):
                case ast.Attribute(attr=attr) as read if attr not in assigned:
                    call = code.parent(read)
                    if isinstance(call, ast.Call) and call.func is read:
                        return False
                case _:
                    return False
    return True


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_call(found: Assignment, class_: str, draft: Draft) -> Sequence[cst.BaseStatement]:
    statement, name = found.statement, found.name
    if name.startswith("__") and not name.endswith("__"):
        name = f"_{class_.lstrip('_')}{name}"
    receiver = draft.node(found.target.value, cst.Name)
    arguments = [cst.Arg(receiver), cst.Arg(cst.SimpleString(f'"{name}"'))]
    if isinstance(statement, ast.Delete):
        new = cst.Expr(cst.Call(cst.parse_expression("object.__delattr__"), arguments))
        return draft.replaced({draft.node(statement, cst.Del): new})
    assert isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign)
    arguments.append(cst.Arg(_value(statement, draft)))
    call = cst.Expr(cst.Call(cst.parse_expression("object.__setattr__"), arguments))
    return draft.replaced({_small(statement, draft): call})


def _small(statement: ast.Assign | ast.AugAssign | ast.AnnAssign, draft: Draft) -> cst.BaseSmallStatement:
    match statement:
        case ast.Assign():
            return draft.node(statement, cst.Assign)
        case ast.AugAssign():
            return draft.node(statement, cst.AugAssign)
        case _:
            return draft.node(statement, cst.AnnAssign)


def _value(statement: ast.Assign | ast.AugAssign | ast.AnnAssign, draft: Draft) -> cst.BaseExpression:
    """What is assigned, in a form that can be an argument."""
    small = _small(statement, draft)
    assert isinstance(small, cst.Assign | cst.AugAssign | cst.AnnAssign)
    value = small.value
    assert value is not None
    if isinstance(small, cst.AugAssign):
        assert isinstance(statement, ast.AugAssign)
        if not isinstance(value, _unambiguous()) and not value.lpar:
            value = _in_brackets(value)
        operator = ast.unparse(ast.BinOp(ast.Name("a"), statement.op, ast.Name("b")))[2:-2]
        template = cst.ensure_type(cst.parse_expression(f"a {operator} b"), cst.BinaryOperation)
        return template.with_changes(left=small.target, right=value)
    if isinstance(value, cst.Tuple | cst.Yield | cst.NamedExpr) and not value.lpar:
        return _in_brackets(value)
    return value


def _unambiguous() -> tuple[type[cst.BaseExpression], ...]:
    """What needs no brackets behind any operator."""
    return (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Integer, cst.Float, cst.SimpleString, cst.List)


def _in_brackets(value: cst.BaseExpression) -> cst.BaseExpression:
    return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def to_copy(
    found: Assignment, run: Sequence[ast.Assign | ast.AugAssign | ast.AnnAssign], draft: Draft
) -> Sequence[cst.BaseStatement]:
    method = draft.node(found.method, cst.FunctionDef)
    body = cst.ensure_type(method.body, cst.IndentedBlock)
    lines = [draft.node(each, cst.SimpleStatementLine) for each in run]
    first = next(index for index, line in enumerate(body.body) if line is lines[0])
    blank = [line for line in lines[0].leading_lines if line.comment is None][:1]
    # The values stay, with the comments inside them.
    around = [part for line in lines for part in (*line.leading_lines, line.trailing_whitespace)]
    ending = [part for line in body.body[first + len(lines) :] for part in (line,)]
    comments = comment_lines(*around, *ending)
    returned = cst.SimpleStatementLine([cst.Return(_replace(found, run, draft))], leading_lines=[*blank, *comments])
    changed = method.with_changes(
        body=body.with_changes(body=[*body.body[:first], returned]), returns=_returns(found, method.returns, draft)
    )
    return draft.replaced({method: changed})


def _replace(found: Assignment, run: Sequence[ast.Assign | ast.AugAssign | ast.AnnAssign], draft: Draft) -> cst.Call:
    function = draft.expression("dataclasses.replace", found.target, as_module=True)
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    arguments = [cst.Arg(draft.node(found.target.value, cst.Name))]
    arguments += [
        cst.Arg(_value(statement, draft), keyword=cst.Name(_target(statement).attr), equal=tight) for statement in run
    ]
    call = cst.Call(function, arguments)
    if len(draft.code_for(call)) + 2 * len(draft.indent) + len("return ") <= WIDE:
        return call
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(draft.indent))
    outer = cst.ParenthesizedWhitespace(indent=True)
    commas = [inner] * (len(arguments) - 1) + [outer]
    return call.with_changes(
        args=[
            argument.with_changes(comma=cst.Comma(whitespace_after=space))
            for argument, space in zip(arguments, commas, strict=True)
        ],
        whitespace_before_args=inner,
    )


def _returns(found: Assignment, old: cst.Annotation | None, draft: Draft) -> cst.Annotation | None:
    """`-> Self`, where it was `-> None`."""
    returns = found.method.returns
    if old is None or not (isinstance(returns, ast.Constant) and returns.value is None):
        return old
    code = draft.code
    if code.target >= (3, 11):
        return old.with_changes(annotation=draft.expression("typing.Self", found.method))
    name = found.made.name
    lazy = are_annotations_lazy(code)
    return old.with_changes(annotation=cst.Name(name) if lazy else cst.SimpleString(f'"{name}"'))
