"""Tables of the options of an appraisal, what rules cost, and portfolios nearly as good (plans B)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sharesim.appraisal.account import Account
from sharesim.appraisal.context import mean_of
from sharesim.appraisal.outcomes import Outcomes
from sharesim.display import record
from sharesim.measures import cvar, mean, percentile, probability_below
from sharesim.report import breakdown, public
from sharesim.report.tables import year_label
from sharesim.study.study import Study


@record
class Option:
    """One option of an appraisal.

    Parameters
    ----------
    key : str
    title : str
    how : str
        How it was found, in a sentence.
    rows : tuple of int
        Its bundles among the candidates.
    outcomes, account : optional
        Its bundles on the judging futures, and their flows; absent where nothing changes.
    sets_rules_aside : bool
        Whether it breaks rules of the study.
    """

    key: str
    title: str
    how: str
    rows: tuple[int, ...] = ()
    outcomes: Outcomes | None = None
    account: Account | None = None
    sets_rules_aside: bool = False


@record
class Beyond:
    """What was worked out besides the preferred portfolio: other options, costs of rules, and plans B.

    Parameters
    ----------
    options : sequence of Option
        From the least to the most ambitious.
    rule_costs : DataFrame or None
        name, kind (rule or owner), low_gbp, high_gbp, mean_npv_gbp, loss_probability, status.
    alternatives : DataFrame or None
        plan, bundles, npv_mean_gbp, given_up_gbp, better_share, probability_of_loss, differs_share.
    budget_seconds, seconds : float
        Time allowed for the searches, and time taken for everything.
    """

    options: Sequence[Option] = ()
    rule_costs: pd.DataFrame | None = None
    alternatives: pd.DataFrame | None = None
    budget_seconds: float = 0.0
    seconds: float = 0.0


def options_table(study: Study, options: Sequence[Option]) -> pd.DataFrame:
    """Return one row per option: what it is worth, what it costs, who loses, on the judging futures.

    Returns
    -------
    DataFrame
        option, title, how, n_services and n_arrangements (shared by two councils or more), NPV and its range (real,
        discounted), one_off_gbp (before grants and receipts), grants_gbp, receipts_gbp and cashable_undiscounted_gbp
        (all undiscounted), losing councils, exits,
        npsv_gbp and bcr of the public-value reading.
    """
    return pd.DataFrame([_row(study, option) for option in options])


def _row(study: Study, option: Option) -> dict[str, Any]:
    row: dict[str, Any] = {"option": option.key, "title": option.title, "how": option.how}
    if option.outcomes is None or option.account is None:
        zeros = ("n_services", "n_arrangements", "npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp", "probability_of_loss",
        "cvar_gbp",
                 "one_off_gbp", "grants_gbp", "receipts_gbp", "cashable_undiscounted_gbp", "n_losing",
                 "compulsory_exits_posts", "npsv_gbp")  # fmt: skip
        return row | dict.fromkeys(zeros, 0.0) | {"bcr": float("nan")}
    table, flows = option.outcomes.table, option.account
    together = np.flatnonzero(table.n_partners > 1).tolist()
    npv = flows.npv(study.discount())
    total = npv.sum(axis=0)
    reading = public.public_value(option.outcomes)
    return row | {
        "n_services": float(len({service for at in together for service in table.service_ids(at)})),
        "n_arrangements": float(len(together)),
        "npv_mean_gbp": float(mean(total)),
        "npv_p5_gbp": float(percentile(total, 5)),
        "npv_p95_gbp": float(percentile(total, 95)),
        "probability_of_loss": float(probability_below(total, 0.0)),
        "cvar_gbp": float(cvar(total, 0.05)),
        "one_off_gbp": float(mean(flows.one_off.sum(axis=(0, 1)))),
        "grants_gbp": float(flows.grants.sum()),
        "receipts_gbp": float(flows.receipts.sum()),
        "cashable_undiscounted_gbp": float(mean(flows.cashable.sum(axis=0))),
        "n_losing": float((npv.mean(axis=1) < -0.5).sum()),
        "compulsory_exits_posts": float(flows.compulsory.sum(axis=0).mean()),
        "npsv_gbp": reading.npsv_mean_gbp,
        "bcr": reading.bcr,
    }


def lines_by_option(options: Sequence[Option]) -> pd.DataFrame:
    """Return discounted mean pounds by line, one column per option; every column adds up to the option's value."""
    wide: dict[str, pd.Series] = {}
    for option in options:
        if option.outcomes is not None and option.account is not None:
            cells = breakdown.cells(option.outcomes, option.account)
            wide[option.key] = cells.groupby("title", sort=False).value_gbp.sum()
    frame = pd.DataFrame(wide)
    order = [title for title in (*breakdown.LINES.values(), *frame.index) if title in frame.index]
    frame = frame.reindex(list(dict.fromkeys(order))).fillna(0.0)
    return frame.rename_axis("title").reset_index()


def baseline_path(study: Study) -> pd.DataFrame:
    """Return business as usual: the yearly cost of the services studied, real GBP at the price base, by council.

    Growth and savings that are in the plan already are at their central figures.
    """
    cost, planned = (_by_council(study, f"baseline.{name}") for name in ("cost_gbp", "planned_saving_gbp"))
    growth = mean_of(study, study.numbers["study.cost_growth_per_year"][()])
    frame = pd.DataFrame({"council": list(study.councils.ids), "name": list(study.councils.names)})
    for year in range(study.n_years):
        frame[year_label(study, year)] = cost * (1.0 + growth) ** year - planned
    return frame


def _by_council(study: Study, path: str) -> np.ndarray:
    """Return the mean of a baseline column summed over services, shape (council,)."""
    return np.array(
        [
            sum(
                mean_of(study, study.numbers[path][council, service])
                for service in np.flatnonzero(study.present[council])
            )
            for council in range(len(study.councils))
        ],
        dtype=float,
    )


__all__ = ["Beyond", "Option", "baseline_path", "lines_by_option", "options_table"]
