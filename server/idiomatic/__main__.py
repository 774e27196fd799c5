"""`python -P -m idiomatic`: the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process."""
    if sys.argv[1:] in (["server"], ["server", "--stdio"]):
        # As editors start it: the window is open and waits, and nothing needs to be parsed.
        from idiomatic import lsp

        sys.exit(lsp.start())
    from idiomatic.cli.main import main

    main()


if __name__ == "__main__":
    main()
