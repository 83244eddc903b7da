"""Files of a study of up to a megabyte that ask for far more work than their size: text alone."""

from __future__ import annotations

from collections.abc import Callable

MOST = 1_000_000


def _lines(head: str, line: str, most: int = MOST) -> str:
    """Return a heading and as many numbered lines as there is room for."""
    out, size, at = [head], len(head), 0
    while size < most - len(line) - 8:
        out.append(line.replace("#", str(at)))
        size += len(out[-1]) + 1
        at += 1
    return "\n".join(out) + "\n"


def _services(elasticity: str) -> str:
    return f'id,name,elasticity\naudit,Audit,"{elasticity}"\npayroll,Payroll,0.8\nprocurement,Procurement,0.9\n'


STUDY = '[study]\nname = "x"\ntitle = "X"\nstart = 2026-04-01\nhorizon_years = 5\nprice_base = "2026-27"\n'

#: Name of the attack -> file -> its text; the other files are those of the starter study.
HOSTILE: dict[str, Callable[[], dict[str, str]]] = {
    "not not not": lambda: {"services.csv": _services("not " * 2_400)},
    "lambda: lambda:": lambda: {"services.csv": _services("lambda:" * 1_000)},
    "brackets within brackets": lambda: {"services.csv": _services("pert(" * 1_900)},
    "signs before a number": lambda: {"services.csv": _services("-" * 9_000 + "1")},
    "names with dots": lambda: {"services.csv": _services("a." * 4_900)},
    "deep cells by the hundred": lambda: {"services.csv": _lines("id,name,elasticity", f's#,S,"{"not " * 2_400}"')},
    "laws within laws by the hundred": lambda: {
        "services.csv": _lines("id,name,elasticity", f's#,S,"{"mixture([" * 15 + "1" + ", 2])" * 15}"', 200_000)
    },
    "long laws by the hundred": lambda: {
        "services.csv": _lines("id,name,elasticity", f's#,S,"empirical({", ".join(["0.1"] * 1_900)})"')
    },
    "a list of parts by the hundred": lambda: {
        "services.csv": _lines("id,name,elasticity", f's#,S,"pooled([{", ".join(["uniform(0, 1)"] * 600)}])"', 300_000)
    },
    "a million columns": lambda: {"services.csv": "id,name," + ",".join(["x"] * 499_000) + "\n"},
    "columns of many names": lambda: {"services.csv": "id,name," + ",".join(f"c{at}" for at in range(130_000)) + "\n"},
    "a row of a million cells": lambda: {"services.csv": "id,name\na,b" + "," * 990_000 + "\n"},
    "one long cell": lambda: {"services.csv": f"id,name\na,{'b' * 990_000}\n"},
    "an open quote": lambda: {"services.csv": 'id,name\na,"' + "b\n" * 490_000},
    "empty lines": lambda: {"services.csv": "id,name\n" + "\n" * 990_000},
    "very many councils": lambda: {"councils.csv": _lines("id,name", "c#,C#")},
    "very many services": lambda: {"services.csv": _lines("id,name,elasticity", "s#,S#,0.8")},
    "very many councils and services": lambda: {
        "councils.csv": _lines("id,name", "c#,C#", 400_000), "services.csv": _lines("id,name,elasticity", "s#,S#,0.8", 400_000),
    },
    "very many rows of a baseline": lambda: {"baseline.csv": _lines("council,service,cost_gbp", "eastham,audit,#")},
    "unknown councils": lambda: {"baseline.csv": _lines("council,service,cost_gbp", "easthm#,audit,1")},
    "unknown names among many": lambda: {
        "councils.csv": _lines("id,name", "council-of-#,C#", 400_000), "baseline.csv": _lines("council,service,cost_gbp", "councl-of-#,audit,1", 500_000),
    },
    "faults in every row": lambda: {"councils.csv": _lines("id,name,population", "c#,C#,many people")},
    "ids that are none": lambda: {"councils.csv": _lines("id,name", "the council of #,C#")},
    "neighbours nobody has": lambda: {"neighbours.csv": _lines("council,neighbour", "easthm#,westhm#")},
    "very many risks": lambda: {"risks.csv": _lines("id,name,scope,probability", "r#,R#,programme,0.1")},
    "targets beyond number": lambda: {"risks.csv": "id,name,scope,targets,probability\nr,R,service," + "audt;" * 24_000 + ",0.1\n"},
    "unknown keys": lambda: {"study.toml": STUDY + _lines("", "k# = #")},
    "unknown keys like a field": lambda: {"study.toml": _lines("[study]", "horizon_yeas# = #")},
    "unknown sections": lambda: {"study.toml": STUDY + _lines("", "[bundls#]")},
    "a name of a million parts": lambda: {"study.toml": STUDY + "a" + ".a" * 490_000 + " = 1\n"},
    "a heading of a million parts": lambda: {"study.toml": STUDY + "[a" + ".a" * 490_000 + "]\n"},
    "names of forty parts": lambda: {"study.toml": STUDY + _lines("", "[x#" + ".a" * 37 + "]")},
    "lists within lists": lambda: {"study.toml": STUDY + "x = " + "[" * 490_000 + "\n"},
    "tables within tables": lambda: {"study.toml": STUDY + "x = " + "{a = " * 190_000 + "\n"},
    "a number of a million digits": lambda: {"study.toml": STUDY + "x = " + "9" * 990_000 + "\n"},
    "a hexadecimal number of a million digits": lambda: {"study.toml": STUDY + "x = 0x" + "f" * 990_000 + "\n"},
    "a list of a million numbers": lambda: {"study.toml": STUDY + "[run]\ndraws = [" + "1," * 490_000 + "]\n"},
    "very many rules": lambda: {"study.toml": STUDY + _lines("", '[[rules]]\nkind = "must_share"\nname = "r#"\nservices = ["adit"]')},
    "very many scenarios": lambda: {"study.toml": STUDY + _lines("", "[scenarios.s#]\n'study.horizon_yeas' = 5")},
    "very many changes in a scenario": lambda: {"study.toml": STUDY + _lines("[scenarios.one]", "'services.adit#.team_gbp' = 5")},
    "very many defaults": lambda: {"study.toml": STUDY + _lines("[defaults]", "'services.tem_gbp#' = 5")},
    "very many sound defaults": lambda: {"study.toml": STUDY + _lines("[defaults]", "'servces#.team_gbp' = 5")},
    "very many drivers": lambda: {"study.toml": STUDY + _lines("", '[[drivers]]\nname = "d#"\nvalue = {pert = [1, 2, 3]}')},
    "very many arrangements": lambda: {"study.toml": STUDY + _lines("", '[[arrangements]]\nid = "a#"\nname = "A"\nservice = "adit"\npartners = ["eastam"]')},
    "very many correlations": lambda: {"study.toml": STUDY + _lines("", '[[dependence.correlations]]\ndrivers = ["servics.*#"]\nrank = 0.3')},
    "one long name": lambda: {"study.toml": STUDY + "h" + "o" * 990_000 + " = 1\n"},
}  # fmt: skip
