"""What draws say, each figure with its Monte Carlo error; numpy only."""

from sharesim.measures.estimates import (
    FEWEST_DESIGNS,
    Design,
    Estimate,
    estimate,
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
    percentile_of,
    probability_below,
    standard_deviation,
    total,
)
from sharesim.measures.measure import (
    FEWEST_TAIL_DRAWS,
    MEASURES,
    Doubt,
    Measure,
    below_measure,
    cvar_measure,
    measure_named,
    percentile_measure,
)

__all__ = [
    "CHUNK",
    "FEWEST_DESIGNS",
    "FEWEST_TAIL_DRAWS",
    "MEASURES",
    "Design",
    "Doubt",
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
    "percentile_of",
    "probability_below",
    "standard_deviation",
    "standard_errors",
    "total",
]
