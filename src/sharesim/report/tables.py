"""Every table that people see, as DataFrames with units in the column names; figures and pages only show them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sharesim.appraisal.account import Account
from sharesim.appraisal.flows import CASH_LINES
from sharesim.appraisal.outcomes import Outcomes
from sharesim.bundles.table import BundleTable
from sharesim.choice.solution import Solution
from sharesim.measures import Design, cvar, mean, percentile, percentile_of, probability_below, standard_errors
from sharesim.study.schema import Published
from sharesim.study.study import Study
from sharesim.uncertainty.distributions import Distribution

#: Figures of a bundle's NPV that tables show, by their names in `Outcomes.figures`.
FIGURE_COLUMNS = {
    "mean": "npv_mean_gbp", "sd": "npv_sd_gbp", "p5": "npv_p5_gbp", "p10": "npv_p10_gbp", "p50": "npv_p50_gbp",
    "p90": "npv_p90_gbp", "p95": "npv_p95_gbp", "p_loss": "probability_of_loss", "cvar": "cvar_gbp",
}  # fmt: skip


def bundles(outcomes: Outcomes) -> pd.DataFrame:
    """Return one row per candidate bundle: who, what, where, when, and what it is worth.

    Money is council value: real GBP at the study's price base over its horizon, discounted.
    """
    table, figures = outcomes.table, outcomes.figures
    rows = range(len(table))
    frame = pd.DataFrame(
        {
            "bundle": list(table.ids),
            "services": [";".join(table.service_ids(row)) for row in rows],
            "partners": [";".join(table.partner_ids(row)) for row in rows],
            "host": [";".join(table.host_ids(row)) for row in rows],
            "form": [table.forms.ids[form] for form in table.form],
            "start": table.start_date.astype(str),
        }
    )
    for name, column in FIGURE_COLUMNS.items():
        frame[column], frame[error_column(column)] = figures[name], figures[f"{name}_error"]
    for name, values in outcomes.means.items():
        if name != "started":
            frame[name] = values.sum(axis=1)
    frame["chance_of_starting"] = outcomes.means["started"][:, 0]
    return frame


def error_column(column: str) -> str:
    """Return the column that holds the standard error of another.

    Examples
    --------
    >>> error_column("npv_mean_gbp"), error_column("probability_of_loss")
    ('npv_mean_error_gbp', 'probability_of_loss_error')
    """
    return f"{column.removesuffix('_gbp')}_error_gbp" if column.endswith("_gbp") else f"{column}_error"


def portfolio(outcomes: Outcomes, solution: Solution, judged: Outcomes | None = None) -> pd.DataFrame:
    """Return one row per chosen bundle, with the judging draws' figures where there are any."""
    frame = bundles(outcomes).iloc[solution.chosen].reset_index(drop=True)
    if judged is not None:
        fresh = bundles(judged)
        for column in FIGURE_COLUMNS.values():
            for name in (column, error_column(column)):
                frame[f"choosing_{name}"] = frame[name]
                frame[name] = fresh[name].to_numpy()
    return frame


def councils(study: Study, account: Account, npv: np.ndarray, design: Design) -> pd.DataFrame:
    """Return one row per council: value, risk, exits and peak funding.

    Parameters
    ----------
    npv : ndarray, shape (council, draw)
    design : Design
        How the draws were made.
    """
    cumulative = np.cumsum(account.net, axis=1)

    def error(measure: str) -> np.ndarray:
        return standard_errors(npv, measure, design)

    return pd.DataFrame(
        {
            "council": list(study.councils.ids),
            "name": list(study.councils.names),
            "npv_mean_gbp": mean(npv),
            "npv_mean_error_gbp": error("mean"),
            "npv_p5_gbp": percentile(npv, 5),
            "npv_p5_error_gbp": error("p5"),
            "npv_p50_gbp": percentile(npv, 50),
            "npv_p50_error_gbp": error("p50"),
            "npv_p95_gbp": percentile(npv, 95),
            "npv_p95_error_gbp": error("p95"),
            "probability_of_loss": probability_below(npv, 0.0),
            "probability_of_loss_error": error("p_loss"),
            "cvar_gbp": cvar(npv, 0.05),
            "one_off_mean_gbp": mean(account.one_off.sum(axis=1)),
            "grants_mean_gbp": account.grants.sum(axis=1),
            "receipts_mean_gbp": account.receipts.sum(axis=1),
            "peak_funding_mean_gbp": mean(-np.minimum(cumulative.min(axis=1), 0.0)),
            "compulsory_exits_posts": mean(account.compulsory),
            "voluntary_exits_posts": mean(account.voluntary),
            "redeployments_posts": mean(account.redeployed),
            "posts_removed": mean(account.removed),
        }
    )


def years(study: Study, account: Account) -> pd.DataFrame:
    """Return one row per financial year: savings, costs and the cumulative net, undiscounted real GBP."""
    net = account.net.sum(axis=0)
    cumulative = np.cumsum(net, axis=0)
    return pd.DataFrame(
        {
            "year": [year_label(study, year) for year in range(study.n_years)],
            "cashable_mean_gbp": mean(account.cashable),
            "non_cashable_mean_gbp": mean(account.non_cashable),
            "one_off_mean_gbp": mean(account.one_off.sum(axis=0)),
            "grants_mean_gbp": account.grants.sum(axis=0),
            "receipts_mean_gbp": account.receipts.sum(axis=0),
            "risks_mean_gbp": account.risks.sum(axis=0),
            "net_mean_gbp": mean(net),
            "net_p5_gbp": percentile(net, 5),
            "net_p95_gbp": percentile(net, 95),
            "cumulative_mean_gbp": mean(cumulative),
            "cumulative_p5_gbp": percentile(cumulative, 5),
            "cumulative_p50_gbp": percentile(cumulative, 50),
            "cumulative_p95_gbp": percentile(cumulative, 95),
        }
    )


def year_label(study: Study, year: int) -> str:
    """Return a financial year's usual name, such as 2007-08 (a calendar year where the study begins in January)."""
    first = study.first_year + year
    return str(first) if study.model.study.start.month == 1 else f"{first}-{(first + 1) % 100:02d}"


def council_years(study: Study, account: Account) -> pd.DataFrame:
    """Return the mean net effect by council and year, undiscounted real GBP, one row per council and year."""
    net, once = mean(account.net), mean(account.one_off)
    return pd.DataFrame(
        [
            {
                "council": study.councils.ids[council],
                "year": year_label(study, year),
                "net_mean_gbp": net[council, year],
                "one_off_mean_gbp": once[council, year],
                "grants_mean_gbp": account.grants[council, year],
                "receipts_mean_gbp": account.receipts[council, year],
            }
            for council in range(len(study.councils))
            for year in range(study.n_years)
        ]
    )


def lines(outcomes: Outcomes, account: Account) -> pd.DataFrame:
    """Return mean pounds by bundle, council, year and line: where every figure comes from."""
    study, table, records = outcomes.study, outcomes.table, []
    for name in (*CASH_LINES, "saving_non_cashable"):
        values = account.line_means.get(name)
        if values is None or not values.any():
            continue
        for bundle, slot, year in zip(*np.nonzero(values), strict=True):
            council = table.partners[bundle, slot]
            records.append(
                (
                    table.id_of(bundle),
                    study.councils.ids[council],
                    year_label(study, year),
                    name,
                    values[bundle, slot, year],
                )
            )
    columns = outcomes.activations.columns
    for at, council, year in zip(*np.nonzero(account.activation_means), strict=True):
        records.append(
            (
                columns[at].id,
                study.councils.ids[council],
                year_label(study, year),
                columns[at].kind,
                account.activation_means[at, council, year],
            )
        )
    return pd.DataFrame(records, columns=["bundle", "council", "year", "line", "mean_gbp"])


#: Longest notation that a table shows; the values of a long law are in study.json.
_LONGEST_LAW = 400


def _law(law: Distribution) -> str:
    text = law.text()
    if len(text) <= _LONGEST_LAW:
        return text
    return f"{text[: _LONGEST_LAW - 60].rpartition(', ')[0]}, ... {text.count(', ') + 1:,} figures)"


def drivers(study: Study) -> pd.DataFrame:
    """Return every uncertain input with its distribution, mean and range; events that merely strike are left out."""
    assumed = {
        f"{item.path.split('.')[0]}.{row}.{item.path.split('.', 1)[1]}"
        for item in study.assumptions
        for row in item.where
    }
    assumed |= {item.path for item in study.assumptions}
    rows = [
        {
            "driver": spec.name,
            "distribution": _law(spec.distribution),
            "mean": spec.distribution.mean,
            "sd": spec.distribution.sd,
            "p5": float(spec.distribution.quantile(0.05)),
            "p95": float(spec.distribution.quantile(0.95)),
            "origin": "assumed" if spec.name in assumed else "study",
        }
        for spec in study.drivers
        if not is_event(spec.name)
    ]
    return pd.DataFrame(rows, columns=["driver", "distribution", "mean", "sd", "p5", "p95", "origin"])


def is_event(name: str) -> bool:
    """Whether a driver only decides if and when something strikes."""
    section, _, rest = name.partition(".")
    return (
        (section == "exit" and "/" in rest)
        or (section == "risks" and ".strike" in rest)
        or (section == "gates" and ".refusal/" in rest)
        or (section == "grants" and rest.rpartition(".")[2] in ("award", "clawback"))
    )


def assumptions(study: Study) -> pd.DataFrame:
    """Return what was assumed because the study does not say it."""
    return pd.DataFrame(
        [
            {
                "assumption": item.path,
                "assumed": item.value,
                "low": item.low,
                "high": item.high,
                "unit": item.unit,
                "for": ", ".join(item.where),
                "source": item.source,
                "reasoning": item.reasoning,
            }
            for item in study.assumptions
        ],
        columns=["assumption", "assumed", "low", "high", "unit", "for", "source", "reasoning"],
    )


def published(study: Study, table: BundleTable, account: Account) -> pd.DataFrame:
    """Return each published figure beside the simulated range, and where in the range it falls.

    Nothing was simulated (NaN) for a figure of services or councils of which nothing is in the choice.
    """
    rows = []
    for at, figure in enumerate(study.model.published):
        draws = account.published[at]
        if not _in_choice(study, table, figure):
            draws = np.full_like(draws, np.nan)
        rows.append(
            {
                "label": figure.label,
                "kind": figure.kind,
                "published": figure.value,
                "unit": "share" if figure.measure == "quality_change_share" else "GBP",
                "simulated_mean": float(mean(draws)),
                "simulated_p5": float(percentile(draws, 5)),
                "simulated_p50": float(percentile(draws, 50)),
                "simulated_p95": float(percentile(draws, 95)),
                "percentile_of_published": float(percentile_of(draws, figure.value, account.published_amounts[at])),
                "covers": _covers(study, figure),
                "source": figure.source,
            }
        )
    names = [
        "label",
        "kind",
        "published",
        "unit",
        "simulated_mean",
        "simulated_p5",
        "simulated_p50",
        "simulated_p95",
        "percentile_of_published",
        "covers",
        "source",
    ]
    return pd.DataFrame(rows, columns=names)


def _in_choice(study: Study, table: BundleTable, figure: Published) -> bool:
    """Whether an arrangement of the choice has a service and a council of a published figure."""
    services = {study.services.index(name) for name in figure.services} or set(range(len(study.services)))
    councils = {study.councils.index(name) for name in figure.councils} or set(range(len(study.councils)))
    return any(
        services & set(map(study.services.index, table.service_ids(row)))
        and councils & set(map(study.councils.index, table.partner_ids(row)))
        for row in range(len(table))
    )


def _covers(study: Study, figure: Published) -> str:
    when = f"in year {figure.years}" if figure.per_year else f"over {figure.years} years"
    named = [study.services.name(study.services.index(name)) for name in figure.services]
    held = [study.councils.name(study.councils.index(name)) for name in figure.councils]
    return f"{', '.join(named) or 'all chosen services'}; {', '.join(held) or 'all councils'}; {when}"


def checks(solution: Solution) -> pd.DataFrame:
    """Return every rule with what was measured, its limit and the room left."""
    rows = [
        {
            "rule": check.rule,
            "owner": check.owner,
            "subject": check.subject,
            "measured": check.measured,
            "relation": check.relation,
            "limit": check.limit,
            "slack": check.slack,
            "unit": check.unit,
            "holds": check.holds,
            "binding": check.by_rule and check.rule in solution.binding,
        }
        for check in solution.checks
    ]
    return pd.DataFrame(
        rows, columns=["rule", "owner", "subject", "measured", "relation", "limit", "slack", "unit", "holds", "binding"]
    )
