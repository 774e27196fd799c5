"""ruff, mypy and the lock file, checked before each commit.

## Why
The hooks run the tools of the project's own environment: the versions are those of the lock file, the same as in CI and
in the editor, nothing is downloaded and there is no second list of versions that grows old. mypy checks the whole
project: a change breaks files that it does not touch.

## Use
`uv run pre-commit install`, once for each clone; `uv run pre-commit run --all-files` in CI.

## References
- [pre-commit: local hooks](https://pre-commit.com/#repository-local-hooks)
"""

PREFIXES = ("precommit", "repos")
WHERE = ("pre-commit",)
TAB_STOPS = ()
REQUIRES = ("pre-commit>=3.2", "ruff>=0.11", "mypy>=1.15")
SINCE = (3, 9)

TEXT = """
# `--no-sync`: what is in `.venv` is used as it is, nothing is downloaded.
repos:
  - repo: local
    hooks:
      - id: ruff-check
        name: ruff check
        entry: uv run --no-sync ruff check --fix --force-exclude
        language: system
        types_or: [python, pyi]
        require_serial: true
      - id: ruff-format
        name: ruff format
        entry: uv run --no-sync ruff format --force-exclude
        language: system
        types_or: [python, pyi]
        require_serial: true
      - id: mypy
        name: mypy
        entry: uv run --no-sync mypy
        language: system
        types_or: [python, pyi]
        pass_filenames: false
        require_serial: true
      - id: uv-lock
        name: uv lock
        entry: uv lock --check
        language: system
        files: ^(pyproject\\.toml|uv\\.lock)$
        pass_filenames: false
"""
