"""From seed to values: the laws that inputs follow, how they hang together, and the draws of them."""
