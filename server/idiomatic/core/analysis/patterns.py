"""Do the tests of a chain mean the same as patterns of a `match`, and what may differ?"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from typing import TYPE_CHECKING, Final

from idiomatic.core import module as questions
from idiomatic.core.analysis.chains import How, What
from idiomatic.core.analysis.scopes import BindingKind
from idiomatic.core.analysis.tree import walk
from idiomatic.core.facts import ClassFact
from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from idiomatic.core.analysis.chains import Alternative, Branch, Chain
    from idiomatic.core.analysis.code import Analysis

_SEVERAL: Final = regex(r"\w*(?:types|classes)$", re.IGNORECASE)
_ALIASES: Final = frozenset({"typing", "typing_extensions"})
_FOR_PLATFORMS: Final = ("sys.platform", "sys.version_info", "os.name", "sys.version_info.major", "sys.byteorder")
_HASHABLE: Final = ("builtins.str", "builtins.int", "builtins.bytes", "builtins.float", "builtins.bool")


def is_understood(chain: Chain, code: Analysis) -> bool:
    """Whether the functions of the tests are the builtins they look like, and the subject no check for a platform.

    Type checkers understand `if sys.platform == ...`, but no `match`.
    """
    if isinstance(chain.subject, ast.Attribute | ast.Subscript) and code.is_name(chain.subject, *_FOR_PLATFORMS):
        return False
    for branch in chain.branches:
        for node in walk(branch.node.test):
            if isinstance(node, ast.Name) and node.id == "isinstance" and not code.is_name(node, "builtins.isinstance"):
                return False
    return True


def fault(chain: Chain, code: Analysis) -> str:
    """Why a chain must not become a `match`; a sentence, empty if it may."""
    if chain.fault:
        return chain.fault
    if any(isinstance(node, ast.NamedExpr) for branch in chain.branches for node in walk(branch.node.test)):
        return "A test assigns a variable with `:=`."
    match chain.subject:
        case ast.Call(func=ast.Name(id="len") as function) if code.is_name(function, "builtins.len"):
            pass
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(), *_]):
            pass
        case ast.Call():
            shown = ast.unparse(chain.subject)
            return f"`{shown}` is called for each of the tests, and would be called once."
        case _:
            pass
    for branch in chain.patterns:
        for each in branch.alternatives:
            if each.what is What.CLASS and (found := _fault_of_class(each.node, code)):
                return found
    if not all(code.has_own_lines(statement) for statement in (*chain.statements, chain.last)):
        return "It shares its lines with other statements."
    return ""


# -- the subject -----------------------------------------------------------------------------------------------------


def doubts(chain: Chain, code: Analysis) -> Mapping[str, str]:
    """Where a `match` may differ from a chain: sentences, and a few words for each."""
    found: dict[str, str] = {}
    shown = ast.unparse(chain.subject)
    match chain.subject:
        case ast.Name() as name:
            if _may_be_rebound(name, chain, code):
                found[f"`{shown}` is read once; what a guard calls may assign it."] = f"reads `{shown}` once"
        case subject if not _is_constant(subject, code):
            found[f"`{shown}` is evaluated once, and not again for each test: code that runs for it runs once."] = (
                f"evaluates `{shown}` once"
            )
        case _:
            pass
    for branch in chain.branches:
        found.update(_doubts_of_guard(branch))
        if not branch.is_loose:
            for each in branch.alternatives:
                found.update(_doubts_of(each, chain.subject, code))
    return found


def _may_be_rebound(name: ast.Name, chain: Chain, code: Analysis) -> bool:
    """Whether a test of the chain may run code that assigns the variable."""
    tests = (node for branch in chain.branches for guard in _guards(branch) for node in walk(guard))
    if not any(isinstance(node, ast.Call | ast.Await | ast.Yield | ast.YieldFrom) for node in tests):
        return False
    scope = code.scope(name).lookup(name.id)
    if scope is None or scope.parent is None:
        return True
    assert scope.node is not None
    return any(isinstance(node, ast.Nonlocal) and name.id in node.names for node in walk(scope.node))


def _guards(branch: Branch) -> tuple[ast.expr, ...]:
    return (branch.node.test,) if branch.is_loose else branch.guards


def _is_constant(subject: ast.expr, code: Analysis) -> bool:
    """Whether it is an attribute of an imported module."""
    return isinstance(subject, ast.Attribute) and code.qualified_name(subject) is not None


def _doubts_of_guard(branch: Branch) -> Iterator[tuple[str, str]]:
    for guard in branch.early:
        if not isinstance(guard, ast.Name | ast.Constant) and not (
            isinstance(guard, ast.UnaryOp) and isinstance(guard.operand, ast.Name)
        ):
            shown = ast.unparse(guard)
            yield f"`{shown}` is asked after the pattern, where it was asked first.", "asks in another order"


# -- what it is compared with ----------------------------------------------------------------------------------------


def _doubts_of(each: Alternative, subject: ast.expr, code: Analysis) -> Iterator[tuple[str, str]]:
    value, shown = ast.unparse(each.node), ast.unparse(subject)
    match each.what, each.how:
        case What.CLASS, _:
            if doubt := _doubt_of_class(each.node, code):
                yield doubt, "if they are all classes"
        case What.NONE, How.EQUAL | How.REVERSED | How.IN | How.IN_SET:
            yield (
                f"`case None` asks whether `{shown}` is `None`; an `__eq__` that takes other objects for `None` is not "
                "asked.",
                "`is None` instead of `== None`",
            )
        case What.LITERAL | What.VALUE, How.IN_SET if not _has_type(subject, _HASHABLE, code):
            yield (
                f"A `{shown}` that can't be hashed, such as a list, raises a `TypeError` in a set, and just matches "
                "nothing.",
                "no `TypeError` for what can't be hashed",
            )
        case What.VALUE, How.IS if not _is_of_enum(each.node, subject, code):
            yield (
                f"A `case` asks whether `{shown}` is equal to what it names, not whether it is the same object.",
                "`==` instead of `is`",
            )
        case What.VALUE, How.REVERSED if not _is_of_enum(each.node, subject, code):
            yield (
                f"An `__eq__` of `{shown}` is asked first, where that of `{value}` was.",
                "swaps the sides of `==`",
            )
        case What.VALUE, How.IN if _enum_of(each.node, code) is None:
            yield (
                f"`in` also finds the very object `{value}` if it is not equal to itself.",
                "only `==`, where `in` also asks `is`",
            )
        case _:
            pass


def _fault_of_class(node: ast.expr, code: Analysis) -> str:
    shown = ast.unparse(node)
    qualified = code.qualified_name(node)
    if qualified is None:
        kinds = _kinds_of_binding(node, code)
        if kinds and kinds <= {BindingKind.CLASS, BindingKind.IMPORT}:
            return ""
        return f"A pattern needs a class, and what `{shown}` is can't be seen: it may be a tuple of classes."
    root, _, name = qualified.partition(".")
    if root == "builtins":
        return "" if isinstance(getattr(builtins, name, None), type) else f"`{shown}` is no class."
    if root in _ALIASES and not name.startswith("Supports"):
        return f"`{shown}` is an alias of `typing`, and a pattern needs the class itself."
    if isinstance(code.definition(node), ClassFact):
        return ""
    last = qualified.rpartition(".")[2]
    if root not in sys.stdlib_module_names and _SEVERAL.match(last):
        return f"`{shown}` looks like a tuple of classes, and a pattern needs a class."
    return ""


def _doubt_of_class(node: ast.expr, code: Analysis) -> str:
    """Why it may be no class after all."""
    shown = ast.unparse(node)
    qualified = code.qualified_name(node)
    if qualified is not None:
        root = qualified.partition(".")[0]
        is_known = root in sys.stdlib_module_names or root == "builtins" or isinstance(code.definition(node), ClassFact)
        if is_known:
            return ""
    elif _kinds_of_binding(node, code) == {BindingKind.CLASS}:
        return ""
    return f"`{shown}` has to be a class: for a tuple of classes or a union the pattern raises a `TypeError`."


def _kinds_of_binding(node: ast.expr, code: Analysis) -> frozenset[BindingKind]:
    if not isinstance(node, ast.Name):
        return frozenset()
    if (local := code.local_bindings(node)) is not None:
        return frozenset(binding.kind for binding in local)
    return frozenset(binding.kind for binding in code.ask(questions.bindings, node.id))


def _enum_of(value: ast.expr, code: Analysis) -> ClassFact | None:
    """The enumeration of which a dotted name is a member, if it is one that compares by identity."""
    if not isinstance(value, ast.Attribute):
        return None
    class_ = value.value
    if not isinstance(class_, ast.Name) or code.local_bindings(class_) is not None:
        return None
    match code.ask(questions.definition, class_.id):
        case ClassFact(bases=["Enum" | "enum.Enum" as base]) as found if found.method("__eq__") is None:
            # There are other libraries' enumerations of that name.
            root = base.partition(".")[0]
            bound = {each.qualified for each in code.ask(questions.bindings, root)}
            return found if bound == {"enum" if root == "enum" else "enum.Enum"} else None
        case _:
            return None


def _is_of_enum(value: ast.expr, subject: ast.expr, code: Analysis) -> bool:
    """Whether value and subject are members of one enumeration: then `==` is `is`, whichever way round."""
    return (
        isinstance(value, ast.Attribute)
        and _enum_of(value, code) is not None
        and _has_class(subject, value.value, code)
    )


def _has_class(subject: ast.expr, class_: ast.expr, code: Analysis) -> bool:
    """Whether a subject is declared to be of a class."""
    if not isinstance(subject, ast.Name):
        return False
    if (around := code.class_of_self(subject)) is not None:
        return isinstance(class_, ast.Name) and around.name == class_.id
    annotation = _annotation(subject, code)
    return annotation is not None and ast.unparse(annotation) == ast.unparse(class_)


def _has_type(subject: ast.expr, types: tuple[str, ...], code: Analysis) -> bool:
    annotation = _annotation(subject, code)
    return annotation is not None and code.is_name(annotation, *types)


def _annotation(subject: ast.expr, code: Analysis) -> ast.expr | None:
    """What a parameter that is never assigned is declared to be."""
    if isinstance(subject, ast.Name):
        match code.local_bindings(subject):
            case [binding] if isinstance(binding.node, ast.arg):
                return binding.node.annotation
            case _:
                pass
    return None
