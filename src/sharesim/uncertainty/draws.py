"""Draws of every driver, chunk by chunk: Monte Carlo, Latin hypercube or scrambled Sobol'.

The contract: under Monte Carlo and Latin hypercube a value is a function of (seed, purpose, replicate, driver id,
chunk) and, for a driver in a copula, of its connected group. Nothing else moves it: not the other drivers, their order,
the block size, the number of threads or processes, or how many draws are asked for. Under Sobol' the dimension is the
rank of the sorted id, so there alone a new driver may move others.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import ndtri

from sharesim.arguments import an_array, an_instance, check_fields, several, shown, takes
from sharesim.errors import Fault, UsageError
from sharesim.uncertainty.amounts import CHUNK, check_names, checked_draws, checked_scrambles
from sharesim.uncertainty.copula import ChangedPair, CopulaGroup, resolve
from sharesim.uncertainty.dependence import Dependence
from sharesim.uncertainty.distributions import Distribution
from sharesim.uncertainty.laws import Constant
from sharesim.uncertainty.sobol import SOBOL_DIMENSIONS, SobolPoints
from sharesim.uncertainty.streams import Streams, chunk_generator, whole_number

Array = NDArray[np.float64]

#: Independent designs or scrambles that a standard error needs.
FEWEST_DESIGNS = 8
#: Scrambles whose first points are kept at once; threads work on neighbours.
SCRAMBLES_KEPT = 4
_TEXT = an_instance(str, "not text", "text")


@dataclass(frozen=True)
class DriverSpec:
    """One uncertain input: its name, its law, and an id that outlives the name.

    Parameters
    ----------
    name : str
        What people read; unique in a study.
    distribution : Distribution
        Its law.
    id : str, optional
        What its draws are keyed by; the name when left out. Keep the old name here when renaming.

    Examples
    --------
    >>> from sharesim.uncertainty.distributions import pert
    >>> DriverSpec("HR saving", pert(80, 120, 220), id="hr.saving").key
    'hr.saving'
    """

    name: str
    distribution: Distribution
    id: str | None = None

    def __post_init__(self) -> None:
        check_fields(self, name=_TEXT, id=_TEXT)
        if not isinstance(self.distribution, Distribution):
            remedy = "Use notation.parse, or constant() for a sure figure."
            raise UsageError(Fault(f"driver {self.name}", "no law", shown(self.distribution), "a Distribution", remedy))

    @property
    def key(self) -> str:
        """What the draws are keyed by."""
        return self.name if self.id is None else self.id


class DrawPlan:
    """Which draws a study gets: a seed, a purpose, a method and the drivers.

    Parameters
    ----------
    specs : iterable of DriverSpec
        Drivers; their order is the order of rows and changes no value.
    seed : int
        From 0 to below 2**64.
    purpose : {"choose", "judge", "sampling_gap"}
        What the draws are for; each purpose has its own futures.
    replicate : int
        Number of the independent repetition.
    method : {"monte_carlo", "latin_hypercube", "sobol"}
        Latin hypercube: each chunk is a design of its own. Sobol': scrambled.
    dependence : Dependence, optional
        How drivers hang together.
    n_draws : int, optional
        How many there will be: any; Latin hypercube a multiple of 1,024; Sobol' (required) a power of two from 1,024
        for each scramble.
    scrambles : int
        Under Sobol': independent scrambles that the draws are divided among, one after the other; 8 or more give
        standard errors. Under any other method 1.

    Raises
    ------
    StudyError
        When drivers clash, or the dependence cannot be used.
    UsageError
        When the seed, the method or the number of draws cannot be used.

    Examples
    --------
    >>> from sharesim.uncertainty.distributions import normal, uniform
    >>> plan = DrawPlan([DriverSpec("a", normal(0, 1)), DriverSpec("b", uniform(0, 1))], seed=1)
    >>> plan.chunk(0).shape, plan.values(0, 3).shape
    ((2, 1024), (2, 3072))
    >>> plan.draw(5)["b"] == float(plan.chunk(0)[1, 5])
    True
    """

    @takes(
        specs=several(an_instance(DriverSpec, "not a driver", "DriverSpec"), DriverSpec, "not drivers", "DriverSpec"),
        dependence=an_instance(Dependence, "not a dependence", "Dependence"),
    )
    def __init__(
        self,
        specs: Iterable[DriverSpec],
        *,
        seed: int,
        purpose: str = "choose",
        replicate: int = 0,
        method: str = "monte_carlo",
        dependence: Dependence | None = None,
        n_draws: int | None = None,
        scrambles: int = 1,
    ) -> None:
        self.specs = tuple(specs)
        self.streams = Streams(seed, purpose, replicate)
        self.scrambles = checked_scrambles(method, scrambles)
        self.method, self.dependence = method, dependence
        self.n_draws = checked_draws(method, n_draws, self.scrambles)
        self._prepare()

    def _prepare(self) -> None:
        check_names([(spec.name, spec.key) for spec in self.specs])
        self.names = tuple(spec.name for spec in self.specs)
        self._row = {spec.key: row for row, spec in enumerate(self.specs)}
        by_name = {spec.key: spec.key for spec in self.specs} | {spec.name: spec.key for spec in self.specs}
        self.groups: tuple[CopulaGroup, ...] = resolve(self.dependence, by_name)
        constants = {spec.key for spec in self.specs if isinstance(spec.distribution, Constant)}
        latents = [key for group in self.groups for key in group.latents]
        grouped = {key for group in self.groups for key in group.keys}
        # A constant outside every group needs no draws; inside one it keeps its place in the factoring.
        self._stream_keys = tuple(
            sorted([*(key for key in self._row if key in grouped or key not in constants), *latents])
        )
        self._dimension = {key: position for position, key in enumerate(self._stream_keys)}
        self._sobol: dict[int, SobolPoints] = {}
        self._keyed: dict[str, Any] = {}
        if self.method != "sobol":
            self._keyed = {key: self.streams.keyed(key) for key in self._stream_keys}

    def __repr__(self) -> str:
        many = "any number of" if self.n_draws is None else f"{self.n_draws:,}"
        return f"<DrawPlan of {len(self.specs)} drivers, {many} draws, {self.method}, seed {self.seed}, to {self.purpose}>"

    def __getstate__(self) -> dict[str, Any]:
        kept = ("specs", "streams", "method", "dependence", "n_draws", "scrambles")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()

    @property
    def n_drivers(self) -> int:
        """Number of drivers, the rows of every chunk."""
        return len(self.specs)

    @property
    def seed(self) -> int:
        """Seed of all draws."""
        return self.streams.seed

    @property
    def purpose(self) -> str:
        """What the draws are for."""
        return self.streams.purpose

    @property
    def replicate(self) -> int:
        """Number of the independent repetition."""
        return self.streams.replicate

    # Values

    def chunk(self, k: int, out: Array | None = None) -> Array:
        """Return every driver's values in one chunk.

        Parameters
        ----------
        k : int
            Number of the chunk, from 0.
        out : ndarray of float64 (driver, 1024), optional
            Where to put them, rows contiguous.

        Returns
        -------
        ndarray of float64 (driver, 1024)
            In the unit of each driver, rows in the order of the specs.
        """
        number = self._checked_chunk(k)
        values = np.empty((self.n_drivers, CHUNK)) if out is None else an_array("out", out)
        if values.shape != (self.n_drivers, CHUNK) or values.dtype != np.float64:
            got = f"{values.dtype} {values.shape}"
            raise UsageError(Fault("out", "does not fit the chunk", got, f"float64 ({self.n_drivers}, {CHUNK})"))
        # Worked out in memory of one fixed layout and then copied: bits never depend on where the caller keeps them.
        for group in self.groups:
            self._fill_group(group, number, values)
        normal = np.empty(CHUNK)
        grouped = {key for group in self.groups for key in group.keys}
        for row, spec in enumerate(self.specs):
            if spec.key in grouped:
                continue
            if spec.key in self._dimension:
                self._fill_normal(spec.key, number, normal)
            spec.distribution._from_normal(normal, normal)
            values[row] = normal
        return values

    def _fill_group(self, group: CopulaGroup, chunk: int, values: Array) -> None:
        own = np.empty((len(group.keys), CHUNK))
        latent = np.empty((len(group.latents), CHUNK))
        for rows, keys in ((own, group.keys), (latent, group.latents)):
            for row, key in zip(rows, keys, strict=True):
                self._fill_normal(key, chunk, row)
        strata = np.sort(own, axis=1) if self.method == "latin_hypercube" else None
        group.mix(own, latent)
        if strata is not None:
            # Mixing would lose the strata, so they are put in the order of the mixed values.
            for row, ordered in zip(own, strata, strict=True):
                row[np.argsort(row, kind="stable")] = ordered.copy()
        for row, key in zip(own, group.keys, strict=True):
            place = self._row[key]
            self.specs[place].distribution._from_normal(row, row)
            values[place] = row

    def _fill_normal(self, key: str, chunk: int, out: Array) -> None:
        """Put one stream's independent standard normal values into `out`."""
        if self.method == "sobol":
            assert self.n_draws is not None
            scramble, own_chunk = divmod(chunk, self.n_draws // self.scrambles // CHUNK)
            self._points(scramble).fill(self._dimension[key], own_chunk, out)
            ndtri(out, out=out)
            return
        generator = chunk_generator(self._keyed[key], chunk)
        if self.method == "monte_carlo":
            generator.standard_normal(out=out)
            return
        share = (generator.permutation(CHUNK) + generator.random(CHUNK)) / CHUNK
        ndtri(np.clip(share, 2.0**-54, 1.0 - 2.0**-53), out=out)

    def _points(self, scramble: int) -> SobolPoints:
        """Return the points of one scramble; a few are kept, since they are asked for one after the other."""
        found = self._sobol.get(scramble)
        if found is None:
            assert self.n_draws is not None
            streams = Streams(self.seed, self.purpose, self.replicate * self.scrambles + scramble)
            n_bits = (self.n_draws // self.scrambles).bit_length() - 1
            found = SobolPoints(self._stream_keys, streams, n_bits, CHUNK)
            for old in list(self._sobol)[: -SCRAMBLES_KEPT + 1]:
                self._sobol.pop(old, None)
            self._sobol[scramble] = found
        return found

    def values(self, start_chunk: int, stop_chunk: int) -> Array:
        """Return every driver's values in chunks `start_chunk` to before `stop_chunk`, (driver, draw)."""
        first, last = self._checked_chunk(start_chunk), self._checked_chunk(whole_number("chunk", stop_chunk) - 1)
        values = np.empty((self.n_drivers, whole_number("chunks", last + 1 - first) * CHUNK))
        for k in range(first, last + 1):
            self.chunk(k, out=values[:, (k - first) * CHUNK : (k - first + 1) * CHUNK])
        return values

    def draw(self, n: int) -> dict[str, float]:
        """Return every driver's value in one draw, by the number of the draw.

        Parameters
        ----------
        n : int
            Number of the draw, from 0.
        """
        number = whole_number("draw", n, self.n_draws or 2**62)
        column = self.chunk(number // CHUNK)[:, number % CHUNK]
        return {name: float(value) for name, value in zip(self.names, column, strict=True)}

    def _checked_chunk(self, k: int) -> int:
        limit = 2**52 if self.n_draws is None else -(-self.n_draws // CHUNK)
        return whole_number("chunk", k, limit)

    # What is known of them

    @property
    def has_standard_errors(self) -> bool:
        """Whether these draws alone give a standard error."""
        if self.method == "sobol":
            return self.scrambles >= FEWEST_DESIGNS
        if self.method == "latin_hypercube":
            return self.n_draws is not None and self.n_draws // CHUNK >= FEWEST_DESIGNS
        return self.method == "monte_carlo"

    @property
    def standard_error_source(self) -> str:
        """Where the standard error of an estimate comes from, or what it would need."""
        if self.method == "monte_carlo":
            return "independent draws"
        if self.method == "sobol":
            if self.has_standard_errors:
                return f"figures of {self.scrambles} independent scrambles"
            return f"not available; use {FEWEST_DESIGNS} scrambles or more"
        if self.has_standard_errors:
            return "means of chunks, each a Latin hypercube of its own"
        return f"not available; use {FEWEST_DESIGNS} chunks ({FEWEST_DESIGNS * CHUNK:,} draws) or more"

    @property
    def changes(self) -> tuple[ChangedPair, ...]:
        """Rank correlations that were changed, since no futures can have all those asked for."""
        return tuple(change for group in self.groups for change in group.changes)

    def manifest(self) -> dict[str, Any]:
        """Return all that is needed to make these draws again, as plain data."""
        drivers = []
        for spec in self.specs:
            entry: dict[str, Any] = {"name": spec.name, "id": spec.key, "law": spec.distribution.to_dict()}
            if self.method == "sobol" and spec.key in self._dimension:
                entry["dimension"] = self._dimension[spec.key]
                entry["padded"] = self._dimension[spec.key] >= SOBOL_DIMENSIONS
            drivers.append(entry)
        return {
            "seed": self.seed,
            "purpose": self.purpose,
            "replicate": self.replicate,
            "method": self.method,
            "scrambles": self.scrambles,
            "chunk": CHUNK,
            "n_draws": self.n_draws,
            "drivers": drivers,
            "dependence": self._dependence_manifest(),
            "standard_errors": self.standard_error_source,
            "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
            "machine": platform.machine(),
        }

    def _dependence_manifest(self) -> dict[str, Any] | None:
        if self.dependence is None:
            return None
        return {
            "figures": "Spearman's rank correlations",
            "copula": self.dependence.copula,
            "degrees_of_freedom": self.dependence.degrees_of_freedom,
            "stated": [str(part) for part in self.dependence.correlations],
            "factors": {factor.name: dict(factor.loadings) for factor in self.dependence.factors},
            "groups": [list(group.keys) for group in self.groups],
            "changed": [str(change) for change in self.changes],
        }
