"""Messages as JSON. The greeting does without: it is over before this is loaded."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def encoded(message: object) -> bytes:
    """A message as JSON."""
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:
        # Half of a surrogate pair, from a text that somebody cut in two: `json` can write it, many times slower.
        return json.dumps(message).encode()


def decoded(body: bytes) -> Any:
    """What a message says.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deep.
    """
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        # `json` takes more: half of a surrogate pair, a byte order mark.
        return json.loads(body)
