"""The back-test: what it predicts, what it refuses, that a case's own figures are left out, and hostile tables."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from sharesim.cli import main
from sharesim.errors import StudyError, UsageError
from sharesim.study.priors_evidence import CASES, EVIDENCE, hazard, law, points_without, realisation
from sharesim.study.priors_sizes import LINES, lines_in
from sharesim.workflow.backtest.bases import partners_of, read_places
from sharesim.workflow.backtest.score import backtest
from sharesim.workflow.backtest.table import claim_in, read_register

HEADER = (
    "id,partners,n_partners,services,start_year,end_year,status,"
    "planned_annual_saving_gbp,realised_claim,one_off_cost_gbp"
)


def table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "register.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def test_planned_and_realised_are_told_apart(tmp_path: Path) -> None:
    found = backtest(
        table(tmp_path, "one,A DC; B DC,2,legal; HR,2012,2019,ended,100000,0.4m over five years,60000"), draws=1024
    )
    assert list(found.table.figure) == [
        "planned saving a year",
        "realised saving a year",
        "one-off cost",
        "years lived",
    ]
    assert found.table.published.tolist() == [100_000, 80_000, 60_000, 7]
    planned, realised, one_off, _ = found.predictions
    assert planned.basis == "names of partners and services"
    # Given the plan, what comes out is predicted from the plan.
    assert realised.basis == one_off.basis == "its own plan"
    assert (realised.draws < 0).mean() > 0.1
    assert (planned.draws > 0).all()


def test_a_row_with_nothing_but_names_says_why_nothing_is_predicted(tmp_path: Path) -> None:
    found = backtest(table(tmp_path, "one,A DC; B DC,,baskets,,,,,,"), draws=256)
    assert found.predictions == ()
    assert dict(zip(found.not_predicted.figure, found.not_predicted.why, strict=True))["years lived"] == "no start year"
    assert "no coverage to tell" in found.summary()
    found = backtest(table(tmp_path, "one,A DC; B DC,,baskets,,,,50000,,"), draws=256)
    assert "no known service in 'baskets'" in found.summary()


def test_more_partners_or_a_larger_base_mean_a_larger_plan(tmp_path: Path) -> None:
    rows = ["two,,2,legal,2012,,running,1,,", "six,,6,legal,2012,,running,1,,"]
    two, six = backtest(table(tmp_path, *rows)).predictions
    assert 2.4 < np.median(six.draws) / np.median(two.draws) < 3.6
    header, row = "id,services,base_cost_gbp,planned_annual_saving_gbp", "one,legal,1000000,1"
    (stated,) = backtest(table(tmp_path, row, header=header), as_of=2020).predictions
    assert np.median(stated.draws) == pytest.approx(1e6 * float(law("planned_rate.support").quantile(0.5)), rel=0.05)


def test_a_calibrated_register_is_covered_as_promised(tmp_path: Path) -> None:
    """Figures drawn from the predictions themselves lie inside the intervals as often as these say."""
    rows = [f"row{at},A DC; B DC,2,legal,2012,,running,{{}},," for at in range(200)]
    first = backtest(table(tmp_path, *(row.format(1) for row in rows)), draws=2048)
    drawn = [one.draws[(37 * at) % 2048] for at, one in enumerate(first.predictions)]
    again = backtest(
        table(tmp_path, *(row.format(value) for row, value in zip(rows, drawn, strict=True))), draws=2048, seed=5
    )
    shares = again.coverage[again.coverage.figure == "all"].set_index("interval").share
    # Three standard errors of a share of 200.
    assert abs(shares[50] - 0.5) < 0.106
    assert abs(shares[90] - 0.9) < 0.064


def test_own_figures_are_left_out_by_id_or_by_partners(tmp_path: Path) -> None:
    rows = [
        "clyde_valley,,8,HR,2010,2012,aborted,30000000,,29500000",
        "other,Mansfield DC; Ashfield DC,2,legal,2012,,running,47000,,",
    ]
    found = backtest(table(tmp_path, *rows), draws=256)
    assert found.predictions[0].left_out == ("clyde_valley",)
    assert {one.left_out for one in found.predictions if one.id == "other"} == {("mansfield_ashfield",)}


def test_every_point_of_evidence_belongs_to_known_cases_and_leaving_out_moves_the_law() -> None:
    for known in EVIDENCE.values():
        for point in known.points:
            assert point.source and point.value > 0
            assert set(point.cases) <= set(CASES)
            kept = points_without(known.name, point.cases)
            if point.cases and kept:
                assert law(known.name, point.cases).quantile(0.5) != law(known.name).quantile(0.5)
    assert hazard(["triborough"]).mean != hazard().mean
    assert realisation(["chesterfield_trio", "triborough"]).mean < realisation().mean


def test_every_known_service_is_found_by_its_own_name() -> None:
    for line in LINES:
        said = {"whole": "all services", "customer": "customer services", "streets": "street cleansing"}
        assert line.id in [found.id for found in lines_in(said.get(line.id, line.id.replace("_", " ")))], line.id


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2.8m over five years reported Aug 2011", 560_000),
        ("£250k a year", 250_000),
        ("£90,000 per annum", 90_000),
        ("40m then 43m a year", None),
        ("about 600k a year to run, cost only", None),
        ("much", None),
        ("5m since 2010", None),
        ("1m over 0 years", None),
    ],
)
def test_amounts_in_words_are_taken_only_beyond_doubt(words: str, expected: float | None) -> None:
    value, why = claim_in(words)
    assert value == expected
    assert bool(why) == (expected is None)


@pytest.mark.parametrize(
    ("partners", "n", "kinds"),
    [
        ("Mansfield DC; Ashfield DC", "2", ["district"] * 2),
        ("Worcestershire CC + 6 districts", "7", ["county"] + ["district"] * 6),
        ("8 then 7 then fewer Scottish councils", "8", ["unitary"] * 8),
        ("Shropshire Council (+ unnamed)", "1", ["unknown"]),
        ("", "3", ["unknown"] * 3),
        ("X and Y", "2", ["unknown"] * 2),
        ("", "", []),
    ],
)
def test_partners_are_read_from_names_and_counts(tmp_path: Path, partners: str, n: str, kinds: list[str]) -> None:
    (row,) = read_register(table(tmp_path, f"one,{partners},{n},legal,2012,,running,1,,")).rows
    assert [partner.kind for partner in partners_of(row, None)] == kinds


def test_every_fault_of_a_hostile_table_is_told_at_once_in_a_line_each(tmp_path: Path) -> None:
    rows = [
        'one,A; B,2,legal,2012,2010,ended,"£100,000",,',
        "one,A; B,two,legal,12,,running,nan,,-5",
        "three,A,1e9,legal,2012,,,1e300,,",
        "four,A,2,legal,2012,,running,1,,,,,extra",
    ]
    with pytest.raises(StudyError) as caught:
        read_register(table(tmp_path, *rows))
    faults = [str(fault) for fault in caught.value.faults]
    assert len(faults) == 10
    assert all("\n" not in fault and fault.startswith("register.csv, line ") for fault in faults)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"\xff\xfe\x00",
        b"PK\x03\x04zip",
        b"a,b\n1,2\n",
        b'id,partners\n"open',
        b"id,id\n1,2\n",
        b"\x00\x00",
        b"id,partners,services,start_yaer\none,A,legal,2010\n",
        b"id,partners,services\n",
        b"id,partners\n" + b"x" * 30_000 + b",A\n",
    ],
)
def test_files_that_are_no_register_are_refused_in_words(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(data)
    with pytest.raises(StudyError) as caught:
        read_register(path)
    assert all(str(fault).startswith("odd.csv") for fault in caught.value.faults)


def test_strange_names_neither_run_nor_break_a_page(tmp_path: Path) -> None:
    path = tmp_path / "strange.csv"
    rows = "=cmd|x,A;B,legal,2010,100\n<script>\x0b\x07,A,hr,2011,5\n"
    path.write_text(f"id,partners,services,start_year,planned_annual_saving_gbp\n{rows}", encoding="utf-8")
    folder = backtest(path, draws=256).write(tmp_path / "out")
    assert "\n'=cmd|x," in (folder / "predictions.csv").read_text(encoding="utf-8")
    ElementTree.parse(folder / "figures" / "ranges.svg")


def test_wrong_settings_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "one,A; B,2,legal,2012,,running,1,,")
    for wrong in ({"draws": 1}, {"seed": -1}, {"as_of": 12}):
        with pytest.raises(UsageError):
            backtest(path, **wrong)


def test_a_study_and_places_sharpen_the_prediction(tmp_path: Path, root: Path) -> None:
    from sharesim.workflow.doors import load

    row = "x,Chesterfield BC; North East Derbyshire DC; Bolsover DC,3,building control,2007,,running,80000,,"
    path = table(tmp_path, row)
    places = tmp_path / "places.csv"
    places.write_text("name,population,kind\nChesterfield,103417,district\nBolsover,75691,district\n", encoding="utf-8")
    assert read_places(places).find("Bolsover DC") == (75_691.0, "district")
    vague, placed = backtest(path, draws=4096), backtest(path, draws=4096, places=places)
    sharp = backtest(path, draws=4096, studies=[load(root / "configs" / "chesterfield-2007")])
    spreads = [
        np.subtract(*np.percentile(np.log(found.predictions[0].draws), [95, 5])) for found in (vague, placed, sharp)
    ]
    assert spreads[0] > spreads[1] > spreads[2]
    assert sharp.predictions[0].basis == "costs in the study chesterfield-2007"


def test_the_command_writes_tables_figures_and_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(
        tmp_path, "one,A DC; B DC,2,legal,2012,2019,ended,100000,,", "two,C DC; D DC,2,HR,2012,,running,50000,,"
    )
    out = tmp_path / "out"
    assert main(["backtest", str(path), "--out", str(out), "--draws", "512"]) == 0
    said = capsys.readouterr().out
    assert "Endings: 1 of 2 arrangements" in said
    assert (out / "summary.txt").read_text(encoding="utf-8") in f"{said}"
    for name in (
        "predictions.csv",
        "coverage.csv",
        "not_predicted.csv",
        "figures/calibration.svg",
        "figures/ranges.png",
    ):
        assert (out / name).is_file()
    before = (out / "predictions.csv").read_bytes()
    assert main(["backtest", str(path), "--out", str(out), "--draws", "512", "--quiet"]) == 0
    assert (out / "predictions.csv").read_bytes() == before
    assert main(["backtest", str(tmp_path / "none.csv")]) == 2
    assert capsys.readouterr().err.startswith(str(tmp_path / "none.csv"))


def test_the_register_of_real_arrangements_is_predicted(shared: Path) -> None:
    found = backtest(shared / "data" / "arrangements_evidence.csv")
    assert len(found.register.rows) == 15
    assert {"planned saving a year", "realised saving a year", "one-off cost", "years lived"} == set(found.table.figure)
    shares = found.coverage[found.coverage.figure == "all"]
    assert shares.as_expected.all()
