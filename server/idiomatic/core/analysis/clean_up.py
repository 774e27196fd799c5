"""Which calls undo something or give it back, judged by their names."""

from __future__ import annotations

import ast
import re
from typing import Final

WORDS: Final = frozenset(
    {
        "abandon",
        "abort",
        "aclose",
        "cancel",
        "cleanup",
        "close",
        "delete",
        "detach",
        "disconnect",
        "dispose",
        "free",
        "invalidate",
        "kill",
        "nack",
        "release",
        "remove",
        "reset",
        "restore",
        "revert",
        "rmtree",
        "rollback",
        "shutdown",
        "stop",
        "teardown",
        "terminate",
        "undo",
        "unlink",
        "unlock",
        "unregister",
        "unsubscribe",
    }
)
"""The words with which the name of a function that undoes or gives back something begins."""

_IN_TWO_WORDS: Final = {
    "roll_back": "rollback",
    "clean_up": "cleanup",
    "shut_down": "shutdown",
    "tear_down": "teardown",
}
# `close_callback` is called when something is closed: it closes nothing.
_NO_VERB: Final = re.compile(r"_(?:callback|error|event|exception|handler|hook|listener|message|reason|time)s?$")


def is_clean_up(function: ast.expr) -> bool:
    """Whether a function that is called undoes something or gives it back: `rollback`, `_release_all`, `__aexit__`."""
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if name in {"__exit__", "__aexit__"}:
                return True
            words = name.strip("_").lower()
            for two, one in _IN_TWO_WORDS.items():
                words = words.replace(two, one)
            return words.partition("_")[0] in WORDS and _NO_VERB.search(words) is None
        case _:
            return False
