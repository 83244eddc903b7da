"""How exact and how fast each law is: ``python -m benchmarks.laws [--json FILE] [--write docs/uncertainty.md]``.

Errors are those of the fast quantile against the exact one for |z| <= 6, in standard deviations; times are CPU time of
one thread over chunks of 1,024.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arguments import whole
from benchmarks.peers import machine
from sharesim.uncertainty.distributions import (
    Distribution,
    bernoulli,
    beta,
    discrete,
    gamma,
    lognormal,
    metalog,
    mixture,
    normal,
    pareto_tail,
    pert,
    pooled,
    triangular,
    truncated,
    uniform,
)

LAWS: tuple[Distribution, ...] = (
    uniform(0, 1),
    triangular(0, 1, 3),
    pert(80, 120, 220),
    normal(0, 1),
    lognormal(mean=4, sd=2),
    truncated(normal(0, 1), low=0),
    beta(2, 3.6, 0, 25),
    beta(0.5, 0.5),
    gamma(4, 2),
    gamma(0.3, 1),
    bernoulli(0.2),
    discrete([0, 12, 24], [5, 3, 2]),
    pareto_tail(lognormal(p10=50, p90=200), above=0.9, index=2.5),
    metalog(p10=10, p50=20, p90=45),
    metalog(p10=10, p50=20, p90=45, low=0),
    mixture([truncated(normal(0, 4), high=0), beta(2, 3.6, 0, 25)], [0.45, 0.55]),
    mixture([0, lognormal(mean=4, sd=2)], [0.9, 0.1]),
    pooled([metalog(p10=1, p50=2, p90=4), metalog(p10=2, p50=3, p90=7)], [2, 1]),
)
BEGIN, END = "<!-- table of laws: begin -->", "<!-- table of laws: end -->"


def best_time(function: Callable[[], Any], repeats: int) -> float:
    """Return the least CPU seconds of a few goes: the least is what the work itself takes."""
    found = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(repeats):
            function()
        found.append((time.process_time() - start) / repeats)
    return min(found)


def measure(law: Distribution, repeats: int) -> dict[str, Any]:
    """Return the error of a law's fast quantile and the times of its first and its later use."""
    random = np.random.default_rng(1)
    z = np.concatenate([np.linspace(-6, 6, 20_001), random.standard_normal(20_000)])
    fresh = law.scaled(1.0 + 1e-9)  # equal in shape, but nothing of it is remembered yet
    start = time.process_time()
    fresh.quantile_normal(np.zeros(1))
    first = time.process_time() - start
    error = np.abs(law.quantile_normal(z) - law._exact_normal(z)).max() / (law.sd or 1.0)
    chunk, out = random.standard_normal(1024), np.empty(1024)
    fast = best_time(lambda: law.quantile_normal(chunk, out=out), repeats)
    exact = best_time(lambda: law._exact_normal(chunk), max(1, repeats // 20))
    return {
        "law": law.text(),
        "error_sd": float(error),
        "ns_per_value": fast / 1024 * 1e9,
        "exact_ns_per_value": exact / 1024 * 1e9,
        "first_use_ms": first * 1e3,
    }


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """Return the results as a table."""
    lines = [
        "| law | largest error (sd) | ns a value | exact, ns a value | first use, ms |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        error = f"{row['error_sd']:.0e}" if row["error_sd"] > 1e-15 else "rounding"
        times = f"{row['ns_per_value']:.0f} | {row['exact_ns_per_value']:.0f} | {row['first_use_ms']:.1f}"
        lines.append(f"| `{row['law']}` | {error} | {times} |")
    return "\n".join(lines)


def write_between(path: Path, table: str) -> None:
    """Put the table between its two marks in a document."""
    text = path.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    path.write_text(f"{head}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.laws", description=__doc__)
    parser.add_argument("--json", type=Path, help="file for the results")
    parser.add_argument("--write", type=Path, help="document whose table is replaced")
    parser.add_argument("--repeats", type=whole(), default=400, help="chunks of each timing")
    chosen = parser.parse_args(arguments)
    rows = [measure(law, chosen.repeats) for law in LAWS]
    worst = max(row["error_sd"] for row in rows if math.isfinite(row["error_sd"]))
    if chosen.json:
        found = {"worst_error_sd": worst, "laws": rows, "machine": machine(), "numpy": np.__version__}
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    table = as_markdown(rows)
    if chosen.write:
        write_between(chosen.write, table)
    print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
