"""What is kept of earlier runs: never anything else than what would be found now."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from idiomatic.project.scan import cache as caches
from idiomatic.project.scan.cache import Cache
from idiomatic.project.scan.look import Check
from idiomatic.project.scan.reports import Detail, FileReport
from idiomatic.project.scan.run import scan
from idiomatic.project.walk import Walk
from idiomatic.project.workspace import Workspace

from tests.engine import failing
from tests.project.looking import watch

if TYPE_CHECKING:
    from collections.abc import Callable

ASKING = """\
import asyncio
from app.parts import load, save


async def main():
    return await asyncio.gather(load(1), save(2))
"""
COROUTINES = "async def load(x): ...\nasync def save(x): ...\n"
FUNCTIONS = "def load(x): ...\ndef save(x): ...\n"
NAIVE = "from datetime import datetime\n\nstamp = datetime.utcnow()  # \N{SNOWMAN}\n"
BROKEN = f"{NAIVE}\n\ndef half(:\n"


class Project:
    """A project with its cache, and how often files were looked at."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.cache = folder / "cache"
        self.looked: list[str] = []
        self.write(".git/config", "")
        self.write("idiomatic.toml", 'target-version = "3.12"\n')

    def write(self, name: str, text: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    def check(self, detail: Detail = Detail.CHANGES, *, cached: bool = True, **more: Any) -> dict[str, FileReport]:
        workspace = Workspace(self.root, waits=True, **more)
        files = Walk(workspace, lambda *_: None).files([self.root])
        cache = Cache(self.cache, workspace, detail) if cached else None
        reports = dict(scan(workspace, files, detail, cache, processes=1))
        return {file.relative_to(self.root).as_posix(): reports[file] for file in files}

    def looks(self, detail: Detail = Detail.CHANGES, **more: Any) -> list[str]:
        """The files that a run looks at, which finds what one without the cache does."""
        expected = self.check(detail, cached=False, **more)
        self.looked.clear()
        assert self.check(detail, **more) == expected
        return sorted(self.looked)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    watch(made.root, made.looked, monkeypatch)
    return made


@pytest.fixture
def shard(project: Project) -> Path:
    """The only shard of a project with one file."""
    project.write("a.py", NAIVE)
    assert project.looks() == ["a.py"]
    assert project.looks() == []
    [found] = project.cache.glob("*/*.json")
    return found


def test_nothing_is_looked_at_twice(project: Project) -> None:
    project.write("a.py", NAIVE)
    project.write("b.py", "\ufeff" + NAIVE.replace("\n", "\r\n"))
    project.write("sub/c.py", BROKEN)
    project.write("sub/d.py", "")
    assert project.looks() == ["a.py", "b.py", "sub/c.py", "sub/d.py"]
    assert project.looks() == []
    project.write("a.py", NAIVE)
    os.utime(project.root / "a.py", (1, 1))
    assert project.looks() == [], "the content counts, not the time"
    status = (project.root / "b.py").stat()
    project.write("b.py", (project.root / "b.py").read_bytes().replace(b"stamp", b"stomp"))
    os.utime(project.root / "b.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert project.looks() == ["b.py"], "even where the time and the size are the same"
    (project.root / "sub/c.py").rename(project.root / "sub/e.py")
    assert project.looks() == ["sub/e.py"]


@pytest.mark.failing_idiom
def test_what_may_be_something_else_the_next_time_is_not_kept(project: Project) -> None:
    project.write("a.py", NAIVE)
    project.write("b.py", b"'\xe9'")
    with failing("naive-utcnow"):
        assert project.check()["a.py"].warnings
    assert project.looks() == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p.write("app/parts.py", FUNCTIONS), ["app/parts.py", "main.py"]),
        (lambda p: (p.root / "app/parts.py").unlink(), ["main.py"]),
        (lambda p: p.write("app/parts/__init__.py", FUNCTIONS), ["app/parts/__init__.py", "main.py"]),
        (lambda p: p.write("src/x.txt", ""), ["app/parts.py", "main.py", "other/x.py"]),
        (lambda p: p.write("app/__init__.py", ""), ["app/__init__.py", "app/parts.py", "main.py"]),
        (lambda p: p.write("app/unrelated.py", COROUTINES), ["app/unrelated.py"]),
        (lambda p: p.write("idiomatic.toml", 'target-version = "3.9"'), ["app/parts.py", "main.py", "other/x.py"]),
        (lambda p: p.write("other/idiomatic.toml", 'target-version = "3.12"'), []),
        (lambda p: p.write("other/idiomatic.toml", 'severity = { naive-utcnow = "hint" }'), ["other/x.py"]),
        (lambda p: p.write("ruff.toml", 'lint.select = ["DTZ"]'), ["app/parts.py", "main.py", "other/x.py"]),
    ],
)
def test_what_depends_on_what(project: Project, change: Callable[[Project], object], expected: list[str]) -> None:
    project.write("main.py", ASKING)
    project.write("app/parts.py", COROUTINES)
    project.write("other/x.py", NAIVE)
    assert project.looks() == ["app/parts.py", "main.py", "other/x.py"]
    assert project.looks() == []
    change(project)
    assert project.looks() == expected
    assert project.looks() == []


def test_installed_packages_count_too(project: Project) -> None:
    packages = ".venv/lib/python3.12/site-packages"
    project.write("main.py", ASKING)
    project.write(".venv/pyvenv.cfg", "version = 3.12.1\n")
    project.write(f"{packages}/app/__init__.py", "")
    project.write(f"{packages}/app/parts.py", COROUTINES)
    project.write("idiomatic.toml", 'target-version = "3.12"\n')
    assert project.looks() == ["main.py"]
    assert project.looks() == []
    project.write(f"{packages}/app/parts.py", FUNCTIONS)
    assert project.looks() == ["main.py"]
    project.write(f"{packages}/other.py", FUNCTIONS)
    assert project.looks() == []
    project.write(f"{packages}/elsewhere.pth", str(project.root / "src"))
    project.write("src/empty", "")
    assert project.looks() == ["main.py"], "another folder in which packages are"


def test_a_report_with_more_will_do_where_less_is_wanted(project: Project) -> None:
    project.write("a.py", NAIVE)
    assert project.looks(Detail.PLACES) == ["a.py"]
    assert project.looks(Detail.FIXES) == ["a.py"]
    assert project.looks(Detail.CHANGES) == ["a.py"]
    for detail in Detail:
        project.looked.clear()
        found = project.check(detail)["a.py"].records
        assert [(record.rule, record.line) for record in found] == [("naive-utcnow", 3)]
        assert project.looked == []


def test_options_count(project: Project) -> None:
    project.write("a.py", NAIVE)
    for more in ({}, {"overrides": {"select": ["data"]}}, {"overrides": {"target-version": "3.9"}}, {"isolated": True}):
        assert project.looks(**more) == ["a.py"]
        assert project.looks(**more) == [], "each has its own"


def test_every_change_of_idiomatic_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = caches.version()
    assert caches.version() == first
    package = tmp_path / "idiomatic"
    for part in ("core", "idioms/a"):
        (package / part).mkdir(parents=True)
    file = package / "project" / "scan" / "cache.py"
    file.parent.mkdir(parents=True)
    monkeypatch.setattr(caches, "__file__", str(file))
    versions = {first, caches.version()}
    for name, text in (("core/x.py", "1"), ("core/x.py", "2"), ("idioms/a/x.py", "2"), ("project/scan/x.py", "2")):
        (package / name).write_text(text)
        versions.add(caches.version())
    assert len(versions) == 6
    monkeypatch.setattr(sys, "version", "4.0")
    assert caches.version() not in versions


def _sealed(entries: object) -> bytes:
    from idiomatic.project.evidence import digest

    body = json.dumps(entries).encode()
    return digest(body).encode() + b"\n" + body


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw.replace(b"naive", b"knave"),
        lambda raw: raw.replace(b"\n", b"\n\n", 1),
        lambda raw: bytes(range(256)),
        lambda raw: b"[" * 100_000,
        lambda raw: _sealed([]),
        lambda raw: _sealed("a.py"),
        lambda raw: _sealed({"a.py": 1}),
        lambda raw: _sealed({"a.py": ["", 2, {}, [], []]}),
        *(
            lambda raw, rest=rest: _sealed({"a.py": [json.loads(raw[33:])["a.py"][0], *rest]})
            for rest in (
                ["2", {}, [], []],
                [2, [], [], []],
                [2, {"nonsense": {"/": 1}}, [], []],
                [2, {"text": 1}, [], []],
                [2, {}, [1], []],
                [2, {}, [["rule"]], []],
                [2, {}, [], [["message"]]],
                [2, {}, None, []],
            )
        ),
    ],
)
def test_what_was_spoilt_is_ignored(project: Project, shard: Path, spoil: Callable[[bytes], bytes]) -> None:
    raw = shard.read_bytes()
    shard.write_bytes(spoil(raw))
    assert project.looks() == ["a.py"]
    assert shard.read_bytes() == raw
    assert project.looks() == []


def test_a_folder_in_the_place_of_a_shard(project: Project, shard: Path) -> None:
    shard.unlink()
    shard.mkdir()
    assert project.looks() == ["a.py"]
    assert list(shard.parent.iterdir()) == [shard], "nothing is left behind"


def test_where_nothing_can_be_written(project: Project) -> None:
    project.write("a.py", NAIVE)
    project.cache.write_text("in the way")
    assert project.looks() == ["a.py"]
    assert project.looks() == ["a.py"]


def test_two_at_the_same_time_lose_nothing_of_each_other(project: Project) -> None:
    for name in ("a.py", "b.py"):
        project.write(name, NAIVE)
    runs = []
    for name in ("a.py", "b.py"):
        workspace = Workspace(project.root, waits=True)
        cache = Cache(project.cache, workspace, Detail.CHANGES)
        assert cache.find(project.root / name) is None
        runs.append((cache, name, Check(workspace, Detail.CHANGES)(project.root / name)))
    for cache, name, looked in runs:
        assert looked.basis is not None
        cache.keep(project.root / name, looked.report, looked.basis)
        cache.save()
    assert project.looks() == []


def test_files_that_are_gone_are_forgotten(project: Project, shard: Path) -> None:
    project.write("b.py", NAIVE)
    (project.root / "a.py").unlink()
    assert project.looks() == ["b.py"]
    assert list(json.loads(shard.read_bytes()[33:])) == ["b.py"]


def test_what_is_not_used_is_dropped(project: Project, shard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_kept(file: Path, days: float) -> bool:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x" * 100)
        then = time.time() - days * 24 * 60 * 60
        os.utime(file, (then, then))
        (project.cache / ".pruned").unlink()
        project.write("a.py", NAIVE + f"# {file} {days}\n")
        project.check()
        return file.exists()

    other = project.cache / "0.0.9-abc"
    assert is_kept(shard.parent / "recent.json", 29)
    assert not is_kept(shard.parent / "old.json", 31)
    assert is_kept(other / "recent.json", 2)
    assert not is_kept(other / "old.json", 4)
    assert (other / "recent.json").exists()
    assert is_kept(shard.parent / "recent.json", 20)
    monkeypatch.setattr(caches, "_LARGEST", shard.stat().st_size + 250)
    assert is_kept(shard.parent / "newer.json", 2.5)
    assert not (shard.parent / "recent.json").exists(), "there is no room for three"
    assert not is_kept(other / "recent.json", 3.5)
    assert not other.exists(), "nothing is in it any more"
    then = time.time() - 10 * 24 * 60 * 60
    os.utime(shard, (then, then))
    assert project.looks() == []
    assert time.time() - shard.stat().st_mtime < 60, "what is used is not old"


def test_the_folder_says_what_it_is(project: Project, shard: Path) -> None:
    assert (project.cache / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert (project.cache / ".gitignore").read_text() == "*\n"
    assert not caches.clear(project.root), "that is no cache"
    assert caches.clear(project.cache)
    assert not project.cache.exists()
    assert not caches.clear(project.cache)


class Life(RuleBasedStateMachine):
    """Whatever happens to a project, each run finds what one without the cache finds."""

    NAMES = ("main.py", "app/parts.py", "app/__init__.py", "app/parts/__init__.py", "src/app/parts.py", "parts.pyi")
    TEXTS = (
        *(ASKING, ASKING.replace("app.parts", "parts"), ASKING.replace("app.parts", "app")),
        *(COROUTINES, FUNCTIONS, NAIVE, BROKEN, "", b"'\xe9'"),
        *("from app.parts import *\n", "from .parts import load, save\n"),
    )
    CONFIGURATIONS = ("", 'target-version = "3.9"', 'ignore = ["ALL"]', 'severity = { naive-utcnow = "error" }')

    @initialize()
    def start(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.project = Project(Path(self.folder.name))

    @rule(name=st.sampled_from(NAMES), text=st.sampled_from(TEXTS))
    def write(self, name: str, text: str | bytes) -> None:
        self.project.write(name, text)

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        (self.project.root / name).unlink(missing_ok=True)

    @rule(text=st.sampled_from(CONFIGURATIONS), name=st.sampled_from(("idiomatic.toml", "app/idiomatic.toml")))
    def configure(self, text: str, name: str) -> None:
        self.project.write(name, text)

    @rule(text=st.sampled_from(("", 'lint.select = ["DTZ"]', 'lint.select = ["ALL"]')))
    def configure_ruff(self, text: str) -> None:
        self.project.write("ruff.toml", text)

    @rule(detail=st.sampled_from(Detail))
    def check(self, detail: Detail) -> None:
        expected = self.project.check(detail, cached=False)
        found = self.project.check(detail)
        if detail is Detail.CHANGES:
            assert found == expected
        for name, report in found.items():
            assert report.faults == expected[name].faults
            assert [(r.rule, r.line, r.column, r.message, r.severity) for r in report.records] == [
                (r.rule, r.line, r.column, r.message, r.severity) for r in expected[name].records
            ]

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
