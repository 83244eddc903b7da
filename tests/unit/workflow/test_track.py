"""Actuals beside a run: weights as algebra gives them, figures read back, every fault of a file at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharesim.cli import main
from sharesim.errors import SharesimError, StudyError, UsageError
from sharesim.examples import from_dict
from sharesim.insight.reweighting import reweighted, weighted_percentile
from sharesim.report.budget import price_index
from sharesim.workflow.actuals import Series
from sharesim.workflow.run import RunOptions, RunResult, run_study
from sharesim.workflow.track import Tracked, status, track, write_track
from tests.unit.report import studies
from tests.unit.report.pages import read


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A finished run of three councils."""
    folder = tmp_path_factory.mktemp("runs") / "trio"
    return run_study(from_dict(studies.trio_raw()), folder, RunOptions(jobs=1, explain_seconds=0))


def written(folder: Path, *rows: str, head: str = "period,measure,gbp,arrangement,council") -> Path:
    path = folder / "actuals.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


# -- weights -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seen", "noise"), [(0.8, 0.5), (-1.5, 1.0), (0.0, 0.2)])
def test_weights_give_the_closed_form_of_the_normal_model(seen: float, noise: float) -> None:
    """Prior N(2, 3^2), a figure y = x + N(0, (3 noise)^2): the posterior mean and variance are known."""
    futures = 2.0 + 3.0 * np.random.default_rng(5).normal(size=(1, 400_000))
    found = reweighted(futures, np.array([2.0 + 3.0 * seen]), np.array([3.0 * noise]))
    mean = found.values @ futures[0]
    variance = found.values @ (futures[0] - mean) ** 2
    assert found.softening == 1.0
    assert mean == pytest.approx(2.0 + 3.0 * seen / (1 + noise**2), abs=0.05)
    assert variance == pytest.approx(9.0 * noise**2 / (1 + noise**2), rel=0.03)
    # Kish's size for a normal prior and a normal likelihood.
    share = (
        np.sqrt((2 + noise**2) * noise**2)
        / (1 + noise**2)
        * np.exp(-(seen**2) * (1 / (1 + noise**2) - 1 / (2 + noise**2)))
    )
    assert found.effective / futures.shape[1] == pytest.approx(share, rel=0.05)


def test_two_figures_weigh_like_their_product() -> None:
    futures = np.random.default_rng(1).normal(size=(2, 2000))
    seen, noise = np.array([0.3, -0.2]), np.array([0.8, 1.1])
    one, other = (reweighted(futures[at : at + 1], seen[at : at + 1], noise[at : at + 1]).values for at in (0, 1))
    both = one * other
    assert np.allclose(reweighted(futures, seen, noise).values, both / both.sum())


def test_a_figure_that_no_future_explains_is_softened_and_says_so() -> None:
    futures = np.random.default_rng(1).normal(size=(1, 4000))
    found = reweighted(futures, np.array([9.0]), np.array([0.25]))
    assert found.softening < 1.0
    assert found.effective == pytest.approx(50.0, rel=1e-3)
    assert found.values @ futures[0] > 2.0


def test_a_figure_that_is_certain_says_nothing() -> None:
    found = reweighted(np.full((1, 100), 5.0), np.array([7.0]), np.array([0.0]))
    assert np.allclose(found.values, 0.01)


def test_weighted_percentile_with_equal_weights_is_the_plain_one() -> None:
    values = np.random.default_rng(2).normal(size=101)
    for q in (5, 50, 95):
        assert weighted_percentile(values, np.full(101, 1 / 101), q) == np.percentile(values, q, method="inverted_cdf")


# -- a run ------------------------------------------------------------------------------------------------------------


def test_flows_are_those_of_the_run(run: RunResult, tmp_path: Path) -> None:
    assert run.judged is not None
    account, study = run.judged.account, run.judged.study
    rows = [f"2025-26,{name},1,," for name in ("net", "cashable", "one_off", "non_cashable")]
    found = track(run.folder, written(tmp_path, *rows, "2025-26,net,1,,northam", "2025-26,one_off,1,all,northam"))
    index = price_index(study)[:, None]
    expected = {
        Series("", "", "net"): account.net.sum(axis=0),
        Series("", "", "cashable"): account.cashable,
        Series("", "", "one_off"): account.one_off.sum(axis=0),
        Series("", "", "non_cashable"): account.non_cashable,
        Series("", "northam", "net"): account.net[1],
        Series("", "northam", "one_off"): account.one_off[1],
    }
    for series, flow in expected.items():
        assert np.allclose(found.flows[series], flow * index, atol=1e-6), series
    assert np.allclose(found.npv, run.judged.npv)


def test_arrangements_add_up_to_all_but_what_they_share(run: RunResult, tmp_path: Path) -> None:
    letters = [chr(65 + at) for at in range(len(run.portfolio.solution.chosen))]
    rows = [f"2026-27,cashable,1,{name}," for name in ("", *letters)]
    found = track(run.folder, written(tmp_path, *rows))
    parts = sum(found.flows[Series(name, "", "cashable")] for name in letters)
    assert np.allclose(parts, found.flows[Series("", "", "cashable")], atol=1e-6)


def test_a_future_seen_in_full_is_recognised(run: RunResult, tmp_path: Path) -> None:
    """Figures taken from one simulated future give that future the most weight, and its out-turn is projected."""
    first = track(run.folder, written(tmp_path, "2025-26,net,1,,"))
    flow = first.flows[Series("", "", "net")]
    future = int(np.argsort(flow.sum(axis=0))[flow.shape[1] // 20])
    rows = [f"{2025 + year}-{26 + year},net,{flow[year, future]:.6f},," for year in range(4)]
    found = track(run.folder, written(tmp_path, *rows), noise_share=0.05)
    assert found.weights.values.argmax() == future
    before, after = flow.sum(axis=0).mean(), found.highlights.projected_mean_gbp[0]
    assert abs(after - flow[:, future].sum()) < 0.5 * abs(before - flow[:, future].sum())


def test_what_is_seen_stands_in_the_out_turn(run: RunResult, tmp_path: Path) -> None:
    rows = [f"{2025 + year}-{26 + year},cashable,{1000 * (year + 1)},," for year in range(6)]
    found = track(run.folder, written(tmp_path, *rows))
    row = found.highlights.iloc[0]
    assert row.projected_mean_gbp == pytest.approx(21_000) == row.projected_p5_gbp
    assert np.allclose(found.bands.projected_mean_gbp, found.bands.actual_gbp)


def test_months_stand_beside_their_share_of_the_year(run: RunResult, tmp_path: Path) -> None:
    rows = [f"2026-{month:02d}-01,cashable,1000,," for month in (4, 5, 6)]
    found = track(run.folder, written(tmp_path, *rows))
    band = found.bands[found.bands.months > 0].iloc[0]
    flow = found.flows[Series("", "", "cashable")][1]
    assert (band.year, band.months, band.actual_gbp) == ("2026-27", 3, 3000.0)
    assert band.expected_gbp == pytest.approx(flow.mean() / 4)
    assert band.percentile == pytest.approx(100 * (flow / 4 < 3000).mean())
    assert band.projected_mean_gbp == pytest.approx(3000 + 0.75 * found.weights.values @ flow)


def test_status_turns_with_the_percentile_and_costs_turn_round(run: RunResult, tmp_path: Path) -> None:
    assert [status(percent) for percent in (25, 24.9, 5, 4.9)] == ["on track", "at risk", "at risk", "off track"]
    rows = ["2025-26,one_off,9999999,,", "2026-27,cashable,9999999,A,", "2026-27,cashable,-9999999,B,"]
    found = track(run.folder, written(tmp_path, *rows)).by_arrangement.set_index("arrangement")
    assert found.status.to_dict() == {"": "off track", "A": "on track", "B": "off track"}


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_every_fault_of_a_file_in_one_go(run: RunResult, tmp_path: Path) -> None:
    rows = (
        "2025-09,cashable,1,,", "2025-26,cashible,x,Z,nobody", "2050-51,net,1,,", "2025-26,net,5,,",
        "2025-04-01,net,5,,",
        "2025-26,net,6,,", "2025-26,net,nan,,", "2025-26,net,1,,,9",
    )  # fmt: skip
    with pytest.raises(StudyError) as caught:
        track(run.folder, written(tmp_path, *rows))
    assert str(caught.value).splitlines() == [
        "actuals.csv, line 2, period: not a period: got '2025-09'; allowed a financial year such as 2027-28, or a day "
        "of the "
        "month such as 2027-04-01.",
        "actuals.csv, line 3, arrangement: unknown arrangement: got 'Z'; allowed A, B.",
        "actuals.csv, line 3, council: unknown council: got 'nobody'; allowed eastham, northam, westham.",
        "actuals.csv, line 3, measure: unknown measure: got 'cashible'; allowed net, cashable, one_off, non_cashable. "
        "Did you "
        "mean 'cashable'?",
        "actuals.csv, line 3, gbp: not a number of pounds: got 'x'; allowed a number such as 12500.",
        "actuals.csv, line 4, period: outside the study's years: got '2050-51'; allowed 2025-26 to 2030-31.",
        "actuals.csv, line 6: a whole year beside its months: got first on line 5; allowed each figure once. Drop one "
        "of the two.",
        "actuals.csv, line 7: a figure that was given already: got first on line 5; allowed each figure once. Drop "
        "one of the two.",
        "actuals.csv, line 8, gbp: not a number of pounds: got 'nan'; allowed a number such as 12500.",
        "actuals.csv, line 9: more cells than headings: got 6; allowed 5. Check the commas.",
    ]


@pytest.mark.parametrize(
    ("head", "rows", "said"),
    [
        ("period,measure", (), "no column 'gbp'"),
        ("period,measure,gbp,concil", (), "unknown column: got 'concil'"),
        ("period,measure,gbp,gbp", (), "a column stands twice"),
        ("period,measure,gbp", (), "no figures"),
        ("period,measure,gbp", ('2025-26,net,"1',), "the quotes do not match"),
    ],
)
def test_a_file_of_the_wrong_shape(run: RunResult, tmp_path: Path, head: str, rows: tuple[str, ...], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        track(run.folder, written(tmp_path, *rows, head=head))


def test_a_folder_that_is_no_run(tmp_path: Path, run: RunResult) -> None:
    actuals = written(tmp_path, "2025-26,net,1,,")
    with pytest.raises(UsageError, match="not a run that can be reported"):
        track(tmp_path, actuals)
    copy = tmp_path / "copy"
    shutil.copytree(run.folder, copy)
    (copy / "portfolio.csv").write_text("bundle\nnobody\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"portfolio\.csv: is not as the run wrote it\. Run the study again"):
        track(copy, actuals)
    (copy / "portfolio.csv").unlink()
    with pytest.raises(UsageError, match="is missing or damaged"):
        track(copy, actuals)
    with pytest.raises(UsageError, match="noise_share: out of bounds"):
        track(run.folder, actuals, noise_share=0.0)
    with pytest.raises(SharesimError, match="there is no such file"):
        track(run.folder, tmp_path / "nothing.csv")


# -- the page ----------------------------------------------------------------------------------------------------------


def test_page_and_command(run: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    actuals = written(tmp_path, "2025-26,net,-60000,,", "2026-27,cashable,4000,A,", "2027-04-01,cashable,100,A,eastham")
    assert main(["track", str(run.folder), str(actuals), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "effective futures" in told and "The highlight report" in told
    page = read((tmp_path / "out" / "track.html").read_text(encoding="utf-8"))
    assert page.unclosed == [] and page.all("script") == []
    assert [section.get("id") for section in page.all("section")] == ["highlights", "series", "figures"]
    assert len(page.all("figure")) == 3
    bands = pd.read_csv(tmp_path / "out" / "bands.csv")
    assert len(bands) == 3 * 6 and (tmp_path / "out" / "figures" / "track-1.png").exists()
    assert main(["track", str(run.folder), str(written(tmp_path, "x,net,1,,"))]) == 2


def test_hostile_names_end_as_text(tmp_path: Path) -> None:
    raw = studies.hostile_raw()
    made = run_study(from_dict(raw), tmp_path / "run", RunOptions(jobs=1, report=False))
    found: Tracked = track(made.folder, written(tmp_path, "2025-26,net,-60000,A,eastham"))
    page = read(write_track(found, tmp_path / "out").read_text(encoding="utf-8"))
    assert page.unclosed == [] and page.all("script") == []
    assert page.all("h1")[0].text == " ".join(studies.HOSTILE.split())
