"""Completion of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import PLAIN, applied, at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.lsp.editor import Editor

SOURCE = '"""A module."""\n\nimport os\n\n\nacm\n'


@pytest.mark.asyncio(loop_scope="module")
class TestCompletion:
    async def test_a_template(self, editor: Editor, name: str) -> None:
        uri = editor.open(SOURCE, name)
        (item,) = await editor.completions(uri, 5, 3)
        assert item.label == "acm"
        assert item.kind == types.CompletionItemKind.Snippet
        assert item.insert_text_format is types.InsertTextFormat.Snippet
        assert isinstance(item.text_edit, types.TextEdit)
        assert item.text_edit.range == at(5, 0, 5, 3)
        assert "@asynccontextmanager\nasync def ${1:" in item.text_edit.new_text
        assert item.additional_text_edits is None
        assert item.documentation is None
        resolved = await editor.client.completion_item_resolve_async(item)
        assert isinstance(resolved.documentation, types.MarkupContent)
        assert "```python\n" in resolved.documentation.value
        assert "## Why" in resolved.documentation.value
        text = applied(SOURCE, list(resolved.additional_text_edits or ()))
        assert "\nfrom contextlib import asynccontextmanager" in text

    async def test_resolved_when_more_was_typed(self, editor: Editor, name: str) -> None:
        uri = editor.open(SOURCE.replace("acm", "a"), name)
        item = next(item for item in await editor.completions(uri, 5, 1) if item.label == "acm")
        editor.edit(uri, at(5, 1), "c")
        resolved = await editor.client.completion_item_resolve_async(item)
        assert resolved.additional_text_edits

    async def test_without_a_prefix_every_template_once(self, editor: Editor, name: str) -> None:
        items = await editor.completions(editor.open("x = 1\n\n", name), 1, 0)
        assert len({item.detail for item in items}) == len(items) > 1

    async def test_only_what_fits(self, editor: Editor, name: str) -> None:
        uri = editor.open("async def main():\n    tg\n\n\n# acm\nx = acm\n", name)
        assert [item.label for item in await editor.completions(uri, 4, 5)] == []
        assert [item.label for item in await editor.completions(uri, 5, 7)] == []
        assert not any(item.label == "acm" for item in await editor.completions(uri, 1, 4))

    async def test_an_item_that_was_complete(self, editor: Editor) -> None:
        item = types.CompletionItem("x", detail="as it was")
        assert await editor.client.completion_item_resolve_async(item) == item

    @pytest.mark.parametrize("data", [{}, {"uri": "file:///nowhere.py"}, {"uri": 1}])
    async def test_an_item_that_is_not_ours(self, editor: Editor, data: object) -> None:
        with pytest.raises(JsonRpcException):
            await editor.client.completion_item_resolve_async(types.CompletionItem("x", data=data))

    async def test_an_item_that_was_tampered_with(self, editor: Editor, name: str) -> None:
        (item,) = await editor.completions(editor.open(SOURCE, name), 5, 3)
        assert isinstance(item.data, dict)
        for wrong in ({"template": "x"}, {"start": -1}, {"start": 10**9}, {"start": "0"}):
            tampered = types.CompletionItem("x", data={**item.data, **wrong})
            with pytest.raises(JsonRpcException):
                await editor.client.completion_item_resolve_async(tampered)


async def test_an_editor_without_snippets(start: Callable[..., Awaitable[Editor]]) -> None:
    editor = await start(PLAIN)
    (item,) = await editor.completions(editor.open(SOURCE), 5, 3)
    assert item.insert_text_format is types.InsertTextFormat.PlainText
    assert isinstance(item.text_edit, types.TextEdit)
    assert "${" not in item.text_edit.new_text
    assert "@asynccontextmanager" in item.text_edit.new_text
    assert item.additional_text_edits, "nor can it ask for them later"
