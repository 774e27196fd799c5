"""The benchmark: how fast the server and the command line are, beside others that do the same, in one run.

`make bench` runs all of it, `make bench ARGS="edit --rounds 2"` a part. A part is a module with a function `run`; what
parts share is in `wire` (a client that measures), `peers` (what is compared), `sources` and `keystrokes` (what is typed
where), `kept` (which findings are still there), `samples` and `tables` (what is shown).
"""
