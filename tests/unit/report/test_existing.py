"""What is there already, as the check and the report tell it."""

from __future__ import annotations

from typing import Any

import pytest

from sharesim.examples import from_dict
from sharesim.report.existing import existing, existing_sentences
from sharesim.report.figures import drawing
from sharesim.report.material import Material
from sharesim.report.public import public_value
from sharesim.report.walk import walk
from sharesim.workflow.check import check
from sharesim.workflow.doors import appraise
from tests.unit.report import studies

DEAL: dict[str, Any] = {"id": "deal", "name": "Audit deal", "services": ["audit"], "partners": ["westham"]}
FULL = DEAL | {"ends": "2028-03-31", "notice_months": 6, "break_gbp": 9_000, "break_gbp_per_month_left": 100}


def there(*rows: dict[str, Any]) -> dict[str, Any]:
    return studies.trio_raw() | {"existing": list(rows)}


ALONE = "Audit deal: Internal audit; Westham, with a supplier, who stays behind"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (DEAL, f"{ALONE}; goes on; no notice; leaving costs each nothing"),
        (FULL,
         f"{ALONE}; ends on 31 March 2028; 6 months of notice, so no new start before 1 October 2025; leaving before "
         "that costs each £9,000 and £100 for every month left"),
        (FULL | {"novated": True, "notice_months": 0},
         f"{ALONE}; ends on 31 March 2028; no notice; leaving before that costs each nothing: the new partnership "
         "takes it over"),
        (DEAL | {"partners": ["eastham", "westham"], "services": ["audit", "payroll"], "break_gbp": "pert(1, 20, 90)",
                 "notice_months": 1, "paid_to": ["northam"]},
         "Audit deal: Internal audit and Payroll; Eastham and Westham, among councils; goes on; 1 month of notice, so "
         "no new start before 1 May 2025; leaving costs each £20 (£1 to £90); nothing where all its partners move "
         "together, paid to Northam"),
        (DEAL | {"with": "councils", "break_gbp": 5},
         "Audit deal: Internal audit; Westham, among councils; goes on; no notice; leaving costs each nothing, since "
         "its only partner moves as a whole; £5 is never due"),
    ],
)  # fmt: skip
def test_what_is_there_is_said_in_a_sentence(row: dict[str, Any], said: str) -> None:
    assert existing_sentences(from_dict(there(row))) == [said]


def test_the_check_lists_what_is_there() -> None:
    study = from_dict(there(FULL))
    lines = check(study).splitlines()
    at = lines.index("1 existing arrangement:")
    assert lines[at + 1] == f"  {existing_sentences(study)[0]}."
    assert "existing" not in check(from_dict(studies.trio_raw())).lower()


def test_timeline_assumptions_and_breakdown_of_a_report_list_what_is_there() -> None:
    # Two starts before its end: two columns, one payment in words.
    deal = FULL | {"services": ["payroll"], "notice_months": 0, "break_gbp": 10, "break_gbp_per_month_left": 2}
    made = studies.contents(there(deal), effects=False)
    material = Material(made)
    schedule = material.tables["schedule"]
    (row,) = schedule[schedule.kind == "existing"].to_dict("records")
    assert (row["name"], row["planned"], row["ends"], row["wait"]) == ("Audit deal", "2025-04-01", "2028-03-31", "0")
    plot = material.plots["timeline"]
    assert "Audit deal: there today, free from 1 April 2025, ends on 31 March 2028." in plot.alt
    walked = walk(material)
    (listed,) = (table for table in walked.section("assumed").tables if table.name == "existing")
    assert [cell.shown for cell in listed.rows[0]] == [
        "Audit deal", "Westham", "ends on 31 March 2028", "no notice", "1 April 2025",
        "£10 and £2 for every month left", "outside the study",
    ]  # fmt: skip
    (dates,) = walked.section("timeline").tables
    assert [row[0].under for row in dates.rows if row[0].shown == "Audit deal"] == ["there today"]
    titles = list(material.tables["lines"].query("line == 'existing'").title.unique())
    assert titles == ["Westham leaving Audit deal"]
    assert list(existing(made.study).existing) == ["deal"]
    assert drawing(plot).plot is plot


def test_the_hosts_premium_is_no_saving_of_the_public_whoever_is_abolished() -> None:
    def saved(premium: float) -> float:
        raw = studies.trio_raw() | {"split": {"host_premium_share": premium}}
        raw["councils"][2]["ends"] = "2027-04-01"
        return public_value(appraise(from_dict(raw), draws=1024).outcomes).lines_gbp["saving_cashable"]

    assert saved(0.3) == pytest.approx(saved(0.0), rel=1e-9)
