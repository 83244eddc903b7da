"""The Python door: load, appraise, choose, judge; the same words as the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sharesim.appraisal.outcomes import appraise as simulate
from sharesim.appraisal.resources import Resources
from sharesim.appraisal.settle import appraise_until
from sharesim.arguments import a_function, a_path, a_text, an_instance, takes, whole
from sharesim.bundles.enumerate import candidates
from sharesim.choice.choose import ChoiceOptions
from sharesim.choice.choose import choose as solve
from sharesim.study.given import a_study
from sharesim.study.load import load as load_study
from sharesim.study.rules import Objective
from sharesim.study.study import Study
from sharesim.uncertainty.goal import Rule, a_stop_rule
from sharesim.workflow.explore import Rules
from sharesim.workflow.given import a_portfolio, an_appraisal, assignments
from sharesim.workflow.judged import Judged
from sharesim.workflow.judging import Progress, asked_rule, judged_record, threads
from sharesim.workflow.results import CHOICE_OPTIONS, Appraisal, Portfolio

MOST_SEED = 2**64
#: What arguments of the steps are, wherever they stand.
SEED = whole(0, MOST_SEED - 1, "not a seed", "Any one will do; note it down.", "a whole number from 0")
DRAWS = whole(64, 10_000_000, "not a number of draws", "1,024 for a look, 10,000 for a report.")
JOBS = whole(1, 1024, "not a number of threads", "Leave it out to use every core.")
SCRAMBLES = whole(1, 2**20, "not a number of scrambles", "8 or more give standard errors.")
SIMULATED = {
    "draws": DRAWS, "scrambles": SCRAMBLES, "until": a_stop_rule, "seed": SEED, "jobs": JOBS, "progress": a_function,
}  # fmt: skip
RESOURCES = an_instance(Resources, "not resources", "sharesim.Resources(...)", "Write Resources(memory_gb=2).")


@takes(path=a_path, scenario=a_text, set=assignments)
def load(
    path: str | Path,
    *,
    scenario: str | None = None,
    set: str | Iterable[str | tuple[str, Any]] | Mapping[str, Any] = (),
) -> Study:
    """Read and check a study.

    Parameters
    ----------
    path : str or Path
        The study's folder or its TOML file.
    scenario : str, optional
        A scenario of the study.
    set : ``"path=value"``, sequence of these or of (path, value), or mapping of path to value
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
    assert isinstance(set, tuple)  # made a list of changes before this began
    return load_study(path, scenario=scenario, assignments=set)


@takes(study=a_study, resources=RESOURCES, **SIMULATED)
def appraise(
    study: Study | str | Path,
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
    study : Study, str or Path
        As `load` returned it, or the path of one.
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
    assert isinstance(study, Study)  # a path was read before this began
    run, table = study.model.run, candidates(study)
    seed = run.seed if seed is None else seed
    rule = asked_rule(study, draws, until, run.until)
    if rule is not None:
        found = appraise_until(
            study, table, rule, seed=seed, jobs=threads(jobs), progress=progress, resources=resources
        )
        return Appraisal(study, found[0], seed, found[1])
    draws = run.draws if draws is None else draws
    outcomes = simulate(
        study, table, seed=seed, purpose="choose", n_draws=draws, scrambles=scrambles, jobs=threads(jobs),
        progress=progress, resources=resources,
    )  # fmt: skip
    return Appraisal(study, outcomes, seed)


@takes(outcomes=an_appraisal, options=CHOICE_OPTIONS)
def choose(
    outcomes: Appraisal,
    *,
    rules: Rules | None = None,
    objective: Objective | str | Mapping[str, Any] | None = None,
    options: ChoiceOptions | None = None,
) -> Portfolio:
    """Choose the best set of bundles under the study's rules, or under rules given here.

    Parameters
    ----------
    outcomes : Appraisal
    rules : rule, mapping, or iterable of these, optional
        In place of the study's; a mapping has the fields of a ``[[rules]]`` entry of study.toml. ``[]`` for none.
    objective : Objective, str or mapping, optional
        In place of the study's: ``"mean"``, or the fields of ``[objective]`` in study.toml.
    options : ChoiceOptions, optional
        Gap, time limit, solver.

    Returns
    -------
    Portfolio
        With its status, value, bound and gap; a status without a portfolio says why in its notes.

    Raises
    ------
    UsageError
        With every fault of the rules and the objective given, as of a study's own.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> portfolio = choose(appraise(two_councils(), draws=1024, seed=1))
    >>> portfolio.status, len(portfolio.chosen())
    ('optimal', 1)
    >>> few = {"kind": "exits", "name": "no exits", "exit_kind": "all", "limit_posts": 0}
    >>> choose(portfolio.appraisal, rules=few).chosen()
    []
    """
    asked = outcomes.question(rules, objective, options)
    found = solve(asked.candidates, asked.outcomes, asked.rules, asked.objective, asked.options)
    if asked.objective.kind == "mean_cvar" and not asked.objective.risk_weight:
        note = 'The objective mean_cvar has risk_weight = 0, so it is the mean: {"kind": "mean_cvar", "risk_weight": 0.5}.'
        found = replace(found, notes=(*found.notes, note))
    return Portfolio(outcomes, found, asked.rules, asked.objective)


@takes(portfolio=a_portfolio, **SIMULATED)
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
    found = judged_record(
        portfolio, draws=draws, scrambles=scrambles, until=until, seed=seed, jobs=jobs, progress=progress
    )
    return Judged(portfolio, found.outcomes, found.account, found.seed, settled=found.settled)
