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


def test_the_code_has_its_imports() -> None:
    code = whole(load()["async-resource"])
    lines = [
        "import asyncio",
        "from collections.abc import AsyncIterator",
        "from contextlib import asynccontextmanager",
    ]
    assert code.startswith("\n".join(lines) + "\n\n\n@asynccontextmanager\n")
    compile(code, "page", "exec", flags=ast.PyCF_ONLY_AST)
