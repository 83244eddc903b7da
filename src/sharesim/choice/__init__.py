"""What to agree: candidates and rules become an integer program, its answer a portfolio with a bound and a gap."""
