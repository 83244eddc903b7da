"""Laws with a closed form: from the constant to the beta, the gamma and the tables of values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.special import ndtr, ndtri

from sharesim.uncertainty.distribution import Distribution, finite, refuse, show

Array = NDArray[np.float64]


def _set(law: Distribution, *names: str) -> None:
    """Coerce the named fields of a frozen law to finite floats."""
    for name in names:
        object.__setattr__(law, name, finite(law.name, name, getattr(law, name)))


def _ordered(law: str, low: float, high: float) -> None:
    if not low < high:
        remedy = "Give the smaller value first, or write a constant."
        refuse(law, "low is not below high", f"low = {show(low)}, high = {show(high)}", "low < high", remedy)


@dataclass(frozen=True)
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
        _set(self, "value")

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


@dataclass(frozen=True)
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
        _set(self, "low", "high")
        _ordered(self.name, self.low, self.high)

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


def _three_points(law: Triangular | Pert) -> None:
    _set(law, "low", "mode", "high")
    _ordered(law.name, law.low, law.high)
    if not law.low <= law.mode <= law.high:
        got = f"low = {show(law.low)}, mode = {show(law.mode)}, high = {show(law.high)}"
        remedy = "Give lowest, most likely and highest value in this order."
        refuse(law.name, "the mode lies outside low to high", got, "low <= mode <= high", remedy)


@dataclass(frozen=True)
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
        _three_points(self)

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
        above = z > meet
        near = np.where(above, -z, z)
        ndtr(near, out=near)
        np.sqrt(near, out=near)
        near *= np.where(above, -falling, rising)
        np.add(near, np.where(above, self.high, self.low), out=out)

    def _cdf(self, x: Array) -> Array:
        return 1.0 - self._survival(x) if self.mode == self.low else np.where(
            x <= self.mode, self._rising(x), 1.0 - self._falling(x)
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


@dataclass(frozen=True)
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
        _set(self, "a", "b", "low", "high")
        _ordered(self.name, self.low, self.high)
        for field in ("a", "b"):
            if not getattr(self, field) > 0.0:
                refuse(self.name, f"{field} is not positive", show(getattr(self, field)), "above 0")

    def _at(self, p: Array, q: Array) -> Array:
        width = self.high - self.low
        return np.where(
            p < q,
            self.low + width * special.betaincinv(self.a, self.b, np.minimum(p, 0.5)),
            self.high - width * special.betaincinv(self.b, self.a, np.minimum(q, 0.5)),
        )

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


@dataclass(frozen=True)
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
        _three_points(self)
        _set(self, "shape")
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


@dataclass(frozen=True)
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
            refuse(self.name, "sd is not positive", show(self.spread), "above 0", "Write a constant for a sure value.")

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


def normal(mean: float, sd: float) -> Normal:
    """Return a normal law by mean and standard deviation."""
    return Normal(mean, sd)


@dataclass(frozen=True)
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
        _set(self, "shape", "scale")
        for field in ("shape", "scale"):
            if not getattr(self, field) > 0.0:
                refuse(self.name, f"{field} is not positive", show(getattr(self, field)), "above 0")

    def _at(self, p: Array, q: Array) -> Array:
        lower = special.gammaincinv(self.shape, np.minimum(p, 0.5))
        return self.scale * np.where(p < q, lower, special.gammainccinv(self.shape, np.minimum(q, 0.5)))

    def _standard(self) -> tuple[Distribution, float, float]:
        return Gamma(self.shape, 1.0), 0.0, self.scale

    def _cdf(self, x: Array) -> Array:
        return special.gammainc(self.shape, np.clip(x, 0.0, None) / self.scale)

    def _survival(self, x: Array) -> Array:
        return special.gammaincc(self.shape, np.clip(x, 0.0, None) / self.scale)

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
) -> Gamma:
    """Return a gamma law by shape and scale, or by mean and standard deviation."""
    if (shape is None) == (mean is None) or (shape is None) != (scale is None) or (mean is None) != (sd is None):
        given = {"shape": shape, "scale": scale, "mean": mean, "sd": sd}
        got = ", ".join(key for key, value in given.items() if value is not None) or "nothing"
        refuse("gamma", "does not have the two figures that fix it", got, "shape and scale, or mean and sd")
    if mean is None or sd is None:
        return Gamma(shape, scale)  # type: ignore[arg-type]
    mean, sd = finite("gamma", "mean", mean), finite("gamma", "sd", sd)
    if not (mean > 0.0 and sd > 0.0):
        refuse("gamma", "mean and sd are not both positive", f"mean = {show(mean)}, sd = {show(sd)}", "above 0")
    return Gamma((mean / sd) ** 2, sd * sd / mean)


class _Stepped(Distribution):
    """A law that takes some values only: `_steps` are the values in order with their cumulative probabilities."""

    @cached_property
    def _steps(self) -> tuple[Array, Array, Array]:
        """Values (n,), and the cumulative probability below each step counted from the left and from the right (n - 1,)."""
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


@dataclass(frozen=True)
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
        _set(self, "p")
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


def _numbers(law: str, field: str, values: Any) -> tuple[float, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        refuse(law, f"{field} is not a list", repr(values), "a list of numbers")
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


@dataclass(frozen=True)
class Discrete(_Stepped):
    """Some values with weights, which need not sum to 1.

    Examples
    --------
    >>> discrete([0, 12, 24], [5, 3, 2]).mean
    8.4
    """

    values: tuple[float, ...]
    weights: tuple[float, ...]
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


@dataclass(frozen=True)
class Empirical(_Stepped):
    """Values that were observed, each equally likely; no value in between is made up.

    Examples
    --------
    >>> empirical([3, 1, 2]).quantile([0.2, 0.5, 0.9])
    array([1., 2., 3.])
    """

    values: tuple[float, ...]
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


constant, uniform, triangular, pert, beta = Constant, Uniform, Triangular, Pert, Beta
bernoulli, discrete, empirical = Bernoulli, Discrete, Empirical
