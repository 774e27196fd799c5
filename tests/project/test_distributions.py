"""Which libraries a project has: nothing is run to find out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from idiomatic.project.distributions import available

if TYPE_CHECKING:
    from pathlib import Path


def environment(root: Path, *distributions: str) -> Path:
    folder = root / ".venv" / "lib" / "python3.12" / "site-packages"
    folder.mkdir(parents=True)
    (root / ".venv" / "pyvenv.cfg").write_text("version = 3.12.1\n")
    for name in distributions:
        (folder / f"{name}-1.0.dist-info").mkdir()
    return folder


def test_what_is_installed_is_read_again_when_something_is_installed(tmp_path: Path) -> None:
    folder = environment(tmp_path, "SQLAlchemy", "typing_extensions")
    (folder / "old.egg-info").mkdir()
    (folder / "sqlalchemy").mkdir()
    (tmp_path / ".git").mkdir()
    names = available(tmp_path)
    assert {"sqlalchemy", "typing-extensions", "old"} <= names
    assert "aiosqlite" not in names
    (folder / "aiosqlite-0.20.dist-info").mkdir()
    os.utime(folder, ns=(1, 1))
    assert "aiosqlite" in available(tmp_path / "src" / "package")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", "[project]\ndependencies = [\"Aio_SQLite[x]>=1 ; python_version > '3'\"]\n"),
        ("pyproject.toml", '[project.optional-dependencies]\ndb = ["aio.sqlite"]\n'),
        ("pyproject.toml", '[dependency-groups]\ndev = [{include-group = "x"}, "aio-sqlite~=1"]\n'),
        ("pyproject.toml", '[tool.poetry.group.dev.dependencies]\naio-sqlite = "^1"\n'),
        ("requirements-dev.txt", "-r other.txt\n# no\naio_sqlite==1 # yes\n"),
        ("uv.lock", 'version = 1\n[[package]]\nname = "aio-sqlite"\nversion = "1"\n'),
    ],
)
def test_what_is_asked_for_counts(tmp_path: Path, file: str, text: str) -> None:
    environment(tmp_path)
    (tmp_path / ".git").mkdir()
    assert "aio-sqlite" not in available(tmp_path)
    (tmp_path / file).write_text(text)
    assert "aio-sqlite" in available(tmp_path)


@pytest.mark.parametrize("file", ["pyproject.toml", "uv.lock", "requirements.txt"])
def test_files_that_make_no_sense(tmp_path: Path, file: str) -> None:
    environment(tmp_path)
    (tmp_path / ".git").mkdir()
    before = available(tmp_path)
    (tmp_path / file).write_bytes(b"package = 1\n[[\n\xff")
    assert available(tmp_path) - {"package"} == before
    (tmp_path / file).write_text("project = 1\ndependency-groups = 2\npackage = [1]\n[tool]\npoetry = 3\n")
    assert available(tmp_path) >= before
