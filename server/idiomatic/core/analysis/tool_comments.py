"""Which comments are meant for a type checker, a linter or a formatter, and so count on the line they stand on?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from idiomatic.core.analysis.code import Analysis

FOR_TOOLS: Final = regex(r"#\s*(?:type:|noqa|pragma:|pylint:|mypy:|pyright:|fmt:|nosec|ruff:|yapf:|isort:)")
"""Matches the beginning of such a comment. Our own suppressions are none: what they silence is never rewritten."""


def first_tool_comment(code: Analysis, first: int, last: int) -> str | None:
    """The first comment for a tool in some lines of the statement (which count from 0), if there is one."""
    for line in range(first, last + 1):
        text = code.statement.lines.line(line)
        if (found := FOR_TOOLS.search(text)) is not None:
            return text[found.start() :].strip()
    return None
