"""A workbook to fill in, for councils and services by name: example figures where yours will stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sharesim.arguments import a_flag, a_path, an_instance, several, takes
from sharesim.errors import Fault, UsageError
from sharesim.folders.fresh import made_whole
from sharesim.study.convert import unwritable
from sharesim.study.excel import ENDINGS
from sharesim.study.excel_write import Layout, write_workbook
from sharesim.study.plain import shown, visible

FILE = "my-study.xlsx"
EXAMPLE = "example: replace"
#: Yearly cost, workload for each 1,000 residents, of made-up services that differ in size.
_SIZES = ((320_000, 12.0), (240_000, 6.5), (190_000, 9.0), (410_000, 4.0))
_POPULATIONS = (95_000, 120_000, 88_000, 140_000, 76_000)
_COST_PER_POST = 46_000
MOST_NAMES = 400
SHOWN = {
    "councils": ("id", "name", "kind", "population", "can_host", "turnover_per_year", "terms_gbp", "election_years"),
    "services": (
        "id", "name", "category", "elasticity", "saving_rate_share", "cashable_share", "ramp_years", "delay_months",
        "team_gbp", "ict_gbp", "joining_gbp", "officer_days", "source",
    ),
    "baseline": ("council", "service", "cost_gbp", "workload", "posts_fte", "gf_share", "planned_saving_gbp", "source"),
    "risks": (
        "id", "name", "scope", "targets", "probability", "per", "delay_months", "saving_factor", "one_off_gbp", "exit",
        "owner", "mitigation", "source",
    ),
    "rules": ("kind", "name", "owner", "sentence", "active", "services", "councils", "limit_gbp", "years", "council"),
}  # fmt: skip


_a_name = an_instance(str, "not a name", "text")
_names = several(_a_name, str, "not names", 'names such as ["Eastham", "Westham"]')


@takes(
    out=a_path, councils=_names, services=_names, blank=a_flag,
    today=an_instance(date, "not a date", "a date", "Write date(2026, 4, 1)."),
)  # fmt: skip
def template(
    out: str | Path,
    *,
    councils: Sequence[str],
    services: Sequence[str],
    blank: bool = False,
    today: date | None = None,
) -> Path:
    """Write a workbook to fill in and return its path.

    Parameters
    ----------
    out : str or Path
        A folder, which gets ``my-study.xlsx``, or a file ending in .xlsx; the file must not be there yet.
    councils, services : sequence of str
        Their names; ids are made from them.
    blank : bool
        True leaves the figures empty; otherwise examples stand there, so that the study runs as it is.
    today : date, optional
        The study begins on the first 1 April after it.

    Raises
    ------
    UsageError
        When names are missing or the same, or the file is there already.
    OutputError
        When it cannot be written.

    Examples
    --------
    >>> import sharesim, tempfile
    >>> file = template(Path(tempfile.mkdtemp()), councils=["Eastham", "Westham"], services=["HR", "Legal"])
    >>> file.name, sharesim.load(file).services.names
    ('my-study.xlsx', ('HR', 'Legal'))
    """
    council_ids, service_ids = _ids("--councils", councils, 2), _ids("--services", services, 1)
    file = Path(out)
    file = file if file.suffix.lower() in ENDINGS else file / FILE
    if file.exists():
        fault = Fault(str(file), "is in the way", "a file of that name", "a new file", "Choose another folder or name.")
        raise UsageError(fault)
    raw = _example(council_ids, service_ids, today or date.today())
    if blank:
        _emptied(raw)
    opening = _opening(len(council_ids), len(service_ids), blank)
    layout = Layout("A study of shared services, to fill in", file.name, opening, SHOWN)
    try:
        with made_whole(file) as aside:
            write_workbook(raw, aside, layout)
    except OSError as error:
        raise unwritable(file, error) from None
    return file


def _ids(option: str, names: Sequence[str], least: int) -> dict[str, str]:
    """Return ids of names, each its own."""
    names = [visible(name) for name in names if name.strip()]
    if not least <= len(names) <= MOST_NAMES:
        problem = "too few names" if len(names) < least else "too many names"
        remedy = f'Write for instance {option} "{"Eastham,Westham" if least > 1 else "HR,Legal"}".'
        allowed = f"{least} to {MOST_NAMES} names with commas between"
        raise UsageError(Fault(option, problem, str(len(names)), allowed, remedy))
    found: dict[str, str] = {}
    for name in names:
        if len(name) > 120:
            raise UsageError(Fault(option, "a name that is too long", shown(name), "at most 120 characters", ""))
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or option.strip("-").removesuffix("s")
        if name in found.values():
            raise UsageError(Fault(option, "a name stands twice", shown(name), "each name once", "Drop one."))
        ident = next(text for n in range(1, 10_000) if (text := slug if n == 1 else f"{slug}-{n}") not in found)
        found[ident] = name
    return found


def _opening(n_councils: int, n_services: int, blank: bool) -> tuple[str, ...]:
    figures = (
        "The figures are empty. What has to be filled is marked with a star above its column; sharesim check lists "
        "what is missing."
        if blank
        else "The yellow figures are made-up examples, so that the study runs as it is and you can see a report at "
        "once. Replace them by your own, and write into the column source where each comes from. The title of the "
        "report says 'example figures' until you change it on the sheet settings."
    )
    return (
        f"This workbook asks which of {n_services} services {n_councils} councils should share, with whom, and when.",
        figures,
        "Begin with the sheet baseline: what each council spends on each service today. Delete the rows of services "
        "that a council does not have. Then services (what sharing might save, and cost), councils, rules and risks.",
        "The sheets with a yellow tab hold something; the others may stay empty.",
    )


def _example(councils: dict[str, str], services: dict[str, str], today: date) -> dict[str, Any]:
    """Return a small study that runs, with every figure marked as an example."""
    first = today.year if (today.month, today.day) < (4, 1) else today.year + 1
    n_councils, n_services = len(councils), len(services)
    return {
        "study": {
            "name": "my-study",
            "title": f"{n_services} services for {n_councils} councils (example figures)",
            "question": "Which services should be shared, with whom, and from when?",
            "start": date(first, 4, 1),
            "horizon_years": 10,
            "report_years": [5],
            "price_base": f"{first}-{(first + 1) % 100:02d}",
            "discount_rate_per_year": 0.035,
        },
        "run": {"seed": first, "draws": 2048, "judge_draws": 4096},
        "bundles": {"most_partners": min(4, n_councils), "forms": ["lead_authority"], "starts": [date(first, 10, 1)]},
        "costs": {"profile": [0.6, 0.4], "governance_gbp_per_partner": 4000},
        "split": {"one_off": "base_cost", "running": "equal", "saving": "own"},
        "councils": [
            {
                "id": ident, "name": name, "kind": "district", "population": _POPULATIONS[at % 5],
                "turnover_per_year": "pert(0.07, 0.1, 0.14)",
            }
            for at, (ident, name) in enumerate(councils.items())
        ],
        "services": [
            {
                "id": ident, "name": name, "elasticity": "pert(0.5, 0.75, 0.95)", "ramp_years": "pert(0.5, 1, 2)",
                "delay_months": "pert(0, 3, 12)", "team_gbp": 12000, "ict_gbp": "pert(10000, 20000, 60000)",
                "joining_gbp": 3000, "officer_days": 15, "source": EXAMPLE,
            }
            for ident, name in services.items()
        ],
        "baseline": [
            _line(at, council, order, service)
            for at, council in enumerate(councils)
            for order, service in enumerate(services)
        ],
        "risks": _risks(),
        "gates": [
            {
                "id": "cabinets", "name": "Cabinets agree", "date": date(first, 7, 15), "wait_months": "pert(0, 1, 4)",
                "refusal": 0.03,
            }
        ],
        "shared_items": [{"id": "office", "name": "Programme office", "one_off_gbp": "pert(20000, 30000, 60000)"}],
        "rules": [
            {
                "kind": "break_even", "name": "everyone breaks even", "owner": "programme",
                "sentence": "No council may expect to lose by joining.",
            }
        ],
        "defaults": {"baseline.gf_share": 1.0, "services.cashable_share": "pert(0.5, 0.7, 0.9)"},
    }  # fmt: skip


def _risks() -> list[dict[str, Any]]:
    return [
        {
            "id": "political-will", "name": "Loss of political will", "scope": "council", "probability": 0.02,
            "per": "year", "exit": True, "owner": "leaders", "source": EXAMPLE,
        },
        {
            "id": "officer-time", "name": "Lack of officer time", "scope": "programme", "probability": 0.3,
            "delay_months": "pert(2, 4, 9)", "one_off_gbp": 15000, "owner": "chief executives", "source": EXAMPLE,
        },
    ]  # fmt: skip


def _line(at: int, council: str, order: int, service: str) -> dict[str, Any]:
    cost, workload = _SIZES[order % len(_SIZES)]
    residents = _POPULATIONS[at % len(_POPULATIONS)] / 1_000
    cost_gbp = round(cost * residents / 100, -3)
    return {
        "council": council,
        "service": service,
        "cost_gbp": cost_gbp,
        "workload": round(workload * residents),
        "posts_fte": round(2 * cost_gbp / _COST_PER_POST) / 2,
        "source": EXAMPLE,
    }


def _emptied(raw: dict[str, Any]) -> None:
    """Take every figure out of the tables, and what only makes sense with figures."""
    keep = {"councils": ("id", "name"), "services": ("id", "name"), "baseline": ("council", "service")}
    for table, keys in keep.items():
        raw[table] = [{key: row[key] for key in keys} for row in raw[table]]
    raw["study"]["title"] = raw["study"]["title"].removesuffix(" (example figures)")
    for section in ("risks", "gates", "shared_items", "defaults"):
        del raw[section]
