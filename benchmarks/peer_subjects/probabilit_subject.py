"""probabilit: a lazy graph of distributions; Iman-Conover, the fastest of its correlators that keeps the margins."""

from importlib.metadata import version

import numpy as np
from clock import main
from probabilit.distributions import PERT, Triangular
from probabilit.modeling import Distribution
from problem import N_DRIVERS, NORMAL_SCORE_CORRELATION, RUNNING, SAVINGS, SET_UP, TAKE_UP, figures, net_present_value


def _sampled(n_draws, seed):
    made = [PERT(*points) for points in SAVINGS] + [Triangular(*points) for points in TAKE_UP]
    for mean, sd in SET_UP:
        variance = np.log1p((sd / mean) ** 2)
        made.append(Distribution("lognorm", s=variance**0.5, scale=mean * np.exp(-variance / 2)))
    made += [Distribution("norm", loc=mean, scale=sd) for mean, sd in RUNNING]
    matrix = np.full((N_DRIVERS, N_DRIVERS), NORMAL_SCORE_CORRELATION)
    np.fill_diagonal(matrix, 1.0)
    value = net_present_value([1.0 * law for law in made]).correlate(*made, corr_mat=matrix)
    return value.sample(n_draws, random_state=seed, correlator="imanconover"), made


def drivers(n_draws, seed):
    """Return every driver's draws."""
    return [law.samples_ for law in _sampled(n_draws, seed)[1]]


def solve(n_draws, seed):
    """Return the figures of the net present value."""
    return figures(_sampled(n_draws, seed)[0])


if __name__ == "__main__":
    main(solve, drivers, version("probabilit"))
