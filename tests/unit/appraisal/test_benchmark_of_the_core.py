"""The benchmark of the core is fired once, untimed and small, so that it cannot rot and its subjects stay in step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import core
from benchmarks.core_subjects import race


def test_the_three_subjects_agree() -> None:
    """Without the compiler the kernel runs as plain Python: the formulas are the same."""
    task = race.Task.of(24, 300, councils=5)
    assert {1, -1} == {1 if shares.any() else -1 for shares in task.table.host_share}
    assert race.apart(task, ["kernel", "plain"]) < core.AGREE


def test_a_subject_that_errs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: Any) -> Any:
        sums = race.plain.appraise(*arguments)
        arguments[2][0, 0, 0] *= 1.000001
        return sums

    monkeypatch.setitem(race.SUBJECTS, "plain", race.partial(race.other, wrong))
    assert race.apart(race.Task.of(24, 300, councils=5), ["plain"]) > core.AGREE


def test_the_command_writes_its_keys_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(core, "measure", _small)
    monkeypatch.setattr(core, "numba_folder", lambda home: None)
    assert core.main(["--json", str(tmp_path / "core.json")]) == 0
    found = json.loads((tmp_path / "core.json").read_text())
    assert list(found)[:3] == ["ratio_to_fused_kernel", "ratio_to_plain_loop", "bundle_draws_per_second"]
    assert found["ratio_to_plain_loop"] > 0 and found["bundle_draws_per_second"] > 0
    assert set(found["doubling"]) == {"doubling_bundles", "doubling_draws"}
    assert {one["n_bundles"] for one in found["whole"]["sizes"]} == {8}
    again = core.main(["--json", str(tmp_path / "core.json"), "--part", "growth"])
    assert again == 0 and json.loads((tmp_path / "core.json").read_text())["race"] == found["race"]


def _small(numba: Path | None, **wanted: Any) -> dict[str, Any]:
    """Measure in this process, and little."""
    wanted |= {"n_bundles": 8, "n_draws": 64}
    if "names" in wanted:
        wanted["names"] = [name for name in wanted["names"] if name != "kernel"] or ["sharesim"]
    if wanted["what"] in ("race", "growth"):
        wanted |= {"rounds": 1, "councils": 5}
    if wanted["what"] == "threads":
        wanted |= {"rounds": 1}
    return dict(race.WHAT[wanted.pop("what")](**wanted))
