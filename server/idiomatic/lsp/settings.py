"""Configuration: from the client, at the start and whenever it changes, and from files that change on the disk."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from idiomatic.lsp import diagnostics, logs, scan, types
from idiomatic.lsp.protocol import Refusal
from idiomatic.lsp.uris import path_of, uri_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.lsp.documents import OpenDocument
    from idiomatic.lsp.server import Server

logger = logging.getLogger(__name__)

SECTION: Final = "idiomatic"

_CONFIGURATION: Final = frozenset(
    {"idiomatic.toml", "pyproject.toml", "ruff.toml", ".ruff.toml", "setup.cfg", "setup.py", ".python-version"}
)
_WATCHED: Final = (*(f"**/{name}" for name in sorted(_CONFIGURATION)), "**/*.py", "**/*.pyi")


def register(server: Server) -> None:
    """Take note of what changes."""
    configuration, files = types.DidChangeConfigurationParams, types.DidChangeWatchedFilesParams
    folders = types.DidChangeWorkspaceFoldersParams
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION, configuration)(did_change_configuration)
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, files)(did_change_watched_files)
    server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, folders)(did_change_workspace_folders)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE, types.DidSaveTextDocumentParams)(did_save)


def begin(ls: Server, params: types.InitializeParams) -> None:
    """Take over what the client says before anything else."""
    root, path = params.get("rootUri"), params.get("rootPath")
    if folders := params.get("workspaceFolders"):
        _open_folders(ls, folders)
    elif root or path:
        _open_folders(ls, [{"uri": root or uri_of(Path(str(path))), "name": ""}])
    ls.client_settings = {None: section(params.get("initializationOptions"))}
    ls.keep(_take_over(ls))


async def initialized(ls: Server) -> None:
    """Ask the client for what it tells only when asked."""
    wanted: list[types.Registration] = []
    if ls.client.watches_configuration:
        method, options = types.WORKSPACE_DID_CHANGE_CONFIGURATION, {"section": SECTION}
        wanted.append({"id": "idiomatic-configuration", "method": method, "registerOptions": options})
    if ls.client.watches_files:
        watchers = {"watchers": [{"globPattern": pattern} for pattern in _WATCHED]}
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        wanted.append({"id": "idiomatic-files", "method": method, "registerOptions": watchers})
    if wanted:
        await _asked(ls, types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams(registrations=wanted))
    if ls.client.asks_configuration:
        await _ask(ls)


async def did_change_configuration(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    """The client's settings changed: they are in the message, or have to be asked for."""
    if ls.client.asks_configuration:
        await _ask(ls)
    else:
        ls.client_settings = {None: section(params.get("settings"))}
        await _apply(ls)


async def did_change_watched_files(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    """Files were written, made or deleted; what is open counts as it is in the client."""
    uris = [change["uri"] for change in params["changes"]]
    changed = [uri for uri in uris if uri not in ls.documents]
    ls.scanner.written([path for uri in uris if (path := path_of(uri)) is not None])
    if any(is_configuration(path_of(uri)) for uri in uris):
        ls.analyser.touch(None)
        await _read_again(ls)
        return
    await _look_at_templates(ls)
    if changed:
        ls.analyser.touch(None)
        ls.scanner.touch()
        await ls.worker.run(ls.workspaces.changed)
        await diagnostics.refresh(ls)


async def did_save(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    """A document was saved; without file watching, that is how changes of configuration files are noticed."""
    path = path_of(params["textDocument"]["uri"])
    if not ls.client.watches_files:
        await (_read_again(ls) if is_configuration(path) else _look_at_templates(ls))


async def _look_at_templates(ls: Server) -> None:
    await ls.worker.run(ls.workspaces.look_at_templates)
    if ls.workspaces.faults_number != ls.faults_number:
        await diagnostics.publish_faults(ls)


async def did_change_workspace_folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Folders were added or removed."""
    for folder in params["event"]["removed"]:
        ls.folders.pop(folder["uri"], None)
    _open_folders(ls, params["event"]["added"])
    if ls.client.asks_configuration:
        await _ask(ls, unchanged_too=True)
    else:
        await _apply(ls)


def is_configuration(path: Path | None) -> bool:
    """Whether a file says something about the configuration."""
    return path is not None and path.name in _CONFIGURATION


def _open_folders(ls: Server, folders: Sequence[types.WorkspaceFolder]) -> None:
    uris = [folder["uri"] for folder in folders]
    ls.folders |= {uri: path for uri in uris if (path := path_of(uri)) is not None}


async def _ask(ls: Server, *, unchanged_too: bool = False) -> None:
    """Ask the client for its settings, for each folder and for what is in none; take them over if they are new."""
    folders = dict(ls.folders)
    items: list[types.ConfigurationItem] = [{"section": SECTION}]
    items += [{"scopeUri": uri, "section": SECTION} for uri in folders]
    answers = await _asked(ls, types.WORKSPACE_CONFIGURATION, types.ConfigurationParams(items=items))
    new = ls.client_settings
    if isinstance(answers, list) and len(answers) == len(items):
        general = new.get(None, {}) if answers[0] is None else _plain(answers[0])
        answered = zip(folders.values(), answers[1:], strict=True)
        own = {place: _plain(answer) for place, answer in answered if answer is not None}
        new = {None: general} | {place: settings for place, settings in own.items() if settings != general}
    if unchanged_too or new != ls.client_settings:
        ls.client_settings = new
        await _apply(ls)


async def _asked(ls: Server, method: str, params: object) -> Any:
    """What a client answers; nothing if it fails to."""
    try:
        return await ls.ask(method, params)
    except Refusal as error:
        logger.warning("The client did not answer: %s", error)
        return None


async def _apply(ls: Server) -> None:
    await _take_over(ls)
    await _show(ls)


async def _take_over(ls: Server) -> None:
    logs.set_level(ls.client_settings.get(None, {}).get("logLevel"))
    await ls.worker.run(ls.workspaces.configure, tuple(ls.folders.values()), ls.client_settings)


async def _read_again(ls: Server) -> None:
    await ls.worker.run(ls.workspaces.forget)
    await _show(ls)


async def _show(ls: Server) -> None:
    await scan.configured(ls)
    ls.scanner.touch()
    ls.status.touch()
    paths = [document.path for document in ls.documents.values()]
    await ls.worker.run(lambda: [ls.workspaces.place(path) for path in paths])
    await diagnostics.publish_faults(ls)
    await diagnostics.refresh(ls)


def section(settings: Any) -> Mapping[str, Any]:
    """Our settings, whether the client sends them as they are, under our name, or among others."""
    plain = _plain(settings)
    for key in (SECTION, "settings"):
        if isinstance(plain.get(key), Mapping):
            return section(plain[key])
    return plain


def _plain(settings: Any) -> Mapping[str, Any]:
    """Settings as a mapping; anything else counts as none."""
    if isinstance(settings, Mapping):
        return settings
    if settings is not None:
        logger.warning("Settings that are not an object were left out: %r", settings)
    return {}


async def check(ls: Server, document: OpenDocument) -> None:
    """Show what is wrong in a configuration file that was opened."""
    await ls.worker.run(ls.workspaces.place, document.path)
    await diagnostics.publish_faults(ls)
