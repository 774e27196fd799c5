"""What there is to say about a finding: why, what becomes of the user's own code, and whether that is safe.

One text for all views: the editor's hover shows it as Markdown, a client without Markdown and a terminal as it is.
Messages and diffs contain user code, which must not be able to become a link, a command or the end of a code block.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from idiomatic.core.diff import hunks
from idiomatic.core.draft import DraftError
from idiomatic.core.idiom import Refused, Safe, Unsafe
from idiomatic.core.markdown import escaped, fenced, without_relative_links
from idiomatic.core.pages import silencing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.document import Document
    from idiomatic.core.engine import Analysed, Diagnostic
    from idiomatic.core.idiom import Fix, Idiom
    from idiomatic.core.text import Edit

_CONTEXT: Final = 2
"""How many unchanged lines a diff shows around a change."""
_LONGEST: Final = 60
"""How many lines of a diff are shown."""


@dataclass(frozen=True, slots=True)
class FixExplanation:
    """One of the fixes of a finding.

    Attributes:
        title: what it does.
        label: `safe`, `unsafe` or `not possible`.
        reasons: why it is not safe or not possible, sentences.
        saved: how many lines go away; zero if not more than one does, or if the fix was not tried.
    """

    title: str
    label: str
    reasons: tuple[str, ...]
    saved: int = 0

    @property
    def summary(self) -> str:
        """What it does, and what it saves."""
        return f"{self.title}, {self.saved} lines fewer" if self.saved else self.title


@dataclass(frozen=True, slots=True)
class Explanation:
    """A finding, explained.

    Attributes:
        rule: the rule's name.
        advice: what to do, a sentence.
        message: what is wrong here, without a full stop.
        why: why the advice is good, Markdown of the rule's own.
        diff: what the first fix that is possible does to the user's code; empty if none is.
        fixes: what is offered, in order.
        references: a Markdown list of the rule's own.
    """

    rule: str
    advice: str
    message: str
    why: str
    diff: str
    fixes: tuple[FixExplanation, ...]
    references: str

    def markdown(self) -> str:
        """For a view that renders Markdown."""
        # The diff comes early: what a hover shows without scrolling is a dozen lines.
        parts = [f"**{escaped(self.advice)}**"]
        if self.diff:
            parts.append(fenced(self.diff, "diff"))
        for fix in self.fixes:
            lines = [f"**{fix.label.capitalize()}**: {escaped(fix.summary)}"]
            lines += [f"- {escaped(reason)}" for reason in fix.reasons]
            parts.append("\n".join(lines))
        parts += [f"{escaped(self.message)}.", self.why, self.references]
        parts.append(f"`{self.rule}` · silence it with `{silencing(self.rule)}` at the end of the line")
        return "\n\n".join(part for part in parts if part)

    def plain(self) -> str:
        """For a view that shows text as it is."""
        parts = [self.advice]
        if self.diff:
            parts.append("\n".join(f"    {line}" for line in self.diff.splitlines()))
        for fix in self.fixes:
            lines = [f"{fix.label.capitalize()}: {fix.summary}", *(f"- {reason}" for reason in fix.reasons)]
            parts.append("\n".join(lines))
        parts += [f"{self.message}.", self.why, self.references]
        parts.append(f"{self.rule}: silence it with {silencing(self.rule)} at the end of the line")
        return "\n\n".join(part for part in parts if part)


def explain(analysed: Analysed, diagnostic: Diagnostic) -> Explanation:
    """Everything there is to say about a finding."""
    rule = diagnostic.rule
    diff, failed, saved = "", dict[int, str](), dict[int, int]()
    for index, fix in enumerate(diagnostic.fixes):
        if isinstance(fix.verdict, Refused):
            continue
        try:
            edits = analysed.rewrite(diagnostic, fix).edits
        except DraftError as error:
            failed[index] = str(error)
            continue
        diff = _diff(analysed.module.document, edits)
        saved[index] = _lines_saved(analysed.module.document, edits)
        break
    return Explanation(
        rule=rule.name,
        advice=rule.advice,
        message=diagnostic.message,
        why=without_relative_links(rule.section("Why")),
        diff=diff,
        fixes=tuple(
            replace(_fix(fix, failed.get(index)), saved=saved.get(index, 0))
            for index, fix in enumerate(diagnostic.fixes)
        ),
        references=without_relative_links(rule.section("References")),
    )


def _fix(fix: Fix, failure: str | None) -> FixExplanation:
    if failure is not None:
        return FixExplanation(fix.title, "not possible", (failure,))
    match fix.verdict:
        case Safe():
            return FixExplanation(fix.title, "safe", ())
        case Unsafe(reasons=reasons):
            return FixExplanation(fix.title, "unsafe", reasons)
        case Refused(reason=reason):
            return FixExplanation(fix.title, "not possible", (reason,))


def silenced(rules: Sequence[Idiom], *, whole_file: bool) -> str:
    """What a comment silences, as Markdown; no rule in particular means all of them."""
    where = "in this file" if whole_file else "here"
    if not rules:
        return f"Silences every rule of idiomatic {where}."
    lines = [f"- `{rule.name}`: {escaped(rule.advice)}" for rule in rules]
    return "\n".join([f"Silences {where}:", "", *lines])


def _lines_saved(document: Document, edits: Sequence[Edit]) -> int:
    """How many lines go away; zero if not more than one does."""
    signs = [line[:1] for hunk in hunks(document, edits, 0) for line in hunk.lines]
    saved = signs.count("-") - signs.count("+")
    return saved if saved > 1 else 0


def _diff(document: Document, edits: Sequence[Edit]) -> str:
    """What edits change, without line numbers."""
    shown: list[str] = []
    for hunk in hunks(document, edits, _CONTEXT):
        if shown:
            shown.append("@@")
        shown += [line.rstrip("\r\n") for line in hunk.lines]
    if len(shown) > _LONGEST:
        shown[_LONGEST:] = [f"… {len(shown) - _LONGEST} more lines"]
    return "\n".join(shown)
