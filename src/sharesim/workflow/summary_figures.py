"""The summary of a judged portfolio as plain data: what ``summary.json`` of a run holds."""

from __future__ import annotations

from typing import Any

from sharesim.appraisal.outcomes import Outcomes
from sharesim.measures import estimate, percentile
from sharesim.workflow.records import JudgedRecord, PortfolioRecord


def summary_figures(judged: JudgedRecord) -> dict[str, Any]:
    """Return the summary of a judged portfolio: units in the names, horizons as the study's unless said."""
    solution, design, draws = judged.portfolio.solution, judged.outcomes.plan, judged.npv
    horizon = len(judged.study.discount())
    discount = judged.study.discount()[:, None]
    result: dict[str, Any] = {
        "study": judged.study.model.study.name,
        "status": judged.portfolio.status,
        "value_gbp": judged.portfolio.value_gbp,
        "bound_gbp": judged.portfolio.bound_gbp,
        "gap": judged.portfolio.gap,
        "n_bundles": judged.portfolio.appraisal.candidates.n_bundles,
        "n_draws": judged.outcomes.n_draws,
        "n_choosing_draws": judged.portfolio.appraisal.n_draws,
        "seed": judged.seed,
        "horizon_years": horizon,
        "price_base": judged.study.model.study.price_base,
        "choosing_npv_mean_gbp": float(solution.mean_npv_gbp),
    }
    for name, measure in (
        ("npv_mean_gbp", "mean"),
        ("npv_p5_gbp", "p5"),
        ("npv_p50_gbp", "p50"),
        ("npv_p95_gbp", "p95"),
        ("probability_of_loss", "p_loss"),
        ("cvar_gbp", "cvar"),
    ):
        value = estimate(draws, measure, design)
        result[name] = float(value.value)
        result[f"{name}_error"] = float(value.standard_error) if value.available else None
    result |= {
        "cashable_gbp": float((discount * judged.account.cashable).sum(axis=0).mean()),
        "non_cashable_gbp": float((discount * judged.account.non_cashable).sum(axis=0).mean()),
        "quality_change_share": float(judged.account.quality.mean()),
        "one_off_gbp": float(judged.account.one_off.sum(axis=(0, 1)).mean()),
        "grants_gbp": float(judged.account.grants.sum()),
        "receipts_gbp": float(judged.account.receipts.sum()),
        "compulsory_exits_posts": float(judged.account.compulsory.sum(axis=0).mean()),
        "voluntary_exits_posts": float(judged.account.voluntary.sum(axis=0).mean()),
        "posts_removed": float(judged.account.removed.sum(axis=0).mean()),
    }
    for years in judged.study.model.study.report_years:
        early = judged.account.npv(judged.study.discount(), years).sum(axis=0)
        result[f"npv_{years}_years"] = {
            "npv_mean_gbp": float(early.mean()),
            "npv_p5_gbp": float(percentile(early, 5)),
            "npv_p95_gbp": float(percentile(early, 95)),
            "cashable_undiscounted_gbp": float(judged.account.cashable[:years].sum(axis=0).mean()),
            "non_cashable_undiscounted_gbp": float(judged.account.non_cashable[:years].sum(axis=0).mean()),
        }
    if judged.stop_rules:
        result["stop_rules"] = {name: settled.figures() for name, settled in judged.stop_rules.items()}
    return result | {"chosen": chosen_bundles(judged.portfolio)}


def chosen_bundles(portfolio: PortfolioRecord) -> list[dict[str, Any]]:
    """Return the chosen bundles as plain data."""
    return [_chosen(portfolio.appraisal.outcomes, int(row)) for row in portfolio.solution.chosen]


def _chosen(outcomes: Outcomes, row: int) -> dict[str, Any]:
    """Return one bundle as plain data: services, partners, host (id, list or None), form, start."""
    table = outcomes.table
    hosts = table.host_ids(row)
    return {
        "services": table.service_ids(row),
        "partners": table.partner_ids(row),
        "host": None if not hosts else hosts[0] if len(hosts) == 1 else hosts,
        "form": table.forms.ids[table.form[row]],
        "start": str(table.start_date[row]),
    }


__all__ = ["chosen_bundles", "summary_figures"]
