#!/bin/sh
# Create .venv with the newest suitable Python and install exactly what requirements/dev.txt locks, then the
# project itself, editable and without build isolation: nothing is fetched that is not in the lock.
#
# PYTHON=/path/to/python chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

suitable() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if suitable "$candidate"; then
            command -v "$candidate"
            return
        fi
        if [ "$candidate" = "${PYTHON:-}" ]; then
            echo "PYTHON=$PYTHON is not a Python 3.11 or newer that can be run." >&2
            return 1
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no python3 at all")
    echo "idiomatic needs Python 3.11 or newer, and there is $found on the PATH." >&2
    echo "Install one, or name it: make setup PYTHON=/path/to/python3.11" >&2
    return 1
}

# An environment left over from an older Python, or whose Python is gone, is of no use.
if [ -d .venv ] && ! suitable .venv/bin/python; then
    echo "Replacing .venv: its Python is missing or older than 3.11."
    rm -rf .venv
fi
if [ ! -d .venv ]; then
    python=$(find_python)
    echo "Creating .venv with $("$python" --version)."
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        echo "$python could not create a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
fi

export PIP_DISABLE_PIP_VERSION_CHECK=1
echo "Installing the locked dependencies."
.venv/bin/python -m pip install --quiet --require-hashes -r requirements/dev.txt
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
echo "Ready: $(.venv/bin/python --version) in .venv."
