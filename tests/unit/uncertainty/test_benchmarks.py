"""Each benchmark of draws is fired once, untimed, so that it cannot rot."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import laws, peers


def test_our_subject_runs_and_agrees_with_the_reference() -> None:
    found = peers.run_subject(sys.executable, "sharesim", 20_000, 1, "time")
    assert found["cpu_s"] > 0 and found["peak_mb"] > 10
    ranks = peers.run_subject(sys.executable, "sharesim", 20_000, 1, "ranks")
    assert ranks["rank_error"] < 0.03
    truth = peers.reference(4096, 8)["figures"]
    for name, (value, error) in truth.items():
        assert error < 0.01 * value
        assert found["figures"][name] == pytest.approx(value, rel=0.03)


@pytest.mark.parametrize("subject", peers.PEERS)
def test_peers_are_written_for_the_same_problem(subject: str) -> None:
    tree = ast.parse((peers.SUBJECTS / f"{subject}_subject.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert {"net_present_value", "SAVINGS", "TAKE_UP", "SET_UP", "RUNNING", "main"} <= imported
    assert f"{subject}==" in peers.REQUIREMENTS.read_text(encoding="utf-8")


def test_a_peer_that_fails_is_reported_not_raised() -> None:
    assert "failed" in peers.run_subject(sys.executable, "monaco", 10, 1, "time")


def test_sizes_beyond_the_machine_are_left_out() -> None:
    slow = {"n_draws": 100, "cpu_s": 100.0, "peak_mb": 1.0}
    assert "CPU" in peers.measure(sys.executable, "monaco", 1000, 1, slow)["left_out"]
    large = {"n_draws": 100, "cpu_s": 0.1, "peak_mb": 1e7}
    assert "memory" in peers.measure(sys.executable, "monaco", 1000, 1, large)["left_out"]
    assert "left_out" in peers.measure(sys.executable, "monaco", 1000, 1, {"failed": "x"})


@pytest.mark.slow
def test_the_command_writes_what_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # With this Python for the peers' environment their imports fail, which has to be reported as such.
    monkeypatch.setattr(peers, "make_environment", lambda folder: sys.executable)
    monkeypatch.setattr(peers, "SMALL", 2048)
    monkeypatch.setattr(peers, "LARGE", 4096)
    monkeypatch.setattr(peers, "PEERS", ("squigglepy",))
    monkeypatch.setattr(peers, "reference", lambda n, r: {"figures": {"mean": [1669.1, 0.1]}})
    assert peers.main(["--json", str(tmp_path / "out" / "peers.json"), "--repeats", "1", "--env", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "out" / "peers.json").read_text(encoding="utf-8"))
    assert {"ratio_to_fastest_peer_100k", "peak_mb_1m", "rank_error_1m", "subjects", "machine"} <= set(found)
    assert found["subjects"]["sharesim"]["1m"]["error_to_reference"]["mean"] == pytest.approx(0, abs=0.02)
    assert "failed" in found["subjects"]["squigglepy"]["100k"]


def test_the_table_of_laws_is_written_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laws, "LAWS", laws.LAWS[:3])
    page, data = tmp_path / "page.md", tmp_path / "laws.json"
    page.write_text(f"before\n{laws.BEGIN}\nold\n{laws.END}\nafter\n", encoding="utf-8")
    assert laws.main(["--write", str(page), "--json", str(data), "--repeats", "1"]) == 0
    text = page.read_text(encoding="utf-8")
    assert (
        text.startswith("before\n")
        and text.endswith("after\n")
        and "old" not in text
        and "`pert(80, 120, 220)`" in text
    )
    found = json.loads(data.read_text(encoding="utf-8"))
    assert found["worst_error_sd"] < 1e-7 and len(found["laws"]) == 3
    assert np.isfinite([row["ns_per_value"] for row in found["laws"]]).all()
