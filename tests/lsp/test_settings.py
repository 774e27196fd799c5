"""Configuration: from the client, from files, and while the server is running."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.lsp.settings import section
from lsprotocol import types

from tests.lsp.editor import PLAIN, Editor, at, capabilities, uri_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Start = Callable[..., Awaitable[Editor]]

SOURCE = "from datetime import datetime\n\nstamp = datetime.utcnow()\n"


def configure(editor: Editor, settings: Any) -> None:
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))


def saved(editor: Editor, path: Path) -> None:
    editor.client.workspace_did_change_watched_files(
        types.DidChangeWatchedFilesParams([types.FileEvent(uri_of(path), types.FileChangeType.Changed)])
    )


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ({"ignore": ["x"]}, {"ignore": ["x"]}),
        ({"idiomatic": {"ignore": ["x"]}}, {"ignore": ["x"]}),
        ({"settings": {"ignore": ["x"]}}, {"ignore": ["x"]}),
        ({"settings": {"idiomatic": {"ignore": ["x"]}}}, {"ignore": ["x"]}),
        (None, {}),
        ([], {}),
        ("x", {}),
        (17, {}),
    ],
)
def test_the_forms_in_which_settings_come(options: Any, settings: Any) -> None:
    assert section(options) == settings


@pytest.mark.parametrize("options", [{"severity": {"naive-utcnow": "off"}}, {"enable": False}])
async def test_switched_off_from_the_start(start: Start, options: Any) -> None:
    editor = await start(options=options)
    uri = editor.open(SOURCE)
    assert await editor.found(uri) == []
    assert await editor.actions(uri, at(2, 20)) == []
    assert await editor.hover(uri, 2, 20) is None


async def test_options_that_make_no_sense(start: Start) -> None:
    editor = await start(options={"idiomatic": None, "unknown": {"x": 1}, "enable": None})
    assert len(await editor.found(editor.open(SOURCE))) == 1


async def test_a_wrong_value_is_logged_and_the_rest_goes_on(start: Start) -> None:
    editor = await start(options={"select": ["no-such-rule"], "severity": 3})
    assert len(await editor.found(editor.open(SOURCE))) == 1
    assert any("no-such-rule" in message.message for message in editor.client.log_messages)
    assert editor.client.messages == [], "nothing pops up"


async def test_severity(start: Start) -> None:
    editor = await start(options={"severity": {"naive-utcnow": "error"}})
    (found,) = await editor.found(editor.open(SOURCE))
    assert found.severity is types.DiagnosticSeverity.Error


async def test_target_version(start: Start) -> None:
    editor = await start(options={"targetVersion": "3.10"})
    actions = await editor.actions(editor.open(SOURCE), at(2, 20))
    assert actions[0].title == "Use `now(timezone.utc)` (aware instead of naive)"


async def test_the_client_is_asked_and_tells_of_changes(start: Start) -> None:
    editor = await start(answer={"": {"ignore": ["naive-utcnow"]}})
    await editor.until(lambda: editor.registered)
    methods = {registration.method for registration in editor.registered}
    assert methods == {types.WORKSPACE_DID_CHANGE_CONFIGURATION, types.WORKSPACE_DID_CHANGE_WATCHED_FILES}
    uri = editor.open(SOURCE)
    await editor.until(lambda: editor.refreshed == 1)
    assert await editor.found(uri) == []
    editor.answer[""] = {"severity": {"naive-utcnow": "hint"}}
    configure(editor, None)
    await editor.until(lambda: editor.refreshed == 2)
    (found,) = await editor.found(uri)
    assert found.severity is types.DiagnosticSeverity.Hint


async def test_nothing_is_refreshed_when_nothing_changed(start: Start) -> None:
    editor = await start(options={"ignore": ["naive-utcnow"]}, answer={"": {"ignore": ["naive-utcnow"]}})
    uri = editor.open(SOURCE)
    configure(editor, {"idiomatic": {"ignore": ["naive-utcnow"]}})
    for _ in range(5):
        assert await editor.found(uri) == []
    assert editor.refreshed == 0


async def test_a_client_that_sends_its_settings(start: Start) -> None:
    editor = await start(PLAIN)
    uri = editor.open(SOURCE)
    assert len(await editor.sent(uri, 1)) == 1
    configure(editor, {"idiomatic": {"ignore": ["naive-utcnow"]}})
    await editor.until(lambda: not editor.published[uri][-1].diagnostics)
    configure(editor, {"idiomatic": {}})
    await editor.until(lambda: editor.published[uri][-1].diagnostics)


async def test_the_log_level(start: Start) -> None:
    editor = await start(options={"logLevel": "debug"})
    await editor.found(editor.open(SOURCE))
    assert any("module.py" in message.message for message in editor.client.log_messages)


async def test_a_configuration_file_while_the_server_runs(start: Start) -> None:
    editor = await start()
    uri = editor.open(SOURCE)
    assert len(await editor.found(uri)) == 1
    path = editor.root / "pyproject.toml"
    path.write_text('[tool.idiomatic]\nseverity = { naive-utcnow = "off" }\n')
    before = editor.refreshed
    saved(editor, path)
    await editor.until(lambda: editor.refreshed > before)
    assert await editor.found(uri) == []
    path.unlink()
    saved(editor, path)
    await editor.until(lambda: editor.refreshed > before + 1)
    assert len(await editor.found(uri)) == 1


async def test_a_fault_in_a_configuration_file_is_shown_there(start: Start) -> None:
    editor = await start()
    path = editor.root / "idiomatic.toml"
    path.write_text('# \U0001f600\nignore = ["naive-utcnwo"]\n')
    uri = editor.open(SOURCE)
    # The rest goes on with what counts by default.
    assert len(await editor.found(uri)) == 1
    fault = uri_of(path)
    await editor.until(lambda: editor.published[fault])
    (shown,) = editor.published[fault][-1].diagnostics
    assert shown.range == at(1, 0, 1, 6)
    assert shown.severity is types.DiagnosticSeverity.Error
    assert "naive-utcnwo" in shown.message
    assert "did you mean `naive-utcnow`?" in shown.message
    path.write_text('ignore = ["naive-utcnow"]\n')
    saved(editor, path)
    await editor.until(lambda: not editor.published[fault][-1].diagnostics)
    assert await editor.found(uri) == []


async def test_a_fault_is_shown_when_the_file_is_opened(start: Start) -> None:
    editor = await start(capabilities(pull=False))
    path = editor.root / "idiomatic.toml"
    path.write_text("ignore = [\n")
    uri = editor.open(path.read_text(), "idiomatic.toml", language="toml")
    await editor.until(lambda: editor.published[uri] and editor.published[uri][-1].diagnostics)
    assert "not valid TOML" in editor.published[uri][-1].diagnostics[0].message


async def test_without_file_watching_saving_is_enough(start: Start) -> None:
    editor = await start(PLAIN)
    uri = editor.open(SOURCE)
    assert len(await editor.sent(uri, 1)) == 1
    path = editor.root / "idiomatic.toml"
    path.write_text('ignore = ["naive-utcnow"]\n')
    editor.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri_of(path))))
    await editor.until(lambda: not editor.published[uri][-1].diagnostics)


async def test_every_folder_has_its_own_configuration(start: Start, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "one" / "two"
    two.mkdir(parents=True)
    (one / "idiomatic.toml").write_text('severity = { naive-utcnow = "error" }\n')
    (two / "idiomatic.toml").write_text('severity = { naive-utcnow = "hint" }\n')
    editor = await start(folders=[one, two], answer={uri_of(two): {"targetVersion": "3.9"}})
    (error,) = await editor.found(editor.open(SOURCE, "one/a.py"))
    (hint,) = await editor.found(editor.open(SOURCE, "one/two/a.py"))
    (default,) = await editor.found(editor.open(SOURCE, "elsewhere.py"))
    assert [each.severity for each in (error, hint, default)] == [
        types.DiagnosticSeverity.Error,
        types.DiagnosticSeverity.Hint,
        types.DiagnosticSeverity.Warning,
    ]
    await editor.until(lambda: editor.refreshed)
    titles = [(await editor.actions(editor.uri(name), at(2, 20)))[0].title for name in ("one/a.py", "one/two/a.py")]
    assert titles == [
        "Use `now(UTC)` (aware instead of naive)",
        "Use `now(timezone.utc)` (aware instead of naive)",
    ]


async def test_folders_come_and_go(start: Start, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    editor = await start(answer={uri_of(inner): {"ignore": ["naive-utcnow"]}})
    uri = editor.open(SOURCE, "inner/a.py")
    assert len(await editor.found(uri)) == 1
    folder = types.WorkspaceFolder(uri_of(inner), "inner")

    def change(added: list[types.WorkspaceFolder], removed: list[types.WorkspaceFolder]) -> None:
        event = types.WorkspaceFoldersChangeEvent(added, removed)
        editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))

    change([folder], [])
    await editor.until(lambda: editor.refreshed == 1)
    assert await editor.found(uri) == []
    change([], [folder])
    await editor.until(lambda: editor.refreshed == 2)
    assert len(await editor.found(uri)) == 1


async def test_what_ruff_reports_is_only_offered(start: Start) -> None:
    editor = await start()
    (editor.root / "ruff.toml").write_text('[lint]\nselect = ["DTZ"]\n')
    uri = editor.open(SOURCE)
    assert await editor.found(uri) == []
    assert await editor.hover(uri, 2, 20) is None
    theirs = types.Diagnostic(at(2, 8, 2, 25), "utcnow", code="DTZ003", source="Ruff")
    aware, naive = await editor.actions(
        uri, at(2, 20), diagnostics=[theirs], trigger=types.CodeActionTriggerKind.Automatic
    )
    assert list(aware.diagnostics or ()) == list(naive.diagnostics or ()) == [theirs]


async def test_another_open_file_is_what_the_editor_shows(start: Start) -> None:
    """What a file says about its neighbours follows their unsaved text."""
    editor = await start(options={"select": ["missing-wraps", "gather-to-task-group", "class-to-dataclass"]})
    other = editor.open("def load(): ...\n", "other.py")
    uri = editor.open(
        "import asyncio\nfrom other import load\n\n\n"
        "async def main():\n    a, b = await asyncio.gather(load(), load())\n    print(a, b)\n"
    )
    assert "can't be seen" in str(await editor.hover(uri, 5, 20))
    editor.edit(other, None, "async def load(): ...\n")
    assert "can't be seen" not in str(await editor.hover(uri, 5, 20))
    editor.close(other)
    assert "can't be seen" in str(await editor.hover(uri, 5, 20))


async def test_trace(start: Start) -> None:
    editor = await start(PLAIN, trace=types.TraceValue.Verbose)
    uri = editor.open(SOURCE)
    await editor.sent(uri, 1)
    (traced,) = editor.traced
    assert uri in traced.message
    assert "ms" in (traced.verbose or "")
    editor.client.set_trace(types.SetTraceParams(types.TraceValue.Off))
    await editor.sent(uri, editor.edit(uri, at(0, 0), "\n"))
    assert editor.traced == [traced]


async def test_a_file_of_another_language_has_nothing_to_offer(start: Start) -> None:
    editor = await start(PLAIN)
    uri = editor.open("[tool.idiomatic]\n", "pyproject.toml", language="toml")
    assert await editor.actions(uri, types.Range(types.Position(0, 0), types.Position(0, 0))) == []
    assert await editor.hover(uri, 0, 0) is None
    assert await editor.completions(uri, 0, 0) == []
