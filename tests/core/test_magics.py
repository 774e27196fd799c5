"""What stands in a cell besides Python: it is left alone, and the Python around it is seen."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from idiomatic.core.magics import masked

SEEN = {
    "x = 1\n": "x = 1\n",
    "%matplotlib inline\nx = 1": "#matplotlib inline\nx = 1",
    "!pip install numpy\nx = 1": "#pip install numpy\nx = 1",
    "!pip install a \\\n    b\nx = 1": "#pip install a \\\n#   b\nx = 1",
    "!!ls\n": "#!ls\n",
    # The only statement of a block.
    "if x:\n    %ls\n    !\n": "if x:\n    0#s\n    0\n",
    # What is timed is Python, and binds names.
    "%time x = f(y)": "0;    x = f(y)",
    "%timeit -n 10 -r3 f(y)": "0;                f(y)",
    "%time": "#time",
    "%time x y": "#time x y",
    # Output that is assigned may be anything.
    "files = !ls *.py": "files = _#s *.py",
    "a, b = %sql x": "a, b = _#ql x",
    "x.y[0] = !l": "x.y[0] = _#",
    "x = !": "x = _",
    # Questions.
    "frame?": "frame ",
    "frame.mean??  \nx": "frame.mean    \nx",
    "?frame": "#frame",
    "fr*?": "#r*?",
    "%time?": "#time?",
    "/f x\n,g a b\n;h c": "#f x\n#g a b\n#h c",
    # Python that looks like it.
    'x = """\n%a\n!b\nc?\n"""\n': 'x = """\n%a\n!b\nc?\n"""\n',
    "x = (a\n    % b)\n": "x = (a\n    % b)\n",
    "x = a \\\n    % b\n%c": "x = a \\\n    % b\n#c",
    "x = a  # ?\n%c": "x = a  # ?\n#c",
    "x = '?'\nx != y\nx %= 3\n": "x = '?'\nx != y\nx %= 3\n",
    "f(a=\n%b)\n": "f(a=\n%b)\n",
    # Whole cells.
    "%%time\nx = 1": "#%time\nx = 1",
    "\n\n%%capture out\nx = 1": "\n\n#%capture out\nx = 1",
    "%%timeit\nx = 1": "#%timeit\nx = 1",
    "%%bash\necho {x}\n": "# %%bash\n# echo {x}\n",
    "%%": "# %%",
    "x = 1\n%%bash": "x = 1\n#%bash",
}


@pytest.mark.parametrize("text", SEEN)
def test_what_is_seen(text: str) -> None:
    found = masked(text)
    assert found.text == SEEN[text]
    foreign = [text[span.start : span.end] for span in found.foreign]
    assert all(line for line in foreign)
    if not found.is_left_out:
        assert len(found.text) == len(text)
        # Everything that differs is on a line that is said to be foreign.
        inside = {offset for span in found.foreign for offset in range(span.start, span.end)}
        assert {index for index, (a, b) in enumerate(zip(text, found.text, strict=True)) if a != b} <= inside


@pytest.mark.parametrize("text", [text for text in SEEN if "f(a=" not in text])
def test_what_is_seen_is_python(text: str) -> None:
    ast.parse(masked(text).text)


def test_what_is_left_out() -> None:
    assert masked("%%bash\nls").is_left_out
    assert masked("%%time\nls").is_left_out is False
    assert masked("%%timeit\nls").is_function
    assert not masked("# %%bash\nls").is_left_out


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="x ='\"%!?;/,()[]{}#\\\n\t", max_size=40))
def test_offsets_stay(text: str) -> None:
    """Whatever is written there."""
    found = masked(text)
    if not found.is_left_out:
        assert len(found.text) == len(text)
        assert [i for i, c in enumerate(found.text) if c == "\n"] == [i for i, c in enumerate(text) if c == "\n"]
    ends = [0, *(end for span in found.foreign for end in (span.start, span.end))]
    assert ends == sorted(ends)
