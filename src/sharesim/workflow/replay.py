"""One future by number: what every driver was, and where every pound of it went."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sharesim.appraisal.engine import ChunkRun, tiles_of
from sharesim.appraisal.fixed_items import activation_draws
from sharesim.appraisal.outcomes import Outcomes
from sharesim.arguments import takes, whole
from sharesim.bundles.table import BundleTable
from sharesim.display import record
from sharesim.errors import Fault, UsageError
from sharesim.report.tables import year_label
from sharesim.uncertainty.draws import CHUNK


@record
class Replay:
    """One future, line by line.

    Parameters
    ----------
    draw : int
    drivers : dict of str to float
        Every driver's value in that future.
    lines : DataFrame
        bundle (or shared item), council, year, line, gbp: undiscounted real pounds, gains positive.
    npv_gbp : dict of str to float
        NPV of each bundle and shared item in that future.
    """

    draw: int
    drivers: dict[str, float]
    lines: pd.DataFrame
    npv_gbp: dict[str, float]


_NUMBERED = "Draws and bundles are numbered from 0."
_bundle_row = whole(0, 2**62, "not the row or id of a bundle", _NUMBERED, "a row or an id of .bundles()")


def _bundle(where: str, value: Any) -> int | str:
    return value if isinstance(value, str) else _bundle_row(where, value)


@takes(draw=whole(0, 2**62, "not the number of a draw", _NUMBERED, "a whole number from 0"), bundle=_bundle)
def replay(outcomes: Outcomes, draw: int, bundle: int | str | None = None) -> Replay:
    """Return one future of one bundle, or of all bundles and shared items.

    Raises
    ------
    UsageError
        When there is no such draw or bundle.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> from sharesim.workflow.doors import appraise
    >>> future = appraise(two_councils(), draws=1024, seed=1).replay(draw=831)
    >>> sorted(set(future.lines.council))
    ['eastham', 'westham']
    """
    table = outcomes.table
    if isinstance(bundle, str):
        if bundle not in table.ids:
            raise UsageError(
                Fault(
                    "replay: bundle",
                    "no such bundle",
                    repr(bundle),
                    "an id of .bundles()",
                    "Look it up in the column bundle.",
                )
            )
        bundle = table.ids.index(bundle)
    if draw >= outcomes.n_draws or (bundle is not None and bundle >= len(table)):
        got = f"draw {draw}" + ("" if bundle is None else f", bundle {bundle}")
        allowed = f"draws 0 to {outcomes.n_draws - 1}, bundles 0 to {len(table) - 1}"
        raise UsageError(Fault("replay", "no such future", got, allowed, _NUMBERED))
    small = table if bundle is None else table.take(np.array([bundle]))
    run, at = next(iter(outcomes.chunks([draw // CHUNK]))), draw % CHUNK
    records = _bundle_records(run, small, at)
    if bundle is None:
        records += _activation_records(outcomes, run, at)
    frame = pd.DataFrame(records, columns=["bundle", "council", "year", "line", "gbp"])
    drivers = {
        spec.name: float(value) for spec, value in zip(outcomes.study.drivers, run.context.values[:, at], strict=True)
    }
    return Replay(draw, drivers, frame, _npv(outcomes, frame))


def _bundle_records(run: ChunkRun, table: BundleTable, at: int) -> list[tuple[str, str, str, str, float]]:
    study, records = run.context.study, []
    for rows, year, lines in run.years(tiles_of(table)):
        for name, values in lines.items():
            if name == "carbon_tonnes":
                continue  # tonnes are no pounds
            for row, slot in zip(*np.nonzero(values[..., at]), strict=True):
                council = table.partners[rows[row], slot]
                records.append(
                    (
                        table.id_of(rows[row]),
                        study.councils.ids[council],
                        year_label(study, year),
                        name,
                        float(values[row, slot, at]),
                    )
                )
    return records


def _activation_records(outcomes: Outcomes, run: ChunkRun, at: int) -> list[tuple[str, str, str, str, float]]:
    study, columns, records = outcomes.study, outcomes.activations.columns, []
    for year in range(study.n_years):
        # What no bundle here needs is not paid.
        worth = activation_draws(run.context, columns, run.context.year_clock(year))[..., at]
        worth = worth * outcomes.needed[:, None]
        for column, council in zip(*np.nonzero(worth), strict=True):
            name = columns[column]
            records.append(
                (
                    name.id,
                    study.councils.ids[council],
                    year_label(study, year),
                    name.kind,
                    float(worth[column, council]),
                )
            )
    return records


def _npv(outcomes: Outcomes, frame: pd.DataFrame) -> dict[str, float]:
    labels = {year_label(outcomes.study, year): factor for year, factor in enumerate(outcomes.study.discount())}
    cash = frame[frame.line != "saving_non_cashable"]
    worth = (cash.gbp * cash.year.map(labels)).groupby(cash.bundle).sum()
    return {str(bundle): float(gbp) for bundle, gbp in worth.items()}
