"""What an idiom is, what it finds, and what it offers.

An idiom is a file below `idiomatic/idioms/<family>/`; ARCHITECTURE.md says how to write one. This module has the words
such a file uses: `Kind`, `Finding`, `Fix` and the three verdicts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr

from idiomatic.core.markdown import section

if TYPE_CHECKING:
    from collections.abc import Iterable

    import libcst as cst

    from idiomatic.core.analysis.code import Version
    from idiomatic.core.draft import Draft
    from idiomatic.core.text import Edit, Span


class Kind(StrEnum):
    """What a finding of an idiom means to the user."""

    PROBLEM = "problem"
    """A bug or a trap."""
    IDIOM = "idiom"
    """Working code that has a better form."""
    REFACTOR = "refactor"
    """No diagnostic, only a code action at the cursor."""


class Severity(StrEnum):
    """How loudly a finding is shown: the four of LSP, and not at all."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"
    OFF = "off"


class Safe(Struct, frozen=True):
    """The rewrite behaves the same on every path; it may be applied in bulk and on save."""


class Unsafe(Struct, frozen=True):
    """The rewrite keeps the intent and changes behaviour on a path that a reason names.

    Attributes:
        reasons: at least one, each a sentence of its own.
    """

    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.reasons:
            msg = "an unsafe fix says why"
            raise ValueError(msg)
        # Several parts of a rewrite may each have the same to say.
        force_setattr(self, "reasons", tuple(dict.fromkeys(self.reasons)))


class Refused(Struct, frozen=True):
    """The rewrite would be wrong.

    Attributes:
        reason: a sentence.
    """

    reason: str


Verdict: TypeAlias = Safe | Unsafe | Refused


def safe_unless(reasons: Iterable[str]) -> Safe | Unsafe:
    """Safe if there are no reasons against it, else unsafe for each of them, repetitions left out."""
    found = tuple(reasons)
    return Unsafe(found) if found else Safe()


class Fix(Struct, frozen=True, eq=False):
    """One rewrite that is offered for a finding.

    Attributes:
        title: what it does, as an imperative; an unsafe one says its consequence in a few words in parentheses.
        verdict: whether it may be applied, and why not.
        where: the first and the last of the neighbouring statements that are replaced (see `Analysis.lines`); `None`
            for a fix that is made of edits.
        rewrite: gives the new statements, from the old ones in the draft. Called only when the user wants to see or
            have the result; `None` for a refused fix and for one that is made of edits.
        edits: for what no syntax tree has, such as comments: the changes themselves, in the statement's offsets.
        from_top: whether the comments and blank lines above, up to the next statement of the module, are replaced too.
    """

    title: str
    verdict: Verdict
    where: tuple[ast.stmt, ast.stmt] | None
    rewrite: Rewrite | None = None
    edits: tuple[Edit, ...] = ()
    from_top: bool = False

    def __post_init__(self) -> None:
        ways = (self.rewrite is not None) + bool(self.edits) + isinstance(self.verdict, Refused)
        if ways != 1 or (self.rewrite is not None and self.where is None):
            msg = f"{self.title!r}: a fix has a rewrite and its place, or edits, or is refused"
            raise ValueError(msg)


class Finding(Struct, frozen=True, eq=False):
    """A place that has a better form.

    Attributes:
        node: what is underlined; a node, or a span of the statement's text.
        message: what is wrong or could be better here, one sentence without a full stop.
        fixes: what is offered, the best first; only the first is applied in bulk. Empty: explained only.
        about: the statement that it is about, if not the smallest one around the node: its first line silences it, too.
    """

    node: ast.AST | Span
    message: str
    fixes: tuple[Fix, ...] = ()
    about: ast.stmt | None = None


Detect: TypeAlias = Callable[..., Iterator[Finding]]
"""`detect(node: ast.X, code: Analysis) -> Iterator[Finding]`: the first annotation says which nodes."""

Rewrite: TypeAlias = "Callable[[Draft], Iterable[cst.BaseStatement]]"


class Idiom(Struct, frozen=True, eq=False, dict=True):
    """An idiom file, loaded.

    Attributes:
        name: the public rule name, the file's with hyphens.
        family: its folder.
        kind: what its findings mean.
        since: the oldest Python that has the replacement.
        triggers: substrings; a statement without any of them is not asked. Empty: always asked.
        also: the same check in other linters, by code (`B006`).
        nodes: the syntax-tree classes `detect` wants.
        detect: finds.
        text: the file's docstring, Markdown.
        path: the file.
    """

    name: str
    family: str
    kind: Kind
    since: Version
    triggers: tuple[str, ...]
    also: tuple[str, ...]
    nodes: tuple[type[ast.AST], ...]
    detect: Detect
    text: str
    path: str

    @cached_property
    def advice(self) -> str:
        """The first line of the docstring: what to do, a sentence."""
        return self.text.partition("\n")[0].strip()

    def section(self, title: str) -> str:
        """The Markdown below a second-level heading of the docstring, without the heading; empty if there is none."""
        return section(self.text, title)

    @cached_property
    def verdicts(self) -> tuple[str, ...]:
        """Which verdicts its fixes get, some here and some there: what *Fix safety* speaks of (a test compares)."""
        named = {word.lower() for word in re.findall(r"\w+", self.section("Fix safety"))}
        return tuple(verdict for verdict in ("safe", "unsafe", "refused") if verdict in named)

    @property
    def severity(self) -> Severity:
        """What findings are shown as unless configured otherwise."""
        return Severity.WARNING if self.kind is Kind.PROBLEM else Severity.INFORMATION
