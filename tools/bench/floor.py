"""A language server that does nothing but its duty: what an edit costs before anything has been found out.

It applies edits to its text and answers each with the same diagnostics, which it is given at the start. Whatever is
built on pygls takes at least as long.
"""

from typing import Any

import cattrs
from lsprotocol import converters, types
from pygls.lsp.server import LanguageServer


def server() -> LanguageServer:
    """The server."""
    made = LanguageServer("floor", "1")
    items: list[types.Diagnostic] = []
    converter: cattrs.Converter = converters.get_converter()

    @made.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        options: Any = params.initialization_options
        items.extend(converter.structure(options["diagnostics"], list[types.Diagnostic]))

    def publish(uri: str, version: int) -> None:
        made.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, items, version=version))

    @made.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        publish(params.text_document.uri, params.text_document.version)

    @made.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        publish(params.text_document.uri, params.text_document.version)

    return made


if __name__ == "__main__":
    server().start_io()
