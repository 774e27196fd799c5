"""A base class for plugins of other packages, and how to find those that are installed.

## Why
Whoever installs a package with an entry point adds to this program without a change to it, and nobody imports anything
by hand: that is what sets plugins apart from a registry, which only knows what was imported. What is missing from a
plugin is reported when its class is defined. There is no metaclass, so that a plugin may also derive from a class that
has one. A plugin that is broken is somebody else's mistake: it is logged, and the program goes on without it.

## Use
In the `pyproject.toml` of the package with the plugin:
```toml
[project.entry-points."my_app.plugins"]
shout = "shouting:Shout"
```

## References
- [Entry points specification](https://packaging.python.org/en/latest/specifications/entry-points/)
"""

import logging
from importlib.metadata import entry_points
from typing import ClassVar

PREFIXES = ("plugin", "entrypoints")
WHERE = ("module",)
TAB_STOPS = ("Plugin", "my_app", "plugins")
SINCE = (3, 10)
REUSES = ("logger",)

logger = logging.getLogger(__name__)


class Plugin:
    """What another package adds; a subclass gives the name and overrides `run`.

    Attributes:
        name: what users call it.
    """

    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Look whether the subclass is complete.

        Raises:
            TypeError: it has no name, or does nothing.
        """
        super().__init_subclass__(**kwargs)
        if not isinstance(getattr(cls, "name", None), str):
            msg = f"the plugin {cls.__qualname__} has no name"
            raise TypeError(msg)
        if cls.run is Plugin.run:
            msg = f"the plugin {cls.__qualname__} does not override `run`"
            raise TypeError(msg)

    def run(self, text: str) -> str:
        """Do what the plugin is there for."""
        raise NotImplementedError


def plugins(group: str = "my_app.plugins") -> dict[str, type[Plugin]]:
    """The plugins of all installed packages, by name.

    Args:
        group: of the entry points.
    """
    found: dict[str, type[Plugin]] = {}
    for entry_point in sorted(entry_points(group=group)):
        try:
            plugin = entry_point.load()
        except Exception:  # it runs whatever the other package runs on import
            logger.exception("the plugin %s cannot be loaded", entry_point.value)
            continue
        if not (isinstance(plugin, type) and issubclass(plugin, Plugin)):
            logger.error("%s is no plugin", entry_point.value)
        elif found.setdefault(plugin.name, plugin) is not plugin:
            logger.error("a second plugin %r: %s", plugin.name, entry_point.value)
    return found
