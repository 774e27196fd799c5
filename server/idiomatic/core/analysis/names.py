"""What is something called where it is used?"""

from __future__ import annotations

import ast


def last_name(node: ast.expr | None) -> str:
    """The last part of a dotted name: `gather` for `asyncio.gather`; empty for everything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def base_name(node: ast.expr) -> str:
    """The last part of the name of a base class or a decorator, whatever it is called or subscripted with."""
    match node:
        case ast.Subscript(value=value) | ast.Call(func=value):
            return base_name(value)
        case _:
            return last_name(node)
