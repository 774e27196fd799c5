"""What the client can do, from what it said in `initialize`."""

# The annotations are evaluated here, not in strings, which a `NamedTuple` would compile one by one.
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from idiomatic.core.unit import Unit
from idiomatic.lsp import types


class Client(NamedTuple):
    """The client's abilities, under the names of the questions that are asked about them.

    Attributes:
        unit: what it counts columns in: the first of its own list that exists.
        pulls_diagnostics: it asks for diagnostics; otherwise they are sent to it.
        refreshes_diagnostics: it can be told to ask again.
        resolves_edits: a code action may come without its edit, which is asked for when it is chosen.
        resolves_completion: the same for documentation and further edits of a completion.
        shows_disabled: it shows why a code action is not possible.
        links_codes: it leads from a diagnostic to a page about its rule.
        takes_versions: edits may say which version of a document they are for.
        takes_annotations: edits may come with what there is to say about them.
        creates_files: an edit may make a file.
        saves_refactorings: it can be told that an edit is a refactoring, after which it saves the files.
        applies_edits: it can be asked to make an edit.
        markdown: what it shows in a hover may be Markdown.
        completion_markdown: likewise for the documentation of a completion.
        snippets: a completion may have tab stops.
        asks_configuration: it answers `workspace/configuration`.
        watches_configuration: it has to be asked before it tells of changed settings.
        watches_files: it can be asked to tell of changed files.
        syncs_notebooks: it tells of notebooks and their cells.
        shows_progress: it can be asked to show how far something is.
    """

    unit: Unit = Unit.UTF16
    pulls_diagnostics: bool = False
    refreshes_diagnostics: bool = False
    resolves_edits: bool = False
    resolves_completion: frozenset[str] = frozenset()
    shows_disabled: bool = False
    links_codes: bool = False
    takes_versions: bool = False
    takes_annotations: bool = False
    creates_files: bool = False
    saves_refactorings: bool = False
    applies_edits: bool = False
    markdown: bool = True
    completion_markdown: bool = True
    snippets: bool = False
    asks_configuration: bool = False
    watches_configuration: bool = False
    watches_files: bool = False
    syncs_notebooks: bool = False
    shows_progress: bool = False

    @classmethod
    def of(cls, capabilities: Mapping[str, Any]) -> Self:
        """The client that described itself like this."""

        def said(name: str) -> Any:
            return _member(capabilities, name)

        def can(name: str) -> bool:
            return said(name) is True

        def listed(name: str) -> list[Any]:
            found = said(name)
            return found if isinstance(found, list) else []

        completion = "textDocument.completion.completionItem"
        return cls(
            unit=next((Unit(name) for name in listed("general.positionEncodings") if name in set(Unit)), Unit.UTF16),
            pulls_diagnostics=said("textDocument.diagnostic") is not None,
            refreshes_diagnostics=can("workspace.diagnostics.refreshSupport"),
            resolves_edits=can("textDocument.codeAction.dataSupport")
            and "edit" in listed("textDocument.codeAction.resolveSupport.properties"),
            resolves_completion=frozenset(map(str, listed(f"{completion}.resolveSupport.properties"))),
            shows_disabled=can("textDocument.codeAction.disabledSupport"),
            links_codes=can("textDocument.publishDiagnostics.codeDescriptionSupport")
            or can("textDocument.diagnostic.codeDescriptionSupport"),
            takes_versions=can("workspace.workspaceEdit.documentChanges"),
            takes_annotations=said("workspace.workspaceEdit.changeAnnotationSupport") is not None,
            creates_files="create" in listed("workspace.workspaceEdit.resourceOperations"),
            saves_refactorings=can("workspace.workspaceEdit.metadataSupport"),
            applies_edits=can("workspace.applyEdit"),
            markdown=types.MARKDOWN in listed("textDocument.hover.contentFormat"),
            completion_markdown=types.MARKDOWN in listed(f"{completion}.documentationFormat"),
            snippets=can(f"{completion}.snippetSupport"),
            asks_configuration=can("workspace.configuration"),
            watches_configuration=can("workspace.didChangeConfiguration.dynamicRegistration"),
            watches_files=can("workspace.didChangeWatchedFiles.dynamicRegistration"),
            syncs_notebooks=said("notebookDocument.synchronization") is not None,
            shows_progress=can("window.workDoneProgress"),
        )


def _member(value: Any, name: str) -> Any:
    """A member of a member of an object; `None` where something on the way is missing or no object."""
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
