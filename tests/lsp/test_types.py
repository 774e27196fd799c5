"""The protocol as it is written down here, beside a library that has all of it."""

from __future__ import annotations

import re
import typing
from enum import Enum
from typing import Any

import attrs
import pytest
from idiomatic.lsp import types
from idiomatic.lsp.checking import fault
from idiomatic.lsp.client import Client
from idiomatic.lsp.greeting import offered
from idiomatic.lsp.protocol import (
    InvalidParams,
    InvalidRequest,
    MethodNotFound,
    NotInitialized,
    RequestCancelled,
    RequestFailed,
    RpcError,
)
from lsprotocol import types as theirs

from tests.lsp.editor import PLAIN, capabilities, converter

OBJECTS = {name: each for name, each in vars(types).items() if typing.is_typeddict(each)}
METHODS = {name: each for name, each in vars(types).items() if name.isupper() and name in vars(theirs)}

CONVERTER = converter()


def in_json(name: str) -> str:
    """`text_document` as it is written in a message."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name.rstrip("_"))


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_are_those_of_the_protocol(name: str) -> None:
    counterpart = getattr(theirs, name)
    members = {in_json(each.name): each for each in attrs.fields(attrs.resolve_types(counterpart))}
    ours = OBJECTS[name]
    assert set(ours.__annotations__) <= set(members)
    required = {
        member
        for member, each in members.items()
        if each.default is attrs.NOTHING or typing.get_origin(each.type) is typing.Literal
    }
    # A client that leaves these out is understood all the same.
    lenient = {"processId", "rootUri", "settings"}
    assert required - set(ours.__required_keys__) <= lenient
    nullable = {"version", "processId"}
    assert set(ours.__required_keys__) - required - nullable <= {"kind"}


def test_methods_are_those_of_the_protocol() -> None:
    assert len(METHODS) > 25
    assert {name: getattr(theirs, name) for name in METHODS} == METHODS
    assert all(method in theirs.METHOD_TO_TYPES for method in METHODS.values())


def test_numbers_and_words_are_those_of_the_protocol() -> None:
    def values(enumeration: type[Enum]) -> dict[str, Any]:
        return {each.name.upper(): each.value for each in enumeration}

    for ours in (types.DiagnosticSeverity, types.MessageType, types.TraceValue):
        counterpart = values(getattr(theirs, ours.__name__))
        assert values(ours).items() <= counterpart.items()
    assert theirs.CodeActionTriggerKind.Automatic.value == types.AUTOMATIC
    assert theirs.CompletionItemKind.Snippet.value == types.SNIPPET_KIND
    assert theirs.InsertTextFormat.PlainText.value == types.PLAIN_TEXT
    assert theirs.InsertTextFormat.Snippet.value == types.SNIPPET
    assert theirs.InsertTextMode.AsIs.value == types.AS_IS
    assert theirs.TextDocumentSyncKind.Incremental.value == types.INCREMENTAL
    assert tuple(each.value for each in theirs.MarkupKind)[::-1] == (types.MARKDOWN, types.PLAIN)
    assert types.CodeActionKind.FIX_ALL.startswith(f"{theirs.CodeActionKind.SourceFixAll.value}.")
    assert {types.CodeActionKind.REWRITE, types.CodeActionKind.QUICK_FIX} <= {*theirs.CodeActionKind}


def test_errors_are_those_of_the_protocol() -> None:
    codes = {each.name: each.value for each in (*theirs.ErrorCodes, *theirs.LSPErrorCodes)}
    assert codes["InternalError"] == RpcError.CODE
    assert codes["ServerNotInitialized"] == NotInitialized.CODE
    for error in (InvalidParams, InvalidRequest, MethodNotFound, RequestCancelled, RequestFailed):
        assert codes[error.__name__] == error.CODE


@pytest.mark.parametrize("can", [PLAIN, capabilities(), capabilities(pull=False, encodings=["utf-32", "utf-8"])])
def test_what_is_offered(can: theirs.ClientCapabilities) -> None:
    """A library that knows the protocol reads the same from it."""
    client = Client.of(CONVERTER.unstructure(can))
    answer = offered(client)
    read = CONVERTER.structure(answer, theirs.ServerCapabilities)
    assert CONVERTER.unstructure(read, theirs.ServerCapabilities) == answer


@pytest.mark.parametrize(
    ("value", "kind", "wrong"),
    [
        ({"line": 1, "character": 2}, types.Position, None),
        ({"line": 1, "character": 2, "more": []}, types.Position, None),
        ({"line": -1, "character": 2}, types.Position, "params.line is negative"),
        ({"line": True, "character": 2}, types.Position, "params.line is no integer"),
        ({"line": 1.5, "character": 2}, types.Position, "params.line is no integer"),
        ({"line": 1}, types.Position, "params has no `character`"),
        (None, types.Position, "params is no object"),
        ([], types.Position, "params is no object"),
        ({"title": "x", "isPreferred": True, "data": 3}, types.CodeAction, None),
        ({"title": "x", "isPreferred": None}, types.CodeAction, None),
        ({"title": "x", "isPreferred": 1}, types.CodeAction, "params.isPreferred is no boolean"),
        ({"title": None}, types.CodeAction, "params.title is no string"),
        ({"diagnostics": [], "only": None}, types.CodeActionContext, None),
        ({"diagnostics": {}}, types.CodeActionContext, "params.diagnostics is no list"),
        (
            {"diagnostics": [], "only": ["x", 1]},
            types.CodeActionContext,
            "params.only[1] is no string",
        ),
        ({"value": "loud"}, types.SetTraceParams, "params.value is none of 'off', 'messages', 'verbose'"),
        ({"id": "x"}, types.CancelParams, None),
        ({"id": 1}, types.CancelParams, None),
        ({"id": None}, types.CancelParams, "params.id is no integer"),
        ({"capabilities": {}, "processId": None, "workspaceFolders": None}, types.InitializeParams, None),
        ({"capabilities": []}, types.InitializeParams, "params.capabilities is no object"),
        (object(), Any, None),
    ],
)
def test_what_is_wrong_with_a_message(value: object, kind: Any, wrong: str | None) -> None:
    assert fault(value, kind) == wrong
