"""Somebody edits notebooks, in all the ways there are: what is known is always what a fresh look would find."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from idiomatic.core.cells import NotebookDocument
from idiomatic.core.engine import analyse
from idiomatic.core.module import Module
from idiomatic.core.text import Lines
from idiomatic.core.unit import Unit
from idiomatic.lsp.notebooks import OpenNotebook

from tests.engine import rules

if TYPE_CHECKING:
    from idiomatic.core.engine import Analysed
    from idiomatic.lsp.types import Position

# fmt: off
CELLS: Final = (
    "", "x = 1", "x = 1\n", "import os\nimport asyncio\n", "from datetime import datetime",
    "%matplotlib inline\nx = 1\n", "stamp = datetime.utcnow()\nstamp", "%%time\nstamp = datetime.utcnow()",
    "%%bash\nls\n", "x = (", '"""', "if x:",
    "try:\n    f()\nexcept ValueError:\n    pass\n", "def f(x=[]):\n    '\U0001f600'; return datetime.utcnow()\n",
    "a, b = await asyncio.gather(f(), g())\n", "# idiomatic: ignore-file[naive-utcnow]",
    "f()\r\ndatetime.utcnow()\r\n",
    "class A:\n    def __init__(self, x):\n        self.x = x\n\n    def __repr__(self):\n        return f'{self.x}'\n",
)
TYPED: Final = (
    "", "", "x", "\n", "\r\n", "\r", " ", "#", "'", '"""', "(", ")", ":", "%", "!", "?", "%%", "\\", "\U0001f600", ";",
    "\n!ls\n", "\n%time datetime.utcnow()\n", "from datetime import datetime\n",
    "datetime.utcnow()\n", "del datetime\n", "  # idiomatic: ignore\n", "async def f(): ...\n",
    "\nf()\n", "\ufeff", "\f",
)
# fmt: on
PLACES: Final = st.floats(0, 1, exclude_max=True)
UNITS: Final = st.sampled_from(list(Unit))
URI: Final = "file:///notebook.ipynb"


class Editing(RuleBasedStateMachine):
    """An editor with one notebook; it keeps the texts of the cells itself, as editors do."""

    def __init__(self) -> None:
        super().__init__()
        self.known = rules()
        self.parser = ThreadPoolExecutor(1)
        self.number = 0
        self.version = 1
        self.cells: list[dict[str, Any]] = []
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.languages: dict[str, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "notebook"):
            self.look()
        self.parser.shutdown()

    def new(self, text: str, language: str = "python") -> dict[str, Any]:
        self.number += 1
        uri = f"{URI}#{self.number}"
        self.texts[uri], self.versions[uri], self.languages[uri] = text, 1, language
        return {"kind": 2, "document": uri}

    def item(self, uri: str) -> Any:
        return {
            "uri": uri,
            "languageId": self.languages[uri],
            "version": self.versions[uri],
            "text": self.texts[uri],
        }

    def opened(self) -> OpenNotebook:
        """The notebook as if it was opened just now."""
        item: Any = {"uri": URI, "notebookType": "jupyter-notebook", "version": self.version, "cells": self.cells}
        texts = [self.item(cell["document"]) for cell in self.cells]
        return OpenNotebook(item, texts, self.unit, self.parser)

    @initialize(texts=st.lists(st.sampled_from(CELLS), max_size=6), unit=UNITS)
    def open(self, texts: list[str], unit: Unit) -> None:
        self.unit = unit
        self.cells = [self.new(text) for text in texts]
        self.notebook = self.opened()
        self.analysed = self.fresh(self.notebook)

    def tell(self, **change: Any) -> None:
        self.version += 1
        cells: Any = {"cells": change}
        self.notebook.change({"notebookDocument": {"uri": URI, "version": self.version}, "change": cells})

    def structure(self, start: int, count: int, cells: list[dict[str, Any]]) -> None:
        gone = {cell["document"] for cell in self.cells[start : start + count]}
        fresh = {cell["document"] for cell in cells}
        self.cells[start : start + count] = cells
        self.tell(
            structure={
                "array": {"start": start, "deleteCount": count, "cells": cells},
                "didOpen": [self.item(uri) for uri in sorted(fresh - gone)],
                "didClose": [{"uri": uri} for uri in sorted(gone - fresh)],
            }
        )

    def index(self, place: float) -> int:
        return int(place * len(self.cells))

    # -- what an editor does ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.cells)
    @rule(cell=PLACES, place=PLACES, length=st.integers(0, 4), new=st.sampled_from(TYPED))
    def edit(self, cell: float, place: float, length: int, new: str) -> None:
        uri = self.cells[self.index(cell)]["document"]
        text = self.texts[uri]
        start = round(place * len(text))
        end = min(len(text), start + length)
        if text[start - 1 : start + 1] == "\r\n" or text[end - 1 : end + 1] == "\r\n":
            return  # no editor has a cursor there
        change = {"range": {"start": self.position(text, start), "end": self.position(text, end)}, "text": new}
        self.texts[uri] = text[:start] + new + text[end:]
        self.versions[uri] += 1
        self.tell(textContent=[{"document": {"uri": uri, "version": self.versions[uri]}, "changes": [change]}])

    def position(self, text: str, offset: int) -> Position:
        line, column = Lines(text).position(offset)
        return {"line": line, "character": self.unit.width(text[offset - column : offset])}

    @precondition(lambda self: self.cells)
    @rule(cell=PLACES, text=st.sampled_from(CELLS))
    def replace(self, cell: float, text: str) -> None:
        uri = self.cells[self.index(cell)]["document"]
        self.texts[uri] = text
        self.versions[uri] += 1
        changes = [{"text": text}]
        self.tell(textContent=[{"document": {"uri": uri, "version": self.versions[uri]}, "changes": changes}])

    @rule(place=PLACES, text=st.sampled_from(CELLS))
    def insert(self, place: float, text: str) -> None:
        self.structure(self.index(place), 0, [self.new(text)])

    @precondition(lambda self: self.cells)
    @rule(place=PLACES, count=st.integers(1, 2))
    def delete(self, place: float, count: int) -> None:
        start = self.index(place)
        self.structure(start, min(count, len(self.cells) - start), [])

    @precondition(lambda self: len(self.cells) > 1)
    @rule(place=PLACES)
    def move_down(self, place: float) -> None:
        start = min(self.index(place), len(self.cells) - 2)
        self.structure(start, 2, self.cells[start : start + 2][::-1])

    @precondition(lambda self: self.cells)
    @rule(place=PLACES)
    def change_the_kind(self, place: float) -> None:
        index = self.index(place)
        self.cells[index] = {**self.cells[index], "kind": 3 - self.cells[index]["kind"]}
        self.tell(data=[self.cells[index]])

    @precondition(lambda self: self.cells)
    @rule(place=PLACES, language=st.sampled_from(("python", "r")))
    def change_the_language(self, place: float, language: str) -> None:
        index = self.index(place)
        self.structure(index, 1, [self.new(self.texts[self.cells[index]["document"]], language)])

    # -- what is known ------------------------------------------------------------------------------------------------

    def fresh(self, notebook: OpenNotebook, previous: Analysed | None = None) -> Analysed:
        return analyse(Module(notebook.document), self.known, previous)

    def found(self, notebook: OpenNotebook, analysed: Analysed) -> list[tuple[str, str, object]]:
        """What is found in each cell, and where."""
        return [
            (uri, diagnostic.message, cell.range(place))
            for uri, cell in notebook.cells.items()
            for diagnostic in analysed.all_diagnostics
            if cell.has(place := analysed.place(diagnostic))
        ]

    @rule()
    def look(self) -> None:
        self.analysed = self.fresh(self.notebook, self.analysed)
        again = self.opened()
        document = self.notebook.document
        assert isinstance(document, NotebookDocument)
        assert document.text == again.document.text
        assert list(self.notebook.parts) == [
            cell["document"]
            for cell in self.cells
            if cell["kind"] == 2 and self.languages[cell["document"]] == "python"
        ]
        assert [cell.raw for cell in document.cells] == [self.texts[uri] for uri in self.notebook.parts]
        assert (document.fault is None) == (again.document.fault is None)
        found = self.found(self.notebook, self.analysed)
        assert len(found) == len(self.analysed.all_diagnostics)
        for uri, _, place in found:
            self.check(place, self.texts[uri])
        if document.fault is None:
            assert found == self.found(again, self.fresh(again))

    def check(self, place: Any, text: str) -> None:
        """See that a range is inside a cell."""
        lines = Lines(text)
        for position in (place["start"], place["end"]):
            assert position["line"] < len(lines)
            assert position["character"] <= self.unit.width(lines.line(position["line"]))


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Editing,
        settings=settings(
            deadline=None,
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_what_is_known_after_any_edits_of_a_notebook() -> None:
    run(25, 15)


@pytest.mark.nightly
def test_what_is_known_after_many_edits_of_a_notebook() -> None:
    run(1000, 30)
