"""Pounds, shares, dates and lists in the words that people say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def money(value: float) -> str:
    """Return pounds as people say them: £1.23m, £45k, £310, with a minus where it is a loss.

    Examples
    --------
    >>> money(-1_234_567), money(45_300), money(310), money(-0.2)
    ('−£1.23m', '£45k', '£310', '£0')
    """
    size = abs(value)
    if not math.isfinite(size):
        return "not known"
    sign = "−" if value < 0 and round(size) else ""
    if size >= 99_950_000:
        return f"{sign}£{size / 1e6:,.0f}m"
    if size >= 999_500:
        return f"{sign}£{size / 1e6:,.2f}m"
    return f"{sign}£{size / 1e3:,.0f}k" if size >= 9_950 else f"{sign}£{size:,.0f}"


def pounds(value: float, digits: int = 0) -> str:
    """Return pounds in full, as in a table: £1,234,567.

    Examples
    --------
    >>> pounds(-1_234_567.4), pounds(0.3), pounds(-0.04, 1)
    ('−£1,234,567', '£0', '£0.0')
    """
    if not math.isfinite(value):
        return "not known"
    sign = "−" if round(value, digits) < 0 else ""
    return f"{sign}£{abs(value):,.{digits}f}"


def share(value: float, digits: int = 0) -> str:
    """Return a share as a percentage; what is nearly none or nearly all is not rounded to certainty.

    Examples
    --------
    >>> share(0.144), share(0.0004), share(0.0), share(0.9999), share(-0.031, 1)
    ('14%', 'under 1%', '0%', 'over 99%', '−3.1%')
    """
    if not math.isfinite(value):
        return "not known"
    step = 10.0 ** (-digits - 2)
    if 0 < value < step / 2:
        return f"under {100 * step:.{digits}f}%"
    if 1 - step / 2 < value < 1:
        return f"over {100 - 100 * step:.{digits}f}%"
    sign = "−" if value < 0 and round(abs(value), digits + 2) else ""
    return f"{sign}{100 * abs(value):.{digits}f}%"


def gap(value: float) -> str:
    """Return a gap as a share of the value; where the value is next to nothing, its size says nothing.

    Examples
    --------
    >>> gap(0.00123), gap(7_735_755.7), gap(float("inf"))
    ('0.12%', 'over 1,000%', 'over 1,000%')
    """
    return share(value, 2) if value <= 10 else "over 1,000%"


def posts(value: float) -> str:
    """Return posts to one decimal; a few hundredths are not nothing.

    Examples
    --------
    >>> posts(2.34), posts(0.02), posts(0.0)
    ('2.3', 'under 0.1', '0.0')
    """
    return "under 0.1" if 0.0 < value < 0.05 else f"{value:.1f}".replace("-", "−")


def number_word(number: int) -> str:
    """Return a number as a word up to twelve.

    Examples
    --------
    >>> number_word(10), number_word(13)
    ('ten', '13')
    """
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else f"{number:,}"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number of things in words.

    Examples
    --------
    >>> count(1, "council"), count(3, "body", "bodies"), count(40, "bundle")
    ('one council', 'three bodies', '40 bundles')
    """
    return f"{number_word(number)} {noun if number == 1 else plural or noun + 's'}"


def listing(items: Sequence[str]) -> str:
    """Return names as in a sentence.

    Examples
    --------
    >>> listing(["HR"]), listing(["HR", "legal", "audit"])
    ('HR', 'HR, legal and audit')
    """
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else list(items))


def day(when: date | str) -> str:
    """Return a date as in a letter.

    Examples
    --------
    >>> day("2007-06-01")
    '1 June 2007'
    """
    when = date.fromisoformat(when) if isinstance(when, str) else when
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def month(when: date | str) -> str:
    """Return the month of a date.

    Examples
    --------
    >>> month("2007-06-01")
    'June 2007'
    """
    when = date.fromisoformat(when) if isinstance(when, str) else when
    return f"{MONTHS[when.month - 1]} {when.year}"


def sentence_case(text: str) -> str:
    """Return a text with its first letter large and the rest as it was.

    Examples
    --------
    >>> sentence_case("ICT and HR"), sentence_case("payroll")
    ('ICT and HR', 'Payroll')
    """
    return text[:1].upper() + text[1:]
