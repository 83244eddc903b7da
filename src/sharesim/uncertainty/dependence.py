"""How inputs hang together: rank correlations between named drivers, within and between groups, and common factors.

All figures are Spearman's rank correlations. What a copula needs is the correlation of normal scores, r. For the
Gaussian copula r = 2 sin(pi rank / 6) exactly (Pearson 1907). For the t copula it is found from the exact relation for
mixtures of normals (see `sharesim.uncertainty.spearman`), as the Gaussian conversion would be up to 0.03 off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sharesim.arguments import a_flag, an_instance, as_float, check_fields, number, several, shown
from sharesim.errors import Fault, StudyError

#: Degrees of freedom of the t copula that can be asked for; below 2 the tails leave nothing else to see.
FREEDOM = (2.0, 1000.0)


def _refuse(where: str, problem: str, got: str = "", allowed: str = "", remedy: str = "") -> NoReturn:
    raise StudyError(Fault(where, problem, got, allowed, remedy))


def _checked_rank(where: str, value: Any) -> float:
    number = as_float(value)
    if not -1.0 <= number <= 1.0:
        _refuse(where, "not a rank correlation", shown(value), "-1 to 1", "Give Spearman's rank correlation.")
    return number


def _names(where: str, value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else ()
    if not names or not all(isinstance(name, str) and name for name in names):
        _refuse(where, "not a list of driver names", shown(value), "names of drivers")
    if len(set(names)) < len(names):
        _refuse(where, "a driver is named twice", ", ".join(names), "each once")
    return names


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation between two drivers, between two groups, or among all of one group.

    Parameters
    ----------
    between : pair of str, or pair of tuples of str, optional
        Two drivers; or two groups, for every pair across them.
    among : sequence of str, optional
        A group, for every pair in it ("all ICT costs 0.4").
    rank : float
        Spearman's rank correlation, -1 to 1.

    Examples
    --------
    >>> len(list(RankCorrelation(among=("a", "b", "c"), rank=0.4).pairs()))
    3
    """

    between: tuple[Any, Any] | None = None
    among: tuple[str, ...] | None = None
    rank: float = 0.0

    def __post_init__(self) -> None:
        where = "rank correlation"
        object.__setattr__(self, "rank", _checked_rank(where, self.rank))
        if (self.between is None) == (self.among is None):
            _refuse(where, "needs between or among", "both" if self.among else "neither", "one of them")
        if self.among is not None:
            object.__setattr__(self, "among", _names(where, self.among))
            if len(self.among) < 2:
                _refuse(where, "a group of one has no pair", shown(self.among[0]), "two drivers or more")
            return
        if not isinstance(self.between, (tuple, list)) or len(self.between) != 2:
            _refuse(where, "between does not name two", shown(self.between), "two drivers or two groups")
        first, second = (_names(where, side) for side in self.between)
        if set(first) & set(second):
            _refuse(where, "a driver stands on both sides", ", ".join(set(first) & set(second)), "two different sides")
        object.__setattr__(self, "between", (first, second))

    @property
    def _sides(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The two groups, for a correlation between and not among."""
        assert self.between is not None  # one of the two is given
        return self.between

    @property
    def names(self) -> tuple[str, ...]:
        """Drivers that are named."""
        return self.among if self.among is not None else (*self._sides[0], *self._sides[1])

    @property
    def single(self) -> bool:
        """Whether one pair is meant; it then stands above what is said of groups."""
        return len(self.names) == 2

    def pairs(self) -> Iterable[tuple[str, str]]:
        """Yield every pair of names that is meant."""
        if self.among is not None:
            return ((a, b) for i, a in enumerate(self.among) for b in self.among[i + 1 :])
        return ((a, b) for a in self._sides[0] for b in self._sides[1])

    def __str__(self) -> str:
        if self.among is not None:
            return f"among {', '.join(self.among)}: {self.rank:g}"
        return f"between {' and '.join(', '.join(side) for side in self._sides)}: {self.rank:g}"


@dataclass(frozen=True)
class CommonFactor:
    """Something unseen that moves several drivers, by each one's rank correlation with it.

    Parameters
    ----------
    name : str
        Name of the factor; it has draws of its own under this name.
    loadings : mapping of str to float
        Spearman's rank correlation of each driver with the factor.

    Examples
    --------
    >>> CommonFactor("market", {"fees": 0.6, "income": -0.4}).loadings
    (('fees', 0.6), ('income', -0.4))
    """

    name: str
    loadings: Any

    def __post_init__(self) -> None:
        where = f"factor {self.name}"
        if not isinstance(self.name, str):
            _refuse("factor", "its name is not text", shown(self.name), "a name")
        given = self.loadings.items() if isinstance(self.loadings, Mapping) else self.loadings
        given = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (None,)
        if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[0], str) for pair in given):
            _refuse(where, "not loadings by driver", shown(self.loadings), 'such as {"fees": 0.6}')
        pairs = tuple(sorted((name, _checked_rank(f"{where}, {name}", loading)) for name, loading in given))
        _names(where, [name for name, _ in pairs])
        object.__setattr__(self, "loadings", pairs)

    @property
    def names(self) -> tuple[str, ...]:
        """Drivers that load on the factor."""
        return tuple(name for name, _ in self.loadings)


_CORRELATIONS, _FACTORS = (
    several(an_instance(kind, "of another kind", allowed), kind, "not a list", allowed)
    for kind, allowed in ((RankCorrelation, "RankCorrelation"), (CommonFactor, "CommonFactor"))
)


@dataclass(frozen=True)
class Dependence:
    """All that is said about how drivers hang together.

    A single pair stands above what groups say of it, and a group above what factors imply.

    Parameters
    ----------
    correlations : sequence of RankCorrelation
        Stated rank correlations (Spearman's).
    factors : sequence of CommonFactor
        Common causes. Loadings whose squares sum to more than 1 for a driver are refused.
    copula : {"gaussian", "t"}
        The t copula has joint extremes, the Gaussian has none.
    degrees_of_freedom : float, optional
        Of the t copula, 2 to 1,000; small means strong joint extremes.
    strict : bool
        Refuse an impossible matrix instead of taking the nearest possible one.

    Examples
    --------
    >>> Dependence([RankCorrelation(between=("a", "b"), rank=0.4)]).copula
    'gaussian'
    """

    correlations: tuple[RankCorrelation, ...] = ()
    factors: tuple[CommonFactor, ...] = ()
    copula: str = "gaussian"
    degrees_of_freedom: float | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        check_fields(
            self, correlations=_CORRELATIONS, factors=_FACTORS, degrees_of_freedom=number(problem="not a number"),
            strict=a_flag,
        )  # fmt: skip
        names = [factor.name for factor in self.factors]
        if len(set(names)) < len(names):
            _refuse("dependence", "two factors have one name", ", ".join(names), "a name each")
        if not isinstance(self.copula, str) or self.copula not in ("gaussian", "t"):
            _refuse("dependence", "unknown copula", shown(self.copula), "'gaussian' or 't'")
        freedom = self.degrees_of_freedom
        if self.copula == "gaussian" and freedom is not None:
            _refuse(
                "dependence", "a Gaussian copula has no degrees of freedom", f"{freedom:g}", "", "Write copula = 't'."
            )
        if self.copula == "t" and not (freedom is not None and FREEDOM[0] <= freedom <= FREEDOM[1]):
            allowed = f"{FREEDOM[0]:g} to {FREEDOM[1]:g}"
            _refuse(
                "dependence", "the t copula needs degrees of freedom", str(freedom), allowed, "4 is a common choice."
            )

    @property
    def statements(self) -> tuple[RankCorrelation | CommonFactor, ...]:
        """All that is said: rank correlations, then common factors."""
        return (*self.correlations, *self.factors)

    @property
    def names(self) -> tuple[str, ...]:
        """Drivers that anything is said of, each once."""
        return tuple(dict.fromkeys(name for part in self.statements for name in part.names))
