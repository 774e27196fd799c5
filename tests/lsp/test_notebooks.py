"""Notebooks, as an editor tells of them: each cell is answered for, and all of them are one module."""

from __future__ import annotations

import ast
import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from lsprotocol import types

from tests.lsp.editor import PLAIN, TIMEOUT, Editor, applied, at, capabilities, of_client, position

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Start = Callable[..., Awaitable[Editor]]

UTCNOW = "from datetime import datetime"
STAMP = "stamp = datetime.utcnow()"
QUIET = "try:\n    f()\nexcept ValueError:\n    pass"
SUPPRESSED = "with contextlib.suppress(ValueError):\n    f()"

PUSHED = attrs.evolve(PLAIN, notebook_document=capabilities().notebook_document)
"""An editor that can do nothing but notebooks."""

_NUMBERS = itertools.count()


class Notebook:
    """A notebook in an editor."""

    def __init__(self, editor: Editor, *texts: str, uri: str | None = None) -> None:
        self.editor = editor
        self.uri = uri or editor.uri(f"notebook_{next(_NUMBERS)}.ipynb")
        self.version = 1
        self.number = 0
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.cells = [self.new(text) for text in texts]
        editor.client.notebook_document_did_open(
            types.DidOpenNotebookDocumentParams(
                types.NotebookDocument(self.uri, "jupyter-notebook", 1, self.cells),
                [self.item(cell.document) for cell in self.cells],
            )
        )

    def __getitem__(self, index: int) -> str:
        return self.cells[index].document

    def new(self, text: str) -> types.NotebookCell:
        uri = self.uri.replace("file://", "vscode-notebook-cell:") + f"#{self.number}"
        self.number += 1
        self.texts[uri], self.versions[uri] = text, 1
        return types.NotebookCell(types.NotebookCellKind.Code, uri)

    def item(self, uri: str, language: str = "python") -> types.TextDocumentItem:
        return types.TextDocumentItem(uri, language, self.versions[uri], self.texts[uri])

    def edit(self, index: int, place: types.Range, text: str) -> None:
        uri = self[index]
        self.versions[uri] += 1
        self.texts[uri] = applied(self.texts[uri], [types.TextEdit(place, text)])
        change = types.NotebookDocumentCellContentChanges(
            types.VersionedTextDocumentIdentifier(self.versions[uri], uri),
            [types.TextDocumentContentChangePartial(place, text)],
        )
        self.tell(types.NotebookDocumentCellChanges(text_content=[change]))

    def splice(self, start: int, count: int, *cells: types.NotebookCell) -> None:
        gone = [cell for cell in self.cells[start : start + count] if cell not in cells]
        fresh = [cell for cell in cells if cell not in self.cells]
        self.cells[start : start + count] = cells
        self.tell(
            types.NotebookDocumentCellChanges(
                types.NotebookDocumentCellChangeStructure(
                    types.NotebookCellArrayChange(start, count, list(cells)),
                    [self.item(cell.document) for cell in fresh],
                    [types.TextDocumentIdentifier(cell.document) for cell in gone],
                )
            )
        )

    def tell(self, cells: types.NotebookDocumentCellChanges) -> None:
        self.version += 1
        self.editor.client.notebook_document_did_change(
            types.DidChangeNotebookDocumentParams(
                types.VersionedNotebookDocumentIdentifier(self.version, self.uri),
                types.NotebookDocumentChangeEvent(cells=cells),
            )
        )

    def close(self) -> None:
        cells = [types.TextDocumentIdentifier(cell.document) for cell in self.cells]
        self.editor.client.notebook_document_did_close(
            types.DidCloseNotebookDocumentParams(types.NotebookDocumentIdentifier(self.uri), cells)
        )

    async def found(self) -> list[list[tuple[Any, types.Range]]]:
        """The rules that have found something in each cell, with the places."""
        return [[(each.code, each.range) for each in await self.editor.found(cell.document)] for cell in self.cells]

    async def counts(self) -> list[int]:
        return [len(found) for found in await self.found()]

    async def act(self, index: int, place: types.Range, title: str, only: Sequence[str] | None = None) -> list[str]:
        """The texts of the cells after an action."""
        actions = await self.editor.actions(self[index], place, only=only)
        [action] = [each for each in actions if title in each.title]
        resolved = await self.editor.resolve(action)
        assert resolved.edit is not None
        texts = dict(self.texts)
        for change in resolved.edit.document_changes or ():
            assert isinstance(change, types.TextDocumentEdit)
            uri = change.text_document.uri
            assert change.text_document.version == self.versions[uri]
            texts[uri] = applied(texts[uri], [each for each in change.edits if isinstance(each, types.TextEdit)])
        return [texts[cell.document] for cell in self.cells]


# -- what is found ----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_a_cell_knows_what_those_above_import(editor: Editor) -> None:
    notebook = Notebook(editor, UTCNOW, "x = 1", f"\n{STAMP}", "%%bash\nls")
    assert await notebook.found() == [[], [], [("naive-utcnow", at(1, 8, 1, 25))], []]


@pytest.mark.asyncio(loop_scope="module")
async def test_edits_of_other_cells(editor: Editor) -> None:
    notebook = Notebook(editor, UTCNOW, STAMP, STAMP)
    assert await notebook.counts() == [0, 1, 1]
    before = editor.refreshed
    notebook.edit(0, at(0, 5, 0, 13), "mydate")
    assert await notebook.counts() == [0, 0, 0]
    # The editor asks again about the cell that was edited; about the others it is told to.
    await editor.until(lambda: editor.refreshed > before)
    notebook.edit(0, at(0, 5, 0, 11), "datetime")
    assert await notebook.counts() == [0, 1, 1]
    notebook.edit(1, at(0, 0, 0, 0), "\n\n")
    assert (await notebook.found())[1:] == [[("naive-utcnow", at(2, 8, 2, 25))], [("naive-utcnow", at(0, 8, 0, 25))]]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_broken_cell_leaves_the_others_alone(editor: Editor) -> None:
    notebook = Notebook(editor, UTCNOW, "x = (1)", STAMP)
    notebook.edit(1, at(0, 6, 0, 7), "")
    notebook.edit(1, at(0, 4, 0, 4), '"""')
    assert await notebook.counts() == [0, 0, 1]


@pytest.mark.asyncio(loop_scope="module")
async def test_cells_come_go_and_move(editor: Editor) -> None:
    notebook = Notebook(editor, STAMP, UTCNOW)
    # Who knows in which order they are run.
    assert await notebook.counts() == [1, 0]
    stamp, imports = notebook.cells
    notebook.splice(0, 2, imports, stamp)
    assert await notebook.counts() == [0, 1]
    notebook.splice(1, 0, notebook.new("def datetime(): ..."))
    assert await notebook.counts() == [0, 0, 0]
    notebook.splice(1, 1)
    assert await notebook.counts() == [0, 1]
    notebook.splice(0, 1)
    assert await notebook.counts() == [0]
    notebook.splice(0, 1)
    assert await editor.found(stamp.document) == []
    notebook.splice(0, 0, notebook.new(UTCNOW), notebook.new(STAMP))
    assert await notebook.counts() == [0, 1]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_cell_becomes_text_and_code_again(editor: Editor) -> None:
    notebook = Notebook(editor, UTCNOW, STAMP)
    for kind, count in ((types.NotebookCellKind.Markup, 0), (types.NotebookCellKind.Code, 1)):
        cell = types.NotebookCell(kind, notebook[1])
        notebook.tell(types.NotebookDocumentCellChanges(data=[cell]))
        assert await notebook.counts() == [0, count]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_cell_in_another_language_is_none_of_ours(editor: Editor) -> None:
    notebook = Notebook(editor, UTCNOW, STAMP)
    cell = notebook.cells[1]
    uri = cell.document
    array = types.NotebookCellArrayChange(1, 1, [cell])
    for language, count in (("r", 0), ("python", 1)):
        structure = types.NotebookDocumentCellChangeStructure(
            array, [notebook.item(uri, language)], [types.TextDocumentIdentifier(uri)]
        )
        notebook.tell(types.NotebookDocumentCellChanges(structure))
        assert await notebook.counts() == [0, count]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_cannot_be_meant_changes_nothing(editor: Editor) -> None:
    notebook = Notebook(editor, UTCNOW, STAMP)
    uri = notebook[1]
    content = types.NotebookDocumentCellContentChanges

    def versioned(version: int, uri: str = uri) -> types.VersionedTextDocumentIdentifier:
        return types.VersionedTextDocumentIdentifier(version, uri)

    everything = types.TextDocumentContentChangeWholeDocument("")
    beyond = types.TextDocumentContentChangePartial(at(7, 0, 7, 0), "x")
    for wrong in (
        types.NotebookDocumentCellChanges(text_content=[content(versioned(1), [everything])]),
        types.NotebookDocumentCellChanges(text_content=[content(versioned(2, "file:///x"), [everything])]),
        types.NotebookDocumentCellChanges(text_content=[content(versioned(2), [everything, beyond])]),
        types.NotebookDocumentCellChanges(
            types.NotebookDocumentCellChangeStructure(types.NotebookCellArrayChange(1, 5, []))
        ),
        types.NotebookDocumentCellChanges(data=[types.NotebookCell(types.NotebookCellKind.Markup, "file:///x")]),
    ):
        notebook.tell(wrong)
        assert await notebook.counts() == [0, 1]
    Notebook(editor).close()
    notebook.close()
    notebook.close()
    notebook.tell(types.NotebookDocumentCellChanges())
    assert await notebook.counts() == [0, 0]


async def test_a_closed_notebook_leaves_nothing(start: Start) -> None:
    editor = await start(PUSHED)
    notebook = Notebook(editor, UTCNOW, STAMP)
    uri = notebook[1]
    assert len(await editor.sent(uri, 1)) == 1
    notebook.close()
    assert await editor.sent(uri, None) == []


async def test_what_is_sent_without_being_asked_for(start: Start) -> None:
    editor = await start(PUSHED)
    notebook = Notebook(editor, UTCNOW, STAMP, "x = 1")
    imports, stamp, other = (cell.document for cell in notebook.cells)
    assert len(await editor.sent(stamp, 1)) == 1
    notebook.edit(0, at(0, 0, 0, 0), "# ")
    assert await editor.sent(imports, 2) == []
    await editor.until(lambda: len(editor.published[stamp]) == 2)
    assert list(editor.published[stamp][-1].diagnostics) == []
    # Of the others there was nothing new.
    assert len(editor.published[other]) == 1
    notebook.splice(1, 1)
    await editor.until(lambda: editor.published[stamp][-1].version is None)


async def test_configuration_counts_for_notebooks(start: Start, tmp_path: Any) -> None:
    (tmp_path / "idiomatic.toml").write_text('ignore = ["naive-utcnow"]\n')
    editor = await start()
    assert await Notebook(editor, UTCNOW, STAMP).counts() == [0, 0]
    assert await Notebook(editor, UTCNOW, STAMP, uri="untitled:Untitled-1.ipynb").counts() == [0, 0]


@pytest.mark.asyncio(loop_scope="module")
async def test_files_around_are_known(editor: Editor) -> None:
    (editor.root / "other.py").write_text("async def load(): ...\n")
    gather = "async def main():\n    a, b = await asyncio.gather(load(), load())\n    print(a, b)\n"
    notebook = Notebook(editor, "import asyncio\nfrom other import load", gather)
    hover = await editor.hover(notebook[1], 1, 20)
    assert "can't be seen" not in str(hover)
    assert "gather-to-task-group" in str(hover)


# -- what is said and offered -----------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_hover(editor: Editor) -> None:
    notebook = Notebook(editor, UTCNOW, f"x = 1\n{STAMP}", "# idiomatic: ignore-file[str-enum]")
    hover = await editor.hover(notebook[1], 1, 20)
    assert hover is not None
    assert hover.range == at(1, 8, 1, 25)
    assert "-from datetime import datetime" in str(hover.contents)
    assert await editor.hover(notebook[0], 0, 3) is None
    assert "str-enum" in str(await editor.hover(notebook[2], 0, 15))


@pytest.mark.asyncio(loop_scope="module")
async def test_a_fix_may_import_in_another_cell(editor: Editor) -> None:
    notebook = Notebook(editor, "import os", "x = '\U0001f600'", QUIET)
    assert await notebook.act(2, at(2, 1), "contextlib.suppress") == [
        "import contextlib\nimport os",
        "x = '\U0001f600'",
        SUPPRESSED,
    ]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_would_lose_a_value_fails_with_the_reason(editor: Editor) -> None:
    notebook = Notebook(editor, "import asyncio\nasync def a(): ...", "await asyncio.gather(a(), a())")
    actions = await editor.actions(notebook[1], at(0, 10))
    with pytest.raises(Exception, match="no longer show the value of its last expression"):
        await editor.resolve(actions[0])


async def test_an_editor_that_resolves_nothing_is_not_offered_it(start: Start) -> None:
    editor = await start(PUSHED)
    notebook = Notebook(editor, "import asyncio\nasync def a(): ...", "await asyncio.gather(a(), a())", UTCNOW, STAMP)
    assert [each.title for each in await editor.actions(notebook[1], at(0, 10))] == [
        "Silence `gather-to-task-group` here"
    ]
    first, *_ = await editor.actions(notebook[3], at(0, 10))
    assert first.edit is not None
    assert set(first.edit.changes or ()) == {notebook[2], notebook[3]}


@pytest.mark.asyncio(loop_scope="module")
async def test_silencing(editor: Editor) -> None:
    notebook = Notebook(editor, UTCNOW, f"{STAMP}\nx = 1")
    assert (await notebook.act(1, at(0, 10), "Silence"))[1] == f"{STAMP}  # idiomatic: ignore[naive-utcnow]\nx = 1"


@pytest.mark.asyncio(loop_scope="module")
async def test_all_fixes_of_a_cell(editor: Editor) -> None:
    notebook = Notebook(editor, "import os", QUIET, f"{QUIET}\nx = 1")
    assert await notebook.act(1, at(0, 0), "all safe", only=["source.fixAll"]) == [
        "import contextlib\nimport os",
        SUPPRESSED,
        f"{QUIET}\nx = 1",
    ]
    assert await editor.actions(notebook[0], at(0, 0), only=["source.fixAll"]) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_all_fixes_of_a_notebook(editor: Editor) -> None:
    """`notebook.codeActionsOnSave` asks about any of the cells."""
    notebook = Notebook(editor, "import os", QUIET, f"{QUIET}\nx = 1\n")
    assert await notebook.act(0, at(0, 0), "in the notebook", only=["notebook.source.fixAll"]) == [
        "import contextlib\nimport os",
        SUPPRESSED,
        f"{SUPPRESSED}\nx = 1\n",
    ]


@pytest.mark.asyncio(loop_scope="module")
async def test_files_have_no_fixes_for_notebooks(editor: Editor) -> None:
    uri = editor.open(QUIET)
    assert await editor.actions(uri, at(0, 0), only=["notebook.source.fixAll"]) == []
    assert len(await editor.actions(uri, at(0, 0), only=["source.fixAll"])) == 1


@pytest.mark.asyncio(loop_scope="module")
async def test_templates(editor: Editor) -> None:
    """An editor adds imports to the document only that is typed in."""
    notebook = Notebook(editor, "import os", "x = 1", "y = 2\nacm")
    [item] = [each for each in await editor.completions(notebook[2], 1, 3) if each.label == "acm"]
    assert isinstance(item.text_edit, types.TextEdit)
    assert item.text_edit.range == at(1, 0, 1, 3)
    async with asyncio.timeout(TIMEOUT):
        item = await editor.client.completion_item_resolve_async(item)
    edits = item.additional_text_edits or []
    assert {edit.range.start.line for edit in edits} == {0}
    assert "from contextlib import asynccontextmanager" in "".join(edit.new_text for edit in edits)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("text", ["x = 1", "x = 1\n", "", "import abc"])
async def test_a_template_below_the_last_line_of_a_cell(editor: Editor, text: str) -> None:
    notebook = Notebook(editor, "import os", text, "y = 2")
    here = {"start": position(0, 0), "end": position(0, 0)}
    made = await editor.execute("idiomatic.server.insertion", notebook[1], here, "async-resource")
    edits = [types.TextEdit(of_client(made["range"]), made["text"])]
    edits += [types.TextEdit(of_client(each["range"]), each["newText"]) for each in made["edits"]]
    after = applied(text, edits)
    tree = ast.parse(after)
    assert {line for line in text.splitlines() if line} <= set(after.splitlines())
    assert any(isinstance(node, ast.AsyncFunctionDef) for node in tree.body)
    assert "from contextlib import asynccontextmanager" in after


# -- who can do what --------------------------------------------------------------------------------------------------


async def test_an_editor_that_tells_of_no_notebooks_sees_nothing_of_it(start: Start) -> None:
    editor = await start(attrs.evolve(capabilities(), notebook_document=None))
    assert editor.result is not None
    can = editor.result.capabilities
    assert can.notebook_document_sync is None
    assert isinstance(can.code_action_provider, types.CodeActionOptions)
    assert not any("notebook" in kind for kind in can.code_action_provider.code_action_kinds or ())
    # Some send the cells as if they were files.
    uri = editor.open(f"{UTCNOW}\n{STAMP}", "vscode-notebook-cell:/x.ipynb#1")
    assert len(await editor.found(uri)) == 1


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_asked_of_an_editor_that_does(editor: Editor) -> None:
    assert editor.result is not None
    sync = editor.result.capabilities.notebook_document_sync
    assert isinstance(sync, types.NotebookDocumentSyncOptions)
    [selector] = sync.notebook_selector
    assert [cell.language for cell in selector.cells or ()] == ["python"]
