"""Functions and decorators: what a call is given, keeps and hides."""
