"""The command line: one file per command, and in `formats` one per output format.

Commands import what they need when they run, so that `--help` and the start of the server wait for nothing.
"""
