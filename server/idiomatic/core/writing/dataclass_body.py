"""Writes a record as a dataclass: its fields, what is left of its constructor, and every comment."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeVar, cast

import libcst as cst

from idiomatic.core import module as questions
from idiomatic.core.draft import DraftError
from idiomatic.core.writing.arguments import dedented
from idiomatic.core.writing.attribute_names import from_object, renamed
from idiomatic.core.writing.class_docstring import docstring_line, indentation, joined_docstring, with_line_feeds
from idiomatic.core.writing.field_comments import FieldComments, comment_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis.copying_methods import Copying
    from idiomatic.core.analysis.dataclass_forms import Form
    from idiomatic.core.analysis.records import ExtraField, Field, Record
    from idiomatic.core.draft import Draft

C = TypeVar("C", bound="cst.CSTNode")


def as_dataclass(record: Record, form: Form, draft: Draft) -> cst.ClassDef:
    """The class as a dataclass.

    Args:
        record: the class.
        form: what the dataclass is to be like.
        draft: has the class.

    Raises:
        DraftError: it can't be written, and why.
    """
    class_ = draft.node(record.node, cst.ClassDef)
    if not isinstance(class_.body, cst.IndentedBlock):
        raise DraftError("The class body stands on the line of its header.")
    decorator = draft.expression("dataclasses.dataclass", record.node)
    if arguments := [_option(option) for option in form.options]:
        decorator = cst.Call(decorator, arguments)
    written = _ClassWriter(record, form, draft)
    body = written.body(class_.body)
    footer = [*written.comments.left_over, *class_.body.footer]
    header = written.comments.header
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


def _spaced(statement: cst.BaseStatement) -> cst.BaseStatement:
    """With a blank line above."""
    lines = statement.leading_lines  # type: ignore[attr-defined]
    if lines and lines[0].comment is None:
        return statement
    return statement.with_changes(leading_lines=[_blank(), *lines])


class _ClassWriter:
    """Writes the body of the dataclass."""

    def __init__(self, record: Record, form: Form, draft: Draft) -> None:
        self.record = record
        self.form = form
        self.draft = draft
        self.function = record.constructor.function
        self.constructor = draft.node(self.function, cst.FunctionDef)
        self.comments = FieldComments(record.all_names, self.constructor)

    def body(self, block: cst.IndentedBlock) -> list[cst.BaseStatement]:
        pairs = list(_pairs(block.body, self.record.node.body))
        declarations = [field.declaration for field in self.record.every if field.declaration is not None]
        gone = {*self.form.dropped, *declarations}
        for statement, nodes in pairs:
            self._note_declarations(statement, nodes)
            if self.record.slots is not None and self.record.slots in nodes and self.record.slots in gone:
                self.comments.note_slots(statement, self.record.hidden)
        after = self._after_init()
        self.comments.note_parameters(self.constructor.params, self.constructor.whitespace_before_params)
        own_comments = comment_lines(self.constructor.leading_lines)
        place = self._place(pairs)
        if self.record.is_declared and after is None:
            first = self.record.names[0]
            self.comments.above[first] = [*self.comments.above[first], *own_comments]
        new: list[cst.BaseStatement] = []
        fresh = False
        documented = joined_docstring(self.record.node, self.function, pairs[0][0], self.draft.code)
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
                new += [*self._fields(lead), *self._extras()]
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
                if fresh and self.comments.left_over:
                    kept = kept.with_changes(leading_lines=[*self.comments.left_over, *kept.leading_lines])  # type: ignore[attr-defined]
                    self.comments.left_over = []
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
        """A member of the class, with the names its attributes have now, and its copies made by `replace`."""
        new: dict[cst.CSTNode, cst.CSTNode | cst.RemovalSentinel] = {}
        for copy in self.form.copies:
            if copy.method in nodes:
                new[self.draft.node(copy.call, cst.Call)] = self._replacing(copy)
                for each in copy.before:
                    new[self.draft.node(each, cst.SimpleStatementLine)] = cst.RemoveFromParent()
        if new or self.record.hidden:
            statement = self._renamed(statement, new)
        return self._member(statement, nodes)

    def _renamed(self, node: C, new: Mapping[cst.CSTNode, cst.CSTNode | cst.RemovalSentinel] | None = None) -> C:
        return cast("C", node.visit(renamed(self.record.hidden, new or {})))

    def _replacing(self, copy: Copying) -> cst.Call:
        """`replace(self, x=x)`."""
        arguments = [cst.Arg(cst.Name(copy.receiver))]
        for name, value in copy.changes:
            arguments.append(_argument(name, self._renamed(self.draft.node(value, cst.BaseExpression).deep_clone())))  # type: ignore[type-abstract]
        if copy.others:
            arguments.append(cst.Arg(cst.Name(copy.others), star="**"))
        return cst.Call(self.draft.expression("dataclasses.replace", copy.call), arguments)

    def _member(self, statement: cst.BaseStatement, nodes: Sequence[ast.stmt]) -> cst.BaseStatement:
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
            yield self._commented(line, field.name, lead)
            lead = []
            shown_by = field.parameter.shown_by
            if shown_by is not None and ast.get_docstring(shown_by):
                yield docstring_line(shown_by, self.draft.code)

    def _extras(self) -> Iterator[cst.BaseStatement]:
        """The fields that the constructor has no parameter for."""
        replaces_repr, replaces_eq = self.form.is_exact
        for field in self.record.extras:
            extra = field.extra
            is_private = extra.name.startswith("_")
            given: list[cst.Arg] = []
            match extra.value:
                case _ if extra.is_derived:
                    pass
                case ast.Constant() as value:
                    given.append(_argument("default", self._copied(value)))
                case value:
                    given.append(_argument("default_factory", self._factory(value)))
            given.append(_option("init=False"))
            if replaces_repr or (self.form.shows_fields and is_private):
                given.append(_option("repr=False"))
            if replaces_eq or (self.form.compares_fields and (is_private or extra.is_derived)):
                given.append(_option("compare=False"))
            call = cst.Call(self.draft.expression("dataclasses.field", self.function), given)
            line = cst.AnnAssign(cst.Name(extra.name), cst.Annotation(self._annotation(field)), call)
            yield self._commented(line, extra.name, [])

    def _commented(self, line: cst.AnnAssign, name: str, lead: list[cst.EmptyLine]) -> cst.SimpleStatementLine:
        """The line of a field with its comments."""
        beside = self.comments.beside[name]
        lines = [*lead, *self.comments.above[name], *(cst.EmptyLine(comment=comment) for comment in beside[:-1])]
        return cst.SimpleStatementLine(
            [line],
            leading_lines=lines,
            trailing_whitespace=cst.TrailingWhitespace(
                cst.SimpleWhitespace("  " if beside else ""), beside[-1] if beside else None
            ),
        )

    def _annotation(self, field: Field | ExtraField) -> cst.BaseExpression:
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
        secret = [_option("repr=False")] if field.is_secret and self.form.shows_fields else []
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
            case ast.Call(func=ast.Name() as function, args=[], keywords=[]) if self._is_type(function):
                return self._copied(function)
            case _:
                return cst.Lambda(cst.Parameters(), self._copied(fallback))
        if self.draft.code.ask(questions.bindings, name):
            return cst.Lambda(cst.Parameters(), self._copied(fallback))
        return cst.Name(name)

    def _is_type(self, name: ast.Name) -> bool:
        """Whether a name surely stands for the same when the class is made as when an object is."""
        qualified = self.draft.code.qualified_name(name) or ""
        return name.id[:1].isupper() or qualified.startswith(("builtins.", "collections."))

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
        return cst.parse_expression(with_line_feeds(self.draft.code.source(node)))

    def _unit(self) -> str:
        """One level of indentation."""
        code = self.draft.code
        return indentation(self.function, code).removeprefix(indentation(self.record.node, code))

    # -- comments ---------------------------------------------------------------------------------------------------

    def _note_declarations(self, statement: cst.BaseStatement, nodes: Sequence[ast.stmt]) -> None:
        for field in self.record.every:
            if field.declaration is not None and field.declaration in nodes:
                self.comments.note(field.name, statement)

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
        for extra in self.record.constructor.extras:
            owners.setdefault(extra.statement, []).append(extra.name)
        kept: list[cst.BaseStatement] = []
        rest = set(self.record.constructor.rest)
        for statement, inside in _pairs(block.body, nodes):
            if rest.isdisjoint(inside):
                names = [name for node in inside for name in owners.get(node, ())]
                if names:
                    self.comments.note(names[0], statement)
                continue
            if not rest.issuperset(inside):
                raise DraftError("Statements that share a line can't be separated here.")
            moved = statement.visit(from_object(self.record.names, self.record.constructor.receiver))
            assert isinstance(moved, cst.BaseStatement)
            if self.record.hidden:
                moved = self._renamed(moved)
            assert isinstance(moved, cst.BaseStatement)
            if not kept:
                lines = moved.leading_lines  # type: ignore[attr-defined]
                while lines and lines[0].comment is None:
                    lines = lines[1:]
                moved = moved.with_changes(leading_lines=lines)
            kept.append(moved)
        if not kept:
            self.comments.left_over = comment_lines(block.footer)
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


def _is_same(text: str, node: ast.expr) -> bool:
    try:
        return ast.dump(ast.parse(f"({text})", mode="eval").body) == ast.dump(node)
    except SyntaxError:
        return False


def _argument(name: str, value: cst.BaseExpression) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(value, keyword=cst.Name(name), equal=tight)
