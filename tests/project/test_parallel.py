"""Work on many files at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from idiomatic.project.scan import parallel

from tests.cli.run import SAFE, SERVER

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Work:
    deadly: str = ""

    def __call__(self, file: Path) -> tuple[str, int]:
        if file.name == self.deadly:
            os._exit(1)
        return file.name, os.getpid()


def in_order(work: Work, files: list[Path]) -> list[tuple[str, int]]:
    results = dict(parallel.each(work, files, lambda file: (file.name, 0), processes=2))
    return [results[file] for file in files]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / f"m{number:02}.py" for number in range(40)]
    for file in found:
        file.write_bytes(b"x" * 10_000)
    return found


def test_results_keep_the_order_of_the_files(files: list[Path]) -> None:
    results = in_order(Work(), files)
    assert [name for name, _ in results] == [file.name for file in files]


def test_few_files_stay_in_this_process(files: list[Path]) -> None:
    assert {process for _, process in in_order(Work(), files[:3])} == {os.getpid()}
    assert in_order(Work(), []) == []


def test_a_file_that_kills_its_process_takes_no_other_with_it(files: list[Path]) -> None:
    results = in_order(Work("m17.py"), files)
    assert [name for name, _ in results] == [file.name for file in files]
    assert [name for name, process in results if process == 0] == ["m17.py"]


def test_a_single_worker_may_work_apart(files: list[Path]) -> None:
    results = dict(parallel.each(Work("m17.py"), files, lambda file: (file.name, 0), processes=1, apart=True))
    assert [file.name for file in files if results[file][1] == 0] == ["m17.py"]
    assert os.getpid() not in {process for _, process in results.values()}


def test_files_that_vanish_are_results_too(files: list[Path]) -> None:
    files[3].unlink()
    results = in_order(Work(), files)
    assert len(results) == len(files)


def test_who_wants_no_more_waits_for_no_more(files: list[Path]) -> None:
    results = parallel.each(Work(), files, lambda file: (file.name, 0), processes=2)
    next(results)
    results.close()


def test_an_interruption_leaves_every_file_whole(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    filler = "\n".join(f"def f{number}(x):\n    return [x for x in range(x)]\n" for number in range(800))
    text = f"{SAFE}\n{filler}"
    for number in range(120):
        (tmp_path / f"m{number:03}.py").write_text(text)
    command = [sys.executable, "-P", "-m", "idiomatic", "fix", "--target-version", "3.12"]
    # Whoever runs the tests in the background has them ignore it, and so would all they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(SERVER)},
    )
    signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 30
    while all(file.read_text() == text for file in tmp_path.glob("*.py")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (130, "", "Interrupted.\n")
    contents = [file.read_text() for file in tmp_path.iterdir() if file.is_file()]
    assert len(contents) == 120, "no temporary files are left"
    fixed = text.replace("datetime.utcnow().replace(tzinfo=UTC)", "datetime.now(UTC)")
    assert set(contents) == {text, fixed}
