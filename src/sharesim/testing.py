"""Made-up cases for tests, benchmarks and examples: candidates with draws in memory, always from an explicit seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from sharesim.choice.candidates import INTERNAL, SHARED, Candidates, DrawSource, Ragged
from sharesim.study.labels import Labels

COUNCILS = ("bol", "che", "ned", "amb", "hig", "der", "ere", "sdd")
SERVICES = ("hr", "payroll", "ict", "legal", "audit", "waste", "tax", "benefits", "planning", "control", "procurement")
FORMS = ("lead_authority", "joint_committee", "private_partner", "internal")


@dataclass(frozen=True)
class MemoryDraws(DrawSource):
    """Draws held in memory; satisfies `choice.candidates.DrawSource`.

    Parameters
    ----------
    partner_npv_gbp : ndarray, shape (B, P, N)
    one_off_gbp : ndarray, shape (B, P, T, N)
    activation_npv_gbp : ndarray, shape (K, A, N)
    activation_one_off_gbp : ndarray, shape (K, A, T, N)
    activation_grant_gbp : ndarray, shape (K, A, T, N), optional
        No grants where it is left out.
    """

    partner_npv_gbp: np.ndarray
    one_off_gbp: np.ndarray
    activation_npv_gbp: np.ndarray
    activation_one_off_gbp: np.ndarray
    activation_grant_gbp: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if not self.activation_grant_gbp.size:
            object.__setattr__(self, "activation_grant_gbp", np.zeros_like(self.activation_one_off_gbp))

    @property
    def n_draws(self) -> int:
        return int(self.partner_npv_gbp.shape[-1])

    def draws(self, ids: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.partner_npv_gbp[ids].sum(axis=1)
        return found

    def partner_draws(self, ids: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.partner_npv_gbp[ids]
        return found

    def one_off_draws(self, ids: np.ndarray, years: Sequence[int]) -> np.ndarray:
        return _in_years(self.one_off_gbp[ids], years)

    def weighted(self, weight: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.einsum("bpn,n->b", self.partner_npv_gbp, weight)
        return found

    def activation_draws(self) -> np.ndarray:
        return self.activation_npv_gbp

    def activation_one_off_draws(self, years: Sequence[int]) -> np.ndarray:
        return _in_years(self.activation_one_off_gbp, years)

    def activation_grant_draws(self, years: Sequence[int]) -> np.ndarray:
        return _in_years(self.activation_grant_gbp, years)


def _in_years(amounts: np.ndarray, years: Sequence[int]) -> np.ndarray:
    """Sum amounts (bundle or column, slot or council, year, draw) over some years."""
    found: np.ndarray = amounts[:, :, list(years)].sum(axis=2)
    return found


@dataclass(frozen=True)
class Case:
    """Candidates and the draws behind them."""

    candidates: Candidates
    source: MemoryDraws


@dataclass(frozen=True)
class CaseSize:
    """How large a made-up case is.

    Parameters
    ----------
    n_councils, n_services, n_draws, n_years : int
    most_partners : int
        Largest partnership.
    hosts : bool
        One candidate per possible host, or a single one hosted by the first partner.
    staged : bool
        Adds follow-ons that require a council's internal bundle.
    packages : bool
        Adds bundles that hold the first two services together.
    n_activations : int
        The first is needed by every shared bundle, further ones by bundles of one service each.
    """

    n_councils: int = 3
    n_services: int = 2
    n_draws: int = 40
    n_years: int = 2
    most_partners: int = 3
    hosts: bool = True
    staged: bool = False
    packages: bool = False
    n_activations: int = 1


@dataclass(frozen=True)
class _Bundle:
    services: tuple[int, ...]
    partners: tuple[int, ...]
    host: int | None
    form: int
    stage: int
    requires: int = -1
    name: str = ""


def small_case() -> Case:
    """Return the case of the examples: three councils, two services, fourteen bundles and one activation column.

    Examples
    --------
    >>> case = small_case()
    >>> case.candidates.n_bundles, case.candidates.councils.ids, case.source.n_draws
    (14, ('bol', 'che', 'ned'), 40)
    """
    return synthetic(7, CaseSize(hosts=False, staged=False))


def synthetic(seed: int, size: CaseSize | None = None) -> Case:
    """Return a made-up case whose draws share drivers of programme, service and council.

    Parameters
    ----------
    seed : int
    size : CaseSize, optional

    Returns
    -------
    Case
        All means in the candidates are the means of the draws, so rules at the mean and rules on draws agree.

    Examples
    --------
    >>> case = synthetic(1, CaseSize(n_councils=2, n_services=1, n_draws=10))
    >>> bool(abs(case.source.draws([0]).mean() - case.candidates.npv_gbp[0]) < 1e-6)
    True
    """
    size = size or CaseSize()
    rng = np.random.default_rng([20261122, seed])
    bundles = _bundles(size, rng)
    source = _draws(size, bundles, rng)
    return Case(_candidates(size, bundles, source, rng), source)


def _bundles(size: CaseSize, rng: np.random.Generator) -> list[_Bundle]:
    found: list[_Bundle] = []
    scopes = [(service,) for service in range(size.n_services)] + [(0, 1)] * (size.packages and size.n_services > 1)
    for services in scopes:
        if len(services) == 1:
            found += [_Bundle(services, (council,), None, 3, INTERNAL) for council in range(size.n_councils)]
        for count in range(2, min(size.most_partners, size.n_councils) + 1):
            for partners in combinations(range(size.n_councils), count):
                form = int(rng.integers(3))
                hosts = partners if size.hosts else partners[:1]
                found += [_Bundle(services, partners, host, form, SHARED) for host in hosts]
    if size.staged:
        internal = {
            (item.services[0], item.partners[0]): position
            for position, item in enumerate(found)
            if item.stage == INTERNAL
        }
        found += [
            _Bundle(
                item.services, item.partners, item.host, item.form, SHARED, internal[item.services[0], item.partners[0]]
            )
            for item in list(found)
            if item.stage == SHARED and len(item.services) == 1 and item.host == item.partners[0]
        ]
    return found


def _draws(size: CaseSize, bundles: list[_Bundle], rng: np.random.Generator) -> MemoryDraws:
    n_draws, slots = size.n_draws, max(size.most_partners, 1)
    programme = rng.normal(size=n_draws)
    of_service, of_council = rng.normal(size=(size.n_services, n_draws)), rng.normal(size=(size.n_councils, n_draws))
    base = rng.uniform(0.2, 1.5, size=(size.n_councils, size.n_services)) * 1e6
    npv = np.zeros((len(bundles), slots, n_draws))
    one_off = np.zeros((len(bundles), slots, size.n_years, n_draws))
    for position, bundle in enumerate(bundles):
        rate = 0.05 * len(bundle.partners) * rng.uniform(0.2, 1.6) + (0.02 if bundle.requires >= 0 else 0.0)
        for slot, council in enumerate(bundle.partners):
            swing = 0.5 * programme + 0.6 * of_council[council] + 0.6 * of_service[list(bundle.services)].mean(axis=0)
            spend = base[council, list(bundle.services)].sum()
            cost = spend * rng.uniform(0.02, 0.2) * np.exp(0.4 * rng.normal(size=n_draws) - 0.08)
            profile = rng.dirichlet(np.ones(size.n_years))
            one_off[position, slot] = profile[:, None] * cost
            npv[position, slot] = spend * rate * 3.0 * (1.0 + 0.7 * swing) - cost
    n_activations = size.n_activations
    price = rng.uniform(0.0, 6e4, size=(n_activations, size.n_councils, 1)) * np.exp(
        0.3 * rng.normal(size=(n_activations, 1, n_draws))
    )
    timing = np.zeros((1, 1, size.n_years, 1))
    timing[:, :, 0] = 1.0
    return MemoryDraws(npv, one_off, -price, price[:, :, None] * timing)


def _candidates(size: CaseSize, bundles: list[_Bundle], source: MemoryDraws, rng: np.random.Generator) -> Candidates:
    councils, services, forms = (
        Labels(ids, ids) for ids in (COUNCILS[: size.n_councils], SERVICES[: size.n_services], FORMS)
    )
    activation_ids = tuple(f"fixed{number}" for number in range(size.n_activations))
    slots = source.partner_npv_gbp.shape[1]
    shape = (len(bundles), slots)
    partners, host_share = np.full(shape, -1, dtype=np.int32), np.zeros(shape)
    for position, bundle in enumerate(bundles):
        partners[position, : len(bundle.partners)] = bundle.partners
        if bundle.host is not None:
            host_share[position, bundle.partners.index(bundle.host)] = 1.0
    present = partners >= 0
    days = rng.uniform(10, 200, size=(*shape, size.n_years)) * present[:, :, None]
    posts = rng.uniform(0, 4, size=(2, *shape)) * present
    needs = [
        [k for k in range(size.n_activations) if item.stage == SHARED and (k == 0 or k - 1 in item.services)]
        for item in bundles
    ]
    npv = source.partner_npv_gbp.mean(axis=2)
    return Candidates(
        councils=councils,
        services=services,
        forms=forms,
        activations=Labels(activation_ids, activation_ids),
        first_year=2027,
        n_years=size.n_years,
        bundle_ids=tuple(_bundle_id(item, councils, services, bundles) for item in bundles),
        services_of=Ragged.of([item.services for item in bundles]),
        partners=partners,
        host_share=host_share,
        form=np.array([item.form for item in bundles], dtype=np.int16),
        start_years=np.zeros(len(bundles)),
        stage=np.array([item.stage for item in bundles], dtype=np.int8),
        requires=np.array([item.requires for item in bundles], dtype=np.int64),
        activations_of=Ragged.of(needs),
        npv_gbp=npv.sum(axis=1),
        partner_npv_gbp=npv,
        cashable_gbp=np.maximum(npv, 0).sum(axis=1) * 1.2,
        non_cashable_gbp=rng.uniform(0, 5e4, size=len(bundles)),
        quality_change=rng.normal(0, 0.02, size=len(bundles)),
        one_off_gbp=source.one_off_gbp.mean(axis=3),
        officer_days=days,
        compulsory_exits=posts[0],
        voluntary_exits=posts[1],
        redeployments=rng.uniform(0, 3, size=(*shape, size.n_years)) * present[:, :, None],
        risk_points=rng.integers(0, 5, size=len(bundles)).astype(float),
        activation_npv_gbp=source.activation_npv_gbp.mean(axis=2).sum(axis=1),
        activation_council_npv_gbp=source.activation_npv_gbp.mean(axis=2),
        activation_one_off_gbp=source.activation_one_off_gbp.mean(axis=3),
        activation_grant_gbp=source.activation_grant_gbp.mean(axis=3),
    )


def _bundle_id(bundle: _Bundle, councils: Labels, services: Labels, bundles: list[_Bundle]) -> str:
    parts = [
        "+".join(services.ids[item] for item in bundle.services),
        "+".join(councils.ids[item] for item in bundle.partners),
        FORMS[bundle.form],
        councils.ids[bundle.host] if bundle.host is not None else "none",
    ]
    return "|".join(parts) + ("|after" if bundle.requires >= 0 else "")
