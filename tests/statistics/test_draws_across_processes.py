"""The same bits in other processes, with other numbers of threads; memory that follows the block, not the draws."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

DIGEST = """
import hashlib, sys
import numpy as np
from sharesim.uncertainty.dependence import CommonFactor, Dependence, RankCorrelation
from sharesim.uncertainty.distributions import *
from sharesim.uncertainty.draws import DrawPlan, DriverSpec
from sharesim.uncertainty.sample import propagate

laws = [pert(80, 120, 220), triangular(0, 1, 3), lognormal(mean=4, sd=2), normal(0, 1), gamma(2, 3),
        mixture([0, beta(2, 3)], [0.3, 0.7]), metalog(p10=1, p50=2, p90=5, low=0)]
specs = [DriverSpec(f"{n:02d}", laws[n % len(laws)]) for n in range(70)]
names = [spec.name for spec in specs]
random = np.random.default_rng(5)
# Forty drivers with rank correlations that cannot all hold, so that a repair is part of the bits; a factor besides.
pairs = [RankCorrelation(between=(a, b), rank=float(random.uniform(-0.9, 0.9)))
         for n, a in enumerate(names[:40]) for b in names[n + 1 : 40]]
tied = Dependence(pairs, [CommonFactor("x", {name: 0.4 for name in names[40:]})], copula="t", degrees_of_freedom=5)
for method in ("monte_carlo", "latin_hypercube", "sobol"):
    plan = DrawPlan(specs, seed=3, method=method, dependence=tied, n_draws=4096)
    print(method, hashlib.sha256(plan.values(0, 4).tobytes()).hexdigest())
found = propagate(lambda x: x["00"] * x["01"] - np.exp(-x["02"]), dict(zip(names[:3], laws)), draws=50_000, seed=1)
print(hashlib.sha256(found.outputs["value"].tobytes()).hexdigest())
print([item.value.hex() for item in found["value"].values()])
"""

MEMORY = """
import resource, sys
from sharesim.uncertainty.sample import propagate
drivers = {f"d{n}": f"pert({n}, {n + 1}, {n + 4})" for n in range(100)}
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
draws = int(sys.argv[1])
found = propagate(lambda x: x["d0"] + x["d99"], drivers, draws=draws, seed=1, correlation=0.2, measures=["mean"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, base / 1024)
"""


def run(code: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
def test_threads_of_the_machine_change_no_bit() -> None:
    one = run(DIGEST, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", PYTHONHASHSEED="1")
    several = run(DIGEST, OPENBLAS_NUM_THREADS="8", OMP_NUM_THREADS="8", PYTHONHASHSEED="2")
    assert one == several and len(one.splitlines()) == 5


@pytest.mark.slow
@pytest.mark.parametrize("draws", [200_000])
def test_memory_follows_the_block_and_the_outputs(draws: int) -> None:
    # 100 drivers x 200,000 draws are 160 MB; what is kept is one output of 1.6 MB and one block of 1 MB.
    peak, base = map(float, run(MEMORY, str(draws)).split())
    assert peak - base < 40.0
