"""Laws made of other laws: cut off, given a heavy tail, mixed, or pooled from several experts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri

from sharesim.uncertainty.distribution import FARTHEST_Z, Distribution, finite, normal_integral, refuse, show
from sharesim.uncertainty.laws import Constant, checked_weights

Array = NDArray[np.float64]

#: Probability that must be left inside the bounds of a truncated law; less is a mistake, not a law.
LEAST_MASS = 1e-9


def as_law(owner: str, field: str, value: Any) -> Distribution:
    """Return a part of a law: a law itself, or a plain number as a constant."""
    return value if isinstance(value, Distribution) else Constant(finite(owner, field, value))


def _lightest(indices: Iterable[float | None]) -> float | None:
    known = [index for index in indices if index is not None]
    return min(known) if known else None


@dataclass(frozen=True)
class Truncated(Distribution):
    """Another law, given that it lies within bounds.

    Examples
    --------
    >>> from sharesim.uncertainty.laws import normal
    >>> round(truncated(normal(0, 4), high=0).mean, 4)
    -3.1915
    """

    body: Distribution
    low: float | None = None
    high: float | None = None
    name: ClassVar[str] = "truncated"

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", as_law(self.name, "body", self.body))
        for field in ("low", "high"):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, finite(self.name, field, getattr(self, field)))
        if self.low is None and self.high is None:
            refuse(self.name, "has no bound", "neither low nor high", "low, high or both")
        if self.low is not None and self.high is not None and not self.low < self.high:
            refuse(self.name, "low is not below high", f"low = {show(self.low)}, high = {show(self.high)}", "low < high")
        if not self._cut[2] >= LEAST_MASS:
            low, high = self.body.support
            got = f"a chance of {self._cut[2]:.1e} that {self.body.text()} lies inside"
            remedy = f"That law runs from {low:g} to {high:g}; move the bounds."
            refuse(self.name, "the bounds leave next to nothing", got, f"{LEAST_MASS:g} or more", remedy)

    @cached_property
    def _cut(self) -> tuple[float, float, float]:
        """Probability below the bounds, above them, and between."""
        below, from_low, up_to_high, above = 0.0, 1.0, 1.0, 0.0
        if self.low is not None:
            just_below = np.array([np.nextafter(self.low, -math.inf)])  # a value at the bound itself is kept
            below, from_low = float(self.body._cdf(just_below)[0]), float(self.body._survival(just_below)[0])
        if self.high is not None:
            at_high = np.array([self.high])
            up_to_high, above = float(self.body._cdf(at_high)[0]), float(self.body._survival(at_high)[0])
        return below, above, up_to_high - below if up_to_high < 0.5 else from_low - above

    def _at(self, p: Array, q: Array) -> Array:
        below, above, mass = self._cut
        return np.clip(self.body._at(below + p * mass, above + q * mass), *self.support)

    def _cdf(self, x: Array) -> Array:
        below, _, mass = self._cut
        inside = np.clip((self.body._cdf(x) - below) / mass, 0.0, 1.0)
        return inside if self.high is None else np.where(x >= self.high, 1.0, inside)

    def _survival(self, x: Array) -> Array:
        _, above, mass = self._cut
        inside = np.clip((self.body._survival(x) - above) / mass, 0.0, 1.0)
        return inside if self.low is None else np.where(x < self.low, 1.0, inside)

    def _kinks(self) -> tuple[float, ...]:
        below, _, mass = self._cut
        moved = ((kink - below) / mass for kink in self.body._kinks())
        return tuple(kink for kink in moved if 0.0 < kink < 1.0)

    def _atoms(self) -> tuple[float, ...]:
        low, high = self.support
        return tuple(atom for atom in self.body._atoms() if low <= atom <= high)

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        bounds = {"low": self.low, "high": self.high}
        return [], {"body": self.body} | {key: value for key, value in bounds.items() if value is not None}

    def _times(self, factor: float) -> Distribution:
        low, high = (None if bound is None else bound * factor for bound in (self.low, self.high))
        return Truncated(self.body.scaled(factor), low, high)

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.body.support
        low = low if self.low is None else max(low, self.low)
        return low, high if self.high is None else min(high, self.high)

    @property
    def heaviest_tail_index(self) -> float | None:
        unbounded = not all(map(math.isfinite, self.support))
        return self.body.heaviest_tail_index if unbounded else None


@dataclass(frozen=True)
class ParetoTail(Distribution):
    """A body whose values above one of its quantiles follow a power law, for overruns that have no natural end.

    Parameters
    ----------
    body : Distribution
        The law below the splice.
    above : float
        Probability at which the tail begins, such as 0.9.
    index : float
        Tail index: P(X > x) falls as x^-index. At 2 or below there is no variance, at 1 or below no mean.
    cap : float, optional
        Value that nothing exceeds; what would lie beyond is put at the cap.

    Examples
    --------
    >>> from sharesim.uncertainty.lognormal import lognormal
    >>> law = pareto_tail(lognormal(p10=50, p90=200), above=0.9, index=2.5)
    >>> law.quantile([0.9, 0.975]).round(1)
    array([200. , 348.2])
    """

    body: Distribution
    above: float
    index: float
    cap: float | None = None
    name: ClassVar[str] = "pareto_tail"

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", as_law(self.name, "body", self.body))
        for field in ("above", "index") if self.cap is None else ("above", "index", "cap"):
            object.__setattr__(self, field, finite(self.name, field, getattr(self, field)))
        if not 0.0 < self.above < 1.0:
            refuse(self.name, "above is not a probability", show(self.above), "above 0 and below 1", "Write 0.9 for P90.")
        if not self.index > 0.0:
            refuse(self.name, "the tail index is not positive", show(self.index), "above 0")
        if not self._splice > 0.0:
            remedy = "A power law needs a positive start; begin the tail at a higher quantile."
            refuse(self.name, "the tail does not start above 0", f"{show(self._splice)} at {show(self.above)}", "", remedy)
        if self.cap is not None and not self.cap > self._splice:
            refuse(self.name, "the cap lies below the tail", show(self.cap), f"above {show(self._splice)}")

    @cached_property
    def _splice(self) -> float:
        return float(self.body._at(np.array([self.above]), np.array([1.0 - self.above]))[0])

    def _tail(self, log_q: Array) -> Array:
        value = self._splice * np.exp((math.log1p(-self.above) - log_q) / self.index)
        return value if self.cap is None else np.minimum(value, self.cap)

    def _at(self, p: Array, q: Array) -> Array:
        value = np.asarray(self.body._at(p, q)).copy()
        far = q < 1.0 - self.above
        value[far] = self._tail(np.log(q[far]))
        return value

    def _from_normal(self, z: Array, out: Array) -> None:
        far = z > float(ndtri(self.above))
        tail = self._tail(log_ndtr(-z[far]))
        self.body._from_normal(z, out)
        out[far] = tail

    def _cdf(self, x: Array) -> Array:
        return np.where(x < self._splice, np.minimum(self.body._cdf(x), self.above), 1.0 - self._beyond(x))

    def _survival(self, x: Array) -> Array:
        inner = np.maximum(self.body._survival(x), 1.0 - self.above)
        return np.where(x < self._splice, inner, self._beyond(x))

    def _beyond(self, x: Array) -> Array:
        share = (1.0 - self.above) * (self._splice / np.maximum(x, self._splice)) ** self.index
        return share if self.cap is None else np.where(x >= self.cap, 0.0, share)

    def _kinks(self) -> tuple[float, ...]:
        inner = tuple(kink for kink in self.body._kinks() if kink < self.above)
        capped = () if self.cap is None else (1.0 - float((1 - self.above) * (self._splice / self.cap) ** self.index),)
        return (*inner, self.above, *capped)

    def _atoms(self) -> tuple[float, ...]:
        inner = tuple(atom for atom in self.body._atoms() if atom <= self._splice)
        return inner if self.cap is None else (*inner, self.cap)

    def _tail_moment(self, power: int) -> float:
        """Return E[T^power] of the tail alone, capped if it is."""
        if self.cap is None:
            return math.inf if self.index <= power else self._splice**power * self.index / (self.index - power)
        # The part below the cap, and the probability that sits at it.
        ratio, gap = self.cap / self._splice, power - self.index
        below = math.log(ratio) if gap == 0.0 else math.expm1(gap * math.log(ratio)) / gap
        return self._splice**power * (self.index * below + ratio**gap)

    def _integral(self, power: int, centre: float) -> float:
        if math.isinf(centre) or math.isinf(self._tail_moment(power)):
            return math.inf
        at_splice = float(ndtri(self.above))
        body = normal_integral(
            lambda z: (self.body._exact_normal(z) - centre) ** power, self.body._kinks(), high=at_splice
        )
        tail = self._tail_moment(1) - centre
        if power == 2:
            tail = self._tail_moment(2) - 2 * centre * self._tail_moment(1) + centre**2
        return body + (1.0 - self.above) * tail

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        capped = {} if self.cap is None else {"cap": self.cap}
        return [], {"body": self.body, "above": self.above, "index": self.index} | capped

    def _times(self, factor: float) -> Distribution:
        cap = None if self.cap is None else self.cap * factor
        return ParetoTail(self.body.scaled(factor), self.above, self.index, cap)

    @property
    def support(self) -> tuple[float, float]:
        return self.body.support[0], math.inf if self.cap is None else self.cap

    @property
    def central(self) -> float:
        return self.body.central

    @property
    def heaviest_tail_index(self) -> float | None:
        # The body may have a heavy tail of its own, but only downwards: upwards it ends at the splice.
        downward = self.body.heaviest_tail_index if math.isinf(self.body.support[0]) else None
        return _lightest([downward, self.index if self.cap is None else None])


@dataclass(frozen=True)
class Mixture(Distribution):
    """One of several laws, each with its chance.

    Examples
    --------
    >>> from sharesim.uncertainty.laws import beta, normal
    >>> realised = mixture([truncated(normal(0, 4), high=0), beta(2, 3.6, 0, 25)], [0.45, 0.55])
    >>> round(realised.mean, 3)
    3.475
    """

    parts: tuple[Distribution, ...]
    weights: tuple[float, ...]
    name: ClassVar[str] = "mixture"

    def __post_init__(self) -> None:
        if isinstance(self.parts, (str, bytes)) or not isinstance(self.parts, Iterable):
            refuse(self.name, "parts is not a list", repr(self.parts), "a list of laws")
        parts = tuple(as_law(self.name, f"parts[{position}]", part) for position, part in enumerate(self.parts))
        if not parts:
            refuse(self.name, "has no part", "an empty list", "one law or more")
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

    def _at(self, p: Array, q: Array) -> Array:
        if len(self._weighted) == 1:
            return self._weighted[0][1]._at(p, q)
        quantiles = np.stack([part._at(p, q) for _, part in self._weighted])
        low, high = quantiles.min(axis=0), quantiles.max(axis=0)
        value = low.copy()
        open_ = low < high
        for atom in self._atoms():
            at = np.array([atom])
            just_below = np.nextafter(at, -math.inf)
            reached = np.where(p < q, p <= self._cdf(at), q >= self._survival(at))
            passed = np.where(p < q, p > self._cdf(just_below), q < self._survival(just_below))
            value[reached & passed] = atom
            open_ &= ~(reached & passed)
        if open_.any():
            value[open_] = self._solve(p[open_], q[open_], low[open_], high[open_])
        return value

    def _solve(self, p: Array, q: Array, low: Array, high: Array) -> Array:
        """Return the values between `low` and `high` where the mixed probability is `p`."""
        # Imported here: scipy.optimize takes longer to load than most studies need for all their draws.
        from scipy.optimize.elementwise import find_root

        def miss(x: Array, p: Array, q: Array) -> Array:
            # Relative to the nearer tail, so that values far out are as well found as those in the middle.
            return np.where(p < q, self._cdf(x) / p - 1.0, 1.0 - self._survival(x) / q)

        # The parts' own quantiles bracket the answer, up to the last bit of each.
        low, high = np.nextafter(low, -math.inf), np.nextafter(high, math.inf)
        found = find_root(miss, (low, high), args=(p, q), tolerances={"fatol": 0.0, "frtol": 0.0}, maxiter=200)
        return np.where(found.status == -1, low, found.x)

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
        return _lightest(part.heaviest_tail_index for _, part in self._weighted)


@dataclass(frozen=True)
class _QuantileMean(Distribution):
    """The weighted mean of several laws' quantiles at each level."""

    parts: tuple[Distribution, ...]
    weights: tuple[float, ...]
    name: ClassVar[str] = "pooled"

    @cached_property
    def _weighted(self) -> list[tuple[float, Distribution]]:
        total = math.fsum(self.weights)
        return [(weight / total, part) for weight, part in zip(self.weights, self.parts, strict=True) if weight > 0.0]

    def _at(self, p: Array, q: Array) -> Array:
        return sum((weight * part._at(p, q) for weight, part in self._weighted), np.zeros(np.shape(p)))

    def _score(self, x: Array) -> Array:
        """Return the standard normal value at which `x` is reached, by halving: steps of a part are no trouble to it."""
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
        return tuple(math.fsum(w * b[end] for (w, _), b in zip(self._weighted, bounds, strict=True)) for end in (0, 1))  # type: ignore[return-value]

    @property
    def heaviest_tail_index(self) -> float | None:
        return _lightest(part.heaviest_tail_index for _, part in self._weighted)


@dataclass(frozen=True)
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

    experts: tuple[Distribution, ...]
    weights: tuple[float, ...] | None = None
    average: str = "probabilities"
    name: ClassVar[str] = "pooled"

    def __post_init__(self) -> None:
        if isinstance(self.experts, (str, bytes)) or not isinstance(self.experts, Iterable):
            refuse(self.name, "experts is not a list", repr(self.experts), "a list of laws")
        experts = tuple(as_law(self.name, f"experts[{position}]", law) for position, law in enumerate(self.experts))
        if not experts:
            refuse(self.name, "has no expert", "an empty list", "one law or more")
        weights = (1.0,) * len(experts) if self.weights is None else self.weights
        object.__setattr__(self, "experts", experts)
        object.__setattr__(self, "weights", checked_weights(self.name, weights, len(experts)))
        if self.average not in ("probabilities", "quantiles"):
            refuse(self.name, "unknown way to average", repr(self.average), "'probabilities' or 'quantiles'")

    @cached_property
    def _law(self) -> Distribution:
        return Mixture(self.experts, self.weights) if self.average == "probabilities" else _QuantileMean(
            self.experts, self.weights  # type: ignore[arg-type]
        )

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


truncated, pareto_tail, mixture, pooled = Truncated, ParetoTail, Mixture, Pooled
