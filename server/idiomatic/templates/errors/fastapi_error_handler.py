"""Errors of the domain as responses of a FastAPI application, in the form of RFC 9457.

## Why
Endpoints raise what the domain raises, one handler makes responses of it, and all of them look the same:
`application/problem+json` is what clients and their libraries know. Of an error that is the server's own fault (from
500) the client learns nothing but the status; what happened is in the log, with the traceback.

## Use
```python
app = FastAPI()
add_error_handler(app)
```

## References
- [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457.html)
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

PREFIXES = ("errorhandler", "problemjson")
WHERE = ("module",)
TAB_STOPS = ("add_error_handler",)
SINCE = (3, 10)
REQUIRES = ("fastapi>=0.100",)
REUSES = ("logger", "DomainError")

logger = logging.getLogger(__name__)


class DomainError(Exception):
    """What the domain raises.

    Attributes:
        details: what it happened to; clients see it.
        status_code: of the response.
    """

    status_code = 500

    def __init__(self, message: str, /, **details: object) -> None:
        """Say what happened, and to what."""
        super().__init__(message)
        self.details: Mapping[str, object] = details


def add_error_handler(app: FastAPI) -> None:
    """Have errors of the domain answered with `application/problem+json`."""

    @app.exception_handler(DomainError)
    async def answer(request: Request, error: DomainError) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        problem: dict[str, object] = {}
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = {**error.details, "detail": str(error)}
        else:
            logger.error("%s %s", request.method, request.url.path, exc_info=error)
        # Last: what is called like one of these in the details is not meant.
        problem |= {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "instance": request.url.path,
        }
        # A 401 has to say how to do better.
        is_unknown = status == HTTPStatus.UNAUTHORIZED
        return JSONResponse(
            jsonable_encoder(problem),
            status_code=status,
            headers={"WWW-Authenticate": "Bearer"} if is_unknown else None,
            media_type="application/problem+json",
        )
