"""The templates for configuration files: each is given to the tool that it configures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from idiomatic.core.document import Document
from idiomatic.templates.catalogue import load

from tests.templates.inserting import inserted, offered

TABLES = sorted(
    template.name for template in load().values() if template.group == "project" and template.name != "pre-commit"
)

SOURCES = {
    "README.md": "# shop\n",
    "src/shop/__init__.py": '"""A shop."""\n',
    "src/shop/__main__.py": '''"""The command `shop`."""

import sys


def main() -> None:
    """Greet whoever comes in."""
    sys.stdout.write("Good morning.\\n")


if __name__ == "__main__":
    main()
''',
    "tests/test_shop.py": """import io
from contextlib import redirect_stdout

from shop.__main__ import main


def test_it_greets() -> None:
    with redirect_stdout(io.StringIO()) as said:
        main()
    assert said.getvalue() == "Good morning.\\n"


async def test_it_waits() -> None: ...
""",
}


def configuration(*names: str) -> str:
    """A `pyproject.toml` into which templates were inserted, one below the other."""
    text = ""
    for name in names:
        text = inserted(name, f"{text}\nx|\n" if text else "x|\n", path="pyproject.toml")
    return text


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with all the tables in its `pyproject.toml`."""
    # What mypy knows of the standard library serves them all.
    monkeypatch.setenv("MYPY_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "mypy"))
    for name, text in {**SOURCES, "pyproject.toml": configuration(*TABLES)}.items():
        tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        tmp_path.joinpath(name).write_text(text, "utf-8")
    return tmp_path


def run(project: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in a project, with no network and none of our own configuration."""
    offline = {"UV_OFFLINE": "1", "UV_NO_CONFIG": "1", "VALIDATE_PYPROJECT_NO_NETWORK": "1", "NO_COLOR": "1"}
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p no:cacheprovider -p pytest_asyncio.plugin"}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env={**os.environ, **offline, **plugins, "PYTHONPATH": str(project / "src"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_tables_are_there(project: Path) -> None:
    written = tomllib.loads(project.joinpath("pyproject.toml").read_text("utf-8"))
    assert set(written) == {"build-system", "project", "dependency-groups", "tool"}
    assert set(written["tool"]) == {"hatch", "mypy", "pytest", "ruff"}


def test_a_table_is_offered_once() -> None:
    assert sorted(offered("x|\n", path="pyproject.toml")) == TABLES
    for name in TABLES:
        left = sorted(offered(configuration(name) + "\nx|\n", path="pyproject.toml"))
        assert left == [other for other in TABLES if other != name]
    assert offered(configuration(*TABLES) + "\nx|\n", path="pyproject.toml") == []


# -- pyproject-uv -----------------------------------------------------------------------------------------------------


def test_the_metadata_are_valid(project: Path) -> None:
    done = run(project, "validate_pyproject", "pyproject.toml")
    assert (done.returncode, done.stdout.strip()) == (0, "Valid file: pyproject.toml"), done.stderr
    path = project / "pyproject.toml"
    path.write_text(path.read_text("utf-8").replace('version = "0.1.0"', "version = 1"), "utf-8")
    assert run(project, "validate_pyproject", "pyproject.toml").returncode == 1


def test_uv_builds_a_package_with_a_command(project: Path) -> None:
    done = run(project, "uv", "build", "--wheel", "--no-build-isolation", "--python", sys.executable)
    assert done.returncode == 0, done.stderr
    (wheel,) = project.glob("dist/*.whl")
    assert wheel.name == "shop-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        commands = archive.read("shop-0.1.0.dist-info/entry_points.txt").decode()
        metadata = archive.read("shop-0.1.0.dist-info/METADATA").decode()
    assert {name for name in files if "dist-info" not in name} == {"shop/__init__.py", "shop/__main__.py"}
    assert commands.split() == ["[console_scripts]", "shop", "=", "shop.__main__:main"]
    assert "License-Expression: MIT\n" in metadata
    assert "Classifier: Private :: Do Not Upload\n" in metadata


def test_uv_reads_it(project: Path) -> None:
    done = run(project, "uv", "version")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "shop 0.1.0", "")


# -- mypy-strict ------------------------------------------------------------------------------------------------------

UNTYPED = '''"""What mypy finds here."""

import asyncio


def untyped(a):
    return a


def maybe(a: int) -> int:
    if a:
        b = 1
    return b


def hidden() -> int:
    return "1"  # type: ignore


def never(a: int) -> int:
    if isinstance(a, int):
        return a
    return 2


def either(a: int) -> int:
    return 1 if isinstance(a, int) or a else 2


class Thing: ...


def truth(thing: Thing) -> bool:
    return bool(1 if thing else 0)


async def forgotten() -> None:
    asyncio.create_task(asyncio.sleep(0))
'''


def test_mypy_takes_its_table_and_is_strict(project: Path) -> None:
    done = run(project, "mypy")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Success: no issues found in 3 source files\n", "")
    project.joinpath("src/shop/untyped.py").write_text(UNTYPED, "utf-8")
    done = run(project, "mypy")
    assert done.returncode == 1
    assert done.stderr == ""
    assert set(re.findall(r"\[([\w-]+)\]$", done.stdout, re.MULTILINE)) == {
        "no-untyped-def",
        "possibly-undefined",
        "ignore-without-code",
        "redundant-expr",
        "unreachable",
        "truthy-bool",
        "unused-awaitable",
    }


# -- ruff-table -------------------------------------------------------------------------------------------------------


def test_ruff_takes_its_table_and_finds_faults(project: Path) -> None:
    done = run(project, "ruff", "check", "--no-cache")
    assert (done.returncode, done.stdout, done.stderr) == (0, "All checks passed!\n", "")
    done = run(project, "ruff", "format", "--no-cache", "--check")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "4 files already formatted\n",
        "",
    ) or "3 files" in done.stdout
    assert done.stderr == ""
    faults = '"""Faults."""\nimport os\nfrom typing import List\n\n\ndef f(a: List[int] = []) -> None:\n    """F."""\n'
    project.joinpath("src/shop/faults.py").write_text(faults, "utf-8")
    done = run(project, "ruff", "check", "--no-cache", "--output-format=concise")
    assert {"B006", "F401", "UP006", "UP035"} <= set(re.findall(r" ([A-Z]+\d+) ", done.stdout))
    assert done.stderr == ""
    assert run(project, "ruff", "format", "--no-cache", "--check").returncode == 1


# -- pytest-table -----------------------------------------------------------------------------------------------------


def test_pytest_takes_its_table(project: Path) -> None:
    done = run(project, "pytest", "-q")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    assert "warning" not in done.stdout.lower() + done.stderr.lower()


STRICT = """import warnings

import pytest


def test_warns() -> None:
    warnings.warn("old", DeprecationWarning)


@pytest.mark.xfail(reason="not done yet")
def test_is_done() -> None: ...


@pytest.mark.slow
def test_takes_long() -> None: ...
"""


def test_pytest_takes_nothing_lightly(project: Path) -> None:
    project.joinpath("tests/test_strict.py").write_text(STRICT, "utf-8")
    done = run(project, "pytest", "-q", "-m", "not slow")
    assert "2 failed, 2 passed, 1 deselected" in done.stdout
    assert "DeprecationWarning: old" in done.stdout
    assert "[XPASS(strict)] not done yet" in done.stdout
    project.joinpath("tests/test_strict.py").write_text(STRICT.replace("mark.slow", "mark.slwo"), "utf-8")
    done = run(project, "pytest", "-q")
    assert "'slwo' not found in `markers` configuration option" in done.stdout
    path = project / "pyproject.toml"
    path.write_text(path.read_text("utf-8").replace("xfail_strict", "xfail_strikt"), "utf-8")
    done = run(project, "pytest", "-q")
    assert done.returncode != 0
    assert "xfail_strikt" in done.stdout + done.stderr


# -- pre-commit -------------------------------------------------------------------------------------------------------

HOOKS = ".pre-commit-config.yaml"


def test_pre_commit_takes_its_file(tmp_path: Path) -> None:
    tmp_path.joinpath(HOOKS).write_text(inserted("pre-commit", "x|\n", path=HOOKS), "utf-8")
    done = run(tmp_path, "pre_commit", "validate-config", HOOKS, PRE_COMMIT_HOME=str(tmp_path / "home"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    tmp_path.joinpath(HOOKS).write_text("repos:\n  - repo: local\n    hooks: [{id: x}]\n", "utf-8")
    done = run(tmp_path, "pre_commit", "validate-config", HOOKS, PRE_COMMIT_HOME=str(tmp_path / "home"))
    assert done.returncode == 1


def test_there_is_one_list_of_hooks() -> None:
    assert offered("x|\n", path=HOOKS) == ["pre-commit"]
    assert offered("repos: []\nx|\n", path=HOOKS) == []
    assert offered("fail_fast: true\nx|\n", path=HOOKS) == ["pre-commit"]
    assert Document.parse(load()["pre-commit"].code).text.startswith("# `--no-sync`")


def test_the_hooks_check_a_commit(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = project / "pyproject.toml"
    path.write_text(re.sub(r"dev = \[.*?\]", "dev = []", path.read_text("utf-8"), flags=re.DOTALL), "utf-8")
    project.joinpath(HOOKS).write_text(inserted("pre-commit", "x|\n", path=HOOKS), "utf-8")
    home = tmp_path_factory.mktemp("home")
    environment = {
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        # The tools are those on the path: uv looks there for what is not in the environment.
        "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    for command in (["venv", "--without-pip", ".venv"], ["uv", "lock"]):
        assert run(project, *command, **environment).returncode == 0
    project.joinpath(".gitignore").write_text(".venv\n", "utf-8")
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=project, env={**os.environ, **environment}, check=True)

    def hooks() -> dict[str, str]:
        done = run(project, "pre_commit", "run", "--all-files", **environment)
        results = dict(re.findall(r"^(ruff check|ruff format|mypy|uv lock)\.+(\w+)$", done.stdout, re.MULTILINE))
        assert len(results) == 4, done.stdout + done.stderr
        return results

    assert set(hooks().values()) == {"Passed"}
    module = project / "src/shop/prices.py"
    module.write_text('"""Prices."""\nimport os\n\nTEA : int = "1"\n', "utf-8")
    path.write_text(path.read_text("utf-8").replace('version = "0.1.0"', 'version = "0.2.0"'), "utf-8")
    subprocess.run(["git", "add", "-A"], cwd=project, env={**os.environ, **environment}, check=True)
    assert set(hooks().values()) == {"Failed"}
    assert module.read_text("utf-8") == '"""Prices."""\n\nTEA: int = "1"\n'
