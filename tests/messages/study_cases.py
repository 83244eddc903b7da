"""Studies with something wrong in them: each case says what is changed in a sound study, and how it is read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.properties.hostile_workbooks import packed, parts

STUDY = """\
[study]
name = "three"
title = "Three councils"
start = 2025-04-01
horizon_years = 10
price_base = "2025-26"

[bundles]
most_partners = 3
internal = true
"""
FILES = {
    "study.toml": STUDY,
    "councils.csv": """\
id,name,population,turnover_per_year,terms_gbp,workforce,election_years,control_change_share,ends,can_host
east,Eastham,90000,0.1,30000,own,2027;2031,0.2,,true
west,Westham,120000,0.1,31000,,,,,
north,Northam,60000,0.12,28000,,,,,
""",
    "services.csv": """\
id,name,elasticity,cashable_share,team_gbp,ict_gbp,forms,starts,hosts
hr,Human resources,"pert(0.6, 0.85, 1.0)",0.8,20000,"pert(20000, 40000, 120000)",,,
legal,Legal,0.9,0.7,10000,,,2026-04-01,
""",
    "baseline.csv": """\
council,service,cost_gbp,workload,posts_fte,vacant_fte,gf_share
east,hr,320000,900,7,0,1
west,hr,400000,1200,9,1,1
north,hr,200000,600,5,0,1
east,legal,150000,,3,0,1
west,legal,180000,,4,0,1
""",
    "risks.csv": """\
id,name,scope,targets,probability,per,delay_months,exit
will,Loss of political will,council,,0.1,once,6,false
staff,Complex HR issues,service,hr;legal,0.2,once,3,false
""",
    "workforce.csv": """\
profile,age_low,age_high,service_low,service_high,share
own,20,40,0,10,0.5
own,40,65,5,25,0.5
""",
    "quality.csv": """\
service,criterion,weight,before,after
hr,Speed,2,5,6
""",
    "neighbours.csv": """\
council,neighbour
east,west
west,north
""",
}
SERVICES = FILES["services.csv"]
BASELINE = FILES["baseline.csv"]
COUNCILS = FILES["councils.csv"]

Change = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """One thing that is wrong.

    Parameters
    ----------
    name : str
    changes : tuple of callables
        Each takes the study's folder and spoils it.
    assignments : tuple
        Overrides, as after --set.
    scenario : str, optional
    path : str
        What is loaded, below the folder.
    """

    name: str
    changes: tuple[Change, ...] = ()
    assignments: tuple[str, ...] = ()
    scenario: str | None = None
    path: str = ""


def swap(file: str, old: str, new: str) -> Change:
    """Replace a piece of a file, which must be there."""

    def change(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, f"{file} holds no {old!r}"
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def put(file: str, content: str | bytes) -> Change:
    """Write a file anew."""
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / file).write_bytes(data) and None


def add(text: str) -> Change:
    """Append to study.toml."""
    return swap_end("study.toml", text)


def swap_end(file: str, text: str) -> Change:
    """Append to a file."""

    def change(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as out:
            out.write(text)

    return change


def gone(file: str) -> Change:
    """Delete a file."""
    return lambda folder: (folder / file).unlink()


def folder_instead(file: str) -> Change:
    """Put a folder in a file's place."""

    def change(folder: Path) -> None:
        (folder / file).unlink(missing_ok=True)
        (folder / file).mkdir()

    return change


def link(file: str, target: str) -> Change:
    """Put a symbolic link in a file's place."""

    def change(folder: Path) -> None:
        (folder / file).unlink(missing_ok=True)
        (folder / file).symlink_to(target)

    return change


def workbook(table: str, rows: list[list[object]], *, sheet: str = "", spoil: Callable | None = None) -> Change:
    """Put a workbook in the place of a table's CSV file."""

    def change(folder: Path) -> None:
        import openpyxl

        book = openpyxl.Workbook()
        page = book.active
        page.title = sheet or table
        for row in rows:
            page.append(row)
        if spoil is not None:
            spoil(page)
        book.save(folder / "book.xlsx")
        (folder / f"{table}.csv").unlink()
        text = (folder / "study.toml").read_text()
        (folder / "study.toml").write_text(f'{text}\n[tables]\n{table} = "book.xlsx"\n')

    return change


def zip_of(name: str, size: int) -> bytes:
    """A zip file with one member of that many zeros, as hostile workbooks have."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, bytes(size))
    return out.getvalue()


def numbered(head: str, line: str, number: int) -> str:
    """Return a table of numbered rows."""
    return "\n".join([head, *(line.format(at) for at in range(number))]) + "\n"


def rule(kind: str, name: str = "mine", **fields: object) -> str:
    """A [[rules]] entry."""
    import json

    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    return "\n[[rules]]\n" + "\n".join([f'kind = "{kind}"', f'name = "{name}"', *lines]) + "\n"


EAST_HR = "east,hr,320000,900,7,0,1"
HR_TEAM = "0.8,20000,"
LEGAL = "legal,Legal,0.9,0.7,10000,,,2026-04-01,"


def number_cases() -> list[Case]:
    """What people type where a number belongs."""
    typed = {
        "a number with commas": '"1,250"',
        "a decimal comma": '"0,35"',
        "a number with a point for thousands": '"1.250,00"',
        "a percentage": "12%",
        "a currency sign": "£100",
        "a number with spaces": "1 250 000",
        "a number with m": "£1.2m",
        "a number with k": "250k",
        "nan": "NaN",
        "infinity": "-inf",
        "a huge number": "1e400",
        "too large to be meant": "1e15",
        "text": "about forty",
        "a word": "lots",
        "a number with its unit": "12 years",
        "n/a": "n/a",
        "a dash": "\u20135",
        "accountants' brackets": '"(1,200)"',
        "a formula": "=B2*2",
        "a formula's error": "#REF!",
        "code": "__import__('os').system('true')",
        "a bracket too few": '"pert(1, 2"',
        "an unknown law": '"prt(1, 2, 3)"',
        "low above high": '"pert(5, 3, 9)"',
        "a law with too few figures": '"pert(5)"',
        "a law that goes below its bound": '"normal(10, 5)"',
        "deep nesting": f'"{"truncated(" * 60}1{", low=0)" * 60}"',
        "a driver with a bad factor": "driver(market) * x",
        "a driver with a negative factor": "driver(market) * -1",
        "an unknown driver": "driver(markt)",
    }
    market = add('\n[[drivers]]\nname = "market"\nvalue = {pert = [1, 2, 3]}\n')
    cases = [
        Case(f"number: {name}", (market, swap("services.csv", HR_TEAM, f"0.8,{text},"))) for name, text in typed.items()
    ]
    plain = {
        "a law for a plain number": '"pert(1, 2, 3)"',
        "text for a plain number": "many",
        "a percentage there": "5%",
    }
    cases += [
        Case(f"plain number: {name}", (swap("councils.csv", "Eastham,90000", f"Eastham,{text}"),))
        for name, text in plain.items()
    ]
    bounds = {
        "a negative cost": ("baseline.csv", "hr,320000", "hr,-320000"),
        "a share above 1": ("services.csv", ",0.8,", ",1.2,"),
        "a share written as a percentage": ("services.csv", ",0.8,", ",80,"),
        "a population of 0": ("councils.csv", "90000", "0"),
        "a score of 0": ("quality.csv", ",5,6", ",0,6"),
        "an age of 12": ("workforce.csv", "own,20", "own,12"),
        "a law for optimism bias": ("services.csv", "id,name,elasticity", "id,name,optimism_bias_share"),
        "horizon of 100 years": ("study.toml", "horizon_years = 10", "horizon_years = 100"),
        "half a year": ("study.toml", "horizon_years = 10", "horizon_years = 7.5"),
        "a discount rate of 3.5": ("study.toml", "[bundles]", "discount_rate_per_year = 3.5\n[bundles]"),
        "nan in TOML": ("study.toml", "[bundles]", "cost_growth_per_year = nan\n[bundles]"),
        "a number without end": ("study.toml", "horizon_years = 10", f"horizon_years = {'9' * 5000}"),
        "a long hexadecimal": ("study.toml", "horizon_years = 10", f"horizon_years = 0x{'f' * 6000}"),
        "blank text for a number": ("study.toml", "horizon_years = 10", 'horizon_years = " "'),
        "true for a number": ("study.toml", "horizon_years = 10", "horizon_years = true"),
        "a date for a number": ("study.toml", "horizon_years = 10", "horizon_years = 2025-04-01"),
        "a list for a number": ("study.toml", "[bundles]", "cost_growth_per_year = [1, 2]\n[bundles]"),
        "a law for a discount rate": (
            "study.toml",
            "[bundles]",
            "discount_rate_per_year = {pert = [1, 2, 3]}\n[bundles]",
        ),
        "a law with two names": (
            "study.toml",
            "[bundles]",
            "cost_growth_per_year = {pert=[0,0,0.1], normal=[0,1]}\n[bundles]",
        ),
        "an odd reference": ("study.toml", "[bundles]", "cost_growth_per_year = {driver = 5}\n[bundles]"),
    }
    return cases + [Case(f"bounds: {name}", (swap(*edit),)) for name, edit in bounds.items()]


def file_cases() -> list[Case]:
    """What can be the matter with files."""
    return [
        Case("file: no such folder", path="elsewhere"),
        Case("file: a folder of nearly that name", path="../stud"),
        Case("file: a folder without study.toml", (gone("study.toml"),)),
        Case("file: a table for a study", path="councils.csv"),
        Case("file: an impossible path", path="x" * 300),
        Case("file: a path with a NUL", path="a\x00b"),
        Case("file: missing table", (gone("councils.csv"),)),
        Case("file: missing table with a near name", (lambda f: (f / "councils.csv").rename(f / "councils.xls"),)),
        Case("file: a named table that is missing", (add('\n[tables]\nrisks = "risk.csv"\n'),)),
        Case(
            "file: two things wrong at once",
            (gone("councils.csv"), swap("services.csv", ",0.8,", ",1.8,"), swap("study.toml", '"2025-26"', '"soon"')),
        ),
        Case("file: a folder for a table", (folder_instead("baseline.csv"),)),
        Case("file: a folder for study.toml", (folder_instead("study.toml"),)),
        Case("file: a path out of the folder", (add('\n[tables]\nrisks = "../risks.csv"\n'),)),
        Case("file: an absolute path", (add('\n[tables]\nrisks = "/etc/passwd"\n'),)),
        Case("file: a Windows path", (add("\n[tables]\nrisks = 'C:\\\\risks.csv'\n"),)),
        Case("file: a link out of the folder", (link("risks.csv", "/etc/hostname"),)),
        Case("file: a link to itself", (link("risks.csv", "risks.csv"), add('\n[tables]\nrisks = "risks.csv"\n'))),
        Case("file: a device", (link("risks.csv", "/dev/zero"), add('\n[tables]\nrisks = "risks.csv"\n'))),
        Case("file: a number for a file name", (add("\n[tables]\nrisks = 5\n"),)),
        Case("file: a table given twice", (add('\n[[councils]]\nid = "x"\nname = "X"\n'),)),
        Case("file: empty table", (put("councils.csv", ""),)),
        Case("file: headings only", (put("councils.csv", "id,name\n"),)),
        Case(
            "file: not UTF-8", (put("councils.csv", COUNCILS.replace("Eastham", "Eastham \u00a3").encode("latin-1")),)
        ),
        Case("file: UTF-16", (put("councils.csv", COUNCILS.encode("utf-16")),)),
        Case("file: big-endian UTF-16", (put("councils.csv", b"\xfe\xff" + COUNCILS.encode("utf-16-be")),)),
        Case("file: a workbook named CSV", (put("councils.csv", zip_of("xl/workbook.xml", 10)),)),
        Case("file: an old workbook", (put("councils.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)),)),
        Case("file: a PDF", (put("councils.csv", b"%PDF-1.4\n"),)),
        Case("file: NUL characters", (put("councils.csv", "id,name\na\x00,b\n"),)),
        Case("file: a line of 10 MB", (swap("councils.csv", "Eastham", "E" * 10_000_000),)),
        Case("file: a cell of 200,000 characters", (swap("councils.csv", "Eastham", "E" * 200_000),)),
        Case("file: a study of 6 MB", (add("#" + "x" * 99 + "\n" * 6_000_000),)),
        Case("file: semicolons", (put("councils.csv", COUNCILS.replace(",", ";")),)),
        Case("file: tabs", (put("councils.csv", COUNCILS.replace(",", "\t")),)),
        Case("file: no heading", (put("councils.csv", "east,Eastham\nwest,Westham\n"),)),
        Case("file: a quote too few", (swap("councils.csv", "Eastham", '"Eastham'),)),
        Case("file: a quote within", (swap("councils.csv", "Eastham", '"East"ham'),)),
        Case("file: more cells than columns", (swap("baseline.csv", EAST_HR, "east,hr,1,250,900,7,0,1"),)),
    ]


def heading_cases() -> list[Case]:
    """Columns that are not what they should be."""
    return [
        Case("heading: missing column", (put("baseline.csv", BASELINE.replace("cost_gbp", "cost_pounds")),)),
        Case("heading: unknown column", (swap("councils.csv", "turnover_per_year", "turnover_per_yr"),)),
        Case("heading: column twice", (swap("councils.csv", "turnover_per_year", "population"),)),
        Case("heading: column without a name", (swap("councils.csv", "turnover_per_year", ""),)),
    ]


def toml_cases() -> list[Case]:
    """Mistakes in the notation of study.toml."""
    texts = {
        "no quotes": ('title = "Three councils"', "title = Three councils"),
        "a quote too few": ('title = "Three councils"', 'title = "Three councils'),
        "no equals sign": ("horizon_years = 10", "horizon_years 10"),
        "a field twice": ("horizon_years = 10", "horizon_years = 10\nhorizon_years = 5"),
        "a section twice": ("[bundles]", "[study]\n[bundles]"),
        "a bracket too few": ("[bundles]", "[bundles"),
        "a list without end": ("most_partners = 3", "forms = ["),
        "a thousands comma": ("horizon_years = 10", "horizon_years = 1,0"),
        "no such day": ("2025-04-01", "2025-02-30"),
        "a backslash": ('title = "Three councils"', 'title = "D:\\Upland"'),
        "nonsense": ("[bundles]", "hello"),
    }
    cases = [Case(f"toml: {name}", (swap("study.toml", *edit),)) for name, edit in texts.items()]
    return [
        *cases,
        Case("toml: lists 5,000 deep", (add("x = " + "[" * 5000 + "]" * 5000 + "\n"),)),
        Case("toml: a name of 100 parts", (add("\n[" + ".".join("a" * 100) + "]\n"),)),
        Case("toml: tables 100 deep", (add("\nx = " + "{a = " * 100 + "1" + "}" * 100 + "\n"),)),
        Case("toml: a date in British order", (swap("study.toml", "2025-04-01", "01/04/2025"),)),
        Case("toml: a financial year without quotes", (swap("study.toml", '"2025-26"', "2025/26"),)),
        Case("toml: a percentage without quotes", (add("\n[run]\nnoise = 5%\n"),)),
        Case("toml: prices of a short year", (swap("study.toml", '"2025-26"', '"25/26"'),)),
        Case("toml: a day in another order", (swap("study.toml", "2025-04-01", '"2025/4/1"'),)),
        Case("toml: too many entries", (add("\n[run]\n" + "\n".join(f"k{at} = 1" for at in range(2100)) + "\n"),)),
        Case("toml: too many entries in one scenario", (add("\n[scenarios.x]\n" + "\n".join(f"k{at} = 1" for at in range(2100)) + "\n"),)),
        Case("csv: too many pairs", (put("councils.csv", numbered("id,name", "c{0},C", 700)), put("services.csv", numbered("id,name,elasticity", "s{0},S,0.9", 700)))),
        Case("csv: more rows than pairs", (put("baseline.csv", numbered("council,service,cost_gbp", "c{0},audit,1", 1100)),)),
        Case("csv: financial years of elections", (swap("councils.csv", "2027;2031", "2027/28"),)),
        Case("csv: very many columns", (put("risks.csv", "id,name," + ",".join(f"c{at}" for at in range(1200)) + "\n"),)),
        Case("toml: unknown section", (add("\n[budles]\nx = 1\n"),)),
        Case("toml: a section unlike any", (add("\n[zzz]\nx = 1\n"),)),
        Case("toml: unknown field", (swap("study.toml", "horizon_years", "horizon_year"),)),
        Case("toml: a field unlike any", (swap("study.toml", "horizon_years = 10", "zzz = 10"),)),
        Case("toml: a list of sections where one belongs", (swap("study.toml", "[bundles]", "[[bundles]]"),)),
        Case("toml: one section where a list belongs", (add('\n[gates]\nid = "x"\n'),)),
        Case("toml: a number for a list of rows", (swap("study.toml", "[study]", "gates = 5\n[study]"),)),
        Case("toml: numbers for rows", (swap("study.toml", "[study]", "gates = [1, 2]\n[study]"),)),
        Case("toml: a number for a section", (swap("study.toml", "[study]", "exit = 5\n[study]"),)),
        Case("toml: missing field", (swap("study.toml", 'title = "Three councils"\n', ""),)),
        Case("toml: missing section", (swap("study.toml", "[study]", "[run]\n[study2]"),)),
        Case("toml: a number for text", (swap("study.toml", '"Three councils"', "3"),)),
        Case("toml: a list for text", (swap("study.toml", '"Three councils"', '["Three"]'),)),
        Case("toml: empty title", (swap("study.toml", '"Three councils"', '""'),)),
        Case("toml: a long title", (swap("study.toml", "Three councils", "T" * 500),)),
        Case("toml: text for true", (swap("study.toml", "internal = true", 'internal = "perhaps"'),)),
        Case("toml: a choice that is none", (swap("study.toml", "[bundles]", '[split]\nsaving = "equel"\n[bundles]'),)),
        Case("toml: a form that is none", (swap("study.toml", "[bundles]", '[bundles]\nforms = ["lead authority"]'),)),
        Case("toml: no form", (swap("study.toml", "[bundles]", "[bundles]\nforms = []"),)),
        Case("toml: a number for a list", (swap("study.toml", "[bundles]", "[bundles]\nforms = 3"),)),
        Case("toml: form of an unknown name", (add("\n[forms.compny]\nset_up_gbp = 1\n"),)),
        Case("toml: an odd id", (swap("study.toml", '"three"', '"Three councils!"'),)),
        Case("toml: an id of signs only", (swap("study.toml", '"three"', '"\u00a3\u00a3"'),)),
        Case("toml: prices of two years", (swap("study.toml", '"2025-26"', '"2025-27"'),)),
        Case("toml: shares by year", (add("\n[costs]\nprofile = [0.5, 0.4]\n"),)),
        Case("toml: a negative share by year", (add("\n[costs]\nprofile = [1.5, -0.5]\n"),)),
        Case(
            "toml: a schedule from year 1",
            (
                swap(
                    "study.toml",
                    "[bundles]",
                    "discount_rate_per_year = [{from_year = 1, rate_per_year = 0.03}]\n[bundles]",
                ),
            ),
        ),
        Case("toml: an empty schedule", (swap("study.toml", "[bundles]", "discount_rate_per_year = []\n[bundles]"),)),
        Case(
            "toml: a rate in a schedule",
            (
                swap(
                    "study.toml",
                    "[bundles]",
                    "discount_rate_per_year = [{from_year = 0, rate_per_year = 3}]\n[bundles]",
                ),
            ),
        ),
        Case("toml: reported after 0 years", (swap("study.toml", "[bundles]", "report_years = [0]\n[bundles]"),)),
        Case("toml: a year for the pay cap", (add("\n[staff]\nweekly_pay_cap_gbp = {25 = 700}\n"),)),
        Case("toml: too many years of cost", (add(f"\n[costs]\nprofile = {[1] + [0] * 11}\n"),)),
        Case("toml: defaults are no table", (swap("study.toml", "[study]", "defaults = 3\n[study]"),)),
        Case("toml: default of an unknown table", (add('\n[defaults]\n"servces.ramp_years" = 1\n'),)),
        Case("toml: default of an unknown field", (add("\n[defaults]\nservices.ramp_yrs = 1\n"),)),
        Case("toml: default out of bounds", (add("\n[defaults]\nservices.ramp_years = 99\n"),)),
    ]


def date_cases() -> list[Case]:
    """Dates."""
    edits = {
        "British order": ("study.toml", "2025-04-01", '"01/04/2025"'),
        "no such day": ("study.toml", "2025-04-01", '"2025-02-30"'),
        "a number": ("study.toml", "2025-04-01", "2025"),
        "words": ("study.toml", "2025-04-01", '"April 2025"'),
        "American order": ("study.toml", "2025-04-01", '"04/13/2025"'),
        "29 February": ("study.toml", "2025-04-01", "2024-02-29"),
        "long ago": ("study.toml", "2025-04-01", "1066-10-14"),
        "a start outside the horizon": ("services.csv", "2026-04-01", "2046-04-01"),
        "a start that is no date": ("services.csv", "2026-04-01", "spring"),
        "a start of bundles outside": ("study.toml", "[bundles]", "[bundles]\nstarts = [2024-04-01]"),
        "abolished before": ("councils.csv", "0.2,,true", "0.2,2020-04-01,true"),
        "an election in year 27": ("councils.csv", "2027;2031", "27"),
        "a decision after the end": ("study.toml", "[bundles]", "decision = 2050-01-01\n[bundles]"),
    }
    return [Case(f"date: {name}", (swap(*edit),)) for name, edit in edits.items()]


def name_cases() -> list[Case]:
    """Names that lead nowhere, stand twice or hold odd characters."""
    edits = {
        "unknown council": ("baseline.csv", "east,hr", "esat,hr"),
        "unknown service": ("baseline.csv", "east,legal", "east,payroll"),
        "unknown profile": ("councils.csv", "30000,own", "30000,mine"),
        "unknown form": ("services.csv", '120000)",,,', '120000)",section_13,,'),
        "unknown host": ("services.csv", '120000)",,,', '120000)",,,wst'),
        "two names with a comma": ("services.csv", '120000)",,,', '120000)",,,"east, west"'),
        "a name twice in a list": ("risks.csv", "hr;legal", "hr;hr"),
        "unknown service of a risk": ("risks.csv", "hr;legal", "hr;leagl"),
        "council twice": ("councils.csv", "west,Westham", "east,Westham"),
        "a council called all": ("councils.csv", "north,Northam,60000", "all,Northam,60000"),
        "a service called all": ("services.csv", LEGAL, f"{LEGAL}\nall,Everything,0.9,0.7,1,,,,"),
        "baseline row twice": ("baseline.csv", "west,hr", "east,hr"),
        "an id with a space": ("councils.csv", "east,Eastham", "east ham,Eastham"),
        "an id that is a formula": ("councils.csv", "east,Eastham", "=cmd|' /C calc'!A0,Eastham"),
        "an id that is a path": ("councils.csv", "east,Eastham", "../../etc,Eastham"),
        "no name": ("councils.csv", "east,Eastham", "east,"),
        "a service that nobody has": ("services.csv", LEGAL, f"{LEGAL}\npayroll,Payroll,0.9,0.7,1,,,,"),
        "a scope that is none": (
            "risks.csv",
            "will,Loss of political will,council",
            "will,Loss of political will,councils",
        ),
        "targets of the programme": ("risks.csv", "issues,service,hr;legal", "issues,programme,hr"),
        "a pair of one": ("risks.csv", "issues,service,hr;legal", "issues,pair,east"),
        "an exit of a service": ("risks.csv", "0.2,once,3,false", "0.2,once,3,true"),
        "a council that borders on itself": ("neighbours.csv", "east,west", "east,east"),
        "an unknown neighbour": ("neighbours.csv", "east,west", "east,wets"),
        "an unknown service scored": ("quality.csv", "hr,", "hrm,"),
    }
    package = '\n[[packages]]\nid = "{}"\nname = "All"\nservices = {}\n'
    return [
        *(Case(f"name: {name}", (swap(*edit),)) for name, edit in edits.items()),
        Case(
            "name: a faulty row is still believed",
            (swap("councils.csv", "Westham,120000", "Westham,many"), swap("baseline.csv", "east,hr", "esat,hr")),
        ),
        Case("name: a package with a service's id", (add(package.format("hr", '["hr", "legal"]')),)),
        Case("name: a package of one", (add(package.format("both", '["hr"]')),)),
        Case("name: a package of an unknown service", (add(package.format("both", '["hr", "legl"]')),)),
        Case(
            "name: drivers in a circle",
            (
                add(
                    '\n[[drivers]]\nname = "a"\nvalue = {driver = "b"}\n'
                    '[[drivers]]\nname = "b"\nvalue = {driver = "a"}\n'
                ),
            ),
        ),
        Case(
            "name: driver twice", (add('\n[[drivers]]\nname = "a"\nvalue = 1\n[[drivers]]\nname = "a"\nvalue = 2\n'),)
        ),
        Case(
            "name: a driver with another's id",
            (add('\n[[drivers]]\nname = "a"\nvalue = 1\n[[drivers]]\nname = "b"\nid = "a"\nvalue = 2\n'),),
        ),
        Case("name: a driver with brackets", (add('\n[[drivers]]\nname = "a (b)"\nvalue = 1\n'),)),
        Case(
            "name: a driver named like a number",
            (
                add('\n[[drivers]]\nname = "services.hr.ict_gbp"\nvalue = {pert = [0, 1, 2]}\n'),
                swap("baseline.csv", "hr,320000", "hr,driver(services.hr.ict_gbp)"),
            ),
        ),
        Case(
            "name: a driver that breaks a bound",
            (
                add('\n[[drivers]]\nname = "a"\nvalue = {pert = [0, 0.5, 2]}\n'),
                swap("services.csv", ",0.8,", ",driver(a),"),
            ),
        ),
        Case(
            "name: a driver that breaks a bound by its factor",
            (add('\n[[drivers]]\nname = "a"\nvalue = 0.6\n'), swap("services.csv", ",0.8,", ",driver(a) * 2,")),
        ),
        Case(
            "name: a correlation of no driver",
            (add('\n[[dependence.correlations]]\ndrivers = ["services.*.ramp", "services.*.ict_gbp"]\nrank = 0.5\n'),),
        ),
        Case(
            "name: a correlation of one driver",
            (add('\n[[dependence.correlations]]\ndrivers = ["services.*.ict_gbp"]\nrank = 0.5\n'),),
        ),
        Case(
            "name: a factor called as a driver",
            (
                add(
                    '\n[[drivers]]\nname = "market"\nvalue = "pert(1, 2, 3)"\n[[dependence.correlations]]\n'
                    'drivers = ["services.*.elasticity"]\nrank = 0.5\nfactor = "market"\n'
                ),
                swap("services.csv", ",0.8,", ",driver(market) * 0.2,"),
            ),
        ),
        Case(
            "name: two ranks of one driver with a factor",
            (
                add(
                    '\n[[drivers]]\nname = "a"\nvalue = {pert = [0.5, 0.8, 1]}\n[[dependence.correlations]]\n'
                    'drivers = ["a"]\nrank = 0.5\nfactor = "f"\n'
                    '[[dependence.correlations]]\ndrivers = ["a"]\nrank = 0.6\nfactor = "f"\n'
                ),
                swap("services.csv", ",0.8,", ",driver(a),"),
            ),
        ),
        Case("name: a correlation of 1", (add('\n[[dependence.correlations]]\ndrivers = ["services.*"]\nrank = 1\n'),)),
        Case(
            "name: connected without neighbours",
            (gone("neighbours.csv"), swap("study.toml", "[bundles]", '[bundles]\nadjacent = "connected"')),
        ),
    ]


def figure_cases() -> list[Case]:
    """Figures that contradict each other."""
    edits = {
        "shares of a profile": ("workforce.csv", "25,0.5", "25,0.4"),
        "ages upside down": ("workforce.csv", "own,20,40", "own,40,20"),
        "service before 14": ("workforce.csv", "own,20,40,0,10", "own,20,40,0,30"),
        "workload for some": ("baseline.csv", "hr,320000,900", "hr,320000,"),
        "workload of 0": ("baseline.csv", "hr,320000,900", "hr,320000,0"),
        "more vacancies than posts": ("baseline.csv", "900,7,0", "900,7,9"),
        "weights of 0": ("quality.csv", "Speed,2", "Speed,0"),
        "least above most": ("study.toml", "most_partners = 3", "most_partners = 3\nleast_partners = 4"),
        "scrambles that cannot share the draws": (
            "study.toml",
            "[bundles]",
            '[run]\nmethod = "sobol"\nscrambles = 8\n[bundles]',
        ),
        "draws that fill no design": (
            "study.toml",
            "[bundles]",
            '[run]\nmethod = "latin_hypercube"\ndraws = 3000\njudge_draws = 5000\n[bundles]',
        ),
        "no room for a stop rule's first look": (
            "study.toml",
            "[bundles]",
            '[run]\nmethod = "sobol"\nuntil = "mean within 100"\njudge_until = "p10 within 100"\njudge_draws = 65536\n'
            "most_draws = 100000\n[bundles]",
        ),
        "no room for a first look of Latin hypercubes": (
            "study.toml",
            "[bundles]",
            '[run]\nmethod = "latin_hypercube"\nuntil = "mean within 100"\nmost_draws = 20000\n[bundles]',
        ),
        "stated but not stated": ("study.toml", "[bundles]", '[split]\nrunning = "stated"\n[bundles]'),
    }
    return [
        *(Case(f"figures: {name}", (swap(*edit),)) for name, edit in edits.items()),
        Case(
            "figures: more than the whole line",
            (
                put(
                    "baseline.csv",
                    BASELINE.replace("vacant_fte", "client_side_share")
                    .replace("gf_share", "overhead_share")
                    .replace(",0,1", ",0.6,0.6")
                    .replace(",1,1", ",0,0"),
                ),
            ),
        ),
        Case(
            "figures: a planned saving above the cost",
            (
                put(
                    "baseline.csv",
                    BASELINE.replace("vacant_fte", "planned_saving_gbp").replace("900,7,0,", "900,7,999999,"),
                ),
            ),
        ),
        Case(
            "figures: quality weights of services",
            (put("services.csv", SERVICES.replace("hosts", "quality_weight").replace('120000)",,,', '120000)",,,0')),),
        ),
        Case(
            "figures: workload for nobody",
            (
                swap("study.toml", "[bundles]", '[split]\nrunning = "workload"\n[bundles]'),
                put("baseline.csv", BASELINE.replace("workload", "addressable_gbp")),
            ),
        ),
        Case(
            "figures: a tail without a mean",
            (swap("services.csv", HR_TEAM, '0.8,"pareto_tail(lognormal(p10=10, p90=20), above=0.9, index=1.2)",'),),
        ),
        Case(
            "figures: a shared item after the end",
            (add('\n[[shared_items]]\nid = "po"\nname = "Office"\nyear = 12\none_off_gbp = 1\n'),),
        ),
        Case(
            "figures: a clawback after the end",
            (
                add(
                    '\n[[grants]]\nid = "g"\nname = "Grant"\namount_gbp = 1\n'
                    "clawback_chance = 0.1\nclawback_year = 12\n"
                ),
            ),
        ),
        Case(
            "figures: published after the end",
            (add('\n[[published]]\nlabel = "p"\nmeasure = "npv_gbp"\nvalue = 1\nyears = 15\n'),),
        ),
        Case("figures: risk_weight unused", (add("\n[objective]\nrisk_weight = 0.3\n"),)),
    ]


def rule_cases() -> list[Case]:
    """Rules that name what is not there, or contradict each other."""
    force = rule("force_partners", councils=["east", "west"], services=["hr"])
    return [
        Case("rule: unknown kind", (add(rule("must_shar")),)),
        Case("rule: no kind", (add('\n[[rules]]\nname = "mine"\n'),)),
        Case("rule: unknown field", (add(rule("budget", limit_gpb=5)),)),
        Case("rule: missing field", (add(rule("budget")),)),
        Case("rule: a negative limit", (add(rule("budget", limit_gbp=-5)),)),
        Case("rule: a percentile of 100", (add(rule("budget", limit_gbp=5, percentile=100)),)),
        Case(
            "rule: a percentile net of grants over several years",
            (add(rule("budget", limit_gbp=5, percentile=90, net_of_grants=True)),),
        ),
        Case("rule: unknown council", (add(rule("budget", limit_gbp=5, council="estham")),)),
        Case("rule: unknown owner", (add(rule("budget", limit_gbp=5, owner="nobody")),)),
        Case("rule: unknown service", (add(rule("must_share", services=["payrol"])),)),
        Case("rule: unknown form", (add(rule("forbid_form", forms=["privat_partner"])),)),
        Case(
            "rule: unknown council in a group",
            (add('\n[[rules]]\nkind = "control_groups"\nname = "g"\ngroups = {a = ["east"], b = ["wset"]}\n'),),
        ),
        Case(
            "rule: a council in two groups",
            (add('\n[[rules]]\nkind = "control_groups"\nname = "g"\ngroups = {a = ["east"], b = ["east", "west"]}\n'),),
        ),
        Case("rule: a year outside the horizon", (add(rule("budget", limit_gbp=5, years=[2046])),)),
        Case("rule: a year of the horizon", (add(rule("budget", limit_gbp=5, years=[0])),)),
        Case("rule: name twice", (add(rule("budget", limit_gbp=5) + rule("risk_points", limit_points=5)),)),
        Case("rule: too few partners", (add(rule("force_partners", councils=["east"])),)),
        Case("rule: forced and forbidden", (add(force + rule("forbid_partners", "apart", councils=["west", "east"])),)),
        Case(
            "rule: forced and of two groups",
            (add(force + '\n[[rules]]\nkind = "control_groups"\nname = "g"\ngroups = {a = ["east"], b = ["west"]}\n'),),
        ),
        Case(
            "rule: forced and too many",
            (
                add(rule("force_partners", councils=["east", "west", "north"])),
                swap("study.toml", "most_partners = 3", "most_partners = 2"),
            ),
        ),
        Case(
            "rule: must and never",
            (
                add(
                    rule("must_share", services=["hr"]) + rule("never_share", "own", services=["hr"], councils=["east"])
                ),
            ),
        ),
        Case(
            "rule: must share what it does not have", (add(rule("must_share", services=["legal"], councils=["north"])),)
        ),
        Case(
            "rule: hosts more than it may", (add(rule("least_hosted", limit=2) + rule("most_hosted", "most", limit=1)),)
        ),
        Case(
            "rule: must host and cannot",
            (swap("councils.csv", "0.2,,true", "0.2,,false"), add(rule("least_hosted", councils=["east"]))),
        ),
        Case("rule: a number for a list", (add(rule("must_share", services=5)),)),
        Case("rule: a truth value for a list", (add(rule("must_share", services=True)),)),
    ]


def override_cases() -> list[Case]:
    """Overrides and scenarios."""
    sets = {
        "no equals sign": "study.horizon_years",
        "no value": "study.horizon_years=",
        "unknown row": "services.hrr.elasticity=1",
        "unknown row unlike any": "rules.nothing.active=false",
        "no field": "services.hr=1",
        "no row": "services=1",
        "a section alone": "study=1",
        "unknown field": "services.hr.elastcity=1",
        "unknown section": "stdy.horizon_years=5",
        "out of bounds": "services.hr.elasticity=9",
        "a percentage": "services.hr.cashable_share=12%",
        "a row without a name of its own": "workforce.own.share=1",
        "a file that is not there": "tables.risks=risk.csv",
        "an unknown table": "tables.rsks=risk.csv",
        "a default out of bounds": "defaults.services.ramp_years=99",
        "an item of a list": "dependence.correlations.1.rank=2",
    }
    correlated = add('\n[[dependence.correlations]]\ndrivers = ["services.*"]\nrank = 0.5\n')
    cases = [Case(f"override: {name}", (correlated,), (text,)) for name, text in sets.items()]
    high = '\n[scenarios.high]\n"services.hrr.elasticity" = 1\n'
    return [
        Case("set: bytes that are no text", assignments=("study.title=Caf\udce9",)),
        *cases,
        Case("scenario: unknown", (add("\n[scenarios.high]\n"),), scenario="hihg"),
        Case("scenario: not a table", (add("\n[scenarios]\nhigh = 5\n"),), scenario="high"),
        Case("scenario: not a table, not asked for", (add("\n[scenarios]\nhigh = 5\n"),)),
        Case("scenario: a path that leads nowhere", (add(high),), scenario="high"),
        Case("scenario: a path that leads nowhere, not asked for", (add(high),)),
        Case(
            "scenario: a value out of bounds, not asked for", (add("\n[scenarios.high.services.hr]\nelasticity = 9\n"),)
        ),
        Case("scenario: an unknown section, not asked for", (add("\n[scenarios.high]\nstdy.horizon_years = 5\n"),)),
        Case(
            "scenario: a row's value, not asked for",
            (add(rule("budget", limit_gbp=5) + "\n[scenarios.high]\nrules.mine.limit_gbp = -1\n"),),
        ),
    ]


def excel_cases() -> list[Case]:
    """Workbooks."""
    rows: list[list[object]] = [line.split(",") for line in BASELINE.splitlines()]

    def merge(page) -> None:
        page.merge_cells("A2:A4")

    def many(page) -> None:
        for row in range(2, 6):
            page.merge_cells(start_row=row, end_row=row, start_column=5, end_column=6)

    def formula(page) -> None:
        page["C2"] = "=1000*320"

    return [
        Case("excel: no such sheet", (workbook("baseline", rows, sheet="basline"),)),
        Case("excel: merged cells", (workbook("baseline", rows, spoil=merge),)),
        Case("excel: many merged cells", (workbook("baseline", rows, spoil=many),)),
        Case("excel: formulas never worked out", (workbook("baseline", rows, spoil=formula),)),
        Case("excel: a number in words", (workbook("baseline", [*rows[:1], ["east", "hr", "a lot"], *rows[2:]]),)),
        Case(
            "excel: a date for a number",
            (
                workbook(
                    "baseline", [*rows[:1], ["east", "hr", __import__("datetime").datetime(2025, 4, 1)], *rows[2:]]
                ),
            ),
        ),
        Case("excel: not a workbook", (put("book.xlsx", "id,name\n"), add('\n[tables]\nbaseline = "book.xlsx"\n'))),
        Case(
            "excel: a zip of something else",
            (put("book.xlsx", zip_of("x.txt", 10)), add('\n[tables]\nbaseline = "book.xlsx"\n')),
        ),
        Case("excel: a cell far to the right", (workbook("baseline", [["council"], ["east"], [*[None] * 2000, 1]]),)),
        Case(
            "excel: more than its size can hold",
            (put("book.xlsx", packed(parts(texts="<si><t/></si>" * 400_000))), add('\n[tables]\nbaseline = "book.xlsx#services"\n')),
        ),
        Case(
            "excel: a zip bomb",
            (
                put("book.xlsx", zip_of("xl/worksheets/sheet1.xml", 400_000_000)),
                add('\n[tables]\nbaseline = "book.xlsx"\n'),
            ),
        ),
    ]


def observed_cases() -> list[Case]:
    """What can be the matter with observed values in a file."""
    good = put("seen.csv", "project,overrun\nA,1.1\nB,1.4\nC,\n")

    def case(name: str, value: str, *changes: Change) -> Case:
        return Case(f"observed: {name}", (good, *changes), (f"services.hr.overrun_factor={value}",))

    def text(arguments: str) -> str:
        return f"empirical({arguments})"

    return [
        case("no such file", text("file=observations.csv")),
        case("a file of nearly that name", text("file=sen.csv, column=overrun")),
        case("no column named", text("file=seen.csv")),
        case("a column of nearly that name", text("file=seen.csv, column=overun")),
        case("no numbers", text("file=seen.csv, column=project")),
        case("no values", text("file=none.csv"), put("none.csv", "a\n")),
        case("not CSV", text("file=odd.csv"), put("odd.csv", 'a\n"' + "x" * 200_000)),
        case("UTF-16", text("file=wide.csv"), put("wide.csv", "a\n1\n".encode("utf-16"))),
        case("a path out of the folder", text("file=../seen.csv")),
        case("an absolute path", text("file=/etc/passwd")),
        case("a link out of the folder", text("file=link.csv"), link("link.csv", "/etc/hostname")),
        case("a folder", text("file=.")),
        case("no file", text("file=''")),
        case("a number for a file name", "{empirical = {file = 3}}"),
        case("a NUL in a file name", '{empirical = {file = "a\\u0000b"}}'),
        case("a workbook", text("file=values.xlsx")),
        case("a number for a column", '{empirical = {file = "seen.csv", column = 2}}'),
        case("an unknown argument", '{empirical = {file = "seen.csv", colum = "overrun"}}'),
        case("within another law", '{truncated = {body = {empirical = {file = "no such.csv"}}, high = 1}}'),
        case("out of bounds", text("file=low.csv"), put("low.csv", "a\n-1\n2\n")),
        case("part of a formula", "2 * empirical(file=seen.csv)"),
    ]


def arrangement_cases() -> list[Case]:
    """Mistakes in named arrangements, staged programmes and existing arrangements."""
    named = '\n[[arrangements]]\nid = "n"\nservice = "hr"\npartners = ["east", "west"]\n'
    staged = '\n[[stages]]\nid = "s"\nname = "S"\ncouncil = "east"\nservices = ["hr"]\nfirst = 2026-04-01\n'
    there = '\n[[existing]]\nid = "e"\nname = "E"\nservices = ["hr"]\npartners = ["east"]\n'

    def case(name: str, text: str, *changes: Change) -> Case:
        return Case(f"arrangements: {name}", (add(text), *changes))

    return [
        case("an unknown service", named.replace("hr", "hrr")),
        case("an unknown joiner", named + 'joiners = ["nroth"]\njoins = 2027-04-01\n'),
        case("a start beyond the horizon", named + "start = 2040-04-01\n"),
        case("joiners without days", named + 'joiners = ["north"]\n'),
        case("a joiner before the start", named + 'start = 2027-04-01\njoiners = ["north"]\njoins = 2026-04-01\n'),
        case("a partner that joins", named + 'joiners = ["west"]\njoins = 2027-04-01\n'),
        case("joiners of one alone", named.replace(', "west"', "") + 'joiners = ["west"]\njoins = 2027-04-01\n'),
        case("one council in a shared form", named.replace(', "west"', "")),
        case("a host from outside", named + 'hosts = ["north"]\n'),
        case(
            "a host that may not", named + 'hosts = ["west"]\n', swap("councils.csv", "31000,,,,,", "31000,,,,,false")
        ),
        case("too many host shares", named + 'hosts = ["west"]\nhost_shares = [0.5, 0.5]\n'),
        case("host shares that do not add up", named + 'hosts = ["east", "west"]\nhost_shares = [0.5, 0.4]\n'),
        case("a host share of nothing", named + 'hosts = ["east", "west"]\nhost_shares = [1.0, 0]\n'),
        case("a partner without the service", named.replace("hr", "legal").replace("west", "north")),
        case("follow-ons before the first stage", staged + "starts = 2026-01-01\n"),
        case("a gate after the follow-on", staged + "starts = 2027-04-01\ngate = 2027-05-01\n"),
        case(
            "a stage without the service",
            staged.replace("hr", "legal").replace("east", "north") + "starts = 2027-04-01\n",
        ),
        case("an arrangement long over", there + "ends = 2020-04-01\n"),
        case("months left without an end", there + "break_gbp_per_month_left = 90\n"),
        case("an unknown other side", there + 'with = "council"\n'),
        case("a start within the notice", named + there + "notice_months = 12\n"),
        case(
            "a joiner within the notice",
            f'{named}joiners = ["north"]\njoins = 2026-05-01\n{there.replace("east", "north")}notice_months = 18\n',
        ),
        case("a first stage within the notice", staged + "starts = 2027-04-01\n" + there + "notice_months = 18\n"),
        case(
            "income that nobody has",
            "",
            swap("services.csv", "forms,starts,hosts", "income_change_share,starts,hosts"),
            swap("services.csv", '"pert(20000, 40000, 120000)",,,', '"pert(20000, 40000, 120000)",0.1,,'),
        ),
        case("nothing listed", "", swap("study.toml", "internal = true", "listed_only = true")),
    ]


CASES = (
    *arrangement_cases(),
    *file_cases(),
    *heading_cases(),
    *toml_cases(),
    *number_cases(),
    *date_cases(),
    *name_cases(),
    *figure_cases(),
    *rule_cases(),
    *override_cases(),
    *excel_cases(),
    *observed_cases(),
)
