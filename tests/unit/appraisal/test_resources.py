"""The memory budget: what it allows, what it refuses, and that how an appraisal is cut or kept moves no bit."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.core_study import some_bundles, study_of
from sharesim.appraisal.context import Fixed
from sharesim.appraisal.engine import ChunkRun, draw_plan, tiles_of
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.appraisal.resources import GIGABYTE, Cut, Resources
from sharesim.appraisal.sweep import Sweep
from sharesim.bundles.enumerate import candidates
from sharesim.bundles.table import BundleTable
from sharesim.errors import UsageError
from sharesim.study.load import load
from sharesim.study.study import Study
from sharesim.uncertainty.draws import CHUNK
from sharesim.workflow import doors

ROOT = Path(__file__).parents[3]
N_DRAWS = 2500


@pytest.fixture(scope="module")
def study() -> Study:
    return study_of(n_councils=5, n_services=3)


@pytest.fixture(scope="module")
def table(study: Study) -> BundleTable:
    return some_bundles(study, 60)


def worth(study: Study, table: BundleTable, n_draws: int = N_DRAWS, jobs: int = 1, **budget: Any) -> Outcomes:
    return appraise(study, table, seed=5, purpose="choose", n_draws=n_draws, jobs=jobs, resources=Resources(**budget))


@pytest.fixture(scope="module")
def whole(study: Study, table: BundleTable) -> Outcomes:
    return worth(study, table, keep="memory")


def same_bits(one: Outcomes, other: Outcomes, *, draws: bool = True) -> None:
    every = np.arange(len(one.table))
    if draws:
        np.testing.assert_array_equal(one.partner_draws(every), other.partner_draws(every))
    np.testing.assert_array_equal(one.partner_mean, other.partner_mean)
    np.testing.assert_array_equal(one.activation_npv, other.activation_npv)
    for name, mean in one.means.items():
        np.testing.assert_array_equal(mean, other.means[name], err_msg=name)
    for name, figure in one.figures.items():
        np.testing.assert_array_equal(figure, other.figures[name], err_msg=name)


@pytest.mark.parametrize("jobs", [1, 3])
def test_draws_that_are_kept_nowhere_come_again_to_the_same_bits(
    study: Study, table: BundleTable, whole: Outcomes, jobs: int
) -> None:
    again = worth(study, table, jobs=jobs, keep="nothing")
    assert again.kept is None and whole.kept is not None
    same_bits(whole, again)
    weight = np.zeros(N_DRAWS)
    weight[[3, 1024, 2499]] = (0.5, 0.25, 0.25)
    np.testing.assert_array_equal(whole.weighted(weight), again.weighted(weight))
    few = np.array([17, 3, 17])
    np.testing.assert_array_equal(whole.partner_draws(few), again.partner_draws(few))


def test_draws_in_a_file_are_the_same(study: Study, table: BundleTable, whole: Outcomes, tmp_path: Path) -> None:
    filed = worth(study, table, keep="file", folder=tmp_path)
    assert isinstance(filed.kept, np.memmap) and len(list(tmp_path.iterdir())) == 1
    same_bits(whole, filed)


def test_short_numbers_are_rounded_after_means_are_taken(study: Study, table: BundleTable, whole: Outcomes) -> None:
    short = worth(study, table, keep="memory", precision="float32")
    assert short.kept is not None and short.kept.dtype == np.float32
    np.testing.assert_array_equal(short.partner_mean, whole.partner_mean)
    np.testing.assert_array_equal(short.kept, whole.npv.astype(np.float32))


@pytest.mark.parametrize("cut", [Cut(1, 5), Cut(1, 60), Cut(2, 7), Cut(3, 23), Cut(4, 59)])
@pytest.mark.parametrize("jobs", [1, 2])
def test_strips_blocks_and_threads_move_no_bit(
    study: Study, table: BundleTable, whole: Outcomes, cut: Cut, jobs: int
) -> None:
    plan = draw_plan(study, seed=5, purpose="choose", n_draws=N_DRAWS)
    sweep = Sweep(Fixed.of(study), plan, N_DRAWS, table, jobs=jobs, cut=cut)
    means, found = sweep.figures(whole.activations, None)
    for name, mean in whole.means.items():
        np.testing.assert_array_equal(mean, means[name], err_msg=name)
    for name, figure in whole.figures.items():
        np.testing.assert_array_equal(figure, found[name], err_msg=name)


@pytest.mark.parametrize("case", sorted(path.name for path in (ROOT / "configs").iterdir() if path.is_dir()))
def test_worked_cases_have_the_same_bits_in_long_and_short_blocks(case: str) -> None:
    """Laws of all kinds, events, stages, shared items: a draw knows nothing of those beside it."""
    if not (ROOT / "configs" / case / "baseline.csv").is_file():
        pytest.skip(f"the tables of {case} are built from returns; tests/endtoend/test_cases.py builds them")
    study = load(ROOT / "configs" / case)
    table = candidates(study)
    few = table.take(np.unique(np.linspace(0, len(table) - 1, 12).astype(int)))
    plan = draw_plan(study, seed=5, purpose="choose", n_draws=9 * CHUNK)
    fixed, tiles = Fixed.of(study), tiles_of(few)
    long = ChunkRun(fixed, plan.values(0, 9), 0, 9 * CHUNK)
    results, years = list(long.results(tiles)), list(long.years(tiles, all_funds=True))
    for chunk in (0, 4, 8):
        short = ChunkRun(fixed, plan.chunk(chunk), chunk * CHUNK, CHUNK)
        here = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
        for (_, one), (_, other) in zip(results, short.results(tiles), strict=True):
            np.testing.assert_array_equal(one.npv[..., here], other.npv)
            for name, value in other.measures.items():
                np.testing.assert_array_equal(one.measures[name][..., here], value, err_msg=name)
        for (_, _, lines), (_, year, others) in zip(years, short.years(tiles, all_funds=True), strict=True):
            for name, value in others.items():
                np.testing.assert_array_equal(lines[name][..., here], value, err_msg=f"{name} in year {year}")


def test_a_longer_run_begins_with_the_shorter_one(study: Study, table: BundleTable, whole: Outcomes) -> None:
    longer = worth(study, table, 5000, keep="nothing")
    every = np.arange(len(table))
    np.testing.assert_array_equal(longer.partner_draws(every)[..., :N_DRAWS], whole.npv)


def test_rows_in_another_order_keep_their_bits(study: Study, table: BundleTable, whole: Outcomes) -> None:
    order = np.random.default_rng(2).permutation(len(table))
    mixed = worth(study, table.take(order), keep="nothing")
    for name, figure in whole.figures.items():
        np.testing.assert_array_equal(figure[order], mixed.figures[name], err_msg=name)


def test_no_bundles_are_no_trouble(study: Study, table: BundleTable) -> None:
    nothing = worth(study, table.take(np.zeros(0, np.int64)), keep="nothing")
    assert nothing.npv.shape[0] == 0 and len(nothing.npv_mean) == 0


# -- what the budget allows -------------------------------------------------------------------------------------------


def test_half_of_the_budget_may_be_kept() -> None:
    budget = Resources(memory_gb=1.0)
    fits = GIGABYTE // 16
    assert budget.kept(fits) == "memory" and budget.kept(fits + 1) == "nothing"
    assert Resources(memory_gb=1.0, precision="float32").kept(2 * fits) == "memory"


def test_draws_that_do_not_fit_are_refused_with_what_would_do() -> None:
    with pytest.raises(UsageError) as caught:
        Resources(memory_gb=1.0, keep="memory").kept(GIGABYTE)
    text = str(caught.value)
    assert "8.0 GB" in text and "1.0 GB" in text and 'keep="file"' in text


@pytest.mark.parametrize(
    "wrong", [{"memory_gb": 0.01}, {"keep": "somewhere"}, {"precision": "float16"}, {"keep": "file"}], ids=str
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Resources(**wrong)


@pytest.mark.parametrize("gigabytes", [0.125, 1.0, 8.0])
def test_a_smaller_budget_cuts_smaller(gigabytes: float) -> None:
    shape = (200_000, 4, 10_240)
    cut, more = (Resources(memory_gb=gb).cut(shape, 40, 2, whole_rows=True) for gb in (gigabytes, 2 * gigabytes))
    assert cut.strip_rows < more.strip_rows and cut.block_chunks <= more.block_chunks
    assert cut.strip_rows * shape[2] * 8 <= 0.3 * gigabytes * GIGABYTE


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is read the Unix way")
@pytest.mark.parametrize(("n_bundles", "keep", "jobs"), [(150, "nothing", 1), (600, "nothing", 2), (150, "memory", 1)])
def test_peak_memory_of_a_process_stays_within_the_budget(n_bundles: int, keep: str, jobs: int) -> None:
    """600 bundles x 6,144 draws of 4 partners would be 118 MB by themselves."""
    wanted = {"what": "whole", "n_bundles": n_bundles, "n_draws": 6144, "jobs": jobs, "keep": keep}
    wanted |= {"memory_gb": 0.125, "repeats": 1}
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    command = [sys.executable, "-m", "benchmarks.core_subjects.race", json.dumps(wanted)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert 0 < found["peak_mb"] <= found["budget_mb"] == 128.0


def test_nothing_stays_until_it_is_swept_up(study: Study, table: BundleTable) -> None:
    """Objects that hold each other would keep the arrays of past blocks, and memory would outgrow the budget."""
    worth(study, table, 64)
    gc.collect()
    gc.disable()
    try:
        worth(study, table, 64, keep="nothing")
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert sum(found.nbytes for found in gc.garbage if isinstance(found, np.ndarray)) == 0
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_the_python_door_takes_a_budget(study: Study) -> None:
    kept, again = (
        doors.appraise(study, draws=64, resources=Resources(memory_gb=1.0, keep=keep)) for keep in ("memory", "nothing")
    )
    assert kept.outcomes.kept is not None and again.outcomes.kept is None
    same_bits(kept.outcomes, again.outcomes, draws=False)
