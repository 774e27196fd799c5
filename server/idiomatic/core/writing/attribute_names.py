"""Writes the names of an object's attributes where others stood: those of parameters, or private ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from idiomatic.core.draft import DraftError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def renamed(
    names: Mapping[str, str], new: Mapping[cst.CSTNode, cst.CSTNode | cst.RemovalSentinel]
) -> cst.CSTTransformer:
    """Gives attributes other names, and replaces some nodes by others."""

    class Renamed(cst.CSTTransformer):
        def on_leave(  # type: ignore[override]
            self, original_node: cst.CSTNode, updated_node: cst.CSTNode
        ) -> cst.CSTNode | cst.RemovalSentinel:
            if original_node in new:
                return new[original_node]
            if isinstance(updated_node, cst.Attribute) and updated_node.attr.value in names:
                return updated_node.with_changes(attr=cst.Name(names[updated_node.attr.value]))
            if (
                isinstance(updated_node, cst.FormattedStringExpression)
                and updated_node.equal is not None
                and not original_node.deep_equals(updated_node)
            ):
                raise DraftError("`{self._name=}` would show another name.")
            return updated_node

    return Renamed()


def from_object(names: Collection[str], receiver: str) -> cst.CSTTransformer:
    """Reads and changes the object's attributes where parameters were read and changed."""

    class FromObject(cst.CSTTransformer):
        def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
            if original_node.value not in names:
                return updated_node
            return cst.Attribute(
                cst.Name(receiver), cst.Name(original_node.value), lpar=original_node.lpar, rpar=original_node.rpar
            )

        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
            return updated_node.with_changes(attr=original_node.attr)

        def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
            return updated_node.with_changes(keyword=original_node.keyword)

        def leave_AnnAssign(self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign) -> cst.BaseSmallStatement:
            match updated_node:
                case cst.AnnAssign(target=cst.Attribute() as target, value=cst.BaseExpression() as value):
                    return cst.Assign([cst.AssignTarget(target)], value)
                case _:
                    return updated_node

        def leave_FormattedStringExpression(
            self, original_node: cst.FormattedStringExpression, updated_node: cst.FormattedStringExpression
        ) -> cst.BaseFormattedStringContent:
            if original_node.equal is not None and not original_node.deep_equals(updated_node):
                raise DraftError("`{name=}` would show another name.")
            return updated_node

    return FromObject()
