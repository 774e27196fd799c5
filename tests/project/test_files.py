"""Reading and writing files byte for byte."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from idiomatic.project import files
from idiomatic.project.files import FileError

NAME = Path("app.py")


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        ("x = 'é'\r\n".encode(), "x = 'é'\r\n", "utf-8"),
        (b"\xef\xbb\xbfx = 1\n", "\ufeffx = 1\n", "utf-8"),
        (b"# coding: latin-1\nx = '\xe9'\n", "# coding: latin-1\nx = 'é'\n", "iso-8859-1"),
        (
            b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\n\x80",
            "#!/usr/bin/python\n# -*- coding: cp1252 -*-\n€",
            "cp1252",
        ),
        (
            b"#!/usr/bin/python\r# coding: latin-1\r'\xe9'\r",
            "#!/usr/bin/python\r# coding: latin-1\r'é'\r",
            "iso-8859-1",
        ),
        (b"# coding: shift_jis\n'\x83\x65'", "# coding: shift_jis\n'テ'", "shift_jis"),
        (b"x = '\x0c\xe2\x80\xa8'\r", "x = '\x0c\u2028'\r", "utf-8"),
    ],
)
def test_what_is_read_is_written_again(raw: bytes, text: str, encoding: str) -> None:
    source = files.decode(NAME, raw)
    assert (source.text, source.encoding) == (text, encoding)
    assert source.encoded(source.text) == raw
    assert source.encoded(f"{source.text}y") == raw + b"y"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"x\n\ny = '\xe9'\n", "is not utf-8 (byte 0xe9 in line 3"),
        (b"'\xe9'", "byte 0xe9 in line 1"),
        (b"a\r\rb\r'\xe9'", "byte 0xe9 in line 4"),
        (b"# x\rx = 1\r# coding: latin-1\r'\xe9'", "byte 0xe9 in line 4"),
        (b"# coding: nosuch\n", "unknown encoding: nosuch"),
        (b"# coding: rot13\n", "rot13"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding"),
    ],
)
def test_what_is_no_text_is_named(raw: bytes, message: str) -> None:
    with pytest.raises(FileError) as raised:
        files.decode(NAME, raw)
    assert message in str(raised.value)
    assert str(raised.value).startswith("app.py: ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        files.read(tmp_path / "app.py")
    with pytest.raises(FileError, match="directory"):
        files.read(tmp_path)


def test_the_mode_stays(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("a\n")
    file.chmod(0o751)
    files.write(files.read(file), "b\n")
    assert file.read_bytes() == b"b\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o751
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "real.py", tmp_path / "link.py"
    file.write_text("a\n")
    link.symlink_to("real.py")
    files.write(files.read(link), "b\n")
    assert link.is_symlink()
    assert file.read_text() == "b\n"


@pytest.mark.parametrize(
    ("raw", "text", "message"),
    [
        (b"# coding: latin-1\n", "# coding: latin-1\n€", "'€', which iso-8859-1 lacks"),
        (b"# coding: utf-7\n'+AGE-'", "# coding: utf-7\n", "more than was asked for"),
    ],
)
def test_nothing_is_written_that_can_not_be_encoded(tmp_path: Path, raw: bytes, text: str, message: str) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(raw)
    with pytest.raises(FileError, match=message):
        files.write(files.read(file), text)
    assert file.read_bytes() == raw


def test_changes_of_others_are_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("a\n")
    source = files.read(file)
    file.write_text("theirs\n")
    with pytest.raises(FileError, match="meanwhile"):
        files.write(source, "b\n")
    assert file.read_text() == "theirs\n"
    file.unlink()
    with pytest.raises(FileError, match="No such file"):
        files.write(source, "b\n")
    assert not file.exists()


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "app.py"
    file.write_text("a\n")
    source = files.read(file)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="No space left"):
        files.write(source, "b\n")
    assert file.read_text() == "a\n"
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]
