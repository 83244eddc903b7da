"""A sample of the fuzzed studies of tests/verify: each ends in figures or in faults that can be read."""

from __future__ import annotations

from tests.verify.fuzz import verify


def test_no_changed_study_ends_in_anything_but_figures_or_faults() -> None:
    part = verify(full=False)
    assert part.passed, "\n".join(part.lines)
