"""What a program is told when it starts, and what it tells while it runs."""
