"""The messages of the Language Server Protocol 3.17, as far as this server sends or takes them.

They are the JSON itself: a type here says what an object looks like and costs nothing, neither at the start nor for a
message. (Classes for the whole protocol, with converters, took half a second to load and 20 MB to keep.) What comes
from a client is compared with these types before anybody uses it (`idiomatic.lsp.checking`).
"""

# The annotations are evaluated here, not in strings: they are what messages are compared with.
from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Final, Literal, NotRequired, TypeAlias, TypedDict

NOT_NEGATIVE: Final = "not negative"

UInteger: TypeAlias = Annotated[int, NOT_NEGATIVE]
Token: TypeAlias = int | str


# -- methods ----------------------------------------------------------------------------------------------------------

CANCEL_REQUEST: Final = "$/cancelRequest"
LOG_TRACE: Final = "$/logTrace"
PROGRESS: Final = "$/progress"
SET_TRACE: Final = "$/setTrace"
CLIENT_REGISTER_CAPABILITY: Final = "client/registerCapability"
CODE_ACTION_RESOLVE: Final = "codeAction/resolve"
COMPLETION_ITEM_RESOLVE: Final = "completionItem/resolve"
EXIT: Final = "exit"
INITIALIZE: Final = "initialize"
INITIALIZED: Final = "initialized"
NOTEBOOK_DOCUMENT_DID_CHANGE: Final = "notebookDocument/didChange"
NOTEBOOK_DOCUMENT_DID_CLOSE: Final = "notebookDocument/didClose"
NOTEBOOK_DOCUMENT_DID_OPEN: Final = "notebookDocument/didOpen"
SHUTDOWN: Final = "shutdown"
TEXT_DOCUMENT_CODE_ACTION: Final = "textDocument/codeAction"
TEXT_DOCUMENT_COMPLETION: Final = "textDocument/completion"
TEXT_DOCUMENT_DIAGNOSTIC: Final = "textDocument/diagnostic"
TEXT_DOCUMENT_DID_CHANGE: Final = "textDocument/didChange"
TEXT_DOCUMENT_DID_CLOSE: Final = "textDocument/didClose"
TEXT_DOCUMENT_DID_OPEN: Final = "textDocument/didOpen"
TEXT_DOCUMENT_DID_SAVE: Final = "textDocument/didSave"
TEXT_DOCUMENT_HOVER: Final = "textDocument/hover"
TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: Final = "textDocument/publishDiagnostics"
WINDOW_LOG_MESSAGE: Final = "window/logMessage"
WINDOW_SHOW_MESSAGE: Final = "window/showMessage"
WINDOW_SHOW_MESSAGE_REQUEST: Final = "window/showMessageRequest"
WINDOW_WORK_DONE_PROGRESS_CANCEL: Final = "window/workDoneProgress/cancel"
WINDOW_WORK_DONE_PROGRESS_CREATE: Final = "window/workDoneProgress/create"
WORKSPACE_APPLY_EDIT: Final = "workspace/applyEdit"
WORKSPACE_CONFIGURATION: Final = "workspace/configuration"
WORKSPACE_DIAGNOSTIC: Final = "workspace/diagnostic"
WORKSPACE_DIAGNOSTIC_REFRESH: Final = "workspace/diagnostic/refresh"
WORKSPACE_DID_CHANGE_CONFIGURATION: Final = "workspace/didChangeConfiguration"
WORKSPACE_DID_CHANGE_WATCHED_FILES: Final = "workspace/didChangeWatchedFiles"
WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: Final = "workspace/didChangeWorkspaceFolders"
WORKSPACE_EXECUTE_COMMAND: Final = "workspace/executeCommand"


# -- numbers and words ------------------------------------------------------------------------------------------------


class DiagnosticSeverity(IntEnum):
    """How loudly a diagnostic is shown."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4


class MessageType(IntEnum):
    """How important a message of the log is."""

    ERROR = 1
    WARNING = 2
    INFO = 3
    LOG = 4


class CodeActionKind(StrEnum):
    """The kinds of code actions that there are here; a client may ask for any string."""

    QUICK_FIX = "quickfix"
    REWRITE = "refactor.rewrite"
    FIX_ALL = "source.fixAll.idiomatic"
    NOTEBOOK_FIX_ALL = "notebook.source.fixAll.idiomatic"


class CommandName(StrEnum):
    """The commands that there are here.

    VS Code gives each a command of its own of that name: what stands in its palette has other names, without `server`.
    """

    EXPLAIN = "idiomatic.server.explain"
    RULES = "idiomatic.server.rules"
    TEMPLATES = "idiomatic.server.templates"
    INSERTION = "idiomatic.server.insertion"
    FIX_ALL = "idiomatic.server.fixAll"
    FIX_WORKSPACE = "idiomatic.server.fixWorkspace"
    SCAN = "idiomatic.server.scan"
    SILENCE = "idiomatic.server.silence"


class TraceValue(StrEnum):
    """How much a client wants to know of what the server does."""

    OFF = "off"
    MESSAGES = "messages"
    VERBOSE = "verbose"


CODE_CELL: Final = 2
"""`NotebookCellKind`."""
AUTOMATIC: Final = 2
"""`CodeActionTriggerKind`: the cursor moved, the user did not ask."""
SNIPPET_KIND: Final = 15
"""`CompletionItemKind`."""
PLAIN_TEXT: Final = 1
SNIPPET: Final = 2
"""`InsertTextFormat`."""
AS_IS: Final = 1
"""`InsertTextMode`."""
INCREMENTAL: Final = 2
"""`TextDocumentSyncKind`."""
MARKDOWN: Final = "markdown"
PLAIN: Final = "plaintext"
"""`MarkupKind`."""


# -- places and texts -------------------------------------------------------------------------------------------------


class Position(TypedDict):
    """A place in a text: lines from 0, columns in units that were agreed on."""

    line: UInteger
    character: UInteger


class Range(TypedDict):
    """A stretch of a text; the end is outside."""

    start: Position
    end: Position


class TextEdit(TypedDict):
    """A replacement."""

    range: Range
    newText: str


class TextDocumentItem(TypedDict):
    """A text that is opened."""

    uri: str
    languageId: str
    version: int
    text: str


class TextDocumentIdentifier(TypedDict):
    """A text."""

    uri: str


class OptionalVersionedTextDocumentIdentifier(TypedDict):
    """A text in one of its versions."""

    uri: str
    version: int | None


class DidOpenTextDocumentParams(TypedDict):
    """A text was opened."""

    textDocument: TextDocumentItem


class DidCloseTextDocumentParams(TypedDict):
    """A text was closed."""

    textDocument: TextDocumentIdentifier


class DidSaveTextDocumentParams(TypedDict):
    """A text was saved."""

    textDocument: TextDocumentIdentifier


# -- notebooks --------------------------------------------------------------------------------------------------------


class NotebookCell(TypedDict):
    """A cell of a notebook: its text is a document of its own."""

    kind: int
    document: str


class NotebookDocument(TypedDict):
    """A notebook that is opened."""

    uri: str
    notebookType: str
    version: int
    cells: list[NotebookCell]


class NotebookDocumentIdentifier(TypedDict):
    """A notebook."""

    uri: str


class VersionedNotebookDocumentIdentifier(TypedDict):
    """A notebook in one of its versions."""

    uri: str
    version: int


class DidOpenNotebookDocumentParams(TypedDict):
    """A notebook was opened."""

    notebookDocument: NotebookDocument
    cellTextDocuments: list[TextDocumentItem]


class NotebookCellArrayChange(TypedDict):
    """Cells that come in the place of others."""

    start: UInteger
    deleteCount: UInteger
    cells: NotRequired[list[NotebookCell]]


class NotebookDocumentCellChangeStructure(TypedDict):
    """Cells came, went or moved."""

    array: NotebookCellArrayChange
    didOpen: NotRequired[list[TextDocumentItem]]
    didClose: NotRequired[list[TextDocumentIdentifier]]


class VersionedTextDocumentIdentifier(TypedDict):
    """A text in one of its versions."""

    uri: str
    version: int


class NotebookDocumentCellContentChanges(TypedDict):
    """The text of a cell was changed."""

    document: VersionedTextDocumentIdentifier
    changes: list[Any]


class NotebookDocumentCellChanges(TypedDict):
    """Cells were changed."""

    structure: NotRequired[NotebookDocumentCellChangeStructure]
    data: NotRequired[list[NotebookCell]]
    textContent: NotRequired[list[NotebookDocumentCellContentChanges]]


class NotebookDocumentChangeEvent(TypedDict):
    """What changed in a notebook; there is also its metadata, which does not matter here."""

    cells: NotRequired[NotebookDocumentCellChanges]


class DidChangeNotebookDocumentParams(TypedDict):
    """A notebook was changed."""

    notebookDocument: VersionedNotebookDocumentIdentifier
    change: NotebookDocumentChangeEvent


class DidCloseNotebookDocumentParams(TypedDict):
    """A notebook was closed."""

    notebookDocument: NotebookDocumentIdentifier
    cellTextDocuments: list[TextDocumentIdentifier]


# -- what is shown and edited -----------------------------------------------------------------------------------------


class MarkupContent(TypedDict):
    """A text to be shown."""

    kind: str
    value: str


class AnnotatedTextEdit(TypedDict):
    """A replacement, and what there is to say about it."""

    range: Range
    newText: str
    annotationId: str


class ChangeAnnotation(TypedDict):
    """What there is to say about a part of an edit."""

    label: str
    needsConfirmation: NotRequired[bool]
    description: NotRequired[str]


class TextDocumentEdit(TypedDict):
    """Edits of one version of a text."""

    textDocument: OptionalVersionedTextDocumentIdentifier
    edits: Sequence[TextEdit | AnnotatedTextEdit]


class CreateFile(TypedDict):
    """A file that is made, empty."""

    kind: Literal["create"]
    uri: str


class WorkspaceEdit(TypedDict):
    """Edits of any texts, in one of two forms."""

    changes: NotRequired[dict[str, list[TextEdit]]]
    documentChanges: NotRequired[list[TextDocumentEdit | CreateFile]]
    changeAnnotations: NotRequired[dict[str, ChangeAnnotation]]


class WorkspaceEditMetadata(TypedDict):
    """What kind of edit it is: an editor saves the files that it refactors."""

    isRefactoring: NotRequired[bool]


class ApplyWorkspaceEditParams(TypedDict):
    """An edit that the client is asked to make."""

    label: NotRequired[str]
    edit: WorkspaceEdit
    metadata: NotRequired[WorkspaceEditMetadata]


class Command(TypedDict):
    """A command to be carried out, of the server or of the client."""

    title: str
    command: str
    arguments: NotRequired[list[Any]]


# -- the beginning ----------------------------------------------------------------------------------------------------


class WorkspaceFolder(TypedDict):
    """A folder that is open in the client."""

    uri: str
    name: str


class InitializeParams(TypedDict):
    """What a client says first."""

    processId: NotRequired[int | None]
    rootUri: NotRequired[str | None]
    rootPath: NotRequired[str | None]
    capabilities: dict[str, Any]
    initializationOptions: NotRequired[Any]
    trace: NotRequired[Literal["off", "messages", "verbose"]]
    workspaceFolders: NotRequired[list[WorkspaceFolder] | None]


class SetTraceParams(TypedDict):
    """How much the client wants to know from now on."""

    value: Literal["off", "messages", "verbose"]


class CancelParams(TypedDict):
    """Which request nobody waits for any more."""

    id: Token


# -- diagnostics ------------------------------------------------------------------------------------------------------


class CodeDescription(TypedDict):
    """Where a code is documented."""

    href: str


class Diagnostic(TypedDict):
    """Something that is underlined; what others add is sent back to them as it came."""

    range: Range
    message: str
    severity: NotRequired[int]
    code: NotRequired[int | str]
    codeDescription: NotRequired[CodeDescription]
    source: NotRequired[str]
    data: NotRequired[Any]


class PublishDiagnosticsParams(TypedDict):
    """What is underlined in a text."""

    uri: str
    version: NotRequired[int]
    diagnostics: Sequence[Diagnostic]


class DocumentDiagnosticParams(TypedDict):
    """What is to be underlined in a text?"""

    textDocument: TextDocumentIdentifier
    identifier: NotRequired[str]
    previousResultId: NotRequired[str]
    workDoneToken: NotRequired[Token]
    partialResultToken: NotRequired[Token]


class RelatedFullDocumentDiagnosticReport(TypedDict):
    """This is."""

    kind: Literal["full"]
    items: Sequence[Diagnostic]
    resultId: NotRequired[str]


class RelatedUnchangedDocumentDiagnosticReport(TypedDict):
    """The same as the last time."""

    kind: Literal["unchanged"]
    resultId: str


DocumentDiagnosticReport: TypeAlias = RelatedFullDocumentDiagnosticReport | RelatedUnchangedDocumentDiagnosticReport


class PreviousResultId(TypedDict):
    """What a client was told last about a text."""

    uri: str
    value: str


class WorkspaceDiagnosticParams(TypedDict):
    """What is to be underlined in all files?"""

    identifier: NotRequired[str]
    previousResultIds: list[PreviousResultId]
    workDoneToken: NotRequired[Token]
    partialResultToken: NotRequired[Token]


class WorkspaceFullDocumentDiagnosticReport(TypedDict):
    """This is, in one of them."""

    kind: Literal["full"]
    uri: str
    version: int | None
    items: Sequence[Diagnostic]
    resultId: NotRequired[str]


class WorkspaceUnchangedDocumentDiagnosticReport(TypedDict):
    """The same as the last time, in one of them."""

    kind: Literal["unchanged"]
    uri: str
    version: int | None
    resultId: str


WorkspaceDocumentDiagnosticReport: TypeAlias = (
    WorkspaceFullDocumentDiagnosticReport | WorkspaceUnchangedDocumentDiagnosticReport
)


class WorkspaceDiagnosticReport(TypedDict):
    """In each of them, or in those that were not told of yet."""

    items: Sequence[WorkspaceDocumentDiagnosticReport]


# -- progress ---------------------------------------------------------------------------------------------------------


class ProgressParams(TypedDict):
    """News of something that takes long: `WorkDoneProgress...`, or a part of a result."""

    token: Token
    value: Any


class WorkDoneProgressCreateParams(TypedDict):
    """May news be sent under this name?"""

    token: Token


class WorkDoneProgressCancelParams(TypedDict):
    """The user wants an end of it."""

    token: Token


class WorkDoneProgressBegin(TypedDict):
    """It begins."""

    kind: Literal["begin"]
    title: str
    cancellable: NotRequired[bool]
    message: NotRequired[str]
    percentage: NotRequired[UInteger]


class WorkDoneProgressReport(TypedDict):
    """It goes on."""

    kind: Literal["report"]
    cancellable: NotRequired[bool]
    message: NotRequired[str]
    percentage: NotRequired[UInteger]


class WorkDoneProgressEnd(TypedDict):
    """It is at its end."""

    kind: Literal["end"]
    message: NotRequired[str]


# -- code actions -----------------------------------------------------------------------------------------------------


class CodeActionContext(TypedDict):
    """What is underlined there, and what is asked for."""

    diagnostics: list[Diagnostic]
    only: NotRequired[list[str]]
    triggerKind: NotRequired[int]


class CodeActionParams(TypedDict):
    """What can be done there?"""

    textDocument: TextDocumentIdentifier
    range: Range
    context: CodeActionContext
    workDoneToken: NotRequired[Token]
    partialResultToken: NotRequired[Token]


class CodeActionDisabled(TypedDict):
    """Why it can't."""

    reason: str


class CodeAction(TypedDict):
    """Something that can be done."""

    title: str
    kind: NotRequired[str]
    diagnostics: NotRequired[list[Diagnostic]]
    isPreferred: NotRequired[bool]
    disabled: NotRequired[CodeActionDisabled]
    edit: NotRequired[WorkspaceEdit]
    command: NotRequired[Command]
    data: NotRequired[Any]


# -- hover and completion ---------------------------------------------------------------------------------------------


class HoverParams(TypedDict):
    """What is there to say about a place?"""

    textDocument: TextDocumentIdentifier
    position: Position
    workDoneToken: NotRequired[Token]


class Hover(TypedDict):
    """This is."""

    contents: MarkupContent
    range: NotRequired[Range]


class CompletionParams(TypedDict):
    """What fits into a place?"""

    textDocument: TextDocumentIdentifier
    position: Position
    workDoneToken: NotRequired[Token]
    partialResultToken: NotRequired[Token]


class CompletionItemLabelDetails(TypedDict):
    """What stands behind a label."""

    description: NotRequired[str]


class CompletionItem(TypedDict):
    """Something that fits."""

    label: str
    labelDetails: NotRequired[CompletionItemLabelDetails]
    kind: NotRequired[int]
    detail: NotRequired[str]
    documentation: NotRequired[str | MarkupContent]
    filterText: NotRequired[str]
    sortText: NotRequired[str]
    insertTextFormat: NotRequired[int]
    insertTextMode: NotRequired[int]
    textEdit: NotRequired[TextEdit]
    additionalTextEdits: NotRequired[list[TextEdit]]
    data: NotRequired[Any]


class CompletionList(TypedDict):
    """What fits."""

    isIncomplete: bool
    items: Sequence[CompletionItem]


# -- the workspace ----------------------------------------------------------------------------------------------------


class DidChangeConfigurationParams(TypedDict):
    """The user changed settings."""

    settings: NotRequired[Any]


class FileEvent(TypedDict):
    """A file was made, written or deleted."""

    uri: str
    type: int


class DidChangeWatchedFilesParams(TypedDict):
    """What happened to files."""

    changes: list[FileEvent]


class WorkspaceFoldersChangeEvent(TypedDict):
    """Which folders came and went."""

    added: list[WorkspaceFolder]
    removed: list[WorkspaceFolder]


class DidChangeWorkspaceFoldersParams(TypedDict):
    """Folders came and went."""

    event: WorkspaceFoldersChangeEvent


class ConfigurationItem(TypedDict):
    """Settings that are asked for."""

    scopeUri: NotRequired[str]
    section: NotRequired[str]


class ConfigurationParams(TypedDict):
    """Which settings are asked for."""

    items: Sequence[ConfigurationItem]


class Registration(TypedDict):
    """Something that the client is asked to tell of."""

    id: str
    method: str
    registerOptions: NotRequired[Any]


class RegistrationParams(TypedDict):
    """What the client is asked to tell of."""

    registrations: Sequence[Registration]


class ExecuteCommandParams(TypedDict):
    """A command is to be carried out."""

    command: str
    arguments: NotRequired[list[Any]]
    workDoneToken: NotRequired[Token]


class MessageActionItem(TypedDict):
    """An answer that the user may give."""

    title: str


class ShowMessageParams(TypedDict):
    """What the user is told."""

    type: int
    message: str


class ShowMessageRequestParams(TypedDict):
    """What the user is asked."""

    type: int
    message: str
    actions: NotRequired[Sequence[MessageActionItem]]


class LogMessageParams(TypedDict):
    """A line for the client's log."""

    type: int
    message: str


class LogTraceParams(TypedDict):
    """What the server does, for who wants to know."""

    message: str
    verbose: NotRequired[str]
