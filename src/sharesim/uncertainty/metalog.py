"""The metalog: a law through any quantiles that an expert gives (Keelin 2016, The Metalog Distributions)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sharesim.uncertainty.distribution import Distribution, finite, refuse, show
from sharesim.uncertainty.laws import Constant
from sharesim.uncertainty.lognormal import quantile_name, quantile_pairs, sure_value

Array = NDArray[np.float64]

#: More quantiles than this make the equations for the coefficients lose too many digits.
MOST_QUANTILES = 12
#: Log-odds at which the slope is checked: between them the terms hardly move, beyond them they have settled.
_CHECKED = np.concatenate([np.linspace(-40.0, 40.0, 4001), [-700.0, 700.0]])


def _terms(log_odds: Array, n_terms: int) -> Array:
    """Return the metalog's terms (term, point) at log-odds of the probability."""
    offset = 0.5 * np.tanh(log_odds / 2)  # probability less one half, without losing the digits of a tail
    return np.stack([offset ** _power(term) * (log_odds if _is_log(term) else 1.0) for term in range(n_terms)])


def _slopes(log_odds: Array, n_terms: int) -> Array:
    """Return p (1 - p) times each term's derivative by the probability, (term, point): finite at both ends."""
    offset = 0.5 * np.tanh(log_odds / 2)
    spread = expit(log_odds) * expit(-log_odds)
    rows = []
    for term in range(n_terms):
        power = _power(term)
        falling = power * offset ** (power - 1) * spread if power else np.zeros_like(offset)
        rows.append(falling * log_odds + offset**power if _is_log(term) else falling)
    return np.stack(rows)


def _is_log(term: int) -> bool:
    # Terms: 1, L, wL, w, w^2, w^2 L, w^3, w^3 L ... with L the log-odds and w the probability less one half.
    return term in (1, 2) or (term > 4 and term % 2 == 1)


def _power(term: int) -> int:
    return (0, 0, 1, 1)[term] if term < 4 else term // 2


@dataclass(frozen=True, repr=False)
class Metalog(Distribution):
    """A law through given quantiles, bounded or not; as many terms as quantiles.

    Parameters
    ----------
    quantiles : tuple of (float, float)
        (probability, value) in rising order.
    low, high : float, optional
        Bounds that no value passes.

    Examples
    --------
    >>> law = metalog(p10=10, p50=20, p90=45, low=0)
    >>> law.quantile([0.1, 0.5, 0.9]).round(9)
    array([10., 20., 45.])
    """

    quantiles: tuple[tuple[float, float], ...]
    low: float | None = None
    high: float | None = None
    name: ClassVar[str] = "metalog"

    def __post_init__(self) -> None:
        for field in ("low", "high"):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, finite(self.name, field, getattr(self, field)))
        if not 2 <= len(self.quantiles) <= MOST_QUANTILES:
            refuse(self.name, "cannot use this many quantiles", str(len(self.quantiles)), f"2 to {MOST_QUANTILES}")
        lowest, highest = self.quantiles[0][1], self.quantiles[-1][1]
        for bound, inside in ((self.low, lowest), (self.high, highest)):
            if bound is not None and not (bound < inside if bound is self.low else bound > inside):
                problem = "a bound does not lie beyond the quantiles"
                refuse(self.name, problem, show(bound), f"below {show(lowest)} for low, above {show(highest)} for high")
        if not self._slope_is_positive:
            refuse(self.name, "no metalog goes through these quantiles", self._written(), *self._what_would_do())

    # Fitting

    def _unbounded(self, values: Array) -> Array:
        """Map values inside the bounds to the whole line, where the terms are added up."""
        if self.low is not None and self.high is not None:
            return np.log((values - self.low) / (self.high - values))
        if self.low is not None:
            return np.log(values - self.low)
        return values if self.high is None else -np.log(self.high - values)

    def _bounded(self, line: Array) -> Array:
        if self.low is not None and self.high is not None:
            return self.low + (self.high - self.low) * expit(line)
        if self.low is not None:
            return self.low + np.exp(line)
        return line if self.high is None else self.high - np.exp(-line)

    @cached_property
    def _inverse(self) -> Array:
        levels = np.array([level for level, _ in self.quantiles])
        return np.linalg.inv(_terms(np.log(levels / (1.0 - levels)), levels.size).T).astype(np.float64, copy=False)

    @cached_property
    def _coefficients(self) -> Array:
        return np.einsum("ij,j->i", self._inverse, self._unbounded(np.array([value for _, value in self.quantiles])))

    @cached_property
    def _slope_is_positive(self) -> bool:
        slopes = np.einsum("i,ij->j", self._coefficients, _slopes(_CHECKED, len(self.quantiles)))
        return bool(np.all(slopes > 0.0))

    def _written(self) -> str:
        return ", ".join(f"P{show(round(level * 100, 9))} = {show(value)}" for level, value in self.quantiles)

    def _what_would_do(self) -> tuple[str, str]:
        """Return what is allowed and the remedy for quantiles that no metalog goes through.

        The slope is linear in every quantile, so with the others kept each has one interval (or none) that would do.
        """
        per_quantile = np.einsum("ij,ik->jk", self._inverse, _slopes(_CHECKED, len(self.quantiles)))
        values = self._unbounded(np.array([value for _, value in self.quantiles]))
        found = []
        for position, effect in enumerate(per_quantile):
            rest = np.einsum("i,ij->j", values, per_quantile) - values[position] * effect
            with np.errstate(divide="ignore", invalid="ignore"):
                limit = -rest / effect
            lower = float(np.max(limit[effect > 1e-12], initial=-math.inf))
            upper = float(np.min(limit[effect < -1e-12], initial=math.inf))
            idle = np.abs(effect) <= 1e-12
            if lower < upper and np.all(rest[idle] > 0.0):
                move = max(lower - values[position], values[position] - upper)
                found.append((move, position, lower, upper))
        if not found:
            return self._fewer()
        _, position, lower, upper = min(found)
        first, last = (float(bound) for bound in self._bounded(np.array([lower, upper])))
        name = f"P{show(round(self.quantiles[position][0] * 100, 9))}"
        kept = f"{name} between {first:.6g} and {last:.6g} with the others as they are"
        return kept, "Ask the expert again, or leave a quantile out."

    def _fewer(self) -> tuple[str, str]:
        """Return the largest part of the quantiles that a metalog goes through, and the remedy."""
        for n_kept in range(len(self.quantiles) - 1, 1, -1):
            for kept in combinations(self.quantiles, n_kept):
                part = object.__new__(Metalog)
                part.__dict__.update(quantiles=kept, low=self.low, high=self.high)
                if part._slope_is_positive:
                    names = ", ".join(f"P{show(round(level * 100, 9))}" for level, _ in kept)
                    return f"{names} alone, among others", "Leave the others out, or ask the expert again."
        return "quantiles that rise smoothly", "Ask the expert again."

    # The law

    def _of_log_odds(self, log_odds: Array) -> Array:
        return self._bounded(np.einsum("i,ij->j", self._coefficients, _terms(log_odds, len(self.quantiles))))

    def _at(self, p: Array, q: Array) -> Array:
        return self._of_log_odds(np.log(p) - np.log(q))

    @cached_property
    def _ladder(self) -> tuple[Array, Array]:
        """Log-odds and the unbounded values there, between which a search may begin."""
        log_odds = np.concatenate([[-700.0, -200.0], np.linspace(-60.0, 60.0, 481), [200.0, 700.0]])
        return log_odds, np.einsum("i,ij->j", self._coefficients, _terms(log_odds, len(self.quantiles)))

    def _log_odds(self, x: Array) -> Array:
        """Return the log-odds of P(X <= x), by Newton's method kept between rungs of a ladder."""
        x = np.asarray(x, dtype=np.float64)
        low, high = self.support
        inside = (x > low) & (x < high)
        answer = np.where(x <= low, -math.inf, math.inf)
        log_odds, values = self._ladder
        goal = np.clip(self._unbounded(x[inside]), values[0], values[-1])
        rung = np.clip(np.searchsorted(values, goal), 1, values.size - 1)
        lower, upper = log_odds[rung - 1], log_odds[rung]
        at = np.interp(goal, values, log_odds)
        for _ in range(100):
            terms = len(self.quantiles)
            miss = np.einsum("i,ij->j", self._coefficients, _terms(at, terms)) - goal
            lower, upper = np.where(miss < 0.0, at, lower), np.where(miss < 0.0, upper, at)
            step = at - miss / np.einsum("i,ij->j", self._coefficients, _slopes(at, terms))
            step = np.where((step >= lower) & (step <= upper), step, (lower + upper) / 2.0)
            moved, at = np.abs(step - at), step
            if np.all(moved <= 4e-15 * np.maximum(np.abs(at), 1.0)):
                break
        answer[inside] = at
        return answer

    def _cdf(self, x: Array) -> Array:
        return expit(self._log_odds(x))

    def _survival(self, x: Array) -> Array:
        return expit(-self._log_odds(x))

    def _integral(self, power: int, centre: float) -> float:
        decay = 1.0
        if self.heaviest_tail_index is not None:
            decay = 1.0 - power / self.heaviest_tail_index
            if decay <= 0.0:
                return math.inf if power == 2 or self.low is not None else -math.inf
        reach = min(700.0, 45.0 / decay)
        edges = np.linspace(-reach, reach, 2 * math.ceil(reach) + 1)
        nodes, weights = np.polynomial.legendre.leggauss(20)
        half = np.diff(edges)[:, None] / 2
        log_odds = ((edges[:-1] + edges[1:])[:, None] / 2 + half * nodes).ravel()
        density = (half * weights).ravel() * expit(log_odds) * expit(-log_odds)
        inner = math.fsum(density * (self._of_log_odds(log_odds) - centre) ** power)
        # Beyond the reach the integrand falls as exp(-decay x log-odds), so what is left is its value over the decay.
        ends = np.array([-reach, reach])
        left = expit(ends) * expit(-ends) * (self._of_log_odds(ends) - centre) ** power
        heavy = 1 if self.low is not None else 0
        return inner + float(left[heavy]) / decay + float(left[1 - heavy])

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        bounds = {"low": self.low, "high": self.high}
        named: dict[str, Any] = {quantile_name(level): value for level, value in self.quantiles}
        return [], named | {key: value for key, value in bounds.items() if value is not None}

    def _times(self, factor: float) -> Distribution:
        low, high = (None if bound is None else bound * factor for bound in (self.low, self.high))
        return Metalog(tuple((level, value * factor) for level, value in self.quantiles), low, high)

    @property
    def support(self) -> tuple[float, float]:
        return -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high

    @property
    def heaviest_tail_index(self) -> float | None:
        # One bound makes the other side the exponential of the log-odds: a power law.
        if (self.low is None) == (self.high is None):
            return None
        end = np.array([700.0 if self.low is not None else -700.0])
        return float(1.0 / np.einsum("i,ij->j", self._coefficients, _slopes(end, len(self.quantiles)))[0])


def metalog(*, low: float | None = None, high: float | None = None, **quantiles: float) -> Distribution:
    """Return the metalog through quantiles such as ``p10=10, p50=20, p90=45``; through equal ones the constant.

    Parameters
    ----------
    low, high : float, optional
        Bounds that no value passes.
    **quantiles : float
        ``p10``, ``p2_5``, ``median`` ...: two or more, in any order.

    Raises
    ------
    StudyError
        When no metalog goes through them; the fault says what would be feasible.
    """
    sure = sure_value("metalog", quantiles)
    below, above = (bound if bound is None else finite("metalog", "a bound", bound) for bound in (low, high))
    if sure is not None and (below is None or below <= sure) and (above is None or sure <= above):
        return Constant(sure)
    return Metalog(quantile_pairs("metalog", quantiles), low, high)
