"""What the partners of an arrangement spend on its services: stated, from a study, or from names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharesim.errors import Fault, StudyError
from sharesim.study.files import MOST_TABLE_BYTES, csv_rows, read_text
from sharesim.study.priors_sizes import Line, kind_of, lines_in
from sharesim.study.study import Study
from sharesim.workflow.backtest.table import Arrangement

_COUNT = re.compile(r"^(\d{1,3})\b")
_DROPPED = re.compile(
    r"\b(?:dc|bc|cc|mbc|ua|lb|city|council|county|borough|district|london|metropolitan|royal|of|the)\b|[^a-z ]", re.I
)


@dataclass(frozen=True)
class Partner:
    """One partner: its name, what sort of council it is, and its residents where known."""

    name: str
    kind: str
    residents: float | None = None


@dataclass(frozen=True)
class Places:
    """Populations and kinds of councils by bare name."""

    by_name: dict[str, tuple[float, str]]

    def find(self, name: str) -> tuple[float, str] | None:
        """Return population and kind of a council, or None."""
        return self.by_name.get(bare(name))


@dataclass(frozen=True)
class Stated:
    """Yearly cost by service family that a study states for an arrangement, and which study."""

    by_family: dict[str, float]
    study: str


def bare(name: str) -> str:
    """Return a council's name without what sort of body it is.

    Examples
    --------
    >>> bare("Royal Borough of Kensington & Chelsea"), bare("Mansfield DC")
    ('kensington chelsea', 'mansfield')
    """
    return " ".join(_DROPPED.sub(" ", name.casefold().replace(" and ", " ")).split())


def partners_of(row: Arrangement, places: Places | None) -> tuple[Partner, ...]:
    """Return the partners that a row names or counts; those only counted are of the last named one's sort."""
    text = re.sub(r"\([^)]*\)", " ", row.texts["partners"])
    items = [item.strip() for item in re.split(r"[;+]" if ";" in text or "+" in text else r",", text) if item.strip()]
    if row.n_partners and len(items) < row.n_partners and len(items) == 1:
        items = [item.strip() for item in re.split(r"\s+(?:and|&)\s+", items[0]) if item.strip()]
    found: list[Partner] = []
    for item in items:
        count = _COUNT.match(item)
        known = places.find(item) if places and not count else None
        partner = Partner(item, known[1], known[0]) if known else Partner(item, kind_of(item))
        found += [partner] * (max(1, int(count[1])) if count else 1)
    wanted = row.n_partners or len(found)
    last = found[-1].kind if found else "unknown"
    return (*found[:wanted], *[Partner("not named", last)] * (wanted - len(found)))


def stated_base(row: Arrangement, partners: Sequence[Partner], studies: Iterable[Study]) -> Stated | None:
    """Return what a study says that these partners spend on these services; None where no study holds all of them."""
    lines = lines_in(row.texts["services"])
    if any(line.id == "whole" for line in lines):
        return None  # a study holds some services of a council, not all of them
    for study in studies:
        names = {bare(name): at for at, name in enumerate(study.councils.names)}
        councils = [names.get(bare(partner.name)) for partner in partners]
        if not partners or any(at is None for at in councils):
            continue
        ids = {study.councils.ids[at] for at in councils if at is not None}
        by_family = _study_costs(study, ids, lines)
        if by_family:
            return Stated(by_family, study.model.study.name)
    return None


def _study_costs(study: Study, councils: set[str], lines: Sequence[Line]) -> dict[str, float]:
    wanted = {line.id: line.family for line in lines}
    family_of = {}
    for service in study.model.services:
        named = lines_in(service.name)
        hit = next((line for line in named if line.id in wanted), None)
        if hit is not None:
            family_of[service.id] = hit.family
        elif "corporate" in wanted and any(line.family in ("support", "tax") for line in named):
            family_of[service.id] = "support"
    found: dict[str, float] = {}
    for entry in study.model.baseline:
        family = family_of.get(entry.service)
        if family and entry.council in councils:
            cost = (
                entry.addressable_gbp
                if family == "procurement" and entry.addressable_gbp is not None
                else entry.cost_gbp
            )
            found[family] = found.get(family, 0.0) + float(cost.value)
    return found


def read_places(path: str | Path) -> Places:
    """Read populations of councils from a CSV file: name (or nice-name), population (or pop-2020), kind.

    Raises
    ------
    StudyError
        When it cannot be read or has no such columns.
    """
    path = Path(path)
    if not path.exists():
        raise StudyError(Fault(str(path), "file not found", "", "a CSV file", "Check the path."))
    header, *lines = csv_rows(read_text(path, path.name, MOST_TABLE_BYTES), path.name) or [[]]
    name = next((column for column in ("name", "nice-name") if column in header), None)
    people = next((column for column in ("population", "pop-2020") if column in header), None)
    kind = next((column for column in ("kind", "local-authority-type-name") if column in header), None)
    if name is None or people is None:
        allowed = "columns name and population (or nice-name and pop-2020)"
        raise StudyError(Fault(path.name, "no names or no populations", ", ".join(header[:8]), allowed, ""))
    found: dict[str, tuple[float, str]] = {}
    for line in lines:
        row = dict(zip(header, line, strict=False))
        try:
            count = float(row.get(people) or 0)
        except ValueError:
            continue
        if count > 0:
            found.setdefault(bare(row.get(name, "")), (count, _kind(row.get(kind or "", "") or row.get(name, ""))))
    return Places(found)


def _kind(words: str) -> str:
    folded = words.casefold()
    if "non-metropolitan district" in folded or folded in ("district", "borough"):
        return "district"
    if "county" in folded:
        return "county"
    if any(word in folded for word in ("unitary", "london", "metropolitan", "scottish", "welsh", "city")):
        return "unitary"
    return kind_of(words)


__all__ = ["Partner", "Places", "Stated", "bare", "partners_of", "read_places", "stated_base"]
