"""Chance rules over many draws: exact, by growing the set of draws that carry a binary."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from sharesim.choice.cuts import Pool
from sharesim.choice.formulation import Program
from sharesim.choice.risk import Risk, extent
from sharesim.choice.search import Control, Judge, Settled, settle
from sharesim.choice.view import View


@dataclass
class Grown:
    """One chance rule's draws so far.

    Parameters
    ----------
    risk : Risk
    low, high : ndarray, shape (n_draws,)
        What z can be at least and at most in any portfolio worth having.
    active : ndarray of int
        Draws with a row in the program.
    """

    risk: Risk
    low: np.ndarray
    high: np.ndarray
    active: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))


def best_portfolio(program: Program, judge: Judge, target: int, control: Control, notes: list[str]) -> Settled:
    """Find the best portfolio of a program, chance rules and all."""
    pool = Pool(program.n_columns)
    lazy = [risk for risk in program.risks if risk.is_chance and not risk.full]
    if any(risk.is_chance for risk in program.risks):
        notes.append("chance rules are held exactly, one binary a draw")
    if not lazy:
        return settle(program, pool, judge, target, control)
    view = View(program.candidates)
    grown = [Grown(risk, *extent(view, risk.block)) for risk in lazy]
    skipped = frozenset(program.rules[risk.rule].name for risk in lazy)
    while True:
        found = settle(onto(program, grown), pool, judge, target, control, skipped)
        if found.portfolio is None or all(check.holds for check in judge.checks(found.portfolio)):
            return found
        columns = judge.columns(found.portfolio)
        for item in grown:
            draws = item.risk.block.total(columns)
            missed = np.flatnonzero(draws < item.risk.floor_gbp)
            if len(missed) > item.risk.allowed:
                item.active = np.union1d(item.active, missed)


def onto(program: Program, grown: list[Grown]) -> Program:
    """Return the program with rows and binaries for the active draws."""
    for item in grown:
        if len(item.active):
            program = _with_draws(program, item)
    return program


def _with_draws(program: Program, item: Grown) -> Program:
    risk, active, n_before = item.risk, item.active, program.n_variables
    names = [f"miss[{risk.name}|{n}]" for n in active]
    certain = (item.high[active] < risk.floor_gbp).astype(float)
    program = program.with_variables(names, certain, np.ones(len(active)), np.ones(len(active), bool))
    columns, draws = risk.block.matrix()
    wide = np.zeros((len(active) + 1, program.n_variables))
    wide[: len(active), columns] = draws[:, active].T
    wide[np.arange(len(active)), n_before + np.arange(len(active))] = risk.floor_gbp - item.low[active]
    wide[-1, n_before:] = 1.0
    lower = np.append(np.full(len(active), risk.floor_gbp), -np.inf)
    upper = np.append(np.full(len(active), np.inf), float(risk.allowed))
    rows = [f"{risk.name}: draw {n}" for n in active] + [f"{risk.name}: misses"]
    return program.with_rows(sparse.csr_array(wide), (lower, upper), rows)
