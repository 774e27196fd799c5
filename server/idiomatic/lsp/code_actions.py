"""Code actions: the lightbulb.

The list costs no rewriting: an action says which finding and which of its fixes it is for, and the edit is worked out
when the user has chosen it (`codeAction/resolve`).
"""

from __future__ import annotations

import difflib
import threading
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from idiomatic.core.cells import NotebookDocument
from idiomatic.core.edits import difference
from idiomatic.core.idiom import Kind, Refused, Safe
from idiomatic.core.text import Span
from idiomatic.lsp import diagnostics, surround, types
from idiomatic.lsp.cells import CellPositions
from idiomatic.lsp.equivalents import is_same
from idiomatic.lsp.greeting import SOURCE
from idiomatic.lsp.positions import PositionError
from idiomatic.lsp.protocol import InvalidParams, RequestFailed
from idiomatic.lsp.surroundings import surroundings
from idiomatic.lsp.types import CodeActionKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from idiomatic.core.document import Document
    from idiomatic.core.engine import Analysed, Diagnostic
    from idiomatic.core.idiom import Fix
    from idiomatic.core.text import Edit
    from idiomatic.lsp.client import Client
    from idiomatic.lsp.findings import Findings
    from idiomatic.lsp.server import Server
    from idiomatic.lsp.surroundings import Surroundings

_SUPPRESSION: Final = "suppression"
"""The family of the rules about silencing: what they find is put right, not silenced."""

CHANGED: Final = "The code has changed since this was offered."


def register(server: Server) -> None:
    """Offer code actions."""
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionParams)(code_actions)
    server.feature(types.CODE_ACTION_RESOLVE, types.CodeAction)(resolve)


async def code_actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done at a place."""
    document = ls.python(params["textDocument"]["uri"])
    if document is None:
        return []
    findings = await ls.analyser.current(document)
    around = partial(surroundings, ls, document.path)
    return await ls.worker.soon(offered, findings, params["range"], params["context"], ls.client, around)


async def resolve(ls: Server, action: types.CodeAction) -> types.CodeAction:
    """The action, with its edit."""
    data = action.get("data")
    if data is None:
        return action  # it was complete when it was sent
    if not isinstance(data, dict) or not isinstance(data.get("uri"), str):
        raise InvalidParams("This is no code action of this server")
    document = ls.document(data["uri"])
    findings = await ls.analyser.current(document)
    given_up = threading.Event()
    around = partial(surroundings, ls, document.path)
    try:
        edits = await ls.worker.run(edits_of, findings, action["title"], data, given_up, around)
    finally:
        given_up.set()
    return {**action, "edit": workspace_edit(findings, edits, ls.client)}


# -- the list ---------------------------------------------------------------------------------------------------------


def offered(
    findings: Findings,
    place: types.Range,
    context: types.CodeActionContext,
    client: Client,
    around: Callable[[], Surroundings] | None = None,
) -> list[types.CodeAction]:
    """The actions at a range, in the order in which they are shown.

    Args:
        findings: what is known of the document.
        place: the range.
        context: why they are asked for, and which.
        client: what it can do.
        around: tells what counts for templates; asked for only if lines are selected.
    """
    try:
        span = findings.positions.span(place)
    except PositionError as error:
        raise InvalidParams(str(error)) from error
    found = [
        *_fixes(findings, span, context),
        *_surrounds(findings, span, context, around),
        *_silences(findings, span, context, client),
        *_fix_all(findings, context),
    ]
    actions: list[types.CodeAction] = []
    for action in found:
        if "disabled" in action:
            if client.shows_disabled:
                del action["data"]
                actions.append(action)
        elif "command" in action or client.resolves_edits or _is_filled(action, findings, client, around):
            actions.append(action)
    return actions


def _is_filled(
    action: types.CodeAction, findings: Findings, client: Client, around: Callable[[], Surroundings] | None
) -> bool:
    """Whether the edit of an action could be worked out at once, for a client that does not ask for it."""
    try:
        edits = edits_of(findings, action["title"], action["data"], around=around)
        action["edit"] = workspace_edit(findings, edits, client)
    except RequestFailed:
        return False
    del action["data"]
    return True


def _is_wanted(kind: str, context: types.CodeActionContext, *, unasked: bool) -> bool:
    """Whether the client asks for a kind; `unasked` decides where it asks for none in particular."""
    asked = context.get("only")
    if asked is None:
        return unasked
    return any(not wanted or kind == wanted or kind.startswith(f"{wanted}.") for wanted in asked)


def _is_by_hand(context: types.CodeActionContext) -> bool:
    """Whether the user asked, rather than moved the cursor; clients that do not say ask when the user does."""
    return context.get("triggerKind") != types.AUTOMATIC


def _fixes(findings: Findings, span: Span, context: types.CodeActionContext) -> Iterator[types.CodeAction]:
    by_hand = _is_by_hand(context)
    for found, theirs in _at(findings, span, context):
        is_refactoring = found.rule.kind is Kind.REFACTOR
        kind = CodeActionKind.REWRITE if is_refactoring else CodeActionKind.QUICK_FIX
        if not _is_wanted(kind, context, unasked=by_hand or not is_refactoring):
            continue
        is_shown = findings.is_shown(found)
        if not (is_shown or theirs or by_hand or findings.settings.is_quiet(found.rule)):
            # What can't be applied, and is not shown, is only of interest to somebody who asks.
            continue
        resolves = [*([diagnostics.diagnostic(found, findings)] if is_shown else []), *theirs]
        for index, fix in enumerate(found.fixes):
            action: types.CodeAction = {
                "title": fix.title,
                "kind": kind,
                "data": {**_place(found, findings), "fix": index},
            }
            if resolves:
                action["diagnostics"] = resolves
            if index == 0 and isinstance(fix.verdict, Safe) and not is_refactoring:
                action["isPreferred"] = True
            if isinstance(fix.verdict, Refused):
                action["disabled"] = {"reason": fix.verdict.reason}
            yield action


def _silences(
    findings: Findings, span: Span, context: types.CodeActionContext, client: Client
) -> Iterator[types.CodeAction]:
    if not _is_wanted(CodeActionKind.QUICK_FIX, context, unasked=True):
        return
    done: set[str] = set()
    for found in findings.at(span):
        rule = found.rule.name
        if rule in done or not findings.is_shown(found) or found.rule.family == _SUPPRESSION:
            continue
        done.add(rule)
        action: types.CodeAction = {
            "title": f"Silence `{rule}` here",
            "kind": CodeActionKind.QUICK_FIX,
            "diagnostics": [diagnostics.diagnostic(found, findings)],
        }
        if findings.analysed.silence(found) is not None:
            yield {**action, "data": {**_place(found, findings), "silence": True}}
        if client.applies_edits:
            title = f"Silence `{rule}` in this project"
            arguments = [rule, findings.uri]
            command: types.Command = {
                "title": title,
                "command": types.CommandName.SILENCE,
                "arguments": arguments,
            }
            yield {**action, "title": title, "command": command}


def _surrounds(
    findings: Findings, span: Span, context: types.CodeActionContext, around: Callable[[], Surroundings] | None
) -> Iterator[types.CodeAction]:
    """Templates to put around what is selected: nothing is looked at as long as nothing is."""
    if around is None or span.start == span.end or not findings.is_enabled:
        return
    if _is_wanted(CodeActionKind.REWRITE, context, unasked=_is_by_hand(context)):
        yield from surround.offered(findings, span, around())


def _fix_all(findings: Findings, context: types.CodeActionContext) -> Iterator[types.CodeAction]:
    if not findings.is_enabled:
        return
    fixable = [found for found in findings.analysed.diagnostics if isinstance(found.fix and found.fix.verdict, Safe)]
    if any(map(findings.has, fixable)) and _is_wanted(CodeActionKind.FIX_ALL, context, unasked=False):
        yield {
            "title": "Apply all safe fixes of idiomatic",
            "kind": CodeActionKind.FIX_ALL,
            "data": {"uri": findings.uri, "all": True},
        }
    is_notebook = findings.analysed.module.document.is_notebook
    if fixable and is_notebook and _is_wanted(CodeActionKind.NOTEBOOK_FIX_ALL, context, unasked=False):
        yield {
            "title": "Apply all safe fixes of idiomatic in the notebook",
            "kind": CodeActionKind.NOTEBOOK_FIX_ALL,
            "data": {"uri": findings.uri, "all": True, "notebook": True},
        }


def _at(
    findings: Findings, span: Span, context: types.CodeActionContext
) -> Iterator[tuple[Diagnostic, list[types.Diagnostic]]]:
    """The findings at a span, each with the diagnostics of other linters in the context that mean the same.

    A linter may underline another part of the line than we do.
    """
    others = [other for other in context["diagnostics"] if other.get("source") != SOURCE]
    known: dict[Diagnostic, list[types.Diagnostic]] = {found: [] for found in findings.at(span)}
    for other in others:
        try:
            place = findings.positions.span(other["range"])
        except PositionError:
            continue  # it belongs to another version of the text
        lines = _whole_lines(findings.positions.document, place)
        for found in findings.at(lines):
            if is_same(other, found.rule) and lines.contains(findings.analysed.place(found)):
                known.setdefault(found, []).append(other)
    yield from known.items()


def _whole_lines(document: Document, span: Span) -> Span:
    lines = document.lines
    return Span(lines.line_span(lines.position(span.start)[0]).start, lines.line_span(lines.position(span.end)[0]).end)


# -- the edits --------------------------------------------------------------------------------------------------------


def edits_of(
    findings: Findings,
    title: str,
    data: dict[str, Any],
    given_up: threading.Event | None = None,
    around: Callable[[], Surroundings] | None = None,
) -> Sequence[Edit]:
    """What an action does to the document as it is now, which may be newer than the action.

    Raises:
        RequestFailed: it can't be done, and why.
    """
    from idiomatic.core.draft import DraftError

    if "surround" in data:
        made = surround.edits(findings.positions.document, data, around()) if around is not None else None
        if made is None:
            raise RequestFailed(CHANGED)
        if (reason := findings.positions.document.obstacle(made)) is not None:
            raise RequestFailed(reason)
        return made
    if data.get("all"):
        return all_edits(findings, given_up or threading.Event(), is_whole=data.get("notebook") is True)
    found = _found_again(findings, data)
    if data.get("silence"):
        edit = findings.analysed.silence(found)
        if edit is None:
            raise RequestFailed("No line here can take a comment.")
        return [edit]
    fix = _fix_again(found, title, data)
    try:
        return findings.analysed.rewrite(found, fix).edits
    except DraftError as error:
        raise RequestFailed(str(error)) from error


def _place(found: Diagnostic, findings: Findings) -> dict[str, Any]:
    """What it takes to find a finding again, in this version or a newer one."""
    text = found.statement.text
    return {
        "uri": findings.uri,
        "rule": found.rule.name,
        "statement": _digest(text),
        "start": found.span.start,
        "end": found.span.end,
        "source": _digest(text[found.span.start : found.span.end]),
        "offset": findings.analysed.place(found).start,
    }


def _digest(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def _found_again(findings: Findings, data: dict[str, Any]) -> Diagnostic:
    """The finding that an action was offered for.

    Either its statement is as it was, perhaps elsewhere; or there is only one finding left that it can have been.
    """
    same_rule = findings.analysed.of_rule(str(data.get("rule")))
    exact = [
        found
        for found in same_rule
        if (found.span.start, found.span.end) == (data.get("start"), data.get("end"))
        and _digest(found.statement.text) == data.get("statement")
    ]
    if exact:
        return min(exact, key=lambda found: abs(findings.analysed.place(found).start - int(data.get("offset", 0))))
    alike = [
        found
        for found in same_rule
        if _digest(found.statement.text[found.span.start : found.span.end]) == data.get("source")
    ]
    if len(alike) == 1:
        return alike[0]
    raise RequestFailed(CHANGED)


def _fix_again(found: Diagnostic, title: str, data: dict[str, Any]) -> Fix:
    index = data.get("fix")
    for number, fix in enumerate(found.fixes):
        if number == index and fix.title == title and not isinstance(fix.verdict, Refused):
            return fix
    raise RequestFailed(CHANGED)


def all_edits(findings: Findings, given_up: threading.Event, *, is_whole: bool = False) -> Sequence[Edit]:
    """What all safe fixes of a document change, as far as that is found out before somebody gives it up.

    Args:
        findings: those of the document, or of a cell of a notebook.
        given_up: is set by then.
        is_whole: whether all cells of the notebook are meant.
    """
    from idiomatic.core import bulk

    def is_here(analysed: Analysed, found: Diagnostic) -> bool:
        document = analysed.module.document
        assert isinstance(document, NotebookDocument)
        return document.cell_at(analysed.place(found).start) == index

    positions = findings.positions
    index = positions.index if isinstance(positions, CellPositions) else None
    is_wanted = None if index is None or is_whole else is_here
    analysed = findings.analysed
    for _, analysed in bulk.fix_all(findings.analysed, is_wanted=is_wanted):  # noqa: B007 - the last one counts
        if given_up.is_set():
            break
    return list(changes(findings.analysed.module.document, analysed.module.document))


def changes(old: Document, new: Document) -> Iterator[Edit]:
    """The smallest edits from one version of a document to another; statements that both have are not looked into."""
    if isinstance(old, NotebookDocument) and isinstance(new, NotebookDocument):
        yield from old.changes(new)
        return
    matcher = difflib.SequenceMatcher(None, old.statements, new.statements, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        before = "".join(statement.text for statement in old.statements[start:end])
        after = "".join(statement.text for statement in new.statements[new_start:new_end])
        offset = old.offset(old.statements[start]) if start < len(old.statements) else len(old)
        yield from (edit.shifted(offset) for edit in difference(before, after))


def workspace_edit(findings: Findings, edits: Sequence[Edit], client: Client) -> types.WorkspaceEdit:
    """Edits of the document, in the form the client takes."""
    positions = findings.positions
    if isinstance(positions, CellPositions):
        made = [(cell.uri, cell.version, list(converted)) for cell, converted in positions.notebook.edits(edits)]
    else:
        made = [(findings.uri, findings.version, [positions.edit(edit) for edit in edits])]
    if client.takes_versions:
        return {
            "documentChanges": [
                {"textDocument": {"uri": uri, "version": version}, "edits": converted}
                for uri, version, converted in made
            ]
        }
    return {"changes": {uri: converted for uri, _, converted in made}}
