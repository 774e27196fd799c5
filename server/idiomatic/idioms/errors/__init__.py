"""Exceptions: what a failure tells the one who has to find its cause."""
