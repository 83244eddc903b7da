"""The versions that a result depends on."""

from __future__ import annotations

import contextlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from sharesim import __version__

PACKAGES = ("numpy", "scipy", "pulp", "highspy", "pandas", "pydantic", "matplotlib")


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return dict(_installed())


@cache
def _installed() -> tuple[tuple[str, str], ...]:
    # Looked up once: reading the packages' own words takes longer than many a small run of a batch.
    found = {"sharesim": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return tuple(found.items())


__all__ = ["versions"]
