"""How large councils are and what their services cost a head, for an arrangement of which only names are known.

Pounds a head of 2024-25. Measured where the returns show the line (gross: Revenue Outturn 2024-25 of the Lancashire
authorities, medians; net: Revenue Account 2021-22, medians by class, raised to 2024-25 prices); support functions by a
split of management and support services that is assumed. docs/evidence.md gives both. A study with its own costs
replaces all of this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sharesim.uncertainty.distributions import Distribution, lognormal

KINDS = ("district", "county", "unitary")

#: Residents by kind of council: median, and the share of the median that one in ten lies below (Revenue Account
#: 2021-22 classes with mid-2020 populations: 77k/112k/153k, 570k/787k/1,341k, 135k/214k/399k for 10, 50, 90%).
RESIDENTS: dict[str, tuple[float, float, float]] = {
    "district": (77_000, 112_000, 153_000),
    "county": (570_000, 787_000, 1_341_000),
    "unitary": (135_000, 214_000, 399_000),
    "unknown": (80_000, 180_000, 600_000),
}

#: Spread of one line's cost a head between councils of a kind (standard deviation of the logarithm).
COST_SPREAD = 0.5

# GDP deflator, HM Treasury, 2023 = 100. 2024 and 2025 are not in the series used: 4% and 3% from memory.
DEFLATOR: dict[int, float] = {
    1999: 56.32, 2000: 56.87, 2001: 57.87, 2002: 59.16, 2003: 60.50, 2004: 62.31, 2005: 64.01, 2006: 65.74, 2007: 67.33,
    2008: 69.77, 2009: 70.70, 2010: 72.04, 2011: 73.32, 2012: 74.67, 2013: 76.10, 2014: 77.03, 2015: 77.58, 2016: 79.33,
    2017: 80.58, 2018: 82.28, 2019: 84.23, 2020: 88.75, 2021: 88.23, 2022: 94.45, 2023: 100.00, 2024: 104.0,
    2025: 107.1,
}  # fmt: skip
PRICE_YEAR = 2024


@dataclass(frozen=True)
class Line:
    """A service as registers name it.

    Parameters
    ----------
    id : str
    pattern : str
        Regular expression on the words of a register, in small letters.
    gbp_per_head : tuple of float
        Yearly cost a head of 2024-25 in a district, a county, a unitary.
    family : str
        Which planned rate of the evidence applies: ``planned_rate.`` and this.
    """

    id: str
    pattern: str
    gbp_per_head: tuple[float, float, float]
    family: str


def _support(share: float) -> tuple[float, float, float]:
    # Management and support services, gross, Lancashire medians 2024-25.
    return (132.8 * share, 100.2 * share, 291.8 * share)


# Order matters where one name holds another: the first that matches words takes them.
LINES: tuple[Line, ...] = (
    Line("whole", r"\b(?:all|wide|most|every) services?\b|\bwhole councils?\b|\bfull sharing\b",
         (137.0, 870.0, 890.0), "whole"),
    Line("management", r"chief exec\w*|directors?|manage?ment team|senior manage\w*|\bmanagement\b",
         (7.5, 3.0, 5.0), "management"),
    Line("building_control", r"building control", (3.6, 0.0, 4.6), "regulatory"),
    Line("planning", r"development (?:control|management)|\bplanning\b", (9.7, 2.4, 9.3), "regulatory"),
    Line("regulatory", r"regulat\w+|environmental health|trading standards|licensing|food safety",
         (11.5, 2.8, 14.0), "regulatory"),
    Line("procurement", r"procure\w*|purchasing|commissioning", (68.0, 150.0, 200.0), "procurement"),
    Line("revenues_benefits", r"revenues?(?: (?:and|&) benefits?)?|benefits?|council tax|tax collection",
         (19.6, 0.0, 22.8), "tax"),
    Line("payroll", r"payroll", _support(0.02), "support"),
    Line("hr", r"\bhr\b|human resources?|personnel", _support(0.05), "support"),
    Line("audit", r"audit\w*", _support(0.023), "support"),
    Line("legal", r"legal|solicitors?|monitoring officer", _support(0.05), "support"),
    Line("finance", r"financ\w*|accountan\w*|treasury", _support(0.115), "support"),
    Line("ict", r"\bict\b|\bit\b|information technology|digital|telephony", _support(0.15), "support"),
    Line("property", r"propert\w*|estates?|facilities|asset", _support(0.10), "support"),
    Line("customer", r"customer (?:services?|contact)|contact cent\w+|call cent\w+", _support(0.088), "support"),
    Line("communications", r"communicat\w*|\bpress\b|design and print|print\w*", _support(0.02), "support"),
    Line("corporate", r"corporate|back.?office|support services?|administrat\w*|business support",
         _support(0.55), "support"),
    Line("adult_care", r"adult\w*(?: social care| services?)?|social care", (0.0, 367.0, 378.0), "front_line"),
    Line("children", r"child\w*(?: services?)?|education|school improvement", (0.0, 175.0, 228.0), "front_line"),
    Line("public_health", r"public health", (0.0, 51.0, 66.0), "front_line"),
    Line("libraries", r"librar\w*", (0.0, 10.4, 11.8), "front_line"),
    Line("leisure", r"leisure|cultur\w*|museums?|sports?|parks", (24.6, 5.0, 40.0), "front_line"),
    Line("waste", r"waste|refuse|recycl\w*", (28.5, 35.0, 60.0), "front_line"),
    Line("streets", r"street (?:cleans\w+|scene)|grounds|depots?", (13.7, 0.0, 20.0), "front_line"),
    Line("highways", r"highways?|roads?|transport|fleet|parking", (2.0, 59.0, 51.0), "front_line"),
    Line("housing", r"homeless\w*|housing", (12.0, 0.0, 20.0), "front_line"),
    Line("cctv", r"cctv|lifeline|community safety|emergency planning", (4.0, 1.0, 6.0), "front_line"),
    Line("elections", r"elect\w+|democratic", (7.1, 0.5, 5.4), "support"),
    Line("regeneration", r"regenerat\w*|economic development|tourism", (8.0, 3.0, 12.0), "front_line"),
    Line("drainage", r"drainage|flood\w*", (2.0, 1.0, 2.0), "front_line"),
    Line("fire", r"\bfire\b|rescue", (40.0, 45.0, 40.0), "front_line"),
    Line("police", r"polic\w+", (200.0, 226.0, 226.0), "front_line"),
)  # fmt: skip

_COUNTY = re.compile(r"\bcc\b|\bcounty\b", re.I)
_DISTRICT = re.compile(r"\bdc\b|\bbc\b|\bdistricts?\b|\bborough\b", re.I)
_UNITARY = re.compile(
    r"\bcity\b|\bua\b|\bunitary\b|\bmbc\b|\blb\b|\bmetropolitan\b|\blondon\b|\bscottish\b|\bwelsh\b", re.I
)


def kind_of(name: str) -> str:
    """Return what sort of council a name points to: district, county, unitary or unknown.

    Examples
    --------
    >>> kind_of("Mansfield DC"), kind_of("Leicestershire CC"), kind_of("Nottingham City"), kind_of("Wyre")
    ('district', 'county', 'unitary', 'unknown')
    """
    for kind, pattern in (("county", _COUNTY), ("unitary", _UNITARY), ("district", _DISTRICT)):
        if pattern.search(name):
            return kind
    return "unknown"


def lines_in(words: str) -> tuple[Line, ...]:
    """Return the services that a register's words name, each once; words already taken are not read again.

    Examples
    --------
    >>> [line.id for line in lines_in("HR; payroll; finance transactions")]
    ['payroll', 'hr', 'finance']
    >>> lines_in("various")
    ()
    """
    left, found = words.casefold(), []
    for line in LINES:
        left, count = re.subn(line.pattern, " ", left)
        if count:
            found.append(line)
    return tuple(found)


def residents(kind: str) -> Distribution:
    """Return the law of the population of a council of a kind."""
    low, _, high = RESIDENTS[kind]
    return lognormal(p10=low, p90=high)


def cost_per_head(line: Line, kind: str) -> float:
    """Return what a service costs a head in a council of a kind, GBP of 2024-25; unknown kinds lie between.

    Examples
    --------
    >>> round(cost_per_head(lines_in("building control")[0], "unknown"), 2)
    4.07
    """
    if kind in KINDS:
        return line.gbp_per_head[KINDS.index(kind)]
    district, _, unitary = line.gbp_per_head
    return (district * unitary) ** 0.5 if district > 0 else unitary


def price_factor(year: int) -> float:
    """Return what a pound of 2024-25 was in the money of a year.

    Examples
    --------
    >>> round(price_factor(2007), 3), price_factor(2040) == price_factor(2025)
    (0.647, True)
    """
    year = min(max(year, min(DEFLATOR)), max(DEFLATOR))
    return DEFLATOR[year] / DEFLATOR[PRICE_YEAR]


__all__ = [
    "COST_SPREAD", "DEFLATOR", "KINDS", "LINES", "RESIDENTS", "Line", "cost_per_head", "kind_of", "lines_in",
    "price_factor", "residents",
]  # fmt: skip
