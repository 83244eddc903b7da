"""The laws that tests run over: every kind, with shapes that are hard in one way each."""

from __future__ import annotations

from sharesim.uncertainty.distributions import (
    Distribution,
    bernoulli,
    beta,
    constant,
    discrete,
    empirical,
    gamma,
    lognormal,
    metalog,
    mixture,
    normal,
    pareto_tail,
    pert,
    pooled,
    triangular,
    truncated,
    uniform,
)

SMOOTH: tuple[Distribution, ...] = (
    uniform(-3, 5),
    triangular(0, 1, 3),
    triangular(0, 0, 3),
    triangular(-2, 3, 3),
    pert(80, 120, 220),
    pert(80, 80, 220, shape=3),
    pert(0, 10, 10, shape=0.5),
    normal(1, 2),
    lognormal(mean=4, sd=2),
    lognormal(p10=50, p90=200),
    lognormal(median=3, p2_5=1),
    beta(2, 3.6, 0, 25),
    beta(0.5, 0.5),
    beta(40, 3, -1, 1),
    gamma(4, 2),
    gamma(0.3, 1),
    gamma(mean=8, sd=4),
    truncated(normal(0, 1), low=0),
    truncated(normal(0, 1), low=3),
    truncated(lognormal(mean=4, sd=2), low=1, high=9),
    truncated(gamma(2, 3), high=4),
    pareto_tail(lognormal(p10=50, p90=200), above=0.9, index=2.5),
    metalog(p10=10, p90=30),
    metalog(p10=10, p50=20, p90=45),
    metalog(p10=10, p50=20, p90=45, low=0),
    metalog(p10=10, p50=20, p90=33, high=40),
    metalog(p10=10, p50=20, p90=45, low=0, high=100),
    metalog(p5=1, p25=3, p50=5, p75=8, p95=15),
    mixture([truncated(normal(0, 4), high=0), beta(2, 3.6, 0, 25)], [0.45, 0.55]),
    mixture([uniform(0, 1), uniform(5, 6)], [1, 3]),
    pooled([metalog(p10=1, p50=2, p90=4), metalog(p10=2, p50=3, p90=7), normal(3, 1)], [2, 1, 1]),
    pooled([uniform(0, 1), normal(1, 2)], [1, 2], average="quantiles"),
)
STEPPED: tuple[Distribution, ...] = (
    constant(3),
    bernoulli(0.2),
    bernoulli(0),
    bernoulli(1),
    discrete([24, 0, 12], [2, 5, 3]),
    empirical([3, 1, 2, 2]),
    mixture([0, discrete([5, 7], [1, 1])], [0.9, 0.1]),
    truncated(discrete([1, 2, 3, 4], [1, 1, 1, 1]), low=2, high=3),
    pooled([bernoulli(0.2), bernoulli(0.6)], average="quantiles"),
)
JUMPING: tuple[Distribution, ...] = (
    mixture([0, lognormal(mean=4, sd=2)], [0.9, 0.1]),
    mixture([0, 2, normal(1, 1)], [0.3, 0.2, 0.5]),
    pareto_tail(lognormal(p10=50, p90=200), above=0.9, index=1.5, cap=1000),
)
HEAVY: tuple[Distribution, ...] = (
    pareto_tail(lognormal(p10=50, p90=200), above=0.95, index=1.8),
    pareto_tail(normal(10, 2), above=0.8, index=0.9),
    metalog(p10=1, p50=5, p90=60, low=0),
)
ALL = (*SMOOTH, *STEPPED, *JUMPING, *HEAVY)
