"""What goes wrong, as types: raised, told apart, and told to others."""
