"""The pages of the catalogues as the site has them: with captions, with links to each other, and with tables of all."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from idiomatic.core.idiom import Idiom
from idiomatic.core.pages import page, safety, version
from idiomatic.templates import pages as template_pages
from idiomatic.templates.template import Template

_PAIR: Final = re.compile(r"^```python\n(.*?)^```\nbecomes\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN: Final = re.compile(r"^<!-- rule: ([\w-]+) -->$", re.MULTILINE)
_FENCE: Final = re.compile(r"^(`{3,})\w.*?^\1$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"(?<![`\[\w])`([a-z][a-z0-9-]+)`(?![`\]\w])")
_FACTS: Final = re.compile(r"(?<=\n\n)(?:- [A-Z][\w ]+: .*\n)+")


def home(readme: str) -> str:
    """The README as the site begins with it: examples lead to their rules."""
    return _SHOWN.sub(r"[`\1`](rules/\1.md)\n", _PAIR.sub(_captioned, readme))


# With all pages in it, the navigation beside each would take most of the time of a build.
_ORPHAN: Final = "---\norphan: true\n---\n\n"


def rule_page(rule: Idiom, rules: Mapping[str, Idiom], templates: Collection[str]) -> str:
    """The page of a rule."""
    text = _PAIR.sub(_captioned, _with_facts(page(rule, relative_links=True), "Family", rule.family))
    if rule.name in templates:
        text += f"- [The template of this name](../templates/{rule.name}.md)\n"
    text = linked(text, rules.keys() - {rule.name}, "")
    others = {other.name: other.advice for other in rules.values() if other.family == rule.family and other is not rule}
    return f"{_ORPHAN}{text}{_siblings('Others of this family', others)}"


def template_page(template: Template, templates: Mapping[str, Template], rules: Collection[str]) -> str:
    """The page of a template."""
    text = _with_facts(template_pages.page(template), "Group", template.group)
    text = linked(text, set(rules) - {template.name}, "../rules/")
    if template.name in rules:
        text += f"\n## See also\n\n[The rule of this name](../rules/{template.name}.md)\n"
    around = (other for other in templates.values() if other.group == template.group and other is not template)
    return f"{_ORPHAN}{text}{_siblings('Others of this group', {other.name: other.title for other in around})}"


def _with_facts(text: str, label: str, value: str) -> str:
    """A page with its first list in a box of its own, in which one fact leads to the table of all that have it."""
    link = f'- {label}: <a href="index.html?{label.lower()}={value}">{value}</a>\n'
    facts = _FACTS.search(text)
    assert facts is not None
    shown = facts[0].replace(f"- {label}: {value}\n", link)
    return f"{text[: facts.start()]}:::{{container}} facts\n{shown}:::\n{text[facts.end() :]}"


def _siblings(title: str, others: Mapping[str, str]) -> str:
    listed = "".join(f"- [`{name}`]({name}.md): {text}\n" for name, text in others.items())
    return f"\n## {title}\n\n{listed}" if listed else ""


def _captioned(pair: re.Match[str]) -> str:
    """The two sides of an example, with what they are above."""
    return "\n\n".join(
        f"```{{code-block}} python\n:caption: {name.capitalize()}\n:class: {name}\n\n{code}```"
        for name, code in (("before", pair[1]), ("after", pair[2]))
    )


def linked(text: str, rules: Collection[str], folder: str) -> str:
    """A page in which the names of rules are links, except in blocks of code.

    Args:
        text: the page.
        rules: the names.
        folder: where the pages of the rules are, from this one.
    """

    def link(match: re.Match[str]) -> str:
        return f"[`{match[1]}`]({folder}{match[1]}.md)" if match[1] in rules else match[0]

    shown: list[str] = []
    end = 0
    for fence in _FENCE.finditer(text):
        shown += [_CODE.sub(link, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*shown, _CODE.sub(link, text[end:])])


# -- tables of all ----------------------------------------------------------------------------------------------------


def rule_index(rules: Iterable[Idiom]) -> str:
    """The page with the table of all rules."""
    rows = [
        (
            f"[`{rule.name}`]({rule.name}.md)<br>{rule.advice}",
            rule.family,
            str(rule.kind),
            safety(rule),
            version(rule.since),
            ", ".join(rule.also),
        )
        for rule in rules
    ]
    text = """\
# Rules

A *problem* is a bug or a trap and shown as a warning; an *idiom* is about working code that has a better form, and
shown as information; a *refactor* is not shown, only offered at the cursor. Fixes that are *safe or unsafe* are the one
here and the other there, and nearly every rule refuses where its rewrite would be wrong: the page of each says when.
"""
    titles = ("rule", "family", "kind", "fixes", "since", "ruff")
    return _index(text, titles, rows)


def template_index(templates: Iterable[Template]) -> str:
    """The page with the table of all templates."""
    rows = [
        (
            f"[`{template.name}`]({template.name}.md)<br>{template.title}",
            template.group,
            ", ".join(sorted(template.where)),
            version(template.since),
            ", ".join(f"`{prefix}`" for prefix in template.prefixes),
        )
        for template in templates
    ]
    text = """\
# Templates

An editor offers them as completions where they fit, and nowhere else: under the names in the last column, and under
their own. Each is code that compiles, passes `mypy --strict` and has been run by tests.
[Using and writing templates](../templates.md) says how one adapts to where it lands, and how a team adds its own.
"""
    titles = ("template", "group", "fits", "since", "typed as")
    return _index(text, titles, rows)


def _index(text: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (" | ".join(cell.replace("|", r"\|") for cell in row) for row in (titles, ["---"] * len(titles), *rows))
    table = "\n".join(f"| {line} |" for line in lines)
    return f"{text}\n:::{{container}} catalogue\n{table}\n:::\n"
