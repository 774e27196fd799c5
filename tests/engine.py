"""How the tests drive the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idiomatic.core import bulk, catalogue, engine
from idiomatic.core import module as questions
from idiomatic.core.analysis.origins import definition_with_origins
from idiomatic.core.document import Document
from idiomatic.core.facts import ClassFact
from idiomatic.core.idiom import Kind
from idiomatic.core.module import Module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.core.analysis.code import Version
    from idiomatic.core.facts import FunctionFact


@dataclass(frozen=True)
class Neighbours:
    """A project of other files, by dotted module name, for questions across files."""

    files: Mapping[str, str] = field(default_factory=dict)
    is_interface: bool = False

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


def rules(*names: str, target: Version = (3, 13)) -> engine.Rules:
    known = catalogue.load()
    return engine.Rules(tuple(known[name] for name in names or known), target, frozenset(known))


def analyse(
    text: str, *names: str, target: Version = (3, 13), files: Mapping[str, str] | None = None
) -> engine.Analysed:
    return engine.analyse(Module(Document.parse(text), Neighbours(files or {})), rules(*names, target=target))


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
