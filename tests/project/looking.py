from __future__ import annotations

from typing import TYPE_CHECKING, Any

from idiomatic.project.scan.look import Check

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def watch(root: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each file that a scan in this process looks at noted, as it is called below a folder."""
    original = Check.__call__

    def look(self: Check, given: Any) -> Any:
        looked.append(given.relative_to(root).as_posix())
        return original(self, given)

    monkeypatch.setattr(Check, "__call__", look)
