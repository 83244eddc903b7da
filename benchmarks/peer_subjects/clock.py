"""Runs one subject in its own process: CPU time after import, peak memory, figures, or the rank correlations."""

import json
import resource
import sys
import time

import numpy as np
from problem import RANK


def worst_rank_error(drivers):
    """Return the largest distance of any pair's Spearman correlation from the one asked for."""
    ranks = np.argsort(np.argsort(np.asarray(drivers), axis=1), axis=1).astype(float)
    found = np.corrcoef(ranks)
    return float(np.abs(found[np.triu_indices(len(found), 1)] - RANK).max())


def main(solve, drivers, version):
    """Answer the command line: number of draws, seed, and ``time`` or ``ranks``.

    Parameters
    ----------
    solve : callable
        (number of draws, seed) to figures; this is what is timed.
    drivers : callable or None
        (number of draws, seed) to arrays (driver, draw); None where the subject knows no correlation.
    version : str
        Version of the subject.
    """
    n_draws, seed, what = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if what == "ranks":
        print(json.dumps({"rank_error": None if drivers is None else worst_rank_error(drivers(n_draws, seed))}))
        return
    start = time.process_time()
    found = solve(n_draws, seed)
    cpu_s = time.process_time() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(json.dumps({"cpu_s": cpu_s, "peak_mb": peak_mb, "figures": found, "version": version}))
