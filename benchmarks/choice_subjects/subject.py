"""One way of solving one instance, in a process of its own: ``python subject.py WHICH INSTANCE.npz SECONDS``.

All peers get the same arrays and write the CVaR term in full (Rockafellar and Uryasev), each in its own manner. Prints
one line of JSON: objective, bound, CPU and elapsed seconds from before building to after solving, peak memory.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse


def load(path: Path) -> dict:
    """Return the arrays of an instance."""
    held = np.load(path, allow_pickle=False)
    matrix = sparse.csr_array((held["data"], held["indices"], held["indptr"]), shape=tuple(held["shape"]))
    names = ("mean", "draws", "upper", "lower", "risk_weight", "level")
    return {"matrix": matrix, **{name: held[name] for name in names}}


def rows_of(case: dict) -> list[tuple[list[int], list[float], float, float]]:
    """Return each rule row as columns, values, lower and upper side."""
    matrix, found = case["matrix"], []
    for row in range(matrix.shape[0]):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        columns, values = matrix.indices[span].tolist(), matrix.data[span].tolist()
        found.append((columns, values, float(case["lower"][row]), float(case["upper"][row])))
    return found


def with_pulp(case: dict, seconds: float, solver: str) -> tuple[float, float]:
    """Plain PuLP 3.3 by its documented calls."""
    import pulp

    n_bundles, n_draws = case["draws"].shape
    weight, level = float(case["risk_weight"]), float(case["level"])
    made = pulp.LpProblem("choice", pulp.LpMaximize)
    x = [made.add_variable(f"x{b}", cat="Binary") for b in range(n_bundles)]
    eta = made.add_variable("eta")
    short = [made.add_variable(f"s{n}", lowBound=0) for n in range(n_draws)]
    cvar = [(eta, weight)] + [(item, -weight / (level * n_draws)) for item in short]
    mean = [(x[b], (1 - weight) * float(case["mean"][b])) for b in range(n_bundles)]
    made += pulp.LpAffineExpression(mean + cvar)
    for columns, values, low, high in rows_of(case):
        terms = pulp.LpAffineExpression([(x[c], v) for c, v in zip(columns, values, strict=True)])
        if np.isfinite(low):
            made += terms >= low
        if np.isfinite(high):
            made += terms <= high
    for n in range(n_draws):
        column = case["draws"][:, n].tolist()
        made += pulp.LpAffineExpression([*zip(x, column, strict=True), (short[n], 1.0), (eta, -1.0)]) >= 0
    chosen = pulp.HiGHS if solver == "highs" else pulp.PULP_CBC_CMD
    made.solve(chosen(msg=False, timeLimit=seconds, gapRel=1e-6))
    bound = float("nan")
    if solver == "highs":
        bound = -made.solverModel.getInfo().mip_dual_bound
    return pulp.value(made.objective), bound


def with_linopy(case: dict, seconds: float) -> tuple[float, float]:
    """linopy by its array calls, HiGHS direct."""
    import linopy
    import pandas as pd
    import xarray as xr

    n_bundles, n_draws = case["draws"].shape
    weight, level = float(case["risk_weight"]), float(case["level"])
    bundles, futures = pd.RangeIndex(n_bundles, name="b"), pd.RangeIndex(n_draws, name="n")
    model = linopy.Model()
    x = model.add_variables(coords=[bundles], name="x", binary=True)
    eta = model.add_variables(name="eta")
    short = model.add_variables(lower=0, coords=[futures], name="s")
    rows = pd.RangeIndex(case["matrix"].shape[0], name="r")
    dense = xr.DataArray(case["matrix"].toarray(), coords=[rows, bundles])
    lower, upper = np.isfinite(case["lower"]), np.isfinite(case["upper"])
    for kept, side, sign in ((lower, case["lower"], ">="), (upper, case["upper"], "<=")):
        if kept.any():
            part = dense.isel(r=np.flatnonzero(kept))
            right = xr.DataArray(side[kept], coords=[part.indexes["r"]])
            model.add_constraints((part * x).sum("b"), sign, right, name=f"rules {sign}")
    draws = xr.DataArray(case["draws"].T, coords=[futures, bundles])
    model.add_constraints((draws * x).sum("b") + short - eta >= 0, name="shortfall")
    mean = xr.DataArray((1 - weight) * case["mean"], coords=[bundles])
    model.add_objective((mean * x).sum() + weight * eta - (weight / (level * n_draws)) * short.sum(), sense="max")
    model.solve("highs", io_api="direct", log_to_console=False, time_limit=seconds, mip_rel_gap=1e-6)
    return float(model.objective.value), float(model.solver_model.getInfo().mip_dual_bound)


def with_mpi_sppy(case: dict, seconds: float) -> tuple[float, float]:
    """mpi-sppy's extensive form: one scenario a draw, bundles and eta shared, Pyomo to HiGHS."""
    import mpisppy.utils.sputils as sputils
    import pyomo.environ as pyo
    from mpisppy.opt.ef import ExtensiveForm

    n_bundles, n_draws = case["draws"].shape
    weight, level, rows = float(case["risk_weight"]), float(case["level"]), rows_of(case)

    def scenario(name: str, **_: object) -> pyo.ConcreteModel:
        n = int(name.removeprefix("draw"))
        model = pyo.ConcreteModel(name)
        model.x = pyo.Var(range(n_bundles), domain=pyo.Binary)
        model.eta = pyo.Var()
        model.short = pyo.Var(domain=pyo.NonNegativeReals)
        if n == 0:
            # Rules look at bundles alone, so one copy of them binds every scenario.
            model.rules = pyo.ConstraintList()
            for columns, values, low, high in rows:
                body = pyo.quicksum(v * model.x[c] for c, v in zip(columns, values, strict=True))
                if np.isfinite(high):
                    model.rules.add(body <= high)
                if np.isfinite(low):
                    model.rules.add(body >= low)
        column = case["draws"][:, n].tolist()
        model.shortfall = pyo.Constraint(
            expr=pyo.quicksum(column[b] * model.x[b] for b in range(n_bundles)) + model.short - model.eta >= 0
        )
        mean = pyo.quicksum((1 - weight) * float(case["mean"][b]) * model.x[b] for b in range(n_bundles))
        first = mean + weight * model.eta
        model.cost = pyo.Objective(expr=-(first - (weight / level) * model.short))
        model._mpisppy_probability = 1.0 / n_draws
        sputils.attach_root_node(model, -first, [model.x, model.eta])
        return model

    names = [f"draw{n}" for n in range(n_draws)]
    made = ExtensiveForm({"solver": "appsi_highs"}, names, scenario, suppress_warnings=True)
    options = {"time_limit": seconds, "mip_rel_gap": 1e-6}
    made.solve_extensive_form(solver_options=options)
    return -made.get_objective_value(), float("nan")


def with_sharesim(seed: dict, seconds: float, gap: float) -> tuple[float, float]:
    """sharesim's own door, from candidates and draws."""
    from benchmarks.choice_instances import instance
    from sharesim.choice.choose import ChoiceOptions, choose

    made = instance(seed["n_bundles"], seed["n_draws"], tightness=seed["tightness"], seed=seed["seed"])
    clock = _Clock()
    found = choose(
        made.candidates, made.source, made.rules, made.objective, ChoiceOptions(gap=gap, time_limit_seconds=seconds)
    )
    clock.stop(found.value_gbp, found.bound_gbp, status=found.status.value, solver=found.solver)
    return found.value_gbp, found.bound_gbp


class _Clock:
    """CPU of this process and its children, and elapsed time."""

    def __init__(self) -> None:
        self.cpu, self.wall = self._cpu(), time.monotonic()

    @staticmethod
    def _cpu() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(item.ru_utime + item.ru_stime for item in used)

    def stop(self, objective: float, bound: float, **more: object) -> None:
        peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        figures = {"objective": objective, "bound": bound, "cpu_s": self._cpu() - self.cpu}
        print(json.dumps({**figures, "wall_s": time.monotonic() - self.wall, "peak_gb": peak / 1024**2, **more}))


def main() -> None:
    which, path, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    if which == "sharesim":
        with_sharesim(json.loads(path.read_text(encoding="utf-8")), seconds, float(sys.argv[4]))
        return
    case = load(path)
    # Loading a package is not solving; what follows is timed from arrays in memory to an answer.
    for name in {"mpi_sppy": ("mpisppy.opt.ef", "pyomo.environ"), "linopy": ("linopy",)}.get(which, ("pulp",)):
        __import__(name)
    clock = _Clock()
    if which == "mpi_sppy":
        objective, bound = with_mpi_sppy(case, seconds)
    elif which == "linopy":
        objective, bound = with_linopy(case, seconds)
    else:
        objective, bound = with_pulp(case, seconds, which.removeprefix("pulp_"))
    clock.stop(objective, bound)


if __name__ == "__main__":
    main()
