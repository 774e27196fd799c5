"""Texts as Markdown: what is not ours is shown, and can do nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from idiomatic.core.markdown import (
    code,
    escaped,
    fenced,
    items,
    unwrapped,
    with_plain_links,
    without_relative_links,
)
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

PARSER: Final = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).disable("text_join")
"""Sees all that an editor may see in a text; what is escaped stays a token of its own."""
ADDRESS: Final = re.compile(r"(?:ftp|https?)://|\bwww\.|[\w.+-]@[\w-]", re.IGNORECASE)
"""What editors make a link of without being told."""

PIECES: Final = [
    *"`~*_-+#>=|!<&@:/.\\()[]{}\"' \t\n\r\f\v\x85\u2028\u2029\0é1ab",
    *["```", "~~~", "---", "1. ", "    ", "\r\n", "| - | - |", "[x]: http://y", "](command:x)", "![", "\\`"],
    *[
        "<!--",
        "&lt;",
        "&#60;",
        "<img src=x>",
        "<https://x.y>",
        "http://",
        "https://x.y",
        "//x.y",
        "ftp://x",
        "file:///x",
    ],
    *["www.", "WWW.x.y", "a@b.c", "mailto:a@b.c", "command:x", "$(zap)"],
]
TEXTS: Final = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40)


def tokens(markdown: str) -> Iterator[Token]:
    for token in PARSER.parse(markdown):
        yield token
        yield from token.children or ()


def assert_harmless(found: list[Token], allowed: set[str]) -> None:
    """Nothing but these kinds of tokens, and no text that an editor makes a link of."""
    assert {token.type for token in found} <= allowed
    for token in found:
        if token.type == "text":
            assert not ADDRESS.search(token.content)


PLAIN: Final = {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "code_inline", "hardbreak"}
LISTED: Final = PLAIN | {
    "bullet_list_open",
    "bullet_list_close",
    "list_item_open",
    "list_item_close",
    "strong_open",
    "strong_close",
}


@settings(deadline=None, max_examples=60)
@given(TEXTS)
@example("`x` www.x.y")
@example("1.")
@example("``x`<b>`[y](command:z)")
def test_a_sentence_is_text_and_code_wherever_it_stands(text: str) -> None:
    for place in ("{}", "- {}", "**Safe**: {}", "Before.\n\n{}\n\nAfter."):
        found = list(tokens(place.format(escaped(text))))
        assert_harmless(found, LISTED)
        assert sum(token.type == "list_item_open" for token in found) == place.startswith("- ")


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_a_sentence_loses_nothing(text: str) -> None:
    shown = "".join(
        token.content for token in tokens(escaped(text)) if token.type in {"text", "text_special", "code_inline"}
    )
    if "`" not in text:
        assert shown.split() == text.replace("\0", "\ufffd").split()


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS)
def test_code_does_not_end_before_its_end(first: str, second: str) -> None:
    lines = "\n".join(f"+{line}" for line in f"{first}\n{second}".replace("\r", "\n").split("\n"))
    block, after = PARSER.parse(fenced(lines, "diff") + "\n\nAfter.")[:2]
    assert (block.type, after.type) == ("fence", "paragraph_open")
    assert block.content == lines.replace("\0", "\ufffd") + "\n"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from([each for each in PIECES if not set(each) & set(" \t\n\r\v\f\x85\u2028\u2029")]), min_size=1
    ).map("".join)
)
def test_a_name_is_code(name: str) -> None:
    found = list(tokens(f"- {code(name)}: there is no such rule"))
    assert_harmless(found, LISTED)
    assert [token.content for token in found if token.type == "code_inline"] == [name.replace("\0", "\ufffd")]


@pytest.mark.parametrize(
    ("sentence", "markdown"),
    [
        ("plain words, nothing else", "plain words, nothing else"),
        ("use `a_b` now", "use `a_b` now"),
        ("a_b and *c*", r"a\_b and \*c\*"),
        ("[x](command:y)", r"\[x\](command:y)"),
        ("![x](http://y)", r"!\[x\](http:\//y)"),
        ("<img src=x>", r"\<img src=x>"),
        ("see http://x.y or www.z.w", r"see http:\//x.y or www\.z.w"),
        ("# not a heading", r"\# not a heading"),
        ("one ` backtick", r"one \` backtick"),
        ("`a` then [x](y) then `b", r"`a` then \[x\](y) then \`b"),
        ("`[x](y)`", "`[x](y)`"),
        ("two\nlines", "two lines"),
        ("`two\nlines`", "`two lines`"),
        ("&amp; ~~x~~", r"\&amp; \~\~x\~\~"),
    ],
)
def test_user_code_can_not_become_markup(sentence: str, markdown: str) -> None:
    assert escaped(sentence) == markdown


def test_a_fence_is_longer_than_what_is_inside() -> None:
    assert fenced("x", "diff") == "```diff\nx\n```"
    assert fenced("```` x", "diff").startswith("`````diff\n")


def test_links_to_our_own_files() -> None:
    text = "- [a](../configuration.md#x)\n- [b](https://x.y)\n- [c](command:z)"
    assert without_relative_links(text) == "- a\n- [b](https://x.y)\n- c"


def test_lists_and_paragraphs_in_one_line() -> None:
    assert items("- [a](https://x.y)\n- [b\n  c](https://x.z), PEP 1") == [
        "[a](https://x.y)",
        "[b c](https://x.z), PEP 1",
    ]
    assert unwrapped("one\ntwo\n\nthree:\n- four\n  five\n- six") == "one two\n\nthree:\n- four five\n- six"


def test_links_without_markdown() -> None:
    assert with_plain_links("[`a`](https://x.y), [b](../z.md)") == "`a`: https://x.y, b"
