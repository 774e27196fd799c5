"""An editor as the server sees one: a process at the other end of two pipes, with the texts that are open in it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import pytest_lsp
from lsprotocol import types
from pygls import uris
from pygls.protocol import default_converter
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from idiomatic.lsp.types import Position, Range

SERVER = Path(__file__).parents[2] / "server"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SERVER)}
COMMAND = (sys.executable, "-P", "-m", "idiomatic", "server")

TIMEOUT = 20.0


def capabilities(
    *, pull: bool = True, encodings: Sequence[str] | None = None, edits: bool = False, links: bool = False
) -> types.ClientCapabilities:
    """An editor that can do everything.

    Args:
        pull: it asks for diagnostics.
        encodings: what it counts columns in.
        edits: it makes edits that the server wants made.
        links: it leads from diagnostics to pages about their rules.
    """
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(
            position_encodings=[types.PositionEncodingKind(encoding) for encoding in encodings] if encodings else None
        ),
        workspace=types.WorkspaceClientCapabilities(
            configuration=True,
            workspace_folders=True,
            apply_edit=edits,
            workspace_edit=types.WorkspaceEditClientCapabilities(
                document_changes=True,
                metadata_support=edits,
                change_annotation_support=types.ChangeAnnotationsSupportOptions() if edits else None,
                resource_operations=[types.ResourceOperationKind.Create] if edits else None,
            ),
            did_change_configuration=types.DidChangeConfigurationClientCapabilities(dynamic_registration=True),
            did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
            diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True),
        ),
        notebook_document=types.NotebookDocumentClientCapabilities(types.NotebookDocumentSyncClientCapabilities()),
        text_document=types.TextDocumentClientCapabilities(
            diagnostic=types.DiagnosticClientCapabilities() if pull else None,
            publish_diagnostics=types.PublishDiagnosticsClientCapabilities(
                version_support=True, code_description_support=links
            ),
            hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
            completion=types.CompletionClientCapabilities(
                completion_item=types.ClientCompletionItemOptions(
                    snippet_support=True,
                    documentation_format=[types.MarkupKind.Markdown],
                    resolve_support=types.ClientCompletionItemResolveOptions(["documentation", "additionalTextEdits"]),
                )
            ),
            code_action=types.CodeActionClientCapabilities(
                code_action_literal_support=types.ClientCodeActionLiteralOptions(
                    types.ClientCodeActionKindOptions([kind.value for kind in types.CodeActionKind])
                ),
                is_preferred_support=True,
                disabled_support=True,
                data_support=True,
                resolve_support=types.ClientCodeActionResolveOptions(["edit"]),
            ),
        ),
    )


def converter() -> Any:
    """The library's converter, for what it does not know.

    A code action that has a command is taken for a command there, and what a server says of notebooks is not read.
    """

    def command_or_action(found: Any, _: Any) -> types.Command | types.CodeAction:
        is_command = isinstance(found.get("command"), str)
        return made.structure(found, types.Command if is_command else types.CodeAction)  # type: ignore[no-any-return]

    def notebooks(found: Any, _: Any) -> types.NotebookDocumentSyncOptions | None:
        return found and types.NotebookDocumentSyncOptions(
            [
                types.NotebookDocumentFilterWithCells(
                    [types.NotebookCellLanguage(cell["language"]) for cell in each["cells"]], each.get("notebook")
                )
                for each in found["notebookSelector"]
            ]
        )

    made = default_converter()  # type: ignore[no-untyped-call]
    made.register_structure_hook(Union[types.Command, types.CodeAction], command_or_action)  # noqa: UP007 - the key there
    options = types.NotebookDocumentSyncOptions | types.NotebookDocumentSyncRegistrationOptions | None
    made.register_structure_hook(options, notebooks)
    return made


PLAIN = types.ClientCapabilities()
"""An editor that can do nothing but what every editor can."""


def at(line: int, character: int, end_line: int | None = None, end_character: int | None = None) -> types.Range:
    """A range; a position if there is no end."""
    start = types.Position(line, character)
    if end_line is None or end_character is None:
        return types.Range(start, start)
    return types.Range(start, types.Position(end_line, end_character))


def position(line: int, character: int) -> Position:
    """A position as the server has it."""
    return {"line": line, "character": character}


def place(line: int, character: int, end_line: int, end_character: int) -> Range:
    """A range as the server has it."""
    return {"start": position(line, character), "end": position(end_line, end_character)}


def of_client(found: Range) -> types.Range:
    """A range of the server's as the client has it."""
    start, end = found["start"], found["end"]
    return at(start["line"], start["character"], end["line"], end["character"])


@dataclass
class Editor:
    """An editor and its server.

    Attributes:
        client: the connection.
        root: the folder that is open.
        published: the diagnostics that were sent, in order, by URI.
        registered: what the server asked to be told of.
        refreshed: how often the server asked to be asked again.
        traced: what the server said it does.
    answer: what is said to its question for settings, by scope.
    told: the messages that the user has seen, questions included.
    choice: which of the offered answers the user gives to any of them.
    wanted: the edits that the server wanted made.
    makes_edits: whether they are made: what the user says.
    on_edit: what happens while the user decides.
    """

    client: pytest_lsp.LanguageClient
    root: Path
    published: dict[str, list[types.PublishDiagnosticsParams]] = field(default_factory=lambda: defaultdict(list))
    registered: list[types.Registration] = field(default_factory=list)
    refreshed: int = 0
    traced: list[types.LogTraceParams] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    choice: int | None = None
    wanted: list[types.ApplyWorkspaceEditParams] = field(default_factory=list)
    makes_edits: bool = True
    on_edit: Callable[[], object] = lambda: None
    result: types.InitializeResult | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _versions: dict[str, int] = field(default_factory=dict)

    @classmethod
    async def start(
        cls,
        root: Path,
        can: types.ClientCapabilities | None = None,
        options: Any = None,
        folders: Sequence[Path] | None = None,
        answer: Mapping[str, Any] | None = None,
        *,
        trace: types.TraceValue | None = None,
        env: Mapping[str, str] | None = None,
        process: int | None = None,
    ) -> Editor:
        """Start a server and agree with it."""
        client = pytest_lsp.LanguageClient(converter_factory=converter)
        editor = cls(client, root, answer=dict(answer or {}))
        register_lsp_features(client, {**DEFAULT_CLIENT_FEATURES, **editor._features()})
        await client.start_io(*COMMAND, env={**ENVIRONMENT, **(env or {})})
        params = types.InitializeParams(
            process_id=process,
            capabilities=can or capabilities(),
            workspace_folders=[
                types.WorkspaceFolder(uri_of(folder), folder.name)
                for folder in ([root] if folders is None else folders)
            ],
            initialization_options=options,
            trace=trace,
        )
        async with asyncio.timeout(TIMEOUT):
            editor.result = await client.initialize_session(params)
        return editor

    def _features(self) -> dict[str, Any]:
        async def publish(ls: Any, params: types.PublishDiagnosticsParams) -> None:
            self.published[params.uri].append(params)
            await self._tell()

        async def register(ls: Any, params: types.RegistrationParams) -> None:
            self.registered += params.registrations
            await self._tell()

        async def refresh(ls: Any, params: None) -> None:
            self.refreshed += 1
            await self._tell()

        def trace(ls: Any, params: types.LogTraceParams) -> None:
            self.traced.append(params)

        def configuration(ls: Any, params: types.ConfigurationParams) -> list[Any]:
            return [self.answer.get(item.scope_uri or "", self.answer.get("")) for item in params.items]

        async def tell(ls: Any, params: types.ShowMessageParams) -> None:
            self.told.append(params.message)
            await self._tell()

        def choose(ls: Any, params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            self.told.append(" | ".join([params.message, *(action.title for action in params.actions or ())]))
            return None if self.choice is None else list(params.actions or ())[self.choice]

        def apply(ls: Any, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self.wanted.append(params)
            self.on_edit()
            return types.ApplyWorkspaceEditResult(applied=self.makes_edits)

        return {
            types.WINDOW_SHOW_MESSAGE: tell,
            types.WINDOW_SHOW_MESSAGE_REQUEST: choose,
            types.WORKSPACE_APPLY_EDIT: apply,
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: publish,
            types.CLIENT_REGISTER_CAPABILITY: register,
            types.WORKSPACE_DIAGNOSTIC_REFRESH: refresh,
            types.WORKSPACE_CONFIGURATION: configuration,
            types.LOG_TRACE: trace,
        }

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, condition: Any) -> None:
        """Wait until something the server sent makes a condition true."""
        async with asyncio.timeout(TIMEOUT), self._news:
            await self._news.wait_for(condition)

    async def stop(self) -> int:
        """Take leave; gives the exit code."""
        async with asyncio.timeout(TIMEOUT):
            await self.client.shutdown_session()
        process = self.client._server
        assert process is not None
        await self.client.stop()  # type: ignore[no-untyped-call]
        assert process.returncode is not None
        return process.returncode

    @property
    def is_running(self) -> bool:
        process = self.client._server
        return process is not None and process.returncode is None

    # -- documents ----------------------------------------------------------------------------------------------------

    def uri(self, name: str) -> str:
        return uri_of(self.root / name)

    def open(self, text: str, name: str = "module.py", language: str = "python", version: int = 1) -> str:
        uri = name if ":" in name else self.uri(name)
        self._versions[uri] = version
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, version, text))
        )
        return uri

    def edit(self, uri: str, place: types.Range | None, text: str, version: int | None = None) -> int:
        """Replace what is at a place, or everything."""
        number = self._versions[uri] + 1 if version is None else version
        self._versions[uri] = max(number, self._versions[uri])
        change: Any = (
            types.TextDocumentContentChangeWholeDocument(text)
            if place is None
            else types.TextDocumentContentChangePartial(place, text)
        )
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(number, uri), [change])
        )
        return number

    def close(self, uri: str) -> None:
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    # -- questions ----------------------------------------------------------------------------------------------------

    async def pull(self, uri: str, previous: str | None = None) -> Any:
        async with asyncio.timeout(TIMEOUT):
            return await self.client.text_document_diagnostic_async(
                types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri), previous_result_id=previous)
            )

    async def found(self, uri: str) -> list[types.Diagnostic]:
        """What the server says when it is asked."""
        return list((await self.pull(uri)).items)

    async def sent(self, uri: str, version: int | None) -> list[types.Diagnostic]:
        """What the server sends for a version without being asked."""
        await self.until(lambda: any(each.version == version for each in self.published[uri]))
        return list(next(each for each in self.published[uri] if each.version == version).diagnostics)

    async def actions(
        self,
        uri: str,
        place: types.Range,
        *,
        diagnostics: Sequence[types.Diagnostic] = (),
        only: Sequence[str] | None = None,
        trigger: types.CodeActionTriggerKind | None = types.CodeActionTriggerKind.Invoked,
    ) -> list[types.CodeAction]:
        context = types.CodeActionContext(list(diagnostics), list(only) if only is not None else None, trigger)
        async with asyncio.timeout(TIMEOUT):
            found = await self.client.text_document_code_action_async(
                types.CodeActionParams(types.TextDocumentIdentifier(uri), place, context)
            )
        return [action for action in found or () if isinstance(action, types.CodeAction)]

    async def resolve(self, action: types.CodeAction) -> types.CodeAction:
        async with asyncio.timeout(TIMEOUT):
            return await self.client.code_action_resolve_async(action)

    async def execute(self, command: str, *arguments: Any, token: str | None = None) -> Any:
        """What a command of the server gives."""
        async with asyncio.timeout(TIMEOUT):
            return await self.client.workspace_execute_command_async(
                types.ExecuteCommandParams(command, list(arguments), work_done_token=token)
            )

    async def hover(self, uri: str, line: int, character: int) -> types.Hover | None:
        async with asyncio.timeout(TIMEOUT):
            return await self.client.text_document_hover_async(
                types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
            )

    async def completions(self, uri: str, line: int, character: int) -> list[types.CompletionItem]:
        async with asyncio.timeout(TIMEOUT):
            found = await self.client.text_document_completion_async(
                types.CompletionParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
            )
        assert isinstance(found, types.CompletionList)
        return list(found.items)


def uri_of(path: Path) -> str:
    return str(uris.from_fs_path(str(path)))


def text_edits(action: types.CodeAction) -> list[types.TextEdit]:
    """The edits of an action on one document."""
    assert action.edit is not None
    if action.edit.document_changes is not None:
        (change,) = action.edit.document_changes
        assert isinstance(change, types.TextDocumentEdit)
        return [edit for edit in change.edits if isinstance(edit, types.TextEdit)]
    assert action.edit.changes is not None
    (edits,) = action.edit.changes.values()
    return list(edits)


def applied(text: str, edits: Sequence[types.TextEdit]) -> str:
    """A text of single-byte characters after edits, as an editor applies them."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(position: types.Position) -> int:
        return min(starts[min(position.line, len(starts) - 1)] + position.character, len(text))

    for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text
