"""What a draft refuses, whatever the idiom does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import libcst as cst
import pytest
from idiomatic.core.analysis import Analysis
from idiomatic.core.document import Document
from idiomatic.core.draft import Draft, DraftError
from idiomatic.core.module import Module, Role
from idiomatic.core.text import Edit, Span

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
    for role, kept in ((Role.SOURCE, False), (Role.TEST, False), (Role.INTERFACE, True)):
        module = Module(Document.parse(text), Neighbours(role=role))
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


# -- several statements ---------------------------------------------------------------------------------------------

HOURS = "import enum\n\n# opening\nHOURS = 8  # a day\n\n# in all\nDAYS = 5\n\n\nprint(HOURS * DAYS)\n"


def joined_with(text: str, name: str) -> tuple[Draft, Sequence[Draft]]:
    """A draft of the assignment to a name, and the parts that are all other statements with the name."""
    module = Module(Document.parse(text))
    statement = next(each for each in module.document.statements if each.text.lstrip("\ufeff\n").startswith(name))
    [node] = statement.nodes
    draft = Draft(module.document, Analysis(module, statement, (3, 13)), node, node)
    return draft, [draft.part(code, code.statement.nodes[0]) for code in draft.elsewhere(name)]


def renamed(draft: Draft, old: str, new: str) -> Sequence[cst.BaseStatement]:
    names = [node for node in draft.code.nodes(ast.Name) if node.id == old]
    return draft.replaced({draft.node(name, cst.Name): cst.Name(new) for name in names})


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_parts_change_with_the_statement(newline: str, mark: str) -> None:
    text = mark + "A = 1\n\n\ndef f():\n    return A  # one\n\n\nprint(A)".replace("\n", newline)
    draft, [first, second] = joined_with(text, "A")
    for part in (first, second):
        part.become(renamed(part, "A", "B"))
    rewriting = draft.finish(renamed(draft, "A", "B"))
    assert rewriting.apply(text) == text.replace("A", "B")
    assert len(rewriting.edits) == 3
    assert rewriting.elsewhere == {first.code.statement, second.code.statement}


def test_a_part_that_becomes_nothing_stays() -> None:
    text = "A = 1\nprint(A)\n"
    draft, [part] = joined_with(text, "A")
    assert part.body
    assert draft.finish(renamed(draft, "A", "B")).apply(text) == "B = 1\nprint(A)\n"


def test_comments_may_move_from_part_to_part() -> None:
    module = Module(Document.parse(HOURS))
    _, hours, days, _ = module.document.statements
    draft = Draft(module.document, Analysis(module, hours, (3, 13)), hours.nodes[0], hours.nodes[0])
    [code] = [code for code in draft.elsewhere("DAYS") if code.statement is days]
    part = draft.part(code, days.nodes[0], from_top=True)
    part.become([])
    rewriting = draft.finish([*part.body, *draft.body])
    assert rewriting.apply(HOURS).startswith(
        "import enum\n\n# opening\n\n# in all\nDAYS = 5\nHOURS = 8  # a day\n\n\nprint"
    )
    with pytest.raises(DraftError, match="# in all"):
        draft.finish(draft.body)


def test_what_one_part_imports_is_there_for_the_first_of_them() -> None:
    text = "import os\n\nprint(A)\nimport sys\nA = 1\n"
    draft, [part] = joined_with(text, "A")
    name = part.expression("functools.cache", part.code.statement.nodes[0])
    draft.constant("B = 2")
    part.become([cst.SimpleStatementLine([cst.Expr(name)])])
    new = draft.finish(draft.body).apply(text)
    assert new == "import os\nfrom functools import cache\n\nB = 2\n\ncache\nimport sys\nA = 1\n"


def test_an_import_is_dropped_when_no_part_needs_it() -> None:
    text = "from os import sep\n\nA = sep\nprint(A, sep)\n"
    draft, [part] = joined_with(text, "A")
    part.become(renamed(part, "sep", "os"))
    assert "import" in draft.finish(draft.body).apply(text)
    draft, [part] = joined_with(text, "A")
    part.become(renamed(part, "sep", "os"))
    assert "import" not in draft.finish(renamed(draft, "sep", "os")).apply(text)


def test_parts_are_checked_together() -> None:
    text = "def f():\n    A\n    A\n\n\nA = 1\n"
    draft, _ = joined_with(text, "A")
    [code] = draft.elsewhere("A")
    for statement in code.nodes(ast.Expr):
        draft.part(code, statement).become([])
    with pytest.raises(DraftError, match="not be valid"):
        draft.finish(draft.body)


def test_parts_of_a_statement_that_does_not_parse() -> None:
    broken = Document.parse("A = 1\n\ndef f():\n    return A\n")
    at = broken.text.index("return")
    broken = broken.edited([Edit(Span(at, at), "(")])
    module = Module(broken)
    statement = broken.statements[0]
    draft = Draft(broken, Analysis(module, statement, (3, 13)), statement.nodes[0], statement.nodes[0])
    with pytest.raises(DraftError, match="does not parse"):
        list(draft.elsewhere("A"))
    assert not list(draft.elsewhere("B"))


def test_parts_in_a_long_class() -> None:
    methods = "".join(f"    def m{number}(self):\n        return A\n\n" for number in range(60))
    text = f"A = 1\n\n\nclass C:\n{methods}"
    draft, _ = joined_with(text, "A")
    [code] = draft.elsewhere("A")
    for statement in code.nodes(ast.Return):
        part = draft.part(code, statement)
        part.become([cst.SimpleStatementLine([cst.Return(cst.Name("B"))])])
    assert draft.finish(renamed(draft, "A", "B")).apply(text) == text.replace("A", "B")
