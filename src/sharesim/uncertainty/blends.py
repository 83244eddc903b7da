"""Laws made of several laws: one of them by chance, or several experts' views of one figure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sharesim.arguments import shown
from sharesim.uncertainty.composite import as_law, lightest
from sharesim.uncertainty.distribution import FARTHEST_Z, Distribution, refuse
from sharesim.uncertainty.stepped import checked_weights

Array = NDArray[np.float64]


#: Each quantile of a blend is looked for among all of its parts.
MOST_PARTS = 100


def _not_too_many(law: str, parts: tuple[Distribution, ...]) -> None:
    if len(parts) > MOST_PARTS:
        refuse(law, "has too many parts", f"{len(parts):,}", f"at most {MOST_PARTS}", "Observed values are an empirical law.")


@dataclass(frozen=True, repr=False)
class Mixture(Distribution):
    """One of several laws, each with its chance.

    Examples
    --------
    >>> from sharesim.uncertainty.laws import normal
    >>> from sharesim.uncertainty.shaped import beta
    >>> from sharesim.uncertainty.composite import truncated
    >>> realised = mixture([truncated(normal(0, 4), high=0), beta(2, 3.6, 0, 25)], [0.45, 0.55])
    >>> round(realised.mean, 3)
    3.475
    """

    parts: Sequence[Distribution]
    weights: Sequence[float]
    name: ClassVar[str] = "mixture"

    def __post_init__(self) -> None:
        if isinstance(self.parts, (str, bytes)) or not isinstance(self.parts, Iterable):
            refuse(self.name, "parts is not a list", shown(self.parts), "a list of laws")
        parts = tuple(as_law(self.name, f"parts[{position}]", part) for position, part in enumerate(self.parts))
        if not parts:
            refuse(self.name, "has no part", "an empty list", "one law or more")
        _not_too_many(self.name, parts)
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "weights", checked_weights(self.name, self.weights, len(parts)))

    @cached_property
    def _weighted(self) -> list[tuple[float, Distribution]]:
        total = math.fsum(self.weights)
        return [(weight / total, part) for weight, part in zip(self.weights, self.parts, strict=True) if weight > 0.0]

    def _cdf(self, x: Array) -> Array:
        return sum((weight * part._cdf(x) for weight, part in self._weighted), np.zeros(np.shape(x)))

    def _survival(self, x: Array) -> Array:
        return sum((weight * part._survival(x) for weight, part in self._weighted), np.zeros(np.shape(x)))

    @cached_property
    def _ladder(self) -> tuple[Array, Array, Array]:
        """Values in rising order with the probability up to each and beyond each: rungs between which to search."""
        scores = np.linspace(-8.0, 8.0, 513)
        rungs = [part._at(ndtr(scores), ndtr(-scores)) for _, part in self._weighted]
        bounds = [bound for _, part in self._weighted for bound in part.support if math.isfinite(bound)]
        # Both sides of every value with a probability of its own: a jump then lies between neighbouring numbers.
        single = np.array([*self._atoms(), *bounds])
        values = np.unique(np.concatenate([*rungs, single, np.nextafter(single, -math.inf)]))
        return values, self._cdf(values), self._survival(values)

    def _at(self, p: Array, q: Array) -> Array:
        values, up_to, beyond = self._ladder
        from_below = np.searchsorted(up_to, p, side="left")
        from_above = values.size - np.searchsorted(beyond[::-1], q, side="right")
        rung = np.where(p < q, from_below, from_above)
        low, high = values[np.maximum(rung - 1, 0)], values[np.minimum(rung, values.size - 1)]
        outside = (rung == 0) | (rung == values.size)
        if outside.any():
            # Off the ladder the parts' own quantiles bracket the answer, up to their last bits.
            far = np.stack([part._at(p[outside], q[outside]) for _, part in self._weighted])
            low[outside] = np.nextafter(far.min(axis=0), -math.inf)
            high[outside] = np.nextafter(far.max(axis=0), math.inf)
        value, wide = high, np.nextafter(low, math.inf) < high
        if wide.any():
            value[wide] = self._solve(p[wide], q[wide], low[wide], high[wide])
        return value

    def _solve(self, p: Array, q: Array, low: Array, high: Array) -> Array:
        """Return the values between `low` and `high` where the mixed probability is `p`."""
        # Imported here: scipy.optimize takes longer to load than most studies need for all their draws.
        from scipy.optimize.elementwise import find_root

        def miss(x: Array, p: Array, q: Array) -> Array:
            # Relative to the nearer tail, so that values far out are as well found as those in the middle.
            lower, result = p < q, np.empty(x.shape)
            result[lower] = self._cdf(x[lower]) / p[lower] - 1.0
            result[~lower] = 1.0 - self._survival(x[~lower]) / q[~lower]
            return result

        found = find_root(miss, (low, high), args=(p, q), maxiter=200)
        return np.where(found.success, found.x, high)

    def _kinks(self) -> tuple[float, ...]:
        places = [*self._atoms()]
        for _, part in self._weighted:
            inner = np.array([kink for kink in part._kinks() if 0.0 < kink < 1.0])
            places += [*part._at(inner, 1.0 - inner), *(bound for bound in part.support if math.isfinite(bound))]
        at = np.unique(np.array(places, dtype=np.float64))
        levels = np.concatenate([self._cdf(at), self._cdf(np.nextafter(at, -math.inf))])
        return tuple(float(level) for level in np.unique(levels) if 0.0 < level < 1.0)

    def _atoms(self) -> tuple[float, ...]:
        return tuple(sorted({atom for _, part in self._weighted for atom in part._atoms()}))

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [], {"parts": self.parts, "weights": self.weights}

    def _times(self, factor: float) -> Distribution:
        return Mixture(tuple(part.scaled(factor) for part in self.parts), self.weights)

    @cached_property
    def mean(self) -> float:
        return math.fsum(weight * part.mean for weight, part in self._weighted)

    @cached_property
    def variance(self) -> float:
        if math.isinf(self.mean):
            return math.inf
        return math.fsum(w * (part.variance + (part.mean - self.mean) ** 2) for w, part in self._weighted)

    @property
    def support(self) -> tuple[float, float]:
        bounds = [part.support for _, part in self._weighted]
        return min(low for low, _ in bounds), max(high for _, high in bounds)

    @property
    def heaviest_tail_index(self) -> float | None:
        return lightest(part.heaviest_tail_index for _, part in self._weighted)


@dataclass(frozen=True, repr=False)
class _QuantileMean(Distribution):
    """The weighted mean of several laws' quantiles at each level."""

    parts: Sequence[Distribution]
    weights: Sequence[float]
    name: ClassVar[str] = "pooled"

    @cached_property
    def _weighted(self) -> list[tuple[float, Distribution]]:
        total = math.fsum(self.weights)
        return [(weight / total, part) for weight, part in zip(self.weights, self.parts, strict=True) if weight > 0.0]

    def _at(self, p: Array, q: Array) -> Array:
        return sum((weight * part._at(p, q) for weight, part in self._weighted), np.zeros(np.shape(p)))

    def _score(self, x: Array) -> Array:
        """Return the standard normal value at which `x` is reached, by halving, which steps do not trouble."""
        x = np.atleast_1d(np.asarray(x, dtype=np.float64))
        low, high = np.full(x.shape, -FARTHEST_Z), np.full(x.shape, FARTHEST_Z)
        for _ in range(60):
            middle = (low + high) / 2
            within = self._exact_normal(middle) <= x
            low, high = np.where(within, middle, low), np.where(within, high, middle)
        smallest, largest = self.support
        return np.where(x < smallest, -math.inf, np.where(x >= largest, math.inf, low))

    def _cdf(self, x: Array) -> Array:
        return ndtr(self._score(x)).reshape(np.shape(x))

    def _survival(self, x: Array) -> Array:
        return ndtr(-self._score(x)).reshape(np.shape(x))

    def _kinks(self) -> tuple[float, ...]:
        return tuple(sorted({kink for _, part in self._weighted for kink in part._kinks()}))

    def _atoms(self) -> tuple[float, ...]:
        # A flat stretch of the mean needs a flat stretch of every part.
        if not all(part._atoms() for _, part in self._weighted):
            return ()
        levels = np.array([0.0, *self._kinks(), 1.0])
        middles = (levels[1:] + levels[:-1]) / 2
        flat = np.all([np.isin(part._at(middles, 1 - middles), part._atoms()) for _, part in self._weighted], axis=0)
        return tuple(np.unique(self._at(middles[flat], 1 - middles[flat])))

    @cached_property
    def mean(self) -> float:
        return math.fsum(weight * part.mean for weight, part in self._weighted)

    @cached_property
    def variance(self) -> float:
        index = self.heaviest_tail_index
        return math.inf if index is not None and index <= 2.0 else self._integral(2, self.mean)

    @property
    def support(self) -> tuple[float, float]:
        bounds = [part.support for _, part in self._weighted]
        low, high = (
            math.fsum(w * b[end] for (w, _), b in zip(self._weighted, bounds, strict=True)) for end in (0, 1)
        )
        return low, high

    @property
    def heaviest_tail_index(self) -> float | None:
        return lightest(part.heaviest_tail_index for _, part in self._weighted)


@dataclass(frozen=True, repr=False)
class Pooled(Distribution):
    """Several experts' laws for one figure, made into one.

    Parameters
    ----------
    experts : sequence of Distribution
        What each said.
    weights : sequence of float, optional
        How much each counts; equal when left out.
    average : {"probabilities", "quantiles"}
        Average the probabilities (one of them is right, we do not know which: wide), or the quantiles at each level
        (each is a noisy view of one figure: narrower; Lichtendahl, Grushka-Cockayne and Winkler 2013).

    Examples
    --------
    >>> from sharesim.uncertainty.laws import uniform
    >>> pooled([uniform(0, 1), uniform(1, 2)]).quantile([0.25, 0.75])
    array([0.5, 1.5])
    >>> pooled([uniform(0, 1), uniform(1, 2)], average="quantiles").support
    (0.5, 1.5)
    """

    experts: Sequence[Distribution]
    weights: Sequence[float] | None = None
    average: str = "probabilities"
    name: ClassVar[str] = "pooled"

    def __post_init__(self) -> None:
        if isinstance(self.experts, (str, bytes)) or not isinstance(self.experts, Iterable):
            refuse(self.name, "experts is not a list", shown(self.experts), "a list of laws")
        experts = tuple(as_law(self.name, f"experts[{position}]", law) for position, law in enumerate(self.experts))
        if not experts:
            refuse(self.name, "has no expert", "an empty list", "one law or more")
        _not_too_many(self.name, experts)
        weights = (1.0,) * len(experts) if self.weights is None else self.weights
        object.__setattr__(self, "experts", experts)
        object.__setattr__(self, "weights", checked_weights(self.name, weights, len(experts)))
        if self.average not in ("probabilities", "quantiles"):
            refuse(self.name, "unknown way to average", shown(self.average), "'probabilities' or 'quantiles'")

    @cached_property
    def _law(self) -> Distribution:
        assert self.weights is not None  # equal ones were put in where they were left out
        kind = Mixture if self.average == "probabilities" else _QuantileMean
        return kind(self.experts, self.weights)

    def _at(self, p: Array, q: Array) -> Array:
        return self._law._at(p, q)

    def _cdf(self, x: Array) -> Array:
        return self._law._cdf(x)

    def _survival(self, x: Array) -> Array:
        return self._law._survival(x)

    def _standard(self) -> tuple[Distribution, float, float]:
        return self._law, 0.0, 1.0

    def _kinks(self) -> tuple[float, ...]:
        return self._law._kinks()

    def _atoms(self) -> tuple[float, ...]:
        return self._law._atoms()

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        way = {} if self.average == "probabilities" else {"average": self.average}
        return [], {"experts": self.experts, "weights": self.weights} | way

    def _times(self, factor: float) -> Distribution:
        return Pooled(tuple(law.scaled(factor) for law in self.experts), self.weights, self.average)

    @cached_property
    def mean(self) -> float:
        return self._law.mean

    @cached_property
    def variance(self) -> float:
        return self._law.variance

    @property
    def support(self) -> tuple[float, float]:
        return self._law.support

    @property
    def heaviest_tail_index(self) -> float | None:
        return self._law.heaviest_tail_index


mixture, pooled = Mixture, Pooled
