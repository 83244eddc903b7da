"""Laws that take some values only: an event, a list of values with weights, observed values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sharesim.arguments import shown
from sharesim.uncertainty.distribution import Distribution, finite, refuse, show
from sharesim.uncertainty.laws import set_floats

Array = NDArray[np.float64]


class _Stepped(Distribution):
    """A law that takes some values only: `_steps` are the values in order with their cumulative probabilities."""

    @cached_property
    def _steps(self) -> tuple[Array, Array, Array]:
        """Values (n,), and the probabilities up to and beyond each step (n - 1,), each counted from its own end."""
        raise NotImplementedError

    def _at(self, p: Array, q: Array) -> Array:
        values, left, right = self._steps
        low = np.searchsorted(left, p, side="left")
        # Counted from the right a value is passed when q is below what lies above it.
        high = values.size - 1 - np.searchsorted(right[::-1], q, side="right")
        return values[np.where(p < q, low, np.maximum(high, 0))]

    @cached_property
    def _normal_steps(self) -> Array:
        _, left, right = self._steps
        return np.where(left < 0.5, ndtri(left), -ndtri(right))

    def _from_normal(self, z: Array, out: Array) -> None:
        out[...] = self._steps[0][np.searchsorted(self._normal_steps, z, side="left")]

    def _cdf(self, x: Array) -> Array:
        values, left, _ = self._steps
        return np.concatenate([[0.0], left, [1.0]])[np.searchsorted(values, x, side="right")]

    def _survival(self, x: Array) -> Array:
        values, _, right = self._steps
        return np.concatenate([[1.0], right, [0.0]])[np.searchsorted(values, x, side="right")]

    def _kinks(self) -> tuple[float, ...]:
        return tuple(self._steps[1])

    def _atoms(self) -> tuple[float, ...]:
        return tuple(self._steps[0])

    @cached_property
    def _probabilities(self) -> Array:
        return np.diff(np.concatenate([[0.0], self._steps[1], [1.0]]))

    @cached_property
    def mean(self) -> float:
        return math.fsum(self._probabilities * self._steps[0])

    @cached_property
    def variance(self) -> float:
        return math.fsum(self._probabilities * (self._steps[0] - self.mean) ** 2)

    @property
    def support(self) -> tuple[float, float]:
        values = self._steps[0]
        return float(values[0]), float(values[-1])


def _steps_of(values: Iterable[float], weights: Iterable[float]) -> tuple[Array, Array, Array]:
    merged: dict[float, float] = {}
    for value, weight in zip(values, weights, strict=True):
        if weight > 0.0:
            merged[value] = merged.get(value, 0.0) + weight
    ordered = sorted(merged)
    share = np.array([merged[value] for value in ordered])
    share = share / math.fsum(share)
    left = np.minimum(np.cumsum(share)[:-1], 1.0)
    return np.array(ordered), left, np.cumsum(share[::-1])[::-1][1:]


def _numbers(law: str, field: str, values: Any) -> tuple[float, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        refuse(law, f"{field} is not a list", shown(values), "a list of numbers")
    found = tuple(finite(law, f"{field}[{position}]", value) for position, value in enumerate(values))
    if not found:
        refuse(law, f"{field} is empty", "no value", "one or more")
    return found


def checked_weights(law: str, weights: Any, n_parts: int) -> tuple[float, ...]:
    """Return weights as floats, one for each part, none negative and not all zero."""
    found = _numbers(law, "weights", weights)
    if len(found) != n_parts:
        refuse(law, "there is not one weight for each part", f"{len(found)} weights", f"{n_parts} weights")
    if min(found) < 0.0 or not max(found) > 0.0:
        refuse(law, "the weights cannot be used", str(list(map(show, found))), "0 or more each, above 0 in all")
    return found


@dataclass(frozen=True, repr=False)
class Bernoulli(_Stepped):
    """Happens (1) with a probability, or does not (0).

    Examples
    --------
    >>> bernoulli(0.2).quantile([0.79, 0.81])
    array([0., 1.])
    """

    p: float
    name: ClassVar[str] = "bernoulli"

    def __post_init__(self) -> None:
        set_floats(self, "p")
        if not 0.0 <= self.p <= 1.0:
            remedy = "Write a share: 0.12, not 12."
            refuse(self.name, "p is not a probability", show(self.p), "0 to 1", remedy)

    @cached_property
    def _steps(self) -> tuple[Array, Array, Array]:
        if self.p in (0.0, 1.0):
            return np.array([self.p]), np.empty(0), np.empty(0)
        return np.array([0.0, 1.0]), np.array([1.0 - self.p]), np.array([self.p])

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [self.p], {}

    def _times(self, factor: float) -> Distribution:
        return Discrete((0.0, factor), (1.0 - self.p, self.p))


@dataclass(frozen=True, repr=False)
class Discrete(_Stepped):
    """Some values with weights, which need not sum to 1.

    Examples
    --------
    >>> discrete([0, 12, 24], [1, 2, 1]).mean
    12.0
    """

    values: Sequence[float]
    weights: Sequence[float]
    name: ClassVar[str] = "discrete"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _numbers(self.name, "values", self.values))
        object.__setattr__(self, "weights", checked_weights(self.name, self.weights, len(self.values)))

    @cached_property
    def _steps(self) -> tuple[Array, Array, Array]:
        return _steps_of(self.values, self.weights)

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [self.values, self.weights], {}

    def _times(self, factor: float) -> Distribution:
        return Discrete(tuple(value * factor for value in self.values), self.weights)


@dataclass(frozen=True, repr=False)
class Empirical(_Stepped):
    """Values that were observed, each equally likely; no value in between is made up.

    Examples
    --------
    >>> empirical([3, 1, 2]).quantile([0.2, 0.5, 0.9])
    array([1., 2., 3.])
    """

    values: Sequence[float]
    name: ClassVar[str] = "empirical"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _numbers(self.name, "values", self.values))

    @cached_property
    def _steps(self) -> tuple[Array, Array, Array]:
        return _steps_of(self.values, [1.0] * len(self.values))

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [self.values], {}

    def _times(self, factor: float) -> Distribution:
        return Empirical(tuple(value * factor for value in self.values))


bernoulli, discrete, empirical = Bernoulli, Discrete, Empirical
