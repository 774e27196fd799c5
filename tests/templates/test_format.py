"""The form of template files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from idiomatic import templates
from idiomatic.templates.catalogue import load
from idiomatic.templates.template import Place, Template, TemplateError, read

from tests.templates.inserting import inserted

TEMPLATES = list(load().values())
each_template = pytest.mark.parametrize(
    "template", [pytest.param(template, id=template.name) for template in TEMPLATES]
)


CONSTANTS = {"PREFIXES", "WHERE", "TAB_STOPS", "SINCE", "REQUIRES", "SUBJECT", "REUSES"}


def in_place(template: Template, target: tuple[int, int] = (3, 13)) -> str:
    """A file in which a template was inserted where it fits: among what surrounds it in its own file, if anything."""
    around = surroundings(template)
    if around is None:
        inside = {Place.MODULE: "{}", Place.CLASS: 'class Thing:\n    """A thing."""\n\n    {}'}
        place = next(inside[place] for place in (Place.MODULE, Place.CLASS) if place in template.where)
        around = f'"""A module."""\n\n{place.format("x|")}\n'
    return inserted(template.name, around, target)


def surroundings(template: Template) -> str | None:
    """A template's file with the cursor in the place of the code to insert, without docstring and constants."""
    source = Path(template.path).read_text("utf-8")
    marked = re.search(r"^([ \t]*)# template: begin\n.*?^[ \t]*# template: end$", source, re.MULTILINE | re.DOTALL)
    if marked is None:
        return None
    source = f"{source[: marked.start()]}{marked[1]}x|{source[marked.end() :]}"
    tree = ast.parse(source.replace("x|", "pass"))
    lines = source.split("\n")
    for statement in reversed(tree.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) if name in CONSTANTS:
                del lines[statement.lineno - 1 : statement.end_lineno]
            case ast.Expr(value=ast.Constant(value=str())):
                lines[statement.lineno - 1 : statement.end_lineno] = ['"""A module."""']
            case _:
                pass
    return "\n".join(lines)


def test_those_of_this_package() -> None:
    """All files of all folders are templates, of groups that say what they are about."""
    folder = Path(templates.__file__).parent
    files = {path for path in folder.glob("*/*.py") if path.name != "__init__.py"}
    assert {Path(template.path) for template in TEMPLATES} == files
    assert len(TEMPLATES) == len(files), "two files of one name"
    for group in {path.parent for path in files}:
        assert ast.get_docstring(ast.parse((group / "__init__.py").read_text("utf-8"))), group


@each_template
def test_what_is_declared_is_used(template: Template) -> None:
    assert template.prefixes
    assert template.title.endswith(".")
    assert all(re.search(rf"\b{stop}\b", template.code) for stop in template.tab_stops)
    assert "template:" not in template.code
    assert all(len(line) <= 88 for line in template.code.splitlines() if not line.startswith(")")), "too wide for some"


def test_prefixes_are_not_shared() -> None:
    prefixes = [prefix for template in TEMPLATES for prefix in template.prefixes]
    assert len(prefixes) == len(set(prefixes))


@each_template
def test_it_compiles_where_it_is_inserted(template: Template) -> None:
    ast.parse(in_place(template, (3, 11)))
    if sys.version_info >= (3, 12):
        ast.parse(in_place(template, (3, 13)))


@pytest.mark.parametrize("target", ["3.11", "3.13"])
def test_mypy_and_ruff_accept_what_is_inserted(target: str, tmp_path: Path) -> None:
    major, minor = target.split(".")
    for template in TEMPLATES:
        text = in_place(template, (int(major), int(minor)))
        (tmp_path / f"{template.name.replace('-', '_')}.py").write_text(text, "utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-version", target, "--no-incremental", "."]
    assert _run(mypy, tmp_path) == (0, f"Success: no issues found in {len(TEMPLATES)} source files\n")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--target-version", f"py{major}{minor}"]
    rules = "B,C4,D,E,F,I,N,PIE,PT,RET,RUF,SIM,TRY,UP,W"
    options = ["--select", rules, "--config", "lint.pydocstyle.convention='google'", "--no-cache", "."]
    assert _run([*ruff, *options], tmp_path) == (0, "All checks passed!\n")


def _run(command: list[str], where: Path) -> tuple[int, str]:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


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
