"""What can be set, as JSON Schema: in configuration files and in editors.

The settings of the VS Code extension are made from it (`tools/settings.py`), `idiomatic schema` prints it, and tests
compare it with what is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from idiomatic.core import catalogue
from idiomatic.core.idiom import Severity
from idiomatic.project.configuration import ALL

Schema = Mapping[str, Any]

DRAFT: Final = "http://json-schema.org/draft-07/schema#"


class Setting(Struct, frozen=True):
    """Something that can be set.

    Attributes:
        name: what it is called in an editor; in a file it has hyphens.
        schema: which values it takes, without a description.
        default: what counts if it is not set; `None` where that is decided elsewhere.
        in_file: what it means in a configuration file, a sentence of Markdown; empty: it is none of its keys.
        in_editor: what it means in an editor; empty: it is none of its settings.
    """

    name: str
    schema: Schema
    default: object
    in_file: str = ""
    in_editor: str = ""

    @property
    def key(self) -> str:
        """What it is called in a file."""
        return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in self.name)


def settings() -> tuple[Setting, ...]:
    """All of them but those that decide which server is run: these are the client's own."""
    families = list(dict.fromkeys(catalogue.families().values()))
    return (
        Setting("enable", {"type": "boolean"}, True, in_editor="Whether the server runs at all."),
        Setting(
            "select",
            {"type": "array", "items": _names(), "uniqueItems": True},
            [],
            "Rules, families of rules or `ALL`: what is looked for. If it is not there, everything.",
            "Rules, families of rules or `ALL`: what is looked for. Empty: what the project's configuration says, else "
            "everything.",
        ),
        Setting(
            "ignore",
            {"type": "array", "items": _names(), "uniqueItems": True},
            [],
            "Rules, families of rules or `ALL`: what is not looked for.",
            "Rules and families not to look for, in addition to those the project's configuration ignores.",
        ),
        Setting(
            "severity",
            {"type": "object", "properties": _severities(), "additionalProperties": False},
            {},
            "How loudly the findings of a rule are shown, by its name.",
            'How loudly the findings of a rule are shown, by its name, for example `{"naive-utcnow": "warning"}`.',
        ),
        Setting(
            "hints",
            {
                "type": "object",
                "properties": {
                    family: {"type": "boolean", "description": ", ".join(_rules_of(family))} for family in families
                },
                "additionalProperties": False,
            },
            {},
            in_editor='Whether the advice of a family is underlined, by its name, for example `{"data": false}`. '
            "Where it is not, the lightbulb offers the rewrites all the same. Problems are always underlined.",
        ),
        Setting(
            "targetVersion",
            {"type": "string", "pattern": r"^3\.\d{1,2}$"},
            "",
            "The oldest Python version the code has to run on, for example `3.12`. If it is not there, what the "
            "project says elsewhere.",
            "The oldest Python version the code has to run on, for example `3.12`. Empty: what the project declares "
            "(`requires-python`).",
        ),
        Setting(
            "exclude",
            {"type": "array", "items": {"type": "string"}},
            [],
            "Patterns as in a `.gitignore`, relative to the file's folder: what is not looked at.",
        ),
        Setting(
            "templates",
            {"type": "string", "minLength": 1},
            "",
            "A folder with templates of your own, relative to the file's.",
            "A folder with templates of your own, which are offered beside the others. A relative path begins at the "
            "workspace folder. Empty: what the project's configuration says.",
        ),
        Setting(
            "workspaceDiagnostics",
            {"type": "boolean"},
            False,
            in_editor="Whether the findings of all files in the folder are shown, not of the open ones only. A "
            "process of low priority looks at them, and again whenever they change.",
        ),
        Setting(
            "logLevel",
            {"type": "string", "enum": ["error", "warning", "info", "debug"]},
            "info",
            in_editor="How much the server writes to its log (*idiomatic: Show Logs*).",
        ),
    )


def file_schema() -> dict[str, Any]:
    """The schema of `idiomatic.toml`."""
    keys = [setting for setting in settings() if setting.in_file]
    return {
        "$schema": DRAFT,
        "title": "idiomatic",
        "type": "object",
        "properties": {setting.key: {**setting.schema, "description": setting.in_file} for setting in keys},
        "additionalProperties": False,
    }


def project_file_schema() -> dict[str, Any]:
    """The schema of `pyproject.toml`, which says nothing about the tables of others."""
    own = {key: value for key, value in file_schema().items() if key != "$schema"}
    tool = {"type": "object", "properties": {"idiomatic": own}}
    return {"$schema": DRAFT, "title": "pyproject.toml", "type": "object", "properties": {"tool": tool}}


def _names() -> Schema:
    families = catalogue.families()
    known = {ALL: "All rules."}
    for family in dict.fromkeys(families.values()):
        known[family] = f"The family {family}: {', '.join(_rules_of(family))}."
    known |= {rule.name: rule.advice for rule in catalogue.rules().values()}
    return {"type": "string", "enum": list(known), "enumDescriptions": list(known.values())}


def _severities() -> Schema:
    levels = [str(level) for level in Severity]
    return {rule.name: {"enum": levels, "description": rule.advice} for rule in catalogue.rules().values()}


def _rules_of(family: str) -> list[str]:
    return [rule for rule, own in catalogue.families().items() if own == family]
