"""The appraisal beside a plain loop and a compiled kernel: ``python -m benchmarks.core --json FILE``.

The study is `benchmarks.core_study`; what is compared is the appraisal proper, from drawn values of the drivers to NPV
by partner in every draw and the sums of all measures. sharesim does it as `sharesim.appraise` does; the plain loop
works bundle by bundle in numpy; the kernel is one compiled pass with the same factoring out of shared work. Both start
from the library's tables of councils and services. What has to agree is checked first, to 1e-9 of the largest number
of its kind. Subjects take turns in one process on one thread, and ratios are medians over 21 rounds of CPU time (the
loop runs in one round of four).

Parts: ``race`` (the ratios at 1,000 bundles, and against the kernel at 50,000), ``growth`` (bundles and draws doubled),
``cores`` (one thread and all cores, elapsed), ``whole`` (from seed to figures under a memory budget, peak memory of
the process). ``--part`` runs some of them; parts that are run one by one add to the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.peers import ONE_THREAD, machine

ROOT = Path(__file__).parents[1]
REQUIREMENTS = Path(__file__).parent / "core_subjects" / "requirements.txt"
PARTS = ("race", "growth", "cores", "whole")
SMALL, LARGE, DRAWS = 1000, 50_000, 10_000
#: Numbers agree when they differ by no more than this share of the largest of their kind.
AGREE = 1e-9


def numba_folder(home: Path) -> Path | None:
    """Return a folder that holds the compiler, filled on first use; None where it is installed already."""
    if importlib.util.find_spec("numba") is not None:
        return None
    wanted = hashlib.blake2b(REQUIREMENTS.read_bytes(), digest_size=8).hexdigest()
    folder = home / f"numba-{platform.python_version()}-{wanted}"
    if not (folder / "complete").exists():
        install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", *install, "-r", str(REQUIREMENTS)], check=True)
        (folder / "complete").touch()
    return folder


def measure(numba: Path | None, **wanted: Any) -> dict[str, Any]:
    """Return what one measurement in a process of its own printed."""
    path = [str(ROOT), str(ROOT / "src"), *([] if numba is None else [str(numba)])]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(path)}
    command = [sys.executable, "-m", "benchmarks.core_subjects.race", json.dumps(wanted)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise SystemExit(f"a measurement failed: {wanted}\n{done.stderr}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def run_race(numba: Path | None) -> dict[str, Any]:
    """Return the subjects side by side."""
    small = measure(
        numba, what="race", n_bundles=SMALL, n_draws=DRAWS, rounds=21, names=["sharesim", "kernel", "plain"], councils=12
    )
    # A block of draws costs what any other does: one is enough to compare 50,000 bundles.
    large = measure(
        numba, what="race", n_bundles=LARGE, n_draws=4096, rounds=1, names=["sharesim", "kernel"], councils=12
    )
    for found in (small, large):
        if found["largest_relative_difference"] > AGREE:
            raise SystemExit(f"the subjects do not agree: they differ by {found['largest_relative_difference']:.1e}")
    return {"small": small, "large": large}


def run_growth(numba: Path | None) -> dict[str, Any]:
    """Return how much more CPU twice the bundles and twice the draws cost."""
    return measure(numba, what="growth", n_bundles=SMALL, n_draws=4096, rounds=15, councils=12)


def run_cores(numba: Path | None) -> dict[str, Any]:
    """Return elapsed speed on one thread and on all cores."""
    jobs = sorted({1, os.cpu_count() or 1})
    return measure(
        numba, what="threads", n_bundles=SMALL, n_draws=DRAWS, names=["sharesim", "kernel"], jobs=jobs, rounds=9
    )


def run_whole(numba: Path | None) -> dict[str, Any]:
    """Return seconds and peak memory from seed to figures, within a budget of a quarter, half and one gigabyte."""
    sizes = (
        (SMALL, DRAWS, 0.25, "nothing", 1), (SMALL, DRAWS, 1.0, "memory", 1), (5 * SMALL, DRAWS, 0.25, "nothing", 1),
        (LARGE, DRAWS, 0.5, "nothing", os.cpu_count() or 1),
    )  # fmt: skip
    found = [
        measure(numba, what="whole", n_bundles=n, n_draws=m, memory_gb=gb, keep=keep, jobs=jobs, repeats=1)
        for n, m, gb, keep, jobs in sizes
    ]
    return {"sizes": found, "within_budget": all(one["peak_mb"] <= one["budget_mb"] for one in found)}


def collect(parts: dict[str, Any]) -> dict[str, Any]:
    """Put the keys that targets are set for first."""
    small = parts.get("race", {}).get("small", {})
    names = ("ratio_to_fused_kernel", "ratio_to_plain_loop")
    return {
        **{name: small.get(name) for name in names},
        "bundle_draws_per_second": small.get("bundle_draws_per_cpu_s", {}).get("sharesim"),
        "ratio_to_fused_kernel_50000": parts.get("race", {}).get("large", {}).get("ratio_to_fused_kernel"),
        "largest_relative_difference": small.get("largest_relative_difference"),
        "doubling": parts.get("growth"),
        "memory_within_budget": parts.get("whole", {}).get("within_budget"),
        **parts,
        "machine": machine(),
        "versions": {name: version(name) for name in ("sharesim", "numpy")},
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.core", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file for the results")
    parser.add_argument("--env", type=Path, help="folder that keeps the compiler; a temporary one otherwise")
    parser.add_argument("--part", choices=PARTS, action="append", help="run this part only; may be repeated")
    chosen = parser.parse_args(arguments)
    known = json.loads(chosen.json.read_text()) if chosen.part and chosen.json.exists() else {}
    parts = {name: known[name] for name in PARTS if name in known}
    runs = {"race": run_race, "growth": run_growth, "cores": run_cores, "whole": run_whole}
    with tempfile.TemporaryDirectory() as temporary:
        numba = numba_folder((chosen.env or Path(temporary)).resolve())
        for name in chosen.part or PARTS:
            parts[name] = runs[name](numba)
            print(f"{name}: {json.dumps(parts[name])}", file=sys.stderr)
            chosen.json.parent.mkdir(parents=True, exist_ok=True)
            chosen.json.write_text(json.dumps(collect(parts), indent=2) + "\n")
    found = collect(parts)
    if found["ratio_to_fused_kernel"] is not None:
        ratios = found["ratio_to_fused_kernel"], found["ratio_to_plain_loop"]
        print("{:.2f} of the compiled kernel's speed, {:.1f} times the plain loop's".format(*ratios))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
