"""Give the dictionary that a function returns, always with the same keys, a type of its own.

## Why
`dict[str, object]` says that anything may be in there. Which keys there are, and what they hold, is then known only to
whoever reads the function; a misspelt key is found when it is asked for. A `TypedDict` is the same dictionary with its
keys written down, checked and completed by the editor; a dataclass is the record it wants to be.

## Example
```python
def summary(name: str, scores: list[int]) -> dict[str, object]:
    return {"name": name, "count": len(scores), "is_complete": None not in scores}
```
becomes
```python
from typing import TypedDict


class Summary(TypedDict):
    name: str
    count: int
    is_complete: bool


def summary(name: str, scores: list[int]) -> Summary:
    return {"name": name, "count": len(scores), "is_complete": None not in scores}
```

## Fix safety
The `TypedDict` is safe: the dictionary is the same, only annotations change. It is unsafe below a decorator that may
read them when the program runs, as web routes do, and for a method of a class that inherits from what can't be seen
here: a type checker may find that it no longer returns what the inherited one does.

To a type checker a `TypedDict` is a mapping, and no `dict[str, Any]`: where the result is handed on as one, in this
file or another, it asks for another annotation there.

The dataclass is unsafe: all who take the result for a dictionary have to change. In this file they do; it is refused
where one of them uses it for more than its keys one by one.

Types come from annotations, literals and calls; where nothing is known it is what the function declared for all values,
or `Any`.

Refused: keys that can't be the name of a field. Offered for functions that return nothing else than literals with the
same two keys or more, and that declare no other type than a plain dictionary.

## References
- [`typing.TypedDict`](https://docs.python.org/3/library/typing.html#typing.TypedDict)
- [`dataclasses`](https://docs.python.org/3/library/dataclasses.html)
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.classes import value
from idiomatic.core.analysis.known_types import is_bound, type_of_value
from idiomatic.core.analysis.names import base_name
from idiomatic.core.analysis.tree import FUNCTIONS, tree, walk_own
from idiomatic.core.facts import FunctionFact, is_generator
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe, safe_unless
from idiomatic.core.lazy import regex
from idiomatic.core.module import about
from idiomatic.core.writing.changes import changed
from idiomatic.core.writing.definitions import put_above
from idiomatic.core.writing.names import class_case, snake_case
from idiomatic.core.writing.signatures import are_annotations_lazy, on_one_line

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement
    from idiomatic.core.writing.changes import Change

KIND = Kind.REFACTOR
SINCE = (3, 8)
TRIGGERS = ("return {",)
ALSO = ()

READ: Final = "`@{}` may read the annotations when the program runs."
INHERITS: Final = (
    "`{}` inherits from what can't be seen here: a type checker may find that `{}` no longer returns what the "
    "inherited method does."
)
TAKERS: Final = "In other files, all who take the result for a dictionary have to be changed: keys, `**`, `json.dumps`."
HARMLESS: Final = frozenset(
    {
        "abstractmethod", "cache", "cached_property", "classmethod", "final", "lru_cache", "override", "property",
        "staticmethod", "wraps",
    }
)  # fmt: skip
KNOWN_BASES: Final = frozenset({"ABC", "Exception", "Generic", "object"})
_VERB: Final = regex(
    r"\A_*(?:as|build|calculate|collect|compute|create|describe|export|extract|fetch|find|generate|get|load|make|parse|read|"
    r"retrieve|return|serialize|to)_(?=[a-z])"
)


class _Record(Struct, frozen=True, eq=False):
    """A function that returns dictionaries, all with the same keys.

    Attributes:
        returned: the literals.
        keys: in the order of the first.
        declared: the type of all values that the function declares; empty if it does not.
    """

    function: Function
    returned: Sequence[ast.Dict]
    keys: Sequence[str]
    declared: str


def detect(function: ast.FunctionDef | ast.AsyncFunctionDef, code: Analysis) -> Iterator[Finding]:
    returned = [node.value for node in walk_own(function) if isinstance(node, ast.Return)]
    literals = [each for each in returned if isinstance(each, ast.Dict)]
    if not literals or len(literals) != len(returned) or is_generator(function):
        return
    keys = [_keys(each) for each in literals]
    declared = _declared(function.returns, code)
    first = keys[0]
    if declared is None or first is None or len(first) < 2 or any(set(each or ()) != set(first) for each in keys):
        return
    record = _Record(function, literals, first, declared)
    message = f"`{function.name}` returns a record of {len(first)} fields as a dictionary"
    title = "Describe the returned dictionary with a `TypedDict`"
    outermost = next((each for each in (function, *code.ancestors(function)) if code.parent(each) is None), function)
    where = code.lines(outermost)
    unfit = [key for key in first if not key.isidentifier() or keyword.iskeyword(key) or key.startswith("__")]
    if unfit:
        reason = f"`{unfit[0]}` can't be the name of a field."
        yield Finding(literals[0], message, (Fix(title, Refused(reason), where),))
        return
    reasons = list(_reasons(function, code))
    if reasons:
        title += " (other annotations)"
    fixes = [Fix(title, safe_unless(reasons), where, partial(to_typed_dict, record), from_top=True)]
    other = "Return a dataclass instead of a dictionary"
    if use := code.ask(other_use, function.name):
        fixes.append(Fix(other, Refused(f"`{use}` uses the result for more than its keys one by one."), where))
    else:
        unsafe = Unsafe((TAKERS, *reasons))
        rewrite = partial(to_dataclass, record)
        fixes.append(Fix(f"{other} (attributes instead of keys)", unsafe, where, rewrite, from_top=True))
    yield Finding(literals[0], message, tuple(fixes))


def _keys(literal: ast.Dict) -> Sequence[str] | None:
    """The keys of a dictionary, if they are different strings."""
    keys = [key.value for key in literal.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return keys if len(keys) == len(literal.keys) == len(set(keys)) else None


def _declared(annotation: ast.expr | None, code: Analysis) -> str | None:
    """The type of the values of the dictionary that is declared, empty for any; `None` if it is something else."""
    mappings = ("builtins.dict", "typing.Dict", "typing.Mapping", "collections.abc.Mapping")
    match annotation:
        case None:
            return ""
        case ast.Subscript(value=mapping, slice=ast.Tuple(elts=[key, values])) if code.is_name(
            mapping, *mappings
        ) and code.is_name(key, "builtins.str"):
            return "" if code.is_name(values, "typing.Any") else on_one_line(values, code)
        case ast.Name() | ast.Attribute() if code.is_name(annotation, *mappings):
            return ""
        case _:
            return None


def _reasons(function: Function, code: Analysis) -> Iterator[str]:
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if base_name(called) not in HARMLESS:
            yield READ.format(ast.unparse(called))
    owner = code.parent(function)
    if isinstance(owner, ast.ClassDef) and any(base_name(base) not in KNOWN_BASES for base in owner.bases):
        yield INHERITS.format(owner.name, function.name)


# -- what the file does with the result -------------------------------------------------------------------------------


@about(lambda name: (name,))
def other_use(module: Module, name: str) -> str:
    """Question: where the result of a function is used for more than its keys one by one; empty if nowhere."""
    found = (
        use for statement in module.mentioning(name) for called, use in statement.fact(_other_uses) if called == name
    )
    return next(found, "")


def _other_uses(statement: Statement) -> tuple[tuple[str, str], ...]:
    """What is called or mentioned in a statement other than for the keys of its result, each with its name."""
    index = statement.fact(tree)
    nodes: list[ast.Name | ast.Attribute] = [*index.of(ast.Name), *index.of(ast.Attribute)]
    return tuple(
        (base_name(node), ast.unparse(_around(node, index.parents)))
        for node in nodes
        if isinstance(node.ctx, ast.Load) and _subscripts(node, index.parents) is None
    )


def _around(node: ast.expr, parents: Mapping[ast.AST, ast.AST]) -> ast.AST:
    """The expression a function is used in, and if it is called there, what is done with the result."""
    around = parents.get(node, node)
    outer = parents.get(around) if isinstance(around, ast.Call) else None
    return outer if isinstance(outer, ast.expr) else around if isinstance(around, ast.expr) else node


def _subscripts(function: ast.expr, parents: Mapping[ast.AST, ast.AST]) -> Sequence[ast.Subscript] | None:
    """The `f()["key"]` of a function that is called, or the `x["key"]` after `x = f()`; `None` if there is more."""
    found = _keys_of_result(function, parents)
    # Before Python 3.12 the places of what stands in an f-string are not to be relied on.
    return None if any(_is_in_string(each, parents) for each in found or ()) else found


def _is_in_string(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    around = parents.get(node)
    while around is not None and not isinstance(around, ast.stmt | ast.JoinedStr):
        around = parents.get(around)
    return isinstance(around, ast.JoinedStr)


def _keys_of_result(function: ast.expr, parents: Mapping[ast.AST, ast.AST]) -> Sequence[ast.Subscript] | None:
    call = parents.get(function)
    if not isinstance(call, ast.Call) or call.func is not function:
        return None
    result: ast.AST = call
    if isinstance(parents.get(result), ast.Await):
        result = parents[result]
    around = parents.get(result)
    match around:
        case ast.Subscript() if _is_key(around):
            return [around]
        # f()
        case ast.Expr():
            return []
        case ast.Assign(targets=[ast.Name(id=name)]):
            return _subscripts_of(name, around, parents)
        case _:
            return None


def _subscripts_of(
    name: str, assignment: ast.Assign, parents: Mapping[ast.AST, ast.AST]
) -> Sequence[ast.Subscript] | None:
    """The `x["key"]` of a local variable that is bound once."""
    scope = parents.get(assignment)
    while scope is not None and not isinstance(scope, FUNCTIONS):
        if isinstance(scope, ast.ClassDef):
            return None
        scope = parents.get(scope)
    if scope is None:
        return None
    found: list[ast.Subscript] = []
    for node in ast.walk(scope):
        if isinstance(node, ast.arg) and node.arg == name:
            return None
        if not isinstance(node, ast.Name) or node.id != name or node is assignment.targets[0]:
            continue
        around = parents.get(node)
        if not isinstance(around, ast.Subscript) or not _is_key(around) or around.value is not node:
            return None
        found.append(around)
    return found


def _is_key(subscript: ast.Subscript) -> bool:
    key = subscript.slice
    return isinstance(subscript.ctx, ast.Load) and isinstance(key, ast.Constant) and isinstance(key.value, str)


# -- the types --------------------------------------------------------------------------------------------------------


def _types(record: _Record, code: Analysis) -> Iterator[tuple[str, str]]:
    """Each key with the type of what it holds; empty where nothing is known."""
    for key in record.keys:
        values = [
            each
            for literal in record.returned
            for name, each in zip(literal.keys, literal.values, strict=True)
            if isinstance(name, ast.Constant) and name.value == key
        ]
        types = list(dict.fromkeys(_type(each, code) for each in values))
        if "None" in types:
            types = [each for each in types if each != "None"] + ["None"]
        if len(types) == 1 and types[0] != "None":
            yield key, types[0]
        elif all(types) and len(types) > 1 and code.target >= (3, 10) and not any('"' in each for each in types):
            yield key, " | ".join(types)
        else:
            yield key, ""


_PLAIN: Final = frozenset({"bool", "bytes", "complex", "float", "int", "str"})


def _type(node: ast.expr, code: Analysis) -> str:
    """The type of an expression, as it can be written in the module; empty if it is not known."""
    match node:
        case ast.Constant(value=None):
            return "None"
        case ast.UnaryOp(op=ast.Not()) | ast.Compare(ops=[ast.Is() | ast.IsNot() | ast.In() | ast.NotIn()]):
            return "bool"
        case ast.Call(func=function) if code.is_name(function, "builtins.len"):
            return "int"
        case ast.Name():
            return _of_variable(node, code)
        # self.name
        case ast.Attribute(value=ast.Name() as receiver, attr=attr) if owner := code.class_of_self(receiver):
            found = [
                each.annotation
                for each in owner.body
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.target.id == attr
            ]
            return _written(found[0], code) if found else ""
        case ast.Await(value=ast.Call(func=ast.Name() as function)):
            return _of_call(function, code, is_async=True)
        case ast.Call(func=ast.Name() as function) if isinstance(code.definition(function), FunctionFact):
            return _of_call(function, code, is_async=False)
        case ast.Call(func=ast.Attribute(value=ast.expr() as receiver)) if not isinstance(receiver, ast.Constant):
            return ""
        case _:
            known = type_of_value(node, code)
            return known if known in _PLAIN or (known[:1].isupper() and known.isidentifier()) else ""


def _of_variable(name: ast.Name, code: Analysis) -> str:
    bound = code.local_bindings(name)
    if bound is None:
        known = type_of_value(name, code)
        return known if known in _PLAIN else ""
    if len(bound) != 1:
        return ""
    match bound[0].node:
        case ast.arg(annotation=ast.expr() as annotation) as argument:
            arguments = code.parent(argument)
            is_many = isinstance(arguments, ast.arguments) and argument in (arguments.vararg, arguments.kwarg)
            return "" if is_many else _written(annotation, code)
        case ast.Name() as target:
            match code.parent(target):
                case ast.AnnAssign(annotation=annotation):
                    return _written(annotation, code)
                case ast.Assign(targets=[ast.Name()], value=assigned) if not isinstance(assigned, ast.Name):
                    return _type(assigned, code)
                case _:
                    return ""
        case _:
            return ""


def _of_call(function: ast.Name, code: Analysis, *, is_async: bool) -> str:
    """What a function of this file or project declares to return, if that needs no import."""
    match code.definition(function):
        case FunctionFact(is_async=found, is_generator=False, returns=str(returns), decorators=()) if found == is_async:
            return returns if returns in _PLAIN else ""
        case _:
            return ""


def _written(annotation: ast.expr, code: Analysis) -> str:
    """An annotation, if what it names is seen from everywhere in the module; in quotes if that comes too late."""
    if any(isinstance(node, ast.Constant) and isinstance(node.value, str) for node in ast.walk(annotation)):
        return ""
    names = [node for node in ast.walk(annotation) if isinstance(node, ast.Name)]
    if any(code.local_bindings(name) is not None or _is_variable(name, code) for name in names):
        return ""
    text = on_one_line(annotation, code)
    return text if are_annotations_lazy(code) or all(is_bound(name, code) for name in names) else f'"{text}"'


def _is_variable(name: ast.Name, code: Analysis) -> bool:
    """Whether it is a `TypeVar`, or `Self`, which mean something in a signature only."""
    found = code.ask(value, name.id)
    is_self = code.is_name(name, "typing.Self", "typing_extensions.Self")
    return is_self or (found is not None and found.type == "TypeVar")


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_typed_dict(record: _Record, draft: Draft) -> Sequence[cst.BaseStatement]:
    at = draft.code.statement.nodes[0]
    name = _class_name(record, draft)
    class_ = _class(f"class {name}({draft.reference('typing.TypedDict', at)}):", record, draft)
    statements = changed(draft, {draft.node(record.function, cst.FunctionDef): partial(_returning, name)})
    return put_above(class_, statements, draft)


def to_dataclass(record: _Record, draft: Draft) -> Sequence[cst.BaseStatement]:
    at = draft.code.statement.nodes[0]
    name = _class_name(record, draft)
    for code in draft.elsewhere(record.function.name):
        if changes := _as_attributes(record.function.name, code, part := _whole(draft, code)):
            part.become(changed(part, changes))
    decorator = draft.reference("dataclasses.dataclass", at)
    slots = ", slots=True" if draft.code.target >= (3, 10) else ""
    class_ = _class(f"@{decorator}(frozen=True{slots})\nclass {name}:", record, draft)
    changes = _as_attributes(record.function.name, draft.code, draft)
    for literal in record.returned:
        changes[draft.node(literal, cst.Dict)] = partial(_constructed, name)
    changes[draft.node(record.function, cst.FunctionDef)] = partial(_returning, name)
    return put_above(class_, changed(draft, changes), draft)


def _whole(draft: Draft, code: Analysis) -> Draft:
    return draft.part(code, *code.lines(code.statement.nodes[0]))


def _as_attributes(name: str, code: Analysis, draft: Draft) -> dict[cst.CSTNode, Change]:
    """What becomes of the keys of a function's results."""
    parents = code.statement.fact(tree).parents
    return {
        draft.node(subscript, cst.Subscript): _attribute
        for function in (*code.nodes(ast.Name), *code.nodes(ast.Attribute))
        if base_name(function) == name
        for subscript in _subscripts(function, parents) or ()
    }


def _attribute(subscript: cst.CSTNode) -> cst.BaseExpression:
    """`x.key` for `x["key"]`."""
    old = cst.ensure_type(subscript, cst.Subscript)
    index = cst.ensure_type(old.slice[0].slice, cst.Index)
    key = ast.literal_eval(cst.Module([]).code_for_node(index.value))
    return cst.Attribute(old.value, cst.Name(key), lpar=old.lpar, rpar=old.rpar)


def _constructed(name: str, literal: cst.CSTNode) -> cst.BaseExpression:
    """`Record(key=value)` for `{"key": value}`."""
    old = cst.ensure_type(literal, cst.Dict)
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    arguments: list[cst.Arg] = []
    for element in old.elements:
        pair = cst.ensure_type(element, cst.DictElement)
        key = ast.literal_eval(cst.Module([]).code_for_node(pair.key))
        arguments.append(cst.Arg(pair.value, keyword=cst.Name(key), equal=tight, comma=pair.comma))
    last = arguments[-1]
    if isinstance(last.comma, cst.Comma):
        comma = last.comma.with_changes(whitespace_after=old.rbrace.whitespace_before)
        arguments[-1] = last.with_changes(comma=comma)
    else:
        arguments[-1] = last.with_changes(whitespace_after_arg=old.rbrace.whitespace_before)
    return cst.Call(
        cst.Name(name), arguments, lpar=old.lpar, rpar=old.rpar, whitespace_before_args=old.lbrace.whitespace_after
    )


def _returning(name: str, function: cst.CSTNode) -> cst.CSTNode:
    old = cst.ensure_type(function, cst.FunctionDef)
    new = cst.Name(name)
    return old.with_changes(
        returns=cst.Annotation(new) if old.returns is None else old.returns.with_changes(annotation=new)
    )


def _class(head: str, record: _Record, draft: Draft) -> cst.BaseStatement:
    fields = []
    for key, known in _types(record, draft.code):
        kind = known or record.declared or draft.reference("typing.Any", draft.code.statement.nodes[0])
        fields.append(f"    {key}: {kind}\n")
    return cast("cst.BaseStatement", cst.parse_statement(f"{head}\n{''.join(fields)}"))


def _class_name(record: _Record, draft: Draft) -> str:
    """`Summary` for `get_summary`, `UserRecord` for the `to_dict` of a `User`."""
    function = record.function
    word = _VERB.sub("", function.name, count=1).strip("_")
    owner = draft.code.parent(function)
    if word in {"", "call", "data", "dict", "getstate", "json", "main", "record"} and isinstance(owner, ast.ClassDef):
        return draft.fresh(f"{owner.name}Record", f"{owner.name}Fields")
    name = class_case(snake_case(word) or "record")
    return draft.fresh(name, f"{name}Record", f"{name}Fields")
