"""Text as Markdown, in which nothing is what it was not meant to be.

Messages and diffs contain user code, which must not be able to become a link, a command or the end of a code block.
"""

from __future__ import annotations

import re
from typing import Final

# What begins a link, an image, emphasis, HTML or code; at the start a list, a heading, a quote or a line; what makes a
# bare address a link.
from idiomatic.core.lazy import regex

_SPECIAL: Final = regex(r"([\\`*_\[\]<&~]|\A[#>+=-]|//|(?<=www)\.|(?<=[\w.+-])@)", re.IGNORECASE)
_NUMBER: Final = regex(r"\A(\d+)([.)])")
_LINE_END: Final = regex(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_LINK: Final = regex(r"\[([^\]]*)\]\((https?://[^)]*)\)")
_WRAPPED: Final = regex(r"(?<=\S)\n[ \t]*(?=\S)(?!- )")
_RELATIVE_LINK: Final = regex(r"\[([^\]]*)\]\((?!https?://)[^)]*\)")


def fenced(code: str, language: str) -> str:
    """A code block that nothing in `code` can end."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def escaped(sentence: str) -> str:
    """A sentence as Markdown: what stands in backticks is code, and nothing is anything else."""
    pieces = _LINE_END.sub(" ", sentence).strip().split("`")
    if len(pieces) % 2 == 0:
        # One backtick has no partner.
        pieces[-2:] = ["`".join(pieces[-2:])]
    return "".join(_code(piece) if index % 2 else _text(piece) for index, piece in enumerate(pieces))


def _text(text: str) -> str:
    return _NUMBER.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text))


def _code(text: str) -> str:
    return f"`{text}`" if text.strip() else _text(f"`{text}`")


def code(text: str) -> str:
    """Any text as code in a line."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    quotes = "`" * (longest + 1)
    # A blank on both sides is taken away again.
    return f"{quotes} {' '.join(text.split())} {quotes}"


# -- texts of our own -------------------------------------------------------------------------------------------------


def section(markdown: str, title: str) -> str:
    """What stands below a second-level heading, without the heading; empty if there is none."""
    inside, found = False, list[str]()
    for line in markdown.splitlines():
        if line.startswith("## "):
            inside = line[3:].strip() == title
        elif inside:
            found.append(line)
    return "\n".join(found).strip()


def without_relative_links(markdown: str) -> str:
    """Markdown in which links to files of ours are plain text: they lead nowhere from an editor."""
    return _RELATIVE_LINK.sub(r"\1", markdown)


def with_plain_links(markdown: str) -> str:
    """Markdown for a view that renders nothing: the address of a link stands behind its text."""
    return _LINK.sub(r"\1: \2", without_relative_links(markdown))


def unwrapped(markdown: str) -> str:
    """Paragraphs and lists without the line ends inside them: a view breaks lines where it has to."""
    return _WRAPPED.sub(" ", markdown)


def items(markdown: str) -> list[str]:
    """The items of a list, each in one line."""
    return [unwrapped(item).strip() for item in re.split(r"^- ", markdown, flags=re.MULTILINE) if item.strip()]
