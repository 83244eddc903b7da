"""Staged programmes: what the first stage takes off a service before partners follow on (docs/model.md section 2)."""

from __future__ import annotations

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.rates import service_rates
from sharesim.appraisal.service_tables import Left, ServiceTables
from sharesim.appraisal.staff import by_vacancies
from sharesim.appraisal.tables import Package
from sharesim.appraisal.valuation import actual_start
from sharesim.appraisal.views import View


def package_of(context: Context, index: int, *, all_funds: bool = False) -> Package:
    """Return a package's tables in a block of draws; those of follow-ons on the cost that their first stage left.

    Parameters
    ----------
    all_funds : bool
        Count every pound, whatever fund it falls on.
    """
    found = context.study.first_stage(index)
    if found is None:
        return Package.of(context, index, all_funds=all_funds)
    stage, council, base = found
    before = Package.of(context, base)
    view = View(np.array([[council]]), None, context.n_draws, {})
    years = context.study.years_since_start(context.study.model.stages[stage].first)
    start = actual_start(context, before, view, years)[0]
    left = [_left(context, tables, once, view, start) for tables, once in zip(before.tables, before.once, strict=True)]
    return Package.of(context, index, all_funds=all_funds, left=left)


def _left(context: Context, tables: ServiceTables, once: np.ndarray | None, view: View, start: np.ndarray) -> Left:
    """Return what a first stage takes off one service at full effect, cash and posts; time set free stays."""
    council, shape = int(view.councils[0, 0]), (len(tables.cost), context.n_draws)
    rates = service_rates(view, tables, saving_rule="own", structure=True)
    saving = rates.saving if once is None else rates.saving * (once if len(once) == 1 else view.council(once))
    cash = rates.numbers["cashable"] * saving - rates.extra_cost
    removed = rates.posts_removed
    staff = view.rows(tables.staff)
    vacancies, _ = by_vacancies(removed, staff["empty"], staff["unbudgeted_share"])

    def only(value: np.ndarray, others: float = 0.0) -> np.ndarray:
        result = np.full(shape, others)
        result[council] = np.broadcast_to(value, (1, 1, shape[1]))[0, 0]
        return result

    decision = context.fixed.decision_years
    full = np.maximum(start + rates.numbers["ramp"], decision)
    return Left(only(cash), only(removed), only(vacancies), only(full, decision))


__all__ = ["package_of"]
