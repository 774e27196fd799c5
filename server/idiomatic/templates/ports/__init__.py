"""What a program needs of the world outside, as types, and what takes its place."""
