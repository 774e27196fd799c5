"""What there is to say about a finding: why, what becomes of the user's own code, and whether that is safe.

One text for all views: the editor's hover shows it as Markdown, a client without Markdown and a terminal as it is.
Messages and diffs contain user code, which must not be able to become a link, a command or the end of a code block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.diff import hunks
from idiomatic.core.draft import DraftError
from idiomatic.core.idiom import Refused, Safe, Unsafe
from idiomatic.core.markdown import code, escaped, fenced, items, unwrapped, with_plain_links, without_relative_links
from idiomatic.core.pages import ruff_texts, silencing, since_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.document import Document
    from idiomatic.core.engine import Analysed, Diagnostic
    from idiomatic.core.idiom import Fix, Idiom
    from idiomatic.core.text import Edit

_CONTEXT: Final = 2
"""How many unchanged lines a diff shows around a change."""
_LONGEST: Final = 60
"""How many lines of a diff are shown."""
_NAMES: Final = 2
"""How many of ruff's names for a rule are shown."""
_NAMED: Final = 20
"""How many of the names in a comment are explained."""


class FixExplanation(Struct, frozen=True):
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


class Explanation(Struct, frozen=True):
    """A finding, explained.

    Attributes:
        rule: its rule.
        message: what is wrong here, without a full stop.
        diff: what the first fix that is possible does to the user's code; empty if none is.
        fixes: what is offered, that of the diff first.
    """

    rule: Idiom
    message: str
    diff: str
    fixes: tuple[FixExplanation, ...]

    def markdown(self) -> str:
        """For a view that renders Markdown."""
        # The diff comes early: what a hover shows without scrolling is a dozen lines.
        parts = [f"**{self.rule.advice}**"]
        if self.diff:
            parts.append(fenced(self.diff, "diff"))
        for fix in self.fixes:
            lines = [f"**{fix.label.capitalize()}**: {escaped(fix.summary)}"]
            lines += [f"- {escaped(reason)}" for reason in fix.reasons]
            parts.append("\n".join(lines))
        parts.append(f"{escaped(f'{self.message}.')} {without_relative_links(self._why)}")
        parts.append(" · ".join(items(without_relative_links(self.rule.section("References")))))
        # Two blanks at the end of a line break it there.
        parts.append(f"{' · '.join([f'`{self.rule.name}`', *self._facts])}  \n{self._silence}")
        return "\n\n".join(part for part in parts if part)

    def plain(self) -> str:
        """For a view that shows text as it is."""
        parts = [self.rule.advice]
        if self.diff:
            parts.append("\n".join(f"    {line}" for line in self.diff.splitlines()))
        for fix in self.fixes:
            lines = [f"{fix.label.capitalize()}: {fix.summary}", *(f"- {reason}" for reason in fix.reasons)]
            parts.append("\n".join(lines))
        parts.append(f"{self.message}. {with_plain_links(self._why)}")
        parts.append("\n".join(f"- {with_plain_links(item)}" for item in items(self.rule.section("References"))))
        parts.append(f"{', '.join([self.rule.name, *self._facts])}\n{self._silence}")
        return "\n\n".join(part for part in parts if part)

    @property
    def _why(self) -> str:
        """The first paragraph is what there is time for here."""
        return unwrapped(self.rule.section("Why").partition("\n\n")[0])

    @property
    def _facts(self) -> Iterator[str]:
        if since := since_text(self.rule):
            yield f"{since} and newer"
        if names := list(ruff_texts(self.rule)):
            more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
            yield f"in ruff: {', '.join(names[:_NAMES])}{more}"

    @property
    def _silence(self) -> str:
        return f"Silence it with `{silencing(self.rule.name)}` at the end of the line."


def explain(analysed: Analysed, diagnostic: Diagnostic) -> Explanation:
    """Everything there is to say about a finding."""
    rule = diagnostic.rule
    diff, shown, failed, saved = "", 0, dict[int, str](), dict[int, int]()
    for index, fix in enumerate(diagnostic.fixes):
        if isinstance(fix.verdict, Refused):
            continue
        try:
            edits = analysed.rewrite(diagnostic, fix).edits
        except DraftError as error:
            failed[index] = str(error)
            continue
        diff = _diff(analysed.module.document, edits)
        shown = index
        saved[index] = _lines_saved(analysed.module.document, edits)
        break
    return Explanation(
        rule=rule,
        message=diagnostic.message,
        diff=diff,
        fixes=tuple(
            replace(_fix(fix, failed.get(index)), saved=saved.get(index, 0))
            # The one of which the diff is shown first, which stands right above.
            for index, fix in sorted(enumerate(diagnostic.fixes), key=lambda item: item[0] != shown)
        ),
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


def silenced(rules: Sequence[Idiom], unknown: Sequence[str], *, whole_file: bool, markdown: bool) -> str:
    """What a comment silences; no rule in particular means all of them.

    Args:
        rules: those it names.
        unknown: the other names in it.
        whole_file: whether it counts for the whole file.
        markdown: for a view that renders Markdown.
    """
    where = "in this file" if whole_file else "here"
    if not rules and not unknown:
        return f"Silences every rule of idiomatic {where}."
    lines = [f"- `{rule.name}`: {rule.advice}" for rule in rules]
    lines += [f"- {code(name) if markdown else name}: there is no such rule" for name in unknown]
    if len(lines) > _NAMED:
        lines[_NAMED:] = [f"- {len(lines) - _NAMED} more"]
    return "\n".join([f"Silences {where}:" if rules else f"Silences nothing {where}:", "", *lines])


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
        # There is little room, and nothing to be seen in a blank line at the edge.
        shown += (line.rstrip("\r\n") for line in _trimmed(hunk.lines))
    if len(shown) > _LONGEST:
        shown[_LONGEST:] = [f"… {len(shown) - _LONGEST} more lines"]
    return "\n".join(shown)


def _trimmed(lines: Sequence[str]) -> Sequence[str]:
    """Lines of a diff without unchanged blank ones at both ends."""
    first, last = 0, len(lines)
    while first < last and lines[first].isspace():
        first += 1
    while first < last and lines[last - 1].isspace():
        last -= 1
    return lines[first:last]
