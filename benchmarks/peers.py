"""sharesim beside its peers on one problem: ``python -m benchmarks.peers --json FILE``.

Every subject runs in processes of its own, on one thread; what counts is the process's CPU time after import. The peers
live in an environment of their own, which this command makes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.arguments import whole

SUBJECTS = Path(__file__).parent / "peer_subjects"
REQUIREMENTS = SUBJECTS / "requirements.txt"
PEERS = ("squigglepy", "openturns", "probabilit", "monaco")
SMALL, LARGE = 100_000, 1_000_000
#: Share of free memory that a peer may be expected to need; beyond it the run is left out and says so.
MEMORY_SHARE = 0.5
#: CPU seconds that a run may be expected to need.
LONGEST_S = 240.0
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OPENTURNS_NUM_THREADS"), "1"
)


def make_environment(folder: Path) -> Path:
    """Return the Python of an environment that holds the peers, made if it is not there in these versions."""
    wanted = hashlib.blake2b(REQUIREMENTS.read_bytes(), digest_size=8).hexdigest()
    home = folder / f"peers-{platform.python_version()}-{wanted}"
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        command = [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            str(REQUIREMENTS),
        ]
        subprocess.run(command, check=True)
        (home / "complete").touch()
    return python


def run_subject(python: Path | str, subject: str, n_draws: int, seed: int, what: str) -> dict[str, Any]:
    """Return what one process of a subject printed, or the last line of its complaint."""
    environment = os.environ | ONE_THREAD
    if subject == "sharesim":
        environment["PYTHONPATH"] = str(SUBJECTS.parents[1] / "src")
    else:
        environment.pop("PYTHONPATH", None)
    command = [str(python), str(SUBJECTS / f"{subject}_subject.py"), str(n_draws), str(seed), what]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def free_memory_mb() -> float:
    """Return the memory that can be had, in MB; infinite where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return math.inf
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable")), math.inf)


def measure(
    python: Path | str, subject: str, n_draws: int, repeats: int, before: dict[str, Any] | None
) -> dict[str, Any]:
    """Return CPU seconds (median), peak memory and figures of one subject at one size.

    Parameters
    ----------
    before : dict or None
        The same at a smaller size, from which it is judged whether this size can be run at all.
    """
    if before is not None:
        if "cpu_s" not in before:
            return {"left_out": "the smaller size did not run"}
        growth = n_draws / before["n_draws"]
        if before["cpu_s"] * growth > LONGEST_S:
            return {"left_out": f"would take about {before['cpu_s'] * growth:.0f} s of CPU"}
        if before["peak_mb"] * growth > MEMORY_SHARE * free_memory_mb():
            return {"left_out": f"would take about {before['peak_mb'] * growth / 1024:.0f} GB of memory"}
    runs = [run_subject(python, subject, n_draws, seed + 1, "time") for seed in range(repeats)]
    failed = [run["failed"] for run in runs if "failed" in run]
    if failed:
        return {"failed": failed[0]}
    ranks = run_subject(python, subject, n_draws, 1, "ranks")
    cpu_s = statistics.median(run["cpu_s"] for run in runs)
    return {
        "version": runs[0]["version"],
        "n_draws": n_draws,
        "runs": repeats,
        "cpu_s": cpu_s,
        "cpu_s_all": [run["cpu_s"] for run in runs],
        "draws_per_cpu_s": n_draws / cpu_s,
        "peak_mb": max(run["peak_mb"] for run in runs),
        "rank_error": ranks.get("rank_error"),
        "figures": {name: statistics.fmean(run["figures"][name] for run in runs) for name in runs[0]["figures"]},
    }


def reference(n_draws: int, replicates: int) -> dict[str, Any]:
    """Return the figures of the problem from long scrambled Sobol' sequences, with standard errors."""
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(SUBJECTS.parents[1] / "src")}
    command = [sys.executable, str(SUBJECTS / "reference.py"), str(n_draws), str(replicates)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return {"n_draws": n_draws, "replicates": replicates, "figures": json.loads(done.stdout)}


def collect(
    environment: Path, repeats: int, repeats_large: int, sobol: tuple[int, int],
    save: Callable[[dict[str, Any]], None] = lambda found: None,
) -> dict[str, Any]:  # fmt: skip
    """Return all results: the keys that targets are set for first, then every subject at every size.

    Parameters
    ----------
    save : callable
        Takes what is known after each subject, so that a run that is stopped keeps what it measured.
    """
    python = make_environment(environment)
    truth = reference(*sobol)
    subjects: dict[str, dict[str, Any]] = {}
    for subject in ("sharesim", *PEERS):
        program = sys.executable if subject == "sharesim" else python
        small = measure(program, subject, SMALL, repeats, None)
        large = measure(program, subject, LARGE, repeats if subject == "sharesim" else repeats_large, small)
        subjects[subject] = {"100k": small, "1m": large}
        for result in (small, large):
            if "figures" in result:
                result["error_to_reference"] = {
                    name: result["figures"][name] / value - 1.0 for name, (value, _) in truth["figures"].items()
                }
        print(f"{subject}: {_shown(small)}; 1M: {_shown(large)}", file=sys.stderr, flush=True)
        found = {
            **_targets(subjects), "reference": truth, "subjects": subjects, "machine": machine(), "problem": _problem(),
        }  # fmt: skip
        save(found)
    return found


def _targets(subjects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    ours = subjects["sharesim"]
    rates = {name: subjects[name]["100k"].get("draws_per_cpu_s") for name in PEERS if name in subjects}
    known = {name: rate for name, rate in rates.items() if rate}
    fastest = max(known, key=lambda name: known[name]) if known else None
    return {
        "ratio_to_fastest_peer_100k": ours["100k"]["draws_per_cpu_s"] / known[fastest] if fastest else None,
        "fastest_peer_100k": fastest,
        "peak_mb_1m": ours["1m"]["peak_mb"],
        "rank_error_1m": ours["1m"]["rank_error"],
        "rank_error_100k": ours["100k"]["rank_error"],
    }


def _problem() -> dict[str, Any]:
    return {
        "drivers": "8 PERT, 4 triangular, 4 log-normal, 4 normal",
        "rank_correlation": 0.3,
        "value": "five-year net present value",
        "time": "CPU seconds of the process after import, one thread, laws and tables made within; median of the runs",
    }


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}


def _shown(result: dict[str, Any]) -> str:
    if "cpu_s" not in result:
        return str(result.get("left_out") or result.get("failed"))
    return f"{result['cpu_s']:.3f} s CPU, {result['draws_per_cpu_s']:,.0f} draws/s, {result['peak_mb']:.0f} MB"


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file for the results")
    parser.add_argument("--env", type=Path, help="folder that keeps the peers' environment; a temporary one otherwise")
    parser.add_argument("--repeats", type=whole(), default=5, help="runs at 100,000 draws, and ours at 1,000,000")
    parser.add_argument("--repeats-large", type=whole(), default=1, help="runs of each peer at 1,000,000 draws")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.env or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        chosen.json.parent.mkdir(parents=True, exist_ok=True)

        def save(found: dict[str, Any]) -> None:
            chosen.json.write_text(json.dumps(found, indent=2) + "\n")

        found = collect(folder, chosen.repeats, chosen.repeats_large, (2**17, 16), save)
    ratio, fastest = found["ratio_to_fastest_peer_100k"], found["fastest_peer_100k"]
    print(f"{ratio:.1f} times the draws per CPU second of {fastest}" if fastest else "no peer could be run")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
