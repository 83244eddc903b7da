"""The back-test: predictions beside what was published, coverage of the intervals, words, tables and figures."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from sharesim.arguments import a_flag, a_path, several, takes, whole
from sharesim.display import record
from sharesim.folders.choose import seen_from
from sharesim.folders.mark import MANIFEST, Origin
from sharesim.folders.place import Place, being_written
from sharesim.report.figures import drawing
from sharesim.report.figures.calibration import calibration_plot, ranges_plot
from sharesim.report.files import write_figures
from sharesim.study.given import a_study
from sharesim.study.study import Study
from sharesim.workflow.backtest.bases import Places, read_places
from sharesim.workflow.backtest.predict import FIGURES, Life, NotPredicted, Prediction, Settings, predict
from sharesim.workflow.backtest.table import Register, read_register
from sharesim.workflow.folder import write_csv, write_json
from sharesim.workflow.versions import versions

LEVELS = (50, 80, 90)
LATEST = 2100


@record
class Backtest:
    """A register's published figures beside what general evidence would have said.

    Parameters
    ----------
    register : Register
    settings : Settings
    predictions, missing, lives : lists
        As `predict` returns them.
    source : str
        Where the register lies, from the root.
    """

    register: Register
    settings: Settings
    predictions: tuple[Prediction, ...]
    missing: tuple[NotPredicted, ...]
    lives: tuple[Life, ...]
    source: str = ""

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per published figure: points of the simulation, its percentile among them, and what it rests on."""
        rows = []
        for one in self.predictions:
            low = np.percentile(one.draws, [5, 25, 50, 75, 95])
            marks = dict(zip(("p5", "p25", "p50", "p75", "p95"), low.tolist(), strict=True))
            inside = {f"inside_{level}": bool(abs(one.percentile - 50) <= level / 2) for level in LEVELS}
            left = "; ".join(one.left_out)
            rows.append(
                {
                    "id": one.id,
                    "figure": one.figure,
                    "published": one.published,
                    **marks,
                    "percentile": one.percentile,
                    **inside,
                    "basis": one.basis,
                    "left_out": left,
                }
            )
        names = ["id", "figure", "published", "p5", "p25", "p50", "p75", "p95", "percentile"]
        return pd.DataFrame(rows, columns=[*names, *(f"inside_{level}" for level in LEVELS), "basis", "left_out"])

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """A row per kind of figure and interval: how many lie inside, and how many would were the intervals right."""
        rows = []
        for kind in (*FIGURES, "all"):
            part = self.table if kind == "all" else self.table[self.table.figure == kind]
            for level in LEVELS if len(part) else ():
                low, high = (binom.ppf(point, len(part), level / 100) for point in (0.05, 0.95))
                count = int(part[f"inside_{level}"].sum())
                rows.append(
                    {
                        "figure": kind,
                        "interval": level,
                        "inside": count,
                        "of": len(part),
                        "share": count / len(part),
                        "expected_low": int(low),
                        "expected_high": int(high),
                        "as_expected": bool(low <= count <= high),
                    }
                )
        names = ["figure", "interval", "inside", "of", "share", "expected_low", "expected_high", "as_expected"]
        return pd.DataFrame(rows, columns=names)

    @cached_property
    def not_predicted(self) -> pd.DataFrame:
        """A row per figure that is not predicted, and why."""
        return pd.DataFrame([vars(one) for one in self.missing], columns=["id", "figure", "why"])

    def endings(self) -> tuple[int, float, float, int]:
        """Return endings seen, and the 5% and 95% points and number of arrangements of what the hazard expects."""
        if not self.lives:
            return 0, 0.0, 0.0, 0
        chance = np.array([life.chance for life in self.lives])
        uniform = np.random.Generator(np.random.PCG64([self.settings.seed, 1])).random(chance.shape)
        ended = (uniform < chance).sum(axis=0)
        low, high = np.percentile(ended, [5, 95])
        return sum(life.ended for life in self.lives), float(low), float(high), len(self.lives)

    def summary(self) -> str:
        """Return the back-test in words, a line for each figure."""
        lines = [
            f"{self.register.name}: {len(self.register.rows)} arrangements, {len(self.predictions)} published figures "
            f"predicted on {self.settings.draws:,} draws, each without its own case (seed {self.settings.seed}, seen "
            f"from {self.settings.as_of})."
        ]
        for kind in FIGURES:
            part = self.table[self.table.figure == kind]
            if not len(part):
                continue
            lines += [
                "",
                f"{kind[0].upper()}{kind[1:]}: published, simulated 5% to 95%, percentile of the published figure",
            ]
            width = max(len(str(name)) for name in part.id)
            rows: Iterable[Any] = part.itertuples()
            for row in rows:
                span = f"{_amount(row.p5, kind)} to {_amount(row.p95, kind)}"
                mark = "" if row.inside_90 else "  outside"
                told = f"{_amount(row.published, kind):>10}  {span:>24}  {row.percentile:4.0f}%{mark}"
                lines.append(f"  {row.id:<{min(width, 44)}}  {told}")
        lines += ["", *self._coverage_words(), *self._missing_words()]
        return "\n".join(lines)

    def _coverage_words(self) -> list[str]:
        if not len(self.table):
            return ["Nothing was predicted, so there is no coverage to tell."]
        lines = [
            "Figures inside the 50, 80 and 90% intervals (in brackets: what right intervals give nine times in ten):"
        ]
        for kind, part in self.coverage.groupby("figure", sort=False):
            cells = [f"{row.inside} of {row.of} ({row.expected_low}-{row.expected_high})" for row in part.itertuples()]
            lines.append(f"  {kind:<24}  " + "   ".join(cells))
        seen, low, high, count = self.endings()
        if count:
            lines.append(f"Endings: {seen} of {count} arrangements; the hazard expects {low:.0f} to {high:.0f}.")
        return lines

    def _missing_words(self) -> list[str]:
        frame = self.not_predicted[self.not_predicted.why != "not published"]
        lines = [f"  {row.id}, {row.figure}: {row.why}" for row in frame.itertuples()]
        ignored = [f"Columns not used: {', '.join(self.register.ignored[:20])}."] if self.register.ignored else []
        empty = len(self.not_predicted) - len(frame)
        plain = [f"{empty} more figures are not published in the table."] if empty else []
        return [*(["", "Not predicted, and why:", *lines] if lines else []), *plain, *ignored]

    @takes(folder=a_path, replace_edited=a_flag)
    def write(self, folder: str | Path, replace_edited: bool = False) -> Path:
        """Write tables, figures and the words into a folder; return it."""
        folder = Path(folder)
        origin = seen_from(Origin(self.source), folder.parent)
        with being_written(Place(folder, "backtest", origin, replace_edited)) as aside:
            write_csv(self.table, aside / "predictions.csv")
            write_csv(self.coverage, aside / "coverage.csv")
            write_csv(self.not_predicted, aside / "not_predicted.csv")
            (aside / "summary.txt").write_text(self.summary() + "\n", encoding="utf-8", newline="\n")
            if len(self.table):
                plots = (calibration_plot(self.table), ranges_plot(self.table))
                write_figures([drawing(plot) for plot in plots], aside / "figures")
            about = {"register": self.register.name, "draws": self.settings.draws, "seed": self.settings.seed}
            write_json(aside / MANIFEST, {**about, "as_of": self.settings.as_of, "versions": versions()})
        return folder

    def _repr_html_(self) -> str:
        shown = self.table.drop(columns=["p25", "p75", "left_out", "inside_50", "inside_80"])
        return f"<p>{escape(self.register.name)}</p>" + shown.to_html(index=False, float_format="{:,.0f}".format)


def _amount(value: float, kind: str) -> str:
    if kind == FIGURES[3]:
        return f"{value:.1f}"
    size, sign = abs(value), "-" if value < 0 else ""
    if size >= 1e6:
        return f"{sign}£{size / 1e6:,.1f}m"
    return f"{sign}£{size / 1e3:,.0f}k" if size >= 1e3 else f"{sign}£{size:,.0f}"


@takes(
    table=a_path,
    studies=several(a_study, (Study, str, PathLike), "neither a study nor several", "studies, or paths of studies"),
    places=a_path,
    draws=whole(256, 1_000_000, "out of bounds"),
    seed=whole(0, 2**63, "out of bounds"),
    as_of=whole(1900, LATEST, "not a year", allowed=f"1900 to {LATEST}"),
)
def backtest(
    table: str | Path,
    *,
    studies: Study | str | Path | Iterable[Study | str | Path] = (),
    places: str | Path | None = None,
    draws: int = 16_384,
    seed: int = 1,
    as_of: int | None = None,
) -> Backtest:
    """Predict what a register of arrangements published, from general evidence without each one's own figures.

    Parameters
    ----------
    table : str or Path
        CSV; columns as in docs/evidence.md, any of them, in any order.
    studies : Study, path, or iterable of these
        Their costs are used for arrangements whose partners and services they hold.
    places : str or Path, optional
        CSV with populations: name, population and, if it likes, kind.
    draws, seed : int
    as_of : int, optional
        Year up to which the register's writer could see endings; the latest year named in it where left out.

    Raises
    ------
    StudyError
        With every fault of the tables.
    UsageError
        When draws, seed or year cannot be used.
    """
    register = read_register(table)
    known: Places | None = read_places(places) if places is not None else None
    year = as_of if as_of is not None else register.latest_year or max(row.start or 2000 for row in register.rows or ())
    assert isinstance(studies, tuple)  # one is a list of one, and paths were read, before this began
    settings = Settings(draws, seed, year, studies, known)
    predictions, missing, lives = predict(register.rows, settings)
    return Backtest(register, settings, tuple(predictions), tuple(missing), tuple(lives), os.path.realpath(table))


__all__ = ["Backtest", "backtest"]
