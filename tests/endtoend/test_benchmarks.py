"""Every subject and phase of the benchmarks is fired once, untimed, so that it cannot rot; the pages are written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as everything
from benchmarks import batch, laws, peers, performance, phases, plots, sobol

DRAWS = 1024


@pytest.fixture(scope="module")
def cases() -> dict[str, phases.Case]:
    found = phases.subjects(DRAWS)
    return {
        name: phases.Case(case.study, case.table.take(np.arange(min(40, len(case.table)))), DRAWS)
        for name, case in found.items()
    }


@pytest.mark.parametrize("subject", ["two councils", "worked case", "eight councils"])
@pytest.mark.parametrize("phase", [name for name in phases.PHASES if name != "batch"])
def test_every_phase_of_every_subject_runs(cases: dict[str, phases.Case], subject: str, phase: str) -> None:
    work = phases.PHASES[phase](cases[subject])
    assert work.act() is not None and work.units > 0


def test_a_batch_runs(cases: dict[str, phases.Case]) -> None:
    phases.batch(cases["two councils"]).act()


def test_costs_against_sizes_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "BUNDLES", (20, 500))
    monkeypatch.setattr(phases, "DRAWS", (1024,))
    monkeypatch.setattr(phases, "PARTNERS", (2,))
    monkeypatch.setattr(phases, "timed", lambda work, goes: {"cpu_s": 1.0, "units": work.units, "ns_per_unit": 1.0})
    found = phases.growth(1)
    assert {name: len(points) for name, points in found.items()} == {"bundles": 2, "draws": 1, "partners": 1}


def test_time_is_that_of_the_work() -> None:
    def spin() -> float:
        return float(np.sort(np.random.default_rng(1).random(200_000)).sum())

    once = phases.cpu_seconds(phases.Work(spin, 1, "sorts"), 2)
    assert phases.cpu_seconds(phases.Work(lambda: [spin() for _ in range(10)], 1, "sorts"), 2) > 4 * once


def test_gains_are_those_of_the_draws() -> None:
    study = sobol.study_of(sobol.CASE, events=False)
    assert all(row.probability.value == 0 for row in study.model.risks)
    found = sobol.collect(1024, 3, 1)
    # Three scrambles tell little of a single bundle, and enough of the middle of 450.
    assert found["median_gain_without_events"] > 5 > 1.5 < found["median_gain_with_events"]
    assert len(found["with"]["gains"]) == found["with"]["bundles"]


def results() -> dict[str, dict]:
    sizes = {"version": "1", "cpu_s": 1.0, "draws_per_cpu_s": 1e5, "peak_mb": 90.0, "rank_error": 0.001}
    step = {"cpu_s": 0.5, "ns_per_unit": 3.0}
    gains = {
        "drivers": 9,
        "worst": 1.0,
        "p10": 2.0,
        "median": 9.0,
        "p90": 10.0,
        "best": 11.0,
        "gains": [1.0, 9.0, 11.0],
    }
    return {
        "peers": {
            "ratio_to_fastest_peer_100k": 12.0, "fastest_peer_100k": "other", "peak_mb_1m": 160.0,
            "rank_error_1m": 0.001,
            "subjects": {
                "sharesim": {"100k": sizes, "1m": sizes}, "other": {"100k": sizes, "1m": {"left_out": "too slow"}},
            },
        },
        "core": {
            "ratio_to_fused_kernel": 0.8, "ratio_to_plain_loop": 6.0, "bundle_draws_per_second": 5e6,
            "ratio_to_fused_kernel_50000": None, "largest_relative_difference": 1e-12,
            "doubling": {"doubling_bundles": 2.0, "doubling_draws": 2.3}, "memory_within_budget": True,
            "race": {"small": {"bundle_draws_per_cpu_s": {"sharesim": 5e6, "kernel": 6e6}}},
        },
        "sobol": {
            "case": "c", "n_draws": 8192, "scrambles": 32, "wanted": {"with": 8.0, "without": 40.0},
            "median_gain_with_events": 9.0, "median_gain_without_events": 9.0, "with": gains, "without": gains,
            "share_reaching": {"with": 0.5, "without": 0.0},
        },
        "phases": {
            "n_draws": 1024, "phases": {"small": {"draw": step, "batch": step}}, "machine": {"cpu": "X", "cores": 2},
            "growth": {"bundles": [{"at": 10, **step}, {"at": 20, **step}]}, "versions": {"numpy": "2"},
        },
        "batch": {
            "runs": 2, "run_cpu_ms": 50.0, "overhead_per_run_cpu_ms": 1.0, "overhead_per_run_wall_ms": 2.0,
            "batch": {"parent_early_mb": 1.0, "parent_late_mb": 1.0, "nothing_to_do_s": 0.1},
        },
        "laws": {"worst_error_sd": 1e-9, "laws": [{"ns_per_value": 12.0}]},
        "choice": {"build": {"pulp": "3.3", "build_seconds_100k": 1.0}},
    }  # fmt: skip


def test_pages_are_written_from_the_files_that_are_there(tmp_path: Path) -> None:
    found = results()
    for name, result in found.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")
    page = tmp_path / "performance.md"
    assert everything.main(["--no-run", "--out", str(tmp_path), "--page", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert list(performance.SECTIONS) == [
        name for name in performance.SECTIONS if f"## {performance.SECTIONS[name][0]}" in text
    ]
    assert "12 (wanted: at least 10; reached)" in text and "160 (wanted: at most 150; **not reached**)" in text
    assert "`python -m benchmarks.core --json FILE`" in text
    assert set(found) | {"versions", "machine"} == set(
        json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    )
    assert (tmp_path / "index.html").read_text(encoding="utf-8").count("<svg") == 5


def test_a_section_that_was_not_measured_again_stays() -> None:
    found = results()
    old = performance.page(found)
    found["peers"]["ratio_to_fastest_peer_100k"] = 13.0
    new = performance.page({"peers": found["peers"]}, old)
    assert new == old.replace("12 (wanted: at least 10", "13 (wanted: at least 10")
    assert performance.page({}, "") == performance.HEAD + "\n" and "Nothing was measured" in plots.page({}, {})


def test_a_benchmark_that_fails_is_named_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(everything, "run", lambda name, out: ran.append(name) or name != "sobol")
    assert everything.main(["--out", str(tmp_path), "--page", str(tmp_path / "p.md")]) == 1
    assert ran == list(everything.ARGUMENTS) and "Failed: sobol" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(everything.ARGUMENTS))
def test_every_benchmark_takes_the_arguments_that_it_is_given(name: str, tmp_path: Path) -> None:
    import importlib

    module = importlib.import_module(f"benchmarks.{name}")
    with pytest.raises(SystemExit) as ended:
        module.main(["--json", str(tmp_path / "x.json"), *everything.ARGUMENTS[name], "--help"])
    assert ended.value.code == 0


@pytest.mark.parametrize("command, words, allowed", [
    (peers.main, ["--json", "x.json", "--repeats-large", "0"], "--repeats-large: got '0'; allowed whole numbers from 1"),
    (peers.main, ["--json", "x.json", "--repeats", "many"], "--repeats: got 'many'; allowed whole numbers from 1"),
    (laws.main, ["--repeats", "-3"], "--repeats: got '-3'; allowed whole numbers from 1"),
    (batch.main, ["--runs", "0"], "--runs: got '0'; allowed whole numbers from 1"),
    (phases.main, ["--json", "x.json", "--draws", "1000"], "--draws: got '1000'; allowed a multiple of 1,024 from 1,024"),
    (sobol.main, ["--json", "x.json", "--draws", "3000"], "--draws: got '3000'; allowed a power of two from 1,024"),
    (sobol.main, ["--json", "x.json", "--scrambles", "1"], "--scrambles: got '1'; allowed whole numbers from 2"),
])  # fmt: skip
def test_what_cannot_be_measured_is_refused(command, words, allowed, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit) as stopped:
        command(words)
    assert stopped.value.code == 2 and allowed in capsys.readouterr().err
