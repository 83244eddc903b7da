"""Build the tables of this case from official returns that lie in a folder of yours.

    python build.py --returns DIR [--out DIR]

DIR holds lancashire_ro_lines.csv (Revenue Outturn 2024-25, gross), population_2010_2023.csv, neighbours_2021.csv,
authorities.csv and council_composition_2016_2025.csv. Written are councils.csv, baseline.csv and neighbours.csv, beside
this file or into --out, which then gets the rest of the case too. The returns themselves are not copied. sources.md
says what each step assumes.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RETURNS = (
    "lancashire_ro_lines.csv",
    "population_2010_2023.csv",
    "neighbours_2021.csv",
    "authorities.csv",
    "council_composition_2016_2025.csv",
)
BUILT = ("councils.csv", "baseline.csv", "neighbours.csv")
COUNTY = "lancashire"

#: Service -> line of the return. One line is one service.
DIRECT = {
    "council_tax": "Council tax collection",
    "business_rates": "Non-domestic rates collection",
    "housing_benefit": "Housing Benefits Administration",
    "building_control": "Building control",
    "development_control": "Development control",
    "licensing": "Licensing",
    "land_charges": "Local land charges",
    "elections": "Conducting elections",
}
#: Service -> share of management and support services (assumed, as in the Chesterfield case) and of it that is pay.
SUPPORT = {"hr": (0.05, 0.75), "ict": (0.15, 0.42), "legal": (0.05, 0.70), "finance": (0.115, 0.65)}
SUPPORT_LINE = "MANAGEMENT AND SUPPORT SERVICES"
#: A post with on-costs in 2024-25, GBP (assumed), and the share of posts that is vacant.
POST_GBP, VACANT = 47_000.0, 0.06
#: The county's chance of a change of control, and that of a council without and with a majority.
CHANGE = {"": 0.25, "majority": 0.12}


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of one return."""
    with (folder / name).open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def number(cell: str | None) -> float:
    """Return a cell as a number, an empty one as 0."""
    return float(cell) if cell not in (None, "") else 0.0


def id_of(name: str) -> str:
    """Return a council's id: its name in small letters without what sort of body it is."""
    plain = name.replace(" UA", "").replace(" CC", "").replace(" BC", "")
    return plain.lower().replace(" ", "-")


def councils(folder: Path, lines: list[dict[str, str]]) -> list[dict[str, object]]:
    """Return the fifteen councils with population, place and control."""
    people = {row["gss_code"]: number(row["pop_2023"]) for row in rows_of(folder, "population_2010_2023.csv")}
    places = {row["gss-code"]: row for row in rows_of(folder, "authorities.csv")}
    seats = {
        row["gss_code"]: row for row in rows_of(folder, "council_composition_2016_2025.csv") if row["year"] == "2024"
    }
    kinds = {"UA": "unitary", "SC": "county", "SD": "district"}
    found = []
    for code, name, kind in sorted({(row["gss_code"], row["council"], row["class"]) for row in lines}):
        place, control = places[code], seats.get(code, {}).get("majority", "")
        settled = control and "plurality" not in control.lower() and "noc" not in control.lower()
        plain = name.replace(" UA", "").replace(" CC", "").replace(" BC", "")
        found.append(
            {
                "id": id_of(name),
                "name": "Lancashire County" if kind == "SC" else plain,
                "kind": kinds[kind],
                "population": round(people.get(code) or number(place["pop-2020"])),
                "control": control or "not known",
                "terms_gbp": "pert(33000, 36000, 40000)",
                "turnover_per_year": "pert(0.08, 0.12, 0.18)",
                "election_years": "2027;2031",
                "control_change_share": CHANGE["majority" if settled else ""],
                "x_km": round(number(place["x"]) / 1000, 1),
                "y_km": round(number(place["y"]) / 1000, 1),
            }
        )
    _place_county(found)
    return found


def _place_county(found: list[dict[str, object]]) -> None:
    """Give the county the sum of its districts' residents and their middle: the gazetteer's own is a bounding box's."""
    county = next(row for row in found if row["kind"] == "county")
    districts = [row for row in found if row["kind"] == "district"]
    county["population"] = sum(row["population"] for row in districts)  # type: ignore[misc]
    for axis in ("x_km", "y_km"):
        county[axis] = round(statistics.mean(float(row[axis]) for row in districts), 1)  # type: ignore[arg-type]


def baseline(lines: list[dict[str, str]], people: dict[str, float]) -> list[dict[str, object]]:
    """Return cost, workload and posts by council and service."""
    good = [row for row in lines if row["adds_up"] == "True" and number(row["total_expenditure"]) > 0]
    by_line: dict[str, dict[str, dict[str, str]]] = {}
    for row in good:
        by_line.setdefault(row["line"], {})[id_of(row["council"])] = row
    found = []
    for service, line in DIRECT.items():
        paid = [number(row["employees"]) / number(row["total_expenditure"]) for row in by_line[line].values()]
        own = statistics.median([share for share in paid if share > 0.2] or [0.5])
        for council, row in sorted(by_line[line].items()):
            if council == COUNTY:
                continue
            cost = 1000 * number(row["total_expenditure"])
            share = number(row["employees"]) / number(row["total_expenditure"])
            inside = share > 0.2
            posts = cost * (share if inside else own) / POST_GBP
            said = f"RO 2024-25, {line}; {'posts from pay' if inside else 'bought in or hosted: posts as elsewhere'}"
            found.append(
                {
                    "council": council,
                    "service": service,
                    "cost_gbp": round(cost, -3),
                    "workload": people[council],
                    "posts_fte": round(posts, 1),
                    "vacant_fte": round(posts * VACANT, 1),
                    "gf_share": 1,
                    "source": said,
                }
            )
    support = by_line[SUPPORT_LINE]
    a_head = statistics.median(
        1000 * number(row["total_expenditure"]) / people[council]
        for council, row in support.items()
        if row["class"] == "SD"
    )
    for service, (part, pay) in SUPPORT.items():
        for council in sorted(people):
            row = support.get(council)
            cost = part * (1000 * number(row["total_expenditure"]) if row else a_head * people[council])
            posts, said = (
                cost * pay / POST_GBP,
                "RO 2024-25" if row else "no line in the return: median of the districts",
            )
            law = f"pert({0.7 * cost:.0f}, {cost:.0f}, {1.4 * cost:.0f})"
            found.append(
                {
                    "council": council,
                    "service": service,
                    "cost_gbp": law,
                    "workload": "",
                    "posts_fte": round(posts, 1),
                    "vacant_fte": round(posts * VACANT, 1),
                    "gf_share": "pert(0.75, 0.85, 0.95)",
                    "source": f"{part:.1%} of management and support services, {said}",
                }
            )
    return found


def neighbours(folder: Path, lines: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the land borders among the councils; the county touches all, since it covers or adjoins them."""
    codes = {row["gss_code"]: id_of(row["council"]) for row in lines}
    pairs = {
        tuple(sorted((codes[row["gss_code"]], codes[row["neighbour_gss_code"]])))
        for row in rows_of(folder, "neighbours_2021.csv")
        if row["relation"] == "border" and row["gss_code"] in codes and row["neighbour_gss_code"] in codes
    }
    pairs |= {tuple(sorted((COUNTY, council))) for council in codes.values() if council != COUNTY}
    return [{"council": one, "neighbour": other} for one, other in sorted(pairs)]


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """Write a table."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        table = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def build(returns: Path, out: Path) -> None:
    """Write the three tables into a folder, and the rest of the case where it is another than this one."""
    lines = rows_of(returns, RETURNS[0])
    who = councils(returns, lines)
    people = {str(row["id"]): float(row["population"]) for row in who}  # type: ignore[arg-type]
    out.mkdir(parents=True, exist_ok=True)
    if out.resolve() != HERE:
        for item in HERE.iterdir():
            if item.suffix in (".toml", ".csv", ".md", ".py") and item.name not in BUILT:
                shutil.copyfile(item, out / item.name)
    write(out / "councils.csv", who)
    write(out / "baseline.csv", baseline(lines, people))
    write(out / "neighbours.csv", neighbours(returns, lines))


def main() -> int:
    """Read the arguments, build, and say where."""
    parser = argparse.ArgumentParser(description="Build the tables of the Lancashire case from official returns.")
    parser.add_argument("--returns", metavar="DIR", type=Path, required=True, help="folder of the returns")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=HERE, help="folder to write to (default: beside this file)"
    )
    options = parser.parse_args()
    absent = [name for name in RETURNS if not (options.returns / name).is_file()]
    if absent:
        print(f"{options.returns}: returns not found: {', '.join(absent)}.", file=sys.stderr)
        return 2
    build(options.returns, options.out)
    print(f"{', '.join(BUILT)} are in {options.out}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
