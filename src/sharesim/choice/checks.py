"""Every rule checked again on a finished portfolio, from the candidates and the draws, without the program's rows.

The arithmetic here shares nothing with `choice.rows`: a slip in a row must show as a broken check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations, product
from typing import Any

import numpy as np

from sharesim.choice.portfolio import Held, Portfolio, cvar
from sharesim.choice.solution import About, Check
from sharesim.study import rules as r

ROUNDING = 1e-9


def recheck(portfolio: Portfolio, rules: Iterable[r.RuleBase]) -> tuple[Check, ...]:
    """Check slots, follow-ons and every active rule on a portfolio.

    Returns
    -------
    tuple of Check
        Rules in order, subjects within; checks that are broken among them.
    """
    found = _slots(portfolio) + _one_base(portfolio) + _follow_ons(portfolio)
    for rule in rules:
        if rule.active:
            found += CHECKS[rule.kind](rule, portfolio)
    return tuple(found)


def _slots(portfolio: Portfolio) -> list[Check]:
    used: dict[tuple[str, str, bool], int] = {}
    for held in portfolio.bundles:
        for council in held.councils:
            for service in held.services:
                used[council, service, held.shared] = used.get((council, service, held.shared), 0) + 1
    worst = max(used.values(), default=0)
    return [_built_in("one bundle per slot", worst, 1.0)]


def _one_base(portfolio: Portfolio) -> list[Check]:
    """What does not follow on stands on the whole cost of its councils' services, which can be saved once only."""
    used: dict[tuple[str, str], int] = {}
    candidates = portfolio.candidates
    for index, held in zip(portfolio.chosen.tolist(), portfolio.bundles, strict=True):
        before = candidates.requires[index]
        first = {candidates.councils.ids[at] for at in candidates.partners[before] if at >= 0} if before >= 0 else set()
        for cell in product([name for name in held.councils if name not in first], held.services):
            used[cell] = used.get(cell, 0) + 1
    worst = max(used.values(), default=0)
    return [_built_in("one bundle on a whole cost", worst, 1.0)]


def _follow_ons(portfolio: Portfolio) -> list[Check]:
    chosen = set(portfolio.chosen.tolist())
    before = [int(portfolio.candidates.requires[index]) for index in chosen]
    lost = sum(item >= 0 and item not in chosen for item in before)
    return [_built_in("follow-on after its first stage", lost, 0.0)]


def _built_in(name: str, measured: float, most: float) -> Check:
    return Check(name, r.PROGRAMME, "", "<=", float(measured), most, "bundles", by_rule=False)


def _check(rule: r.RuleBase, about: About, compared: tuple[str, float, float], unit: str, rounding: float = 0) -> Check:
    relation, measured, limit = compared
    return Check(rule.name, rule.owner, str(about), relation, float(measured), float(limit), unit, rounding, about)


def _sum_check(rule: r.RuleBase, about: About, relation: str, terms: np.ndarray, limit: float, unit: str) -> Check:
    rounding = ROUNDING * (float(np.abs(terms).sum()) + abs(limit))
    return _check(rule, about, (relation, float(np.sum(terms)), limit), unit, rounding)


def _count(rule: r.RuleBase, about: About, relation: str, measured: float, limit: float, unit: str) -> Check:
    return _check(rule, about, (relation, measured, limit), unit)


def _applies(services: tuple[str, ...], held: Held) -> bool:
    return r.ALL in services or bool(held.services & set(services))


def _names(wanted: tuple[str, ...], everything: tuple[str, ...]) -> tuple[str, ...]:
    return everything if r.ALL in wanted else wanted


def _must_share(rule: r.MustShare, portfolio: Portfolio) -> list[Check]:
    found = []
    for service in rule.services if r.ALL not in rule.services else portfolio.candidates.services.ids:
        for council in _names(rule.councils, portfolio.candidates.councils.ids):
            if r.ALL in rule.councils and service not in portfolio.services_of_council(council):
                continue
            held = sum(
                item.shared and service in item.services and council in item.councils for item in portfolio.bundles
            )
            found.append(_count(rule, About(council, service), "==", held, 1, "bundles"))
    return found


def _never_share(rule: r.NeverShare, portfolio: Portfolio) -> list[Check]:
    bound = set(_names(rule.councils, portfolio.candidates.councils.ids))
    broken = sum(
        item.shared and _applies(rule.services, item) and bool(bound & set(item.councils)) for item in portfolio.bundles
    )
    return [_count(rule, About(), "<=", broken, 0, "bundles")]


def _force_partners(rule: r.ForcePartners, portfolio: Portfolio) -> list[Check]:
    wanted = set(_names(rule.councils, portfolio.candidates.councils.ids))
    together = [item for item in portfolio.bundles if item.shared and wanted <= set(item.councils)]
    if r.ALL in rule.services:
        return [_count(rule, About(), ">=", len(together), 1, "bundles")]
    return [
        _count(rule, About(service=service), ">=", sum(service in item.services for item in together), 1, "bundles")
        for service in rule.services
    ]


def _forbid_partners(rule: r.ForbidPartners, portfolio: Portfolio) -> list[Check]:
    banned = set(_names(rule.councils, portfolio.candidates.councils.ids))
    broken = sum(_applies(rule.services, item) and len(banned & set(item.councils)) >= 2 for item in portfolio.bundles)
    return [_count(rule, About(), "<=", broken, 0, "bundles")]


def _link_partners(rule: r.LinkPartners, portfolio: Portfolio) -> list[Check]:
    linked = set(_names(rule.councils, portfolio.candidates.councils.ids))
    broken = sum(
        item.shared and _applies(rule.services, item) and 0 < len(linked & set(item.councils)) < len(linked)
        for item in portfolio.bundles
    )
    return [_count(rule, About(), "<=", broken, 0, "bundles")]


def _partners_in(portfolio: Portfolio, council: str, service: str) -> frozenset[str]:
    """Everybody with whom a council shares a service; empty when it does not share it."""
    groups = [
        item.councils
        for item in portfolio.bundles
        if item.shared and service in item.services and council in item.councils
    ]
    return frozenset(name for group in groups for name in group)


def _link_services(rule: r.LinkServices, portfolio: Portfolio) -> list[Check]:
    found = []
    for council in _names(rule.councils, portfolio.candidates.councils.ids):
        own = portfolio.services_of_council(council)
        linked = [name for name in _names(rule.services, portfolio.candidates.services.ids) if name in own]
        groups = [_partners_in(portfolio, council, service) for service in linked]
        kinds = set(groups) if rule.same_partners else {bool(group) for group in groups}
        found.append(_count(rule, About(council), "<=", len(kinds), 1, "ways of sharing"))
    return found


def _forbid_form(rule: r.ForbidForm, portfolio: Portfolio) -> list[Check]:
    broken = sum(_applies(rule.services, item) and item.form in rule.forms for item in portfolio.bundles)
    return [_count(rule, About(), "<=", broken, 0, "bundles")]


def _most_partners(rule: r.MostPartners, portfolio: Portfolio) -> list[Check]:
    found = []
    for council in _names(rule.councils, portfolio.candidates.councils.ids):
        met = {name for item in portfolio.bundles if item.shared and council in item.councils for name in item.councils}
        found.append(_count(rule, About(council), "<=", len(met - {council}), rule.limit, "councils"))
    return found


def _hosting(rule: r.MostHosted | r.LeastHosted, portfolio: Portfolio) -> list[Check]:
    relation, found = ("<=" if rule.kind == "most_hosted" else ">="), []
    for council in _names(rule.councils, portfolio.candidates.councils.ids):
        held = sum(len(item.services) for item in portfolio.bundles if item.shared and council in item.hosts)
        found.append(_count(rule, About(council), relation, held, rule.limit, "services"))
    return found


def _control_groups(rule: r.ControlGroups, portfolio: Portfolio) -> list[Check]:
    group_of = {council: group for group, members in rule.groups.items() for council in members}
    broken = 0
    for item in (held for held in portfolio.bundles if _applies(rule.services, held)):
        pairs = combinations([group_of[name] for name in item.councils if name in group_of], 2)
        broken += any(one != other for one, other in pairs)
    return [_count(rule, About(), "<=", broken, 0, "bundles")]


def _years(portfolio: Portfolio, years: tuple[int, ...]) -> list[int]:
    first = portfolio.candidates.first_year
    return [year - first for year in years] if years else list(range(portfolio.candidates.n_years))


def _budget(rule: r.Budget, portfolio: Portfolio) -> list[Check]:
    years = _years(portfolio, rule.years)
    if rule.percentile is not None:
        cost = portfolio.cost_draws(rule.council, years, net_of_grants=rule.net_of_grants)
        return [_misses(rule, About(rule.council), -cost, -rule.limit_gbp, 1 - rule.percentile / 100)]
    costs = [_mean_cost(rule.council, portfolio, year) for year in years]
    grants = [portfolio.grants_gbp(rule.council, year) if rule.net_of_grants else 0.0 for year in years]
    # Year by year: what a grant leaves over pays for no other year's cost.
    measured = sum(max(terms.sum() - grant, 0.0) for terms, grant in zip(costs, grants, strict=True))
    size = sum(np.abs(terms).sum() for terms in costs) + sum(map(abs, grants)) + rule.limit_gbp
    compared = ("<=", float(measured), rule.limit_gbp)
    return [_check(rule, About(rule.council), compared, "GBP", ROUNDING * float(size))]


def _mean_cost(council: str, portfolio: Portfolio, year: int) -> np.ndarray:
    """Mean one-off costs of one year that add up to a council's, or to the programme's."""
    fixed = portfolio.candidates.activation_one_off_gbp[portfolio.activations][:, :, year]
    own = fixed.sum(axis=1) if council == r.PROGRAMME else fixed[:, portfolio.candidates.councils.index(council)]
    return np.append(portfolio.amount_terms(portfolio.candidates.one_off_gbp[:, :, year], council), own)


def _misses(rule: r.RuleBase, about: About, draws: np.ndarray, floor: float, most: float) -> Check:
    """Share of draws below a floor; a draw on the floor, rounding apart, does not miss."""
    rounding = ROUNDING * (np.abs(draws).max(initial=0.0) + abs(floor))
    missed = np.count_nonzero(draws < floor - rounding) / len(draws)
    return _check(rule, about, ("<=", missed, most), "share of draws", 1e-9)


def _yearly(rule: r.OfficerDays | r.Redeployments, portfolio: Portfolio) -> list[Check]:
    if isinstance(rule, r.OfficerDays):
        values, limit, unit = portfolio.candidates.officer_days, rule.limit_days, "days"
    else:
        values, limit, unit = portfolio.candidates.redeployments, rule.limit_posts, "posts"
    return [
        _sum_check(
            rule,
            About(rule.council, year=portfolio.candidates.first_year + year),
            "<=",
            portfolio.amount_terms(values[:, :, year], rule.council),
            limit,
            unit,
        )
        for year in _years(portfolio, rule.years)
    ]


def _exits(rule: r.Exits, portfolio: Portfolio) -> list[Check]:
    values = np.zeros_like(portfolio.candidates.compulsory_exits)
    if rule.exit_kind in ("compulsory", "all"):
        values = values + portfolio.candidates.compulsory_exits
    if rule.exit_kind in ("voluntary", "all"):
        values = values + portfolio.candidates.voluntary_exits
    terms = portfolio.amount_terms(values, rule.council)
    return [_sum_check(rule, About(rule.council), "<=", terms, rule.limit_posts, "posts")]


def _smallest_share(rule: r.SmallestShare, portfolio: Portfolio) -> list[Check]:
    whole, found = portfolio.mean_npv_gbp, []
    size = np.abs(portfolio.candidates.npv_gbp[portfolio.chosen]).sum()
    for council in _names(rule.councils, portfolio.candidates.councils.ids):
        terms = portfolio.council_terms(council)
        rounding = ROUNDING * float(np.abs(terms).sum() + size)
        own = float(terms.sum())
        found.append(_check(rule, About(council), (">=", own, rule.share * whole), "GBP", rounding))
    return found


def _break_even(rule: r.BreakEven, portfolio: Portfolio) -> list[Check]:
    found = []
    for council in _names(rule.councils, portfolio.candidates.councils.ids):
        about = About(council)
        if rule.measure == "mean":
            found.append(_sum_check(rule, about, ">=", portfolio.council_terms(council), rule.floor_gbp, "GBP"))
        elif rule.measure == "probability":
            draws, floor = portfolio.council_draws(council), rule.floor_gbp
            found.append(_misses(rule, about, draws, floor, 1 - rule.probability))
        else:
            found.append(_cvar_check(rule, about, portfolio.council_draws(council)))
    return found


def _cvar_check(rule: r.BreakEven | r.CvarFloor, about: About, draws: np.ndarray) -> Check:
    rounding = ROUNDING * (float(np.abs(draws).max(initial=0.0)) + abs(rule.floor_gbp))
    return _check(rule, about, (">=", cvar(draws, rule.level), rule.floor_gbp), "GBP", rounding)


def _cvar_floor(rule: r.CvarFloor, portfolio: Portfolio) -> list[Check]:
    return [_cvar_check(rule, About(), portfolio.draws)]


def _loss_probability(rule: r.LossProbability, portfolio: Portfolio) -> list[Check]:
    return [_misses(rule, About(), portfolio.draws, 0.0, rule.most)]


def _target(rule: r.Target, portfolio: Portfolio) -> list[Check]:
    return [_misses(rule, About(), portfolio.draws, rule.target_gbp, 1 - rule.probability)]


def _risk_points(rule: r.RiskPoints, portfolio: Portfolio) -> list[Check]:
    terms = portfolio.candidates.risk_points[portfolio.chosen]
    return [_sum_check(rule, About(), "<=", terms, rule.limit_points, "points")]


# By the kind of a rule, so that each check is given the one class that it is about.
CHECKS: dict[str, Callable[[Any, Portfolio], list[Check]]] = {
    "must_share": _must_share,
    "never_share": _never_share,
    "force_partners": _force_partners,
    "forbid_partners": _forbid_partners,
    "link_partners": _link_partners,
    "link_services": _link_services,
    "forbid_form": _forbid_form,
    "budget": _budget,
    "officer_days": _yearly,
    "exits": _exits,
    "redeployments": _yearly,
    "most_partners": _most_partners,
    "most_hosted": _hosting,
    "least_hosted": _hosting,
    "control_groups": _control_groups,
    "smallest_share": _smallest_share,
    "break_even": _break_even,
    "cvar_floor": _cvar_floor,
    "loss_probability": _loss_probability,
    "target": _target,
    "risk_points": _risk_points,
}
