"""The templates of a team: files of the same form as ours, in a folder that the configuration names.

They are read, never run. A file that is wrong is left out, and what is wrong is said of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from idiomatic.core.text import Lines, Span
from idiomatic.project.configuration import SHARED_FILE, TABLE, ConfigurationError
from idiomatic.project.tables import version_of
from idiomatic.project.toml_places import place
from idiomatic.templates.catalogue import Templates, load
from idiomatic.templates.reading import read
from idiomatic.templates.template import TemplateError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from pathlib import Path

    from idiomatic.project.configuration import Configuration
    from idiomatic.templates.template import Template


class OwnTemplates(Struct, frozen=True):
    """What a folder has.

    Attributes:
        templates: ours and the team's; of two with the same name, the team's.
        faults: what is wrong in which file, or with the folder.
    """

    templates: Templates
    faults: tuple[ConfigurationError, ...] = ()


def own_templates(configuration: Configuration, root: Path) -> OwnTemplates:
    """All templates of those who have set up a folder of their own; read again when a file in it changed.

    Args:
        configuration: that may name a folder.
        root: where a relative one begins that no file names.
    """
    if configuration.templates is None:
        return OwnTemplates(load())
    folder = root / configuration.templates
    if not folder.is_dir():
        return OwnTemplates(load(), (_no_folder(configuration, folder),))
    return _together(folder, tuple((path, version_of(path)) for path in _files(folder)))


def _no_folder(configuration: Configuration, folder: Path) -> ConfigurationError:
    message = f"there is no folder {folder}"
    file = configuration.file
    try:
        text = file.read_bytes().decode("utf-8-sig") if file is not None else ""
    except (OSError, UnicodeDecodeError):
        text = ""
    key = (*TABLE, "templates") if file is not None and file.name == SHARED_FILE else ("templates",)
    if file is None or "templates" not in text:
        return ConfigurationError("the editor's settings", "templates", message)
    return ConfigurationError(file, ".".join(key), message, text, place(text, key))


@lru_cache(maxsize=16)
def _together(folder: Path, files: tuple[tuple[Path, Hashable], ...]) -> OwnTemplates:
    found: dict[str, Template] = {}
    faults: list[ConfigurationError] = []
    for path, version in files:
        template = _read(folder, path, version)
        if isinstance(template, ConfigurationError):
            faults.append(template)
        elif template.name in found:
            other = found[template.name].path
            faults.append(ConfigurationError(path, "", f"there is another template of this name: {other}"))
        else:
            found[template.name] = template
    ours = (template for template in load().values() if template.name not in found)
    return OwnTemplates(Templates([*ours, *found.values()]), tuple(faults))


def _files(folder: Path) -> Iterator[Path]:
    """The template files of a folder, and of its sub-folders, which are groups."""
    for path in sorted([*folder.glob("*.py"), *folder.glob("*/*.py")]):
        hidden = path.parent != folder and path.parent.name.startswith((".", "__"))
        if path.name != "__init__.py" and not path.name.startswith(("test_", "conftest")) and not hidden:
            yield path


@lru_cache(maxsize=256)
def _read(folder: Path, path: Path, _: Hashable) -> Template | ConfigurationError:
    group = folder.name if path.parent == folder else path.parent.name
    text = ""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return read(text, str(path), group, path.stem)
    except TemplateError as error:
        lines = Lines(text)
        line = min(error.line, len(lines)) - 1
        start = lines.starts[line]
        stripped = lines.line(line)
        indentation = len(stripped) - len(stripped.lstrip())
        span = Span(start + indentation, start + len(stripped.rstrip()))
        return ConfigurationError(path, "", error.message, text, span)
    except (OSError, UnicodeDecodeError) as error:
        return ConfigurationError(path, "", f"can't be read: {error}")
