"""Logging and time."""
