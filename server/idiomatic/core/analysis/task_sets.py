"""Where can running tasks be held: in a set of the object, or of the module?"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.code import is_method
from idiomatic.core.analysis.exceptions import builtin_is_visible
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.module import bindings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


SET: Final = "background_tasks"


class Home(Struct, frozen=True):
    """Where an object holds its tasks.

    Attributes:
        receiver: the name of `self` in the method.
        attribute: of the set.
        exists: whether it is there already.
        init: the `__init__` that makes it; `None` if there is none yet.
    """

    class_: ast.ClassDef
    receiver: str
    attribute: str
    exists: bool
    init: ast.FunctionDef | None


def home_of(statement: ast.stmt, code: Analysis) -> Home | None:
    """Where the object whose method a statement is in can hold a task; `None` if it can't, or there is none."""
    functions = (each for each in code.ancestors(statement) if isinstance(each, FUNCTIONS))
    method = next((each for each in functions if is_method(code, each)), None)
    if method is None:
        return None
    class_ = code.parent(method)
    arguments = [*method.args.posonlyargs, *method.args.args]
    assert isinstance(class_, ast.ClassDef)
    if not arguments or _has_other_self(method, arguments[0].arg, statement, code):
        return None
    receiver = arguments[0].arg
    inits = [each for each in class_.body if isinstance(each, FUNCTIONS) and each.name == "__init__"]
    init = inits[0] if len(inits) == 1 and isinstance(inits[0], ast.FunctionDef) else None
    if init is not None and (known := _known_set(class_, init)) is not None:
        return Home(class_, receiver, known, exists=True, init=init)
    if not _may_get_attributes(class_, code) or (inits and init is None):
        return None
    if init is not None and (init.decorator_list or not [*init.args.posonlyargs, *init.args.args]):
        return None
    if init is None and (class_.bases or class_.keywords or _is_for_tests(class_)):
        return None
    return Home(class_, receiver, _free_attribute(class_, code), exists=False, init=init)


def _has_other_self(method: Function, receiver: str, statement: ast.stmt, code: Analysis) -> bool:
    """Whether the first parameter is no object, or no longer, at a statement."""
    for decorator in method.decorator_list:
        if code.is_name(decorator, "builtins.staticmethod", "builtins.classmethod"):
            return True
    scope = code.scope(statement).lookup(receiver)
    return (
        scope is None
        or scope.node is not method
        or len(scope.bindings[receiver]) != 1
        or method.name in {"__new__", "__init_subclass__", "__class_getitem__", "__del__"}
    )


def _known_set(class_: ast.ClassDef, init: ast.FunctionDef) -> str | None:
    """The attribute that `__init__` makes a set and that holds tasks already."""
    for node in walk_block(init.body):
        match node:
            case (
                ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=attr)], value=value)
                | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=attr), value=ast.expr() as value)
            ) if owner == init.args.args[0].arg and _is_empty_set(value):
                if _is_for_tasks(attr, node) and node in init.body:
                    return attr
            case _:
                pass
    return None


def _is_empty_set(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="set"), args=[], keywords=[]):
            return True
        case _:
            return False


def _is_for_tasks(name: str, assignment: ast.stmt) -> bool:
    """Whether a set is, by its name or annotation, one of tasks."""
    match assignment:
        case ast.AnnAssign(annotation=annotation):
            return re.search(r"\b(?:Task|Future)\b", ast.unparse(annotation)) is not None
        case _:
            return re.fullmatch(r"_*(?:\w+_)?tasks", name) is not None


def _is_for_tests(class_: ast.ClassDef) -> bool:
    """Whether pytest may collect a class, which it does only without an `__init__`."""
    return class_.name.startswith("Test") or any(
        isinstance(each, FUNCTIONS) and each.name.startswith("test") for each in class_.body
    )


_RULED_ATTRIBUTES: Final = frozenset({"__slots__", "__setattr__", "__getattr__", "__getattribute__"})


def _may_get_attributes(class_: ast.ClassDef, code: Analysis) -> bool:
    """Whether a class takes new attributes as any ordinary class does."""
    for each in class_.body:
        match each:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)) if name in _RULED_ATTRIBUTES:
                return False
            case ast.Assign(targets=targets) if any(
                isinstance(target, ast.Name) and target.id in _RULED_ATTRIBUTES for target in targets
            ):
                return False
            case _:
                pass
    return not class_.decorator_list and builtin_is_visible(code, "set", class_.body[0])


def _free_attribute(class_: ast.ClassDef, code: Analysis) -> str:
    return next(
        name
        for name in (f"_{SET}", "_running_tasks", *(f"_{SET}_{number}" for number in range(2, 100)))
        if not code.ask(mentions, name)
    )


_PLAIN_BASES: Final = ("builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol")


_COPYING: Final = ("pickle", "deepcopy", "__getstate__", "__reduce__", "__reduce_ex__", "__deepcopy__")


def against_attribute(home: Home, code: Analysis) -> Iterator[str]:
    """What may go wrong when the objects of a class get a set of tasks."""
    for base in home.class_.bases:
        bare = base.value if isinstance(base, ast.Subscript) else base
        if code.is_name(bare, *_PLAIN_BASES):
            continue
        if not (isinstance(bare, ast.Name) and code.ask(is_plain_class, bare.id)):
            shown = ast.unparse(bare)
            yield f"What `{shown}` does with attributes can't be seen: it may have a `{home.attribute}` too."
    for name in code.ask(subclasses_without_super, home.class_.name):
        yield f"`{name}` does not call the `__init__` of its base class: its objects would lack the set."
    if any(code.ask(mentions, word) for word in _COPYING):
        yield "An object that holds a running task can't be pickled or deep-copied."


def is_plain_class(module: Module, name: str) -> bool:
    """Question: whether a class is in this file and, like its bases, takes attributes as any ordinary class does."""
    seen: set[str] = set()
    wanted = [name]
    while wanted:
        current = wanted.pop()
        if current in seen or current in {"object", "ABC", "Generic"}:
            continue
        seen.add(current)
        found = [
            fact
            for statement in module.statements
            if statement.mentions(current) and (fact := statement.fact(_bases).get(current)) is not None
        ]
        if len(found) != 1 or found[0] is None:
            return False
        wanted += found[0]
    return True


def _bases(statement: Statement) -> dict[str, tuple[str, ...] | None]:
    """The base classes of the classes at module level, by name; `None` for one that is anything but ordinary."""
    found: dict[str, tuple[str, ...] | None] = {}
    for node in statement.nodes:
        if isinstance(node, ast.ClassDef):
            named = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
            is_plain = (
                not node.keywords and not node.decorator_list and all(isinstance(each, ast.Name) for each in named)
            )
            text = ast.unparse(node)
            ruled = any(f"def {each}(" in text or f"{each} =" in text for each in _RULED_ATTRIBUTES)
            found[node.name] = tuple(ast.unparse(each) for each in named) if is_plain and not ruled else None
    return found


def subclasses_without_super(module: Module, name: str) -> tuple[str, ...]:
    """Question: the classes of this file that inherit from one and have an `__init__` that does not call the other."""
    return tuple(
        subclass
        for statement in module.statements
        if statement.mentions(name) and statement.mentions("__init__")
        for subclass, bases in statement.fact(_without_super)
        if name in bases
    )


def _without_super(statement: Statement) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for node in statement.nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                calls = any(isinstance(part, ast.Attribute) and part.attr == "__init__" for part in ast.walk(each))
                if not calls:
                    found.append((node.name, tuple(ast.unparse(base) for base in node.bases)))
    return tuple(found)


def set_of_module(code: Analysis, at: ast.AST) -> tuple[str, bool]:
    """The name of the module's set of tasks as it is seen at a place, and whether the set is there already."""
    for name in code.ask(sets_of_tasks):
        scope = code.scope(at).lookup(name)
        if scope is not None and scope.parent is None:
            return name, True
    names = (SET, *(f"{SET}_{number}" for number in range(2, 100)))
    return next(name for name in names if not code.ask(mentions, name)), False


def sets_of_tasks(module: Module) -> tuple[str, ...]:
    """Question: the variables at module level that are assigned one empty set, of tasks by their name or annotation."""
    found: list[str] = []
    for statement in module.statements:
        for node in statement.nodes if statement.mentions("set(") else ():
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ) if _is_empty_set(value) and _is_for_tasks(name, node) and len(module.ask(bindings, name)) == 1:
                    found.append(name)
                case _:
                    pass
    return tuple(found)
