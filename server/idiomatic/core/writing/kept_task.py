"""A task that is held in a set until it has ended."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

import libcst as cst

from idiomatic.core.analysis.flow import can_raise
from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.module import bindings
from idiomatic.core.writing.changes import changed, lines_above, whole
from idiomatic.core.writing.names import name_of_task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.task_sets import Home
    from idiomatic.core.analysis.tasks import Started
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.writing.changes import Change


def kept_in_object(
    statement: ast.Expr | ast.Assign, task: Started, home: Home, draft: Draft
) -> Sequence[cst.BaseStatement]:
    """The task in a set of the object; the class makes the set if it is new."""
    kept = _kept(statement, task, f"{home.receiver}.{home.attribute}", draft)
    changes: dict[cst.CSTNode, Change] = {draft.node(statement, cst.SimpleStatementLine): lambda _: _several(kept)}
    if not home.exists and home.init is not None:
        _make_in(home.init, home, kept, statement, changes, draft)
    elif not home.exists:
        _make_init(home, changes, draft)
    return changed(draft, changes)


def _several(statements: Sequence[cst.BaseStatement]) -> cst.FlattenSentinel[cst.CSTNode]:
    return cst.FlattenSentinel(statements)


def _make_in(
    init: ast.FunctionDef,
    home: Home,
    kept: Sequence[cst.BaseStatement],
    statement: ast.stmt,
    changes: dict[cst.CSTNode, Change],
    draft: Draft,
) -> None:
    """Have `__init__` make the set, below the attributes it begins with."""
    receiver = [*init.args.posonlyargs, *init.args.args][0].arg
    made = _made(f"{receiver}.{home.attribute}", init, draft)
    begins = [index for index, each in enumerate(init.body) if index == 0 and _is_docstring(each)]
    for index, each in enumerate(init.body[len(begins) :], len(begins)):
        if not _only_stores(each, receiver, home.class_) or not draft.code.has_own_lines(each):
            break
        begins.append(index)
    if begins:
        above = draft.node(init.body[begins[-1]], cst.SimpleStatementLine)
        changes[above] = lambda new: _several([cst.ensure_type(new, cst.SimpleStatementLine), made])
    elif init.body[0] is statement:
        changes[draft.node(statement, cst.SimpleStatementLine)] = lambda _: _several([made, *kept])
    else:
        changes[whole(init.body[0], draft)] = lambda new: _several([made, cast("cst.BaseStatement", new)])


def _make_init(home: Home, changes: dict[cst.CSTNode, Change], draft: Draft) -> None:
    """Give the class an `__init__`, above its first method."""
    body = cst.ensure_type(draft.node(home.class_, cst.ClassDef).body, cst.IndentedBlock).body
    first = next(each for each in body if isinstance(each, cst.FunctionDef))
    is_annotated = any(_has_annotations(each) for each in home.class_.body if isinstance(each, FUNCTIONS))
    method = next(each for each in home.class_.body if isinstance(each, FUNCTIONS))
    made = _made(f"self.{home.attribute}", method, draft, is_annotated=is_annotated)
    blank = cst.EmptyLine(indent=False)
    init = cst.FunctionDef(
        cst.Name("__init__"),
        cst.Parameters([cst.Param(cst.Name("self"))]),
        cst.IndentedBlock([made]),
        returns=cst.Annotation(cst.Name("None")) if is_annotated else None,
        leading_lines=() if first is body[0] else (blank,),
    )

    def with_init(new: cst.CSTNode) -> cst.FlattenSentinel[cst.CSTNode]:
        lines = lines_above(new)
        below = lines if lines and lines[0].comment is None else (blank, *lines)
        return _several([init, cast("cst.BaseStatement", new.with_changes(leading_lines=below))])

    changes[first] = with_init


def _only_stores(statement: ast.stmt, receiver: str, class_: ast.ClassDef) -> bool:
    """Whether a statement stores what is there already, or something empty, in an ordinary attribute."""
    match statement:
        case (
            ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=attr)], value=value)
            | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=attr), value=ast.expr() as value)
        ) if owner == receiver:
            is_property = any(isinstance(each, FUNCTIONS) and each.name == attr for each in class_.body)
            is_empty = isinstance(value, ast.Call) and not value.args and isinstance(value.func, ast.Name)
            makes = is_empty and cast("ast.Call", value).func.id in {"set", "dict", "list"}  # type: ignore[attr-defined]
            return not is_property and (makes or not can_raise(ast.Expr(value)))
        case _:
            return False


def kept_in_module(
    statement: ast.Expr | ast.Assign, task: Started, name: str, draft: Draft, *, is_new: bool
) -> Sequence[cst.BaseStatement]:
    """The task in a set of the module."""
    kept = _kept(statement, task, name, draft)
    if is_new:
        function = draft.code.function_around(statement)
        annotation = _annotation(statement, draft) if _may_annotate(function, draft) else None
        draft.constant(f"{name}{f': {annotation}' if annotation else ''} = set()")
    return changed(draft, {draft.node(statement, cst.SimpleStatementLine): lambda _: _several(kept)})


def _has_annotations(function: ast.AST | None) -> bool:
    """Whether a function says anything about types."""
    return isinstance(function, FUNCTIONS) and (
        function.returns is not None
        or any(each.annotation for each in ast.walk(function.args) if isinstance(each, ast.arg))
    )


def _may_annotate(function: ast.AST | None, draft: Draft) -> bool:
    """Whether a set gets an annotation at module level, where it is evaluated."""
    return _has_annotations(function) and draft.code.target >= (3, 9) and draft.code.ask(imports_asyncio)


def imports_asyncio(module: Module) -> bool:
    """Question: whether `asyncio` is a name of the module, imported for the program and not only for type checkers."""
    bound = module.ask(bindings, "asyncio")
    return bool(bound) and all(each.qualified == "asyncio" and not each.type_checking for each in bound)


def _annotation(at: ast.AST, draft: Draft) -> str:
    return f"set[{draft.reference('asyncio.Task', at, as_module=True)}[object]]"


def _made(target: str, function: ast.AST, draft: Draft, *, is_annotated: bool | None = None) -> cst.BaseStatement:
    """The statement that makes the set; an attribute's annotation is never evaluated."""
    wanted = _has_annotations(function) if is_annotated is None else is_annotated
    annotation = f": {_annotation(function, draft)}" if wanted and draft.code.ask(imports_asyncio) else ""
    return cst.parse_statement(f"{target}{annotation} = set()")


def _kept(statement: ast.Expr | ast.Assign, task: Started, holder: str, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The statement with the task in a variable, and those that keep it in a set."""
    line = draft.node(statement, cst.SimpleStatementLine)
    callback: list[cst.BaseStatement] = []
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) if name != "_":
            first = line
        case _:
            function = draft.code.function_around(statement)
            name = draft.fresh(name_of_task(task.coroutine, draft.code), "task", within=function)
            call = draft.node(task.call, cst.Call)
            first = line.with_changes(body=[cst.Assign([cst.AssignTarget(cst.Name(name))], call)])
            if isinstance(statement, ast.Expr) and statement.value is not task.call:
                told = cst.ensure_type(draft.node(statement.value, cst.Call), cst.Call)
                func = cst.ensure_type(told.func, cst.Attribute).with_changes(value=cst.Name(name))
                callback = [cst.SimpleStatementLine([cst.Expr(told.with_changes(func=func))])]
    return [
        first,
        cst.parse_statement(f"{holder}.add({name})"),
        *callback,
        cst.parse_statement(f"{name}.add_done_callback({holder}.discard)"),
    ]


def _is_docstring(statement: ast.stmt) -> bool:
    """Whether a statement is nothing but a string."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return False
