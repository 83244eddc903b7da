"""Existing arrangements: who shares with whom, until when, and what leaving costs (docs/model.md section 4)."""

from __future__ import annotations

import pandas as pd

from sharesim.report import words
from sharesim.report.inputs import spoken
from sharesim.study.quantity import Quantity
from sharesim.study.schema import Existing
from sharesim.study.study import Study

PARTIES = {"supplier": "with a supplier, who stays behind", "councils": "among councils"}
COLUMNS = [
    "existing", "name", "services", "partners", "party", "ends", "notice_months", "earliest_start", "break_words",
    "paid_to_words",
]  # fmt: skip


def existing(study: Study) -> pd.DataFrame:
    """Return the arrangements that are there already, in the study's order.

    Returns
    -------
    DataFrame
        existing (id), name, services, partners and paid_to_words (names), party (supplier or councils), ends (ISO,
        empty where it goes on), notice_months, earliest_start (ISO: the first day on which its councils may start
        anew), break_words (what leaving before its end costs).
    """
    about, rows = study.model.study, []
    for entry in study.model.existing:
        receives = [study.councils.name(study.councils.index(name)) for name in entry.paid_to]
        rows.append(
            {
                "existing": entry.id,
                "name": entry.name,
                "services": words.listing([study.services.name(study.services.index(name)) for name in entry.services]),
                "partners": words.listing([study.councils.name(study.councils.index(name)) for name in entry.partners]),
                "party": entry.party,
                "ends": "" if entry.ends is None else entry.ends.isoformat(),
                "notice_months": entry.notice_months,
                "earliest_start": entry.free_from(about.decision or about.start).isoformat(),
                "break_words": break_words(entry),
                "paid_to_words": words.listing(receives) if receives else "outside the study",
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def break_words(entry: Existing) -> str:
    """Return what leaving an arrangement before its end costs each council that does.

    Examples
    --------
    >>> deal = {"id": "it", "name": "IT", "services": "ict", "partners": "east", "ends": "2031-03-31"}
    >>> break_words(Existing(**deal, break_gbp=9_000, break_gbp_per_month_left="pert(100, 150, 300)"))
    '£9,000 and £150 (£100 to £300) for every month left'
    >>> break_words(Existing(**deal))
    'nothing'
    """
    if entry.novated:
        return "nothing: the new partnership takes it over"
    parts = [spoken(entry.break_gbp, words.pounds)] if _is_given(entry.break_gbp) else []
    if _is_given(entry.break_gbp_per_month_left):
        parts.append(f"{spoken(entry.break_gbp_per_month_left, words.pounds)} for every month left")
    if not parts:
        return "nothing"
    if entry.party == "supplier":
        return words.listing(parts)
    if len(entry.partners) == 1:
        return f"nothing, since its only partner moves as a whole; {words.listing(parts)} is never due"
    return f"{words.listing(parts)}; nothing where all its partners move together"


def _is_given(number: Quantity) -> bool:
    return number.driver is not None or number.support != (0.0, 0.0)


def existing_sentences(study: Study) -> list[str]:
    """Return what is there already, a sentence each; none where nothing is.

    Examples
    --------
    >>> from sharesim.examples import from_dict, two_councils_raw
    >>> deal = {"id": "it", "name": "Payroll deal", "services": "payroll", "partners": "eastham", "break_gbp": 9_000}
    >>> for line in existing_sentences(from_dict(two_councils_raw() | {"existing": [deal]})):
    ...     print(line)
    Payroll deal: Payroll; Eastham, with a supplier, who stays behind; goes on; no notice; leaving costs each £9,000
    """
    return [_sentence(row) for row in existing(study).to_dict("records")]


def _sentence(row: dict) -> str:
    receives = f", paid to {row['paid_to_words']}" if row["paid_to_words"] != "outside the study" else ""
    parts = (
        row["services"],
        f"{row['partners']}, {PARTIES[row['party']]}",
        ends_words(row["ends"]),
        f"{notice_words(row['notice_months'])}{_then(row)}",
        f"leaving{' before that' if row['ends'] else ''} costs each {row['break_words']}{receives}",
    )
    return f"{row['name']}: {'; '.join(parts)}"


def _then(row: dict) -> str:
    return f", so no new start before {words.day(row['earliest_start'])}" if row["notice_months"] else ""


def ends_words(ends: str) -> str:
    """Return when an arrangement ends, in words."""
    return f"ends on {words.day(ends)}" if ends else "goes on"


def notice_words(months: float) -> str:
    """Return how long notice is, in words."""
    return f"{months:g} month{'' if months == 1 else 's'} of notice" if months else "no notice"


__all__ = ["PARTIES", "break_words", "ends_words", "existing", "existing_sentences", "notice_words"]
