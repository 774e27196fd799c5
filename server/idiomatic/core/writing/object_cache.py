"""What a method remembers: kept in a property, in a cache of the object's own, or without the object."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

import libcst as cst

from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.members import class_of, is_called_plainly
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.writing.function_start import with_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft


def to_property(method: Function, classes: Set[str], is_property: bool, draft: Draft) -> Sequence[cst.BaseStatement]:
    """A `cached_property`, read where the method was called.

    Args:
        method: takes only its object.
        classes: the names of its class and those that inherit from it.
        is_property: whether it is a property already, and nobody calls it.
        draft: of the whole statement.
    """
    name = method.name
    old = draft.node(method, cst.FunctionDef)
    decorator = cst.Decorator(draft.expression("functools.cached_property", method))
    decorators = _with_comments_of(old.decorators, [decorator])
    if is_property:
        return draft.replaced({old: old.with_changes(decorators=decorators)})
    for code in draft.elsewhere(name):
        if found := list(_calls(code, name, classes)):
            part = draft.part(code, code.statement.nodes[0], code.statement.nodes[-1])
            part.become(_without_parentheses(part, {part.node(call, cst.Call) for call in found}, None, []))
    calls = {draft.node(call, cst.Call) for call in _calls(draft.code, name, classes)}
    return _without_parentheses(draft, calls, old, decorators)


def _calls(code: Analysis, name: str, classes: Set[str]) -> Iterator[ast.Call]:
    """The calls of the method, of objects of some classes."""
    for part in code.statement.parts:
        for call in part.fact(tree).of(ast.Call):
            match call.func:
                case ast.Attribute(value=receiver, attr=attr) if attr == name and is_called_plainly(call, part):
                    if class_of(receiver, part) in classes:
                        yield call
                case _:
                    pass


def _without_parentheses(
    draft: Draft, calls: set[cst.Call], method: cst.FunctionDef | None, decorators: Sequence[cst.Decorator]
) -> Sequence[cst.BaseStatement]:
    class WithoutParentheses(cst.CSTTransformer):
        def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
            if original_node not in calls:
                return updated_node
            attribute = updated_node.func
            return attribute.with_changes(
                lpar=[*updated_node.lpar, *attribute.lpar], rpar=[*attribute.rpar, *updated_node.rpar]
            )

        def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
            return updated_node.with_changes(decorators=decorators) if original_node is method else updated_node

    transformer = WithoutParentheses()
    return [cast("cst.BaseStatement", statement.visit(transformer)) for statement in draft.body]


def _with_comments_of(old: Sequence[cst.Decorator], new: Sequence[cst.Decorator]) -> Sequence[cst.Decorator]:
    """New decorators, the first with the comments of those that go away."""
    comments = [line for each in old for line in each.leading_lines]
    comments += [
        cst.EmptyLine(comment=each.trailing_whitespace.comment)
        for each in old
        if each.trailing_whitespace.comment is not None
    ]
    return [new[0].with_changes(leading_lines=comments), *new[1:]] if new else []


def to_static(method: Function, draft: Draft) -> Sequence[cst.BaseStatement]:
    """A static method without the object among its parameters."""
    old = draft.node(method, cst.FunctionDef)
    parameter = draft.node([*method.args.posonlyargs, *method.args.args][0], cst.Param)
    parameters = old.params
    positional = [each for each in parameters.posonly_params if each is not parameter]
    changed = parameters.with_changes(
        params=[each for each in parameters.params if each is not parameter],
        posonly_params=positional,
        posonly_ind=parameters.posonly_ind if positional else cst.MaybeSentinel.DEFAULT,
    )
    static = cst.Decorator(cst.Name("staticmethod"), leading_lines=old.decorators[0].leading_lines)
    decorators = [static, old.decorators[0].with_changes(leading_lines=[]), *old.decorators[1:]]
    return draft.replaced({old: old.with_changes(params=changed, decorators=decorators)})


def to_own_cache(method: Function, class_: ast.ClassDef, constructor: str, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The method under another name, and in each object a cache that calls it.

    Args:
        method: has one decorator, which makes the cache.
        class_: has the method.
        constructor: the name of the method that makes the cache first of all.
        draft: of the whole statement.
    """
    old = draft.node(method, cst.FunctionDef)
    name = method.name
    public = name.lstrip("_")
    inner = draft.fresh(f"_{public}" if public == name else f"_uncached_{public}", f"_uncached_{public}")
    made = old.with_changes(
        name=cst.Name(inner),
        decorators=[],
        leading_lines=[*old.leading_lines, *_lines(_with_comments_of(old.decorators, [old.decorators[0]]))],
        lines_after_decorators=[],
    )
    existing = next((each for each in methods(class_) if each.name == constructor), None)
    own = _own_name(existing) if existing is not None else "self"
    written = cst.Module([]).code_for_node(old.decorators[0].decorator)
    line = cst.parse_statement(f"{own}.{name} = {written}({own}.{inner})\n")
    if existing is not None:
        init = draft.node(existing, cst.FunctionDef)
        body = with_first(init.body, existing, line, behind=_calls_super)
        return draft.replaced({old: made, init: init.with_changes(body=body)})
    block = draft.node(class_, cst.ClassDef).body
    first = next(each for each in class_.body if isinstance(each, FUNCTIONS))
    before = draft.node(first, cst.FunctionDef)
    typed = method.returns is not None
    head = f"def {constructor}(self){' -> None' if typed else ''}:\n    pass\n"
    new = cst.ensure_type(cst.parse_statement(head), cst.FunctionDef)
    new = new.with_changes(
        body=cst.IndentedBlock([line]),
        leading_lines=[line for line in before.leading_lines if line.comment is None][:1],
    )
    moved = made if before is old else before
    shifted = moved.with_changes(leading_lines=[cst.EmptyLine(indent=False), *_comments(moved)])
    statements: list[cst.BaseStatement] = []
    for each in cst.ensure_type(block, cst.IndentedBlock).body:
        if each is before:
            statements += [new, shifted]
        else:
            statements.append(made if each is old else each)
    return draft.replaced({block: block.with_changes(body=statements)})


def _comments(method: cst.FunctionDef) -> Sequence[cst.EmptyLine]:
    return [line for line in method.leading_lines if line.comment is not None]


def _lines(decorators: Sequence[cst.Decorator]) -> Sequence[cst.EmptyLine]:
    return decorators[0].leading_lines


def _calls_super(statement: cst.BaseStatement) -> bool:
    """Whether it is `super().__init__(...)`."""
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Expr(value=cst.Call(func=cst.Attribute(value=cst.Call(func=cst.Name(value="super")))))]
        ):
            return True
        case _:
            return False


def _own_name(method: Function) -> str:
    return [*method.args.posonlyargs, *method.args.args][0].arg
