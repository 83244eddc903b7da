"""The page of all worked cases: what each decides, and what was published beside what it simulates."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd

from sharesim.errors import Fault, UsageError
from sharesim.measures import percentile
from sharesim.report.grounds import NOT_SHARED
from sharesim.workflow.cases import BUILDER, Case, cases
from sharesim.workflow.doors import appraise, choose, judge, load
from sharesim.workflow.judged import Judged
from sharesim.workflow.stage_gate import gate_line, rights_to_stop
from sharesim.workflow.words import money

PLANNED = "as_planned"
HEAD = """\
# The worked cases

Printed by `sharesim cases --run --returns DIR > docs/cases.md`, where DIR holds the returns that `lancashire-2024`
is built from. Each case is a folder under `configs/`; its `sources.md` says of every figure whether it was given,
measured or assumed. `sharesim new DIR --like NAME` copies one.

Published figures are never inputs, and the evidence behind a case's priors leaves that case out
([evidence.md](evidence.md)). They are set beside the scenario `as_planned`, which does what was announced whatever it
is worth; the choice is the study's own, under its rules. *Percentile* says where the published figure lies among the
simulated ones (those equal to it count half): above 95 it promises, or claims, more than nineteen in twenty futures hold.
"""


def cases_page(returns: Path | None = None, draws: int | None = None) -> str:
    """Run every worked case and return the page as Markdown.

    Parameters
    ----------
    returns : Path, optional
        Folder of the returns from which some cases build their tables; without it those that are not built are named
        and left out.
    draws : int, optional
        Futures, choosing and judging; each study's own where left out.
    """
    summary, published, sections, left = [], [], [], []
    with ExitStack() as stack:
        for case in cases():
            folder = _ready(case, returns, stack)
            if folder is None:
                left.append(f"`{case.name}` (its tables are built from returns; give --returns)")
                continue
            judged, seconds = _decided(folder, None, draws)
            summary.append(_row(case, judged, seconds))
            sections += _section(case, judged)
            if judged.study.model.published:
                planned = PLANNED if PLANNED in judged.study.model.scenarios else None
                published += _published(case, _decided(folder, planned, draws)[0] if planned else judged)
    lines = [
        HEAD,
        "## What each decides",
        "",
        _table(summary),
        "",
        "## Published and simulated",
        "",
        _table(published),
        "",
    ]
    if left:
        lines += [f"Left out: {', '.join(left)}.", ""]
    return "\n".join([*lines, "## The choices", "", *sections]).rstrip("\n") + "\n"


def _ready(case: Case, returns: Path | None, stack: ExitStack) -> Path | None:
    """Return a folder that can be run; built aside where the case builds its tables and returns are given."""
    if not (case.folder / BUILDER).is_file():
        return case.folder
    if returns is None:
        return case.folder if case.is_ready else None
    return build_case(case, returns, Path(stack.enter_context(tempfile.TemporaryDirectory())) / case.name)


def build_case(case: Case, returns: Path, out: Path) -> Path:
    """Build the tables of a case that has a builder, with the rest of it, into a folder; return the folder.

    Raises
    ------
    UsageError
        When the returns are not there.
    """
    spec = importlib.util.spec_from_file_location(f"build_{case.name.replace('-', '_')}", case.folder / BUILDER)
    assert spec is not None and spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    absent = [name for name in builder.RETURNS if not (returns / name).is_file()]
    if absent:
        raise UsageError(
            Fault("--returns", "returns not found", ", ".join(absent), f"a folder with {len(builder.RETURNS)} files")
        )
    builder.build(returns, out)
    return out


def _decided(folder: Path, scenario: str | None, draws: int | None) -> tuple[Judged, float]:
    begun = time.monotonic()
    study = load(folder, scenario=scenario)
    portfolio = choose(appraise(study, draws=draws))
    judged = judge(portfolio, draws=draws)
    return judged, time.monotonic() - begun


def _row(case: Case, judged: Judged, seconds: float) -> dict[str, str]:
    npv, chosen = judged.npv, judged.portfolio.chosen()
    nothing = not chosen
    return {
        "case": f"[{case.name}](../configs/{case.name})",
        "councils x services": f"{len(judged.study.councils)} x {len(judged.study.services)}",
        "candidates": f"{judged.portfolio.appraisal.candidates.n_bundles:,}",
        "chosen": "nothing" if nothing else _how_many(judged),
        "worth on average": "" if nothing else money(float(npv.mean())),
        "nine in ten futures": ""
        if nothing
        else f"{money(float(percentile(npv, 5)))} to {money(float(percentile(npv, 95)))}",
        "loses in": "" if nothing else f"{(npv < 0).mean():.0%}",
        "seconds": f"{seconds:.0f}",
    }


def _how_many(judged: Judged) -> str:
    """Return how many arrangements are shared, and how many are of one council alone."""
    alone = int((judged.outcomes.table.n_partners == 1).sum())
    shared = len(judged.outcomes.table) - alone
    return f"{shared} shared, {alone} improved alone" if alone else f"{shared}"


def _published(case: Case, judged: Judged) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    published: Iterable[Any] = judged.published().itertuples()
    for row in published:
        share = row.unit == "share"
        shown = (lambda value: f"{value:.0%}") if share else money
        is_shared = row.simulated_mean == row.simulated_mean
        rows.append(
            {
                "case": case.name,
                "figure": row.label.replace("|", "/"),
                "kind": row.kind,
                "published": shown(row.published),
                "simulated 5% to 95%": f"{shown(row.simulated_p5)} to {shown(row.simulated_p95)}"
                if is_shared
                else NOT_SHARED,
                "on average": shown(row.simulated_mean) if is_shared else "",
                "percentile": f"{row.percentile_of_published:.0f}" if is_shared else "",
            }
        )
    return rows


def _section(case: Case, judged: Judged) -> list[str]:
    chosen = [f"- {words}" for words in judged.portfolio.describe()]
    said = [*(chosen or ["- Nothing is shared under these rules."]), *_gates(judged)]
    return [f"### {case.name}", "", case.title + ".", "", *said, ""]


def _gates(judged: Judged) -> list[str]:
    """Return what the right to stop at each stage gate is worth, a line each."""
    return [f"- {gate_line(found)}" for found in rights_to_stop(judged)]


def _table(rows: list[dict[str, str]]) -> str:
    if not rows:
        return "None."
    frame = pd.DataFrame(rows).fillna("")
    lines = [" | ".join(frame.columns), " | ".join("---" for _ in frame.columns)]
    lines += [" | ".join(str(cell) for cell in row) for row in frame.itertuples(index=False)]
    return "\n".join(f"| {line} |" for line in lines)


__all__ = ["build_case", "cases_page"]
