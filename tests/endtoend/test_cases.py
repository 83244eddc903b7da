"""Every worked case, with few draws: it decides, keeps its rules, adds up, says the same again; list and copies."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sharesim.cli import main
from sharesim.workflow.cases import BUILDER, Case, case, cases
from sharesim.workflow.cases_page import build_case, cases_page
from sharesim.workflow.doors import appraise, choose, judge, load
from sharesim.workflow.judged import Judged

ROOT = Path(__file__).resolve().parents[2]
NAMES = [item.name for item in cases()]
DRAWS = 256


def at_hand(item: Case, request: pytest.FixtureRequest, folder: Path) -> Path:
    """Return a folder that can be run: the case's own, or one built from the returns beside the checkout."""
    if not (item.folder / BUILDER).is_file():
        return item.folder
    return build_case(item, request.getfixturevalue("shared") / "data", folder / item.name)


@pytest.fixture(scope="module", params=NAMES)
def decided(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """A case chosen and judged with few draws."""
    folder = at_hand(case(request.param), request, tmp_path_factory.mktemp("cases"))
    return judge(choose(appraise(load(folder), draws=DRAWS)), draws=DRAWS)


def test_a_case_decides_and_keeps_its_rules(decided: Judged) -> None:
    portfolio = decided.portfolio
    assert portfolio.has_portfolio
    checks = portfolio.rule_checks()
    assert checks.empty or checks.holds.all()
    assert portfolio.value_gbp <= portfolio.bound_gbp + 1.0
    rules = {rule.name: rule for rule in decided.study.model.rules if rule.active}
    for rule in rules.values():
        if rule.kind == "budget":
            kept = checks[checks.rule == rule.name]
            assert len(kept) and (kept.measured <= rule.limit_gbp + 0.5).all()


def test_nobody_is_forced(decided: Judged) -> None:
    """Whoever said no is left out, and nobody is in what its council does not run, or expects to lose by."""
    study, portfolio = decided.study, decided.portfolio
    refused = {
        (council, service)
        for rule in study.model.rules
        if rule.active and rule.kind == "never_share"
        for council in (study.councils.ids if "all" in rule.councils else rule.councils)
        for service in rule.services
    }
    runs = {(row.council, row.service) for row in study.model.baseline}
    for row in portfolio.bundles().itertuples():
        for council in row.partners.split(";"):
            for service in row.services.split(";"):
                if ";" in row.partners:
                    assert (council, service) not in refused
                assert (council, service) in runs or len(row.services.split(";")) > 1
    floors = [
        rule for rule in study.model.rules if rule.active and rule.kind == "break_even" and rule.measure == "mean"
    ]
    checks = portfolio.rule_checks()
    for rule in floors:
        assert (checks[checks.rule == rule.name].measured >= rule.floor_gbp - 0.5).all()


def test_flows_add_up_line_by_line(decided: Judged) -> None:
    lines = decided.lines()
    lines = lines[lines.line != "saving_non_cashable"]
    first, discount = decided.study.first_year, decided.study.discount()
    weights = [discount[int(str(label)[:4]) - first] for label in lines.year]
    assert float((lines.mean_gbp * weights).sum()) == pytest.approx(float(decided.npv.mean()), abs=1.0)
    assert float(decided.council_npv.sum(axis=0).mean()) == pytest.approx(float(decided.npv.mean()), abs=0.01)


def test_the_same_seed_gives_the_same_summary(decided: Judged) -> None:
    study = decided.study
    again = judge(choose(appraise(study, draws=DRAWS, jobs=1)), draws=DRAWS, jobs=1)
    assert again.summary() == decided.summary()
    assert again.figures() == decided.figures()


def test_every_scenario_of_a_case_can_be_asked_for(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    for item in cases():
        folder = item.folder
        if not item.is_ready:
            continue
        for name in tomllib.loads((folder / "study.toml").read_text(encoding="utf-8")).get("scenarios", {}):
            assert load(folder, scenario=name).changes


def test_no_figure_of_a_case_is_without_its_source() -> None:
    for item in cases():
        told = (item.folder / "sources.md").read_text(encoding="utf-8")
        for kind in ("**Given**", "**Measured**", "**Assumed**"):
            assert kind in told, item.name
        for table in ("services.csv", "baseline.csv", "risks.csv", "quality.csv"):
            if (item.folder / table).is_file():
                header, *rows = (item.folder / table).read_text(encoding="utf-8").splitlines()
                assert header.endswith(",source")
                assert all(row.rsplit(",", 1)[1].strip() for row in rows), f"{item.name}/{table}"


def test_the_list_names_every_case_with_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases"]) == 0
    said = capsys.readouterr().out
    for path in ROOT.glob("configs/*/study.toml"):
        assert path.parent.name in said
    assert re.search(r"^mansfield-ashfield-2012 +2 councils x 7 services +\S", said, re.M)


def test_a_copy_is_the_case_and_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "mine"
    assert main(["new", str(copy), "--like", "mansfield-ashfield-2012"]) == 0
    assert load(copy).content_hash == load(ROOT / "configs" / "mansfield-ashfield-2012").content_hash
    assert main(["new", str(copy), "--like", "mansfield-ashfield-2012"]) == 2
    assert "is in the way" in capsys.readouterr().err
    assert main(["new", str(tmp_path / "other"), "--like", "mansfeild-ashfield-2012"]) == 2
    assert "Did you mean 'mansfield-ashfield-2012'?" in capsys.readouterr().err


def test_an_election_may_end_the_three_boroughs_arrangement() -> None:
    """Leaving costs more in the year after an election at which control may change than if it could not."""
    cost = {}
    for scenario in (None, "no_change_of_control"):
        study = load(
            ROOT / "configs" / "tri-borough-2011",
            scenario=scenario,
            set=["rules.all services of all three.active=true"],
        )
        rules = [rule for rule in study.model.rules if rule.kind == "must_share"]
        judged = judge(choose(appraise(study, draws=128), rules=rules), draws=1024)
        lines = judged.lines()
        mine = (lines.line == "exit_cost") & (lines.council == "hammersmith-fulham") & (lines.year == "2015-16")
        cost[scenario] = -float(lines[mine].mean_gbp.sum())
    assert cost[None] > 1.1 * cost["no_change_of_control"] > 0


def test_several_studies_run_one_after_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `sharesim run configs/*` does: plans are left out, a study at fault is told, the others run."""
    good, bad = ROOT / "configs" / "mansfield-ashfield-2012", tmp_path / "bad"
    bad.mkdir()
    (bad / "study.toml").write_text("[study]\n", encoding="utf-8")
    few = ["--draws", "128", "--judge-draws", "128", "--out", str(tmp_path / "out")]
    plan = ROOT / "configs" / "batch-example.toml"
    assert main(["run", str(bad), str(plan), str(good), *few]) == 2
    said = capsys.readouterr()
    assert f"{bad}: not run." in said.err and "the plan of a batch, left out" in said.err
    assert (tmp_path / "out" / good.name / "report.html").is_file()
    assert not (tmp_path / "out" / "bad").exists()


def test_the_builder_says_what_is_missing_and_builds_beside_itself_or_elsewhere(tmp_path: Path, shared: Path) -> None:
    script = ROOT / "configs" / "lancashire-2024" / BUILDER
    lost = subprocess.run([sys.executable, script, "--returns", tmp_path], capture_output=True, text=True)
    assert lost.returncode == 2
    assert "returns not found: lancashire_ro_lines.csv" in lost.stderr
    out = tmp_path / "built"
    subprocess.run(
        [sys.executable, script, "--returns", shared / "data", "--out", out], check=True, capture_output=True
    )
    study = load(out)
    assert len(study.councils) == 15 and len(study.services) >= 10
    with (shared / "data" / "lancashire_ro_lines.csv").open(encoding="utf-8") as lines:
        wanted = [row for row in csv.DictReader(lines) if row["line"] == "Building control" and row["class"] != "SC"]
    total = sum(row.cost_gbp.value for row in study.model.baseline if row.service == "building_control")
    assert total == pytest.approx(
        sum(1000 * float(row["total_expenditure"]) for row in wanted if row["adds_up"] == "True"), abs=7_000
    )
    assert len(wanted) == 14


def test_the_page_of_all_cases_is_current_in_form() -> None:
    """Every case and published figure stands in it as the studies have them; a rerun is left to whoever prints it."""
    page = (ROOT / "docs" / "cases.md").read_text(encoding="utf-8")
    for item in cases():
        assert f"[{item.name}](../configs/{item.name})" in page
        assert f"### {item.name}\n\n{item.title}.\n" in page
        document = tomllib.loads((item.folder / "study.toml").read_text(encoding="utf-8"))
        rows = [line for line in page.splitlines() if line.startswith(f"| {item.name} | ")]
        assert len(rows) == len(document.get("published", ()))
        for figure in document.get("published", ()):
            assert any(f" | {figure['label']} | {figure.get('kind', 'planned')} | " in row for row in rows)
    for line in page.splitlines():
        if line.startswith("| ["):
            # Columns: case, size, candidates, chosen, worth, range, loss, seconds.
            assert line.count("|") == 9


def test_the_page_is_written_or_its_place_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sharesim.workflow.cases_page.cases_page", lambda **_: "# page\n")
    assert main(["cases", "--run", "--out", str(tmp_path / "new" / "cases.md")]) == 0
    assert (tmp_path / "new" / "cases.md").read_text(encoding="utf-8") == "# page\n"
    assert main(["cases", "--run", "--out", str(tmp_path)]) == 1
    assert "is in the way" in capsys.readouterr().err


def test_the_page_runs_what_is_built_and_names_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = [item for item in cases() if item.name in ("mansfield-ashfield-2012", "lancashire-2024")]
    bare = [Case(item.name, item.title, item.sentence, None, 12, item.folder) for item in quick if "lanc" in item.name]
    monkeypatch.setattr("sharesim.workflow.cases_page.cases", lambda: [quick[-1], *bare])
    page = cases_page(draws=128)
    assert (
        "| mansfield-ashfield-2012 | Regeneration: 'almost' 100,000 a year between the two | planned | £100k |" in page
    )
    assert "Left out: `lancashire-2024`" in page
