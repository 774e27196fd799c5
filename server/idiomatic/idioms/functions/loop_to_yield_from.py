"""Hand on all items of another iterable with `yield from` instead of a loop.

## Why
A loop that does nothing but yield what it gets says in two lines and with a variable what `yield from` says in one
expression. `yield from` is also what delegating to another generator takes: what is sent to or thrown into this one
reaches that one, and when this one is closed, that one is too.

## Example
```python
def walk(node):
    yield node
    for child in node.children:
        for each in walk(child):
            yield each
```
becomes
```python
def walk(node):
    yield node
    for child in node.children:
        yield from walk(child)
```

## Fix safety
Safe where the items come from a collection, from an iterator that can't be closed (`zip`, `map`, `itertools`), or from
a generator that is made right there.

Unsafe:
- the iterable may be a file, a generator or something else with a `close` method that others hold, too: it is closed
  when this generator is left early;
- the generator is sent to or thrown into, or has a decorator that may do that: the other one gets what is meant
  for this one, and a collection can't be sent to;
- the loop takes pairs apart and yields new tuples: what is yielded now are the items themselves.

Not found where the loop variable is used anywhere afterwards, in asynchronous generators, for loops with an `else`, and
below a comment about `yield from`. Nor in the `__iter__` of a class that has a `close`, over what it may close there.

## References
- [PEP 380: syntax for delegating to a subgenerator](https://peps.python.org/pep-0380/)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.flow import is_read_after
from idiomatic.core.analysis.tool_comments import first_tool_comment
from idiomatic.core.analysis.tree import tree, walk_own
from idiomatic.core.facts import FunctionFact
from idiomatic.core.idiom import Finding, Fix, Kind, safe_unless
from idiomatic.core.module import about
from idiomatic.core.writing.comments import comment_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

KIND = Kind.IDIOM
SINCE = (3, 3)
TRIGGERS = ("yield",)
ALSO = ("UP028",)

DEPTH: Final = 4
"""How many assignments are followed."""
TUPLES: Final = ("builtins.zip", "builtins.enumerate")
PLAIN_CALLS: Final = frozenset(
    f"builtins.{name}"
    for name in (
        *("list", "tuple", "set", "frozenset", "dict", "sorted", "range", "reversed", "enumerate", "zip", "map"),
        *("filter", "str", "bytes", "bytearray", "dir", "vars"),
    )
)
"""What gives a collection, or an iterator without a `close`."""
MADE_CALLS: Final = frozenset(("os.walk", "os.fwalk", "glob.iglob", "ast.walk", "ast.iter_child_nodes"))
"""What gives a new generator."""
PLAIN_METHODS: Final = frozenset(("items", "keys", "values", "split", "rsplit", "splitlines", "partition"))
PLAIN_TYPES: Final = frozenset(
    (
        *("list", "tuple", "set", "frozenset", "dict", "str", "bytes", "List", "Tuple", "Set", "FrozenSet", "Dict"),
        *("Sequence", "MutableSequence", "Mapping", "MutableMapping", "Collection", "AbstractSet", "range", "deque"),
    )
)
HARMLESS: Final = (
    "builtins.staticmethod",
    "builtins.classmethod",
    "builtins.property",
    "abc.abstractmethod",
    "typing.final",
    "typing.override",
    "typing_extensions.override",
    "pytest.fixture",
    "pytest.hookimpl",
)


def detect(loop: ast.For, code: Analysis) -> Iterator[Finding]:
    match loop:
        # for item in items: yield item
        case ast.For(
            target=ast.Name(id=name), body=[ast.Expr(value=ast.Yield(value=ast.Name(id=given)))], orelse=[]
        ) if name == given:
            names = [name]
        # for key, value in pairs: yield key, value
        case ast.For(
            target=ast.Tuple(elts=elements), body=[ast.Expr(value=ast.Yield(value=ast.Tuple(elts=again)))], orelse=[]
        ) if all(isinstance(each, ast.Name) for each in elements) and [*map(ast.unparse, elements)] == [
            *map(ast.unparse, again)
        ]:
            names = [ast.unparse(each) for each in elements]
        case _:
            return
    function = code.function_around(loop)
    if not isinstance(function, ast.FunctionDef) or any(_is_used(name, loop, function, code) for name in names):
        return
    if (
        _comments_clash(loop, code)
        or "yield from" in _comments_above(loop, code)
        or _closes_itself(loop, function, code)
    ):
        return
    reasons = list(_reasons(loop, function, code))
    consequence = f" ({reasons[0][1]})" if reasons else ""
    verdict = safe_unless(reason for reason, _ in reasons)
    fix = Fix(f"Use `yield from`{consequence}", verdict, code.lines(loop), partial(to_yield_from, loop))
    yield Finding(loop.body[0], "A loop that only yields its items can be a `yield from`", (fix,), about=loop)


def _is_used(name: str, loop: ast.For, function: ast.FunctionDef, code: Analysis) -> bool:
    """Whether the loop variable is more than that: read afterwards, by a nested function, or not local at all."""
    owner = code.scope_made_by(function)
    if code.scope(loop).lookup(name) is not owner or is_read_after(code, loop, name):
        return True
    return any(code.function_around(use) is not function for use in code.uses(name, function, owner))


def _comments_clash(loop: ast.For, code: Analysis) -> bool:
    """Whether more than one line has a comment, and one is meant for a tool: they can't all stay on their lines."""
    first, last = code.statement.first_line(loop), code.statement.end_line(loop)
    if first_tool_comment(code, first, last) is None:
        return False
    return sum("#" in code.statement.lines.line(line) for line in range(first, last + 1)) > 1


def _closes_itself(loop: ast.For, function: ast.FunctionDef, code: Analysis) -> bool:
    """Whether it is the `__iter__` over an attribute of an object that has a `close`: that decides when to close it."""
    match loop.iter:
        case ast.Attribute(value=ast.Name() as receiver) if function.name == "__iter__":
            class_ = code.class_of_self(receiver)
            return class_ is not None and any(
                isinstance(each, ast.FunctionDef) and each.name in {"close", "__exit__"} for each in class_.body
            )
        case _:
            return False


def _comments_above(loop: ast.For, code: Analysis) -> str:
    """The comment right above a loop: it may say why it is one."""
    line, found = code.statement.first_line(loop) - 1, ""
    while line >= 0 and (text := code.statement.lines.line(line).strip()).startswith("#"):
        line, found = line - 1, f"{text}\n{found}"
    return found


# -- what may change --------------------------------------------------------------------------------------------------


def _reasons(loop: ast.For, function: ast.FunctionDef, code: Analysis) -> Iterator[tuple[str, str]]:
    """Why it is not the same, each with its consequence in a few words."""
    shown = _short(loop.iter)
    if isinstance(loop.target, ast.Tuple) and not _gives_tuples(loop, code):
        yield "The items are yielded as they are; the loop makes a new tuple of each.", "yields the items themselves"
    if _is_driven(function, code):
        yield (
            f"What is sent to or thrown into this generator goes to {shown}, which has to be a generator then.",
            "delegates what is sent",
        )
    if not _is_made_here(loop.iter, code) and not _is_plain(loop.iter, code):
        yield (
            f"Where this generator is left early, {shown} is closed too, if it is a generator, a file or the like: "
            "nothing else can read on from it.",
            "may close the iterator early",
        )


def _short(iterable: ast.expr) -> str:
    source = ast.unparse(iterable)
    return f"`{source}`" if len(source) <= 40 else "what it iterates over"


def _gives_tuples(loop: ast.For, code: Analysis) -> bool:
    """Whether every item is a tuple of just this length."""
    match loop.iter, loop.target:
        case ast.Call(func=function, args=args, keywords=[]), ast.Tuple(elts=targets):
            if any(isinstance(each, ast.Starred) for each in args):
                return False
            name = code.qualified_name(function)
            return name in TUPLES and len(targets) == (len(args) if name == "builtins.zip" else 2)
        case _:
            return False


def _is_driven(function: ast.FunctionDef, code: Analysis) -> bool:
    """Whether values are sent to the generator, or exceptions thrown into it, or who knows."""
    for node in walk_own(function):
        if isinstance(node, ast.Yield) and not isinstance(code.parent(node), ast.Expr):
            return True
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if not code.is_name(called, *HARMLESS):
            return True
    return code.ask(is_driven, function.name)


@about(lambda name: (name, ".send", ".throw"))
def is_driven(module: Module, name: str) -> bool:
    """Question: whether `send` or `throw` is called on what a function of this name gives."""
    driven = {each for statement in module.statements for each in statement.fact(_driven)}
    if not driven:
        return False
    made = {each for statement in module.mentioning(name) for each in statement.fact(_made)}
    return name in driven or any((target, name) in made for target in driven)


def _driven(statement: Statement) -> frozenset[str]:
    """What `send` or `throw` is called on: the names of the functions that give it, or what they are assigned to."""
    if ".send" not in statement.text and ".throw" not in statement.text:
        return frozenset()
    attributes = (each for each in statement.fact(tree).of(ast.Attribute) if each.attr in {"send", "throw"})
    return frozenset(_called(each.value) or ast.unparse(each.value) for each in attributes)


def _made(statement: Statement) -> frozenset[tuple[str, str]]:
    """What is assigned the result of a call, with the last name of the function."""
    return frozenset(
        (ast.unparse(target), name)
        for assignment in statement.fact(tree).of(ast.Assign)
        if (name := _called(assignment.value)) is not None
        for target in assignment.targets
    )


def _called(value: ast.expr) -> str | None:
    match value:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name
        case _:
            return None


def _is_made_here(iterable: ast.expr, code: Analysis) -> bool:
    """Whether it is a new generator, which nothing but the loop holds."""
    match iterable:
        case ast.GeneratorExp():
            return True
        case ast.Call(func=function):
            if code.qualified_name(function) in MADE_CALLS:
                return True
            match code.definition(function):
                case FunctionFact(is_generator=True, is_async=False, decorators=decorators):
                    return set(decorators) <= {"staticmethod", "classmethod"}
                case _:
                    return False
        case _:
            return False


def _is_plain(iterable: ast.expr, code: Analysis, depth: int = DEPTH) -> bool:
    """Whether it is surely a collection, or an iterator that has no `close`."""
    match iterable:
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict() | ast.ListComp() | ast.SetComp() | ast.DictComp():
            return True
        case ast.Constant() | ast.JoinedStr() | ast.BinOp() | ast.Subscript(slice=ast.Slice()):
            return True
        case ast.IfExp(body=one, orelse=other):
            return _is_plain(one, code, depth) and _is_plain(other, code, depth)
        case ast.BoolOp(values=values):
            return all(_is_plain(each, code, depth) for each in values)
        case ast.Call(func=function, args=args):
            name = code.qualified_name(function) or ""
            if name in PLAIN_CALLS or name.startswith("itertools.") or name == "re.finditer":
                return True
            if name == "builtins.iter" and len(args) == 1:
                return _is_plain(args[0], code, depth)
            return isinstance(function, ast.Attribute) and function.attr in PLAIN_METHODS
        case ast.Name() if depth:
            bound = code.local_bindings(iterable) or ()
            return bool(bound) and all(_is_bound_to_plain(each.node, code, depth - 1) for each in bound)
        case _:
            return False


def _is_bound_to_plain(node: ast.AST, code: Analysis, depth: int) -> bool:
    match node:
        case ast.arg(annotation=annotation):
            arguments = code.parent(node)
            if isinstance(arguments, ast.arguments) and node in (arguments.vararg, arguments.kwarg):
                return True
            return _is_plain_type(annotation)
        case ast.Name():
            match code.parent(node):
                case ast.Assign(targets=[target], value=value) if target is node:
                    return _is_plain(value, code, depth)
                # first, second = [], []
                case ast.Tuple(elts=targets) as unpacked:
                    match code.parent(unpacked):
                        case ast.Assign(value=ast.Tuple(elts=values)) if len(values) == len(targets):
                            return _is_plain(values[targets.index(node)], code, depth)
                        case _:
                            return False
                case ast.AnnAssign(annotation=annotation):
                    return _is_plain_type(annotation)
                case ast.AugAssign(target=target):
                    return target is node
                case _:
                    return False
        case _:
            return False


def _is_plain_type(annotation: ast.expr | None) -> bool:
    match annotation:
        case ast.Subscript(value=value):
            return _is_plain_type(value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in PLAIN_TYPES
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return all(_is_plain_type(each) or ast.unparse(each) == "None" for each in (left, right))
        case _:
            return False


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_yield_from(loop: ast.For, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(loop, cst.For)
    iterable = old.iter
    if isinstance(iterable, cst.Tuple) and not iterable.lpar:
        iterable = iterable.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    match old.body:
        # for item in items: yield item
        case cst.SimpleStatementSuite() as suite:
            trailing, above = suite.trailing_whitespace, []
        case cst.IndentedBlock(header=header, body=[cst.SimpleStatementLine() as inner]):
            trailing, above = inner.trailing_whitespace, comment_lines(header, *inner.leading_lines, *inner.body)
            if trailing.comment is None and header.comment is not None and len(above) == 1:
                trailing, above = header, []
        case _:
            msg = "the loop has one statement"
            raise TypeError(msg)
    line = cst.SimpleStatementLine([cst.Expr(cst.Yield(cst.From(iterable)))], [*old.leading_lines, *above], trailing)
    return draft.replaced({old: line})
