"""One study from file to run folder: appraise, choose, judge, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from sharesim.appraisal.resources import LEAST_GB, Resources
from sharesim.arguments import a_flag, a_function, a_path, an_instance, check_fields, number, takes
from sharesim.choice.choose import ChoiceOptions
from sharesim.choice.solution import Progress
from sharesim.display import record
from sharesim.folders.mark import MANIFEST
from sharesim.folders.place import Place, being_written
from sharesim.report import write_formats
from sharesim.report.formats import DEFAULT, FILES, some_formats
from sharesim.report.options import Beyond
from sharesim.study.given import a_study
from sharesim.study.study import Study
from sharesim.uncertainty.goal import a_stop_rule
from sharesim.workflow.assumed import AssumptionEffect, assumption_effects, watched
from sharesim.workflow.contents import contents_of
from sharesim.workflow.doors import DRAWS, JOBS, SEED, appraise, choose, judge
from sharesim.workflow.folder import (
    WRITTEN,
    manifest,
    own_folder_of,
    place_of,
    write_appraisal,
    write_beside,
    write_csv,
    write_json,
    write_refusal,
    write_run,
)
from sharesim.workflow.given import a_judged
from sharesim.workflow.judged import Judged
from sharesim.workflow.kept import write_kept
from sharesim.workflow.options import BUDGET_SECONDS, beyond
from sharesim.workflow.results import Appraisal, Portfolio
from sharesim.workflow.versions import versions

StageProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RunOptions:
    """How a run is made; what is left out comes from the study.

    Parameters
    ----------
    seed, draws, judge_draws, jobs : int, optional
    progress : callable (stage, done, of), optional
    until, judge_until : str, optional
        Stop rules in place of draws and judge_draws.
    report : bool
        False leaves out the report and what only it shows (what each assumption moves); the summary and the tables stay.
    formats : tuple of str
        In which the report is written: html, xlsx, pptx, md.
    explain_seconds : float
        Time for what only a report shows besides: options, what rules cost, plans B. 0 leaves them out.
    memory_gb : float, optional
        Memory budget of the appraisal; a quarter of the machine's, 8 GB at most, where it is left out.
    appraise : callable, optional
        In place of `doors.appraise`, with its arguments: an appraisal spread over several machines.
    replace_edited : bool
        Keep a file of an earlier run that was edited since as NAME.kept, instead of refusing to replace the run.
    """

    seed: int | None = None
    draws: int | None = None
    judge_draws: int | None = None
    jobs: int | None = None
    progress: StageProgress | None = None
    report: bool = True
    formats: tuple[str, ...] = DEFAULT
    until: str | None = None
    judge_until: str | None = None
    explain_seconds: float = BUDGET_SECONDS
    memory_gb: float | None = None
    appraise: Callable[..., Appraisal] | None = None
    replace_edited: bool = False

    @property
    def expected(self) -> tuple[str, ...]:
        """Files and folders that a run is known to write."""
        return (*WRITTEN, *(("figures", *(FILES[name] for name in self.formats)) if self.report else ()))

    def __post_init__(self) -> None:
        check_fields(
            self, seed=SEED, draws=DRAWS, judge_draws=DRAWS, jobs=JOBS, progress=a_function, report=a_flag,
            formats=some_formats, until=a_stop_rule, judge_until=a_stop_rule,
            explain_seconds=number(0.0, below=True), memory_gb=number(LEAST_GB, below=True), appraise=a_function,
            replace_edited=a_flag,
        )  # fmt: skip

    def stage(self, name: str) -> Callable[[int, int], None] | None:
        """Return the progress callback of one stage."""
        progress = self.progress
        return None if progress is None else lambda done, of: progress(name, done, of)


@record
class RunResult:
    """What a run produced.

    Parameters
    ----------
    folder : Path
    portfolio : Portfolio
    judged : Judged or None
        None where no portfolio satisfies the rules.
    report : Path or None
    seconds : float
    """

    folder: Path
    portfolio: Portfolio
    judged: Judged | None
    report: Path | None
    seconds: float


class _Timer:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.begun = time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begun

    @property
    def total(self) -> float:
        return time.monotonic() - self.begun


_OPTIONS = an_instance(RunOptions, "not options of a run", "RunOptions", "Write RunOptions(draws=1024).")


@takes(study=a_study, folder=a_path, options=_OPTIONS)
def run_study(study: Study | str | Path, folder: str | Path, options: RunOptions | None = None) -> RunResult:
    """Appraise, choose, judge and report a study into a folder.

    Parameters
    ----------
    study : Study, str or Path
        As `load` returned it, or the path of one.
    folder : str or Path
    options : RunOptions, optional

    Raises
    ------
    OutputError
        When the folder cannot be written, or holds what is not ours to replace; nothing is left half-written.
    """
    assert isinstance(study, Study)  # a path was read before this began
    folder, options, timer = Path(folder), options or RunOptions(), _Timer()
    with being_written(place_of(study, folder, "run", options.replace_edited, options.expected)) as aside:
        with timer.stage("appraise"):
            outcomes = _appraised(study, options)
        with timer.stage("choose"):
            portfolio = choose(outcomes, options=_choice_options(study, options))
        if not portfolio.has_portfolio:
            write_refusal(aside, portfolio, timer.seconds)
            judged, page = None, None
        else:
            with timer.stage("judge"):
                judged = judge(
                    portfolio, draws=options.judge_draws, until=options.judge_until, jobs=options.jobs,
                    progress=options.stage("judging"),
                )
                judged = replace(judged, effects=effects_of(portfolio)) if options.report else judged
            write_run(aside, judged, timer.seconds)
            page = _write_report(aside, judged, timer, options) if options.report else None
    page = None if page is None else folder / Path(page).name
    return RunResult(folder, portfolio, judged, page, timer.total)


def _write_report(folder: Path, judged: Judged, timer: _Timer, options: RunOptions) -> Path:
    with timer.stage("explain"):
        found = Beyond()
        if options.explain_seconds > 0:
            found = beyond(judged, options.explain_seconds, options.jobs or 1, options.stage("explaining"))
        for name, frame in (("rule_costs", found.rule_costs), ("alternatives", found.alternatives)):
            if frame is not None:
                write_csv(frame, folder / f"{name}.csv")
    with timer.stage("report"):
        write_beside(folder, judged)
        contents = contents_of(judged, timer.seconds, found=found)
        files = write_formats(contents, folder, options.formats)
        write_kept(folder, judged, found, contents.date)
    write_run_manifest(folder, judged, timer.seconds)
    return next(iter(files.values()))


@takes(judged=a_judged, out=a_path, formats=some_formats, replace_edited=a_flag)
def report(
    judged: Judged,
    out: str | Path | None = None,
    formats: str | Sequence[str] = DEFAULT,
    replace_edited: bool = False,
) -> Path:
    """Write the run folder of a judged portfolio (report, figures, tables) and return the path of its report.

    Parameters
    ----------
    judged : Judged
    out : str or Path, optional
        The folder; ``runs/`` and the study's name where left out (a scenario, changes, or another study of that name
        have one of their own). An earlier run there is replaced; what others put beside it stays.
    formats : str or sequence of str
        Of html, xlsx, pptx, md: report.html, workbook.xlsx, brief.pptx, report.md; ``"all"`` for every one. The path
        returned is that of the first.
    replace_edited : bool
        Keep a file of the earlier run that was edited since as NAME.kept, instead of refusing.

    Raises
    ------
    OutputError
        When the folder cannot be written, or holds what is not ours to replace; nothing is left half-written.

    Examples
    --------
    >>> import tempfile
    >>> from sharesim.examples import two_councils
    >>> judged = judge(choose(appraise(two_councils(), draws=256, seed=1)), draws=256)
    >>> report(judged, Path(tempfile.mkdtemp()) / "run").name
    'report.html'
    """
    options, timer = RunOptions(formats=tuple(formats)), _Timer()
    folder = Path(out) if out is not None else own_folder_of(judged.study, "run")[0]
    with being_written(place_of(judged.study, folder, "run", replace_edited, options.expected)) as aside:
        judged = judged if judged.effects else replace(judged, effects=effects_of(judged.portfolio))
        write_run(aside, judged, timer.seconds)
        page = _write_report(aside, judged, timer, options)
    return folder / page.name


def write_run_manifest(folder: Path, judged: Judged, seconds: dict[str, float]) -> None:
    """Write the manifest again with the report's seconds in it."""
    write_json(folder / MANIFEST, manifest(judged.study, judged.portfolio.appraisal, seconds, judged))


@takes(study=a_study, folder=a_path, options=_OPTIONS)
def appraise_study(study: Study | str | Path, folder: str | Path, options: RunOptions | None = None) -> Appraisal:
    """Appraise a study into a folder, without a choice."""
    assert isinstance(study, Study)  # a path was read before this began
    options, timer = options or RunOptions(), _Timer()
    with being_written(place_of(study, Path(folder), "appraisal", options.replace_edited)) as aside:
        with timer.stage("appraise"):
            outcomes = _appraised(study, options)
        write_appraisal(aside, outcomes, timer.seconds)
    return outcomes


def _appraised(study: Study, options: RunOptions) -> Appraisal:
    """Simulate every bundle, here or spread over machines; a stop rule looks at its draws here."""
    seed, jobs, progress = options.seed, options.jobs, options.stage("simulating")
    ruled = options.until is not None or (options.draws is None and study.model.run.until)
    if ruled or options.appraise is None:
        room = None if options.memory_gb is None else Resources(memory_gb=options.memory_gb)
        return appraise(
            study, draws=options.draws, until=options.until, resources=room, seed=seed, jobs=jobs, progress=progress
        )
    return options.appraise(study, draws=options.draws, seed=seed, jobs=jobs, progress=progress)


def write_table(frame: pd.DataFrame, place: Place, study: Study) -> Path:
    """Write one table, named as the kind of its place, as CSV into a folder of its own; return the file."""
    name = place.kind
    with being_written(place) as aside:
        write_csv(frame, aside / f"{name}.csv")
        write_json(
            aside / MANIFEST,
            {"study": study.model.study.name, "study_hash": study.content_hash, "table": name, "versions": versions()},
        )
    return place.folder / f"{name}.csv"


def _choice_options(study: Study, options: RunOptions) -> ChoiceOptions:
    run, limit = study.model.run, study.model.run.time_limit_seconds
    notify = options.stage("choosing")

    def tell(progress: Progress) -> None:
        if notify is not None:
            notify(int(min(progress.seconds, limit)), int(limit))

    return ChoiceOptions(gap=run.gap, time_limit_seconds=limit, solver=run.solver, progress=tell)


def effects_of(portfolio: Portfolio) -> tuple[AssumptionEffect, ...]:
    """Return what each assumption moves, in pounds of the portfolio's mean NPV."""
    outcomes = portfolio.appraisal.outcomes
    chosen = portfolio.solution.chosen
    table = outcomes.table.take(chosen) if len(chosen) else watched(outcomes.table, outcomes.npv_mean)
    return assumption_effects(portfolio.study, table, seed=portfolio.appraisal.seed)
