"""What is compared: ours and what others offer, each as it is started and told what to look for."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RUFF_SELECTION = ("B", "UP", "SIM", "RUF", "ASYNC", "DTZ", "G", "FURB", "TRY")
"""The rules of ruff's that are most like ours: those about idioms and mistakes, none about layout."""
TARGET = f"3.{sys.version_info.minor}"
_RUFF_CONFIGURATION = f"""\
target-version = "py{TARGET.replace(".", "")}"
preview = true

[lint]
select = {list(RUFF_SELECTION)!r}
"""


@dataclass(frozen=True)
class Peer:
    """A language server.

    Attributes:
        name: what the tables call it.
        command: starts it.
        options: its `initializationOptions`.
        files: configuration files to write into its workspace.
    """

    name: str
    command: Sequence[str]
    options: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def idiomatic() -> Peer:
    """This project, with all rules."""
    command = (sys.executable, "-P", "-m", "idiomatic", "server")
    return Peer("idiomatic", command, {"select": ["ALL"], "targetVersion": TARGET})


def ruff() -> Peer | None:
    """The fastest one there is; `None` if it is not installed."""
    found = ruff_program()
    return None if found is None else Peer("ruff", (found, "server"), files={"ruff.toml": _RUFF_CONFIGURATION})


def ruff_program() -> str | None:
    """Ruff from the environment of this interpreter, or else from the PATH."""
    return shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")


def ruff_check(configuration: Path) -> Sequence[str] | None:
    """Ruff's command line, to which only paths have to be added; without its cache."""
    if (program := ruff_program()) is None:
        return None
    configuration.write_text(_RUFF_CONFIGURATION, "utf-8")
    return program, "check", "--no-cache", "--output-format", "concise", "--config", str(configuration)


def idiomatic_check() -> Sequence[str]:
    """Our command line, likewise: all rules, no configuration."""
    options = ("--isolated", "--select", "ALL", "--target-version", TARGET, "--output-format", "concise")
    return sys.executable, "-P", "-m", "idiomatic", "check", *options


def fixit_lint() -> Sequence[str] | None:
    """The linter that works on libcst's trees, as it is without configuration; `None` if it is not installed."""
    program = Path(__file__).parents[2] / ".bench" / "bin" / "fixit"
    return (str(program), "lint") if program.exists() else None


def version(command: Sequence[str]) -> str:
    """What a program says to `--version`."""
    return output([*command, "--version"]).strip()


def floor(diagnostics: Sequence[Mapping[str, Any]]) -> Peer:
    """A server that answers every edit with the same diagnostics."""
    program = str(Path(__file__).with_name("floor.py"))
    return Peer("floor", (sys.executable, "-P", program), {"diagnostics": diagnostics})


def output(command: Sequence[str]) -> str:
    """What a program prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
