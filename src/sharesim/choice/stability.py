"""How sure the choice is: what changes when other draws are chosen on, and how far from best it may be.

Three figures stay apart: the gap the solver proved on its own draws (`Solution.gap`), the sampling gap here (Mak,
Morton and Wood 1999, over independent sets of draws with common futures), and the value on fresh draws, which is the
caller's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.checks import recheck
from sharesim.choice.choose import choose
from sharesim.choice.formulation import build
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.risk import needs_draws
from sharesim.choice.search import ChoiceOptions, Judge
from sharesim.choice.solution import Solution, Status
from sharesim.display import record
from sharesim.errors import Fault, UsageError
from sharesim.study.rules import Objective, RuleBase

LEAST_SETS = 20
CORE, OUT = 0.9, 0.1
# Rules whose numbers are means over draws, so that another set of draws may judge them otherwise.
ON_MEANS = ("budget", "exits", "redeployments", "break_even", "smallest_share")


@dataclass(frozen=True)
class Share:
    """How often something is in the best portfolio.

    Parameters
    ----------
    name : str
        Bundle id, ``council + council``, or ``council hosts service``.
    share : float
        Share of sets of draws.
    """

    name: str
    share: float

    @property
    def verdict(self) -> str:
        """core: in 90% or more; out: in 10% or fewer; borderline between."""
        return "core" if self.share >= CORE else "out" if self.share <= OUT else "borderline"


@record
class Stability:
    """What re-sampled optima say of one portfolio.

    Parameters
    ----------
    n_sets : int
    n_unsolved : int
        Sets on which no portfolio was found; they count in no share.
    n_stopped : int
        Sets whose search was stopped before its gap: the portfolio that they count may not be the best.
    bundles, partners, hosts : tuple of Share
        Most frequent first.
    gap_mean_gbp : float
        Mean over sets of (bound - value of the portfolio), under the rules that draws do not touch.
    gap_high_gbp : float
        With the confidence stated, the portfolio is no further from the best than this in expectation.
    confidence : float
    violations : dict of str to float
        Rules that draws touch: share of sets on which the portfolio breaks them.
    """

    n_sets: int
    n_unsolved: int
    n_stopped: int
    bundles: tuple[Share, ...]
    partners: tuple[Share, ...]
    hosts: tuple[Share, ...]
    gap_mean_gbp: float
    gap_high_gbp: float
    confidence: float
    violations: dict[str, float]


def sampled(rule: RuleBase) -> bool:
    """Return True when other draws may judge a rule otherwise."""
    return needs_draws(rule) or rule.kind in ON_MEANS


def stability(
    sets: Iterable[tuple[Candidates, DrawSource]],
    portfolio_ids: Sequence[str],
    rules: Iterable[RuleBase],
    objective: Objective | None = None,
    options: ChoiceOptions | None = None,
    *,
    confidence: float = 0.95,
) -> Stability:
    """Choose again on independent sets of draws and compare with a portfolio.

    Parameters
    ----------
    sets : iterable of (Candidates, DrawSource)
        At least 20 independent sets over the same bundles; taken one at a time, so they may be made as they are asked.
    portfolio_ids : sequence of str
        Bundle ids of the portfolio that is judged.
    rules, objective, options
        As for `choose`; every set is solved twice: with all rules for the shares, and with the rules that draws do not
        touch for the gap, whose bound then holds whatever the draws.
    confidence : float
        One-sided, of `gap_high_gbp`.

    Raises
    ------
    UsageError
        Fewer than 20 sets, or a set without one of the portfolio's bundles.

    Examples
    --------
    >>> from sharesim.testing import CaseSize, synthetic
    >>> cases = [synthetic(5, CaseSize(n_draws=30, hosts=False)) for _ in range(20)]
    >>> found = stability(((c.candidates, c.source) for c in cases), ["hr|bol|internal|none"], [])
    >>> found.n_sets, {item.verdict for item in found.bundles} <= {"core", "out"}
    (20, True)
    """
    objective = objective or Objective(kind="mean")
    options = replace(options or ChoiceOptions(), binding=False)
    active = [rule for rule in rules if rule.active]
    fixed, touched = [rule for rule in active if not sampled(rule)], [rule for rule in active if sampled(rule)]
    tally: tuple[Counter[str], Counter[str], Counter[str]] = Counter(), Counter(), Counter()
    gaps: list[float] = []
    broken: Counter[str] = Counter()
    n_sets = n_unsolved = n_stopped = 0
    for candidates, source in sets:
        n_sets += 1
        portfolio = Portfolio(candidates, _positions(candidates, portfolio_ids), source)
        found = choose(candidates, source, active, objective, options)
        n_unsolved += not found.status.has_portfolio
        n_stopped += found.status not in (Status.OPTIMAL, Status.INFEASIBLE)
        if found.status.has_portfolio:
            _count(tally, candidates, found)
        gaps.append(_gap(portfolio, fixed, objective, options))
        broken.update({check.rule for check in recheck(portfolio, touched) if check.by_rule and not check.holds})
    if n_sets < LEAST_SETS:
        remedy = "Make more sets of draws."
        raise UsageError(
            Fault("stability.sets", "too few sets for an interval", str(n_sets), f"{LEAST_SETS} or more", remedy)
        )
    mean, high = _upper(np.array(gaps), confidence)
    bundles, partners, hosts = (_shares(item, n_sets - n_unsolved) for item in tally)
    violations = {rule.name: broken[rule.name] / n_sets for rule in touched}
    return Stability(n_sets, n_unsolved, n_stopped, bundles, partners, hosts, mean, high, confidence, violations)


def _positions(candidates: Candidates, ids: Sequence[str]) -> np.ndarray:
    known = {item: position for position, item in enumerate(candidates.bundle_ids)}
    lost = [item for item in ids if item not in known]
    if lost:
        problem, remedy = "a set lacks bundles of the portfolio", "Make every set over the same candidates."
        raise UsageError(Fault("stability.sets", problem, ", ".join(lost[:5]), remedy=remedy))
    return np.array(sorted(known[item] for item in ids), dtype=np.int64)


def _count(tally: tuple[Counter[str], Counter[str], Counter[str]], candidates: Candidates, found: Solution) -> None:
    councils, services = candidates.councils.ids, candidates.services.ids
    pairs, hosts = set(), set()
    for bundle in found.chosen.tolist():
        tally[0][candidates.bundle_ids[bundle]] += 1
        partners = [int(item) for item in candidates.partners[bundle] if item >= 0]
        pairs |= {f"{councils[one]} + {councils[two]}" for one in partners for two in partners if one < two}
        for slot, council in enumerate(partners):
            if len(partners) > 1 and candidates.host_share[bundle, slot] > 0:
                hosts |= {
                    f"{councils[council]} hosts {services[item]}" for item in candidates.services_of[bundle].tolist()
                }
    tally[1].update(pairs)
    tally[2].update(hosts)


def _shares(counted: Counter[str], n_solved: int) -> tuple[Share, ...]:
    found = [Share(name, count / n_solved) for name, count in counted.items()]
    return tuple(sorted(found, key=lambda item: (-item.share, item.name)))


def _gap(portfolio: Portfolio, fixed: list[RuleBase], objective: Objective, options: ChoiceOptions) -> float:
    """Bound of the best under the fixed rules less the portfolio's value, both on one set of draws."""
    program = build(portfolio.candidates, fixed, objective, portfolio.source, full_draws=options.full_draws)
    value = Judge(program, portfolio.source).value(portfolio, 0)
    best = choose(portfolio.candidates, portfolio.source, fixed, objective, replace(options, ties=False))
    return max(best.bound_gbp - value, 0.0)


def _upper(gaps: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return the mean and its one-sided upper confidence limit (Student's t)."""
    mean, error = float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(len(gaps)))
    return mean, mean + float(stats.t.ppf(confidence, len(gaps) - 1)) * error
