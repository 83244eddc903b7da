"""monaco: one Python call for each draw; it knows no correlation, so its drivers are independent."""

from importlib.metadata import version

import monaco as mc
import numpy as np
from clock import main
from problem import NAMES, RUNNING, SAVINGS, SET_UP, TAKE_UP, figures, net_present_value
from scipy import stats


def _inputs(case):
    return (tuple(case.invals[name].val for name in NAMES),)


def _run(values):
    return (net_present_value(list(values)),)


def _outputs(case, value):
    case.addOutVal("npv", value)


def solve(n_draws, seed):
    """Return the figures of the net present value."""
    functions = {
        mc.SimFunctions.PREPROCESS: _inputs,
        mc.SimFunctions.RUN: _run,
        mc.SimFunctions.POSTPROCESS: _outputs,
    }
    sim = mc.Sim("npv", n_draws, functions, samplemethod=mc.SampleMethod.RANDOM, seed=seed, verbose=False)
    laws = []
    for low, mode, high in SAVINGS:
        first = 1.0 + 4.0 * (mode - low) / (high - low)
        laws.append((stats.beta, {"a": first, "b": 6.0 - first, "loc": low, "scale": high - low}))
    for low, mode, high in TAKE_UP:
        laws.append((stats.triang, {"c": (mode - low) / (high - low), "loc": low, "scale": high - low}))
    for mean, sd in SET_UP:
        variance = np.log1p((sd / mean) ** 2)
        laws.append((stats.lognorm, {"s": variance**0.5, "scale": mean * np.exp(-variance / 2)}))
    laws += [(stats.norm, {"loc": mean, "scale": sd}) for mean, sd in RUNNING]
    for name, (law, arguments) in zip(NAMES, laws, strict=True):
        sim.addInVar(name=name, dist=law, distkwargs=arguments)
    sim.runSim()
    return figures(np.asarray(sim.outvars["npv"].nums))


if __name__ == "__main__":
    main(solve, None, version("monaco"))
