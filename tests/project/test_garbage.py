"""What a look at many files leaves behind, for nobody to collect."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest
from idiomatic.core.document import Document
from idiomatic.core.long_class import Frame
from idiomatic.core.module import Module
from idiomatic.core.statement import Statement
from idiomatic.project import file_usage, workspace
from idiomatic.project.scan.look import Check
from idiomatic.project.scan.parallel import Garbage, without_collection

if TYPE_CHECKING:
    from pathlib import Path

METHOD = "    def m{0}(self, seen=[]):\n        return self.m{0}(seen)\n\n"
METHODS = "".join(METHOD.format(number) for number in range(60))
LONG = f"class Long:\n{METHODS}\ndef other(path):\n    path.x = setattr(path, 1, 1)\n    return open(path).read()\n"
PARTS = (Document, Frame, Module, Statement)


def parts() -> int:
    return sum(isinstance(each, PARTS) for each in gc.get_objects())


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setattr(workspace, "_KEPT", 0)
    found = [tmp_path / f"m{number}.py" for number in range(6)]
    for number, file in enumerate(found):
        around = f"from m{(number + 1) % 6} import other, Long"
        file.write_text(f"{around}\n\n\n{LONG}\n\ndef f(path):\n    return other(path)\n")
    return found


def test_what_was_looked_at_goes_by_itself(files: list[Path], tmp_path: Path) -> None:
    check = Check(workspace.Workspace(tmp_path, {"select": ["ALL"]}, isolated=True, waits=True))
    gc.collect()
    with without_collection():
        first = len(check(files[0]).report.records)
        before = parts()
        assert [len(check(file).report.records) for file in files[1:]] == [first] * 5
        assert first > 60
        # The last file is kept for those that ask for it next, and nothing else.
        assert parts() == before


def test_what_a_file_does_is_found_out_without_a_trace(files: list[Path]) -> None:
    gc.collect()
    with without_collection():
        before = parts()
        assert file_usage.looked_into(files[0], "")
        assert parts() == before


def test_garbage_is_collected_when_there_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idiomatic.project.scan.parallel._GROWTH", 10_000)
    gc.collect()
    with without_collection():
        garbage = Garbage()
        few = sys.getallocatedblocks()
        for _ in range(10_000):
            circle: list[object] = []
            circle.append(circle)
        garbage.collect()
        assert sys.getallocatedblocks() < few + 5_000
