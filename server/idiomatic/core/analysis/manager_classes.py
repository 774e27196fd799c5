"""Which classes are context managers and nothing else, and what would their attributes be called as variables?"""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.constructors import without_docstring
from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.facts import parameters

if TYPE_CHECKING:
    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function


BASES: Final = (
    "builtins.object",
    "contextlib.AbstractContextManager",
    "contextlib.AbstractAsyncContextManager",
    "typing.ContextManager",
    "typing.AsyncContextManager",
)


class Manager(Struct, frozen=True, eq=False):
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
        return isinstance(self.returned, ast.Name) and self.returned.id == receiver_of(self.enter)


def manager_of(class_: ast.ClassDef, code: Analysis) -> Manager | None:
    """A class as a context manager; `None` if it is none, or anything else besides."""
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


def receiver_of(method: Function) -> str:
    """What a method calls its object."""
    return method.args.args[0].arg


def names_of_attributes(manager: Manager, code: Analysis) -> Mapping[str, str] | None:
    """The local variables for its attributes; `None` if there are no free names for them."""
    attributes: dict[str, None] = {}
    used: set[str] = {manager.class_.name}
    for method in manager.methods:
        own = receiver_of(method)
        for node in walk_block(method.body):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == own:
                    attributes[attr] = None
                case ast.Name(id=name) if name != own:
                    used.add(name)
                case _:
                    pass
    given = {each.arg for each in parameters(manager.constructor.args)} if manager.constructor is not None else set()
    shared = stored_parameters(manager)
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


def stored_parameters(manager: Manager) -> Mapping[str, ast.stmt]:
    """The attributes that are nothing but a parameter of the same name, with the statements that say so."""
    if manager.constructor is None:
        return {}
    own = receiver_of(manager.constructor)
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
