"""What is known of other files, without running them."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from idiomatic.core.document import Document
from idiomatic.core.facts import ClassFact, FunctionFact
from idiomatic.project.definitions import Modules
from idiomatic.project.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "pyproject.toml": "",
    "src/app/__init__.py": "from .users import load as fetch\nfrom .part import *\nfrom .part import part\n",
    "src/app/users.py": "async def load(x): ...\nclass User:\n    async def save(self): ...\nalias = load\n",
    "src/app/part.py": "def starred():\n    yield 1\ndef _hidden(): ...\nclass part:\n    def method(self): ...\n",
    "src/app/sub/deep.py": "from ..users import User as U\nfrom .. import fetch\nimport app.users as people\n",
    "src/app/stubs.pyi": "async def typed(): ...\n",
    "src/app/circle.py": "from .back import *\nfrom .back import lost\n",
    "src/app/back.py": "from .circle import *\nfrom .circle import lost\nasync def ours(): ...\n",
    "src/app/stars/__init__.py": "from app.stars.one import *\nfrom app.stars.two import *\n",
    "src/app/stars/one.py": "from app.stars import *\n",
    "src/app/stars/two.py": "from app.stars.one import *\nfrom app.stars.three import *\n",
    "src/app/twice.py": "if x:\n    def either(): ...\nelse:\n    async def either(): ...\n",
    "src/app/broken.py": "async def whole(): ...\n\ndef half(:\n",
    "tests/helpers.py": "async def helper(): ...\n",
    "tests/test_app.py": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("asking", "qualified", "expected"),
    [
        ("tests/test_app.py", "app.users.load", "async load"),
        ("tests/test_app.py", "app.fetch", "async load"),
        ("tests/test_app.py", "app.starred", "load from a star"),
        ("tests/test_app.py", "app._hidden", None),
        ("tests/test_app.py", "app.users.User", "class User"),
        ("tests/test_app.py", "app.users.User.save", "async save"),
        ("tests/test_app.py", "app.users.User.save.x", None),
        ("tests/test_app.py", "app.users.alias", None),
        ("tests/test_app.py", "app.users.nothing", None),
        ("tests/test_app.py", "app.part.method", "method"),
        ("tests/test_app.py", "app.part.part.method", "method"),
        ("tests/test_app.py", "app.sub.deep.U.save", "async save"),
        ("tests/test_app.py", "app.sub.deep.fetch", "async load"),
        ("tests/test_app.py", "app.sub.deep.people.load", "async load"),
        ("tests/test_app.py", "app.stubs.typed", "async typed"),
        ("tests/test_app.py", "app.circle.ours", "async ours"),
        ("tests/test_app.py", "app.circle.lost", None),
        ("tests/test_app.py", "app.stars.Missing", None),
        ("tests/test_app.py", "app.twice.either", None),
        ("tests/test_app.py", "app.broken.whole", "async whole"),
        ("tests/test_app.py", "helpers.helper", "async helper"),
        ("tests/test_app.py", "app", None),
        ("tests/test_app.py", "app.users", None),
        ("src/app/sub/deep.py", "..users.load", "async load"),
        ("src/app/sub/deep.py", "..fetch", "async load"),
        ("src/app/sub/deep.py", ".deep.U", "class User"),
        ("src/app/sub/deep.py", "........x.y", None),
        ("src/app/sub/deep.py", "......x..y", None),
        ("src/app/__init__.py", ".users.load", "async load"),
        ("src/app/__init__.py", ".fetch", None),
    ],
)
def test_names_of_the_project(project: Path, asking: str, qualified: str, expected: str | None) -> None:
    found = Workspace(project).source(project / asking).definition(qualified)
    match found:
        case None:
            assert expected is None
        case ClassFact():
            assert expected == f"class {found.name}"
        case FunctionFact(is_generator=True):
            assert expected == "load from a star"
        case FunctionFact():
            assert expected == ("async " if found.is_async else "") + found.name


def test_a_file_is_read_again_when_it_changes(project: Path) -> None:
    workspace = Workspace(project)
    asking, asked = project / "tests/test_app.py", project / "src/app/users.py"
    assert isinstance(workspace.source(asking).definition("app.users.load"), FunctionFact)
    asked.write_text("class load: ...\n")
    os.utime(asked, (1, 1))
    assert isinstance(workspace.source(asking).definition("app.users.load"), ClassFact)


def test_a_file_that_appears_is_noticed(project: Path) -> None:
    workspace = Workspace(project)
    asking = project / "tests/test_app.py"
    assert workspace.source(asking).definition("app.users.later") is None
    source = workspace.source(asking)
    assert source.definition("helpers.added") is None
    with (project / "tests/helpers.py").open("a") as file:
        file.write("async def added(): ...\n")
    assert workspace.source(asking) is source
    assert isinstance(source.definition("helpers.added"), FunctionFact)


def test_the_text_in_the_editor_counts_not_the_disk(project: Path) -> None:
    opened: dict[Path, Document] = {}
    workspace = Workspace(project, opened=opened)
    asking = project / "tests/test_app.py"
    opened[project / "src/app/users.py"] = Document.parse("def load(): ...\n")
    found = workspace.source(asking).definition("app.users.load")
    assert isinstance(found, FunctionFact)
    assert not found.is_async
    opened.clear()
    assert workspace.source(asking).definition("app.users.load") != found


def test_installed_packages_are_asked_for_later_or_at_once(project: Path) -> None:
    packages = project / ".venv/lib/python3.12/site-packages"
    (packages / "lib").mkdir(parents=True)
    (project / ".venv/pyvenv.cfg").write_text("version = 3.12.1\n")
    (packages / "lib/__init__.py").write_text("from .parts import connect\n")
    (packages / "lib/parts.py").write_text("raise SystemExit('imported!')\nasync def connect(): ...\n")
    (project / "elsewhere").mkdir()
    (project / "elsewhere/linked.py").write_text("async def inner(): ...\n")
    (packages / "linked.pth").write_text(f"import os\n{project / 'elsewhere'}\n")
    later = Workspace(project).source(project / "tests/test_app.py")
    assert later.definition("lib.connect") is None
    assert not later.is_complete
    assert later.resolve()
    assert isinstance(found := later.definition("lib.connect"), FunctionFact)
    assert found.is_coroutine
    assert not later.resolve(), "everything has been asked"
    at_once = Workspace(project, waits=True).source(project / "tests/test_app.py")
    assert at_once.definition("lib.connect") == found
    assert isinstance(at_once.definition("linked.inner"), FunctionFact)
    assert isinstance(at_once.definition("asyncio.sleep"), FunctionFact)
    assert at_once.definition("nowhere.at_all") is None


def test_jedi_is_asked_for_what_a_glance_does_not_tell(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "cache"))
    packages = project / ".venv/lib/python3.12/site-packages"
    packages.mkdir(parents=True)
    (project / ".venv/pyvenv.cfg").write_text("version = 3.12.1\n")
    (packages / "lib.py").write_text(
        "class Base:\n    async def save(self): ...\n\n\nclass Child(Base): ...\n\n\nopen_it = Base\n"
    )
    source = Workspace(project, waits=True).source(project / "tests/test_app.py")
    assert isinstance(found := source.definition("lib.Child.save"), FunctionFact)
    assert found.is_async
    assert isinstance(renamed := source.definition("lib.open_it"), ClassFact)
    assert renamed.name == "Base"
    assert source.definition("lib.nothing") is None


def test_what_was_used_last_is_kept(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.py" for name in "abcd"]
    for path in paths:
        path.write_text(f"def {path.stem}(): ...\n" + "#" * 80 + "\n")
    modules = Modules(keeps=250)
    first = {path: modules.read(path) for path in paths[:2]}
    assert modules.read(paths[0]) is first[paths[0]]
    modules.read(paths[2])
    # The second was not used for the longest time.
    assert modules.read(paths[0]) is first[paths[0]]
    assert modules.read(paths[1]) is not first[paths[1]]
    large = tmp_path / "large.py"
    large.write_text("#" * 1000 + "\n")
    assert modules.read(large) is modules.read(large)


def test_what_others_ask_for_is_kept_longer_than_what_was_only_looked_at(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.py" for number in range(20)]
    for path in paths:
        path.write_text("#" * 99 + "\n")
    modules = Modules(keeps=1600)
    asked = {path: modules.read(path) for path in paths[:10]}
    digest = modules.digest(paths[0])
    assert digest is not None
    looked = [modules.document(path, digest) for path in paths]
    assert {path: modules.read(path) for path in asked} == asked
    assert looked[-1] is modules.document(paths[-1], digest)
    assert looked[-5] is not modules.document(paths[-5], digest)


def test_a_closed_document_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    opened = {path: Document.parse("def f(): ...\n")}
    modules = Modules(opened)
    module = modules.read(path)
    assert module is not None
    assert module.document is opened[path]
    seen = modules.version(path)
    assert modules.version(path) == seen
    opened[path] = Document.parse("def g(): ...\n")
    assert modules.version(path) != seen
    del module
    modules.close(path)
    opened.clear()
    gc.collect()
    assert callable(seen)
    assert seen() is None


def test_what_was_used_a_moment_ago_is_kept_however_much_it_is(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.py" for name in "abcd"]
    for path in paths:
        path.write_text("#" * 100 + "\n")
    modules = Modules(keeps=150, for_seconds=60)
    first = [modules.read(path) for path in paths]
    assert [modules.read(path) for path in paths] == first
