"""How fast and how exact, measured: each command writes machine-readable results with the versions it ran."""
