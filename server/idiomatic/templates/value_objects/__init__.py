"""Values of the domain: compared by what they hold, valid as long as they exist."""
