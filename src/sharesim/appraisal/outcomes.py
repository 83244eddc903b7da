"""What was simulated: figures and means of every bundle, and its draws, kept or worked out again when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from functools import cached_property

import numpy as np

from sharesim.appraisal.context import Fixed
from sharesim.appraisal.engine import ChunkRun, chunk_sizes, draw_plan, tiles_of
from sharesim.appraisal.figures import figures_of, weighted_sum
from sharesim.appraisal.fixed_items import activation_draws, activation_grants, activation_one_off
from sharesim.appraisal.flows import planned_shares
from sharesim.appraisal.resources import MOST_BLOCK_CHUNKS, Cut, Resources
from sharesim.appraisal.savings import over_slots
from sharesim.appraisal.sweep import Sweep
from sharesim.bundles.activations import Activations, activations
from sharesim.bundles.table import BundleTable
from sharesim.display import record
from sharesim.study.study import Study
from sharesim.uncertainty.amounts import first_of
from sharesim.uncertainty.draws import CHUNK, DrawPlan

Progress = Callable[[int, int], None]


@record
class Outcomes:
    """The appraisal of a table of bundles on one set of draws.

    Parameters
    ----------
    study : Study
    table : BundleTable
    activations : Activations
    plan : DrawPlan
        Which draws these are; any of them can be had again.
    n_draws : int
    kept : ndarray or None, shape (bundle, partner slot, draw), GBP
        Council value by partner, where it is kept (in float32, rounded); None where it is worked out again when asked
        for.
    means : dict of str to ndarray, shape (bundle, partner slot)
        Means of `sheets.MEASURES`.
    kept_activations : ndarray or None, shape (activation, council, draw), GBP
    found : dict of str to ndarray, shape (bundle,)
        Figures of every bundle, where they were worked out with the draws.
    jobs : int
        Threads for what is worked out again.
    npv_means : ndarray or None, shape (bundle, partner slot), GBP
        Mean NPV by partner, where it was worked out with the draws.
    """

    study: Study
    table: BundleTable
    activations: Activations
    plan: DrawPlan
    n_draws: int
    kept: np.ndarray | None
    means: dict[str, np.ndarray]
    kept_activations: np.ndarray | None = None
    found: dict[str, np.ndarray] = field(default_factory=dict)
    jobs: int = 1
    npv_means: np.ndarray | None = None

    @cached_property
    def fixed(self) -> Fixed:
        """What is certain for the study."""
        return Fixed.of(self.study)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bundles, partner slots and draws."""
        return len(self.table), self.table.groups.partners.shape[1], self.n_draws

    @property
    def npv(self) -> np.ndarray:
        """NPV of all bundles by partner slot, GBP, shape (bundle, partner slot, draw)."""
        return self.partner_draws(np.arange(len(self.table))) if self.kept is None else self.kept

    @cached_property
    def figures(self) -> dict[str, np.ndarray]:
        """Figures of each bundle's NPV by name (`figures.FIGURES`), each (bundle,)."""
        return self.found or figures_of(self.draws(np.arange(len(self.table))), self.plan)

    @cached_property
    def npv_mean(self) -> np.ndarray:
        """Mean NPV of each bundle, GBP, shape (bundle,)."""
        return self.partner_mean.sum(axis=1)

    @cached_property
    def partner_mean(self) -> np.ndarray:
        """Mean NPV by partner slot, GBP, shape (bundle, partner slot)."""
        return chunked_sum(self.npv) / self.n_draws if self.npv_means is None else self.npv_means

    @cached_property
    def needed(self) -> np.ndarray:
        """Which activation columns at least one bundle of the table needs, shape (activation,), bool."""
        result = np.zeros(len(self.activations.columns), bool)
        result[self.activations.of_bundle.item] = True
        return result

    # -- DrawSource ----------------------------------------------------------------------------------------------------

    def draws(self, ids: np.ndarray) -> np.ndarray:
        """Return NPV of bundles, GBP, shape (len(ids), draw)."""
        return over_slots(self.partner_draws(ids))[:, 0]

    def partner_draws(self, ids: np.ndarray) -> np.ndarray:
        """Return NPV of bundles by partner slot, GBP, shape (len(ids), partner slot, draw)."""
        rows = np.asarray(ids, dtype=np.int64)
        if self.kept is not None:
            return self.kept[rows].astype(np.float64, copy=False)
        unique, inverse = np.unique(rows, return_inverse=True)
        result = np.zeros((len(unique), *self.shape[1:]))
        self._sweep(unique).partners(result)
        return result if len(unique) == len(rows) and (inverse[:-1] < inverse[1:]).all() else result[inverse]

    def weighted(self, weight: np.ndarray) -> np.ndarray:
        """Return the sum over draws of weight x NPV for every bundle, shape (bundle,)."""
        used = np.flatnonzero(weight)
        if self.kept is None:
            return self._sweep(np.arange(len(self.table))).weighted(used, weight[used])
        # A few draws have weight in a CVaR cut; picking them out is cheaper than a product over all.
        return weighted_sum(self.kept[:, :, used].astype(np.float64, copy=False), weight[used])

    def one_off_draws(self, ids: np.ndarray, years: Sequence[int]) -> np.ndarray:
        """Return one-off cost of bundles summed over years, GBP undiscounted, shape (len(ids), partner slot, draw)."""
        rows = np.asarray(ids, dtype=np.int64)
        unique, inverse = np.unique(rows, return_inverse=True)
        small = self.table.take(unique)
        result = np.zeros((len(unique), *self.shape[1:]))
        shares = [part[..., list(years)].sum(axis=-1) for part in planned_shares(self.study, small)]
        tiles = tiles_of(small)
        for run in self.blocks():
            for at, got in run.results(tiles):
                parts = zip(("transition_gbp", "staff_gbp", "strain_gbp"), shares, strict=True)
                n_slots = got.npv.shape[1]
                cost = sum(got.measures[name] * share[at, :n_slots, None] for name, share in parts)
                result[at, : got.npv.shape[1], run.first : run.first + run.used] = cost[..., : run.used]
        return result[inverse]

    def activation_draws(self) -> np.ndarray:
        """Return NPV of the activation columns by council, GBP, shape (activation, council, draw)."""
        return self.activation_npv

    @property
    def activation_npv(self) -> np.ndarray:
        """NPV of the activation columns by council, GBP, shape (activation, council, draw)."""
        if self.kept_activations is not None:
            return self.kept_activations
        result = np.zeros((len(self.activations.columns), len(self.study.councils), self.n_draws))
        for run in self.blocks():
            part = activation_draws(run.context, self.activations.columns, run.context.clock)
            result[:, :, run.first : run.first + run.used] = part[..., : run.used]
        return result

    @cached_property
    def activation_mean(self) -> np.ndarray:
        """Mean NPV of the activation columns by council, GBP, shape (activation, council)."""
        return chunked_sum(self.activation_npv) / self.n_draws

    def activation_one_off_draws(self, years: Sequence[int]) -> np.ndarray:
        """Return one-off cost of the activation columns over years, grants left out, GBP undiscounted, shape
        (activation, council, draw)."""
        return self._activated(activation_one_off, years)

    def activation_grant_draws(self, years: Sequence[int]) -> np.ndarray:
        """Return grants at chance x amount, less clawback, over years, GBP undiscounted, shape (activation, council,
        draw)."""
        return self._activated(activation_grants, years)

    def _activated(self, flow: Callable[..., np.ndarray], years: Sequence[int]) -> np.ndarray:
        result = np.zeros((len(self.activations.columns), len(self.study.councils), self.n_draws))
        for run in self.blocks():
            part = sum((flow(run.context, self.activations.columns, year) for year in years), start=np.zeros((1, 1, 1)))
            result[:, :, run.first : run.first + run.used] = part[..., : run.used]
        return result

    # -- draws again ---------------------------------------------------------------------------------------------------

    def _sweep(self, rows: np.ndarray) -> Sweep:
        """Return a sweep of some bundles over the same draws, with a block's worth of memory of its own."""
        return Sweep(self.fixed, self.plan, self.n_draws, self.table.take(rows), jobs=self.jobs)

    def blocks(self, n_draws: int | None = None) -> Iterator[ChunkRun]:
        """Yield all draws in order, or the first so many, a few chunks at once; the same values as when the outcomes
        were made."""
        for first, used in Cut(MOST_BLOCK_CHUNKS).blocks(min(self.n_draws, n_draws or self.n_draws)):
            stop = first - (-used // CHUNK)
            yield ChunkRun(self.fixed, self.plan.values(first, stop), first * CHUNK, used)

    def chunks(self, numbers: Iterable[int] | None = None) -> Iterator[ChunkRun]:
        """Yield some chunks, or all in order; the same values as when the outcomes were made."""
        sizes = chunk_sizes(self.n_draws)
        for number in range(len(sizes)) if numbers is None else numbers:
            yield ChunkRun(self.fixed, self.plan.chunk(number), number * CHUNK, sizes[number])


def chunked_sum(values: np.ndarray) -> np.ndarray:
    """Sum over the last axis chunk by chunk in order, so that the first draws of a longer run add up to the same
    bits."""
    sizes = chunk_sizes(values.shape[-1])
    total, begin = np.zeros(values.shape[:-1]), 0
    for size in sizes:
        total = total + np.ascontiguousarray(values[..., begin : begin + size]).sum(axis=-1, dtype=np.float64)
        begin += size
    return total


def appraise(
    study: Study, table: BundleTable, *, seed: int, purpose: str, n_draws: int, replicate: int = 0,
    scrambles: int | None = None, jobs: int = 1, progress: Progress | None = None, resources: Resources | None = None,
) -> Outcomes:  # fmt: skip
    """Simulate every bundle of a table.

    Parameters
    ----------
    study : Study
    table : BundleTable
    seed : int
    purpose : {"choose", "judge", "sampling_gap"}
        Which futures; those that judge are never those that chose.
    n_draws : int
    replicate : int
    scrambles : int, optional
        Under Sobol' draws; the study's own, where they can share the draws, if left out.
    jobs : int
        Threads; the result has the same bits for any number.
    progress : callable (done, of), optional
    resources : Resources, optional
        Memory budget, and what is kept of the draws.

    Returns
    -------
    Outcomes

    Examples
    --------
    >>> from sharesim.bundles.enumerate import candidates
    >>> from sharesim.examples import two_councils
    >>> study = two_councils()
    >>> kept, not_kept = (
    ...     appraise(study, candidates(study), seed=1, purpose="choose", n_draws=1024, resources=Resources(keep=keep))
    ...     for keep in ("memory", "nothing")
    ... )
    >>> np.array_equal(kept.draws([1]), not_kept.draws([1]))
    True
    >>> np.array_equal(kept.figures["cvar"], not_kept.figures["cvar"])
    True
    """
    resources = resources or Resources()
    plan = draw_plan(study, seed=seed, purpose=purpose, n_draws=n_draws, replicate=replicate, scrambles=scrambles)
    fixed, needs = Fixed.of(study), activations(study, table)
    n_slots, n_councils = table.groups.partners.shape[1], len(study.councils)
    keep = resources.kept(len(table) * n_slots * n_draws)
    cut = resources.cut((len(table), n_slots, n_draws), n_councils, jobs, whole_rows=keep == "nothing")
    sweep = Sweep(fixed, plan, n_draws, table, jobs=jobs, cut=cut, progress=progress)
    common = (study, table, needs, plan, n_draws)
    # As much again may be taken by the columns that all bundles share.
    columns = None
    if len(needs.columns) * n_councils * n_draws * 8 <= 0.2 * resources.budget_bytes:
        columns = np.zeros((len(needs.columns), n_councils, n_draws))
    if keep == "nothing":
        means, found = sweep.figures(needs, columns)
        npv_means = means.pop("npv")
        return Outcomes(*common, None, means, columns, found, jobs, npv_means)
    kept = _room((len(table), n_slots, n_draws), resources, keep, plan)
    means = sweep.partners(kept, needs, columns)
    npv_means = means.pop("npv")
    return Outcomes(*common, kept, means, columns, {}, jobs, npv_means)


def appraise_again(
    before: Outcomes, table: BundleTable, *, study: Study | None = None, n_draws: int | None = None, jobs: int = 1
) -> Outcomes:
    """Simulate bundles on the futures of an earlier appraisal, so that both can be compared draw by draw.

    Parameters
    ----------
    before : Outcomes
        Whose futures they are.
    table : BundleTable
    study : Study, optional
        A variant of the study, with the same drivers.
    n_draws : int, optional
        The first so many; where there are several scrambles, those of whole scrambles.
    jobs : int

    Examples
    --------
    >>> from sharesim.bundles.enumerate import candidates
    >>> from sharesim.examples import two_councils
    >>> study = two_councils()
    >>> before = appraise(study, candidates(study), seed=1, purpose="judge", n_draws=2048)
    >>> few = appraise_again(before, before.table.take(np.array([1])), n_draws=1024)
    >>> np.array_equal(few.npv[0], before.npv[1, :, :1024])
    True
    """
    plan = before.plan
    wanted, scrambles = first_of(before.n_draws, plan.scrambles, before.n_draws if n_draws is None else n_draws)
    return appraise(
        study or before.study, table, seed=plan.seed, purpose=plan.purpose, replicate=plan.replicate, n_draws=wanted,
        scrambles=scrambles, jobs=jobs,
    )  # fmt: skip


def _room(shape: tuple[int, int, int], resources: Resources, keep: str, plan: DrawPlan) -> np.ndarray:
    """Return an empty array for the draws, in memory or in a file."""
    if keep == "memory":
        return np.zeros(shape, resources.precision)
    assert resources.folder is not None
    resources.folder.mkdir(parents=True, exist_ok=True)
    name = f"draws-{plan.purpose}-{plan.seed}-{plan.replicate}.npy"
    return np.lib.format.open_memmap(resources.folder / name, mode="w+", dtype=resources.precision, shape=shape)


__all__ = ["Outcomes", "Progress", "appraise", "appraise_again", "chunked_sum"]
