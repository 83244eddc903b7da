"""sharesim: draws streamed through the function in blocks."""

from clock import main
from problem import NAMES, RANK, RUNNING, SAVINGS, SET_UP, TAKE_UP, net_present_value

from sharesim import __version__
from sharesim.uncertainty.distributions import lognormal, normal, pert, triangular
from sharesim.uncertainty.sample import propagate, sample


def laws():
    """Return the drivers by name."""
    made = [pert(*points) for points in SAVINGS] + [triangular(*points) for points in TAKE_UP]
    made += [lognormal(mean=mean, sd=sd) for mean, sd in SET_UP] + [normal(mean, sd) for mean, sd in RUNNING]
    return dict(zip(NAMES, made, strict=True))


def solve(n_draws, seed):
    """Return the figures of the net present value."""
    found = propagate(
        lambda x: net_present_value([x[name] for name in NAMES]),
        laws(),
        draws=n_draws,
        seed=seed,
        correlation=RANK,
        measures=("mean", "p5", "p95"),
    )
    return {"mean": found["mean"].value, "p5": found["P5"].value, "p95": found["P95"].value}


def drivers(n_draws, seed):
    """Return every driver's draws."""
    return sample(laws(), draws=n_draws, seed=seed, correlation=RANK).values_by_driver


if __name__ == "__main__":
    main(solve, drivers, __version__)
