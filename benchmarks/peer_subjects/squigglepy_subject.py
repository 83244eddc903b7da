"""squigglepy: Iman-Conover on samples; its matrix is read as normal scores' correlation, so it is given that."""

from importlib.metadata import version

import numpy as np
import squigglepy as sq
from clock import main
from problem import NORMAL_SCORE_CORRELATION, RUNNING, SAVINGS, SET_UP, TAKE_UP, figures, net_present_value


def drivers(n_draws, seed):
    """Return every driver's draws."""
    sq.set_seed(seed)
    made = [sq.pert(*points) for points in SAVINGS] + [sq.triangular(*points) for points in TAKE_UP]
    made += [sq.lognorm(lognorm_mean=mean, lognorm_sd=sd) for mean, sd in SET_UP]
    made += [sq.norm(mean=mean, sd=sd) for mean, sd in RUNNING]
    made = sq.correlate(tuple(made), float(NORMAL_SCORE_CORRELATION), tolerance=None)
    return [np.asarray(sq.sample(law, n=n_draws)) for law in made]


def solve(n_draws, seed):
    """Return the figures of the net present value."""
    return figures(net_present_value(drivers(n_draws, seed)))


if __name__ == "__main__":
    main(solve, drivers, version("squigglepy"))
