"""What the server says of itself and of the file that its user looks at."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic import __version__
from lsprotocol import types

from tests.lsp.editor import TIMEOUT, uri_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.lsp.editor import Editor

    Start = Callable[..., Awaitable[Editor]]


def listen(editor: Editor) -> list[dict[str, Any]]:
    """What the server tells from now on."""
    told: list[dict[str, Any]] = []

    @editor.client.feature("idiomatic/status")  # type: ignore[untyped-decorator]
    async def status(params: Any) -> None:
        told.append(params._asdict())
        await editor._tell()

    return told


async def ask(editor: Editor, uri: str | None) -> dict[str, Any]:
    params = {} if uri is None else {"textDocument": {"uri": uri}}
    async with asyncio.timeout(TIMEOUT):
        answer = await editor.client.protocol.send_request_async("idiomatic/status", params)  # type: ignore[no-untyped-call]
    found: dict[str, Any] = answer._asdict()
    return found


async def test_says_what_counts_for_a_file(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\nname = "x"\nrequires-python = ">=3.12"\n\n[tool.idiomatic]\n')
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "idiomatic.toml").write_text('target-version = "3.9"\n')
    editor = await start()
    about = {"version": __version__, "isScanning": False}
    assert await ask(editor, None) == {**about, "target": None, "configuration": None}
    assert await ask(editor, editor.uri("a.py")) == {**about, "target": "3.12", "configuration": uri_of(file)}
    other = uri_of(tmp_path / "old" / "idiomatic.toml")
    assert await ask(editor, editor.uri("old/a.py")) == {**about, "target": "3.9", "configuration": other}
    elsewhere = uri_of(tmp_path.parent / "elsewhere.py")
    assert await ask(editor, elsewhere) == {**about, "target": None, "configuration": None}


async def test_tells_of_changes_to_one_who_has_asked(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "idiomatic.toml"
    file.write_text('target-version = "3.12"\n')
    editor = await start()
    told = listen(editor)
    uri = editor.open("", "a.py")

    async def change(version: str) -> None:
        file.write_text(f'target-version = "{version}"\n')
        event = types.FileEvent(uri_of(file), types.FileChangeType.Changed)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        await editor.found(uri)

    await change("3.11")
    assert told == []
    assert (await ask(editor, uri))["target"] == "3.11"
    await change("3.13")
    await editor.until(lambda: told)
    assert [each["target"] for each in told] == ["3.13"]


async def test_says_that_it_is_busy_while_it_looks_at_all_files(start: Start, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("x = 1\n")
    editor = await start(answer={"": {"workspaceDiagnostics": True}})
    told = listen(editor)
    await ask(editor, editor.uri("module.py"))
    params = types.WorkspaceDiagnosticParams(previous_result_ids=[], partial_result_token="parts")
    editor.client.workspace_diagnostic(params)
    await editor.until(lambda: len(told) > 1)
    assert [each["isScanning"] for each in told[:2]] == [True, False]


@pytest.mark.parametrize("params", [{"textDocument": 3}, [1]])
async def test_a_question_about_nothing_is_refused(start: Start, params: Any) -> None:
    editor = await start()
    with pytest.raises(Exception, match=r"textDocument is no object|params is no object"):
        await editor.client.protocol.send_request_async("idiomatic/status", params)  # type: ignore[no-untyped-call]
