from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# Not the user's own cache: here and in every process that a test starts.
os.environ["IDIOMATIC_CACHE_DIR"] = tempfile.mkdtemp(prefix="idiomatic-tests-")
atexit.register(shutil.rmtree, os.environ["IDIOMATIC_CACHE_DIR"], ignore_errors=True)


class _Failures(logging.Handler):
    """What the engine only logs, so that users can go on: idioms that raise exceptions."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.found.append(f"{record.getMessage()}: {record.exc_info[1]!r}")


@pytest.fixture(autouse=True)
def no_idiom_fails(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test passes in which an idiom failed, unless it says that this is what it is about."""
    logger, failures = logging.getLogger("idiomatic.core.engine"), _Failures()
    logger.addHandler(failures)
    yield
    logger.removeHandler(failures)
    if request.node.get_closest_marker("failing_idiom") is None:
        assert not failures.found
