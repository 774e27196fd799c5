"""Pattern matching."""
