"""The only folder that knows PuLP and the solvers behind it: arrays in, values and a proven bound out.

Integer programs go through PuLP, generation 3.3 or 4.x, to CBC or HiGHS. Linear programs that grow row by row or column
by column stay inside HiGHS (`LinearSession`).

Traps that these files take care of (read in both generations' sources, and tested):

* PuLP splits the command of CBC at every space, also within paths: CBC is started here, in its folder, without
  any path;
* CBC may write "Optimal" after a time limit: its log decides, and the bound is read from it;
* a maximisation reaches CBC with the sign turned in one generation and not in the other: PuLP is always given a
  minimisation;
* ``pulp.HiGHS(warmStart=True)`` is ignored in 3.3: the start is handed to HiGHS directly;
* PuLP 4 must be imported before highspy, or the two load the C++ runtime twice: it is imported here, before any of the
  files of this folder;
* HiGHS is handed the arrays in one call: a call per column and row costs more than many a solve.
"""

import pulp  # noqa: F401

# isort: split
from sharesim.choice.solver.answer import RawSolution, SolverOptions
from sharesim.choice.solver.integer import SOLVERS, available, pick, solve
from sharesim.choice.solver.linear import LinearSession, LinearSolution
from sharesim.choice.solver.problem import GENERATION, problem
from sharesim.choice.solver.scaling import Scaled, scaled

__all__ = [
    "GENERATION",
    "SOLVERS",
    "LinearSession",
    "LinearSolution",
    "RawSolution",
    "Scaled",
    "SolverOptions",
    "available",
    "pick",
    "problem",
    "scaled",
    "solve",
]
