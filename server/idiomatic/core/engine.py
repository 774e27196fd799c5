"""Find and rewrite: the two things the product does, as functions of a document.

    analysed = analyse(Module(document), rules)
    for diagnostic in analysed.diagnostics: ...
    rewriting = analysed.rewrite(diagnostic, diagnostic.fixes[0])

After an edit, `analyse(Module(document.edit(...)), rules, analysed)` looks only at the statements that changed, and at
those that had asked the module something whose answer changed.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import defaultdict
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from idiomatic.core.analysis.code import Analysis, Version
from idiomatic.core.analysis.tree import tree
from idiomatic.core.draft import DraftError, Rewriting, draft
from idiomatic.core.idiom import Finding, Fix, Idiom, Kind, Refused, Safe, Unsafe
from idiomatic.core.long_class import LongClass, Part
from idiomatic.core.module import Module
from idiomatic.core.suppression import Suppression, judge, silence, silenced_lines, suppressions, waivers
from idiomatic.core.text import Edit, Span

if TYPE_CHECKING:
    import ast
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from idiomatic.core.dependencies import Question
    from idiomatic.core.long_class import Frame
    from idiomatic.core.statement import Statement

logger = logging.getLogger(__name__)


_COMBINATIONS: Final = 4096
"""Of so many combinations of words it is remembered which idioms want one of them."""


class _ByTrigger:
    """Idioms by the words without which they find nothing."""

    def __init__(self, idioms: Iterable[Idiom]) -> None:
        # The rules about suppressions want no nodes: they are never asked.
        wanted = [idiom for idiom in idioms if idiom.nodes]
        self._always = frozenset(idiom for idiom in wanted if not idiom.triggers)
        by_trigger: defaultdict[str, list[Idiom]] = defaultdict(list)
        for idiom in wanted:
            for trigger in idiom.triggers:
                by_trigger[trigger].append(idiom)
        self._by_trigger = by_trigger
        # Most statements have the same few of these words.
        self._with = lru_cache(_COMBINATIONS)(self._wanting)

    def _wanting(self, *words: str) -> frozenset[Idiom]:
        return self._always.union(*(self._by_trigger[word] for word in words))

    def words(self, text: str) -> Sequence[str]:
        """The words that are in a text: no others need to be looked for in a part of it."""
        return [word for word in self._by_trigger if word in text]

    def triggered(self, text: str, words: Iterable[str] | None = None) -> frozenset[Idiom]:
        """Those that could find something in a text, in which there are at most some of the words."""
        if words is None:
            words = self._by_trigger
        return self._with(*[word for word in words if word in text])


class Rules(Struct, frozen=True, dict=True):
    """Which idioms are looked for.

    Attributes:
        idioms: those switched on.
        target: the oldest Python the code must run on; idioms whose replacement is newer are left out.
        known: the names of all rules there are, for suppressions that name one.
    """

    idioms: tuple[Idiom, ...]
    target: Version
    known: frozenset[str]

    def __post_init__(self) -> None:
        force_setattr(self, "idioms", tuple(idiom for idiom in self.idioms if idiom.since <= self.target))

    @cached_property
    def _asked(self) -> _ByTrigger:
        return _ByTrigger(each for each in self.idioms if each.kind is not Kind.REFACTOR)

    @cached_property
    def _offered(self) -> _ByTrigger:
        return _ByTrigger(each for each in self.idioms if each.kind is Kind.REFACTOR)

    def words(self, text: str) -> Sequence[str]:
        """The words in a text that make it worth a look."""
        return self._asked.words(text)

    def asked(self, text: str, words: Iterable[str] | None = None) -> frozenset[Idiom]:
        """The idioms that could report something in a statement; `words` are those of the whole text, if known."""
        return self._asked.triggered(text, words)

    def offered(self, text: str) -> frozenset[Idiom]:
        """The refactorings that could be possible in a statement."""
        return self._offered.triggered(text)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the idioms that are looked for."""
        return frozenset(idiom.name for idiom in self.idioms)

    @cached_property
    def refactorings(self) -> frozenset[str]:
        """Those of them that are only looked for where somebody asks."""
        return frozenset(idiom.name for idiom in self.idioms if idiom.kind is Kind.REFACTOR)


class Diagnostic(Struct, frozen=True, eq=False):
    """A finding at its place.

    Attributes:
        rule: the idiom.
        statement: the leaf of the document it is in: the top-level statement, or the part of a long class.
        span: what is underlined, in that leaf's offsets.
        finding: what the idiom said.
        code: the analysis it was found with; `None` for one that is only remembered while its statement does not parse.
    """

    rule: Idiom
    statement: Statement
    span: Span
    finding: Finding
    code: Analysis | None

    @property
    def message(self) -> str:
        """One sentence without a full stop."""
        return self.finding.message

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """What can be done, the best first; nothing while the statement does not parse."""
        return self.finding.fixes if self.code is not None else ()

    @property
    def fix(self) -> Fix | None:
        """The fix that counts in bulk: the first, unless it is refused."""
        first = self.fixes[0] if self.fixes else None
        return None if first is None or isinstance(first.verdict, Refused) else first

    @property
    def is_shown(self) -> bool:
        """Whether it is reported: an idiom or refactoring that can't be applied is no news, a problem is."""
        match self.rule.kind:
            case Kind.PROBLEM:
                return True
            case Kind.IDIOM:
                fixes = self.finding.fixes
                return not fixes or not isinstance(fixes[0].verdict, Refused)
            case Kind.REFACTOR:
                return False

    @property
    def sort_key(self) -> tuple[int, int, str]:
        """By place within the statement, then by rule."""
        return self.span.start, self.span.end, self.rule.name


class Entry(Struct, frozen=True):
    """What is known about one leaf.

    Attributes:
        diagnostics: in order of place, silenced ones included.
        answers: what was asked of the module meanwhile.
        code: the analysis; `None` for a leaf that does not parse.
        suggested: the idioms that could find something in it, going by its text.
        asked: those that were asked, going by the text of the statement.
        wide: those of them that also looked at other parts of the class it is part of.
        is_notable: whether it has anything that is shown or silences.
        waives: whether another linter is told something in it.
    """

    diagnostics: tuple[Diagnostic, ...]
    answers: Mapping[Question, Any]
    code: Analysis | None
    suggested: frozenset[Idiom]
    asked: frozenset[Idiom]
    wide: frozenset[Idiom]
    is_notable: bool
    waives: bool


class Analysed:
    """A document's findings.

    Attributes:
        module: the version of the document.
        rules: what was looked for.
        entries: what is known about each leaf.
        answers: what was asked of the module, in all.
        age: how many versions ago the answers were last put together from the entries.
    """

    def __init__(
        self,
        module: Module,
        rules: Rules,
        entries: Mapping[Statement, Entry],
        answers: Mapping[Question, Any],
        age: int,
    ) -> None:
        self.module = module
        self.rules = rules
        self.entries = entries
        self.answers = answers
        self.age = age
        self._found: tuple[Diagnostic, ...] | None = None
        self._by_leaf: dict[Statement, list[Diagnostic]] | None = None
        self._refactorings: dict[Statement, Sequence[Diagnostic]] = {}

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """Every finding that is not silenced, refused ones included, in order of place; no refactorings."""
        if self._found is None:
            self._found = tuple(self._unsilenced())
        return self._found

    @property
    def diagnostics(self) -> Iterator[Diagnostic]:
        """The findings to report, in order of place."""
        return (diagnostic for diagnostic in self.found if diagnostic.is_shown)

    @property
    def all_diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every finding that is not silenced, refused ones and refactorings included, in order of place."""
        refactorings = (each for leaf in self.module.document.leaves for each in self._possible(leaf))
        return tuple(sorted((*self.found, *refactorings), key=lambda each: (self.place(each), each.rule.name)))

    def of_rule(self, name: str) -> Sequence[Diagnostic]:
        """Every finding of one rule that is not silenced."""
        found = self.all_diagnostics if name in self.rules.refactorings else self.found
        return [each for each in found if each.rule.name == name]

    def place(self, diagnostic: Diagnostic) -> Span:
        """Where a diagnostic is, in the document's offsets."""
        return self.module.document.place(diagnostic.statement, diagnostic.span)

    def at(self, span: Span) -> Iterator[Diagnostic]:
        """All findings whose place touches a span of the document."""
        if self._by_leaf is None:
            self._by_leaf = {}
            for diagnostic in self.found:
                self._by_leaf.setdefault(diagnostic.statement, []).append(diagnostic)
        leaves = list(self._leaves(span))
        found = [each for leaf in leaves for each in self._by_leaf.get(leaf, ())]
        for diagnostic in (*found, *(each for leaf in leaves for each in self._possible(leaf))):
            place = self.place(diagnostic)
            if place.start <= span.end and span.start <= place.end:
                yield diagnostic

    def _leaves(self, span: Span) -> Iterable[Statement]:
        """The leaves in which something may be found that touches a span: what is said of a class is in its header."""
        document = self.module.document
        leaves = document.leaves_between(span)
        headers = [document.statement_of(leaf).parts[0] for leaf in leaves if isinstance(leaf, Part)]
        return dict.fromkeys([*headers, *leaves])

    def rewrite(self, diagnostic: Diagnostic, fix: Fix) -> Rewriting:
        """Carry out a fix of a diagnostic.

        Raises:
            DraftError: it turns out that it can't be done, and why.
        """
        if diagnostic.code is None:
            raise DraftError("This statement does not parse at the moment.")
        self._look_at(diagnostic)
        if diagnostic.code.is_wide and any(part.is_broken for part in diagnostic.code.statement.parts):
            raise DraftError("This class does not parse at the moment.")
        try:
            rewriting = draft(self.module.document, diagnostic.code, fix)
            if (reason := self.module.document.obstacle(rewriting.edits)) is not None:
                raise DraftError(reason)
            return rewriting
        except DraftError:
            raise
        except Exception as error:
            logger.exception("%s failed to rewrite %r", diagnostic.rule.name, diagnostic.statement)
            msg = f"The rule itself failed here, please report it: {type(error).__name__}: {error}."
            raise DraftError(msg) from error

    def silence(self, diagnostic: Diagnostic) -> Edit | None:
        """The edit that adds a suppression for a diagnostic; `None` where no line can take a comment."""
        if diagnostic.code is None:
            return None
        self._look_at(diagnostic)
        return silence(self.module.document, diagnostic.code, diagnostic.finding.node, diagnostic.rule.name)

    def _look_at(self, diagnostic: Diagnostic) -> None:
        """Make a diagnostic's analysis mean this version: it may have been made for another one."""
        self._mean(self.module.document.statement_of(diagnostic.statement))

    def _mean(self, statement: Statement) -> None:
        self.module.current.module = self.module
        if isinstance(statement, LongClass):
            statement.bind()

    # -- refactorings -------------------------------------------------------------------------------------------------

    def _possible(self, leaf: Statement) -> Iterator[Diagnostic]:
        """The refactorings that one is offered in a leaf, but for those that are silenced.

        Nothing shows them before somebody asks, and no keystroke does: they are looked for then, and only there.
        """
        return (each for each in self._refactored(leaf) if not self._silencing(each))

    def _refactored(self, leaf: Statement) -> Sequence[Diagnostic]:
        if leaf not in self._refactorings:
            self._refactorings[leaf] = self._look_for_refactorings(leaf)
        return self._refactorings[leaf]

    def _look_for_refactorings(self, leaf: Statement) -> Sequence[Diagnostic]:
        statement = self.module.document.statement_of(leaf)
        # What one method suggests is looked for in all of them, as in a class that is looked at as a whole.
        idioms = frozenset[Idiom]().union(*(self.rules.offered(part.text) for part in statement.parts))
        if not idioms or any(part.is_broken for part in statement.parts) or not _has_nodes(leaf):
            return ()
        self._mean(statement)
        found, _ = _found(idioms, Analysis(self.module, statement, self.rules.target, leaf))
        return found

    # -- suppressions -------------------------------------------------------------------------------------------------

    @cached_property
    def _notable(self) -> Sequence[Statement]:
        entries = self.entries
        return [leaf for leaf in self.module.document.leaves if entries[leaf].is_notable]

    @cached_property
    def _comments(self) -> Mapping[Statement, Sequence[Suppression]]:
        return {leaf: found for leaf in self._notable if (found := leaf.fact(suppressions))}

    @cached_property
    def _for_file(self) -> Sequence[Suppression]:
        return [each for found in self._comments.values() for each in found if each.whole_file]

    def _silencing(self, diagnostic: Diagnostic) -> Sequence[Suppression]:
        """The suppressions that silence a finding."""
        if not self._comments:
            return ()
        rule = diagnostic.rule.name
        by = [each for each in self._for_file if each.covers(rule)]
        by += [
            each
            for leaf, line in self._lines(diagnostic)
            for each in self._comments.get(leaf, ())
            if not each.whole_file and each.line == line and each.covers(rule)
        ]
        return by

    @cached_property
    def _waiving(self) -> frozenset[Statement]:
        """The leaves in which another linter is told something."""
        return frozenset([leaf for leaf, entry in self.entries.items() if entry.waives])

    @cached_property
    def _waived_in_file(self) -> frozenset[str]:
        """The rules of which another linter is told that they do not count in this file."""
        for_file = [each for leaf in self._waiving for each in leaf.fact(waivers) if each.line is None]
        if not for_file:
            return frozenset()
        return frozenset(rule.name for rule in self.rules.idioms if any(each.covers(rule) for each in for_file))

    def _is_waived(self, diagnostic: Diagnostic) -> bool:
        """Whether another linter that finds the same was told that it is meant."""
        rule = diagnostic.rule
        if not rule.also or not self._waiving:
            return False
        if rule.name in self._waived_in_file:
            return True
        statement = self.module.document.statement_of(diagnostic.statement)
        return not self._waiving.isdisjoint(statement.parts) and any(
            each.line == line and each.covers(rule)
            for leaf, line in self._lines(diagnostic)
            for each in leaf.fact(waivers)
        )

    def _unsilenced(self) -> Iterator[Diagnostic]:
        used: set[tuple[Suppression, str]] = set()
        kept: list[Diagnostic] = []
        is_sorted = True
        document = self.module.document
        for leaf in self._notable:
            for diagnostic in self.entries[leaf].diagnostics:
                if diagnostic.statement is not leaf:
                    is_sorted = False
                    if diagnostic.statement not in self.entries:
                        continue  # what is said of a class that does not parse may be said where that is
                by = self._silencing(diagnostic)
                used |= {(each, diagnostic.rule.name) for each in by}
                is_foreign = document.is_notebook and document.is_foreign(self.place(diagnostic))
                if not by and not is_foreign and not self._is_waived(diagnostic):
                    kept.append(diagnostic)
        yield from kept if is_sorted else sorted(kept, key=lambda each: (self.place(each), each.rule.name))
        if self._comments:
            used |= {(each, found.rule.name) for found in self._perhaps_silenced() for each in self._silencing(found)}
            yield from self._about_suppressions(self._comments, used)

    def _perhaps_silenced(self) -> Iterator[Diagnostic]:
        """The refactorings that a suppression may be there for: without them it would be taken for superfluous."""
        document = self.module.document
        offered = self.rules.refactorings
        if any(each.covers(rule) for each in self._for_file for rule in offered):
            leaves: Iterable[Statement] = document.leaves
        else:
            silent = [
                leaf for leaf, found in self._comments.items() if any(s.covers(r) for s in found for r in offered)
            ]
            # A finding about a class is made by its header, and may be silenced in its last line.
            leaves = dict.fromkeys(each for leaf in silent for each in (document.statement_of(leaf).parts[0], leaf))
        return (each for leaf in leaves for each in self._refactored(leaf))

    def _lines(self, diagnostic: Diagnostic) -> Iterable[tuple[Statement, int]]:
        """The lines on which a suppression counts for a diagnostic, each in its leaf."""
        leaf = diagnostic.statement
        if diagnostic.code is None:
            return {(leaf, leaf.lines.position(offset)[0]) for offset in (diagnostic.span.start, diagnostic.span.end)}
        self._look_at(diagnostic)
        lines = silenced_lines(diagnostic.code, diagnostic.finding.node, diagnostic.finding.about)
        statement = diagnostic.code.statement
        return {statement.part_at(line) if isinstance(statement, LongClass) else (leaf, line) for line in lines}

    def _about_suppressions(
        self, comments: Mapping[Statement, Sequence[Suppression]], used: Collection[tuple[Suppression, str]]
    ) -> Iterator[Diagnostic]:
        """The findings about the suppressions themselves, but for those that another one silences by name."""
        everything = [
            (leaf, suppression) for leaf, found in comments.items() if not leaf.is_broken for suppression in found
        ]
        for leaf, suppression in everything:
            around = [
                each
                for other, each in everything
                if each.whole_file or (other is leaf and each.line == suppression.line)
            ]
            names = {name for each in around for name, _ in each.names}
            covered = {rule for each, rule in used if each is suppression}
            code = self.entries[leaf].code
            for rule, finding in judge(
                leaf, suppression, known=self.rules.known, active=self.rules.names, covered=covered
            ):
                if rule.name in self.rules.names and rule.name not in names:
                    span = finding.node
                    assert isinstance(span, Span)
                    yield Diagnostic(rule, leaf, span, finding, code)


_RECOUNT: Final = 100
"""After how many versions it is looked which answers are still wanted by anything."""


def analyse(module: Module, rules: Rules, previous: Analysed | None = None) -> Analysed:
    """The findings of a document.

    Args:
        module: the document and the project around it.
        rules: what to look for.
        previous: the findings of an earlier version, whose unchanged leaves are not looked at again; ignored if it
            was made with other rules.
    """
    known: Mapping[Statement, Entry] = {}
    answers: dict[Question, Any] = {}
    outdated: set[Question] = set()
    before: Mapping[Frame, LongClass] = {}
    age = 0
    if previous is not None and previous.rules is rules:
        module.follow(previous.module)
        known, age = previous.entries, previous.age + 1
        before = {each.frame: each for each in previous.module.document.long_classes}
        answers = dict(previous.answers)
        for question in module.doubtful:
            if question in answers and module.answer(question) != answers[question]:
                outdated.add(question)
                del answers[question]
    # What a file does not mention need not be looked for in each of its statements.
    words = None if known else rules.words(module.document.text)
    entries = _kept(known, module.document.leaves, outdated)
    new: dict[Statement, Entry] = {}
    for statement in module.document.statements:
        if isinstance(statement, LongClass):
            old = before.get(statement.frame)
            if old is not statement or outdated:
                new |= _examine_class(module, statement, rules, known, entries, old, words)
        elif statement not in entries:
            suggested = rules.asked(statement.text, words)
            new[statement] = _examine(module, statement, statement, rules, known, suggested, suggested)
    entries |= new
    is_recounted = age >= _RECOUNT or not known
    if is_recounted:
        age, answers = 0, {}
    for entry in (entries if is_recounted else new).values():
        if entry.answers:
            answers |= entry.answers
    module.settle(answers if is_recounted else None)
    return Analysed(module, rules, entries, answers, age)


def _kept(
    known: Mapping[Statement, Entry], leaves: Sequence[Statement], outdated: set[Question]
) -> dict[Statement, Entry]:
    """What is known of leaves and still holds."""
    kept = dict(known)
    for leaf in known.keys() - dict.fromkeys(leaves):
        del kept[leaf]
    if outdated:
        return {leaf: entry for leaf, entry in kept.items() if outdated.isdisjoint(entry.answers)}
    return kept


def _examine_class(
    module: Module,
    statement: LongClass,
    rules: Rules,
    known: Mapping[Statement, Entry],
    kept: Mapping[Statement, Entry],
    before: LongClass | None,
    words: Iterable[str] | None,
) -> Iterator[tuple[Statement, Entry]]:
    """Look at the parts of a long class of which something changed; gives only what was looked at.

    Args:
        module: the version of the document.
        statement: the class.
        rules: what to look for.
        known: what is known from the version before.
        kept: what of it still holds.
        before: the class in the version before.
        words: the words in the text that make it worth a look, if that is known.
    """
    # Parts that do not parse count as what they were: findings do not come and go while somebody types.
    whole = statement.good
    has_changed = before is None or before.good.parts != whole.parts
    header = statement.parts[0]
    new: dict[Statement, frozenset[Idiom]] = {
        part: rules.asked(part.text, words) for part in statement.parts if part not in kept
    }
    asked = _asked_of_class(statement, new, known, kept, before)
    try:
        for part in statement.parts:
            if part in new or (has_changed and part is header):
                whole.bind()
                suggested = new[part] if part in new else kept[part].suggested
                yield part, _examine(module, statement, part, rules, known, suggested, asked)
                continue
            entry = kept[part]
            if entry.asked is not asked or (has_changed and entry.wide):
                whole.bind()
                again = _again(entry, asked, has_changed)
                yield part, _examined_again(module, statement, part, rules, entry, again, asked)
    finally:
        statement.bind()


def _asked_of_class(
    statement: LongClass,
    new: Mapping[Statement, frozenset[Idiom]],
    known: Mapping[Statement, Entry],
    kept: Mapping[Statement, Entry],
    before: LongClass | None,
) -> frozenset[Idiom]:
    """The idioms to ask about a long class; the very same object as before if they are the same.

    What one method suggests is looked for in all of them, as in a class that is looked at as a whole.

    Args:
        statement: the class.
        new: what the text of each part suggests that is looked at anew.
        known: what is known from the version before.
        kept: what of it still holds.
        before: the class in the version before.
    """
    old = known.get(statement.parts[0])
    nothing = frozenset[Idiom]()
    is_good = statement.good is statement
    if old is not None and before is not None and is_good and before.good is before:
        gone = (known[part].suggested for part in set(before.parts).difference(kept) if part in known)
        if nothing.union(*gone) == nothing.union(*new.values()):
            return old.asked
    asked = nothing.union(*new.values(), *(kept[part].suggested for part in statement.parts if part not in new))
    if old is not None and (asked == old.asked or not is_good):
        return old.asked if asked <= old.asked else asked | old.asked
    return asked


def _again(entry: Entry, asked: frozenset[Idiom], has_changed: bool) -> frozenset[Idiom]:
    """The idioms that have to be asked about a part of a long class that is as it was."""
    if entry.code is None or entry.asked is asked:
        return entry.wide if has_changed else frozenset()
    return (asked - entry.asked) | (entry.wide & asked if has_changed else frozenset())


def _examine(
    module: Module,
    statement: Statement,
    unit: Statement,
    rules: Rules,
    known: Mapping[Statement, Entry],
    suggested: frozenset[Idiom],
    asked: frozenset[Idiom],
) -> Entry:
    """Look at a leaf.

    Args:
        module: the version of the document.
        statement: the statement it belongs to.
        unit: the leaf.
        rules: what to look for.
        known: what is known from the version before.
        suggested: the idioms that could find something, going by the leaf's text.
        asked: those that could going by the statement's.
    """
    if unit.is_broken:
        diagnostics = tuple(sorted(_remembered(unit, known), key=lambda each: each.sort_key))
        return Entry(diagnostics, {}, None, suggested, asked, frozenset(), *_notes(unit, diagnostics))
    code = Analysis(module, statement, rules.target, unit)
    found, wide = _found(asked, code) if asked and _has_nodes(unit) else ((), frozenset[Idiom]())
    return Entry(tuple(found), code.answers, code, suggested, asked, wide, *_notes(unit, found))


def _notes(leaf: Statement, found: Sequence[Diagnostic]) -> tuple[bool, bool]:
    """Whether a leaf is notable, and whether another linter is told something in it."""
    return bool(found or leaf.fact(suppressions)), bool(leaf.fact(waivers))


def _has_nodes(leaf: Statement) -> bool:
    return bool(leaf.nodes) or (isinstance(leaf, Part) and leaf.is_header)


def _examined_again(
    module: Module,
    statement: LongClass,
    part: Part,
    rules: Rules,
    entry: Entry,
    again: frozenset[Idiom],
    asked: frozenset[Idiom],
) -> Entry:
    """Look at a part of a long class with some idioms again; what the others found stays, if they are still asked."""
    if entry.code is None:
        return replace(entry, asked=asked)
    code = Analysis(module, statement, rules.target, part)
    new, wide = _found(again, code) if again else ((), frozenset[Idiom]())
    wide |= entry.wide & asked - again
    code.is_wide = bool(wide)
    stays = [each for each in entry.diagnostics if each.rule in asked and each.rule not in again]
    found = sorted([*stays, *new], key=lambda each: each.sort_key)
    answers = {**entry.answers, **code.answers}
    return Entry(tuple(found), answers, code, entry.suggested, asked, wide, *_notes(part, found))


def _found(idioms: Iterable[Idiom], code: Analysis) -> tuple[Sequence[Diagnostic], frozenset[Idiom]]:
    """What some idioms find in a unit, in order of place, and which of them looked at more than that."""
    frame = code.unit.frame if isinstance(code.unit, Part) else None
    index = code.unit.fact(tree)
    found: list[Diagnostic] = []
    wide: set[Idiom] = set()
    for idiom in idioms:
        if frame is not None:
            frame.was_read = False
        for kind in idiom.nodes:
            if nodes := index.of(kind):
                found += _ask(idiom, nodes, code)
        if frame is not None and frame.was_read:
            wide.add(idiom)
    code.is_wide = bool(wide)
    code.end()
    return sorted(found, key=lambda diagnostic: diagnostic.sort_key), frozenset(wide)


def _ask(idiom: Idiom, nodes: Iterable[ast.AST], code: Analysis) -> Iterator[Diagnostic]:
    """What one idiom finds at some nodes; its failure at one of them is its own."""
    detect = idiom.detect
    for node in nodes:
        try:
            for finding in detect(node, code):
                leaf, span = _place(finding.node, code)
                yield Diagnostic(idiom, leaf, span, finding, code)
        except Exception:
            logger.exception("%s failed on %r", idiom.name, code.unit)


def _place(at: ast.AST | Span, code: Analysis) -> tuple[Statement, Span]:
    """The leaf in which a finding is, and where in it."""
    statement = code.statement
    if not isinstance(statement, LongClass):
        return statement, at if isinstance(at, Span) else statement.span(at)
    if isinstance(at, Span):
        index = min(bisect_right(statement.offsets, at.start), len(statement.parts)) - 1
        return statement.parts[index], at.shifted(-statement.offsets[index])
    if at is statement.frame.node:
        return statement.parts[0], statement.span(at)
    leaf = code.unit if at in code.unit.fact(tree).parents else statement.part_of(at)
    return leaf, leaf.span(at)


def _remembered(statement: Statement, known: Mapping[Statement, Entry]) -> Iterator[Diagnostic]:
    """What was known of a leaf that no longer parses, where the edits since then left it alone."""
    was, statement.was = statement.was, None  # needed once; kept, each keystroke would hold on to all before it
    if was is None:
        return
    offset = 0
    for old in was.statements:
        # Versions in between may never have been looked at: typing is faster than that.
        for diagnostic in _known_of(old, known) if old in known else _remembered(old, known):
            span = was.moved(diagnostic.span.shifted(offset))
            if span is not None and 0 <= span.start <= span.end <= len(statement.text):
                yield Diagnostic(diagnostic.rule, statement, span, diagnostic.finding, None)
        offset += len(old.text)


def _known_of(leaf: Statement, known: Mapping[Statement, Entry]) -> Iterator[Diagnostic]:
    """What was found in a leaf, by looking at it or at the class it is part of."""
    yield from (each for each in known[leaf].diagnostics if each.statement is leaf)
    if isinstance(leaf, Part) and not leaf.is_header and (header := leaf.frame.statement.parts[0]) in known:
        yield from (each for each in known[header].diagnostics if each.statement is leaf)


def verdict_name(fix: Fix) -> str:
    """`safe`, `unsafe` or `refused`."""
    match fix.verdict:
        case Safe():
            return "safe"
        case Unsafe():
            return "unsafe"
        case Refused():
            return "refused"
