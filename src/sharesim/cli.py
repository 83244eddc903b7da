"""The command line: arguments in, exit code out.

Exit codes: 0 done; 2 the study or the command is at fault; 3 no portfolio satisfies the rules; 1 anything else.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sharesim import __version__
from sharesim.errors import Fault, SharesimError, StudyError, UsageError

DONE, ELSE, AT_FAULT, NO_PORTFOLIO = 0, 1, 2, 3
QUIET_SECONDS = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "command"):
        parser.print_help()
        return AT_FAULT
    try:
        return options.command(options)
    except (StudyError, UsageError) as error:
        return _tell(error, AT_FAULT)
    except SharesimError as error:
        return _tell(error, ELSE)
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return ELSE
    except BrokenPipeError:
        # Whoever read our output has gone, such as `head`; there is nobody left to tell.
        sys.stderr.close()
        return ELSE
    except MemoryError:
        print("Not enough memory. Ask for fewer draws with --draws, or fewer bundles under [bundles].", file=sys.stderr)
        return ELSE


def _tell(error: SharesimError, code: int) -> int:
    for fault in error.faults:
        print(fault, file=sys.stderr)
    if len(error.faults) > 1:
        print(f"{len(error.faults)} faults.", file=sys.stderr)
    return code


# -- arguments ---------------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sharesim",
        description="Decide which public services to share, with whom: simulate what every possible arrangement would be "
        "worth, choose the best set under your rules, and say how sure that is.",
        epilog=textwrap.dedent(
            """\
            a first run:
              sharesim new my-study          a small study with comments, to change
              sharesim check my-study        every fault at once; then what it asks, in words
              sharesim run my-study          decide, and write a report into runs/my-study

            exit codes: 0 done, 2 the study or the command is at fault, 3 no portfolio satisfies the rules, 1 anything else
            """
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sharesim {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    new = _command(commands, "new", _new, "write a starter study with comments", "sharesim new my-study")
    new.add_argument("folder", metavar="DIR", type=Path, help="folder to make; it must not exist yet, or be empty")
    check = _command(
        commands,
        "check",
        _check,
        "list every fault at once; then say what the study asks, in words",
        "sharesim check my-study",
    )
    _study_arguments(check)
    run = _command(
        commands, "run", _run, "appraise, choose, judge on fresh futures, and report",
        "sharesim run my-study --seed 7 --set study.horizon_years=5 --set services.payroll.elasticity=0.9",
    )  # fmt: skip
    _study_arguments(run)
    _run_arguments(run)
    run.add_argument(
        "--judge-draws",
        type=int,
        metavar="N",
        help="fresh futures on which the portfolio is judged (default: the study's)",
    )
    appraise = _command(
        commands,
        "appraise",
        _appraise,
        "simulate every candidate bundle; no choice",
        "sharesim appraise my-study --out bundles",
    )
    _study_arguments(appraise)
    _run_arguments(appraise)
    _batch_commands(commands)
    frontier = _command(
        commands, "frontier", _frontier, "what more value costs in risk, exits or time: the portfolios that no other beats in both",
        "sharesim frontier my-study --against loss_probability --points 7",
    )  # fmt: skip
    _study_arguments(frontier)
    _run_arguments(frontier)
    frontier.add_argument(
        "--against",
        choices=("cvar", "loss_probability", "exits", "non_cashable"),
        default="cvar",
        help="measure set against mean NPV (default: cvar)",
    )
    frontier.add_argument("--points", type=int, default=9, metavar="N", help="most points (default: 9)")
    explain = _command(
        commands, "explain", _explain, "what each rule costs; or, when nothing satisfies the rules, why and what would",
        "sharesim explain my-study",
    )  # fmt: skip
    _study_arguments(explain)
    _run_arguments(explain)
    _command(
        commands,
        "schema",
        _schema,
        "print the JSON Schema of a study, for editors and checkers",
        "sharesim schema > study.schema.json",
    )
    return parser


def _command(commands, name: str, function: Callable, sentence: str, example: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=sentence, description=sentence[0].upper() + sentence[1:] + ".", epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.set_defaults(command=function)
    return parser


def _study_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", type=Path, help="folder with study.toml, or the file itself")
    parser.add_argument("--scenario", metavar="NAME", help="a scenario of the study to apply first")
    parser.add_argument(
        "--set", dest="assignments", action="append", default=[], metavar="PATH=VALUE",
        help="change one value, such as study.horizon_years=5, services.hr.elasticity='pert(0.7, 0.9, 1)' or rules.NAME.active=false; may be repeated",
    )  # fmt: skip


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="run folder (default: runs/ and the study's name); an earlier run there is replaced",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of all draws (default: the study's)")
    parser.add_argument(
        "--draws",
        type=int,
        metavar="N",
        help="futures on which bundles are simulated and chosen (default: the study's)",
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="threads (default: every core); the numbers do not depend on it"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress and no summary; faults are still told")


def _batch_commands(commands) -> None:
    batch = _command(
        commands, "batch", _batch, "do what is missing of many runs: studies x scenarios x grids of changes x seeds",
        "sharesim batch configs/batch-example.toml --jobs 4",
    )  # fmt: skip
    batch.add_argument(
        "plan", metavar="PLAN.toml", type=Path, help="what to run; configs/batch-example.toml shows all of it"
    )
    batch.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="folder of the batch (default: runs/ and the plan's name); what is done there stays done",
    )
    batch.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="processes (default: every core; 0: none but this one); the numbers do not depend on it",
    )
    batch.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask scheduler (tcp://host:8786), its scheduler file, or local; needs sharesim[cluster]",
    )
    batch.add_argument(
        "--dry-run", action="store_true", help="list the runs, their size and about how long they take; run nothing"
    )
    batch.add_argument("--force", action="store_true", help="do every run again")
    batch.add_argument("--only", choices=["failed"], help="do only the runs that failed when they were last tried")
    batch.add_argument(
        "--report",
        action="store_true",
        help="write a full report for every run (summary and tables are always written)",
    )
    batch.add_argument("--quiet", action="store_true", help="no progress and no summary; faults are still told")
    status = _command(
        commands,
        "status",
        _status,
        "say how far a batch is, and what failed and why",
        "sharesim status runs/batch-example",
    )
    status.add_argument("folder", metavar="DIR", type=Path, help="folder of the batch")
    status.add_argument("--json", action="store_true", help="as JSON, for programs")
    compare = _command(
        commands, "compare", _compare, "set the runs of a batch side by side: values, choices that change, where they flip",
        "sharesim compare runs/batch-example --by study.discount_rate_per_year",
    )  # fmt: skip
    compare.add_argument("folder", metavar="DIR", type=Path, help="folder of the batch")
    compare.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="NAME",
        help="a path, a grid's name, scenario or seed (default: all that the plan varies); may be repeated",
    )
    compare.add_argument(
        "--out", metavar="DIR", type=Path, help="where tables, pictures and the page go (default: DIR/compare)"
    )


# -- commands ----------------------------------------------------------------------------------------------------------


def _load(options: argparse.Namespace):
    from sharesim.workflow.doors import load

    return load(options.study, scenario=options.scenario, set=options.assignments)


def _new(options: argparse.Namespace) -> int:
    from sharesim.workflow.new import new

    folder = new(options.folder)
    print(
        f"A starter study is in {folder}. Change study.toml and the tables, then:\n  sharesim check {folder}\n  sharesim run {folder}"
    )
    return DONE


def _check(options: argparse.Namespace) -> int:
    from sharesim.workflow.check import check

    study = _load(options)
    with _progress(False) as stage:
        text = check(study, stage)
    print(text)
    return DONE


def _run(options: argparse.Namespace) -> int:
    from sharesim.workflow.run import RunOptions, run_study

    study = _load(options)
    folder = options.out or Path("runs") / study.model.study.name
    with _progress(options.quiet) as stage:
        settings = RunOptions(options.seed, options.draws, options.judge_draws, options.jobs, stage)
        result = run_study(study, folder, settings)
    if not options.quiet:
        print(
            result.judged.summary()
            if result.judged
            else f"{result.portfolio.summary()}\n{result.portfolio.appraisal.why_not()}"
        )
        print(f"\nThe report: {result.report}" if result.report else f"\nWhat was simulated lies in {result.folder}.")
        print(f"All figures: {folder} ({result.seconds:.1f} s)")
    elif result.judged is None:
        print(result.portfolio.summary(), file=sys.stderr)
    return DONE if result.portfolio.has_portfolio else NO_PORTFOLIO


def _appraise(options: argparse.Namespace) -> int:
    from sharesim.workflow.run import RunOptions, appraise_study

    study = _load(options)
    folder = options.out or Path("runs") / f"{study.model.study.name}-appraisal"
    with _progress(options.quiet) as stage:
        outcomes = appraise_study(study, folder, RunOptions(options.seed, options.draws, None, options.jobs, stage))
    if not options.quiet:
        print(outcomes.summary())
        print(f"\nEvery bundle: {folder / 'bundles.csv'}")
    return DONE


def _batch(options: argparse.Namespace) -> int:
    from sharesim.batch.execute import BatchOptions, run_batch
    from sharesim.batch.progress import listener

    settings = BatchOptions(
        options.out, options.jobs, options.scheduler, options.force, options.only == "failed", options.report
    )
    if options.dry_run:
        from sharesim.batch.sizes import dry_run

        print(dry_run(options.plan, settings).summary())
        return DONE
    try:
        with listener(options.quiet) as listen:
            result = run_batch(options.plan, replace(settings, listen=listen))
    except KeyboardInterrupt:
        print("Stopped; what is done stays done. The same command goes on.", file=sys.stderr)
        return ELSE
    if result.n_failed or not options.quiet:
        print(result.summary(), file=sys.stderr if result.n_failed else sys.stdout)
    return ELSE if result.n_failed else DONE


def _status(options: argparse.Namespace) -> int:
    from sharesim.batch.status import status

    found = status(options.folder)
    print(json.dumps(found.figures(), indent=2, ensure_ascii=False) if options.json else found.summary())
    return DONE if found.is_complete else ELSE


def _compare(options: argparse.Namespace) -> int:
    from sharesim.batch.compare import compare

    found = compare(options.folder, options.by)
    page = found.write(options.out)
    print(f"{found.summary()}\n\nTables, pictures and a page: {page}")
    return DONE


def _frontier(options: argparse.Namespace) -> int:
    from sharesim.workflow.doors import appraise
    from sharesim.workflow.run import write_table

    if options.points < 2:
        raise UsageError(Fault("--points", "too few points", str(options.points), "2 or more", ""))
    study = _load(options)
    with _progress(options.quiet) as stage:
        outcomes = appraise(
            study, draws=options.draws, seed=options.seed, jobs=options.jobs, progress=_stage(stage, "simulating")
        )
    frame = outcomes.frontier(options.against, n_points=options.points)
    return _show(frame, write_table(frame, options.out, study, "frontier"), options.quiet)


def _explain(options: argparse.Namespace) -> int:
    from sharesim.workflow.doors import appraise, choose
    from sharesim.workflow.run import write_table

    study = _load(options)
    with _progress(options.quiet) as stage:
        outcomes = appraise(
            study, draws=options.draws, seed=options.seed, jobs=options.jobs, progress=_stage(stage, "simulating")
        )
    portfolio = choose(outcomes)
    if not portfolio.has_portfolio:
        print(outcomes.why_not())
        return NO_PORTFOLIO
    frame = portfolio.rule_costs()
    return _show(frame, write_table(frame, options.out, study, "rule_costs"), options.quiet)


def _show(frame, path: Path, quiet: bool) -> int:
    if not quiet:
        shown = frame.drop(columns=["bundles"], errors="ignore")
        print(
            "Nothing to show: no portfolio satisfies the rules."
            if frame.empty
            else shown.to_string(index=False, float_format="{:,.3f}".format)
        )
        print(f"\nThe table: {path}")
    return DONE


def _stage(tell: Callable[[str, int, int], None] | None, name: str) -> Callable[[int, int], None] | None:
    return None if tell is None else lambda done, of: tell(name, done, of)


def _schema(options: argparse.Namespace) -> int:
    from sharesim.study.reference import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return DONE


# -- progress ----------------------------------------------------------------------------------------------------------


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a progress callback that draws bars once something takes over two seconds, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    import time

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    bars = Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    begun, tasks, shown = time.monotonic(), {}, False

    def tell(stage: str, done: int, of: int) -> None:
        nonlocal shown
        if not shown and time.monotonic() - begun > QUIET_SECONDS:
            bars.start()
            shown = True
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=of)
        bars.update(tasks[stage], completed=done, total=of)

    try:
        yield tell
    finally:
        if shown:
            bars.stop()


__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
