"""How a portfolio is judged on futures that had no part in choosing it."""

from __future__ import annotations

import os
from collections.abc import Callable

from sharesim.appraisal.account import account
from sharesim.appraisal.outcomes import Outcomes
from sharesim.appraisal.outcomes import appraise as simulate
from sharesim.appraisal.settle import judge_until
from sharesim.errors import Fault, UsageError
from sharesim.study.study import Study
from sharesim.uncertainty.goal import Rule, Settled, goal
from sharesim.workflow.records import JudgedRecord, PortfolioRecord
from sharesim.workflow.words import portfolio_words

#: Told how many parts are done, of how many.
Progress = Callable[[int, int], None]


def judged_record(
    portfolio: PortfolioRecord,
    *,
    draws: int | None = None,
    scrambles: int | None = None,
    until: str | Rule | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> JudgedRecord:
    """Return a portfolio judged on fresh futures; its arguments are those of `doors.judge`.

    Raises
    ------
    UsageError
        When there is no portfolio to judge.
    """
    if not portfolio.has_portfolio:
        raise UsageError(
            Fault(
                "judge",
                "there is no portfolio to judge",
                portfolio.status,
                "a portfolio that keeps the rules",
                portfolio_words(portfolio),
            )
        )
    study, seed = portfolio.study, portfolio.appraisal.seed if seed is None else seed
    table = portfolio.appraisal.outcomes.table.take(portfolio.solution.chosen)
    rule = asked_rule(study, draws, until, study.model.run.judge_until)
    settled: Settled | None = None
    outcomes: Outcomes
    if rule is not None and len(table):
        outcomes, settled = judge_until(study, table, rule, seed=seed, jobs=threads(jobs), progress=progress)
    else:
        draws = study.model.run.judge_draws if draws is None else draws
        outcomes = simulate(
            study, table, seed=seed, purpose="judge", n_draws=draws, scrambles=scrambles, jobs=threads(jobs),
            progress=progress,
        )  # fmt: skip
    return JudgedRecord(portfolio, outcomes, account(outcomes), seed, settled=settled)


def asked_rule(study: Study, draws: int | None, until: str | Rule | None, own: str) -> Rule | None:
    """Return the stop rule asked for, or the study's own where neither a rule nor a number of draws is asked for."""
    if draws is not None and until is not None:
        got = f"draws={draws} and until={until!r}"
        raise UsageError(Fault("until", "both a number of draws and a stop rule", got, "one of them", "Drop one."))
    asked = until if until is not None else own if draws is None and own else None
    if asked is None:
        return None
    return goal(asked, most_draws=study.model.run.most_draws)


def threads(jobs: int | None) -> int:
    """Return how many threads to work with: as many as asked for, or one for each core."""
    return max(1, os.cpu_count() or 1) if jobs is None else jobs


__all__ = ["Progress", "asked_rule", "judged_record", "threads"]
