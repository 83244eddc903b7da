"""What a study says of arrangements that are there already survives every form that it is written in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sharesim.examples import two_councils
from sharesim.study import dump
from sharesim.study.convert import convert
from sharesim.study.load import load
from sharesim.study.schema import Existing

THERE = """
[[existing]]
id = "deal"
name = "Payroll deal"
services = ["payroll"]
partners = ["westham"]
with = "supplier"
ends = 2031-03-31
notice_months = 6
break_gbp = 12000
break_gbp_per_month_left = {pert = [100, 200, 500]}
paid_to = ["eastham"]
novated = true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dump.write(two_councils().model, tmp_path / "study")
    toml = tmp_path / "study" / "study.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + THERE, encoding="utf-8")
    return tmp_path / "study"


def test_every_field_comes_back_from_toml_and_from_a_workbook(folder: Path, tmp_path: Path) -> None:
    first = load(folder)
    dump.write(first.model, tmp_path / "again")
    book = convert(folder, tmp_path / "book.xlsx")
    back = convert(book, tmp_path / "back")
    for place in (tmp_path / "again", book, back):
        again = load(place)
        assert again.model.existing == first.model.existing and again.content_hash == first.content_hash
    assert set(type(first.model.existing[0]).model_fields) - {"host"} == first.model.existing[0].model_fields_set


@pytest.mark.parametrize(
    "change", ["with=councils", "break_gbp_per_month_left=90", "novated=false", "break_gbp=1", "ends=2030-03-31"]
)
def test_every_field_is_part_of_what_is_asked(folder: Path, change: str) -> None:
    assert load(folder, assignments=[f"existing.deal.{change}"]).content_hash != load(folder).content_hash


def test_who_stands_on_the_other_side_is_told_where_it_is_taken_for_granted(folder: Path) -> None:
    toml = folder / "study.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('with = "supplier"\n', ""), encoding="utf-8")
    (told,) = (item for item in load(folder).conventions if item.path == "existing.with")
    assert (told.value, told.where) == ("supplier", ("deal",))


def test_notice_is_counted_in_calendar_months() -> None:
    there = {"id": "deal", "name": "Deal", "services": "payroll", "partners": "westham"}
    days = {0: date(2025, 1, 31), 1: date(2025, 2, 28), 6: date(2025, 7, 31), 14: date(2026, 3, 31)}
    for months, day in days.items():
        assert Existing(**there, notice_months=months).free_from(date(2025, 1, 31)) == day
    assert Existing(**there, notice_months=2.5).free_from(date(2025, 1, 1)) == date(2025, 3, 16)
    assert Existing(**there, notice_months=14, ends=date(2025, 9, 1)).free_from(date(2025, 1, 31)) == date(2025, 9, 1)
