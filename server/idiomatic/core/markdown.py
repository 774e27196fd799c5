"""Text as Markdown, in which nothing is what it was not meant to be.

Messages and diffs contain user code, which must not be able to become a link, a command or the end of a code block.
"""

from __future__ import annotations

import re
from typing import Final

# What begins a link, an image, emphasis, HTML or code; at the start a list, a heading or a quote; bare addresses.
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<&~]|\A[#>+-]|(?<=:)//|(?<=www)\.)")
_RELATIVE_LINK: Final = re.compile(r"\[([^\]]*)\]\((?!https?://)[^)]*\)")


def fenced(code: str, language: str) -> str:
    """A code block that nothing in `code` can end."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def escaped(sentence: str) -> str:
    """A sentence as Markdown: what stands in backticks is code, and nothing is anything else."""
    pieces = sentence.split("`")
    if len(pieces) % 2 == 0:
        # One backtick has no partner.
        pieces[-2:] = ["`".join(pieces[-2:])]
    return "".join(_code(piece) if index % 2 else _text(piece) for index, piece in enumerate(pieces))


def _text(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split("\n")))


def _code(text: str) -> str:
    return f"`{' '.join(text.splitlines())}`" if text.strip() else _text(f"`{text}`")


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
