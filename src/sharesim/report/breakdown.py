"""Where every pound comes from: the headline figures taken apart by line, council, arrangement and year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sharesim.appraisal.account import Account
from sharesim.appraisal.flows import CASH_LINES
from sharesim.appraisal.outcomes import Outcomes
from sharesim.bundles.activations import Activation
from sharesim.report.tables import year_label
from sharesim.study.study import Study

LINES = {
    "saving_cashable": "Savings before extra cost",
    "extra_cost": "Extra cost of working together",
    "harmonisation": "Harmonised pay",
    "governance": "Governance",
    "vehicle": "Running the joint body",
    "client_side": "Client side kept",
    "cost_sharing": "One price for all partners",
    "host_fee": "Host's fee",
    "stranded_overhead": "Overhead left behind",
    "vat": "Irrecoverable VAT",
    "transition": "Programme team, ICT, premises, dual running, set-up",
    "receipts": "Receipts for premises",
    "joining": "Joining",
    "officers": "Officers' days",
    "delay_cost": "Cost of delay",
    "risk_one_off": "Risks that strike a service",
    "redundancy": "Redundancy pay",
    "pension_strain": "Pension strain",
    "notice": "Notice pay",
    "exit_cost": "Leaving an arrangement",
    "joining_fee": "Fees between those who join and those who are in",
    "saving_non_cashable": "Time saved, not cash",
}
KINDS = {
    "item": "Shared item",
    "grant": "Grant",
    "risk": "Risks that strike all or a council",
    "mitigation": "Mitigation of a risk",
    "existing": "Leaving what exists",
}


def line_words(line: str) -> str:
    """Return a line of the account in words.

    Examples
    --------
    >>> line_words("saving_cashable"), line_words("item")
    ('Savings before extra cost', 'Shared item')
    """
    return LINES.get(line) or KINDS.get(line) or line.replace("_", " ")


def cells(judged: Outcomes, account: Account) -> pd.DataFrame:
    """Return mean pounds by arrangement, council, year and line, undiscounted and discounted; zeros left out.

    Returns
    -------
    DataFrame
        bundle (empty for what several bundles share), council, year (position), line, title, mean_gbp (undiscounted),
        value_gbp (discounted). Cash lines and shared items; non-cashable time is not among them.
    """
    study, table, discount = judged.study, judged.table, judged.study.discount()
    records: list[tuple[object, ...]] = []
    for name in CASH_LINES:
        values = account.line_means.get(name)
        if values is None:
            continue
        for bundle, slot, year in zip(*np.nonzero(values), strict=True):
            council = study.councils.ids[table.partners[bundle, slot]]
            records.append(
                (table.id_of(bundle), council, int(year), name, LINES[name], float(values[bundle, slot, year]))
            )
    for at, council, year in zip(*np.nonzero(account.activation_means), strict=True):
        column = judged.activations.columns[at]
        title = _shared_title(study, column)
        records.append(
            (
                "",
                study.councils.ids[council],
                int(year),
                column.kind,
                title,
                float(account.activation_means[at, council, year]),
            )
        )
    frame = pd.DataFrame(records, columns=["bundle", "council", "year", "line", "title", "mean_gbp"])
    frame["value_gbp"] = frame.mean_gbp * discount[frame.year.to_numpy(dtype=int)]
    return frame


def _shared_title(study: Study, column: Activation) -> str:
    if column.kind == "risk":
        return KINDS["risk"]
    if column.kind == "grant":
        return f"Grant: {study.model.grants[column.index].name}"
    if column.kind == "existing":
        # Columns of more and fewer months left are parts of one payment.
        return f"{study.councils.name(column.council)} leaving {study.model.existing[column.index].name}"
    return study.model.shared_items[column.index].name if column.kind == "item" else column.name


def one_off_funding(study: Study, account: Account) -> pd.DataFrame:
    """Return mean one-off cost, what grants (less clawback) and receipts bring, and what is left, by year."""
    labels = [year_label(study, year) for year in range(study.n_years)]
    parts = [account.one_off.mean(axis=-1), account.grants, account.receipts]
    cost, grants, receipts = (part.sum(axis=0) for part in parts)
    rows = pd.DataFrame([cost, grants, receipts, cost - grants - receipts], columns=labels)
    titles = ["One-off cost", "Grants, less what is clawed back", "Receipts", "To be found by the councils"]
    rows.insert(0, "title", titles)
    return rows.assign(all_gbp=rows[labels].sum(axis=1))


def by_line_and_council(study: Study, frame: pd.DataFrame, column: str = "value_gbp") -> pd.DataFrame:
    """Return one row per line and one column per council, and ``all_gbp``; the columns add up to the NPVs."""
    wide = _wide(frame, "council", list(study.councils.ids), column)
    wide["all_gbp"] = wide[list(study.councils.ids)].sum(axis=1)
    return wide


def by_line_and_year(study: Study, frame: pd.DataFrame, column: str = "mean_gbp") -> pd.DataFrame:
    """Return one row per line and one column per financial year, with ``all_gbp`` beside them."""
    labels = [year_label(study, year) for year in range(study.n_years)]
    wide = _wide(frame.assign(label=[labels[year] for year in frame.year]), "label", labels, column)
    wide["all_gbp"] = wide[labels].sum(axis=1)
    return wide


def by_line_and_bundle(frame: pd.DataFrame, bundles: list[str], column: str = "value_gbp") -> pd.DataFrame:
    """Return one row per line and one column per arrangement, shared items under ``shared``, and ``all_gbp``."""
    wide = _wide(
        frame.assign(part=frame.bundle.where(frame.bundle != "", "shared")), "part", [*bundles, "shared"], column
    )
    wide["all_gbp"] = wide[[*bundles, "shared"]].sum(axis=1)
    return wide


def _wide(frame: pd.DataFrame, across: str, names: list[str], column: str) -> pd.DataFrame:
    table = frame.pivot_table(index="title", columns=across, values=column, aggfunc="sum", fill_value=0.0).reindex(
        columns=names, fill_value=0.0
    )
    order = list(dict.fromkeys(frame.title))
    return table.reindex(order).fillna(0.0).rename_axis(columns=None).reset_index()


def council_years(study: Study, account: Account, part: str = "net") -> pd.DataFrame:
    """Return one row per council and one column per year: the mean effect on its General Fund, undiscounted real GBP.

    Parameters
    ----------
    part : {"net", "one_off", "cumulative"}
        One-off costs are positive, before grants and receipts; the cumulative net is at the end of each year.
    """
    values = account.one_off.mean(axis=-1) if part == "one_off" else account.net.mean(axis=-1)
    values = np.cumsum(values, axis=1) if part == "cumulative" else values
    labels = [year_label(study, year) for year in range(study.n_years)]
    frame = pd.DataFrame(values, columns=labels)
    frame.insert(0, "council", list(study.councils.ids))
    frame.insert(1, "name", list(study.councils.names))
    if part != "cumulative":
        frame["all_gbp"] = frame[labels].sum(axis=1)
    return frame


def staff(study: Study, account: Account) -> pd.DataFrame:
    """Return what happens to posts, by council, on average: every post removed is met in one of these ways."""
    removed, redeployed, voluntary, compulsory = (
        np.asarray(part).mean(axis=-1)
        for part in (account.removed, account.redeployed, account.voluntary, account.compulsory)
    )
    return pd.DataFrame(
        {
            "council": list(study.councils.ids),
            "name": list(study.councils.names),
            "posts_removed": removed,
            "vacancies_and_leavers": removed - redeployed - voluntary - compulsory,
            "redeployed": redeployed,
            "voluntary_exits": voluntary,
            "compulsory_exits": compulsory,
            "compulsory_p95": np.quantile(account.compulsory, 0.95, axis=-1, method="inverted_cdf"),
        }
    )
