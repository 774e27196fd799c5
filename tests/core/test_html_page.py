"""The page of a rule as HTML: whole by itself, and nothing of it can do anything."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from idiomatic.core import catalogue
from idiomatic.core.html_page import html_page
from idiomatic.core.pages import page

RULES = catalogue.rules()

HARMLESS = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "strong", "em", "code", "pre"}
HARMLESS |= {"ul", "ol", "li", "a", "figure", "figcaption"}


class Reader(HTMLParser):
    """What is in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", RULES)
def test_every_rule(name: str) -> None:
    text = html_page(page(RULES[name]), RULES)
    found = Reader(text)
    assert found.open == []
    assert set(found.tags) <= HARMLESS
    assert f"<title>{name} · idiomatic</title>" in text
    for link in found.links:
        assert link.startswith("https://") or link.removesuffix(".html") in RULES
    examples = len(re.findall("^becomes$", RULES[name].text, re.MULTILINE))
    assert text.count('<figure class="before">') == text.count('<figure class="after">') == examples > 0
    assert "url(" not in text
    assert "@import" not in text


def test_the_rules_that_a_text_mentions_are_links() -> None:
    text = html_page(page(RULES["dict-shape-to-match"]), RULES)
    assert '<a href="literal-chain-to-match.html"><code>literal-chain-to-match</code></a>' in text
    assert 'href="dict-shape-to-match.html"' not in text


def test_nothing_in_a_page_becomes_a_tag() -> None:
    text = html_page('# a & b\n\n<script>alert(1)</script>\n\n```python\n"</code></pre><script>"\n```\n', ())
    assert "<script>" not in text
    assert "<title>a &amp; b · idiomatic</title>" in text
