"""A context manager that is a function, in the place of a class."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import libcst as cst

from idiomatic.core.analysis.known_types import is_bound
from idiomatic.core.analysis.manager_classes import names_of_attributes, receiver_of, stored_parameters
from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.writing.comments import comment_lines
from idiomatic.core.writing.signatures import (
    are_annotations_lazy,
    generic,
    on_one_line,
    parameters_without_self,
    signature,
)

if TYPE_CHECKING:
    from idiomatic.core.analysis.manager_classes import Manager
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft


def to_function(manager: Manager, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The function in the place of the class, with local variables for the attributes."""
    code, class_ = draft.code, manager.class_
    old = draft.node(class_, cst.ClassDef)
    names = names_of_attributes(manager, code)
    assert names is not None
    decorator = draft.reference(
        f"contextlib.{'asynccontextmanager' if manager.is_async else 'contextmanager'}", class_, as_module=True
    )
    head = signature(
        f"{'async ' if manager.is_async else ''}def {class_.name}",
        parameters_without_self(manager.constructor, code) if manager.constructor is not None else (),
        _returns(manager, draft),
        draft.indent,
    )
    skeleton = cst.ensure_type(cst.parse_statement(f"@{decorator}\n{head}\n    yield\n"), cst.FunctionDef)
    inside = cst.ensure_type(skeleton.body, cst.IndentedBlock)
    [yields] = inside.body
    above: list[cst.BaseStatement] = []
    if manager.constructor is not None:
        above += _moved(manager.constructor, manager, names, draft)
    above += _moved(manager.enter, manager, names, draft)
    if manager.returned is not None and not manager.gives_itself and not _is_none(manager.returned):
        returned = draft.node(manager.enter.body[-1], cst.Return)
        line = draft.node(manager.enter.body[-1], cst.SimpleStatementLine)
        taken = {*names.values(), *(node.id for method in manager.methods for node in _own_names(method))}
        value = returned.value and returned.value.visit(_locals(receiver_of(manager.enter), names))
        assert isinstance(value, cst.BaseExpression)
        if not isinstance(value, cst.Name | cst.BaseString | cst.BaseNumber):
            # If it fails, there is nothing to clean up yet.
            given = next(each for each in ("value", "entered", "entered_value", "given") if each not in taken)
            above.append(cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(given))], value)]))
            value = cst.Name(given)
        yields = cst.SimpleStatementLine([cst.Expr(cst.Yield(value))], trailing_whitespace=line.trailing_whitespace)
    clean_up = _moved(manager.leave, manager, names, draft)
    body: list[cst.BaseStatement] = [*_docstring(old), *above]
    assert isinstance(yields, cst.SimpleStatementLine)
    if clean_up:
        last = cst.Finally(cst.IndentedBlock(clean_up))
        body.append(cst.Try(cst.IndentedBlock([yields]), finalbody=last))
    else:
        body.append(yields)
    made = skeleton.with_changes(
        leading_lines=[*old.leading_lines, *_loose_comments(old)], body=inside.with_changes(body=body)
    )
    return draft.replaced({old: made})


def _own_names(method: Function) -> Iterator[ast.Name]:
    return (node for node in walk_block(method.body) if isinstance(node, ast.Name))


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _docstring(old: cst.ClassDef) -> Sequence[cst.BaseStatement]:
    match old.body.body[0] if old.body.body else None:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString())]) as line:
            return [line]
        case _:
            return []


def _loose_comments(old: cst.ClassDef) -> Sequence[cst.EmptyLine]:
    """The comments that belong to the class or stand between its methods: above the function."""
    block = cst.ensure_type(old.body, cst.IndentedBlock)
    found = comment_lines(block.header)
    for each in block.body:
        if isinstance(each, cst.FunctionDef):
            found += comment_lines(*each.leading_lines)
    return [*found, *comment_lines(*block.footer)]


def _moved(method: Function, manager: Manager, names: Mapping[str, str], draft: Draft) -> list[cst.BaseStatement]:
    """The statements of a method, with variables in the place of attributes."""
    old = draft.node(method, cst.FunctionDef)
    block = old.body
    if not isinstance(block, cst.IndentedBlock):
        block = cst.IndentedBlock([cst.SimpleStatementLine(cst.ensure_type(block, cst.SimpleStatementSuite).body)])
    stored = {id(each) for each in stored_parameters(manager).values()}
    comments = comment_lines(*([block.header] if isinstance(old.body, cst.IndentedBlock) else []))
    made: list[cst.BaseStatement] = []
    local = _locals(receiver_of(method), names)
    statements = list(zip(method.body, block.body, strict=True))
    for index, (found, each) in enumerate(statements):
        assert isinstance(each, cst.BaseStatement)
        own: Sequence[cst.EmptyLine] = getattr(each, "leading_lines", ())
        is_docstring = index == 0 and isinstance(found, ast.Expr) and isinstance(found.value, ast.Constant)
        if is_docstring and isinstance(found, ast.Expr) and isinstance(found.value, ast.Constant):
            comments += _as_comments(found.value.value)
        if is_docstring or id(found) in stored or isinstance(found, ast.Pass | ast.Return):
            comments += comment_lines(*own)
            # What `__enter__` returns becomes the `yield`, with the comment behind it.
            if isinstance(each, cst.SimpleStatementLine) and found is not manager.enter.body[-1]:
                comments += comment_lines(each.trailing_whitespace)
            continue
        kept = [*comments, *(line for line in own if made or line.comment is not None)]
        changed = each.visit(local)
        assert isinstance(changed, cst.BaseStatement)
        made.append(changed.with_changes(leading_lines=kept))
        comments = []
    rest = [*comments, *comment_lines(*block.footer)]
    if rest and made:
        first: Sequence[cst.EmptyLine] = getattr(made[0], "leading_lines", ())
        made[0] = made[0].with_changes(leading_lines=[*first, *rest])
    return made


def _as_comments(text: object) -> list[cst.EmptyLine]:
    """A docstring that has no place any more, as comments."""
    if not isinstance(text, str):
        return []
    lines = textwrap.dedent(text).strip().splitlines()
    return [cst.EmptyLine(comment=cst.Comment(f"# {line.strip()}".rstrip())) for line in lines]


def _locals(receiver: str, names: Mapping[str, str]) -> cst.CSTTransformer:
    """Writes a variable where an attribute of the object stood."""

    class Locals(cst.CSTTransformer):
        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
            match original_node:
                case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attr)) if name == receiver:
                    return cst.Name(names[attr], lpar=updated_node.lpar, rpar=updated_node.rpar)
                case _:
                    return updated_node

    return Locals()


def _returns(manager: Manager, draft: Draft) -> str:
    """The annotation of the result; empty if it is not known."""
    code, annotation = draft.code, manager.enter.returns
    if manager.returned is None or manager.gives_itself or _is_none(manager.returned):
        inner = "None"
    elif annotation is None:
        return ""
    else:
        inner = on_one_line(annotation, code)
        names = [node for node in ast.walk(annotation) if isinstance(node, ast.Name)]
        if not are_annotations_lazy(code) and not all(is_bound(name, code) for name in names):
            return ""
    return f"{generic('AsyncIterator' if manager.is_async else 'Iterator', manager.class_, draft)}[{inner}]"
