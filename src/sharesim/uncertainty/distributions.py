"""The laws an input can follow, by the names that study files use.

Examples
--------
>>> from sharesim.uncertainty.distributions import pert
>>> pert(80, 120, 220).text()
'pert(80, 120, 220)'
"""

from __future__ import annotations

from collections.abc import Callable

from sharesim.uncertainty.blends import mixture, pooled
from sharesim.uncertainty.composite import pareto_tail, truncated
from sharesim.uncertainty.distribution import Distribution
from sharesim.uncertainty.laws import constant, normal, triangular, uniform
from sharesim.uncertainty.lognormal import lognormal
from sharesim.uncertainty.metalog import metalog
from sharesim.uncertainty.shaped import beta, gamma, pert
from sharesim.uncertainty.stepped import bernoulli, discrete, empirical

#: Every law by its name in study files.
LAWS: dict[str, Callable[..., Distribution]] = {
    "constant": constant,
    "uniform": uniform,
    "triangular": triangular,
    "pert": pert,
    "normal": normal,
    "lognormal": lognormal,
    "truncated": truncated,
    "beta": beta,
    "gamma": gamma,
    "bernoulli": bernoulli,
    "discrete": discrete,
    "pareto_tail": pareto_tail,
    "mixture": mixture,
    "empirical": empirical,
    "metalog": metalog,
    "pooled": pooled,
}

__all__ = [
    "LAWS", "Distribution", "constant", "uniform", "triangular", "pert", "normal", "lognormal", "truncated", "beta",
    "gamma", "bernoulli", "discrete", "pareto_tail", "mixture", "empirical", "metalog", "pooled",
]  # fmt: skip
