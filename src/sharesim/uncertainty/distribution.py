"""What every law can be asked: its quantiles, moments, bounds and notation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, fields
from functools import cached_property, lru_cache
from numbers import Real
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from sharesim.arguments import an_array, floats, shown
from sharesim.display import shortened
from sharesim.errors import Fault, StudyError, UsageError
from sharesim.uncertainty.tables import BLOCK, NormalTable, build_table

Array = NDArray[np.float64]

#: Standard normal values between which moments are integrated: beyond them a double has no probability left.
FARTHEST_Z = 37.5
_PROBABILITIES, _SCORES = floats(allowed="probabilities above 0 and below 1"), floats(allowed="standard normal values")


def refuse(law: str, problem: str, got: str = "", allowed: str = "", remedy: str = "") -> NoReturn:
    """Raise the fault of a law whose parameters make no sense."""
    raise StudyError(Fault(law, problem, got, allowed, remedy))


def finite(law: str, field: str, value: Any) -> float:
    """Return a parameter as a float, or refuse it: text, truth values, NaN and infinity are not numbers here."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        refuse(law, f"{field} is not a number", shown(value), "a finite number", f"Give {field} as a plain number.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        refuse(law, f"{field} is not finite", shown(value), "a finite number", f"Give {field} as a plain number.")
    return number


def show(value: float) -> str:
    """Write a number as a person would, losing no digit.

    Examples
    --------
    >>> show(80.0), show(0.1), show(1 / 3)
    ('80', '0.1', '0.3333333333333333')
    """
    return str(plain(value))


def plain(value: float) -> int | float:
    """Return a whole number as an int, so that notation reads `80` and not `80.0`."""
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else float(value)


def normal_integral(
    function: Callable[[Array], Array], kinks: Iterable[float] = (), low: float = -FARTHEST_Z, high: float = FARTHEST_Z
) -> float:
    """Return the mean of a function of a standard normal value over part of its range, by Gauss-Legendre panels.

    Parameters
    ----------
    function : callable
        Standard normal values (n,) to values (n,), smooth between the kinks.
    kinks : iterable of float
        Probabilities where it is not smooth; panels end there.
    low, high : float
        Standard normal values to integrate between.
    """
    ends = [float(ndtri(p)) for p in kinks if 0.0 < p < 1.0]
    edges = np.concatenate([np.arange(-FARTHEST_Z, FARTHEST_Z + 0.125, 0.25), ends, [low, high]])
    edges = np.unique(np.clip(edges, low, high))
    nodes, weights = np.polynomial.legendre.leggauss(16)
    half = np.diff(edges)[:, None] / 2
    z = ((edges[:-1] + edges[1:])[:, None] / 2 + half * nodes).ravel()
    density = (half * weights).ravel() * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return math.fsum(density * function(z))


class Distribution:
    """One uncertain input's law, described by its quantile function.

    Sampling, quasi-random numbers and copulas all go through the quantile function, so they are one mechanism. The
    subclasses are frozen dataclasses: equal when written alike, hashable, and safe to share between threads.
    """

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    # What a law must say of itself.

    def _at(self, p: Array, q: Array) -> Array:
        """Return the quantile at lower probability `p`; `q` = 1 - p is given apart so that no tail loses digits."""
        raise NotImplementedError

    def _cdf(self, x: Array) -> Array:
        """Return P(X <= x)."""
        raise NotImplementedError

    def _survival(self, x: Array) -> Array:
        """Return P(X > x), with full relative precision far out."""
        raise NotImplementedError

    def _notation(self) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and the named arguments that write this law."""
        raise NotImplementedError

    def _times(self, factor: float) -> Distribution:
        """Return the law of `factor` times this one, for a factor above 0."""
        raise NotImplementedError

    def _kinks(self) -> tuple[float, ...]:
        """Return the probabilities where the quantile function jumps or bends; quadrature splits there."""
        return ()

    def _atoms(self) -> tuple[float, ...]:
        """Return the values that carry probability of their own."""
        return ()

    def _standard(self) -> tuple[Distribution, float, float]:
        """Return (law, shift, factor) with this law = shift + factor x law, so that affine copies share one table."""
        return self, 0.0, 1.0

    # What anybody may ask.

    def quantile(self, u: ArrayLike) -> Array:
        """Return the value that is exceeded with probability 1 - `u`.

        Parameters
        ----------
        u : array_like
            Probabilities strictly between 0 and 1, any shape.

        Returns
        -------
        ndarray of float64
            Values of the same shape.

        Raises
        ------
        UsageError
            When a probability is not strictly between 0 and 1.
        """
        p = _PROBABILITIES("quantile", u)
        if not np.all((p > 0.0) & (p < 1.0)):
            raise UsageError(Fault("quantile", "a probability is out of range", allowed="above 0 and below 1"))
        return np.asarray(self._at(np.atleast_1d(p), np.atleast_1d(1.0 - p)), dtype=np.float64).reshape(p.shape)

    def quantile_normal(self, z: ArrayLike, out: Array | None = None) -> Array:
        """Return the value at the quantile that a standard normal value `z` has.

        The fast way to a law: closed form, or a table of cubics whose error was measured when it was built (see
        `sharesim.uncertainty.tables`). Beyond the table the exact quantile is taken.

        Parameters
        ----------
        z : array_like
            Standard normal values, any shape.
        out : ndarray of float64, optional
            Where to put the answer; may be `z` itself.
        """
        values = _SCORES("quantile_normal", z)
        result = np.empty(values.shape) if out is None else an_array("out", out)
        flat = values.reshape(-1)
        answer = result.reshape(-1) if result.flags.c_contiguous else np.empty(flat.shape)
        for start in range(0, flat.size, BLOCK):
            self._from_normal(flat[start : start + BLOCK], answer[start : start + BLOCK])
        if not result.flags.c_contiguous:
            result[...] = answer.reshape(result.shape)
        return result

    def _from_normal(self, z: Array, out: Array) -> None:
        self._table.evaluate(z, out)

    @cached_property
    def _table(self) -> NormalTable:
        law, shift, factor = self._standard()
        return _table_of(law).affine(shift, factor)

    def _exact_normal(self, z: Array) -> Array:
        """Return the quantile at a standard normal value without any table."""
        return self._at(ndtr(z), ndtr(-z))

    @cached_property
    def mean(self) -> float:
        """Expected value; infinite where a tail is too heavy to have one."""
        return self._integral(1, 0.0)

    @cached_property
    def variance(self) -> float:
        """Variance; infinite where a tail is too heavy to have one."""
        return self._integral(2, self.mean)

    @property
    def sd(self) -> float:
        """Standard deviation, in the unit of the values."""
        return math.sqrt(self.variance)

    def _integral(self, power: int, centre: float) -> float:
        """Return E[(X - centre)^power]."""
        return normal_integral(lambda z: (self._exact_normal(z) - centre) ** power, self._kinks())

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value that can occur; infinite where there is no bound."""
        raise NotImplementedError

    @property
    def minimum(self) -> float:
        """Smallest value that can occur."""
        return self.support[0]

    @property
    def maximum(self) -> float:
        """Largest value that can occur."""
        return self.support[1]

    @property
    def central(self) -> float:
        """The single figure that a person would have put: the mode where the notation names one, else the median."""
        return float(self._at(np.array([0.5]), np.array([0.5]))[0])

    @property
    def heaviest_tail_index(self) -> float | None:
        """Index of the heaviest power-law tail, or None: at 1 or below no mean exists, at 2 or below no variance."""
        return None

    def scaled(self, factor: float) -> Distribution:
        """Return the law of `factor` times this one.

        Raises
        ------
        StudyError
            When the factor is not a finite number above 0.
        """
        number = finite(self.name, "the factor", factor)
        if number <= 0.0:
            refuse(self.name, "cannot be scaled", show(number), "a factor above 0")
        return self if number == 1.0 else self._times(number)

    def to_dict(self) -> dict[str, Any]:
        """Return the TOML notation, which `notation.parse` reads back.

        Returns
        -------
        dict
            Such as ``{"pert": [80, 120, 220]}``, ``{"pert": [80, 120, 220], "shape": 3}`` or
            ``{"lognormal": {"mean": 4, "sd": 2}}``.
        """
        positional, named = self._notation()
        if not positional:
            return {self.name: {key: _as_plain(value) for key, value in named.items()}}
        return {self.name: [_as_plain(value) for value in positional]} | {k: _as_plain(v) for k, v in named.items()}

    def text(self) -> str:
        """Return the notation of one CSV cell, which `notation.parse` reads back, such as ``pert(80, 120, 220)``."""
        positional, named = self._notation()
        return (
            f"{self.name}({', '.join([*map(_as_text, positional), *(f'{k}={_as_text(v)}' for k, v in named.items())])})"
        )

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        # As it is written; of a thousand observed values only the first.
        return shortened(self.text())

    def __getstate__(self) -> dict[str, Any]:
        # Tables and moments are worked out again where they are needed: they would be most of what a process is sent.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)


@lru_cache(maxsize=2048)
def _table_of(law: Distribution) -> NormalTable:
    """Return a law's table, remembered by value: laws of one shape share it, and it depends on nothing else."""
    scale = law.sd
    if not math.isfinite(scale):
        low, high = law._at(np.array([0.1, 0.9]), np.array([0.9, 0.1]))
        scale = (high - low) / 2.563
    return build_table(law._exact_normal, scale)


def _as_plain(value: Any) -> Any:
    if isinstance(value, Distribution):
        return value.to_dict()
    if isinstance(value, (tuple, list)):
        return [_as_plain(item) for item in value]
    return value if isinstance(value, str) else plain(value)


def _as_text(value: Any) -> str:
    if isinstance(value, Distribution):
        return value.text()
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_as_text, value))}]"
    return repr(value) if isinstance(value, str) else show(value)
