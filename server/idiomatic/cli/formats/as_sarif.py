"""For code scanning: SARIF 2.1.0."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from idiomatic import __version__
from idiomatic.core import catalogue, pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.idiom import Idiom
    from idiomatic.project.scan.reports import Record

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {"error": "error", "warning": "warning", "information": "note", "hint": "note"}


def lines(records: Sequence[Record]) -> Iterator[str]:
    """A log with one run."""
    rules = [rule for rule in catalogue.rules().values() if any(record.rule == rule.name for record in records)]
    index = {rule.name: number for number, rule in enumerate(rules)}
    driver = {"name": "idiomatic", "version": __version__, "rules": [_rule(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(record, index[record.rule]) for record in records],
    }
    yield from json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2).splitlines()


def _rule(rule: Idiom) -> dict[str, Any]:
    page = pages.page(rule)
    # There is no `helpUri`: the pages on this machine are nothing for whoever reads the log elsewhere.
    return {
        "id": rule.name,
        "name": rule.name.title().replace("-", ""),
        "shortDescription": {"text": rule.advice},
        "fullDescription": {"text": rule.section("Why")},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.family, str(rule.kind), *rule.also]},
    }


def _result(record: Record, index: int) -> dict[str, Any]:
    region = {
        "startLine": record.line,
        "startColumn": record.column,
        "endLine": record.end_line,
        "endColumn": record.end_column,
    }
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(record.path)}}
    if not record.cell:
        # Lines of a notebook count in a cell, not in the file.
        location["region"] = region
    fix = record.fix and {"safety": record.fix.safety, "title": record.fix.title}
    return {
        "ruleId": record.rule,
        "ruleIndex": index,
        "level": _LEVELS[record.severity],
        "message": {"text": f"{record.message} ({record.place})" if record.cell else record.message},
        "locations": [{"physicalLocation": location}],
        "properties": {"fix": fix},
    }


def _uri(path: str) -> str:
    return Path(path).as_uri() if Path(path).is_absolute() else quote(os.fsencode(Path(path).as_posix()))
