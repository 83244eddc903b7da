"""From files to a checked study: TOML and CSV or Excel tables in, every fault at once or a `Study` out.

Nothing here runs code from a file: TOML is parsed by the standard library, cells by a small parser of distributions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sharesim.errors import Fault, StudyError, UsageError
from sharesim.study import overrides
from sharesim.study.compile import compile_study
from sharesim.study.defaults import fill_defaults
from sharesim.study.excel import ENDINGS
from sharesim.study.excel_study import read_workbook
from sharesim.study.files import NOT_FOUND, missing, read_toml
from sharesim.study.labels import unknown_name
from sharesim.study.observations import Observations
from sharesim.study.places import Place, Placed, Places, in_order
from sharesim.study.plain import shown, tidy
from sharesim.study.schema import ROWS
from sharesim.study.sizes import oversized
from sharesim.study.study import Study
from sharesim.study.tables import read_table
from sharesim.study.validate import scenario_faults, validated

NEEDED_TABLES = ("councils", "services", "baseline")


def load(path: str | Path, *, scenario: str | None = None, assignments: Sequence[str | tuple[str, Any]] = ()) -> Study:
    """Read, check and compile a study.

    Parameters
    ----------
    path : str or Path
        The study's folder (holding study.toml), the TOML file itself, or a workbook (.xlsx).
    scenario : str, optional
        Name of a scenario of the study whose overrides apply first.
    assignments : sequence of ``"path=value"`` or (path, value)
        Overrides on top; the last word wins.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every fault that was found, in the order of the files.
    UsageError
        When an override names something that is not there.

    Examples
    --------
    >>> import tempfile
    >>> from sharesim.examples import two_councils
    >>> from sharesim.study.dump import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write(two_councils().model, folder)
    ...     study = load(folder, assignments=["study.horizon_years=5"])
    >>> study.n_years, study.changes[0].path
    (5, 'study.horizon_years')
    """
    raw, places = read_raw(path)
    study = build(raw, places, scenario=scenario, assignments=assignments)
    return replace(study, source=source_of(path), scenario=scenario or "")


def source_of(path: str | Path) -> str:
    """Return where a study lies, from the root: its folder or file, the same however it was spelled."""
    file = _study_file(path)
    return os.path.realpath(file.parent if file.name == "study.toml" else file)


def build(
    raw: dict[str, Any],
    places: Places,
    *,
    scenario: str | None = None,
    assignments: Sequence[str | tuple[str, Any]] = (),
    observations: Observations | None = None,
) -> Study:
    """Check and compile a study that was read already (`read_raw`) or written as a dict.

    Observed values in files beside the study are read here, unless `observations` has read them before.

    Raises
    ------
    StudyError
        With every fault that was found, in the order of the files.
    UsageError
        When an override names something that is not there.
    """
    if faults := oversized(raw, places):
        raise StudyError(in_order([*places.faults, *faults]))
    original = raw
    changes: tuple[overrides.Change, ...] = ()
    asked = [(f"scenario {scenario}", _scenario_pairs(raw, scenario)), ("command line", _pairs(assignments))]
    for by, pairs in asked:
        raw, found = overrides.apply(raw, [pair for pair in pairs if pair[0].startswith("tables.")], by)
        changes += found
    raw, places = _with_other_tables(raw, places, changes)
    for by, pairs in asked:
        raw, found = overrides.apply(raw, [pair for pair in pairs if not pair[0].startswith("tables.")], by)
        changes += found
    observations = observations or Observations(places.folder)
    raw, original = observations.put_into(raw), observations.put_into(original)
    filled, faults = fill_defaults(raw, places.about(raw, changes))
    here = places.about(filled, changes)
    model, more = validated(filled, here)
    faults = [*places.faults, *faults, *more]
    if scenario is None:
        faults += scenario_faults(original, places)
    if faults or model is None:
        raise StudyError(in_order(faults))
    return compile_study(model, here, changes)


def read_raw(path: str | Path) -> tuple[dict[str, Any], Places]:
    """Read the files of a study without checking what they say.

    Returns
    -------
    raw : dict
        The TOML document with the tables as lists of rows of text.
    places : Places
        Where each table came from, for messages, and the faults of tables that could not be read.

    Raises
    ------
    StudyError
        When there is no study file, or it is not TOML.
    """
    file = _study_file(path)
    if file.suffix.lower() in ENDINGS:
        return read_workbook(file)
    return _with_tables(read_toml(file), file, tuple(ROWS))


def _study_file(path: str | Path) -> Path:
    path = Path(path)
    try:
        file = path / "study.toml" if path.is_dir() else path
        found = file.exists()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise StudyError(
            Fault(shown(path.name), "cannot be read", reason[0].lower() + reason[1:], "", "Check it.")
        ) from None
    if not found:
        if path.is_dir():
            remedy = "Give a study's folder, or make one with: sharesim new DIR"
            raise StudyError(Fault(str(path), "the folder has no study.toml", "", "", remedy))
        close = missing(path, str(path)).remedy
        remedy = (
            close if close.startswith("Did you mean") else "Give a study's folder, or make one with: sharesim new DIR"
        )
        raise StudyError(Fault(str(path), "there is no such file or folder", "", "", remedy))
    if file.suffix.lower() not in (".toml", *ENDINGS):
        allowed = "a folder with study.toml, or a workbook"
        raise StudyError(Fault(str(path), "not a study", file.suffix or "a file", allowed, "Give one of these."))
    return file


def _pairs(assignments: Sequence[str | tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [overrides.read_assignment(item) if isinstance(item, str) else item for item in assignments]


def _scenario_pairs(raw: Mapping[str, Any], scenario: str | None) -> list[tuple[str, Any]]:
    if scenario is None:
        return []
    scenarios = raw.get("scenarios")
    scenarios = scenarios if isinstance(scenarios, dict) else {}
    if scenario not in scenarios:
        raise UsageError(tidy(unknown_name("--scenario", "scenario", scenario, scenarios)))
    if not isinstance(scenarios[scenario], dict):
        where = f"scenario {scenario}"
        raise UsageError(Fault(where, "not a table of overrides", shown(scenarios[scenario]), "path = value", ""))
    return list(overrides.paths_of(scenarios[scenario]))


def _with_tables(
    document: dict[str, Any], file: Path, tables: Sequence[str], before: Places | None = None
) -> tuple[dict[str, Any], Places]:
    """Read the tables asked for, by the names that the document gives, or where they lie beside it."""
    given = document.get("tables")
    given = given if isinstance(given, dict) else {}
    places = before or Places(file.name, {}, folder=file.parent)
    files, numbers, unread = dict(places.files), dict(places.number), set(places.unread)
    faults: list[Placed] = list(places.faults)
    absent = set(places.absent)
    rows: dict[str, Any] = {}
    for table in tables:
        name, position = _file_of(table, given, file.parent, inline=table in document), tuple(ROWS).index(table) + 1
        if name is None:
            continue
        if table in document:
            both = Place(f"{file.name}: {table}", (0, 0))
            faults.append(both.fault("given twice", f"here and in {name}", "one place", "Drop one of the two."))
            unread.add(table)
            continue
        files[table] = name
        try:
            found = read_table(file.parent, name, table)
        except StudyError as error:
            faults += [Placed((position, 0), _with_builder(fault, given)) for fault in error.faults]
            unread.add(table)
            continue
        rows[table], numbers[table] = found.rows, found.number
        faults += [Placed((position, row), fault) for row, fault in found.faults]
        absent |= {(table, column) for column in found.absent}
        if found.absent & {"id", "council", "service", "profile"}:
            unread.add(table)
    parts = (tuple(faults), frozenset(unread), places.folder, frozenset(absent))
    known = Places(places.study, files, numbers, *parts, places.cells, places.letters)
    return {**document, **rows}, known


def _with_builder(fault: Fault, given: Mapping[str, Any]) -> Fault:
    """Say how a table that is not there is built, where the study says it."""
    builder = given.get("built_by")
    if fault.problem != NOT_FOUND or not isinstance(builder, str) or not builder.strip():
        return fault
    return replace(fault, problem="not built yet", remedy=f"In the study's folder: {builder.strip()[:200]}")


def _with_other_tables(
    raw: dict[str, Any], places: Places, changes: Sequence[overrides.Change]
) -> tuple[dict[str, Any], Places]:
    """Read the tables again whose file an override names."""
    changed = [str(change.loc[1]) for change in changes if change.loc[1] in ROWS]
    if not changed:
        return raw, places
    if places.folder is None:
        where = f"{changes[0].by}: {changes[0].path}"
        remedy = "Give the rows themselves."
        raise UsageError(Fault(where, "a file for a study that lies in no folder", "", "", remedy))
    without = {name: part for name, part in raw.items() if name not in changed or name not in places.files}
    kept = {name: part for name, part in places.files.items() if name not in changed}
    ranks = {position for position, table in enumerate(ROWS, start=1) if table in changed}
    faults = tuple(item for item in places.faults if item.rank[0] not in ranks)
    before = Places(
        places.study, kept, places.number, faults, places.unread - set(changed), places.folder, places.absent,
        places.cells, places.letters,
    )  # fmt: skip
    return _with_tables(without, places.folder / places.study, changed, before)


def _file_of(table: str, given: Mapping[str, Any], folder: Path, *, inline: bool) -> str | None:
    """Return the file that holds a table, None where there is none (a fault of [tables] itself is told elsewhere)."""
    if table in given:
        name = given[table]
        return name.strip() or None if isinstance(name, str) and len(name) <= 200 else None
    usual = f"{table}.csv"
    if (folder / usual).exists():
        return usual
    if table not in NEEDED_TABLES or inline:
        return None
    return usual
