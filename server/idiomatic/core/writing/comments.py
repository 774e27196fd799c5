"""The comments of code that goes away, so that they can be put somewhere else."""

from __future__ import annotations

import libcst as cst


def comment_lines(*nodes: cst.CSTNode) -> list[cst.EmptyLine]:
    """All comments in some nodes, in order, each as a line of its own: `leading_lines` of what takes their place."""
    found: list[cst.Comment] = []

    class Comments(cst.CSTVisitor):
        def visit_Comment(self, node: cst.Comment) -> None:
            found.append(node)

    for node in nodes:
        node.visit(Comments())
    return [cst.EmptyLine(comment=comment) for comment in found]
