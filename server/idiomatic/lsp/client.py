"""What the client can do, from what it said in `initialize`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from lsprotocol import types
from pygls.capabilities import get_capability

from idiomatic.core.text import Unit

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Client:
    """The client's abilities, under the names of the questions that are asked about them.

    Attributes:
        unit: what it counts columns in: the first of its own list that exists.
        pulls_diagnostics: it asks for diagnostics; otherwise they are sent to it.
        refreshes_diagnostics: it can be told to ask again.
        resolves_edits: a code action may come without its edit, which is asked for when it is chosen.
        resolves_completion: the same for documentation and further edits of a completion.
        shows_disabled: it shows why a code action is not possible.
        takes_versions: edits may say which version of a document they are for.
        markdown: what it shows in a hover may be Markdown.
        completion_markdown: likewise for the documentation of a completion.
        snippets: a completion may have tab stops.
        asks_configuration: it answers `workspace/configuration`.
        watches_configuration: it has to be asked before it tells of changed settings.
        watches_files: it can be asked to tell of changed files.
    """

    unit: Unit = Unit.UTF16
    pulls_diagnostics: bool = False
    refreshes_diagnostics: bool = False
    resolves_edits: bool = False
    resolves_completion: frozenset[str] = frozenset()
    shows_disabled: bool = False
    takes_versions: bool = False
    markdown: bool = True
    completion_markdown: bool = True
    snippets: bool = False
    asks_configuration: bool = False
    watches_configuration: bool = False
    watches_files: bool = False

    @classmethod
    def of(cls, capabilities: types.ClientCapabilities, unit: Unit) -> Self:
        """The client that described itself like this; `unit` is what was agreed on."""

        def can(name: str, default: Any = None) -> Any:
            return get_capability(capabilities, name, default)

        resolvable: Collection[str] = can("text_document.code_action.resolve_support.properties", ())
        return cls(
            unit=unit,
            pulls_diagnostics=can("text_document.diagnostic") is not None,
            refreshes_diagnostics=bool(can("workspace.diagnostics.refresh_support")),
            resolves_edits=bool(can("text_document.code_action.data_support")) and "edit" in resolvable,
            resolves_completion=frozenset(
                can("text_document.completion.completion_item.resolve_support.properties", ())
            ),
            shows_disabled=bool(can("text_document.code_action.disabled_support")),
            takes_versions=bool(can("workspace.workspace_edit.document_changes")),
            markdown=_prefers_markdown(can("text_document.hover.content_format")),
            completion_markdown=_prefers_markdown(can("text_document.completion.completion_item.documentation_format")),
            snippets=bool(can("text_document.completion.completion_item.snippet_support")),
            asks_configuration=bool(can("workspace.configuration")),
            watches_configuration=bool(can("workspace.did_change_configuration.dynamic_registration")),
            watches_files=bool(can("workspace.did_change_watched_files.dynamic_registration")),
        )


def _prefers_markdown(formats: Collection[types.MarkupKind] | None) -> bool:
    return formats is not None and types.MarkupKind.Markdown in formats
