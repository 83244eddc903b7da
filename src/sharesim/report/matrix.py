"""Who shares what with whom: arrangements with a letter each, and the services x councils matrix of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sharesim.bundles.table import BundleTable
from sharesim.study.study import Study


@dataclass(frozen=True)
class Arrangement:
    """A chosen bundle as people talk of it.

    Parameters
    ----------
    letter : str
    row : int
        Its row in the table of chosen bundles.
    title : str
        Its services.
    services, partners, hosts : tuple of int
        Positions in the study's labels.
    form, start : str
        The delivery form in words; the planned start, ISO.
    group : int
        Arrangements of the same partners have the same number: their colour.
    """

    letter: str
    row: int
    title: str
    services: tuple[int, ...]
    partners: tuple[int, ...]
    hosts: tuple[int, ...]
    form: str
    start: str
    group: int


def arrangements(study: Study, table: BundleTable) -> tuple[Arrangement, ...]:
    """Return the chosen bundles in the order of the study's services, each with a letter."""
    found = []
    for row in range(len(table)):
        partners = tuple(int(council) for council in table.partners[row] if council >= 0)
        hosts = tuple(study.councils.index(name) for name in table.host_ids(row))
        found.append((tuple(table.package_services[table.package[row]]), partners, hosts, row))
    found.sort(key=lambda item: (min(item[0]), item[1]))
    groups: dict[tuple[int, ...], int] = {}
    return tuple(
        Arrangement(
            letter_of(at),
            row,
            _title(table, row),
            services,
            partners,
            hosts,
            table.forms.name(int(table.form[row])),
            str(table.start_date[row]),
            groups.setdefault(partners, len(groups)),
        )
        for at, (services, partners, hosts, row) in enumerate(found)
    )


def _title(table: BundleTable, row: int) -> str:
    """Return the services of a bundle, and who joins it later."""
    later = [table.councils.name(table.councils.index(name)) for name in table.joiner_ids(row)]
    return table.packages.name(int(table.package[row])) + (f" ({', '.join(later)} joining later)" if later else "")


def letter_of(position: int) -> str:
    """Return A, B ... Z, AA, AB ...

    Examples
    --------
    >>> letter_of(0), letter_of(25), letter_of(26)
    ('A', 'Z', 'AA')
    """
    name, rest = "", position + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        name = chr(65 + digit) + name
    return name


def matrix(study: Study, chosen: Sequence[Arrangement]) -> pd.DataFrame:
    """Return one row per service and council: the arrangement that it is in, and whether the council hosts it.

    Returns
    -------
    DataFrame
        service, council, arrangement (letter; ``own`` where the council keeps the service to itself, empty where it has
        none), hosts, group (-1 where there is none).
    """
    rows = []
    for service in range(len(study.services)):
        for council in range(len(study.councils)):
            held = [item for item in chosen if service in item.services and council in item.partners]
            word = " ".join(item.letter for item in held) or ("own" if study.present[council, service] else "")
            rows.append(
                {
                    "service": study.services.ids[service],
                    "council": study.councils.ids[council],
                    "arrangement": word,
                    "hosts": any(council in item.hosts for item in held),
                    "group": held[-1].group if held else -1,
                }
            )
    return pd.DataFrame(rows, columns=["service", "council", "arrangement", "hosts", "group"])


def links(study: Study, chosen: Sequence[Arrangement]) -> pd.DataFrame:
    """Return one row per pair of partners: how many services they share."""
    n_councils = len(study.councils)
    shared = np.zeros((n_councils, n_councils), int)
    for item in chosen:
        for at, one in enumerate(item.partners):
            for other in item.partners[at + 1 :]:
                shared[one, other] += len(item.services)
    pairs = zip(*np.nonzero(shared), strict=True)
    rows = [(study.councils.ids[one], study.councils.ids[other], int(shared[one, other])) for one, other in pairs]
    return pd.DataFrame(rows, columns=["council", "partner", "services"])
