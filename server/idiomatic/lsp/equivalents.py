"""Which diagnostics of other linters mean the same as a rule.

An idiom names the codes (`ALSO`). Ruff reports its rules by name where `preview` is on, and links to a page that has
the name for its address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from idiomatic.core.ruff_names import RUFF_NAMES

if TYPE_CHECKING:
    from idiomatic.core.idiom import Idiom
    from idiomatic.lsp import types


def is_same(other: types.Diagnostic, rule: Idiom) -> bool:
    """Whether another linter's diagnostic means what a rule means."""
    description = other.get("codeDescription")
    href = description["href"] if description else ""
    page = re.split(r"[/#]", href.rstrip("/"))[-1].removesuffix(".html")
    names = {rule.name, *rule.also, *(RUFF_NAMES[code] for code in rule.also if code in RUFF_NAMES)}
    return not {str(other.get("code")).lower(), page.lower()}.isdisjoint(map(str.lower, names))
