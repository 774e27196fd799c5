"""The packages for all platforms, built from this machine: takes four minutes and downloads."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from .conftest import CLIENT, alone, install, packaged
from .packages import CONTENTS, LIBS, MAXIMUM, contents, natives

pytestmark = pytest.mark.nightly

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@pytest.fixture(scope="module")
def packages() -> dict[str, Path]:
    if shutil.which("npm") is None:
        pytest.skip("no Node.js with npm here")
    with alone():
        install(CLIENT)
        return {path.stem.removeprefix("idiomatic-"): path for path in packaged("--all", "--if-stale")}


def test_there_is_one_for_each_platform(packages: dict[str, Path]) -> None:
    systems = [
        f"{system}-{machine}" for system in ("alpine", "darwin", "linux", "win32") for machine in ("arm64", "x64")
    ]
    assert sorted(packages) == sorted([*systems, "universal"])
    for target, vsix in packages.items():
        with zipfile.ZipFile(vsix) as archive:
            manifest = archive.read("extension.vsixmanifest").decode()
        assert (f'TargetPlatform="{target}"' in manifest) == (target != "universal")


def test_they_hold_what_is_needed_and_no_more(packages: dict[str, Path]) -> None:
    assert {target: contents(vsix) for target, vsix in packages.items()} == dict.fromkeys(packages, CONTENTS)
    assert {target: size for target, vsix in packages.items() if (size := vsix.stat().st_size) > MAXIMUM} == {}


def test_native_code_is_there_for_every_python_and_for_no_other_machine(packages: dict[str, Path]) -> None:
    found = {target: sorted(natives(vsix)) for target, vsix in packages.items()}
    assert found == {
        target: [("libcst/native", f"{python} {target}") for python in PYTHONS if target != "universal"]
        for target in packages
    }


def test_the_universal_one_has_no_server(packages: dict[str, Path]) -> None:
    with zipfile.ZipFile(packages["universal"]) as archive:
        assert [name for name in archive.namelist() if name.startswith(LIBS)] == []
        assert json.loads(archive.read("extension/package.json"))["name"] == "idiomatic"
