"""What idioms may ask of the code.

`Analysis` is what `detect` gets: names, scopes and places of one statement, and through `Analysis.ask` the rest of the
module. Larger questions have a file each, named for what they answer, with functions that take an `Analysis` first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idiomatic.core.analysis.code import Analysis

__all__ = ["Analysis"]


def __getattr__(name: str) -> object:
    # `facts` needs `tree`, and `code` needs `facts`: whichever of them is imported first must not wait for the others.
    if name == "Analysis":
        from idiomatic.core.analysis.code import Analysis

        return Analysis
    raise AttributeError(name)
