"""The `match` statement in the place of a chain of `if`s."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.chains import What
from idiomatic.core.draft import DraftError
from idiomatic.core.writing.changes import changed, lines_above

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from idiomatic.core.analysis.captures import Capture
    from idiomatic.core.analysis.chains import Alternative, Branch, Chain
    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.writing.changes import Change

_WIDE: Final = 88


class Case(Struct, frozen=True, eq=False):
    """What a branch becomes.

    Attributes:
        patterns: the alternatives as text; `_` alone for a branch that is only a guard.
        guards: what else has to be true.
        captures: what the pattern binds to names.
    """

    patterns: Sequence[str]
    guards: Sequence[ast.expr] = ()
    captures: Sequence[Capture] = ()


def case_of(branch: Branch, code: Analysis) -> Case:
    """What a branch becomes, nothing captured."""
    if branch.is_loose:
        return Case(["_"], [branch.node.test])
    patterns = [_pattern(each, code) for each in branch.alternatives]
    return Case([*dict.fromkeys(patterns)], branch.guards)


def _pattern(each: Alternative, code: Analysis) -> str:
    match each.what:
        case What.CLASS:
            return f"{ast.unparse(each.node)}()"
        case What.NONE:
            return "None"
        case _:
            source = code.source(each.node)
            return source if len(source.splitlines()) == 1 else ast.unparse(each.node)


def to_match(
    chain: Chain, subject: ast.expr, cases: Mapping[ast.If, Case], draft: Draft
) -> Sequence[cst.BaseStatement]:
    """The statements of a draft with a `match` in the place of a chain.

    Args:
        chain: the chain, whose statements are those of the draft.
        subject: what is matched.
        cases: what each branch becomes, by its `if`.
        draft: from the first statement of the chain to its last.
    """
    reads = {read: capture.name for case in cases.values() for capture in case.captures for read in capture.reads}
    changes: dict[cst.CSTNode, Change] = {_read(read, draft): partial(_named, name) for read, name in reads.items()}
    new = changed(draft, changes) if changes else draft.body
    writer = _Writer(chain, cases, draft)
    made: list[cst.MatchCase] = []
    for statement, old in zip(new, draft.body, strict=True):
        if isinstance(statement, cst.If):
            made += writer.cases(statement, cst.ensure_type(old, cst.If), is_first=not made)
        else:
            line = cst.ensure_type(statement, cst.SimpleStatementLine)
            block = cst.IndentedBlock([line.with_changes(leading_lines=[])])
            made.append(_case("_", block, _comments(line.leading_lines)))
    first = lines_above(draft.body[0])
    indent = made[0].body.indent if isinstance(made[0].body, cst.IndentedBlock) else None
    return [cst.Match(_bare(_expression(subject, draft)), made, leading_lines=first, indent=indent)]


def _expression(node: ast.expr, draft: Draft) -> cst.BaseExpression:
    return draft.node(node, cast("type[cst.Name]", cst.BaseExpression))


def _read(node: ast.expr, draft: Draft) -> cst.BaseExpression:
    """What is read; inside a text of several lines older Pythons don't know where that is."""
    found = _expression(node, draft)
    if ast.dump(ast.parse(draft.code_for(found), mode="eval").body) != ast.dump(_loaded(node)):
        raise DraftError("A part of a text of several lines could not be found again.")
    return found


def _loaded(node: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(node), mode="eval").body


def _named(name: str, _: cst.CSTNode) -> cst.CSTNode:
    return cst.Name(name)


class _Writer:
    def __init__(self, chain: Chain, cases: Mapping[ast.If, Case], draft: Draft) -> None:
        self._first = chain.statements[0]
        self._branches = iter(chain.branches)
        self._number = len(chain.branches)
        self._cases = cases
        self._draft = draft

    def cases(self, new: cst.If, old: cst.If, *, is_first: bool) -> Iterator[cst.MatchCase]:
        """The cases of one `if` statement with all its branches."""
        above = [] if is_first else _comments(new.leading_lines)
        while True:
            branch = next(self._branches)
            self._number -= 1
            yield self._of(branch, new, old, above)
            match new.orelse, old.orelse:
                case cst.If() as new, cst.If() as old:
                    above = [*new.leading_lines]
                case cst.Else() as other, cst.Else() as old_other:
                    inner = self._inner(other)
                    if inner is None:
                        yield _case("_", other.body, other.leading_lines)
                        return
                    above = [*other.leading_lines, *_own_comment(other.body), *inner.leading_lines]
                    new, old = inner, cst.ensure_type(old_other.body.body[0], cst.If)
                case _:
                    return

    def _inner(self, other: cst.Else) -> cst.If | None:
        """The `if` in an `else` that is a branch of the chain."""
        match other.body.body:
            case [cst.If() as inner] if self._number:
                footer = cst.ensure_type(other.body, cst.IndentedBlock).footer
                return _with_footer(inner, footer)
            case _:
                return None

    def _of(self, branch: Branch, new: cst.If, old: cst.If, above: Sequence[cst.EmptyLine]) -> cst.MatchCase:
        case = self._cases[branch.node]
        guards = [_expression(each, self._draft) for each in case.guards]
        comments = [cst.EmptyLine(comment=each) for each in _comments_outside(old.test, guards)]
        pattern = self._fitting(case.patterns)
        before = self._width + len(f"case {pattern} if ")
        guard = _joined(guards, before, self._draft)
        return _case(pattern, new.body, [*above, *comments], guard, self._draft.indent)

    @property
    def _width(self) -> int:
        """How far a `case` is indented."""
        lines = self._draft.code.statement.lines
        line, column = lines.position(self._draft.code.span(self._first).start)
        return len(f"{lines.line(line)[:column]}{self._draft.indent}".expandtabs(4))

    def _fitting(self, patterns: Sequence[str]) -> str:
        """Alternatives on one line, or on one line each."""
        joined = " | ".join(patterns)
        indent = self._draft.indent
        if self._width + len(joined) + len("case :") <= _WIDE or len(patterns) == 1:
            return joined
        # As it is indented in `_case`.
        alternatives = f"\n{indent * 2}| ".join(patterns)
        return f"(\n{indent * 2}{alternatives}\n{indent})"


def _case(
    pattern: str,
    body: cst.BaseSuite,
    above: Sequence[cst.EmptyLine],
    guard: cst.BaseExpression | None = None,
    indent: str = "    ",
) -> cst.MatchCase:
    parsed = cst.ensure_type(cst.parse_statement(f"match _:\n{indent}case {pattern}:\n{indent * 2}pass\n"), cst.Match)
    space = cst.SimpleWhitespace(" " if guard is not None else "")
    return cst.MatchCase(
        parsed.cases[0].pattern,
        body,
        guard,
        leading_lines=above,
        whitespace_before_if=space,
        whitespace_after_if=space,
    )


def _joined(guards: Sequence[cst.BaseExpression], before: int, draft: Draft) -> cst.BaseExpression | None:
    """Guards with `and` in between, on one line each if they are too long for what stands `before` them."""
    if not guards:
        return None
    if len(guards) == 1:
        return _in_brackets(guards[0], draft, is_alone=True)
    parts = [_in_brackets(each, draft, is_alone=False) for each in guards]
    is_long = before + sum(len(" and ") + len(draft.code_for(each)) for each in parts) > _WIDE
    result = parts[0]
    for each in parts[1:]:
        operator = cst.And(whitespace_before=_new_line(draft.indent)) if is_long else cst.And()
        result = cst.BooleanOperation(result, operator, each)
    if not is_long:
        return result
    left = cst.LeftParen(whitespace_after=_new_line(draft.indent))
    return result.with_changes(lpar=[left], rpar=[cst.RightParen(whitespace_before=_new_line(""))])


def _new_line(indent: str) -> cst.ParenthesizedWhitespace:
    return cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))


def _in_brackets(guard: cst.BaseExpression, draft: Draft, *, is_alone: bool) -> cst.BaseExpression:
    if guard.lpar:
        is_plain = is_alone and len(guard.lpar) == 1 and "\n" not in draft.code_for(guard)
        return guard.with_changes(lpar=[], rpar=[]) if is_plain else guard
    is_loose = isinstance(guard, cst.IfExp | cst.Lambda | cst.NamedExpr) or (
        isinstance(guard, cst.BooleanOperation) and isinstance(guard.operator, cst.Or)
    )
    if (is_loose and not is_alone) or _is_broken(draft.code_for(guard)):
        return guard.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return guard


def _is_broken(source: str) -> bool:
    """Whether an expression has several lines, and not only inside brackets of its own."""
    if "\n" not in source:
        return False
    try:
        ast.parse(f"_ = {source}")
    except SyntaxError:
        return True
    return False


def _bare(subject: cst.BaseExpression) -> cst.BaseExpression:
    return subject.with_changes(lpar=[], rpar=[])


def _comments(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    return [line for line in lines if line.comment is not None]


def _own_comment(body: cst.BaseSuite) -> list[cst.EmptyLine]:
    """The comment behind an `else:`."""
    comment = body.header.comment if isinstance(body, cst.IndentedBlock) else None
    return [cst.EmptyLine(comment=comment)] if comment is not None else []


def _comments_outside(test: cst.BaseExpression, kept: Collection[cst.CSTNode]) -> Sequence[cst.Comment]:
    """The comments in a test, but for those in parts that are kept."""
    found: list[cst.Comment] = []

    class Comments(cst.CSTVisitor):
        def on_visit(self, node: cst.CSTNode) -> bool:
            return node not in kept and super().on_visit(node)

        def visit_Comment(self, node: cst.Comment) -> None:
            found.append(node)

    test.visit(Comments())
    return found


def _with_footer(statement: cst.If, footer: Sequence[cst.EmptyLine]) -> cst.If:
    """An `if` whose last block has some more comments at its end."""
    if not footer:
        return statement
    match statement.orelse:
        case cst.If() as other:
            return statement.with_changes(orelse=_with_footer(other, footer))
        case cst.Else(body=cst.IndentedBlock() as block) as last:
            deeper = block.with_changes(footer=[*block.footer, *footer])
            return statement.with_changes(orelse=last.with_changes(body=deeper))
        case _ if isinstance(statement.body, cst.IndentedBlock):
            deeper = statement.body.with_changes(footer=[*statement.body.footer, *footer])
            return statement.with_changes(body=deeper)
        case _:
            return statement
