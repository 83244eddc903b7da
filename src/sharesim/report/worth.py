"""Tables of what a portfolio is worth: over which horizon, when it is paid back, and how the futures spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sharesim.appraisal.account import Account
from sharesim.measures import Design, cvar, mean, payback_years, percentile, probability_below, standard_errors
from sharesim.report.tables import year_label
from sharesim.study.study import Study

FAN = (5, 10, 25, 50, 75, 90, 95)


def fan(study: Study, account: Account) -> pd.DataFrame:
    """Return the spread of cumulative cash at the end of each year, undiscounted real GBP.

    Returns
    -------
    DataFrame
        year, mean_gbp and p5_gbp to p95_gbp: the share of futures that stay at or below.
    """
    cumulative = np.cumsum(account.net.sum(axis=0), axis=0)
    frame = pd.DataFrame(
        {"year": [year_label(study, year) for year in range(study.n_years)], "mean_gbp": mean(cumulative)}
    )
    for q in FAN:
        frame[f"p{q}_gbp"] = percentile(cumulative, q)
    return frame


def yearly(study: Study, account: Account) -> pd.DataFrame:
    """Return mean savings, costs and net effect of each year, undiscounted real GBP; costs are negative.

    Cashable savings have the extra cost of working together taken off; one-off costs are before grants and receipts;
    running costs are all that is left.
    """
    cashable, net, once = mean(account.cashable), mean(account.net.sum(axis=0)), mean(account.one_off.sum(axis=0))
    grants, receipts, risks = (part.sum(axis=0) for part in (account.grants, account.receipts, account.risks))
    return pd.DataFrame(
        {
            "year": [year_label(study, year) for year in range(study.n_years)],
            "cashable_gbp": cashable,
            "one_off_gbp": -once,
            "grants_gbp": grants,
            "receipts_gbp": receipts,
            "risks_gbp": -risks,
            "running_gbp": net - cashable + once - grants - receipts + risks,
            "net_gbp": net,
            "non_cashable_gbp": mean(account.non_cashable),
        }
    )


def horizons(study: Study, account: Account, design: Design) -> pd.DataFrame:
    """Return what the portfolio is worth over the shorter horizons reported and over the whole one.

    Returns
    -------
    DataFrame
        years; NPV (real, discounted) with its Monte Carlo error, range and chance of a loss; savings undiscounted.
    """
    discount = study.discount()
    wanted = sorted({*study.model.study.report_years, study.n_years})
    rows = []
    for years in wanted:
        npv = account.npv(discount, years).sum(axis=0)
        rows.append(
            {
                "years": years,
                "npv_mean_gbp": float(mean(npv)),
                "npv_mean_error_gbp": float(standard_errors(npv, "mean", design)),
                "npv_p5_gbp": float(percentile(npv, 5)),
                "npv_p50_gbp": float(percentile(npv, 50)),
                "npv_p95_gbp": float(percentile(npv, 95)),
                "probability_of_loss": float(probability_below(npv, 0.0)),
                "cvar_gbp": float(cvar(npv, 0.05)),
                "cashable_undiscounted_gbp": float(mean(account.cashable[:years].sum(axis=0))),
                "non_cashable_undiscounted_gbp": float(mean(account.non_cashable[:years].sum(axis=0))),
                "one_off_gbp": float(mean(account.one_off[:, :years].sum(axis=(0, 1)))),
                "grants_gbp": float(account.grants[:, :years].sum()),
                "receipts_gbp": float(account.receipts[:, :years].sum()),
            }
        )
    return pd.DataFrame(rows)


def payback(study: Study, account: Account) -> pd.DataFrame:
    """Return when the portfolio has paid for itself for good, undiscounted, and what has to be found before.

    Returns
    -------
    DataFrame
        One row for all councils together (council empty) and one for each: share of futures paid back within each
        reported horizon, years until half of all futures are (infinite where fewer are), and peak funding.
    """
    net = np.concatenate([account.net.sum(axis=0)[None], account.net])
    cumulative = np.cumsum(net, axis=1)
    years = payback_years(cumulative)
    peak = np.maximum(-cumulative.min(axis=1), 0.0)
    frame = pd.DataFrame({"council": ["", *study.councils.ids], "payback_p50_years": percentile(years, 50)})
    for horizon in sorted({*study.model.study.report_years, study.n_years}):
        frame[f"paid_back_in_{horizon}_years_share"] = 1.0 - probability_below(cumulative[:, horizon - 1], 0.0)
    frame["peak_funding_mean_gbp"] = mean(peak)
    frame["peak_funding_p95_gbp"] = percentile(peak, 95)
    return frame


def spread(npv: np.ndarray, n_bars: int = 40) -> pd.DataFrame:
    """Return how many futures fall where, for a histogram that keeps zero on an edge between two bars.

    Parameters
    ----------
    npv : ndarray, shape (draw,)
        GBP.

    Returns
    -------
    DataFrame
        from_gbp, to_gbp, futures_share; the outermost bars hold the futures beyond the 0.5% and 99.5% points.
    """
    low, high = float(percentile(npv, 0.5)), float(percentile(npv, 99.5))
    width = _round_step((high - low) / n_bars)
    first = np.floor(low / width)
    edges = width * np.arange(first, max(np.ceil(high / width), first + 1) + 1)
    counts, _ = np.histogram(np.clip(npv, edges[0], edges[-1]), edges)
    return pd.DataFrame({"from_gbp": edges[:-1], "to_gbp": edges[1:], "futures_share": counts / npv.size})


def _round_step(size: float) -> float:
    """Return a round step of about a size, so that bars end on figures that people read."""
    if size <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(size))
    return float(power * min((1.0, 2.0, 2.5, 5.0, 10.0), key=lambda step: abs(step - size / power)))


def council_ranges(names: Sequence[str], npv: np.ndarray) -> pd.DataFrame:
    """Return the middle and the spread of each council's value, GBP.

    Parameters
    ----------
    names : sequence of str
    npv : ndarray, shape (council, draw)
    """
    frame = pd.DataFrame({"council": list(names), "mean_gbp": mean(npv)})
    for q in (5, 25, 50, 75, 95):
        frame[f"p{q}_gbp"] = percentile(npv, q)
    frame["probability_of_loss"] = probability_below(npv, 0.0)
    return frame
