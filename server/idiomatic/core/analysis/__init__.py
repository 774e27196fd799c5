"""What idioms may ask of the code.

`Analysis` is what `detect` gets: names, scopes and places of one statement, and through `Analysis.ask` the rest of the
module. Larger questions have a file each, named for what they answer, with functions that take an `Analysis` first.
"""

from idiomatic.core.analysis.code import Analysis

__all__ = ["Analysis"]
