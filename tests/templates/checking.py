"""What a type checker says to code that uses templates."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import idiomatic


def complaints(codes: Mapping[str, str], folder: Path) -> Mapping[str, list[str]]:
    """What mypy says to pieces of code, each as `line: message`.

    Args:
        codes: by name; each begins with a line break, and is indented as it likes.
        folder: for the code and for mypy's cache.
    """
    for name, code in codes.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(code), "utf-8")
    options = ["--strict", "--follow-imports=silent", "--explicit-package-bases", "--allow-empty-bodies"]
    hidden = ["--no-error-summary", "--hide-error-codes"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *hidden, "--cache-dir=cache", *(f"{name}.py" for name in codes)],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(Path(idiomatic.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    found: dict[str, list[str]] = {name: [] for name in codes}
    for name, complaint in re.findall(r"^(\w+)\.py:(\d+: (?:error|note): .*)$", done.stdout, re.MULTILINE):
        if "defined in" not in complaint:
            found[name].append(re.sub("(?:error|note): ", "", complaint, count=1))
    return found
