"""JSON-RPC as the Language Server Protocol uses it, made to withstand whatever a client sends.

A message that can't be understood is answered if it wants an answer; nothing is handled before `initialize` or after
`shutdown`; finished calls leave nothing behind; a request that fails or is cancelled is answered all the same.

Notifications are handled when they arrive, one after the other: a handler that is a coroutine goes on by itself.
Requests are coroutines, or are answered at once.
"""

# ruff: noqa: N818 - errors are called what the protocol calls them

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from idiomatic.lsp import types
from idiomatic.lsp.checking import fault
from idiomatic.lsp.connection import VERSION, framed
from idiomatic.lsp.encoding import encoded

if TYPE_CHECKING:
    from idiomatic.lsp.connection import Writer

logger = logging.getLogger(__name__)

H = TypeVar("H", bound=Callable[..., Any])

_OPTIONAL: Final = "$/"
"""How the methods begin that one may not know."""


class RpcError(Exception):
    """An answer that says why there is no result; the message is for the user."""

    CODE: ClassVar[int] = -32603


class InvalidRequest(RpcError):
    """The message is none, or comes at the wrong time."""

    CODE = -32600


class MethodNotFound(RpcError):
    """Nobody here knows what is asked for."""

    CODE = -32601


class InvalidParams(RpcError):
    """The parameters are not what they should be."""

    CODE = -32602


class NotInitialized(RpcError):
    """It comes before `initialize`."""

    CODE = -32002


class RequestCancelled(RpcError):
    """The client did not want to wait any longer."""

    CODE = -32800


class RequestFailed(RpcError):
    """A request that is in order but can't be fulfilled; the message is for the user and says why."""

    CODE = -32803


class Refusal(RpcError):
    """The client answered a request of ours with an error.

    Attributes:
        code: which.
    """

    def __init__(self, message: str, code: object) -> None:
        super().__init__(message)
        self.code = code


class Protocol:
    """The messages of one client.

    Attributes:
        is_initialized: whether `initialize` was handled.
        is_shut_down: whether `shutdown` was handled.
        trace: how much the client wants to know of what the server does.
    """

    def __init__(self, server: object) -> None:
        self.is_initialized = False
        self.is_shut_down = False
        self.trace = types.TraceValue.OFF
        self._server = server
        self._writer: Writer | None = None
        self._handlers: dict[str, tuple[Callable[..., Any], Any]] = {}
        self._answering: dict[types.Token, asyncio.Future[Any]] = {}
        self._going_on: set[asyncio.Future[Any]] = set()
        self._asked: dict[types.Token, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self.feature(types.CANCEL_REQUEST, types.CancelParams)(lambda _, params: self._cancel(params["id"]))
        self.feature(types.SET_TRACE, types.SetTraceParams)(lambda _, params: self._set_trace(params["value"]))

    def set_writer(self, writer: Writer) -> None:
        """Where messages go."""
        self._writer = writer

    def feature(self, method: str, params: Any = Any) -> Callable[[H], H]:
        """Decorates the handler of a method, which is called with the server and the parameters.

        Args:
            method: its name.
            params: what the parameters have to be; a client that sends something else is told so.
        """

        def register(handler: H) -> H:
            self._handlers[method] = handler, params
            return handler

        return register

    def has(self, method: str) -> bool:
        """Whether there is a handler of a method."""
        return method in self._handlers

    # -- messages in --------------------------------------------------------------------------------------------------

    def receive(self, message: Any) -> None:
        """Handle a decoded message, which may be anything."""
        if not isinstance(message, dict):
            logger.error("A message that is not an object was left out")
        elif "method" not in message:
            self._take_answer(message)
        elif "id" in message:
            self._take_request(message)
        else:
            self._take_notification(message)

    def _take_request(self, message: dict[str, Any]) -> None:
        number, method = message["id"], message["method"]
        if not isinstance(number, int | str):
            logger.error("A request whose number is %r was left out", number)
            return
        try:
            handler, params = self._prepared(message)
            result = handler(self._server, params)
        except Exception as error:
            self._fail(number, method, error)
            return
        if not asyncio.iscoroutine(result):
            self._send({"jsonrpc": VERSION, "id": number, "result": result})
            return
        task = self._answering[number] = asyncio.ensure_future(result)
        task.add_done_callback(lambda task: self._answer(number, method, task))

    def _answer(self, number: types.Token, method: str, task: asyncio.Future[Any]) -> None:
        if self._answering.get(number) is task:
            del self._answering[number]
        if task.cancelled():
            self._fail(number, method, RequestCancelled("The request was cancelled"))
        elif isinstance(error := task.exception(), Exception):
            self._fail(number, method, error)
        else:
            self._send({"jsonrpc": VERSION, "id": number, "result": task.result()})

    def _fail(self, number: types.Token, method: object, error: Exception) -> None:
        if isinstance(error, RpcError):
            # An answer like any other, not a fault of ours.
            logger.info("Request %s (%s): %s", number, method, error)
        else:
            logger.error("Request %s (%s) failed", number, method, exc_info=error)
            error = RpcError(f"{type(error).__name__}: {error}")
        self._send({"jsonrpc": VERSION, "id": number, "error": {"code": error.CODE, "message": str(error)}})

    def _take_notification(self, message: dict[str, Any]) -> None:
        method = message["method"]
        try:
            handler, params = self._prepared(message)
        except MethodNotFound:
            if not str(method).startswith(_OPTIONAL):
                logger.info("%s was left out: nobody here knows it", method)
            return
        except RpcError as error:
            logger.error("%s was left out: %s", method, error)  # noqa: TRY400 - theirs, not ours
            return
        self._handle(method, handler(self._server, params))

    def _handle(self, method: str, result: object) -> None:
        """Let what a handler began go on."""
        if asyncio.iscoroutine(result):
            task = asyncio.ensure_future(result)
            self._going_on.add(task)
            task.add_done_callback(lambda task: self._ended(method, task))

    def _ended(self, method: str, task: asyncio.Future[Any]) -> None:
        self._going_on.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed", method, exc_info=error)

    def _prepared(self, message: dict[str, Any]) -> tuple[Callable[..., Any], Any]:
        """The handler of a message, and the parameters it gets.

        Raises:
            RpcError: there is none, or it is not called; and why.
        """
        method = message["method"]
        if not isinstance(method, str):
            raise InvalidRequest("The member `method` is no string")
        if (refusal := self._refusal(method)) is not None:
            raise refusal
        if message.get("jsonrpc") != VERSION:
            raise InvalidRequest(f"The member `jsonrpc` is not {VERSION!r}")
        if method not in self._handlers:
            raise MethodNotFound(f"Unknown method: {method}")
        handler, kind = self._handlers[method]
        params = message.get("params")
        if (wrong := fault(params, kind)) is not None:
            raise InvalidParams(wrong)
        return handler, params

    def _refusal(self, method: str) -> RpcError | None:
        """Why a message can't be handled at this time."""
        if method == types.EXIT:
            return None
        if self.is_shut_down:
            return InvalidRequest("The server is shutting down")
        if method == types.INITIALIZE:
            return InvalidRequest("The server is initialized already") if self.is_initialized else None
        return None if self.is_initialized else NotInitialized("The server is not initialized yet")

    def _take_answer(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        future = self._asked.pop(number, None) if isinstance(number, int | str) else None
        if future is None:
            logger.error("An answer to a question that was not asked was left out")
        elif future.done():
            pass  # nobody waits for it any more
        elif "result" in message:
            future.set_result(message["result"])
        else:
            match message.get("error"):
                case {"message": str(text), "code": code}:
                    future.set_exception(Refusal(text, code))
                case _:
                    future.set_exception(Refusal("An answer without a result", None))

    def _cancel(self, number: types.Token) -> None:
        if (task := self._answering.get(number)) is None:
            logger.debug("Request %s was answered before it was cancelled", number)
        else:
            task.cancel()

    def _set_trace(self, value: str) -> None:
        self.trace = types.TraceValue(value)

    def shut_down(self) -> None:
        """The client wants nothing any more, not even the answers that are still due."""
        self.is_shut_down = True
        for task in list(self._answering.values()):
            task.cancel()

    # -- messages out -------------------------------------------------------------------------------------------------

    def notify(self, method: str, params: object) -> None:
        """Tell the client something."""
        self._send({"jsonrpc": VERSION, "method": method, "params": params})

    async def ask(self, method: str, params: object = None) -> Any:
        """What the client answers.

        Raises:
            Refusal: it answered that it can't.
        """
        number = f"idiomatic-{next(self._numbers)}"
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        question = {"jsonrpc": VERSION, "id": number, "method": method}
        try:
            self._send(question if params is None else {**question, "params": params})
            return await future
        finally:
            self._asked.pop(number, None)

    def _send(self, message: object) -> None:
        if self._writer is not None:
            self._writer.write(framed(encoded(message)))
