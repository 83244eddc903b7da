"""What the benchmark of the core runs side by side, and the process that runs it."""
