"""All safe fixes at once: of the file, and of all files."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from idiomatic.lsp import code_actions, user
from idiomatic.lsp.progress import Progress
from idiomatic.lsp.protocol import RequestFailed
from idiomatic.lsp.scan_process import answers
from idiomatic.lsp.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from idiomatic.core.text import Edit
    from idiomatic.lsp import types
    from idiomatic.lsp.server import Server
    from idiomatic.project.scan.fixing import Replacement

# -- of a file --------------------------------------------------------------------------------------------------------


async def fix_all(ls: Server, _: types.Token | None, uri: str) -> bool:
    """Make all safe fixes of an open file; of the whole notebook, if it is a cell of one."""
    document = ls.document(uri)
    findings = await ls.analyser.current(document)
    given_up = threading.Event()
    try:
        edits: Sequence[Edit] = ()
        if findings.is_enabled:
            edits = await ls.worker.run(code_actions.all_edits, findings, given_up, is_whole=True)
    finally:
        given_up.set()
    if not edits:
        user.tell(ls, "Nothing in this file has a safe fix.")
        return False
    name = uri.rpartition("/")[2]
    is_made = await user.apply(ls, "Fix all safe", code_actions.workspace_edit(findings, edits, ls.client), saves=False)
    if not is_made:
        user.tell(ls, f"{name} was edited meanwhile: nothing was fixed.")
    return is_made


# -- of all files -----------------------------------------------------------------------------------------------------


class _Fixed(Struct, frozen=True):
    """What would be fixed in a file.

    Attributes:
        path: which one.
        uri: what the client calls it.
        version: the client's number of the text, if it is open.
        edits: what changes.
        rules: how often each rule was applied.
        digest: of the file, if it is not open.
    """

    path: Path
    uri: str
    version: int | None
    edits: Sequence[Replacement]
    rules: Mapping[str, int]
    digest: str | None


async def fix_workspace(ls: Server, token: types.Token | None) -> bool:
    """Make all safe fixes of all files of all folders; what is open counts as it is in the editor."""
    own = asyncio.current_task()
    assert own is not None
    progress = Progress(ls, token, "idiomatic: fixing the workspace", own.cancel)
    try:
        fixed, faults = await _fixes(ls, progress)
    except asyncio.CancelledError:
        if not ls.protocol.is_shut_down:
            user.tell(ls, "Cancelled: nothing was fixed.")
        raise
    finally:
        progress.end()
    left_out = "".join(f" {name} {fault}." for name, fault in faults)
    if not fixed:
        user.tell(ls, f"Nothing has a safe fix.{left_out}")
        return False
    changed = await _changed(ls, fixed)
    if changed is None and await user.apply(ls, "Fix all safe in workspace", _workspace_edit(ls, fixed)):
        # Where the user has confirmed it, it may be less.
        what = " what you have chosen" if ls.client.takes_annotations else f": {_counted(fixed)}"
        user.tell(ls, f"Fixed{what}.{left_out}")
        return True
    if (changed := changed or await _changed(ls, fixed)) is not None:
        user.tell(ls, f"{changed} was changed meanwhile: nothing was fixed. Try again.")
    else:
        user.tell(ls, "Nothing was fixed.")
    return False


async def _fixes(ls: Server, progress: Progress) -> tuple[list[_Fixed], list[tuple[str, str]]]:
    """What would be fixed, and what is left out and why."""
    from pathlib import Path

    opened = {document.path: (uri, document.version) for uri, document in ls.documents.items()}
    fixed: list[_Fixed] = []
    faults: list[tuple[str, str]] = []
    total, done = 1, 0
    async with aclosing(answers(ls.scanner.task(fixes=True), ls.keep)) as said:
        async for answer in said:
            match answer:
                case {"files": int(total)}:
                    pass
                case {"done": int(done)}:
                    await progress.report(done / total)
                case {"path": str(name), "edits": list(edits), "fixed": dict(rules), "digest": digest}:
                    path = Path(name)
                    uri, version = opened.get(path, (uri_of(path), None))
                    fixed.append(_Fixed(path, uri, version, edits, rules, digest))
                case {"path": str(name), "fault": str(fault)}:
                    faults.append((Path(name).name, fault))
                case {"root": str(root), "fault": str(fault)}:
                    faults.append((root, f"was left out, because of {fault}"))
    if done < total:
        raise RequestFailed("The process that looks for fixes has failed: nothing was fixed.")
    return sorted(fixed, key=lambda each: each.path), faults


async def _changed(ls: Server, fixed: Sequence[_Fixed]) -> str | None:
    """The name of a file that is not any more what the fixes are for."""
    for each in fixed:
        document = ls.documents.get(each.uri)
        if each.version != (document.version if document is not None else None):
            return each.path.name
    return await ls.worker.run(_changed_on_disk, [each for each in fixed if each.version is None])


def _changed_on_disk(fixed: Sequence[_Fixed]) -> str | None:
    from idiomatic.project import evidence

    for each in fixed:
        try:
            is_same = evidence.digest(each.path.read_bytes()) == each.digest
        except OSError:
            is_same = False
        if not is_same:
            return each.path.name
    return None


def _workspace_edit(ls: Server, fixed: Sequence[_Fixed]) -> types.WorkspaceEdit:
    """The edit of all files; each file's part says which rules it is for, and wants to be confirmed."""
    if not ls.client.takes_versions:
        return {"changes": {each.uri: [_text_edit(edit) for edit in each.edits] for each in fixed}}
    annotations: dict[str, types.ChangeAnnotation] = {}
    changes: list[types.TextDocumentEdit | types.CreateFile] = []
    for each in fixed:
        name = ", ".join(sorted(each.rules))
        edits: list[Any] = [_text_edit(edit) for edit in each.edits]
        if ls.client.takes_annotations:
            annotations[name] = {"label": name, "needsConfirmation": True, "description": "Safe: same behaviour"}
            edits = [{**edit, "annotationId": name} for edit in edits]
        changes.append({"textDocument": {"uri": each.uri, "version": each.version}, "edits": edits})
    edit: types.WorkspaceEdit = {"documentChanges": changes}
    return {**edit, "changeAnnotations": annotations} if annotations else edit


def _text_edit(edit: Replacement) -> types.TextEdit:
    (line, character), (end_line, end_character) = edit["start"], edit["end"]
    return {
        "range": {
            "start": {"line": line, "character": character},
            "end": {"line": end_line, "character": end_character},
        },
        "newText": edit["text"],
    }


def _counted(fixed: Sequence[_Fixed]) -> str:
    rules = sum((Counter(each.rules) for each in fixed), Counter[str]())
    return ", ".join(f"{number} x {rule}" for rule, number in sorted(rules.items()))
