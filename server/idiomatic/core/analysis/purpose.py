"""Whether a class is there to hold data, or to do something with what it is given."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.constructors import methods, without_docstring
from idiomatic.core.analysis.tree import walk
from idiomatic.core.facts import ClassFact
from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.constructors import Parameter


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# The last word of the name of a class that does things.
_DOERS: Final = _set(
    "adapter agent allocator analyser analyzer api app application backend bot broker builder bus cache "
    "calculator checker classifier client collector command comparator compiler connection connector consumer "
    "context controller converter coordinator counter crawler daemon dao database decoder decorator detector "
    "dispatcher downloader driver emitter encoder engine estimator evaluator executor exporter extractor factory "
    "fetcher filter finder formatter gateway generator handler helper importer initializer inspector interpreter "
    "iterator job lexer limiter listener loader locator lock logger mailer manager mapper matcher merger "
    "middleware migrator mixin monitor notifier observer operation optimizer orchestrator parser pipeline plugin "
    "pool predictor printer processor producer protocol provider proxy publisher queue reader receiver recorder "
    "registry renderer repo reporter repository resolver responder router runner sampler scanner scheduler scorer "
    "scraper searcher selector sender serializer server service session simulator sink solver sorter splitter "
    "stopwatch store strategy stream subscriber task template tester thread throttle timer tokenizer tracer "
    "tracker trainer transformer translator transport updater uploader validator verifier view visitor walker "
    "watcher widget worker wrapper writer"
)
# What such a class is given to work with.
_COLLABORATORS: Final = _set(
    "api app application backend broker bus cache callback client conn connection connector consumer container "
    "controller db database dispatcher driver engine environment env executor factory fetcher fp func function "
    "gateway handler handlers http logger log lock loop mailer manager middleware notifier observer parser pool "
    "printer processor producer protocol provider proxy publisher queue reader registry renderer repo repository "
    "request resolver response router runner scheduler sender serializer server service session sink sock socket "
    "storage store stream stdin stdout stderr strategy subscriber transport uow view visitor worker wrapped "
    "writer fn"
)
_BEHAVIOUR: Final = _set(
    "__enter__ __exit__ __aenter__ __aexit__ __call__ __next__ __aiter__ __anext__ __getattr__ __getattribute__ "
    "__setattr__ __delattr__ __del__ __get__ __set__ __delete__ __set_name__ __await__ __setitem__ __delitem__ "
    "__instancecheck__ __prepare__"
)
_DOES: Final = regex(
    r"_?(?:start|stop|run|execute|close|open|connect|disconnect|send|receive|recv|handle|process|fetch|load|save|commit"
    r"|rollback|publish|subscribe|dispatch|notify|write|read|flush|emit|render|visit|setup|teardown|acquire|release"
    r"|listen|serve|shutdown|download|upload|sync|register|train|fit|predict|forward|invoke|perform|generate|parse"
    r"|build|compile|main|work|schedule|submit|cancel|create|delete|make|apply|call|ensure|wait|poll|draw|paint|play|crawl|scrape|install|deploy)(?:_.*)?$"
)
# Methods that tell something about the data, or give it in another form.
_TELLS: Final = regex(
    r"_?(?:to|as|from|is|has|with|can|should|in)_.*|_?(?:copy|clone|replace|asdict|dict|json|key|serialize|dump|dumps)$"
    r"|(?:describe|summary|summarize|display|distance.*|area|perimeter|total.*|full_.*|display_.*|length|norm|magnitude)$"
)
_VALUES: Final = _set(
    "int str float bool bytes complex list dict set tuple frozenset List Dict Set Tuple FrozenSet Optional Union "
    "Sequence Mapping Iterable Collection MutableMapping MutableSequence Literal Decimal Fraction date datetime "
    "time timedelta UUID Path PurePath Any Enum object None Annotated Final"
)


def holds_data(
    node: ast.ClassDef, parameters: Sequence[Parameter], boilerplate: Collection[str], code: Analysis
) -> bool:
    """Whether a class that stores its parameters is a record of them.

    It is, if it compares or hashes itself by them; else if it has at least two of them (one, if it shows it in its
    `__repr__`) and little behaviour: none, or less than it has parameters, none of which is a collaborator.

    Args:
        node: the class.
        parameters: of its constructor.
        boilerplate: its special methods that are like those of a dataclass.
        code: the analysis.
    """
    members = list(methods(node))
    # In the order of what they cost.
    return _looks_like_data(node, members, parameters, boilerplate, code) and not any(
        _uses_as_collaborator(member, parameters) for member in members
    )


def _looks_like_data(
    node: ast.ClassDef,
    members: Sequence[ast.FunctionDef | ast.AsyncFunctionDef],
    parameters: Sequence[Parameter],
    boilerplate: Collection[str],
    code: Analysis,
) -> bool:
    if {"__eq__", "__hash__"} & set(boilerplate):
        return True
    if len(parameters) < (1 if "__repr__" in boilerplate else 2):
        return False
    if any(member.name in _BEHAVIOUR or isinstance(member, ast.AsyncFunctionDef) for member in members):
        return False
    if any(_is_abstract(member, code) for member in members):
        return False
    behaviour = [member for member in members if _is_behaviour(member, code)]
    if not behaviour:
        return True
    if any(_DOES.match(member.name) for member in behaviour) or is_doer(node.name):
        return False
    if any(_is_collaborator(parameter) for parameter in parameters):
        return False
    if boilerplate:
        allowed = 2 * len(parameters)
    elif all(_is_value(parameter) for parameter in parameters):
        allowed = len(parameters)
    else:
        allowed = len(parameters) // 2
    return len(behaviour) <= allowed and not {member.name for member in behaviour} & _inherited(node, code)


def _uses_as_collaborator(method: ast.FunctionDef | ast.AsyncFunctionDef, parameters: Sequence[Parameter]) -> bool:
    """Whether a method calls what the object was given: `self.load(...)`, `self.connection.send(...)`."""
    names = {parameter.name for parameter in parameters}
    if method.name == "__init__":
        return False
    for node in walk(method):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)) if name in names:
                return True
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=name), attr=called)
            ) if name in names and _DOES.match(called):
                return True
            case _:
                pass
    return False


def _is_abstract(method: ast.FunctionDef | ast.AsyncFunctionDef, code: Analysis) -> bool:
    """Whether a method is there to be overridden."""
    if any(code.is_name(decorator, "abc.abstractmethod") for decorator in method.decorator_list):
        return True
    match without_docstring(method.body):
        case [ast.Raise(exc=ast.Name(id="NotImplementedError") | ast.Call(func=ast.Name(id="NotImplementedError")))]:
            return True
        case _:
            return False


def _inherited(node: ast.ClassDef, code: Analysis) -> set[str]:
    """The methods of the bases, as far as they are known: what overrides them is there to be called."""
    facts = (code.definition(base) for base in node.bases)
    return {method.name for fact in facts if isinstance(fact, ClassFact) for method in fact.methods}


def _is_behaviour(method: ast.FunctionDef | ast.AsyncFunctionDef, code: Analysis) -> bool:
    if method.name.startswith("__") and method.name.endswith("__"):
        return False
    for decorator in method.decorator_list:
        match decorator:
            case ast.Attribute(attr="setter" | "deleter" | "getter"):
                return False
            case _ if code.is_name(
                decorator, "builtins.property", "builtins.classmethod", "builtins.staticmethod",
                "functools.cached_property",
            ):  # fmt: skip
                return False
            case _:
                pass
    takes = len(method.args.posonlyargs) + len(method.args.args) + len(method.args.kwonlyargs) - 1
    return not (_TELLS.match(method.name) or (takes == 0 and method.name.lstrip("_").startswith("get_")))


def is_doer(name: str) -> bool:
    """Whether the name of a class says that it does something (`Reporter`)."""
    return _last_word(name) in _DOERS


def _last_word(name: str) -> str:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)
    return words[-1].lower() if words else ""


def _is_collaborator(parameter: Parameter) -> bool:
    return parameter.name.strip("_").rpartition("_")[2].lower() in _COLLABORATORS and not _is_value(parameter)


def _is_value(parameter: Parameter) -> bool:
    """Whether a parameter is annotated as a plain value, or has one for its default."""
    annotation = parameter.annotation or parameter.node.annotation
    if annotation is None:
        match parameter.default:
            case ast.Constant(value=value):
                return value is not None
            case _:
                return False
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        names = re.findall(r"[^\W\d]\w*", annotation.value)
    else:
        names = [each.id for each in walk(annotation) if isinstance(each, ast.Name)]
    return all(name in _VALUES or re.fullmatch(r"_?[A-Z][A-Z0-9]{0,2}|\w+T|T_\w+", name) for name in names)
