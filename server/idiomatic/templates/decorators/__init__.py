"""Functions around functions that keep their signatures."""
