"""An `async with asyncio.TaskGroup()` in the place of a call that waits for several coroutines."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.tree import COMPREHENSIONS
from idiomatic.core.writing.arguments import (
    awaited_arguments,
    dedented,
    indent_between,
    indent_of,
    indentation_unit,
    start_of,
    with_comments_of_arguments,
)
from idiomatic.core.writing.changes import lines_above, whole
from idiomatic.core.writing.names import name_of_call, name_of_target, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.writing.changes import Change

GROUP: Final = "asyncio.TaskGroup"
TIMEOUT: Final = "asyncio.timeout"

Comprehension: TypeAlias = ast.ListComp | ast.GeneratorExp


def group_block(
    name: str,
    body: Sequence[cst.BaseStatement],
    place: ast.AST,
    draft: Draft,
    *,
    footer: Sequence[cst.EmptyLine] = (),
) -> cst.With:
    """The `async with` of a task group.

    Args:
        name: of the group.
        body: what it goes around.
        place: a node where it will stand.
        draft: of the statements there.
        footer: comments at its end.
    """
    manager = cst.Call(draft.expression(GROUP, place, as_module=True))
    item = cst.WithItem(manager, cst.AsName(cst.Name(name)))
    return cst.With([item], cst.IndentedBlock(body, footer=footer), asynchronous=cst.Asynchronous())


def create_task(group: str) -> cst.Attribute:
    """The method of a group that starts a task."""
    return cst.Attribute(cst.Name(group), cst.Name("create_task"))


def raising_the_first(name: str, block: cst.With) -> cst.BaseStatement:
    """A `try` around a block that raises the first exception of a group instead of the group.

    Args:
        name: a free name, for the group.
        block: the `async with`.
    """
    first = cst.parse_statement(f"raise {name}.exceptions[0] from None")
    handler = cst.ExceptHandler(cst.IndentedBlock([first]), cst.Name("BaseExceptionGroup"), cst.AsName(cst.Name(name)))
    inner = block.with_changes(leading_lines=())
    return cst.Try(cst.IndentedBlock([inner]), [handler], leading_lines=block.leading_lines)


def to_except_star(node: cst.CSTNode) -> cst.CSTNode:
    """A `try` statement with `except*` for `except`."""
    old = cst.ensure_type(node, cst.Try)
    handlers = [
        cst.ExceptStarHandler(
            body=each.body,
            type=each.type or cst.Name("Exception"),
            name=each.name,
            leading_lines=each.leading_lines,
            whitespace_after_star=cst.SimpleWhitespace(each.whitespace_after_except.value or " "),
            whitespace_before_colon=each.whitespace_before_colon,
        )
        for each in old.handlers
    ]
    return cst.TryStar(
        body=old.body,
        handlers=handlers,
        orelse=old.orelse,
        finalbody=old.finalbody,
        leading_lines=old.leading_lines,
        whitespace_before_colon=old.whitespace_before_colon,
    )


class _Tasks(Struct, frozen=True):
    """The tasks made of one argument.

    Attributes:
        name: of the variable that holds the task or the list of tasks; `None` if nothing reads the result.
        many: whether it is a list.
    """

    name: str | None
    many: bool

    @property
    def result(self) -> cst.BaseExpression:
        """The result, or for a list a comprehension of the results."""
        if not self.many:
            return cst.parse_expression(f"{self.name}.result()")
        each = "task" if self.name != "task" else "each"
        return cst.parse_expression(f"[{each}.result() for {each} in {self.name}]")

    @property
    def element(self) -> cst.Element | cst.StarredElement:
        """The result as part of a list; starred, if it is several."""
        if not self.many:
            return cst.Element(self.result)
        listed = cst.ensure_type(self.result, cst.ListComp)
        return cst.StarredElement(cst.GeneratorExp(listed.elt, listed.for_in))


def block_changes(
    place: ast.Await,
    call: ast.Call,
    limit: ast.expr | None,
    draft: Draft,
    around: Callable[[cst.With], cst.BaseStatement],
) -> dict[cst.CSTNode, Change]:
    """The changes that put a block before a statement and the results into it.

    Args:
        place: the `await`.
        call: whose arguments are the coroutines, starred ones among them.
        limit: the second argument of a `wait_for` around the call, if there is one.
        draft: of the statement.
        around: what is put around the block.
    """
    code = draft.code
    statement = code.statement_of(place)
    plan = _Plan(place, call, limit, statement, draft)
    block = plan.block()
    old = draft.node(place, cst.Await)
    changes: dict[cst.CSTNode, Change] = {}
    if isinstance(statement, ast.Expr) and statement.value is place:
        line = draft.node(statement, cst.SimpleStatementLine)
        changes[line] = lambda new: around(_commented(block, cst.ensure_type(new, cst.SimpleStatementLine)))
        return changes
    old_statement = whole(statement, draft)
    separate = plan.separate_results(old_statement) if isinstance(old_statement, cst.SimpleStatementLine) else ()

    def with_block(new: cst.CSTNode) -> cst.FlattenSentinel[cst.CSTNode]:
        after = separate or [cast("cst.BaseStatement", new.with_changes(leading_lines=()))]
        before = block.with_changes(leading_lines=lines_above(new))
        return cst.FlattenSentinel([around(before), *after])

    changes[old_statement] = with_block
    if not separate:
        changes |= plan.results_in_place(old)
    return changes


def _commented(block: cst.With, line: cst.SimpleStatementLine) -> cst.With:
    """The block with the comments of the line it takes the place of."""
    block = block.with_changes(leading_lines=line.leading_lines)
    comment = line.trailing_whitespace.comment
    body = cst.ensure_type(block.body, cst.IndentedBlock)
    if comment is None or body.header.comment is not None:
        return block
    return block.with_changes(body=body.with_changes(header=line.trailing_whitespace))


def fresh_group(place: ast.AST, draft: Draft) -> str:
    """A name for the task group around a place: `tg`, if only other groups are called that."""
    code = draft.code
    function = code.function_around(place)
    apart = _other_groups("tg", place, function, code) if function is not None else ()
    return draft.fresh("tg", "group", "task_group", within=function, apart=apart)


def _other_groups(name: str, place: ast.AST, function: ast.AST, code: Analysis) -> Sequence[ast.AST]:
    """The task groups of this name in the same function that are over, or not yet begun, where this one is."""
    found = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.AsyncWith)
        and node not in code.ancestors(place)
        and any(
            isinstance(item.optional_vars, ast.Name)
            and item.optional_vars.id == name
            and isinstance(item.context_expr, ast.Call)
            and code.is_name(item.context_expr.func, GROUP)
            for item in node.items
        )
        and all(
            code.function_around(use) is function
            for use in ast.walk(node)
            if isinstance(use, ast.Name) and use.id == name
        )
    ]
    return [node for node in found if not any(outer in found for outer in code.ancestors(node))]


class _Plan:
    """How one `gather` becomes a block: the names and the order of things."""

    def __init__(
        self, place: ast.Await, call: ast.Call, limit: ast.expr | None, statement: ast.stmt, draft: Draft
    ) -> None:
        self.limit = limit
        self.place = place
        self.call = call
        self.statement = statement
        self.draft = draft
        self.function = draft.code.function_around(place)
        self.targets = _targets(statement, place, call)
        self.is_read = not (isinstance(statement, ast.Expr) and statement.value is place)
        self.group = fresh_group(place, draft)
        self.tasks: list[_Tasks] = []

    # -- names

    def _fresh(self, *wanted: str) -> str:
        return self.draft.fresh(*wanted, within=self.function)

    def _task_name(self, index: int, argument: ast.expr) -> str | None:
        target = self.targets[index] if self.targets else None
        if not self.is_read or (target is not None and self._is_ignored(target)):
            return None
        base = name_of_target(target) if target is not None else None
        base = base or name_of_call(argument, self.draft.code)
        return self._fresh(base if base.endswith("task") else f"{base}_task")

    def _is_ignored(self, target: ast.expr) -> bool:
        """Whether a target is a `_` that nothing reads."""
        return (
            isinstance(target, ast.Name)
            and target.id == "_"
            and self.function is not None
            and self._are_separate
            and not any(isinstance(use.ctx, ast.Load) for use in self._uses(target))
        )

    def _uses(self, target: ast.Name) -> Iterator[ast.Name]:
        code = self.draft.code
        assert self.function is not None
        return code.uses(target.id, self.function, code.scope(target).lookup(target.id))

    def _list_name(self, argument: ast.expr) -> str | None:
        if not self.is_read:
            return None
        base = name_of_call(argument, self.draft.code)
        return self._fresh("tasks", f"{base}_tasks")

    @property
    def _are_separate(self) -> bool:
        """Whether each result is assigned to a variable of its own, which can be done one after the other."""
        names = [target.id for target in self.targets if isinstance(target, ast.Name)]
        return bool(names) and len(set(names)) == len(self.targets)

    # -- the block

    def block(self) -> cst.With:
        """The `async with`, which makes the tasks."""
        draft = self.draft
        call = draft.node(self.call, cst.Call)
        body: list[cst.BaseStatement] = []
        for index, (argument, value) in enumerate(self._arguments(call)):
            if isinstance(argument, ast.Starred):
                body.append(self._many(argument.value, value))
            else:
                name = self._task_name(index, argument)
                self.tasks.append(_Tasks(name, many=False))
                body.append(_line(self._create(value), name))
        group = cst.WithItem(cst.Call(draft.expression(GROUP, self.place)), cst.AsName(cst.Name(self.group)))
        block = cst.With([*self._timeout(), group], cst.IndentedBlock(body), asynchronous=cst.Asynchronous())
        return with_comments_of_arguments(block, call)

    def _arguments(self, call: cst.Call) -> Iterator[tuple[ast.expr, cst.BaseExpression]]:
        """The arguments, those of a starred list one by one; starred ones without their star in the second place."""
        for argument, old in zip(self.call.args, awaited_arguments(call), strict=True):
            value = dedented(old.value, indent_of(argument, self.place, self.draft))
            if (elements := _listed(argument)) is not None:
                assert isinstance(value, cst.List | cst.Tuple)
                for each, new in zip(elements, value.elements, strict=True):
                    yield (
                        each,
                        dedented(
                            new.value,
                            indent_between(
                                self.draft.code.span(argument).start, start_of(each, self.draft), self.draft
                            ),
                        ),
                    )
            else:
                yield argument, value

    def _timeout(self) -> Iterator[cst.WithItem]:
        if self.limit is not None:
            arguments = self.draft.node(cast("ast.Call", self.place.value), cst.Call).args
            timeout = cst.Call(self.draft.expression(TIMEOUT, self.place), [cst.Arg(arguments[1].value)])
            yield cst.WithItem(timeout, comma=_comma())

    def _create(self, coroutine: cst.BaseExpression) -> cst.Call:
        create = create_task(self.group)
        if len(coroutine.lpar) != 1 or isinstance(coroutine, cst.GeneratorExp):
            return cst.Call(create, [cst.Arg(coroutine)])
        # The parentheses of the call do for it.
        inside = coroutine.with_changes(lpar=[], rpar=[])
        after = coroutine.rpar[0].whitespace_before
        argument = cst.Arg(inside, whitespace_after_arg=after)
        return cst.Call(create, [argument], whitespace_before_args=coroutine.lpar[0].whitespace_after)

    def _many(self, value: ast.expr, new: cst.BaseExpression) -> cst.BaseStatement:
        """The statement for a starred argument."""
        code = self.draft.code
        comments: Sequence[cst.EmptyLine] = ()
        match value:
            case ast.ListComp() | ast.GeneratorExp():
                made = cst.ensure_type(new, cst.ListComp) if isinstance(new, cst.ListComp) else new
                assert isinstance(made, cst.ListComp | cst.GeneratorExp)
                element, loops = made.elt, made.for_in
                brackets = (made.lbracket, made.rbracket) if isinstance(made, cst.ListComp) else _brackets(made)
                fresh = self._loop_is_free(value)
                comments = comments_between(made)
            case ast.Call(args=[function, iterable]) if isinstance(function, ast.Name | ast.Attribute):
                # *map(load, paths)
                assert isinstance(new, cst.Call)
                variable = self._variable(one_of(iterable), value)
                element = cst.Call(new.args[0].value, [cst.Arg(cst.Name(variable))])
                loops = cst.CompFor(cst.Name(variable), new.args[1].value)
                brackets, fresh = (cst.LeftSquareBracket(), cst.RightSquareBracket()), True
            case _:
                named = one_of(value)
                variable = self._variable(named if named != "item" else "coroutine", value, "coroutine")
                element, loops = cst.Name(variable), cst.CompFor(cst.Name(variable), new)
                brackets, fresh = (cst.LeftSquareBracket(), cst.RightSquareBracket()), True
        if not self.is_read and fresh:
            if isinstance(value, ast.ListComp | ast.GeneratorExp):
                element = dedented(
                    element, indent_between(code.span(value).start, code.span(value.elt).start, self.draft)
                )
            loop = loop_of(loops, _line(self._create(element), None))
            return loop.with_changes(leading_lines=comments)
        name = self._list_name(ast.Starred(value)) if self.is_read else self._fresh("tasks")
        self.tasks.append(_Tasks(name, many=True))
        listed = cst.ListComp(self._create(element), loops, lbracket=brackets[0], rbracket=brackets[1])
        return _line(listed, name)

    def _variable(self, wanted: str, inside: ast.expr, *others: str) -> str:
        """A name for the elements: of a loop's variable nothing else may be called that, in a comprehension all may."""
        if not self.is_read or wanted in {node.id for node in ast.walk(inside) if isinstance(node, ast.Name)}:
            return self._fresh(wanted, *others)
        return wanted

    def _loop_is_free(self, comprehension: Comprehension) -> bool:
        """Whether a comprehension can be a loop: its variables mean nothing outside, and nothing inside keeps them."""
        code = self.draft.code
        if self.function is None:
            return False
        inside = set(ast.walk(comprehension))
        if any(isinstance(node, ast.Lambda | ast.NamedExpr) for node in inside):
            return False
        if any(isinstance(node, COMPREHENSIONS) and node is not comprehension for node in inside):
            return False
        names = set(code.scope_made_by(comprehension).bindings)
        uses = [node for node in ast.walk(self.function) if node not in inside and _mentions(node, names)]
        return all(self._is_another(use) for use in uses)

    def _is_another(self, use: ast.AST) -> bool:
        """Whether a name is the variable of a function or comprehension in here, or of a loop not around this place."""
        code = self.draft.code
        if isinstance(use, ast.arg):
            return use not in set(ast.walk(cast("ast.AsyncFunctionDef", self.function).args))
        owner = code.scope(use).lookup(use.id) if isinstance(use, ast.Name) else None
        if owner is None or not isinstance(use, ast.Name) or self.function is None:
            return False
        if owner.node is not self.function:
            return owner.node is not None and self.function in code.ancestors(owner.node)
        if code.function_around(use) is not self.function:
            return False
        return any(
            isinstance(loop, ast.For | ast.AsyncFor)
            and any(isinstance(each, ast.Name) and each.id == use.id for each in ast.walk(loop.target))
            and use not in set(ast.walk(loop.iter))
            and loop not in code.ancestors(self.place)
            for loop in code.ancestors(use)
        )

    # -- the results

    def separate_results(self, line: cst.SimpleStatementLine) -> Sequence[cst.BaseStatement]:
        """`user = user_task.result()` and so on, if each result has a variable of its own."""
        if not self._are_separate or line.trailing_whitespace.comment is not None:
            return []
        return [
            cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(target.id))], tasks.result)])
            for target, tasks in zip(self.targets, self.tasks, strict=True)
            if isinstance(target, ast.Name) and tasks.name is not None
        ]

    def results_in_place(self, old: cst.Await) -> dict[cst.CSTNode, Change]:
        """The change that puts the results where the `await` was."""
        parent = self.draft.code.parent(self.place)
        if self.targets:
            return {old: lambda _: self._tuple()}
        if isinstance(parent, ast.Starred) and isinstance(self.draft.code.parent(parent), ast.Call):
            argument = next(each for each in self._nodes_of_call(parent) if each.value is old)
            return {argument: lambda new: cst.FlattenSentinel(self._spliced(cst.ensure_type(new, cst.Arg)))}
        return {old: lambda _: self._list()}

    def _nodes_of_call(self, starred: ast.Starred) -> Sequence[cst.Arg]:
        around = self.draft.code.parent(starred)
        assert isinstance(around, ast.Call)
        return self.draft.node(around, cst.Call).args

    def _spliced(self, old: cst.Arg) -> Sequence[cst.Arg]:
        elements = [tasks.element for tasks in self.tasks]
        new = [
            cst.Arg(each.value, star="*" if isinstance(each, cst.StarredElement) else "", comma=_comma())
            for each in elements
        ]
        return [*new[:-1], new[-1].with_changes(comma=old.comma)]

    def _list(self) -> cst.BaseExpression:
        if len(self.tasks) == 1 and self.tasks[0].many:
            return self.tasks[0].result
        elements = [tasks.element for tasks in self.tasks]
        listed = cst.List(elements)
        if not self._is_too_long(listed):
            return listed
        inner, _ = self._breaks()
        return cst.List(self._on_lines(elements), lbracket=cst.LeftSquareBracket(whitespace_after=inner))

    def _tuple(self) -> cst.Tuple:
        elements = [cst.Element(tasks.result) for tasks in self.tasks]
        tight = cst.Tuple(elements, lpar=[], rpar=[])
        if not self._is_too_long(tight):
            return tight
        inner, _ = self._breaks()
        return cst.Tuple(self._on_lines(elements), lpar=[cst.LeftParen(whitespace_after=inner)])

    def _breaks(self) -> tuple[cst.ParenthesizedWhitespace, cst.ParenthesizedWhitespace]:
        """The line breaks inside brackets before an element and before the closing one."""
        outer = indent_of(self.place, self.place, self.draft)
        inner = outer + indentation_unit(self.function, self.draft)
        return (
            cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(inner)),
            cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(outer)),
        )

    def _on_lines(self, elements: Sequence[cst.BaseElement]) -> Sequence[cst.BaseElement]:
        inner, outer = self._breaks()
        commas = [*(cst.Comma(whitespace_after=inner) for _ in elements[:-1]), cst.Comma(whitespace_after=outer)]
        return [each.with_changes(comma=comma) for each, comma in zip(elements, commas, strict=True)]

    def _is_too_long(self, listed: cst.BaseExpression) -> bool:
        """Whether the line would be longer than formatters like it."""
        code, lines = self.draft.code, self.draft.code.statement.lines
        span = code.span(self.place)
        (first, start), (last, end) = lines.position(span.start), lines.position(span.end)
        line = lines.line(first)[:start] + self.draft.code_for(listed) + lines.line(last)[end:]
        return len(line.expandtabs(4)) > 88


def _comma() -> cst.Comma:
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _line(value: cst.BaseExpression, name: str | None) -> cst.SimpleStatementLine:
    if name is None:
        return cst.SimpleStatementLine([cst.Expr(value)])
    return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], value)])


def loop_of(loops: cst.CompFor, body: cst.BaseStatement) -> cst.BaseStatement:
    """The `for` statement, with the `if` statements, that a comprehension's clauses are."""
    inner = loop_of(loops.inner_for_in, body) if loops.inner_for_in is not None else body
    for condition in reversed(loops.ifs):
        inner = cst.If(condition.test, cst.IndentedBlock([inner]))
    return cst.For(loops.target, loops.iter, cst.IndentedBlock([inner]), asynchronous=loops.asynchronous)


def _brackets(generator: cst.GeneratorExp) -> tuple[cst.LeftSquareBracket, cst.RightSquareBracket]:
    left, right = generator.lpar[-1:], generator.rpar[:1]
    return (
        cst.LeftSquareBracket(left[0].whitespace_after) if left else cst.LeftSquareBracket(),
        cst.RightSquareBracket(right[0].whitespace_before) if right else cst.RightSquareBracket(),
    )


def comments_between(comprehension: cst.ListComp | cst.GeneratorExp) -> Sequence[cst.EmptyLine]:
    """The comments between the parts of a comprehension, which have no place in a loop but above it."""
    kept: list[cst.CSTNode] = [comprehension.elt]
    loops: cst.CompFor | None = comprehension.for_in
    while loops is not None:
        kept += [loops.target, loops.iter, *(each.test for each in loops.ifs)]
        loops = loops.inner_for_in
    found: list[cst.EmptyLine] = []

    class Comments(cst.CSTVisitor):
        def on_visit(self, node: cst.CSTNode) -> bool:
            if isinstance(node, cst.Comment):
                found.append(cst.EmptyLine(comment=node))
            return not any(node is each for each in kept)

    comprehension.visit(Comments())
    return found


def _mentions(node: ast.AST, names: set[str]) -> bool:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
            return name in names
        case ast.alias(name=name):
            return name.partition(".")[0] in names
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name in names
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return name in names
        case ast.MatchMapping(rest=str(name)):
            return name in names
        case ast.Global(names=declared) | ast.Nonlocal(names=declared):
            return not names.isdisjoint(declared)
        case _:
            return False


# -- names ------------------------------------------------------------------------------------------------------------


def _listed(argument: ast.expr) -> Sequence[ast.expr] | None:
    """The elements of a starred list of calls, which might as well be arguments."""
    match argument:
        case ast.Starred(value=ast.List(elts=elements) | ast.Tuple(elts=elements)):
            return None if any(isinstance(each, ast.Starred) for each in elements) else elements
        case _:
            return None


def _targets(statement: ast.stmt, place: ast.Await, call: ast.Call) -> Sequence[ast.expr]:
    """The targets that take one result each; empty if the results are not taken apart like that."""
    arguments = [each for argument in call.args for each in _listed(argument) or [argument]]
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=targets) | ast.List(elts=targets)], value=value) if (
            value is place
            and len(targets) == len(arguments)
            and not any(isinstance(each, ast.Starred) for each in [*targets, *arguments])
        ):
            return targets
        case _:
            return ()
