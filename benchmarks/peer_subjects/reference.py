"""The figures of the problem from long scrambled Sobol' sequences, with their standard errors."""

import json
import sys

from problem import NAMES, RANK, net_present_value
from sharesim_subject import laws

from sharesim.uncertainty.sample import propagate

if __name__ == "__main__":
    found = propagate(
        lambda x: net_present_value([x[name] for name in NAMES]),
        laws(),
        draws=int(sys.argv[1]),
        seed=1,
        correlation=RANK,
        method="sobol",
        replicates=int(sys.argv[2]),
        measures=("mean", "p5", "p95"),
    )
    print(json.dumps({name.lower(): [found[name].value, found[name].standard_error] for name in ("mean", "P5", "P95")}))
