"""Which parts of its subject can the pattern of a branch bind to names, in the place of the reads in its body?"""

from __future__ import annotations

import ast
import builtins
import keyword
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis import classes
from idiomatic.core.analysis.chains import What, key_of
from idiomatic.core.analysis.scopes import bound_by
from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.facts import ClassFact
from idiomatic.core.module import about, bindings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis.chains import Chain
    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import FunctionLike
    from idiomatic.core.module import Module

MOST: Final = 3
"""A pattern that binds more names is longer than what it saves."""

_SEEING_ALL: Final = ("builtins.locals", "builtins.vars", "builtins.eval", "builtins.exec")
_LATE: Final = (*FUNCTIONS, ast.Lambda, ast.GeneratorExp, ast.ClassDef)
_CHANGING: Final = frozenset(
    ("pop", "popitem", "update", "setdefault", "clear", "__setitem__", "__delitem__", "move_to_end")
)


class Capture(Struct, frozen=True, eq=False):
    """A part of the subject that gets a name.

    Attributes:
        key: the attribute or key.
        name: the variable.
        reads: what it takes the place of.
        type: what it is declared as, if that is known.
    """

    key: str
    name: str
    reads: tuple[ast.expr, ...]
    type: str = ""


class Fields(Struct, frozen=True):
    """The attributes that all objects of a class have, and that are read without any code running.

    Attributes:
        names: in order.
        types: what they are declared as, in the same order; empty for what is not known.
        is_frozen: whether they never change.
        is_positional: whether `__match_args__` is those names.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    is_frozen: bool
    is_positional: bool


# -- attributes ------------------------------------------------------------------------------------------------------


def captured_attributes(subject: ast.Name, class_: ast.expr, branch: ast.If, code: Analysis) -> Sequence[Capture]:
    """The fields of a dataclass that a branch reads, if all of them can be read when its pattern is tried."""
    function = code.function_around(branch)
    if function is None or not isinstance(function, FUNCTIONS) or (fields := fields_of(class_, code)) is None:
        return ()
    reads: dict[str, list[ast.expr]] = {}
    for node in _walk(branch.body):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if name == subject.id:
                return ()
            case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=context) if name == subject.id:
                if attr in fields.names:
                    if not isinstance(context, ast.Load) or isinstance(code.parent(node), ast.AugAssign):
                        return ()
                    reads.setdefault(attr, []).append(node)
            case _:
                pass
    every = [read for each in reads.values() for read in each]
    if not 0 < len(reads) <= MOST or any(_is_late(read, branch, code) for read in every):
        return ()
    if not fields.is_frozen and not _are_before_calls(every, branch):
        return ()
    order = [*fields.names]
    wanted = {attr: attr for attr in sorted(reads, key=order.index)}
    names = _names(wanted, function, code)
    types = dict(zip(fields.names, fields.types, strict=True))
    return [Capture(attr, names[attr], tuple(reads[attr]), types[attr]) for attr in wanted] if names else ()


def fields_of(class_: ast.expr, code: Analysis) -> Fields | None:
    """The fields of a dataclass or named tuple of this file, or of a dataclass of the project."""
    if not isinstance(class_, ast.Name | ast.Attribute):
        return None
    if isinstance(class_, ast.Name) and code.local_bindings(class_) is None and code.ask(fields_in_file, class_.id):
        return code.ask(fields_in_file, class_.id)
    match code.definition(class_):
        case ClassFact(bases=(), keywords=(), decorators=[decorator]) as found if (
            decorator.partition("(")[0].rpartition(".")[2] == "dataclass"
            and code.qualified_name(class_) is not None
            and not any(each.name.startswith("__getattr") for each in found.methods)
        ):
            methods = {method.name for method in found.methods}
            names = tuple(name for name in found.attributes if name not in methods)
            return Fields(names, ("",) * len(names), "frozen=True" in decorator, is_positional=False)
        case _:
            return None


@about(lambda name: (name,))
def fields_in_file(module: Module, name: str) -> Fields | None:
    """Question: the fields of a class of this file, if it is a dataclass or a named tuple that nothing is odd about."""
    if len(module.ask(bindings, name)) != 1 or any(
        each.has_constructor for each in module.ask(classes.subclasses, name)
    ):
        return None
    for statement in module.statements:
        if statement.mentions(name):
            for binding in bound_by(statement, name):
                if isinstance(binding.node, ast.ClassDef):
                    return _read(binding.node, module)
    return None


def _read(class_: ast.ClassDef, module: Module) -> Fields | None:
    inherited: dict[str, str] = {}
    is_frozen = True
    is_positional = True
    bases = [each for each in classes.base_names(class_) if each not in {"object", "Generic", "ABC", "Protocol"}]
    if bases != ["NamedTuple"]:
        if (options := _options(class_)) is None:
            return None
        for base in bases:
            module.also_about(base)
            found = module.ask(fields_in_file, base)
            if found is None:
                return None
            inherited |= zip(found.names, found.types, strict=True)
            is_frozen = is_frozen and found.is_frozen
            is_positional = is_positional and found.is_positional
        is_frozen = "frozen" in options
        is_positional = is_positional and not options & {"kw_only", "match_args"}
    own: dict[str, str] = {}
    for member in class_.body:
        match member:
            case ast.AnnAssign(target=ast.Name(id="_")):
                is_positional = False
            case ast.AnnAssign(target=ast.Name(id=field), annotation=annotation, value=value):
                shown = ast.unparse(annotation)
                if "ClassVar" in shown or "InitVar" in shown:
                    continue
                if isinstance(value, ast.Call) and any(each.arg in {"init", "kw_only"} for each in value.keywords):
                    is_positional = False
                    continue
                own[field] = shown
            case ast.FunctionDef(name=method) | ast.AsyncFunctionDef(name=method):
                if method in {"__init__", "__new__", "__getattr__", "__getattribute__", *own, *inherited}:
                    return None
            case ast.Assign(targets=[ast.Name(id=name)]):
                if name == "__match_args__":
                    is_positional = False
                elif name in {*own, *inherited}:
                    return None
            case _:
                pass
    fields = inherited | own
    return Fields(tuple(fields), tuple(fields.values()), is_frozen, is_positional)


def _options(class_: ast.ClassDef) -> set[str] | None:
    """The options of the `dataclass` decorator that are not switched off; `None` if that is not its only decorator."""
    match class_.decorator_list:
        case [ast.Name(id="dataclass") | ast.Attribute(attr="dataclass")]:
            return set()
        case [ast.Call(func=ast.Name(id="dataclass") | ast.Attribute(attr="dataclass"), keywords=keywords)]:
            # `match_args=False` counts as something to be careful with.
            return {
                each.arg or "**"
                for each in keywords
                if each.arg == "match_args" or not (isinstance(each.value, ast.Constant) and each.value.value is False)
            }
        case _:
            return None


def _are_before_calls(reads: Sequence[ast.expr], branch: ast.If) -> bool:
    """Whether nothing that might change the object runs before the last of the reads."""
    order = [node for statement in branch.body for node in _in_order_of_evaluation(statement)]
    calls = [index for index, node in enumerate(order) if isinstance(node, _RUNNING)]
    if not calls:
        return True
    if any(isinstance(node, ast.For | ast.While | ast.AsyncFor) for node in order):
        return False
    return max(order.index(read) for read in reads) < calls[0]


_RUNNING: Final = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.With, ast.AsyncWith, ast.Delete)


def _in_order_of_evaluation(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement, roughly as they are evaluated: what is inside first, the value before the target."""
    match node:
        case ast.Assign(targets=targets, value=value):
            children: list[ast.AST] = [value, *targets]
        case _:
            children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.With | ast.AsyncWith | ast.For | ast.While | ast.AsyncFor):
        yield node
    for child in children:
        yield from _in_order_of_evaluation(child)
    if not isinstance(node, ast.With | ast.AsyncWith | ast.For | ast.While | ast.AsyncFor):
        yield node


# -- keys ------------------------------------------------------------------------------------------------------------


class Shape(Struct, frozen=True, eq=False):
    """A chain that tells dictionaries apart by the value of one key, and reads others.

    Attributes:
        owner: the dictionary.
        tag: the key.
        captures: what each branch reads, by its `if`.
    """

    owner: ast.expr
    tag: ast.Constant
    captures: Mapping[ast.If, Sequence[Capture]]


def shape_of(chain: Chain, code: Analysis) -> Shape | None:
    """The dictionaries that a chain is about, if most of its branches read other keys."""
    match chain.subject:
        case ast.Subscript(value=owner, slice=ast.Constant(value=str()) as tag):
            pass
        case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str()) as tag, *_]):
            pass
        case _:
            return None
    plain = (What.LITERAL, What.VALUE)
    if any(branch.is_loose or any(each.what not in plain for each in branch.alternatives) for branch in chain.branches):
        return None
    if not _may_be_dictionary(owner, code):
        return None
    captures = {
        branch.node: found
        for branch in chain.branches
        # A name that is bound stays bound when the guard is false.
        if not branch.guards and (found := captured_keys(owner, str(tag.value), branch.node, code))
    }
    return Shape(owner, tag, captures) if len(captures) * 2 >= len(chain.branches) else None


def _may_be_dictionary(owner: ast.expr, code: Analysis) -> bool:
    """Whether nothing speaks against it: of a `TypedDict`, type checkers see less in a mapping pattern."""
    match owner:
        case ast.Name():
            match code.local_bindings(owner):
                case [binding] if isinstance(binding.node, ast.arg) and binding.node.annotation is not None:
                    annotation = binding.node.annotation
                    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
                    return code.is_name(base, *_DICTIONARIES)
                case _:
                    return True
        case _:
            return isinstance(owner, ast.Attribute)


_DICTIONARIES: Final = (
    *("builtins.dict", "collections.abc.Mapping", "collections.abc.MutableMapping", "builtins.object"),
    *("typing.Dict", "typing.Mapping", "typing.MutableMapping", "typing.Any"),
)


def captured_keys(owner: ast.expr, tag: str, branch: ast.If, code: Analysis) -> Sequence[Capture]:
    """The keys of a dictionary that a branch reads in any case, except the one that was asked for."""
    function = code.function_around(branch)
    key = key_of(owner)
    if function is None or not isinstance(function, FUNCTIONS):
        return ()
    reads: dict[str, list[ast.expr]] = {}
    for node in _walk(branch.body):
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()) if (
                key_of(node) == key
            ):
                return ()
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()) if key_of(value) == key:
                return ()
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _CHANGING and key_of(value) == key:
                return ()
            case ast.AugAssign(target=target) if key_of(target) == key or (
                isinstance(target, ast.Subscript) and key_of(target.value) == key
            ):
                return ()
            case ast.Subscript(value=value, slice=ast.Constant(value=str() as read)) if (
                key_of(value) == key and read != tag
            ):
                reads.setdefault(read, []).append(node)
            case _:
                pass
    sure = {
        read: nodes
        for read, nodes in reads.items()
        if any(_is_sure(node, branch, code) for node in nodes) and not any(_is_late(n, branch, code) for n in nodes)
    }
    if not 0 < len(sure) <= MOST + 1:
        return ()
    names = _names({read: read for read in sure}, function, code)
    return [Capture(read, names[read], tuple(nodes)) for read, nodes in sure.items()] if names else ()


def _is_sure(node: ast.expr, branch: ast.If, code: Analysis) -> bool:
    """Whether an expression is evaluated whenever the branch is taken."""
    child: ast.AST = node
    for parent in code.ancestors(node):
        if parent is branch:
            before = branch.body[: branch.body.index(child)] if isinstance(child, ast.stmt) else []
            leaving = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Yield, ast.YieldFrom, ast.Await)
            return not any(isinstance(each, leaving) for statement in before for each in ast.walk(statement))
        match parent:
            case ast.If(test=first) | ast.While(test=first) | ast.For(iter=first) | ast.IfExp(test=first):
                if child is not first:
                    return False
            case ast.BoolOp(values=[first, *_]):
                if child is not first:
                    return False
            case ast.comprehension() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                return False
            case ast.Try() | ast.TryStar() | ast.With() | ast.AsyncWith() | ast.Match() | ast.AsyncFor():
                return False
            case ast.Compare(left=left, comparators=[second, *_]):
                if child is not left and child is not second:
                    return False
            case _:
                pass
        child = parent
    return False


# -- both ------------------------------------------------------------------------------------------------------------


def _walk(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    return (node for statement in body for node in ast.walk(statement))


def _is_late(node: ast.expr, branch: ast.If, code: Analysis) -> bool:
    """Whether an expression may be evaluated when the branch is long done."""
    for parent in code.ancestors(node):
        if parent is branch:
            return False
        if isinstance(parent, _LATE):
            return True
    return True


def _names(wanted: Mapping[str, str], function: FunctionLike, code: Analysis) -> Mapping[str, str]:
    """A name for each part that nothing else in the function has; nothing if there isn't one for all of them."""
    taken = _taken(function)
    if any(isinstance(node, ast.Call) and code.is_name(node.func, *_SEEING_ALL) for node in ast.walk(function)):
        return {}
    names: dict[str, str] = {}
    for part, name in wanted.items():
        reserved = keyword.iskeyword(name) or hasattr(builtins, name) or name in {"match", "case"}
        names[part] = f"{name}_" if reserved else name
    is_free = all(name.isidentifier() and name not in taken and name != "_" for name in names.values())
    return names if is_free and len(set(names.values())) == len(names) else {}


def _taken(function: FunctionLike) -> set[str]:
    """All names that a function uses, in nested functions, too."""
    found: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                found.add(name)
            case ast.AsyncFunctionDef(name=name) | ast.alias(asname=str(name)) | ast.alias(name=name):
                found.add(name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
            case _:
                pass
    return found
