"""What an editor says that no configuration file does: which advice is underlined, and whether ruff runs beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from idiomatic.core import catalogue
from idiomatic.project.configuration import ConfigurationError, unknown
from idiomatic.project.ruff import RuffBeside, read_layer
from idiomatic.project.ruff_defaults import version_of

HINTS: Final = "hints"
RUFF: Final = "ruff"


class ClientSettings(Struct, frozen=True):
    """The settings of an editor that are no keys of the configuration.

    Attributes:
        unhinted: the families whose advice is not underlined; the fixes are offered all the same.
        ruff: the ruff beside, if there is one.
    """

    unhinted: frozenset[str] = frozenset()
    ruff: RuffBeside | None = None


NOTHING_SAID: Final = ClientSettings()


def read(settings: Mapping[str, object], origin: str) -> ClientSettings:
    """What a client's settings say.

    Args:
        settings: all of them.
        origin: what they are called in an error.

    Raises:
        ConfigurationError: a value is wrong.
    """
    return ClientSettings(_unhinted(settings.get(HINTS), origin), _ruff(settings.get(RUFF), origin))


def _unhinted(value: object, origin: str) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, Mapping) or not all(isinstance(each, bool) for each in value.values()):
        raise ConfigurationError(origin, HINTS, 'expected an object such as {"concurrency": false}')
    families = dict.fromkeys(catalogue.families().values())
    for name in value:
        if name not in families:
            raise ConfigurationError(origin, HINTS, unknown("family", name, families))
    return frozenset(name for name, is_on in value.items() if not is_on)


def _ruff(value: object, origin: str) -> RuffBeside | None:
    match value:
        case None | False:
            return None
        case True:
            return RuffBeside()
        case Mapping():
            return RuffBeside(_version(value), read_layer({"lint": _kebab(value)}))
        case _:
            raise ConfigurationError(origin, RUFF, 'expected true, false or an object such as {"version": "0.17.5"}')


def _version(value: Mapping[str, Any]) -> tuple[int, ...] | None:
    version = value.get("version")
    return version_of(version) if isinstance(version, str) else None


def _kebab(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The names that ruff's settings have in an editor, as they are in its files."""
    return {{"extendSelect": "extend-select"}.get(key, key): each for key, each in value.items()}
