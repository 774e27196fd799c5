"""Handlers for exception groups, in the place of handlers for single exceptions."""

from __future__ import annotations

import libcst as cst


def with_except_star(old: cst.Try) -> cst.TryStar:
    """A `try` statement with `except*` for `except`; every handler has to name what it catches."""
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


def raising_the_first(block: cst.BaseStatement, name: str) -> cst.Try:
    """A `try` around a block that raises the first exception of a group instead of the group, which gets a name."""
    first = cst.parse_statement(f"raise {name}.exceptions[0] from None")
    handler = cst.ExceptHandler(cst.IndentedBlock([first]), cst.Name("BaseExceptionGroup"), cst.AsName(cst.Name(name)))
    lines = block.leading_lines  # type: ignore[attr-defined]
    return cst.Try(cst.IndentedBlock([block.with_changes(leading_lines=())]), [handler], leading_lines=lines)
