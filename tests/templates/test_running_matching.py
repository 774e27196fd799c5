"""What the templates of matching do."""

from __future__ import annotations

from typing import Any

import pytest
from idiomatic.templates.matching import match_block


def test_types_are_told_apart_and_none_is_forgotten() -> None:
    match_block.log.clear()
    match_block.main(1)
    match_block.main("text")
    assert match_block.log == [2, "TEXT"]
    other: Any = b"bytes"
    with pytest.raises(AssertionError, match="b'bytes'"):
        match_block.main(other)
