"""ruff as formatter and linter, with the rules that find faults.

## Why
The formatter ends the talk about style, and the rules that would disagree with it are left out. What is chosen finds
faults (`ASYNC`, `B`, `DTZ`, `S`), keeps the code at today's Python (`UP`, `PTH`) or makes it plainer (`C4`, `SIM`,
`RET`). The Python version is that of `requires-python`, written once.

## Use
`ruff check --fix` and `ruff format`; `ruff rule B006` explains a rule.

## References
- [ruff: rules](https://docs.astral.sh/ruff/rules/)
- [ruff: settings](https://docs.astral.sh/ruff/settings/)
"""

PREFIXES = ("ruff",)
WHERE = ("pyproject",)
TAB_STOPS = ("100", "google")
REQUIRES = ("ruff>=0.11",)
SINCE = (3, 9)

TEXT = """
[tool.ruff]
line-length = 100

[tool.ruff.lint]
# Left out on purpose: COM, ISC and Q are the formatter's business; TC moves imports
# that frameworks read at run time.
select = [
  "A", "ANN", "ASYNC", "B", "C4", "D", "DTZ", "E", "F", "FLY", "FURB", "G", "I",
  "LOG", "N", "PERF", "PGH", "PIE", "PLC", "PLE", "PLW", "PT", "PTH", "RET", "RSE",
  "RUF", "S", "SIM", "T10", "T20", "TRY", "UP", "W",
]
ignore = [
  "D105",    # what a special method does is defined by the language
  "D107",    # the docstring of the class describes its arguments
  "E501",    # what the formatter leaves long is long for a reason
  "TRY003",  # a message is best read where it is raised
]

[tool.ruff.lint.per-file-ignores]
# Tests assert, and their names say what they show.
"tests/**" = ["D", "S101"]

[tool.ruff.lint.pydocstyle]
convention = "google"

[tool.ruff.format]
docstring-code-format = true
"""
