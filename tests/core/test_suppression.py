"""Comments that silence findings, and the findings about them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from idiomatic.core import bulk, catalogue, engine
from idiomatic.core.document import Document
from idiomatic.core.idiom import Safe, Unsafe
from idiomatic.core.module import Module

from tests.test_cases import all_cases, examples

if TYPE_CHECKING:
    from pathlib import Path

    from idiomatic.core.idiom import Idiom

HEAD = "import datetime\n"
NOW = "datetime.datetime.utcnow()"


def analyse(text: str, *names: str) -> engine.Analysed:
    known = catalogue.rules()
    rules = engine.Rules(tuple(known[name] for name in names or known), (3, 13), frozenset(known))
    return engine.analyse(Module(Document.parse(text)), rules)


def found(text: str, *names: str) -> list[str]:
    return [diagnostic.rule.name for diagnostic in analyse(text, *names).diagnostics]


@pytest.mark.parametrize(
    "code",
    [
        f"x = {NOW}  # idiomatic: ignore[naive-utcnow]",
        f"x = {NOW}  # idiomatic: ignore",
        f"x = {NOW}  #idiomatic:ignore [ naive-utcnow ]",
        f"x = {NOW}  # noqa: DTZ003  # idiomatic: ignore[naive-utcnow] for the old clients",
        f"x = f(  # idiomatic: ignore[naive-utcnow]\n    {NOW},\n)",
        f"x = f(\n    {NOW},\n)  # idiomatic: ignore[naive-utcnow]",
        f"x = {NOW}\n# idiomatic: ignore-file[naive-utcnow]",
        f"# idiomatic: ignore-file\nx = {NOW}",
        f"def f():\n    # idiomatic: ignore-file[naive-utcnow]\n    return {NOW}",
    ],
)
def test_silenced(code: str) -> None:
    assert found(HEAD + code) == []


@pytest.mark.parametrize(
    "code",
    [
        f"x = {NOW}  # noqa: DTZ003",
        f"x = {NOW}  # noqa",
        f"x = {NOW}  #noqa:E501,DTZ003 for the old clients",
        f"x = f(\n    {NOW},\n)  # noqa: DTZ003",
        f"# ruff: noqa: DTZ003\nx = {NOW}",
        f"# flake8: noqa\nx = {NOW}",
        f"x = {NOW}  # ruff: ignore[call-datetime-utcnow] for the old clients",
        f"x = {NOW}  # ruff:ignore [E501, DTZ003]",
        f"# ruff: file-ignore[DTZ003]\nx = {NOW}",
    ],
)
def test_what_another_linter_was_told_counts(code: str) -> None:
    assert found(HEAD + code) == []


@pytest.mark.parametrize(
    "code",
    [
        f"x = {NOW}  # noqa: E501",
        f"x = {NOW}, '# noqa'",
        f"x = {NOW}\ny = 1  # noqa: DTZ003",
        f"# ruff: noqa: E501\nx = {NOW}",
        f"x = {NOW}  # ruff: ignore[line-too-long]",
    ],
)
def test_what_another_linter_was_told_of_something_else(code: str) -> None:
    assert found(HEAD + code) == ["naive-utcnow"]


@pytest.mark.parametrize("rule", [rule for rule in catalogue.load().values() if rule.also], ids=lambda rule: rule.name)
def test_ruff_silences_us_where_it_silences_itself(tmp_path: Path, rule: Idiom) -> None:
    """What ruff underlines, and so where its comment goes, is not always what we underline."""
    texts = [before for _, before, _ in examples(rule.name)]
    texts += [case.fences[0] for case in all_cases(rule.name) if case.one("finds", "1") == "1" and not case.files]
    files = {tmp_path / f"example_{number}.py": text for number, text in enumerate(texts)}
    for file, text in files.items():
        file.write_text(text, encoding="utf-8", newline="")
    options = ["--isolated", "--preview", "--target-version=py313", f"--select={','.join(rule.also)}", "--add-noqa"]
    subprocess.run([sys.executable, "-m", "ruff", "check", *options, *files], check=True, capture_output=True)
    told = {file.read_text(encoding="utf-8") for file in files} - set(texts)
    assert told
    assert [text for text in told if found(text, rule.name)] == []


def test_what_another_linter_was_told_says_nothing_of_other_rules() -> None:
    code = (
        "async def f(a, b):\n    import asyncio\n    await asyncio.gather(g(), g())  # noqa\n\n\nasync def g(): ...\n"
    )
    assert found(code, "gather-to-task-group") == ["gather-to-task-group"]


@pytest.mark.parametrize(
    "code",
    [
        f"x = {NOW}  # ignore[naive-utcnow]",
        f"x = {NOW}, '# idiomatic: ignore'",
        f"# idiomatic: ignored\nx = {NOW}",
    ],
)
def test_not_a_suppression(code: str) -> None:
    assert found(HEAD + code) == ["naive-utcnow"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # idiomatic: ignore[naive-utcnow]\n", "x = 1\n"),
        ("x = 1\t#idiomatic: ignore\n", "x = 1\n"),
        ("x = 1  # type: int  # idiomatic: ignore[naive-utcnow]\n", "x = 1  # type: int\n"),
        ("x = 1  # idiomatic: ignore[naive-utcnow]  # type: int\n", "x = 1  # type: int\n"),
        ("x = 1  # idiomatic: ignore[naive-utcnow] for the clients\n", "x = 1  # for the clients\n"),
        ("# idiomatic: ignore-file[naive-utcnow]\n\nx = 1\n", "\nx = 1\n"),
        ("\ufeff# idiomatic: ignore-file\nx = 1\n", "\ufeffx = 1\n"),
        ("def f():\r\n    # idiomatic: ignore[naive-utcnow]\r\n    return 1\r\n", "def f():\r\n    return 1\r\n"),
        ("x = 1\r# idiomatic: ignore\r", "x = 1\r"),
        ("x = 1\n# idiomatic: ignore", "x = 1\n"),
        ("x = 1  # idiomatic: ignore[naive-utcnow, missing-wraps]\n", "x = 1\n"),
        (
            f"{HEAD}x = {NOW}  # idiomatic: ignore[naive-utcnow, missing-wraps]\n",
            f"{HEAD}x = {NOW}  # idiomatic: ignore[naive-utcnow]\n",
        ),
        (
            f"{HEAD}x = {NOW}  # idiomatic: ignore[missing-wraps , naive-utcnow]\n",
            f"{HEAD}x = {NOW}  # idiomatic: ignore[naive-utcnow]\n",
        ),
    ],
)
def test_what_silences_nothing_is_removed_safely(before: str, after: str) -> None:
    analysed = analyse(before)
    assert {diagnostic.rule.name for diagnostic in analysed.diagnostics} == {"unused-suppression"}
    assert all(diagnostic.fix and diagnostic.fix.verdict == Safe() for diagnostic in analysed.diagnostics)
    for _, fixed in bulk.fix_all(analysed):
        analysed = fixed
    assert analysed.module.document.text == after
    assert list(analysed.diagnostics) == []


def test_a_misspelt_name_is_guessed_and_only_when_asked_for() -> None:
    analysed = analyse(f"{HEAD}x = {NOW}  # idiomatic: ignore[naive-utcno]\n")
    _, misspelt = analysed.diagnostics
    assert misspelt.message == "There is no rule `naive-utcno`; did you mean `naive-utcnow`?"
    assert isinstance(misspelt.fixes[0].verdict, Unsafe)
    assert list(bulk.fix_all(analysed)) == []
    for _, fixed in bulk.fix_all(analysed, unsafe=True):
        analysed = fixed
    assert analysed.module.document.text == f"{HEAD}x = {NOW}  # idiomatic: ignore[naive-utcnow]\n"


def test_a_name_like_no_other_has_no_fix() -> None:
    [diagnostic] = analyse("x = 1  # idiomatic: ignore[zzzz]\n").diagnostics
    assert (diagnostic.rule.name, diagnostic.fixes) == ("unknown-suppression", ())
    [diagnostic] = analyse("x = 1  # idiomatic: ignore[naive-utcno, naive-utcnow]\n", "unknown-suppression").diagnostics
    assert diagnostic.fixes == (), "the name it is like is there already"


def test_rules_that_are_not_looked_for_are_not_missed() -> None:
    text = "x = 1  # idiomatic: ignore[naive-utcnow]\ny = 1  # idiomatic: ignore\n"
    assert found(text, "missing-wraps", "unused-suppression") == []
    assert found(text, "naive-utcnow", "unused-suppression") == ["unused-suppression"]
    assert found(text) == ["unused-suppression", "unused-suppression"]
    assert found(text, "naive-utcnow") == [], "switched off themselves"
    assert found("x = 1  # idiomatic: ignore[zzzz]\n", "unused-suppression") == []


def test_findings_about_suppressions_can_be_silenced_by_name() -> None:
    assert found("x = 1  # idiomatic: ignore[naive-utcnow, unused-suppression]\n") == []
    assert found("x = 1  # idiomatic: ignore[zzzz, unknown-suppression]\n") == []
    assert found("# idiomatic: ignore-file[unused-suppression]\nx = 1  # idiomatic: ignore[naive-utcnow]\n") == []
    assert found("x = 1  # idiomatic: ignore[zzzz]  # idiomatic: ignore\n") == [
        "unknown-suppression",
        "unused-suppression",
    ]


@pytest.mark.parametrize("rule", ["unused-suppression", "unknown-suppression"])
def test_examples(rule: str) -> None:
    import re

    before, after = re.findall(r"```python\n(.*?)```", catalogue.rules()[rule].section("Example"), flags=re.DOTALL)
    analysed = analyse(f"from datetime import datetime\n{before}")
    for _, fixed in bulk.fix_all(analysed, unsafe=True):
        analysed = fixed
    assert analysed.module.document.text == f"from datetime import datetime\n{after}"


def test_edits_of_a_fix_are_those_of_its_statement() -> None:
    text = f"{HEAD}\n\ndef f():\n    return 1  # idiomatic: ignore\n"
    analysed = analyse(text)
    [diagnostic] = analysed.diagnostics
    assert text[(place := analysed.place(diagnostic)).start : place.end] == "# idiomatic: ignore"
    assert analysed.rewrite(diagnostic, diagnostic.fixes[0]).apply(text) == f"{HEAD}\n\ndef f():\n    return 1\n"
