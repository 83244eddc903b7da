"""What draws say, each figure with its Monte Carlo error; numpy only."""

from sharesim.measures.estimates import (
    FEWEST_DESIGNS,
    MEASURES,
    Estimate,
    Measure,
    below_measure,
    cvar_measure,
    estimate,
    measure_named,
    percentile_measure,
    standard_errors,
)
from sharesim.measures.figures import (
    CHUNK,
    chunk_sums,
    cvar,
    mean,
    payback_years,
    peak_funding,
    percentile,
    probability_below,
    standard_deviation,
    total,
)

__all__ = [
    "CHUNK",
    "FEWEST_DESIGNS",
    "MEASURES",
    "Estimate",
    "Measure",
    "below_measure",
    "chunk_sums",
    "cvar",
    "cvar_measure",
    "estimate",
    "mean",
    "measure_named",
    "payback_years",
    "peak_funding",
    "percentile",
    "percentile_measure",
    "probability_below",
    "standard_deviation",
    "standard_errors",
    "total",
]
