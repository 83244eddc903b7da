"""What a report shows, put together from a judged portfolio."""

from __future__ import annotations

from datetime import date

from sharesim.insight.drivers import driver_effects
from sharesim.report.contents import Contents
from sharesim.report.options import Beyond
from sharesim.report.tables import is_event
from sharesim.workflow.records import JudgedRecord
from sharesim.workflow.summary_figures import summary_figures
from sharesim.workflow.versions import versions


def contents_of(
    judged: JudgedRecord, timings: dict[str, float], today: date | None = None, found: Beyond | None = None
) -> Contents:
    """Return everything that a report shows; what lies beside the portfolio (`options.beyond`) only where it is given."""
    study, plan, outcomes = judged.study, judged.outcomes.plan, judged.outcomes
    wanted = [at for at, spec in enumerate(study.drivers) if not is_event(spec.name)]
    n_chunks = -(-outcomes.n_draws // 1024)
    values = plan.values(0, n_chunks)[wanted, : outcomes.n_draws]
    effects = driver_effects([study.drivers[at].name for at in wanted], values, judged.npv)
    return Contents(
        study=study,
        outcomes=judged.portfolio.appraisal.outcomes,
        solution=judged.portfolio.solution,
        rules=judged.portfolio.rules,
        objective=judged.portfolio.objective,
        judged=outcomes,
        account=judged.account,
        council_npv=judged.council_npv,
        figures=summary_figures(judged),
        driver_effects=tuple(effects),
        assumption_effects=judged.effects,
        timings=dict(timings),
        versions=versions(),
        seed=judged.seed,
        date=(today or date.today()).isoformat(),
        beyond=found or Beyond(),
    )


__all__ = ["contents_of"]
