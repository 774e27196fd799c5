"""Keeps the comments of what becomes a field: those above and beside it, wherever they stood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class FieldComments:
    """The comments that belong to the fields of a class.

    Attributes:
        above: those above each field, by its name.
        beside: those on its line.
        left_over: those from the end of the constructor.
        header: the one on the line of its `def`.
    """

    def __init__(self, names: Sequence[str], constructor: cst.FunctionDef) -> None:
        self.above: dict[str, list[cst.EmptyLine]] = {name: [] for name in names}
        self.beside: dict[str, list[cst.Comment]] = {name: [] for name in names}
        self.left_over: list[cst.EmptyLine] = []
        body = constructor.body
        self.header = body.header.comment if isinstance(body, cst.IndentedBlock) else None

    def note(self, name: str, statement: cst.BaseStatement) -> None:
        """Remember the comments of a statement that a field takes the place of."""
        match statement:
            case cst.SimpleStatementLine(leading_lines=lines, trailing_whitespace=trailing):
                self.above[name] += comment_lines(lines)
                if trailing.comment is not None:
                    self.beside[name].append(trailing.comment)
            case cst.If(leading_lines=lines, body=cst.IndentedBlock(header=header, body=[inner])):
                self.above[name] += comment_lines(lines)
                if header.comment is not None:
                    self.above[name].append(cst.EmptyLine(comment=header.comment))
                self.note(name, inner)
            case _:
                pass

    def note_slots(self, statement: cst.BaseStatement, hidden: Mapping[str, str]) -> None:
        """Remember the comments between the names in `__slots__`."""
        match statement:
            case cst.SimpleStatementLine(
                leading_lines=lines,
                body=[cst.Assign(value=(cst.Tuple() | cst.List()) as value)],
                trailing_whitespace=trailing,
            ):
                pass
            case _:
                return
        names = [element.value for element in value.elements]
        first = next(iter(self.above))
        self.above[first] += comment_lines(lines)
        opening: cst.BaseParenthesizableWhitespace | None = None
        closing: cst.BaseParenthesizableWhitespace | None = None
        if isinstance(value, cst.List):
            opening, closing = value.lbracket.whitespace_after, value.rbracket.whitespace_before
        elif value.lpar:
            opening, closing = value.lpar[0].whitespace_after, value.rpar[0].whitespace_before
        above = [comment for comment, _ in _in_brackets(opening)]
        name = first
        for literal, element in zip(names, value.elements, strict=True):
            if isinstance(literal, cst.SimpleString):
                slot = str(literal.evaluated_value)
                name = hidden.get(slot, slot) if hidden.get(slot, slot) in self.above else name
            self.above[name] += [cst.EmptyLine(comment=comment) for comment in above]
            found = _in_brackets(element.comma.whitespace_after) if isinstance(element.comma, cst.Comma) else []
            self.beside[name] += [comment for comment, is_beside in found if is_beside]
            above = [comment for comment, is_beside in found if not is_beside]
        last = _in_brackets(closing)
        self.beside[name] += [comment for comment, is_beside in last if is_beside]
        above += [comment for comment, is_beside in last if not is_beside]
        self.left_over += [cst.EmptyLine(comment=comment) for comment in above]
        if trailing.comment is not None:
            self.above[first].append(cst.EmptyLine(comment=trailing.comment))

    def note_parameters(self, parameters: cst.Parameters, before: cst.BaseParenthesizableWhitespace) -> None:
        """Remember the comments between the parameters, each with the field it stands above or beside."""
        listed: list[cst.Param | cst.ParamStar] = [*parameters.posonly_params, *parameters.params]
        if isinstance(parameters.star_arg, cst.ParamStar):
            listed.append(parameters.star_arg)
        listed += parameters.kwonly_params
        above: list[cst.Comment] = []
        for comment, is_beside in _in_brackets(before):
            if is_beside and self.header is None:
                self.header = comment
            else:
                above.append(comment)
        for item in listed:
            name = item.name.value if isinstance(item, cst.Param) else ""
            found: list[tuple[cst.Comment, bool]] = []
            if isinstance(item, cst.Param):
                found += _in_brackets(item.whitespace_after_star)
                found += _in_brackets(item.whitespace_after_param)
            if isinstance(item.comma, cst.Comma):
                found += _in_brackets(item.comma.whitespace_before) + _in_brackets(item.comma.whitespace_after)
            if name in self.above:
                self.above[name][:0] = [cst.EmptyLine(comment=comment) for comment in above]
                above = []
                self.beside[name][:0] = [comment for comment, is_beside in found if is_beside]
                above += [comment for comment, is_beside in found if not is_beside]
            else:
                above += [comment for comment, _ in found]


def comment_lines(lines: Iterable[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """The comments among some lines, without the blank ones."""
    return [cst.EmptyLine(comment=line.comment) for line in lines if line.comment is not None]


def _in_brackets(space: cst.BaseParenthesizableWhitespace | str | None) -> list[tuple[cst.Comment, bool]]:
    """The comments in the white space between parameters, and whether each stands beside what comes before."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return []
    found = [(space.first_line.comment, True)] if space.first_line.comment is not None else []
    return found + [(line.comment, False) for line in space.empty_lines if line.comment is not None]
