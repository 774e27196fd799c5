"""mypy at its strictest, for the package and its tests.

## Why
In a new project it costs nothing, and every error is in a line that somebody has just written. `strict` leaves out some
checks that find real faults: a variable that is not set on every path, code that is never reached, a `# type: ignore`
that hides more than it was meant for, a task that nobody keeps.

## Use
`mypy` without arguments checks what `files` names. A library without types is excused by its name, in a table
`[[tool.mypy.overrides]]` with `module = ["library.*"]` and `ignore_missing_imports = true`.

## References
- [mypy: the configuration file](https://mypy.readthedocs.io/en/stable/config_file.html)
- [mypy: optional error codes](https://mypy.readthedocs.io/en/stable/error_code_list2.html)
"""

PREFIXES = ("mypy",)
WHERE = ("pyproject",)
TAB_STOPS = ("src", "tests")
REQUIRES = ("mypy>=1.15",)
SINCE = (3, 9)

TEXT = """
[tool.mypy]
strict = true
files = ["src", "tests"]
mypy_path = "src"
# `src` is a folder with packages in it, and no package.
explicit_package_bases = true
warn_unreachable = true
enable_error_code = [
  "ignore-without-code",
  "possibly-undefined",
  "redundant-expr",
  "truthy-bool",
  "unused-awaitable",
]
"""
