"""The Python door: load, appraise, choose, judge; the same words as the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sharesim.appraisal.account import account
from sharesim.appraisal.outcomes import Outcomes
from sharesim.appraisal.outcomes import appraise as simulate
from sharesim.appraisal.resources import Resources
from sharesim.appraisal.settle import appraise_until, judge_until
from sharesim.bundles.enumerate import candidates
from sharesim.choice.choose import ChoiceOptions
from sharesim.choice.choose import choose as solve
from sharesim.errors import Fault, UsageError
from sharesim.study.load import load as load_study
from sharesim.study.rules import Objective, RuleBase
from sharesim.study.study import Study
from sharesim.uncertainty.goal import Rule, Settled, goal
from sharesim.workflow.judged import Judged
from sharesim.workflow.results import Appraisal, Portfolio
from sharesim.workflow.words import active

Progress = Callable[[int, int], None]
MOST_SEED = 2**64


def load(path: str | Path, *, scenario: str | None = None, set: Iterable[str | tuple[str, Any]] = ()) -> Study:
    """Read and check a study.

    Parameters
    ----------
    path : str or Path
        The study's folder or its TOML file.
    scenario : str, optional
        A scenario of the study.
    set : sequence of ``"path=value"`` or (path, value)
        Changes, such as ``"study.horizon_years=5"``.

    Raises
    ------
    StudyError
        With every fault of the study.

    Examples
    --------
    >>> import sharesim, tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp()) / "mine"
    >>> _ = sharesim.new(folder)
    >>> len(sharesim.load(folder).councils)
    3
    """
    return load_study(path, scenario=scenario, assignments=tuple(set))


def appraise(
    study: Study,
    *,
    draws: int | None = None,
    scrambles: int | None = None,
    until: str | Rule | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    resources: Resources | None = None,
) -> Appraisal:
    """Simulate every candidate bundle of a study.

    Parameters
    ----------
    study : Study
    draws : int, optional
        How many futures; the study's own, or its stop rule, where left out.
    scrambles : int, optional
        Under Sobol' draws, how many scrambles these are; the study's own where left out. A stop rule adds its own.
    until : str or rule, optional
        A stop rule in place of a number: ``"mean within 5000"`` (the standard error of every bundle's mean; also sd,
        p10, cvar, p_loss), or ``"best 3 settled"`` (the best bundles and their order). ``.settled`` says what it
        reached.
    seed : int, optional
        The study's own where left out.
    jobs : int, optional
        Threads; all cores where left out. The numbers are the same for any.
    progress : callable (done, of), optional
    resources : Resources, optional
        Memory budget and what is kept of the draws, such as ``Resources(memory_gb=2, keep="nothing")``; a quarter of
        the machine's memory where left out. The numbers are the same for any.

    Returns
    -------
    Appraisal

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> outcomes = appraise(two_councils(), draws=1024, seed=1)
    >>> outcomes.bundles().shape[0]
    2
    """
    seed, run, table = _seed(study, seed), study.model.run, candidates(study)
    rule = _rule(study, draws, until, run.until)
    if rule is not None:
        found = appraise_until(
            study, table, rule, seed=seed, jobs=_jobs(jobs), progress=progress, resources=resources
        )
        return Appraisal(study, found[0], seed, found[1])
    draws = _draws("draws", run.draws if draws is None else draws)
    outcomes = simulate(
        study, table, seed=seed, purpose="choose", n_draws=draws, scrambles=scrambles, jobs=_jobs(jobs),
        progress=progress, resources=resources,
    )  # fmt: skip
    return Appraisal(study, outcomes, seed)


def choose(
    outcomes: Appraisal, *, rules: Iterable[RuleBase] | None = None, objective: Objective | None = None,
    options: ChoiceOptions | None = None,
) -> Portfolio:  # fmt: skip
    """Choose the best set of bundles under the study's rules, or under rules given here.

    Parameters
    ----------
    outcomes : Appraisal
    rules : iterable of RuleBase, optional
        In place of the study's.
    objective : Objective, optional
        In place of the study's.
    options : ChoiceOptions, optional
        Gap, time limit, solver.

    Returns
    -------
    Portfolio
        With its status, value, bound and gap; a status without a portfolio says why in its notes.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> portfolio = choose(appraise(two_councils(), draws=1024, seed=1))
    >>> portfolio.status, len(portfolio.chosen())
    ('optimal', 1)
    """
    model = outcomes.study.model
    used = active(model.rules if rules is None else rules)
    objective = objective or model.objective
    options = options or ChoiceOptions(gap=model.run.gap, time_limit_seconds=model.run.time_limit_seconds, seed=1)
    return Portfolio(outcomes, solve(outcomes.candidates, outcomes.outcomes, used, objective, options), used, objective)


def judge(
    portfolio: Portfolio,
    *,
    draws: int | None = None,
    scrambles: int | None = None,
    until: str | Rule | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Judged:
    """Judge a portfolio on futures that had no part in choosing it.

    Parameters
    ----------
    portfolio : Portfolio
    draws, seed : int, optional
        The study's own where left out. The same seed still means other futures than those that chose.
    scrambles : int, optional
        As in `appraise`.
    until : str or PrecisionRule, optional
        A stop rule in place of a number: ``"p10 within 20000"``, of the portfolio's value.
    jobs, progress
        As in `appraise`.

    Raises
    ------
    UsageError
        When there is no portfolio to judge.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> judged = judge(choose(appraise(two_councils(), draws=1024, seed=1)), draws=1024, seed=1)
    >>> sorted(judged.figures())[:3]
    ['bound_gbp', 'cashable_gbp', 'choosing_npv_mean_gbp']
    """
    if not portfolio.has_portfolio:
        raise UsageError(
            Fault(
                "judge",
                "there is no portfolio to judge",
                portfolio.status,
                "a portfolio that keeps the rules",
                portfolio.summary(),
            )
        )
    study = portfolio.study
    seed = _seed(study, portfolio.appraisal.seed if seed is None else seed)
    table = portfolio.appraisal.outcomes.table.take(portfolio.solution.chosen)
    rule = _rule(study, draws, until, study.model.run.judge_until)
    settled: Settled | None = None
    outcomes: Outcomes
    if rule is not None and len(table):
        outcomes, settled = judge_until(study, table, rule, seed=seed, jobs=_jobs(jobs), progress=progress)
    else:
        draws = _draws("draws", study.model.run.judge_draws if draws is None else draws)
        outcomes = simulate(
            study, table, seed=seed, purpose="judge", n_draws=draws, scrambles=scrambles, jobs=_jobs(jobs),
            progress=progress,
        )  # fmt: skip
    return Judged(portfolio, outcomes, account(outcomes), seed, settled=settled)


def _rule(study: Study, draws: int | None, until: str | Rule | None, own: str) -> Rule | None:
    """Return the stop rule asked for, or the study's own where neither a rule nor a number of draws is asked for."""
    if draws is not None and until is not None:
        got = f"draws={draws} and until={until!r}"
        raise UsageError(Fault("until", "both a number of draws and a stop rule", got, "one of them", "Drop one."))
    asked = until if until is not None else own if draws is None and own else None
    if asked is None:
        return None
    return goal(asked, most_draws=study.model.run.most_draws)


def _seed(study: Study, seed: int | None) -> int:
    seed = study.model.run.seed if seed is None else seed
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < MOST_SEED:
        raise UsageError(
            Fault("seed", "not a seed", repr(seed), "a whole number from 0", "Any one will do; note it down.")
        )
    return seed


def _draws(where: str, draws: int) -> int:
    if not isinstance(draws, int) or isinstance(draws, bool) or not 64 <= draws <= 10_000_000:
        raise UsageError(
            Fault(
                where,
                "not a number of draws",
                repr(draws),
                "64 to 10,000,000",
                "1,024 for a look, 10,000 for a report.",
            )
        )
    return draws


def _jobs(jobs: int | None) -> int:
    if jobs is None:
        return max(1, os.cpu_count() or 1)
    if not isinstance(jobs, int) or isinstance(jobs, bool) or not 1 <= jobs <= 1024:
        raise UsageError(
            Fault("jobs", "not a number of threads", repr(jobs), "1 to 1,024", "Leave it out to use every core.")
        )
    return jobs
