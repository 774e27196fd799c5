"""`python -m tools.docs`: build the site."""

import shutil
import subprocess
import sys
from pathlib import Path

from tools.docs import sources
from tools.docs.built import faults

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"


def main() -> int:
    """Build the site; gives the exit code, which is not 0 after a warning either."""
    prepared, site = BUILD / "docs-sources", BUILD / "docs"
    sources.prepare(ROOT, prepared)
    # All pages are written anew: those that are gone would stay, and others would not lead to new ones. The sources are
    # only read again where they changed.
    shutil.rmtree(site, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "--fail-on-warning",
        "--keep-going",
        "--quiet",
        "--jobs",
        "auto",
        "--write-all",
    ]
    command += ["--doctree-dir", str(BUILD / "docs-trees"), str(prepared / "docs"), str(site)]
    if code := subprocess.run(command, check=False).returncode:
        return code
    found = list(faults(site))
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print(f"The documentation is in {site / 'index.html'}.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
