"""OpenTURNS: a joint law with a normal copula made from Spearman's correlations."""

import numpy as np
import openturns as ot
from clock import main
from problem import N_DRIVERS, RANK, RUNNING, SAVINGS, SET_UP, TAKE_UP, figures, net_present_value


def drivers(n_draws, seed):
    """Return every driver's draws."""
    ot.RandomGenerator.SetSeed(seed)
    made = []
    for low, mode, high in SAVINGS:
        first = 1.0 + 4.0 * (mode - low) / (high - low)
        made.append(ot.Beta(first, 6.0 - first, low, high))
    made += [ot.Triangular(*points) for points in TAKE_UP]
    made += [ot.ParametrizedDistribution(ot.LogNormalMuSigma(mean, sd, 0.0)) for mean, sd in SET_UP]
    made += [ot.Normal(mean, sd) for mean, sd in RUNNING]
    ranks = ot.CorrelationMatrix(N_DRIVERS)
    for row in range(N_DRIVERS):
        for column in range(row):
            ranks[row, column] = RANK
    copula = ot.NormalCopula(ot.NormalCopula.GetCorrelationFromSpearmanCorrelation(ranks))
    return np.array(ot.JointDistribution(made, copula).getSample(n_draws)).T


def solve(n_draws, seed):
    """Return the figures of the net present value."""
    return figures(net_present_value(drivers(n_draws, seed)))


if __name__ == "__main__":
    main(solve, drivers, ot.__version__)
