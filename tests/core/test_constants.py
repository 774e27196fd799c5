"""Where new variables of a module go."""

from __future__ import annotations

import ast

import pytest
from idiomatic.core.constants import new_constants
from idiomatic.core.document import Document
from idiomatic.core.text import apply_edits


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import a\n\n\ndef f(): ...\n", "import a\n\nX = 1\n\n\ndef f(): ...\n"),
        ("import a\nimport b\n\nY = 2\n\n\ndef f(): ...\n", "import a\nimport b\n\nX = 1\n\nY = 2\n\n\ndef f(): ...\n"),
        ("import a\ndef f(): ...\n", "import a\n\nX = 1\n\ndef f(): ...\n"),
        ('"""Doc."""\n\n\ndef f(): ...\n', '"""Doc."""\n\nX = 1\n\n\ndef f(): ...\n'),
        ("def f(): ...\n", "X = 1\n\n\ndef f(): ...\n"),
        ("#!/bin/python\n\n# Why.\ndef f(): ...\n", "#!/bin/python\n\nX = 1\n\n\n# Why.\ndef f(): ...\n"),
        ("\ufeffdef f(): ...\n", "\ufeffX = 1\n\n\ndef f(): ...\n"),
        ("import a\r\n\r\n\r\ndef f(): ...\r\n", "import a\r\n\r\nX = 1\r\n\r\n\r\ndef f(): ...\r\n"),
        (
            "try:\n    import a\nexcept ImportError:\n    a = None\n\n\ndef f(): ...\n",
            "try:\n    import a\nexcept ImportError:\n    a = None\n\nX = 1\n\n\ndef f(): ...\n",
        ),
        ("import a\n\n\ndef g():\n    import b\n\n\ndef f(): ...\n", None),
        ("import a  # why\n\n# About f.\ndef f(): ...\n\n\nimport b\n", None),
    ],
)
def test_below_the_imports_above_the_function(before: str, after: str | None) -> None:
    document = Document.parse(before)
    [function] = [each for each in document.statements if "def f" in each.text]
    text = apply_edits(before, [new_constants(document, function, ["X = 1"])])
    ast.parse(text.removeprefix("\ufeff"))
    assert text == (after or before.replace("\n", "\n\nX = 1\n", 1))


def test_several() -> None:
    document = Document.parse("import a\n\n\ndef f(): ...\n")
    edit = new_constants(document, document.statements[-1], ["X = 1", "Y = 2"])
    assert edit.text == "\nX = 1\nY = 2\n"
