"""Commands in the cells of notebooks."""

from __future__ import annotations

import ast
from typing import Any

from lsprotocol import types

from tests.lsp.editor import Editor, applied, capabilities, of_client
from tests.lsp.test_notebooks import Notebook

IMPORT = "import os\n"
SAFE = "try:\n    os.remove('a')\nexcept OSError:\n    pass\n"


async def test_all_safe_fixes_of_all_cells(start: Any) -> None:
    editor: Editor = await start(capabilities(edits=True))
    notebook = Notebook(editor, IMPORT, SAFE, SAFE)
    assert await editor.execute("idiomatic.server.fixAll", notebook[1]) is True
    found = editor.wanted[-1].edit.document_changes or ()
    changed = {each.text_document.uri for each in found if isinstance(each, types.TextDocumentEdit)}
    assert changed == {notebook[index] for index in range(3)}


async def test_an_idiom_in_a_cell(start: Any) -> None:
    editor: Editor = await start(capabilities(edits=True))
    texts = ["x = 1\ny = 2", "z = 3"]
    notebook = Notebook(editor, *texts)
    for index, text in enumerate(texts):
        line, character = text.count("\n"), 5
        here = {"start": {"line": line, "character": character}, "end": {"line": line, "character": character}}
        listed = await editor.execute("idiomatic.server.templates", notebook[index], here)
        assert len(listed) > 20
        made = await editor.execute("idiomatic.server.insertion", notebook[index], here, "retry")
        edits = [{"range": made["range"], "newText": made["text"]}, *made["edits"]]
        result = applied(text, [types.TextEdit(of_client(each["range"]), each["newText"]) for each in edits])
        assert f"{text}\n" in result
        assert "import functools\n" in result, "a cell is edited by itself"
        ast.parse(result)
