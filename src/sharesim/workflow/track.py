"""A run while it is carried out: actuals beside the simulated band, and the out-turn projected from what has been seen.

The futures stay as they were simulated; those that look like what was seen get more weight (importance weights, as a
particle filter gives them without resampling). What the weights rest on is said: the effective number of futures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sharesim.appraisal.engine import tiles_of
from sharesim.appraisal.fixed_items import activation_draws, activation_one_off
from sharesim.appraisal.measured import amounts, measured
from sharesim.appraisal.outcomes import Outcomes
from sharesim.appraisal.outcomes import appraise as simulate
from sharesim.arguments import a_flag, a_path, an_instance, number, takes
from sharesim.bundles.enumerate import candidates
from sharesim.display import record
from sharesim.errors import Fault, UsageError
from sharesim.folders.choose import seen_from
from sharesim.folders.mark import MANIFEST, Origin
from sharesim.folders.place import Place, being_written
from sharesim.insight.reweighting import Weights, reweighted, weighted_percentile
from sharesim.measures import percentile_of
from sharesim.report.budget import price_index
from sharesim.report.matrix import arrangements
from sharesim.report.tables import year_label
from sharesim.study.study import Study
from sharesim.uncertainty.amounts import first_of
from sharesim.workflow.actuals import MEASURES, Actual, Known, Series, read_actuals
from sharesim.workflow.again import read_run
from sharesim.workflow.folder import write_csv, write_json
from sharesim.workflow.versions import versions

#: How far a future may lie from what was seen, as a share of the spread of the futures.
NOISE_SHARE = 0.25
MOST_DRAWS = 8192
#: On track from the first percentile on, at risk from the second on, off track below.
ON_TRACK, AT_RISK = 25.0, 5.0


@record
class Tracked:
    """Actuals beside a run.

    Parameters
    ----------
    study : Study
    letters : mapping of str to str
        Title of each arrangement by letter.
    actuals : tuple of Actual
    flows : mapping of Series to ndarray, shape (year, draw)
        Simulated, in the money of each year.
    amounts : mapping of Series to ndarray, shape (year, draw)
        Sum of the sizes of what was added up to them.
    npv : ndarray, shape (draw,)
        Value of the portfolio, real and discounted.
    weights : Weights
    noise_share : float
    """

    study: Study
    letters: dict[str, str]
    actuals: tuple[Actual, ...]
    flows: dict[Series, np.ndarray]
    amounts: dict[Series, np.ndarray]
    npv: np.ndarray
    weights: Weights
    noise_share: float = NOISE_SHARE

    @takes(series=an_instance(Series, "not a series", "Series"))
    def what(self, series: Series) -> str:
        """Return what a series is about, in words."""
        names = self.study.councils
        parts = [
            f"{self.letters[series.arrangement]} ({series.arrangement})" if series.arrangement else "All arrangements"
        ]
        parts += [names.name(names.index(series.council))] if series.council else []
        return ", ".join(parts)

    @cached_property
    def bands(self) -> pd.DataFrame:
        """One row per series and financial year: what was seen, the simulated band, the percentile, the projection."""
        seen = {(item.series, item.year): item for item in self.actuals}
        rows = []
        for series, flow in self.flows.items():
            for year in range(self.study.n_years):
                item = seen.get((series, year))
                rows.append(self._band(series, year, item, flow[year]))
        return pd.DataFrame(rows)

    def _band(self, series: Series, year: int, item: Actual | None, draws: np.ndarray) -> dict[str, object]:
        weights, share = self.weights.values, item.months / 12.0 if item else 0.0
        # What is seen stands; the rest of the year is taken from the futures that look like it.
        whole = (item.gbp if item else 0.0) + (1.0 - share) * draws
        return {
            "arrangement": series.arrangement, "council": series.council, "measure": series.measure,
            "what": self.what(series),
            "year": year_label(self.study, year), "months": item.months if item else 0,
            "actual_gbp": item.gbp if item else float("nan"),
            "expected_gbp": float(share * draws.mean()) if item else float("nan"),
            "percentile": self._place(series, [item], item.gbp) if item else float("nan"),
            "simulated_mean_gbp": float(draws.mean()),
            **{f"simulated_p{q}_gbp": float(np.percentile(draws, q)) for q in (5, 25, 50, 75, 95)},
            "projected_mean_gbp": float(weights @ whole),
            "projected_p5_gbp": weighted_percentile(whole, weights, 5),
            "projected_p95_gbp": weighted_percentile(whole, weights, 95),
        }  # fmt: skip

    @cached_property
    def highlights(self) -> pd.DataFrame:
        """One row per series: to date, the out-turn over the horizon as planned and as projected, and its status."""
        return pd.DataFrame([self._highlight(series) for series in self.flows])

    def _highlight(self, series: Series) -> dict[str, object]:
        mine = [item for item in self.actuals if item.series == series]
        flow, weights = self.flows[series], self.weights.values
        to_date = sum(flow[item.year] * (item.months / 12.0) for item in mine)
        got = sum(item.gbp for item in mine)
        # What is seen stands; what is not yet seen is taken from the futures that look like it.
        out_turn = got + flow.sum(axis=0) - to_date
        percentile = self._place(series, mine, got)
        good = 100.0 - percentile if series.measure == "one_off" else percentile
        return {
            "arrangement": series.arrangement, "council": series.council, "measure": series.measure,
            "what": self.what(series),
            "months": sum(item.months for item in mine), "actual_gbp": got, "expected_gbp": float(np.mean(to_date)),
            "percentile": percentile, "worse_percent": good, "planned_mean_gbp": float(flow.sum(axis=0).mean()),
            "projected_mean_gbp": float(weights @ out_turn), "projected_p5_gbp": weighted_percentile(out_turn,
            weights, 5),
            "projected_p95_gbp": weighted_percentile(out_turn, weights, 95), "status": status(good),
        }  # fmt: skip

    def _place(self, series: Series, items: Sequence[Actual], got: float) -> float:
        """Return where a sum that was seen lies among the futures of the same months, in percent."""
        months = [(item.year, item.months / 12.0) for item in items]
        flow, amounts = (
            sum(part[series][year] * share for year, share in months) for part in (self.flows, self.amounts)
        )
        return float(percentile_of(flow, got, amounts))

    @cached_property
    def by_arrangement(self) -> pd.DataFrame:
        """One row per arrangement of which something was seen: the worst status of its series, and which that is."""
        order = {"off track": 0, "at risk": 1, "on track": 2}
        frame = self.highlights.assign(rank=[order[text] for text in self.highlights.status])
        worst = frame.sort_values(["rank", "worse_percent"], kind="stable").groupby("arrangement", sort=True).head(1)
        worst = worst.sort_values("arrangement", kind="stable")
        return pd.DataFrame(
            {
                "arrangement": worst.arrangement,
                "what": [self.letters.get(letter, "All arrangements") for letter in worst.arrangement],
                "status": worst.status,
                "because": [MEASURES[name] for name in worst.measure],
                "worse_percent": worst.worse_percent,
            }
        ).reset_index(drop=True)

    def value(self) -> dict[str, float]:
        """Return the portfolio's value as simulated, and given what has been seen: mean, range, chance of a loss."""
        weights = self.weights.values
        return {
            "simulated_mean_gbp": float(self.npv.mean()),
            "projected_mean_gbp": float(weights @ self.npv),
            "projected_p5_gbp": weighted_percentile(self.npv, weights, 5),
            "projected_p95_gbp": weighted_percentile(self.npv, weights, 95),
            "simulated_loss_share": float((self.npv < 0).mean()),
            "projected_loss_share": float(weights @ (self.npv < 0)),
        }


def summary(tracked: Tracked) -> str:
    """Return the highlight report in words, for a terminal."""
    from sharesim.report.decision import text_of
    from sharesim.report.tracking import lead, rests

    rows: Iterable[Any] = tracked.by_arrangement.itertuples()
    lines = [f"{row.what}: {row.status} ({row.because.lower()}: {row.worse_percent:.0f}% of futures did worse)"
             for row in rows]  # fmt: skip
    return "\n".join([*lines, text_of(lead(about(tracked))), rests(about(tracked))])


def about(tracked: Tracked) -> dict[str, object]:
    """Return what a page says of a tracked run beside its tables."""
    return {
        "title": tracked.study.model.study.title, "measures": MEASURES, "value": tracked.value(),
        "effective": tracked.weights.effective, "softening": tracked.weights.softening, "n_draws": tracked.npv.size,
        "noise_share": tracked.noise_share,
    }  # fmt: skip


@takes(
    tracked=an_instance(Tracked, "not a tracked run", "what track returned", "Call track(run, actuals) first."),
    folder=a_path, replace_edited=a_flag,
)  # fmt: skip
def write_track(tracked: Tracked, folder: str | Path, replace_edited: bool = False) -> Path:
    """Write track.html, figures and the tables as CSV into a folder, whole; return the page's path.

    Raises
    ------
    OutputError
        When the folder cannot be written, or holds something else than an earlier highlight report.
    """
    from sharesim.report.tracking import tracking_page

    frames = {"by_arrangement": tracked.by_arrangement, "highlights": tracked.highlights, "bands": tracked.bands}
    folder = Path(folder)
    origin = seen_from(Origin(tracked.study.source), folder.parent)
    with being_written(Place(folder, "track", origin, replace_edited)) as aside:
        for name, frame in frames.items():
            write_csv(frame, aside / f"{name}.csv")
        page = tracking_page(about(tracked), frames, aside)
        write_json(aside / "track.json", about(tracked))
        write_json(
            aside / MANIFEST,
            {"study": tracked.study.model.study.name, "study_hash": tracked.study.content_hash, "versions": versions()},
        )
    return folder / page.name


def status(good_percentile: float) -> str:
    """Return on track, at risk or off track, by the percentile of what was seen; the higher the better.

    Examples
    --------
    >>> status(60), status(10), status(2)
    ('on track', 'at risk', 'off track')
    """
    return "on track" if good_percentile >= ON_TRACK else "at risk" if good_percentile >= AT_RISK else "off track"


@takes(run=a_path, actuals=a_path, noise_share=number(0.01, 10.0, "out of bounds", "0.25 is usual."))
def track(run: str | Path, actuals: str | Path, *, noise_share: float = NOISE_SHARE) -> Tracked:
    """Return actuals beside a run's simulated futures.

    Parameters
    ----------
    run : str or Path
        Folder of a run.
    actuals : str or Path
        CSV file: period, measure, gbp, and arrangement and council where a figure is not of all together.
    noise_share : float
        How far a future may lie from what was seen, as a share of the spread of the futures (one standard deviation).

    Raises
    ------
    UsageError
        When the folder is no run, or was made by a study or version that cannot be had again.
    StudyError
        With every fault of the file.
    """
    outcomes = _outcomes(Path(run))
    study, table = outcomes.study, outcomes.table
    chosen = arrangements(study, table)
    letters = {item.letter: item.title for item in chosen}
    ids = tuple(table.ids[item.row] for item in chosen)
    known = Known(tuple(letters), ids, study.councils.ids, study.model.study.start, study.n_years)
    seen = read_actuals(Path(actuals), known)
    rows = {item.letter: item.row for item in chosen}
    flows, amounts = _flows(outcomes, sorted({item.series for item in seen}), rows)
    simulated = np.stack([flows[item.series][item.year] * (item.months / 12.0) for item in seen])
    figures = np.array([item.gbp for item in seen])
    weights = reweighted(simulated, figures, noise_share * simulated.std(axis=1))
    npv = outcomes.npv.sum(axis=(0, 1)) + outcomes.needed @ outcomes.activation_npv.sum(axis=1)
    return Tracked(study, letters, seen, flows, amounts, npv, weights, noise_share)


def _outcomes(folder: Path) -> Outcomes:
    """Return a run's portfolio on its judging futures, simulated again."""
    run = read_run(folder)
    study, judged = run.study, run.manifest["judging_draws"]
    try:
        frame = pd.read_csv(folder / "portfolio.csv", dtype=str, keep_default_na=False, encoding="utf-8")
        ids = [str(name) for name in frame.bundle]
    except (OSError, ValueError, AttributeError):
        remedy = "Run the study again."
        raise UsageError(Fault(str(folder / "portfolio.csv"), "is missing or damaged", "", "", remedy)) from None
    table = candidates(study)
    missing = [name for name in ids if name not in table.ids]
    if missing or not ids:
        got = f"no bundle {missing[0]}" if missing else "nothing is shared"
        raise UsageError(Fault(str(folder), "its portfolio cannot be had again", got, "", "Run the study again."))
    position = {name: at for at, name in enumerate(table.ids)}
    chosen = table.take(np.array([position[name] for name in ids]))
    n_draws, scrambles = first_of(int(judged["used"]), int(judged.get("scrambles", 1)), MOST_DRAWS)
    return simulate(
        study, chosen, seed=int(judged["seed"]), purpose="judge", n_draws=n_draws, scrambles=scrambles
    )


def _flows(
    outcomes: Outcomes, wanted: Sequence[Series], rows: dict[str, int]
) -> tuple[dict[Series, np.ndarray], dict[Series, np.ndarray]]:
    """Return the simulated flows of each series in the money of each year, and the sum of the sizes of what was added
    up to them, each of shape (year, draw)."""
    study, table = outcomes.study, outcomes.table
    flows, sizes = ({series: np.zeros((study.n_years, outcomes.n_draws)) for series in wanted} for _ in range(2))
    tiles, columns = tiles_of(table), outcomes.activations.columns
    masks = {series: _mask(outcomes, series, rows) for series in wanted}
    for run in outcomes.blocks():
        draws = slice(run.first, run.first + run.used)
        for placed, year, lines in run.years(tiles):
            for series in wanted:
                mask = masks[series][placed]
                if mask.any():
                    for total, of in ((flows, measured), (sizes, amounts)):
                        value = of(series.measure, lines)[..., : run.used]
                        total[series][year, draws] += value[mask[:, : value.shape[1]]].sum(axis=0)
        for series in wanted:
            if series.arrangement or series.measure in ("cashable", "non_cashable") or not columns:
                continue
            councils = slice(None) if not series.council else [study.councils.index(series.council)]
            for year in range(study.n_years):
                if series.measure == "net":
                    worth = activation_draws(run.context, columns, run.context.year_clock(year))
                else:
                    worth = activation_one_off(run.context, columns, year)
                worth = worth[outcomes.needed][:, councils, : run.used]
                flows[series][year, draws] += worth.sum(axis=(0, 1))
                sizes[series][year, draws] += np.abs(worth).sum(axis=(0, 1))
    index = price_index(study)[:, None]
    return {name: flow * index for name, flow in flows.items()}, {name: size * index for name, size in sizes.items()}


def _mask(outcomes: Outcomes, series: Series, rows: dict[str, int]) -> np.ndarray:
    """Return which partner slots of which bundles a series covers, shape (bundle, partner slot)."""
    partners = outcomes.table.partners
    mask = partners >= 0
    if series.council:
        mask = mask & (partners == outcomes.study.councils.index(series.council))
    if series.arrangement:
        mask = mask & (np.arange(len(partners)) == rows[series.arrangement])[:, None]
    return mask


__all__ = ["Tracked", "about", "status", "summary", "track", "write_track"]
