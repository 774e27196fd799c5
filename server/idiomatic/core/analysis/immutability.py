"""What stands in the way of objects that are read-only, and of slots: in the class and in its module."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis import classes, project_use
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.tree import walk
from idiomatic.core.module import about
from idiomatic.core.usage import Act, usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.module import Module

_WRITERS: Final = ("setattr", "delattr", "__dict__", "__setattr__", "vars")
_NO_SLOTS: Final = ("weakref", "WeakSet", "WeakKeyDictionary", "WeakValueDictionary", "__dict__", "vars", "__weakref__")
_HARMLESS_DECORATORS: Final = (
    "functools.total_ordering",
    "typing.final",
    "typing_extensions.final",
    "dataclasses.dataclass",
)


def against_frozen(node: ast.ClassDef, fields: Sequence[str], code: Analysis) -> Iterator[str]:
    """Why the objects of a class can't be read-only, as far as its module shows it, a sentence each.

    Args:
        node: the class.
        fields: the attributes that others may set now.
        code: the analysis.
    """
    names = {method.name for method in methods(node)}
    for name in ("__setattr__", "__delattr__", "__setstate__", "__getattr__", "__del__"):
        if name in names:
            yield f"It defines `{name}`."
    for write in sorted(code.ask(classes.own_writes, node.name), key=str):
        if write.method != "__init__":
            yield f"Its method `{write.method}` sets or deletes `{write.attribute}`."
    subclasses = [subclass.name for subclass in code.ask(classes.subclasses, node.name)]
    for write in sorted(code.ask(classes.writes, tuple(fields)), key=str):
        if write.owner is None:
            yield f"This module sets or deletes an attribute `{write.attribute}`, perhaps of one of its objects."
        elif write.owner in subclasses:
            yield f"Its subclass `{write.owner}` sets `{write.attribute}`."
    for word in sorted(code.ask(classes.uses, _WRITERS)):
        yield f"This module uses `{word}`, which may change its objects."
    if subclasses:
        yield f"`{subclasses[0]}` inherits from it, and could no longer be a dataclass that is not frozen."
    if other := other_decorators(node, code):
        yield f"The decorator `{other[0]}` may change its objects."


def against_slots(
    node: ast.ClassDef, fields: Sequence[str], code: Analysis, *, has_slots: bool = False
) -> Iterator[str]:
    """Why a class can't have slots that `dataclass` makes, as far as its module shows it, a sentence each.

    Args:
        node: the class.
        fields: what gets a slot.
        code: the analysis.
        has_slots: whether it has `__slots__` now.
    """
    if code.target < (3, 14) and any(
        isinstance(each, ast.Name) and each.id in {"super", "__class__"} for each in walk(node)
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
    for subclass in code.ask(classes.subclasses, node.name)[:1]:
        yield f"`{subclass.name}` inherits from it."
    if not has_slots:
        for write in sorted(code.ask(classes.own_writes, node.name), key=str):
            if write.attribute not in fields:
                yield f"Its method `{write.method}` adds the attribute `{write.attribute}`."
        for word in sorted(code.ask(classes.uses, _NO_SLOTS)):
            yield f"This module uses `{word}`."


@about(lambda class_name: (class_name,))
def reads_of_class(module: Module, class_name: str) -> frozenset[str]:
    """Question: which attributes the module reads from a class itself, and not from its objects."""
    return frozenset(
        use.word
        for statement in module.mentioning(class_name)
        for leaf in statement.parts
        for use in leaf.fact(usage).uses
        if use.act is Act.READS and use.of == class_name
    )


def the_first_of(reasons: Iterable[project_use.Reason]) -> list[str]:
    """What may happen in other files, as sentences: not all of them where there are many."""
    texts = list(dict.fromkeys(reason.text for reason in reasons if not reason.is_certain))
    more = len(texts) - _MOST
    return [*texts[:_MOST], f"There are {more} more such places."] if more > 1 else texts


_MOST: Final = 3


def other_decorators(node: ast.ClassDef, code: Analysis) -> Sequence[str]:
    """The decorators of a class that may look at what it is."""
    return [
        ast.unparse(decorator)
        for decorator in node.decorator_list
        if not code.is_name(decorator.func if isinstance(decorator, ast.Call) else decorator, *_HARMLESS_DECORATORS)
    ]
