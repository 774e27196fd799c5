"""What is made later or not at all: modules that are loaded when they are first used, however they are imported."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from _thread import allocate_lock
from importlib.util import find_spec
from time import sleep
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LOCK: Final = allocate_lock()

_PATIENCE: Final = 10_000
"""How many milliseconds a thread waits for another one to load the module, whose parts were imported crosswise."""


def defer(name: str) -> None:
    """Let `import name` cost nothing, from now on, until something of the module is used.

    A module that is there already stays, and one that can't be found is left to its import to complain about. Unlike
    `importlib.util.LazyLoader`, several threads may use the module for the first time at once: what stands in for it
    steps aside and leaves the rest to an ordinary import.
    """
    if name in sys.modules:
        return
    spec = find_spec(name)
    if spec is None:
        return
    module = _Deferred(name)
    # Who looks for the module sees that it is there. That it is a package shows when it is loaded: the import of a
    # part of it loads it first, as it should.
    module.__spec__, module.__file__ = spec, spec.origin
    sys.modules[name] = module


UNNEEDED: Final = ("ssl", "typing_extensions", "_uuid")
"""What `asyncio` and `msgspec` load if it is there, and nobody needs: nothing is encrypted here, what is new in
`typing` is not used, and no identifiers are made. It takes 15 ms, and a megabyte in each process."""


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """Let what is imported meanwhile find none of these modules, which it has to be able to do without.

    Afterwards they can be imported like any other. One that is there already is left alone.
    """
    missing = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(missing))  # type: ignore[arg-type]  # `None` is how Python says that there is none
    try:
        yield
    finally:
        for name in missing:
            if sys.modules.get(name) is None:
                sys.modules.pop(name, None)


class _Deferred(ModuleType):
    """Stands in for a module, and becomes a copy of it when something is asked of it."""

    def __getattr__(self, name: str) -> Any:
        with _LOCK:  # or a second thread could take away what the first one is loading
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        loaded = _loaded(self.__name__, name)
        vars(self).update(vars(loaded))
        self.__class__ = ModuleType  # type: ignore[assignment]  # from here on as fast as any other
        return getattr(loaded, name)


def defer_functions(package: str, path: Iterable[str]) -> None:
    """Let `from package.part import function` cost nothing, for all parts of a package, until the function is called.

    Whoever imports anything else of a part, such as a class, loads it.
    """
    import pkgutil

    for part in pkgutil.iter_modules(path, f"{package}."):
        sys.modules.setdefault(part.name, _Outline(part.name))


class _Outline(ModuleType):
    """Stands in for a module from which functions are imported."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # which the import asks for
            raise AttributeError(name)
        if not name.islower():
            return getattr(self._module(name), name)

        def function(*given: Any, **named: Any) -> Any:
            return getattr(self._module(name), name)(*given, **named)

        return function

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("__"):
            msg = f"{self.__name__} is not loaded: what is set would be in the place of what only stands in for it"
            raise AttributeError(msg)
        super().__setattr__(name, value)

    def _module(self, wanted: str) -> ModuleType:
        with _LOCK:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return _loaded(self.__name__, wanted)


def _loaded(module: str, wanted: str) -> ModuleType:
    """The module, with an attribute: another thread may be loading it, or one of its parts and so the module itself."""
    for _ in range(_PATIENCE):
        try:
            loaded = importlib.import_module(module)
        except RuntimeError as error:
            # Two threads wait for each other; Python lets one of them try again.
            if type(error).__name__ != "_DeadlockError":
                raise
        else:
            if hasattr(loaded, wanted) or not getattr(loaded.__spec__, "_initializing", False):
                return loaded
        sleep(0.001)
    return importlib.import_module(module)


def regex(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A regular expression that is compiled when it is first used: that takes longer than loading the file it is in."""
    return cast("re.Pattern[str]", _Regex(pattern, flags))


class _Regex:
    """Stands in for a pattern, whose methods it takes over when it is first asked for one."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self.pattern, self._flags)
        vars(self).update({each: getattr(compiled, each) for each in dir(compiled) if not each.startswith("_")})
        return getattr(compiled, name)
