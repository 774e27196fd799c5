"""The engine: text in, findings and edits out.

Nothing below this package reads a file, starts a process or knows an editor. Everything it needs to know about
the world outside the text comes in as an argument (see `idiomatic.core.module.Project`).
"""

from __future__ import annotations

from idiomatic.core import lazy

# Only rewrites use it, and it takes longer to load than everything else.
lazy.defer("libcst")
# For what is rare: a name that does not exist, two texts that are compared.
lazy.defer("difflib")
