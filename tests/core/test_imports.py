"""Where new imports go, what they join, and which ones go away."""

from __future__ import annotations

import pytest
from idiomatic.core.document import Document
from idiomatic.core.imports import Import, plan
from idiomatic.core.text import apply_edits

WRAPS = Import("functools", "wraps")
FUNCTOOLS = Import("functools")


def planned(text: str, *add: Import, drop: tuple[str, ...] = ()) -> str:
    return apply_edits(text, plan(Document.parse(text), add, drop))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "import functools\n", id="empty"),
        pytest.param("x = 1\n", "import functools\n\nx = 1\n", id="above code"),
        pytest.param("def f(): ...\n", "import functools\n\n\ndef f(): ...\n", id="above a definition"),
        pytest.param("\n\n\ndef f(): ...\n", "import functools\n\n\n\ndef f(): ...\n", id="blank lines are kept"),
        pytest.param("'''doc'''\n", "'''doc'''\n\nimport functools\n", id="after a docstring"),
        pytest.param("'''doc'''", "'''doc'''\n\nimport functools\n", id="no line feed at the end"),
        pytest.param(
            "'''doc'''\n\nx = 1\n", "'''doc'''\n\nimport functools\n\nx = 1\n", id="between docstring and code"
        ),
        pytest.param(
            "#!/bin/python\n# coding: utf-8\n# Licence\n\n# about f\ndef f(): ...\n",
            "#!/bin/python\n# coding: utf-8\n# Licence\n\nimport functools\n\n\n# about f\ndef f(): ...\n",
            id="below the head of the file, above a comment",
        ),
        pytest.param("\ufeffx = 1\n", "\ufeffimport functools\n\nx = 1\n", id="byte order mark"),
        pytest.param(
            "from __future__ import annotations\n\nx = 1\n",
            "from __future__ import annotations\n\nimport functools\n\nx = 1\n",
            id="after __future__",
        ),
        pytest.param("import abc\nimport os\n", "import abc\nimport functools\nimport os\n", id="sorted"),
        pytest.param("import os\n", "import functools\nimport os\n", id="first"),
        pytest.param("import os\nx = 1\n", "import functools\nimport os\nx = 1\n", id="first, code below"),
        pytest.param("import abc\nx = 1\n", "import abc\nimport functools\nx = 1\n", id="last"),
        pytest.param(
            "import requests\n", "import functools\n\nimport requests\n", id="standard library before the others"
        ),
        pytest.param(
            "from __future__ import annotations\n\nimport requests\n",
            "from __future__ import annotations\n\nimport functools\n\nimport requests\n",
            id="between the groups",
        ),
        pytest.param("import os\r\n\r\nx = 1\r\n", "import functools\r\nimport os\r\n\r\nx = 1\r\n", id="CRLF"),
        pytest.param("import abc\r\rx = 1\r", "import abc\rimport functools\r\rx = 1\r", id="CR"),
        pytest.param(
            "import abc\nif TYPE_CHECKING:\n    import functools\n",
            "import abc\nimport functools\nif TYPE_CHECKING:\n    import functools\n",
            id="type checkers' imports are another matter",
        ),
    ],
)
def test_a_new_import_stands_where_a_sorter_would_have_it(before: str, after: str) -> None:
    assert planned(before, FUNCTOOLS) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("from functools import cache\n", "from functools import cache, wraps\n", id="last"),
        pytest.param("from functools import zzz\n", "from functools import wraps, zzz\n", id="first"),
        pytest.param("from functools import a, zzz\n", "from functools import a, wraps, zzz\n", id="middle"),
        pytest.param("from functools import b, a\n", "from functools import b, a, wraps\n", id="unsorted"),
        pytest.param("from functools import (a,)\n", "from functools import (a, wraps,)\n", id="trailing comma"),
        pytest.param(
            "from functools import (\n    a,\n)\n",
            "from functools import (\n    a,\n    wraps,\n)\n",
            id="own lines, one",
        ),
        pytest.param(
            "from functools import (\n    a,  # first\n    z,  # last\n)\n",
            "from functools import (\n    a,  # first\n    wraps,\n    z,  # last\n)\n",
            id="own lines with comments",
        ),
        pytest.param(
            "from functools import (\n    a,  # first\n    b,  # last\n)\n",
            "from functools import (\n    a,  # first\n    b,  # last\n    wraps,\n)\n",
            id="own lines with comments, last",
        ),
        pytest.param("from functools import *\n", "from functools import *\nfrom functools import wraps\n", id="star"),
        pytest.param(
            "from .functools import a\n",
            "from functools import wraps\n\nfrom .functools import a\n",
            id="a neighbour of that name",
        ),
    ],
)
def test_a_from_import_joins_its_module(before: str, after: str) -> None:
    assert planned(before, WRAPS) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("from a import g\nx = 1\n", "x = 1\n", id="alone"),
        pytest.param("from a import g, h\n", "from a import h\n", id="first"),
        pytest.param("from a import f, g, h\n", "from a import f, h\n", id="middle"),
        pytest.param("from a import f, g\n", "from a import f\n", id="last"),
        pytest.param("from a import (\n    f,\n    g,\n)\n", "from a import (\n    f,\n)\n", id="own lines"),
        pytest.param("import g, h\n", "import h\n", id="import"),
        pytest.param("from a import g  # noqa: F401\n", "from a import g  # noqa: F401\n", id="with a comment"),
        pytest.param("from a import g as g\n", "from a import g as g\n", id="re-exported"),
        pytest.param("from a import x as g\n", "", id="alias"),
        pytest.param("from a import g\n\n\ndef f(): ...\n", "def f(): ...\n", id="blank lines at the top"),
        pytest.param("'''doc'''\n\nimport g\n\n\nx = 1\n", "'''doc'''\n\n\nx = 1\n", id="between blank lines"),
        pytest.param("import a\r\n\r\nimport g\r\n\r\nimport b\r\n", "import a\r\n\r\nimport b\r\n", id="a group"),
        pytest.param("import a\nimport g\n\nx = 1\n", "import a\n\nx = 1\n", id="last of a group"),
    ],
)
def test_an_import_that_is_dropped(before: str, after: str) -> None:
    assert planned(before, drop=("g",)) == after


def test_what_is_added_and_dropped_together() -> None:
    assert planned("from functools import reduce\n", WRAPS, drop=("reduce",)) == "from functools import wraps\n"
    assert planned("from functools import a, reduce\n", WRAPS, drop=("reduce",)) == "from functools import a, wraps\n"
    assert planned("", WRAPS, FUNCTOOLS, Import("abc")) == "import abc\nimport functools\nfrom functools import wraps\n"
    assert planned("import requests\n", FUNCTOOLS, Import("os")) == "import functools\nimport os\n\nimport requests\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "import functools\n\nimport attrs\n", id="empty"),
        pytest.param("x = 1\n", "import functools\n\nimport attrs\n\nx = 1\n", id="above code"),
        pytest.param("import os\r\n", "import functools\r\nimport os\r\n\r\nimport attrs\r\n", id="CRLF"),
        pytest.param("import abc\n", "import abc\nimport functools\n\nimport attrs\n", id="below the standard library"),
        pytest.param("import zope\n", "import functools\n\nimport attrs\nimport zope\n", id="above another library"),
        pytest.param(
            "from __future__ import annotations\n",
            "from __future__ import annotations\n\nimport functools\n\nimport attrs\n",
            id="below __future__",
        ),
    ],
)
def test_a_blank_line_stands_between_what_is_added_to_two_groups(before: str, after: str) -> None:
    assert planned(before, Import("attrs"), FUNCTOOLS) == after


def test_a_line_ending_of_two_characters_is_one() -> None:
    before = "import functools\r\nimport time\r\n\r\n\r\nx = 1\r\n"
    assert planned(before, drop=("time",)) == "import functools\r\n\r\n\r\nx = 1\r\n"
