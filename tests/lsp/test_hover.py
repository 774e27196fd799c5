"""Hover: the user's own code, and nothing that it could do to the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from tests.lsp.editor import PLAIN, at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.lsp.editor import Editor

SOURCE = "from datetime import datetime\n\n\ndef stamp():\n    return datetime.utcnow()\n"


def markdown(hover: types.Hover | None) -> str:
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    assert hover.contents.kind is types.MarkupKind.Markdown
    return hover.contents.value


@pytest.mark.asyncio(loop_scope="module")
class TestHover:
    async def test_everything_there_is_to_say(self, editor: Editor, name: str) -> None:
        hover = await editor.hover(editor.open(SOURCE, name), 4, 15)
        text = markdown(hover)
        assert hover is not None
        assert hover.range == at(4, 11, 4, 28)
        parts = [
            "**Ask for the time in UTC",
            "```diff\n",
            "-    return datetime.utcnow()\n+    return datetime.now(UTC)\n",
            "**Unsafe**: Use `now(UTC)` (aware instead of naive)\n- The result is aware",
            "**Safe**: Use `now(UTC)` and keep the value naive",
            "`utcnow` returns a naive datetime",
            "deprecated since",
            "https://docs.python.org/3/library/datetime.html",
            "`naive-utcnow`",
            "`# idiomatic: ignore[naive-utcnow]`",
        ]
        places = [text.find(part) for part in parts]
        assert -1 not in places, parts[places.index(-1)]
        assert places == sorted(places)

    async def test_refused(self, editor: Editor, name: str) -> None:
        text = SOURCE.replace("utcnow()", 'utcnow().isoformat() + "Z"')
        assert "**Not possible**: " in markdown(await editor.hover(editor.open(text, name), 4, 15))

    async def test_nowhere_else(self, editor: Editor, name: str) -> None:
        uri = editor.open(SOURCE, name)
        assert await editor.hover(uri, 0, 3) is None
        assert await editor.hover(uri, 4, 5) is None
        assert await editor.hover(uri, 5, 0) is None

    async def test_on_a_suppression(self, editor: Editor, name: str) -> None:
        text = SOURCE.replace("utcnow()", "utcnow()  # idiomatic: ignore[naive-utcnow]")
        hover = await editor.hover(editor.open(text, name), 4, 40)
        assert "Silences here" in markdown(hover)
        assert "Ask for the time in UTC" in markdown(hover)
        assert hover is not None
        assert hover.range == at(4, 30, 4, 63)

    async def test_on_a_suppression_of_a_rule_that_there_is_not(self, editor: Editor, name: str) -> None:
        text = SOURCE.replace("utcnow()", "utcnow()  # idiomatic: ignore[nonsense, `x`]")
        uri = editor.open(text, name)
        assert markdown(await editor.hover(uri, 4, 32)) == (
            "Silences nothing here:\n\n- ` nonsense `: there is no such rule\n- `` `x` ``: there is no such rule"
        )
        # The name itself has a finding.
        assert "Name a rule that exists" in markdown(await editor.hover(uri, 4, 52))

    async def test_on_a_suppression_of_everything_in_the_file(self, editor: Editor, name: str) -> None:
        hover = await editor.hover(editor.open(f"# idiomatic: ignore-file\n{SOURCE}", name), 0, 5)
        assert "every rule of idiomatic in this file" in markdown(hover)

    async def test_code_can_not_leave_its_block(self, editor: Editor, name: str) -> None:
        text = SOURCE.replace("utcnow()", "utcnow()  # ``` [evil](command:evil) ````")
        shown = markdown(await editor.hover(editor.open(text, name), 4, 15))
        assert "`````diff\n" in shown
        block = shown.split("`````")[1]
        assert shown.count("[evil]") == block.count("[evil]") > 0

    async def test_while_the_statement_does_not_parse(self, editor: Editor, name: str) -> None:
        uri = editor.open(SOURCE, name)
        await editor.found(uri)
        editor.edit(uri, at(4, 28), " +")
        text = markdown(await editor.hover(uri, 4, 15))
        assert "Ask for the time in UTC" in text
        assert "```diff" not in text


async def test_an_editor_without_markdown(start: Callable[..., Awaitable[Editor]]) -> None:
    editor = await start(PLAIN)
    hover = await editor.hover(editor.open(SOURCE), 4, 15)
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    assert hover.contents.kind is types.MarkupKind.PlainText
    assert "**" not in hover.contents.value
    assert "    +    return datetime.now(UTC)\n" in hover.contents.value
