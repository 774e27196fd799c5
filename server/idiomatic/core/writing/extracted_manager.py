"""A context manager that is made of the setup and the clean-up of a block."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.instances import instance_of
from idiomatic.core.analysis.known_types import is_bound, type_of_value
from idiomatic.core.analysis.setups import outer_statement, stored_in
from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.facts import ClassFact, FunctionFact, parameters
from idiomatic.core.imports import spelling
from idiomatic.core.module import bindings, definition
from idiomatic.core.writing.signatures import are_annotations_lazy, generic, on_one_line, signature

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.setups import Parts
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft


_WIDE: Final = 88


def to_manager(parts: Parts, widened: ast.ExceptHandler | None, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The function or method, and the `with` statement that calls it.

    Args:
        parts: what becomes of the statements.
        widened: a handler that is to run for every exception.
        draft: of the statement beside which the function is put.
    """
    code, statement = draft.code, parts.statement
    outer = outer_statement(parts, code)
    old = draft.node(statement, cst.Try)
    setup = [draft.node(each, cst.SimpleStatementLine) for each in parts.setup]
    commit = draft.node(parts.commit, cst.SimpleStatementLine) if parts.commit is not None else None
    name = draft.fresh(f"{'_' if parts.method is not None else ''}managed_{_word(parts, code)}")

    called = f"{_receiver(parts)}.{name}" if parts.method is not None else name
    given = f" as ({', '.join(parts.given)})" if parts.given else ""
    call = f"{called}({', '.join(parts.taken)})"
    if len(f" {' ' * 7}async with {call}{given}:") > _WIDE and parts.taken:
        call = f"{called}(\n{draft.indent}{', '.join(parts.taken)}\n)"
    item = cst.WithItem(cst.parse_expression(call), _as(parts.given))
    block = old.body
    if commit is not None:
        block = _without(block, commit)
    if not parts.moves_handlers and old.handlers:
        inner = old.with_changes(finalbody=None, leading_lines=[])
        block = cst.IndentedBlock([inner])
    above = [line for line in setup[0].leading_lines if line.comment is None]
    above += [line for line in old.leading_lines if line.comment is not None]
    made = cst.With([item], block, asynchronous=cst.Asynchronous() if parts.is_async else None, leading_lines=above)

    manager = _manager(parts, old, setup, commit, name, outer, widened, draft)
    new: dict[cst.CSTNode, cst.CSTNode] = {setup[0]: made, old: cst.RemoveFromParent()}  # type: ignore[dict-item]
    new |= {each: cst.RemoveFromParent() for each in setup[1:]}  # type: ignore[misc]
    changed = draft.replaced(new)
    lines = [cst.EmptyLine(indent=False)] * (1 if parts.method is not None else 2)
    if _goes_below(outer, code):
        return [*changed, manager.with_changes(leading_lines=lines)]
    first, *rest = changed
    return [manager, first.with_changes(leading_lines=[*lines, *getattr(first, "leading_lines", ())]), *rest]


def _as(names: Sequence[str]) -> cst.AsName | None:
    match names:
        case []:
            return None
        case [name]:
            return cst.AsName(cst.Name(name))
        case _:
            return cst.AsName(cst.Tuple([cst.Element(cst.Name(name)) for name in names]))


def _goes_below(outer: ast.stmt, code: Analysis) -> bool:
    """Whether nothing can be put above: a comment there belongs to the statement, or it is one of several overloads."""
    if isinstance(outer, FUNCTIONS):
        others = code.siblings(outer) if code.parent(outer) is not None else ()
        if any(isinstance(each, FUNCTIONS) and each.name == outer.name and each is not outer for each in others):
            return True
        if code.parent(outer) is None and len(code.ask(bindings, outer.name)) > 1:
            return True
    return _has_comment_above(outer, code)


def _has_comment_above(outer: ast.stmt, code: Analysis) -> bool:
    """Whether the line above belongs to the statement, so that nothing can be put between."""
    lines = code.statement.lines
    decorators = getattr(outer, "decorator_list", None) or [outer]
    first, _ = lines.position(code.span(decorators[0]).start)
    return first > 0 and lines.line(first - 1).lstrip().startswith("#")


def _without(block: cst.BaseSuite, gone: cst.SimpleStatementLine) -> cst.BaseSuite:
    if not isinstance(block, cst.IndentedBlock):
        return block
    kept = [each for each in block.body if each is not gone]
    return block.with_changes(body=kept or [cst.SimpleStatementLine([cst.Pass()])])


def _manager(
    parts: Parts,
    old: cst.Try,
    setup: Sequence[cst.SimpleStatementLine],
    commit: cst.SimpleStatementLine | None,
    name: str,
    outer: ast.stmt,
    widened: ast.ExceptHandler | None,
    draft: Draft,
) -> cst.FunctionDef:
    kind = "asynccontextmanager" if parts.is_async else "contextmanager"
    decorator = draft.reference(f"contextlib.{kind}", outer, as_module=True)
    given = ", ".join(parts.given)
    head = signature(
        f"{'async ' if parts.is_async else ''}def {name}",
        _parameters(parts, draft.code),
        _returns(parts, outer, draft),
        draft.indent,
    )
    skeleton = cst.parse_statement(f"@{decorator}\n{head}\n    yield{f' {given}' if given else ''}\n")
    function = cst.ensure_type(skeleton, cst.FunctionDef)
    inside = cst.ensure_type(function.body, cst.IndentedBlock)
    protected = cst.Try(
        body=cst.IndentedBlock([*inside.body, *([commit] if commit is not None else [])]),
        handlers=[
            handler.with_changes(type=cst.Name("BaseException")) if found is widened else handler
            for handler, found in zip(old.handlers, parts.statement.handlers, strict=True)
        ]
        if parts.moves_handlers
        else [],
        orelse=old.orelse if parts.moves_handlers else None,
        finalbody=_without_blank_lines(old.finalbody),
    )
    first = setup[0].with_changes(leading_lines=[line for line in setup[0].leading_lines if line.comment is not None])
    return function.with_changes(body=inside.with_changes(body=[first, *setup[1:], protected]))


def _without_blank_lines(last: cst.Finally | None) -> cst.Finally | None:
    return last and last.with_changes(leading_lines=[line for line in last.leading_lines if line.comment is not None])


def _word(parts: Parts, code: Analysis) -> str:
    """What the context manager is about: what it hands out, or else what it changes."""
    if parts.given:
        return parts.given[0].strip("_") or "block"
    for each in reversed(parts.setup):
        match each:
            case (
                ast.Assign(targets=[ast.Attribute(attr=name)])
                | ast.AugAssign(target=ast.Attribute(attr=name))
                | ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr=name) | ast.Name(id=name))])
            ):
                return name.strip("_") or "block"
            case ast.Expr(value=ast.Call(func=function)) | ast.Expr(value=ast.Await(value=ast.Call(func=function))):
                match function:
                    case ast.Attribute(value=receiver, attr=attr) if code.qualified_name(function) is None:
                        name = receiver.id if isinstance(receiver, ast.Name) else getattr(receiver, "attr", attr)
                        return name.strip("_") or "block"
                    case ast.Attribute(attr=name) | ast.Name(id=name):
                        return name.strip("_") or "block"
                    case _:
                        pass
            case _:
                pass
    return (stored_in(parts.setup) or ["block"])[0].strip("_")


def _receiver(parts: Parts) -> str:
    assert parts.method is not None
    arguments = parts.method.args
    return [*arguments.posonlyargs, *arguments.args][0].arg


# -- types ------------------------------------------------------------------------------------------------------------


def _parameters(parts: Parts, code: Analysis) -> Iterator[str]:
    if parts.method is not None:
        yield _receiver(parts)
    for name in parts.taken:
        annotation = _annotation(name, parts, code)
        yield f"{name}: {annotation}" if annotation else name


def _annotation(name: str, parts: Parts, code: Analysis) -> str:
    """The type of a variable from outside, where it is declared or a literal."""
    owner = code.scope(parts.statement).lookup(name)
    bindings = owner.bindings.get(name, []) if owner is not None else []
    if len(bindings) != 1:
        return ""
    match bindings[0].node:
        case ast.arg(annotation=ast.expr() as annotation) as argument:
            arguments = code.parent(argument)
            if isinstance(arguments, ast.arguments) and argument not in (arguments.vararg, arguments.kwarg):
                return _if_visible(annotation, code)
            return ""
        case ast.Name() as target:
            match code.parent(target):
                case ast.AnnAssign(annotation=annotation):
                    return _if_visible(annotation, code)
                case ast.Assign(targets=[ast.Name()], value=value) if _is_typed(parts.function):
                    return _type_of(value, code)
                case _:
                    return ""
        case _:
            return ""


def _is_typed(function: Function) -> bool:
    return function.returns is not None or any(each.annotation is not None for each in parameters(function.args))


def _if_visible(annotation: ast.expr, code: Analysis) -> str:
    """An annotation, if what it names is seen from everywhere in the module; in quotes if that comes too late."""
    names = [node for node in ast.walk(annotation) if isinstance(node, ast.Name)]
    module = code.scope(annotation).module
    if any(code.scope(name).lookup(name.id) is not module for name in names):
        return ""
    text = on_one_line(annotation, code)
    return text if are_annotations_lazy(code) or all(is_bound(name, code) for name in names) else _quoted(text)


def _quoted(text: str) -> str:
    return "" if {'"', "'", "\\"} & set(text) else f'"{text}"'


def _returns(parts: Parts, outer: ast.stmt, draft: Draft) -> str:
    """The annotation of the result; empty if it is not known."""
    code = draft.code
    types = [_given_type(name, parts, code) for name in parts.given]
    if not all(types):
        return ""
    inner = "None" if not types else types[0] if len(types) == 1 else ""
    if not inner:
        if code.target < (3, 9):
            return ""
        inner = f"tuple[{', '.join(types)}]"
    return f"{generic('AsyncIterator' if parts.is_async else 'Iterator', outer, draft)}[{inner}]"


def _given_type(name: str, parts: Parts, code: Analysis) -> str:
    """The type of a variable that the setup gives a value."""
    found = ""
    for each in parts.setup:
        match each:
            case ast.AnnAssign(target=ast.Name(id=target), annotation=annotation) if target == name:
                return _if_visible(annotation, code)
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                found = _type_of(value, code)
            case _:
                pass
    return found


_BUILTIN: Final = frozenset({"bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple"})


_KNOWN: Final = {"sqlite3.connect": "sqlite3.Connection", "time.monotonic": "float", "time.time": "float"}


_KNOWN_TOO: Final = {"time.perf_counter": "float", "os.getcwd": "str"}


def _type_of(value: ast.expr, code: Analysis) -> str:
    """The type of what an expression gives, as it is written in this module."""
    call = value.value if isinstance(value, ast.Await) else value
    if isinstance(call, ast.Call):
        known = (_KNOWN | _KNOWN_TOO).get(code.qualified_name(call.func) or "")
        if known is not None:
            return known if "." not in known else spelling(code, known, value) or ""
        fact = code.definition(call.func)
        match fact, call.func:
            case ClassFact(), ast.Name(id=name) if not isinstance(value, ast.Await):
                if code.local_bindings(call.func) is not None:
                    return ""
                return name if are_annotations_lazy(code) or is_bound(call.func, code) else _quoted(name)
            case FunctionFact(is_async=is_async, returns=str(returns), is_generator=False), ast.Name(id=name):
                is_here = code.local_bindings(call.func) is None and code.ask(definition, name) is not None
                if not is_here or is_async != isinstance(value, ast.Await):
                    return ""
                plain = returns.strip("'") if returns.count("'") == 2 else returns
                return plain if are_annotations_lazy(code) or plain in _BUILTIN else _quoted(plain)
            case _:
                pass
        found = instance_of(code, value)
        if found is not None and not found.is_own and not found.of.startswith(("io.", "os.", "tempfile.", "codecs.")):
            return spelling(code, found.of, value) or ""
    if isinstance(value, ast.Await):
        return ""
    return {"list": "", "dict": "", "set": "", "tuple": ""}.get(known := type_of_value(value, code), known)
