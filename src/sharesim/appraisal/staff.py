"""Posts, how they fall away, and what that costs (docs/model.md section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WEEKS_PER_YEAR = 365.25 / 7.0


def statutory_weeks(age_years: float, service_years: float) -> float:
    """Return the weeks' pay of a statutory redundancy payment.

    Each complete year of service counts half a week under 22, one week at 22 to 40 and one and a half at 41 or over;
    the last 20 years count, and fewer than 2 give nothing (Employment Rights Act 1996, s. 162).

    Examples
    --------
    >>> statutory_weeks(41, 2), statutory_weeks(61, 20), statutory_weeks(20, 3), statutory_weeks(45, 1)
    (2.0, 30.0, 1.5, 0.0)
    """
    years = int(min(service_years, 20))
    if years < 2:
        return 0.0
    # Year k back runs from age - k to age - k + 1; it counts by the age at which it began being wholly served.
    ages = [age_years - back for back in range(1, years + 1)]
    return float(sum(1.5 if age >= 41 else 1.0 if age >= 22 else 0.5 for age in ages))


def pension_age(year: int) -> int:
    """Return the age from which a redundant scheme member takes an unreduced pension, by first year of the financial
    year.

    50 before April 2010, 55 since, 57 from April 2028 (normal minimum pension age).
    """
    return 50 if year < 2010 else 55 if year < 2028 else 57


def profile_weeks(profile: Sequence[tuple[float, float, float, float, float]]) -> float:
    """Return the expected statutory weeks over a workforce profile of (age low, high, service low, high, share)
    cells."""
    return sum(share * _over_cell(cell, statutory_weeks) for *cell, share in profile)


def profile_strain(profile: Sequence[tuple[float, float, float, float, float]], year: int) -> float:
    """Return the expected pension strain over a profile, in units of the strain of a member with 20 years' service."""
    least = pension_age(year)
    return sum(
        share * _over_cell(cell, lambda age, service: (age >= least) * service / 20.0) for *cell, share in profile
    )


def _over_cell(cell: Sequence[float], measure) -> float:
    """Average a measure over a cell, four points each way; people are spread evenly inside a cell."""
    age_low, age_high, service_low, service_high = cell
    places = (np.arange(4) + 0.5) / 4.0
    return float(
        np.mean([
            measure(age_low + u * (age_high - age_low), service_low + v * (service_high - service_low))
            for u in places for v in places
        ])
    )  # fmt: skip


@dataclass(frozen=True)
class Displaced:
    """How the posts that a structure no longer needs are met, each (..., partner slot, draw), in posts.

    They sum to the posts removed. `unbudgeted` is the part of `vacancies` that had no budget and so saves nothing.
    """

    removed: np.ndarray
    vacancies: np.ndarray
    unbudgeted: np.ndarray
    leavers: np.ndarray
    redeployed: np.ndarray
    voluntary: np.ndarray
    compulsory: np.ndarray


def displace(
    removed: np.ndarray, posts: np.ndarray, vacant: np.ndarray, unbudgeted: np.ndarray, leaving: np.ndarray,
    redeployment: np.ndarray, voluntary: np.ndarray,
) -> Displaced:  # fmt: skip
    """Meet removed posts in order: vacancies, leavers, redeployment, voluntary, compulsory.

    Parameters
    ----------
    removed, posts : ndarray
        Posts removed by the structure (at most `posts`), and posts in the establishment.
    vacant, unbudgeted : ndarray
        Vacant posts with and without a budget; removed in proportion.
    leaving : ndarray
        Share of the filled posts whose holder leaves between decision and full effect, 0 to 1.
    redeployment, voluntary : ndarray
        Share of the displaced who are redeployed, and of the rest who go by agreement.
    """
    empty = vacant + unbudgeted
    by_vacancy, without_budget = by_vacancies(removed, empty, unbudgeted / np.where(empty > 0, empty, 1.0))
    met = met_by_people(removed - by_vacancy, leaving * np.maximum(posts - empty, 0.0), redeployment, voluntary)
    return Displaced(removed, by_vacancy, without_budget, met.leavers, met.redeployed, met.voluntary, met.compulsory)


def by_vacancies(removed: np.ndarray, empty: np.ndarray, unbudgeted_share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the removed posts that nobody holds, and how many of those had no budget.

    Parameters
    ----------
    empty : ndarray
        Vacant posts, with and without a budget.
    unbudgeted_share : ndarray
        Share of them without.
    """
    vacancies = np.minimum(removed, empty)
    return vacancies, vacancies * unbudgeted_share


@dataclass(frozen=True)
class Met:
    """How posts that somebody holds are given up, each (..., partner slot, draw), in posts.

    Parameters
    ----------
    leavers, redeployed, voluntary, compulsory : ndarray
    paid : ndarray
        Voluntary and compulsory exits: who is paid for going.
    """

    leavers: np.ndarray
    redeployed: np.ndarray
    voluntary: np.ndarray
    compulsory: np.ndarray
    paid: np.ndarray


def met_by_people(held: np.ndarray, leaving: np.ndarray, redeployment: np.ndarray, voluntary: np.ndarray) -> Met:
    """Meet removed posts that somebody holds: leavers first, then redeployment, then exits by agreement and without.

    Parameters
    ----------
    held : ndarray
        Removed posts that are not vacant.
    leaving : ndarray
        Posts whose holder leaves between decision and full effect.
    redeployment, voluntary : ndarray
        Share of the displaced who are redeployed, and of the rest who go by agreement.
    """
    leavers = np.minimum(held, leaving)
    rest = held - leavers
    redeployed = redeployment * rest
    rest -= redeployed
    agreed = voluntary * rest
    return Met(leavers, redeployed, agreed, rest - agreed, rest)


def weekly_pay(pay: np.ndarray, cap_gbp: float | None) -> np.ndarray:
    """Return the week's pay that the redundancy formula takes, GBP: actual, or capped."""
    weekly = pay / WEEKS_PER_YEAR
    return weekly if cap_gbp is None else np.minimum(weekly, cap_gbp)


def harmonisation(
    remaining: np.ndarray, terms: np.ndarray, best_terms: np.ndarray, on_cost: np.ndarray, how_far: np.ndarray
) -> np.ndarray:
    """Return the yearly cost of lifting the remaining posts towards the best terms among the partners, GBP.

    Examples
    --------
    >>> one = np.ones(1)
    >>> harmonisation(10 * one, 30_000 * one, 32_000 * one, 0.25 * one, 0.5 * one).tolist()
    [12500.0]
    """
    return remaining * np.maximum(best_terms - terms, 0.0) * (1.0 + on_cost) * how_far
