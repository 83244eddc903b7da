"""Every portfolio of a small case, one by one: the yardstick for the choice. Also rules that bite, made at random."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sharesim.choice.candidates import Candidates
from sharesim.choice.checks import recheck
from sharesim.choice.portfolio import Portfolio, cvar
from sharesim.study import rules as r
from sharesim.testing import Case


def slots_of(candidates: Candidates, bundle: int) -> set[tuple[int, int, int]]:
    return {
        (int(council), int(service), int(candidates.stage[bundle]))
        for council in candidates.partners[bundle]
        if council >= 0
        for service in candidates.services_of[bundle]
    }


def used_by(candidates: Candidates, bundle: int) -> set[tuple[int, ...]]:
    """Return what only one chosen bundle may have: its slots, and the whole cost of cells that no first stage cut."""
    slots, before = slots_of(candidates, bundle), candidates.requires[bundle]
    staged = set(candidates.partners[before].tolist()) if before >= 0 else set()
    return slots | {slot[:2] for slot in slots if slot[0] not in staged}


def portfolios(candidates: Candidates) -> Iterator[list[int]]:
    """Yield every set of bundles that keeps the slots, counts no cost twice and keeps the order of stages."""
    slots = [used_by(candidates, bundle) for bundle in range(candidates.n_bundles)]

    def extend(first: int, used: frozenset, chosen: list[int]) -> Iterator[list[int]]:
        if all(candidates.requires[item] < 0 or candidates.requires[item] in chosen for item in chosen):
            yield chosen
        for bundle in range(first, candidates.n_bundles):
            if not slots[bundle] & used:
                yield from extend(bundle + 1, used | slots[bundle], [*chosen, bundle])

    yield from extend(0, frozenset(), [])


def objective_values(portfolio: Portfolio, objective: r.Objective) -> tuple[float, ...]:
    """Return the targets of an objective for a portfolio, all to be maximised."""
    candidates, chosen = portfolio.candidates, portfolio.chosen
    measures = {
        "npv": portfolio.mean_npv_gbp,
        "non_cashable": float(candidates.non_cashable_gbp[chosen].sum()),
        "quality": float(candidates.quality_change[chosen].sum()),
        "exits": -float(candidates.compulsory_exits[chosen].sum() + candidates.voluntary_exits[chosen].sum()),
    }
    if objective.kind == "mean":
        return (measures["npv"],)
    if objective.kind == "weights":
        total = objective.cashable_weight * measures["npv"] + objective.non_cashable_weight * measures["non_cashable"]
        return (total + objective.quality_weight_gbp * measures["quality"],)
    measures["cvar"] = cvar(portfolio.draws, objective.level)
    if objective.kind == "mean_cvar":
        return ((1 - objective.risk_weight) * measures["npv"] + objective.risk_weight * measures["cvar"],)
    return tuple(measures[name] for name in objective.order)


def best(
    case: Case, rules: list[r.RuleBase], objective: r.Objective | None = None
) -> tuple[list[int], tuple[float, ...]] | None:
    """Return the best portfolio and its targets, or None when no portfolio keeps the rules."""
    objective = objective or r.Objective(kind="mean")
    kept = []
    for chosen in portfolios(case.candidates):
        portfolio = Portfolio(case.candidates, np.array(chosen, dtype=int), case.source)
        if all(check.holds for check in recheck(portfolio, rules)):
            kept.append((chosen, objective_values(portfolio, objective)))
    if not kept:
        return None
    for target in range(len(kept[0][1])):
        top = max(values[target] for _, values in kept)
        floor = top - objective.tolerance_share * abs(top) - 1e-9 * abs(top)
        kept = [item for item in kept if item[1][target] >= floor]
    return max(kept, key=lambda item: item[1][-1])


KINDS = (
    "must_share",
    "never_share",
    "force_partners",
    "forbid_partners",
    "link_partners",
    "link_services",
    "forbid_form",
    "budget",
    "officer_days",
    "exits",
    "redeployments",
    "most_partners",
    "most_hosted",
    "least_hosted",
    "control_groups",
    "smallest_share",
    "break_even",
    "cvar_floor",
    "loss_probability",
    "target",
    "risk_points",
)


def random_rule(kind: str, name: str, case: Case, rng: np.random.Generator) -> r.RuleBase:
    """Return a rule of a kind whose numbers lie where portfolios of the case lie, so that it bites or nearly."""
    return MAKERS[kind](name, case, rng)


def _some(rng: np.random.Generator, ids: tuple[str, ...], least: int = 1) -> tuple[str, ...]:
    count = int(rng.integers(least, len(ids) + 1))
    return tuple(ids[item] for item in sorted(rng.choice(len(ids), size=count, replace=False)))


def _or_all(rng: np.random.Generator, ids: tuple[str, ...]) -> tuple[str, ...]:
    return (r.ALL,) if rng.random() < 0.5 else _some(rng, ids)


def _sample(case: Case, rng: np.random.Generator) -> Portfolio:
    """A random maximal portfolio, to read plausible limits from."""
    used, chosen, candidates = set(), [], case.candidates
    for bundle in rng.permutation(candidates.n_bundles):
        slots = used_by(candidates, bundle)
        if not slots & used and (candidates.requires[bundle] < 0 or candidates.requires[bundle] in chosen):
            used |= slots
            chosen.append(int(bundle))
    return Portfolio(candidates, np.array(sorted(chosen), dtype=int), case.source)


def _one(rng: np.random.Generator, case: Case) -> str:
    ids = case.candidates.councils.ids
    return r.PROGRAMME if rng.random() < 0.5 else ids[int(rng.integers(len(ids)))]


def _money(kind: str, name: str, case: Case, rng: np.random.Generator) -> r.RuleBase:
    portfolio, share = _sample(case, rng), float(rng.uniform(0.2, 1.1))
    candidates, whose = case.candidates, _one(rng, case)
    years = () if rng.random() < 0.5 else (candidates.first_year,)
    if kind == "budget":
        limit = float(portfolio.amount_terms(candidates.one_off_gbp.sum(axis=2), whose).sum()) * share
        percentile = None if rng.random() < 0.5 else float(rng.uniform(40, 95))
        return r.Budget(kind="budget", name=name, limit_gbp=limit, years=years, council=whose, percentile=percentile)
    if kind == "exits":
        which = ("compulsory", "voluntary", "all")[int(rng.integers(3))]
        limit = float(portfolio.amount_terms(candidates.compulsory_exits, whose).sum()) * share
        return r.Exits(kind="exits", name=name, limit_posts=limit, exit_kind=which, council=whose)
    if kind == "officer_days":
        limit = float(portfolio.amount_terms(candidates.officer_days[:, :, 0], whose).sum()) * share
        return r.OfficerDays(kind="officer_days", name=name, limit_days=limit, council=whose, years=years)
    limit = float(portfolio.amount_terms(candidates.redeployments[:, :, 0], whose).sum()) * share
    return r.Redeployments(kind="redeployments", name=name, limit_posts=limit, council=whose, years=years)


def _break_even(name: str, case: Case, rng: np.random.Generator) -> r.BreakEven:
    measure = ("mean", "cvar", "probability")[int(rng.integers(3))]
    floor = 0.0 if rng.random() < 0.5 else float(rng.normal(0, 5e4))
    councils, probability = _or_all(rng, case.candidates.councils.ids), float(rng.uniform(0.3, 0.97))
    return r.BreakEven(
        kind="break_even", name=name, councils=councils, measure=measure, floor_gbp=floor,
        level=float(rng.uniform(0.05, 0.6)), probability=probability,
    )  # fmt: skip


def _groups(name: str, case: Case, rng: np.random.Generator) -> r.ControlGroups:
    ids = list(case.candidates.councils.ids)
    rng.shuffle(ids)
    cut = int(rng.integers(1, len(ids)))
    groups = {"red": tuple(ids[:cut]), "blue": tuple(ids[cut:])}
    return r.ControlGroups(
        kind="control_groups", name=name, groups=groups, services=_or_all(rng, case.candidates.services.ids)
    )


def _quantile(case: Case, rng: np.random.Generator) -> float:
    return float(np.quantile(_sample(case, rng).draws, rng.uniform(0.05, 0.7)))


MAKERS = {
    "must_share": lambda name, case, rng: r.MustShare(
        kind="must_share",
        name=name,
        services=_some(rng, case.candidates.services.ids),
        councils=_or_all(rng, case.candidates.councils.ids),
    ),
    "never_share": lambda name, case, rng: r.NeverShare(
        kind="never_share",
        name=name,
        services=_some(rng, case.candidates.services.ids),
        councils=_or_all(rng, case.candidates.councils.ids),
    ),
    "force_partners": lambda name, case, rng: r.ForcePartners(
        kind="force_partners",
        name=name,
        councils=_some(rng, case.candidates.councils.ids, 2),
        services=_or_all(rng, case.candidates.services.ids),
    ),
    "forbid_partners": lambda name, case, rng: r.ForbidPartners(
        kind="forbid_partners",
        name=name,
        councils=_some(rng, case.candidates.councils.ids, 2),
        services=_or_all(rng, case.candidates.services.ids),
    ),
    "link_partners": lambda name, case, rng: r.LinkPartners(
        kind="link_partners",
        name=name,
        councils=_some(rng, case.candidates.councils.ids, 2),
        services=_or_all(rng, case.candidates.services.ids),
    ),
    "link_services": lambda name, case, rng: r.LinkServices(
        kind="link_services",
        name=name,
        services=_some(rng, case.candidates.services.ids, 2),
        councils=_or_all(rng, case.candidates.councils.ids),
        same_partners=bool(rng.integers(2)),
    ),
    "forbid_form": lambda name, case, rng: r.ForbidForm(
        kind="forbid_form",
        name=name,
        forms=_some(rng, case.candidates.forms.ids),
        services=_or_all(rng, case.candidates.services.ids),
    ),
    "budget": lambda name, case, rng: _money("budget", name, case, rng),
    "officer_days": lambda name, case, rng: _money("officer_days", name, case, rng),
    "exits": lambda name, case, rng: _money("exits", name, case, rng),
    "redeployments": lambda name, case, rng: _money("redeployments", name, case, rng),
    "most_partners": lambda name, case, rng: r.MostPartners(
        kind="most_partners",
        name=name,
        limit=int(rng.integers(0, 3)),
        councils=_or_all(rng, case.candidates.councils.ids),
    ),
    "most_hosted": lambda name, case, rng: r.MostHosted(
        kind="most_hosted",
        name=name,
        limit=int(rng.integers(0, 3)),
        councils=_or_all(rng, case.candidates.councils.ids),
    ),
    "least_hosted": lambda name, case, rng: r.LeastHosted(
        kind="least_hosted", name=name, limit=int(rng.integers(1, 3)), councils=_some(rng, case.candidates.councils.ids)
    ),
    "control_groups": _groups,
    "smallest_share": lambda name, case, rng: r.SmallestShare(
        kind="smallest_share",
        name=name,
        share=float(rng.uniform(0, 0.5)),
        councils=_or_all(rng, case.candidates.councils.ids),
    ),
    "break_even": _break_even,
    "cvar_floor": lambda name, case, rng: r.CvarFloor(
        kind="cvar_floor", name=name, floor_gbp=_quantile(case, rng), level=float(rng.uniform(0.05, 0.6))
    ),
    "loss_probability": lambda name, case, rng: r.LossProbability(
        kind="loss_probability", name=name, most=float(rng.uniform(0.02, 0.5))
    ),
    "target": lambda name, case, rng: r.Target(
        kind="target", name=name, target_gbp=_quantile(case, rng), probability=float(rng.uniform(0.2, 0.95))
    ),
    "risk_points": lambda name, case, rng: r.RiskPoints(
        kind="risk_points", name=name, limit_points=float(rng.integers(0, 8))
    ),
}
