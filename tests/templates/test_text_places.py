"""Templates in configuration files."""

from __future__ import annotations

import tomllib
from pathlib import PurePath

import pytest
from idiomatic.core.document import Document
from idiomatic.templates.appending import UnfitError, appended
from idiomatic.templates.context import Context
from idiomatic.templates.insertion import fitting
from idiomatic.templates.reading import read
from idiomatic.templates.template import Template

from tests.templates.inserting import made


def text_template(where: str, text: str, stops: str = "") -> Template:
    head = f'"""Do it.\n\n## Why\nBecause.\n"""\n\nPREFIXES = ("do",)\nWHERE = ("{where}",)\nTAB_STOPS = ({stops})'
    return read(f'{head}\nSINCE = (3, 9)\nTEXT = """\n{text}"""\n', "do.py", "group", "do")


RUFF = text_template(
    "pyproject", '[tool.ruff]\nline-length = 88\n\n[tool.ruff.lint]\nselect = ["ALL"]\nsrc = "$x}"\n', '"88", "ALL",'
)
HOOK = text_template("pre-commit", "- repo: local\n  hooks:\n    - id: idiomatic\n", '"idiomatic",')
CONFIG = text_template("pre-commit", "repos:\n  - repo: local\n    hooks: []\n")


@pytest.mark.parametrize(
    ("marked", "fits"),
    [
        ("|", True),
        ("do|", True),
        ("\ufeffdo|", True),
        ("[project]\nname = 'x'\n\ndo|\n", True),
        ("[project]\r\nname = 'x'\r\n\r\ndo|\r\n\r\n# and\r\n[tool.mypy]\r\n", True),
        ("[project]\ndependencies = [\n]\n|\n[[tool.x]]\na = 1\n", True),
        ("[project]\nname = \ndo|\n", True),
        # not where a table can begin
        ("[project]\ndependencies = [\n    do|\n]\n", False),
        ("[project]\ndescription = '''\ndo|\n'''\n", False),
        ("[project]\n    do|\n", False),
        ("name = do|\n", False),
        ("# do|\n", False),
        # what follows would get into the new table
        ("[project]\ndo|\nname = 'x'\n", False),
        ("[project]\ndo|\n\n# of the project\nname = 'x'\n", False),
        # there already
        ("[tool.ruff]\nline-length = 100\n\ndo|\n", False),
        ('[ tool."ruff".lint ] # mine\n\ndo|\n', False),
        ("do|\n[tool.ruff.lint]\nselect = []\n", False),
        ("tool.ruff.line-length = 100\n\ndo|\n", False),
    ],
)
def test_where_tables_fit(marked: str, fits: bool) -> None:
    before, _, after = marked.partition("|")
    context = Context((3, 11), PurePath("pyproject.toml"))
    found = list(fitting(Document.parse(before + after), len(before), context, {"ruff": RUFF, "hook": HOOK}))
    assert found == ([RUFF] if fits else [])
    if fits:
        _, text = made("", marked, path="pyproject.toml", template=RUFF)
        assert "\r\n" not in marked or "\n" not in text.replace("\r\n", "")
        if "name = \n" not in marked:
            assert tomllib.loads(text.lstrip("\ufeff"))["tool"]["ruff"]["lint"]["src"] == "$x}"


def test_tab_stops() -> None:
    snippet = made("", "do|", path="pyproject.toml", template=RUFF)[0].snippet
    assert snippet == (
        '[tool.ruff]\nline-length = ${1:88}\n\n[tool.ruff.lint]\nselect = ["${2:ALL}"]\nsrc = "\\$x\\}"$0'
    )


def test_an_entry_of_a_list() -> None:
    text = made("", "repos:\n  - repo: a\n  do|\n", path=".pre-commit-config.yaml", template=HOOK)[1]
    assert text == "repos:\n  - repo: a\n  - repo: local\n    hooks:\n      - id: idiomatic\n"


def test_at_the_end_of_a_file() -> None:
    yaml = Context((3, 11), PurePath("x/.pre-commit-config.yaml"))
    assert appended(HOOK, "repos:\n  - repo: a\n    hooks:\n      - id: b\n", yaml) == (
        "repos:\n  - repo: a\n    hooks:\n      - id: b\n\n  - repo: local\n    hooks:\n      - id: idiomatic\n"
    )
    assert appended(CONFIG, "", yaml) == "repos:\n  - repo: local\n    hooks: []\n"
    with pytest.raises(UnfitError, match="it has what the template would add"):
        appended(CONFIG, "fail_fast: true\nrepos: []\n", yaml)
    toml = Context((3, 11), PurePath("pyproject.toml"))
    assert appended(RUFF, "[project]\nname = 'x'", toml).startswith("[project]\nname = 'x'\n\n[tool.ruff]\n")
    with pytest.raises(UnfitError, match=r"it is for \.pre-commit-config\.yaml"):
        appended(CONFIG, "", toml)
