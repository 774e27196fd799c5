"""The extension in a real editor: code-server and Chromium, driven by the scripts beside this file.

Each script starts one editor and runs several steps in it; each step is a subtest. Screenshots and logs of the last run
are in `artifacts/`.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CLIENT = ROOT / "client" / "vscode"

pytestmark = pytest.mark.editor


@pytest.fixture(scope="session")
def editor() -> Iterator[dict[str, str]]:
    """What the scripts need to know: where the editor, the browser, the extension and a Python are."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node.js with npm here, so no editor to test in")
    # Workers that run at the same time share what is installed and built.
    with (HERE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code_server = output(ROOT / "tools" / "editor" / "install.sh")
        for project in (CLIENT, HERE):
            if not (project / "node_modules").is_dir():
                output("npm", "ci", "--no-audit", "--no-fund", cwd=project)
        vsix = output("npm", "run", "--silent", "package", "--", "--if-stale", cwd=CLIENT)
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = os.environ.get("IDIOMATIC_CHROMIUM") or next(filter(None, map(shutil.which, names)))
    yield {
        "CODE_SERVER": code_server,
        "CHROMIUM": chromium,
        "CLIENT": str(CLIENT),
        "VSIX": vsix,
        "PYTHON": sys.executable,
        "ARTIFACTS": str(HERE / "artifacts"),
    }


@pytest.mark.parametrize("script", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_editor(script: str, editor: dict[str, str], subtests: pytest.Subtests) -> None:
    command = ["node", "--test-reporter", "./reporter.mjs", script]
    environment = {**os.environ, **editor}
    count = 0
    with subprocess.Popen(command, cwd=HERE, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for step in steps(process):
            count += 1
            with subtests.test(f"{step['name']} ({step['seconds']:.1f} s)"):
                if not step["passed"]:
                    pytest.fail(step["message"], pytrace=False)
    assert count, "no step was run"
    assert process.returncode in {0, 1}


def steps(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def output(*command: str | Path, cwd: Path = ROOT) -> str:
    """The last line that a command prints; what it says beside that goes to the terminal."""
    result = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        pytest.fail(f"{' '.join(map(str, command))} failed", pytrace=False)
    return result.stdout.strip().rpartition("\n")[2]
