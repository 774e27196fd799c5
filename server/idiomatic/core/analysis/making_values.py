"""Whether an expression only makes one value from another, and does nothing besides."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from idiomatic.core.analysis.code import Analysis


def only_makes_values(expression: ast.expr, given: Collection[str], code: Analysis) -> bool:
    """Whether an expression calls nothing but what makes one value from another.

    Args:
        expression: the expression.
        given: the variables whose methods are those of values (`name.strip()`).
        code: the analysis.
    """
    return all(
        _makes_value(node.func, given, code) for node in ast.walk(expression) if isinstance(node, ast.Call)
    ) and not any(isinstance(node, _NOT_SIMPLE) for node in ast.walk(expression))


def _makes_value(function: ast.expr, given: Collection[str], code: Analysis) -> bool:
    match function:
        case ast.Attribute(value=value, attr=attr) if isinstance(value, ast.Constant) or _root(value) in given:
            return attr in _VALUE_METHODS
        case ast.Name(id=name) | ast.Attribute(attr=name):
            qualified = code.qualified_name(function) or ""
            if qualified.startswith("builtins."):
                return qualified.removeprefix("builtins.") in _VALUE_BUILTINS
            return name[:1].isupper() or qualified in _VALUE_FUNCTIONS
        case _:
            return False


def _root(value: ast.expr) -> str:
    """The variable that a chain of attributes, items and calls begins with."""
    while isinstance(value, ast.Attribute | ast.Call | ast.Subscript):
        value = value.func if isinstance(value, ast.Call) else value.value
    return value.id if isinstance(value, ast.Name) else ""


_NOT_SIMPLE: Final = (ast.Lambda, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_VALUE_BUILTINS: Final = _set(
    "abs bool bytearray bytes chr complex dict divmod enumerate float frozenset hash int isinstance len list map max "
    "min object range repr reversed round set sorted str sum tuple type zip filter any all"
)
_VALUE_FUNCTIONS: Final = frozenset(
    (
        "copy.copy", "copy.deepcopy", "os.fspath", "os.path.abspath", "os.path.expanduser", "os.path.normpath",
        "os.path.join", "math.floor", "math.ceil", "math.radians", "math.degrees", "math.isnan", "re.compile",
        "datetime.datetime", "datetime.date", "datetime.timedelta", "datetime.datetime.now", "uuid.uuid4",
        "collections.defaultdict", "collections.deque", "time.time", "types.MappingProxyType",
    )
)  # fmt: skip
_VALUE_METHODS: Final = _set(
    "strip lstrip rstrip lower upper title capitalize casefold encode decode split rsplit splitlines join replace "
    "copy format removeprefix removesuffix items keys values union hex isoformat astimezone resolve expanduser "
    "absolute quantize startswith endswith get"
)
