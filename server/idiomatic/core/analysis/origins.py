"""What are the names in a decorated class imported as, in the file that defines it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from idiomatic.core.facts import ClassFact, words
from idiomatic.core.module import about, bindings, definition

if TYPE_CHECKING:
    from idiomatic.core.facts import FunctionFact
    from idiomatic.core.module import Module


@about(lambda name: (name,))
def definition_with_origins(module: Module, name: str) -> FunctionFact | ClassFact | None:
    """Question: what `definition` answers, and for a class with decorators what the names in it were imported as."""
    fact = module.ask(definition, name)
    if not isinstance(fact, ClassFact) or not fact.decorators:
        return fact
    origins: list[tuple[str, str]] = []
    for word in sorted(words(fact)):
        match [*{binding.qualified for binding in module.ask(bindings, word)}]:
            case [str(origin)]:
                origins.append((word, origin))
            case _:
                pass
    return replace(fact, origins=tuple(origins))
