"""What a function does first: new statements behind its docstring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from idiomatic.core.analysis.defaults import has_docstring
from idiomatic.core.facts import parameter_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from idiomatic.core.analysis.tree import Function


def statements_of(body: cst.BaseSuite, function: Function) -> tuple[cst.IndentedBlock, Sequence[cst.BaseStatement]]:
    """The body of a function as a block, and its statements: a docstring is the first one, alone on its line."""
    if isinstance(body, cst.IndentedBlock):
        block = body
    else:
        # def f(x=[]): return x
        suite = cst.ensure_type(body, cst.SimpleStatementSuite)
        line = cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)
        block = cst.IndentedBlock([line])
    statements = list(block.body)
    if has_docstring(function):
        first = cst.ensure_type(statements[0], cst.SimpleStatementLine)
        if len(first.body) > 1:
            # "docstring"; first()
            statements[:1] = [
                first.with_changes(
                    body=[first.body[0].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)],
                    trailing_whitespace=cst.TrailingWhitespace(),
                ),
                first.with_changes(body=first.body[1:], leading_lines=[]),
            ]
    return block, statements


def with_default_made(
    body: cst.BaseSuite, function: Function, parameter: str, absent: str, value: cst.BaseExpression
) -> cst.IndentedBlock:
    """The body with `if x is None: x = []` behind its docstring and behind those of earlier parameters.

    Args:
        body: of the function.
        function: it.
        parameter: the name of the one that gets its default.
        absent: what it is when it is not given: `None`.
        value: the default.
    """
    block, statements = statements_of(body, function)
    done = 1 if has_docstring(function) else 0
    names = parameter_names(function.args)
    earlier = set(names[: names.index(parameter)])
    while done < len(statements) and _given_default(statements[done]) in earlier:
        done += 1
    name = cst.Name(parameter)
    assignment = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(name)], value)])
    test = cst.Comparison(name, [cst.ComparisonTarget(cst.Is(), cst.Name(absent))])
    made = cst.If(test, cst.IndentedBlock([assignment], indent=block.indent))
    return block.with_changes(body=[*statements[:done], made, *statements[done:]])


def _given_default(statement: cst.BaseStatement) -> str | None:
    """The parameter that a statement gives its default, if it reads `if x is None: x = ...`."""
    match statement:
        case cst.If(
            test=cst.Comparison(
                left=cst.Name(value=tested),
                comparisons=[cst.ComparisonTarget(operator=cst.Is(), comparator=cst.Name())],
            ),
            body=cst.IndentedBlock(
                body=[
                    cst.SimpleStatementLine(
                        body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=assigned))])]
                    )
                ]
            ),
            orelse=None,
        ) if tested == assigned:
            return tested
        case _:
            return None


def with_first(
    body: cst.BaseSuite,
    function: Function,
    new: cst.BaseStatement,
    behind: Callable[[cst.BaseStatement], bool] = lambda _: False,
) -> cst.IndentedBlock:
    """The body with a new first statement, behind its docstring.

    Args:
        body: of the function.
        function: it.
        new: what comes first.
        behind: of the statement that is first now, whether it stays that.
    """
    block, statements = statements_of(body, function)
    done = 1 if has_docstring(function) else 0
    if done < len(statements) and behind(statements[done]):
        done += 1
    return block.with_changes(body=[*statements[:done], new, *statements[done:]])
