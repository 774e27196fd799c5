"""`idiomatic check`: findings, formats, exit codes, and what can go wrong."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.core import catalogue, pages

from tests.cli.run import SAFE, UNSAFE, process, run
from tests.engine import failing

if TYPE_CHECKING:
    from pathlib import Path

AWARE = (
    "The result is aware: it can't be compared with or subtracted from a naive datetime, "
    "and its `isoformat()` gains `+00:00`."
)
MESSAGE = "`utcnow` returns a naive datetime, which most code takes for local time"


def findings(*args: object, stdin: str | bytes | None = None) -> list[dict[str, Any]]:
    found = json.loads(run("check", "--output-format", "json", *args, stdin=stdin).stdout)
    assert isinstance(found, list)
    return found


def test_nothing_found(project: Path) -> None:
    (project / "app.py").write_text("x = 1\n")
    result = run("check")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "No findings.\n", "")
    assert (run("check", "--output-format", "json").stdout, findings("app.py")) == ("[]\n", [])
    assert run("check", "--output-format", "concise").stdout == ""


def test_json_is_exactly_this(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE)
    (project / "safe.py").write_text(SAFE)
    result = run("check", "--output-format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == [
        {
            "rule": "naive-utcnow",
            "path": "app.py",
            "line": 5,
            "column": 12,
            "end_line": 5,
            "end_column": 29,
            "message": MESSAGE,
            "severity": "warning",
            "fix": {"safety": "unsafe", "title": "Use `now(UTC)` (aware instead of naive)"},
        },
        {
            "rule": "naive-utcnow",
            "path": "safe.py",
            "line": 3,
            "column": 7,
            "end_line": 3,
            "end_column": 24,
            "message": MESSAGE,
            "severity": "warning",
            "fix": {"safety": "safe", "title": "Use `now(UTC)`"},
        },
    ]


def test_columns_are_characters_and_a_mark_is_none(project: Path) -> None:
    (project / "app.py").write_bytes("\ufeffimport datetime; é = '😀', datetime.datetime.utcnow()\r\n".encode())
    [found] = findings()
    assert (found["line"], found["column"], found["end_column"]) == (1, 27, 53)


def test_paths_are_as_the_user_named_them(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "a").mkdir()
    (project / "a" / "b.py").write_text(UNSAFE)
    assert [f["path"] for f in findings("a")] == ["a/b.py"]
    assert [f["path"] for f in findings(project)] == ["a/b.py"], "below the working directory: relative"
    monkeypatch.chdir(project / "a")
    assert [f["path"] for f in findings("..")] == ["../a/b.py"]
    (project / "c").mkdir()
    monkeypatch.chdir(project / "c")
    assert [f["path"] for f in findings(project / "a")] == [f"{project}/a/b.py"]


def test_a_fix_that_would_lose_a_comment_is_none(project: Path) -> None:
    (project / "app.py").write_text(
        "import datetime\nx = (datetime.datetime  # why\n    .utcnow())\ny = datetime.datetime.utcnow()\n"
    )
    first, second = findings()
    assert second["fix"]
    if first["fix"] is not None:  # the rule can keep the comment: then it does
        assert run("fix", "--unsafe-fixes").exit_code == 0
        assert "# why" in (project / "app.py").read_text()


def test_full_shows_code_reasons_and_changes(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE)
    result = run("check")
    assert result.exit_code == 1
    assert (
        result.stdout
        == f"""\
app.py:5:12: naive-utcnow {MESSAGE}
    |
  5 |     return datetime.utcnow()
    |            ^^^^^^^^^^^^^^^^^
    |
  unsafe fix: Use `now(UTC)` (aware instead of naive)
    - {AWARE}
  or, in an editor: Use `now(UTC)` and keep the value naive

    @@ -1,5 +1,5 @@
    -from datetime import datetime
    +from datetime import UTC, datetime


     def stamp():
    -    return datetime.utcnow()
    +    return datetime.now(UTC)

Found 1 finding (1 fixable with `idiomatic fix --unsafe-fixes`).
"""
    )


def test_full_says_why_there_is_no_fix(project: Path) -> None:
    (project / "app.py").write_text("from datetime import datetime\n\nx = datetime.utcnow().isoformat() + 'Z'\n")
    result = run("check")
    assert "  no fix: A `Z` is put behind its `isoformat()`" in result.stdout
    assert result.stdout.endswith("Found 1 finding.\n")
    assert [f["fix"] for f in findings()] == [None]


def test_full_counts(project: Path) -> None:
    (project / "a.py").write_text(UNSAFE)
    (project / "b.py").write_text(SAFE)
    assert run("check").stdout.endswith("Found 2 findings (1 fixable safely, 1 more with --unsafe-fixes).\n")
    assert run("check", "b.py").stdout.endswith("Found 1 finding (1 fixable with `idiomatic fix`).\n")


def test_concise(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE)
    assert run("check", "--output-format", "concise").stdout == f"app.py:5:12: naive-utcnow {MESSAGE}\n"


def test_github(project: Path) -> None:
    (project / "a,b.py").write_text(UNSAFE)
    assert run("check", "--output-format", "github").stdout == (
        "::warning title=idiomatic (naive-utcnow),file=a%2Cb.py,line=5,col=12,endLine=5,endColumn=29"
        f"::a,b.py:5:12: naive-utcnow {MESSAGE}\n"
    )


def test_sarif(project: Path) -> None:
    (project / "a b.py").write_text(UNSAFE)
    log = json.loads(run("check", "--output-format", "sarif").stdout)
    assert log["version"] == "2.1.0"
    [one] = log["runs"]
    [rule] = one["tool"]["driver"]["rules"]
    assert (rule["id"], rule["defaultConfiguration"]) == ("naive-utcnow", {"level": "warning"})
    assert rule["help"]["markdown"] == pages.page(catalogue.rules()["naive-utcnow"])
    assert str(project) not in json.dumps(rule)
    [result] = one["results"]
    assert result["ruleId"] == one["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
    [location] = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b.py"},
        "region": {"startLine": 5, "startColumn": 12, "endLine": 5, "endColumn": 29},
    }
    empty = json.loads(run("check", "--output-format", "sarif", "--select", "data").stdout)
    assert empty["runs"][0]["results"] == []


def test_selection(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE + "x = 1  # idiomatic: ignore[naive-utcnow]\n")

    def rules(*args: str) -> list[str]:
        return [f["rule"] for f in findings(*args)]

    assert rules() == ["naive-utcnow", "unused-suppression"]
    assert rules("--select", "naive-utcnow") == ["naive-utcnow"]
    assert rules("--select", "observability,suppression") == ["naive-utcnow", "unused-suppression"]
    assert rules("--select", "observability", "--select", "suppression") == ["naive-utcnow", "unused-suppression"]
    assert rules("--ignore", "observability, suppression") == []
    assert rules("--ignore", "ALL") == []
    assert rules("--select", "naive-utcnow", "--ignore", "ALL") == ["naive-utcnow"]
    (project / "idiomatic.toml").write_text(
        'select = ["data"]\nseverity = { naive-utcnow = "off" }\ntarget-version = "3.12"'
    )
    assert rules() == []
    assert rules("--select", "naive-utcnow") == ["naive-utcnow"]
    assert rules("--isolated") == ["naive-utcnow", "unused-suppression"]
    (project / "idiomatic.toml").write_text('severity = { naive-utcnow = "hint" }\ntarget-version = "3.12"')
    assert [f["severity"] for f in findings("--select", "ALL")] == ["hint", "warning"]


def test_target_version(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE)
    assert findings("--target-version", "3.9")[0]["fix"]["title"] == "Use `now(timezone.utc)` (aware instead of naive)"
    assert findings("--target-version", "3.1") == []


def test_what_ruff_reports_is_not_said_twice(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE)
    (project / "ruff.toml").write_text('lint.select = ["DTZ"]')
    assert findings() == []
    assert len(findings("--isolated")) == 1
    assert len(findings("--select", "naive-utcnow")) == 1


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["--select", "naive-utcnw"], ["--select", "did you mean `naive-utcnow`?", "unused-suppression", "ALL"]),
        (["--ignore", "nonsense"], ["--ignore", "unknown rule or family `nonsense`", "naive-utcnow"]),
        (["--target-version", "2.7"], ["--target-version", '"3.X"']),
        (["--output-format", "xml"], ["--output-format", "concise", "sarif"]),
        (["nowhere.py"], ["nowhere.py", "does not exist"]),
        (["--nonsense"], ["--nonsense"]),
        (["-", "app.py"], ["stdin"]),
    ],
)
def test_usage_errors(project: Path, args: list[str], parts: list[str]) -> None:
    (project / "app.py").write_text(UNSAFE)
    result = run("check", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    for part in parts:
        assert part in result.stderr


def test_configuration_errors(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE)
    (project / "idiomatic.toml").write_text('[severity]\nnaive-utcnow = "loud"\n')
    result = run("check")
    assert (result.exit_code, result.stdout) == (2, "")
    for part in (
        str(project / "idiomatic.toml"),
        ":2:1:",
        "severity.naive-utcnow",
        "error, warning, information, hint, off",
    ):
        assert part in result.stderr
    assert run("check", "--isolated").exit_code == 1
    assert run("check", "-", stdin=UNSAFE).exit_code == 2
    assert run("fix").exit_code == 2


def test_stdin(project: Path) -> None:
    [found] = findings("-", stdin=UNSAFE)
    assert (found["path"], found["line"]) == ("-", 5)
    [found] = findings("--stdin-filename", "pkg/app.py", stdin=UNSAFE)
    assert found["path"] == "pkg/app.py"
    (project / "pkg").mkdir()
    (project / "pkg" / "idiomatic.toml").write_text('ignore = ["ALL"]')
    assert findings("--stdin-filename", "pkg/app.py", "-", stdin=UNSAFE) == []
    result = run("check", "-", stdin=b"'\xe9'")
    assert (result.exit_code, "-: is not utf-8" in result.stderr) == (1, True)


def test_files_that_do_not_parse(project: Path) -> None:
    (project / "broken.py").write_text(UNSAFE + "\n\ndef half(:\n    pass\n")
    (project / "fine.py").write_text(UNSAFE)
    (project / "latin.py").write_bytes(b"'\xe9'")
    (project / "null.py").write_bytes(b"x = 1\0\n")
    (project / "empty.py").write_bytes(b"")
    (project / "gone.py").symlink_to("nowhere.py")
    result = run("check", "--output-format", "concise", ".", "gone.py")
    assert result.exit_code == 2, "a file that was named and is not there"
    result = run("check", "--output-format", "concise")
    assert result.exit_code == 1
    assert [line.partition(" ")[0] for line in result.stdout.splitlines()] == ["broken.py:5:12:", "fine.py:5:12:"]
    assert "broken.py:8:10: cannot parse: " in result.stderr
    assert "latin.py: is not utf-8 (byte 0xe9 in line 1" in result.stderr
    assert "null.py:" in result.stderr
    assert len(result.stderr.splitlines()) == 3
    (project / "fine.py").unlink()
    assert run("check", "latin.py").exit_code == 1, "not looked at is not fine"


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n" * 50_000,
        f"x = {'1, ' * 33_000}\n",
        "".join(f"{' ' * depth}if x:\n" for depth in range(500)) + f"{' ' * 500}pass\n",
        "x = " + "(" * 500 + ")" * 500 + "\n",
        "x = " + "-" * 3000 + "1\n",
        "x = f" + ".g()" * 2000 + "\n",
        "x = 1" + " + 1" * 20_000 + "\n",
        "\0",
        "\n" * 100_000,
        "'" * 100_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_strange_files_do_no_harm(project: Path, text: str) -> None:
    (project / "a.py").write_text(f"{text}")
    (project / "b.py").write_text(UNSAFE)
    result = run("check", "--output-format", "concise")
    assert result.exit_code == 1
    assert result.stdout == f"b.py:5:12: naive-utcnow {MESSAGE}\n"
    assert all(line.startswith("error: a.py") for line in result.stderr.splitlines())
    assert len(result.stderr) < 500


def test_a_long_line_is_cut(project: Path) -> None:
    (project / "a.py").write_text(
        f"import datetime\nx = '{'é' * 50_000}', datetime.datetime.utcnow(), '{'y' * 50_000}'\n"
    )
    result = run("check")
    assert "datetime.datetime.utcnow()" in result.stdout
    assert max(map(len, result.stdout.splitlines())) < 200
    shown, mark = (line for line in result.stdout.splitlines() if line.startswith(("  2 |", "    |  ")))
    assert shown[mark.index("^") : mark.rindex("^") + 1] == "datetime.datetime.utcnow()"


def test_sources_can_not_drive_the_terminal(project: Path) -> None:
    (project / "a.py").write_text(
        "import datetime\nx = '\x1b[2J\u202e', datetime.datetime.utcnow()  # \x1b]0;title\x07\n"
    )
    result = run("check")
    assert result.exit_code == 1
    assert not set("\x1b\x07\u202e") & set(result.stdout)


@pytest.mark.failing_idiom
def test_a_rule_that_fails_is_named_and_the_others_go_on(project: Path) -> None:
    (project / "a.py").write_text(UNSAFE + "try:\n    f()\nexcept E:\n    raise X\n")
    with failing("raise-without-from"):
        result = run("check", "--output-format", "concise")
    assert (result.exit_code, len(result.stdout.splitlines())) == (1, 1)
    assert "warning: a.py: raise-without-from failed on" in result.stderr
    assert "Traceback" not in result.stderr


def test_check_writes_nothing(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE)
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    run("check")
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before


def test_as_a_process_on_many_files(project: Path) -> None:
    for number in range(40):
        (project / f"m{number:02}.py").write_text(UNSAFE + f"\n# {'x' * 10_000}\n")
    (project / "m20.py").write_text("def (:\n")
    (project / "datetime.py").write_text("raise SystemExit('imported')\n")
    (project / "click.py").write_text("raise SystemExit('imported')\n")
    result = process("check", "--output-format", "json", ".", cwd=project)
    found = json.loads(result.stdout)
    assert result.returncode == 1
    assert [f["path"] for f in found] == [f"m{number:02}.py" for number in range(40) if number != 20]
    assert result.stderr.decode().startswith("error: m20.py:1:5: cannot parse")
    assert b"\x1b" not in process("check", cwd=project).stdout


def test_colours(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE)
    assert b"\x1b[" in process("check", cwd=project, env={"FORCE_COLOR": "1", "NO_COLOR": ""}).stdout
    assert b"\x1b[" not in process("check", cwd=project, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


FORMATS = ("full", "concise", "json", "github", "sarif")


def test_with_the_cache_and_without_it_is_the_same(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (project / "a.py").write_text(UNSAFE)
    (project / "b.py").write_text(f"{SAFE}x = (datetime.datetime  # why\n    .utcnow())\n")
    (project / "half.py").write_text(f"{UNSAFE}\n\ndef half(:\n")
    (project / "latin.py").write_bytes(b"'\xe9'")
    (project / "sub").mkdir()
    (project / "sub" / "c.py").write_bytes(b"\xef\xbb\xbf" + UNSAFE.replace("\n", "\r\n").encode())
    for first in FORMATS:
        folder = tmp_path_factory.mktemp("cache")
        for output_format in (first, *FORMATS):
            plain = run("check", "--output-format", output_format, "--no-cache")
            for paths in ([], ["."], ["sub", project, "half.py"]):
                if paths:
                    plain = run("check", "--output-format", output_format, "--no-cache", *paths)
                cached = run("check", "--output-format", output_format, "--cache-dir", folder, *paths)
                assert (cached.exit_code, cached.stdout, cached.stderr) == (plain.exit_code, plain.stdout, plain.stderr)


def test_several_at_once_use_one_cache(project: Path) -> None:
    for number in range(12):
        (project / f"m{number:02}.py").write_text(UNSAFE)
    (project / "main.py").write_text("from m01 import stamp\n" + UNSAFE)
    expected = process("check", "--no-cache", cwd=project).stdout
    with ThreadPoolExecutor(4) as executor:
        for _ in range(2):
            found = executor.map(
                lambda _: process("check", cwd=project, env={"IDIOMATIC_CACHE_DIR": "cache"}), range(4)
            )
            for result in found:
                assert (result.stdout, result.stderr) == (expected, b"")
    assert not list((project / "cache").glob("*/*.json.*")), "nothing half written is left"


def test_the_cache_is_where_it_is_wanted(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "app.py").write_text(UNSAFE)
    monkeypatch.setenv("IDIOMATIC_CACHE_DIR", str(project / "one"))
    assert run("check", "--no-cache").exit_code == 1
    assert run("check", "-", stdin=UNSAFE).exit_code == 1
    assert not (project / "one").exists()
    assert run("check").exit_code == 1
    assert (project / "one" / "CACHEDIR.TAG").exists()
    assert run("check", "--cache-dir", "two").exit_code == 1
    assert (project / "two" / "CACHEDIR.TAG").exists()
    assert run("clean", "--cache-dir", "two").stdout == "Deleted two.\n"
    assert run("clean").stdout == f"Deleted {project / 'one'}.\n"
    assert run("clean").stdout == "Nothing to delete.\n"
    assert run("clean", "--cache-dir", project).stdout == "Nothing to delete.\n"
    assert sorted(path.name for path in project.iterdir()) == [".git", "app.py", "idiomatic.toml"]


def test_what_is_known_is_found_quickly(project: Path) -> None:
    (project / "app.py").write_text(UNSAFE)
    process("check", cwd=project)
    result = process("check", cwd=project, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert result.returncode == 1
    imported = {line.rpartition(b"|")[2].strip().decode() for line in result.stderr.splitlines()}
    assert "idiomatic.project.scan.cache" in imported
    slow = {"libcst", "jedi", "rich", "asyncio", "multiprocessing", "idiomatic.core.engine"}
    assert not imported & slow
    assert not {name for name in imported if name.startswith("idiomatic.idioms.")}
