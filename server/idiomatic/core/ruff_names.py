"""What other linters call what idioms find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

RUFF_NAMES: Final[Mapping[str, str]] = {
    "ASYNC210": "blocking-http-call-in-async-function",
    "ASYNC212": "blocking-http-call-httpx-in-async-function",
    "ASYNC221": "run-process-in-async-function",
    "ASYNC222": "wait-for-process-in-async-function",
    "ASYNC230": "blocking-open-call-in-async-function",
    "ASYNC250": "blocking-input-in-async-function",
    "ASYNC251": "blocking-sleep-in-async-function",
    "B006": "mutable-argument-default",
    "B019": "cached-instance-method",
    "B904": "raise-without-from-inside-except",
    "DTZ003": "call-datetime-utcnow",
    "DTZ004": "call-datetime-utcfromtimestamp",
    "PLW1641": "eq-without-hash",
    "PYI024": "collections-named-tuple",
    "RUF006": "asyncio-dangling-task",
    "RUF008": "mutable-dataclass-default",
    "RUF009": "function-call-in-dataclass-default-argument",
    "RUF075": "fallible-context-manager",
    "SIM105": "suppressible-exception",
    "SIM115": "open-file-with-context-handler",
    "UP028": "yield-in-for-loop",
    "UP042": "replace-str-enum",
}
"""Ruff's names of the codes that idioms mention; `ruff rule CODE` tells them, and a test compares."""
