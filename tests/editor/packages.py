"""What packages of the extension hold."""

import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

MAXIMUM = 25_000_000
"""Bytes of a package at most."""

LIBS = "extension/bundled/libs/"

CONTENTS = [
    "[Content_Types].xml",
    "extension.vsixmanifest",
    "extension/LICENSE.txt",
    "extension/bundled/launch.py",
    "extension/bundled/probe.py",
    "extension/changelog.md",
    "extension/dist/LICENSES.txt",
    "extension/dist/extension.js",
    "extension/icon.png",
    "extension/images/fixes.png",
    "extension/images/hover.png",
    "extension/images/template.png",
    "extension/package.json",
    "extension/readme.md",
    "extension/walkthrough/configure.md",
    "extension/walkthrough/example.py",
    "extension/walkthrough/find.md",
    "extension/walkthrough/fix.md",
    "extension/walkthrough/insert.md",
]
"""Everything but the server and its libraries."""

# Our own templates for tests are no tests.
_NEVER = re.compile(r"\.map$|\.pyc$|(?<!/idiomatic/templates)/tests/|\.tsx?$|node_modules|\.stamp$")
_ELF = {62: "x64", 183: "arm64"}
_MACHO = {0x01000007: "x64", 0x0100000C: "arm64"}
_PE = {0x8664: "x64", 0xAA64: "arm64"}


def contents(vsix: Path) -> list[str]:
    """The names of the files of a package; of the libraries only those that should not be there."""
    with zipfile.ZipFile(vsix) as archive:
        names = archive.namelist()
    return sorted(name for name in names if not name.startswith(LIBS) or _NEVER.search(name))


def natives(vsix: Path) -> Iterator[tuple[str, str]]:
    """The native modules of a package: the path without the ending, and `PYTHON SYSTEM-MACHINE` it is for."""
    with zipfile.ZipFile(vsix) as archive:
        for name in archive.namelist():
            if name.endswith((".so", ".pyd")):
                stem, version = re.fullmatch(r"(.*?)\.(?:cpython-|cp)3(\d+)\b.*", name).groups()  # type: ignore[union-attr]
                system = "alpine" if "-musl." in name else None
                yield stem.removeprefix(LIBS), f"3.{version} {platform(archive.read(name), system)}"


def platform(module: bytes, system: str | None = None) -> str:
    """For which system and processor a native module was built, by its header."""
    if module.startswith(b"\x7fELF"):
        return f"{system or 'linux'}-{_ELF[struct.unpack_from('<H', module, 18)[0]]}"
    if module.startswith(b"\xcf\xfa\xed\xfe"):
        return f"darwin-{_MACHO[struct.unpack_from('<I', module, 4)[0]]}"
    if module.startswith(b"MZ"):
        header = struct.unpack_from("<I", module, 0x3C)[0]
        return f"win32-{_PE[struct.unpack_from('<H', module, header + 4)[0]]}"
    raise ValueError(f"not a native module: {module[:4]!r}")
