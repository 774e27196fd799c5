"""All templates, found by walking the package `idiomatic.templates`: its folders are the groups."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from idiomatic import templates
from idiomatic.templates.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.templates.template import Template


class Templates(Mapping[str, "Template"]):
    """The templates by name, in the order of groups and names."""

    def __init__(self, found: Iterable[Template]) -> None:
        ordered = sorted(found, key=lambda template: (template.group, template.name))
        self._templates = {template.name: template for template in ordered}

    def __getitem__(self, name: str) -> Template:
        return self._templates[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._templates)

    def __len__(self) -> int:
        return len(self._templates)


@cache
def load() -> Templates:
    """The templates of this package.

    Raises:
        TemplateError: a file does not keep to the form of a template.
    """
    return Templates(_walk())


def _walk() -> Iterator[Template]:
    for group in pkgutil.iter_modules(templates.__path__):
        if not group.ispkg:
            continue
        folder = resources.files(templates).joinpath(group.name)
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            stem, _, ending = file.name.rpartition(".")
            if ending == "py" and stem != "__init__":
                yield read(file.read_text("utf-8"), str(file), group.name, stem)
