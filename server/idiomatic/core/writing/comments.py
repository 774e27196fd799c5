"""The comments of code that goes away, so that they can be put somewhere else."""

from __future__ import annotations

import libcst as cst


def comment_lines(*nodes: cst.CSTNode) -> list[cst.EmptyLine]:
    """All comments in some nodes, in order, each as a line of its own: `leading_lines` of what takes their place."""
    collector = _Comments()
    for node in nodes:
        node.visit(collector)
    return [cst.EmptyLine(comment=comment) for comment in collector.found]


class _Comments(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[cst.Comment] = []

    def visit_Comment(self, node: cst.Comment) -> None:
        self.found.append(node)
