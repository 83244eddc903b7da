"""Made-up instances of the choice for the benchmark: any size, from a seed, with rules of a stated tightness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sharesim.choice.candidates import SHARED, Candidates, Ragged
from sharesim.study import rules as r
from sharesim.study.labels import Labels

N_YEARS = 3
MOST_PARTNERS = 4
FIRST_YEAR = 2027


@dataclass(frozen=True)
class FactorDraws:
    """Draws of whole bundles in memory; partners take fixed shares of them. Satisfies `DrawSource`.

    Parameters
    ----------
    npv_gbp : ndarray, shape (B, N)
    share : ndarray, shape (B, P)
    one_off_gbp : ndarray, shape (B, P, T)
        Mean cost, the same in every draw.
    n_councils : int
    """

    npv_gbp: np.ndarray
    share: np.ndarray
    one_off_gbp: np.ndarray
    n_councils: int

    @property
    def n_draws(self) -> int:
        return self.npv_gbp.shape[1]

    def draws(self, ids: np.ndarray) -> np.ndarray:
        return self.npv_gbp[ids]

    def partner_draws(self, ids: np.ndarray) -> np.ndarray:
        return self.share[ids][:, :, None] * self.npv_gbp[ids][:, None]

    def one_off_draws(self, ids: np.ndarray, years: Sequence[int]) -> np.ndarray:
        mean = self.one_off_gbp[ids][:, :, list(years)].sum(axis=2)
        return np.repeat(mean[:, :, None], self.n_draws, axis=2)

    def weighted(self, weight: np.ndarray) -> np.ndarray:
        return self.npv_gbp @ weight

    def activation_draws(self) -> np.ndarray:
        return np.zeros((0, self.n_councils, self.n_draws))

    def activation_one_off_draws(self, years: Sequence[int]) -> np.ndarray:
        return np.zeros((0, self.n_councils, self.n_draws))

    def activation_grant_draws(self, years: Sequence[int]) -> np.ndarray:
        return np.zeros((0, self.n_councils, self.n_draws))


@dataclass(frozen=True)
class Instance:
    """One instance with its rules.

    Parameters
    ----------
    name : str
        ``n<bundles>-s<draws>-t<tightness in percent>-seed<seed>``.
    """

    name: str
    candidates: Candidates
    source: FactorDraws
    rules: tuple[r.RuleBase, ...]
    objective: r.Objective


def instance(
    n_bundles: int, n_draws: int, *, tightness: float = 0.5, seed: int = 1, risk_weight: float = 0.5
) -> Instance:
    """Return an instance: `tightness` is the share of what the free greedy choice would use that the rules allow.

    Officer days are limited for every council and year, one-off cost for the programme, and every council breaks even
    in the mean. The objective mixes the mean with CVaR at 5%.
    """
    rng = np.random.default_rng([seed, n_bundles, n_draws])
    n_services = max(4, round(n_bundles**0.5 / 6))
    n_councils = max(8, round(n_bundles**0.5 / 3))
    service = rng.integers(n_services, size=n_bundles)
    partners = _neighbours(rng, n_bundles, n_councils)
    held = partners >= 0
    base = rng.uniform(0.3, 2.0, size=(n_councils, n_services)) * 1e6
    spend = np.where(held, base[partners, service[:, None]], 0.0)
    npv = _draws(rng, (service, partners, spend), (n_services, n_councils, n_draws))
    share = spend / spend.sum(axis=1, keepdims=True) * rng.uniform(0.6, 1.4, size=partners.shape)
    share /= share.sum(axis=1, keepdims=True)
    profile = rng.dirichlet(np.ones(N_YEARS), size=partners.shape)
    one_off = spend[:, :, None] * rng.uniform(0.05, 0.15, size=(n_bundles, 1, 1)) * profile
    days = np.where(held[:, :, None], rng.uniform(20, 200, size=(*partners.shape, N_YEARS)), 0.0)
    source = FactorDraws(npv, share, one_off, n_councils)
    candidates = _candidates((service, partners, n_services, n_councils), source, days)
    rules = _rules(candidates, tightness)
    objective = r.Objective(kind="mean_cvar", risk_weight=risk_weight, level=0.05)
    name = f"n{n_bundles}-s{n_draws}-t{round(tightness * 100)}-seed{seed}"
    return Instance(name, candidates, source, rules, objective)


def _neighbours(rng: np.random.Generator, n_bundles: int, n_councils: int) -> np.ndarray:
    """Partners from a ring where everybody borders the next three on either side."""
    partners = np.full((n_bundles, MOST_PARTNERS), -1, dtype=np.int32)
    count = rng.integers(2, MOST_PARTNERS + 1, size=n_bundles)
    centre = rng.integers(n_councils, size=n_bundles)
    for bundle in range(n_bundles):
        near = (centre[bundle] + np.arange(-3, 4)) % n_councils
        chosen = np.append(
            centre[bundle], rng.choice(near[near != centre[bundle]], size=count[bundle] - 1, replace=False)
        )
        partners[bundle, : count[bundle]] = np.sort(chosen)
    return partners


def _draws(rng: np.random.Generator, who: tuple, size: tuple[int, int, int]) -> np.ndarray:
    """Shared drivers of programme, service and council, and a residual per bundle."""
    service, partners, spend = who
    n_services, n_councils, n_draws = size
    programme, of_service = rng.normal(size=n_draws), rng.normal(size=(n_services, n_draws))
    of_council = rng.normal(size=(n_councils, n_draws))
    rate = rng.uniform(0.05, 0.25, size=len(service))
    total = spend.sum(axis=1)
    swing = 0.4 * programme + 0.5 * of_service[service] + 0.3 * rng.standard_t(5, size=(len(service), n_draws))
    for slot in range(partners.shape[1]):
        weight = np.where(partners[:, slot] >= 0, spend[:, slot] / total, 0.0)
        swing += 0.6 * weight[:, None] * of_council[partners[:, slot]]
    return (total * rate)[:, None] * (1.0 + swing)


def _candidates(who: tuple, source: FactorDraws, days: np.ndarray) -> Candidates:
    service, partners, n_services, n_councils = who
    n_bundles, shape = len(service), partners.shape
    mean = source.npv_gbp.mean(axis=1)
    councils, services = (
        Labels(ids, ids)
        for ids in (tuple(f"c{i}" for i in range(n_councils)), tuple(f"s{i}" for i in range(n_services)))
    )
    nothing = np.zeros(shape)
    return Candidates(
        councils=councils,
        services=services,
        forms=Labels(("lead_authority",), ("Lead authority",)),
        activations=Labels((), ()),
        first_year=FIRST_YEAR,
        n_years=N_YEARS,
        bundle_ids=tuple(f"b{i:06d}" for i in range(n_bundles)),
        services_of=Ragged(np.arange(n_bundles + 1, dtype=np.int64), service.astype(np.int32)),
        partners=partners,
        host_share=np.eye(shape[1])[np.zeros(n_bundles, dtype=int)],
        form=np.zeros(n_bundles, dtype=np.int16),
        start_years=np.zeros(n_bundles),
        stage=np.full(n_bundles, SHARED, dtype=np.int8),
        requires=np.full(n_bundles, -1, dtype=np.int64),
        activations_of=Ragged(np.zeros(n_bundles + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)),
        npv_gbp=mean,
        partner_npv_gbp=source.share * mean[:, None],
        cashable_gbp=mean,
        non_cashable_gbp=np.zeros(n_bundles),
        quality_change=np.zeros(n_bundles),
        one_off_gbp=source.one_off_gbp,
        officer_days=days,
        compulsory_exits=nothing,
        voluntary_exits=nothing,
        redeployments=np.zeros((*shape, N_YEARS)),
        risk_points=np.zeros(n_bundles),
        activation_npv_gbp=np.zeros(0),
        activation_council_npv_gbp=np.zeros((0, n_councils)),
        activation_one_off_gbp=np.zeros((0, n_councils, N_YEARS)),
        activation_grant_gbp=np.zeros((0, n_councils, N_YEARS)),
    )


def _rules(candidates: Candidates, tightness: float) -> tuple[r.RuleBase, ...]:
    used = _greedy(candidates)
    cost = float(candidates.one_off_gbp[used].sum())
    rules: list[r.RuleBase] = [
        r.Budget(kind="budget", name="one-off cost", limit_gbp=tightness * cost),
        r.BreakEven(kind="break_even", name="nobody loses"),
    ]
    for council, name in enumerate(candidates.councils.ids):
        days = (candidates.officer_days[used] * (candidates.partners[used] == council)[:, :, None]).sum(axis=(0, 1))
        limit = tightness * float(days.max(initial=0.0))
        rules.append(r.OfficerDays(kind="officer_days", name=f"days {name}", limit_days=limit, council=name))
    return tuple(rules)


def _greedy(candidates: Candidates) -> np.ndarray:
    """Best mean NPV first, whatever still fits its slots."""
    taken: set[tuple[int, int]] = set()
    chosen = []
    for bundle in np.argsort(-candidates.npv_gbp, kind="stable"):
        service = int(candidates.services_of[bundle][0])
        slots = {(int(council), service) for council in candidates.partners[bundle] if council >= 0}
        if candidates.npv_gbp[bundle] > 0 and not slots & taken:
            taken |= slots
            chosen.append(int(bundle))
    return np.array(sorted(chosen), dtype=int)
