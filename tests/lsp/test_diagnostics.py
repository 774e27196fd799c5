"""Diagnostics, asked for and sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from tests.lsp.editor import PLAIN, at, capabilities

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.lsp.editor import Editor

SOURCE = "from datetime import datetime\n\nstamp = datetime.utcnow()\n"


@pytest.mark.asyncio(loop_scope="module")
class TestPull:
    async def test_a_finding(self, editor: Editor, name: str) -> None:
        assert editor.result is not None
        provider = editor.result.capabilities.diagnostic_provider
        assert isinstance(provider, types.DiagnosticOptions)
        report = await editor.pull(editor.open(SOURCE, name))
        assert report.kind == "full"
        (found,) = report.items
        assert found.range == at(2, 8, 2, 25)
        assert found.code == "naive-utcnow"
        assert found.source == "idiomatic"
        assert found.severity is types.DiagnosticSeverity.Warning
        assert "naive" in found.message

    async def test_unchanged_until_something_changes(self, editor: Editor, name: str) -> None:
        uri = editor.open(SOURCE, name)
        first = await editor.pull(uri)
        again = await editor.pull(uri, first.result_id)
        assert (again.kind, again.result_id) == ("unchanged", first.result_id)
        # Below the finding: nothing to be shown has changed.
        editor.edit(uri, at(3, 0), "x = 1\n")
        assert (await editor.pull(uri, first.result_id)).kind == "unchanged"
        editor.edit(uri, at(1, 0), "\n")
        moved = await editor.pull(uri, first.result_id)
        assert moved.kind == "full"
        assert [each.range.start.line for each in moved.items] == [3]
        assert moved.result_id != first.result_id

    async def test_the_unsaved_text_counts(self, editor: Editor, name: str) -> None:
        (editor.root / name).write_text("x = 1\n")
        assert await editor.found(editor.open(SOURCE, name))

    async def test_while_typing_what_is_known_stays(self, editor: Editor, name: str) -> None:
        uri = editor.open(f"{SOURCE}\ndef f():\n    return 1\n", name)
        assert len(await editor.found(uri)) == 1
        editor.edit(uri, at(5, 12), " + (")
        assert len(await editor.found(uri)) == 1

    async def test_a_broken_text_is_no_trouble(self, editor: Editor, name: str) -> None:
        assert await editor.found(editor.open("def (:\n  '''\n", name)) == []

    async def test_silenced(self, editor: Editor, name: str) -> None:
        silenced = SOURCE.replace("utcnow()", "utcnow()  # idiomatic: ignore[naive-utcnow]")
        assert await editor.found(editor.open(silenced, name)) == []

    async def test_unused_suppression(self, editor: Editor, name: str) -> None:
        (found,) = await editor.found(editor.open("x = 1  # idiomatic: ignore[naive-utcnow]\n", name))
        assert found.code == "unused-suppression"

    async def test_nothing_for_what_is_not_open_or_not_python(self, editor: Editor, name: str) -> None:
        assert await editor.found(editor.uri("never-opened.py")) == []
        assert await editor.found(editor.open(SOURCE, f"{name}.txt", language="plaintext")) == []

    async def test_a_text_without_a_file(self, editor: Editor) -> None:
        assert len(await editor.found(editor.open(SOURCE, "untitled:Untitled-1"))) == 1

    async def test_closed_and_opened_again(self, editor: Editor, name: str) -> None:
        uri = editor.open(SOURCE, name)
        assert await editor.found(uri)
        editor.close(uri)
        assert await editor.found(uri) == []
        editor.open("x = 1\n", name)
        assert await editor.found(uri) == []

    async def test_nothing_is_sent_unasked(self, editor: Editor, name: str) -> None:
        uri = editor.open(SOURCE, name)
        await editor.found(uri)
        editor.close(uri)
        assert not editor.published[uri]


async def test_push(start: Callable[..., Awaitable[Editor]]) -> None:
    editor = await start(capabilities(pull=False))
    assert editor.result is not None
    assert editor.result.capabilities.diagnostic_provider is None
    uri = editor.open(SOURCE)
    assert [found.code for found in await editor.sent(uri, 1)] == ["naive-utcnow"]
    version = editor.edit(uri, at(2, 17, 2, 23), "now")
    assert await editor.sent(uri, version) == []
    editor.close(uri)
    # What was shown is taken back.
    await editor.until(lambda: editor.published[uri][-1].version is None)
    assert list(editor.published[uri][-1].diagnostics) == []


async def test_push_reports_the_last_of_many_edits(start: Callable[..., Awaitable[Editor]]) -> None:
    editor = await start(PLAIN)
    uri = editor.open("from datetime import datetime\n")
    version = 0
    for number in range(50):
        version = editor.edit(uri, at(1 + number, 0), f"a{number} = datetime.utcnow()\n")
    assert len(await editor.sent(uri, version)) == 50
    versions = [each.version for each in editor.published[uri]]
    assert versions == sorted(versions, key=lambda version: version or 0)
