"""Which arrangements could exist."""
