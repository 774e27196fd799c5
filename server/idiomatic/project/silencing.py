"""Silencing a rule in a configuration file: the edits that do it, and nothing else.

Comments, line ends and the style of lists stay as they are. What tomlkit makes of a file is compared with what was
meant, key for key, before anybody gets it.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from idiomatic.core.edits import difference
from idiomatic.core.text import BOM
from idiomatic.project.configuration import OWN_FILE, SHARED_FILE, TABLE, Configuration
from idiomatic.project.tables import inner
from idiomatic.project.toml_places import place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from idiomatic.core.text import Edit

_IGNORE: Final = "ignore"
_SELECT: Final = "select"


class SilencingError(Exception):
    """A rule can't be silenced in a file; the message says why, for the user."""


def silencing(text: str, name: str, rule: str, family: str) -> Sequence[Edit]:
    """The edits of a configuration file that silence a rule; none if it is silenced there already.

    A rule that is selected by its name is taken out of `select`; one that is selected all the same, or by default, is
    added to `ignore`.

    Args:
        text: the file; empty for one that is still to be written.
        name: what it is called: a table of `pyproject.toml` is one in a file that belongs to others, too.
        rule: which rule.
        family: the family that it is in.

    Raises:
        SilencingError: the file can't be read or not be changed.
    """
    path = TABLE if name == SHARED_FILE else ()
    mark, old = text[: len(text) - len(text.removeprefix(BOM))], text.removeprefix(BOM)
    table = inner(_parsed(old, name), *path) or {}
    select, ignore = _names(table, _SELECT), _names(table, _IGNORE) or ()
    new = old
    if select is not None and rule in select:
        select = tuple(each for each in select if each != rule)
        new = _with(new, name, path, _SELECT, select)
        is_wanted = Configuration(select=select, ignore=ignore).selects(rule, family)
    else:
        # What is not selected here is, perhaps, in an editor's settings.
        is_wanted = rule not in ignore
    if is_wanted:
        new = _with(new, name, path, _IGNORE, (*ignore, rule))
    return tuple(edit.shifted(len(mark)) for edit in difference(old, new))


def places(folder: Path, root: Path) -> Sequence[Path]:
    """The files that could get a configuration where there is none, the best first: some of them are not there yet.

    Args:
        folder: the one of the file that is looked at.
        root: the outermost one that belongs to the project.
    """
    inside = [each for each in (folder, *folder.parents) if each == root or each.is_relative_to(root)] or [folder]
    shared = next((each / SHARED_FILE for each in inside if (each / SHARED_FILE).is_file()), None)
    own = inside[-1] / OWN_FILE
    return [own] if shared is None else [shared, own]


# -- the ways to do it ------------------------------------------------------------------------------------------------


def _with(text: str, name: str, path: Sequence[str], key: str, names: Sequence[str]) -> str:
    """The file with another list of names, in whichever way gives just that."""
    old = _parsed(text, name)
    table = inner(old, *path) or {}
    before = _names(table, key)
    expected = _with_table(old, path, {**table, key: list(names)})
    for way in (_in_place, _at_the_front, _at_the_end):
        new = way(text, path, key, before, names)
        if new is not None and _says(new, expected, path, key):
            return new
    raise SilencingError(f"{name} is written in a way that can only be changed by hand")


def _in_place(
    text: str, path: Sequence[str], key: str, before: Sequence[str] | None, names: Sequence[str]
) -> str | None:
    """As the file is written: entries of lists in lines of their own where others are."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    is_crlf = "\r\n" in text and not re.search(r"(?<!\r)\n", text)
    try:
        document = tomlkit.parse(text.replace("\r\n", "\n") if is_crlf else text)
        table: Any = document
        for part in path:
            table = table[part]
        if before is None:
            table[key] = list(names)
        else:
            for name in before:
                if name not in names:
                    table[key].remove(name)
            for name in names:
                if name not in before:
                    table[key].append(name)
        new = tomlkit.dumps(document)
    except (TOMLKitError, KeyError, TypeError, ValueError):
        return None
    return new.replace("\n", "\r\n") if is_crlf else new


def _at_the_front(
    text: str, path: Sequence[str], key: str, before: Sequence[str] | None, names: Sequence[str]
) -> str | None:
    """As the first entry of the list, right behind its bracket, whatever follows there."""
    if before is None or len(names) < len(before):
        return None
    bracket = text.find("[", place(text, (*path, key)).end) + 1
    rest = text[bracket:].lstrip(" ")
    gap = "" if rest.startswith(("\r", "\n")) else " "
    return f'{text[:bracket]}"{names[-1]}",{gap}{rest}'


def _at_the_end(
    text: str, path: Sequence[str], key: str, before: Sequence[str] | None, names: Sequence[str]
) -> str | None:
    """As a table of its own, behind all others."""
    newline = "\r\n" if "\r\n" in text else "\n"
    body = text.rstrip()
    head = [body, ""] if body else []
    header = [f"[{'.'.join(path)}]"] if path else []
    entries = ", ".join(f'"{name}"' for name in names)
    return newline.join([*head, *header, f"{key} = [{entries}]", ""])


# -- what a file says -------------------------------------------------------------------------------------------------


def _parsed(text: str, name: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SilencingError(f"{name} is not valid TOML: {error}") from error


def _names(table: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise SilencingError(f"`{key}` is not a list of names")
    return tuple(value)


def _with_table(old: Mapping[str, Any], path: Sequence[str], table: Mapping[str, Any]) -> Mapping[str, Any]:
    if not path:
        return table
    return {**old, path[0]: _with_table(inner(old, path[0]) or {}, path[1:], table)}


def _says(text: str, expected: Mapping[str, Any], path: Sequence[str], key: str) -> bool:
    """Whether a file says what was meant; in which order a list names things means nothing."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return _meaning(found, path, key) == _meaning(expected, path, key)


def _meaning(said: Mapping[str, Any], path: Sequence[str], key: str) -> Mapping[str, Any]:
    table = inner(said, *path) or {}
    return _with_table(said, path, {**table, key: sorted(table.get(key, ()))})
