"""`rules`, `explain`, `templates`, `server`, and the command as a whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from idiomatic import __version__
from idiomatic.cli import terminal
from idiomatic.cli.rules import families
from idiomatic.core import catalogue, pages
from idiomatic.templates import catalogue as templates
from idiomatic.templates import pages as template_pages

from tests.cli.run import process, run

if TYPE_CHECKING:
    from pathlib import Path


def test_rules_are_the_catalogue() -> None:
    listed = json.loads(run("rules", "--output-format", "json").stdout)
    assert [rule["name"] for rule in listed] == list(catalogue.rules())
    assert {"unused-suppression", "unknown-suppression"} < {rule["name"] for rule in listed}
    [rule] = [rule for rule in listed if rule["name"] == "naive-utcnow"]
    assert rule == {
        "name": "naive-utcnow",
        "family": "observability",
        "kind": "problem",
        "severity": "warning",
        "verdicts": ["safe", "unsafe", "refused"],
        "since": "3.2",
        "also": ["DTZ003", "DTZ004"],
        "ruff": {"DTZ003": "call-datetime-utcnow", "DTZ004": "call-datetime-utcfromtimestamp"},
        "advice": catalogue.load()["naive-utcnow"].advice,
    }
    table = run("rules").stdout.splitlines()
    assert len(table) == len(listed) + 1
    assert table[0].split() == ["name", "family", "kind", "safety", "since", "advice", "ruff"]
    [line] = [line for line in table if line.startswith("dangling-task ")]
    assert line.split("  ")[-1] == "asyncio-dangling-task (RUF006)"


def test_rules_on_a_terminal_fit_into_80_columns() -> None:
    lines = [click.unstyle(line) for line in families(catalogue.rules().values(), 80)]
    assert max(map(len, lines)) <= 80
    at = next(number for number, line in enumerate(lines) if line.startswith("  dangling-task "))
    assert lines[at].split(maxsplit=2) == ["dangling-task", "problem", "safe or unsafe  3.8"]
    assert lines[at + 1 : at + 3] == [
        "    Keep a reference to every task you start, or wait for it.",
        "    ruff: asyncio-dangling-task (RUF006)",
    ]
    shown = " ".join("\n".join(lines).split())
    assert all(f" {rule.name} " in shown and rule.advice in shown for rule in catalogue.rules().values())


@pytest.mark.parametrize("name", catalogue.rules())
def test_every_rule_is_explained(name: str) -> None:
    result = run("explain", name)
    assert result.exit_code == 0
    assert result.stdout.startswith(pages.page(catalogue.rules()[name]))
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("name", templates.load())
def test_every_template_is_explained(name: str) -> None:
    assert run("explain", name).stdout.endswith(template_pages.page(templates.load()[name]))


def test_an_unknown_rule_is_not_explained() -> None:
    result = run("explain", "naive-utcnw")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean `naive-utcnow`?" in result.stderr


def test_explained_with_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "wants_colour", lambda: True)
    assert "\x1b[" in run("explain", "naive-utcnow").stdout


def test_templates_are_their_catalogue() -> None:
    listed = json.loads(run("templates", "--output-format", "json").stdout)
    assert [template["name"] for template in listed] == list(templates.load())
    assert all(template["title"] and template["code"] and template["prefixes"] for template in listed)
    assert len(run("templates").stdout.splitlines()) == len(listed) + 1


def test_help_and_version() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "..." not in result.stdout.partition("Commands:")[2], "a line that is cut off"
    for command in ("check", "fix", "explain", "rules", "templates", "server"):
        assert f"\n  {command} " in result.stdout
        assert run(command, "--help").exit_code == 0
    assert run("--version").stdout == f"idiomatic {__version__}\n"
    assert run("nonsense").exit_code == 2
    assert run("server", "--tcp", "nonsense").exit_code == 2
    assert run("server", "--tcp", "127.0.0.1:0", "--stdio").exit_code == 2


def test_the_server_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    from idiomatic import lsp

    started: list[object] = []

    def start(*, tcp: tuple[str, int] | None) -> int:
        started.append(tcp)
        return 7

    monkeypatch.setattr(lsp, "start", start)
    assert run("server").exit_code == 7
    assert run("server", "--stdio", "--clientProcessId=1").exit_code == 7
    assert run("server", "--tcp", "[::1]:2087").exit_code == 7
    assert started == [None, None, ("::1", 2087)]


def test_a_start_loads_only_what_it_needs(tmp_path: Path) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from idiomatic.cli.main import idiomatic;"
        "CliRunner().invoke(idiomatic, ['check', '--help']);"
        "print(*(m for m in ('libcst', 'rich', 'jedi', 'pygls', 'pathspec') if m in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, check=True)
    assert result.stdout.split() == []


def test_a_user_folder_can_not_shadow_us(tmp_path: Path) -> None:
    for name in ("click", "idiomatic", "typing", "server"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')\n")
    assert process("--version", cwd=tmp_path).stdout.decode() == f"idiomatic {__version__}{os.linesep}"
