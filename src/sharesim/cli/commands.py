"""What each command does: arguments in, exit code out; everything heavy is imported when its command runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sharesim.cli.progress import progress
from sharesim.errors import Fault, UsageError

#: Exit codes: done; anything else; the study or the command is at fault; no portfolio satisfies the rules.
DONE, ELSE, AT_FAULT, NO_PORTFOLIO = 0, 1, 2, 3


def _load(options: argparse.Namespace):
    from sharesim.workflow.doors import load

    return load(options.study, scenario=options.scenario, set=options.assignments)


def new_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim new`; return the exit code."""
    from sharesim.workflow.new import new

    if options.like is not None:
        from sharesim.cli.evidence import new_like_command

        return new_like_command(options)
    folder = new(options.folder)
    print(
        f"A starter study is in {folder}. Change study.toml and the tables, then:\n"
        f"  sharesim check {folder}\n  sharesim run {folder}"
    )
    return DONE


def check_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim check`; return the exit code."""
    from sharesim.workflow.check import check

    study = _load(options)
    with progress(False) as stage:
        text = check(study, stage)
    print(text)
    return DONE


def run_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim run`; return the exit code."""
    if isinstance(options.study, list):
        from sharesim.cli.evidence import each_study

        return each_study(options, run_command)
    from sharesim.report.formats import formats_of
    from sharesim.workflow.run import RunOptions, run_study

    if not 0 <= options.explain <= 1e6:
        allowed = "seconds from 0, which leaves options, red lines and plans B out"
        raise UsageError(Fault("--explain", "not a time", f"{options.explain:g}", allowed, ""))
    study = _load(options)
    folder, why = _own(options, study, "run")
    with progress(options.quiet) as stage:
        settings = RunOptions(
            options.seed, options.draws, options.judge_draws, options.jobs, stage,
            until=options.until, judge_until=options.judge_until, formats=formats_of(options.format),
            explain_seconds=options.explain, memory_gb=options.memory, replace_edited=options.replace,
        )  # fmt: skip
        result = run_study(study, folder, settings)
    if not options.quiet:
        print(
            result.judged.summary()
            if result.judged
            else f"{result.portfolio.summary()}\n{result.portfolio.appraisal.why_not()}"
        )
        print(f"\nThe report: {result.report}" if result.report else f"\nWhat was simulated lies in {result.folder}.")
        print(f"All figures: {folder} ({result.seconds:.1f} s){why}")
    elif result.judged is None:
        print(result.portfolio.summary(), file=sys.stderr)
    _tell_apart(options, folder, why)
    return DONE if result.portfolio.has_portfolio else NO_PORTFOLIO


def report_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim report`; return the exit code."""
    from sharesim.workflow.again import report_run
    from sharesim.workflow.run import RunOptions

    with progress(options.quiet) as stage:
        settings = RunOptions(jobs=options.jobs, progress=stage, replace_edited=options.replace)
        files = report_run(options.run, options.format, options.out, settings)
    if not options.quiet:
        print("The run was simulated again from its copy of the study, and came out the same. The report:")
        print("\n".join(f"  {file}" for file in files.values()))
    return DONE


def template_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim template`; return the exit code."""
    from sharesim.study.excel_template import template

    councils, services = (names.split(",") for names in (options.councils, options.services))
    file = template(options.out, councils=councils, services=services, blank=options.blank)
    print(f"A workbook to fill in: {file}. Open it, begin with the sheet Instructions, then:")
    print(f"  sharesim check {file}\n  sharesim run {file}")
    return DONE


def convert_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim convert`; return the exit code."""
    from sharesim.study.convert import convert

    print(f"The same study, written anew: {convert(options.study, options.out)}")
    return DONE


def appraise_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim appraise`; return the exit code."""
    from sharesim.workflow.run import RunOptions, appraise_study

    study = _load(options)
    folder, why = _own(options, study, "appraisal", "-appraisal")
    with progress(options.quiet) as stage:
        settings = RunOptions(
            options.seed, options.draws, None, options.jobs, stage, until=options.until, memory_gb=options.memory,
            replace_edited=options.replace,
        )  # fmt: skip
        outcomes = appraise_study(study, folder, settings)
    if not options.quiet:
        print(outcomes.summary())
        print(f"\nEvery bundle: {folder / 'bundles.csv'}{why}")
    _tell_apart(options, folder, why)
    return DONE


def track_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim track`; return the exit code."""
    from sharesim.folders.choose import own_folder
    from sharesim.folders.mark import Origin
    from sharesim.folders.place import Place, check
    from sharesim.workflow.track import summary, track, write_track

    run = options.run.resolve()
    own = own_folder(options.run.parent, f"{run.name}-track", "track", Origin(str(run / "study")))
    folder, why = (options.out, "") if options.out else _apart(*own)
    check(Place(folder, "track", replace_edited=options.replace))
    found = track(options.run, options.actuals, noise_share=options.noise)
    page = write_track(found, folder, options.replace)
    if not options.quiet:
        print(f"{summary(found)}\n\nThe highlight report: {page}{why}")
    _tell_apart(options, folder, why)
    return DONE


def batch_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim batch`; return the exit code."""
    from sharesim.batch.execute import BatchOptions, run_batch
    from sharesim.batch.progress import listener

    settings = BatchOptions(
        options.out, options.jobs, options.scheduler, options.force, options.only, options.report
    )
    if options.dry_run:
        from sharesim.batch.sizes import dry_run

        with listener(options.quiet) as listen:
            found = dry_run(options.plan, replace(settings, listen=listen))
        print(found.summary())
        return ELSE if found.n_at_fault else DONE
    try:
        with listener(options.quiet) as listen:
            result = run_batch(options.plan, replace(settings, listen=listen))
    except KeyboardInterrupt:
        print("Stopped; what is done stays done. The same command goes on.", file=sys.stderr)
        return ELSE
    if result.n_failed or result.n_unproven or not options.quiet:
        print(result.summary(), file=sys.stderr if result.n_failed or options.quiet else sys.stdout)
    return ELSE if result.n_failed else DONE


def status_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim status`; return the exit code."""
    from sharesim.batch.status import status

    found = status(options.folder)
    print(json.dumps(found.figures(), indent=2, ensure_ascii=False) if options.json else found.summary())
    return DONE if found.is_complete else ELSE


def compare_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim compare`; return the exit code."""
    from sharesim.batch.compare import compare

    found = compare(options.folder, options.by)
    page = found.write(options.out, options.replace)
    print(f"{found.summary()}\n\nTables, pictures and a page: {page}")
    return DONE


def frontier_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim frontier`; return the exit code."""
    from sharesim.workflow.doors import appraise

    if options.points < 2:
        raise UsageError(Fault("--points", "too few points", str(options.points), "2 or more", ""))
    study = _load(options)
    place, why = _table_place(options, study, "frontier")
    with progress(options.quiet) as stage:
        outcomes = appraise(
            study, draws=options.draws, seed=options.seed, jobs=options.jobs, progress=_stage(stage, "simulating")
        )
    frame = outcomes.frontier(options.against, n_points=options.points)
    code = _write_and_show(frame, place, why, options.quiet, study)
    if not frame.attrs["complete"]:
        print("Time ran out in some of these searches: points may be missing, or not the best.", file=sys.stderr)
    return code


def explain_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim explain`; return the exit code."""
    from sharesim.workflow.doors import appraise, choose

    study = _load(options)
    place, why = _table_place(options, study, "rule_costs")
    with progress(options.quiet) as stage:
        outcomes = appraise(
            study, draws=options.draws, seed=options.seed, jobs=options.jobs, progress=_stage(stage, "simulating")
        )
    portfolio = choose(outcomes)
    if not portfolio.has_portfolio:
        print(outcomes.why_not())
        return NO_PORTFOLIO
    frame = portfolio.rule_costs()
    return _write_and_show(frame, place, why, options.quiet, study)


def _own(options: argparse.Namespace, study, kind: str, ending: str = "") -> tuple[Path, str]:
    """Return the folder asked for, or else the study's own, and a note where that is not simply the study's name."""
    from sharesim.workflow.folder import own_folder_of

    if options.out:
        return options.out, ""
    return _apart(*own_folder_of(study, kind, ending, getattr(options, "below", None)))


def _apart(folder: Path, why: str) -> tuple[Path, str]:
    return folder, f"; a folder of its own: {why}" if why else ""


def _tell_apart(options: argparse.Namespace, folder: Path, why: str) -> None:
    """Print where a result lies even with --quiet, when its folder is not simply the study's name."""
    if options.quiet and why:
        print(f"{folder}{why}", file=sys.stderr)


def _table_place(options: argparse.Namespace, study, kind: str):
    """Return the place for a table, checked before the work begins, and the note on its folder."""
    from sharesim.folders.place import check
    from sharesim.workflow.folder import place_of

    folder, why = _own(options, study, kind, f"-{kind.replace('_', '-')}")
    place = place_of(study, folder, kind, options.replace)
    check(place)
    return place, why


def _write_and_show(frame, place, why: str, quiet: bool, study) -> int:
    from sharesim.workflow.explore import spoken
    from sharesim.workflow.run import write_table
    from sharesim.workflow.words import money_note

    path = write_table(frame, place, study)
    if not quiet:
        shown = spoken(frame.drop(columns=["bundles"], errors="ignore"))
        nothing = "Nothing to show: there are no rules, or no portfolio satisfies them."
        print(nothing if frame.empty else f"{shown.to_string(index=False)}\n{money_note(study)}")
        print(f"\nThe table: {path}{why}")
    elif why:
        print(f"{path}{why}", file=sys.stderr)
    return DONE


def _stage(tell: Callable[[str, int, int], None] | None, name: str) -> Callable[[int, int], None] | None:
    return None if tell is None else lambda done, of: tell(name, done, of)


def schema_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim schema`; return the exit code."""
    from sharesim.study.reference import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return DONE
