"""The public-value reading: what society gains, whoever in the public sector pays, without transfers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sharesim.appraisal.engine import ChunkRun, PlacedTile, tiles_of
from sharesim.appraisal.fixed_items import activation_draws
from sharesim.appraisal.flows import CASH_LINES
from sharesim.appraisal.outcomes import Outcomes
from sharesim.measures import percentile
from sharesim.report import breakdown
from sharesim.uncertainty.draws import CHUNK

#: Lines that move money from one pocket of the public to another: no resource is used up or saved.
TRANSFERS = ("redundancy", "pension_strain", "vat", "host_fee", "cost_sharing", "joining_fee")
BENEFITS = ("saving_cashable", "saving_non_cashable", "carbon", "quality")
#: Judging futures simulated for this reading.
MOST_CHUNKS = 2


@dataclass(frozen=True)
class PublicValue:
    """A portfolio in the public-value reading, all funds, real and discounted.

    Parameters
    ----------
    lines_gbp : dict of str to float
        Mean of each line that counts; ``shared`` holds items paid once for several arrangements and what risks cost.
    npsv_mean_gbp, npsv_p5_gbp, npsv_p95_gbp : float
        Net present social value: benefits less costs.
    benefits_gbp, costs_gbp : float
        Mean present values; costs are positive.
    n_draws : int
    """

    lines_gbp: dict[str, float]
    npsv_mean_gbp: float
    npsv_p5_gbp: float
    npsv_p95_gbp: float
    benefits_gbp: float
    costs_gbp: float
    n_draws: int

    @property
    def bcr(self) -> float:
        """Benefits for each pound of cost; nan where nothing is spent."""
        return self.benefits_gbp / self.costs_gbp if self.costs_gbp > 0 else float("nan")


def public_value(outcomes: Outcomes) -> PublicValue:
    """Return the public-value reading of bundles chosen together, on the first of their futures.

    Redundancy pay, pension strain, irrecoverable VAT, grants and charges between councils are transfers and left out;
    time saved, carbon and quality count at the values of [readings]; every fund counts, not only the General Fund.

    Parameters
    ----------
    outcomes : Outcomes
        Of the chosen bundles alone.

    Examples
    --------
    >>> from sharesim.appraisal.outcomes import appraise
    >>> from sharesim.bundles.enumerate import candidates
    >>> from sharesim.examples import two_councils
    >>> study = two_councils()
    >>> table = candidates(study).take([0])
    >>> found = public_value(appraise(study, table, seed=1, purpose="judge", n_draws=64))
    >>> "redundancy" in found.lines_gbp, bool(np.isclose(found.npsv_mean_gbp, found.benefits_gbp - found.costs_gbp))
    (False, True)
    """
    outcomes = _without_premium(outcomes)
    study, discount = outcomes.study, outcomes.study.discount()
    tiles, counted = tiles_of(outcomes.table), (*CASH_LINES, "saving_non_cashable")
    draws: dict[str, list[np.ndarray]] = defaultdict(list)
    for run in outcomes.blocks(MOST_CHUNKS * CHUNK):
        sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(run.used))  # noqa: B023
        for _, year, lines in run.years(tiles, all_funds=True):
            for name in counted:
                if name in lines and name not in TRANSFERS:
                    sums[name] += discount[year] * lines[name].sum(axis=(0, 1))[: run.used]
            if "carbon_tonnes" in lines:
                price = study.model.readings.carbon_gbp_per_tonne
                sums["carbon"] += discount[year] * price * lines["carbon_tonnes"].sum(axis=(0, 1))[: run.used]
        if "saving_non_cashable" in sums:
            sums["saving_non_cashable"] *= study.model.readings.non_cashable_value_share
        if study.model.readings.quality_gbp:
            sums["quality"] += study.model.readings.quality_gbp * _quality(run, tiles)[: run.used]
        sums["shared"] += _shared(outcomes, run)[: run.used]
        for name, values in sums.items():
            draws[name].append(values)
    lines = {name: np.concatenate(parts) for name, parts in draws.items()}
    total = sum(lines.values())
    means = {name: float(values.mean()) for name, values in lines.items()}
    benefits = sum(means.get(name, 0.0) for name in BENEFITS)
    costs = -sum(value for name, value in means.items() if name not in BENEFITS)
    low, high = (float(percentile(total, q)) for q in (5, 95))
    return PublicValue(means, float(np.mean(total)), low, high, benefits, costs, int(np.size(total)))


def _without_premium(outcomes: Outcomes) -> Outcomes:
    """Return the outcomes without the host's premium: it lies within the savings, and is a transfer as any fee is.

    Where a council is abolished, what its successor pays to a host is no saving of anybody's.
    """
    model = outcomes.study.model
    if not model.split.host_premium_share:
        return outcomes
    split = model.split.model_copy(update={"host_premium_share": 0.0})
    return replace(outcomes, study=replace(outcomes.study, model=model.model_copy(update={"split": split})))


def _quality(run: ChunkRun, tiles: list[PlacedTile]) -> np.ndarray:
    """Return the weighted change of scored quality, shape (draw,)."""
    return sum(
        (found.measures["quality_change"].sum(axis=(0, 1)) for _, found in run.results(tiles)),
        np.zeros(run.context.n_draws),
    )


def _shared(outcomes: Outcomes, run: ChunkRun) -> np.ndarray:
    """Return what is paid once for several bundles, grants left out, discounted GBP, shape (draw,)."""
    columns = outcomes.activations.columns
    kept = [needed and column.kind != "grant" for needed, column in zip(outcomes.needed, columns, strict=True)]
    if not any(kept):
        return np.zeros(run.context.n_draws)
    worth = activation_draws(run.context, columns, run.context.clock)
    return worth[np.array(kept)].sum(axis=(0, 1))


def table(found: PublicValue) -> pd.DataFrame:
    """Return the public-value reading line by line, discounted GBP, with its totals in the last rows."""
    names = breakdown.LINES | {
        "shared": "Paid once for several arrangements, and risks",
        "carbon": "Carbon avoided",
        "quality": "Quality",
    }
    rows = [(name, names[name], value) for name, value in found.lines_gbp.items() if value]
    return pd.DataFrame(rows, columns=["line", "title", "value_gbp"])


__all__ = ["BENEFITS", "TRANSFERS", "PublicValue", "public_value", "table"]
