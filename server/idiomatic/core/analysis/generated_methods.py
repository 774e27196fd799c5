"""Whether a special method written by hand is the one a dataclass generates."""

from __future__ import annotations

import ast
import copy
import re
import string
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.constructors import without_docstring

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis.code import Analysis

ORDERING: Final = {"__lt__": ast.Lt, "__le__": ast.LtE, "__gt__": ast.Gt, "__ge__": ast.GtE}
BOILERPLATE: Final = ("__eq__", "__ne__", "__repr__", "__hash__", *ORDERING)


class Generated(Struct, frozen=True):
    """How a method compares with the one a dataclass generates.

    Attributes:
        differences: a sentence each; none if there are no differences.
    """

    differences: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the generated method behaves the same."""
        return not self.differences


class ClassShape(Struct, frozen=True, eq=False):
    """What the generated methods depend on.

    Attributes:
        node: the class.
        fields: their names, in order.
        hidden: the fields by the private attributes they are kept in, where these have other names.
        positional: the fields that the constructor also takes by position, in that order.
        has_only_fields: whether the methods add no other attributes to an object.
        is_closed: whether there are no subclasses, as far as can be known.
        is_nested: whether it stands in a function or class.
        is_reflexive: whether all values of all fields are equal to themselves and compare to a plain truth value.
    """

    node: ast.ClassDef
    fields: tuple[str, ...]
    hidden: Mapping[str, str]
    positional: tuple[str, ...]
    has_only_fields: bool
    is_closed: bool
    is_nested: bool
    is_reflexive: bool

    def field(self, node: ast.expr, of: str) -> str | None:
        """The field that an expression reads of an object; any other attribute has its own name."""
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == of:
                return self.hidden.get(attr, attr)
            case _:
                return None


def compared_with_generated(method: ast.FunctionDef, record: ClassShape, code: Analysis) -> Generated | None:
    """How a method differs from the generated one of its name; `None` if it is no boilerplate at all."""
    if method.decorator_list or len(code.source(method).splitlines()) > 40:
        return None
    arguments = method.args
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults:
        return None
    names = [parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args)]
    body = without_docstring(method.body)
    match method.name, names:
        case "__repr__", [receiver]:
            return _compare_repr(body, receiver, record, code)
        case "__hash__", [receiver]:
            return _compare_hash(body, receiver, record, code)
        case "__eq__", [receiver, other]:
            return _Comparison(receiver, other, ast.Eq, record, code).differences(body)
        case "__ne__", [receiver, other]:
            return _compare_ne(body, receiver, other)
        case ("__lt__" | "__le__" | "__gt__" | "__ge__") as name, [receiver, other]:
            return _Comparison(receiver, other, ORDERING[name], record, code).differences(body)
        case _:
            return None


# -- __eq__ and the ordering ------------------------------------------------------------------------------------------


class _Guard(Enum):
    EXACT = auto()
    """Only objects of the very same class are compared."""
    OWN = auto()
    """Only objects of just this class, whatever the class of `self` is."""
    INSTANCE = auto()
    """Objects of subclasses too."""
    NONE = auto()


class _Comparison(Struct, eq=False):
    receiver: str
    other: str
    operator: type[ast.cmpop]
    record: ClassShape
    code: Analysis

    def differences(self, body: Sequence[ast.stmt]) -> Generated | None:
        read = self.read(body)
        if read is None:
            return None
        guard, otherwise, comparison = read
        compared = self._compared(comparison)
        if compared is None:
            return None
        names, is_tuple = compared
        if set(names) != set(self.record.fields) or len(names) != len(set(names)):
            return None
        return Generated(tuple(self._differences(guard, otherwise, names, is_tuple)))

    def _differences(
        self, guard: _Guard, otherwise: ast.expr | None, names: Sequence[str], is_tuple: bool
    ) -> Iterator[str]:
        is_eq = self.operator is ast.Eq
        what = "`__eq__`" if is_eq else "The ordering"
        match guard:
            case _Guard.NONE:
                yield f"{what} no longer compares objects of other classes by their attributes."
            case _Guard.INSTANCE | _Guard.OWN if not self.record.is_closed:
                yield f"{what} compares objects of the very same class only: an object of a subclass is not equal."
            case _:
                pass
        if otherwise is not None and not self._is_not_implemented(otherwise):
            yield f"{what} returns `NotImplemented` for other classes, so that Python asks the other object."
        if list(names) != list(self.record.fields):
            yield f"{what} compares the fields in the order of the constructor."
        if not is_eq and not is_tuple:
            yield f"{what} compares tuples of the fields."
        if is_eq and not self.record.is_reflexive:
            yield (
                "`__eq__` may answer differently for values that are not equal to themselves, such as NaN, "
                "and for arrays."
            )

    def read(self, body: Sequence[ast.stmt]) -> tuple[_Guard, ast.expr | None, ast.expr] | None:
        """What is asked of the other class, what is answered if it is wrong, and what is compared."""
        match body:
            # if self is other: return True
            case [ast.If(test=test, body=[ast.Return(value=ast.Constant(value=True))], orelse=[]), *rest] if (
                self.operator is ast.Eq and self._is_identity(test)
            ):
                return self.read(rest)
            # try: return self.x == other.x
            # except AttributeError: return NotImplemented
            case [
                ast.Try(
                    body=[ast.Return(value=ast.expr() as comparison)],
                    handlers=[
                        ast.ExceptHandler(type=ast.Name(id="AttributeError"), body=[ast.Return(value=ast.expr() as no)])
                    ],
                    orelse=[],
                    finalbody=[],
                )
            ] if self._is_no(no):
                return _Guard.NONE, None, comparison
            # if not isinstance(other, C): return NotImplemented
            # return self.x == other.x
            case (
                [
                    ast.If(test=test, body=[ast.Return(value=ast.expr() as first)], orelse=[]),
                    ast.Return(value=ast.expr() as second),
                ]
                | [
                    ast.If(
                        test=test,
                        body=[ast.Return(value=ast.expr() as first)],
                        orelse=[ast.Return(value=ast.expr() as second)],
                    )
                ]
                | [ast.Return(value=ast.IfExp(test=test, body=first, orelse=second))]
            ):
                guard = self._guard(test)
                if guard is None:
                    return None
                kind, positive = guard
                otherwise, comparison = (second, first) if positive else (first, second)
                return (kind, otherwise, comparison) if self._is_no(otherwise) else None
            # return isinstance(other, C) and self.x == other.x
            case [ast.Return(value=ast.BoolOp(op=ast.And(), values=[test, *values]))] if (
                guard := self._guard(test)
            ) and guard[1]:
                comparison = values[0] if len(values) == 1 else ast.BoolOp(ast.And(), values)
                return guard[0], ast.Constant(False), comparison
            # return self.x == other.x
            case [ast.Return(value=ast.expr() as comparison)]:
                return _Guard.NONE, None, comparison
            case _:
                return None

    def _is_identity(self, test: ast.expr) -> bool:
        match test:
            case ast.Compare(left=ast.Name(id=left), ops=[ast.Is()], comparators=[ast.Name(id=right)]):
                return {left, right} == {self.receiver, self.other}
            case _:
                return False

    def _is_no(self, value: ast.expr) -> bool:
        return self._is_not_implemented(value) or (isinstance(value, ast.Constant) and value.value is False)

    def _is_not_implemented(self, value: ast.expr) -> bool:
        return self.code.is_name(value, "builtins.NotImplemented")

    def _guard(self, test: ast.expr) -> tuple[_Guard, bool] | None:
        """What a test of the other object's class lets through, and whether it is true for what it lets through."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self._guard(operand)
                return (inner[0], not inner[1]) if inner else None
            case ast.Call(func=function, args=[ast.Name(id=self.other), against], keywords=[]) if self.code.is_name(
                function, "builtins.isinstance"
            ) and self._is_class(against):
                return _Guard.INSTANCE, True
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                sides = [self._class_of(left), self._class_of(right)]
                if set(sides) == {self.receiver, self.other}:
                    kind = _Guard.EXACT
                elif set(sides) == {self.other, self.record.node.name}:
                    kind = _Guard.OWN
                else:
                    return None
                if isinstance(operator, ast.Is | ast.Eq):
                    return kind, True
                return (kind, False) if isinstance(operator, ast.IsNot | ast.NotEq) else None
            case _:
                return None

    def _is_class(self, node: ast.expr) -> bool:
        return self._class_of(node) in {self.receiver, self.record.node.name} or (
            isinstance(node, ast.Name) and node.id == "__class__"
        )

    def _class_of(self, node: ast.expr) -> str | None:
        """Whose class it is (`self`, `other`), or the name of this class."""
        match node:
            case ast.Call(func=function, args=[ast.Name(id=name)], keywords=[]) if self.code.is_name(
                function, "builtins.type"
            ):
                return name
            case ast.Attribute(value=ast.Name(id=name), attr="__class__"):
                return name
            case ast.Name(id=self.record.node.name):
                return self.record.node.name
            case _:
                return None

    def _compared(self, comparison: ast.expr) -> tuple[list[str], bool] | None:
        """The attributes that are compared, in order, and whether as tuples."""
        match comparison:
            case ast.Call(func=function, args=[inner], keywords=[]) if self.code.is_name(function, "builtins.bool"):
                return self._compared(inner)
            # (self.x, self.y) == (other.x, other.y)
            case ast.Compare(left=ast.Tuple(elts=left), ops=[operator], comparators=[ast.Tuple(elts=right)]) if (
                isinstance(operator, self.operator)
            ):
                ours = [self.record.field(element, self.receiver) for element in left]
                theirs = [self.record.field(element, self.other) for element in right]
                return ([name for name in ours if name], True) if ours == theirs and all(ours) else None
            # self.x == other.x
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if isinstance(operator, self.operator):
                # self.__dict__ == other.__dict__
                if self.operator is ast.Eq and self._whole(left) == self.receiver and self._whole(right) == self.other:
                    return (list(self.record.fields), False) if self.record.has_only_fields else None
                name = self.record.field(left, self.receiver)
                return ([name], False) if name and name == self.record.field(right, self.other) else None
            # self.x == other.x and self.y == other.y
            case ast.BoolOp(op=ast.And(), values=values) if self.operator is ast.Eq:
                parts = [self._compared(value) for value in values]
                names = [name for part in parts if part for name in part[0]]
                return (names, False) if all(parts) else None
            case _:
                return None

    def _whole(self, node: ast.expr) -> str | None:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr="__dict__"):
                return name
            case ast.Call(func=ast.Name(id="vars"), args=[ast.Name(id=name)]):
                return name
            case _:
                return None


def _compare_ne(body: Sequence[ast.stmt], receiver: str, other: str) -> Generated | None:
    match body:
        # return not self == other
        case [
            ast.Return(
                value=ast.UnaryOp(
                    op=ast.Not(),
                    operand=ast.Compare(left=ast.Name(id=left), ops=[ast.Eq()], comparators=[ast.Name(id=right)]),
                )
            )
        ] if (left, right) == (receiver, other):
            return Generated()
        # return not self.__eq__(other)
        case [
            ast.Return(
                value=ast.UnaryOp(
                    op=ast.Not(),
                    operand=ast.Call(
                        func=ast.Attribute(value=ast.Name(id=left), attr="__eq__"), args=[ast.Name(id=right)]
                    ),
                )
            )
        ] if (left, right) == (receiver, other):
            return Generated(("`!=` is the opposite of `==` for objects of other classes too.",))
        case _:
            return None


# -- __hash__ ---------------------------------------------------------------------------------------------------------


def _compare_hash(body: Sequence[ast.stmt], receiver: str, record: ClassShape, code: Analysis) -> Generated | None:
    match body:
        # return hash((self.x, self.y))
        case [ast.Return(value=ast.Call(func=function, args=[argument], keywords=[]))] if code.is_name(
            function, "builtins.hash"
        ):
            elements = argument.elts if isinstance(argument, ast.Tuple) else [argument]
            names = [record.field(element, receiver) for element in elements]
            if set(names) != set(record.fields) or len(names) != len(record.fields):
                return None
            same = isinstance(argument, ast.Tuple) and names == list(record.fields)
            return Generated() if same else Generated(("The hash is another number.",))
        case _:
            return None


# -- __repr__ ---------------------------------------------------------------------------------------------------------

_Part = str | tuple[ast.expr, bool]


def _compare_repr(body: Sequence[ast.stmt], receiver: str, record: ClassShape, code: Analysis) -> Generated | None:
    match body:
        case [ast.Return(value=ast.expr() as value)]:
            parts = _parts(value)
        case _:
            return None
    if parts is None:
        return None
    differences: list[str] = []
    shown: list[str] = []
    pattern = ""
    for part in parts:
        match part:
            case str():
                pattern += part
            case expression, is_repr:
                kind = _class_name(expression, receiver, code)
                if kind is not None:
                    pattern += "\0"
                    if kind != "__qualname__" and record.is_nested:
                        differences.append("`repr()` shows the qualified name of the class.")
                    continue
                name = record.field(expression, receiver)
                if name is None:
                    return None
                shown.append(name)
                pattern += "\1"
                if not is_repr:
                    differences.append(f"`repr()` shows `{name}` as `repr()` does (strings in quotes).")
    if shown != list(record.fields):
        return None
    expected = "(" + ", ".join(name + "=\1" for name in record.fields) + ")"
    if not pattern.endswith(")"):
        return None
    head, separator, rest = pattern.partition("(")
    if re.sub(r"\s", "", separator + rest) != re.sub(r"\s", "", expected):
        return None
    if separator + rest != expected:
        differences.append("The spaces in `repr()` change.")
    if head == record.node.name:
        if not record.is_closed:
            differences.append("`repr()` of an object of a subclass shows the name of the subclass.")
        if record.is_nested:
            differences.append("`repr()` shows the qualified name of the class.")
    elif head != "\0":
        return None
    return Generated(tuple(dict.fromkeys(differences)))


def _class_name(node: ast.expr, receiver: str, code: Analysis) -> str | None:
    """`__name__` or `__qualname__` of the object's own class."""
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr="__class__"), attr=attr):
            pass
        case ast.Attribute(value=ast.Call(func=function, args=[ast.Name(id=name)], keywords=[]), attr=attr) if (
            code.is_name(function, "builtins.type")
        ):
            pass
        case _:
            return None
    return attr if name == receiver and attr in {"__name__", "__qualname__"} else None


def _parts(value: ast.expr) -> list[_Part] | None:
    """The text and the values of a formatted string; with each value whether it is shown by `repr`."""
    match value:
        case ast.JoinedStr(values=values):
            return _of_f_string(values)
        # "C(x=%r)" % self.x
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod(), right=right):
            return _of_percent(text, right.elts if isinstance(right, ast.Tuple) else [right])
        # "C(x={!r})".format(self.x)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format"), args=arguments, keywords=[]
        ):
            return _of_format(text, arguments)
        case _:
            return None


def _of_f_string(values: Sequence[ast.expr]) -> list[_Part] | None:
    parts: list[_Part] = []
    for piece in values:
        match piece:
            case ast.Constant(value=str(text)):
                parts.append(text)
            case ast.FormattedValue(
                value=ast.Call(func=ast.Name(id="repr"), args=[shown]), conversion=-1, format_spec=None
            ):
                parts.append((shown, True))
            case ast.FormattedValue(value=shown, conversion=conversion, format_spec=None):
                parts.append((shown, conversion == ord("r")))
            case _:
                return None
    return parts


def _of_percent(text: str, values: Sequence[ast.expr]) -> list[_Part] | None:
    pieces = re.split(r"(%[rs])", text)
    if "%" in "".join(pieces[::2]) or len(pieces) // 2 != len(values):
        return None
    parts: list[_Part] = [pieces[0]]
    for mark, following, value in zip(pieces[1::2], pieces[2::2], values, strict=True):
        parts += [(value, mark == "%r"), following]
    return parts


def _of_format(text: str, values: Sequence[ast.expr]) -> list[_Part] | None:
    parts: list[_Part] = []
    used = 0
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError:
        return None
    for literal, name, spec, conversion in parsed:
        parts.append(literal)
        if name is None:
            continue
        if spec or (name and not name.isdecimal()):
            return None
        index = int(name) if name else used
        used += 1
        if index >= len(values):
            return None
        parts.append((values[index], conversion == "r"))
    return parts


def compared_by(method: ast.FunctionDef, class_: ast.ClassDef, code: Analysis) -> tuple[ast.expr, ...] | None:
    """What of `self` an `__eq__` compares with the same of the other object; `None` if it does anything else."""
    names = [parameter.arg for parameter in (*method.args.posonlyargs, *method.args.args)]
    match names:
        case [receiver, other] if not method.decorator_list:
            pass
        case _:
            return None
    shape = ClassShape(class_, (), {}, (), has_only_fields=False, is_closed=False, is_nested=False, is_reflexive=False)
    read = _Comparison(receiver, other, ast.Eq, shape, code).read(without_docstring(method.body))
    return None if read is None else _mirrored(read[2], receiver, other)


def _mirrored(comparison: ast.expr, receiver: str, other: str) -> tuple[ast.expr, ...] | None:
    match comparison:
        # (self.x, self.y) == (other.x, other.y)
        case ast.Compare(left=ast.Tuple(elts=left), ops=[ast.Eq()], comparators=[ast.Tuple(elts=right)]) if len(
            left
        ) == len(right):
            pairs = [ast.Compare(ours, [ast.Eq()], [theirs]) for ours, theirs in zip(left, right, strict=True)]
            return _all_of(pairs, receiver, other)
        case ast.BoolOp(op=ast.And(), values=values):
            return _all_of(values, receiver, other)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            for ours, theirs in ((left, right), (right, left)):
                if _of_only(ours, receiver) and ast.dump(ours) == ast.dump(_renamed(theirs, other, receiver)):
                    return (ours,)
            return None
        case _:
            return None


def _all_of(comparisons: Sequence[ast.expr], receiver: str, other: str) -> tuple[ast.expr, ...] | None:
    found = [_mirrored(comparison, receiver, other) for comparison in comparisons]
    return None if None in found else tuple(each for parts in found if parts for each in parts)


def _of_only(expression: ast.expr, receiver: str) -> bool:
    """Whether an expression is about an attribute of the object."""
    return any(
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == receiver
        for node in ast.walk(expression)
    )


def _renamed(expression: ast.expr, old: str, new: str) -> ast.expr:
    renamed = copy.deepcopy(expression)
    for node in ast.walk(renamed):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
    return renamed
