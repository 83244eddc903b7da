"""The page: every section, every figure traced to the run's tables, nothing from outside, hostile names as text."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharesim.measures import estimate
from sharesim.report import write
from sharesim.report.contents import Contents
from sharesim.report.figures import Drawing, drawing
from sharesim.report.html import render
from sharesim.report.markdown import markdown
from sharesim.report.material import Material
from sharesim.report.portfolio import matrix_grid
from sharesim.report.sections import HEADINGS
from sharesim.report.workbook import write_workbook
from sharesim.study.labels import Labels
from tests.unit.report import studies
from tests.unit.report.pages import Element, Page, outline, read, rows_of

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "report"


def page_of(contents: Contents) -> Page:
    material = Material(contents)
    return read(render(material, [drawing(plot) for plot in material.plots.values()]))


# -- what is there ----------------------------------------------------------------------------------------------------


def test_every_section_stands_in_the_order_of_a_meeting(trio_page: Page) -> None:
    ids = [section.get("id") for section in trio_page.all("section")]
    assert ids == ["decision", *(name for name in HEADINGS if name != "candidates")]
    listed = [link.get("href")[1:] for link in next(iter(trio_page.root.all("nav"))).all("a")]
    assert listed == ids[1:]


def test_outline_is_as_agreed(trio_page: Page) -> None:
    """Headings, captions, columns and figures, compared with the outline kept in tests/golden/report."""
    assert outline(trio_page) == (GOLDEN / "outline.txt").read_text(encoding="utf-8")


def test_decision_has_three_sentences(trio_page: Page) -> None:
    (box,) = [element for element in trio_page.all("div") if element.get("class") == "decision"]
    sentences = [paragraph.text for paragraph in box.all("p")]
    assert len(sentences) == 3
    assert all(sentence.endswith(".") and sentence.count(". ") == 0 for sentence in sentences)


def test_page_is_well_formed(trio_page: Page) -> None:
    assert trio_page.unclosed == []
    ids = [element.get("id") for element in trio_page.all() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_links_lead_somewhere(trio_page: Page) -> None:
    ids = {element.get("id") for element in trio_page.all()}
    broken = [link.get("href") for link in trio_page.all("a") if link.get("href")[1:] not in ids]
    assert broken == []


def test_headline_figures_lead_to_their_breakdown(trio_page: Page) -> None:
    for name, table in (("npv_mean_gbp", "lines_by_council"), ("one_off_gbp", "one_off")):
        figures = [element for element in trio_page.all("data") if element.get("data-figure") == name]
        links = [element.parent.get("href") for element in figures if element.parent and element.parent.tag == "a"]
        assert links
        target = trio_page.by_id(links[0][1:])
        assert trio_page.table(table) in list(target.all("table"))


@pytest.mark.parametrize(
    ("table", "column", "target"),
    [
        ("portfolio", "npv_mean_gbp", "lines_by_bundle"), ("horizons", "npv_mean_gbp", "lines_by_council"),
        ("yearly", "net_gbp", "lines_by_year"), ("options", "npv_mean_gbp", "lines_by_option"),
        ("against_plan", "name", "lines.eastham"), ("funding", "call_gbp", "cumulative"),
        ("band_d", "last_year_gbp", "general_fund"), ("councils", "name", "lines.eastham"),
    ],
)  # fmt: skip
def test_a_figure_leads_to_the_table_that_takes_it_apart(table: str, column: str, target: str, trio_page: Page) -> None:
    cells = [
        cell for cell in trio_page.table(table).all() if cell.get("data-column") == column and cell.tag in ("td", "th")
    ]
    links = [link.get("href")[1:] for cell in cells for link in cell.all("a")]
    assert links
    place = trio_page.by_id(links[0])
    found = [place] if place.tag == "table" else list(place.all("table"))
    assert trio_page.table(target) in found


# -- every figure is one of the run's ----------------------------------------------------------------------------------


def same(shown: str, value: float) -> bool:
    return bool(shown) and np.isclose(float(shown), value, rtol=1e-8, atol=1e-9)


TRACED = (
    "horizons", "yearly", "councils", "staff", "schedule", "tornado", "general_fund", "cumulative", "one_off",
    "one_off_funding", "payback", "lines_by_council", "lines_by_year", "lines_by_bundle", "drivers",
    "options", "lines_by_option", "baseline_path", "rule_costs", "alternatives", "against_plan", "funding",
    "reserves", "band_d",
    "switching_totals", "switching", "public_value",
)  # fmt: skip


@pytest.mark.parametrize("name", TRACED)
def test_every_number_of_a_table_is_the_runs(name: str, trio_page: Page, trio_material: Material) -> None:
    frame = trio_material.tables[name]
    rows = rows_of(trio_page.table(name))
    assert len(rows) == len(frame)
    checked = 0
    for row, record in zip(rows, frame.to_dict("records"), strict=True):
        for column, (_, value) in row.items():
            if value and column in record and isinstance(record[column], float | int | np.number):
                assert same(value, float(record[column])), (column, value, record[column])
                checked += 1
    assert checked >= (2 if name == "schedule" else len(frame))


def test_table_of_arrangements_is_the_runs(trio_page: Page, trio_material: Material) -> None:
    frame = trio_material.tables["portfolio"]
    rows = rows_of(trio_page.table("portfolio"))
    assert [row["letter"][0] for row in rows] == [item.letter for item in trio_material.chosen]
    for row, item in zip(rows, trio_material.chosen, strict=True):
        for column in ("npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp", "probability_of_loss", "chance_of_starting"):
            assert same(row[column][1], frame[column].iloc[item.row])


def test_matrix_says_what_the_table_says(trio_page: Page, trio_material: Material) -> None:
    frame = trio_material.tables["matrix"].set_index(["service", "council"])
    (body,) = trio_page.table("matrix").all("tbody")
    services, councils = trio_material.study.services.ids, trio_material.study.councils.ids
    for row, service in zip(body.all("tr"), services, strict=True):
        for cell, council in zip(row.all("td"), councils, strict=True):
            expected = frame.loc[(service, council)]
            assert cell.text.split()[0] == expected.arrangement
            assert ("★" in cell.text) == ("hosts" in cell.text) == bool(expected.hosts)


@pytest.mark.parametrize(("n_councils", "down"), [(3, "Service"), (9, "Council"), (30, "Council")])
def test_matrix_turns_with_many_councils(n_councils: int, down: str) -> None:
    names = tuple(f"c{at:02d}" for at in range(n_councils))
    councils, services = Labels(names, tuple(name.upper() for name in names)), Labels(("hr", "ict"), ("HR", "ICT"))
    rows = [
        (service, council, f"{service} {council}", False, at % 2 - 1)
        for service in services
        for at, council in enumerate(names)
    ]
    frame = pd.DataFrame(rows, columns=["service", "council", "arrangement", "hosts", "group"])
    grid = matrix_grid(frame, services, councils)
    assert grid["down"] == down
    assert grid["left_out"] == (15 if n_councils == 30 else 0)  # every other council shares nothing
    for name, cells in grid["rows"]:
        for head, cell in zip(grid["heads"], cells, strict=True):
            service, council = (name, head) if down == "Service" else (head, name)
            assert cell["text"] == f"{service.lower()} {council.lower()}"


def test_table_of_risks_is_the_runs(trio_page: Page, trio_material: Material) -> None:
    frame = trio_material.tables["risks"]
    frame = frame[frame.is_exposed.astype(bool)].reset_index(drop=True)
    for row, record in zip(rows_of(trio_page.table("risks")), frame.to_dict("records"), strict=True):
        assert row["name"][0].startswith(record["name"])
        for column in ("struck_share", "mean_cost_gbp", "cost_when_struck_gbp", "p5_cost_gbp", "spread_share"):
            assert same(row[column][1], record[column])


def test_effects_of_assumptions_are_the_runs(trio_page: Page, trio: Contents) -> None:
    shown = [row for name in ("assumptions", "assumptions-small") for row in rows_of(trio_page.table(name))]
    effects = sorted((effect.low_gbp, effect.high_gbp) for effect in trio.assumption_effects)
    found = sorted((float(row["effect_low_gbp"][1]), float(row["effect_high_gbp"][1])) for row in shown)
    assert np.allclose(found, effects, rtol=1e-8, atol=1e-6)
    assert len(found) == len(trio.study.assumptions)


def figures_by_name(trio: Contents, material: Material) -> dict[str, float]:
    """Return every figure that a sentence may hold, from the run's figures and tables."""
    found = {name: float(value) for name, value in trio.figures.items() if isinstance(value, float | int)}
    tables = material.tables
    found |= {f"payback.{name}": tables["payback"][name].iloc[0] for name in tables["payback"] if name != "council"}
    for row in tables["councils"].to_dict("records"):
        found[f"councils.{row['council']}.probability_of_loss"] = row["probability_of_loss"]
    for row in tables["horizons"].to_dict("records"):
        found[f"horizons.{int(row['years'])}.cashable_undiscounted_gbp"] = row["cashable_undiscounted_gbp"]
    found |= {f"staff.{name}": tables["staff"][name].sum() for name in ("posts_removed", "compulsory_exits")}
    found["npv_mean_reach_gbp"] = estimate(trio.npv, "mean").reach()
    found |= {
        name: getattr(material.public_value, name) for name in ("npsv_mean_gbp", "npsv_p5_gbp", "npsv_p95_gbp", "bcr")
    }
    found["luck_gbp"] = trio.figures["choosing_npv_mean_gbp"] - trio.figures["npv_mean_gbp"]
    return found


def test_every_figure_in_a_sentence_is_the_runs(trio_page: Page, trio: Contents, trio_material: Material) -> None:
    known = figures_by_name(trio, trio_material)
    names = [element.get("data-figure") for element in trio_page.all("data")]
    assert {"npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp", "probability_of_loss", "cvar_gbp"} <= set(names)
    for element in trio_page.all("data"):
        name = element.get("data-figure")
        if name == "luck_reach_gbp" or name.startswith("portfolio."):
            continue
        assert same(element.get("value"), known[name]), name


def test_figures_in_prose_are_marked(trio_page: Page) -> None:
    """A pound sign in a paragraph stands inside an element that says which figure it is."""
    (main,) = trio_page.root.all("main")
    for paragraph in main.all("p"):
        if paragraph.get("class") == "note":
            continue
        bare = " ".join(child for child in paragraph.children if isinstance(child, str))
        assert "£" not in bare, paragraph.text


def test_totals_are_the_headline_figures(trio_page: Page, trio: Contents) -> None:
    def total(table: str, column: str) -> float:
        (foot,) = trio_page.table(table).all("tfoot")
        (cell,) = [cell for cell in foot.all("td") if cell.get("data-column") == column]
        return float(cell.get("data-value"))

    assert np.isclose(total("lines_by_council", "all_gbp"), trio.figures["npv_mean_gbp"], rtol=1e-8)
    for council, npv in zip(trio.study.councils, np.asarray(trio.council_npv), strict=True):
        assert np.isclose(total("lines_by_council", council), npv.mean(), rtol=1e-8)
    assert np.isclose(total("one_off", "all_gbp"), trio.figures["one_off_gbp"], rtol=1e-8)
    assert np.isclose(total("lines_by_bundle", "all_gbp"), trio.figures["npv_mean_gbp"], rtol=1e-8)


# -- safe, offline, accessible -----------------------------------------------------------------------------------------


def test_nothing_is_fetched(trio_text: str, trio_page: Page) -> None:
    for element in trio_page.all():
        for name in ("src", "srcset", "href", "data", "action"):
            assert re.match(r"$|#|data:", element.get(name)), (element.tag, element.get(name)[:80])
    style = next(iter(trio_page.root.all("style"))).text
    assert "url(" not in style and "@import" not in style
    assert "http:" not in re.sub(r'data:image/svg\+xml;base64,[^"]+', "", trio_text)
    assert "https:" not in re.sub(r'data:image/svg\+xml;base64,[^"]+', "", trio_text)


def test_policy_lets_only_the_pages_own_script_run(trio_page: Page) -> None:
    (policy,) = [meta.get("content") for meta in trio_page.all("meta") if meta.get("http-equiv")]
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'", policy)
    assert len(trio_page.all("script")) == 1


def test_hostile_names_end_as_text() -> None:
    made = studies.contents(studies.hostile_raw(), effects=False)
    page = page_of(made)
    assert page.unclosed == []
    assert len(page.all("script")) == 1
    assert page.all("h1")[0].text == " ".join(studies.HOSTILE.split())
    assert "49" not in page.all("h1")[0].text
    names = [cell.text for cell in page.table("councils").all("th") if cell.get("scope") == "row"]
    assert names == [" ".join(name.split()) for name in made.study.councils.names]


def test_tables_have_captions_and_headers_with_scope(trio_page: Page) -> None:
    for table in trio_page.all("table"):
        assert next(iter(table.all("caption"))).text
        heads = list(table.all("th"))
        assert heads and all(head.get("scope") in ("col", "row") for head in heads), table.get("data-table")
        for row in next(iter(table.all("tbody"))).all("tr"):
            assert sum(isinstance(cell, Element) and cell.tag == "th" for cell in row.children) == 1


def test_figures_have_a_finding_and_a_text_for_those_who_cannot_see_them(trio_page: Page) -> None:
    figures = trio_page.all("figure")
    assert len(figures) >= 9
    for figure in figures:
        (caption,), (image,) = figure.all("figcaption"), figure.all("img")
        assert len(caption.text.split()) > 4
        assert len(image.get("alt")) > 40


def test_what_can_be_typed_into_has_a_name(trio_page: Page) -> None:
    ids = {element.get("id") for element in trio_page.all()}
    boxes = [element for element in trio_page.all() if element.get("contenteditable") == "true"]
    assert boxes and all(box.get("aria-labelledby") in ids and box.get("tabindex") == "0" for box in boxes)


# -- other answers than a portfolio -----------------------------------------------------------------------------------


def test_report_on_sharing_nothing(nothing: Contents) -> None:
    page = page_of(nothing)
    assert [section.get("id") for section in page.all("section")] == [
        "decision", "candidates", "rules", "assumed", "method",
    ]  # fmt: skip
    text = page.by_id("decision").text
    assert "Share nothing" in text
    assert page.all("figure") == []
    assert rows_of(page.table("candidates"))
    assert page.unclosed == []


def test_report_on_rules_that_cannot_be_kept(infeasible: Contents) -> None:
    page = page_of(infeasible)
    assert "No portfolio keeps all rules" in page.by_id("decision").text
    rules = {row["rule"][0]: row["sentence"][0] for row in rows_of(page.table("rules"))}
    assert rules["nobody loses"] == "Nobody signs to lose."
    assert rules["share planning"].endswith("each in exactly one shared bundle.")
    assert "there is no portfolio" in page.by_id("method").text
    assert page.unclosed == []


def test_report_without_anything_uncertain() -> None:
    raw = studies.trio_raw()
    for service in raw["services"]:
        for field in ("saving_rate_share", "elasticity", "realisation_share", "delay_months", "ict_gbp"):
            if isinstance(service.get(field), str):
                service[field] = float(service[field].split(",")[1])
    raw |= {"risks": [], "published": [], "quality": [], "rules": [], "gates": [], "grants": []}
    page = page_of(studies.contents(raw, effects=False))
    assert page.unclosed == []
    assert "sets no rules of its own" in page.by_id("rules").text
    assert not [section for section in page.all("section") if section.get("id") == "published"]


# -- the same every time, small, quick ---------------------------------------------------------------------------------


def test_same_contents_give_the_same_bytes(trio: Contents, trio_text: str, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        assert write(trio, tmp_path / name) == tmp_path / name / "report.html"
    first, second = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in sorted((tmp_path / name).rglob("*"))
            if path.is_file()
        }
        for name in ("first", "second")
    )
    assert first == second
    assert first[Path("report.html")].decode() == trio_text


def test_folder_holds_every_figure_three_times(trio: Contents, trio_drawings: list[Drawing], tmp_path: Path) -> None:
    write(trio, tmp_path)
    found = {path.name for path in (tmp_path / "figures").iterdir()}
    assert found == {f"{item.plot.name}.{form}" for item in trio_drawings for form in ("svg", "png", "csv")}
    for item in trio_drawings:
        frame = pd.read_csv(tmp_path / "figures" / f"{item.plot.name}.csv")
        assert list(frame.columns) == [str(column) for column in item.plot.data.columns]
        assert len(frame) == len(item.plot.data) > 0


def test_page_is_small(trio_text: str) -> None:
    assert len(trio_text.encode()) < 3e6


def test_date_is_the_runs_and_nothing_else_is_dated(trio_text: str, trio: Contents) -> None:
    assert "22 November 2026" in trio_text
    from datetime import date

    today = date.today()
    assert f"{today.isoformat()}T" not in trio_text


def test_a_study_whose_only_published_figure_is_of_what_is_not_shared(tmp_path: Path) -> None:
    raw = studies.trio_raw()
    raw["published"] = [
        {"label": "Left out", "measure": "cashable_gbp", "value": 5e4, "years": 3, "services": ["planning"]}
    ]
    material = Material(studies.contents(raw, effects=False))
    page = read(render(material, [drawing(plot) for plot in material.plots.values()]))
    (section,) = [item for item in page.all("section") if item.get("id") == "published"]
    assert "not shared in this choice" in section.text and "100%" not in section.text and "£0" not in section.text
    assert "not shared in this choice" in markdown(material, has_figures=True)
    assert write_workbook(material, tmp_path / "report.xlsx").is_file()
