"""Several things at a time, with an end to all of them."""
