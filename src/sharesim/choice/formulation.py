"""The choice as data: variables, sparse rows grouped by rule, and the rules on draws; no solver in sight.

Columns are the bundles x (B), the activations y (K), then what rules add (pairs, misses, shortfalls). The program
always maximises. `build` makes it, `Program.without` takes rules out again, `contradictions` finds what cannot hold
together without solving anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from sharesim.choice.amounts import portfolio_mean
from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.keys import RowKey, RowKind
from sharesim.choice.risk import PortfolioBlock, Risk, add_full_rows, extent, needs_draws, risks_of
from sharesim.choice.rows import STRUCTURE, RowList, add_rule, demands, forbidden, structure
from sharesim.choice.view import View, name_faults
from sharesim.errors import Fault, StudyError
from sharesim.study.rules import Objective, RuleBase

# Beyond this many draws CVaR rows are slower than cuts (docs/choice.md, section on figures).
FULL_DRAWS = 300


@dataclass(frozen=True)
class Target:
    """One thing to maximise.

    Parameters
    ----------
    measure : str
        ``npv``, ``cvar``, ``non_cashable``, ``quality``, ``exits`` or ``objective``.
    column : ndarray, shape (V,)
        Coefficients, always maximised: exits carry a minus.
    """

    measure: str
    column: np.ndarray


@dataclass(frozen=True)
class Program:
    """An integer program in arrays: maximise targets in turn, subject to lower <= matrix x <= upper.

    Parameters
    ----------
    candidates : Candidates or None
        What columns stand for; None for a program that came from elsewhere.
    targets : tuple of Target
        More than one for a lexicographic objective.
    tolerance_share : float
        How much of its best each target may give up for the next.
    lower, upper : ndarray, shape (V,)
    integer : ndarray of bool, shape (V,)
    matrix : scipy.sparse.csr_array, shape (R, V)
    row_lower, row_upper : ndarray, shape (R,)
    row_rule : ndarray of int, shape (R,)
        Number of the rule that a row belongs to, or STRUCTURE (-1).
    row_keys : tuple of RowKey
    extra_names : tuple of str
        Names of the columns after bundles and activations.
    rules : tuple of RuleBase
        The active rules; position is the number in `row_rule`.
    risks : tuple of Risk
        Rules and objective terms on draws.
    """

    candidates: Candidates | None
    targets: tuple[Target, ...]
    tolerance_share: float
    lower: np.ndarray
    upper: np.ndarray
    integer: np.ndarray
    matrix: sparse.csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    row_rule: np.ndarray
    row_keys: tuple[RowKey, ...]
    extra_names: tuple[str, ...]
    rules: tuple[RuleBase, ...] = ()
    risks: tuple[Risk, ...] = ()

    @property
    def n_variables(self) -> int:
        return len(self.lower)

    @property
    def n_rows(self) -> int:
        return len(self.row_lower)

    @property
    def objective(self) -> np.ndarray:
        """Coefficients of the first target, shape (V,)."""
        return self.targets[0].column

    @property
    def n_columns(self) -> int:
        """Bundle and activation columns, B + K."""
        return self.n_variables - len(self.extra_names)

    @cached_property
    def variable_names(self) -> tuple[str, ...]:
        """Names of all columns: ``x[bundle id]``, ``y[activation id]``, then what rules added."""
        if self.candidates is None:
            return self.extra_names
        bundles = (f"x[{item}]" for item in self.candidates.bundle_ids)
        return (*bundles, *(f"y[{item}]" for item in self.candidates.activations.ids), *self.extra_names)

    def allows(self, values: np.ndarray) -> bool:
        """Return whether values (V,) keep the bounds and the rows that no rule owns; rules have checks of their own.

        Where a value is nan the variable stands, row by row, where it helps most.
        """
        free = np.isnan(values)
        least, most = np.where(free, self.lower, values), np.where(free, self.upper, values)
        if (least < self.lower).any() or (most > self.upper).any():
            return False
        own = self.row_rule == STRUCTURE
        rows, n_rows = self.matrix[own].tocoo(), int(own.sum())
        ends = least[rows.col] * rows.data, most[rows.col] * rows.data
        low = np.bincount(rows.row, weights=np.minimum(*ends), minlength=n_rows)
        high = np.bincount(rows.row, weights=np.maximum(*ends), minlength=n_rows)
        fixed = ~free[rows.col]
        size = np.bincount(rows.row[fixed], weights=np.abs(ends[0][fixed]), minlength=n_rows)
        rounding = 1e-9 * (1.0 + size)
        return bool((high >= self.row_lower[own] - rounding).all() and (low <= self.row_upper[own] + rounding).all())

    def without(self, numbers: Collection[int]) -> Program:
        """Return the program with some rules taken out, by number."""
        kept = ~np.isin(self.row_rule, list(numbers))
        return replace(
            self,
            matrix=self.matrix[kept],
            row_lower=self.row_lower[kept],
            row_upper=self.row_upper[kept],
            row_rule=self.row_rule[kept],
            row_keys=tuple(key for key, keep in zip(self.row_keys, kept, strict=True) if keep),
            risks=tuple(risk for risk in self.risks if risk.rule == STRUCTURE or risk.rule not in numbers),
        )

    def with_rows(
        self, matrix: sparse.csr_array, bounds: tuple[np.ndarray, np.ndarray], names: Sequence[str]
    ) -> Program:
        """Return the program with rows added under STRUCTURE (cuts); `matrix` may have fewer columns."""
        if matrix.shape[0] == 0:
            return self
        wide = sparse.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], self.n_variables))
        return replace(
            self,
            matrix=sparse.vstack([self.matrix, wide], format="csr"),
            row_lower=np.concatenate([self.row_lower, bounds[0]]),
            row_upper=np.concatenate([self.row_upper, bounds[1]]),
            row_rule=np.concatenate([self.row_rule, np.full(matrix.shape[0], STRUCTURE)]),
            row_keys=(*self.row_keys, *(RowKey(RowKind.CUT, name) for name in names)),
        )

    def with_variables(
        self, names: Sequence[str], lower: np.ndarray, upper: np.ndarray, integer: np.ndarray
    ) -> Program:
        """Return the program with columns added at the end."""
        n_new = len(names)
        if n_new == 0:
            return self
        return replace(
            self,
            targets=tuple(replace(item, column=np.append(item.column, np.zeros(n_new))) for item in self.targets),
            lower=np.append(self.lower, lower),
            upper=np.append(self.upper, upper),
            integer=np.append(self.integer, integer),
            matrix=sparse.csr_array(
                (self.matrix.data, self.matrix.indices, self.matrix.indptr),
                shape=(self.n_rows, self.n_variables + n_new),
            ),
            extra_names=(*self.extra_names, *names),
        )

    def restricted(self, columns: np.ndarray) -> Program:
        """Return the program over some of its columns (ascending), the others fixed at 0 and left out."""
        names = self.variable_names
        return replace(
            self,
            candidates=None,
            targets=tuple(replace(item, column=item.column[columns]) for item in self.targets),
            lower=self.lower[columns],
            upper=self.upper[columns],
            integer=self.integer[columns],
            matrix=self.matrix[:, columns].tocsr(),
            extra_names=tuple(names[item] for item in columns),
        )


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
) -> tuple[list[tuple[str, np.ndarray, int]], list[Risk]]:
    """Return (measure, column over B + K, CVaR variable with its weight) per target, and the CVaR terms."""
    candidates, quiet = view.candidates, np.zeros(len(view.candidates.activations))
    npv, risks, cvar = portfolio_mean(view), [], -1
    if objective.kind == "mean_cvar" or (objective.kind == "lexicographic" and "cvar" in objective.order):
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


def _blocked(rule: RuleBase, demand: object, bans: dict[str, np.ndarray]) -> list[Fault]:
    where = f"rule {rule.name!r} ({demand.subject})"
    if len(demand.bundles) == 0 or demand.count.sum() < demand.least:
        remedy = "Add candidates that would satisfy it, or drop the rule."
        return [Fault(where, "too few candidate bundles could ever satisfy it", remedy=remedy)]
    left, culprits = np.ones(len(demand.bundles), dtype=bool), []
    for name, mask in sorted(bans.items(), key=lambda item: -int(item[1][demand.bundles].sum())):
        if (left & mask[demand.bundles]).any():
            left &= ~mask[demand.bundles]
            culprits.append(name)
        if demand.count[left].sum() < demand.least:
            shown = ", ".join(repr(name) for name in culprits)
            remedy = "Drop one of these rules, or narrow its councils or services."
            return [Fault(where, f"cannot hold together with {shown}", remedy=remedy)]
    return []


def _host_limits(rules: Sequence[RuleBase], view: View) -> list[Fault]:
    faults = []
    for low in (rule for rule in rules if rule.kind == "least_hosted"):
        for high in (rule for rule in rules if rule.kind == "most_hosted" and rule.limit < low.limit):
            both = set(view.councils(low.councils)) & set(view.councils(high.councils))
            for council in sorted(both):
                where = f"rule {low.name!r} ({view.candidates.councils.ids[council]})"
                problem = f"asks for {low.limit} hosted, and {high.name!r} allows {high.limit}"
                faults.append(Fault(where, problem, remedy="Raise the one or lower the other."))
    return faults
