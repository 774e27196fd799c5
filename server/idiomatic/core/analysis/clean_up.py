"""Which calls undo something or give it back, judged by their names."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Collection

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

CLOSING: Final = frozenset(
    {
        "abort",
        "aclose",
        "cancel",
        "cleanup",
        "close",
        "disconnect",
        "dispose",
        "kill",
        "release",
        "rollback",
        "shutdown",
        "stop",
        "teardown",
        "terminate",
    }
)
"""Those of them that hardly mean anything but the end of something."""

_IN_TWO_WORDS: Final = {
    "roll_back": "rollback",
    "clean_up": "cleanup",
    "shut_down": "shutdown",
    "tear_down": "teardown",
}
# `close_callback` is called when something is closed: it closes nothing.
_NO_VERB: Final = regex(r"_(?:callback|error|event|exception|handler|hook|listener|message|reason|time)s?$")


def is_clean_up(function: ast.expr, words: Collection[str] = WORDS) -> bool:
    """Whether a function that is called undoes something or gives it back: `rollback`, `_release_all`, `__aexit__`.

    Args:
        function: what is called.
        words: with which its name may begin.
    """
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if name in {"__exit__", "__aexit__"}:
                return True
            plain = name.strip("_").lower()
            for two, one in _IN_TWO_WORDS.items():
                plain = plain.replace(two, one)
            return plain.partition("_")[0] in words and _NO_VERB.search(plain) is None
        case _:
            return False
