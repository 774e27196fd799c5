"""pygls' protocol, made to withstand whatever a client sends.

What differs: a message that can't be understood is answered if it wants an answer; nothing is handled before
`initialize` or after `shutdown`; texts go to our own store and nowhere else; finished calls leave nothing behind; the
process ends with the exit code that the protocol asks for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method

if TYPE_CHECKING:
    from concurrent.futures import Future

    from idiomatic.lsp.server import Server

logger = logging.getLogger(__name__)

_NOTEBOOKS: Final = (
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_SAVE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
)


class RequestFailed(JsonRpcException):
    """A request that is in order but can't be fulfilled; the message is for the user and says why."""

    CODE = types.LSPErrorCodes.RequestFailed.value
    MESSAGE = "Request Failed"


class Protocol(LanguageServerProtocol):
    """See the module."""

    _server: Server

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._initialized = False
        # pygls would keep the texts of cells, which nobody asks it for.
        for method in _NOTEBOOKS:
            self.fm.builtin_features.pop(method, None)

    # -- messages in --------------------------------------------------------------------------------------------------

    def receive(self, data: Any) -> None:
        """Handle a decoded message, which may be anything."""
        if not isinstance(data, dict):
            logger.error("A message that is not an object was left out")
            return
        method, is_request = data.get("method"), "id" in data and "method" in data
        if (refusal := self._refusal(method)) is not None:
            if is_request:
                self._send_response(data["id"], error=refusal.to_response_error())
            elif method is not None:
                logger.warning("%s: %s", method, refusal)
            return
        if self.get_message_type(method) is None:
            data.setdefault("params", None)
        try:
            message = self.structure_message(data)
        except JsonRpcException as error:
            if is_request:
                self._send_response(data["id"], error=error.to_response_error())
            elif (future := self._request_futures.pop(data.get("id"), None)) is not None:  # type: ignore[arg-type]
                future.set_exception(error)
            return
        if method == types.INITIALIZE:
            self._initialized = True
        self.handle_message(message)

    def _refusal(self, method: str | None) -> JsonRpcException | None:
        """Why a message can't be handled at this time."""
        if method in {None, types.EXIT}:
            return None
        if self._shutdown:
            return JsonRpcInvalidRequest("The server is shutting down")
        if method == types.INITIALIZE:
            return JsonRpcInvalidRequest("The server is initialized already") if self._initialized else None
        return None if self._initialized else JsonRpcServerNotInitialized("The server is not initialized yet")

    def structure_message(self, data: dict[str, Any]) -> Any:
        """The message as an object of lsprotocol's, or of pygls' for methods unknown to it."""
        if "jsonrpc" not in data:
            raise JsonRpcInvalidRequest("There is no member `jsonrpc`")
        return super().structure_message(data)

    def _execute_handler(self, msg_id: Any, handler: Any, callback: Any, args: Any = None, kwargs: Any = None) -> None:
        def done(future: Future[Any]) -> None:
            # Otherwise every notification would leave its future behind.
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, done, args, kwargs)

    def _send_handler_result(self, future: Future[Any], *, msg_id: Any) -> None:
        if not future.cancelled() and isinstance(error := future.exception(), JsonRpcException):
            # An answer like any other, not a fault of ours that belongs in the log with its traceback.
            logger.info("Request %s: %s", msg_id, error)
            self._send_response(msg_id, error=error.to_response_error())
            return
        super()._send_handler_result(future, msg_id=msg_id)

    def _handle_cancel_notification(self, msg_id: Any) -> None:
        if (future := self._request_futures.pop(msg_id, None)) is None:
            logger.debug("Request %s was answered before it was cancelled", msg_id)
        else:
            future.cancel()

    # -- what pygls handles itself ------------------------------------------------------------------------------------

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """A text was opened."""
        self._server.opened(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """A text was edited."""
        self._server.changed(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """A text was closed."""
        self._server.closed(params)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        """The client is done with this process."""
        self._server.end(0 if self._shutdown else 1)
