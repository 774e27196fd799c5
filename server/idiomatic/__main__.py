"""`python -P -m idiomatic`: the command line."""

from __future__ import annotations

from idiomatic.cli.main import main

if __name__ == "__main__":
    main()
