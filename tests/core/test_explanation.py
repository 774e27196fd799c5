"""What there is to say about a finding: everything, in this order, and nothing that the user's code could do."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from idiomatic.core import catalogue
from idiomatic.core.explanation import explain, silenced
from idiomatic.core.markdown import section

from tests.core.test_markdown import ADDRESS, LISTED, TEXTS, tokens
from tests.engine import analyse

RULES = catalogue.rules()

SOURCES = (
    """\
from datetime import datetime

stamp = f("{string}", datetime.utcnow())  # {comment}
""",
    """\
class {name}:
    def __init__(self, a, {name}="{string}"):
        self.a = a
        self.{name} = {name}  # {comment}
""",
    """\
def f():
    try:
        return {name}["{string}"]
    except KeyError:
        raise {name}("{string}")  # {comment}
""",
    """\
def f({name}, x):
    if x == "{string}":
        return 1
    elif x == {name}:
        return 2  # {comment}
    elif x == "b":
        return 3
    elif x == "c":
        return 4
""",
    """\
def f(x={{"{string}": []}}):  # {comment}
    x["{string}"].append({name})
    return x
""",
)

NAMES = st.sampled_from(["x_y_z", "__init", "é_", "ﬁ", "command", "_a_", "www"])
COMMENTS = TEXTS.map(lambda text: re.sub(r"[\r\n\0]", " ", text))


def quoted(text: str) -> str:
    """The text inside of quotes."""
    return re.sub(r"[\r\n\0\\\"]", lambda match: f"\\x{ord(match[0]):02x}", text)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(SOURCES), TEXTS.map(quoted), NAMES, COMMENTS)
@example(SOURCES[0], "[x](command:y)", "x", "``` ![x](http://y) <b>")
@example(SOURCES[2], "https://x.y www.x.y a@b.c", "x", "````")
def test_code_can_do_nothing(source: str, string: str, name: str, comment: str) -> None:
    analysed = analyse(source.format(string=string, name=name, comment=comment))
    for diagnostic in analysed.all_diagnostics:
        explanation = explain(analysed, diagnostic)
        own = section(diagnostic.rule.text, "Why") + "\n\n" + section(diagnostic.rule.text, "References")
        ours = {token.attrs["href"] for token in tokens(own) if token.type == "link_open"}
        found = list(tokens(explanation.markdown()))
        assert {token.type for token in found} <= LISTED | {"fence", "link_open", "link_close", "softbreak"}
        assert {token.attrs["href"] for token in found if token.type == "link_open"} <= ours
        assert sum(token.type == "fence" for token in found) == bool(explanation.diff)
        for token in found:
            if token.type == "text":
                assert not ADDRESS.search(token.content)


def test_there_is_something_to_test() -> None:
    found = {
        diagnostic.rule.name
        for source in SOURCES
        for diagnostic in analyse(source.format(string="s", name="n", comment="c")).all_diagnostics
    }
    rules = {"naive-utcnow", "class-to-dataclass", "raise-without-from", "literal-chain-to-match", "mutable-default"}
    assert rules <= found


@pytest.mark.parametrize("name", RULES)
def test_why_it_matters_is_said_in_three_sentences(name: str) -> None:
    why = " ".join(RULES[name].section("Why").partition("\n\n")[0].split())
    assert len(why) <= 400
    words = re.sub(r"`[^`]*`|\([^)]*\)", "x", why)
    assert 1 <= len(re.findall(r"[.?!](?= |$)", words)) <= 3
    assert "```" not in why


BEFORE = "from datetime import datetime\n\nstamp = datetime.utcnow()\n"
DIFF = [
    "-from datetime import datetime",
    "+from datetime import UTC, datetime",
    " ",
    "-stamp = datetime.utcnow()",
    "+stamp = datetime.now(UTC)",
]
DOCS = "https://docs.python.org/3/library/datetime.html"


def test_everything_for_a_view_with_markdown() -> None:
    analysed = analyse(BEFORE, "naive-utcnow")
    [diagnostic] = analysed.all_diagnostics
    assert explain(analysed, diagnostic).markdown().splitlines() == [
        "**Ask for the time in UTC with `datetime.now(UTC)` instead of `datetime.utcnow()`.**",
        "",
        "```diff",
        *DIFF,
        "```",
        "",
        "**Unsafe**: Use `now(UTC)` (aware instead of naive)",
        "- The result is aware: it can't be compared with or subtracted from a naive datetime, "
        "and its `isoformat()` gains `+00:00`.",
        "",
        "**Safe**: Use `now(UTC)` and keep the value naive",
        "",
        "`utcnow` returns a naive datetime, which most code takes for local time. "
        + " ".join(RULES["naive-utcnow"].section("Why").split()),
        "",
        f"[`datetime.utcnow`, deprecated]({DOCS}#datetime.datetime.utcnow) · [`datetime.UTC`]({DOCS}#datetime.UTC)",
        "",
        "`naive-utcnow` · Python 3.2 and newer · "
        "in ruff: `call-datetime-utcnow` (DTZ003), `call-datetime-utcfromtimestamp` (DTZ004)  ",
        "Silence it with `# idiomatic: ignore[naive-utcnow]` at the end of the line.",
    ]


def test_everything_for_a_view_without() -> None:
    analysed = analyse(BEFORE, "naive-utcnow")
    [diagnostic] = analysed.all_diagnostics
    text = explain(analysed, diagnostic).plain()
    assert text.startswith("Ask for the time in UTC")
    assert "\n".join(f"    {line}" for line in DIFF) in text
    assert "**" not in text
    assert "](" not in text
    assert "- `datetime.UTC`: https://docs.python.org/3/library/datetime.html#datetime.UTC\n" in text
    assert text.endswith(
        "naive-utcnow, Python 3.2 and newer, "
        "in ruff: `call-datetime-utcnow` (DTZ003), `call-datetime-utcfromtimestamp` (DTZ004)\n"
        "Silence it with `# idiomatic: ignore[naive-utcnow]` at the end of the line."
    )


def test_the_diff_is_followed_by_its_own_fix() -> None:
    analysed = analyse(BEFORE.replace("utcnow()", 'utcnow().isoformat() + "Z"'), "naive-utcnow")
    [diagnostic] = analysed.all_diagnostics
    explanation = explain(analysed, diagnostic)
    assert ".replace(tzinfo=None)" in explanation.diff
    assert [fix.label for fix in explanation.fixes] == ["safe", "not possible"]


def test_a_diff_has_no_blank_lines_at_its_ends() -> None:
    analysed = analyse(
        "import asyncio\n\n\nasync def f(g, h):\n    x = 1\n\n    await asyncio.gather(g(), h())\n\n\ny = 2\n"
    )
    [diagnostic] = analysed.all_diagnostics
    assert explain(analysed, diagnostic).diff.splitlines() == [
        "     x = 1",
        " ",
        "-    await asyncio.gather(g(), h())",
        "+    async with asyncio.TaskGroup() as tg:",
        "+        tg.create_task(g())",
        "+        tg.create_task(h())",
    ]


def test_what_a_comment_silences() -> None:
    rules = [RULES["naive-utcnow"], RULES["mutable-default"]]
    assert silenced(rules, ["a`b"], whole_file=False, markdown=True) == (
        "Silences here:\n\n"
        "- `naive-utcnow`: Ask for the time in UTC with `datetime.now(UTC)` instead of `datetime.utcnow()`.\n"
        "- `mutable-default`: Make a list, dict or set inside the function instead of taking it for a default.\n"
        "- `` a`b ``: there is no such rule"
    )
    assert silenced([], ["x"], whole_file=True, markdown=False) == (
        "Silences nothing in this file:\n\n- x: there is no such rule"
    )
    assert silenced([], [], whole_file=True, markdown=True) == "Silences every rule of idiomatic in this file."
    assert silenced([], list(map(str, range(30))), whole_file=False, markdown=True).endswith("\n- 10 more")
