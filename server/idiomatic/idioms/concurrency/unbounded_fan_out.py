"""Limit with an `asyncio.Semaphore` how many things of a collection are done at the same time.

## Why
A task for each element is fine for ten elements. For ten thousand it means ten thousand open connections or files at
the same moment: the other side refuses them, the process runs out of file descriptors or memory, and everything times
out together. With a semaphore each waits for its turn; it takes one line to say how many may run at once, and a name to
change it by.

## Example
```python
import asyncio


async def load_all(urls):
    return await asyncio.gather(*[load(url) for url in urls])


async def load(url): ...
```
becomes
```python
import asyncio

MAX_CONCURRENT = 10


async def load_all(urls):
    semaphore = asyncio.Semaphore(MAX_CONCURRENT)

    async def load_limited(url):
        async with semaphore:
            return await load(url)

    return await asyncio.gather(*[load_limited(url) for url in urls])


async def load(url): ...
```

A task group is limited in the same way:
```python
import asyncio


async def store_all(rows):
    async with asyncio.TaskGroup() as tg:
        for row in rows:
            tg.create_task(store(row))


async def store(row): ...
```
becomes
```python
import asyncio

MAX_CONCURRENT = 10


async def store_all(rows):
    semaphore = asyncio.Semaphore(MAX_CONCURRENT)

    async def store_limited(row):
        async with semaphore:
            return await store(row)

    async with asyncio.TaskGroup() as tg:
        for row in rows:
            tg.create_task(store_limited(row))


async def store(row): ...
```

## Fix safety
Unsafe: which limit is right can't be seen, 10 is a beginning. All together take longer, and if they wait for one
another, those inside the limit wait forever. The arguments are evaluated when it is an element's turn. The first action
puts the limit into a constant of the module, the second one makes it a parameter of the function.

Reported where tasks are made for the elements of what the function gets as a parameter or from a call: how many there
are, only the caller or the other side knows. Not reported: collections written in the code, constants, `range`, slices,
batches and chunks; calls that wait, start, stop or clean up; and where the function, or the one that is called, has a
semaphore, a limiter, a lock, a queue or a pool.

Refused: where its statement has no lines of its own, and where the call awaits, yields or assigns something itself.

## References
- [`asyncio.Semaphore`](https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore)
- [Task groups](https://docs.python.org/3/library/asyncio-task.html#task-groups)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.clean_up import is_clean_up
from idiomatic.core.analysis.coroutines import Gives, call_gives
from idiomatic.core.analysis.evaluation import arguments, has_room_above
from idiomatic.core.analysis.group_effects import shown
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.names import last_name
from idiomatic.core.analysis.scopes import BindingKind
from idiomatic.core.analysis.tasks import GATHER, GROUP
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.lazy import regex
from idiomatic.core.module import bindings
from idiomatic.core.writing.arguments import awaited_arguments, dedented, indent_between, start_of
from idiomatic.core.writing.changes import changed, lines_above, whole
from idiomatic.core.writing.names import one_of, snake_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.writing.changes import Change

KIND = Kind.IDIOM
SINCE = (3, 8)
# Below `from asyncio import gather as g`, the name itself is nowhere else.
TRIGGERS = ("gather", "create_task", "await")
ALSO = ()

MESSAGE: Final = "Nothing limits how many of these run at the same time"
CONSTANT_TITLE: Final = "Run at most `{}` of them at the same time (the others wait)"
PARAMETER_TITLE: Final = "Run at most as many at the same time as a new parameter says (the others wait)"
CONSTANT: Final = "MAX_CONCURRENT"
LIMIT: Final = 10


class _Fan(Struct, frozen=True):
    """A call that is made for each element of a collection, all at the same time.

    Attributes:
        function: what is called.
        call: the call; `None` for `map(function, elements)`.
        elements: the collection.
        inside: what repeats it: a comprehension, a loop, or the call of `map`.
        statement: that waits for all of them.
    """

    function: ast.expr
    call: ast.Call | None
    elements: ast.expr
    inside: ast.AST
    statement: ast.stmt


def detect(node: ast.Await | ast.AsyncWith, code: Analysis) -> Iterator[Finding]:
    for place, fan in _fans(node, code):
        around = code.function_around(node)
        if not isinstance(around, ast.AsyncFunctionDef):
            return
        if _is_of_unknown_size(fan.elements, code) and not _is_limited(fan, around, code):
            yield Finding(place, MESSAGE, tuple(_fixes(fan, around, code)))


# -- what is found ----------------------------------------------------------------------------------------------------


def _fans(node: ast.Await | ast.AsyncWith, code: Analysis) -> Iterator[tuple[ast.AST, _Fan]]:
    match node:
        # await asyncio.gather(*[load(url) for url in urls])
        case ast.Await(value=ast.Call(func=ast.Attribute(attr="gather") | ast.Name() as gather, args=arguments)):
            starred = [each for each in arguments if isinstance(each, ast.Starred)]
            for argument in starred if starred and code.is_name(gather, *GATHER) else ():
                if (fan := _starred(argument, node, code)) is not None:
                    yield node, fan
        # async with asyncio.TaskGroup() as tg: for row in rows: tg.create_task(store(row))
        case ast.AsyncWith(items=items):
            for item in items:
                match item:
                    case ast.withitem(context_expr=ast.Call(func=function), optional_vars=ast.Name(id=group)) if (
                        code.is_name(function, *GROUP)
                    ):
                        yield from _of_group(node, group, code)
                    case _:
                        pass
        case _:
            pass


def _starred(argument: ast.expr, place: ast.Await, code: Analysis) -> _Fan | None:
    match argument:
        case ast.Starred(
            value=(
                ast.ListComp(elt=ast.Call(func=function) as call, generators=[ast.comprehension(iter=elements)])
                | ast.GeneratorExp(elt=ast.Call(func=function) as call, generators=[ast.comprehension(iter=elements)])
            ) as inside
        ):
            return _Fan(function, call, elements, inside, code.statement_of(place))
        case ast.Starred(
            value=ast.Call(func=ast.Name() as mapping, args=[function, elements], keywords=[]) as inside
        ) if code.is_name(mapping, "builtins.map") and isinstance(function, ast.Name | ast.Attribute):
            return _Fan(function, None, elements, inside, code.statement_of(place))
        case _:
            return None


def _of_group(block: ast.AsyncWith, group: str, code: Analysis) -> Iterator[tuple[ast.AST, _Fan]]:
    for node in walk_block(block.body):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="create_task"), args=[ast.Call(func=function) as call]
            ) if name == group:
                repeated = _repeated(node, block, code)
                if repeated is not None:
                    inside, elements = repeated
                    yield node, _Fan(function, call, elements, inside, block)
            case _:
                pass


def _repeated(node: ast.AST, block: ast.AsyncWith, code: Analysis) -> tuple[ast.AST, ast.expr] | None:
    """The innermost loop or comprehension of a block around a node, with what it goes over."""
    for each in code.ancestors(node):
        match each:
            case ast.For(iter=elements):
                return each, elements
            case ast.ListComp(generators=[ast.comprehension(iter=elements)]):
                return each, elements
            case ast.AsyncFor() | ast.While() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                return None
            case _ if each is block:
                return None
            case _:
                pass
    return None


_SAME_SIZE: Final = tuple(
    f"builtins.{name}" for name in ("enumerate", "list", "reversed", "set", "sorted", "tuple", "zip")
)
_SMALL: Final = regex(r"(?i)batch|chunk|page|window|worker|shard|slice")


def _is_of_unknown_size(elements: ast.expr, code: Analysis, depth: int = 3) -> bool:
    """Whether only somebody else knows how many elements there are."""
    match elements:
        case ast.Call(func=function, args=[first, *_]) if code.is_name(function, *_SAME_SIZE):
            return _is_of_unknown_size(first, code, depth)
        case ast.Call(func=ast.Attribute(value=value, attr="items" | "keys" | "values"), args=[]):
            return isinstance(value, ast.Name) and _is_of_unknown_size(value, code, depth)
        case ast.Await(value=ast.Call(func=function)) | ast.Call(func=function):
            is_range = code.is_name(function, "builtins.range", "itertools.repeat", "itertools.islice")
            return not is_range and not _SMALL.search(ast.unparse(function))
        case ast.Name(id=name):
            return not _SMALL.search(name) and _isarguments(elements, code, depth)
        case _:
            return False


def _isarguments(name: ast.Name, code: Analysis, depth: int) -> bool:
    """Whether a variable is a parameter of the function, or assigned once what is."""
    bound = code.local_bindings(name)
    if not bound or len(bound) > 1:
        return False
    if bound[0].kind is BindingKind.PARAMETER:
        arg = bound[0].node
        return not (isinstance(code.parent(arg), ast.arguments) and _is_starred(arg, code))
    match code.parent(bound[0].node):
        case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=ast.expr() as value):
            pass
        case _:
            return False
    match value:
        case (
            ast.ListComp(generators=[first, *_])
            | ast.SetComp(generators=[first, *_])
            | ast.DictComp(generators=[first, *_])
        ):
            return depth > 0 and _is_of_unknown_size(first.iter, code, depth - 1)
        case _:
            return depth > 0 and _is_of_unknown_size(value, code, depth - 1)


def _is_starred(arg: ast.AST, code: Analysis) -> bool:
    """Whether it is `*args`, which a caller writes down one by one."""
    arguments = code.parent(arg)
    return isinstance(arguments, ast.arguments) and arg in {arguments.vararg, arguments.kwarg}


_LIMITS: Final = regex(
    r"(?i)semaphore|limiter|limited|rate_?limit|throttl|\bsem\b|concurren|capacity|lock\b|\bqueue\(|queue\.(?:get|put|join)|"
    r"\bpool\b|_pool\b|batch|chunk|islice|parallel"
)
_STEPS: Final = regex(
    r"(?:acquire|cancel|closed|connect|done|finished|ready|disconnect|handle\w*|initiali[sz]e|join|notify\w*|on_\w+|run|set_?up|shut_?down|sleep|start\w*|"
    r"stop\w*|tear_?down|wait\w*|worker\w*|\w+_worker|consume\w*)"
)


def _is_limited(fan: _Fan, around: ast.AsyncFunctionDef, code: Analysis) -> bool:
    """Whether something limits it already, or it is nothing to be limited."""
    name = last_name(fan.function)
    if not name or _STEPS.fullmatch(name.lstrip("_")) or is_clean_up(fan.function):
        return True
    if call_gives(code, fan.function) is Gives.OTHER or code.is_name(fan.function, "asyncio.sleep"):
        return True
    outer = [around, *(each for each in code.ancestors(around) if isinstance(each, FUNCTIONS))]
    if any(_LIMITS.search(code.source(each)) for each in outer):
        return True
    return _callee_is_limited(fan.function, code)


def _callee_is_limited(function: ast.expr, code: Analysis) -> bool:
    match function:
        case ast.Name(id=name) if code.local_bindings(function) is None:
            return code.ask(is_limited_function, name)
        case ast.Attribute(value=ast.Name() as receiver, attr=name) if class_ := code.class_of_self(receiver):
            return any(
                isinstance(each, FUNCTIONS) and each.name == name and bool(_LIMITS.search(code.source(each)))
                for each in class_.body
            )
        case _:
            return False


def is_limited_function(module: Module, name: str) -> bool:
    """Question: whether a function at module level has something that limits how often it runs at the same time."""
    return any(
        isinstance(node, FUNCTIONS) and node.name == name and bool(_LIMITS.search(statement.source(node)))
        for statement in module.mentioning(name)
        for node in statement.nodes
    )


# -- what is offered --------------------------------------------------------------------------------------------------


def _fixes(fan: _Fan, around: ast.AsyncFunctionDef, code: Analysis) -> Iterator[Fix]:
    known = code.ask(is_number, CONSTANT)
    name = CONSTANT if known else next(each for each in _names() if not code.ask(mentions, each))
    title = CONSTANT_TITLE.format(name)
    if (fault := _fault(fan, code)) is not None:
        yield Fix(title, Refused(fault), code.lines(fan.statement))
        return
    reasons = tuple(_reasons(fan, code, None if known else LIMIT))
    where = (fan.statement, fan.statement)
    yield Fix(title, Unsafe(reasons), where, partial(to_limited, fan, constant=name, is_new=not known))
    if around.args.kwarg is None and code.has_own_lines(around):
        more = "The function gets another parameter, which functions that override it, or stand in for it, do not have."
        yield Fix(
            PARAMETER_TITLE, Unsafe((*reasons, more)), (around, around), partial(to_limited, fan, function=around)
        )


def _names() -> Iterator[str]:
    yield CONSTANT
    for number in range(2, 100):
        yield f"{CONSTANT}_{number}"


def is_number(module: Module, name: str) -> bool:
    """Question: whether a variable of the module is assigned once, a positive whole number."""
    if len(module.ask(bindings, name)) != 1:
        return False
    for statement in module.statements:
        for node in statement.nodes if statement.mentions(name) else ():
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=target)], value=ast.Constant(value=int() as value))
                    | ast.AnnAssign(target=ast.Name(id=target), value=ast.Constant(value=int() as value))
                ) if target == name:
                    return value > 0
                case _:
                    pass
    return False


def _fault(fan: _Fan, code: Analysis) -> str | None:
    if not has_room_above(code, fan.statement):
        return "Its statement has no lines of its own, so nothing can stand above it."
    if fan.call is not None and any(
        isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr | ast.Lambda)
        for node in ast.walk(fan.call)
    ):
        return "The call awaits, yields or assigns something itself, which can't be put off."
    return None


def _reasons(fan: _Fan, code: Analysis, limit: int | None) -> Iterator[str]:
    if limit is not None:
        yield f"Which limit is right can't be seen: {limit} is a beginning."
    yield "If they wait for one another, those that run wait forever for those that have not begun."
    if fan.call is not None:
        late = next((each for each in arguments(fan.call) if not isinstance(each, ast.Name | ast.Constant)), None)
        if late is not None:
            yield f"`{shown(late)}` is evaluated when it is an element's turn."


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_limited(
    fan: _Fan,
    draft: Draft,
    *,
    constant: str | None = None,
    is_new: bool = False,
    function: ast.AsyncFunctionDef | None = None,
) -> Sequence[cst.BaseStatement]:
    """A semaphore and a function that waits for it, above the statement.

    Args:
        fan: what is limited.
        draft: of the statement, or of the function.
        constant: the name of the limit in the module.
        is_new: whether that is new.
        function: gets the limit as a parameter, if there is no constant.
    """
    around = draft.code.function_around(fan.statement)
    limit = constant or draft.fresh("max_concurrent", "max_running", within=around)
    if constant is not None and is_new:
        draft.constant(f"{constant} = {LIMIT}")
    semaphore = draft.fresh("semaphore", "limiter", within=around)
    word = snake_case(last_name(fan.function)) or "call"
    name = draft.fresh(f"{word}_limited", within=around)
    parameters, call = _parameters(fan, draft)
    helper = _helper(name, parameters, call, semaphore)
    made = cst.Call(draft.expression("asyncio.Semaphore", fan.statement, as_module=True), [cst.Arg(cst.Name(limit))])
    first = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(semaphore))], made)])

    def above(node: cst.CSTNode) -> cst.FlattenSentinel[cst.CSTNode]:
        lines = [cst.EmptyLine(indent=False), *lines_above(node)]
        return cst.FlattenSentinel([first, helper, node.with_changes(leading_lines=lines)])

    changes: dict[cst.CSTNode, Change] = {
        whole(fan.statement, draft): above,
        **_called(fan, name, parameters, draft),
    }
    if function is not None:
        changes[draft.node(function, cst.FunctionDef)] = partial(_with_parameter, limit, function)
    return changed(draft, changes)


def _parameters(fan: _Fan, draft: Draft) -> tuple[Sequence[str], cst.Call]:
    """What changes from element to element, and the call that is made with it."""
    code = draft.code
    if fan.call is None:
        variable = draft.fresh(one_of(fan.elements), "element", within=code.function_around(fan.statement))
        mapping = draft.node(cast("ast.Call", fan.inside), cst.Call)
        return [variable], cst.Call(awaited_arguments(mapping)[0].value, [cst.Arg(cst.Name(variable))])
    own = _names_bound_in(fan, code)
    used = [node for node in ast.walk(fan.call) if isinstance(node, ast.Name) and node.id in own]
    names = [node.id for node in sorted(used, key=lambda node: code.span(node).start)]
    by = indent_between(code.span(fan.statement).start, start_of(fan.call, draft), draft)
    return list(dict.fromkeys(names)), cst.ensure_type(dedented(draft.node(fan.call, cst.Call), by), cst.Call)


def _names_bound_in(fan: _Fan, code: Analysis) -> set[str]:
    """The variables that the repetition, or the block it is in, assigns."""
    whole = fan.statement if isinstance(fan.statement, ast.AsyncWith) else fan.inside
    return {
        node.id
        for node in ast.walk(whole)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and code.function_around(node) is not None
    } | {node.id for node in ast.walk(fan.inside) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _helper(name: str, parameters: Sequence[str], call: cst.Call, semaphore: str) -> cst.FunctionDef:
    result = cst.SimpleStatementLine([cst.Return(cst.Await(call))])
    block = cst.With([cst.WithItem(cst.Name(semaphore))], cst.IndentedBlock([result]), asynchronous=cst.Asynchronous())
    return cst.FunctionDef(
        cst.Name(name),
        cst.Parameters([cst.Param(cst.Name(each)) for each in parameters]),
        cst.IndentedBlock([block]),
        asynchronous=cst.Asynchronous(),
        leading_lines=[cst.EmptyLine(indent=False)],
    )


def _called(fan: _Fan, name: str, parameters: Sequence[str], draft: Draft) -> dict[cst.CSTNode, Change]:
    """The change that calls the new function in the place of the old one."""
    if fan.call is None:
        mapping = draft.node(cast("ast.Call", fan.inside), cst.Call)
        return {awaited_arguments(mapping)[0].value: lambda _: cst.Name(name)}
    new = cst.Call(cst.Name(name), [cst.Arg(cst.Name(each)) for each in parameters])
    return {draft.node(fan.call, cst.Call): lambda _: new}


def _with_parameter(name: str, function: ast.AsyncFunctionDef, node: cst.CSTNode) -> cst.CSTNode:
    """The function with one more keyword-only parameter."""
    old = cst.ensure_type(node, cst.FunctionDef)
    is_annotated = function.returns is not None or any(
        each.annotation for each in ast.walk(function.args) if isinstance(each, ast.arg)
    )
    annotation = cst.Annotation(cst.Name("int")) if is_annotated else None
    equal = cst.AssignEqual() if is_annotated else cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    new = cst.Param(cst.Name(name), annotation=annotation, default=cst.Integer(str(LIMIT)), equal=equal)
    given = old.params
    star = given.star_arg
    if isinstance(star, cst.MaybeSentinel) and not given.kwonly_params:
        star = cst.ParamStar()
    return old.with_changes(params=given.with_changes(kwonly_params=[*given.kwonly_params, new], star_arg=star))
