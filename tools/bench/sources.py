"""The files that are edited: copies of files of the standard library, with a few findings planted in them."""

import ast
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

NAMES = ("asyncio/tasks.py", "argparse.py", "typing.py", "_pydecimal.py")
"""From 1,000 lines to 6,400."""
_LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "__pycache__"}

_PLANTED = '''\
import datetime as _datetime_{place}


def _planted_{place}(path, seen=[]):
    """Old-style code on purpose: something to be found {place} of what is edited."""
    seen.append(_datetime_{place}.datetime.utcnow())
    try:
        path.unlink()
    except FileNotFoundError:
        pass
    try:
        return int(path.name)
    except ValueError:
        raise KeyError(path)


class _Planted_{place}:
    def __init__(self, name, size):
        self.name = name
        self.size = size


'''

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """Where something is typed; lines and columns count from 0, columns in UTF-16 as editors do.

    Attributes:
        before: the text before it.
        after: the text behind it.
        line: where the cursor is.
        column: likewise.
        indentation: of the lines that are typed.
        first: the first line of the function around.
        last: its last line.
    """

    before: str
    after: str
    line: int
    column: int
    indentation: str
    first: int
    last: int

    def with_typed(self, typed: str) -> str:
        """The whole text with something typed here."""
        return f"{self.before}{typed}{self.after}"


@dataclass(frozen=True)
class Source:
    """A text to work on.

    Attributes:
        name: its path in the standard library.
        text: the copy, with what was planted.
    """

    name: str
    text: str

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n")


def load(name: str) -> Source:
    """A copy of a file of the standard library, with findings above and below everything else."""
    text = (standard_library() / name).read_text("utf-8")
    definition = next(node for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef)))
    first = min([definition.lineno, *(decorator.lineno for decorator in definition.decorator_list)])
    lines = text.splitlines(keepends=True)
    above, below = "".join(lines[: first - 1]), "".join(lines[first - 1 :])
    planted = f"{above}{_PLANTED.format(place='above')}{below}\n\n{_PLANTED.format(place='below').rstrip()}\n"
    ast.parse(planted)
    return Source(name, planted)


def standard_library() -> Path:
    """The folder of the running interpreter's standard library."""
    return Path(sysconfig.get_path("stdlib"))


def middle(text: str) -> Place:
    """The end of a line between two statements of a function's body, as near to the middle of the file as there is."""
    lines = text.split("\n")
    nearest = min(_gaps(ast.parse(text).body), key=lambda gap: abs(gap[1] - len(lines) / 2))
    function, line = nearest
    head = "\n".join(lines[:line])
    current = lines[line - 1]
    indentation = " " * function.body[0].col_offset
    decorators = [decorator.lineno for decorator in function.decorator_list]
    first, last = min([function.lineno, *decorators]) - 1, (function.end_lineno or line) - 1
    column = len(current.encode("utf-16-le")) // 2
    return Place(head, text[len(head) :], line - 1, column, indentation, first, last)


def _gaps(body: Sequence[ast.stmt]) -> Iterator[tuple[Function, int]]:
    """Functions with the number of the line behind which another statement can be put."""
    for statement in body:
        match statement:
            case ast.ClassDef():
                yield from _gaps(statement.body)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for one, next_one in zip(statement.body[1:], statement.body[2:], strict=False):
                    if one.end_lineno is not None and one.end_lineno < next_one.lineno:
                        yield statement, one.end_lineno
            case _:
                pass


def files(*, below: Path | None = None) -> list[Path]:
    """The Python files of the standard library without its tests, in order of name."""
    root = below or standard_library()
    return sorted(path for path in root.rglob("*.py") if not _LEFT_OUT & set(path.relative_to(root).parts[:-1]))


def copy_library(target: Path) -> int:
    """Copy the standard library without its tests somewhere; gives the number of lines."""
    root, lines = standard_library(), 0
    for path in files():
        copy = target / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        copy.write_bytes(content)
        lines += content.count(b"\n")
    return lines


def by_size(count: int) -> list[Path]:
    """So many files of the standard library, spread evenly from the smallest to the largest."""
    ordered = sorted(files(), key=lambda path: (path.stat().st_size, path))
    return [ordered[(index + 1) * len(ordered) // count - 1] for index in range(count)]
