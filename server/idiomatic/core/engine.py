"""Find and rewrite: the two things the product does, as functions of a document.

    analysed = analyse(Module(document), rules)
    for diagnostic in analysed.diagnostics: ...
    rewriting = analysed.rewrite(diagnostic, diagnostic.fixes[0])

After an edit, `analyse(Module(document.edit(...)), rules, analysed)` looks only at the statements that changed, and at
those that had asked the module something whose answer changed.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from idiomatic.core.analysis.code import Analysis, Version
from idiomatic.core.analysis.tree import tree
from idiomatic.core.draft import DraftError, Rewriting, draft
from idiomatic.core.idiom import Finding, Fix, Idiom, Kind, Refused, Safe, Unsafe
from idiomatic.core.module import Module
from idiomatic.core.suppression import Suppression, judge, silence, silenced_lines, suppressions
from idiomatic.core.text import Edit, Span

if TYPE_CHECKING:
    import ast
    from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

    from idiomatic.core.document import Statement

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rules:
    """Which idioms are looked for.

    Attributes:
        idioms: those switched on.
        target: the oldest Python the code must run on; idioms whose replacement is newer are left out.
        known: the names of all rules there are, for suppressions that name one.
    """

    idioms: tuple[Idiom, ...]
    target: Version
    known: frozenset[str]
    _by_trigger: Mapping[str, tuple[Idiom, ...]] = field(init=False, repr=False)
    _always: tuple[Idiom, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        active = tuple(idiom for idiom in self.idioms if idiom.since <= self.target)
        by_trigger: defaultdict[str, list[Idiom]] = defaultdict(list)
        for idiom in active:
            for trigger in idiom.triggers:
                by_trigger[trigger].append(idiom)
        object.__setattr__(self, "idioms", active)
        object.__setattr__(self, "_by_trigger", {trigger: tuple(idioms) for trigger, idioms in by_trigger.items()})
        # The rules about suppressions want no nodes: they are never asked.
        object.__setattr__(self, "_always", tuple(idiom for idiom in active if idiom.nodes and not idiom.triggers))

    def asked(self, text: str) -> Sequence[Idiom]:
        """The idioms that could find something in a statement."""
        found = [idioms for trigger, idioms in self._by_trigger.items() if trigger in text]
        return list(dict.fromkeys(idiom for idioms in (self._always, *found) for idiom in idioms))

    @property
    def names(self) -> frozenset[str]:
        """The names of the idioms that are looked for."""
        return frozenset(idiom.name for idiom in self.idioms)


@dataclass(frozen=True, slots=True, eq=False)
class Diagnostic:
    """A finding at its place.

    Attributes:
        rule: the idiom.
        statement: the top-level statement it is in.
        span: what is underlined, in the statement's offsets.
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


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about one statement.

    Attributes:
        diagnostics: in order of place, silenced ones included.
        answers: what was asked of the module meanwhile.
        code: the analysis.
    """

    diagnostics: tuple[Diagnostic, ...]
    answers: Mapping[tuple[Hashable, ...], Any]
    code: Analysis | None


class Analysed:
    """A document's findings.

    Attributes:
        module: the version of the document.
        rules: what was looked for.
        entries: what is known about each statement.
    """

    def __init__(self, module: Module, rules: Rules, entries: Mapping[Statement, Entry]) -> None:
        self.module = module
        self.rules = rules
        self.entries = entries
        self._diagnostics: tuple[Diagnostic, ...] | None = None

    @property
    def all_diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every finding that is not silenced, refused ones and refactorings included, in order of place."""
        if self._diagnostics is None:
            self._diagnostics = tuple(self._unsilenced())
        return self._diagnostics

    @property
    def diagnostics(self) -> Iterator[Diagnostic]:
        """The findings to report, in order of place."""
        return (diagnostic for diagnostic in self.all_diagnostics if diagnostic.is_shown)

    def place(self, diagnostic: Diagnostic) -> Span:
        """Where a diagnostic is, in the document's offsets."""
        return self.module.document.place(diagnostic.statement, diagnostic.span)

    def at(self, span: Span) -> Iterator[Diagnostic]:
        """All findings whose place touches a span of the document."""
        for statement in self.module.document.between(span):
            offset = self.module.document.offset(statement)
            for diagnostic in self.all_diagnostics:
                if diagnostic.statement is statement:
                    own = diagnostic.span.shifted(offset)
                    if own.start <= span.end and span.start <= own.end:
                        yield diagnostic

    def rewrite(self, diagnostic: Diagnostic, fix: Fix) -> Rewriting:
        """Carry out a fix of a diagnostic.

        Raises:
            DraftError: it turns out that it can't be done, and why.
        """
        if diagnostic.code is None:
            raise DraftError("This statement does not parse at the moment.")
        # What a rewrite asks (is it imported already?) was not asked by the analysis, which may be older than the
        # module.
        diagnostic.code.rebind(self.module)
        try:
            return draft(self.module.document, diagnostic.code, fix)
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
        return silence(self.module.document, diagnostic.code, diagnostic.finding.node, diagnostic.rule.name)

    def _unsilenced(self) -> Iterator[Diagnostic]:
        statements = self.module.document.statements
        for_file = [(s, each) for s in statements for each in s.fact(suppressions) if each.whole_file]
        used: set[tuple[Suppression, str]] = set()
        for statement in statements:
            here = statement.fact(suppressions)
            kept: list[Diagnostic] = []
            for diagnostic in self.entries[statement].diagnostics:
                rule = diagnostic.rule.name
                by = [each for _, each in for_file if each.covers(rule)]
                if here:
                    lines = _lines(diagnostic)
                    by += [each for each in here if not each.whole_file and each.line in lines and each.covers(rule)]
                used |= {(each, rule) for each in by}
                if not by:
                    kept.append(diagnostic)
            yield from kept
        yield from self._about_suppressions(used)

    def _about_suppressions(self, used: Collection[tuple[Suppression, str]]) -> Iterator[Diagnostic]:
        """The findings about the suppressions themselves, but for those that another one silences by name."""
        everything = [
            (statement, suppression)
            for statement in self.module.document.statements
            if statement.fault is None
            for suppression in statement.fact(suppressions)
        ]
        for statement, suppression in everything:
            around = [
                each
                for other, each in everything
                if each.whole_file or (other is statement and each.line == suppression.line)
            ]
            names = {name for each in around for name, _ in each.names}
            covered = {rule for each, rule in used if each is suppression}
            code = self.entries[statement].code
            for rule, finding in judge(
                statement, suppression, known=self.rules.known, active=self.rules.names, covered=covered
            ):
                if rule.name in self.rules.names and rule.name not in names:
                    span = finding.node
                    assert isinstance(span, Span)
                    yield Diagnostic(rule, statement, span, finding, code)


def analyse(module: Module, rules: Rules, previous: Analysed | None = None) -> Analysed:
    """The findings of a document.

    Args:
        module: the document and the project around it.
        rules: what to look for.
        previous: the findings of an earlier version, whose unchanged statements are not looked at again; ignored if it
            was made with other rules.
    """
    known = previous.entries if previous is not None and previous.rules is rules else {}
    entries: dict[Statement, Entry] = {}
    for statement in module.document.statements:
        entry = known.get(statement)
        if entry is None or not _still_holds(entry, module):
            entry = _examine(module, statement, rules, known)
        elif entry.code is not None:
            # Otherwise every version of the module that some statement was analysed in would be kept.
            entry.code.rebind(module)
        entries[statement] = entry
    return Analysed(module, rules, entries)


def _still_holds(entry: Entry, module: Module) -> bool:
    return all(
        module.ask(question, *args, **dict(kwargs)) == answer  # type: ignore[misc, arg-type, call-overload]
        for (question, args, kwargs), answer in entry.answers.items()
    )


def _examine(module: Module, statement: Statement, rules: Rules, known: Mapping[Statement, Entry]) -> Entry:
    if statement.fault is not None:
        return Entry(tuple(_remembered(statement, known)), {}, None)
    code = Analysis(module, statement, rules.target)
    text = statement.text
    asked = rules.asked(text) if statement.nodes else ()
    if not asked:
        return Entry((), {}, code)
    found: list[Diagnostic] = []
    index = statement.fact(tree)
    for idiom in asked:
        for kind in idiom.nodes:
            for node in index.of(kind):
                found += _ask(idiom, node, code)
    found.sort(key=lambda diagnostic: diagnostic.sort_key)
    return Entry(tuple(found), code.answers, code)


def _ask(idiom: Idiom, node: ast.AST, code: Analysis) -> Iterator[Diagnostic]:
    """What one idiom finds at one node; its failure is its own."""
    try:
        for finding in idiom.detect(node, code):
            span = finding.node if isinstance(finding.node, Span) else code.span(finding.node)
            yield Diagnostic(idiom, code.statement, span, finding, code)
    except Exception:
        logger.exception("%s failed on %r", idiom.name, code.statement)


def _lines(diagnostic: Diagnostic) -> frozenset[int]:
    """The lines on which a suppression counts for a diagnostic."""
    if diagnostic.code is not None:
        return silenced_lines(diagnostic.code, diagnostic.finding.node)
    lines = diagnostic.statement.lines
    return frozenset(lines.position(offset)[0] for offset in (diagnostic.span.start, diagnostic.span.end))


def _remembered(statement: Statement, known: Mapping[Statement, Entry]) -> Iterator[Diagnostic]:
    """What was known of a statement that no longer parses, where the edits since then left it alone."""
    was, statement.was = statement.was, None  # needed once; kept, each keystroke would hold on to all before it
    if was is None:
        return
    offset = 0
    for old in was.statements:
        # Versions in between may never have been looked at: typing is faster than that.
        for diagnostic in known[old].diagnostics if old in known else _remembered(old, known):
            span = was.moved(diagnostic.span.shifted(offset))
            if span is not None and 0 <= span.start <= span.end <= len(statement.text):
                yield Diagnostic(diagnostic.rule, statement, span, diagnostic.finding, None)
        offset += len(old.text)


def verdict_name(fix: Fix) -> str:
    """`safe`, `unsafe` or `refused`."""
    match fix.verdict:
        case Safe():
            return "safe"
        case Unsafe():
            return "unsafe"
        case Refused():
            return "refused"
