"""`idiomatic templates NAME`, and `--write`."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING

import pytest
from idiomatic.templates.catalogue import load
from idiomatic.templates.template import Place

from tests.cli.run import process, run
from tests.project.test_own_templates import GREETING, project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_of_a_template(folder: Path) -> None:
    done = process("templates", "async-retry", cwd=folder)
    assert done.returncode == 0
    assert done.stdout.decode().startswith("# async-retry\n")
    assert b"```python\nimport asyncio\n" in done.stdout
    assert b"\x1b[" not in done.stdout
    assert b"\x1b[" in process("templates", "async-retry", cwd=folder, env={"FORCE_COLOR": "1"}).stdout
    assert json.loads(run("templates", "retry", "--output-format", "json").stdout)["name"] == "retry"
    # A prefix will do.
    assert run("templates", "syncretry").stdout.startswith("# retry\n")


def test_a_new_file(folder: Path) -> None:
    done = run("templates", "async-retry", "--write", "retrying.py", "--target-version", "3.11")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "Put `async-retry` into retrying.py.\n")
    text = (folder / "retrying.py").read_text()
    assert text.startswith("import asyncio\nimport functools\nimport random\n")
    assert text.endswith("    return decorate\n")
    ast.parse(text)


OLD = """import os
import asyncio


class Customer:
    name: str


if __name__ == "__main__":
    print(Customer.name)
"""


def test_into_a_file(folder: Path) -> None:
    file = folder / "app.py"
    file.write_bytes(OLD.replace("\n", "\r\n").encode())
    shown = run("templates", "async-retry", "--write", "app.py", "--diff", "--target-version", "3.11")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("--- app.py\n+++ app.py\n@@ -1,")
    assert "\n+import functools\n" in shown.stdout
    assert file.read_bytes() == OLD.replace("\n", "\r\n").encode()
    done = run("templates", "async-retry", "--write", "app.py", "--target-version", "3.11")
    assert done.exit_code == 0
    assert b"\n" not in file.read_bytes().replace(b"\r\n", b"")
    text = file.read_bytes().decode().replace("\r\n", "\n")
    assert text.count("import asyncio\n") == 1
    assert 'class Customer:\n    name: str\n\n\nP = ParamSpec("P")\n' in text
    assert text.endswith('    return decorate\n\n\nif __name__ == "__main__":\n    print(Customer.name)\n')
    ast.parse(text)


@pytest.mark.parametrize("text", ["def f(:\n", "x = (\n"])
def test_a_file_that_does_not_parse_is_left_alone(folder: Path, text: str) -> None:
    file = folder / "app.py"
    file.write_text(text)
    done = run("templates", "async-retry", "--write", "app.py")
    assert done.exit_code == 1
    assert "app.py: line 1: " in done.stderr
    assert file.read_text() == text


def test_what_can_not_be_read_or_written(folder: Path) -> None:
    (folder / "binary.py").write_bytes(b"x = '\xff'\n")
    assert run("templates", "async-retry", "--write", "binary.py").exit_code == 1
    assert run("templates", "async-retry", "--write", "no/folder.py").exit_code == 1
    assert not (folder / "no").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["templates", "asyncretri"], "did you mean `asyncretry`?"),
        (["templates", "--write", "app.py"], "--write needs the name of a template"),
        (["templates", "retry", "--diff"], "--diff goes with --write"),
        (
            ["templates", "async-retry", "--write", "pyproject.toml"],
            "does not go into pyproject.toml: it is for a Python",
        ),
        (["templates", "task-group-results", "--write", "app.py"], "it stands in a async function"),
        (["templates", "async-retry", "--write", "a.py", "--target-version", "3.8"], "it needs Python 3.10"),
    ],
)
def test_what_makes_no_sense(folder: Path, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message.replace("a async", "an async") in done.stderr
    assert not list(folder.glob("*.py"))


def test_every_template_goes_into_a_file_of_its_own(folder: Path) -> None:
    names = {Place.MODULE: "{}.py", Place.TEST_MODULE: "test_{}.py", Place.CONFTEST: "{}/conftest.py"}
    names |= {Place.PYPROJECT: "{}/pyproject.toml", Place.PRE_COMMIT: "{}/.pre-commit-config.yaml"}
    for name, template in load().items():
        place = next((place for place in names if place in template.where), None)
        if place is None:
            continue
        file = folder / names[place].format(name.replace("-", "_"))
        file.parent.mkdir(exist_ok=True)
        done = run("templates", name, "--write", file, "--target-version", "3.13")
        assert done.exit_code == 0, done.stderr
        if place is Place.PYPROJECT:
            assert run("templates", name, "--write", file).exit_code == 1, "it is there"


def test_the_templates_of_a_team(folder: Path) -> None:
    project(folder, "greeting.py", "others/late.py")
    late = folder / "our" / "templates" / "others" / "late.py"
    late.write_text(GREETING.replace("(3, 9)", '"3.9"'))
    done = run("templates")
    assert done.exit_code == 2
    assert "greeting " in done.stdout
    assert f"{late}:10:1: `SINCE` is a version" in done.stderr.replace("\n", "")
    late.unlink()
    done = run("templates", "greeting", "--write", "app.py")
    assert done.exit_code == 0
    assert (folder / "app.py").read_text() == GREETING.partition("\n\n\n")[2]
    assert "greeting" not in run("templates", "--isolated").stdout
