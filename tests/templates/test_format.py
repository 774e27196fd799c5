"""The form of template files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import idiomatic.templates
import pytest
from idiomatic.templates.catalogue import load
from idiomatic.templates.reading import read
from idiomatic.templates.template import Place, Selection, Template, TemplateError

from tests.templates.inserting import alone, in_its_surroundings, inserted

HERE = Path(idiomatic.templates.__file__).parent
TEMPLATES = list(load().values())
each_template = pytest.mark.parametrize(
    "template", [pytest.param(template, id=template.name) for template in TEMPLATES]
)


def test_those_of_this_package() -> None:
    folders = [path for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert {folder.name.replace("_", "-") for folder in folders} == {template.group for template in TEMPLATES}
    files = [path for folder in folders for path in folder.glob("*.py") if path.stem != "__init__"]
    assert len(files) == len(TEMPLATES), "no two have the same name"
    for folder in folders:
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))), folder


@each_template
def test_what_is_declared_is_used(template: Template) -> None:
    assert template.prefixes
    assert template.title.endswith(".")
    assert "template:" not in template.code
    assert all(len(line) <= 88 for line in template.code.splitlines() if not line.startswith(")")), "too wide for some"


def test_prefixes_are_not_shared() -> None:
    prefixes = [prefix for template in TEMPLATES for prefix in template.prefixes]
    assert sorted({prefix for prefix in prefixes if prefixes.count(prefix) > 1}) == []


@each_template
def test_it_compiles_in_every_place_where_it_fits(template: Template) -> None:
    for place, path, marked in alone(template):
        for target in ((3, 11), (3, 13)):
            text = inserted(template.name, marked, target, path)
            assert text.endswith("\n")
            if place is Place.PYPROJECT:
                tomllib.loads(text)
            elif place.is_python and target <= sys.version_info:
                compile(text, path, "exec", dont_inherit=True)


@pytest.mark.parametrize("target", ["3.11", "3.13"])
def test_mypy_and_ruff_accept_what_is_inserted(target: str, tmp_path: Path) -> None:
    major, minor = target.split(".")
    python = [template for template in TEMPLATES if template.is_python]
    for template in python:
        text = in_its_surroundings(template, (int(major), int(minor)))
        (tmp_path / f"{template.name.replace('-', '_')}.py").write_text(text, "utf-8")
    mypy = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-version",
        target,
        "--cache-dir",
        str(tmp_path / ".mypy"),
    ]
    assert _run([*mypy, "."], tmp_path) == f"Success: no issues found in {len(python)} source files\n"
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--target-version", f"py{major}{minor}"]
    rules = "B,C4,D,E,F,I,N,PIE,PT,RET,RUF,SIM,TRY,UP,W"
    options = ["--select", rules, "--config", "lint.pydocstyle.convention='google'", "--no-cache", "."]
    # What stands around a template has the width of this project.
    assert _run([*ruff, *options, "--line-length", "120"], tmp_path) == "All checks passed!\n"


def _run(command: list[str], where: Path) -> str:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert not done.returncode, said
    return said


# -- files that are none ----------------------------------------------------------------------------------------------

GOOD = '''"""Do it."""

import asyncio

PREFIXES = ("do",)
WHERE = ("module",)
TAB_STOPS = ("do",)
SINCE = (3, 9)


# how
async def do() -> None:
    await asyncio.sleep(0)
'''.replace('"""Do it."""', '"""Do it.\n\n## Why\nBecause.\n"""')


def test_a_file() -> None:
    template = read(GOOD, "do_it.py", "some_group", "do_it")
    assert (template.name, template.group, template.title) == ("do-it", "some-group", "Do it.")
    assert template.code == "# how\nasync def do() -> None:\n    await asyncio.sleep(0)\n"
    assert [need.qualified for need in template.needs] == ["asyncio"]
    assert template.where == {Place.MODULE}
    assert template.since == (3, 9)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("async def do", "async def def", "do_it.py:16: invalid syntax"),
        ("Do it.", "Do it", "do_it.py:1: the docstring's first line"),
        ("## Why", "## What for", "do_it.py:1: the docstring has a section `## Why`"),
        ('WHERE = ("module",)\n', "", "do_it.py:1: the constant `WHERE` is missing"),
        ('WHERE = ("module",)', 'WHERE = ("attic",)', "do_it.py:10: `WHERE` names one or more of"),
        ('PREFIXES = ("do",)', 'PREFIXES = "do"', "do_it.py:9: `PREFIXES` is a tuple of strings"),
        ('TAB_STOPS = ("do",)', 'TAB_STOPS = ("it",)', "do_it.py:11: the tab stop 'it' is no name"),
        ("SINCE = (3, 9)", 'SINCE = "3.9"', "do_it.py:12: `SINCE` is a version"),
        ("import asyncio\n", "import os.path\n", "do_it.py:7: write `import a.b as b`"),
        ("# how\n", "# template: begin\n", "do_it.py:15: there is no `# template: end`"),
    ],
)
def test_a_faulty_file_is_reported_at_its_line(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(TemplateError, match=f"^{re.escape(message)}"):
        read(GOOD.replace(old, new, 1), "do_it.py", "some_group", "do_it")


def test_what_only_surrounds_the_template_is_left_out() -> None:
    head, _, rest = GOOD.partition("# how\n")
    source = (
        head + "def around():\n" + textwrap.indent("# template: begin\ndo = 1\n# template: end\nreturn do\n", "    ")
    )
    assert rest
    template = read(source, "do_it.py", "some_group", "do_it")
    assert template.code == "do = 1\n"
    assert template.needs == ()


TOML = '''"""Configure it.

## Why
Because.
"""

PREFIXES = ("it",)
WHERE = ("pyproject",)
TAB_STOPS = ("it-self", "3.11")
SINCE = (3, 9)
TEXT = """
[tool.it]
name = "it-self"
version = ">=3.11"
"""
'''


def test_a_file_for_another_one() -> None:
    template = read(TOML, "do_it.py", "some_group", "do_it")
    assert template.code == '[tool.it]\nname = "it-self"\nversion = ">=3.11"\n'
    assert not template.is_python


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("TEXT = ", "IT = ", "do_it.py:8: the constant `TEXT` is missing"),
        ("name = ", "name == ", "do_it.py:13: not valid TOML"),
        ('"3.11")', '"self-")', "do_it.py:9: the tab stop 'self-' is no word"),
        ('("pyproject",)', '("pyproject", "module")', "do_it.py:8: a template is for Python, or for one other file"),
        ('("pyproject",)', '("module",)', "do_it.py:11: `TEXT` is for files that are not Python"),
        ('TEXT = """', 'TEXT = f"""', "do_it.py:11: `TEXT` is a string"),
        ("SINCE = (3, 9)", 'SINCE = (3, 9)\nSUBJECT = "It"', "do_it.py:12: `SUBJECT` and `REUSES` are for Python"),
    ],
)
def test_a_faulty_file_for_another_one_is_reported_at_its_line(old: str, new: str, message: str) -> None:
    assert old in TOML
    with pytest.raises(TemplateError, match=f"^{re.escape(message)}"):
        read(TOML.replace(old, new, 1), "do_it.py", "some_group", "do_it")


MORE = '''"""Do it.

## Why
Because.
"""

import logging

PREFIXES = ("do",)
WHERE = ("function",)
TAB_STOPS = ("order",)
SINCE = (3, 9)
REQUIRES = ("it[extra]>=2.0; python_version > '3'",)
SUBJECT = "Order"
REUSES = ("logger",)

# where it goes
logger = logging.getLogger(__name__)


def around(order: object) -> None:
    """What it is inserted into."""
    # template: begin

    try:
        # template: selection
        # one
        print(order)

        print("Order")
        # template: end selection
    finally:
        print("done")
    # template: end
'''


def test_a_file_with_all_constants() -> None:
    template = read(MORE, "do_it.py", "some_group", "do_it")
    assert template.distributions == ["it"]
    assert template.subject == "Order"
    (reusable,) = template.reuses
    assert reusable.code == "# where it goes\nlogger = logging.getLogger(__name__)\n"
    assert not reusable.is_inserted
    assert [need.name for need in template.needs] == ["logging"]
    assert template.selection == Selection(1, 5)
    assert template.code.splitlines()[1:5] == ["    # one", "    print(order)", "", '    print("Order")']


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SINCE = (3, 9)", "SINCE = (3, 9)\nOTHER = 1", "do_it.py:13: between the constants stand no others"),
        ("SINCE = (3, 9)", "SINCE = (3, 9)\nSINCE = (3, 9)", "do_it.py:13: the constant `SINCE` is there twice"),
        ("it[extra]>=2.0", "it it", "do_it.py:13: \"it it; python_version > '3'\" is no requirement"),
        ('SUBJECT = "Order"', 'SUBJECT = "order"', "do_it.py:14: `SUBJECT` is the name of a class"),
        ('REUSES = ("logger",)', 'REUSES = ("log",)', "do_it.py:15: the code has no definition of 'log'"),
        ('PREFIXES = ("do",)', 'PREFIXES = ("do-it",)', "do_it.py:9: the prefix 'do-it'"),
        ("end selection", "end of it", "do_it.py:31: `# template: end of it` has no meaning here"),
        ("        # template: end selection\n", "", "do_it.py:26: there is no `# template: end selection`"),
        ("    # one", "    for x in y:", "do_it.py:28: expected an indented block"),
        ("    try:", "    def f():", "do_it.py:32: invalid syntax"),
    ],
)
def test_a_faulty_file_with_all_constants_is_reported_at_its_line(old: str, new: str, message: str) -> None:
    assert old in MORE
    with pytest.raises(TemplateError, match=f"^{re.escape(message)}"):
        read(MORE.replace(old, new, 1), "do_it.py", "some_group", "do_it")


def test_the_lines_of_a_selection_are_whole_statements() -> None:
    end = "        # template: end selection\n"
    last = '        print("Order")\n'
    earlier = MORE.replace(last + end, end + last)
    assert read(earlier, "do_it.py", "some_group", "do_it").selection == Selection(1, 3)
    message = "^do_it.py:26: what is selected are statements of one block"
    with pytest.raises(TemplateError, match=message):
        read(earlier.replace("print(order)", "print(").replace('print("Order")', ")"), "do_it.py", "group", "do_it")
    with pytest.raises(TemplateError, match=message):
        read(MORE.replace("try:", "async def f():").replace("finally:", "async def g():"), "do_it.py", "g", "do_it")
