"""What the site is made of: a copy of `docs/`, and the pages that are made of the catalogues."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from idiomatic.core import catalogue
from idiomatic.templates import catalogue as templates

from tools.docs import pages

_BESIDE: Final = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")
"""What pages include from the folder above."""


def prepare(root: Path, folder: Path) -> None:
    """Put everything into a folder; what has not changed is left alone, so that only the rest is built again.

    Args:
        root: the repository.
        folder: where the sources go.
    """
    wanted = {folder / path: text for path, text in texts(root).items()}
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            shutil.rmtree(path)


def texts(root: Path) -> Mapping[Path, str]:
    """All files with their texts; the paths begin in the folder that stands for the repository."""
    found = {Path(name): (root / name).read_text("utf-8") for name in _BESIDE}
    found[Path("README.md")] = pages.home(found[Path("README.md")])
    found |= {path.relative_to(root): path.read_text("utf-8") for path in _own(root / "docs")}
    rules, known = catalogue.rules(), templates.load()
    for path in found.keys() & {Path("docs", page.name) for page in (root / "docs").glob("*.md")}:
        found[path] = pages.linked(found[path], rules, "rules/")
    made = {f"rules/{name}.md": pages.rule_page(rule, rules, known) for name, rule in rules.items()}
    made |= {f"templates/{name}.md": pages.template_page(each, known, rules) for name, each in known.items()}
    made["rules/index.md"] = pages.rule_index(rules.values())
    made["templates/index.md"] = pages.template_index(known.values())
    return found | {Path("docs", name): text for name, text in made.items()}


def _own(docs: Path) -> Iterator[Path]:
    return (path for path in docs.rglob("*") if path.is_file() and path.suffix in {".md", ".py", ".css", ".js"})
