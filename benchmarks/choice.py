"""The choice beside its peers, and at size: ``python -m benchmarks.choice --json FILE``.

Four parts: ``peers``, one instance solved by sharesim, mpi-sppy, linopy and plain PuLP to the same optimum; ``size``, a
large instance certified within two minutes; ``hard``, the same with rules as tight as a greedy choice; and ``build``, a
program of 100,000 bundles built and handed over. A fifth on request, ``full``: all rows of the large instance in linopy
and HiGHS for 240 s. ``--part`` runs some of them, and parts that are run one by one add to the same file. Seconds
compared are CPU seconds, children included, because machines are shared; elapsed seconds are printed beside.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pulp

from benchmarks.choice_instances import Instance, instance
from sharesim.choice import solver
from sharesim.choice.formulation import build
from sharesim.choice.program import Program
from sharesim.choice.solver import highs
from sharesim.study.rules import Objective

SUBJECTS = Path(__file__).parent / "choice_subjects"
PLAIN = ("pulp_cbc", "pulp_highs", "linopy")
# One thread each, so that CPU seconds are comparable.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def peer_python(folder: Path) -> Path:
    """Return the Python of an environment that holds the peers, made on first use."""
    home = folder / f"choice-{platform.python_version()}"
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        wanted = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            str(SUBJECTS / "requirements.txt"),
        ]
        subprocess.run([str(python), *wanted], check=True)
        (home / "complete").touch()
    return python


def run(python: Path | str, arguments: list[str], seconds: float) -> dict[str, Any]:
    """Return what a subject printed, or why it printed nothing."""
    root = Path(__file__).parents[1]
    own = os.pathsep.join([str(root), str(root / "src")]) if str(python) == sys.executable else ""
    command = [str(python), str(SUBJECTS / "subject.py"), *arguments]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": own},
            capture_output=True,
            text=True,
            timeout=3 * seconds + 60,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"no answer within {3 * seconds + 60:.0f} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {"failed": (done.stderr.strip().splitlines() or ["printed nothing"])[-1]}


def write_arrays(made: Instance, path: Path) -> None:
    """Write the rows of an instance without its CVaR term, which every peer writes in its own way."""
    program = build(made.candidates, made.rules, Objective(kind="mean"), made.source)
    np.savez(
        path,
        mean=made.candidates.npv_gbp,
        draws=made.source.npv_gbp,
        data=program.matrix.data,
        indices=program.matrix.indices,
        indptr=program.matrix.indptr,
        shape=np.array(program.matrix.shape),
        lower=program.row_lower,
        upper=program.row_upper,
        risk_weight=made.objective.risk_weight,
        level=made.objective.level,
    )


def wanted(n_bundles: int, n_draws: int, tightness: float, folder: Path) -> tuple[Path, Path, str]:
    """Write an instance for the peers (arrays) and for sharesim (how to make it); return both paths and its name."""
    made = instance(n_bundles, n_draws, tightness=tightness)
    arrays, recipe = folder / f"{made.name}.npz", folder / f"{made.name}.json"
    write_arrays(made, arrays)
    recipe.write_text(json.dumps({"n_bundles": n_bundles, "n_draws": n_draws, "tightness": tightness, "seed": 1}))
    return arrays, recipe, made.name


def beside_peers(folder: Path, python: Path, seconds: float) -> dict[str, Any]:
    """Return every subject on one instance, and the ratios."""
    arrays, recipe, name = wanted(1250, 100, 3.0, folder)
    found = {"sharesim": run(sys.executable, ["sharesim", str(recipe), str(seconds), "1e-6"], seconds)}
    for subject in (*PLAIN, "mpi_sppy"):
        found[subject] = run(python, [subject, str(arrays), str(seconds)], seconds)
    own = found["sharesim"]
    same = {
        subject: abs(item["objective"] - own["objective"]) <= 1e-6 * abs(own["objective"])
        for subject, item in found.items()
        if "objective" in item
    }
    plain = [found[subject]["cpu_s"] for subject in PLAIN if same.get(subject)]
    sppy = found["mpi_sppy"].get("cpu_s", float("nan"))
    return {
        "instance": name,
        "subjects": found,
        "same_answer": same,
        "ratio_to_mpi_sppy": sppy / own["cpu_s"],
        "ratio_to_best_plain": min(plain) / own["cpu_s"] if plain else float("nan"),
    }


def at_size(folder: Path, tightness: float) -> dict[str, Any]:
    """Return the certified gap at 5,000 bundles x 2,000 draws."""
    _, recipe, name = wanted(5000, 2000, tightness, folder)
    own = run(sys.executable, ["sharesim", str(recipe), "120", "3e-3"], 120)
    found: dict[str, Any] = {"instance": name, "tightness": tightness, "sharesim": own}
    if "objective" in own:
        found["gap_5000x2000"] = (own["bound"] - own["objective"]) / abs(own["objective"])
        found["seconds_5000x2000"], found["peak_gb_5000x2000"] = own["wall_s"], own["peak_gb"]
    return found


def in_full(folder: Path, python: Path, tightness: float) -> dict[str, Any]:
    """Return how far a peer gets with all rows of that instance in 240 s."""
    arrays, _, name = wanted(5000, 2000, tightness, folder)
    found = run(python, ["linopy", str(arrays), "240"], 240)
    gap = (found["bound"] - found["objective"]) / abs(found["objective"]) if "objective" in found else float("nan")
    return {"instance": name, "linopy": found, "full_gap_5000x2000": abs(gap)}


def build_at_100k() -> dict[str, Any]:
    """Return seconds to make rows, the PuLP problem, and HiGHS's model for 100,000 bundles in three rows each."""
    program = _three_rows(100_000)
    form = solver.scaled(program)
    started = time.process_time()
    made, _ = solver.problem(program, form)
    built = time.process_time()
    handed = highs.ArrayHiGHS(highs.highs_program(program, form), None, msg=False)
    handed.createAndConfigureSolver(made)
    handed.buildSolverModel(made)
    done = time.process_time()
    return {
        "pulp": pulp.__version__,
        "build_seconds_100k": built - started,
        "hand_over_seconds_100k": done - built,
        "n_columns": handed.model.getNumCol(),
        "peak_gb_100k": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }


def _three_rows(n_bundles: int) -> Program:
    """Pairs of councils over many services: two slots each, and one budget."""
    made = instance(n_bundles, 2, tightness=0.5)
    program = build(made.candidates, made.rules[:1], Objective(kind="mean"), None)
    entries = np.diff(program.matrix.tocsc().indptr)
    # Every bundle keeps three entries: its first two slots and the budget row.
    keep = np.zeros(program.matrix.nnz, dtype=bool)
    columns = program.matrix.tocsc()
    for offset in (0, 1):
        keep[columns.indptr[:-1][entries > 2] + offset] = True
    keep[columns.indptr[1:] - 1] = True
    columns.data = np.where(keep, columns.data, 0.0)
    columns.eliminate_zeros()
    return replace(program, matrix=columns.tocsr())


PARTS = ("peers", "size", "hard", "build", "full")
USUAL = PARTS[:-1]
RATIOS = ("ratio_to_mpi_sppy", "ratio_to_best_plain")
AT_SIZE = ("gap_5000x2000", "seconds_5000x2000", "peak_gb_5000x2000")


def table(result: dict[str, Any]) -> str:
    """Return the parts that were measured as lines of text."""
    lines = _peer_lines(result["peers"]) if "peers" in result else []
    for part in ("size", "hard"):
        if part in result:
            size = result[part]
            lines += [f"{name:26} {size.get(name, float('nan')):8.4f}   ({size['instance']})" for name in AT_SIZE]
    if "full" in result:
        full = result["full"]
        lines.append(f"{'full_gap_5000x2000':26} {full['full_gap_5000x2000']:8.4f}   ({full['instance']}, 240 s)")
    for name, value in result.get("build", {}).items():
        lines.append(f"{name:26} {value if isinstance(value, str) else round(value, 3):>8}")
    return "\n".join(lines)


def _peer_lines(peers: dict[str, Any]) -> list[str]:
    lines = [f"{peers['instance']:26} {'CPU s':>8} {'wall s':>8} {'objective':>16} {'same':>5}"]
    for subject, item in peers["subjects"].items():
        if "objective" not in item:
            lines.append(f"{subject:26} {item.get('failed', '')[:60]}")
            continue
        same = "yes" if peers["same_answer"][subject] else "no"
        lines.append(f"{subject:26} {item['cpu_s']:8.1f} {item['wall_s']:8.1f} {item['objective']:16,.1f} {same:>5}")
    return lines + [f"{name:26} {peers[name]:8.2f}" for name in RATIOS]


def flat(result: dict[str, Any]) -> dict[str, Any]:
    """Return the parts with their plain figures at the top; those of ``hard`` stay inside it, as another instance."""
    parts = [part for name, part in result.items() if name != "hard"]
    return {name: value for part in parts for name, value in part.items() if isinstance(value, int | float)} | result


def measured(part: str, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Return what one part measured."""
    if part == "build":
        return build_at_100k()
    if part == "peers":
        return beside_peers(folder, peer_python(asked.environments), asked.seconds)
    if part == "full":
        return in_full(folder, peer_python(asked.environments), asked.tightness)
    return at_size(folder, asked.tightness if part == "size" else 1.0)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choice", description=__doc__)
    parser.add_argument("--json", type=Path, help="file for all figures; parts measured before stay in it")
    said = "only this part; may be given again (default: all but full)"
    parser.add_argument("--part", action="append", choices=PARTS, help=said)
    parser.add_argument("--seconds", type=float, default=300.0, help="time limit per peer")
    parser.add_argument("--tightness", type=float, default=1.5, help="rule tightness of the large instance")
    parser.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "sharesim-benchmarks")
    asked = parser.parse_args(arguments)
    result: dict[str, Any] = {}
    if asked.json and asked.json.exists():
        held = json.loads(asked.json.read_text(encoding="utf-8"))
        result = {part: held[part] for part in PARTS if part in held}
    for part in asked.part or USUAL:
        with tempfile.TemporaryDirectory() as made:
            result[part] = measured(part, Path(made), asked)
        # Written after every part, so that a long one that is stopped costs only itself.
        if asked.json:
            asked.json.write_text(json.dumps(flat(result), indent=1), encoding="utf-8")
    print(table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
