"""What was simulated: means of every bundle, and its draws, kept or worked out again when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal.context import Fixed
from sharesim.appraisal.engine import BLOCK_CHUNKS, ChunkRun, ChunkTotals, chunk_sizes, chunk_totals, draw_plan, tiles_of
from sharesim.appraisal.fixed_items import activation_one_off
from sharesim.appraisal.flows import Plan
from sharesim.bundles.activations import Activations, activations
from sharesim.bundles.table import BundleTable
from sharesim.study.study import Study
from sharesim.uncertainty.draws import CHUNK, DrawPlan

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
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
    npv : ndarray, shape (bundle, partner slot, draw), GBP
        Council value by partner.
    means : dict of str to ndarray, shape (bundle, partner slot)
        Means of `tiles.MEASURES`.
    activation_npv : ndarray, shape (activation, council, draw), GBP
    """

    study: Study
    table: BundleTable
    activations: Activations
    plan: DrawPlan
    n_draws: int
    npv: np.ndarray
    means: dict[str, np.ndarray]
    activation_npv: np.ndarray

    @cached_property
    def fixed(self) -> Fixed:
        """What is certain for the study."""
        return Fixed.of(self.study)

    @cached_property
    def npv_mean(self) -> np.ndarray:
        """Mean NPV of each bundle, GBP, shape (bundle,)."""
        return self.partner_mean.sum(axis=1)

    @cached_property
    def partner_mean(self) -> np.ndarray:
        """Mean NPV by partner slot, GBP, shape (bundle, partner slot)."""
        return chunked_sum(self.npv) / self.n_draws

    @cached_property
    def needed(self) -> np.ndarray:
        """Which activation columns at least one bundle of the table needs, shape (activation,), bool."""
        result = np.zeros(len(self.activations.columns), bool)
        result[self.activations.of_bundle.item] = True
        return result

    # -- DrawSource ----------------------------------------------------------------------------------------------------

    def draws(self, ids: np.ndarray) -> np.ndarray:
        """Return NPV of bundles, GBP, shape (len(ids), draw)."""
        return self.npv[np.asarray(ids, dtype=np.int64)].sum(axis=1)

    def partner_draws(self, ids: np.ndarray) -> np.ndarray:
        """Return NPV of bundles by partner slot, GBP, shape (len(ids), partner slot, draw)."""
        return self.npv[np.asarray(ids, dtype=np.int64)]

    def weighted(self, weight: np.ndarray) -> np.ndarray:
        """Return the sum over draws of weight x NPV for every bundle, shape (bundle,)."""
        used = np.flatnonzero(weight)
        total = np.zeros(len(self.table))
        # A few draws have weight in a CVaR cut; picking them out is cheaper than a product over all.
        for slot in range(self.npv.shape[1]):
            total += np.einsum("bn,n->b", self.npv[:, slot, used], weight[used])
        return total

    def one_off_draws(self, ids: np.ndarray, years: Sequence[int]) -> np.ndarray:
        """Return one-off cost of bundles summed over years, GBP undiscounted, shape (len(ids), partner slot, draw)."""
        rows = np.asarray(ids, dtype=np.int64)
        unique, inverse = np.unique(rows, return_inverse=True)
        small = self.table.take(unique)
        result = np.zeros((len(unique), self.npv.shape[1], self.n_draws))
        shares = [Plan.of(self.study, start) for start in small.start_years]
        spend = np.array([plan.spending[list(years)].sum() for plan in shares])
        strain = np.array([plan.strain[list(years)].sum() for plan in shares])
        staff = np.array([float(plan.staff_year(self.study.n_years) in years) for plan in shares])
        tiles = tiles_of(small)
        for run in self.chunks():
            for at, got in run.results(tiles):
                parts = (("transition_gbp", spend), ("staff_gbp", staff), ("strain_gbp", strain))
                cost = sum(got.measures[name] * share[at][:, None, None] for name, share in parts)
                result[at, : got.npv.shape[1], run.first : run.first + run.used] = cost[..., : run.used]
        return result[inverse]

    def activation_draws(self) -> np.ndarray:
        """Return NPV of the activation columns by council, GBP, shape (activation, council, draw)."""
        return self.activation_npv

    def activation_one_off_draws(self, years: Sequence[int]) -> np.ndarray:
        """Return one-off cost of the activation columns over years, GBP undiscounted, shape (activation, council, draw)."""
        result = np.zeros_like(self.activation_npv)
        for run in self.chunks():
            part = sum(activation_one_off(run.context, self.activations.columns, year) for year in years)
            result[:, :, run.first : run.first + run.used] = part[..., : run.used]
        return result

    # -- draws again ---------------------------------------------------------------------------------------------------

    def chunks(self, numbers: Iterable[int] | None = None) -> Iterator[ChunkRun]:
        """Yield the chunks in order; the same values as when the outcomes were made."""
        sizes = chunk_sizes(self.n_draws)
        for number in range(len(sizes)) if numbers is None else numbers:
            yield ChunkRun(self.fixed, self.plan.chunk(number), number * CHUNK, sizes[number])


def chunked_sum(values: np.ndarray) -> np.ndarray:
    """Sum over the last axis chunk by chunk in order, so that the first draws of a longer run add up to the same bits."""
    sizes = chunk_sizes(values.shape[-1])
    total, begin = np.zeros(values.shape[:-1]), 0
    for size in sizes:
        total = total + values[..., begin : begin + size].sum(axis=-1)
        begin += size
    return total


def appraise(
    study: Study, table: BundleTable, *, seed: int, purpose: str, n_draws: int, replicate: int = 0, jobs: int = 1,
    progress: Progress | None = None,
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
    jobs : int
        Threads; the result has the same bits for any number.
    progress : callable (done, of), optional

    Returns
    -------
    Outcomes
    """
    plan = draw_plan(study, seed=seed, purpose=purpose, n_draws=n_draws, replicate=replicate)
    fixed, tiles, needs = Fixed.of(study), tiles_of(table), activations(study, table)
    starts = range(0, len(chunk_sizes(n_draws)), BLOCK_CHUNKS)
    sizes = [min(BLOCK_CHUNKS * CHUNK, n_draws - start * CHUNK) for start in starts]
    npv = np.empty((len(table), table.groups.partners.shape[1], n_draws))
    columns = np.empty((len(needs.columns), len(study.councils), n_draws))
    sums: dict[str, np.ndarray] = {}

    def work(number: int) -> ChunkTotals:
        first, used = starts[number], sizes[number]
        return chunk_totals(ChunkRun(fixed, plan.values(first, first - (-used // CHUNK)), first * CHUNK, used), table, needs, tiles)

    begin = 0
    for number, totals in enumerate(_in_order(work, len(sizes), jobs)):
        npv[:, :, begin : begin + sizes[number]] = totals.npv
        columns[:, :, begin : begin + sizes[number]] = totals.activations
        for name, parts in totals.sums.items():
            for part in parts:
                sums[name] = sums[name] + part if name in sums else part
        begin += sizes[number]
        if progress is not None:
            progress(number + 1, len(sizes))
    means = {name: total / n_draws for name, total in sums.items()}
    return Outcomes(study, table, needs, plan, n_draws, npv, means, columns)


def _in_order(work: Callable[[int], ChunkTotals], n_chunks: int, jobs: int) -> Iterator[ChunkTotals]:
    """Yield the chunks' totals in their order, however many threads work on them."""
    if jobs <= 1 or n_chunks == 1:
        yield from (work(number) for number in range(n_chunks))
        return
    with ThreadPoolExecutor(jobs) as pool:
        # No more than a few chunks ahead, so that memory does not grow with the number of draws.
        ahead = [pool.submit(work, number) for number in range(min(2 * jobs, n_chunks))]
        for number in range(n_chunks):
            yield ahead.pop(0).result()
            later = number + 2 * jobs
            if later < n_chunks:
                ahead.append(pool.submit(work, later))
