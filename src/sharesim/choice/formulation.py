"""From candidates, rules and an objective to the integer program; no solver in sight.

`build` makes the program, `contradictions` finds rules that cannot hold together without solving anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from sharesim.choice.amounts import portfolio_mean
from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.program import Program, Target
from sharesim.choice.risk import PortfolioBlock, Risk, add_full_rows, extent, needs_draws, risks_of
from sharesim.choice.rows import STRUCTURE, Demand, RowList, add_rule, demands, forbidden, structure
from sharesim.choice.view import View, name_faults
from sharesim.errors import Fault, StudyError
from sharesim.study.rules import LeastHosted, MostHosted, Objective, RuleBase

# Beyond this many draws CVaR rows are slower than cuts (docs/choice.md, section on figures).
FULL_DRAWS = 300


def build(
    candidates: Candidates,
    rules: Iterable[RuleBase],
    objective: Objective,
    source: DrawSource | None,
    *,
    full_draws: int = FULL_DRAWS,
) -> Program:
    """Return the integer program of a study's rules over its candidates.

    Parameters
    ----------
    candidates : Candidates
    rules : iterable of RuleBase
        Those switched off are left out.
    objective : Objective
    source : DrawSource or None
        May be None when neither rules nor objective look at draws.
    full_draws : int
        With at most this many draws, rules on draws become full rows; beyond, `choice.cuts` holds them.

    Returns
    -------
    Program

    Raises
    ------
    StudyError
        A rule names a council, service, form or year that the candidates do not have. All faults at once.

    Examples
    --------
    >>> from sharesim.study.rules import Objective, RiskPoints
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> rule = RiskPoints(kind="risk_points", name="calm", limit_points=4)
    >>> program = build(case.candidates, [rule], Objective(), case.source)
    >>> program.n_columns, str(program.row_keys[-1])
    (15, 'calm: programme')
    """
    active = tuple(rule for rule in rules if rule.active)
    faults = name_faults(candidates, active) + _draw_faults(active, objective, source)
    if faults:
        raise StudyError(faults)
    view = View(candidates)
    n_columns = candidates.n_bundles + len(candidates.activations)
    rows = RowList(n_columns)
    structure(view, rows)
    targets, risks = _targets(view, objective, source, rows)
    for number, rule in enumerate(active):
        add_rule(rule, number, view, rows)
        if source is not None:
            risks += risks_of(rule, number, view, source)
    risks = [replace(risk, full=risk.block.n_draws <= full_draws) for risk in risks]
    for risk in risks:
        if risk.full:
            add_full_rows(risk, view, rows)
    return _program(candidates, objective, active, rows, targets, risks)


def _draw_faults(rules: Sequence[RuleBase], objective: Objective, source: DrawSource | None) -> list[Fault]:
    if source is not None:
        return []
    remedy = "Pass a source of draws, or judge it on the mean."
    faults = [
        Fault(f"rule {rule.name!r}", "needs draws and there are none", remedy=remedy)
        for rule in rules
        if needs_draws(rule)
    ]
    if objective.kind == "mean_cvar" or (objective.kind == "lexicographic" and "cvar" in objective.order):
        faults.append(Fault("objective", "needs draws and there are none", remedy=remedy))
    return faults


def _targets(
    view: View, objective: Objective, source: DrawSource | None, rows: RowList
) -> tuple[list[tuple[str, np.ndarray, tuple[int, float]]], list[Risk]]:
    """Return (measure, column over B + K, CVaR variable with its weight) per target, and the CVaR terms."""
    candidates, quiet = view.candidates, np.zeros(len(view.candidates.activations))
    npv, cvar = portfolio_mean(view), -1
    risks: list[Risk] = []
    if objective.kind == "mean_cvar" or (objective.kind == "lexicographic" and "cvar" in objective.order):
        assert source is not None  # `_draw_faults` has refused it
        block = PortfolioBlock(source, candidates.n_bundles)
        low, high = extent(view, block)
        cvar = rows.variable("cvar", float(low.min()), float(high.max()))
        risks = [Risk("objective", STRUCTURE, block, 0.0, level=objective.level, column=cvar)]
    if objective.kind == "mean_cvar":
        return [("objective", (1 - objective.risk_weight) * npv, (cvar, objective.risk_weight))], risks
    non_cashable = np.append(candidates.non_cashable_gbp, quiet)
    quality = np.append(candidates.quality_change, quiet)
    if objective.kind == "weights":
        column = objective.cashable_weight * npv + objective.non_cashable_weight * non_cashable
        return [("objective", column + objective.quality_weight_gbp * quality, (-1, 0.0))], risks
    exits = np.append((candidates.compulsory_exits + candidates.voluntary_exits).sum(axis=1), quiet)
    columns = {"npv": npv, "non_cashable": non_cashable, "quality": quality, "exits": -exits, "cvar": 0.0 * npv}
    order = objective.order if objective.kind == "lexicographic" else ("npv",)
    return [(name, columns[name], (cvar, 1.0) if name == "cvar" else (-1, 0.0)) for name in order], risks


def _program(
    candidates: Candidates,
    objective: Objective,
    rules: tuple[RuleBase, ...],
    rows: RowList,
    targets: list[tuple[str, np.ndarray, tuple[int, float]]],
    risks: list[Risk],
) -> Program:
    n_bundles, n_columns = candidates.n_bundles, candidates.n_bundles + len(candidates.activations)
    names, lower, upper, integer, _ = zip(*rows.extra, strict=True) if rows.extra else ((), (), (), (), ())
    made = []
    for measure, column, (variable, weight) in targets:
        wide = np.zeros(rows.n_variables)
        wide[:n_columns] = column
        if variable >= 0:
            wide[variable] = weight
        made.append(Target(measure, wide))
    # y needs no integrality of its own: with x whole, its rows leave it one value.
    return Program(
        candidates=candidates,
        targets=tuple(made),
        tolerance_share=objective.tolerance_share,
        lower=np.concatenate([np.zeros(n_columns), lower]),
        upper=np.concatenate([np.ones(n_columns), upper]),
        integer=np.concatenate(
            [np.ones(n_bundles, bool), np.zeros(n_columns - n_bundles, bool), np.array(integer, bool)]
        ),
        matrix=rows.matrix(),
        row_lower=np.array(rows.lower),
        row_upper=np.array(rows.upper),
        row_rule=np.array(rows.rule, dtype=int),
        row_keys=tuple(rows.keys),
        extra_names=tuple(names),
        rules=rules,
        risks=tuple(risks),
    )


def contradictions(rules: Iterable[RuleBase], candidates: Candidates) -> list[Fault]:
    """Return what cannot hold together whatever the numbers, found without solving.

    A rule that demands some bundle is held against the rules that forbid bundles: when all that would satisfy it are
    forbidden, or none exists, that is a fault, with the rules that stand in the way.

    Examples
    --------
    >>> from sharesim.study.rules import MustShare, NeverShare
    >>> from sharesim.testing import small_case
    >>> rules = [MustShare(kind="must_share", name="share pay", services=("payroll",), councils=("bol",)),
    ...          NeverShare(kind="never_share", name="keep pay", services=("payroll",))]
    >>> contradictions(rules, small_case().candidates)[0].problem
    "cannot hold together with 'keep pay'"
    """
    active = [rule for rule in rules if rule.active]
    faults = name_faults(candidates, active)
    if faults:
        return faults
    view = View(candidates)
    bans = {rule.name: mask for rule in active if (mask := forbidden(rule, view)) is not None}
    for rule in active:
        for demand in demands(rule, view):
            if demand.least > 0:
                faults += _blocked(rule, demand, bans)
    return faults + _host_limits(active, view)


def _blocked(rule: RuleBase, demand: Demand, bans: dict[str, np.ndarray]) -> list[Fault]:
    where = f"rule {rule.name!r} ({demand.subject})"
    if len(demand.bundles) == 0 or demand.count.sum() < demand.least:
        remedy = "Add candidates that would satisfy it, or drop the rule."
        return [Fault(where, "too few candidate bundles could ever satisfy it", remedy=remedy)]
    left = np.ones(len(demand.bundles), dtype=bool)
    culprits: list[str] = []
    for name, mask in sorted(bans.items(), key=lambda item: -int(item[1][demand.bundles].sum())):
        if (left & mask[demand.bundles]).any():
            left = left & ~mask[demand.bundles]
            culprits.append(name)
        if demand.count[left].sum() < demand.least:
            shown = ", ".join(repr(name) for name in culprits)
            remedy = "Drop one of these rules, or narrow its councils or services."
            return [Fault(where, f"cannot hold together with {shown}", remedy=remedy)]
    return []


def _host_limits(rules: Sequence[RuleBase], view: View) -> list[Fault]:
    faults = []
    for low in (rule for rule in rules if isinstance(rule, LeastHosted)):
        for high in (rule for rule in rules if isinstance(rule, MostHosted) and rule.limit < low.limit):
            both = set(view.councils(low.councils)) & set(view.councils(high.councils))
            for council in sorted(both):
                where = f"rule {low.name!r} ({view.candidates.councils.ids[council]})"
                problem = f"asks for {low.limit} hosted, and {high.name!r} allows {high.limit}"
                faults.append(Fault(where, problem, remedy="Raise the one or lower the other."))
    return faults
