"""The words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from sharesim import __version__
from sharesim.cli import commands as do
from sharesim.cli import evidence

EPILOG = """\
a first run:
  sharesim new my-study          a small study with comments, to change
                                 (or a workbook: sharesim template . --councils "A,B" --services "HR,Legal")
  sharesim cases                 the worked cases; `sharesim new my-study --like NAME` copies one
  sharesim check my-study        every fault at once; then what it asks, in words
  sharesim run my-study          decide, and write a report into runs/my-study

exit codes: 0 done, 2 the study or the command is at fault, 3 no portfolio satisfies the rules, 1 anything else
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    result = argparse.ArgumentParser(
        prog="sharesim",
        description="Decide which public services to share, with whom: simulate what every possible arrangement would "
        "be worth, choose the best set under your rules, and say how sure that is.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--version", action="version", version=f"sharesim {__version__}")
    commands = result.add_subparsers(title="commands", metavar="COMMAND")
    _study_commands(commands)
    _office_commands(commands)
    _batch_commands(commands)
    _question_commands(commands)
    return result


def _study_commands(commands) -> None:
    """The commands of a first run."""
    new = _command(commands, "new", do.new_command, "write a starter study with comments", "sharesim new my-study")
    new.add_argument("folder", metavar="DIR", type=Path, help="folder to make; it must not exist yet, or be empty")
    new.add_argument("--like", metavar="NAME", help="copy a worked case instead; `sharesim cases` lists them")
    sentence = "list the worked cases with their size, or run them all and print what came out"
    cases = _command(commands, "cases", evidence.cases_command, sentence, "sharesim cases")
    evidence.cases_arguments(cases)
    sentence = "list every fault at once; then say what the study asks, in words"
    _study_arguments(_command(commands, "check", do.check_command, sentence, "sharesim check my-study"))
    example = "sharesim run my-study --seed 7 --set study.horizon_years=5 --set services.payroll.elasticity=0.9"
    sentence = "appraise, choose, judge on fresh futures, and report"
    run = _command(commands, "run", do.run_command, sentence, example)
    _study_arguments(run, many=True)
    _run_arguments(run)
    _solver_argument(run)
    judged = "fresh futures on which the portfolio is judged (default: the study's)"
    run.add_argument("--judge-draws", type=int, metavar="N", help=judged)
    forms = "forms of the report: html, xlsx, pptx, md, or all (default: html)"
    run.add_argument("--format", default="html", metavar="FORMS", help=forms)
    _appraisal_arguments(run)
    run.add_argument(
        "--judge-until", metavar="RULE", help="a stop rule in place of --judge-draws, such as 'p10 within 20000'"
    )
    run.add_argument(
        "--explain", type=float, default=60.0, metavar="SECONDS",
        help="time for the searches behind what red lines cost, options and plans B (default: 60; 0 leaves them out)",
    )  # fmt: skip
    example = "sharesim appraise my-study --out bundles"
    sentence = "simulate every candidate bundle; no choice"
    appraise = _command(commands, "appraise", do.appraise_command, sentence, example)
    _study_arguments(appraise)
    _run_arguments(appraise)
    _appraisal_arguments(appraise)


def _office_commands(commands) -> None:
    """The commands for those who work in Excel, and for the papers of a committee."""
    formats = "forms, with commas between: html, xlsx (workbook), pptx (six slides), md; or all"
    sentence = "write the report of a finished run in other forms: a workbook, slides, Markdown"
    example = "sharesim report runs/my-study --format xlsx,pptx"
    report = _command(commands, "report", do.report_command, sentence, example)
    report.add_argument("run", metavar="RUN", type=Path, help="folder of a finished run")
    report.add_argument("--format", default="all", metavar="FORMS", help=f"{formats} (default: all)")
    report.add_argument("--out", metavar="DIR", type=Path, help="where the files go (default: the run's folder)")
    evidence.replace_argument(report)
    report.add_argument("--jobs", type=int, metavar="N", help="threads (default: every core)")
    report.add_argument("--quiet", action="store_true", help="no progress and no summary; faults are still told")
    sentence = "write an Excel workbook to fill in, with example figures, drop-downs and instructions"
    example = 'sharesim template . --councils "Eastham,Westham,Northam" --services "HR,Legal"'
    template = _command(commands, "template", do.template_command, sentence, example)
    said = "folder that gets my-study.xlsx, or a file ending in .xlsx"
    template.add_argument("out", metavar="DIR", type=Path, help=said)
    template.add_argument("--councils", required=True, metavar="NAMES", help="their names, with commas between")
    template.add_argument("--services", required=True, metavar="NAMES", help="their names, with commas between")
    template.add_argument("--blank", action="store_true", help="leave the figures empty instead of examples")
    sentence = "write a study as a workbook, or as a folder of study.toml and CSV tables; only comments are lost"
    convert = _command(commands, "convert", do.convert_command, sentence, "sharesim convert my-study my-study.xlsx")
    convert.add_argument("study", metavar="STUDY", type=Path, help="folder with study.toml, or a workbook")
    convert.add_argument("out", metavar="OUT", type=Path, help="a new file ending in .xlsx, or a new folder")


def _question_commands(commands) -> None:
    """The commands that ask more of a study than one best portfolio."""
    sentence = "what more value costs in risk, exits or time: the portfolios that no other beats in both"
    example = "sharesim frontier my-study --against loss_probability --points 7"
    frontier = _command(commands, "frontier", do.frontier_command, sentence, example)
    _study_arguments(frontier)
    _run_arguments(frontier)
    _solver_argument(frontier)
    measures = ("cvar", "loss_probability", "exits", "non_cashable")
    said = "measure set against mean NPV (default: cvar)"
    frontier.add_argument("--against", choices=measures, default="cvar", help=said)
    frontier.add_argument("--points", type=int, default=9, metavar="N", help="most points (default: 9)")
    sentence = "what each rule costs; or, when nothing satisfies the rules, why and what would"
    explain = _command(commands, "explain", do.explain_command, sentence, "sharesim explain my-study")
    _study_arguments(explain)
    _run_arguments(explain)
    _solver_argument(explain)
    sentence = "set what real arrangements published beside what general evidence would have said of them"
    example = "sharesim backtest register.csv --places populations.csv"
    evidence.backtest_arguments(_command(commands, "backtest", evidence.backtest_command, sentence, example))
    sentence = "actual figures beside a run's futures: percentile, projected out-turn, on track or not"
    track = _command(commands, "track", do.track_command, sentence, "sharesim track runs/my-study actuals.csv")
    track.add_argument("run", metavar="RUN", type=Path, help="folder of a finished run")
    period, measure = "2027-28, or a day of the month such as 2027-04-01", "net, cashable, one_off, non_cashable"
    said = (
        f"CSV with columns period ({period}), measure ({measure}), gbp; arrangement (letter or bundle) and council "
        "where a figure is not of all together"
    )
    track.add_argument("actuals", metavar="ACTUALS.csv", type=Path, help=said)
    track.add_argument("--out", metavar="DIR", type=Path, help="folder of the highlight report (default: RUN-track)")
    evidence.replace_argument(track)
    said = "how far a future may lie from what was seen, as a share of the futures' spread (default: 0.25)"
    track.add_argument("--noise", type=float, default=0.25, metavar="SHARE", help=said)
    track.add_argument("--quiet", action="store_true", help="no summary; faults are still told")
    sentence = "print the JSON Schema of a study, for editors and checkers"
    _command(commands, "schema", do.schema_command, sentence, "sharesim schema > study.schema.json")


def _command(commands, name: str, function: Callable, sentence: str, example: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=sentence, description=sentence[0].upper() + sentence[1:] + ".", epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.set_defaults(command=function)
    return parser


def _study_arguments(parser: argparse.ArgumentParser, many: bool = False) -> None:
    said = "folder with study.toml, that file, or a workbook" + ("; several are run one after another" if many else "")
    parser.add_argument("study", metavar="STUDY", type=Path, help=said, nargs="+" if many else None)
    parser.add_argument("--scenario", metavar="NAME", help="a scenario of the study to apply first")
    parser.add_argument(
        "--set", dest="assignments", action="append", default=[], metavar="PATH=VALUE",
        help="change one value, such as study.horizon_years=5, services.hr.elasticity='pert(0.7, 0.9, 1)' or "
        "rules.NAME.active=false; may be repeated",
    )  # fmt: skip


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="run folder (default: runs/ and the study's name, and a scenario's); an earlier run there is replaced, "
        "what others put beside it stays",
    )
    evidence.replace_argument(parser)
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


def _solver_argument(parser: argparse.ArgumentParser) -> None:
    said = "program that searches for the portfolio: auto, cbc or highs; the same as --set run.solver=NAME"
    parser.add_argument(
        "--solver", dest="assignments", action="append", type="run.solver={}".format, metavar="NAME", help=said
    )


def _appraisal_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--memory", type=float, metavar="GB",
        help="memory for draws and work (default: a quarter of the machine's, 8 at most); draws that do not fit are "
        "worked out again when asked for, to the same bits",
    )  # fmt: skip
    parser.add_argument(
        "--until", metavar="RULE",
        help="draw until it holds, in place of --draws: 'mean within 5000' (standard error of every bundle's mean; "
        "also sd, p10, cvar, p_loss) or 'best 3 settled'; at most run.most_draws",
    )  # fmt: skip


def _batch_commands(commands) -> None:
    sentence = "do what is missing of many runs: studies x scenarios x grids of changes x seeds"
    example = "sharesim batch configs/batch-example.toml --jobs 4"
    batch = _command(commands, "batch", do.batch_command, sentence, example)
    batch.add_argument(
        "plan", metavar="PLAN.toml", type=Path, help="what to run; configs/batch-example.toml shows all of it"
    )
    batch.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="folder of the batch (default: runs/ and the plan's name); what is done there stays done",
    )
    said = "processes (default: every core; 0: none but this one); the numbers do not depend on it"
    batch.add_argument("--jobs", type=int, metavar="N", help=said)
    batch.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask scheduler (tcp://host:8786, tls://host:8786), its scheduler file, or local; needs "
        "sharesim[cluster]; who reaches a scheduler can run code on it, see SECURITY.md",
    )
    batch.add_argument(
        "--dry-run", action="store_true", help="list the runs, their size and about how long they take; run nothing"
    )
    batch.add_argument("--force", action="store_true", help="do every run again")
    batch.add_argument(
        "--only", choices=["failed", "unproven"],
        help="do only the runs that failed when they were last tried; or do again those that ended before it was known "
        "whether any portfolio keeps the rules",
    )  # fmt: skip
    batch.add_argument(
        "--report",
        action="store_true",
        help="write a full report for every run (summary and tables are always written)",
    )
    batch.add_argument("--quiet", action="store_true", help="no progress and no summary; faults are still told")
    sentence = "say how far a batch is, and what failed and why"
    status = _command(commands, "status", do.status_command, sentence, "sharesim status runs/batch-example")
    status.add_argument("folder", metavar="DIR", type=Path, help="folder of the batch")
    status.add_argument("--json", action="store_true", help="as JSON, for programs")
    sentence = "set the runs of a batch side by side: values, choices that change, where they flip"
    example = "sharesim compare runs/batch-example --by study.discount_rate_per_year"
    compare = _command(commands, "compare", do.compare_command, sentence, example)
    compare.add_argument("folder", metavar="DIR", type=Path, help="folder of the batch")
    compare.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="NAME",
        help="a path, a grid's name, scenario or seed (default: all that the plan varies); may be repeated",
    )
    said = "where tables, pictures and the page go (default: DIR/compare)"
    compare.add_argument("--out", metavar="DIR", type=Path, help=said)
    evidence.replace_argument(compare)
