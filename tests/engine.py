"""How the tests drive the engine."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idiomatic.core import bulk, catalogue, engine
from idiomatic.core import module as questions
from idiomatic.core.analysis.origins import definition_with_origins
from idiomatic.core.document import Document
from idiomatic.core.facts import ClassFact
from idiomatic.core.idiom import Kind
from idiomatic.core.module import Module, Role
from idiomatic.core.usage import Found, joined, usage
from msgspec.structs import force_setattr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from idiomatic.core.analysis.code import Version
    from idiomatic.core.facts import FunctionFact
    from idiomatic.core.idiom import Finding
    from idiomatic.core.usage import Act, Use


@dataclass(frozen=True)
class Neighbours:
    """A project of other files, by dotted module name, for questions across files.

    Attributes:
        files: their texts.
        role: what the file that asks is for.
        is_known: whether they have been looked at for what they do.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    role: Role = Role.SOURCE
    is_known: bool = True

    def uses(self, act: Act, word: str) -> tuple[Found, ...] | None:
        if not self.is_known:
            return None
        return tuple(
            Found(f"{module.replace('.', '/')}.py", use.of)
            for module, text in self.files.items()
            for use in sorted(file_usage(text, module.rpartition(".")[0]), key=str)
            if (use.act, use.word) == (act, word)
        )

    def definition(self, qualified: str) -> FunctionFact | ClassFact | None:
        name = qualified.lstrip(".")
        for module, text in self.files.items():
            if not name.startswith(f"{module}."):
                continue
            first, _, rest = name.removeprefix(f"{module}.").partition(".")
            defined = Module(Document.parse(text))
            fact = defined.ask(definition_with_origins, first)
            if fact is None and len(imported := defined.ask(questions.bindings, first)) == 1:
                fact = self.definition(imported[0].qualified or "")
            return fact.method(rest) if rest and isinstance(fact, ClassFact) else None if rest else fact
        return None


def file_usage(text: str, package: str = "") -> frozenset[Use]:
    """What a file does, as a project knows it."""
    return joined((leaf.fact(usage) for leaf in Document.parse(text).leaves), package)


def rules(*names: str, target: Version = (3, 13)) -> engine.Rules:
    known = catalogue.load()
    return engine.Rules(tuple(known[name] for name in names or known), target, frozenset(known))


def analyse(
    text: str,
    *names: str,
    target: Version = (3, 13),
    files: Mapping[str, str] | None = None,
    is_known: bool = True,
    role: Role = Role.SOURCE,
) -> engine.Analysed:
    project = Neighbours(files or {}, role, is_known)
    return engine.analyse(Module(Document.parse(text), project), rules(*names, target=target))


def fixed(source: str, rule: str, action: int = 0) -> tuple[str, str]:
    """The verdict on an action of the only finding, and the code after it."""
    analysed = analyse(source, rule)
    [diagnostic] = analysed.all_diagnostics
    fix = diagnostic.fixes[action]
    return engine.verdict_name(fix), analysed.rewrite(diagnostic, fix).apply(source)


def offered(analysed: engine.Analysed) -> list[engine.Diagnostic]:
    """What is reported, and the refactorings, which are only offered."""
    return [d for d in analysed.all_diagnostics if d.is_shown or (d.rule.kind is Kind.REFACTOR and d.fix)]


def carried_out(analysed: engine.Analysed) -> engine.Analysed:
    """The document after everything that is fixed in bulk, unsafe fixes included, or after a single refactoring."""
    for diagnostic in analysed.all_diagnostics:
        if diagnostic.rule.kind is Kind.REFACTOR and diagnostic.fix is not None:
            text = analysed.rewrite(diagnostic, diagnostic.fix).apply(analysed.module.document.text)
            return engine.analyse(Module(Document.parse(text), analysed.module.project), analysed.rules)
    for _, fixed in bulk.fix_all(analysed, unsafe=True):
        analysed = fixed
    return analysed


@contextmanager
def failing(rule: str) -> Iterator[None]:
    """Let a rule raise an exception wherever it looks."""
    idiom = catalogue.load()[rule]
    detect = idiom.detect

    def fail(*_: object) -> Iterator[Finding]:
        msg = "oh"
        raise KeyError(msg)

    force_setattr(idiom, "detect", fail)
    try:
        yield
    finally:
        force_setattr(idiom, "detect", detect)
