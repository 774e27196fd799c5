"""Fixes keep code typed: what `mypy --strict` says of every example and case, before and after each of its actions.

After an action there must be no kind of error that there was not before; so what passes goes on to pass. All that is
untyped counts as one kind. Where a result is right to fail, the case has a line `mypy: ...` that says why (see
`tests/test_cases.py`); examples in docstrings have no such excuse.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha1
from typing import TYPE_CHECKING

import pytest
from idiomatic.core.idiom import Refused
from mypy import api

from tests.engine import analyse
from tests.test_cases import Case, all_cases, examples
from tests.test_disguises import result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

UNTYPED = {"no-untyped-def", "no-untyped-call", "untyped-decorator", "no-any-return", "type-arg", "var-annotated"}
"""What is said of code that has no annotations, or has them in part."""

OPTIONS = ["--strict", "--python-version=3.13", "--ignore-missing-imports", "--config-file=", "--hide-error-context"]


@dataclass(frozen=True)
class Sample:
    """An example or case, and what its actions make of it: the name of an action, and the text after it."""

    case: Case
    before: str
    after: Mapping[str, str]


def cases_in_docstrings() -> list[Case]:
    return [Case(rule, "its example", 0, fences=[before, after]) for rule, before, after in examples()]


def sample(case: Case) -> Sample:
    major, minor = case.one("target", "3.13").split(".")
    analysed = analyse(case.fences[0], case.rule, target=(int(major), int(minor)), files=case.files)
    after: dict[str, str] = {}
    for number, diagnostic in enumerate(analysed.all_diagnostics, 1):
        for fix in diagnostic.fixes:
            if not isinstance(fix.verdict, Refused) and (text := result(analysed, diagnostic, fix)) is not None:
                after[f"finding {number}, {fix.title}"] = text
    # A case may say what becomes of all of them together.
    if not case.files and case.one("apply", "") == "all":
        after["all of them"] = case.fences[-1]
    return Sample(case, case.fences[0], after)


def module_of(text: str) -> str:
    """A name by which mypy's cache knows a text again."""
    return f"text_{sha1(text.encode(), usedforsecurity=False).hexdigest()}"


def errors(texts: Iterable[str], folder: Path, cache: Path) -> Mapping[str, Mapping[str, str]]:
    """Of each module, what mypy finds wrong: one message of each kind."""
    modules = {module_of(text): text for text in texts}
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    # In one run: the standard library is then read once, and kept in the cache.
    out, err, _ = api.run([*OPTIONS, f"--cache-dir={cache}", str(folder)])
    assert not err, err
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for line in out.splitlines():
        if match := re.search(r"(text_\w+)\.py:(\d+): error: (.*?)(?:  \[([\w-]+)\])?$", line):
            name, number, message, kind = match.groups()
            found[name].setdefault("untyped" if kind in UNTYPED else kind, f"line {number}: {message}")
    return found


def test_results_stay_typed(tmp_path: Path, cache: pytest.Cache) -> None:
    samples = [sample(case) for case in [*cases_in_docstrings(), *all_cases()]]
    texts = [text for each in samples for text in (each.before, *each.after.values())]
    found = errors(texts, tmp_path, cache.mkdir("mypy"))
    wrong: list[str] = []
    for each in samples:
        before = found.get(module_of(each.before), {})
        new = {
            action: [message for kind, message in found.get(module_of(text), {}).items() if kind not in before]
            for action, text in each.after.items()
        }
        where = f"{each.case.rule}:{each.case.line}"
        for action, messages in new.items():
            wrong += [f"{where}: {action}: {message}" for message in messages if not each.case.expected["mypy"]]
        if each.case.expected["mypy"] and not any(new.values()):
            wrong.append(f"{where}: has a line `mypy: ...`, and nothing is wrong with it")
    assert not wrong, "\n".join(["", *wrong])
