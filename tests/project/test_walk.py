"""Which files are looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from idiomatic.project.configuration import ConfigurationError
from idiomatic.project.walk import Walk
from idiomatic.project.workspace import Workspace


class Tree:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.errors: list[Path] = []

    def add(self, *names: str, text: str = "") -> None:
        for name in names:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    def found(self, *paths: str, isolated: bool = False) -> list[str]:
        walk = Walk(Workspace(self.root, isolated=isolated), lambda path, _: self.errors.append(path))
        files = walk.files([self.root / path for path in paths or (".",)])
        return [file.relative_to(self.root).as_posix() for file in files]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / ".git").mkdir()
    return Tree(tmp_path)


def test_python_files_in_order(tree: Tree) -> None:
    tree.add("b.py", "a/z.pyi", "a/b/c.py", "a.txt", "README", "a/b.pyc", "c.py/inner.py")
    assert tree.found() == ["a/b/c.py", "a/z.pyi", "b.py", "c.py/inner.py"]
    assert tree.found("a") == ["a/b/c.py", "a/z.pyi"]
    assert tree.found("a.txt", "b.py", "a.txt") == ["a.txt", "b.py"], "what is named is taken, once"
    assert tree.found("a", "a/b", ".") == tree.found()


def test_what_nobody_wrote_is_skipped(tree: Tree) -> None:
    tree.add(
        *(f"{name}/a.py" for name in (".venv", "venv", "node_modules", "__pycache__", ".tox", "build", "dist", ".git"))
    )
    tree.add("env/pyvenv.cfg", "env/lib/a.py", "lib/site-packages/a.py")
    tree.add("app/build/__init__.py", "app/build/a.py")
    assert tree.found() == ["app/build/__init__.py", "app/build/a.py"]
    assert tree.found(".venv", "env", "build") == [".venv/a.py", "build/a.py", "env/lib/a.py"], "unless it is named"


def test_ignore_files_count_at_every_level(tree: Tree) -> None:
    tree.add("a.py", "gen_a.py", "x/gen_b.py", "x/keep.py", "x/y/deep.py", "x/out/o.py", "out/o.py")
    tree.add(".gitignore", text="gen_*.py\n/out\n")
    assert tree.found() == ["a.py", "x/keep.py", "x/out/o.py", "x/y/deep.py"]
    tree.add("x/.gitignore", text="!gen_b.py\ny/\n")
    assert tree.found() == ["a.py", "x/gen_b.py", "x/keep.py", "x/out/o.py"]
    assert tree.found("x") == ["x/gen_b.py", "x/keep.py", "x/out/o.py"], "those above count too"
    assert tree.found("gen_a.py") == ["gen_a.py"]
    assert tree.found("out") == ["out/o.py"], "but not over a folder that is named"
    assert tree.found("x/y") == ["x/y/deep.py"]


def test_ignore_files_of_the_repository_only(tree: Tree) -> None:
    tree.add("sub/a.py", "sub/b.py")
    tree.add(".gitignore", text="a.py\n")
    assert tree.found("sub") == ["sub/b.py"]
    (tree.root / "sub" / ".git").mkdir()
    assert tree.found("sub") == ["sub/a.py", "sub/b.py"]
    tree.add("sub/.git/info/exclude", text="b.py\n")
    assert tree.found("sub") == ["sub/a.py"]


def test_lines_that_are_no_patterns_match_nothing(tree: Tree) -> None:
    tree.add("a.py", "b.py")
    tree.add(".gitignore", text="!\n[z-a]\n\\\n# b\n\nb.py")
    assert tree.found() == ["a.py"]


def test_a_file_in_an_ignored_folder_can_not_be_brought_back(tree: Tree) -> None:
    tree.add("out/a.py")
    tree.add(".gitignore", text="out/\n!out/a.py\n")
    assert tree.found() == []


def test_exclude_is_relative_to_the_configuration(tree: Tree) -> None:
    tree.add("examples/a.py", "tests/cases/b.py", "tests/c.py", "d_pb2.py", "tests/examples/e.py")
    tree.add("idiomatic.toml", text='exclude = ["/examples", "tests/cases", "*_pb2.py"]')
    assert tree.found() == ["tests/c.py", "tests/examples/e.py"]
    assert tree.found("tests") == ["tests/c.py", "tests/examples/e.py"]
    assert len(tree.found(isolated=True)) == 5
    tree.add("examples/f_pb2.py")
    assert tree.found("examples") == ["examples/a.py"], "a folder that is named is not excluded, but what else is, is"
    assert tree.found("d_pb2.py") == ["d_pb2.py"]


def test_relative_paths_stay_relative(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.add("a/b.py", "a/x/c.py")
    tree.add("idiomatic.toml", text='exclude = ["a/x"]')
    monkeypatch.chdir(tree.root / "a")
    files = Walk(Workspace(Path.cwd()), lambda *_: None).files([Path(), Path("..")])
    assert [str(file) for file in files] == ["b.py"]


def test_links(tree: Tree) -> None:
    tree.add("a/real.py", "b/other.py")
    (tree.root / "b" / "loop").symlink_to("..")
    (tree.root / "b" / "link.py").symlink_to("../a/real.py")
    (tree.root / "b" / "dangling.py").symlink_to("nowhere.py")
    assert len(tree.found()) == 2
    assert "b/other.py" in tree.found()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_can_not_be_listed(tree: Tree) -> None:
    tree.add("a/a.py", "b/b.py")
    (tree.root / "a").chmod(0)
    try:
        assert tree.found() == ["b/b.py"]
    finally:
        (tree.root / "a").chmod(0o755)
    assert tree.errors == [tree.root / "a"]


def test_a_wrong_configuration_stops_everything(tree: Tree) -> None:
    tree.add("a/b/c.py")
    tree.add("a/idiomatic.toml", text="select = 1")
    with pytest.raises(ConfigurationError):
        tree.found()
