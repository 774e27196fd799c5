from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working directory."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "idiomatic.toml").write_text('target-version = "3.12"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path
