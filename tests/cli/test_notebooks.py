"""Notebooks that are named on the command line: what is found is told by cell, and nothing is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.run import run

if TYPE_CHECKING:
    from pathlib import Path

QUIET = "!ls\ntry:\n    f()\nexcept ValueError:\n    pass"


def cell(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": source.splitlines(keepends=True)} | more


def notebook(*cells: dict[str, Any], **metadata: Any) -> str:
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


CELLS = (
    cell("%matplotlib inline\nfrom datetime import datetime"),
    {"cell_type": "markdown", "metadata": {}, "source": "datetime.utcnow()"},
    cell("x = 1\nstamp = datetime.utcnow()"),
    cell("") | {"source": QUIET},
    cell("%%bash\nls"),
    cell("datetime.utcnow()", metadata={"vscode": {"languageId": "r"}}),
)


@pytest.fixture
def file(project: Path) -> Path:
    path = project / "a.ipynb"
    path.write_text(notebook(*CELLS, language_info={"name": "python"}))
    return path


def test_places_are_in_cells(file: Path) -> None:
    result = run("check", file.name, "--output-format", "concise")
    assert result.exit_code == 1
    assert [line.partition(" `")[0].partition(" An")[0] for line in result.stdout.splitlines()] == [
        "a.ipynb:cell 3:2:9: naive-utcnow",
        "a.ipynb:cell 4:4:1: suppress-exception",
    ]
    found = json.loads(run("check", file.name, "--output-format", "json").stdout)
    assert [(each["path"], each["cell"], each["line"], each["end_line"]) for each in found] == [
        ("a.ipynb", 3, 2, 2),
        ("a.ipynb", 4, 4, 5),
    ]


def test_the_lines_and_the_changes_are_those_of_the_cells(file: Path) -> None:
    shown = run("check", file.name).stdout
    assert "  2 | stamp = datetime.utcnow()\n" in shown
    assert "     %matplotlib inline\n    -from datetime import datetime\n" in shown
    assert "    @@ -1,5 +1,3 @@\n     !ls\n    -try:\n" in shown


def test_formats_that_know_only_lines_of_files_get_none(file: Path) -> None:
    first, _ = run("check", file.name, "--output-format", "github").stdout.splitlines()
    assert first.startswith("::warning title=idiomatic (naive-utcnow),file=a.ipynb::a.ipynb:cell 3:2:9: naive-utcnow")
    [log] = json.loads(run("check", file.name, "--output-format", "sarif").stdout)["runs"]
    assert "(cell 3:2:9)" in log["results"][0]["message"]["text"]
    assert "region" not in log["results"][0]["locations"][0]["physicalLocation"]


def test_from_stdin(file: Path) -> None:
    result = run("check", "--stdin-filename", "b.ipynb", "--output-format", "concise", stdin=file.read_text())
    assert result.stdout.startswith("b.ipynb:cell 3:2:9: ")


def test_a_cell_that_does_not_parse(project: Path) -> None:
    (project / "a.ipynb").write_text(notebook(*CELLS, cell("x = (")))
    result = run("check", "a.ipynb", "--output-format", "concise")
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr == "error: a.ipynb:cell 7:1:5: cannot parse: '(' was never closed\n"


def test_notebooks_in_another_language(project: Path) -> None:
    for metadata in ({"language_info": {"name": "R"}}, {"kernelspec": {"language": "julia"}}):
        (project / "a.ipynb").write_text(notebook(*CELLS, **metadata))
        assert run("check", "a.ipynb").stdout == "No findings.\n"


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"worksheets": []}', '{"cells": {}}'])
def test_what_is_no_notebook(project: Path, text: str) -> None:
    (project / "a.ipynb").write_text(text)
    result = run("check", "a.ipynb")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: a.ipynb: is no notebook: ")


def test_cells_that_are_none(project: Path) -> None:
    (project / "a.ipynb").write_text('{"cells": [1, {}, {"cell_type": "code", "source": [1]}, {"source": "x"}]}')
    assert run("check", "a.ipynb").exit_code == 0


def test_nothing_is_written(file: Path) -> None:
    before = file.read_bytes()
    result = run("fix", file.name)
    assert result.stderr == "error: a.ipynb: is a notebook: its findings are fixed in an editor\n"
    assert file.read_bytes() == before


def test_folders_are_looked_through_for_python_files_only(file: Path) -> None:
    assert run("check", ".").stdout == "No findings.\n"
