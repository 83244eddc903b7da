"""A run that is killed leaves the earlier one or itself whole: a sample of the long check."""

from __future__ import annotations

import os

import pytest

from tests.verify import kills


@pytest.mark.skipif(os.name != "posix", reason="kills the POSIX way")
def test_after_a_kill_the_earlier_run_or_the_new_one_is_whole() -> None:
    part = kills.verify(full=False)
    assert part.passed, "\n".join(part.lines)
