"""The package of the extension: what is in it, and that the server in it runs on every Python with nothing else."""

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from idiomatic import templates

from .conftest import CLIENT, HERE
from .packages import CONTENTS, MAXIMUM, contents

pytestmark = pytest.mark.editor


@pytest.fixture(scope="session")
def unpacked(vsix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("vsix")
    with zipfile.ZipFile(vsix) as archive:
        archive.extractall(directory)
    return directory / "extension"


def test_holds_what_is_needed_and_no_more(vsix: Path) -> None:
    assert contents(vsix) == CONTENTS
    assert vsix.stat().st_size <= MAXIMUM


def test_holds_every_template(unpacked: Path) -> None:
    ours = Path(templates.__file__).parent
    theirs = unpacked / "bundled" / "libs" / "idiomatic" / "templates"
    assert {path.relative_to(theirs) for path in theirs.rglob("*.py")} == {
        path.relative_to(ours) for path in ours.rglob("*.py")
    }


def test_its_page_has_no_picture_that_would_not_be_shown(unpacked: Path) -> None:
    shown = (unpacked / "readme.md").read_text(encoding="utf-8")
    assert "## Settings" in shown
    assert not re.search(r"!\[[^\]]*\]\((?!https:)", shown)


def test_libraries_come_with_their_licences(unpacked: Path) -> None:
    libs = unpacked / "bundled" / "libs"
    without = [
        metadata.parent.name
        for metadata in libs.glob("*.dist-info/METADATA")
        if not any(re.match(r"(?i)licen[cs]e|copying", path.name) for path in metadata.parent.rglob("*"))
        and not re.search(r"^License(-Expression)?:|^Classifier: License", metadata.read_text(), re.MULTILINE)
    ]
    assert without == []
    assert "MIT" in (unpacked / "dist" / "LICENSES.txt").read_text()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_server_runs_on_its_own_libraries(version: str, unpacked: Path, tmp_path: Path) -> None:
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip(f"no Python {version} here")
    for name in ("typing", "attrs", "libcst", "idiomatic"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a module of the workspace was run')\n")
    launch = unpacked / "bundled" / "launch.py"
    result = subprocess.run(
        [python, "-I", "-S", launch, "rules", "--output-format", "json"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)


@pytest.mark.parametrize("project", [CLIENT, HERE], ids=["client", "tests"])
def test_lock_file_names_no_registry(project: Path) -> None:
    packages = json.loads((project / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
