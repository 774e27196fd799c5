"""Writes a record as a dataclass: its fields, what is left of its constructor, and every comment."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core import module as questions
from idiomatic.core.draft import DraftError
from idiomatic.core.writing.arguments import dedented

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.records import Field, Record
    from idiomatic.core.draft import Draft


def as_dataclass(
    record: Record, options: Iterable[str], dropped: Collection[ast.stmt], draft: Draft, *, hides: bool
) -> cst.ClassDef:
    """The class as a dataclass.

    Args:
        record: the class.
        options: the arguments of the decorator (`frozen=True`).
        dropped: members of the class that it no longer needs, besides the constructor.
        draft: has the class.
        hides: whether secrets have to be hidden from the `__repr__` that the class gets.

    Raises:
        DraftError: it can't be written, and why.
    """
    class_ = draft.node(record.node, cst.ClassDef)
    if not isinstance(class_.body, cst.IndentedBlock):
        raise DraftError("The class body stands on the line of its header.")
    decorator = draft.expression("dataclasses.dataclass", record.node)
    if arguments := [_option(option) for option in options]:
        decorator = cst.Call(decorator, arguments)
    written = _ClassWriter(record, dropped, draft, hides)
    body = written.body(class_.body)
    footer = [*written.left_over, *class_.body.footer]
    header = written.header
    new = cst.Decorator(
        decorator, trailing_whitespace=cst.TrailingWhitespace(cst.SimpleWhitespace("  " if header else ""), header)
    )
    return class_.with_changes(
        decorators=[*class_.decorators, new], body=class_.body.with_changes(body=body, footer=footer)
    )


def _option(text: str) -> cst.Arg:
    name, _, value = text.partition("=")
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(cst.Name(value), keyword=cst.Name(name), equal=tight)


def _pairs(
    statements: Sequence[cst.BaseStatement], nodes: Sequence[ast.stmt]
) -> Iterator[tuple[cst.BaseStatement, list[ast.stmt]]]:
    """Each line or block with the syntax trees of what stands in it."""
    rest = list(nodes)
    for statement in statements:
        count = len(statement.body) if isinstance(statement, cst.SimpleStatementLine) else 1
        yield statement, rest[:count]
        del rest[:count]


def _blank() -> cst.EmptyLine:
    return cst.EmptyLine(indent=False)


def _comments(lines: Iterable[cst.EmptyLine]) -> list[cst.EmptyLine]:
    return [cst.EmptyLine(comment=line.comment) for line in lines if line.comment is not None]


def _spaced(statement: cst.BaseStatement) -> cst.BaseStatement:
    """With a blank line above."""
    lines = statement.leading_lines  # type: ignore[attr-defined]
    if lines and lines[0].comment is None:
        return statement
    return statement.with_changes(leading_lines=[_blank(), *lines])


class _ClassWriter:
    """Writes the body of the dataclass."""

    def __init__(self, record: Record, dropped: Collection[ast.stmt], draft: Draft, hides: bool) -> None:
        self.record = record
        self.dropped = dropped
        self.hides = hides
        self.draft = draft
        self.function = record.constructor.function
        self.constructor = draft.node(self.function, cst.FunctionDef)
        self.above: dict[str, list[cst.EmptyLine]] = {field.name: [] for field in record.fields}
        self.beside: dict[str, list[cst.Comment]] = {field.name: [] for field in record.fields}
        self.left_over: list[cst.EmptyLine] = []
        """Comments from the end of the constructor."""
        body = self.constructor.body
        self.header = body.header.comment if isinstance(body, cst.IndentedBlock) else None
        """The comment on the line of the `def`."""

    def body(self, block: cst.IndentedBlock) -> list[cst.BaseStatement]:
        pairs = list(_pairs(block.body, self.record.node.body))
        declarations = [field.declaration for field in self.record.fields if field.declaration is not None]
        gone = {*self.dropped, *declarations}
        for statement, nodes in pairs:
            self._note_declarations(statement, nodes)
            if self.record.slots is not None and self.record.slots in nodes and self.record.slots in gone:
                self._note_slots(statement)
        after = self._after_init()
        self._note_parameters()
        own_comments = _comments(self.constructor.leading_lines)
        place = self._place(pairs)
        if self.record.is_declared and after is None:
            first = self.record.names[0]
            self.above[first] = [*self.above[first], *own_comments]
        new: list[cst.BaseStatement] = []
        fresh = False
        documented = self._docstring(pairs)
        for index, (statement, nodes) in enumerate(pairs):
            if index == 0 and documented is not None:
                new.append(documented)
                if ast.get_docstring(self.record.node) is not None:
                    continue
            if self.record.is_declared and nodes[0] in declarations and len(nodes) == 1:
                lines = statement.leading_lines  # type: ignore[attr-defined]
                new += self._fields([line for line in lines if line.comment is None], nodes[0])
                fresh = True
                continue
            if index == place and not self.record.is_declared:
                lead = [_blank()] if new else []
                if own_comments and after is None:
                    lead += own_comments
                new += self._fields(lead)
                fresh = True
            if nodes == [self.function]:
                if after is not None:
                    new.append(_spaced(after.with_changes(leading_lines=[_blank(), *own_comments])))
                    fresh = True
            elif len(nodes) > 1 and gone & set(nodes):
                raise DraftError("Statements that share a line can't be separated here.")
            elif nodes[0] not in gone:
                kept = self._kept(statement, nodes)
                if fresh and isinstance(kept, cst.FunctionDef | cst.ClassDef):
                    kept = _spaced(kept)
                if fresh and self.left_over:
                    kept = kept.with_changes(leading_lines=[*self.left_over, *kept.leading_lines])  # type: ignore[attr-defined]
                    self.left_over = []
                new.append(kept)
                fresh = False
        return new

    def _place(self, pairs: Sequence[tuple[cst.BaseStatement, list[ast.stmt]]]) -> int:
        """Where the fields go: above the methods if nothing there is needed for them, else for the constructor."""
        index = place = next(index for index, (_, nodes) in enumerate(pairs) if nodes == [self.function])
        used = {node.id for node in ast.walk(self.function.args) if isinstance(node, ast.Name)}
        while index and isinstance(member := pairs[index - 1][1][0], ast.FunctionDef | ast.AsyncFunctionDef):
            if member.name in used:
                break
            index -= 1
            place = index
        return place

    def _kept(self, statement: cst.BaseStatement, nodes: Sequence[ast.stmt]) -> cst.BaseStatement:
        """A member of the class, its annotation wrapped in `ClassVar` where it would make it a field."""
        match nodes, statement:
            case [ast.AnnAssign(annotation=annotation)], cst.SimpleStatementLine(body=[cst.AnnAssign() as assignment]):
                marker = annotation.value if isinstance(annotation, ast.Subscript) else annotation
                if self.draft.code.is_name(marker, "typing.ClassVar", "typing_extensions.ClassVar"):
                    return statement
                class_var = self.draft.expression("typing.ClassVar", self.function)
                inner = assignment.annotation.annotation
                wrapped = cst.Subscript(class_var, [cst.SubscriptElement(cst.Index(inner))])
                changed = assignment.with_changes(annotation=assignment.annotation.with_changes(annotation=wrapped))
                return statement.with_changes(body=[changed])
            case _:
                return statement

    # -- fields -----------------------------------------------------------------------------------------------------

    def _fields(self, lead: list[cst.EmptyLine], only: ast.stmt | None = None) -> Iterator[cst.BaseStatement]:
        marked = self.record.is_keyword_only
        for field in self.record.fields:
            if only is not None and field.declaration is not only:
                marked = marked or field.parameter.keyword_only
                continue
            if field.parameter.keyword_only and not marked:
                marked = True
                marker = cst.Annotation(self.draft.expression("dataclasses.KW_ONLY", self.function))
                yield cst.SimpleStatementLine([cst.AnnAssign(cst.Name("_"), marker)], leading_lines=lead)
                lead = []
            line = cst.AnnAssign(cst.Name(field.name), cst.Annotation(self._annotation(field)), self._value(field))
            lines = [*lead, *self.above[field.name]]
            beside = self.beside[field.name]
            lines += [cst.EmptyLine(comment=comment) for comment in beside[:-1]]
            yield cst.SimpleStatementLine(
                [line],
                leading_lines=lines,
                trailing_whitespace=cst.TrailingWhitespace(
                    cst.SimpleWhitespace("  " if beside else ""), beside[-1] if beside else None
                ),
            )
            lead = []

    def _annotation(self, field: Field) -> cst.BaseExpression:
        draft = self.draft
        if field.annotation is not None:
            annotation = self._copied(field.annotation)
            if field.quoted:
                text = draft.code_for(annotation)
                return cst.SimpleString(f'"{text}"' if '"' not in text else repr(text))
            return annotation
        known = field.type
        if not known.text:
            return draft.expression("typing.Any", self.function)
        code = draft.code
        union = code.target >= (3, 10) or code.ask(questions.has_future_annotations)
        text = f"{known.text} | None" if known.optional and union else known.text
        if "|" in text and not union:
            return cst.SimpleString(f'"{text}"')
        if known.optional and not union:
            optional = draft.expression("typing.Optional", self.function)
            return cst.Subscript(optional, [cst.SubscriptElement(cst.Index(cst.parse_expression(text)))])
        return cst.parse_expression(text)

    def _value(self, field: Field) -> cst.BaseExpression | None:
        parameter = field.parameter
        secret = [_option("repr=False")] if field.is_secret and self.hides else []
        match parameter.fallback:
            case None:
                value = None if parameter.default is None else self._copied(parameter.default)
                if not secret:
                    return value
                given = [] if value is None else [_argument("default", value)]
            case ast.Constant():
                value = self._copied(parameter.fallback)
                if not secret:
                    return value
                given = [_argument("default", value)]
            case fallback:
                given = [_argument("default_factory", self._factory(fallback))]
        return cst.Call(self.draft.expression("dataclasses.field", self.function), [*given, *secret])

    def _factory(self, fallback: ast.expr) -> cst.BaseExpression:
        match fallback:
            case ast.List(elts=[]):
                name = "list"
            case ast.Dict(keys=[]):
                name = "dict"
            case ast.Tuple(elts=[]):
                name = "tuple"
            case ast.Call(func=function, args=[], keywords=[]):
                return self._copied(function)
            case _:
                return cst.Lambda(cst.Parameters(), self._copied(fallback))
        if self.draft.code.ask(questions.bindings, name):
            return cst.Lambda(cst.Parameters(), self._copied(fallback))
        return cst.Name(name)

    def _copied(self, node: ast.expr) -> cst.BaseExpression:
        try:
            found = self.draft.node(node, cst.BaseExpression).deep_clone()  # type: ignore[type-abstract]
        except DraftError:
            found = self._parsed(node)
        if not _is_same(self.draft.code_for(found), node):
            found = self._parsed(node)
        outer = self.function
        if node.lineno != outer.lineno and node.col_offset > outer.col_offset:
            found = dedented(found, self._unit())
        text = self.draft.code_for(found)
        if "\n" in text or "\r" in text:
            try:
                is_whole = len(ast.parse(f"_ = {text}").body) == 1
            except SyntaxError:
                is_whole = False
            if not is_whole:
                return found.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        return found

    def _parsed(self, node: ast.expr) -> cst.BaseExpression:
        """The same expression, for what libcst has at another place: it takes no parentheses for a part of a tuple."""
        return cst.parse_expression(_with_line_feeds(self.draft.code.source(node)))

    def _unit(self) -> str:
        """One level of indentation."""
        code = self.draft.code
        return _indentation(self.function, code).removeprefix(_indentation(self.record.node, code))

    # -- comments ---------------------------------------------------------------------------------------------------

    def _note_declarations(self, statement: cst.BaseStatement, nodes: Sequence[ast.stmt]) -> None:
        for field in self.record.fields:
            if field.declaration is not None and field.declaration in nodes:
                self._note(field.name, statement)

    def _note(self, name: str, statement: cst.BaseStatement) -> None:
        """Remember the comments of a statement that a field takes the place of."""
        match statement:
            case cst.SimpleStatementLine(leading_lines=lines, trailing_whitespace=trailing):
                self.above[name] += _comments(lines)
                if trailing.comment is not None:
                    self.beside[name].append(trailing.comment)
            case cst.If(leading_lines=lines, body=cst.IndentedBlock(header=header, body=[inner])):
                self.above[name] += _comments(lines)
                if header.comment is not None:
                    self.above[name].append(cst.EmptyLine(comment=header.comment))
                self._note(name, inner)
            case _:
                pass

    def _note_slots(self, statement: cst.BaseStatement) -> None:
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
        self.above[first] += _comments(lines)
        opening: cst.BaseParenthesizableWhitespace | None = None
        closing: cst.BaseParenthesizableWhitespace | None = None
        if isinstance(value, cst.List):
            opening, closing = value.lbracket.whitespace_after, value.rbracket.whitespace_before
        elif value.lpar:
            opening, closing = value.lpar[0].whitespace_after, value.rpar[0].whitespace_before
        above = [comment for comment, _ in _in_brackets(opening)]
        name = first
        for literal, element in zip(names, value.elements, strict=True):
            if isinstance(literal, cst.SimpleString) and literal.evaluated_value in self.above:
                name = str(literal.evaluated_value)
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

    def _note_parameters(self) -> None:
        """Remember the comments between the parameters, each with the field it stands above or beside."""
        parameters = self.constructor.params
        listed: list[cst.Param | cst.ParamStar] = [*parameters.posonly_params, *parameters.params]
        if isinstance(parameters.star_arg, cst.ParamStar):
            listed.append(parameters.star_arg)
        listed += parameters.kwonly_params
        above: list[cst.Comment] = []
        for comment, is_beside in _in_brackets(self.constructor.whitespace_before_params):
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

    # -- the rest of the constructor --------------------------------------------------------------------------------

    def _after_init(self) -> cst.FunctionDef | None:
        """`__post_init__`, if there is anything left to do."""
        block, nodes = self.constructor.body, self.function.body
        if not isinstance(block, cst.IndentedBlock):
            return None if not self.record.constructor.rest else self._post_init(block, list(block.body))  # type: ignore[arg-type]
        owners: dict[ast.stmt, list[str]] = {}
        for field in self.record.fields:
            for store in field.parameter.stores:
                owners.setdefault(store, []).append(field.name)
        kept: list[cst.BaseStatement] = []
        rest = set(self.record.constructor.rest)
        for statement, inside in _pairs(block.body, nodes):
            if rest.isdisjoint(inside):
                names = [name for node in inside for name in owners.get(node, ())]
                if names:
                    self._note(names[0], statement)
                continue
            if not rest.issuperset(inside):
                raise DraftError("Statements that share a line can't be separated here.")
            moved = statement.visit(_from_object(self.record.names, self.record.constructor.receiver))
            assert isinstance(moved, cst.BaseStatement)
            if not kept:
                lines = moved.leading_lines  # type: ignore[attr-defined]
                while lines and lines[0].comment is None:
                    lines = lines[1:]
                moved = moved.with_changes(leading_lines=lines)
            kept.append(moved)
        if not kept:
            self.left_over = _comments(block.footer)
        return self._post_init(block, kept) if kept else None

    def _post_init(self, block: cst.BaseSuite, kept: Sequence[cst.BaseStatement]) -> cst.FunctionDef:
        function = self.constructor
        returns = function.returns
        arguments = self.function.args
        if returns is None and any(
            each.annotation is not None for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        ):
            returns = cst.Annotation(cst.Name("None"))
        assert isinstance(block, cst.IndentedBlock)
        return cst.FunctionDef(
            name=cst.Name("__post_init__"),
            params=cst.Parameters([cst.Param(cst.Name(self.record.constructor.receiver))]),
            body=block.with_changes(body=kept, header=cst.TrailingWhitespace()),
            returns=returns,
        )

    # -- the docstring ----------------------------------------------------------------------------------------------

    def _docstring(self, pairs: Sequence[tuple[cst.BaseStatement, list[ast.stmt]]]) -> cst.BaseStatement | None:
        """The docstring of the class with the constructor's; `None` if there is nothing to change."""
        text = ast.get_docstring(self.function)
        if text is None or _SAYS_NOTHING.match(text):
            return None
        code = self.draft.code
        inner = self.function.body[0]
        outer = self.record.node.body[0]
        old, new = _indentation(inner, code), _indentation(self.function, code)
        made = re.sub(rf"(?<=\n){re.escape(old)}", new, _with_line_feeds(code.source(inner)))
        if ast.get_docstring(self.record.node) is not None:
            made = _merged(_with_line_feeds(code.source(outer)), made, new)
        if "\r\n" in code.statement.text:
            made = made.replace("\n", "\r\n")
        line = cst.parse_statement(made)
        if not isinstance(line, cst.SimpleStatementLine):
            raise DraftError("The docstrings of the class and of its constructor can't be joined.")
        first = pairs[0][0]
        if ast.get_docstring(self.record.node) is not None and isinstance(first, cst.SimpleStatementLine):
            return first.with_changes(body=line.body)
        return line


_SAYS_NOTHING: Final = re.compile(
    r"(?:initiali[sz]\w*|init|constructor?|constructs?|creates?|set up|instantiates?|make|build)\b[^\n]{0,60}$",
    re.IGNORECASE,
)
_TRIPLE: Final = re.compile(r"([rRuU]?)(\"\"\"|''')(.*)\2$", re.DOTALL)


def _indentation(statement: ast.stmt, code: Analysis) -> str:
    line = code.statement.lines.line(code.statement.line(statement))
    return line[: len(line) - len(line.lstrip(" \t"))]


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _merged(outer: str, inner: str, indent: str) -> str:
    """One docstring out of two."""
    first, second = _TRIPLE.match(outer), _TRIPLE.match(inner)
    if first is None or second is None or first[1].lower() != second[1].lower() or first[2] != second[2]:
        raise DraftError("The docstrings of the class and of its constructor can't be joined.")
    text = f"{first[3].rstrip()}\n\n{indent}{second[3].strip()}\n{indent}"
    return f"{first[1]}{first[2]}{text}{first[2]}"


def _is_same(text: str, node: ast.expr) -> bool:
    try:
        return ast.dump(ast.parse(f"({text})", mode="eval").body) == ast.dump(node)
    except SyntaxError:
        return False


def _argument(name: str, value: cst.BaseExpression) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(value, keyword=cst.Name(name), equal=tight)


def _in_brackets(space: cst.BaseParenthesizableWhitespace | str | None) -> list[tuple[cst.Comment, bool]]:
    """The comments in the white space between parameters, and whether each stands beside what comes before."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return []
    found = [(space.first_line.comment, True)] if space.first_line.comment is not None else []
    return found + [(line.comment, False) for line in space.empty_lines if line.comment is not None]


def _from_object(names: Collection[str], receiver: str) -> cst.CSTTransformer:
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
