"""Tasks, cancellation, and waiting for several things at once."""
