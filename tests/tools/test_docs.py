"""The site of the documentation: a page for everything in the catalogues, and nothing that is loaded from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from idiomatic.core import catalogue
from idiomatic.core.pages import safety
from idiomatic.templates import catalogue as templates

from tools.docs import pages, sources
from tools.docs.built import faults, loaded

ROOT = Path(__file__).parents[2]
RULES, TEMPLATES = catalogue.rules(), templates.load()


def test_a_page_for_each() -> None:
    found = {path.as_posix() for path in sources.texts(ROOT)}
    assert {f"docs/rules/{name}.md" for name in (*RULES, "index")} <= found
    assert {f"docs/templates/{name}.md" for name in (*TEMPLATES, "index")} <= found
    assert {"README.md", "docs/index.md", "docs/conf.py", "docs/_static/catalogue.js"} <= found
    # Those that are made are nowhere in the repository.
    assert not (ROOT / "docs" / "rules").exists()
    assert not (ROOT / "docs" / "templates").exists()


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(
        r"^```\{toctree\}\n(.*?)^```$", (ROOT / "docs" / "index.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    names = re.findall(r"^(?:.*<)?([\w/-]+)>?$", "".join(listed), re.MULTILINE)
    own = [path.stem for path in (ROOT / "docs").glob("*.md") if path.stem != "index"]
    assert sorted(names) == sorted([*own, "rules/index", "templates/index"])


def test_the_tables_are_the_catalogues() -> None:
    rows = re.findall(
        r"^\| \[`([\w-]+)`\]\(\1\.md\)<br>(.*?) \| (.*) \|$", pages.rule_index(RULES.values()), re.MULTILINE
    )
    assert rows == [
        (
            name,
            rule.advice.replace("|", r"\|"),
            f"{rule.family} | {rule.kind} | {safety(rule)} | {'.'.join(map(str, rule.since))} | {', '.join(rule.also)}",
        )
        for name, rule in RULES.items()
    ]
    text = pages.template_index(TEMPLATES.values())
    assert re.findall(r"^\| \[`([\w-]+)`\]", text, re.MULTILINE) == list(TEMPLATES)


@pytest.mark.parametrize("name", RULES)
def test_examples_have_captions(name: str) -> None:
    text = pages.rule_page(RULES[name], RULES, TEMPLATES)
    examples = len(re.findall("^becomes$", RULES[name].text, re.MULTILINE))
    assert (
        text.count(":caption: Before\n:class: before\n") == text.count(":caption: After\n:class: after\n") == examples
    )
    assert not re.search("^becomes$", text, re.MULTILINE)
    assert text.count("```") % 2 == 0


def test_pages_lead_to_each_other() -> None:
    text = pages.rule_page(RULES["dict-shape-to-match"], RULES, TEMPLATES)
    assert "Refused like [`literal-chain-to-match`](literal-chain-to-match.md), which" in text
    assert "[`dict-shape-to-match`]" not in text
    assert '- Family: <a href="index.html?family=matching">matching</a>\n' in text
    assert "\n- [`isinstance-chain-to-match`](isinstance-chain-to-match.md): Say with `match` which types" in text
    text = pages.rule_page(RULES["unused-suppression"], RULES, TEMPLATES)
    assert "[Suppression comments](../configuration.md#suppression)" in text
    both = RULES.keys() & TEMPLATES.keys()
    for name in both:
        assert f"(../templates/{name}.md)" in pages.rule_page(RULES[name], RULES, TEMPLATES)
        assert f"(../rules/{name}.md)" in pages.template_page(TEMPLATES[name], TEMPLATES, RULES)


def test_the_examples_of_the_readme_lead_to_their_rules() -> None:
    text = sources.texts(ROOT)[Path("README.md")]
    named = re.findall(
        r"^\[`([\w-]+)`\]\(rules/\1\.md\)\n\n```\{code-block\} python\n:caption: Before", text, re.MULTILINE
    )
    assert len(named) == 3
    assert set(named) <= RULES.keys()


def test_what_is_prepared_is_what_is_wanted_and_no_more(tmp_path: Path) -> None:
    left = tmp_path / "docs" / "rules" / "of-another-time.md"
    left.parent.mkdir(parents=True)
    left.write_text("# Old\n", "utf-8")
    sources.prepare(ROOT, tmp_path)
    assert not left.exists()
    page = tmp_path / "docs" / "rules" / "naive-utcnow.md"
    before = page.stat().st_mtime_ns
    sources.prepare(ROOT, tmp_path)
    assert page.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("html", "addresses"),
    [
        ('<a href="https://x.y">x</a><img src="a.png"><link href="a.css"><script src="../a.js"></script>', []),
        ('<script src="https://x.y/a.js"></script>', ["https://x.y/a.js"]),
        ('<link rel="stylesheet" href="//x.y/a.css">', ["//x.y/a.css"]),
        ('<img src="http://x.y/a.png">', ["http://x.y/a.png"]),
        (
            "<style>@import 'https://x.y/a.css'; b { background: url(//x.y/b.png) }</style>",
            ["https://x.y/a.css", "//x.y/b.png"],
        ),
    ],
)
def test_what_a_page_loads(html: str, addresses: list[str]) -> None:
    assert loaded(html) == addresses


def test_faults(tmp_path: Path) -> None:
    for name in [*(f"rules/{name}" for name in RULES), *(f"templates/{name}" for name in TEMPLATES)]:
        path = tmp_path / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text("<p>", "utf-8")
    assert not list(faults(tmp_path))
    (tmp_path / "rules" / "naive-utcnow.html").unlink()
    (tmp_path / "a.css").write_text("a { src: url('https://x.y/z') }", "utf-8")
    assert [fault.removeprefix(f"{tmp_path}/") for fault in faults(tmp_path)] == [
        "a.css: it loads https://x.y/z",
        "rules/naive-utcnow.html: there is no such page",
    ]
