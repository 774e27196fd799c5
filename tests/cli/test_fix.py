"""`idiomatic fix`: what is written, and what is left alone."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.run import SAFE, SAFE_FIXED, UNSAFE, UNSAFE_FIXED, process, run


def test_safe_fixes_by_default(project: Path) -> None:
    (project / "safe.py").write_text(SAFE)
    (project / "unsafe.py").write_text(UNSAFE)
    result = run("fix")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == ("safe.py: 1 x naive-utcnow\nFixed 1 finding in 1 file. --unsafe-fixes would fix 1 more.\n")
    assert (project / "safe.py").read_text() == SAFE_FIXED
    assert (project / "unsafe.py").read_text() == UNSAFE
    assert run("fix").stdout == "Nothing to fix. --unsafe-fixes would fix 1 more.\n"


def test_unsafe_fixes_when_asked_for(project: Path) -> None:
    (project / "a.py").write_text(UNSAFE + UNSAFE.partition("\n\n\n")[2].replace("stamp", "other"))
    result = run("fix", "--unsafe-fixes", ".")
    assert result.stdout == "a.py: 2 x naive-utcnow\nFixed 2 findings in 1 file.\n"
    assert (project / "a.py").read_text().count("datetime.now(UTC)") == 2
    assert run("fix", "--unsafe-fixes").stdout == "Nothing to fix.\n"
    assert run("check").exit_code == 0


def test_selection(project: Path) -> None:
    (project / "a.py").write_text(SAFE)
    assert run("fix", "--select", "data").stdout == "Nothing to fix.\n"
    (project / "ruff.toml").write_text('lint.select = ["DTZ"]')
    assert run("check").exit_code == 0, "ruff says it already"
    assert run("fix").stdout.startswith("a.py: 1 x naive-utcnow"), "but we can fix it"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: ("# coding: latin-1\n# é\n" + text).encode("latin-1"),
        lambda text: ("# -*- coding: cp1252 -*-\r\n'€'\r\n" + text.replace("\n", "\r\n")).encode("cp1252"),
        lambda text: (text + "\f\n'é \u2028 😀'").encode(),
        lambda text: text.rstrip("\n").encode(),
    ],
    ids=["crlf", "cr", "bom", "latin-1", "cp1252", "unicode", "no newline"],
)
def test_every_other_byte_stays(project: Path, change: object) -> None:
    assert callable(change)
    file = project / "a.py"
    file.write_bytes(change(SAFE))
    file.chmod(0o755)
    assert run("fix").exit_code == 0
    assert file.read_bytes() == change(SAFE_FIXED)
    assert stat.S_IMODE(file.stat().st_mode) == 0o755
    assert sorted(path.name for path in project.iterdir()) == [".git", "a.py", "idiomatic.toml"]


def test_a_link_is_followed(project: Path) -> None:
    (project / "real").mkdir()
    (project / "real" / "a.py").write_text(SAFE)
    (project / "link.py").symlink_to("real/a.py")
    assert run("fix", "link.py").exit_code == 0
    assert (project / "link.py").is_symlink()
    assert (project / "real" / "a.py").read_text() == SAFE_FIXED


def test_diff_writes_nothing_and_can_be_applied(project: Path) -> None:
    texts = {"a.py": SAFE.encode(), "b.py": SAFE.replace("\n", "\r\n").encode(), "c.py": SAFE.rstrip().encode()}
    texts["d.py"] = ("# coding: latin-1\n# é\n" + SAFE).encode("latin-1")
    for name, raw in texts.items():
        (project / name).write_bytes(raw)
    result = process("fix", "--diff", ".", cwd=project)
    assert result.returncode == 0
    assert result.stderr.decode().endswith("Would fix 4 findings in 4 files.\n")
    assert {name: (project / name).read_bytes() for name in texts} == texts
    assert result.stdout.startswith(
        b"--- a.py\n+++ a.py\n@@ -1,3 +1,3 @@\n from datetime import UTC, datetime\n \n"
        b"-now = datetime.utcnow().replace(tzinfo=UTC)\n+now = datetime.now(UTC)\n"
    )
    if shutil.which("git"):
        subprocess.run(["git", "apply", "-p0"], input=result.stdout, cwd=project, check=True)
        for name, raw in texts.items():
            old, new = SAFE.splitlines()[-1].encode(), SAFE_FIXED.splitlines()[-1].encode()
            assert (project / name).read_bytes() == raw.replace(old, new)


def test_stdin_goes_to_stdout(project: Path) -> None:
    result = run("fix", "-", stdin=SAFE)
    assert (result.exit_code, result.stdout) == (0, SAFE_FIXED)
    assert result.stderr == "-: 1 x naive-utcnow\nFixed 1 finding in 1 file.\n"
    raw = b"\xef\xbb\xbf" + UNSAFE.replace("\n", "\r\n").encode()
    result = run("fix", "--stdin-filename", "app.py", "--unsafe-fixes", stdin=raw)
    assert result.stdout_bytes == b"\xef\xbb\xbf" + UNSAFE_FIXED.replace("\n", "\r\n").encode()
    assert run("fix", "-", "--diff", stdin=SAFE).stdout.startswith("--- -\n+++ -\n@@")
    assert run("fix", "-", stdin="x = 1\n").stdout == "x = 1\n"
    assert run("fix", "-", stdin="").stdout == ""


@pytest.mark.parametrize("raw", [SAFE.encode() + b"def half(:\n", SAFE.encode() + b"'\xe9'\n", b"# coding: nosuch\n"])
def test_what_can_not_be_parsed_is_left_alone(project: Path, raw: bytes) -> None:
    (project / "a.py").write_bytes(raw)
    (project / "b.py").write_text(SAFE)
    result = run("fix")
    assert result.exit_code == 0
    assert "error: a.py:" in result.stderr
    assert (project / "a.py").read_bytes() == raw
    assert (project / "b.py").read_text() == SAFE_FIXED, "the others go on"
    result = run("fix", "-", stdin=raw)
    assert (result.exit_code, result.stdout_bytes) == (0, raw), "an editor gets its text back"


def test_a_result_that_can_not_be_encoded_is_not_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from idiomatic.core.draft import Rewriting
    from idiomatic.core.engine import Analysed
    from idiomatic.core.text import Edit, Span

    raw = b"# coding: latin-1\n" + SAFE.encode()
    (project / "a.py").write_bytes(raw)
    monkeypatch.setattr(Analysed, "rewrite", lambda *_: Rewriting((Edit(Span(18, len(raw)), "x = '€'\n"),)))
    result = run("fix")
    assert result.exit_code == 1
    assert "a.py: the result has a '€', which iso-8859-1 lacks" in result.stderr
    assert (project / "a.py").read_bytes() == raw
    result = run("fix", "-", stdin=raw)
    assert (result.exit_code, result.stdout_bytes) == (1, raw)


@pytest.mark.failing_idiom
def test_a_rewrite_that_fails_is_named_and_the_others_go_on(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from idiomatic.core import engine

    def broken(*_: object) -> None:
        msg = "oh"
        raise KeyError(msg)

    monkeypatch.setattr(engine, "draft", broken)
    (project / "a.py").write_text(SAFE)
    result = run("fix")
    assert (result.exit_code, result.stdout) == (0, "Nothing to fix.\n")
    assert "warning: a.py:3:7: naive-utcnow was not fixed: " in result.stderr
    assert "Traceback" not in result.stderr
    assert (project / "a.py").read_text() == SAFE


def test_suppressions_are_put_right(project: Path) -> None:
    (project / "a.py").write_text(
        "x = 1  # idiomatic: ignore[naive-utcnow]\n" + SAFE.replace("=UTC)", "=UTC)  # idiomatic: ignore[naive-utcno]")
    )
    assert run("fix").exit_code == 0
    text = (project / "a.py").read_text()
    assert text.startswith("x = 1\n")


def test_many_files_as_a_process(project: Path) -> None:
    for number in range(30):
        (project / f"m{number:02}.py").write_text(SAFE + f"\n# {'x' * 12_000}\n")
    result = process("fix", cwd=project)
    assert (result.returncode, result.stderr) == (0, b"")
    lines = result.stdout.decode().splitlines()
    assert lines == [*(f"m{number:02}.py: 1 x naive-utcnow" for number in range(30)), "Fixed 30 findings in 30 files."]
    assert all((project / f"m{number:02}.py").read_text().startswith(SAFE_FIXED) for number in range(30))
