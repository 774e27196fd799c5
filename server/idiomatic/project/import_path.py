"""Where Python looks for what a file imports: in folders of the project, and in those of installed packages."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

from idiomatic.core.lazy import regex
from idiomatic.core.module import Role
from idiomatic.project.tables import folders_around

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES: Final = (".py", ".pyi")
"""How the names of Python files end, in the order in which they count."""

_TEST: Final = regex(r"test_.*|.*_test|tests?|conftest")
_TEST_FOLDERS: Final = frozenset({"test", "tests", "testing"})
_PROJECT_FILES: Final = ("pyproject.toml", "setup.py", "setup.cfg")


def roots(path: Path, workspace: Path) -> tuple[Path, ...]:
    """The folders in which the top-level packages lie that a file can import, as far as they belong to the project."""
    own = path.parent
    while own.parent != own and is_package(own):
        own = own.parent
    found = [own]
    for folder in (path.parent, *path.parent.parents):
        if folder == workspace or any((folder / name).is_file() for name in _PROJECT_FILES):
            found += (folder, folder / "src")
        if folder == workspace or (folder / ".git").exists():
            break
    return tuple(dict.fromkeys(each for each in found if each.is_dir()))


def is_package(folder: Path) -> bool:
    """Whether a folder is a package with an `__init__`."""
    return any((folder / f"__init__{suffix}").is_file() for suffix in SUFFIXES)


def role(path: Path, roots: tuple[Path, ...]) -> Role:
    """What a file is for; folders count as far as they are below one in which top-level packages lie."""
    if path.suffix == ".pyi":
        return Role.STUB
    above = next((folder for folder in sorted(roots) if path.is_relative_to(folder)), path.parent)
    folders = path.relative_to(above).parts[:-1]
    if _TEST.fullmatch(path.stem) or any(folder in _TEST_FOLDERS for folder in folders):
        return Role.TEST
    return Role.INTERFACE if path.stem == "__init__" else Role.SOURCE


def installed(root: Path) -> tuple[Path, ...]:
    """The folders in which packages are installed: in the project's virtual environment, the active one, or our own."""
    library = Path(sysconfig.get_path("stdlib"))
    environment = next(filter(None, map(_environment, folders_around(root))), None)
    if environment is None and (active := os.environ.get("VIRTUAL_ENV")):
        environment = Path(active)
    own = sorted({Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")})
    found = [library, *(own if environment is None else _site_packages(environment))]
    return tuple(folder for each in found for folder in (each, *_linked(each)) if folder.is_dir())


def _environment(folder: Path) -> Path | None:
    found = (folder / name for name in (".venv", "venv"))
    return next((each for each in found if (each / "pyvenv.cfg").is_file()), None)


def _site_packages(environment: Path) -> Iterator[Path]:
    yield from sorted(environment.glob("lib/python3*/site-packages"))
    yield environment / "Lib" / "site-packages"


def _linked(folder: Path) -> Iterator[Path]:
    """The folders that `.pth` files name: packages installed in place."""
    for file in sorted(folder.glob("*.pth")):
        try:
            lines = file.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            continue
        yield from (folder / line.strip() for line in lines if line.strip() and not line.startswith(("import", "#")))
