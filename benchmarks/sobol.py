"""What Sobol' draws gain on the worked case: ``python -m benchmarks.sobol --json FILE``.

The gain of a bundle is the standard error of its mean NPV under plain Monte Carlo, sd / sqrt(n), over that under
scrambled Sobol' draws, the spread of its mean over independent scrambles of n points. With r scrambles a gain is known
to about 1 part in sqrt(2 r - 2). The case is taken as it is, with its risks and exits, and without them.
"""

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arguments import whole
from benchmarks.peers import machine
from sharesim.appraisal.outcomes import appraise
from sharesim.appraisal.resources import Resources
from sharesim.bundles.enumerate import candidates
from sharesim.study.load import load
from sharesim.study.study import Study

CASE = Path(__file__).parents[1] / "configs" / "chesterfield-2007"
N_DRAWS, SCRAMBLES = 8192, 32
#: Gains that every bundle is to have, with risks and exits and without.
WANTED = {"with": 8.0, "without": 40.0}
QUANTILES = {"worst": 0.0, "p10": 0.1, "median": 0.5, "p90": 0.9, "best": 1.0}


def study_of(case: Path, *, events: bool) -> Study:
    """Return the case under Sobol' draws, or the same with no risk that strikes and nobody who leaves."""
    changes: list[tuple[str, Any]] = [("run.method", "sobol")]
    if not events:
        changes += [(f"risks.{row.id}.probability", 0) for row in load(case).model.risks]
        changes += [("exit.hazard_per_year", 0), ("exit.before_start_hazard_per_year", 0)]
    return load(case, assignments=changes)


def gains(study: Study, n_draws: int, scrambles: int, jobs: int = 1) -> dict[str, Any]:
    """Return the gain of every bundle and what it is made of."""
    table = candidates(study)
    means, spread = [], np.zeros(len(table))
    for number in range(scrambles):
        found = appraise(
            study, table, seed=1, purpose="sampling_gap", n_draws=n_draws, replicate=number, jobs=jobs,
            resources=Resources(keep="nothing"),
        )  # fmt: skip
        means.append(found.npv_mean)
        spread += found.figures["sd"] ** 2 / scrambles
    plain = np.sqrt(spread / n_draws)
    error = np.std(means, axis=0, ddof=1)
    gain = plain / np.maximum(error, 1e-300)
    services = [";".join(table.service_ids(row)) for row in range(len(table))]
    by_services = {name: gain[[other == name for other in services]] for name in sorted(set(services))}
    return {
        "bundles": len(table),
        "drivers": len(study.drivers),
        **{name: float(np.quantile(gain, share)) for name, share in QUANTILES.items()},
        "median_error_plain_gbp": float(np.median(plain)),
        "median_error_sobol_gbp": float(np.median(error)),
        "by_services": {name: [float(np.median(some)), float(some.min())] for name, some in by_services.items()},
        "gains": [float(one) for one in gain],
    }


def collect(n_draws: int, scrambles: int, jobs: int, case: Path = CASE) -> dict[str, Any]:
    """Return the gains with and without events; the keys that targets are set for first."""
    found = {name: gains(study_of(case, events=name == "with"), n_draws, scrambles, jobs) for name in WANTED}
    return {
        **{f"median_gain_{name}_events": found[name]["median"] for name in WANTED},
        **{f"worst_gain_{name}_events": found[name]["worst"] for name in WANTED},
        "share_reaching": {
            name: float(np.mean(np.array(found[name]["gains"]) >= wanted)) for name, wanted in WANTED.items()
        },
        "wanted": WANTED, "case": case.name, "n_draws": n_draws, "scrambles": scrambles, **found,
        "machine": machine(), "versions": {name: version(name) for name in ("sharesim", "numpy", "scipy")},
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sobol", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file for the results")
    parser.add_argument("--draws", type=whole(1024, power_of_two=True), default=N_DRAWS, help="a power of two")
    parser.add_argument("--scrambles", type=whole(2), default=SCRAMBLES)
    parser.add_argument("--jobs", type=whole(), default=1, help="threads; the figures do not depend on them")
    chosen = parser.parse_args(arguments)
    found = collect(chosen.draws, chosen.scrambles, chosen.jobs)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, wanted in WANTED.items():
        some = found[name]
        print(
            f"{name} risks and exits: gain {some['median']:.1f} (median), {some['worst']:.1f} (worst), "
            f"{found['share_reaching'][name]:.0%} of bundles reach {wanted:g}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
