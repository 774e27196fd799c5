"""Rewrite working Python into modern idioms, in the editor and on the command line."""

__version__ = "0.1.0"
