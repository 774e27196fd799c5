"""Services over HTTP, and clients of them."""
