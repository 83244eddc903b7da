"""Effects on budgets: medium-term plan, reserves and their floor, and Band D, in the money of each year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sharesim.appraisal.account import Account
from sharesim.measures import mean, percentile, probability_below
from sharesim.report.tables import year_label
from sharesim.study.study import Study


def price_index(study: Study) -> np.ndarray:
    """Return what a pound of the price base is in the money of each year, shape (year,).

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> [round(float(factor), 3) for factor in price_index(two_councils())[:3]]
    [1.0, 1.02, 1.04]
    """
    first = study.first_year - int(study.model.study.price_base[:4])
    return (1.0 + study.model.finance.inflation_per_year) ** (first + np.arange(study.n_years))


def nominal(study: Study, values: np.ndarray) -> np.ndarray:
    """Return flows by (council, year, draw) in the money of each year."""
    return values * price_index(study)[None, :, None]


def against_plan(study: Study, account: Account) -> pd.DataFrame:
    """Return the effect on each General Fund and the lines of its medium-term plan, in the money of each year.

    Returns
    -------
    DataFrame
        council, name, line, kind (plan, effect, low or left), one column per financial year, all_gbp. An effect that
        helps is positive; what is left to find is the plan's gap less the mean effect. Councils without a plan have
        their effect alone.
    """
    labels = [year_label(study, year) for year in range(study.n_years)]
    net = nominal(study, account.net)
    rows: list[dict[str, object]] = []
    for at, council in enumerate(study.councils.ids):
        gap = np.zeros(study.n_years)
        lines = [item for item in study.model.medium_term_plan if item.council == council]
        if not (lines or net[at].any()):
            continue  # neither a plan nor an effect
        found = []
        for item in lines:
            given = np.array(item.amounts_gbp[: study.n_years])
            amounts = np.concatenate([given, np.zeros(study.n_years - given.size)])
            gap += amounts
            found.append((item.line, "plan", amounts))
        effect = np.asarray(mean(net[at]))
        found.append(("Effect of sharing, on average", "effect", effect))
        found.append(("The same, low (5%)", "low", np.asarray(percentile(net[at], 5))))
        if lines:
            found.append(("Left to find after it", "left", gap - effect))
        name = study.councils.name(at)
        rows += [
            {"council": council, "name": name, "line": line, "kind": kind}
            | dict(zip(labels, values.tolist(), strict=True))
            for line, kind, values in found
        ]
    frame = pd.DataFrame(rows)
    return frame.assign(all_gbp=frame[labels].sum(axis=1).where(frame.kind != "low"))


def called(study: Study, account: Account) -> tuple[np.ndarray, np.ndarray]:
    """Return what is drawn from receipts and from reserves by each year's end, in the money of each year.

    Cumulative cash below zero is paid from receipts first, as far as they reach and may be used, then from reserves;
    later gains put it back.

    Returns
    -------
    receipts, reserves : ndarray, shape (council, year, draw)
    """
    short = np.maximum(-np.cumsum(nominal(study, account.net), axis=1), 0.0)
    may = study.model.finance.receipts_fund_change
    held = np.array([(row.receipts_gbp or 0.0) if may else 0.0 for row in study.model.councils])
    from_receipts = np.minimum(short, held[:, None, None])
    return from_receipts, short - from_receipts


def funding(study: Study, account: Account) -> pd.DataFrame:
    """Return how each council pays for what has to be found before it gains, against its reserve floor.

    Returns
    -------
    DataFrame
        One row per council that is in something or gives its reserves: deepest call on average, the part from
        receipts and from reserves, reserves at the start, their
        lowest point (mean, and the 5% point), the floor, and in which share of futures they fall below it. What the
        study does not give is nan.
    """
    receipts, reserves = called(study, account)
    rows = []
    for at, row in enumerate(study.model.councils):
        deepest = reserves[at].max(axis=0)
        if row.reserves_gbp is None and not account.net[at].any():
            continue  # nothing to pay, and nothing to pay it from
        held = np.nan if row.reserves_gbp is None else row.reserves_gbp
        floor = np.nan if row.reserve_floor_gbp is None else row.reserve_floor_gbp
        lowest = held - deepest
        has_both = np.isfinite(held) and np.isfinite(floor)
        rows.append(
            {
                "council": row.id,
                "name": row.name,
                "call_gbp": float((receipts[at] + reserves[at]).max(axis=0).mean()),
                "from_receipts_gbp": float(receipts[at].max(axis=0).mean()),
                "from_reserves_gbp": float(deepest.mean()),
                "from_reserves_p95_gbp": float(percentile(deepest, 95)),
                "reserves_gbp": held,
                "lowest_mean_gbp": float(lowest.mean()),
                "lowest_p5_gbp": float(percentile(lowest, 5)) if np.isfinite(held) else float("nan"),
                "floor_gbp": floor,
                "below_floor_share": float(probability_below(lowest, floor)) if has_both else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def reserves_by_year(study: Study, account: Account) -> pd.DataFrame:
    """Return each council's reserves at every year's end, mean and 5% point; only councils that give theirs."""
    _, drawn = called(study, account)
    labels = [year_label(study, year) for year in range(study.n_years)]
    rows = []
    for at, row in enumerate(study.model.councils):
        if row.reserves_gbp is None:
            continue
        left = row.reserves_gbp - drawn[at]
        for title, values in (("on average", mean(left)), ("low (5%)", percentile(left, 5))):
            rows.append(
                {"council": row.id, "name": f"{row.name}, {title}"}
                | dict(zip(labels, np.asarray(values).tolist(), strict=True))
            )
        if row.reserve_floor_gbp is not None:
            rows.append(
                {"council": row.id, "name": f"{row.name}, floor"} | dict.fromkeys(labels, row.reserve_floor_gbp)
            )
    return pd.DataFrame(rows, columns=["council", "name", *labels])


def band_d(study: Study, account: Account) -> pd.DataFrame:
    """Return what the effect is on each Band D dwelling, real pounds; only councils that give their tax base.

    Returns
    -------
    DataFrame
        council, name, tax_base, mean_year_gbp (over the horizon), last_year_gbp, each per dwelling, and the last
        year's as a share of the council's own Band D tax (nan where that is not given). Gains are positive.
    """
    yearly = np.asarray(mean(account.net))
    rows = []
    for at, row in enumerate(study.model.councils):
        if row.tax_base is None:
            continue
        average, last = float(yearly[at].mean()), float(yearly[at, -1])
        rows.append(
            {
                "council": row.id,
                "name": row.name,
                "tax_base": row.tax_base,
                "mean_year_gbp": average,
                "mean_dwelling_gbp": average / row.tax_base,
                "last_year_gbp": last,
                "last_dwelling_gbp": last / row.tax_base,
                "last_share": last / row.tax_base / row.band_d_gbp if row.band_d_gbp else float("nan"),
            }
        )
    names = [
        "council",
        "name",
        "tax_base",
        "mean_year_gbp",
        "mean_dwelling_gbp",
        "last_year_gbp",
        "last_dwelling_gbp",
        "last_share",
    ]
    return pd.DataFrame(rows, columns=names)


__all__ = ["against_plan", "band_d", "called", "funding", "nominal", "price_index", "reserves_by_year"]
