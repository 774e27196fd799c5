"""Comments that silence findings.

`# idiomatic: ignore[name, ...]` on the first or last line of a statement silences these rules there;
`# idiomatic: ignore-file[name, ...]` anywhere silences them in the whole file. Without brackets every rule is meant. A
comment that names no rule there is, or that silences nothing, is itself a finding.

What another linter was told in a `# noqa` comment, or in ruff's `# ruff: ignore[...]`, counts for the rules that find
the same.
"""

from __future__ import annotations

import ast
import difflib
import io
import re
import tokenize
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.idiom import Finding, Fix, Idiom, Kind, Safe, Unsafe
from idiomatic.core.lazy import regex
from idiomatic.core.ruff_names import RUFF_NAMES
from idiomatic.core.text import BOM, Edit, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.document import Document, Statement

_COMMENT: Final = regex(r"#[ \t]*idiomatic:[ \t]*ignore(?P<file>-file)?\b(?:[ \t]*\[(?P<names>[^\]\r\n]*)\])?")


class Suppression(Struct, frozen=True):
    """One comment.

    Attributes:
        span: the comment's own part of the text (`# idiomatic: ignore[...]`), in the statement's offsets.
        line: its line, from 0 within the statement.
        names: the rules it names, with the span of each; empty: all rules.
        whole_file: whether it counts for the whole file.
    """

    span: Span
    line: int
    names: tuple[tuple[str, Span], ...]
    whole_file: bool

    def covers(self, rule: str) -> bool:
        """Whether it silences that rule."""
        return not self.names or any(rule == name for name, _ in self.names)


def suppressions(statement: Statement) -> tuple[Suppression, ...]:
    """The suppressions in a statement: use `statement.fact(suppressions)`, which finds them once."""
    if "idiomatic:" not in statement.text:
        return ()
    found: list[Suppression] = []
    for offset, comment in _comments(statement):
        for match in _COMMENT.finditer(comment):
            names = tuple(_names(match, offset))
            line, _ = statement.lines.position(offset)
            found.append(Suppression(Span(*match.span()).shifted(offset), line, names, match.group("file") is not None))
    return tuple(found)


_NOQA: Final = regex(
    r"#[ \t]*(?P<file>(?:ruff|flake8):[ \t]*)?noqa\b(?:[ \t]*:[ \t]*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?"
    r"|#[ \t]*ruff:[ \t]*(?P<whole>file-)?ignore[ \t]*\[(?P<names>[^\]\r\n]+)\]"
)


class Waiver(Struct, frozen=True):
    """A `# noqa` comment, or one of ruff's own.

    Attributes:
        line: its line, from 0 within the statement; `None`: it counts for the whole file.
        codes: those it names, or the names that ruff has for them; empty: all codes there are.
    """

    line: int | None
    codes: tuple[str, ...]

    def covers(self, rule: Idiom) -> bool:
        """Whether it says that what the rule finds is meant: the comment is about other linters' codes."""
        return any(
            not self.codes or code.startswith(self.codes) or RUFF_NAMES.get(code) in self.codes for code in rule.also
        )


def _mentions_linter(statement: Statement) -> bool:
    return "noqa" in statement.text or "ruff:" in statement.text


def waivers(statement: Statement) -> tuple[Waiver, ...]:
    """What other linters are told in a statement: use `statement.fact(waivers)`, which finds it out once."""
    if not _mentions_linter(statement):
        return ()
    return tuple(
        Waiver(
            None if match["file"] or match["whole"] else statement.lines.position(offset)[0],
            tuple(re.findall(r"[\w-]+", match["codes"] or match["names"] or "")),
        )
        for offset, comment in _comments(statement)
        for match in _NOQA.finditer(comment)
    )


def _comments(statement: Statement) -> Iterator[tuple[int, str]]:
    lines = statement.lines
    try:
        for token in tokenize.generate_tokens(io.StringIO(statement.text, newline="").readline):
            if token.type == tokenize.COMMENT:
                yield lines.starts[token.start[0] - 1] + token.start[1], token.string
    except (tokenize.TokenError, SyntaxError):
        return  # a statement in the middle of typing: what came before the fault counts


def _names(match: re.Match[str], offset: int) -> Iterator[tuple[str, Span]]:
    if match["names"] is None:
        return
    for name in re.finditer(r"[^\s,]+", match["names"]):
        yield name.group(), Span(*name.span()).shifted(offset + match.start("names"))


def silenced_lines(code: Analysis, node: ast.AST | Span, about: ast.stmt | None = None) -> frozenset[int]:
    """The lines, from 0 within the statement, on which a comment silences a finding at `node`.

    These are the first and last line of the smallest statement (or `except` or `case` clause) around it, the last line
    of its header, and the lines of the node itself; and the first line of the statement that the finding is about.
    """
    if about is not None:
        return silenced_lines(code, node) | {code.statement.line(about)}
    statement, lines = code.statement, code.statement.lines
    if isinstance(node, Span):
        return frozenset(range(lines.position(node.start)[0], lines.position(node.end)[0] + 1))
    found = {statement.line(node), statement.end_line(node)}
    for around in (node, *code.ancestors(node)):
        if not isinstance(around, (ast.stmt, ast.excepthandler, ast.match_case)):
            continue
        body = getattr(around, "body", None)
        if isinstance(around, ast.match_case):
            found.add(statement.line(around.pattern))
        else:
            found |= {statement.line(around), statement.end_line(around)}
            found |= {statement.line(decorator) for decorator in getattr(around, "decorator_list", ())}
        if body:
            header_end = code.statement.text[: code.span(body[0]).start].rstrip()
            # Comments between the header and the body belong to the body.
            while header_end.splitlines()[-1].lstrip().startswith("#"):
                header_end = header_end[: header_end.rindex("#")].rstrip()
            found.add(lines.position(len(header_end))[0])
        break
    return frozenset(found)


def silence(document: Document, code: Analysis, node: ast.AST | Span, rule: str) -> Edit | None:
    """The edit that silences a rule at a node; `None` where no line can take a comment."""
    statement = code.statement
    lines = statement.lines
    candidates = sorted(silenced_lines(code, node))
    for known in statement.fact(suppressions):
        if known.line in candidates and not known.whole_file and known.names:
            end = known.names[-1][1].end
            return Edit(document.place(statement, Span(end, end)), f", {rule}")
    first = _line_of(code, node)
    for line in sorted(candidates, key=lambda line: (line != first, line)):
        content = lines.line(line)
        if content.endswith("\\") or not _takes_comment(statement, line):
            continue
        end = lines.starts[line] + len(content.rstrip())
        return Edit(document.place(statement, Span(end, end)), f"  # idiomatic: ignore[{rule}]")
    return None


def _line_of(code: Analysis, node: ast.AST | Span) -> int:
    if isinstance(node, Span):
        return code.statement.lines.position(node.start)[0]
    return code.statement.line(node if isinstance(node, ast.excepthandler) else code.statement_of(node))


def _takes_comment(statement: Statement, line: int) -> bool:
    """Whether a line ends outside any string."""
    end = statement.lines.starts[line] + len(statement.lines.line(line))
    for node in statement.nodes:
        for child in ast.walk(node):
            if isinstance(child, (ast.JoinedStr, ast.Constant)) and child.lineno != child.end_lineno:
                span = statement.span(child)
                if span.start < end < span.end and not _is_joined(statement, span, end):
                    return False
    return True


def _is_joined(statement: Statement, span: Span, end: int) -> bool:
    """Whether a line ends between two strings that follow each other: there a comment is possible."""
    text = statement.text[span.start : end]
    return not any(quotes in text for quotes in ('"""', "'''"))


# -- findings about the suppressions themselves -----------------------------------------------------------------------


def judge(
    statement: Statement,
    suppression: Suppression,
    *,
    known: Collection[str],
    active: Collection[str],
    covered: Collection[str],
) -> Iterator[tuple[Idiom, Finding]]:
    """What is to be said about a suppression.

    Args:
        statement: where it stands.
        suppression: which one.
        known: the names of all rules.
        active: the names of those that are looked for; of the others nobody knows whether they would find something.
        covered: the names of the rules of which it silences a finding.
    """
    own = {UNUSED.name, UNKNOWN.name}
    for name, span in suppression.names:
        if name not in known:
            others = set(known) - {other for other, _ in suppression.names}
            nearest = difflib.get_close_matches(name, sorted(others), 1)
            message = f"There is no rule `{name}`" + "".join(f"; did you mean `{other}`?" for other in nearest)
            guess = Unsafe(("The nearest name is a guess.",))
            fixes = (Fix(f"Name `{other}` (a guess)", guess, None, edits=(Edit(span, other),)) for other in nearest)
            yield UNKNOWN, Finding(span, message, tuple(fixes))
        elif name in active and name not in covered and name not in own:
            is_alone = len(suppression.names) == 1
            edit = _without(statement, suppression) if is_alone else _without_name(statement, suppression, span)
            title = "Remove the suppression" if is_alone else f"Remove `{name}` from the suppression"
            yield UNUSED, Finding(span, f"`{name}` silences nothing here", (Fix(title, Safe(), None, edits=(edit,)),))
    if not suppression.names and not covered and set(known) - own <= set(active):
        fix = Fix("Remove the suppression", Safe(), None, edits=(_without(statement, suppression),))
        yield UNUSED, Finding(suppression.span, "This suppression silences nothing", (fix,))


def _without(statement: Statement, suppression: Suppression) -> Edit:
    """Remove a suppression, with the comment it is in if there is nothing else in that, and with the line likewise."""
    text, span = statement.text, suppression.span
    line = statement.lines.line_span(suppression.line)
    before = text[line.start : span.start]
    after = statement.lines.line(suppression.line)[span.end - line.start :]
    code = before.rstrip(" \t\f")
    if after.strip():
        # Another comment, or a reason, follows: it stays a comment.
        rest = after.lstrip(" \t")
        return Edit(Span(span.start, span.end + len(after) - len(rest)), "" if rest.startswith("#") else "# ")
    if code.removeprefix(BOM):
        return Edit(Span(line.start + len(code), span.end + len(after)), "")
    return Edit(Span(line.start + len(code), line.end), "")


def _without_name(statement: Statement, suppression: Suppression, name: Span) -> Edit:
    """Remove one of several names, with one of the commas around it."""
    spans = [span for _, span in suppression.names]
    index = spans.index(name)
    if index + 1 < len(spans):
        return Edit(Span(name.start, spans[index + 1].start), "")
    return Edit(Span(spans[index - 1].end, name.end), "")


def _rule(name: str, text: str) -> Idiom:
    def detect(node: ast.AST, code: Analysis) -> Iterator[Finding]:
        return iter(())

    return Idiom(name, "suppression", Kind.PROBLEM, (3, 0), (), (), (), detect, text.strip(), __file__)


UNUSED: Final = _rule(
    "unused-suppression",
    """Remove a suppression that silences nothing.

## Why
The code it was written for has been changed; left where it is, it will silence the next real finding.

## Example
```python
total = sum(prices)  # idiomatic: ignore[naive-utcnow]
```
becomes
```python
total = sum(prices)
```

## Fix safety
Safe: only the comment, or the one name in it, is removed; what else the comment says stays. Rules that are switched
off, or newer than the target version, are not counted as unused.

## References
- [Suppression comments](../configuration.md#suppression)
""",
)
UNKNOWN: Final = _rule(
    "unknown-suppression",
    """Name a rule that exists in a suppression.

## Why
A misspelt name silences nothing, and nobody notices.

## Example
```python
stamp = datetime.utcnow()  # idiomatic: ignore[naive-utc]
```
becomes
```python
stamp = datetime.utcnow()  # idiomatic: ignore[naive-utcnow]
```

## Fix safety
Unsafe: the nearest name is a guess.

## References
- [Suppression comments](../configuration.md#suppression)
""",
)
