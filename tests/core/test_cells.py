"""Notebooks: cells as one module, and fixes that are right for what is run cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from idiomatic.core import bulk
from idiomatic.core.cells import Cell, NotebookDocument
from idiomatic.core.draft import DraftError
from idiomatic.core.engine import analyse
from idiomatic.core.explanation import explain
from idiomatic.core.imports import plan
from idiomatic.core.module import Module
from idiomatic.core.text import Edit, Span

from tests.engine import rules

if TYPE_CHECKING:
    from idiomatic.core.engine import Analysed

UTCNOW = "from datetime import datetime"
QUIET = "try:\n    f()\nexcept ValueError:\n    pass"


def look(*cells: str, only: str = "") -> Analysed:
    return analyse(Module(NotebookDocument(map(Cell, cells))), rules(*only.split()))


def notebook(analysed: Analysed) -> NotebookDocument:
    document = analysed.module.document
    assert isinstance(document, NotebookDocument)
    return document


def found(analysed: Analysed) -> list[tuple[str, int]]:
    """The rules with the cells in which they have found something."""
    document = notebook(analysed)
    return [(each.rule.name, document.cell_at(analysed.place(each).start)) for each in analysed.found]


def fixed(*cells: str, rule: str, action: int = 0) -> list[str]:
    """The cells after a fix of the only finding of a rule."""
    analysed = look(*cells, only=rule)
    [diagnostic] = analysed.all_diagnostics
    rewriting = analysed.rewrite(diagnostic, diagnostic.fixes[action])
    return [cell.raw for cell in notebook(analysed).edited(rewriting.edits).cells]


def refused(*cells: str, rule: str, action: int = 0) -> str:
    with pytest.raises(DraftError) as refusal:
        fixed(*cells, rule=rule, action=action)
    return str(refusal.value)


# -- one module -------------------------------------------------------------------------------------------------------


def test_what_a_cell_imports_counts_in_later_ones() -> None:
    assert found(look(UTCNOW, "x = 1", "stamp = datetime.utcnow()")) == [("naive-utcnow", 2)]
    assert found(look("x = 1", "stamp = datetime.utcnow()")) == []
    assert found(look(UTCNOW, "def datetime(): ...", "datetime.utcnow()")) == []


def test_a_cell_that_does_not_parse_leaves_the_others_alone() -> None:
    for broken in ("x = (", 'x = """', "if x:", "    y", "else:", "def f(", "'", "x = {1: ["):
        cells = UTCNOW, broken, "stamp = datetime.utcnow()", 'y = """a"""\nz = (1)\n', "datetime.utcnow()"
        assert found(look(*cells)) == [("naive-utcnow", 2), ("naive-utcnow", 4)]


def test_awaiting_needs_no_function() -> None:
    cells = fixed(
        "import asyncio\nasync def a(): ...", "x, y = await asyncio.gather(a(), a())", rule="gather-to-task-group"
    )
    assert cells[1].startswith("async with asyncio.TaskGroup() as tg:\n")


def test_suppressions() -> None:
    silent = "stamp = datetime.utcnow()  # idiomatic: ignore[naive-utcnow]"
    assert found(look(UTCNOW, silent, "datetime.utcnow()")) == [("naive-utcnow", 2)]
    whole = "# idiomatic: ignore-file[naive-utcnow]"
    assert found(look(UTCNOW, "stamp = datetime.utcnow()", "datetime.utcnow()", whole)) == []


def test_where_offsets_belong() -> None:
    document = NotebookDocument(map(Cell, ("a", "b\n", "", "%%bash\nls", "c")))
    assert document.text == "a\n\nb\n\n\n\n\n# %%bash\n# ls\n\nc\n\n"
    assert [document.cell_at(offset) for offset in document.starts] == [0, 1, 2, 3, 4, 4]
    # The line below a cell's last one is the cell's, what comes after that the next one's.
    assert document.cell_at(2) == 0
    assert document.local(0, 2) == 1
    assert document.cell_at(3) == 1


def test_a_diff_shows_what_was_written() -> None:
    analysed = look("%matplotlib inline\nfrom datetime import datetime", "%%bash\nls", "stamp = datetime.utcnow()")
    [diagnostic] = analysed.found
    diff = explain(analysed, diagnostic).diff
    assert " %matplotlib inline\n-from datetime import datetime\n+from datetime import UTC, datetime\n" in diff
    assert "\n-stamp = datetime.utcnow()\n" in diff


# -- edits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "span", "text", "after"),
    [
        ("a", (1, 1), "b", "ab"),
        ("import os", (10, 10), "import re\n", "import os\nimport re"),
        ("import os\n", (10, 10), "import re\n", "import os\nimport re\n"),
        ("import os", (0, 10), "", ""),
        ("import os", (0, 11), "", ""),
        ("a\nb", (2, 4), "", "a"),
        ("a\nb", (2, 4), "c\n", "a\nc"),
        ("", (0, 0), "import os", "import os"),
        ("a\r\nb", (2, 3), "c\nd", "a\r\nc\r\nd"),
        ("a\r\nb", (4, 4), "c\n", "a\r\nb\r\nc"),
    ],
)
def test_an_edit_of_a_cell(cell: str, span: tuple[int, int], text: str, after: str) -> None:
    document = NotebookDocument(map(Cell, ("x = 1", cell, "y = 2")))
    start = document.starts[1]
    edited = document.edit(Span(*span).shifted(start), text)
    assert [each.raw for each in edited.cells] == ["x = 1", after, "y = 2"]


def test_what_an_edit_does_not_touch_is_not_parsed_again() -> None:
    document = NotebookDocument(map(Cell, ("x = 1\ny = 2\n", "z = 3")))
    edited = document.edit(Span(4, 5), "4")
    assert edited.statements[1:] == document.statements[1:]


def test_an_edit_of_two_cells_is_refused() -> None:
    document = NotebookDocument(map(Cell, ("x", "y")))
    assert document.obstacle([Edit(Span(0, 4), "")]) == "It would change two cells of the notebook in one piece."
    assert document.obstacle([Edit(Span(0, 1), "z"), Edit(Span(3, 4), "z")]) is None
    with pytest.raises(ValueError, match="in one of the cells"):
        document.edit(Span(0, 4), "")


# -- imports ----------------------------------------------------------------------------------------------------------


def test_an_import_goes_to_the_imports() -> None:
    cells = "%matplotlib inline", "import os\nimport re", "x = 1", QUIET
    assert fixed(*cells, rule="suppress-exception") == [
        "%matplotlib inline",
        "import contextlib\nimport os\nimport re",
        "x = 1",
        "with contextlib.suppress(ValueError):\n    f()",
    ]


def test_an_import_goes_below_the_last_one_of_its_cell() -> None:
    assert fixed("import abc", QUIET, rule="suppress-exception")[0] == "import abc\nimport contextlib"


def test_an_import_goes_into_no_later_cell() -> None:
    cells = fixed(
        "x = 1", f"def g():\n    {QUIET.replace(chr(10), chr(10) + '    ')}", "import os", rule="suppress-exception"
    )
    assert cells[0] == "x = 1"
    assert cells[1].startswith("import contextlib\n\n\ndef g():")
    assert cells[2] == "import os"


def test_an_import_of_a_later_cell_does_not_count() -> None:
    """A function in a notebook is called before the cells below are run."""
    function = f"def g():\n    {QUIET.replace(chr(10), chr(10) + '    ')}"
    cells = fixed(function, "from contextlib import suppress", rule="suppress-exception")
    assert cells[0].startswith("import contextlib\n")
    assert cells[1] == "from contextlib import suppress"
    assert fixed("from contextlib import suppress", function, rule="suppress-exception")[0].count("import") == 1


def test_a_name_joins_no_import_of_a_later_cell() -> None:
    # In a module it would join the import below: that has run when the function is called.
    cells = fixed(
        "import datetime",
        "def stamp():\n    return datetime.datetime.utcnow()",
        "from datetime import date",
        rule="naive-utcnow",
    )
    assert cells[2] == "from datetime import date"


def test_a_cell_of_its_own_has_no_imports_for_others() -> None:
    assert fixed("%%timeit\nimport os", QUIET, rule="suppress-exception")[0] == "%%timeit\nimport os"


def test_an_import_that_is_alone_in_its_cell_can_go() -> None:
    cells = "import contextlib", "import functools", "x = 1"
    document = NotebookDocument(map(Cell, cells))
    assert [cell.raw for cell in document.edited(plan(document, (), ["functools"])).cells] == [
        "import contextlib",
        "",
        "x = 1",
    ]


# -- what must stay ---------------------------------------------------------------------------------------------------


def test_the_value_of_a_cell_stays() -> None:
    lost = "The cell would no longer show the value of its last expression."
    gather = "import asyncio\nasync def a(): ..."
    assert refused(gather, "await asyncio.gather(a(), a())", rule="gather-to-task-group") == lost
    # Nothing was shown, or it still is.
    assert fixed(gather, "await asyncio.gather(a(), a());", rule="gather-to-task-group")
    assert fixed(gather, "await asyncio.gather(a(), a())\nprint(1)", rule="gather-to-task-group")
    assert fixed(UTCNOW, "datetime.utcnow()", rule="naive-utcnow")[1] == "datetime.now(UTC)"


def test_magics_stay() -> None:
    opened = "def f():\n    file = open('x')\n{}    file.read()\n    file.close()\n%time f()"
    assert refused(opened.format("    !ls\n"), rule="open-without-with") == (
        "It would change a line of the cell that is no Python: a magic or a shell command."
    )
    [cell] = fixed(opened.format(""), rule="open-without-with")
    assert cell.endswith("        file.read()\n%time f()")
    # One that stays where it is, is no obstacle.
    [cell] = fixed("def f():\n    try:\n        !ls\n    except ValueError:\n        pass", rule="suppress-exception")
    assert cell.endswith("    with contextlib.suppress(ValueError):\n        !ls")


def test_nothing_is_found_in_what_is_no_python() -> None:
    assert found(look(UTCNOW, "%time datetime.utcnow()")) == []
    assert found(look(UTCNOW, "%%writefile x.py\ndatetime.utcnow()")) == []
    assert found(look(UTCNOW, "%%time\ndatetime.utcnow()")) == [("naive-utcnow", 1)]


def test_what_a_magic_mentions_is_used() -> None:
    """An import that only a magic still needs stays."""
    source = "import contextlib\nimport os", "%timeit os.getpid()", "%%prun\nos.getpid()", "!ls {os}"
    document = NotebookDocument(map(Cell, source))
    assert document.text.count("os") == 4


# -- rules that are different there -----------------------------------------------------------------------------------


def test_there_is_an_event_loop_already() -> None:
    cells = fixed("async def main(): ...", "main()", rule="unawaited-coroutine")
    assert cells == ["async def main(): ...", "await main()"]
    assert found(look("import asyncio", "asyncio.get_event_loop().run_until_complete(f())")) == []


def test_objects_at_module_level_are_what_notebooks_are_for() -> None:
    cells = "import httpx\nclient = httpx.Client()", "def get():\n    return client.get('x')"
    assert found(look(*cells, only="module-level-service")) == []
    joined = analyse(Module(NotebookDocument([Cell("")])), rules())
    assert found(joined) == []


# -- in bulk ----------------------------------------------------------------------------------------------------------


def test_all_at_once() -> None:
    analysed = look("import os\n%load_ext x", QUIET, f"%%time\n{QUIET}", "x = (", QUIET)
    *_, (_, analysed) = bulk.fix_all(analysed)
    new = "with contextlib.suppress(ValueError):\n    f()"
    assert [cell.raw for cell in notebook(analysed).cells] == [
        "import contextlib\nimport os\n%load_ext x",
        new,
        f"%%time\n{new}",
        "x = (",
        new,
    ]
