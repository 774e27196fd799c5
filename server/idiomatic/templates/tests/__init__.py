"""Tests with pytest, and what they need around them."""
