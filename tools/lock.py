"""Lock the dependencies with hashes: `requirements/{runtime,dev,bench}.txt`.

One file serves every supported Python and platform: packages that only some of them need carry a marker.
(libcst alone asks for three different YAML parsers from 3.11 to 3.14, so a lock made for one version would
not install on another.)
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = (
    *("pip", "compile", "--quiet"),
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-sources"),
    # Where packages come from is a matter of the machine that installs them.
    *("--custom-compile-command", "make lock"),
)
LOCKS: dict[str, tuple[str, ...]] = {
    "requirements/runtime.txt": ("pyproject.toml",),
    "requirements/dev.txt": ("pyproject.toml", "--group", "dev", "--constraints", "requirements/runtime.txt"),
    # Other tools to compare with, in an environment of their own.
    "requirements/bench.txt": ("--group", "bench"),
}


def main() -> None:
    """Write all files; arguments (`--upgrade`) are passed on to uv."""
    uv = Path(sys.executable).with_name("uv")
    for output, options in LOCKS.items():
        command = [str(uv), *COMPILE, *options, "--output-file", output, *sys.argv[1:]]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
