"""A study written as a workbook, or as a folder, reads back as the same study, whatever its names, laws and figures."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sharesim.errors import StudyError, UsageError
from sharesim.study.convert import convert
from sharesim.study.excel_cells import decode, encode
from sharesim.study.excel_layout import Field
from sharesim.study.excel_write import Layout, write_workbook
from sharesim.study.load import build, read_raw
from sharesim.study.places import Places
from sharesim.study.quantity import Quantity
from tests.properties.test_study_fuzz import rich
from tests.properties.test_uncertainty import laws

ODD = (
    "=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2", "_x0041_", "_x000D_", "[1]", "[1, 2]", '"quoted"', "{ a = 1 }", "007",
    "1e5", "true", "2027-04-01", "0.1", "a;b", "'", "\\", "#REF!", "https://example.org", "naïve £ 中文 🏛", "a\nb", " a ",
)  # fmt: skip
TEXTS = st.sampled_from(ODD) | st.text(min_size=1, max_size=40)
TEXT_PLACES = (
    ("study", "title"), ("study", "question"), ("councils", 0, "name"), ("councils", 1, "control"), ("services", 0, "name"),
    ("services", 0, "source"), ("gates", 0, "name"), ("rules", 0, "sentence"), ("rules", 0, "name"), ("rules", 1, "owner"),
    ("risks", 0, "mitigation"), ("shared_items", 0, "name"), ("published", 0, "label"), ("quality", 0, "criterion"),
    ("drivers", 0, "source"),
)  # fmt: skip
LAW_PLACES = (
    ("services", 0, "amount_per_partner_gbp"), ("services", 0, "premises_gbp"), ("drivers", 0, "value"),
    ("baseline", 0, "cost_gbp"), ("staff", "on_cost_share"), ("shared_items", 0, "one_off_gbp"),
    ("defaults", "services.premises_gbp"), ("scenarios", "long", "staff.on_cost_share"),
)  # fmt: skip
FIGURES = st.floats(0, 1e9, allow_nan=False) | st.sampled_from([0.1 + 0.2, 1 / 3, 1e-300, 5e8, 0.30000000000000004])
FIGURE_PLACES = (
    ("baseline", 1, "cost_gbp"), ("rules", 1, "limit_gbp"), ("councils", 0, "terms_gbp"), ("published", 0, "value"),
    ("staff", "officer_day_gbp"), ("scenarios", "long", "baseline.a/hr.cost_gbp"),
)  # fmt: skip


def put(raw: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    """Put a value into a nested document."""
    target: Any = raw
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[tuple[Any, ...], Any]]:
    """Some texts, laws and figures for places of a study."""
    texts = draw(st.lists(st.tuples(st.sampled_from(TEXT_PLACES), TEXTS), max_size=4))
    spread = [
        (path, law.to_dict())
        for path, law in draw(st.lists(st.tuples(st.sampled_from(LAW_PLACES), laws()), max_size=2))
    ]
    return [*texts, *spread, *draw(st.lists(st.tuples(st.sampled_from(FIGURE_PLACES), FIGURES), max_size=3))]


@settings(max_examples=4)
@given(changes())
@example([(("rules", 0, "name"), "=1+1"), (("councils", 0, "name"), "_x0041_")])
@example([(("baseline", 1, "cost_gbp"), 0.1 + 0.2), (("published", 0, "value"), 1 / 3)])
@example([(("scenarios",), {"empty": {}, "a.b c": {"study.horizon_years": 12}})])
@example([(("bundles", "starts"), ["2026-04-01", "2027-04-01"]), (("costs", "profile"), [1.0])])
@example([(("rules", 0, "councils"), ["all"]), (("published", 0, "services"), [])])
@example([(("drivers", 0, "name"), "a;b"), (("dependence", "correlations", 0, "drivers"), ["a;b", "exit.*"])])
def test_the_same_study_comes_back(found: list[tuple[tuple[Any, ...], Any]]) -> None:
    raw = copy.deepcopy(rich())
    for path, value in found:
        put(raw, path, value)
    try:
        study = build(raw, Places("study.toml", {}))
    except (StudyError, UsageError):
        assume(False)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_workbook(raw, folder / "one.xlsx", Layout("one", "one.xlsx"))
        convert(folder / "one.xlsx", folder / "two")
        for name in ("one.xlsx", "two"):
            read, places = read_raw(folder / name)
            again = build(read, places)
            assert again.content_hash == study.content_hash, name
            assert again.drivers == study.drivers and again.conventions == study.conventions
            for scenario in raw.get("scenarios", {}):
                wanted = build(raw, Places("study.toml", {}), scenario=scenario).content_hash
                assert build(read, places, scenario=scenario).content_hash == wanted


@given(st.text(max_size=60) | st.sampled_from(ODD))
def test_any_text_survives_a_cell(text: str) -> None:
    field = Field("name", "text")
    cell = encode(text, field, "here")
    assert isinstance(cell, str) and decode(cell, field) == text


@settings(max_examples=60)
@given(laws())
def test_any_law_survives_a_cell(law: Any) -> None:
    field = Field("cost_gbp", "quantity")
    assert Quantity.of(decode(encode(law.to_dict(), field, "here"), field)) == Quantity.of(law.to_dict())


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15) | st.booleans() | st.dates())
def test_any_plain_value_survives_a_cell(value: Any) -> None:
    field = Field("limit_gbp", "number")
    read = decode(encode(value, field, "here"), field)
    assert read == value or (isinstance(read, str) and (read == str(value) or float(read) == value))
