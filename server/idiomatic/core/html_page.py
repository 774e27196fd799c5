"""The page of a rule as HTML that needs nothing but itself: no script, no picture, no network."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from markdown_it.token import Token

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --dim: #59636e; --line: #d1d9e0; --code: #f3f4f6;
  --link: #0757ba; --before: #c93c37; --after: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16181c; --dim: #9aa4af; --line: #363c44;
  --code: #21252b; --link: #6cb0ff; --before: #f47067; --after: #57ab5a; } }
body { margin: 0 auto; max-width: 50rem; padding: 1.5rem 1.25rem 4rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.6 system-ui, sans-serif; }
h1 { font: 600 1.6rem/1.3 ui-monospace, monospace; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h1 + p { font-size: 1.15rem; margin-top: 0; }
h1 + p strong { font-weight: 500; }
h1 + p + ul { list-style: none; padding: 0; color: var(--dim); }
a { color: var(--link); }
code { font: .9em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; background: var(--code);
  border-radius: .25rem; padding: .1em .3em; }
pre { overflow-x: auto; padding: .75rem 1rem; border-radius: .375rem; background: var(--code); line-height: 1.45; }
pre code { padding: 0; background: none; }
figure { margin: 1rem 0; }
figcaption { font-size: .85rem; font-weight: 600; margin-bottom: .25rem; }
figure pre { margin: 0; border-left: .25rem solid; }
.before figcaption { color: var(--before); } .before pre { border-color: var(--before); }
.after figcaption { color: var(--after); } .after pre { border-color: var(--after); }
""".strip()

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def html_page(markdown: str, rules: Collection[str]) -> str:
    """A page of `idiomatic.core.pages` as a whole HTML document.

    Args:
        markdown: the page.
        rules: the names of those that have a page beside this one; where one is mentioned, a link leads there.
    """
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": False})
    tokens = renderer.parse(markdown)
    title = tokens[1].content
    _mark_examples(tokens)
    _link(tokens, set(rules) - {title})
    body = renderer.renderer.render(tokens, renderer.options, {})
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">
<title>{html.escape(title)} · idiomatic</title>
<style>
{_STYLE}
</style>
</head>
<body>
<main>
{body.rstrip()}
</main>
</body>
</html>
"""


def _mark_examples(tokens: list[Token]) -> None:
    """Make each pair of fences with the word *becomes* between them a pair of figures."""
    from markdown_it.token import Token

    def figure(fence: Token, name: str) -> Token:
        code = f'<pre><code class="language-{html.escape(fence.info)}">{html.escape(fence.content)}</code></pre>'
        caption = f"<figcaption>{name.capitalize()}</figcaption>"
        return Token("html_block", "", 0, content=f'<figure class="{name}">\n{caption}\n{code}\n</figure>\n')

    for at in range(len(tokens) - 4, 0, -1):
        if _is_becomes(tokens[at : at + 3]) and tokens[at - 1].type == tokens[at + 3].type == "fence":
            tokens[at - 1 : at + 4] = [figure(tokens[at - 1], "before"), figure(tokens[at + 3], "after")]


def _is_becomes(tokens: Sequence[Token]) -> bool:
    opening, inline, _ = tokens
    return opening.type == "paragraph_open" and inline.content == "becomes"


def _link(tokens: Sequence[Token], rules: Collection[str]) -> None:
    """Make the names of rules links."""
    from markdown_it.token import Token

    for token in tokens:
        if token.type != "inline" or token.children is None or any(each.type == "link_open" for each in token.children):
            continue
        linked: list[Token] = []
        for child in token.children:
            if child.type == "code_inline" and child.content in rules:
                assert re.fullmatch(r"[\w-]+", child.content)
                linked.append(Token("link_open", "a", 1, attrs={"href": f"{child.content}.html"}))
                linked += [child, Token("link_close", "a", -1)]
            else:
                linked.append(child)
        token.children = linked
