"""What is known about sharing from elsewhere: named, cited figures and the laws made of them (docs/evidence.md).

`priors.py` fills a study's absent cells. This file holds what lies behind it and what a case or a back-test draws on:
each figure with its source and the case that it comes from, so that a case's own figures can be left out of its priors.
The laws are made from the figures by one rule, set before any case was run; none was moved until a case came out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sharesim.uncertainty.distributions import Distribution, beta, lognormal, mixture, normal, pert, truncated


@dataclass(frozen=True)
class Case:
    """A real arrangement that evidence comes from.

    Parameters
    ----------
    id : str
    words : tuple of str
        All of these occur in the names of its partners, or in its id; how rows of a register are recognised.
    endings : int
        Endings or break-ups seen.
    years : float
        Partnership-years lived up to the endings.
    """

    id: str
    words: tuple[str, ...]
    endings: int = 0
    years: float = 0.0


@dataclass(frozen=True)
class Point:
    """One figure: a value, the cases that it comes from, who says it and where."""

    value: float
    source: str
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A positive quantity known from a few figures.

    Parameters
    ----------
    name, unit, reasoning : str
    points : tuple of Point
    spread : float
        Least standard deviation of its logarithm between cases. A handful of published figures always looks tighter
        than the next case is, since figures that nobody would print are missing.
    """

    name: str
    unit: str
    points: tuple[Point, ...]
    spread: float
    reasoning: str


CASES: dict[str, Case] = {
    case.id: case
    for case in (
        Case("mansfield_ashfield", ("mansfield", "ashfield"), 3, 28.0),
        Case("emss", ("leicestershire", "nottingham")),
        Case("triborough", ("westminster", "kensington"), 1, 7.0),
        Case("shropshire", ("shropshire",), 1, 4.0),
        Case("chesterfield_trio", ("chesterfield", "bolsover"), 1, 12.0),
        Case("bolsover_ned", ("bolsover", "north east derbyshire")),
        Case("bromsgrove_redditch", ("bromsgrove", "redditch")),
        Case("worcestershire", ("worcestershire",), 1, 6.0),
        Case("clyde_valley", ("clyde",), 1, 1.0),
        Case("cherwell", ("cherwell",), 1, 2.0),
    )
}

_PWC = "PwC for the County Councils Network, as quoted in Surrey's reorganisation papers"
_NAO = "National Audit Office 2016: private firms and councils typically claim over 20% of running cost"

# fmt: off
EVIDENCE: dict[str, Evidence] = {
    known.name: known
    for known in (
        Evidence(
            "planned_rate.support", "share of yearly cost", (
                Point(0.19, "Clyde Valley 2011: 30m a year of 155m by year 5", ("clyde_valley",)),
                Point(0.20, _NAO),
                Point(0.18, f"{_PWC}: enabling support"),
                Point(
                    0.09, "Mansfield and Ashfield, legal: 47k; 13 posts at about 40k each (assumed)",
                    ("mansfield_ashfield",),
                ),
            ), 0.6,
            "What business cases promise for HR, finance, ICT, legal, audit and the like. Promises, not results.",
        ),
        Evidence(
            "planned_rate.tax", "share of yearly cost", (
                Point(0.19, "Clyde Valley 2011, revenues and benefits among others", ("clyde_valley",)),
                Point(0.10, f"{_PWC}: customer contact"),
            ), 0.6,
            "Tax collection and benefit administration. Dutch tax offices have nothing left to gain above 60,000.",
        ),
        Evidence(
            "planned_rate.regulatory", "share of yearly cost", (
                Point(0.086, "Chesterfield trio, building control: 80k of 925k", ("chesterfield_trio",)),
                Point(0.06, f"{_PWC}: service delivery"),
            ), 0.6,
            "Building control, planning, licensing, environmental health, trading standards.",
        ),
        Evidence(
            "planned_rate.procurement", "share of addressable spend", (
                Point(0.02, "claim of several peers; also the Chesterfield trio's own rule of thumb"),
            ), 0.6,
            "A share of what joint contracts can reach, not of the unit's cost.",
        ),
        Evidence(
            "planned_rate.front_line", "share of yearly cost", (
                Point(0.06, f"{_PWC}: service delivery"),
                Point(0.18, "tri-borough: between 40m and 75m a year of 300m", ("triborough",)),
            ), 0.6,
            "Waste, highways, care, libraries, regeneration: what residents see.",
        ),
        Evidence(
            "planned_rate.management", "share of yearly cost of the teams", (
                Point(0.33, "district senior teams, 9 posts to 6: 280k"),
                Point(0.33, "Bolsover and North East Derbyshire: six directors to four", ("bolsover_ned",)),
                Point(0.50, "tri-borough: halve middle and senior managers", ("triborough",)),
            ), 0.4,
            "Fewer chief officers. Posts can be counted, so it varies less.",
        ),
        Evidence(
            "planned_rate.whole", "share of net spend on services", (
                Point(0.059, "Bolsover and North East Derbyshire: 1.5m of 25.5m", ("bolsover_ned",)),
                Point(0.045, "Bromsgrove: 516k of 11.5m", ("bromsgrove_redditch", "worcestershire")),
                Point(0.082, "Bromsgrove and Redditch, all services: 2m of 24.4m", ("bromsgrove_redditch",)),
                Point(0.060, "Cherwell, South Northamptonshire and Stratford: 2.7m a year of about 45m", ("cherwell",)),
                Point(0.06, f"{_PWC}: service delivery"),
            ), 0.5,
            "Whole councils that share management and, in time, every service.",
        ),
        Evidence(
            "one_off_to_saving", "years of the planned full saving", (
                Point(0.98, "Clyde Valley 2011: 28-31m for 30m a year", ("clyde_valley",)),
                Point(0.65, "Local Government Association 2012: 18-59% of two years' savings, five successes"),
                Point(0.73, "National Audit Office 2016: 94m for 128m a year"),
            ), 0.7,
            "What the change costs once, against a year of what it is meant to save.",
        ),
        Evidence(
            "realisation.owners", "out-turn over plan", (
                Point(0.85, "Chesterfield trio: 2.8m of 3.3m, press report 2011", ("chesterfield_trio",)),
                Point(0.61, "tri-borough: 43m of 50-100m, by two of its owners", ("triborough",)),
            ), 0.4,
            "What owners say came out. Those with nothing to say seldom publish.",
        ),
    )
}
# fmt: on

#: Endings and years of the whole register; the cases above hold their part of both.
REGISTER_ENDINGS, REGISTER_YEARS = 11, 140.0


def cases_in(text: str) -> tuple[str, ...]:
    """Return the known cases that the names in a text belong to, so that their figures can be left out.

    Examples
    --------
    >>> cases_in("Chesterfield BC; North East Derbyshire DC; Bolsover DC")
    ('chesterfield_trio', 'bolsover_ned')
    """
    folded = text.casefold().replace("_", " ")
    return tuple(case.id for case in CASES.values() if all(word in folded for word in case.words))


def points_without(name: str, without: Iterable[str] = ()) -> tuple[Point, ...]:
    """Return the figures behind a quantity, those of some cases left out."""
    out = set(without)
    return tuple(point for point in EVIDENCE[name].points if not out & set(point.cases))


def law(name: str, without: Iterable[str] = ()) -> Distribution:
    """Return what the next case may be expected to show: a log-normal round the figures' geometric mean.

    Its spread is the figures' own or the least one, whichever is larger, times sqrt(1 + 1/n): the next case differs
    from the mean, and n figures do not fix the mean.

    Parameters
    ----------
    name : str
        A key of `EVIDENCE`.
    without : iterable of str
        Cases whose own figures are left out.

    Examples
    --------
    >>> round(float(law("planned_rate.support").quantile(0.5)), 3)
    0.158
    >>> round(float(law("planned_rate.support", without=["clyde_valley"]).quantile(0.5)), 3)
    0.148
    """
    known = EVIDENCE[name]
    logs = [math.log(point.value) for point in points_without(name, without)]
    centre = sum(logs) / len(logs)
    own = math.sqrt(sum((one - centre) ** 2 for one in logs) / (len(logs) - 1)) if len(logs) > 1 else 0.0
    spread = max(own, known.spread) * math.sqrt(1.0 + 1.0 / len(logs))
    mean = math.exp(centre + spread**2 / 2)
    return lognormal(mean=mean, sd=mean * math.sqrt(math.expm1(spread**2)))


def realised_rate(kind: str = "support") -> Distribution:
    """Return the saving that accounts show, as a share of cost, with nothing further to be taken off.

    Half of the studies find some saving, the rest none or more cost (Bel & Sebő 2021); English panels find none on
    average (Elston & Dixon 2020), a South Australian one 8% more (Drew et al. 2019), business cases over 20%.

    Parameters
    ----------
    kind : {"support", "tax"}
        Tax collection has used up its scale at about 60,000 residents (Niaounakis & Blank 2017).

    Examples
    --------
    >>> round(realised_rate().mean, 3), round(realised_rate("tax").mean, 3)
    (0.035, 0.002)
    """
    none, most = (0.6, 0.15) if kind == "tax" else (0.45, 0.25)
    worse = truncated(normal(0, 0.04), low=-0.2, high=0)
    return mixture([worse, beta(2, 3.6, 0, most)], [none, 1 - none])


def realisation(without: Iterable[str] = ()) -> Distribution:
    """Return out-turn over plan: half of the weight is on what owners say, half on what auditors found.

    Auditors (National Audit Office 2012 and 2016, five central centres): half net cost, the others about 0.28 of plan.

    Examples
    --------
    >>> round(realisation().mean, 2)
    0.33
    """
    auditors = mixture([truncated(normal(0, 0.8), low=-3.0, high=0.0), pert(0.0, 0.28, 0.9)], [0.5, 0.5])
    if not points_without("realisation.owners", without):
        return auditors
    return mixture([law("realisation.owners", without), auditors], [0.5, 0.5])


def hazard(without: Iterable[str] = ()) -> Distribution:
    """Return the yearly chance that an arrangement of three partners ends or breaks up.

    The register counts 11 endings in very roughly 140 partnership-years. Endings make news and quiet years do not, so
    the register's rate is the upper end, 3% the lower, and the middle is the most likely.

    Examples
    --------
    >>> hazard().text()
    'pert(0.03, 0.054, 0.079)'
    >>> hazard(["mansfield_ashfield"]).text()
    'pert(0.03, 0.051, 0.071)'
    """
    out = [CASES[name] for name in set(without)]
    endings = REGISTER_ENDINGS - sum(case.endings for case in out)
    years = REGISTER_YEARS - sum(case.years for case in out)
    high = max(0.05, endings / years)
    return pert(0.03, round((0.03 + high) / 2, 3), round(high, 3))


def hazard_of(hazard_per_year: float, n_partners: int) -> float:
    """Return the yearly hazard of an arrangement of some partners from that of three (docs/model.md section 5).

    Examples
    --------
    >>> round(hazard_of(0.06, 2), 3), round(hazard_of(0.06, 8), 3)
    (0.04, 0.152)
    """
    return 1.0 - (1.0 - hazard_per_year) ** (n_partners / 3.0)


__all__ = [
    "CASES", "EVIDENCE", "Case", "Evidence", "Point", "cases_in", "hazard", "hazard_of", "law", "points_without",
    "realisation", "realised_rate",
]  # fmt: skip
