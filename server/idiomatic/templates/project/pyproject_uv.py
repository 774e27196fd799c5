"""A project's name, needs and build, for uv and every other installer.

## Why
One file says it in the standard's own words (PEP 621, 735 and 639), so that any tool can read it: the code lies in
`src/`, so that tests run what is installed and not what lies around; what developers need is a group and no part of the
product; the classifier keeps it from being published by mistake.

## Use
`uv sync` makes `.venv` with all of it, `uv run shop` starts it, `uv build` makes the package.

## References
- [PEP 621: project metadata](https://peps.python.org/pep-0621/)
- [PEP 735: dependency groups](https://peps.python.org/pep-0735/)
- [uv: projects](https://docs.astral.sh/uv/concepts/projects/layout/)
"""

PREFIXES = ("pyproject", "uvproject")
WHERE = ("pyproject",)
TAB_STOPS = ("shop", "0.1.0", "MIT")
SINCE = (3, 9)

TEXT = """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "shop"
version = "0.1.0"
description = "What it does, in one sentence"
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
authors = [{ name = "Ada Lovelace", email = "ada@example.org" }]
# An index takes it when this line is gone.
classifiers = ["Private :: Do Not Upload"]
dependencies = []

[project.scripts]
shop = "shop.__main__:main"

[dependency-groups]
dev = [
  "mypy>=1.15",
  "pre-commit>=4.0",
  "pytest>=8.4",
  "pytest-asyncio>=1.0",
  "ruff>=0.11",
]

[tool.hatch.build.targets.wheel]
packages = ["src/shop"]
"""
