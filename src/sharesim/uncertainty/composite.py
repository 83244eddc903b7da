"""Laws made from another law: cut off, or given a heavy tail."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri

from sharesim.uncertainty.distribution import Distribution, finite, normal_integral, refuse, show
from sharesim.uncertainty.laws import Constant

Array = NDArray[np.float64]

#: Probability that must be left inside the bounds of a truncated law; less is a mistake, not a law.
LEAST_MASS = 1e-9


def as_law(owner: str, field: str, value: Any) -> Distribution:
    """Return a part of a law: a law itself, or a plain number as a constant."""
    return value if isinstance(value, Distribution) else Constant(finite(owner, field, value))


def lightest(indices: Iterable[float | None]) -> float | None:
    """Return the smallest tail index among those that there are: the heaviest tail."""
    known = [index for index in indices if index is not None]
    return min(known) if known else None


@dataclass(frozen=True, repr=False)
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
            refuse(
                self.name, "low is not below high", f"low = {show(self.low)}, high = {show(self.high)}", "low < high"
            )
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
        below, above, mass = self._cut
        # Far in a tail of the body the differences are taken where the probabilities are small.
        passed = above + mass - self.body._survival(x) if below > 0.5 else self.body._cdf(x) - below
        inside = np.clip(passed / mass, 0.0, 1.0)
        return inside if self.high is None else np.where(x >= self.high, 1.0, inside)

    def _survival(self, x: Array) -> Array:
        below, above, mass = self._cut
        left = below + mass - self.body._cdf(x) if above > 0.5 else self.body._survival(x) - above
        inside = np.clip(left / mass, 0.0, 1.0)
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


@dataclass(frozen=True, repr=False)
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
            refuse(
                self.name, "above is not a probability", show(self.above), "above 0 and below 1", "Write 0.9 for P90."
            )
        if not self.index > 0.0:
            refuse(self.name, "the tail index is not positive", show(self.index), "above 0")
        if not self._splice > 0.0:
            remedy = "A power law needs a positive start; begin the tail at a higher quantile."
            refuse(
                self.name, "the tail does not start above 0", f"{show(self._splice)} at {show(self.above)}", "", remedy
            )
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
        return lightest([downward, self.index if self.cap is None else None])


def truncated(body: Distribution | float, low: float | None = None, high: float | None = None) -> Distribution:
    """Return another law, given that it lies within bounds; between two equal bounds the constant, where it can be."""
    if low is not None and high is not None:
        law, bound = as_law("truncated", "body", body), finite("truncated", "low", low)
        if bound == finite("truncated", "high", high) and _can_be(law, bound):
            return Constant(bound)
    return Truncated(as_law("truncated", "body", body), low, high)


def _can_be(law: Distribution, value: float) -> bool:
    """Whether a law has probability at a value, or as near to it as one likes."""
    if value in law.support or value in law._atoms():
        return True
    below, above = law._cdf(np.array([value])), law._survival(np.array([value]))
    if not (0.0 < below[0] < 1.0 and 0.0 < above[0] < 1.0):
        return False
    # Between two values of a law that takes some only, the quantile is one of these.
    return bool(np.isclose(law._at(below, above)[0], value, rtol=1e-9, atol=1e-12))


pareto_tail = ParetoTail
