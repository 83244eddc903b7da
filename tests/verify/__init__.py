"""Long checks that CI has no time for: ``make verify`` runs them and dates their figures in docs/verification.md."""
