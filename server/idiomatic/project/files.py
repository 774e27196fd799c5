"""Reading and writing Python files without changing a byte that nobody asked to change."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import tokenize
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.text import BOM

if TYPE_CHECKING:
    from collections.abc import Callable

_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class FileError(Exception):
    """A file that can't be read or written.

    Attributes:
        path: which one.
        message: why, for the user.
    """

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


class Source(Struct, frozen=True):
    """The text of a file, and what is needed to write it back.

    Attributes:
        path: the file.
        text: its text; line endings are as in the file, and a byte order mark is its first character.
        encoding: what it is written in (PEP 263).
        raw: its bytes.
    """

    path: Path
    text: str
    encoding: str
    raw: bytes

    @property
    def has_bom(self) -> bool:
        """Whether it begins with a byte order mark."""
        return self.text.startswith(BOM)

    def encoded(self, text: str) -> bytes:
        """Another text in the encoding of this file.

        Raises:
            FileError: it has a character that this encoding lacks, or would change what is not part of an edit.
        """
        try:
            if self.text.encode(self.encoding) != self.raw:
                raise FileError(self.path, f"writing it in {self.encoding} again would change more than was asked for")
            return text.encode(self.encoding)
        except UnicodeEncodeError as error:
            character = error.object[error.start]
            raise FileError(self.path, f"the result has a {character!r}, which {self.encoding} lacks") from error


def read(path: Path) -> Source:
    """A file's text, decoded as Python does it (PEP 263).

    Raises:
        FileError: it can't be read, or is not in the encoding that it names.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileError(path, f"can't be read: {_reason(error)}") from error
    return decode(path, raw)


def decode(path: Path, raw: bytes) -> Source:
    """The text of some bytes, decoded as Python does it (PEP 263).

    Raises:
        FileError: they are not in the encoding that they name.
    """
    try:
        named, _ = tokenize.detect_encoding(_line_reader(raw))
        # The mark stays a character of the text, so that everything behind it keeps its place.
        encoding = "utf-8" if named == "utf-8-sig" else named
        return Source(path, raw.decode(encoding), encoding, raw)
    except UnicodeDecodeError as error:
        raise _undecodable(path, error) from error
    except (SyntaxError, LookupError) as error:
        # Without a cookie the reason is a byte that is not UTF-8: say which.
        if b"coding" not in raw and (wrong := _not_utf8(raw)) is not None:
            raise _undecodable(path, wrong) from error
        reason = (error.msg if isinstance(error, SyntaxError) else str(error)) or "unknown encoding"
        raise FileError(path, f"can't be decoded: {reason}") from error


def _line_reader(raw: bytes) -> Callable[[], bytes]:
    """The first two lines: `tokenize` by itself takes a file with lone carriage returns for a single line."""
    lines = (match.group() for match in islice(_LINE.finditer(raw), 2))
    return lambda: next(lines, b"")


def _not_utf8(raw: bytes) -> UnicodeDecodeError | None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return error
    return None


def _undecodable(path: Path, error: UnicodeDecodeError) -> FileError:
    line = len(_LINE.findall(error.object, 0, error.start)) or 1
    where = f"byte 0x{error.object[error.start]:02x} in line {line}"
    hint = (
        "; a comment `# coding: ...` in the first line would name another encoding" if error.encoding == "utf-8" else ""
    )
    return FileError(path, f"is not {error.encoding} ({where}: {error.reason}){hint}")


def write(source: Source, text: str) -> None:
    """Replace the text of a file at once or not at all; its mode, encoding and line endings stay.

    A link stays a link, to the changed file.

    Raises:
        FileError: it can't be encoded or written, or it was changed since it was read; nothing is written then.
    """
    raw = source.encoded(text)
    target = Path(os.path.realpath(source.path))
    try:
        if target.read_bytes() != source.raw:
            raise FileError(source.path, "was changed by someone else meanwhile; left alone")
        if not os.access(target, os.W_OK):
            raise PermissionError(13, "Permission denied")
        _replace(target, raw)
    except OSError as error:
        raise FileError(source.path, f"can't be written: {_reason(error)}") from error


def _replace(target: Path, raw: bytes) -> None:
    status = target.stat()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(PermissionError):
                os.chown(name, status.st_uid, status.st_gid)
        Path(name).chmod(status.st_mode & 0o7777)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
