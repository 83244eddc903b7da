"""What a batch costs beyond its runs: ``python -m benchmarks.batch --json FILE``.

The runs are done twice: one after the other in a plain loop, and as a batch with one process. What counts is CPU time, the
workers' included, so that other work on the machine does not enter; wall time stands beside it. The parent's memory is
read while the batch goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.arguments import whole

N_RUNS = 200
STUDY = """\
[study]
name = "small"
title = "Payroll for two councils"
start = 2025-04-01
horizon_years = 5
report_years = []
price_base = "2025-26"

[run]
draws = 1024
judge_draws = 1024

[[councils]]
id = "east"
name = "East"

[[councils]]
id = "west"
name = "West"

[[services]]
id = "payroll"
name = "Payroll"
elasticity = {pert = [0.5, 0.6, 0.7]}
team_gbp = {pert = [10000, 20000, 60000]}

[[baseline]]
council = "east"
service = "payroll"
cost_gbp = 320000
posts_fte = 7

[[baseline]]
council = "west"
service = "payroll"
cost_gbp = 400000
posts_fte = 9
"""


def write_plan(folder: Path, n_runs: int) -> Path:
    """Write the study and a plan of that many seeds."""
    (folder / "small").mkdir()
    (folder / "small" / "study.toml").write_text(STUDY, encoding="utf-8")
    plan = folder / "plan.toml"
    plan.write_text(f'[batch]\nname = "small"\nstudies = ["small"]\nseeds = {list(range(n_runs))}\n', encoding="utf-8")
    return plan


def loop(folder: Path, n_runs: int) -> dict[str, float]:
    """Do the runs one after the other, as a script would."""
    from sharesim.workflow.doors import load
    from sharesim.workflow.run import RunOptions, run_study

    run_study(load(folder / "small"), folder / "warm", RunOptions(jobs=1, report=False))
    cpu, wall = cpu_seconds(), time.monotonic()
    for seed in range(n_runs):
        study = load(folder / "small", set=[("run.seed", seed)])
        run_study(study, folder / "loop" / str(seed), RunOptions(jobs=1, report=False))
    return {"cpu_s": cpu_seconds() - cpu, "wall_s": time.monotonic() - wall}


def batch(folder: Path, n_runs: int, jobs: int) -> dict[str, Any]:
    """Do the runs as a batch, and read the parent's memory on the way."""
    import sharesim.batch.execute as execute

    memory: dict[int, float] = {}

    def listen(tally: execute.Tally) -> None:
        if tally.stage == "running":
            memory[tally.done] = resident_mb()

    options = execute.BatchOptions(out=folder / f"batch-{jobs}", jobs=jobs, listen=listen)
    cpu, wall = cpu_seconds(), time.monotonic()
    result = execute.run_batch(folder / "plan.toml", options)
    assert (result.n_done, result.n_failed) == (n_runs, 0)
    measured = {"cpu_s": cpu_seconds() - cpu, "wall_s": time.monotonic() - wall}
    quarter = max(1, n_runs // 4)
    early = statistics.median(value for done, value in memory.items() if 0 < done <= quarter)
    late = statistics.median(value for done, value in memory.items() if done > n_runs - quarter)
    again = time.process_time()
    execute.run_batch(folder / "plan.toml", execute.BatchOptions(out=options.out, jobs=jobs))
    measured |= {"parent_early_mb": early, "parent_late_mb": late, "parent_grows_mb": late - early}
    return measured | {"nothing_to_do_s": time.process_time() - again}


def cpu_seconds() -> float:
    """CPU time of this process and of those it has waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def resident_mb() -> float:
    """Resident memory of this process."""
    import psutil

    return psutil.Process().memory_info().rss / 2**20


def measure(n_runs: int) -> dict[str, Any]:
    """Return what a batch of small runs costs beyond the runs."""
    from sharesim.workflow.versions import versions

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_plan(folder, n_runs)
        alone, found = loop(folder, n_runs), batch(folder, n_runs, 1)
    overhead = {key: 1000 * (found[f"{key}_s"] - alone[f"{key}_s"]) / n_runs for key in ("cpu", "wall")}
    return {
        "runs": n_runs, "loop": alone, "batch": found,
        "run_cpu_ms": 1000 * alone["cpu_s"] / n_runs,
        "overhead_per_run_cpu_ms": overhead["cpu"], "overhead_per_run_wall_ms": overhead["wall"],
        "versions": versions(), "machine": platform.machine(), "cores": os.cpu_count(),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--runs", type=whole(), default=N_RUNS)
    options = parser.parse_args(arguments)
    if os.environ.get("OMP_NUM_THREADS") != "1":
        # Both ways on one thread; the batch's workers are held to it too.
        command = [sys.executable, "-m", "benchmarks.batch", *(arguments or sys.argv[1:])]
        return subprocess.run(command, env=os.environ | dict.fromkeys(ONE_THREAD, "1")).returncode
    found = measure(options.runs)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"{found['runs']} runs of {found['run_cpu_ms']:.0f} ms CPU each")
    print(
        f"overhead per run: {found['overhead_per_run_cpu_ms']:.1f} ms CPU, {found['overhead_per_run_wall_ms']:.1f} ms wall"
    )
    parent = found["batch"]
    print(f"parent: {parent['parent_early_mb']:.0f} MB early, {parent['parent_late_mb']:.0f} MB late")
    print(f"the same command with nothing left to do: {parent['nothing_to_do_s']:.2f} s CPU")
    return 0


ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

if __name__ == "__main__":
    raise SystemExit(main())
