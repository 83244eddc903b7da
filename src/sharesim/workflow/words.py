"""Pounds in words, and what every pound of a summary is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sharesim.choice.solution import Status
from sharesim.report.words import gap as gap_words
from sharesim.study.rules import RuleBase
from sharesim.study.study import Study
from sharesim.uncertainty.copula import ChangedPair
from sharesim.workflow.records import PortfolioRecord


def money(value: float) -> str:
    """Return pounds in words that people say: £1.23m, £45k, £310, with a minus where it is a loss.

    Examples
    --------
    >>> money(-1_234_567), money(45_300), money(310)
    ('-£1.23m', '£45k', '£310')
    """
    size, sign = abs(value), "-" if value < 0 else ""
    if size >= 999_500:
        return f"{sign}£{size / 1e6:,.2f}m"
    return f"{sign}£{size / 1e3:,.0f}k" if size >= 9_950 else f"{sign}£{size:,.0f}"


def money_note(study: Study) -> str:
    """Return the unit of every pound in a summary."""
    about = study.model.study
    rate = about.discount_rate_per_year
    shown = f"{rate:.1%}" if isinstance(rate, float) else "the study's schedule"
    return (
        f"Pounds are real at {about.price_base} prices, General Fund, discounted at {shown} a year over {about.horizon_years} years "
        f"from {about.start.isoformat()}, unless said otherwise."
    )


def correlation_lines(changes: Sequence[ChangedPair]) -> list[str]:
    """Return which correlations were changed and how, the largest change first; nothing where all asked for hold."""
    if not changes:
        return []
    kind = "Warning" if any(change.is_far for change in changes) else "Note"
    lines = [f"{kind}: the rank correlations asked for cannot all hold; the nearest possible are used:"]
    ordered = sorted(changes, key=lambda change: -change.size)
    lines += [f"  {item.first} with {item.second}: {item.asked:.2f} asked for, {item.used:.2f} used" for item in ordered]
    return lines


def active(rules: Iterable[RuleBase]) -> tuple[RuleBase, ...]:
    """Return the rules that are switched on."""
    return tuple(rule for rule in rules if rule.active)


def portfolio_words(portfolio: PortfolioRecord) -> str:
    """Return what was chosen in words, or why nothing was."""
    return "\n".join([_chosen_words(portfolio), *correlation_lines(portfolio.appraisal.outcomes.plan.changes)])


def _chosen_words(portfolio: PortfolioRecord) -> str:
    if not portfolio.has_portfolio:
        notes = "\n".join(f"  {note}" for note in portfolio.solution.notes)
        return f"No portfolio: {portfolio.status}." + (f"\n{notes}" if notes else "")
    if not len(portfolio.solution.chosen) and portfolio.solution.status is not Status.OPTIMAL:
        return (
            f"Share nothing is the best found ({portfolio.status}): the search was stopped; "
            f"a value of the objective up to {money(portfolio.bound_gbp)} is not ruled out."
        )
    if not len(portfolio.solution.chosen):
        return "The best choice under these rules is to share nothing: no set of candidate bundles is worth more than it costs."
    table = portfolio.appraisal.outcomes.table
    lines = [
        f"{len(portfolio.solution.chosen)} of {portfolio.appraisal.candidates.n_bundles} candidate bundles chosen ({portfolio.status}):"
    ]
    lines += [f"  {table.describe(int(row))}" for row in portfolio.solution.chosen]
    lines.append(
        f"Value of the objective {money(portfolio.value_gbp)}, at most {money(portfolio.bound_gbp)} is possible (gap {gap_words(portfolio.gap)}), on the futures that chose."
    )
    lines += [f"  In turn, {stage}." for stage in portfolio.solution.stages]
    return "\n".join([*lines, *portfolio.solution.notes])
