"""The text as a sequence of statements, and what an edit does to it.

A `Document` is immutable: `Document.edit` gives a new one that shares every statement the edit did not touch. A
`Statement` knows only its own text and counts all positions from its own start, so statements after an edit are the
very same objects: nothing of theirs has to be computed again, not even moved.

Invariant: `"".join(s.text for s in document.statements) == document.text`, after any sequence of edits.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Final, TypeVar, cast

from idiomatic.core.text import BOM, Edit, Lines, Span, apply_edits, newline_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")

UNPARSABLE: Final = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What `ast.parse` raises on text that is not Python, has null characters, or nests too deeply."""

# A line that can't begin a statement of its own: it continues the one above.
_CONTINUES: Final = re.compile(r"[\s)\]}]|(?:else|elif|except|finally|case)\b")


# From here on, parsing everything once is cheaper than the edits one by one.
_FEW: Final = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text does not parse; `line` and `column` (code points) count from 0."""

    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Remains:
    """What a statement that does not parse was before the edit that broke it.

    Attributes:
        statements: the neighbours that the edit touched.
        offset: where the broken statement begins, from the start of the first of `statements`, in the new text.
        edited: the characters the edit replaced, from the start of the first of `statements`.
        growth: by how many code points the edit lengthened the text.
    """

    statements: tuple[Statement, ...]
    offset: int
    edited: Span
    growth: int

    def moved(self, span: Span) -> Span | None:
        """Where a span of the old neighbours lies in the broken statement; `None` if the edit touched it."""
        if span.end <= self.edited.start:
            return span.shifted(-self.offset)
        if span.start >= self.edited.end:
            return span.shifted(self.growth - self.offset)
        return None


class Statement:
    """A top-level statement with the comments and blank lines above it (several, where they share a line).

    Attributes:
        text: its whole lines.
        nodes: its syntax trees; empty for trailing comments and for text that does not parse.
        base: the `lineno` that the trees give the first line of `text`.
        fault: why it does not parse, if it does not.
        was: for a statement that does not parse, what it was before.
    """

    __slots__ = ("_facts", "_lines", "base", "fault", "nodes", "text", "was")

    def __init__(
        self,
        text: str,
        nodes: Iterable[ast.stmt] = (),
        base: int = 1,
        fault: Fault | None = None,
        was: Remains | None = None,
    ) -> None:
        self.text = text
        self.nodes = tuple(nodes)
        self.base = base
        self.fault = fault
        self.was = was
        self._lines: Lines | None = None
        self._facts: dict[Callable[[Statement], object], object] = {}

    def __repr__(self) -> str:
        return f"Statement({self.text[:40]!r}{', broken' if self.fault else ''})"

    @property
    def lines(self) -> Lines:
        """The lines of `text`."""
        if self._lines is None:
            self._lines = Lines(self.text)
        return self._lines

    def fact(self, of: Callable[[Statement], T]) -> T:
        """`of(self)`, computed once: what can be known from this statement alone."""
        if of not in self._facts:
            self._facts[of] = of(self)
        return cast("T", self._facts[of])

    def offset(self, lineno: int, col_offset: int) -> int:
        """The offset in `text` of a position as `ast` gives it for one of `nodes` (column in UTF-8 bytes)."""
        return self.lines.byte_offset(lineno - self.base, col_offset)

    def span(self, node: ast.AST) -> Span:
        """The range of `text` that a node covers; decorators are not part of the definition they decorate.

        Raises:
            AttributeError: the node has no position (operators, contexts, `ast.arguments`).
        """
        start = self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return Span(start, self.offset(node.end_lineno, node.end_col_offset))  # type: ignore[attr-defined]

    def source(self, node: ast.AST) -> str:
        """The text of a node, as the user wrote it."""
        span = self.span(node)
        return self.text[span.start : span.end]


class Document:
    """A text and its statements.

    Attributes:
        statements: in order; their texts joined are the document's text.
        fault: why the text as a whole does not parse (lines from its start), `None` when it does.
    """

    def __init__(self, statements: Iterable[Statement], fault: Fault | None = None) -> None:
        self.statements = tuple(statements)
        self.fault = fault
        self._facts: dict[Callable[[Document], object], object] = {}

    @classmethod
    def parse(cls, text: str) -> Document:
        """The document of a text, which need not be valid Python."""
        return cls._from(text, None)

    @classmethod
    def _from(cls, text: str, was: Remains | None) -> Document:
        try:
            return cls(_split(text, _parse(text)))
        except UNPARSABLE as error:
            return cls(_salvage(text, was), _fault(error, text))

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return "".join(statement.text for statement in self.statements)

    @cached_property
    def lines(self) -> Lines:
        """The lines of the whole text."""
        return Lines(self.text)

    @cached_property
    def newline(self) -> str:
        r"""The line ending that new lines get: the first one the text uses, else `\n`."""
        return newline_of(self.text)

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(len(statement.text) for statement in self.statements))

    @cached_property
    def _places(self) -> dict[Statement, int]:
        starts = [0, *self._ends]
        return dict(zip(self.statements, starts, strict=False))

    def fact(self, of: Callable[[Document], T]) -> T:
        """`of(self)`, computed once."""
        if of not in self._facts:
            self._facts[of] = of(self)
        return cast("T", self._facts[of])

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def offset(self, statement: Statement) -> int:
        """Where a statement of this document begins.

        Raises:
            KeyError: the statement belongs to another document.
        """
        return self._places[statement]

    def place(self, statement: Statement, span: Span) -> Span:
        """A span of a statement as a span of the document."""
        return span.shifted(self.offset(statement))

    def between(self, span: Span) -> Sequence[Statement]:
        """The statements that share a character with a span or touch its ends."""
        first = bisect_left(self._ends, span.start)
        last = bisect_right(self._ends, span.end)
        return self.statements[first : last + 1]

    def edit(self, span: Span, text: str) -> Document:
        """The document after `text` replaced the characters of `span`.

        Only what the edit touched is parsed again. Where the result does not parse by itself, or some other statement
        did not parse before, the whole text decides: an opened quote can swallow what follows.

        Raises:
            ValueError: the span lies outside the text.
        """
        if not 0 <= span.start <= span.end <= len(self):
            msg = f"{span} lies outside a text of {len(self)} characters"
            raise ValueError(msg)
        # A neighbour that the edit only touches belongs to it: a line feed typed after a carriage return joins it.
        first = max(0, bisect_left(self._ends, span.start))
        last = min(len(self.statements), bisect_right(self._ends, span.end) + 1)
        start = self._ends[first - 1] if first else 0
        inner = span.shifted(-start)
        before = self.statements[:first]
        while True:
            touched, after = self.statements[first:last], self.statements[last:]
            old = "".join(statement.text for statement in touched)
            new = old[: inner.start] + text + old[inner.end :]
            if self.fault is not None:
                break
            try:
                fresh = list(_split(new, _parse(new, at_start=not before)))
            except UNPARSABLE:
                break
            if not after or (fresh and fresh[-1].nodes):
                return Document([*before, *fresh, *after])
            # Comments without a statement below them belong to the next one.
            last += 1
        whole = "".join([*(s.text for s in before), new, *(s.text for s in after)])
        try:
            tree = _parse(whole)
        except UNPARSABLE as error:
            remains = Remains(touched, 0, inner, len(new) - len(old))
            return Document([*before, *_salvage(new, remains, at_start=not before), *after], _fault(error, whole))
        return Document(_reuse(_split(whole, tree), self.statements))

    def edited(self, edits: Iterable[Edit]) -> Document:
        """The document after several edits that do not overlap; insertions at one offset are made in the order given.

        Raises:
            ValueError: two edits overlap, or one lies outside the text.
        """
        changes = list(edits)
        if len(changes) <= _FEW:
            document = self
            for edit in sorted(changes, key=lambda edit: edit.span)[::-1]:
                document = document.edit(edit.span, edit.text)
            return document
        fresh = Document.parse(apply_edits(self.text, changes))
        return Document(_reuse(fresh.statements, self.statements), fresh.fault)


def _parse(text: str, *, at_start: bool = True) -> ast.Module:
    """The syntax tree of a text; a byte order mark at the start of a file is skipped, not moved."""
    if at_start and text.startswith(BOM):
        # A form feed is white space that leaves the indentation alone and is as good as no character at all; the two
        # bytes by which it is shorter are made up for by two more.
        text = "\f\f\f" + text[1:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes are the user's business, on stderr they are nobody's
        return ast.parse(text)


def _fault(error: BaseException, text: str) -> Fault:
    match error:
        case SyntaxError(msg=message, lineno=int(lineno), offset=column):
            line = min(max(lineno, 1), len(Lines(text))) - 1
            return Fault(message or "invalid syntax", line, max((column or 1) - 1, 0))
        case RecursionError() | MemoryError():
            return Fault("nested too deeply for Python's parser", 0, 0)
        case _:
            return Fault(str(error) or "invalid syntax", 0, 0)


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _split(text: str, tree: ast.Module) -> Iterator[Statement]:
    """The statements of a text that parses: each ends with the line on which its last node ends."""
    lines = Lines(text)
    base, nodes = 1, list[ast.stmt]()
    for index, node in enumerate(tree.body):
        nodes.append(node)
        end = node.end_lineno or node.lineno
        following = tree.body[index + 1] if index + 1 < len(tree.body) else None
        if following and _first_line(following) <= end:
            continue
        yield Statement(text[lines.starts[base - 1] : lines.line_span(end - 1).end], nodes, base)
        base, nodes = end + 1, []
    if base <= len(lines) and (rest := text[lines.starts[base - 1] :]):
        yield Statement(rest, (), base)


def _salvage(text: str, was: Remains | None, *, at_start: bool = True) -> Iterator[Statement]:
    """The statements of a text that does not parse as a whole: those that do by themselves, and the rest as it is."""
    lines = Lines(text)
    starts, decorated, lead = [0], False, 0
    for index in range(len(lines)):
        line = lines.line(index)
        if not line.strip() or line.startswith("#"):
            continue  # belongs to the statement below, if one begins there
        if not _CONTINUES.match(line):
            if lead and not decorated:
                starts.append(lines.starts[lead])
            decorated = line.startswith("@")
        lead = index + 1
    broken = ""
    offset = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        piece = text[start:end]
        try:
            parsed = list(_split(piece, _parse(piece, at_start=at_start and not start)))
        except UNPARSABLE:
            broken += piece
            continue
        if broken:
            yield _broken(broken, was, offset)
        yield from parsed
        broken, offset = "", end
    if broken:
        yield _broken(broken, was, offset)


def _broken(text: str, was: Remains | None, offset: int) -> Statement:
    remains = was and Remains(was.statements, offset, was.edited, was.growth)
    try:
        _parse(text)
    except UNPARSABLE as error:
        return Statement(text, fault=_fault(error, text), was=remains)
    # Pieces that parse only together, such as a string over several lines: not broken after all.
    return Statement(text, _parse(text).body)


def _reuse(fresh: Iterable[Statement], old: Sequence[Statement]) -> Iterator[Statement]:
    """The fresh statements, each replaced by an old one of the same text where there is one."""
    known: dict[str, list[Statement]] = {}
    for statement in reversed(old):
        if statement.fault is None:
            known.setdefault(statement.text, []).append(statement)
    for statement in fresh:
        same = known.get(statement.text)
        yield same.pop() if same else statement
