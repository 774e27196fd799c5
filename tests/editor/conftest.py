import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from idiomatic.templates import catalogue as templates

from tests.engine import analyse
from tests.templates.inserting import alone as all_places
from tests.test_cases import examples

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CLIENT = ROOT / "client" / "vscode"


@pytest.fixture(scope="session")
def vsix() -> Path:
    """The packaged extension, built again if something in it has changed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node.js with npm here")
    with alone():
        install(CLIENT)
        return packaged("--if-stale")[0]


@pytest.fixture(scope="session")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the tour visits: the rules with their examples, the templates with a place for each."""
    rules = []
    for rule, before, after in {rule: (rule, before, after) for rule, before, after in examples()}.values():
        analysed = analyse(before, rule)
        diagnostics = list(analysed.diagnostics)
        if len(diagnostics) == 1:
            line, column = analysed.module.document.lines.position(analysed.place(diagnostics[0]).start)
            title = diagnostics[0].fixes[0].title
            place = {"line": line + 1, "column": column + 1}
            rules.append({"name": rule, "before": before, "after": after, "title": title, **place})
    assert len(rules) >= 8
    inserted = []
    # One of each group: that all of them fit is tested without an editor.
    for template in {template.group: template for template in templates.load().values()}.values():
        _, file, marked = all_places(template)[0]
        line = marked[: marked.index("x|")].count("\n") + 1
        expected = template.code.rstrip().splitlines()[-1].strip()
        # The editor tells files by their names, as far as they have some of their own.
        file = f"template-{template.name}/{file.replace('module', template.name.replace('-', '_') + '_1')}"
        around = {"file": file, "around": marked.replace("x|", ""), "line": line}
        inserted.append({"name": template.name, **around, "prefix": template.prefixes[0], "expected": expected})
    assert len(inserted) >= 4
    visited = tmp_path_factory.mktemp("tour") / "tour.json"
    visited.write_text(json.dumps({"rules": rules, "templates": inserted}), encoding="utf-8")
    return visited


@pytest.fixture(scope="session")
def editor(vsix: Path, tour: Path) -> dict[str, str]:
    """What the scripts need to know: where the editor, the browser, the extension and a Python are."""
    with alone():
        code_server = output(ROOT / "tools" / "editor" / "install.sh")
        install(HERE)
    names = [os.environ.get("IDIOMATIC_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return {
        "CODE_SERVER": code_server,
        "CHROMIUM": next(path for name in names if (path := shutil.which(name))),
        "CLIENT": str(CLIENT),
        "VSIX": str(vsix),
        "PYTHON": sys.executable,
        "ARTIFACTS": str(HERE / "artifacts"),
        "TOUR": str(tour),
    }


@contextmanager
def alone() -> Iterator[None]:
    """Let only one of several test processes install and build."""
    with (HERE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(project: Path) -> None:
    if not (project / "node_modules").is_dir():
        output("npm", "ci", "--no-audit", "--no-fund", cwd=project)


def packaged(*options: str) -> list[Path]:
    """The packages of the extension, built with this Python."""
    command = ["npm", "run", "--silent", "package", "--", *options]
    environment = {**os.environ, "PYTHON": sys.executable}
    result = subprocess.run(command, cwd=CLIENT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        pytest.fail("the extension could not be packaged", pytrace=False)
    return [Path(line) for line in result.stdout.splitlines()]


def output(*command: str | Path, cwd: Path = ROOT) -> str:
    """The last line that a command prints; what it says beside that goes to the terminal."""
    result = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        pytest.fail(f"{' '.join(map(str, command))} failed", pytrace=False)
    return result.stdout.strip().rpartition("\n")[2]
