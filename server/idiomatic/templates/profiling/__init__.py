"""Where the time goes, and the memory."""
