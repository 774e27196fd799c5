"""The extension in a real editor: code-server and Chromium, driven by the scripts beside this file.

Each script starts one editor and runs several steps in it; each step is a subtest. Screenshots and logs of the last run
are in `artifacts/`.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.editor


# Two run at a time: those that take longest begin.
LONGEST = ("tour.test.mjs", "start.test.mjs")
SCRIPTS = sorted((path.name for path in HERE.glob("*.test.mjs")), key=lambda name: (name not in LONGEST, name))


@pytest.mark.parametrize("script", SCRIPTS)
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
