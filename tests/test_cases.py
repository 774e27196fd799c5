"""The idioms, run on the examples in their own docstrings and on the case files in `tests/cases/`.

A case file is named after its rule. Each heading (`##` or deeper) with a Python fence below it is a case:

    ## An alias of the module

    - verdict: unsafe

    ```python
    the user's code
    ```

    ```python
    what it becomes
    ```

The list says what is expected; each line may be left out, and all but `target`, `file`, `project` and `action` may be
repeated:

- `finds: nothing` — the rule has no finding at all (nor a refused one);
- `finds: 2` — how many findings there are; default 1. The other lines are about the first finding;
- `verdict: safe`, `unsafe` or `refused` — of the chosen action; `none` — the finding offers no action at all;
- `reason: ...` — a part of one of the verdict's reasons;
- `title: ...` — a part of the action's title;
- `message: ...` — a part of the finding's message;
- `at: ...` — the underlined code, exactly;
- `action: 2` — the second action is meant; default 1;
- `only: 2` — the second finding is meant; default 1;
- `target: 3.9` — the target version; default 3.13;
- `mypy: ...` — why a result has type errors that the code did not have before (`tests/test_typed_results.py`);
- `file: test`, `stub` or `interface` — what the file is for, where that is not plain code;
- `project: unknown` — what the other files do with what is defined here has not been found out yet.

Without a second Python fence a safe or unsafe verdict is a mistake in the case. By default the first finding's action
is applied alone; `apply: all` applies the first actions of all findings until none is left. A fence
```` ```python file=app.users ```` is another file of the project.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from idiomatic.core import bulk, catalogue, engine
from idiomatic.core.idiom import Fix, Refused, Unsafe
from idiomatic.core.module import Role
from markdown_it import MarkdownIt

from tests.engine import analyse, carried_out, offered

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parent / "cases"


@dataclass
class Case:
    rule: str
    title: str
    line: int
    expected: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    fences: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def one(self, key: str, default: str) -> str:
        return self.expected[key][0] if self.expected[key] else default


def read_cases(rule: str, text: str) -> list[Case]:
    cases: list[Case] = []
    tokens = MarkdownIt().parse(text)
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag != "h1":
            cases.append(Case(rule, tokens[index + 1].content, (token.map or [0])[0] + 1))
        elif not cases:
            continue
        elif token.type == "inline" and tokens[index - 2].type == "list_item_open":
            key, _, value = token.content.partition(":")
            cases[-1].expected[key.strip()].append(value.strip())
        elif token.type == "fence" and token.info.startswith("python"):
            if other := re.search(r"file=(\S+)", token.info):
                cases[-1].files[other[1]] = token.content
            else:
                cases[-1].fences.append(token.content)
    return [case for case in cases if case.fences]


def all_cases(rule: str = "*") -> list[Case]:
    return [
        case for path in sorted(CASES.glob(f"{rule}.md")) for case in read_cases(path.stem, path.read_text("utf-8"))
    ]


def examples(*rules: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for idiom in (catalogue.load()[rule] for rule in rules or catalogue.load()):
        fences = re.findall(r"```python\n(.*?)```", idiom.section("Example"), flags=re.DOTALL)
        found += [(idiom.name, *pair) for pair in zip(fences[::2], fences[1::2], strict=True)]
    return found


@pytest.mark.parametrize(("rule", "before", "after"), [pytest.param(*e, id=e[0]) for e in examples()])
def test_example_in_docstring(rule: str, before: str, after: str) -> None:
    analysed = analyse(before, rule)
    assert offered(analysed), "the rule does not find its own example"
    analysed = carried_out(analysed)
    assert analysed.module.document.text == after
    assert not [d for d in offered(analysed) if d.fix], "the result is found again"


@pytest.mark.parametrize("rule", catalogue.load())
def test_fix_safety_names_the_verdicts_there_are(rule: str) -> None:
    """Tables and pages take from that text which verdicts a rule's fixes get, the first ones, which count in bulk."""
    cases = [case for case in all_cases(rule) if case.one("finds", "1") != "nothing"]
    found = [looked_at(case) for case in cases] + [analyse(before, name) for name, before, _ in examples(rule)]
    verdicts = {
        engine.verdict_name(diagnostic.fixes[0])
        for analysed in found
        for diagnostic in analysed.all_diagnostics
        if diagnostic.fixes
    }
    assert verdicts == set(catalogue.load()[rule].verdicts)


def test_every_idiom_has_an_example_and_cases() -> None:
    named = {rule for rule, _, _ in examples()}
    assert named == set(catalogue.load())
    assert {case.rule for case in all_cases()} == set(catalogue.load())


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What of a file is evaluated when the file is imported."""
    kept: list[ast.AST]
    match node:
        case ast.FunctionDef(args=arguments, decorator_list=decorators):
            kept = [*decorators, *arguments.defaults, *(each for each in arguments.kw_defaults if each)]
        case ast.Lambda(args=arguments):
            kept = [*arguments.defaults, *(each for each in arguments.kw_defaults if each)]
        case ast.AnnAssign(value=value):
            kept = [value] if value else []
        case _:
            kept = [*ast.iter_child_nodes(node)]
    yield node
    for each in kept:
        yield from at_import(each)


@pytest.mark.parametrize("rule", catalogue.load())
def test_libcst_is_not_used_while_the_file_is_imported(rule: str) -> None:
    """It takes longer to load than all the rest, and only rewrites need it; see *Adding an idiom*."""
    path = Path(catalogue.load()[rule].path)
    for node in at_import(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Name) and node.id == "cst":
            pytest.fail(f"{path}:{node.lineno}: put this into a function, a class as much as a constant")


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.rule}:{case.line}") for case in all_cases()])
def test_case(case: Case) -> None:
    _, *after = case.fences
    analysed = looked_at(case)
    found = analysed.all_diagnostics
    if case.one("finds", "1") == "nothing":
        assert not found, f"a false alarm: {[d.message for d in found]}"
        return
    assert len(found) == int(case.one("finds", "1")), [d.message for d in found]
    diagnostic = found[int(case.one("only", "1")) - 1]
    for part in case.expected["message"]:
        assert part in diagnostic.message
    for part in case.expected["at"]:
        assert part == diagnostic.statement.text[diagnostic.span.start : diagnostic.span.end]
    if case.one("verdict", "") == "none":
        assert not diagnostic.fixes
        return
    fix = diagnostic.fixes[int(case.one("action", "1")) - 1]
    for part in case.expected["title"]:
        assert part in fix.title
    if case.expected["verdict"]:
        assert (engine.verdict_name(fix), fix.verdict) == (case.one("verdict", ""), fix.verdict)
    reasons = _reasons(fix.verdict)
    for part in case.expected["reason"]:
        assert any(part in reason for reason in reasons), reasons
    if isinstance(fix.verdict, Refused):
        assert not after, "a refused fix has no result"
        return
    assert after, "the case says what the code becomes"
    assert _result(case, analysed, diagnostic, fix) == after[0]


def looked_at(case: Case) -> engine.Analysed:
    major, minor = case.one("target", "3.13").split(".")
    is_known, role = case.one("project", "") != "unknown", Role(case.one("file", Role.SOURCE))
    target = int(major), int(minor)
    return analyse(case.fences[0], case.rule, target=target, files=case.files, is_known=is_known, role=role)


def _reasons(verdict: object) -> tuple[str, ...]:
    match verdict:
        case Unsafe(reasons=reasons):
            return reasons
        case Refused(reason=reason):
            return (reason,)
        case _:
            return ()


def _result(case: Case, analysed: engine.Analysed, diagnostic: engine.Diagnostic, fix: Fix) -> str:
    if case.one("apply", "") == "all":
        for _, fixed in bulk.fix_all(analysed, unsafe=True):
            analysed = fixed
        return analysed.module.document.text
    return analysed.rewrite(diagnostic, fix).apply(analysed.module.document.text)


def test_a_case_file_is_read() -> None:
    text = "# r\n\n## t\n\n- verdict: safe\n- reason: a\n- reason: b\n\n```python\nx\n```\n\n```python\ny\n```\n"
    [case] = read_cases("r", text)
    assert (case.title, case.line, case.fences) == ("t", 3, ["x\n", "y\n"])
    assert case.expected == {"verdict": ["safe"], "reason": ["a", "b"]}
