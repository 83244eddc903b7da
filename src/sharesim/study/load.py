"""From files to a checked study: TOML and CSV or Excel tables in, every fault at once or a `Study` out.

Nothing here runs code from a file: TOML is parsed by the standard library, cells by a small parser of distributions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sharesim.errors import Fault, SharesimError, StudyError, UsageError
from sharesim.study import overrides
from sharesim.study.compile import compile_study
from sharesim.study.defaults import fill_defaults
from sharesim.study.files import missing, read_toml
from sharesim.study.labels import nearest, unknown_name
from sharesim.study.places import Place, Placed, Places, in_order
from sharesim.study.plain import shown
from sharesim.study.schema import ROWS, StudyModel
from sharesim.study.sections import Tables
from sharesim.study.study import Study
from sharesim.study.tables import read_table
from sharesim.study.validate import scenario_faults, validated

NEEDED_TABLES = ("councils", "services", "baseline")


def load(path: str | Path, *, scenario: str | None = None, assignments: Sequence[str | tuple[str, Any]] = ()) -> Study:
    """Read, check and compile a study.

    Parameters
    ----------
    path : str or Path
        The study's folder (holding study.toml) or the TOML file itself.
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
    file = _study_file(path)
    document = read_toml(file)
    pairs = _pairs(assignments)
    named = [*_scenario_pairs(document, scenario), *pairs]
    files = {name.partition(".")[2]: value for name, value in named if name.startswith("tables.")}
    raw, places = _with_tables(document, file, files)
    return build(raw, places, scenario=scenario, assignments=pairs)


def build(
    raw: dict[str, Any],
    places: Places,
    *,
    scenario: str | None = None,
    assignments: Sequence[str | tuple[str, Any]] = (),
) -> Study:
    """Check and compile a study that was read already (`read_raw`) or written as a dict.

    Raises
    ------
    StudyError
        With every fault that was found, in the order of the files.
    UsageError
        When an override names something that is not there.
    """
    original = raw
    chosen = _scenario_pairs(raw, scenario)
    raw, changes = overrides.apply(raw, chosen, f"scenario {scenario}")
    raw, later = overrides.apply(raw, _pairs(assignments), "command line")
    changes += later
    filled, faults = fill_defaults(raw, places.about(raw, changes))
    here = places.about(filled, changes)
    model, found = validated(filled, here)
    found = [*places.faults, *faults, *found]
    if scenario is None:
        found += scenario_faults(original, places)
    if found or model is None:
        raise StudyError(in_order(found))
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
    return _with_tables(read_toml(file), file, {})


def _study_file(path: str | Path) -> Path:
    path = Path(path)
    try:
        file = path / "study.toml" if path.is_dir() else path
        found = file.exists()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise StudyError(Fault(shown(str(path)), "cannot be read", reason, "", "Check the path.")) from None
    if not found:
        if path.is_dir():
            remedy = "Give a study's folder, or make one with: sharesim new DIR"
            raise StudyError(Fault(str(path), "the folder has no study.toml", "", "", remedy))
        close = missing(path, str(path)).remedy
        remedy = (
            close if close.startswith("Did you mean") else "Give a study's folder, or make one with: sharesim new DIR"
        )
        raise StudyError(Fault(str(path), "there is no such file or folder", "", "", remedy))
    if file.suffix.lower() != ".toml":
        raise StudyError(
            Fault(str(path), "not a study", file.suffix or "a file", "a folder with study.toml", "Give that folder.")
        )
    return file


def _pairs(assignments: Sequence[str | tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [overrides.read_assignment(item) if isinstance(item, str) else item for item in assignments]


def _scenario_pairs(raw: Mapping[str, Any], scenario: str | None) -> list[tuple[str, Any]]:
    if scenario is None:
        return []
    scenarios = raw.get("scenarios")
    scenarios = scenarios if isinstance(scenarios, dict) else {}
    if scenario not in scenarios:
        raise UsageError(unknown_name("--scenario", "scenario", scenario, scenarios))
    if not isinstance(scenarios[scenario], dict):
        where = f"scenario {scenario}"
        raise UsageError(Fault(where, "not a table of overrides", shown(scenarios[scenario]), "path = value", ""))
    return list(overrides.paths_of(scenarios[scenario]))


def _with_tables(document: dict[str, Any], file: Path, changed: Mapping[str, Any]) -> tuple[dict[str, Any], Places]:
    """Read every table that the document names, or that lies beside it under its usual name."""
    given = document.get("tables", {})
    given = {**(given if isinstance(given, dict) else {}), **changed}
    files: dict[str, str] = {}
    rows: dict[str, Any] = {}
    numbers: dict[str, list[int]] = {}
    faults: list[Placed] = []
    unread: set[str] = set()
    for position, table in enumerate(ROWS, start=1):
        name = _file_of(table, given, file.parent, inline=table in document)
        if name is None:
            continue
        if table in document:
            both = Place(f"{file.name}: {table}", (0, 0))
            faults.append(both.fault("given twice", f"here and in {name}", "one place", "Drop one of the two."))
            continue
        files[table] = name
        try:
            found = read_table(file.parent, name, table)
        except StudyError as error:
            faults += [Placed((position, 0), fault) for fault in error.faults]
            unread.add(table)
            continue
        rows[table], numbers[table] = found.rows, found.number
        faults += [Placed((position, row), fault) for row, fault in found.faults]
        if any(row == 0 for row, _ in found.faults):
            unread.add(table)
    return {**document, **rows}, Places(file.name, files, numbers, tuple(faults), frozenset(unread))


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


__all__ = ["SharesimError", "StudyModel", "Tables", "build", "load", "nearest", "read_raw"]
