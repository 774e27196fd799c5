"""Runs the bundled `idiomatic` with the libraries beside it and no others.

Started as `python -I -S launch.py server`: without the working directory, PYTHONPATH and site-packages on the path.
"""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent / "libs"))
    runpy.run_module("idiomatic", run_name="__main__", alter_sys=True)
