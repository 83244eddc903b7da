"""What can go wrong, in words a reader can act on.

Every error carries one or more :class:`Fault`: where it is, what is wrong, what was found, what is allowed and what
to do. The command line prints the faults and nothing else; nobody who only made a typing mistake sees a traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong.

    Parameters
    ----------
    where : str
        File, table, row and field, such as ``services.csv, row 3 (hr), column elasticity``.
    problem : str
        What is wrong, as a short statement.
    got, allowed, remedy : str
        What was found, what would be accepted, and what to do. Empty where it would say nothing.

    Examples
    --------
    >>> print(Fault("study.toml: study.horizon_years", "too short", "0", "1 to 60", "Give the years to appraise."))
    study.toml: study.horizon_years: too short: got 0; allowed 1 to 60. Give the years to appraise.
    """

    where: str
    problem: str
    got: str = ""
    allowed: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        told = (("got", self.got), ("allowed", self.allowed))
        facts = "; ".join(f"{word} {what}" for word, what in told if what)
        line = f"{self.where}: {self.problem}" + (f": {facts}" if facts else "")
        line = line if line.endswith(".") else f"{line}."
        return f"{line} {self.remedy}" if self.remedy else line


class SharesimError(Exception):
    """Base of all errors that sharesim raises on purpose.

    Parameters
    ----------
    faults : Fault or iterable of Fault
        All that was found; never only the first.
    """

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type, tuple[tuple[Fault, ...]]]:
        # Errors cross process borders; the default would pass the joined text for the faults.
        return type(self), (self.faults,)


class StudyError(SharesimError):
    """The study (its files, tables, names or numbers) is at fault. Exit code 2."""


class UsageError(SharesimError):
    """An argument of a function or a command is at fault. Exit code 2."""


class OutputError(SharesimError):
    """A result could not be written. Exit code 1."""


class SolverError(SharesimError):
    """The solver itself failed (not: the study has no answer, which is a status). Exit code 1."""


class InternalError(SharesimError):
    """sharesim broke one of its own promises; a bug to report. Exit code 1."""
