"""Does the file mention this word anywhere?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from idiomatic.core.module import about

if TYPE_CHECKING:
    from idiomatic.core.module import Module


@about(lambda word: (word,))
def mentions(module: Module, word: str) -> bool:
    """Question: whether a word occurs anywhere in the file, comments and strings included."""
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    return any(word in statement.text and pattern.search(statement.text) for statement in module.statements)
