"""What a long check hands back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """What one long check found.

    Parameters
    ----------
    passed : bool
        Whether all that it demands held.
    lines : tuple of str
        Markdown for docs/verification.md: what was done, how often, and the figures found.
    """

    passed: bool
    lines: tuple[str, ...]
