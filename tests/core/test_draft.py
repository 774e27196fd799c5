"""What a draft refuses, whatever the idiom does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
import pytest
from idiomatic.core.analysis import Analysis
from idiomatic.core.document import Document
from idiomatic.core.draft import Draft, DraftError
from idiomatic.core.module import Module

from tests.engine import Neighbours, analyse

if TYPE_CHECKING:
    from collections.abc import Sequence


def draft_of(text: str) -> Draft:
    module = Module(Document.parse(text))
    [statement] = module.document.statements
    return Draft(module.document, Analysis(module, statement, (3, 13)), statement.nodes[0], statement.nodes[-1])


def test_a_lost_comment_is_no_fix() -> None:
    draft = draft_of("f(  # why\n    1,\n)\n")
    with pytest.raises(DraftError, match="# why"):
        draft.finish([cst.ensure_type(cst.parse_statement("f(1)\n"), cst.SimpleStatementLine)])


def test_a_result_that_is_not_python_is_no_fix() -> None:
    draft = draft_of("f(1)\n")
    statement: Sequence[cst.BaseStatement] = [cst.SimpleStatementLine([cst.Expr(cst.Name("not"))])]
    with pytest.raises(DraftError, match="not be valid"):
        draft.finish(statement)


@pytest.mark.parametrize(
    "text",
    ["if a:\n\tb\n\x0c\n\tc  # d\n", "x = '''\r a\x0c'''\r", "if a:\r\n  b\r\n", "\ufeffx = 1", "\x0cx = 1\n"],
)
def test_a_draft_that_changes_nothing_has_no_edits(text: str) -> None:
    draft = draft_of(text)
    assert draft.finish(draft.body).edits == ()


@pytest.mark.parametrize(
    "deep", ["+".join(["1"] * 900), "a" + ".b" * 400, "f" + "()" * 400, "-" * 180 + "1"], ids=lambda text: text[:6]
)
def test_code_that_nests_deeply_is_found_and_not_rewritten(deep: str) -> None:
    analysed = analyse(f"import datetime\nx = datetime.datetime.utcnow(), {deep}\n", "naive-utcnow")
    [diagnostic] = analysed.diagnostics
    with pytest.raises(DraftError, match="deeply"):
        analysed.rewrite(diagnostic, diagnostic.fixes[0])


def test_imports_of_a_package_are_kept_for_others() -> None:
    text = "from contextlib import closing\n\n\ndef f():\n    x = closing(g())\n"
    for is_interface, kept in ((False, False), (True, True)):
        module = Module(Document.parse(text), Neighbours(is_interface=is_interface))
        statement = module.document.statements[1]
        draft = Draft(module.document, Analysis(module, statement, (3, 13)), statement.nodes[0], statement.nodes[0])
        new = cst.ensure_type(cst.parse_statement("def f():\n    x = g()\n"), cst.FunctionDef)
        assert ("closing" in draft.finish([new]).apply(text)) is kept


def test_a_long_line_is_rewritten() -> None:
    text = f"import datetime\nx = datetime.datetime.utcnow(), [{'1, ' * 33_000}]\n"
    analysed = analyse(text, "naive-utcnow")
    [diagnostic] = analysed.diagnostics
    expected = text.replace("utcnow()", "now(datetime.UTC)")
    assert analysed.rewrite(diagnostic, diagnostic.fixes[0]).apply(text) == expected
