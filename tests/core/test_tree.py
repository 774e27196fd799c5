"""The index of a statement's nodes."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from idiomatic.core.analysis.tree import tree
from idiomatic.core.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = Path(ast.__file__).read_text("utf-8") + (
    "async def f(a, /, b: int = 1, *c, d, e=2, **g) -> {**h}:\n"
    "    async with x as y: del a[1:2, ...], b\n"
    "    match a:\n        case {'k': [1, *_], **rest} | C(x=None) if b: await (lambda: (yield))()\n"
    "    return {i: j async for i, *j in k if not i} | {*l} or f'{m!r:{n}}' < (o := -1) < 2\n"
)
DEEP = "+".join(["x"] * 1500)


SHARED = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)


def below(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, SHARED):
            yield from below(child)


def test_the_index_has_every_node_below_the_one_around() -> None:
    for statement in Document.parse(CODE).leaves:
        index = statement.fact(tree)
        nodes = [node for top in statement.nodes for node in below(top)]
        assert nodes or not statement.text.strip() or getattr(statement, "is_header", False)
        for kind in {type(node) for node in nodes}:
            assert index.of(kind) == [node for node in nodes if type(node) is kind]
        for node in nodes:
            for child in ast.iter_child_nodes(node):
                assert isinstance(child, SHARED) or index.parents[child] is node


@pytest.mark.parametrize("text", [f"x = {DEEP}\n", f"def f():\n    if a:\n        return [{DEEP}]\n"])
def test_what_nests_too_deeply_for_python_is_indexed(text: str) -> None:
    [statement] = Document.parse(text).statements
    index = statement.fact(tree)
    [node] = statement.nodes
    assert len(index.of(ast.BinOp)) == 1499
    assert index.of(ast.BinOp) == [each for each in ast.walk(node) if isinstance(each, ast.BinOp)]
    assert len(index.of(ast.Name)) >= 1500
    deepest = index.named("x")[0 if isinstance(node, ast.FunctionDef) else 1]
    assert node in index.ancestors(deepest)
