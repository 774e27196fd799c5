"""Value objects and domain types."""
