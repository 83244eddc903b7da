"""The line-by-line, year-by-year account of a few bundles taken together: what a portfolio does to each council's
budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sharesim.appraisal.engine import ChunkRun, tiles_of
from sharesim.appraisal.fixed_items import activation_draws, activation_one_off
from sharesim.appraisal.measured import amounts, measured
from sharesim.appraisal.outcomes import Outcomes
from sharesim.display import record
from sharesim.measures import chunk_sums
from sharesim.study.schema import Published

#: Measures of `measured` by the measure of a published figure.
PUBLISHED = {
    "cashable_gbp": "cashable", "non_cashable_gbp": "non_cashable", "one_off_gbp": "one_off", "npv_gbp": "net",
}  # fmt: skip


@record
class Account:
    """A portfolio's flows by council, year and draw, undiscounted real GBP; gains positive.

    Parameters
    ----------
    net : ndarray, shape (council, year, draw)
        All cash lines and activation columns.
    cashable, non_cashable : ndarray, shape (year, draw)
        Savings, extra running cost of sharing taken off the cashable ones.
    one_off : ndarray, shape (council, year, draw)
        One-off costs, positive, before grants and receipts.
    grants, receipts, risks : ndarray, shape (council, year)
        Means beside it: grants less what is clawed back, what premises bring and councils pay each other for leaving
        early, and what risks cost when they strike; all positive.
    line_means : dict of str to ndarray, shape (bundle, partner slot, year)
    activation_means : ndarray, shape (activation, council, year)
    quality : ndarray, shape (draw,)
        Weighted change of scored quality.
    compulsory, voluntary, redeployed, removed : ndarray, shape (council, draw)
        Posts.
    started : ndarray, shape (bundle, draw)
        Whether the bundle ever started.
    published : ndarray, shape (published figure, draw)
        The same measure as each published figure, simulated over the bundles that it covers, all funds.
    published_amounts : ndarray, shape (published figure, draw)
        Sum of the sizes of what was added up to it.
    """

    net: np.ndarray
    cashable: np.ndarray
    non_cashable: np.ndarray
    one_off: np.ndarray
    grants: np.ndarray
    receipts: np.ndarray
    risks: np.ndarray
    line_means: dict[str, np.ndarray]
    activation_means: np.ndarray
    quality: np.ndarray
    compulsory: np.ndarray
    voluntary: np.ndarray
    redeployed: np.ndarray
    removed: np.ndarray
    started: np.ndarray
    published: np.ndarray
    published_amounts: np.ndarray

    def npv(self, discount: np.ndarray, years: int | None = None) -> np.ndarray:
        """Return the NPV by council and draw over the first `years`, GBP, shape (council, draw)."""
        years = len(discount) if years is None else years
        return np.einsum("t,atn->an", discount[:years], self.net[:, :years])


def account(outcomes: Outcomes) -> Account:
    """Work out the account of all bundles of an appraisal together.

    Parameters
    ----------
    outcomes : Outcomes
        Of the chosen bundles alone.
    """
    builder = _Builder(outcomes)
    for run in outcomes.blocks():
        builder.add(run)
    return builder.finish()


class _Builder:
    """Adds up block by block, and what is a mean chunk by chunk: the same bits for any blocks."""

    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes, study, n_draws = outcomes, outcomes.study, outcomes.n_draws
        self.tiles = tiles_of(outcomes.table)
        shape = (len(study.councils), study.n_years, n_draws)
        self.net, self.one_off = np.zeros(shape), np.zeros(shape)
        self.cashable, self.non_cashable = np.zeros(shape[1:]), np.zeros(shape[1:])
        bundles = (*outcomes.table.groups.partners[outcomes.table.group].shape, study.n_years)
        self.line_means: dict[str, np.ndarray] = {}
        self.bundle_shape = bundles
        self.activation_means = np.zeros((len(outcomes.activations.columns), len(study.councils), study.n_years))
        self.quality = np.zeros(n_draws)
        self.staff = {
            name: np.zeros((shape[0], n_draws))
            for name in ("compulsory_exits", "voluntary_exits", "redeployments", "posts_removed")
        }
        self.started = np.zeros((len(outcomes.table), n_draws))
        self.published, self.published_amounts = np.zeros((2, len(study.model.published), n_draws))

    def add(self, run: ChunkRun) -> None:
        draws = slice(run.first, run.first + run.used)
        for rows, year, lines in run.years(self.tiles):
            self._add_lines(run, draws, rows, year, lines)
        if self.outcomes.study.model.published:
            for rows, year, lines in run.years(self.tiles, all_funds=True):
                self._add_published(draws, rows, year, {name: value[..., : run.used] for name, value in lines.items()})
        for rows, result in run.results(self.tiles):
            measures = {name: value[..., : run.used] for name, value in result.measures.items()}
            self.started[rows, draws] = measures["started"][:, 0]
            self.quality[draws] += measures["quality_change"].sum(axis=(0, 1))
            councils = self.outcomes.table.partners[rows][:, : result.npv.shape[1]]
            for name, target in self.staff.items():
                np.add.at(target[:, draws], councils, measures[name])
        for year in range(self.outcomes.study.n_years):
            self._add_activations(run, draws, year)
        self._add_published_extras(run, draws)

    def _add_lines(
        self, run: ChunkRun, draws: slice, rows: np.ndarray, year: int, lines: dict[str, np.ndarray]
    ) -> None:
        lines = {name: value[..., : run.used] for name, value in lines.items()}
        n_slots = next(iter(lines.values())).shape[1]
        councils = self.outcomes.table.partners[rows][:, :n_slots]
        np.add.at(self.net[:, year, draws], councils, measured("net", lines))
        np.add.at(self.one_off[:, year, draws], councils, measured("one_off", lines))
        self.cashable[year, draws] += measured("cashable", lines).sum(axis=(0, 1))
        self.non_cashable[year, draws] += measured("non_cashable", lines).sum(axis=(0, 1))
        for name, value in lines.items():
            if name not in self.line_means:
                self.line_means[name] = np.zeros(self.bundle_shape)
            for chunk in np.moveaxis(chunk_sums(value), -1, 0):
                self.line_means[name][rows, :n_slots, year] += chunk / self.outcomes.n_draws

    def _add_published(self, draws: slice, rows: np.ndarray, year: int, lines: dict[str, np.ndarray]) -> None:
        """Add to the simulated counterpart of each published figure; those count every fund, so these do too."""
        councils = self.outcomes.table.partners[rows][:, : next(iter(lines.values())).shape[1]]
        for at, figure in enumerate(self.outcomes.study.model.published):
            if figure.measure not in PUBLISHED or not _counts(figure, year):
                continue
            inside = self._covered(figure, rows)[:, None] & self._named(figure, councils)
            if inside.any():
                weight = self.outcomes.study.discount()[year] if figure.measure == "npv_gbp" else 1.0
                for total, of in ((self.published, measured), (self.published_amounts, amounts)):
                    total[at, draws] += weight * of(PUBLISHED[figure.measure], lines)[inside].sum(axis=0)

    def _add_published_extras(self, run: ChunkRun, draws: slice) -> None:
        for at, figure in enumerate(self.outcomes.study.model.published):
            if figure.measure == "quality_change_share":
                self.published[at, draws] = self.quality[draws]

    def _covered(self, figure: Published, rows: np.ndarray) -> np.ndarray:
        if not figure.services:
            return np.ones(len(rows), bool)
        wanted, table = set(figure.services), self.outcomes.table
        return np.array([bool(wanted & set(table.service_ids(int(row)))) for row in rows])

    def _named(self, figure: Published, councils: np.ndarray) -> np.ndarray:
        if not figure.councils:
            return np.ones(councils.shape, bool)
        return np.isin(councils, [self.outcomes.study.councils.index(name) for name in figure.councils])

    def _add_activations(self, run: ChunkRun, draws: slice, year: int) -> None:
        columns = self.outcomes.activations.columns
        if not columns:
            return
        worth = activation_draws(run.context, columns, run.context.year_clock(year))[..., : run.used]
        worth = worth * self.outcomes.needed[:, None, None]
        self.net[:, year, draws] += worth.sum(axis=0)
        once = activation_one_off(run.context, columns, year)[..., : run.used] * self.outcomes.needed[:, None, None]
        self.one_off[:, year, draws] += once.sum(axis=0)
        self._publish_activations(draws, year, {"npv_gbp": worth, "one_off_gbp": once})
        for chunk in np.moveaxis(chunk_sums(worth), -1, 0):
            self.activation_means[:, :, year] += chunk / self.outcomes.n_draws

    def _publish_activations(self, draws: slice, year: int, flows: dict[str, np.ndarray]) -> None:
        """Add what is paid once for several bundles to published figures of all services; no one service has a part."""
        study = self.outcomes.study
        for at, figure in enumerate(study.model.published):
            if figure.measure not in flows or figure.services or not _counts(figure, year):
                continue
            inside = self._named(figure, np.arange(len(study.councils)))
            weight = study.discount()[year] if figure.measure == "npv_gbp" else 1.0
            flow = weight * flows[figure.measure][:, inside]
            self.published[at, draws] += flow.sum(axis=(0, 1))
            self.published_amounts[at, draws] += np.abs(flow).sum(axis=(0, 1))

    def _of_line(self, name: str) -> np.ndarray:
        """Mean of a line by council and year, GBP."""
        result, means = np.zeros(self.net.shape[:2]), self.line_means.get(name)
        if means is not None:
            bundle, slot = np.nonzero(self.outcomes.table.partners[:, : means.shape[1]] >= 0)
            np.add.at(result, self.outcomes.table.partners[bundle, slot], means[bundle, slot])
        return result

    def _activated(self, kind: str, least: float = -np.inf) -> np.ndarray:
        """Mean of the columns of a kind by council and year, GBP, what is below `least` left out."""
        mine = [column.kind == kind for column in self.outcomes.activations.columns]
        return np.maximum(self.activation_means[np.flatnonzero(mine)], least).sum(axis=0)

    def finish(self) -> Account:
        staff = self.staff
        return Account(
            self.net,
            self.cashable,
            self.non_cashable,
            self.one_off,
            self._activated("grant"),
            self._of_line("receipts") + self._activated("existing", least=0.0),
            -self._of_line("risk_one_off") - self._activated("risk"),
            self.line_means,
            self.activation_means,
            self.quality,
            staff["compulsory_exits"],
            staff["voluntary_exits"],
            staff["redeployments"],
            staff["posts_removed"],
            self.started,
            self.published,
            self.published_amounts,
        )


def _counts(figure: Published, year: int) -> bool:
    return year == figure.years - 1 if figure.per_year else year < figure.years


__all__: Sequence[str] = ["Account", "account"]
