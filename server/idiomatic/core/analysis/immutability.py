"""What stands in the way of objects that are read-only, and of slots."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis import classes
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.records import other_decorators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.records import Record


def against_frozen(record: Record, code: Analysis) -> Iterator[str]:
    """Why the objects of a class can't be read-only, as far as its module shows it, a sentence each."""
    if any(isinstance(node, ast.Attribute | ast.Name) for node in record.constructor.rest) or _assigns(record):
        yield "Its constructor changes fields, which a frozen object does not allow."
    names = {method.name for method in methods(record.node)}
    for name in ("__setattr__", "__delattr__", "__setstate__", "__getattr__", "__del__"):
        if name in names:
            yield f"It defines `{name}`."
    for write in sorted(code.ask(classes.own_writes, record.node.name), key=str):
        if write.method != "__init__":
            yield f"Its method `{write.method}` sets or deletes `{write.attribute}`."
    # To what a property shows nobody assigns.
    open_names = tuple(name for name in record.names if name not in record.hidden.values())
    for write in sorted(code.ask(classes.writes, open_names), key=str):
        if write.owner is None:
            yield f"This module sets or deletes an attribute `{write.attribute}`, perhaps of one of its objects."
        elif write.owner in record.subclasses:
            yield f"Its subclass `{write.owner}` sets `{write.attribute}`."
    for word in sorted(code.ask(classes.uses, _WRITERS)):
        yield f"This module uses `{word}`, which may change its objects."
    if record.subclasses:
        yield f"`{record.subclasses[0]}` inherits from it, and could no longer be a dataclass that is not frozen."
    if other := other_decorators(record.node, code):
        yield f"The decorator `{other[0]}` may change its objects."


_WRITERS: Final = ("setattr", "delattr", "__dict__", "__setattr__", "vars")
_NO_SLOTS: Final = ("weakref", "WeakSet", "WeakKeyDictionary", "WeakValueDictionary", "__dict__", "vars", "__weakref__")


def _assigns(record: Record) -> bool:
    return any(
        isinstance(node, ast.Attribute | ast.Name)
        and isinstance(node.ctx, ast.Store)
        and (isinstance(node, ast.Attribute) or node.id in record.names)
        for statement in record.constructor.rest
        for node in ast.walk(statement)
    )


def against_slots(record: Record, code: Analysis) -> Iterator[str]:
    """Why a class can't have slots that `dataclass` makes, as far as its module shows it, a sentence each."""
    node = record.node
    if code.target < (3, 14) and any(
        isinstance(each, ast.Name) and each.id in {"super", "__class__"} for each in ast.walk(node)
    ):
        yield "Before Python 3.14, `super()` and `__class__` mean the class as it was before it got its slots."
    if any(code.is_name(base, "abc.ABC") for base in node.bases) or node.keywords:
        yield "Its metaclass would see the class twice."
    for base in node.bases:
        plain = base.value if isinstance(base, ast.Subscript) else base
        if not code.is_name(plain, "builtins.object", "typing.Generic", "typing_extensions.Generic"):
            yield f"`{ast.unparse(base)}` has no slots."
    if any(
        code.is_name(decorator, "functools.cached_property")
        for method in methods(node)
        for decorator in method.decorator_list
    ):
        yield "`cached_property` needs a `__dict__`."
    if record.subclasses:
        yield f"`{record.subclasses[0]}` inherits from it."
    if record.slots is None:
        for write in sorted(code.ask(classes.own_writes, node.name), key=str):
            if write.attribute not in record.names:
                yield f"Its method `{write.method}` adds the attribute `{write.attribute}`."
        for word in sorted(code.ask(classes.uses, _NO_SLOTS)):
            yield f"This module uses `{word}`."
