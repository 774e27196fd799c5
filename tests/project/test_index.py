"""The index of a project: `project/index.py`, and what the command line does with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from idiomatic.core.document import Document
from idiomatic.core.text import Span
from idiomatic.core.usage import Act, Found, Use
from idiomatic.project import index as indexes
from idiomatic.project.evidence import Witness
from idiomatic.project.file_usage import in_document, one_after_the_other
from idiomatic.project.index import Entry, Index, brought_up_to_date
from idiomatic.project.scan.cache import Cache
from idiomatic.project.scan.reports import Detail, FileReport
from idiomatic.project.scan.run import scan
from idiomatic.project.walk import Walk
from idiomatic.project.workspace import Workspace

from tests.project.looking import watch

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = """\
class Name:
    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        return isinstance(other, Name) and self.text == other.text
"""
HASHED = f"{NAME}\n\nseen = {{Name('a')}}\n"
CACHE = "from names import Name\n\nknown: dict[Name, int] = {}\n"
MAYBE = "def change(name):\n    name.text = ''\n"


# -- an index ---------------------------------------------------------------------------------------------------------


def of(root: Path, index: Index | None = None) -> tuple[Index, list[str]]:
    """The index of a folder, and the files that were looked at for it."""
    looked: list[str] = []

    def look(wanted: Sequence[tuple[Path, str]]) -> Any:
        looked.extend(sorted(path.name for path, _ in wanted))
        return one_after_the_other(wanted)

    index = index or Index(root)
    brought_up_to_date(index, sorted(root.rglob("*.py")), Witness(lambda _: None), look)
    return index, looked


def test_only_what_changed_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x.text = 1\n")
    (tmp_path / "b.py").write_text("x.text = 1\ny.name = 2\n")
    index, looked = of(tmp_path)
    assert looked == ["a.py", "b.py"]
    assert index.find(Act.SETS, "text", tmp_path / "c.py") == (Found("a.py"), Found("b.py"))
    assert index.find(Act.SETS, "text", tmp_path / "a.py") == (Found("b.py"),)
    assert index.find(Act.SETS, "other", tmp_path / "a.py") == ()
    (tmp_path / "b.py").write_text("y.name = 2\n")
    index, looked = of(tmp_path, index)
    assert looked == ["b.py"]
    assert index.find(Act.SETS, "text", tmp_path / "c.py") == (Found("a.py"),)
    (tmp_path / "a.py").unlink()
    index, looked = of(tmp_path, index)
    assert looked == []
    assert index.find(Act.SETS, "text", tmp_path / "c.py") == ()


def test_relative_imports_count_from_where_a_file_is(tmp_path: Path) -> None:
    package = tmp_path / "app"
    package.mkdir()
    (package / "a.py").write_text("from .names import Name\nclass A(Name): pass\n")
    index, _ = of(tmp_path)
    assert index.find(Act.INHERITS, "Name", package / "b.py") == (Found("app/a.py", "names.Name"),)
    (package / "__init__.py").touch()
    index, looked = of(tmp_path, index)
    assert looked == ["__init__.py", "a.py"]
    assert index.find(Act.INHERITS, "Name", package / "b.py") == (Found("app/a.py", "app.names.Name"),)


def test_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from names import Name\nx.text = {Name()}\n")
    index, _ = of(tmp_path)
    file = indexes.file_of(tmp_path, tmp_path / "cache")
    indexes.save(index, file)
    assert indexes.load(tmp_path, file).entries == index.entries
    assert of(tmp_path, indexes.load(tmp_path, file))[1] == []
    raw = file.read_bytes()
    for broken in (raw[:-1], b"", b"x" + raw, raw.replace(b"text", b"tixt")):
        file.write_bytes(broken)
        assert indexes.load(tmp_path, file).entries == {}
    indexes.save(index, tmp_path / "a.py" / "no folder")


def test_what_can_not_be_read_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xff\xfe")
    (tmp_path / "b.py").write_text("def (:\n    x.text = 1\n\nx.name = 1\n")
    index, _ = of(tmp_path)
    assert index.find(Act.SETS, "name", tmp_path / "c.py") == (Found("b.py"),)


def test_what_was_replaced_is_forgotten(tmp_path: Path) -> None:
    index = Index(tmp_path)
    use = Use(Act.SETS, "text")
    index.put(str(tmp_path / "a.py"), Entry("1", "", frozenset({use})))
    index.put(str(tmp_path / "a.py"), Entry("2", "", frozenset()))
    assert index.find(Act.SETS, "text", tmp_path) == ()


# -- what is edited ---------------------------------------------------------------------------------------------------

PIECES = (
    "x.text = 1\n", "class A(Name):\n    def m(self, n: Name):\n        self.t = {n}\n",
    "from names import Name as N\n", "seen = set()\n", "def f(n: N):\n    seen.add(n)\n    return n == 1\n",
    "class B(N): pass\n", "import pickle\n", "\n", "class N: pass\n", "(", '"""',
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    start=st.lists(st.sampled_from(PIECES[:-2]), max_size=8),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(PIECES)), max_size=8),
)
def test_after_edits_it_is_what_a_fresh_look_would_find(start: list[str], edits: list[tuple[float, int, str]]) -> None:
    text = "".join(start)
    document = Document.parse(text)
    in_document(document, "p")
    for place, length, new in edits:
        begin = round(place * len(text))
        span = Span(begin, min(len(text), begin + length))
        text = text[: span.start] + new + text[span.end :]
        document = document.edit(span, new)
        found = in_document(document, "p")
        if document.fault is None:
            assert found == in_document(Document.parse(text), "p")


# -- a run of the command line ----------------------------------------------------------------------------------------


class Project:
    """A project with its cache, and how often files were looked at."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.cache = folder / "cache"
        self.looked: list[str] = []

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self, *names: str, cached: bool = True, processes: int = 1) -> dict[str, FileReport]:
        workspace = Workspace(self.root, {"select": ["eq-without-hash"]}, waits=True)
        files = Walk(workspace, lambda *_: None).files([self.root / name for name in names or (".",)])
        cache = Cache(self.cache, workspace, Detail.CHANGES) if cached else None
        reports = dict(scan(workspace, files, Detail.CHANGES, cache, processes=processes))
        return {file.relative_to(self.root).as_posix(): reports[file] for file in files}

    def said(self, name: str = "names.py") -> list[str]:
        """What is said of a file: the same with and without a cache; empties `looked` before."""
        expected = self.check(cached=False)
        self.looked.clear()
        assert self.check() == expected
        return [record.message for record in expected[name].records] + [
            reason for record in expected[name].records for reason in (record.fix.reasons if record.fix else ())
        ]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    watch(made.root, made.looked, monkeypatch)
    return made


def test_the_cache_is_exact(project: Project) -> None:
    project.write("names.py", NAME)
    project.write("other.py", "x = 1\n")
    assert project.said() == []
    assert sorted(project.looked) == ["names.py", "names.py", "other.py"], "once, and once more with the index"
    assert project.said() == []
    assert project.looked == [], "nothing has changed"
    project.write("other.py", "x = 2\n")
    assert project.said() == []
    assert project.looked == ["other.py"], "what it does is the same"
    project.write("other.py", CACHE)
    assert "hashed in `other.py`" in project.said()[0]
    assert sorted(set(project.looked)) == ["names.py", "other.py"]
    project.write("changes.py", MAYBE)
    assert "An attribute `text` is set or deleted in `changes.py`, perhaps of one of its objects." in project.said()
    assert sorted(set(project.looked)) == ["changes.py", "names.py"]
    (project.root / "other.py").unlink()
    assert project.said() == []
    assert set(project.looked) == {"names.py"}


def test_several_processes_find_the_same(project: Project) -> None:
    project.write("names.py", HASHED)
    for number in range(40):
        project.write(f"many/part_{number}.py", f"x_{number} = 1\n" * 2000)
    project.write("many/changes.py", MAYBE)
    expected = project.check(cached=False)
    assert project.check(processes=2) == expected
    assert "changes.py" in str(expected["names.py"])
    assert project.check(processes=2) == expected


def test_the_files_around_a_single_one_count(project: Project) -> None:
    project.write("names.py", NAME)
    project.write("cache.py", CACHE)
    [record] = project.check("names.py")["names.py"].records
    assert "hashed in `cache.py`" in record.message


def test_somebodys_home_is_no_project(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("names.py", HASHED)
    project.write("cache.py", MAYBE)
    monkeypatch.setattr(Path, "home", lambda: project.root)
    [record] = project.check("names.py")["names.py"].records
    assert record.fix is not None
    assert any("have not been looked at" in reason for reason in record.fix.reasons)


def test_too_many_files(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("names.py", HASHED)
    project.write("cache.py", MAYBE)
    monkeypatch.setattr(indexes, "MOST_FILES", 1)
    [record] = project.check()["names.py"].records
    assert record.fix is not None
    assert any("have not been looked at" in reason for reason in record.fix.reasons)
