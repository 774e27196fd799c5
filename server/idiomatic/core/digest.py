"""The one digest that is used here, for telling whether something is what it was.

`hashlib` has it too, and loads OpenSSL for all the others: 3 MB of memory in each process, which shows where there are
several.
"""

from __future__ import annotations

try:
    from _blake2 import blake2b
except ImportError:  # an interpreter that has it elsewhere
    from hashlib import blake2b

__all__ = ["blake2b"]
