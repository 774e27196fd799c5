"""pytest that takes nothing lightly, for asynchronous tests too.

## Why
A misspelt marker or option is an error, and not a test that never runs. A warning fails the test that causes it, before
the next version of a library makes it an error. A test that is expected to fail and passes is reported: what it waited
for is done. Each asynchronous test has an event loop of its own.

## Use
`pytest`, `pytest -m "not slow"`. A warning that nobody here can mend gets a line below `error`:
`"ignore:what it says:DeprecationWarning:library"`.

## References
- [pytest: configuration](https://docs.pytest.org/en/stable/reference/customize.html)
- [pytest-asyncio: configuration](https://pytest-asyncio.readthedocs.io/en/stable/reference/configuration.html)
"""

PREFIXES = ("pytest",)
WHERE = ("pyproject",)
TAB_STOPS = ("tests",)
REQUIRES = ("pytest>=8.4", "pytest-asyncio>=1.0")
SINCE = (3, 9)

TEXT = """
[tool.pytest.ini_options]
minversion = "8.4"
testpaths = ["tests"]
addopts = ["--strict-markers", "--strict-config", "--import-mode=importlib", "-ra"]
xfail_strict = true
filterwarnings = ["error"]
# Every `async def` test runs without a marker, on a loop of its own.
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
markers = ["slow: takes more than a second"]
"""
