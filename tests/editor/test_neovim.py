"""The server in Neovim, with the client that is built in."""

import ast
import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from .conftest import HERE

pytestmark = pytest.mark.editor

SOURCE = """\
from datetime import datetime


def stamp():
    return datetime.utcnow()
"""


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Neovim saw, by the steps of the script."""
    neovim = shutil.which("nvim")
    if neovim is None:
        pytest.skip("no Neovim here")
    folder = tmp_path_factory.mktemp("neovim")
    (folder / "app.py").write_text(SOURCE)
    output = folder / "output.txt"
    server = [sys.executable, "-P", "-m", "idiomatic", "server"]
    environment = {**os.environ, "SERVER": json.dumps(server), "OUTPUT": str(output)}
    # Without the user's configuration, history and swap files.
    command = [neovim, "--headless", "-u", "NONE", "-i", "NONE", "-n", "app.py", "-c", "luafile use.lua"]
    shutil.copy(HERE / "neovim" / "use.lua", folder)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert output.exists(), done.stderr
    found = {step["step"]: step["value"] for step in map(json.loads, output.read_text().splitlines())}
    assert "error" not in found, found["error"]
    return found


def test_findings_are_shown(steps: dict[str, Any]) -> None:
    (found,) = steps["diagnostics"]
    assert (found["code"], found["line"], found["column"]) == ("naive-utcnow", 4, 11)


def test_the_hover_has_the_diff(steps: dict[str, Any]) -> None:
    assert "+    return datetime.now(UTC)" in steps["hover"]


def test_an_action_fixes_and_undo_takes_it_back(steps: dict[str, Any]) -> None:
    assert steps["actions"][0] == "Use `now(UTC)` (aware instead of naive)"
    assert "\n".join(steps["fixed"]) + "\n" == SOURCE.replace("utcnow()", "now(UTC)").replace("import ", "import UTC, ")
    assert steps["left"] == 0
    assert steps["undone"]


def test_a_template_is_completed_with_its_imports(steps: dict[str, Any]) -> None:
    tree = ast.parse("\n".join(steps["completed"]))
    assert "retry" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert "functools" in {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
