"""The only file that knows PuLP and the solvers behind it: arrays in, values and a proven bound out.

Integer programs go through PuLP, generation 3.3 or 4.x, to CBC or HiGHS. Linear programs that grow row by row or column
by column stay inside HiGHS (`LinearSession`), because rebuilding them each round would cost more than solving them.

Traps that this file takes care of (read in both generations' sources, and tested):

* PuLP splits the command of CBC at every space, also within paths: CBC is started here, in its folder, without any path;
* CBC may write "Optimal" after a time limit: its log decides, and the bound is read from it;
* a maximisation reaches CBC with the sign turned in one generation and not in the other: PuLP is always given a
  minimisation;
* ``pulp.HiGHS(warmStart=True)`` is ignored in 3.3: the start is handed to HiGHS directly;
* PuLP 4 must be imported before highspy, or the two load the C++ runtime twice;
* HiGHS is handed the arrays in one call: a call per column and row costs more than many a solve.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pulp

# isort: split
import highspy
from scipy import sparse

from sharesim.choice.formulation import Program
from sharesim.choice.solution import Progress, Status, StoppedBy
from sharesim.errors import Fault, SolverError, UsageError

GENERATION = int(pulp.__version__.split(".")[0])
SOLVERS = ("auto", "cbc", "highs")
# Between two looks into the log of a running CBC.
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class SolverOptions:
    """How one integer program is solved.

    Parameters
    ----------
    solver : {"auto", "cbc", "highs"}
    gap : float
        Relative gap at which to stop, as a share of the value.
    time_limit_seconds : float
        inf for none.
    work_limit_nodes : int or None
        Most branch-and-bound nodes: a limit that stops at the same point on every machine.
    seed : int
    progress : callable, optional
        Called with a `Progress` now and then; returning True stops the search and keeps the best found.
    start : ndarray, optional
        Values of variables of a good solution; nan where the solver is to work them out.
    """

    solver: str = "auto"
    gap: float = 1e-6
    time_limit_seconds: float = np.inf
    work_limit_nodes: int | None = None
    seed: int = 1
    progress: Callable[[Progress], bool | None] | None = None
    start: np.ndarray | None = None


@dataclass(frozen=True)
class RawSolution:
    """What a solver said, in the program's own units and sense (maximise).

    Parameters
    ----------
    status : Status
    values : ndarray, shape (V,), or None
    objective, bound : float
    stopped_by : StoppedBy
    seconds : float
    solver : str
    notes : tuple of str
        That another solver failed before.
    """

    status: Status
    values: np.ndarray | None
    objective: float
    bound: float
    stopped_by: StoppedBy
    seconds: float
    solver: str
    notes: tuple[str, ...] = ()


def available() -> tuple[str, ...]:
    """Return the solvers that can be used here, of ``cbc`` and ``highs``."""
    return ("cbc", "highs") if _cbc().available() else ("highs",)


def _cbc() -> pulp.COIN_CMD:
    """CBC of PuLP 3.3 sits inside the package; 4.x finds the one of its own extra, or on the search path, with None."""
    return pulp.COIN_CMD(path=pulp.apis.coin_api.pulp_cbc_path if GENERATION < 4 else None, msg=False)


def pick(program: Program, solver: str) -> str:
    """Return the solver to use: the one asked for, or the one that measures faster for the shape (docs/choice.md)."""
    if solver not in SOLVERS:
        allowed = ", ".join(SOLVERS)
        raise UsageError(Fault("solver", "unknown solver", repr(solver), allowed, "Leave it at auto if in doubt."))
    if solver == "cbc" and "cbc" not in available():
        raise UsageError(Fault("solver", "CBC is not installed here", "'cbc'", "auto, highs", "Install pulp[cbc]."))
    if solver != "auto":
        return solver
    continuous_rows = program.n_rows and not program.integer.all() and program.matrix.nnz > 20 * program.n_rows
    return "cbc" if continuous_rows and "cbc" in available() else "highs"


@dataclass(frozen=True)
class Scaled:
    """A program as solvers get it: minimise, amounts near 1 by powers of two (so that nothing is rounded)."""

    cost: np.ndarray
    matrix: sparse.csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    objective_scale: float


def scaled(program: Program) -> Scaled:
    """Scale rows and objective by powers of two and turn the sense; pounds would strain absolute tolerances."""
    matrix, factor = program.matrix, row_factors(program.matrix)
    scale = float(_power_of_two(np.array([np.abs(program.objective).max(initial=0.0)]))[0])
    data = matrix.data * np.repeat(factor, np.diff(matrix.indptr))
    return Scaled(
        cost=-program.objective * scale,
        matrix=sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape),
        row_lower=program.row_lower * factor,
        row_upper=program.row_upper * factor,
        objective_scale=scale,
    )


def _power_of_two(largest: np.ndarray) -> np.ndarray:
    """Return 2^k with largest x 2^k in [64, 128) where largest > 128, and 1 elsewhere."""
    exponent = np.where(largest > 128, 6 - np.floor(np.log2(np.maximum(largest, 1.0))), 0.0)
    return np.exp2(exponent)


def solve(program: Program, options: SolverOptions | None = None) -> RawSolution:
    """Solve one integer program and return the best values found with a proven bound.

    Parameters
    ----------
    program : Program
        Only its rows and first target are looked at; rules on draws that are not rows are the caller's.
    options : SolverOptions, optional

    Returns
    -------
    RawSolution

    Raises
    ------
    SolverError
        The solver broke down (not: found no solution); under ``auto`` every solver did.
    UsageError
        The solver asked for does not exist or is not installed.
    """
    options = options or SolverOptions()
    if not np.isfinite(program.objective).all() or not np.isfinite(program.matrix.data).all():
        where = "choice.solver"
        raise SolverError(Fault(where, "the program holds a number that is not finite", remedy="Check the candidates."))
    if _nothing_fits(program):
        nothing = _said(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF)
        return RawSolution(**nothing, seconds=0.0, solver=f"PuLP {pulp.__version__}")
    started, failed = time.monotonic(), {}
    names = _in_turn(program, options.solver)
    for name in names:
        left = options.time_limit_seconds - (time.monotonic() - started if failed else 0.0)
        run = _with_cbc if name == "cbc" else _with_highs
        try:
            found = run(program, scaled(program), replace(options, time_limit_seconds=max(left, 0.0)))
        except (pulp.PulpError, OSError, RuntimeError) as error:
            failed[name] = " ".join(str(error).split()) or type(error).__name__
            continue
        if found["status"] is Status.FAILED and name != names[-1]:
            failed[name] = "it gave no answer"
            continue
        notes = tuple(f"{other} failed ({why}), so {name} took over" for other, why in failed.items())
        seconds = time.monotonic() - started
        return RawSolution(**found, seconds=seconds, solver=f"PuLP {pulp.__version__} + {name}", notes=notes)
    said, remedy = "; ".join(failed.values()), "" if len(failed) > 1 else "Try the other solver."
    raise SolverError(Fault("choice.solver", f"{' and '.join(failed)} failed", said, remedy=remedy))


def _nothing_fits(program: Program) -> bool:
    """Return whether the bounds of some variable leave it no value; CBC ends in an error on these."""
    least = np.where(program.integer, np.ceil(program.lower - 1e-9), program.lower)
    most = np.where(program.integer, np.floor(program.upper + 1e-9), program.upper)
    return bool((least > most).any())


def _in_turn(program: Program, solver: str) -> tuple[str, ...]:
    """Return the solvers to try: the one asked for, or the better one and, should it fail, the other."""
    first = pick(program, solver)
    return (first, *(name for name in available() if name != first)) if solver == "auto" else (first,)


def problem(program: Program, form: Scaled) -> tuple[pulp.LpProblem, list]:
    """Return the program as a PuLP problem and its variables in order, by either generation's fastest calls."""
    made = pulp.LpProblem("choice", pulp.LpMinimize)
    names = [_variable(number) for number in range(program.n_variables)]
    variables = (_variables_3 if GENERATION < 4 else _variables_4)(made, program, names)
    (_rows_3 if GENERATION < 4 else _rows_4)(made, form, variables)
    return made, variables


def _variable(number: int) -> str:
    return f"v{number}"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _variables_3(made: pulp.LpProblem, program: Program, names: list[str]) -> list:
    kinds = [pulp.LpInteger if whole else pulp.LpContinuous for whole in program.integer]
    bounds = zip(program.lower.tolist(), program.upper.tolist(), strict=True)
    return [
        made.add_variable(name, _finite(low), _finite(high), kind)
        for name, (low, high), kind in zip(names, bounds, kinds, strict=True)
    ]


def _variables_4(made: pulp.LpProblem, program: Program, names: list[str]) -> list:
    """Batches of equal bounds and kind: one call each; runs keep the order of the columns."""
    found: list = []
    keys = list(zip(program.lower.tolist(), program.upper.tolist(), program.integer.tolist(), strict=True))
    start = 0
    for end in range(1, len(keys) + 1):
        if end == len(keys) or keys[end] != keys[start]:
            low, high, whole = keys[start]
            kind = pulp.LpInteger if whole else pulp.LpContinuous
            batch = made.add_variable_dict("%s", names[start:end], _finite(low), _finite(high), kind)
            found.extend(batch.values())
            start = end
    return found


def _sides(form: Scaled) -> Iterator[tuple[int, int, float, int]]:
    """Yield (row, sense, right-hand side, number) for each row; a row with two sides comes twice."""
    for row, (low, high) in enumerate(zip(form.row_lower.tolist(), form.row_upper.tolist(), strict=True)):
        if low == high:
            yield row, pulp.LpConstraintEQ, low, 0
            continue
        if np.isfinite(low):
            yield row, pulp.LpConstraintGE, low, 0
        if np.isfinite(high):
            yield row, pulp.LpConstraintLE, high, 1


def _rows_3(made: pulp.LpProblem, form: Scaled, variables: list) -> None:
    kept = np.flatnonzero(form.cost).tolist()
    made.setObjective(pulp.LpAffineExpression({variables[item]: float(form.cost[item]) for item in kept}))
    start, item, value = form.matrix.indptr.tolist(), form.matrix.indices.tolist(), form.matrix.data.tolist()
    for row, sense, limit, number in _sides(form):
        span = slice(start[row], start[row + 1])
        terms = dict(zip([variables[column] for column in item[span]], value[span], strict=True))
        made.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, f"r{row}_{number}", limit))


def _rows_4(made: pulp.LpProblem, form: Scaled, variables: list) -> None:
    kept = np.flatnonzero(form.cost).tolist()
    made.setObjective(pulp.lpSum_vars_coefs([(variables[item], float(form.cost[item])) for item in kept]))
    start, item, value = form.matrix.indptr.tolist(), form.matrix.indices.tolist(), form.matrix.data.tolist()
    for row, sense, limit, number in _sides(form):
        span = slice(start[row], start[row + 1])
        terms = pulp.lpSum_vars_coefs(list(zip([variables[column] for column in item[span]], value[span], strict=True)))
        side = (
            terms == limit
            if sense == pulp.LpConstraintEQ
            else terms <= limit
            if sense == pulp.LpConstraintLE
            else terms >= limit
        )
        made.addConstraint(side, f"r{row}_{number}")


def _direct(program: Program, form: Scaled) -> highspy.HighsLp:
    """Return the program as HiGHS's own structure."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = program.n_variables, program.n_rows
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = form.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = form.row_lower, form.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = form.matrix.indptr.astype(np.int32), form.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = form.matrix.data
    kinds = np.array([highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger])
    lp.integrality_ = kinds[program.integer.astype(int)]
    return lp


class _ArrayHiGHS(pulp.HiGHS):
    """PuLP's HiGHS, handed the arrays behind the problem in one call and read back in one call."""

    def __init__(self, lp: highspy.HighsLp, start: np.ndarray | None, **options: object) -> None:
        super().__init__(**options)
        self.arrays, self.start_values, self.model = lp, start, None

    def buildSolverModel(self, lp: pulp.LpProblem) -> None:
        self.model = lp.solverModel
        self.model.passModel(self.arrays)
        if self.start_values is not None:
            known = np.flatnonzero(np.isfinite(self.start_values)).astype(np.int32)
            self.model.setSolution(len(known), known, self.start_values[known])

    def findSolutionValues(self, lp: pulp.LpProblem) -> tuple:
        # Values and status are read from the model by `_with_highs`; walking the problem again would only cost time.
        if GENERATION < 4:
            return pulp.LpStatusNotSolved, pulp.LpSolutionNoSolutionFound
        return pulp.LpSolveStatus.NotSolved, False


@dataclass
class _Watch:
    """Counts time and interrupts for one run, and passes progress on."""

    options: SolverOptions
    scale: float
    started: float = field(default_factory=time.monotonic)
    interrupted: threading.Event = field(default_factory=threading.Event)
    last: float = -np.inf

    def report(self, incumbent: float, bound: float) -> None:
        now = time.monotonic()
        if self.options.progress is None or now - self.last < 0.2:
            return
        self.last = now
        value = -incumbent / self.scale if abs(incumbent) < 1e100 else -np.inf
        limit = -bound / self.scale if abs(bound) < 1e100 else np.inf
        if self.options.progress(Progress(now - self.started, value, limit)):
            self.interrupted.set()


@contextmanager
def _interruptible(watch: _Watch) -> Iterator[None]:
    """Turn Ctrl-C into "stop and keep the best found" while a solver runs (main thread only)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: watch.interrupted.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _with_highs(program: Program, form: Scaled, options: SolverOptions) -> dict:
    made, _ = problem(program, form)
    watch = _Watch(options, form.objective_scale)
    kinds = highspy.cb.HighsCallbackType

    def on_event(kind: object, message: str, out: object, into: object, user: object) -> None:
        # The kind comes as a bare number; the logging event stays away when output is off, this one comes always.
        if int(kind) == int(kinds.kCallbackMipInterrupt):
            watch.report(out.mip_primal_bound, out.mip_dual_bound)
        if watch.interrupted.is_set():
            into.user_interrupt = True

    limits = {} if options.work_limit_nodes is None else {"mip_max_nodes": int(options.work_limit_nodes)}
    solver = _ArrayHiGHS(
        _direct(program, form),
        options.start,
        msg=False,
        threads=1,
        gapRel=options.gap,
        gapAbs=0.0,
        timeLimit=options.time_limit_seconds if np.isfinite(options.time_limit_seconds) else None,
        callbackTuple=(on_event, None),
        callbacksToActivate=[kinds.kCallbackMipInterrupt, kinds.kCallbackSimplexInterrupt],
        random_seed=options.seed,
        parallel="off",
        **limits,
    )
    with _interruptible(watch):
        made.solve(solver)
    return _read_highs(program, solver.model, form.objective_scale)


def _read_highs(program: Program, model: highspy.Highs, scale: float) -> dict:
    kinds, status = highspy.HighsModelStatus, model.getModelStatus()
    info, whole = model.getInfo(), bool(program.integer.any())
    has_values = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(model.getSolution().col_value) if has_values else None
    raw_bound = info.mip_dual_bound if whole else info.objective_function_value
    bound = -raw_bound / scale if np.isfinite(raw_bound) and abs(raw_bound) < 1e100 else np.inf
    objective = float(program.objective @ values) if has_values else np.nan
    stops = {
        kinds.kTimeLimit: StoppedBy.TIME,
        kinds.kInterrupt: StoppedBy.INTERRUPT,
        kinds.kHighsInterrupt: StoppedBy.INTERRUPT,
        kinds.kIterationLimit: StoppedBy.WORK,
        kinds.kSolutionLimit: StoppedBy.WORK,
    }
    if status in (kinds.kOptimal, kinds.kModelEmpty):
        if values is None or not len(values):
            values, objective = np.zeros(program.n_variables), 0.0
        bound = max(bound, objective) if np.isfinite(bound) else objective
        return _said(Status.OPTIMAL, values, objective, bound, StoppedBy.GAP)
    if status == kinds.kInfeasible:
        return _said(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF)
    if status in (kinds.kUnbounded, kinds.kUnboundedOrInfeasible):
        return _said(_which_unbounded(program), None, np.nan, np.inf, StoppedBy.PROOF)
    if status in stops:
        status_said = Status.FEASIBLE if has_values else Status.UNPROVEN
        return _said(status_said, values, objective, bound, stops[status])
    return _said(Status.FAILED, None, np.nan, np.inf, StoppedBy.FAILURE)


def _which_unbounded(program: Program) -> Status:
    """HiGHS may leave open which of the two it is; without an objective only infeasibility remains."""
    session = LinearSession.of(program)
    session.set_cost(np.zeros(program.n_variables))
    return Status.UNBOUNDED if session.solve().status is Status.OPTIMAL else Status.INFEASIBLE


def _said(status: Status, values: np.ndarray | None, objective: float, bound: float, stopped_by: StoppedBy) -> dict:
    return {"status": status, "values": values, "objective": objective, "bound": bound, "stopped_by": stopped_by}


# Files of one run of CBC; their folder is where it works, so that no path, whatever it holds, is in its command.
MODEL, START, ANSWER, LOG = "choice.mps", "start.mst", "choice.sol", "cbc.log"


def _with_cbc(program: Program, form: Scaled, options: SolverOptions) -> dict:
    """Solve with CBC: PuLP writes the model and finds the program, but splits its command at every space."""
    made, variables = problem(program, form)
    watch = _Watch(options, form.objective_scale)
    with tempfile.TemporaryDirectory() as folder:
        made.writeMPS(os.path.join(folder, MODEL))
        if options.start is not None:
            _write_start(os.path.join(folder, START), variables, options.start)
        log = os.path.join(folder, LOG)
        with open(log, "wb") as output, _interruptible(watch):
            cbc = subprocess.Popen(
                _cbc_command(options), cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
            with _followed(watch, cbc, log):
                code = cbc.wait()
        said, answer = _text(log), _text(os.path.join(folder, ANSWER))
    if code or not answer:
        raise pulp.PulpError(f"CBC ended with code {code} and no answer: {said.strip()[-200:] or 'it said nothing'}")
    found = _read_cbc(program, answer, said, form.objective_scale)
    stopped = watch.interrupted.is_set() and found["stopped_by"] is StoppedBy.TIME
    return {**found, "stopped_by": StoppedBy.INTERRUPT} if stopped else found


def _cbc_command(options: SolverOptions) -> list[str]:
    start = ["-mips", START] if options.start is not None else []
    limit = options.time_limit_seconds
    seconds = ["-sec", str(max(limit, 0.01))] if np.isfinite(limit) else []
    nodes = [] if options.work_limit_nodes is None else ["-maxNodes", str(options.work_limit_nodes)]
    # CBC 2.10.3's integer preprocessing substitutes wrongly and loses the best solution (docs/decisions/021).
    how = ["-randomSeed", str(options.seed), "-randomCbcSeed", str(options.seed), "-preprocess", "off"]
    return [
        _cbc().path, MODEL, *start, *seconds, *how, "-ratio", str(options.gap), "-timeMode", "elapsed", *nodes,
        "-solve", "-printingOptions", "all", "-solution", ANSWER,
    ]  # fmt: skip


def _write_start(path: str, variables: list, start: np.ndarray) -> None:
    values = zip(variables, np.nan_to_num(start).tolist(), strict=True)
    lines = [f"{number} {variable.name} {value!r} 0\n" for number, (variable, value) in enumerate(values)]
    with open(path, "w", encoding="ascii") as file:
        file.writelines(["Stopped on time - objective value 0\n", *lines])


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


@contextmanager
def _followed(watch: _Watch, cbc: subprocess.Popen, log: str) -> Iterator[None]:
    """Read CBC's log as it grows, pass on where it stands, and stop CBC when somebody says so."""
    done = threading.Event()

    def follow() -> None:
        while not done.wait(LOOK_SECONDS):
            watch.report(*_cbc_stands(_text(log)))
            # It writes the best it has; elsewhere than on POSIX only Ctrl-C reaches it.
            if watch.interrupted.is_set() and os.name == "posix":
                cbc.send_signal(signal.SIGINT)

    reader = threading.Thread(target=follow, name="cbc log", daemon=True)
    reader.start()
    try:
        yield
    finally:
        done.set()
        reader.join()
        if cbc.poll() is None:
            cbc.kill()
            cbc.wait()


def _cbc_stands(said: str) -> tuple[float, float]:
    """Return the best value and bound (minimised) that a log of CBC tells so far; inf and -inf before any.

    Examples
    --------
    >>> _cbc_stands("Cbc0010I After 100 nodes, 45 on tree, -10.5 best solution, best possible -12 (2.13 seconds)")
    (-10.5, -12.0)
    """
    number = r"(-?[\d.]+(?:e[+-]?\d+)?)"
    # The last line may be half written.
    said = said[: said.rfind("\n") + 1] or said
    found = [float(value) for value in re.findall(rf"Integer solution of {number} found", said)]
    found += [float(value) for value in re.findall(rf"{number} best solution", said)]
    bounds = re.findall(rf"(?:best possible|Continuous objective value is) {number}(?=\s)", said)
    bound = max((float(value) for value in bounds), default=-np.inf)
    # CBC writes 1e50 for none.
    return min((value for value in found if value < 1e49), default=np.inf), bound if bound > -1e49 else -np.inf


def _read_cbc(program: Program, answer: str, said: str, scale: float) -> dict:
    """Read CBC's answer: a line of status, then number, name and value of each variable and row."""
    first, *lines = answer.splitlines()
    words = first.split()
    values, objective = None, np.nan
    # "Stopped on time - objective value", but "Stopped on time (no integer solution - continuous used) - ...".
    if words[0] == "Optimal" or (words[0] == "Stopped" and words[4:5] == ["objective"]):
        # A variable in no row and not in the objective never reaches CBC; any value within its bounds will do.
        values, number = np.zeros(program.n_variables), {_variable(at): at for at in range(program.n_variables)}
        for line in lines:
            name, value = line.replace("**", " ").split()[1:3]
            if name in number:
                values[number[name]] = float(value)
        values = np.clip(values, program.lower, program.upper)
        objective = float(program.objective @ values)
    stopped = re.search(r"Result - Stopped|Stopped on", said) is not None
    proven = words[0] == "Optimal" and not stopped
    lower = re.findall(r"^Lower bound:\s+(\S+)", said, flags=re.MULTILINE)
    bound = -float(lower[-1]) / scale if lower else (objective if proven else np.inf)
    # "Infeasible", or "Integer infeasible".
    if words[0] in ("Infeasible", "Integer") and not stopped:
        return _said(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF)
    if words[0] == "Unbounded":
        return _said(_which_unbounded(program), None, np.nan, np.inf, StoppedBy.PROOF)
    if proven:
        return _said(Status.OPTIMAL, values, objective, max(bound, objective), StoppedBy.GAP)
    stopped_by = StoppedBy.WORK if re.search(r"node limit|maximum nodes", said, flags=re.IGNORECASE) else StoppedBy.TIME
    stopped_by = StoppedBy.INTERRUPT if "user ctrl-c" in said.lower() else stopped_by
    if values is not None:
        return _said(Status.FEASIBLE, values, objective, max(bound, objective), stopped_by)
    return _said(Status.UNPROVEN, None, np.nan, bound, stopped_by)


@dataclass(frozen=True)
class LinearSolution:
    """A linear program's answer, in the program's own units and sense (maximise).

    Parameters
    ----------
    status : Status
    values : ndarray, shape (V,)
    row_price : ndarray, shape (R,)
        What one more unit of a row's right-hand side is worth.
    reduced : ndarray, shape (V,)
        What one more unit of a variable is worth, all rows paid for.
    objective : float
    """

    status: Status
    values: np.ndarray
    row_price: np.ndarray
    reduced: np.ndarray
    objective: float


class LinearSession:
    """A linear program that stays in HiGHS between rounds and keeps its basis as rows and columns come.

    Parameters
    ----------
    form : Scaled
    lower, upper : ndarray, shape (V,)
    """

    def __init__(self, form: Scaled, lower: np.ndarray, upper: np.ndarray, row_factor: np.ndarray) -> None:
        self._model = highspy.Highs()
        for name, value in (("output_flag", False), ("threads", 1), ("parallel", "off"), ("solver", "simplex")):
            self._model.setOptionValue(name, value)
        self._scale = form.objective_scale
        self._factor = row_factor
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(lower), form.matrix.shape[0]
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = form.cost, lower, upper
        lp.row_lower_, lp.row_upper_ = form.row_lower, form.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = (
            form.matrix.indptr.astype(np.int32),
            form.matrix.indices.astype(np.int32),
        )
        lp.a_matrix_.value_ = form.matrix.data
        self._model.passModel(lp)

    @classmethod
    def of(cls, program: Program) -> LinearSession:
        """Return a session on the program's linear relaxation."""
        form = scaled(program)
        return cls(form, program.lower, program.upper, row_factors(program.matrix))

    def set_cost(self, objective: np.ndarray) -> None:
        """Replace the objective (maximised)."""
        columns = np.arange(len(objective), dtype=np.int32)
        self._model.changeColsCost(len(columns), columns, -objective * self._scale)

    def set_bounds(self, columns: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """Replace the bounds of some variables."""
        self._model.changeColsBounds(len(columns), columns.astype(np.int32), lower.astype(float), upper.astype(float))

    def set_row(self, row: int, lower: float, upper: float) -> None:
        """Replace the two sides of one row."""
        self._model.changeRowBounds(int(row), lower * self._factor[row], upper * self._factor[row])

    def add_rows(self, matrix: sparse.csr_array, lower: np.ndarray, upper: np.ndarray) -> None:
        """Add rows; the basis stays."""
        factor = row_factors(matrix)
        data = matrix.data * np.repeat(factor, np.diff(matrix.indptr))
        start, index = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._model.addRows(matrix.shape[0], lower * factor, upper * factor, len(data), start, index, data)
        self._factor = np.append(self._factor, factor)

    def add_columns(
        self, objective: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], matrix: sparse.csc_array
    ) -> None:
        """Add variables with their entries in the rows so far; the basis stays."""
        data = matrix.data * self._factor[matrix.indices]
        start, index = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._model.addCols(len(objective), -objective * self._scale, *bounds, len(data), start, index, data)

    def solve(self, time_limit_seconds: float = np.inf) -> LinearSolution:
        """Solve from the basis of the last round."""
        if np.isfinite(time_limit_seconds):
            self._model.setOptionValue("time_limit", self._model.getRunTime() + max(time_limit_seconds, 0.0))
        self._model.run()
        kinds, said = highspy.HighsModelStatus, self._model.getModelStatus()
        known = {
            kinds.kOptimal: Status.OPTIMAL,
            kinds.kInfeasible: Status.INFEASIBLE,
            kinds.kUnbounded: Status.UNBOUNDED,
        }
        status = known.get(said, Status.UNPROVEN)
        solution = self._model.getSolution()
        values, price = np.array(solution.col_value), np.array(solution.row_dual)
        objective = -self._model.getInfo().objective_function_value / self._scale
        if status is not Status.OPTIMAL:
            return LinearSolution(status, values, price, np.array(solution.col_dual), np.nan)
        # Minimised and scaled inside: prices change sign, and rows give back their factor.
        row_price = -price * self._factor / self._scale
        return LinearSolution(status, values, row_price, -np.array(solution.col_dual) / self._scale, objective)


def row_factors(matrix: sparse.csr_array) -> np.ndarray:
    """Return the power of two by which each row is scaled, shape (rows,)."""
    largest = np.zeros(matrix.shape[0])
    filled = np.diff(matrix.indptr) > 0
    if matrix.nnz:
        largest[filled] = np.maximum.reduceat(np.abs(matrix.data), matrix.indptr[:-1][filled])
    return _power_of_two(largest)
