"""The `with` statement in the place of a `try` whose `finally` closes something."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.tool_comments import FOR_TOOLS
from idiomatic.core.draft import DraftError
from idiomatic.core.writing.comments import comment_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from idiomatic.core.analysis.closed_resources import Resource, Try
    from idiomatic.core.analysis.with_forms import Form
    from idiomatic.core.draft import Draft


def to_with(
    statement: Try, resources: Sequence[Resource], forms: Sequence[Form], draft: Draft
) -> Sequence[cst.BaseStatement]:
    """The statements of a draft with a `with` in the place of a `try`.

    Args:
        statement: the `try`.
        resources: what its `finally` closes.
        forms: how each of them is written.
        draft: from the first statement that changes to the `try`.
    """
    old = draft.node(statement, cst.TryStar if isinstance(statement, ast.TryStar) else cst.Try)
    assert isinstance(old, (cst.Try, cst.TryStar))
    assignments = {draft.node(r.assignment, cst.SimpleStatementLine): r for r in resources}
    nones = {draft.node(r.none, cst.SimpleStatementLine) for r in resources if r.none is not None}
    if resources[0].inside:
        return _rewrite_inside(old, draft, resources, forms, assignments, nones)
    before: list[cst.BaseStatement] = []
    into: list[cst.BaseStatement] = []
    above: list[cst.EmptyLine] = []
    created = False
    starts = [draft.node(r.start, cst.SimpleStatementLine) for r in resources if r.start is not None]
    for each in draft.body:
        if each is old:
            break
        if isinstance(each, cst.SimpleStatementLine) and each in starts:
            above += [*_comment_lines(each.leading_lines), *_own_comment(each.trailing_whitespace)]
            continue
        if isinstance(each, cst.SimpleStatementLine) and each in assignments:
            above += each.leading_lines if not created else _comment_lines(each.leading_lines)
            created = True
        elif created:
            into.append(each)
        else:
            before.append(each)
    above += _comment_lines(old.leading_lines)
    made = _with(old, draft, resources, forms, [*assignments], above)
    if into:
        body = made.body
        if not isinstance(body, cst.IndentedBlock):
            raise DraftError("The block stands on the line of its `try`.")
        made = made.with_changes(body=body.with_changes(body=[*into, *body.body]))
    return [*before, *_declarations(resources, draft, made), *draft.body[draft.body.index(old) + 1 :]]


def _rewrite_inside(
    old: cst.Try | cst.TryStar,
    draft: Draft,
    resources: Sequence[Resource],
    forms: Sequence[Form],
    assignments: Mapping[cst.SimpleStatementLine, Resource],
    nones: set[cst.SimpleStatementLine],
) -> Sequence[cst.BaseStatement]:
    body = old.body
    if not isinstance(body, cst.IndentedBlock):
        raise DraftError("The block stands on the line of its `try`.")
    above: list[cst.EmptyLine] = []
    result: list[cst.BaseStatement] = []
    for each in draft.body:
        if each is old:
            break
        if isinstance(each, cst.SimpleStatementLine) and each in nones:
            kept = [*each.leading_lines] if not result else _comment_lines(each.leading_lines)
            above += [*kept, *_own_comment(each.trailing_whitespace)]
        else:
            result.append(_below(above, each))
            above = []
    above += old.leading_lines if not above else _comment_lines(old.leading_lines)
    above += _own_comment(body.header)
    first = min(index for index, each in enumerate(body.body) if each in assignments)
    last = max(index for index, each in enumerate(body.body) if each in assignments)
    for each in body.body[:first]:
        assert isinstance(each, cst.BaseStatement)
        result.append(_below(above, each))
        above = []
    for made in body.body[first : last + 1]:
        assert isinstance(made, cst.SimpleStatementLine)
        above += made.leading_lines if not above else _comment_lines(made.leading_lines)
    rest = body.with_changes(body=body.body[last + 1 :], header=cst.TrailingWhitespace())
    with_ = _with(old.with_changes(body=rest), draft, resources, forms, [*assignments], above)
    return [*result, *_declarations(resources, draft, with_), *draft.body[draft.body.index(old) + 1 :]]


def _below(lines: Sequence[cst.EmptyLine], statement: cst.BaseStatement) -> cst.BaseStatement:
    """A statement with more lines above it."""
    own: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    return statement.with_changes(leading_lines=[*lines, *own]) if lines else statement


def _declarations(resources: Sequence[Resource], draft: Draft, made: cst.With) -> Sequence[cst.BaseStatement]:
    """`file: IO[str]` lines for annotated variables, and the `with`: a `with` can't annotate."""
    lines: list[cst.BaseStatement] = []
    for resource in resources:
        if isinstance(resource.assignment, ast.AnnAssign) and resource.none is None:
            old = draft.node(resource.assignment, cst.AnnAssign)
            declared = old.with_changes(value=None, equal=cst.MaybeSentinel.DEFAULT)
            lines.append(cst.SimpleStatementLine([declared]))
    if not lines:
        return [made]
    lines[0] = lines[0].with_changes(leading_lines=made.leading_lines)
    return [*lines, made.with_changes(leading_lines=[])]


def _with(
    old: cst.Try | cst.TryStar,
    draft: Draft,
    resources: Sequence[Resource],
    forms: Sequence[Form],
    lines: Sequence[cst.SimpleStatementLine],
    above: Sequence[cst.EmptyLine],
) -> cst.With:
    items: list[cst.WithItem] = []
    for resource, form in reversed([*zip(resources, forms, strict=True)]):
        later = [item.item for item in items]
        items.insert(0, _item(resource, form, draft, [old.body, *old.handlers, *filter(None, [old.orelse]), *later]))
    above = [*above]
    own = old.body.header if isinstance(old.body, cst.IndentedBlock) else None
    behind = [line.trailing_whitespace for line in lines] + ([] if own is None else [own])
    header = _header([each for each in behind if each.comment is not None], fits=own is not None)
    for each in behind:
        if each is not header:
            above += _own_comment(each)
    above += _closing_comments(old)
    body: cst.BaseSuite
    if old.handlers:
        inner = old.with_changes(finalbody=None, leading_lines=[])
        if header is own and header is not None:
            # The comment behind `try:` stays there.
            header = None
        body = cst.IndentedBlock([inner], header=header or cst.TrailingWhitespace())
    elif isinstance(old.body, cst.IndentedBlock):
        body = old.body.with_changes(header=header or cst.TrailingWhitespace())
    else:
        body = old.body
    body = _with_attribute_given(body, resources, forms)
    is_async = forms[0].is_async
    asynchronous = cst.Asynchronous() if is_async else None
    made = cst.With(items, body, asynchronous=asynchronous, leading_lines=above)
    width = len(draft.code_for(made.with_changes(leading_lines=[], body=cst.SimpleStatementSuite([cst.Pass()]))))
    if len(items) > 1 and width > _WIDE and draft.code.target >= (3, 10):
        return _on_several_lines(made, draft.indent)
    return made


def _header(comments: Sequence[cst.TrailingWhitespace], *, fits: bool) -> cst.TrailingWhitespace | None:
    """Which of the comments behind the lines that become one stays behind it: one for a tool, else the last."""
    for_tools = [each for each in comments if each.comment is not None and FOR_TOOLS.match(each.comment.value)]
    if len(for_tools) > 1 or (for_tools and not fits):
        raise DraftError("Two comments for other tools would end up on one line.")
    return (for_tools or [*comments])[-1] if comments and fits else None


_WIDE: Final = 88


def _on_several_lines(made: cst.With, indent: str) -> cst.With:
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))
    end = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(""))
    items = [
        item.with_changes(comma=cst.Comma(whitespace_after=inner if index + 1 < len(made.items) else end))
        for index, item in enumerate(made.items)
    ]
    return made.with_changes(
        items=items,
        lpar=cst.LeftParen(whitespace_after=inner),
        rpar=cst.RightParen(),
        whitespace_after_with=cst.SimpleWhitespace(" "),
    )


def _item(resource: Resource, form: Form, draft: Draft, within: Sequence[cst.CSTNode]) -> cst.WithItem:
    """The part of the `with` for one resource; `within` is what may use its variable, first the body."""
    assignment = resource.assignment
    old_assignment: cst.Assign | cst.AnnAssign
    if isinstance(assignment, ast.AnnAssign):
        old_assignment = draft.node(assignment, cst.AnnAssign)
    else:
        old_assignment = draft.node(assignment, cst.Assign)
    value = old_assignment.value
    if value is None:
        raise DraftError("The creation could not be found again.")
    if form.drops_await:
        if not isinstance(value, cst.Await):
            raise DraftError("The creation could not be found again.")
        value = value.expression
    if form.wrapper is not None:
        function = draft.expression(form.wrapper, assignment, as_module=True)
        value = _wrapped_in(function, value, draft)
    elif not value.lpar and _is_several_lines_bare(value, draft):
        value = value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    used = any(_mentions(part, resource.name) for part in within)
    # In a block that is still to be written, the name is going to be used.
    named = used or re.fullmatch(r"(?:\s|#.*|pass|\.\.\.)*", cst.Module([]).code_for_node(within[0]).strip().strip(":"))
    return cst.WithItem(value, cst.AsName(cst.Name(resource.name)) if named else None)


def _wrapped_in(function: cst.BaseExpression, value: cst.BaseExpression, draft: Draft) -> cst.Call:
    """`closing(value)`; a value of several lines gets lines of its own."""
    if "\n" not in draft.code_for(value):
        return cst.Call(function, [cst.Arg(value)])
    before, after = (
        cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(white)) for white in (draft.indent, "")
    )
    deeper = value.visit(_deeper(draft.indent))
    assert isinstance(deeper, cst.BaseExpression)
    return cst.Call(function, [cst.Arg(deeper, whitespace_after_arg=after)], whitespace_before_args=before)


def _deeper(unit: str) -> cst.CSTTransformer:
    """Indents the lines inside brackets by one more level."""

    class Deeper(cst.CSTTransformer):
        def leave_ParenthesizedWhitespace(
            self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
        ) -> cst.ParenthesizedWhitespace:
            return updated_node.with_changes(
                last_line=cst.SimpleWhitespace(unit + updated_node.last_line.value),
                empty_lines=[
                    line.with_changes(whitespace=cst.SimpleWhitespace(unit + line.whitespace.value))
                    if line.comment is not None
                    else line
                    for line in updated_node.empty_lines
                ],
            )

    return Deeper()


def _is_several_lines_bare(value: cst.BaseExpression, draft: Draft) -> bool:
    return "\\\n" in draft.code_for(value)


def _mentions(part: cst.CSTNode, name: str) -> bool:
    return name in cst.Module([]).code_for_node(part)


def _given(names: Mapping[str, str]) -> cst.CSTTransformer:
    """Writes `directory` where `directory.name` stood."""

    class Given(cst.CSTTransformer):
        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
            match original_node:
                case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attr)) if names.get(name) == attr:
                    return updated_node.value.with_changes(
                        lpar=[*updated_node.lpar, *updated_node.value.lpar],
                        rpar=[*updated_node.value.rpar, *updated_node.rpar],
                    )
                case _:
                    return updated_node

        def visit_Attribute_attr(self, node: cst.Attribute) -> None:
            return

    return Given()


def _bare(body: cst.BaseSuite, names: Mapping[str, str]) -> Sequence[str]:
    """The variables that stand somewhere without the attribute they would give."""
    found: list[str] = []

    class Bare(cst.CSTVisitor):
        def visit_Attribute(self, node: cst.Attribute) -> bool:
            match node:
                case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attr)) if names.get(name) == attr:
                    return False
                case _:
                    node.value.visit(self)
                    return False

        def visit_Arg_keyword(self, node: cst.Arg) -> None:
            return

        def visit_Name(self, node: cst.Name) -> None:
            if node.value in names:
                found.append(node.value)

    body.visit(Bare())
    return found


def _with_attribute_given(body: cst.BaseSuite, resources: Sequence[Resource], forms: Sequence[Form]) -> cst.BaseSuite:
    names = {r.name: form.gives for r, form in zip(resources, forms, strict=True) if form.gives is not None}
    if not names:
        return body
    if bare := _bare(body, names):
        name = bare[0]
        raise DraftError(f"`{name}` is used otherwise than as `{name}.{names[name]}`, which is all that `with` gives.")
    changed = body.visit(_given(names))
    assert isinstance(changed, cst.BaseSuite)
    return changed


# -- comments ---------------------------------------------------------------------------------------------------------


def _comment_lines(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    return [line for line in lines if line.comment is not None]


def _own_comment(behind: cst.TrailingWhitespace) -> list[cst.EmptyLine]:
    """A comment behind code as a line of its own."""
    return [] if behind.comment is None else [cst.EmptyLine(comment=behind.comment)]


def _closing_comments(old: cst.Try | cst.TryStar) -> list[cst.EmptyLine]:
    """The comments of the `finally`, which goes away, as lines above the `with`."""
    final = old.finalbody
    if final is None:
        return []
    return comment_lines(*final.leading_lines, final.body)
