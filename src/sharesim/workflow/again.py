"""A finished run made again from its own folder: the same bits, or a word that they are not."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sharesim.arguments import a_path, an_instance, takes
from sharesim.display import record
from sharesim.errors import Fault, UsageError
from sharesim.folders.contents import changed
from sharesim.folders.mark import MANIFEST, Origin, read_mark
from sharesim.folders.place import Place, being_written, recovered
from sharesim.report import write_formats
from sharesim.report.formats import FILES, some_formats
from sharesim.study.load import load
from sharesim.study.overrides import Change
from sharesim.study.study import Study
from sharesim.uncertainty.goal import Settled
from sharesim.workflow.contents import contents_of
from sharesim.workflow.doors import appraise, choose, judge
from sharesim.workflow.folder import STUDY, write_json
from sharesim.workflow.judged import Judged
from sharesim.workflow.kept import FILE, Kept, read_kept
from sharesim.workflow.options import BUDGET_SECONDS, beyond
from sharesim.workflow.run import RunOptions, effects_of
from sharesim.workflow.versions import versions

#: Figures that say whether a run made again is the same run.
COMPARED = ("npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp", "probability_of_loss", "one_off_gbp", "cashable_gbp")
#: What is taken from a run's folder beside its manifest and the copy of its study, which is held to its content.
SERVED = ("summary.json", "portfolio.csv", FILE)
#: Rounding of sums that another processor may take in another order; a different future differs in the first digits.
SAME = 1e-9


@record
class Run:
    """A finished run as its folder tells it.

    Parameters
    ----------
    folder : Path
    study : Study
    manifest, summary : mapping
    """

    folder: Path
    study: Study
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]


@takes(folder=a_path)
def read_run(folder: str | Path) -> Run:
    """Return what the folder of a finished run says, with the study as it was run.

    Raises
    ------
    UsageError
        When it is no run, has no portfolio, its study is not the one that was run, or a file that is read again is not
        as it was written.
    """
    folder, remedy = Path(folder), "Give the folder of a finished run, such as runs/my-study."
    recovered(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        hashed, status, chosen = str(manifest["study_hash"]), str(summary["status"]), list(summary["chosen"])
        changes = tuple(Change(item["path"], item["before"], item["after"], item["by"]) for item in manifest["changes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        told = getattr(error, "strerror", None) or type(error).__name__
        raise UsageError(Fault(str(folder), "not a run that can be reported", told.lower(), "", remedy)) from None
    _check_whole(folder, remedy)
    if "npv_mean_gbp" not in summary:
        raise UsageError(Fault(str(folder), "has no portfolio to report", status, "a run with a portfolio", ""))
    if not (folder / STUDY).is_dir():
        fault = Fault(str(folder / STUDY), "the copy of the study is missing", "", "", "Run the study again.")
        raise UsageError(fault)
    study = replace(load(folder / STUDY), changes=changes)
    if study.content_hash != hashed:
        got, allowed = f"content {study.content_hash}", hashed
        remedy = "Run it anew: sharesim run, with this folder of the study."
        raise UsageError(Fault(str(folder / STUDY), "not the study that was run", got, allowed, remedy))
    return Run(folder, study, manifest, summary | {"chosen": chosen})


def _check_whole(folder: Path, remedy: str) -> None:
    """Refuse a run whose figures were changed since: what is served again is held to its digest."""
    mark = read_mark(folder)
    if mark is None:
        raise UsageError(Fault(str(folder), "not a run that can be reported", "no manifest of a run", "", remedy))
    wrong = [] if mark.is_untouched else [MANIFEST]
    wrong += changed(folder, {name: mark.files[name] for name in SERVED if name in mark.files})
    if wrong:
        told, again = "is not as the run wrote it", "Run the study again, or bring back the file."
        raise UsageError([Fault(str(folder / name), told, "", "", again) for name in wrong])


_OPTIONS = an_instance(RunOptions, "not options of a run", "RunOptions", "Write RunOptions(jobs=2).")


@takes(run=an_instance(Run, "not a run", "what read_run returned", "Call read_run(folder) first."), options=_OPTIONS)
def judged_again(run: Run, options: RunOptions | None = None) -> Judged:
    """Return the portfolio of a finished run, simulated, chosen and judged as it was.

    Raises
    ------
    UsageError
        When it comes out otherwise: other versions, another machine, or a search that the clock ended.
    """
    options = options or RunOptions()
    drawn, judged_on = run.manifest["choosing_draws"], run.manifest["judging_draws"]
    outcomes = appraise(
        run.study, draws=int(drawn["used"]), scrambles=drawn.get("scrambles"), seed=int(run.manifest["seed"]),
        jobs=options.jobs, progress=options.stage("simulating"),
    )  # fmt: skip
    outcomes = replace(outcomes, settled=_settled(run, "choosing"))
    judged = judge(
        choose(outcomes), draws=int(judged_on["used"]), scrambles=judged_on.get("scrambles"),
        seed=int(judged_on["seed"]), jobs=options.jobs, progress=options.stage("judging"),
    )  # fmt: skip
    judged = replace(judged, settled=_settled(run, "judging"))
    _compare(run, judged)
    return judged


def _settled(run: Run, what: str) -> Settled | None:
    """Return what a stop rule of the run reached: its draws are asked for by their number here."""
    told = run.manifest.get("stop_rules", {}).get(what)
    return told and Settled(str(told["rule"]), bool(told["reached"]), int(told["draws"]), str(told["said"]))


def _compare(run: Run, judged: Judged) -> None:
    found, wanted = judged.figures(), run.summary
    for name in COMPARED:
        if not math.isclose(float(found[name]), float(wanted[name]), rel_tol=SAME, abs_tol=1e-6):
            got, allowed = f"{name} {found[name]:.10g}", f"{wanted[name]:.10g} as it was run"
            raise UsageError(Fault(str(run.folder), "the run comes out otherwise", got, allowed, _why(run)))


def _why(run: Run) -> str:
    """Return what may have made a difference, and what to do."""
    before, now = run.manifest.get("versions", {}), versions()
    other = [
        f"{name} {before[name]} then, {now.get(name, 'none')} now" for name in before if before[name] != now.get(name)
    ]
    said = f"Other versions: {'; '.join(other)}. " if other else ""
    return f"{said}Run the study again to have a report of one piece."


@takes(folder=a_path, formats=some_formats, out=a_path, options=_OPTIONS)
def report_run(
    folder: str | Path,
    formats: str | Sequence[str] = tuple(FILES),
    out: str | Path | None = None,
    options: RunOptions | None = None,
) -> dict[str, Path]:
    """Write the report of a finished run in other forms, and return the files by form.

    The portfolio is simulated, chosen and judged again from the copy of the study in the run folder, on the same seeds,
    and compared with the figures of the run; searches that took long are read from what the run kept.

    Parameters
    ----------
    folder : str or Path
        Of the run.
    formats : str or sequence of str
        Of html, xlsx, pptx, md; all of them where left out.
    out : str or Path, optional
        Where the files go; the run folder itself where left out.
    options : RunOptions, optional
        Its jobs, progress and replace_edited are used.

    Raises
    ------
    UsageError
        When there is no such run, or it comes out otherwise.
    OutputError
        When the files cannot be written.
    """
    options = options or RunOptions()
    run = read_run(folder)
    place = _place(run, run.folder if out is None else Path(out), formats, options.replace_edited)
    with being_written(place) as aside:
        judged, jobs = judged_again(run, options), options.jobs or 1
        kept = read_kept(run.folder, judged, jobs)
        if kept is None:
            whole = replace(judged, effects=effects_of(judged.portfolio))
            kept = Kept(whole, beyond(whole, BUDGET_SECONDS, jobs), "")
        today = date.fromisoformat(kept.date) if kept.date else None
        contents = contents_of(kept.judged, dict(run.manifest.get("seconds", {})), today, kept.beyond)
        contents = replace(contents, versions=dict(run.manifest.get("versions", {})))
        files = write_formats(contents, aside, formats)
        if place.kind == "report":
            about = {name: run.manifest.get(name) for name in ("study", "study_hash", "seed", "versions")}
            write_json(aside / MANIFEST, about)
    return {name: place.folder / file.name for name, file in files.items()}


def _place(run: Run, target: Path, asked: Sequence[str], replace_edited: bool) -> Place:
    """Return the place of a run's report: beside the run's own files, or a folder that holds reports of this run."""
    expected = (*(FILES[name] for name in asked), *(("figures",) if "html" in asked else ()))
    mark = read_mark(run.folder)
    if mark is not None and target.resolve() == run.folder.resolve():
        return Place(target, mark.kind, mark.origin, replace_edited, expected, add=True)
    origin = Origin(f"run {run.manifest['study_hash']}, seed {run.manifest['seed']}")
    return Place(target, "report", origin, replace_edited, expected, add=True)
