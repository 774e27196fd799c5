"""How the tests run the command line: in this process, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner
from idiomatic.cli.main import idiomatic

if TYPE_CHECKING:
    from click.testing import Result

# The sources beside these tests, wherever the installed package has its own.
SERVER = Path(__file__).parents[2] / "server"

UNSAFE = "from datetime import datetime\n\n\ndef stamp():\n    return datetime.utcnow()\n"
UNSAFE_FIXED = "from datetime import UTC, datetime\n\n\ndef stamp():\n    return datetime.now(UTC)\n"
SAFE = "from datetime import UTC, datetime\n\nnow = datetime.utcnow().replace(tzinfo=UTC)\n"
SAFE_FIXED = "from datetime import UTC, datetime\n\nnow = datetime.now(UTC)\n"


def run(*args: object, stdin: str | bytes | None = None) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(idiomatic, [str(arg) for arg in args], input=stdin)


def process(
    *args: object, cwd: Path, stdin: bytes | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """The command line as a process, started in the way that is safe in a user's folder."""
    command = [sys.executable, "-P", "-m", "idiomatic", *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": str(SERVER), **(env or {})}
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, check=False, timeout=60, env=environment)
