"""The pages of the rules in the user's cache: all or none, once, for everybody who needs them."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from idiomatic.core import catalogue
from idiomatic.project import cache_folder, rule_pages
from idiomatic.project.scan import cache
from msgspec.structs import replace

if TYPE_CHECKING:
    from pathlib import Path

RULES = {name: catalogue.rules()[name] for name in ("naive-utcnow", "dict-shape-to-match")}


def test_another_text_has_another_folder(tmp_path: Path) -> None:
    place = rule_pages.folder(RULES, tmp_path)
    assert place == rule_pages.folder(RULES, tmp_path)
    other = replace(RULES["naive-utcnow"], text=RULES["naive-utcnow"].text + " ")
    assert place != rule_pages.folder({**RULES, other.name: other}, tmp_path)


def test_written_and_found(tmp_path: Path) -> None:
    place = rule_pages.folder(RULES, tmp_path / "cache")
    assert not rule_pages.is_there(place)
    rule_pages.write(RULES, place)
    assert rule_pages.is_there(place)
    assert sorted(each.name for each in place.iterdir()) == ["dict-shape-to-match.html", "naive-utcnow.html"]
    assert "datetime.now(UTC)" in (place / "naive-utcnow.html").read_text("utf-8")
    # What `idiomatic clean` deletes.
    assert cache.clear(tmp_path / "cache")


def test_one_who_comes_too_late_changes_nothing(tmp_path: Path) -> None:
    place = rule_pages.folder(RULES, tmp_path)
    rule_pages.write(RULES, place)
    before = {each: each.stat().st_ino for each in place.iterdir()}
    rule_pages.write(RULES, place)
    assert {each: each.stat().st_ino for each in place.iterdir()} == before
    assert [each.name for each in place.parent.iterdir()] == [place.name]


def test_what_nobody_used_for_long_is_thrown_away(tmp_path: Path) -> None:
    old, used = tmp_path / "pages" / "old", tmp_path / "pages" / "used"
    for each in (old, used):
        each.mkdir(parents=True)
        os.utime(each, (time.time() - 60 * 24 * 60 * 60,) * 2)
    assert rule_pages.is_there(used)
    rule_pages.write(RULES, rule_pages.folder(RULES, tmp_path))
    assert (old.exists(), used.exists()) == (False, True)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = rule_pages.folder(RULES, tmp_path / "file")
    assert not rule_pages.is_there(place)
    with pytest.raises(OSError, match="file"):
        rule_pages.write(RULES, place)


def test_several_processes_at_once(tmp_path: Path) -> None:
    environment = {**os.environ, cache_folder.VARIABLE: str(tmp_path)}
    started = [subprocess.Popen(rule_pages.command(), env=environment) for _ in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]
    place = rule_pages.folder(catalogue.rules(), tmp_path)
    assert {each.stem for each in place.iterdir()} == set(catalogue.rules())
    assert [each.name for each in place.parent.iterdir()] == [place.name]
