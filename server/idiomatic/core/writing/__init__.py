"""Larger pieces of new code, each by what it is: loaded when the first rewrite calls for one."""

from __future__ import annotations

from idiomatic.core import lazy

lazy.defer_functions(__name__, __path__)
