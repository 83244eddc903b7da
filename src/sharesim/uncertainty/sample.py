"""For analysts with a model of their own: draws by name, and any vectorised function of them to its summary."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sharesim.arguments import a_function, an_instance, as_float, refuse, several, shown, takes, whole
from sharesim.display import record
from sharesim.errors import Fault, UsageError
from sharesim.measures import Estimate, Measure, estimate, measure_named
from sharesim.uncertainty.copula import ChangedPair
from sharesim.uncertainty.dependence import CommonFactor, Dependence, RankCorrelation
from sharesim.uncertainty.distributions import Distribution, constant
from sharesim.uncertainty.draws import CHUNK, DrawPlan, DriverSpec
from sharesim.uncertainty.notation import parse
from sharesim.uncertainty.streams import whole_number

Array = NDArray[np.float64]

#: Bytes of driver values that are in hand at a time: they stay in the second-level cache while a function reads them.
BLOCK_BYTES = 2**20
#: What `propagate` reports unless told otherwise.
USUAL_MEASURES = ("mean", "sd", "p5", "p50", "p95", "cvar", "p_loss")


_A_NUMBER = "not a number of draws"
_measures = several(
    an_instance((str, Measure), "not a measure", "a name such as p10, or a Measure"), (str, Measure), "not measures", "names such as p10"
)


class Sample(Mapping[str, Array]):
    """Named arrays of draws, and the plan that makes them again.

    Parameters
    ----------
    plan : DrawPlan
        What was drawn.
    values : ndarray (driver, draw)
        In the unit of each driver.

    Examples
    --------
    >>> from sharesim.uncertainty.distributions import pert
    >>> drawn = sample({"hr.saving": pert(80, 120, 220)}, draws=2000, seed=1)
    >>> drawn["hr.saving"].shape, list(drawn)
    ((2000,), ['hr.saving'])
    """

    def __init__(self, plan: DrawPlan, values: Array) -> None:
        self.plan, self.values_by_driver = plan, values
        self._row = {name: row for row, name in enumerate(plan.names)}

    def __getitem__(self, name: str) -> Array:
        values: Array = self.values_by_driver[self._row[name]]
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self.plan.names)

    def __len__(self) -> int:
        return len(self.plan.names)

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return int(self.values_by_driver.shape[1])

    @property
    def changes(self) -> tuple[ChangedPair, ...]:
        """Rank correlations that were changed, since no draws can have all those asked for.

        Examples
        --------
        >>> asked = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}
        >>> drawn = sample(dict.fromkeys("abc", "normal(0, 1)"), correlation=asked, draws=1024, seed=1)
        >>> [f"{pair.first} with {pair.second}: {pair.used:.2f}" for pair in drawn.changes]
        ['a with b: 0.48', 'a with c: -0.48', 'b with c: 0.48']
        """
        return self.plan.changes

    def draw(self, n: int) -> dict[str, float]:
        """Return every driver's value in one draw, by its number."""
        n = whole(0, self.n_draws - 1, "not the number of a draw")("n", n)
        return {name: float(self[name][n]) for name in self}

    def estimate(self, name: str, measure: str | Measure = "mean") -> Estimate:
        """Return a measure of one driver with its Monte Carlo error."""
        if not isinstance(name, str) or name not in self:
            raise UsageError(Fault("name", "unknown driver", shown(name), ", ".join(list(self)[:12])))
        found: Estimate = estimate(self[name], measure, self.plan)
        return found

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, one row for each draw and one column for each driver."""
        # The one place in this folder that knows pandas: imported here, so that drawing never waits for it to load.
        import pandas as pd

        return pd.DataFrame(self.values_by_driver.T, columns=list(self), index=pd.RangeIndex(self.n_draws, name="draw"))

    # As two arrays are: a mapping would ask each of them for one truth value.
    __eq__, __hash__ = object.__eq__, object.__hash__

    def __repr__(self) -> str:
        changed = f"; changed correlations: {'; '.join(map(str, self.changes))}" if self.changes else ""
        return (
            f"<Sample of {len(self)} drivers, {self.n_draws:,} draws, {self.plan.method}, seed {self.plan.seed}{changed}>"
        )


@record
class Summary:
    """What a function of the drivers came to.

    Parameters
    ----------
    estimates : mapping of str to mapping of str to Estimate
        By output and measure. A function that returns one array has the output ``value``.
    plan : DrawPlan
        What was drawn (the first replicate).
    n_draws, replicates : int
        Draws of each replicate, and replicates.
    outputs : mapping of str to ndarray (replicate, draw)
        Every value of every output.
    """

    estimates: Mapping[str, Mapping[str, Estimate]]
    plan: DrawPlan
    n_draws: int
    replicates: int
    outputs: Mapping[str, Array]

    def __getitem__(self, key: str | tuple[str, str]) -> Any:
        """Return the estimates of an output, or one by (output, measure); with a single output its measures by name."""
        if isinstance(key, tuple):
            return self.estimates[key[0]][key[1]]
        if key not in self.estimates and len(self.estimates) == 1:
            return next(iter(self.estimates.values()))[key]
        return self.estimates[key]

    def __str__(self) -> str:
        lines = []
        for output, by_measure in self.estimates.items():
            lines += [f"{output} {measure}: {found}" for measure, found in by_measure.items()]
        lines += [f"changed correlation: {change}" for change in self.plan.changes]
        return "\n".join(lines)


def specs_of(drivers: Mapping[str, Any]) -> list[DriverSpec]:
    """Return drivers by name from laws, numbers or notation."""
    if not isinstance(drivers, Mapping):
        refuse("drivers", "not a mapping of names to laws", drivers, 'such as {"saving": "pert(80, 120, 220)"}')
    if not drivers:
        raise UsageError(Fault("drivers", "none given", "", "one or more", "Give a mapping of names to laws."))
    specs = []
    for name, value in drivers.items():
        law = parse(value, where=f"driver {name}")
        specs.append(DriverSpec(str(name), law if isinstance(law, Distribution) else constant(law)))
    return specs


def dependence_of(correlation: Any, names: Sequence[str]) -> Dependence | None:
    """Return the dependence that a short form stands for.

    Parameters
    ----------
    correlation : None, Dependence, float, mapping, iterable or array_like (driver, driver)
        A number: Spearman's rank correlation among all drivers. A mapping: by pair of names. An iterable of
        `RankCorrelation` and `CommonFactor`. A square array: rank correlations in the order of the drivers.
    names : sequence of str
        Names of the drivers in order.

    Examples
    --------
    >>> str(dependence_of({("a", "b"): 0.4}, ["a", "b", "c"]).correlations[0])
    'between a and b: 0.4'
    """
    if correlation is None or isinstance(correlation, Dependence):
        return correlation
    if not math.isnan(rank := as_float(correlation)):
        return Dependence((RankCorrelation(among=tuple(names), rank=rank),)) if len(names) > 1 else None
    if isinstance(correlation, Mapping):
        return Dependence(tuple(RankCorrelation(between=pair, rank=rank) for pair, rank in correlation.items()))
    if isinstance(correlation, (RankCorrelation, CommonFactor)):
        correlation = [correlation]
    if isinstance(correlation, Iterable) and not hasattr(correlation, "shape"):
        parts = list(correlation)
        if all(isinstance(part, (RankCorrelation, CommonFactor)) for part in parts):
            stated = tuple(part for part in parts if isinstance(part, RankCorrelation))
            return Dependence(stated, tuple(part for part in parts if isinstance(part, CommonFactor)))
        correlation = parts
    return _from_matrix(correlation, names)


def _from_matrix(correlation: ArrayLike, names: Sequence[str]) -> Dependence:
    allowed = f"a symmetric {len(names)} x {len(names)} array with ones on its diagonal, or one of the other forms"
    try:
        matrix = np.asarray(correlation, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(Fault("correlation", "cannot be read", shown(correlation), allowed)) from None
    if matrix.shape != (len(names), len(names)) or not np.array_equal(matrix, matrix.T) or np.any(np.diag(matrix) != 1):
        raise UsageError(Fault("correlation", "is no correlation matrix of the drivers", str(matrix.shape), allowed))
    pairs = combinations(range(len(names)), 2)
    return Dependence(
        tuple(RankCorrelation(between=(names[a], names[b]), rank=float(matrix[a, b])) for a, b in pairs if matrix[a, b])
    )


@takes(draws=whole(1, 2**40, _A_NUMBER))
def sample(
    drivers: Mapping[str, Any],
    *,
    draws: int,
    seed: int,
    correlation: Any = None,
    method: str = "monte_carlo",
    scrambles: int = 1,
    purpose: str = "choose",
    replicate: int = 0,
) -> Sample:
    """Return draws of named drivers.

    Parameters
    ----------
    drivers : mapping of str to law, number or notation
        Such as ``{"hr.saving": pert(80, 120, 220), "staff": "uniform(3, 5)"}``.
    draws : int
        How many: any for Monte Carlo, a multiple of 1,024 for Latin hypercube, a power of two from 1,024 for each
        scramble of Sobol'.
    seed : int
        From 0 to below 2**64.
    correlation : optional
        Spearman's rank correlations; see `dependence_of` for the forms.
    method : {"monte_carlo", "latin_hypercube", "sobol"}
        How to draw.
    scrambles : int
        Under Sobol': independent scrambles that the draws are divided among; 8 or more give standard errors.
    purpose, replicate
        As for `DrawPlan`.

    Returns
    -------
    Sample
        Named arrays; ``.to_frame()`` gives a DataFrame.

    Raises
    ------
    StudyError, UsageError
        When a law, the correlation, the seed or the number of draws cannot be used.

    Examples
    --------
    >>> from sharesim.uncertainty.distributions import pert
    >>> drawn = sample({"a": pert(80, 120, 220), "b": "normal(0, 1)"}, correlation=0.5, draws=4096, seed=1)
    >>> bool(abs(drawn["a"].mean() - 130) < 2)
    True
    >>> even = sample({"a": pert(80, 120, 220)}, draws=8192, seed=1, method="sobol", scrambles=8)
    >>> even.estimate("a").standard_error < 0.1 * drawn.estimate("a").standard_error
    True
    """
    specs = specs_of(drivers)
    dependence = dependence_of(correlation, [spec.name for spec in specs])
    plan = DrawPlan(
        specs, seed=seed, purpose=purpose, replicate=replicate, method=method, dependence=dependence, n_draws=draws,
        scrambles=scrambles,
    )  # fmt: skip
    values = np.empty((plan.n_drivers, draws))
    for k in range(-(-draws // CHUNK)):
        start, stop = k * CHUNK, min((k + 1) * CHUNK, draws)
        if stop - start == CHUNK:
            plan.chunk(k, out=values[:, start:stop])
        else:
            values[:, start:stop] = plan.chunk(k)[:, : stop - start]
    return Sample(plan, values)


@takes(function=a_function, draws=whole(1, 2**40, _A_NUMBER), measures=_measures)
def propagate(
    function: Callable[[Mapping[str, Array]], Any],
    drivers: Mapping[str, Any],
    *,
    draws: int,
    seed: int,
    correlation: Any = None,
    method: str = "monte_carlo",
    measures: Iterable[str | Measure] = USUAL_MEASURES,
    replicates: int = 1,
) -> Summary:
    """Return what a vectorised function of uncertain drivers comes to, streaming the drivers in blocks.

    Parameters
    ----------
    function : callable
        Takes a mapping of driver names to arrays (draw,) and returns an array (draw,), or a mapping of output names to
        such arrays. It is called for one block of draws after another and must treat each draw by itself.
    drivers, draws, seed, correlation, method
        As for `sample`.
    measures : iterable of str or Measure
        What to report of each output.
    replicates : int
        Independent scrambles under Sobol'; 8 or more give standard errors. Otherwise 1: more draws do the same.

    Returns
    -------
    Summary
        Each output's measures with their standard errors. Memory: 8 bytes a draw and output, and one block of drivers.

    Examples
    --------
    >>> found = propagate(lambda x: x["saving"] - x["cost"], {"saving": "pert(80, 120, 220)", "cost": 100},
    ...                   draws=8192, seed=1)
    >>> bool(abs(found["mean"].value - 30) < 4 * found["mean"].standard_error)
    True
    """
    specs = specs_of(drivers)
    dependence = dependence_of(correlation, [spec.name for spec in specs])
    chosen = [measure_named(measure) for measure in measures]
    count = whole_number("replicates", replicates, 10**6)
    if count < 1 or (count > 1 and method != "sobol"):
        raise UsageError(
            Fault("replicates", "not usable", str(replicates), "1, or more under sobol", "Use more draws.")
        )
    plans = [
        DrawPlan(specs, seed=seed, method=method, replicate=number, dependence=dependence, n_draws=draws)
        for number in range(count)
    ]
    outputs: dict[str, Array] = {}
    for number, plan in enumerate(plans):
        for start, answer in _blocks(function, plan, draws):
            for name, values in answer.items():
                kept = outputs.setdefault(name, np.empty((count, draws)))
                kept[number, start : start + values.size] = values
    estimates = {
        name: {
            measure.name: estimate(values if method == "sobol" else values[0], measure, method)
            for measure in chosen
        }
        for name, values in outputs.items()
    }
    return Summary(estimates, plans[0], draws, count, outputs)


def _blocks(
    function: Callable[[Mapping[str, Array]], Any], plan: DrawPlan, draws: int
) -> Iterator[tuple[int, dict[str, Array]]]:
    """Yield the first draw of each block with the function's outputs in it."""
    n_chunks = -(-draws // CHUNK)
    at_once = min(n_chunks, max(1, BLOCK_BYTES // (8 * CHUNK * plan.n_drivers)))
    block = np.empty((plan.n_drivers, at_once * CHUNK))
    for first in range(0, n_chunks, at_once):
        stop = min(first + at_once, n_chunks)
        for k in range(first, stop):
            plan.chunk(k, out=block[:, (k - first) * CHUNK : (k - first + 1) * CHUNK])
        width = (stop - first) * CHUNK
        # Functions get whole chunks, also at the end, so that a value never depends on how many draws were asked for.
        answer = function({name: block[row, :width] for row, name in enumerate(plan.names)})
        named = answer if isinstance(answer, Mapping) else {"value": answer}
        yield first * CHUNK, {name: _checked(name, v, width)[: draws - first * CHUNK] for name, v in named.items()}


def _checked(name: str, values: Any, width: int) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.shape == ():
        return np.full(width, float(array))
    if array.shape != (width,):
        remedy = "Write it with array operations: one value for each draw."
        raise UsageError(Fault(f"function, output {name}", "wrong shape", str(array.shape), f"({width},)", remedy))
    return array
