"""Laws of the beta and gamma families: beta, PERT and gamma."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sharesim.uncertainty.distribution import Distribution, finite, refuse, show
from sharesim.uncertainty.laws import Constant, check_order, one_point, set_floats, three_points

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Beta(Distribution):
    """A share between two bounds, shaped by two weights.

    Examples
    --------
    >>> round(beta(2, 3.6, 0, 25).mean, 4)
    8.9286
    """

    a: float
    b: float
    low: float = 0.0
    high: float = 1.0
    name: ClassVar[str] = "beta"

    def __post_init__(self) -> None:
        set_floats(self, "a", "b", "low", "high")
        check_order(self.name, self.low, self.high)
        for field in ("a", "b"):
            if not getattr(self, field) > 0.0:
                refuse(self.name, f"{field} is not positive", show(getattr(self, field)), "above 0")

    def _at(self, p: Array, q: Array) -> Array:
        # Each half from its own end: no digits are lost, and each costly inverse is worked out once.
        width, lower = self.high - self.low, p < q
        value = np.empty(p.shape)
        value[lower] = self.low + width * special.betaincinv(self.a, self.b, p[lower])
        value[~lower] = self.high - width * special.betaincinv(self.b, self.a, q[~lower])
        return value

    def _standard(self) -> tuple[Distribution, float, float]:
        return Beta(self.a, self.b), self.low, self.high - self.low

    def _cdf(self, x: Array) -> Array:
        return special.betainc(self.a, self.b, np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0))

    def _survival(self, x: Array) -> Array:
        return special.betainc(self.b, self.a, np.clip((self.high - x) / (self.high - self.low), 0.0, 1.0))

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        bounds = [] if (self.low, self.high) == (0.0, 1.0) else [self.low, self.high]
        return [self.a, self.b, *bounds], {}

    def _times(self, factor: float) -> Distribution:
        return Beta(self.a, self.b, self.low * factor, self.high * factor)

    @cached_property
    def mean(self) -> float:
        return self.low + (self.high - self.low) * self.a / (self.a + self.b)

    @cached_property
    def variance(self) -> float:
        total = self.a + self.b
        return (self.high - self.low) ** 2 * self.a * self.b / (total * total * (total + 1.0))

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True, repr=False)
class Pert(Distribution):
    """Lowest, most likely and highest value, smoothly joined; the mean gives the mode `shape` times an end's weight.

    A larger shape trusts the mode more. Shape 4 is the usual PERT (Malcolm et al. 1959; shape by Vose 2000).

    Examples
    --------
    >>> pert(80, 120, 220).mean, pert(80, 120, 220).central
    (130.0, 120.0)
    """

    low: float
    mode: float
    high: float
    shape: float = 4.0
    name: ClassVar[str] = "pert"

    def __post_init__(self) -> None:
        three_points(self)
        set_floats(self, "shape")
        if not self.shape > 0.0:
            refuse(self.name, "the shape is not positive", show(self.shape), "above 0", "4 is the usual one.")

    @cached_property
    def _beta(self) -> Beta:
        width = self.high - self.low
        first = 1.0 + self.shape * (self.mode - self.low) / width
        return Beta(first, 1.0 + self.shape * (self.high - self.mode) / width, self.low, self.high)

    def _at(self, p: Array, q: Array) -> Array:
        return self._beta._at(p, q)

    def _standard(self) -> tuple[Distribution, float, float]:
        return self._beta._standard()

    def _cdf(self, x: Array) -> Array:
        return self._beta._cdf(x)

    def _survival(self, x: Array) -> Array:
        return self._beta._survival(x)

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [self.low, self.mode, self.high], {} if self.shape == 4.0 else {"shape": self.shape}

    def _times(self, factor: float) -> Distribution:
        return Pert(self.low * factor, self.mode * factor, self.high * factor, self.shape)

    @cached_property
    def mean(self) -> float:
        return (self.low + self.shape * self.mode + self.high) / (self.shape + 2.0)

    @cached_property
    def variance(self) -> float:
        return self._beta.variance

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def central(self) -> float:
        return self.mode


@dataclass(frozen=True, repr=False)
class Gamma(Distribution):
    """A positive amount with a tail lighter than the log-normal's, by shape and scale.

    Examples
    --------
    >>> gamma(4, 2).mean, gamma(mean=8, sd=4).shape
    (8.0, 4.0)
    """

    shape: float
    scale: float
    name: ClassVar[str] = "gamma"

    def __post_init__(self) -> None:
        set_floats(self, "shape", "scale")
        for field in ("shape", "scale"):
            if not getattr(self, field) > 0.0:
                refuse(self.name, f"{field} is not positive", show(getattr(self, field)), "above 0")

    def _at(self, p: Array, q: Array) -> Array:
        lower = p < q
        value = np.empty(p.shape)
        value[lower] = special.gammaincinv(self.shape, p[lower])
        value[~lower] = special.gammainccinv(self.shape, q[~lower])
        return self.scale * value

    def _standard(self) -> tuple[Distribution, float, float]:
        return Gamma(self.shape, 1.0), 0.0, self.scale

    def _cdf(self, x: Array) -> Array:
        return np.asarray(special.gammainc(self.shape, np.clip(x, 0.0, None) / self.scale), np.float64)

    def _survival(self, x: Array) -> Array:
        return np.asarray(special.gammaincc(self.shape, np.clip(x, 0.0, None) / self.scale), np.float64)

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [self.shape, self.scale], {}

    def _times(self, factor: float) -> Distribution:
        return Gamma(self.shape, self.scale * factor)

    @cached_property
    def mean(self) -> float:
        return self.shape * self.scale

    @cached_property
    def variance(self) -> float:
        return self.shape * self.scale**2

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf


def gamma(
    shape: float | None = None, scale: float | None = None, *, mean: float | None = None, sd: float | None = None
) -> Distribution:
    """Return a gamma law by shape and scale, or by mean and standard deviation."""
    if (shape is None) == (mean is None) or (shape is None) != (scale is None) or (mean is None) != (sd is None):
        given = {"shape": shape, "scale": scale, "mean": mean, "sd": sd}
        got = ", ".join(key for key, value in given.items() if value is not None) or "nothing"
        refuse("gamma", "does not have the two figures that fix it", got, "shape and scale, or mean and sd")
    if mean is None or sd is None:
        assert shape is not None and scale is not None  # two figures are there, and not these
        return Gamma(shape, scale)
    mean, sd = finite("gamma", "mean", mean), finite("gamma", "sd", sd)
    if sd == 0.0 and mean > 0.0:
        return Constant(mean)
    if not (mean > 0.0 and sd > 0.0):
        refuse("gamma", "mean or sd is too low", f"mean = {show(mean)}, sd = {show(sd)}", "a mean above 0, an sd of 0 or more")
    return Gamma((mean / sd) ** 2, sd * sd / mean)


def beta(a: float, b: float, low: float = 0.0, high: float = 1.0) -> Distribution:
    """Return the law of a share between two bounds, shaped by two weights; of two equal bounds the constant."""
    shaped = Beta(a, b)
    return one_point("beta", low=low, high=high) or Beta(shaped.a, shaped.b, low, high)


def pert(low: float, mode: float, high: float, shape: float = 4.0) -> Distribution:
    """Return the law of lowest, most likely and highest value, smoothly joined; of three equal ones the constant."""
    if (sure := one_point("pert", low=low, mode=mode, high=high)) is None:
        return Pert(low, mode, high, shape)
    Pert(0.0, 0.0, 1.0, shape)  # a shape that makes no sense is refused all the same
    return sure
