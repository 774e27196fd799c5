"""The text as a sequence of statements, and what an edit does to it.

A `Document` is immutable: `Document.edit` gives a new one that shares every statement the edit did not touch. A
`Statement` knows only its own text and counts all positions from its own start, so statements after an edit are the
very same objects: nothing of theirs has to be computed again, not even moved. A long class is a statement made of
parts, of which the same is true: the **leaves** of a document are its statements and, of long classes, their parts.

Invariants, after any sequence of edits: the leaves' texts joined are the document's text; and the text is valid Python
exactly if no leaf has a fault.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Final, TypeVar, cast

from msgspec import Struct

from idiomatic.core.long_class import Frame, LongClass, Part
from idiomatic.core.parsing import (
    UNPARSABLE,
    IncompleteError,
    UnfitError,
    continues,
    fault_of,
    members,
    reused,
    salvage,
    statements,
)
from idiomatic.core.statement import Fault, Remains, Statement
from idiomatic.core.text import Edit, Lines, Span, apply_edits, newline_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["UNPARSABLE", "Document", "Fault", "LongClass", "Part", "Remains", "Statement"]

T = TypeVar("T")

# From here on, parsing everything once is cheaper than the edits one by one.
_FEW: Final = 8

_EVERYTHING: Final = sys.maxsize


class _Region(Struct, frozen=True):
    """Leaves, and the text that is to stand in their place.

    Attributes:
        first: the first of them.
        last: the one after them.
        text: the new text.
        frame: the long class in which all of it stands, below the header; `None` for whole top-level statements.
    """

    first: int
    last: int
    text: str
    frame: Frame | None


class _Parsed(Struct, frozen=True):
    """What a region became.

    Attributes:
        last: the leaf after those that are replaced: more than the region's, if its text goes on in them.
        parts: the new members of the long class it is in.
        after: the new top-level statements.
    """

    last: int
    parts: Sequence[Part]
    after: Sequence[Statement]


class _Failed(Struct, frozen=True):
    """A region that is not Python, whatever follows after some leaf.

    Attributes:
        last: the leaf after those that were looked at to find that out; `None` if it was everything.
        text: the text that was tried first, if that alone is not Python.
    """

    last: int | None
    text: str | None = None


def _good(statement: Statement) -> Sequence[Statement]:
    """What a statement is, or was when it last parsed."""
    if isinstance(statement, LongClass):
        return (statement.good,)
    return statement.last_good if statement.is_broken else (statement,)


def _long_classes(statements: Iterable[Statement], leaf: int) -> Iterator[tuple[LongClass, int, int]]:
    """The long classes among some statements, of which the first begins with a leaf; see `Document._classes`."""
    for statement in statements:
        if isinstance(statement, LongClass):
            yield statement, leaf, leaf + len(statement.parts)
            leaf += len(statement.parts)
        else:
            leaf += 1


class Document:
    """A text and its statements.

    Attributes:
        statements: in order; their texts joined are the document's text.
        is_notebook: whether it is the cells of a notebook (`idiomatic.core.cells`), which are run one by one.
    """

    is_notebook = False

    def __init__(
        self,
        statements: Iterable[Statement],
        fault: Fault | None = None,
        reaches: Mapping[Statement, int] | None = None,
    ) -> None:
        self.statements = tuple(statements)
        self._fault = fault
        # How many characters after a broken leaf were needed to see that it is broken. An edit in there may mend it.
        self._reaches: Mapping[Statement, int] = reaches or {}
        self._facts: dict[Callable[[Document], object], object] = {}

    @classmethod
    def parse(cls, text: str) -> Document:
        """The document of a text, which need not be valid Python."""
        try:
            return cls(statements(text))
        except (IncompleteError, *UNPARSABLE):
            return cls(salvage(text, None, (), None), fault_of(text))

    # -- text and places ----------------------------------------------------------------------------------------------

    @cached_property
    def leaves(self) -> tuple[Statement, ...]:
        """The statements and, instead of long classes, their parts."""
        found: list[Statement] = []
        for statement in self.statements:
            found += statement.parts
        return tuple(found)

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return "".join([leaf.text for leaf in self.leaves])

    @cached_property
    def lines(self) -> Lines:
        """The lines of the whole text."""
        return Lines(self.text)

    @cached_property
    def newline(self) -> str:
        r"""The line ending that new lines get: the first one the text uses, else `\n`."""
        for leaf in self.leaves:
            if found := newline_of(leaf.text, ""):
                return found
        return "\n"

    @cached_property
    def fault(self) -> Fault | None:
        """Why the text as a whole does not parse (lines from its start), `None` when it does."""
        if not self._faulty or self._fault is not None:
            return self._fault
        *before, broken = self.leaves[: self._faulty[0] + 1]
        assert broken.fault is not None
        line = sum(len(leaf.lines) - 1 for leaf in before)
        return Fault(broken.fault.message, broken.fault.line + line, broken.fault.column)

    @cached_property
    def _faulty(self) -> Sequence[int]:
        return [index for index, leaf in enumerate(self.leaves) if leaf.is_broken]

    @cached_property
    def ends(self) -> Sequence[int]:
        """Where the leaves end."""
        return list(accumulate(self._lengths))

    @cached_property
    def _lengths(self) -> Sequence[int]:
        return [len(leaf.text) for leaf in self.leaves]

    @cached_property
    def _heights(self) -> Sequence[int]:
        return [len(leaf.lines) - 1 for leaf in self.leaves]

    @cached_property
    def rows(self) -> Sequence[int]:
        """The lines, from 0, on which the leaves begin, and the last line of the text."""
        return [0, *accumulate(self._heights)]

    @cached_property
    def _places(self) -> dict[Statement, int]:
        places = dict(zip(self.leaves, [0, *self.ends], strict=False))
        for long, first, _ in self._classes:
            places[long] = self._start(first)
        return places

    @cached_property
    def _classes(self) -> Sequence[tuple[LongClass, int, int]]:
        """The long classes, each with its first leaf and the one after its last."""
        return list(_long_classes(self.statements, 0))

    @property
    def long_classes(self) -> Iterator[LongClass]:
        """The long classes among the statements."""
        return (long for long, _, _ in self._classes)

    def end(self) -> None:
        """Nobody looks at the document any more, nor at a version before or after it: see `Module.end`."""
        for statement in self.long_classes:
            statement.frame.end()

    def fact(self, of: Callable[[Document], T]) -> T:
        """`of(self)`, computed once."""
        if of not in self._facts:
            self._facts[of] = of(self)
        return cast("T", self._facts[of])

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def _start(self, leaf: int) -> int:
        return self.ends[leaf - 1] if leaf else 0

    def offset(self, statement: Statement) -> int:
        """Where a statement or leaf of this document begins.

        Raises:
            KeyError: it belongs to another document.
        """
        return self._places[statement]

    def row(self, leaf: Statement) -> int:
        """The line, from 0, on which a leaf of this document begins.

        Raises:
            KeyError: it belongs to another document.
        """
        return self.rows[bisect_right(self.ends, self._places[leaf])]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (code points) of an offset, both from 0: much quicker than by the lines of the whole text."""
        if not self.leaves:
            return 0, 0
        index, local = self.within_leaf(offset)
        line, column = self.leaves[index].lines.position(local)
        return self.rows[index] + line, column

    def within_leaf(self, offset: int) -> tuple[int, int]:
        """The number of the leaf that an offset is in, and the offset in its text; one past the end is that end.

        Raises:
            IndexError: there are no leaves.
        """
        index = min(bisect_right(self.ends, offset), len(self.leaves) - 1)
        return index, min(offset - self._start(index), len(self.leaves[index].text))

    def place(self, statement: Statement, span: Span) -> Span:
        """A span of a statement or leaf as a span of the document."""
        return span.shifted(self.offset(statement))

    def leaves_between(self, span: Span) -> Sequence[Statement]:
        """The leaves that share a character with a span or touch its ends."""
        first, last = self._touched(span)
        return self.leaves[first:last]

    def between(self, span: Span) -> Sequence[Statement]:
        """The statements that share a character with a span or touch its ends."""
        return tuple(dict.fromkeys(self.statement_of(leaf) for leaf in self.leaves_between(span)))

    def statement_of(self, leaf: Statement) -> Statement:
        """The statement of this document that a leaf belongs to: itself, but for a part of a long class."""
        if not isinstance(leaf, Part):
            return leaf
        return self._class(leaf.frame)[0]

    def _touched(self, span: Span) -> tuple[int, int]:
        """The first leaf that a span touches, and the one after the last."""
        return bisect_left(self.ends, span.start), min(len(self.leaves), bisect_right(self.ends, span.end) + 1)

    # -- what is different in a notebook ------------------------------------------------------------------------------

    def around(self, statement: Statement | None) -> tuple[Document, int]:
        """What a statement is run together with, and where that begins: the document."""
        return self, 0

    def importing(self, before: Statement | None) -> tuple[Document, int]:
        """Where a new import that a statement needs goes, and where that begins: the document."""
        return self, 0

    def may_import(self, statement: Statement) -> bool:
        """Whether a new import may join one in a statement."""
        return True

    def is_foreign(self, span: Span) -> bool:
        """Whether a span begins in what is no Python."""
        return False

    def obstacle(self, edits: Iterable[Edit]) -> str | None:
        """Why edits can't be made here, a sentence; `None` if they can."""
        return None

    # -- edits --------------------------------------------------------------------------------------------------------

    def edit(self, span: Span, text: str) -> Document:
        """The document after `text` replaced the characters of `span`.

        Only what the edit touched is parsed again, and what follows as far as it takes to see what became of that: an
        opened quote swallows everything up to the next one.

        Raises:
            ValueError: the span lies outside the text.
        """
        if not 0 <= span.start <= span.end <= len(self):
            msg = f"{span} lies outside a text of {len(self)} characters"
            raise ValueError(msg)
        # A neighbour that the edit only touches belongs to it: a line feed typed after a carriage return joins it.
        first, last = self._touched(span)
        reaches = dict(self._reaches)
        failed = _Failed(None)
        for start in (*self._broken_above(first, span.start), first):
            region = self._region(start, last, span, text)
            result = self._attempt(region, reaches)
            if result is None:
                region = self._region(self._class(region.frame)[1], max(last, self._class(region.frame)[2]), span, text)
                result = self._attempt(region, reaches) or _Failed(None)
            if isinstance(result, _Parsed):
                return self._with(region, result, reaches)
            failed = result
            if start != first:
                # All behind the broken leaf that had to be looked at, in the new text.
                until = region.last if failed.last is None else failed.last
                known = self._start(until) - self.ends[start] + len(text) - (span.end - span.start)
                reaches[self.leaves[start]] = _EVERYTHING if failed.last is None else known
        return self._broken(self._whole(first, last, span, text), span, failed, reaches)

    def _broken_above(self, leaf: int, offset: int) -> Iterator[int]:
        """The broken leaves above that an edit at an offset may mend."""
        for index in self._faulty:
            reach = self._reaches.get(self.leaves[index], _EVERYTHING)
            if index < leaf and self.ends[index] + reach >= offset:
                yield index

    def _class(self, frame: Frame | None) -> tuple[LongClass, int, int]:
        """The long class of a frame, its first leaf and the one after its last."""
        return next(found for found in self._classes if found[0].frame is frame)

    def _class_at(self, leaf: int) -> tuple[LongClass, int, int] | None:
        """The long class in the middle of which a leaf begins."""
        return next((found for found in self._classes if found[1] < leaf < found[2]), None)

    def _outside(self, last: int, frame: Frame | None) -> int:
        """A leaf that does not begin in the middle of a long class, unless it is that of the frame."""
        within = self._class_at(last)
        return within[2] if within is not None and within[0].frame is not frame else last

    def _whole(self, first: int, last: int, span: Span, text: str) -> _Region:
        """The region of an edit."""
        around = self._class_at(first)
        frame = around[0].frame if around is not None else None
        if around is not None and last > around[2]:
            # The class and what follows it are edited at once.
            first, frame = around[1], None
        last = self._outside(last, frame)
        inner = span.shifted(-self._start(first))
        old = "".join([leaf.text for leaf in self.leaves[first:last]])
        return _Region(first, last, old[: inner.start] + text + old[inner.end :], frame)

    def _region(self, first: int, last: int, span: Span, text: str) -> _Region:
        """The region of an edit that begins at some leaf, with what is above if it continues that."""
        while True:
            around = self._class_at(first)
            frame = around[0].frame if around is not None else None
            end = self._outside(last, frame)
            inner = span.shifted(-self._start(first))
            old = "".join([leaf.text for leaf in self.leaves[first:end]])
            new = old[: inner.start] + text + old[inner.end :]
            if not first or not (continues(new, frame) or self._is_loose(first - 1)):
                return _Region(first, end, new, frame)
            first -= 1

    def _is_loose(self, leaf: int) -> bool:
        """Whether a leaf is comments that belong to what is below, which did not parse when they were looked at."""
        above = self.leaves[leaf]
        return not above.is_broken and not above.nodes and not (isinstance(above, Part) and above.is_header)

    def _attempt(self, region: _Region, reaches: dict[Statement, int]) -> _Parsed | _Failed | None:
        """Parse a region with as much of what follows as is needed; `reaches` is brought up to date.

        Returns:
            What came of it; `None` if the class it is in has to be looked at as a whole.
        """
        count, leaves, last, step = len(self.leaves), self.leaves, region.last, 1
        good: _Parsed | None = None
        wrong: str | None = None
        while True:
            source = region.text + "".join([leaf.text for leaf in leaves[region.last : last]])
            try:
                if region.frame is not None:
                    parts, after = members(source, region.frame)
                else:
                    parts, after = [], list(statements(source, at_start=not region.first))
            except UnfitError:
                return None
            except IncompleteError:
                wrong = region.text if last == region.last else wrong
                failed = _Failed(None, wrong) if last == count else None
            except UNPARSABLE:
                wrong = region.text if last == region.last else wrong
                failed = _Failed(last, wrong)
            else:
                failed = None
                if self._is_complete(region, last, after):
                    found = _Parsed(last, parts, after)
                    if last == count or not leaves[last].is_broken:
                        return found
                    # What is broken below may only have wanted this above it.
                    good = found
            if failed is not None:
                if good is not None and failed.last is None:
                    reaches[leaves[good.last]] = _EVERYTHING
                elif good is not None and failed.last is not None:
                    reach = self._start(failed.last) - self.ends[good.last]
                    reaches[leaves[good.last]] = max(reach, reaches.get(leaves[good.last], 0))
                return good or failed
            last = self._outside(min(count, last + step), region.frame)
            step *= 2

    def _is_complete(self, region: _Region, last: int, after: Sequence[Statement]) -> bool:
        """Whether what follows is not changed by what a region became."""
        if last == len(self.leaves):
            return True
        if region.frame is None:
            # Comments without a statement below them belong to the next one.
            return not after or bool(after[-1].nodes)
        around = self._class_at(last)
        return not after or (bool(after[-1].nodes) and (around is None or around[0].frame is not region.frame))

    def _with(self, region: _Region, result: _Parsed, reaches: dict[Statement, int]) -> Document:
        """The document in which a region is what it was parsed as."""
        old = self.leaves[region.first : result.last]
        edited = self._class(region.frame)[0] if region.frame is not None else None
        after = result.after
        if after:
            known = dict.fromkeys(map(self.statement_of, old))
            # The class that is edited is still there.
            after = list(reused(after, [each for each in known if each is not edited]))
        if region.frame is None:
            return self._replaced(region.first, result.last, after, reaches)
        long, first, end = self._class(region.frame)
        members = [leaf for leaf in old if isinstance(leaf, Part) and leaf.frame is region.frame]
        parts = cast("list[Part]", list(reused(result.parts, members)))
        new = long.replaced(region.first - first, min(result.last, end) - first, parts)
        if not new.body:
            # Nothing is left of it that could stand in a class.
            whole = _Region(first, max(end, result.last), new.text + "".join([each.text for each in after]), None)
            return self._again(whole, reaches)
        return self._replaced(first, max(end, result.last), [new, *after], reaches)

    def _again(self, region: _Region, reaches: dict[Statement, int]) -> Document:
        """The document in which a region is parsed as statements, not as part of a class."""
        result = self._attempt(region, reaches)
        if isinstance(result, _Parsed):
            return self._with(region, result, reaches)
        return self._broken(region, None, result or _Failed(None), reaches)

    def _replaced(self, first: int, last: int, new: Sequence[Statement], reaches: Mapping[Statement, int]) -> Document:
        """The document with other statements in the place of some leaves that are whole statements."""
        start, end = self._index(first), self._index(last)
        document = Document((*self.statements[:start], *new, *self.statements[end:]))
        # Most of it is as it was: to count it again would take longer than all the rest.
        leaves = [leaf for statement in new for leaf in statement.parts]
        document.leaves = (*self.leaves[:first], *leaves, *self.leaves[last:])
        document._lengths = [*self._lengths[:first], *(len(leaf.text) for leaf in leaves), *self._lengths[last:]]
        if "_heights" in self.__dict__:
            heights = (len(leaf.lines) - 1 for leaf in leaves)
            document._heights = [*self._heights[:first], *heights, *self._heights[last:]]
        more = len(leaves) - (last - first)
        document._faulty = [
            *(index for index in self._faulty if index < first),
            *(first + index for index, leaf in enumerate(leaves) if leaf.is_broken),
            *(index + more for index in self._faulty if index >= last),
        ]
        document._classes = [
            *(found for found in self._classes if found[2] <= first),
            *_long_classes(new, first),
            *((long, start + more, end + more) for long, start, end in self._classes if start >= last),
        ]
        if reaches:
            broken = [document.leaves[index] for index in document._faulty]
            document._reaches = {leaf: reaches[leaf] for leaf in broken if leaf in reaches}
        return document

    def _index(self, leaf: int) -> int:
        """The statement that begins with a leaf."""
        return leaf - sum(end - first - 1 for _, first, end in self._classes if end <= leaf)

    def _broken(self, region: _Region, span: Span | None, failed: _Failed, reaches: dict[Statement, int]) -> Document:
        """The document in which a region does not parse: what parses of it by itself is kept."""
        old = self.leaves[region.first : region.last]
        length = sum(len(leaf.text) for leaf in old)
        remains = None
        if span is not None:
            remains = Remains(old, 0, span.shifted(-self._start(region.first)), len(region.text) - length)
        whole = old if region.frame is not None else tuple(dict.fromkeys(self.statement_of(leaf) for leaf in old))
        last_good = tuple(good for each in whole for good in _good(each))
        is_tried = failed.text == region.text
        fresh = list(
            salvage(region.text, remains, last_good, region.frame, at_start=not region.first, is_tried=is_tried)
        )
        beyond = self._reach(region, failed)
        behind = len(region.text)
        broken: list[Statement] = []
        for leaf in fresh:
            behind -= len(leaf.text)
            for part in leaf.parts:
                if part.is_broken:
                    reaches[part] = min(_EVERYTHING, behind + beyond)
                    broken.append(part)
        if region.frame is None:
            document = self._replaced(region.first, region.last, fresh, reaches)
        else:
            long, first, end = self._class(region.frame)
            new = long.replaced(region.first - first, region.last - first, cast("list[Part]", fresh))
            document = self._replaced(first, end, [new], reaches)
        # Of the first one it is known what it takes to mend it. The others may only lack what follows.
        for leaf in broken[1:]:
            document = document._tried(leaf)
        return document

    def _tried(self, leaf: Statement) -> Document:
        """The document in which a leaf that does not parse by itself is parsed with what follows, if that helps."""
        if leaf not in self._places:
            return self
        first = self.leaves.index(leaf)
        start = self._start(first)
        region = self._region(first, first + 1, Span(start, start), "")
        if region.first != first:
            return self
        reaches = dict(self._reaches)
        result = self._attempt(region, reaches)
        if isinstance(result, _Parsed):
            return self._with(region, result, reaches)
        if result is not None:
            self._reaches = {**reaches, leaf: self._reach(region, result)}
        return self

    def _reach(self, region: _Region, failed: _Failed) -> int:
        """How many characters behind a region were looked at to see that it does not parse."""
        if failed.last is None:
            return _EVERYTHING
        return max(0, self._start(max(failed.last, region.last)) - self._start(region.last))

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
        return Document(reused(fresh.statements, self.statements), fresh.fault)
