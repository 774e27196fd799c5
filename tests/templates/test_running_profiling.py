"""What the templates of profiling do when they are run."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

import pytest
from idiomatic.templates.profiling import cprofile_block
from idiomatic.templates.profiling.line_profiler_hook import timed_lines
from idiomatic.templates.profiling.tracemalloc_diff import memory_growth

SERVER = Path(cprofile_block.__file__).parents[3]

# -- cprofile-block ---------------------------------------------------------------------------------------------------


def test_the_functions_of_a_block_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    cprofile_block.main()
    out, err = capsys.readouterr()
    assert not out
    assert "Ordered by: cumulative time" in err
    calls = {
        line.split("(")[-1].rstrip(")"): line.split()[0] for line in err.splitlines() if "cprofile_block.py" in line
    }
    assert calls == {"work": "1", "<genexpr>": "1001"}


def test_they_are_listed_after_a_failure_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cprofile_block, "work", interrupted)
    for _ in range(2):  # the profiler is off again
        with pytest.raises(KeyboardInterrupt):
            cprofile_block.main()
        assert "(interrupted)" in capsys.readouterr().err


# -- tracemalloc-diff -------------------------------------------------------------------------------------------------


def test_the_lines_that_keep_memory_are_found() -> None:
    kept = []
    with memory_growth() as growth:
        kept.append(bytes(1_000_000))
        bytes(2_000_000)
        cycle: list[object] = [bytes(3_000_000)]
        cycle.append(cycle)
        del cycle
        assert growth == []
    assert kept
    assert Path(growth[0].traceback[0].filename) == Path(__file__)
    assert growth[0].size_diff == pytest.approx(1_000_000, rel=0.01)
    assert sum(each.size_diff for each in growth) < 1_100_000
    assert tracemalloc.__file__ not in {each.traceback[0].filename for each in growth}
    assert not tracemalloc.is_tracing()


def test_what_shrinks_and_what_is_beyond_the_limit_is_left_out() -> None:
    tracemalloc.start()
    try:
        kept = [bytes(1_000_000)]
        with memory_growth(limit=2) as growth:
            kept.clear()
            kept.append(bytes(10_000))
            kept.append(bytes(20_000))
            kept.append(bytes(30_000))
    finally:
        tracemalloc.stop()
    assert [each.size_diff // 10_000 for each in growth] == [3, 2]


def test_tracing_goes_on_if_it_was_on() -> None:
    tracemalloc.start()
    try:
        with memory_growth():
            pass
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_tracing_ends_after_a_failure_too() -> None:
    with pytest.raises(KeyError), memory_growth():
        raise KeyError
    assert not tracemalloc.is_tracing()


# -- line-profiler-hook -----------------------------------------------------------------------------------------------

PROGRAM = """
    import sys
    from idiomatic.templates.profiling.line_profiler_hook import timed_lines

    @timed_lines
    def total(numbers: list[int]) -> int:
        result = 0
        for number in numbers:
            result += number
        return result

    print("total", total([1, 2, 3]), "line_profiler" in sys.modules)
"""


def program(folder: Path, *options: str, asked: bool = False, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program with a function that is decorated."""
    path = folder / "program.py"
    path.write_text(textwrap.dedent(before) + textwrap.dedent(PROGRAM), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(SERVER)}
    environment.pop("LINE_PROFILE", None)
    if asked:
        environment["LINE_PROFILE"] = "1"
    return subprocess.run(
        [sys.executable, *options, str(path)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_run_that_does_not_ask_is_left_alone(tmp_path: Path) -> None:
    done = program(tmp_path)
    assert (done.stdout, done.stderr) == ("total 6 False\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["program.py"]


def test_a_run_that_asks_has_the_lines_timed(tmp_path: Path) -> None:
    done = program(tmp_path, asked=True)
    assert done.stdout.startswith("total 6 True\n")
    report = (tmp_path / "profile_output.txt").read_text("utf-8")
    hits = [line.split()[1] for line in report.splitlines() if "result" in line or "for number" in line]
    assert hits == ["1", "4", "3", "1"]


def test_kernprof_asks_as_well(tmp_path: Path) -> None:
    done = program(tmp_path, "-m", "kernprof", "-lv")
    assert "total 6 True\n" in done.stdout
    assert "Function: total" in done.stdout


def test_a_run_that_asks_in_vain_fails(tmp_path: Path) -> None:
    done = program(tmp_path, asked=True, before="import sys; sys.modules['line_profiler'] = None")
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


def test_the_function_itself_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINE_PROFILE", raising=False)
    monkeypatch.delitem(sys.modules, "line_profiler", raising=False)
    assert timed_lines(program) is program


# -- memray-run -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="there is no memray for Windows")
@pytest.mark.parametrize("fails", [False, True])
def test_the_allocations_of_a_block_are_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    template = importlib.import_module("idiomatic.templates.profiling.memray_run")

    def fail() -> None:
        kept = bytearray(5_000_000)
        raise KeyError(len(kept))

    template.main()
    if fails:
        monkeypatch.setattr(template, "work", fail)
        with pytest.raises(KeyError):
            template.main()
    reader = importlib.import_module("memray").FileReader("memray.bin")
    records = list(reader.get_high_watermark_allocation_records(merge_threads=True))
    functions = {function for record in records for function, _, _ in record.stack_trace()}
    assert ("fail" if fails else "work") in functions
    assert sum(record.size for record in records) > (5_000_000 if fails else 1_000_000)
