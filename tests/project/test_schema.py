"""What can be set is the same for the schemas, the documents, the VS Code extension and for what reads it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from idiomatic.core import catalogue
from idiomatic.core.idiom import Severity
from idiomatic.project import configuration, schema
from idiomatic.project.configuration import Configuration, ConfigurationError
from jsonschema import Draft7Validator

from tools import settings as manifests

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FILE = Draft7Validator(schema.file_schema())
PROJECT_FILE = Draft7Validator(schema.project_file_schema())


def test_keys_are_those_that_are_read() -> None:
    assert tuple(schema.file_schema()["properties"]) == configuration.KEYS


def test_schemas_are_schemas() -> None:
    Draft7Validator.check_schema(schema.file_schema())
    Draft7Validator.check_schema(schema.project_file_schema())
    for setting in schema.settings():
        Draft7Validator.check_schema(setting.schema)


def examples() -> Iterator[str]:
    for name in ("README.md", "docs/configuration.md"):
        yield from re.findall(r"^```toml\n(.*?)^```", (ROOT / name).read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", list(examples()))
def test_the_documents_show_what_is_right(text: str) -> None:
    PROJECT_FILE.validate(tomllib.loads(text))


NAMES = st.sampled_from([*configuration.selectable(), "gather", "B006"])
NONSENSE = st.sampled_from([None, 3, "", "ALL", True, [3], {}, {"naive-utcnow": 1}])
TABLES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "select": st.lists(NAMES, max_size=3, unique=True) | NONSENSE,
        "ignore": st.lists(NAMES, max_size=3, unique=True) | NONSENSE,
        "severity": st.dictionaries(
            st.sampled_from([*list(catalogue.rules())[:3], "gather"]), st.sampled_from([*Severity, "loud"]), max_size=2
        )
        | NONSENSE,
        "target-version": st.sampled_from(["3.9", "3.14", "3", "4.0", "3.123", "py311", "3.11.2"]) | NONSENSE,
        "exclude": st.lists(st.sampled_from(["a", "*.py", "/b/**"]), max_size=2) | NONSENSE,
        "templates": st.sampled_from(["tools/templates", "~/t"]) | NONSENSE,
        "targetVersion": st.just("3.11"),
    },
)


@settings(deadline=None)
@given(TABLES)
def test_what_is_valid_is_read_and_nothing_else(table: dict[str, Any]) -> None:
    # What is read of a client's settings passes over what is empty; that of a file does not.
    assert is_read(table) == FILE.is_valid(table)


def is_read(table: dict[str, Any]) -> bool:
    try:
        configuration._structure(table, "a test", "", ())
    except ConfigurationError:
        return False
    return True


def test_the_manifest_of_the_extension_is_up_to_date() -> None:
    text = manifests.MANIFEST.read_text("utf-8")
    assert text == manifests.manifest(text), "run tools/settings.py"


def rows(document: str) -> set[str]:
    return set(re.findall(r"^\| `(?:idiomatic\.)?([\w.-]+)` \|", (ROOT / document).read_text("utf-8"), re.MULTILINE))


def test_the_documents_name_all_of_them() -> None:
    in_editor = {setting.name for setting in schema.settings() if setting.in_editor}
    assert set(configuration.KEYS) <= rows("docs/configuration.md")
    assert in_editor <= rows("docs/editors.md")
    assert {*in_editor, *manifests.OF_CLIENT} <= rows("client/vscode/README.md")


def test_a_folder_that_an_editor_names_is_one_of_the_workspace(tmp_path: Path) -> None:
    assert Configuration().merged({"templates": "mine"}).below(tmp_path).templates == tmp_path / "mine"
    assert Configuration().merged({"templates": str(tmp_path)}).below(Path("/elsewhere")).templates == tmp_path
