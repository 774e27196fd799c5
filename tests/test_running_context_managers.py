"""What the idioms about context managers claim, by running the code before and after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.core import engine

from tests.engine import analyse

if TYPE_CHECKING:
    from pathlib import Path


def fixed(source: str, rule: str, action: int = 0, finding: int = 0) -> tuple[str, str]:
    """The verdict of a finding's action, and the code after it."""
    analysed = analyse(source, rule)
    diagnostic = analysed.all_diagnostics[finding]
    fix = diagnostic.fixes[action]
    return engine.verdict_name(fix), analysed.rewrite(diagnostic, fix).apply(source)


def defined(source: str, name: str = "f") -> Any:
    """What a module of that source defines."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "f.py", "exec"), namespace)
    return namespace[name]


# -- open-without-with ------------------------------------------------------------------------------------------------

OPENED = {
    "closed further down": """
def f(path, seen, use):
    file = open(path)
    seen.append(file.name)
    text = use(file.read())
    file.close()
    return text, file.closed
""",
    "tried": """
def f(path, seen, use):
    try:
        file = open(path)
    except FileNotFoundError:
        return None
    seen.append(file.name)
    text = use(file.read())
    file.close()
    return text, file.closed
""",
    "in a loop": """
def f(path, seen, use):
    found = []
    for number in range(3):
        file = open(path)
        found.append(use(file.read()))
        file.close()
        if number:
            break
    return found, file.closed
""",
}


@pytest.mark.parametrize("name", OPENED)
def test_a_file_is_closed_where_it_was(name: str, tmp_path: Path) -> None:
    verdict, after = fixed(OPENED[name], "open-without-with")
    assert (verdict, "with " in after) == ("safe", True)
    (tmp_path / "a").write_text("text", "utf-8")
    for path in (tmp_path / "a", tmp_path / "none"):
        results: list[object] = []
        for source in (OPENED[name], after):
            try:
                results.append(defined(source)(path, [], str.upper))
            except FileNotFoundError as error:
                results.append(str(error))
        assert results[0] == results[1]


@pytest.mark.parametrize("name", OPENED)
def test_a_file_is_closed_on_failure_too(name: str, tmp_path: Path) -> None:
    after = fixed(OPENED[name], "open-without-with")[1]
    (tmp_path / "a").write_text("text", "utf-8")

    def fail(text: str) -> str:
        raise LookupError(text)

    with pytest.raises(LookupError) as caught:
        defined(after)(tmp_path / "a", [], fail)
    [inside] = [entry for entry in caught.traceback if entry.name == "f"]
    assert inside.frame.f_locals["file"].closed
