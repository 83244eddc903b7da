"""Built-in tables: the statutory cap on a week's pay, an assumed workforce, and what delivery forms bring with them."""

from __future__ import annotations

from sharesim.study.sections import AnyForm

# Statutory cap on a week's pay (Employment Rights Act 1996, s. 227) in force as a financial year begins (GBP), from the
# uprating orders: each 1 February until 2013, in April since. The second rise of 2009, to 380 on 1 October, is not that
# of a beginning year. Later years take the last one, uprated by nothing.
WEEKLY_PAY_CAP_GBP: dict[int, float] = {
    2002: 250, 2003: 260, 2004: 270, 2005: 280, 2006: 290, 2007: 310, 2008: 330, 2009: 350, 2010: 380, 2011: 400,
    2012: 430, 2013: 450, 2014: 464, 2015: 475, 2016: 479, 2017: 489, 2018: 508, 2019: 525, 2020: 538, 2021: 544,
    2022: 571, 2023: 643, 2024: 700, 2025: 719, 2026: 751,
}  # fmt: skip

# Age x service shares assumed where no workforce profile is given (own assumption; sums to 1).
WORKFORCE_ASSUMED: tuple[tuple[float, float, float, float, float], ...] = (
    # age low, age high, service low, service high, share
    (20, 30, 0, 5, 0.14),
    (30, 41, 0, 5, 0.12),
    (30, 41, 5, 15, 0.12),
    (41, 55, 0, 5, 0.10),
    (41, 55, 5, 15, 0.16),
    (41, 55, 15, 30, 0.12),
    (55, 66, 0, 10, 0.08),
    (55, 66, 10, 20, 0.09),
    (55, 66, 20, 35, 0.07),
)


def stretched_workforce(
    cells: tuple[tuple[float, float, float, float, float], ...], factor: float
) -> tuple[tuple[float, float, float, float, float], ...]:
    """Return a profile with every length of service times `factor`, nobody longer in service than since age 16.

    Examples
    --------
    >>> stretched_workforce(((30, 40, 5, 10, 1.0),), 2.0)
    ((30, 40, 10.0, 20.0, 1.0),)
    """
    return tuple(
        (young, old, min(low * factor, old - 16.0), min(high * factor, old - 16.0), share)
        for young, old, low, high, share in cells
    )


FORM_FACTS: dict[AnyForm, tuple[bool, bool]] = {
    # form: (staff terms transfer, one partner hosts); TUPE practice and the 1972 Act, evidence B2
    "lead_authority": (True, True),
    "section_113": (False, True),
    "joint_committee": (False, True),
    "company": (True, False),
    "private_partner": (True, False),
    "internal": (False, False),
}
