"""What an `__init__` does with its parameters: stores them, checks them, converts them, or more than that."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field
from msgspec.structs import replace

from idiomatic.core.analysis.making_values import only_makes_values
from idiomatic.core.analysis.tree import FUNCTIONS, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis.code import Analysis


class DoesMoreError(Exception):
    """The constructor does more than store, check and convert its parameters; the message is a sentence."""


class Parameter(Struct, frozen=True, eq=False):
    """A parameter and what becomes of it.

    Attributes:
        node: where it is declared.
        default: its default value.
        keyword_only: whether it can't be passed by position.
        stores: the statements that do nothing but put it into the attribute of its name.
        annotation: of the attribute (`self.x: int = x`).
        fallback: what takes the place of `None`, its default.
        falsy: whether the fallback also takes the place of everything else that is falsy.
        conversion: what is stored instead of it, an expression that reads it.
        attribute: the name of the attribute it is put into, if that is a private one which a property shows.
        shown_by: that property.
    """

    node: ast.arg
    default: ast.expr | None
    keyword_only: bool
    stores: tuple[ast.stmt, ...] = ()
    annotation: ast.expr | None = None
    fallback: ast.expr | None = None
    falsy: bool = False
    conversion: ast.expr | None = None
    attribute: str = ""
    shown_by: ast.FunctionDef | None = None

    @property
    def name(self) -> str:
        """Its name, and that of the attribute if no property shows it."""
        return self.node.arg


class Extra(Struct, frozen=True, eq=False):
    """An attribute that is none of the parameters.

    Attributes:
        name: of the attribute.
        statement: what sets it.
        value: to what.
        annotation: of the attribute (`self.x: int = 0`).
        is_derived: whether the value is made of parameters; else all objects begin with the same.
    """

    name: str
    statement: ast.stmt
    value: ast.expr
    annotation: ast.expr | None
    is_derived: bool


class Constructor(Struct, frozen=True, eq=False):
    """An `__init__` that stores each of its parameters in the attribute of the same name.

    Attributes:
        function: the method.
        receiver: what it calls `self`.
        parameters: in order of declaration.
        extras: what else it sets, in order.
        rest: the statements that check and convert, in order.
        in_order: whether the attributes are set in the order of the parameters.
    """

    function: ast.FunctionDef
    receiver: str
    parameters: tuple[Parameter, ...]
    extras: tuple[Extra, ...]
    rest: tuple[ast.stmt, ...]
    in_order: bool


def declared_parameters(function: ast.FunctionDef) -> tuple[Parameter, ...]:
    """The parameters after `self`.

    Raises:
        DoesMoreError: there are some that no field can stand for.
    """
    arguments = function.args
    if arguments.vararg or arguments.kwarg:
        raise DoesMoreError("A dataclass has no `*args` and `**kwargs`.")
    positional = [*arguments.posonlyargs, *arguments.args]
    if arguments.posonlyargs[1:]:
        raise DoesMoreError("Positional-only parameters could also be passed by name afterwards.")
    if not positional:
        raise DoesMoreError("Its constructor has no `self`.")
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    return (
        *(Parameter(node, default, False) for node, default in list(zip(positional, defaults, strict=True))[1:]),
        *(
            Parameter(node, default, True)
            for node, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ),
    )


def without_docstring(body: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    """The statements after the docstring."""
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
        case _:
            return body


def read_constructor(
    function: ast.FunctionDef, constants: frozenset[str], shown: Mapping[str, ast.FunctionDef], code: Analysis
) -> Constructor:
    """Read an `__init__`.

    Args:
        function: the method.
        constants: the names of the class's attributes that its checks may read.
        shown: the properties that only return a private attribute, by that attribute.
        code: the analysis.

    Raises:
        DoesMoreError: it does more than store, check and convert its parameters.
    """
    parameters = declared_parameters(function)
    receiver = [*function.args.posonlyargs, *function.args.args][0].arg
    reader = _Reader(receiver, {parameter.name: parameter for parameter in parameters}, constants, shown, code)
    body = without_docstring(function.body)
    for statement in body:
        if _replaces_none(statement):
            continue
        if not _is_check(statement):
            reader.changed |= _changed(statement, receiver, shown)
        elif isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
            reader.changed |= _names(statement)
        else:
            reader.checked |= _names(statement)
    for statement in body:
        reader.read(statement)
    missing = [name for name, parameter in reader.parameters.items() if name not in reader.stored]
    if missing:
        raise DoesMoreError(f"Its constructor does not store `{missing[0]}`.")
    extras = sorted(reader.extras.values(), key=lambda extra: extra.is_derived)
    in_order = list(reader.stored) == [*(each.name for each in parameters), *(each.name for each in extras)]
    return Constructor(
        function, receiver, tuple(reader.parameters.values()), tuple(extras), tuple(reader.rest), in_order
    )


class _Reader(Struct, eq=False):
    receiver: str
    parameters: dict[str, Parameter]
    constants: frozenset[str]
    shown: Mapping[str, ast.FunctionDef]
    code: Analysis
    stored: dict[str, None] = field(default_factory=dict)
    extras: dict[str, Extra] = field(default_factory=dict)
    rest: list[ast.stmt] = field(default_factory=list)
    checked: set[str] = field(default_factory=set)
    """The parameters that checks read: their `None` may not be replaced before that."""
    changed: set[str] = field(default_factory=set)
    """The parameters that something else is made of: what that makes of `None` is not known."""
    converted: set[str] = field(default_factory=set)
    """The parameters whose attribute has another value than they have."""

    def read(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Pass():
                return
            # self.x = ...
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=self.receiver), attr=name)], value=value):
                self._store(statement, name, value)
            # self.x: int = ...
            case ast.AnnAssign(
                target=ast.Attribute(value=ast.Name(id=self.receiver), attr=name), value=ast.expr() as value
            ):
                self._store(statement, name, value, statement.annotation)
            # self.x, self.y = x, y
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(targets) == len(
                values
            ):
                for target, value in zip(targets, values, strict=True):
                    match target, value:
                        case ast.Attribute(value=ast.Name(id=self.receiver), attr=name), ast.Name(id=given) if (
                            given == (self.shown[name].name if name in self.shown else name)
                        ):
                            self._store(statement, name, value)
                        case _:
                            raise self._does_more(statement)
            # if x is None: x = []
            case ast.If(test=test, body=[ast.Assign(targets=[ast.Name(id=name)], value=fallback)], orelse=[]) if (
                _is_none_test(test, name) and self._can_fall_back(name, fallback, self._read_so_far())
            ):
                self._fall_back(statement, name, fallback, falsy=False)
            # if not x: x = []
            case ast.If(
                test=ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=tested)),
                body=[ast.Assign(targets=[ast.Name(id=name)], value=fallback)],
                orelse=[],
            ) if tested == name and self._can_fall_back(name, fallback, self._read_so_far()):
                self._fall_back(statement, name, fallback, falsy=True)
            # x = x or []
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if (
                name in self.parameters
                and (found := _fallback(value, name))
                and self._can_fall_back(name, found[0], self._read_so_far())
            ):
                self._fall_back(statement, name, *found)
            case _:
                self._keep(statement)

    def _store(self, statement: ast.stmt, name: str, value: ast.expr, annotation: ast.expr | None = None) -> None:
        if (shown_by := self.shown.get(name)) is not None and shown_by.name in _names(value) & self.parameters.keys():
            attribute, name = name, shown_by.name
            self.parameters[name] = replace(self.parameters[name], attribute=attribute, shown_by=shown_by)
        if name not in self.parameters and isinstance(value, ast.Name) and value.id in self.parameters:
            raise DoesMoreError(
                f"Its parameter `{value.id}` is stored as `{name}`, and the parameter of a dataclass has the name of "
                "its field: callers that pass it by name would break."
            )
        if name in self.stored:
            raise DoesMoreError(f"Its constructor sets `{name}` twice.")
        self.stored[name] = None
        if name not in self.parameters:
            self._store_extra(Extra(name, statement, value, annotation, self._is_derived(value)))
            return
        parameter = self.parameters[name]
        if annotation is not None:
            parameter = self.parameters[name] = replace(parameter, annotation=annotation)
        if isinstance(value, ast.Name) and value.id == name:
            self.parameters[name] = replace(parameter, stores=(*parameter.stores, statement))
            return
        found = _fallback(value, name)
        if found is not None and self._can_fall_back(name, found[0], self.checked):
            self._fall_back(statement, name, *found)
            return
        if name not in _names(value) or not self._is_simple(value):
            raise self._does_more(statement)
        if parameter.shown_by is not None:
            raise DoesMoreError(
                f"What is stored as `{parameter.attribute}` is not `{name}` itself, and a property makes it read-only: "
                "a frozen dataclass can't store it later."
            )
        self._check_names(statement)
        self.parameters[name] = replace(parameter, conversion=value)
        self.converted.add(name)
        self.rest.append(statement)

    def _is_derived(self, value: ast.expr) -> bool:
        """Whether a value depends on the parameters, by way of other variables of the constructor or not."""
        return any(isinstance(each, ast.Name) and self.code.local_bindings(each) is not None for each in walk(value))

    def _store_extra(self, extra: Extra) -> None:
        if not self._is_simple(extra.value):
            raise DoesMoreError(f"Its constructor also sets `{extra.name}`, which is none of its parameters.")
        self.extras[extra.name] = extra
        if extra.is_derived:
            self._check_names(extra.statement)
            self.rest.append(extra.statement)

    def _read_so_far(self) -> set[str]:
        return {name for statement in self.rest for name in _names(statement)}

    def _can_fall_back(self, name: str, fallback: ast.expr, read: set[str]) -> bool:
        parameter = self.parameters.get(name)
        return (
            parameter is not None
            and isinstance(parameter.default, ast.Constant)
            and parameter.default.value is None
            and parameter.fallback is None
            and name not in read
            and name not in self.changed
            and not (_names(fallback) & {self.receiver, *self.parameters})
            and self._is_simple(fallback)
        )

    def _fall_back(self, statement: ast.stmt, name: str, fallback: ast.expr, falsy: bool) -> None:
        parameter = self.parameters[name]
        self.parameters[name] = replace(
            parameter, stores=(*parameter.stores, statement), fallback=fallback, falsy=falsy
        )

    def _keep(self, statement: ast.stmt) -> None:
        if not _is_check(statement):
            raise self._does_more(statement)
        self._check_names(statement)
        for node in walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in self.parameters:
                if node.id in self.stored:
                    raise DoesMoreError(f"Its constructor changes `{node.id}` after it has stored it.")
                assignment = self.code.parent(node)
                if isinstance(assignment, ast.Assign) and not self._is_simple(assignment.value):
                    raise self._does_more(statement)
                if assignment is statement and isinstance(assignment, ast.Assign):
                    self.parameters[node.id] = replace(self.parameters[node.id], conversion=assignment.value)
        self.rest.append(statement)

    def _check_names(self, statement: ast.stmt) -> None:
        """Whether a statement means the same when its parameters are read from the object."""
        for node in walk(statement):
            match node:
                case ast.Name(id=self.receiver):
                    if not self._is_harmless(node):
                        raise DoesMoreError("Its constructor calls its own methods or passes itself on.")
                case ast.Name(id=name, ctx=ast.Load()) if name in self.converted:
                    raise DoesMoreError(f"Its constructor reads `{name}` again after it has stored something else.")
                case ast.Name(id="locals" | "vars" | "eval" | "exec" | "super" | "__class__"):
                    raise self._does_more(statement)
                case ast.Lambda() | ast.Await() | ast.Yield() | ast.YieldFrom() | ast.NamedExpr() | ast.Return():
                    raise self._does_more(statement)
                case ast.comprehension():
                    if _names(node.target) & {self.receiver, *self.parameters}:
                        raise self._does_more(statement)
                case ast.For():
                    if _names(node.target) & {self.receiver, *self.parameters}:
                        raise self._does_more(statement)
                case _:
                    pass

    def _is_harmless(self, receiver: ast.Name) -> bool:
        match self.code.parent(receiver):
            case ast.Attribute(attr=attr, ctx=ast.Load()) as attribute:
                called = self.code.parent(attribute)
                is_call = isinstance(called, ast.Call) and called.func is attribute
                attr = self.shown[attr].name if attr in self.shown else attr
                return attr == "__class__" or (not is_call and (attr in self.stored or attr in self.constants))
            case ast.Attribute(attr=attr) as attribute:
                is_set = isinstance(self.code.parent(attribute), ast.Assign | ast.AnnAssign)
                return is_set and (attr in self.parameters or attr in self.extras)
            case ast.Call(func=ast.Name(id="type"), args=[_]):
                return True
            case _:
                return False

    def _is_simple(self, expression: ast.expr) -> bool:
        return only_makes_values(expression, self.parameters, self.code)

    def _does_more(self, statement: ast.stmt) -> DoesMoreError:
        source = self.code.source(statement).splitlines()[0].rstrip(":")
        shown = source if len(source) <= 60 else f"{source[:57]}..."
        return DoesMoreError(f"Its constructor does more than store its parameters: `{shown}`.")


_CHECKING: Final = ("check", "valid", "ensure", "require", "verify", "assert")


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in walk(node) if isinstance(each, ast.Name)}


def _is_check(statement: ast.stmt) -> bool:
    """Whether a statement only looks at values, names others after them, or raises."""
    match statement:
        case ast.Raise() | ast.Assert() | ast.Pass():
            return True
        case ast.If(body=body, orelse=orelse) | ast.For(body=body, orelse=orelse):
            return all(_is_check(each) for each in (*body, *orelse))
        case ast.Assign(targets=[ast.Name()]) | ast.AugAssign(target=ast.Name()) | ast.AnnAssign(target=ast.Name()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name == "warn" or any(word in name.lower() for word in _CHECKING)
        case _:
            return False


def _changed(statement: ast.stmt, receiver: str, shown: Mapping[str, ast.FunctionDef]) -> set[str]:
    """What a statement that sets an attribute reads, if that is not just the parameter of this name."""
    match statement:
        case (
            ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=name)], value=ast.expr() as value)
            | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=name), value=ast.expr() as value)
        ) if owner == receiver and not isinstance(value, ast.Name):
            found = _fallback(value, shown[name].name if name in shown else name)
            return _names(value) if found is None else _names(found[0])
        case _:
            return set()


def _replaces_none(statement: ast.stmt) -> bool:
    """Whether it is `if x is None: x = ...`, `if not x: x = ...` or `x = x or ...`."""
    match statement:
        case ast.If(
            test=ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=tested)),
            body=[ast.Assign(targets=[ast.Name(id=name)])],
            orelse=[],
        ):
            return tested == name
        case ast.If(test=test, body=[ast.Assign(targets=[ast.Name(id=name)])], orelse=[]):
            return _is_none_test(test, name)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return _fallback(value, name) is not None
        case _:
            return False


def _is_none_test(test: ast.expr, name: str) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id=left), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return left == name
        case _:
            return False


def _fallback(value: ast.expr, name: str) -> tuple[ast.expr, bool] | None:
    """What an expression gives in place of a `None` (false) or of anything falsy (true)."""
    match value:
        # x or []
        case ast.BoolOp(op=ast.Or(), values=[ast.Name(id=read), fallback]) if read == name:
            return fallback, True
        # x if x is not None else []
        case ast.IfExp(
            test=ast.Compare(left=ast.Name(id=tested), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]),
            body=ast.Name(id=read),
            orelse=fallback,
        ) if tested == read == name:
            return fallback, False
        # [] if x is None else x
        case ast.IfExp(test=test, body=fallback, orelse=ast.Name(id=read)) if read == name and _is_none_test(
            test, name
        ):
            return fallback, False
        # x if x else []
        case ast.IfExp(test=ast.Name(id=tested), body=ast.Name(id=read), orelse=fallback) if tested == read == name:
            return fallback, True
        # [] if not x else x
        case ast.IfExp(
            test=ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=tested)), body=fallback, orelse=ast.Name(id=read)
        ) if tested == read == name:
            return fallback, True
        case _:
            return None


def methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that stand directly in a class body."""
    return (member for member in node.body if isinstance(member, FUNCTIONS))
