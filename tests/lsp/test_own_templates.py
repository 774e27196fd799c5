"""Completion that knows the project: its libraries, its own templates, its configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from idiomatic.templates.catalogue import load
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import PLAIN, applied, at, text_edits, uri_of
from tests.project.test_distributions import environment
from tests.project.test_own_templates import GREETING, project

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.lsp.editor import Editor

    Start = Callable[..., Awaitable[Editor]]

WRONG = GREETING.replace("(3, 9)", '"3.9"')


@pytest.mark.parametrize("can", [None, PLAIN], ids=["pull", "push"])
async def test_a_team_s_templates(start: Start, tmp_path: Path, can: types.ClientCapabilities | None) -> None:
    project(tmp_path, "greeting.py", "others/broken.py")
    broken = tmp_path / "our" / "templates" / "others" / "broken.py"
    broken.write_text(WRONG)
    editor = await start(can)
    uri = editor.open("gre\n")
    (item,) = await editor.completions(uri, 0, 3)
    assert (item.label, item.detail) == ("greet", "Greet somebody.")
    await editor.until(lambda: any(each.diagnostics for each in editor.published[uri_of(broken)]))
    (fault,) = editor.published[uri_of(broken)][-1].diagnostics
    assert fault.message.startswith("`SINCE` is a version")
    assert fault.range == at(9, 0, 9, len('SINCE = "3.9"'))

    # Seen in the open file too, with what else there is to say about it, and gone when it is right again.
    opened = editor.open(WRONG, "our/templates/others/broken.py")
    if can is PLAIN:
        await editor.until(lambda: any(each.version == 1 for each in editor.published[opened]))
        assert [each.message for each in editor.published[opened][-1].diagnostics] == [fault.message]
    broken.write_text(GREETING.replace("greet", "part"))
    changes = [types.FileEvent(uri_of(broken), types.FileChangeType.Changed)]
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))
    editor.edit(uri, at(0, 0, 0, 3), "par")
    await editor.completions(uri, 0, 3)
    await editor.until(lambda: not editor.published[uri_of(broken)][-1].diagnostics)


async def test_a_library_that_is_missing_comes_last_and_says_so(start: Start, tmp_path: Path) -> None:
    needing = next(each for each in load().values() if each.requires and each.is_python and "module" in each.where)
    folder = environment(tmp_path)
    (tmp_path / ".git").mkdir()
    editor = await start()
    uri = editor.open(f"{needing.name}\n")
    items = await editor.completions(uri, 0, len(needing.name))
    item = next(each for each in items if each.label == needing.name)
    assert item.sort_text == f"~{needing.name}"
    assert item.detail is not None
    assert "Needs: pip install " in item.detail
    for name in needing.distributions:
        (folder / f"{name}-9.dist-info").mkdir()
    other = editor.open(f"{needing.name}\n", "package/other.py")
    items = await editor.completions(other, 0, len(needing.name))
    item = next(each for each in items if each.label == needing.name)
    assert (item.sort_text, item.detail) == (needing.name, needing.title)


async def test_configuration_files(start: Start) -> None:
    editor = await start()
    toml = [each for each in load().values() if not each.is_python and "pyproject" in each.where]
    uri = editor.open("[tool.other]\nname = 'x'\n\n\n", "pyproject.toml", "toml")
    items = await editor.completions(uri, 3, 0)
    assert {item.detail for item in items if item.detail} == {each.title for each in toml}
    for item in items:
        resolved = await editor.client.completion_item_resolve_async(item)
        assert isinstance(resolved.documentation, types.MarkupContent)
        assert "```toml\n" in resolved.documentation.value
    assert await editor.completions(editor.open("x = 1\n\n", "idiomatic.toml", "toml"), 1, 0) == []
    assert await editor.completions(uri, 1, 0) == []


SELECTED = "import os\n\n\ndef clean(path: str) -> None:\n    os.remove(path)\n    print(path)\n"


@pytest.mark.parametrize("can", [None, PLAIN], ids=["resolves", "plain"])
async def test_a_template_around_what_is_selected(start: Start, can: types.ClientCapabilities | None) -> None:
    editor = await start(can)
    uri = editor.open(SELECTED)
    name = "Surround with `try` and `finally`"
    kinds = [types.CodeActionKind.RefactorRewrite]
    assert all(action.title != name for action in await editor.actions(uri, at(4, 4), only=kinds))
    (action,) = [each for each in await editor.actions(uri, at(4, 0, 6, 0), only=kinds) if each.title == name]
    assert action.kind == types.CodeActionKind.RefactorRewrite
    if can is None:
        assert action.edit is None
        action = await editor.resolve(action)
    text = applied(SELECTED, text_edits(action))
    assert "    try:\n        os.remove(path)\n        print(path)\n    finally:\n" in text
    if can is None:
        editor.edit(uri, at(4, 4, 4, 6), "so")
        with pytest.raises(JsonRpcException, match="changed since"):
            await editor.resolve(action)
