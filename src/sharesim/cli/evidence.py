"""Commands about worked cases and evidence: `cases`, `new --like`, `backtest`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from sharesim.errors import Fault, OutputError, StudyError

DONE, ELSE, AT_FAULT = 0, 1, 2


def cases_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sharesim cases`."""
    parser.add_argument(
        "--run", action="store_true", help="run every case and print published figures beside the results"
    )
    said = "folder of the returns from which some cases build their tables; without it those are left out"
    parser.add_argument("--returns", metavar="DIR", type=Path, help=said)
    parser.add_argument("--out", metavar="FILE", type=Path, help="with --run: write the page to this file, a new one")
    parser.add_argument("--replace", action="store_true", help="with --out: keep a file that is there as FILE.kept")
    parser.add_argument("--draws", type=int, metavar="N", help="with --run: futures (default: each study's own)")


def cases_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim cases`; return the exit code."""
    from sharesim.workflow.cases import listing

    if not options.run:
        print(listing())
        return DONE
    from sharesim.folders.fresh import check_free, keep_aside, made_whole
    from sharesim.workflow.cases_page import cases_page

    if options.out is not None and not options.replace:
        check_free(options.out)
    page = cases_page(returns=options.returns, draws=options.draws)
    if options.out is None:
        print(page)
    else:
        try:
            keep_aside(options.out)
            with made_whole(options.out) as aside:
                aside.write_text(page, encoding="utf-8", newline="\n")
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(
                Fault(str(options.out), f"cannot be written: {reason}", "", "", "Choose another.")
            ) from None
        print(f"The page: {options.out}")
    return DONE


def new_like_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim new DIR --like NAME`; return the exit code."""
    from sharesim.workflow.cases import BUILDER, new_like

    folder = new_like(options.folder, options.like)
    print(f"A copy of {options.like} is in {folder}. Every figure is explained in sources.md.")
    if (folder / BUILDER).is_file():
        print(f"Its tables are built from returns:\n  python {folder / BUILDER} --returns DIR")
    print(f"Change study.toml and the tables, then:\n  sharesim check {folder}\n  sharesim run {folder}")
    return DONE


def replace_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument of all that write into a folder."""
    said = "keep a file of an earlier result that was edited since as NAME.kept, instead of refusing to replace it"
    parser.add_argument("--replace", action="store_true", help=said)


def backtest_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sharesim backtest`."""
    parser.add_argument("table", metavar="TABLE", type=Path, help="register of arrangements, CSV (docs/evidence.md)")
    said = "a study whose costs are used for arrangements that it holds; may be repeated"
    parser.add_argument("--study", action="append", default=[], type=Path, metavar="DIR", help=said)
    parser.add_argument(
        "--places", metavar="FILE", type=Path, help="CSV of councils' populations: name, population, kind"
    )
    said = "year up to which the register could see endings (default: the latest year named in it)"
    parser.add_argument("--as-of", type=int, metavar="YEAR", help=said)
    parser.add_argument("--draws", type=int, default=16_384, metavar="N", help="draws (default: 16384)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of all draws (default: 1)")
    said = "folder of tables and figures (default: runs/ and the table's name); an earlier one there is replaced"
    parser.add_argument("--out", metavar="DIR", type=Path, help=said)
    replace_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="no summary; faults are still told")


def backtest_command(options: argparse.Namespace) -> int:
    """Carry out `sharesim backtest`; return the exit code."""
    from sharesim.folders.choose import own_folder
    from sharesim.folders.mark import Origin
    from sharesim.folders.place import Place, check
    from sharesim.workflow.backtest.score import backtest
    from sharesim.workflow.doors import load

    folder, why = options.out, ""
    if folder is None:
        origin = Origin(str(options.table.resolve()))
        folder, why = own_folder(Path("runs"), f"backtest-{options.table.stem}", "backtest", origin)
    check(Place(folder, "backtest", replace_edited=options.replace))
    studies = [load(folder) for folder in options.study]
    found = backtest(
        options.table,
        studies=studies,
        places=options.places,
        draws=options.draws,
        seed=options.seed,
        as_of=options.as_of,
    )
    found.write(folder, options.replace)
    if not options.quiet:
        print(f"{found.summary()}\n\nTables and figures: {folder}" + (f"; a folder of its own: {why}" if why else ""))
    return DONE


def each_study(options: argparse.Namespace, command: Callable[[argparse.Namespace], int]) -> int:
    """Run a command on every study named; what cannot be run is told and the others go on. Return the worst exit code.

    Plans of batches among them, as ``configs/*`` may hold, are named and left out.
    """
    studies, out, worst = options.study, options.out, DONE
    if len(studies) == 1:
        return command(argparse.Namespace(**{**vars(options), "study": studies[0]}))
    for study in studies:
        if _is_plan(study):
            print(f"{study}: the plan of a batch, left out; `sharesim batch {study}` runs it.", file=sys.stderr)
            continue
        if not options.quiet:
            print(f"\n{study}\n{'-' * len(str(study))}")
        one = {**vars(options), "study": study, "out": None, "below": out}
        try:
            worst = max(worst, command(argparse.Namespace(**one)))
        except (StudyError, OutputError) as error:
            print(f"{study}: not run.", file=sys.stderr)
            for fault in error.faults:
                print(f"  {fault}", file=sys.stderr)
            worst = max(worst, AT_FAULT if isinstance(error, StudyError) else ELSE)
    return worst


def _is_plan(path: Path) -> bool:
    """Whether a file is the plan of a batch; what cannot be read is left to the study's own messages."""
    from sharesim.study.files import read_toml

    try:
        return path.is_file() and path.suffix == ".toml" and "batch" in read_toml(path)
    except (OSError, StudyError):
        return False
