"""What a template is.

A template is a real Python file: it compiles, type checks, and can be run by a test. In this order it has

1. a docstring: the title, one sentence; then Markdown with at least `## Why`;
2. its imports: what the inserted code needs is added to the user's imports, the rest is left out;
3. constants, made of literals:
    - `PREFIXES`, what the user types;
    - `WHERE`, the places it fits, of `Place`;
    - `TAB_STOPS`, the words to fill in, in order (all occurrences of a word are filled in together);
    - `SINCE`, the oldest Python it runs on;
    - where they are needed: `REQUIRES`, what has to be installed beside Python (PEP 508); `SUBJECT`, the class that
      stands for a thing of the user's; `REUSES`, definitions for which something of the user's can stand in; `TEXT`,
      what is inserted into a file that is not Python, instead of code;
4. the code to insert: all that follows, or the part between the lines `# template: begin` and `# template: end`, where
   what stands around it is only there to try it out. Lines between `# template: selection` and
   `# template: end selection` are an example of what the code can surround.

The file is read, never imported: a team's templates are not run when they are loaded. `idiomatic.templates.reading`
does that, and says in which line a file is wrong.
"""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Version = tuple[int, int]

SECTION: Final = "Why"
"""The second-level heading that a template's docstring has to have."""

_DISTRIBUTION: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


class Place(StrEnum):
    """Where a template can stand."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    ASYNC_FUNCTION = "async function"
    TEST_MODULE = "test module"
    CONFTEST = "conftest"
    PYPROJECT = "pyproject"
    PRE_COMMIT = "pre-commit"

    @property
    def is_python(self) -> bool:
        """Whether Python stands there."""
        return self not in {Place.PYPROJECT, Place.PRE_COMMIT}


class TemplateError(Exception):
    """A file is not a template; its text begins with `file:line`.

    Attributes:
        path: the file.
        line: where, from 1.
        message: what is wrong there.
    """

    def __init__(self, path: str, line: int, message: str) -> None:
        self.path = path
        self.line = line
        self.message = message
        super().__init__(f"{path}:{line}: {message}")


class Needed(Struct, frozen=True):
    """Something that a template imports.

    Attributes:
        name: what it is called in the template's code.
        module: the module it is in, or that it is.
        attribute: its name in that module; `None` if it is the module.
    """

    name: str
    module: str
    attribute: str | None

    @property
    def qualified(self) -> str:
        """The full dotted name."""
        return f"{self.module}.{self.attribute}" if self.attribute else self.module


class Reusable(Struct, frozen=True):
    """A definition for which something of the user's can stand in.

    Attributes:
        name: what it defines.
        code: the definition, from the left margin.
        is_inserted: whether it is part of the code that is inserted; else it goes to the top of the module, if missing.
    """

    name: str
    code: str
    is_inserted: bool


class Selection(Struct, frozen=True):
    """Which lines of a template's code are an example of what it can surround.

    Attributes:
        first: the first of them, from 0.
        end: the one after the last.
    """

    first: int
    end: int


class Template(Struct, frozen=True, eq=False, dict=True):  # compared by identity: it is the key of what it became
    """A template file, read.

    Attributes:
        name: the file's name with hyphens.
        group: its folder's name with hyphens.
        title: the first line of its docstring, a sentence.
        prefixes: what the user types to get it.
        where: the places in which it fits.
        since: the oldest Python it runs on.
        tab_stops: the words to fill in, in order.
        needs: what the code and the definitions that can be reused take from the template's imports.
        requires: what has to be installed, as PEP 508 has it.
        subject: the class that stands for a thing of the user's.
        reuses: what the user may have already.
        selection: the lines that stand for what it can surround.
        code: what is inserted, from the left margin; Python, unless the places are in other files.
        text: its docstring, Markdown.
        path: the file.
    """

    name: str
    group: str
    title: str
    prefixes: tuple[str, ...]
    where: frozenset[Place]
    since: Version
    tab_stops: tuple[str, ...]
    needs: tuple[Needed, ...]
    requires: tuple[str, ...]
    subject: str | None
    reuses: tuple[Reusable, ...]
    selection: Selection | None
    code: str
    text: str
    path: str

    @property
    def is_python(self) -> bool:
        """Whether the code is Python."""
        return all(place.is_python for place in self.where)

    @property
    def language(self) -> str:
        """What the code is written in, as Markdown names it."""
        return "python" if self.is_python else "toml" if Place.PYPROJECT in self.where else "yaml"

    @cached_property
    def distributions(self) -> Sequence[str]:
        """The names of what has to be installed, normalised."""
        return [distribution(requirement) for requirement in self.requires]


def installing(requirements: Iterable[str]) -> str:
    """The command that installs what requirements ask for, to be copied into a shell."""
    return f"pip install {' '.join(map(shlex.quote, requirements))}"


def distribution(requirement: str) -> str:
    """The normalised name of what a requirement asks for: `SQLAlchemy[asyncio]>=2` asks for `sqlalchemy`."""
    found = _DISTRIBUTION.match(requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""
