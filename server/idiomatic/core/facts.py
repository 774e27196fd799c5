"""What one definition looks like from outside: plain values that can be compared, kept and sent between processes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.surrounding import is_wrapped_in_plain
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idiomatic.core.analysis.tree import Function

_WORD: Final = regex(r"(?<![\w.])[^\W\d]\w*")


class FunctionFact(Struct, frozen=True):
    """A function or method.

    Attributes:
        name: as defined.
        is_async: whether it is an `async def`.
        is_generator: whether its own body yields.
        decorators: their source, without `@`.
        parameters: their names, in order, stars left out.
        returns: the source of the return annotation, if any.
        cleans_up: whether it is an asynchronous generator with something to do when it is closed: it yields inside a
            `with` block or a `try` with a `finally`.
        wraps_plainly: whether it is a decorator whose plain wrapper does something around the calls, see `surrounding`.
    """

    name: str
    is_async: bool
    is_generator: bool
    decorators: tuple[str, ...]
    parameters: tuple[str, ...]
    returns: str | None
    cleans_up: bool = False
    wraps_plainly: bool = False

    @property
    def is_coroutine(self) -> bool:
        """Whether calling it gives a coroutine: nothing is known of what an unknown decorator makes of it."""
        return self.is_async and not self.is_generator and set(self.decorators) <= {"staticmethod", "classmethod"}


class MemberFact(Struct, frozen=True):
    """An annotated attribute of a class.

    Attributes:
        name: of the attribute.
        annotation: its source.
        value: the source of its value, if it has one; `...` for a long one.
    """

    name: str
    annotation: str
    value: str | None


class ClassFact(Struct, frozen=True):
    """A class.

    Attributes:
        name: as defined.
        bases: the source of its base classes.
        keywords: the names of its keyword arguments (`metaclass`...).
        decorators: their source, without `@`.
        methods: the functions of its body, in order.
        attributes: the names its body assigns or annotates.
        members: of a class with decorators, which may make something of them, the annotated attributes.
        origins: of a class with decorators at module level, the imported names that the decorators and the members
            begin with, each with its full dotted name.
    """

    name: str
    bases: tuple[str, ...]
    keywords: tuple[str, ...]
    decorators: tuple[str, ...]
    methods: tuple[FunctionFact, ...]
    attributes: tuple[str, ...]
    members: tuple[MemberFact, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()

    def method(self, name: str) -> FunctionFact | None:
        """The last method of this name: the one that counts."""
        return next((method for method in reversed(self.methods) if method.name == name), None)


def parameter_names(arguments: ast.arguments) -> tuple[str, ...]:
    """The names of all parameters, in order, those of `*args` and `**kwargs` included."""
    return tuple(argument.arg for argument in parameters(arguments))


def parameters(arguments: ast.arguments) -> Iterable[ast.arg]:
    """All parameters in the order in which they are written."""
    yield from arguments.posonlyargs
    yield from arguments.args
    if arguments.vararg:
        yield arguments.vararg
    yield from arguments.kwonlyargs
    if arguments.kwarg:
        yield arguments.kwarg


def is_generator(function: Function | ast.Lambda) -> bool:
    """Whether a function's own body yields."""
    body: list[ast.stmt] | list[ast.expr] = function.body if isinstance(function.body, list) else [function.body]
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in walk_block(body))


def function_fact(function: Function, *, may_yield: bool = True) -> FunctionFact:
    """The fact of a function definition.

    Args:
        function: the definition.
        may_yield: false if the word `yield` is nowhere in its text: to look for it takes most of the time.
    """
    is_async, yields = isinstance(function, ast.AsyncFunctionDef), may_yield and is_generator(function)
    return FunctionFact(
        function.name,
        is_async,
        yields,
        tuple(ast.unparse(decorator) for decorator in function.decorator_list),
        parameter_names(function.args),
        ast.unparse(function.returns) if function.returns else None,
        is_async and yields and any(map(_cleans_up, walk_block(function.body))),
        is_wrapped_in_plain(function),
    )


def _cleans_up(node: ast.AST) -> bool:
    """Whether leaving a statement that yields sets something off."""
    match node:
        case ast.With(body=body) | ast.AsyncWith(body=body):
            inside: list[ast.stmt] = body
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=[_, *_]):
            inside = [*body, *(each for handler in handlers for each in handler.body), *orelse]
        case _:
            return False
    return any(isinstance(each, ast.Yield) for each in walk_block(inside))


def method_facts(members: Iterable[ast.stmt], *, may_yield: bool = True) -> tuple[FunctionFact, ...]:
    """The facts of the functions among the members of a class; see `function_fact`."""
    return tuple(function_fact(member, may_yield=may_yield) for member in members if isinstance(member, FUNCTIONS))


def class_fact(
    node: ast.ClassDef, methods: tuple[FunctionFact, ...] | None = None, *, may_yield: bool = True
) -> ClassFact:
    """The fact of a class definition.

    Args:
        node: the class.
        methods: its methods, if they are known already.
        may_yield: see `function_fact`.
    """
    attributes: list[str] = []
    members: list[MemberFact] = []
    for statement in node.body:
        match statement:
            case ast.Assign(targets=targets):
                attributes += [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                attributes.append(name)
                if node.decorator_list:
                    members.append(MemberFact(name, ast.unparse(annotation), _short(value) if value else None))
            case _:
                pass
    return ClassFact(
        node.name,
        tuple(ast.unparse(base) for base in node.bases),
        tuple(keyword.arg or "**" for keyword in node.keywords),
        tuple(ast.unparse(decorator) for decorator in node.decorator_list),
        method_facts(node.body, may_yield=may_yield) if methods is None else methods,
        tuple(attributes),
        tuple(members),
    )


def _short(value: ast.expr) -> str:
    """The source of a value that says by itself what it is; `...` for a display or an operation."""
    return ast.unparse(value) if isinstance(value, ast.Call | ast.Name | ast.Attribute) else "..."


def words(fact: ClassFact) -> frozenset[str]:
    """The names that may decide what a class with decorators is: see `ClassFact.origins`."""
    texts = [*fact.decorators, *(text for member in fact.members for text in (member.annotation, member.value or ""))]
    return frozenset(name for text in texts for name in _WORD.findall(text))
