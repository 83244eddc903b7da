"""One appraisal cut into blocks: the same bits, and nothing done twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sharesim.appraisal.resources import Resources
from sharesim.batch import spread
from sharesim.batch.engines import InlineEngine
from sharesim.batch.execute import BatchOptions, run_batch
from sharesim.batch.expand import Expansion
from sharesim.batch.manifest import BatchFolder, digest
from sharesim.batch.plan import read_plan
from sharesim.batch.spread import Block, Source, blocks_of, spread_appraise, work_block
from sharesim.batch.worker import Task
from sharesim.study.study import Study
from sharesim.uncertainty.draws import CHUNK
from sharesim.workflow.doors import appraise
from sharesim.workflow.new import new
from tests.unit.batch.studies import write_plan

DRAWS = 2 * CHUNK + 77


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    """The starter study, with bundles of two and three councils, activation columns and a short last chunk."""
    folder = tmp_path_factory.mktemp("spread")
    new(folder / "mine")
    plan = read_plan(write_plan(folder, studies=["mine"], draws=DRAWS, judge_draws=64, spread=True))
    (run,) = Expansion("plan.toml").runs(plan)
    return Task(folder / "out", run.run, run.variant, "plan.toml", wait=True)


@pytest.fixture(scope="module")
def study(task: Task) -> Study:
    return Expansion("plan.toml").study(task.variant)


def in_blocks(task: Task, study: Study):
    with spread_appraise(task, InlineEngine()) as stand_in:
        return stand_in(study).outcomes


@pytest.mark.parametrize("numbers", [5 * 3 * CHUNK, 40 * 3 * CHUNK, 40 * 3 * 2 * CHUNK])
def test_bits_do_not_depend_on_where_the_blocks_are_cut(task: Task, study: Study, monkeypatch, numbers: int) -> None:
    monkeypatch.setattr(spread, "BLOCK_NUMBERS", numbers)
    whole, parts = appraise(study, jobs=1).outcomes, in_blocks(task, study)
    assert len(list((task.root / "blocks" / task.run).iterdir())) > 1
    assert np.array_equal(whole.npv.view(np.int64), parts.npv.view(np.int64))
    assert np.array_equal(whole.activation_npv.view(np.int64), parts.activation_npv.view(np.int64))
    assert whole.means.keys() == parts.means.keys()
    for name, mean in whole.means.items():
        assert np.array_equal(mean.view(np.int64), parts.means[name].view(np.int64)), name
    assert parts.plan.manifest() == whole.plan.manifest()
    spread.forget_blocks(BatchFolder(task.root), task.run)
    assert not (task.root / "blocks").exists()


@pytest.mark.parametrize("brings", ["draws", "figures"])
@pytest.mark.parametrize(
    ("n_bundles", "n_slots", "n_draws"),
    [(1, 2, 1), (450, 3, 4096), (450, 3, 1_000_000), (3_000_000, 4, 5000), (7, 4, 1025)],
)
def test_blocks_cover_everything_once_and_keep_to_their_size(
    n_bundles: int, n_slots: int, n_draws: int, brings: str
) -> None:
    blocks = blocks_of(Source("x", None, ""), Path(), (n_bundles, n_slots, n_draws), brings)
    area = 0
    for block in blocks:
        (first, last), (begin, end) = block.rows, block.chunks
        assert 0 <= first < last <= n_bundles and 0 <= begin < end <= -(-n_draws // CHUNK)
        if brings == "draws":
            assert (last - first) * n_slots * (end - begin) * CHUNK <= max(spread.BLOCK_NUMBERS, n_slots * CHUNK)
        else:
            assert (begin, end) == (0, -(-n_draws // CHUNK))
            assert (last - first) * n_draws <= max(spread.FIGURE_NUMBERS, n_draws)
        area += (last - first) * (block.draws.stop - block.draws.start)
    assert area == n_bundles * n_draws
    assert len({block.file for block in blocks}) == len(blocks)


def test_blocks_that_are_there_are_used_and_damaged_ones_are_not(task: Task, study: Study, monkeypatch) -> None:
    monkeypatch.setattr(spread, "BLOCK_NUMBERS", 40 * 3 * CHUNK)
    whole = in_blocks(task, study)
    files = sorted((task.root / "blocks" / task.run).iterdir())
    inode = {file: file.stat().st_ino for file in files}
    damaged = bytearray(files[0].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    files[0].write_bytes(damaged)
    files[1].write_bytes(files[1].read_bytes()[:1000])
    again = in_blocks(task, study)
    assert np.array_equal(whole.npv, again.npv)
    changed = [file for file in files if file.stat().st_ino != inode[file]]
    assert changed == files[:2]
    spread.forget_blocks(BatchFolder(task.root), task.run)


def test_no_pickle_is_read_from_a_block(task: Task, study: Study, monkeypatch, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "gone off",)

    monkeypatch.setattr(spread, "BLOCK_NUMBERS", 40 * 3 * CHUNK)
    block = Block(Source(task.run, task.variant, task.by), task.root, (0, 36), (0, 1), DRAWS)
    block.file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(block.file, npv=np.array([Bomb()], dtype=object), activations=np.zeros(1))
    work_block(block)
    assert not (tmp_path / "gone off").exists()
    spread.forget_blocks(BatchFolder(task.root), task.run)


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_draws_too_many_for_memory_are_worked_out_again_to_the_same_bits(
    task: Task, study: Study, monkeypatch, rows: int
) -> None:
    whole = appraise(study, jobs=1).outcomes
    monkeypatch.setattr(spread, "Resources", lambda: Resources(keep="nothing"))
    monkeypatch.setattr(spread, "FIGURE_NUMBERS", rows * DRAWS)
    parts = in_blocks(task, study)
    n_blocks = len(list((task.root / "blocks" / task.run).iterdir()))
    assert whole.kept is not None and parts.kept is None and n_blocks == -(-len(whole.table) // rows)
    assert np.array_equal(whole.npv.view(np.int64), parts.npv.view(np.int64))
    assert np.array_equal(whole.partner_mean.view(np.int64), parts.partner_mean.view(np.int64))
    assert np.array_equal(whole.activation_npv.view(np.int64), parts.activation_npv.view(np.int64))
    for found, expected in ((parts.figures, whole.figures), (parts.means, whole.means)):
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            assert np.array_equal(values, found[name], equal_nan=True), name
    spread.forget_blocks(BatchFolder(task.root), task.run)


def test_a_batch_of_spread_runs_equals_one_that_is_not(tmp_path: Path, monkeypatch) -> None:
    new(tmp_path / "mine")
    found = []
    for way in (True, False):
        plan = write_plan(tmp_path, studies=["mine"], draws=DRAWS, judge_draws=64, seeds=[1, 2], spread=way)
        monkeypatch.setattr(spread, "BLOCK_NUMBERS", 40 * 3 * CHUNK)
        result = run_batch(plan, BatchOptions(out=tmp_path / f"out-{way}", jobs=0))
        assert (result.n_done, result.n_failed) == (2, 0)
        assert not (result.folder / "blocks").exists() and not (result.folder / ".work").exists()
        found.append({item.name: digest(item) for item in (result.folder / "runs").iterdir()})
    assert found[0] == found[1]
