"""The sample service: every idiom shows on it, and its own tests pass before and after it is fixed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from idiomatic.core import catalogue
from idiomatic.core.idiom import Kind

from tests.engine import analyse, offered

ROOT = Path(__file__).parents[1]

REFACTORINGS = {name for name, idiom in catalogue.load().items() if idiom.kind is Kind.REFACTOR}
SHOWN = set(catalogue.load()) - REFACTORINGS


def run(*arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "server"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-P", "-m", *arguments],
        cwd=at,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def findings(at: Path) -> list[dict[str, object]]:
    result = run("idiomatic", "check", "--output-format", "json", ".", at=at)
    found = json.loads(result.stdout)
    assert isinstance(found, list)
    return found


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A copy of the service, which may be changed."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return tmp_path / "examples"


def test_every_idiom_shows() -> None:
    found = findings(ROOT / "examples")
    counted = Counter(str(finding["rule"]) for finding in found)
    assert set(counted) >= SHOWN
    assert sum(1 for rule in SHOWN if counted[rule] > 1) == len(SHOWN), counted
    safeties = {finding["fix"]["safety"] if isinstance(finding["fix"], dict) else None for finding in found}
    assert safeties == {"safe", "unsafe", None}
    assert not [finding for finding in found if str(finding["path"]).startswith("tests")], "the tests are up to date"


def test_every_refactoring_is_offered() -> None:
    texts = [path.read_text("utf-8") for path in (ROOT / "examples").rglob("*.py")]
    counted = Counter(found.rule.name for text in texts for found in offered(analyse(text, *REFACTORINGS)))
    assert set(counted) == REFACTORINGS
    assert all(number > 1 for number in counted.values()), counted


@pytest.mark.parametrize("options", [(), ("--unsafe-fixes",)], ids=["safe", "unsafe"])
def test_the_service_works_before_and_after(service: Path, options: tuple[str, ...]) -> None:
    tests = ("pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore")
    before = run(*tests, at=service)
    assert before.returncode == 0, before.stdout
    fixed = run("idiomatic", "fix", *options, ".", at=service)
    assert fixed.returncode == 0, fixed.stderr
    after = run(*tests, at=service)
    assert after.returncode == 0, after.stdout
    assert after.stdout.split(" passed")[0][-3:] == before.stdout.split(" passed")[0][-3:]
    kept = {"unsafe", None} if not options else {None}
    left = [finding["fix"]["safety"] if isinstance(finding["fix"], dict) else None for finding in findings(service)]
    assert set(left) <= kept
