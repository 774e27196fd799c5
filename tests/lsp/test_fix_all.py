"""All safe fixes at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.lsp.editor import Editor, applied, capabilities

SAFE = "import os\n\n\ndef f(path):\n    try:\n        os.remove(path)\n    except OSError:\n        pass\n"
FIXED = (
    "import contextlib\nimport os\n\n\ndef f(path):\n    with contextlib.suppress(OSError):\n        os.remove(path)\n"
)
UNSAFE = "from datetime import datetime\n\nstamp = datetime.utcnow()\n"
FILE, WORKSPACE = "idiomatic.server.fixAll", "idiomatic.server.fixWorkspace"
RULE = "suppress-exception"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "idiomatic.toml").write_text('exclude = ["left_out"]\n')
    (tmp_path / "one.py").write_text(SAFE)
    (tmp_path / "windows.py").write_bytes(b"\xef\xbb\xbf" + f"# \N{PILE OF POO}\n{SAFE}".replace("\n", "\r\n").encode())
    (tmp_path / "unsafe.py").write_text(UNSAFE)
    (tmp_path / "broken.py").write_text("def\n")
    (tmp_path / "left_out").mkdir()
    (tmp_path / "left_out" / "two.py").write_text(SAFE)
    return tmp_path


def changes(editor: Editor) -> dict[str, types.TextDocumentEdit]:
    """The edits that were wanted last, by the names of the files."""
    found = editor.wanted[-1].edit.document_changes or ()
    edits = [each for each in found if isinstance(each, types.TextDocumentEdit)]
    return {each.text_document.uri.rpartition("/")[2]: each for each in edits}


def after(change: types.TextDocumentEdit, text: str) -> str:
    plain = (each for each in change.edits if not isinstance(each, types.SnippetTextEdit))
    return applied(text, [types.TextEdit(each.range, each.new_text) for each in plain])


class TestFile:
    async def test_what_is_safe_is_fixed(self, start: Any) -> None:
        editor: Editor = await start(capabilities(edits=True))
        uri = editor.open(f"{UNSAFE}\n{SAFE}", version=5)
        assert await editor.execute(FILE, uri) is True
        (change,) = changes(editor).values()
        assert (change.text_document.uri, change.text_document.version) == (uri, 5)
        text = after(change, f"{UNSAFE}\n{SAFE}")
        assert "suppress" in text
        assert "utcnow()" in text
        assert editor.wanted[-1].metadata is None, "the user saves it"
        assert editor.told == []

    async def test_nothing_to_fix(self, start: Any) -> None:
        editor: Editor = await start(capabilities(edits=True))
        assert await editor.execute(FILE, editor.open(UNSAFE)) is False
        assert editor.told == ["Nothing in this file has a safe fix."]
        assert editor.wanted == []

    async def test_a_conflict_is_said(self, start: Any) -> None:
        editor: Editor = await start(capabilities(edits=True))
        editor.makes_edits = False
        assert await editor.execute(FILE, editor.open(SAFE)) is False
        assert editor.told == ["module.py was edited meanwhile: nothing was fixed."]


class TestWorkspace:
    async def test_what_is_safe_is_fixed_everywhere(self, start: Any, root: Path) -> None:
        editor: Editor = await start(capabilities(edits=True))
        editor.open(SAFE, "left_out/two.py")
        opened = f"# \N{PILE OF POO}\n{SAFE}"
        editor.open(opened, "one.py", version=7)
        assert await editor.execute(WORKSPACE) is True
        found = changes(editor)
        assert sorted(found) == ["one.py", "windows.py"]
        assert [change.text_document.version for change in found.values()] == [7, None]
        assert after(found["one.py"], opened) == f"# \N{PILE OF POO}\n{FIXED}"
        windows = (root / "windows.py").read_bytes().decode("utf-8-sig")
        assert after(found["windows.py"], windows) == f"# \N{PILE OF POO}\n{FIXED}".replace("\n", "\r\n")
        annotations = editor.wanted[-1].edit.change_annotations or {}
        assert {key: (each.label, each.needs_confirmation) for key, each in annotations.items()} == {RULE: (RULE, True)}
        assert all(
            isinstance(edit, types.AnnotatedTextEdit) and edit.annotation_id == RULE
            for change in found.values()
            for edit in change.edits
        )
        assert editor.wanted[-1].metadata == types.WorkspaceEditMetadata(is_refactoring=True)
        assert editor.told == ["Fixed what you have chosen."]
        assert (root / "windows.py").read_bytes().startswith(b"\xef\xbb\xbf"), "nothing was written by the server"

    async def test_a_client_without_annotations(self, start: Any, root: Path) -> None:
        can = types.ClientCapabilities(workspace=types.WorkspaceClientCapabilities(apply_edit=True))
        editor: Editor = await start(can)
        assert await editor.execute(WORKSPACE) is True
        edits = editor.wanted[-1].edit.changes or {}
        assert set(edits) == {editor.uri("one.py"), editor.uri("windows.py")}
        assert applied(SAFE, edits[editor.uri("one.py")]) == FIXED
        assert editor.told == [f"Fixed: 2 x {RULE}."]

    async def test_nothing_to_fix(self, start: Any, tmp_path: Path) -> None:
        (tmp_path / "unsafe.py").write_text(UNSAFE)
        editor: Editor = await start(capabilities(edits=True))
        assert await editor.execute(WORKSPACE) is False
        assert editor.told == ["Nothing has a safe fix."]
        assert editor.wanted == []

    async def test_another_encoding_is_left_out(self, start: Any, root: Path) -> None:
        (root / "latin.py").write_bytes(f"# coding: latin-1\n# \xe9\n{SAFE}".encode("latin-1"))
        editor: Editor = await start(capabilities(edits=True))
        assert await editor.execute(WORKSPACE) is True
        assert set(changes(editor)) == {"one.py", "windows.py"}
        left_out = "latin.py is in iso-8859-1: `idiomatic fix` can write that, an editor may not."
        assert editor.told == [f"Fixed what you have chosen. {left_out}"]

    async def test_what_the_user_does_not_confirm(self, start: Any, root: Path) -> None:
        editor: Editor = await start(capabilities(edits=True))
        editor.makes_edits = False
        assert await editor.execute(WORKSPACE) is False
        assert editor.told == ["Nothing was fixed."]

    async def test_an_edit_meanwhile_is_a_conflict(self, start: Any, root: Path) -> None:
        editor: Editor = await start(capabilities(edits=True))
        uri = editor.open(SAFE, "one.py")
        editor.makes_edits = False
        editor.on_edit = lambda: editor.edit(uri, None, f"{SAFE}\n")
        assert await editor.execute(WORKSPACE) is False
        assert editor.told == ["one.py was changed meanwhile: nothing was fixed. Try again."]

    async def test_a_write_meanwhile_is_a_conflict(self, start: Any, root: Path) -> None:
        editor: Editor = await start(capabilities(edits=True))
        editor.makes_edits = False
        editor.on_edit = lambda: (root / "one.py").write_text(UNSAFE)
        assert await editor.execute(WORKSPACE) is False
        assert editor.told == ["one.py was changed meanwhile: nothing was fixed. Try again."]
