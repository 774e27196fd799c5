"""Silencing a rule in the configuration of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from idiomatic.core.text import Lines
from idiomatic.lsp import types, user
from idiomatic.lsp.protocol import RequestFailed
from idiomatic.lsp.uris import path_of, uri_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from idiomatic.core.text import Edit
    from idiomatic.core.unit import Unit
    from idiomatic.lsp.server import Server


class _File(Struct, frozen=True):
    """A configuration file.

    Attributes:
        path: which one.
        uri: what the client calls it.
        text: what it says; `None` if it is not there yet.
        version: the client's number of the text, if it is open there.
        is_changed: whether it is open and not saved: an editor saves no more than it has changed itself.
    """

    path: Path
    uri: str
    text: str | None
    version: int | None = None
    is_changed: bool = False


async def silence(ls: Server, _: types.Token | None, rule: str, uri: str | None) -> bool:
    """Silence a rule for the project of a file; without one, for the only folder that is open.

    Returns:
        Whether it is silenced now.
    """
    folder, root = _folder(ls, uri)
    choices = await ls.worker.run(_choices, folder, root, rule)
    chosen = choices[0]
    if len(choices) > 1:
        names = [each.name if each.exists() else f"{each.name} (new)" for each in choices]
        answer = await user.choose(ls, f"In which file is `{rule}` to be silenced?", names)
        if answer is None:
            return False
        chosen = choices[answer]
    return await _silence_in(ls, await ls.worker.run(_file, ls, chosen), rule)


def _folder(ls: Server, uri: str | None) -> tuple[Path, Path]:
    """The folder whose configuration counts, and the outermost one of its project."""
    roots = sorted(ls.folders.values(), key=lambda root: -len(root.parts))
    path = _path(ls, uri) if uri is not None else None
    if path is not None:
        folder = path if path in roots else path.parent
        return folder, next((root for root in roots if folder.is_relative_to(root)), folder)
    if len(roots) == 1 or (roots and uri is not None):
        return roots[-1], roots[-1]
    raise RequestFailed("It is not clear which project is meant: name one of its files.")


def _path(ls: Server, uri: str) -> Path | None:
    """The file a URI names, or that of the notebook whose cell it names."""
    opened = ls.documents.text(uri)
    return path_of(uri) if opened is None else opened.path


def _choices(folder: Path, root: Path, rule: str) -> Sequence[Path]:
    """The file in which it is silenced, or those among which the user decides."""
    from idiomatic.core import catalogue
    from idiomatic.project import configuration, silencing

    if rule not in catalogue.rules():
        raise RequestFailed(f"There is no rule `{rule}`")
    try:
        found = configuration.load(folder).file
    except configuration.ConfigurationError as error:
        found = error.file  # a mistake elsewhere in it need not be in the way
    return silencing.places(folder, root) if found is None else [found]


def _file(ls: Server, path: Path) -> _File:
    try:
        saved = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        saved = None
    except (OSError, UnicodeDecodeError) as error:
        raise RequestFailed(f"{path} can't be read: {error}") from error
    for uri, document in ls.documents.items():
        if document.path == path:
            text = document.document.text
            return _File(path, uri, text, document.version, is_changed=text != saved)
    return _File(path, uri_of(path), saved)


async def _silence_in(ls: Server, file: _File, rule: str) -> bool:
    name = file.path.name
    edits = await ls.worker.run(_edits, file, rule, ls.client.unit)
    if not edits:
        user.tell(ls, f"`{rule}` is silenced in {name} already.")
        return True
    if not await user.apply(ls, f"Silence `{rule}` in {name}", _workspace_edit(ls, file, edits)):
        raise RequestFailed(f"{name} was changed meanwhile: `{rule}` is not silenced.")
    is_saved = ls.client.saves_refactorings and not file.is_changed
    user.tell(ls, f"`{rule}` is silenced in {name}{'' if is_saved else ', as soon as it is saved'}.")
    return True


def _edits(file: _File, rule: str, unit: Unit) -> Sequence[types.TextEdit]:
    from idiomatic.core import catalogue
    from idiomatic.project.silencing import SilencingError, silencing

    text = file.text or ""
    try:
        edits = silencing(text, file.path.name, rule, catalogue.families()[rule])
    except SilencingError as error:
        raise RequestFailed(f"`{rule}` is not silenced: {error}") from error
    return [_text_edit(edit, Lines(text), unit) for edit in edits]


def _text_edit(edit: Edit, lines: Lines, unit: Unit) -> types.TextEdit:
    def position(offset: int) -> types.Position:
        line, column = lines.position(offset)
        return {"line": line, "character": unit.width(lines.line(line)[:column])}

    return {"range": {"start": position(edit.span.start), "end": position(edit.span.end)}, "newText": edit.text}


def _workspace_edit(ls: Server, file: _File, edits: Sequence[types.TextEdit]) -> types.WorkspaceEdit:
    if not ls.client.takes_versions:
        return {"changes": {file.uri: list(edits)}}
    changes: list[types.TextDocumentEdit | types.CreateFile] = []
    if file.text is None and ls.client.creates_files:
        changes.append({"kind": "create", "uri": file.uri})
    changes.append({"textDocument": {"uri": file.uri, "version": file.version}, "edits": edits})
    return {"documentChanges": changes}
