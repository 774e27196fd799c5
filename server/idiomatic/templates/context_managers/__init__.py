"""Things that are set up for a block and cleaned up after it."""
