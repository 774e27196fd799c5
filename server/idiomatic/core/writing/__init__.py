"""Larger pieces of new code, each by what it is."""
