"""Silencing a rule in the configuration of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import applied, at, capabilities

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lsp.editor import Editor

TEXT = "from datetime import datetime\n\nstamp = datetime.utcnow()\n"
RULE = "naive-utcnow"
COMMAND = "idiomatic.server.silence"
TITLE = f"Silence `{RULE}` in this project"

Starter = Any


async def started(start: Any) -> Editor:
    editor: Editor = await start(capabilities(edits=True))
    return editor


def edits_of(editor: Editor) -> tuple[types.TextDocumentEdit, list[Any]]:
    """The edit of a text that was wanted last, and whatever else was."""
    assert editor.wanted[-1].edit.document_changes is not None
    *others, change = editor.wanted[-1].edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    return change, others


def after(editor: Editor, before: str) -> str:
    return applied(before, [each for each in edits_of(editor)[0].edits if isinstance(each, types.TextEdit)])


async def test_the_action_silences(start: Starter, tmp_path: Path) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_bytes(b'\xef\xbb\xbf[tool.idiomatic]\r\nignore = ["str-enum"]\r\n')
    editor = await started(start)
    (tmp_path / "inner").mkdir()
    uri = editor.open(TEXT, "inner/module.py")
    here, project = [each for each in await editor.actions(uri, at(2, 20)) if "Silence" in each.title]
    assert (here.title, project.title) == (f"Silence `{RULE}` here", TITLE)
    assert project.kind == types.CodeActionKind.QuickFix
    assert list(project.diagnostics or ()) == await editor.found(uri)
    assert project.command is not None
    assert (project.command.title, project.command.command) == (TITLE, COMMAND)
    assert await editor.execute(project.command.command, *project.command.arguments or ()) is True
    assert after(editor, '[tool.idiomatic]\r\nignore = ["str-enum"]\r\n') == (
        f'[tool.idiomatic]\r\nignore = ["str-enum", "{RULE}"]\r\n'
    )
    assert edits_of(editor)[0].text_document.uri == editor.uri("pyproject.toml")
    assert editor.wanted[-1].metadata == types.WorkspaceEditMetadata(is_refactoring=True)
    assert editor.told == [f"`{RULE}` is silenced in pyproject.toml."]


async def test_an_open_configuration_counts_as_it_is(start: Starter, tmp_path: Path) -> None:
    (tmp_path / "idiomatic.toml").write_text("")
    editor = await started(start)
    text = f'select = ["{RULE}", "str-enum"]\n'
    editor.open(text, "idiomatic.toml", "toml", version=7)
    assert await editor.execute(COMMAND, RULE) is True
    assert after(editor, text) == 'select = ["str-enum"]\n'
    assert edits_of(editor)[0].text_document.version == 7
    assert editor.told == [f"`{RULE}` is silenced in idiomatic.toml, as soon as it is saved."]


async def test_without_a_configuration_the_user_is_asked(start: Starter, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    editor = await started(start)
    assert await editor.execute(COMMAND, RULE, editor.uri("module.py")) is False
    question = f"In which file is `{RULE}` to be silenced? | pyproject.toml | idiomatic.toml (new)"
    assert editor.told == [question]
    assert editor.wanted == []
    editor.choice = 0
    assert await editor.execute(COMMAND, RULE, editor.uri("module.py")) is True
    assert after(editor, '[project]\nname = "x"\n').endswith(f'\n\n[tool.idiomatic]\nignore = ["{RULE}"]\n')
    editor.choice = 1
    assert await editor.execute(COMMAND, RULE, editor.uri("module.py")) is True
    change, (created,) = edits_of(editor)
    assert change.text_document.uri == created.uri == editor.uri("idiomatic.toml")
    assert isinstance(created, types.CreateFile)
    assert after(editor, "") == f'ignore = ["{RULE}"]\n'


async def test_already_silenced(start: Starter, tmp_path: Path) -> None:
    (tmp_path / "idiomatic.toml").write_text(f'ignore = ["{RULE}"]\n')
    editor = await started(start)
    assert await editor.execute(COMMAND, RULE) is True
    assert editor.told == [f"`{RULE}` is silenced in idiomatic.toml already."]
    assert editor.wanted == []


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", ["no-rule"], "There is no rule `no-rule`"),
        ("ignore = [", [RULE], f"`{RULE}` is not silenced: idiomatic.toml is not valid TOML: "),
        ('selct = ["ALL"]', [RULE], "idiomatic.toml was changed meanwhile: `naive-utcnow` is not silenced."),
    ],
)
async def test_what_goes_wrong(start: Starter, tmp_path: Path, text: str, arguments: list[str], message: str) -> None:
    (tmp_path / "idiomatic.toml").write_text(text)
    editor = await started(start)
    editor.makes_edits = False
    with pytest.raises(JsonRpcException) as error:
        await editor.execute(COMMAND, *arguments)
    assert error.value.message.startswith(message)
    assert editor.told == []


async def test_a_client_that_takes_no_edits(start: Starter) -> None:
    editor = await start()
    titles = [each.title for each in await editor.actions(editor.open(TEXT), at(2, 20))]
    assert f"Silence `{RULE}` here" in titles
    assert TITLE not in titles
    with pytest.raises(JsonRpcException, match="takes no edits"):
        await editor.execute(COMMAND, RULE)
