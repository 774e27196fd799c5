"""What another process says about installed packages."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from idiomatic.core.facts import ClassFact, FunctionFact
from idiomatic.project.asking import AskedDefinitions, Helper
from idiomatic.project.definitions import InstalledDefinitions, Modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.project.evidence import Evidence


@pytest.fixture
def helper() -> Iterator[Helper]:
    helper = Helper()
    yield helper
    helper.close()


@pytest.mark.parametrize("name", ["asyncio.tasks.gather", "json.JSONEncoder", "click.command", "no_such.thing", "json"])
def test_it_says_what_this_process_would(helper: Helper, tmp_path: Path, name: str) -> None:
    here: Evidence = {}
    there: Evidence = {}
    found = AskedDefinitions(tmp_path, helper).find(name, there)
    assert found == InstalledDefinitions(tmp_path, Modules()).find(name, here)
    assert there == here
    if name != "json" and "such" not in name:
        assert isinstance(found, FunctionFact | ClassFact)


def test_it_is_started_again_when_it_is_gone(helper: Helper, tmp_path: Path) -> None:
    asked = AskedDefinitions(tmp_path, helper)
    assert asked.find("json.dumps", {}) is not None
    first = helper._process
    assert first is not None
    first.kill()
    assert asked.find("json.loads", {}) is not None
    helper.forget()
    second = helper._process
    assert asked.find("json.load", {}) is not None
    assert helper._process is not second is not first


def test_what_takes_too_long_is_given_up(tmp_path: Path) -> None:
    helper = Helper(patience=0.001)
    assert AskedDefinitions(tmp_path, helper).find("json.dumps", {}) is None
    helper.close()


def test_nothing_is_asked_after_the_end(helper: Helper, tmp_path: Path) -> None:
    helper.close()
    assert AskedDefinitions(tmp_path, helper).find("json.dumps", {}) is None
    assert helper._process is None


def test_it_ends_with_the_process_that_asked(tmp_path: Path) -> None:
    """However that ends: a server that is killed says goodbye to nobody."""
    code = (
        "import os, pathlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "from idiomatic.project.asking import AskedDefinitions, Helper\n"
        "helper = Helper(); AskedDefinitions(pathlib.Path('.'), helper).find('json.dumps', {})\n"
        "print(helper._process.pid, flush=True); os._exit(1)"
    )
    server = Path(__file__).parents[2] / "server"
    output = subprocess.run(
        [sys.executable, "-P", "-c", code, str(server)], cwd=tmp_path, capture_output=True, text=True, check=False
    ).stdout
    process = Path(f"/proc/{int(output)}")
    for _ in range(100):
        if not process.exists() or "\nState:\tZ" in (process / "status").read_text():
            return
        time.sleep(0.05)
    pytest.fail("it is still there")
