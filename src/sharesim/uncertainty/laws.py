"""Laws with a closed form: constant, uniform, triangular and normal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sharesim.uncertainty.distribution import Distribution, finite, refuse, show

Array = NDArray[np.float64]


def set_floats(law: Distribution, *names: str) -> None:
    """Coerce the named fields of a frozen law to finite floats."""
    for name in names:
        object.__setattr__(law, name, finite(law.name, name, getattr(law, name)))


def check_order(law: str, low: float, high: float) -> None:
    """Refuse bounds that are not in rising order."""
    if not low < high:
        remedy = "Give the smaller value first."
        refuse(law, "low is not below high", f"low = {show(low)}, high = {show(high)}", "low < high", remedy)


@dataclass(frozen=True, repr=False)
class Constant(Distribution):
    """One value, for certain.

    Examples
    --------
    >>> constant(3).quantile([0.1, 0.9])
    array([3., 3.])
    """

    value: float
    name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        set_floats(self, "value")

    def _at(self, p: Array, q: Array) -> Array:
        return np.full(p.shape, self.value)

    def _from_normal(self, z: Array, out: Array) -> None:
        out[...] = self.value

    def _cdf(self, x: Array) -> Array:
        return np.where(x >= self.value, 1.0, 0.0)

    def _survival(self, x: Array) -> Array:
        return np.where(x >= self.value, 0.0, 1.0)

    def _atoms(self) -> tuple[float, ...]:
        return (self.value,)

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [self.value], {}

    def _times(self, factor: float) -> Distribution:
        return Constant(self.value * factor)

    @cached_property
    def mean(self) -> float:
        return self.value

    @cached_property
    def variance(self) -> float:
        return 0.0

    @property
    def support(self) -> tuple[float, float]:
        return self.value, self.value


@dataclass(frozen=True, repr=False)
class Uniform(Distribution):
    """Any value between two bounds, all equally likely.

    Examples
    --------
    >>> uniform(10, 20).quantile(0.25)
    array(12.5)
    """

    low: float
    high: float
    name: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        set_floats(self, "low", "high")
        check_order(self.name, self.low, self.high)

    def _at(self, p: Array, q: Array) -> Array:
        width = self.high - self.low
        return np.where(p < q, self.low + p * width, self.high - q * width)

    def _from_normal(self, z: Array, out: Array) -> None:
        ndtr(z, out=out)
        out *= self.high - self.low
        out += self.low

    def _cdf(self, x: Array) -> Array:
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)

    def _survival(self, x: Array) -> Array:
        return np.clip((self.high - x) / (self.high - self.low), 0.0, 1.0)

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [self.low, self.high], {}

    def _times(self, factor: float) -> Distribution:
        return Uniform(self.low * factor, self.high * factor)

    @cached_property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    @cached_property
    def variance(self) -> float:
        return (self.high - self.low) ** 2 / 12

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high


def one_point(law: str, **figures: Any) -> Constant | None:
    """Return the constant that a law comes down to whose figures are all the same, None where they differ.

    Whoever fills in a range for every row and is sure of one of them writes the same figure three times: that is the
    figure, for certain (docs/decisions/093).

    Examples
    --------
    >>> one_point("pert", low=5, mode=5, high=5), one_point("pert", low=5, mode=6, high=7)
    (constant(5), None)
    """
    values = {finite(law, field, value) for field, value in figures.items()}
    return Constant(values.pop()) if len(values) == 1 else None


def uniform(low: float, high: float) -> Distribution:
    """Return the law of any value between two bounds, all equally likely; of two equal bounds the constant."""
    return one_point("uniform", low=low, high=high) or Uniform(low, high)


def three_points(law: Any) -> None:
    """Make lowest, most likely and highest value floats, and refuse them in any other order."""
    set_floats(law, "low", "mode", "high")
    check_order(law.name, law.low, law.high)
    if not law.low <= law.mode <= law.high:
        got = f"low = {show(law.low)}, mode = {show(law.mode)}, high = {show(law.high)}"
        remedy = "Give lowest, most likely and highest value in this order."
        refuse(law.name, "the mode lies outside low to high", got, "low <= mode <= high", remedy)


@dataclass(frozen=True, repr=False)
class Triangular(Distribution):
    """Lowest, most likely and highest value, joined by straight lines.

    Examples
    --------
    >>> triangular(0, 1, 2).quantile([0.125, 0.5])
    array([0.5, 1. ])
    """

    low: float
    mode: float
    high: float
    name: ClassVar[str] = "triangular"

    def __post_init__(self) -> None:
        three_points(self)

    @cached_property
    def _pieces(self) -> tuple[float, float, float]:
        """Root factors of the rising and of the falling line, and the standard normal value where they meet."""
        width, rise, fall = self.high - self.low, self.mode - self.low, self.high - self.mode
        return math.sqrt(width * rise), math.sqrt(width * fall), float(ndtri(rise / width))

    def _at(self, p: Array, q: Array) -> Array:
        rising, falling, _ = self._pieces
        share = (self.mode - self.low) / (self.high - self.low)
        return np.where(p <= share, self.low + rising * np.sqrt(p), self.high - falling * np.sqrt(q))

    def _from_normal(self, z: Array, out: Array) -> None:
        rising, falling, meet = self._pieces
        above = (z > meet).view(np.int8)
        # Each value is measured from its own end: which end, with which sign, comes from tables of two.
        near = np.array([1.0, -1.0]).take(above)
        near *= z
        ndtr(near, out=near)
        np.sqrt(near, out=near)
        near *= np.array([rising, -falling]).take(above)
        np.add(near, np.array([self.low, self.high]).take(above), out=out)

    def _cdf(self, x: Array) -> Array:
        return (
            1.0 - self._survival(x)
            if self.mode == self.low
            else np.where(x <= self.mode, self._rising(x), 1.0 - self._falling(x))
        )

    def _survival(self, x: Array) -> Array:
        return np.where(x <= self.mode, 1.0 - self._rising(x), self._falling(x))

    def _rising(self, x: Array) -> Array:
        rising = self._pieces[0]
        return (np.clip(x - self.low, 0.0, None) / rising) ** 2 if rising > 0.0 else np.zeros(np.shape(x))

    def _falling(self, x: Array) -> Array:
        falling = self._pieces[1]
        return (np.clip(self.high - x, 0.0, None) / falling) ** 2 if falling > 0.0 else np.zeros(np.shape(x))

    def _kinks(self) -> tuple[float, ...]:
        return ((self.mode - self.low) / (self.high - self.low),)

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [self.low, self.mode, self.high], {}

    def _times(self, factor: float) -> Distribution:
        return Triangular(self.low * factor, self.mode * factor, self.high * factor)

    @cached_property
    def mean(self) -> float:
        return (self.low + self.mode + self.high) / 3

    @cached_property
    def variance(self) -> float:
        width, rise = self.high - self.low, self.mode - self.low
        return (width * width + rise * rise - width * rise) / 18

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def central(self) -> float:
        return self.mode


@dataclass(frozen=True, repr=False)
class Normal(Distribution):
    """Mean and standard deviation; unbounded both ways.

    Examples
    --------
    >>> normal(1, 2).quantile(0.5)
    array(1.)
    """

    location: float
    spread: float
    name: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "location", finite(self.name, "mean", self.location))
        object.__setattr__(self, "spread", finite(self.name, "sd", self.spread))
        if not self.spread > 0.0:
            refuse(self.name, "sd is negative", show(self.spread), "0 or more")

    def _at(self, p: Array, q: Array) -> Array:
        return self.location + self.spread * np.where(p < q, ndtri(p), -ndtri(q))

    def _from_normal(self, z: Array, out: Array) -> None:
        np.multiply(z, self.spread, out=out)
        out += self.location

    def _cdf(self, x: Array) -> Array:
        return ndtr((x - self.location) / self.spread)

    def _survival(self, x: Array) -> Array:
        return ndtr((self.location - x) / self.spread)

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [], {"mean": self.location, "sd": self.spread}

    def _times(self, factor: float) -> Distribution:
        return Normal(self.location * factor, self.spread * factor)

    @cached_property
    def mean(self) -> float:
        return self.location

    @cached_property
    def variance(self) -> float:
        return self.spread**2

    @property
    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf


def triangular(low: float, mode: float, high: float) -> Distribution:
    """Return the law of lowest, most likely and highest value; of three equal ones the constant."""
    return one_point("triangular", low=low, mode=mode, high=high) or Triangular(low, mode, high)


def normal(mean: float, sd: float) -> Distribution:
    """Return a normal law by mean and standard deviation; without deviation the constant."""
    return Constant(mean) if finite("normal", "sd", sd) == 0.0 else Normal(mean, sd)


constant = Constant
