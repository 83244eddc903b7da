"""sharesim: which public services to share, with whom.

The public names, in the order of use: `load`, `appraise`, `choose`, `judge`, `report`. `new` writes a starter study,
`template` a workbook to fill in; `convert` and `write_study` turn one into the other. `sample` and `propagate` draw and
push uncertain inputs through a function of your own.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Loaded when first used: `sharesim --version`, or `sharesim.sample` alone, should not wait for the solver and the plots.
_HOMES = {
    "load": "sharesim.workflow.doors",
    "appraise": "sharesim.workflow.doors",
    "choose": "sharesim.workflow.doors",
    "Resources": "sharesim.appraisal.resources",
    "judge": "sharesim.workflow.doors",
    "report": "sharesim.workflow.run",
    "run_study": "sharesim.workflow.run",
    "new": "sharesim.workflow.new",
    "backtest": "sharesim.workflow.backtest.score",
    "case": "sharesim.workflow.cases",
    "cases": "sharesim.workflow.cases",
    "check": "sharesim.workflow.check",
    "convert": "sharesim.study.convert",
    "template": "sharesim.study.excel_template",
    "write_study": "sharesim.study.convert",
    "track": "sharesim.workflow.track",
    "sample": "sharesim.uncertainty.sample",
    "propagate": "sharesim.uncertainty.sample",
    "SharesimError": "sharesim.errors",
    "StudyError": "sharesim.errors",
    "UsageError": "sharesim.errors",
}
_LAWS = (
    "bernoulli", "beta", "constant", "discrete", "empirical", "gamma", "lognormal", "metalog", "mixture", "normal", "pareto_tail", "pert",
    "pooled", "triangular", "truncated", "uniform",
)  # fmt: skip
_HOMES |= dict.fromkeys(_LAWS, "sharesim.uncertainty.distributions")

if TYPE_CHECKING:
    from sharesim.appraisal.resources import Resources
    from sharesim.errors import SharesimError, StudyError, UsageError
    from sharesim.study.convert import convert, write_study
    from sharesim.study.excel_template import template
    from sharesim.uncertainty.sample import propagate, sample
    from sharesim.workflow.backtest.score import backtest
    from sharesim.workflow.cases import case, cases
    from sharesim.workflow.check import check
    from sharesim.workflow.doors import appraise, choose, judge, load
    from sharesim.workflow.new import new
    from sharesim.workflow.run import report, run_study
    from sharesim.workflow.track import track

__all__ = [
    "Resources", "SharesimError", "StudyError", "UsageError", "appraise", "backtest", "case", "cases", "check", "choose", "convert", "judge", "load", "new",
    "propagate", "report", "run_study", "sample", "template", "track", "write_study",
]  # fmt: skip


class _Door(ModuleType):
    """Keeps the name `report` for the function: importing a package below would bind it to the package of that name.

    docs/decisions/073.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name == "report" and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Door


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sharesim' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
