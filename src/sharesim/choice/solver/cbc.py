"""Integer programs solved by CBC, started here and read by its log and its answer."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pulp

from sharesim.choice.program import ArrayProgram
from sharesim.choice.solution import Status, StoppedBy
from sharesim.choice.solver.answer import RawSolution, SolverOptions
from sharesim.choice.solver.linear import unbounded_or_infeasible
from sharesim.choice.solver.problem import GENERATION, problem, variable_name
from sharesim.choice.solver.scaling import Scaled
from sharesim.choice.solver.watch import Watch, interruptible

# Between two looks into the log of a running CBC.
LOOK_SECONDS = 0.2
# Files of one run of CBC; their folder is where it works, so that no path, whatever it holds, is in its command.
MODEL, START, ANSWER, LOG = "choice.mps", "start.mst", "choice.sol", "cbc.log"


def cbc_program() -> pulp.COIN_CMD:
    """Return PuLP's handle on CBC, by which it is found.

    CBC of PuLP 3.3 sits inside the package; 4.x finds the one of its own extra, or on the search path, with None.
    """
    return pulp.COIN_CMD(path=pulp.apis.coin_api.pulp_cbc_path if GENERATION < 4 else None, msg=False)


def solve_with_cbc(program: ArrayProgram, form: Scaled, options: SolverOptions) -> RawSolution:
    """Solve with CBC: PuLP writes the model and finds the program, but splits its command at every space."""
    made, variables = problem(program, form)
    watch = Watch(options, form.objective_scale)
    with tempfile.TemporaryDirectory() as folder:
        made.writeMPS(os.path.join(folder, MODEL))
        if options.start is not None:
            _write_start(os.path.join(folder, START), variables, options.start)
        log = os.path.join(folder, LOG)
        with open(log, "wb") as output, interruptible(watch):
            cbc = subprocess.Popen(
                _command(options), cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
            with _followed(watch, cbc, log):
                code = cbc.wait()
        said, answer = _text(log), _text(os.path.join(folder, ANSWER))
    if code or not answer:
        raise pulp.PulpError(f"CBC ended with code {code} and no answer: {said.strip()[-200:] or 'it said nothing'}")
    found = _read_cbc(program, answer, said, form.objective_scale)
    stopped = watch.interrupted.is_set() and found.stopped_by is StoppedBy.TIME
    return replace(found, stopped_by=StoppedBy.INTERRUPT) if stopped else found


def _command(options: SolverOptions) -> list[str]:
    start = ["-mips", START] if options.start is not None else []
    limit = options.time_limit_seconds
    seconds = ["-sec", str(max(limit, 0.01))] if np.isfinite(limit) else []
    nodes = [] if options.work_limit_nodes is None else ["-maxNodes", str(options.work_limit_nodes)]
    # CBC 2.10.3's integer preprocessing substitutes wrongly and loses the best solution (docs/decisions/021).
    how = ["-randomSeed", str(options.seed), "-randomCbcSeed", str(options.seed), "-preprocess", "off"]
    return [
        cbc_program().path, MODEL, *start, *seconds, *how, "-ratio", str(options.gap), "-timeMode", "elapsed", *nodes,
        "-solve", "-printingOptions", "all", "-solution", ANSWER,
    ]  # fmt: skip


def _write_start(path: str, variables: list[pulp.LpVariable], start: np.ndarray) -> None:
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
def _followed(watch: Watch, cbc: subprocess.Popen[bytes], log: str) -> Iterator[None]:
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


def _read_cbc(program: ArrayProgram, answer: str, said: str, scale: float) -> RawSolution:
    """Read CBC's answer: a line of status, then number, name and value of each variable and row."""
    first, *lines = answer.splitlines()
    words = first.split()
    values, objective = None, np.nan
    # "Stopped on time - objective value", but "Stopped on time (no integer solution - continuous used) - ...".
    if words[0] == "Optimal" or (words[0] == "Stopped" and words[4:5] == ["objective"]):
        # A variable in no row and not in the objective never reaches CBC; any value within its bounds will do.
        values, number = np.zeros(program.n_variables), {variable_name(at): at for at in range(program.n_variables)}
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
        return RawSolution(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF)
    if words[0] == "Unbounded":
        return RawSolution(unbounded_or_infeasible(program), None, np.nan, np.inf, StoppedBy.PROOF)
    if proven:
        return RawSolution(Status.OPTIMAL, values, objective, max(bound, objective), StoppedBy.GAP)
    stopped_by = StoppedBy.WORK if re.search(r"node limit|maximum nodes", said, flags=re.IGNORECASE) else StoppedBy.TIME
    stopped_by = StoppedBy.INTERRUPT if "user ctrl-c" in said.lower() else stopped_by
    if values is not None:
        return RawSolution(Status.FEASIBLE, values, objective, max(bound, objective), stopped_by)
    return RawSolution(Status.UNPROVEN, None, np.nan, bound, stopped_by)
