"""The log-normal, by mean and standard deviation or by any two of its quantiles."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sharesim.uncertainty.distribution import Distribution, finite, refuse, show
from sharesim.uncertainty.laws import Constant

Array = NDArray[np.float64]
_QUANTILE_NAME = re.compile(r"p(\d{1,2}(?:[._]\d{1,9})?)")


def quantile_level(law: str, name: str) -> float:
    """Return the probability that a name such as ``p10``, ``p2.5``, ``p2_5`` or ``median`` stands for.

    Examples
    --------
    >>> quantile_level("metalog", "p2.5"), quantile_level("metalog", "median")
    (0.025, 0.5)
    """
    if name == "median":
        return 0.5
    found = _QUANTILE_NAME.fullmatch(name)
    level = float(found.group(1).replace("_", ".")) if found else 0.0
    if not 0.0 < level < 100.0:
        allowed = "p and a percentage above 0 and below 100, such as p10, p50, p2_5, or median"
        refuse(law, "unknown quantile", repr(name), allowed)
    return round(level * 1e9) / 1e11  # 0.1 and not 0.1 plus a rounding error, so that equal laws are equal


def quantile_pairs(law: str, given: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    """Return (probability, value) in rising order of both, refusing what no law could have."""
    pairs = sorted((quantile_level(law, name), finite(law, name, value)) for name, value in given.items())
    for (level, value), (next_level, next_value) in pairwise(pairs):
        if level == next_level:
            refuse(law, "a quantile is given twice", f"P{show(level * 100)}", "each once")
        if not value < next_value:
            got = f"P{_percent(level)} = {show(value)}, P{_percent(next_level)} = {show(next_value)}"
            refuse(law, "the quantiles do not rise", got, "a higher value for a higher percentage")
    return tuple(pairs)


def sure_value(law: str, given: Mapping[str, Any]) -> float | None:
    """Return the value that all of some quantiles have, which is then the only one; None where they differ.

    Examples
    --------
    >>> sure_value("metalog", {"p10": 5, "p90": 5}), sure_value("metalog", {"p10": 5, "p90": 6})
    (5.0, None)
    """
    levels = {quantile_level(law, name) for name in given}
    values = {finite(law, name, value) for name, value in given.items()}
    return values.pop() if len(values) == 1 and len(levels) == len(given) > 1 else None


def quantile_name(level: float) -> str:
    """Return the name of a probability that `quantile_level` reads back.

    Examples
    --------
    >>> quantile_name(0.1), quantile_name(0.025), quantile_name(0.5)
    ('p10', 'p2_5', 'p50')
    """
    return f"p{_percent(level)}".replace(".", "_")


def _percent(level: float) -> str:
    return show(round(level * 100, 9))


@dataclass(frozen=True, repr=False)
class LogNormal(Distribution):
    """A positive amount whose logarithm is normal.

    Parameters
    ----------
    log_mean, log_sd : float
        Mean and standard deviation of the logarithm.
    given : tuple of (str, float)
        The figures that it was written with, kept for its notation.
    """

    log_mean: float
    log_sd: float
    given: tuple[tuple[str, float], ...]
    name: ClassVar[str] = "lognormal"

    def _at(self, p: Array, q: Array) -> Array:
        return np.exp(self.log_mean + self.log_sd * np.where(p < q, ndtri(p), -ndtri(q)))

    def _from_normal(self, z: Array, out: Array) -> None:
        np.multiply(z, self.log_sd, out=out)
        out += self.log_mean
        np.exp(out, out=out)

    def _score(self, x: Array) -> Array:
        with np.errstate(divide="ignore"):
            return (np.log(np.clip(x, 0.0, None)) - self.log_mean) / self.log_sd

    def _cdf(self, x: Array) -> Array:
        return ndtr(self._score(x))

    def _survival(self, x: Array) -> Array:
        return ndtr(-self._score(x))

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        return [], dict(self.given)

    def _times(self, factor: float) -> Distribution:
        return lognormal(**{key: value * factor for key, value in self.given})

    @cached_property
    def mean(self) -> float:
        return math.exp(self.log_mean + self.log_sd**2 / 2)

    @cached_property
    def variance(self) -> float:
        return self.mean**2 * math.expm1(self.log_sd**2)

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf


def lognormal(*, mean: float | None = None, sd: float | None = None, **quantiles: float) -> Distribution:
    """Return the log-normal with a mean and standard deviation, or through two quantiles.

    Parameters
    ----------
    mean, sd : float
        Of the amount itself, not of its logarithm.
    **quantiles : float
        Any two of ``p10``, ``median``, ``p90`` ...

    Raises
    ------
    StudyError
        When the figures given do not fix one log-normal.

    Examples
    --------
    >>> law = lognormal(p10=50, p90=200)
    >>> round(law.central, 6), law.text()
    (100.0, 'lognormal(p10=50, p90=200)')
    """
    moments = {key: value for key, value in (("mean", mean), ("sd", sd)) if value is not None}
    if (len(moments), len(quantiles)) not in ((2, 0), (0, 2)):
        got = ", ".join([*moments, *quantiles]) or "nothing"
        allowed = "mean and sd, or two quantiles such as p10 and p90"
        refuse("lognormal", "does not have the two figures that fix it", got, allowed)
    if moments:
        mean, sd = finite("lognormal", "mean", mean), finite("lognormal", "sd", sd)
        if not (mean > 0.0 and sd >= 0.0):
            got, allowed = f"mean = {show(mean)}, sd = {show(sd)}", "a mean above 0, an sd of 0 or more"
            refuse("lognormal", "mean or sd is too low", got, allowed)
        if sd / mean > 1e100:
            refuse("lognormal", "sd is beyond all bounds", f"mean = {show(mean)}, sd = {show(sd)}", "1e100 times the mean")
        if sd == 0.0:
            return Constant(mean)
        variance = math.log1p((sd / mean) ** 2)
        return LogNormal(math.log(mean) - variance / 2, math.sqrt(variance), (("mean", mean), ("sd", sd)))
    if (sure := sure_value("lognormal", quantiles)) is not None and sure > 0.0:
        return Constant(sure)
    (low, at_low), (high, at_high) = quantile_pairs("lognormal", quantiles)
    if not at_low > 0.0:
        refuse("lognormal", "a quantile is not positive", show(at_low), "above 0", "Use a metalog or a normal law.")
    log_sd = math.log(at_high / at_low) / float(ndtri(high) - ndtri(low))
    given = tuple((quantile_name(level), value) for level, value in ((low, at_low), (high, at_high)))
    return LogNormal(math.log(at_low) - log_sd * float(ndtri(low)), log_sd, given)
