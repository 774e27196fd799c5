"""What shape does a value have, and what is in it?"""
