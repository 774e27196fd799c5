"""pygls' protocol, made to withstand whatever a client sends.

What differs: a message that can't be understood is answered if it wants an answer; nothing is handled before
`initialize` or after `shutdown`; texts go to our own store and nowhere else; finished calls leave nothing behind; the
process ends with the exit code that the protocol asks for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from cattrs import transform_error
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
    LanguageServerProtocol,
    lsp_method,
)

from idiomatic.lsp import changes

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
        # pygls would keep the texts of cells, which nobody asks it for, and of changes it would keep a second copy.
        for method in (*_NOTEBOOKS, types.TEXT_DOCUMENT_DID_CHANGE):
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
        if method == types.TEXT_DOCUMENT_DID_CHANGE:
            self._change(data.get("params"))
            return
        if method is not None and self.get_message_type(method) is None:
            data.setdefault("params", None)
        try:
            message = self.structure_message(data)
        except JsonRpcException as error:
            if is_request:
                self._send_response(data["id"], error=error.to_response_error())
            elif "id" in data and (future := self._request_futures.pop(data["id"], None)) is not None:
                future.set_exception(error)
            else:
                logger.error("%s was left out: %s", method or "A response", error)  # noqa: TRY400 - theirs, not ours
            return
        if method == types.INITIALIZE:
            self._initialized = True
        self.handle_message(message)

    def _change(self, params: Any) -> None:
        """The message that is sent at every keystroke, read by hand.

        That is quicker, and stricter: cattrs would take a text of `null` for the text `None`.
        """
        try:
            self._server.changed(changes.read(params))
        except changes.ChangeError as error:
            logger.error("%s was left out: %s", types.TEXT_DOCUMENT_DID_CHANGE, error)  # noqa: TRY400 - theirs, not ours

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
        """The message as an object of lsprotocol's, or of pygls' for methods unknown to it.

        Raises:
            JsonRpcException: it is not what it should be, and why.
        """
        if data.get("jsonrpc") != self.VERSION:
            raise JsonRpcInvalidRequest(f"The member `jsonrpc` is not {self.VERSION!r}")
        try:
            return self._converter.structure(data, self._type_of(data))
        except Exception as error:
            raise JsonRpcInvalidParams("; ".join(transform_error(error, "message"))) from error

    def _type_of(self, data: dict[str, Any]) -> type[Any]:
        if "method" in data:
            known = self.get_message_type(data["method"])
            return known or (JsonRPCRequestMessage if "id" in data else JsonRPCNotification)
        if "error" in data:
            return types.ResponseErrorMessage
        return self._result_types.pop(data["id"], None) or JsonRPCResponseMessage

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

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """A text was closed."""
        self._server.closed(params)

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *_: Any) -> None:  # type: ignore[override]
        """The client wants nothing any more, not even the answers that are still due."""
        self._shutdown = True
        for future in list(self._request_futures.values()):
            future.cancel()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        """The client is done with this process."""
        self._server.end(0 if self._shutdown else 1)
