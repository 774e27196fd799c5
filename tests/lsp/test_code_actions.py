"""Code actions: what is offered where, and what it does when it is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import PLAIN, applied, at, capabilities, text_edits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.lsp.editor import Editor

UNSAFE = "from datetime import datetime\n\nstamp = datetime.utcnow()\n"
SAFE = "from datetime import datetime, timezone\n\nstamp = datetime.utcnow().replace(tzinfo=timezone.utc)\n"
REFUSED = 'from datetime import datetime\n\nstamp = datetime.utcnow().isoformat() + "Z"\n'
HERE = at(2, 20)

SILENCE = "Silence `naive-utcnow` here"
AUTOMATIC = types.CodeActionTriggerKind.Automatic


@pytest.mark.asyncio(loop_scope="module")
class TestList:
    async def test_quick_fixes(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        (shown,) = await editor.found(uri)
        aware, naive, silence = await editor.actions(uri, HERE)
        assert [action.kind for action in (aware, naive, silence)] == [types.CodeActionKind.QuickFix] * 3
        assert aware.title == "Use `now(UTC)` (aware instead of naive)"
        assert "naive" in naive.title
        assert silence.title == SILENCE
        for action in (aware, naive, silence):
            assert action.edit is None, "the list costs no rewriting"
            assert action.data is not None
            assert list(action.diagnostics or ()) == [shown]

    async def test_unsafe_ones_are_never_preferred(self, editor: Editor, name: str) -> None:
        actions = await editor.actions(editor.open(UNSAFE, name), HERE)
        # The second is safe, but it is not what the rule is about.
        assert [action.is_preferred for action in actions] == [None, None, None]

    async def test_a_safe_first_fix_is_preferred(self, editor: Editor, name: str) -> None:
        actions = await editor.actions(editor.open(SAFE, name), HERE)
        assert [action.is_preferred for action in actions] == [True, None]

    async def test_refused_ones_say_why(self, editor: Editor, name: str) -> None:
        refused, *others = await editor.actions(editor.open(REFUSED, name), HERE)
        assert refused.disabled is not None
        assert "isoformat" in refused.disabled.reason
        assert refused.data is None
        assert all(other.disabled is None for other in others)

    async def test_only_where_the_finding_is(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        assert await editor.actions(uri, at(0, 3)) == []
        assert len(await editor.actions(uri, at(0, 0, 3, 0))) == 3
        assert len(await editor.actions(uri, at(2, 8))) == 3
        assert len(await editor.actions(uri, at(2, 25))) == 3

    @pytest.mark.parametrize(
        ("only", "kinds"),
        [
            (["quickfix"], {"quickfix"}),
            (["source"], {"source.fixAll.idiomatic"}),
            (["source.fixAll"], {"source.fixAll.idiomatic"}),
            (["source.fixAll.idiomatic"], {"source.fixAll.idiomatic"}),
            (["source.fixAll.ruff"], set()),
            (["source.fixAllOfThem"], set()),
            (["source.organizeImports"], set()),
            (["quickfix.other"], set()),
            (["refactor"], set()),
            (["quickfix", "source"], {"quickfix", "source.fixAll.idiomatic"}),
            ([""], {"quickfix", "source.fixAll.idiomatic"}),
            ([], set()),
            (None, {"quickfix"}),
        ],
    )
    async def test_only_what_is_asked_for(
        self, editor: Editor, name: str, only: list[str] | None, kinds: set[str]
    ) -> None:
        actions = await editor.actions(editor.open(SAFE, name), HERE, only=only)
        assert {
            action.kind.value if isinstance(action.kind, types.CodeActionKind) else action.kind for action in actions
        } == kinds

    async def test_other_linters_diagnostics_are_attached(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        # Ruff underlines the same call, others the line.
        by_code = types.Diagnostic(at(2, 8, 2, 25), "utcnow", code="DTZ003", source="Ruff")
        by_name = types.Diagnostic(at(2, 0, 2, 25), "utcnow", code="naive-utcnow", source="other")
        by_link = types.Diagnostic(
            at(2, 0, 2, 25),
            "utcnow",
            code=17,
            source="other",
            code_description=types.CodeDescription("https://docs.example.org/rules/DTZ003"),
        )
        by_ruffs_name = types.Diagnostic(at(2, 8, 2, 25), "utcnow", code="call-datetime-utcnow", source="Ruff")
        unrelated = types.Diagnostic(at(2, 8, 2, 25), "something", code="E501", source="Ruff")
        elsewhere = types.Diagnostic(at(0, 0, 0, 4), "utcnow", code="DTZ003", source="Ruff")
        aware, *_ = await editor.actions(
            uri, HERE, diagnostics=[by_code, by_name, by_link, by_ruffs_name, unrelated, elsewhere], trigger=AUTOMATIC
        )
        ours, *theirs = aware.diagnostics or ()
        assert ours.source == "idiomatic"
        assert theirs == [by_code, by_name, by_link, by_ruffs_name]

    async def test_another_linters_diagnostic_that_underlines_less(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        theirs = types.Diagnostic(at(2, 0, 2, 5), "utcnow", code="dtz003", source="Flake8")
        # The cursor is on theirs, not on ours.
        actions = await editor.actions(uri, at(2, 2), diagnostics=[theirs])
        assert [action.title for action in actions][:1] == ["Use `now(UTC)` (aware instead of naive)"]
        assert theirs in (actions[0].diagnostics or ())

    async def test_nonsense_in_the_context(self, editor: Editor, name: str) -> None:
        beyond = types.Diagnostic(at(90, 0, 91, 0), "old", code="DTZ003", source="Ruff")
        uncoded = types.Diagnostic(at(2, 0, 2, 5), "old")
        assert len(await editor.actions(editor.open(UNSAFE, name), HERE, diagnostics=[beyond, uncoded])) == 3

    async def test_nothing_while_the_statement_does_not_parse(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        await editor.found(uri)
        editor.edit(uri, at(2, 25), " +")
        assert await editor.actions(uri, HERE) == []


@pytest.mark.asyncio(loop_scope="module")
class TestResolve:
    async def test_the_edit(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        aware, naive, silence = [await editor.resolve(each) for each in await editor.actions(uri, HERE)]
        assert aware.edit is not None
        (change,) = aware.edit.document_changes or ()
        assert isinstance(change, types.TextDocumentEdit)
        assert (change.text_document.uri, change.text_document.version) == (uri, 1)
        assert applied(UNSAFE, text_edits(aware)) == (
            "from datetime import UTC, datetime\n\nstamp = datetime.now(UTC)\n"
        )
        assert applied(UNSAFE, text_edits(naive)) == (
            "from datetime import UTC, datetime\n\nstamp = datetime.now(UTC).replace(tzinfo=None)\n"
        )
        assert applied(UNSAFE, text_edits(silence)).endswith("utcnow()  # idiomatic: ignore[naive-utcnow]\n")

    async def test_silenced_it_is_gone(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        *_, silence = await editor.actions(uri, HERE)
        (edit,) = text_edits(await editor.resolve(silence))
        editor.edit(uri, edit.range, edit.new_text)
        assert await editor.found(uri) == []
        assert await editor.actions(uri, HERE) == []

    async def test_a_suppression_that_silences_nothing(self, editor: Editor, name: str) -> None:
        text = "x = 1  # idiomatic: ignore[naive-utcnow]\n"
        (remove,) = await editor.actions(editor.open(text, name), at(0, 30))
        assert applied(text, text_edits(await editor.resolve(remove))) == "x = 1\n"

    async def test_silence_joins_the_comment_that_is_there(self, editor: Editor, name: str) -> None:
        text = UNSAFE.replace("utcnow()", "utcnow()  # idiomatic: ignore[mutable-default]")
        *_, silence = [each for each in await editor.actions(editor.open(text, name), HERE) if "Silence" in each.title]
        assert applied(text, text_edits(await editor.resolve(silence))).endswith(
            "utcnow()  # idiomatic: ignore[mutable-default, naive-utcnow]\n"
        )

    async def test_after_edits_elsewhere(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        aware, *_ = await editor.actions(uri, HERE)
        editor.edit(uri, at(1, 0), "import os\n")
        version = editor.edit(uri, at(0, 0), "'''Module.'''\n")
        resolved = await editor.resolve(aware)
        assert resolved.edit is not None
        (change,) = resolved.edit.document_changes or ()
        assert isinstance(change, types.TextDocumentEdit)
        assert change.text_document.version == version
        now = "'''Module.'''\nfrom datetime import datetime\nimport os\n\nstamp = datetime.utcnow()\n"
        assert "stamp = datetime.now(UTC)\n" in applied(now, text_edits(resolved))

    async def test_after_an_edit_of_the_same_statement(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        aware, *_ = await editor.actions(uri, HERE)
        editor.edit(uri, at(2, 0, 2, 5), "other_name")
        resolved = await editor.resolve(aware)
        assert applied(UNSAFE.replace("stamp", "other_name"), text_edits(resolved)).endswith(
            "other_name = datetime.now(UTC)\n"
        )

    async def test_one_of_several_after_an_edit(self, editor: Editor, name: str) -> None:
        text = UNSAFE + "stamp = datetime.utcnow()\n"
        uri = editor.open(text, name)
        second, *_ = await editor.actions(uri, at(3, 20))
        editor.edit(uri, at(0, 0), "import os\n")
        assert applied(f"import os\n{text}", text_edits(await editor.resolve(second))).endswith(
            "stamp = datetime.utcnow()\nstamp = datetime.now(UTC)\n"
        )

    async def test_when_it_is_gone(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        aware, *_ = await editor.actions(uri, HERE)
        editor.edit(uri, at(2, 17, 2, 23), "now")
        with pytest.raises(JsonRpcException, match="changed") as raised:
            await editor.resolve(aware)
        assert raised.value.code == types.LSPErrorCodes.RequestFailed

    async def test_when_the_document_is_closed(self, editor: Editor, name: str) -> None:
        uri = editor.open(UNSAFE, name)
        aware, *_ = await editor.actions(uri, HERE)
        editor.close(uri)
        with pytest.raises(JsonRpcException, match="not open"):
            await editor.resolve(aware)

    async def test_an_action_that_was_complete(self, editor: Editor) -> None:
        action = types.CodeAction("x", kind=types.CodeActionKind.QuickFix)
        assert await editor.client.code_action_resolve_async(action) == action

    @pytest.mark.parametrize("data", [{}, {"uri": 3}, [], "x", {"uri": "file:///nowhere.py", "rule": "x"}])
    async def test_an_action_that_is_not_ours(self, editor: Editor, data: object) -> None:
        with pytest.raises(JsonRpcException):
            await editor.resolve(types.CodeAction("x", data=data))

    @pytest.mark.parametrize("wrong", [{"fix": 9}, {"fix": "1"}, {"rule": "x"}, {"statement": [], "source": 0}])
    async def test_an_action_that_was_tampered_with(self, editor: Editor, name: str, wrong: dict[str, object]) -> None:
        aware, *_ = await editor.actions(editor.open(UNSAFE, name), HERE)
        assert isinstance(aware.data, dict)
        aware.data |= wrong
        with pytest.raises(JsonRpcException, match="changed"):
            await editor.resolve(aware)


@pytest.mark.asyncio(loop_scope="module")
class TestFixAll:
    async def test_all_safe_ones_at_once(self, editor: Editor, name: str) -> None:
        text = f"{SAFE}other = datetime.utcnow()\nthird = datetime.utcnow().replace(tzinfo=timezone.utc)\n"
        uri = editor.open(text, name)
        (action,) = await editor.actions(uri, at(0, 0), only=["source.fixAll"])
        assert action.edit is None
        fixed = applied(text, text_edits(await editor.resolve(action)))
        assert fixed.count("datetime.now(UTC)") == 2
        assert "other = datetime.utcnow()" in fixed, "an unsafe one is nobody's wish"

    async def test_on_save(self, editor: Editor, name: str) -> None:
        actions = await editor.actions(
            editor.open(SAFE, name), at(0, 0, 3, 0), only=["source.fixAll.idiomatic"], trigger=AUTOMATIC
        )
        assert [action.title for action in actions] == ["Apply all safe fixes of idiomatic"]

    async def test_not_where_there_is_nothing_to_do(self, editor: Editor, name: str) -> None:
        assert await editor.actions(editor.open(UNSAFE, name), at(0, 0), only=["source"]) == []


async def test_an_editor_without_resolve_gets_the_edits_at_once(start: Callable[..., Awaitable[Editor]]) -> None:
    editor = await start(PLAIN)
    uri = editor.open(UNSAFE)
    aware, naive, silence = await editor.actions(uri, HERE, trigger=None)
    assert aware.edit is not None
    assert list(aware.edit.changes or ()) == [uri], "nor does it know versions"
    assert all(action.edit is not None and action.data is None for action in (aware, naive, silence))
    assert applied(UNSAFE, text_edits(aware)).endswith("stamp = datetime.now(UTC)\n")
    editor.edit(uri, None, REFUSED)
    # Nor can it show why something is not possible.
    actions = await editor.actions(uri, HERE, trigger=None)
    assert actions
    assert all(action.disabled is None for action in actions)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_positions_behind_wide_characters(start: Callable[..., Awaitable[Editor]], encoding: str) -> None:
    editor = await start(capabilities(encodings=[encoding]))
    assert editor.result is not None
    assert editor.result.capabilities.position_encoding == encoding
    width = {"utf-8": 4, "utf-16": 2, "utf-32": 1}[encoding]
    uri = editor.open("from datetime import datetime\n\nx = '\U0001f600', datetime.utcnow()\n")
    (found,) = await editor.found(uri)
    start_ = 4 + 1 + width + 1 + 2
    assert found.range == at(2, start_, 2, start_ + len("datetime.utcnow()"))
    aware, *_ = await editor.actions(uri, at(2, start_ + 1))
    edits = text_edits(await editor.resolve(aware))
    assert {(edit.range.start.line, edit.range.start.character) for edit in edits} == {
        (0, 21),
        (2, start_ + len("datetime.")),
    }
