"""A new line for a template, wherever the cursor is."""

from __future__ import annotations

import ast

import pytest
from idiomatic.core.document import Document
from idiomatic.core.text import Span
from idiomatic.templates.fresh_line import fresh_line

TRICKY = '''\
"""Module."""
import os

@decorated(
    1,
)
class A:
    """Class."""
    # comment

    x = 1; y = 2

    @property
    def f(
        self,
        other,
    ) -> int:
        # first
        @inner
        def g(): pass
        if x: y
        elif z:
            return """
text
"""
        else:
            # only a comment
            call(
                1,

                2,
            )  # end
        try:
            a
        except B:
            b
        finally:
            c

        match x:
            case 1:
                return 1
    # last comment
if x: pass
z = 1'''


def marked(text: str, offset: int) -> str:
    """The text with a statement on the new line."""
    fresh = fresh_line(Document.parse(text), offset)
    new = fresh.document.text
    assert text == new[: fresh.span.start] + new[fresh.span.end :]
    assert fresh.before(Span(fresh.offset, fresh.offset)) == Span(fresh.span.start, fresh.span.start)
    return f"{new[: fresh.offset]}HERE{new[fresh.offset :]}"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_statement_fits_on_it(newline: str) -> None:
    before = ast.dump(ast.parse(TRICKY))
    text = TRICKY.replace("\n", newline)
    offset = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            for place in (offset, offset + len(line.rstrip())):
                tree = ast.parse(marked(text, place))
                here = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and _is_here(node.value)]
                assert len(here) == 1, line
                assert ast.dump(_without(tree)) == before, line
        offset += len(line)


def _is_here(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "HERE"


def _without(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [each for each in body if not (isinstance(each, ast.Expr) and _is_here(each.value))]  # type: ignore[attr-defined]
        for name in ("orelse", "finalbody"):
            if isinstance(body := getattr(node, name, None), list):
                setattr(
                    node, name, [each for each in body if not (isinstance(each, ast.Expr) and _is_here(each.value))]
                )
    return tree


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1|", "x = 1\nHERE"),
        ("x = |f(\n    1,\n)\ny = 2\n", "x = f(\n    1,\n)\nHERE\ny = 2\n"),
        ("async def f():|\n    # why\n    return 1\n", "async def f():\n    HERE\n    # why\n    return 1\n"),
        ('def f():|\n\t"""Doc."""\n\treturn 1\n', 'def f():\n\t"""Doc."""\n\tHERE\n\treturn 1\n'),
        ("if x:\n    y|\nz\n", "if x:\n    y\n    HERE\nz\n"),
        ("def f(x):|\n", "def f(x):\n    HERE\n"),
        ("# a|\nx\n", "# a\nHERE\nx\n"),
        ("@a|\ndef f(): ...\n", "@a\ndef f(): ...\nHERE\n"),
        ("def f(:|\n    x = 1\n", "def f(:\n    HERE\n    x = 1\n"),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert marked(text.replace("|", ""), text.index("|")) == expected
