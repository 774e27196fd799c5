"""Configuration: from the client, at the start and whenever it changes, and from files that change on the disk."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cattrs
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from idiomatic.lsp import diagnostics, logs
from idiomatic.lsp.documents import path_of

if TYPE_CHECKING:
    from idiomatic.lsp.documents import OpenDocument
    from idiomatic.lsp.server import Server

logger = logging.getLogger(__name__)

SECTION: Final = "idiomatic"

_CONFIGURATION: Final = frozenset(
    {"idiomatic.toml", "pyproject.toml", "ruff.toml", ".ruff.toml", "setup.cfg", "setup.py", ".python-version"}
)
_WATCHED: Final = (*(f"**/{name}" for name in sorted(_CONFIGURATION)), "**/*.py", "**/*.pyi")


def initialize(ls: Server, params: types.InitializeParams) -> None:
    """Take over what the client says before anything else, and take note of what it may say later."""
    ls.client_settings = {None: section(params.initialization_options)}
    ls.keep(_take_over(ls))
    ls.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(did_change_configuration)
    ls.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(did_change_watched_files)
    ls.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(did_change_workspace_folders)
    ls.feature(types.TEXT_DOCUMENT_DID_SAVE)(did_save)


async def initialized(ls: Server) -> None:
    """Ask the client for what it tells only when asked."""
    registrations: list[types.Registration] = []
    if ls.client.watches_configuration:
        options: Any = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
        registrations.append(
            types.Registration("idiomatic-configuration", types.WORKSPACE_DID_CHANGE_CONFIGURATION, options)
        )
    if ls.client.watches_files:
        watchers = [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        registrations.append(types.Registration("idiomatic-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options))
    if registrations:
        await _asked(ls.client_register_capability_async(types.RegistrationParams(registrations)))
    if ls.client.asks_configuration:
        await _ask(ls)


async def did_change_configuration(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    """The client's settings changed: they are in the message, or have to be asked for."""
    if ls.client.asks_configuration:
        await _ask(ls)
    else:
        ls.client_settings = {None: section(params.settings)}
        await _apply(ls)


async def did_change_watched_files(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    """Files were written, made or deleted; what is open counts as it is in the client."""
    changed = [change.uri for change in params.changes if change.uri not in ls.documents]
    if any(is_configuration(path_of(change.uri)) for change in params.changes):
        ls.analyser.touch(None)
        await _read_again(ls)
    elif changed:
        ls.analyser.touch(None)
        await diagnostics.refresh(ls)


async def did_save(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    """A document was saved; without file watching, that is how changes of configuration files are noticed."""
    path = path_of(params.text_document.uri)
    if not ls.client.watches_files and is_configuration(path):
        await _read_again(ls)


async def did_change_workspace_folders(ls: Server, _: types.DidChangeWorkspaceFoldersParams) -> None:
    """Folders were added or removed; pygls has taken note of which."""
    if ls.client.asks_configuration:
        await _ask(ls, unchanged_too=True)
    else:
        await _apply(ls)


def is_configuration(path: Path | None) -> bool:
    """Whether a file says something about the configuration."""
    return path is not None and path.name in _CONFIGURATION


def folders(ls: Server) -> Mapping[Path, str]:
    """The folders that are open in the client, with the URIs it has for them."""
    uris = [folder.uri for folder in ls.workspace.folders.values()]
    if not uris and ls.workspace.root_uri:
        uris = [ls.workspace.root_uri]
    return {path: uri for uri in uris if (path := path_of(uri)) is not None}


async def _ask(ls: Server, *, unchanged_too: bool = False) -> None:
    """Ask the client for its settings, for each folder and for what is in none; take them over if they are new."""
    places = folders(ls)
    items = [types.ConfigurationItem(scope_uri=uri, section=SECTION) for uri in (None, *places.values())]
    answers = await _asked(ls.workspace_configuration_async(types.ConfigurationParams(items)))
    new = ls.client_settings
    if isinstance(answers, (list, tuple)) and len(answers) == len(items):
        general = new.get(None, {}) if answers[0] is None else _plain(answers[0])
        own = {place: _plain(answer) for place, answer in zip(places, answers[1:], strict=True) if answer is not None}
        new = {None: general} | {place: settings for place, settings in own.items() if settings != general}
    if unchanged_too or new != ls.client_settings:
        ls.client_settings = new
        await _apply(ls)


async def _asked(request: Any) -> Any:
    """What a client answers; nothing if it fails to."""
    try:
        return await request
    except (JsonRpcException, cattrs.BaseValidationError) as error:
        logger.warning("The client did not answer: %s", error)
        return None


async def _apply(ls: Server) -> None:
    await _take_over(ls)
    await _show(ls)


async def _take_over(ls: Server) -> None:
    logs.set_level(ls.client_settings.get(None, {}).get("logLevel"))
    await ls.worker.run(ls.workspaces.configure, tuple(folders(ls)), ls.client_settings)


async def _read_again(ls: Server) -> None:
    await ls.worker.run(ls.workspaces.forget)
    await _show(ls)


async def _show(ls: Server) -> None:
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
