"""The assumptions log: who stands behind each input, and the settings that the study left as they are."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pandas as pd

from sharesim.report import words
from sharesim.report.names import rows_words
from sharesim.study.papers import LoggedAssumption
from sharesim.study.study import Study

NOT_LOGGED = "not logged"


def entry_for(study: Study, *names: str) -> LoggedAssumption | None:
    """Return the entry of the log on an input known by any of some names: the longest pattern that fits.

    Examples
    --------
    >>> from sharesim.examples import from_dict, two_councils_raw
    >>> raw = two_councils_raw() | {"assumption_log": [{"path": "services.*", "owner": "Finance"}]}
    >>> entry_for(from_dict(raw), "services.payroll.ict_gbp").owner
    'Finance'
    """
    fitting = [
        item
        for item in study.model.assumption_log
        if any(name == item.path or fnmatchcase(name, item.path) for name in names)
    ]
    return max(fitting, key=lambda item: len(item.path), default=None)


def with_log(study: Study, frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a table of inputs with owner, status and date of each from the log; ``not logged`` where there is none.

    Parameters
    ----------
    column : str
        Names the inputs: drivers, or paths of assumptions.
    """
    entries = [entry_for(study, name, _path(name)) for name in frame[column]]
    return frame.assign(
        owner=[item.owner if item else "" for item in entries],
        status=[item.status if item else NOT_LOGGED for item in entries],
        date=[item.date.isoformat() if item and item.date else "" for item in entries],
        log_note=[item.note if item else "" for item in entries],
        status_words=[_status(item) for item in entries],
    )


def _path(name: str) -> str:
    """Return the path of a driver without its row: services.payroll.ict_gbp is services.ict_gbp."""
    parts = name.split(".")
    return name if len(parts) < 3 else f"{parts[0]}.{parts[-1]}"


def _status(item: LoggedAssumption | None) -> str:
    if item is None:
        return NOT_LOGGED
    return f"{item.status}, {words.day(item.date)}" if item.date else item.status


def conventions(study: Study) -> pd.DataFrame:
    """Return the settings that shape the answer and that the study left as they are.

    Returns
    -------
    DataFrame
        convention (path), value, meaning, for_words.
    """
    rows = [
        {
            "convention": item.path,
            "value": item.value,
            "meaning": item.meaning,
            "for_words": rows_words(study, item.path, item.where) if item.where else "",
        }
        for item in study.conventions
    ]
    return pd.DataFrame(rows, columns=["convention", "value", "meaning", "for_words"])


__all__ = ["conventions", "entry_for", "with_log"]
