"""The page of a template: what it is for, and code that runs as it stands there."""

from __future__ import annotations

import ast

import pytest
from idiomatic.core.markdown import section
from idiomatic.templates.catalogue import load
from idiomatic.templates.pages import page, whole


@pytest.mark.parametrize("name", load())
def test_says_what_the_file_says(name: str) -> None:
    template, text = load()[name], page(load()[name])
    assert text.startswith(f"# {name}\n\n**{template.title}**\n\n- Group: {template.group}\n")
    assert all(f"`{prefix}`" in text for prefix in (*template.prefixes, name))
    assert all(section(template.text, title) in text for title in ("Why", "Use", "References"))
    assert template.code.rstrip() in text


@pytest.mark.parametrize("name", load())
def test_the_code_has_all_that_it_needs(name: str) -> None:
    template = load()[name]
    code = whole(template)
    if not template.is_python:
        assert code == template.code
        return
    tree = compile(code, name, "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {need.name for need in template.needs} <= imported
    defined = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined |= {
        node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {each.name for each in template.reuses} <= defined
