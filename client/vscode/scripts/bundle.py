"""Fills `bundled/libs` with the server and the libraries it runs on, for one platform and every supported Python.

The libraries are the ones of `requirements/runtime.txt`, checked against its hashes. Wheels that hold native code are
fetched once for each Python version and unpacked over one another: their Python files are the same, and the suffix of
a native module names the version it is for.

For `universal` there are none: that package of the extension runs the server of the interpreter's environment.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker

CLIENT = Path(__file__).resolve().parent.parent
REPOSITORY = CLIENT.parent.parent
LOCK = REPOSITORY / "requirements" / "runtime.txt"
LIBS = CLIENT / "bundled" / "libs"

PYTHONS = ("3.11", "3.12", "3.13", "3.14")

UNIVERSAL = "universal"


@dataclass(frozen=True)
class Platform:
    """What a package is made for.

    Attributes:
        tags: of the wheels that fit, best first.
        system: Python's `sys.platform` there.
        machine: Python's `platform.machine()` there.
    """

    tags: tuple[str, ...]
    system: str
    machine: str

    def environment(self, python: str) -> dict[str, str]:
        """What a requirement's marker is about; pip asks it of the machine it runs on, not of the one it is told."""
        return {
            "sys_platform": self.system,
            "platform_machine": self.machine,
            "python_version": python,
            "python_full_version": f"{python}.0",
        }


# Under the names that the editor has for platforms.
PLATFORMS = {
    "linux-x64": Platform(
        ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"), "linux", "x86_64"
    ),
    "linux-arm64": Platform(
        ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"), "linux", "aarch64"
    ),
    "alpine-x64": Platform(("musllinux_1_2_x86_64",), "linux", "x86_64"),
    "alpine-arm64": Platform(("musllinux_1_2_aarch64",), "linux", "aarch64"),
    "darwin-x64": Platform(
        tuple(f"macosx_{release}_x86_64" for release in ("10_15", "10_13", "10_12", "10_9", "11_0")), "darwin", "x86_64"
    ),
    "darwin-arm64": Platform(("macosx_11_0_arm64",), "darwin", "arm64"),
    "win32-x64": Platform(("win_amd64",), "win32", "AMD64"),
    "win32-arm64": Platform(("win_arm64",), "win32", "ARM64"),
}

# Only libcst's own command line reads YAML, and it would double the native code.
UNUSED = ("pyyaml", "pyyaml-ft")

# jedi expects a package's stubs right in this directory, where typeshed has one directory for each distribution: it
# finds none of them, and they are two thirds of all files.
UNREAD = ("jedi", "third_party", "typeshed", "stubs")


def main() -> int:
    """Download what the lock names, unpack it, and put the server beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", choices=(*PLATFORMS, UNIVERSAL))
    parser.add_argument("--list", action="store_true", help="print the targets instead")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join((*PLATFORMS, UNIVERSAL)))
        return 0
    stamp = CLIENT / "dist" / "libs.stamp"
    if arguments.target == UNIVERSAL:
        stamp.unlink(missing_ok=True)
        shutil.rmtree(LIBS, ignore_errors=True)
        return 0

    platform = PLATFORMS[arguments.target]
    lock = LOCK.read_text()
    requirements = {python: needed(lock, platform.environment(python)) for python in PYTHONS}
    state = hashlib.sha256(f"{Path(__file__).read_text()}{requirements}{platform}".encode()).hexdigest()
    if not (LIBS.exists() and stamp.exists() and stamp.read_text() == state):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(LIBS, ignore_errors=True)
        LIBS.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as directory:
            wheels = Path(directory)
            if not all(download(requirements[python], platform, python, wheels) for python in PYTHONS):
                return 1
            for wheel in sorted(wheels.glob("*.whl")):
                unpack(wheel)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(state)
    for cache in list(LIBS.rglob("__pycache__")):
        shutil.rmtree(cache)
    with tempfile.TemporaryDirectory() as directory:
        unpack(build_server(Path(directory)))
    return 0


def needed(lock: str, environment: dict[str, str]) -> str:
    """Return what the server imports of a lock, on a platform and a Python, without markers."""
    kept = []
    for name, block in requirement_blocks(lock):
        head, newline, hashes = block.partition("\n")
        requirement, _, marker = head.removesuffix("\\").partition(";")
        if name not in UNUSED and (not marker or Marker(marker.strip()).evaluate(environment)):
            kept.append(f"{requirement.strip()} \\{newline}{hashes}")
    return "".join(kept)


def requirement_blocks(lock: str) -> Iterator[tuple[str, str]]:
    """Yield each package of a lock with its lines; a line that is indented belongs to the one before."""
    name, block = "", ""
    for line in lock.splitlines(keepends=True):
        if line[:1].isalnum():
            if block:
                yield name, block
            name, block = line.partition("==")[0].strip().lower(), ""
        if name and not line.lstrip().startswith("#"):
            block += line
    if block:
        yield name, block


def download(requirements: str, platform: Platform, python: str, wheels: Path) -> bool:
    """Fetch the wheels for one Python version; say so and return False when one is missing."""
    lock = wheels / "requirements.txt"
    lock.write_text(requirements)
    tags = [argument for tag in platform.tags for argument in ("--platform", tag)]
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation", "cp", "--python-version", python,
        *tags, "--dest", str(wheels), "--requirement", str(lock),
    ]  # fmt: skip
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        print(f"error: no wheels of Python {python} for {platform}\n{result.stderr.strip()}", file=sys.stderr)
    return result.returncode == 0


def build_server(directory: Path) -> Path:
    """Build the wheel of the repository's own package."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    backend = [sys.executable, "-c", "import hatchling"]
    if subprocess.run(backend, stderr=subprocess.DEVNULL, check=False).returncode == 0:
        command.append("--no-build-isolation")
    subprocess.run([*command, "--wheel-dir", str(directory), str(REPOSITORY)], check=True)
    for old in (LIBS / "idiomatic", *LIBS.glob("idiomatic-*.dist-info")):
        shutil.rmtree(old, ignore_errors=True)
    (wheel,) = directory.glob("idiomatic-*.whl")
    return wheel


def unpack(wheel: Path) -> None:
    """Unpack a wheel into `LIBS`; a file that is there already has to be the same."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = LIBS / entry.filename
            if entry.is_dir() or is_left_out(path):
                continue
            content = archive.read(entry)
            if path.exists() and path.read_bytes() != content:
                raise SystemExit(f"error: {entry.filename} of {wheel.name} differs from that of another wheel")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def is_left_out(path: Path) -> bool:
    """Say whether the server runs without this file of a wheel."""
    parts = path.relative_to(LIBS).parts
    if parts[0].endswith(".dist-info"):
        # The name, version and licence stay; how one wheel was built and installed is not true of several.
        return parts[-1] in {"RECORD", "WHEEL", "INSTALLER"} or parts[1] == "sboms"
    # Ours has none; what is called so are templates for tests.
    has_tests = "tests" in parts[1:] and parts[0] != "idiomatic"
    return has_tests or parts[0].endswith(".data") or parts[: len(UNREAD)] == UNREAD


if __name__ == "__main__":
    sys.exit(main())
