"""Write a class that is only there for `with` as a generator with `@contextmanager`.

## Why
A class with nothing but `__init__`, `__enter__` and `__exit__` tells one story in three places, and carries what it has
to remember from one to the next in attributes. As a generator it is read from top to bottom: setup, `yield`, clean-up.

## Example
```python
import os


class working_directory:
    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> str:
        self.before = os.getcwd()
        os.chdir(self.path)
        return self.before

    def __exit__(self, *exc_info: object) -> None:
        os.chdir(self.before)


def build(path: str) -> None:
    with working_directory(path):
        print("building")
```
becomes
```python
import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def working_directory(path: str) -> Iterator[str]:
    before = os.getcwd()
    os.chdir(path)
    try:
        yield before
    finally:
        os.chdir(before)


def build(path: str) -> None:
    with working_directory(path):
        print("building")
```

## Fix safety
Unsafe: it is no class any more. What the function gives can be entered once only, has no attributes, and can't be
inherited from or recognised with `isinstance`; tracebacks show frames of `contextlib`. It keeps its name, so that
whoever writes `with name(...)` need not change anything.

Refused: `__exit__` looks at the exception or returns something; `__enter__` gives the object itself, and a `with` of
this file binds it; the file does something else with the class than to enter its objects at once (it keeps one,
inherits, annotates...); a method returns early, needs the object itself, or defines functions.

Not offered: classes with other methods, attributes, bases or decorators.

## References
- [`contextlib.contextmanager`](https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager)
- [The context manager protocol](https://docs.python.org/3/library/stdtypes.html#context-manager-types)
"""

from __future__ import annotations

import ast
import builtins
import keyword
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.constructors import without_docstring
from idiomatic.core.analysis.known_types import is_bound
from idiomatic.core.analysis.tree import tree, walk_block
from idiomatic.core.facts import parameters
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.module import about, bindings
from idiomatic.core.text import Span
from idiomatic.core.writing.comments import comment_lines
from idiomatic.core.writing.signatures import are_annotations_lazy, generic, on_one_line, parameter, signature

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.document import Statement
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module

KIND = Kind.REFACTOR
SINCE = (3, 7)
TRIGGERS = ("__enter__", "__aenter__")
ALSO = ()

BASES: Final = (
    "builtins.object",
    "contextlib.AbstractContextManager",
    "contextlib.AbstractAsyncContextManager",
    "typing.ContextManager",
    "typing.AsyncContextManager",
)
ENTERING: Final = frozenset({"enter_context", "enter_async_context"})


@dataclass(frozen=True, slots=True, eq=False)
class Manager:
    """A class that is a context manager and nothing else.

    Attributes:
        class_: the class.
        constructor: its `__init__`, if it has one.
        enter: its `__enter__` or `__aenter__`.
        leave: its `__exit__` or `__aexit__`.
        returned: what entering gives, if it gives something.
    """

    class_: ast.ClassDef
    constructor: Function | None
    enter: Function
    leave: Function
    returned: ast.expr | None

    @property
    def is_async(self) -> bool:
        """Whether it is for `async with`."""
        return self.enter.name == "__aenter__"

    @property
    def methods(self) -> Sequence[Function]:
        """Its methods, in the order in which they run."""
        return [each for each in (self.constructor, self.enter, self.leave) if each is not None]

    @property
    def gives_itself(self) -> bool:
        """Whether entering gives the object."""
        return isinstance(self.returned, ast.Name) and self.returned.id == _receiver(self.enter)


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    manager = _manager(class_, code)
    if manager is None:
        return
    start = code.span(class_).start
    head = Span(start, code.statement.text.index(class_.name, start + len("class")) + len(class_.name))
    maker = "@asynccontextmanager" if manager.is_async else "@contextmanager"
    message = f"`{class_.name}` is only there for `with`, and can be a generator with `{maker}`"
    title = f"Write it as a function with `{maker}`"
    if (reason := next(_refusals(manager, code), None)) is not None:
        yield Finding(head, message, (Fix(title, Refused(reason), code.lines(class_)),))
        return
    reasons = [
        f"`{class_.name}` is no class any more: what it gives can be entered once only, and has no attributes; "
        "`isinstance` and subclasses are gone."
    ]
    if manager.gives_itself:
        reasons.append("Entering gives nothing any more instead of the object.")
    fix = Fix(f"{title} (no class any more)", Unsafe(tuple(reasons)), code.lines(class_), partial(to_function, manager))
    yield Finding(head, message, (fix,))


def _manager(class_: ast.ClassDef, code: Analysis) -> Manager | None:
    if class_.decorator_list or class_.keywords or getattr(class_, "type_params", None):
        return None
    bases = [base.value if isinstance(base, ast.Subscript) else base for base in class_.bases]
    if not all(code.is_name(base, *BASES) for base in bases):
        return None
    methods: dict[str, Function] = {}
    for each in without_docstring(class_.body):
        match each:
            case ast.FunctionDef(name=name, decorator_list=[]) | ast.AsyncFunctionDef(name=name, decorator_list=[]):
                if name in methods or not each.args.args or each.args.posonlyargs:
                    return None
                methods[name] = each
            case ast.Pass():
                pass
            case _:
                return None
    for enter, leave, kind in (
        ("__enter__", "__exit__", ast.FunctionDef),
        ("__aenter__", "__aexit__", ast.AsyncFunctionDef),
    ):
        if {enter, leave} <= methods.keys() <= {"__init__", enter, leave}:
            pair = methods[enter], methods[leave]
            if not all(isinstance(each, kind) for each in pair) or pair[0].args.args[1:]:
                return None
            last = pair[0].body[-1]
            returned = last.value if isinstance(last, ast.Return) else None
            return Manager(class_, methods.get("__init__"), *pair, returned)
    return None


def _receiver(method: Function) -> str:
    return method.args.args[0].arg


# -- whether it may be done -------------------------------------------------------------------------------------------


def _refusals(manager: Manager, code: Analysis) -> Iterator[str]:
    leave = manager.leave
    others = {argument.arg for argument in parameters(leave.args)} - {_receiver(leave)}
    if any(isinstance(node, ast.Name) and node.id in others for node in walk_block(leave.body)):
        yield f"`{leave.name}` looks at the exception."
    if not code.has_own_lines(manager.class_):
        yield "It shares a line with another statement."
    for method in manager.methods:
        yield from _method_refusals(method, manager, code)
    yield from _use_refusals(manager, code)
    if _names(manager, code) is None:
        yield "There are no free names for its attributes."


def _method_refusals(method: Function, manager: Manager, code: Analysis) -> Iterator[str]:
    own = _receiver(method)
    body = method.body
    if not all(map(code.has_own_lines, body)):
        yield f"A statement of `{method.name}` shares its line with another."
    for node in walk_block(body):
        match node:
            case ast.Return(value=value):
                if node is not body[-1]:
                    yield f"`{method.name}` returns early."
                elif method is manager.leave and not _is_nothing(value):
                    yield f"`{method.name}` returns something: it may swallow exceptions."
            case ast.Yield() | ast.YieldFrom():
                yield f"`{method.name}` yields something."
            case ast.Lambda() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield f"`{method.name}` defines a function or class."
            case ast.Global() | ast.Nonlocal():
                yield f"`{method.name}` is about variables of others."
            case ast.Name(id=name) if name == own and not (
                isinstance(parent := code.parent(node), ast.Attribute)
                or (isinstance(parent, ast.Return) and method is manager.enter)
            ):
                yield f"`{method.name}` needs the object itself."
            case ast.Call(func=ast.Name(id="super" | "locals" | "vars" | "eval" | "exec" as called)):
                yield f"`{called}()` depends on where it is called."
            case ast.Attribute(value=ast.Name(id=name), attr="__class__" | "__dict__" as attr) if name == own:
                yield f"`{method.name}` needs `{attr}`."
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if name == own:
                if attr.startswith("__") and attr.endswith("__"):
                    yield f"`{method.name}` calls a method of the object."
            case _:
                pass


def _is_nothing(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and not value.value)


def _use_refusals(manager: Manager, code: Analysis) -> Iterator[str]:
    """What the file does with the class that it could not do with a function."""
    name = manager.class_.name
    owner = code.scope(manager.class_)
    if owner.parent is not None:
        uses = _uses_here(manager, code)
    elif len(code.ask(bindings, name)) > 1:
        yield f"`{name}` is defined more than once."
        return
    else:
        uses = code.ask(class_uses, name)
    if "other" in uses:
        yield f"`{name}` is used for something else than to be entered at once."
    if manager.gives_itself and "bound" in uses:
        yield "Entering gives the object itself, which a `with` of this file binds."


def _uses_here(manager: Manager, code: Analysis) -> frozenset[str]:
    """How a class of a function or class is used."""
    name, owner = manager.class_.name, code.scope(manager.class_)
    if isinstance(owner.node, ast.ClassDef) or owner.node is None or len(owner.bindings.get(name, ())) > 1:
        return frozenset({"other"})
    return frozenset(_use(use, code.statement) for use in code.uses(name, owner.node, owner))


@about(lambda name: (name,))
def class_uses(module: Module, name: str) -> frozenset[str]:
    """Question: how the objects of a class are used: `entered` at once, `bound` by the `with`, or `other`."""
    return frozenset(
        _use(node, statement)
        for statement in module.statements
        if name in statement.text
        for node in statement.fact(tree).of(ast.Name)
        if node.id == name
    ) | frozenset(
        "other"
        for statement in module.statements
        if name in statement.text
        for node in statement.fact(tree).of(ast.Constant)
        if isinstance(node.value, str) and name in node.value and _is_annotation(node, statement)
    )


def _use(use: ast.Name, statement: Statement) -> str:
    parents = statement.fact(tree).parents
    call = parents.get(use)
    if not isinstance(call, ast.Call) or call.func is not use:
        return "other"
    match parents.get(call):
        case ast.withitem(optional_vars=bound):
            return "bound" if bound is not None else "entered"
        case ast.Call(func=ast.Attribute(attr=method), args=[first]) as around if method in ENTERING and first is call:
            taken = parents.get(around)
            taken = parents.get(taken) if isinstance(taken, ast.Await) else taken
            return "entered" if isinstance(taken, ast.Expr) else "bound"
        case _:
            return "other"


def _is_annotation(node: ast.Constant, statement: Statement) -> bool:
    match statement.fact(tree).parents.get(node):
        case ast.arg() | ast.AnnAssign() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Subscript():
            return True
        case _:
            return False


# -- the names --------------------------------------------------------------------------------------------------------


def _names(manager: Manager, code: Analysis) -> Mapping[str, str] | None:
    """The local variables for its attributes; `None` if there are no free names for them."""
    attributes: dict[str, None] = {}
    used: set[str] = {manager.class_.name}
    for method in manager.methods:
        own = _receiver(method)
        for node in walk_block(method.body):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == own:
                    attributes[attr] = None
                case ast.Name(id=name) if name != own:
                    used.add(name)
                case _:
                    pass
    given = {each.arg for each in parameters(manager.constructor.args)} if manager.constructor is not None else set()
    shared = _stored_parameters(manager)
    names: dict[str, str] = {}
    for attribute in attributes:
        if shared.get(attribute) is not None:
            names[attribute] = attribute
            continue
        plain = attribute.strip("_") or "value"
        taken = used | given | set(names.values()) | {*dir(builtins)}
        choices = (plain, attribute, f"{plain}_value")
        free = (each for each in choices if each not in taken and not keyword.iskeyword(each))
        chosen = next(free, None)
        if chosen is None:
            return None
        names[attribute] = chosen
    return names


def _stored_parameters(manager: Manager) -> Mapping[str, ast.stmt]:
    """The attributes that are nothing but a parameter of the same name, with the statements that say so."""
    if manager.constructor is None:
        return {}
    own = _receiver(manager.constructor)
    stored: dict[str, ast.stmt] = {}
    for statement in manager.constructor.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Attribute(value=ast.Name(id=receiver), attr=attr)], value=ast.Name(id=name))
                | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=receiver), attr=attr), value=ast.Name(id=name))
            ) if receiver == own and attr == name:
                stored[attr] = statement
            case _:
                pass
    writes: dict[str, int] = {}
    for node in walk_block(manager.constructor.body):
        match node:
            case ast.Attribute(value=ast.Name(id=receiver), attr=attr, ctx=ast.Store() | ast.Del()) if receiver == own:
                writes[attr] = writes.get(attr, 0) + 1
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                writes[name] = writes.get(name, 0) + 1
            case _:
                pass
    declared = {argument.arg for argument in parameters(manager.constructor.args)}
    return {name: each for name, each in stored.items() if name in declared and writes.get(name) == 1}


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_function(manager: Manager, draft: Draft) -> Sequence[cst.BaseStatement]:
    code, class_ = draft.code, manager.class_
    old = draft.node(class_, cst.ClassDef)
    names = _names(manager, code)
    assert names is not None
    decorator = draft.reference(
        f"contextlib.{'asynccontextmanager' if manager.is_async else 'contextmanager'}", class_, as_module=True
    )
    head = signature(
        f"{'async ' if manager.is_async else ''}def {class_.name}",
        _parameters(manager, code),
        _returns(manager, draft),
        draft.indent,
    )
    skeleton = cst.ensure_type(cst.parse_statement(f"@{decorator}\n{head}\n    yield\n"), cst.FunctionDef)
    inside = cst.ensure_type(skeleton.body, cst.IndentedBlock)
    [yields] = inside.body
    above: list[cst.BaseStatement] = []
    if manager.constructor is not None:
        above += _moved(manager.constructor, manager, names, draft)
    above += _moved(manager.enter, manager, names, draft)
    if manager.returned is not None and not manager.gives_itself and not _is_none(manager.returned):
        returned = draft.node(manager.enter.body[-1], cst.Return)
        line = draft.node(manager.enter.body[-1], cst.SimpleStatementLine)
        taken = {*names.values(), *(node.id for method in manager.methods for node in _own_names(method))}
        value = returned.value and returned.value.visit(_locals(_receiver(manager.enter), names))
        assert isinstance(value, cst.BaseExpression)
        if not isinstance(value, cst.Name | cst.BaseString | cst.BaseNumber):
            # If it fails, there is nothing to clean up yet.
            given = next(each for each in ("value", "entered", "entered_value", "given") if each not in taken)
            above.append(cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(given))], value)]))
            value = cst.Name(given)
        yields = cst.SimpleStatementLine([cst.Expr(cst.Yield(value))], trailing_whitespace=line.trailing_whitespace)
    clean_up = _moved(manager.leave, manager, names, draft)
    body: list[cst.BaseStatement] = [*_docstring(old), *above]
    assert isinstance(yields, cst.SimpleStatementLine)
    if clean_up:
        last = cst.Finally(cst.IndentedBlock(clean_up))
        body.append(cst.Try(cst.IndentedBlock([yields]), finalbody=last))
    else:
        body.append(yields)
    made = skeleton.with_changes(
        leading_lines=[*old.leading_lines, *_loose_comments(old)], body=inside.with_changes(body=body)
    )
    return draft.replaced({old: made})


def _own_names(method: Function) -> Iterator[ast.Name]:
    return (node for node in walk_block(method.body) if isinstance(node, ast.Name))


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _docstring(old: cst.ClassDef) -> Sequence[cst.BaseStatement]:
    match old.body.body[0] if old.body.body else None:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString())]) as line:
            return [line]
        case _:
            return []


def _loose_comments(old: cst.ClassDef) -> Sequence[cst.EmptyLine]:
    """The comments that belong to the class or stand between its methods: above the function."""
    block = cst.ensure_type(old.body, cst.IndentedBlock)
    found = comment_lines(block.header)
    for each in block.body:
        if isinstance(each, cst.FunctionDef):
            found += comment_lines(*each.leading_lines)
    return [*found, *comment_lines(*block.footer)]


def _moved(method: Function, manager: Manager, names: Mapping[str, str], draft: Draft) -> list[cst.BaseStatement]:
    """The statements of a method, with variables in the place of attributes."""
    old = draft.node(method, cst.FunctionDef)
    block = old.body
    if not isinstance(block, cst.IndentedBlock):
        block = cst.IndentedBlock([cst.SimpleStatementLine(cst.ensure_type(block, cst.SimpleStatementSuite).body)])
    stored = {id(each) for each in _stored_parameters(manager).values()}
    comments = comment_lines(*([block.header] if isinstance(old.body, cst.IndentedBlock) else []))
    made: list[cst.BaseStatement] = []
    local = _locals(_receiver(method), names)
    statements = list(zip(method.body, block.body, strict=True))
    for index, (found, each) in enumerate(statements):
        assert isinstance(each, cst.BaseStatement)
        own: Sequence[cst.EmptyLine] = getattr(each, "leading_lines", ())
        is_docstring = index == 0 and isinstance(found, ast.Expr) and isinstance(found.value, ast.Constant)
        if is_docstring and isinstance(found, ast.Expr) and isinstance(found.value, ast.Constant):
            comments += _as_comments(found.value.value)
        if is_docstring or id(found) in stored or isinstance(found, ast.Pass | ast.Return):
            comments += comment_lines(*own)
            # What `__enter__` returns becomes the `yield`, with the comment behind it.
            if isinstance(each, cst.SimpleStatementLine) and found is not manager.enter.body[-1]:
                comments += comment_lines(each.trailing_whitespace)
            continue
        kept = [*comments, *(line for line in own if made or line.comment is not None)]
        changed = each.visit(local)
        assert isinstance(changed, cst.BaseStatement)
        made.append(changed.with_changes(leading_lines=kept))
        comments = []
    rest = [*comments, *comment_lines(*block.footer)]
    if rest and made:
        first: Sequence[cst.EmptyLine] = getattr(made[0], "leading_lines", ())
        made[0] = made[0].with_changes(leading_lines=[*first, *rest])
    return made


def _as_comments(text: object) -> list[cst.EmptyLine]:
    """A docstring that has no place any more, as comments."""
    if not isinstance(text, str):
        return []
    lines = textwrap.dedent(text).strip().splitlines()
    return [cst.EmptyLine(comment=cst.Comment(f"# {line.strip()}".rstrip())) for line in lines]


def _locals(receiver: str, names: Mapping[str, str]) -> cst.CSTTransformer:
    """Writes a variable where an attribute of the object stood."""

    class Locals(cst.CSTTransformer):
        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
            match original_node:
                case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attr)) if name == receiver:
                    return cst.Name(names[attr], lpar=updated_node.lpar, rpar=updated_node.rpar)
                case _:
                    return updated_node

    return Locals()


# -- types ------------------------------------------------------------------------------------------------------------


def _parameters(manager: Manager, code: Analysis) -> Iterator[str]:
    if manager.constructor is None:
        return
    declared = manager.constructor.args
    defaults = [None] * (len(declared.args) - len(declared.defaults)) + [*declared.defaults]
    for each, default in list(zip(declared.args, defaults, strict=True))[1:]:
        yield parameter(each, default, code)
    if declared.vararg is not None:
        yield f"*{parameter(declared.vararg, None, code)}"
    elif declared.kwonlyargs:
        yield "*"
    for each, default in zip(declared.kwonlyargs, declared.kw_defaults, strict=True):
        yield parameter(each, default, code)
    if declared.kwarg is not None:
        yield f"**{parameter(declared.kwarg, None, code)}"


def _returns(manager: Manager, draft: Draft) -> str:
    """The annotation of the result; empty if it is not known."""
    code, annotation = draft.code, manager.enter.returns
    if manager.returned is None or manager.gives_itself or _is_none(manager.returned):
        inner = "None"
    elif annotation is None:
        return ""
    else:
        inner = on_one_line(annotation, code)
        names = [node for node in ast.walk(annotation) if isinstance(node, ast.Name)]
        if not are_annotations_lazy(code) and not all(is_bound(name, code) for name in names):
            return ""
    return f"{generic('AsyncIterator' if manager.is_async else 'Iterator', manager.class_, draft)}[{inner}]"
