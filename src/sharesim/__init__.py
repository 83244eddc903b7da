"""sharesim: which public services to share, with whom.

The public names, in the order of use: `load`, `appraise`, `choose`, `judge`, `report`. `new` writes a starter study;
`sample` and `propagate` draw and push uncertain inputs through a function of your own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Loaded when first used: `sharesim --version`, or `sharesim.sample` alone, should not wait for the solver and the plots.
_HOMES = {
    "load": "sharesim.workflow.doors",
    "appraise": "sharesim.workflow.doors",
    "choose": "sharesim.workflow.doors",
    "judge": "sharesim.workflow.doors",
    "run": "sharesim.workflow.run",
    "new": "sharesim.workflow.new",
    "check": "sharesim.workflow.check",
    "sample": "sharesim.uncertainty.sample",
    "propagate": "sharesim.uncertainty.sample",
    "SharesimError": "sharesim.errors",
    "StudyError": "sharesim.errors",
    "UsageError": "sharesim.errors",
}

if TYPE_CHECKING:
    from sharesim.errors import SharesimError, StudyError, UsageError
    from sharesim.uncertainty.sample import propagate, sample
    from sharesim.workflow.check import check
    from sharesim.workflow.doors import appraise, choose, judge, load
    from sharesim.workflow.new import new

__all__ = ["SharesimError", "StudyError", "UsageError", "appraise", "check", "choose", "judge", "load", "new", "propagate", "sample"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sharesim' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
