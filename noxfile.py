"""The test suite on every Python that sharesim supports: ``nox``, or ``nox -s tests-3.13``, ``nox -s lint``.

Nox itself is not part of the dev extra; ``pipx run nox`` will do. ``make test`` needs none of this.
"""

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "tests"]


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the whole suite with the pinned versions."""
    session.install("--constraint", "constraints.txt", "--editable", ".[dev,cluster]")
    session.run("pytest", "-n", "2", *session.posargs, env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """Apply ruff's rules to everything."""
    session.install("--constraint", "constraints.txt", "ruff")
    session.run("ruff", "check", ".")
