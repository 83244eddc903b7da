"""Studies and plans so small that a run takes about a tenth of a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STUDY = """\
[study]
name = "tiny"
title = "Payroll for two councils"
start = 2025-04-01
horizon_years = 2
report_years = []
price_base = "2025-26"

[run]
draws = 64
judge_draws = 64

[bundles]
most_partners = 2

[[councils]]
id = "east"
name = "East"
turnover_per_year = 0.1
terms_gbp = 30000

[[councils]]
id = "west"
name = "West"
turnover_per_year = 0.1
terms_gbp = 31000

[[services]]
id = "payroll"
name = "Payroll"
elasticity = {pert = [0.5, 0.6, 0.7]}
realisation_share = 1.0
cashable_share = 0.8
ramp_years = 0.5
delay_months = 0

[[baseline]]
council = "east"
service = "payroll"
cost_gbp = 320000
posts_fte = 7
gf_share = 1.0

[[baseline]]
council = "west"
service = "payroll"
cost_gbp = 400000
posts_fte = 9
gf_share = 1.0

[[rules]]
name = "never"
kind = "officer_days"
active = false
limit_days = 0

[scenarios.dear]
"services.payroll.team_gbp" = 300000
"""


def write_study(folder: Path, text: str = STUDY) -> Path:
    """Write the tiny study into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def write_plan(folder: Path, **parts: Any) -> Path:
    """Write a plan over the tiny study; keyword arguments are fields of [batch], `set` and `grids`."""
    if not (folder / "tiny").exists():
        write_study(folder / "tiny")
    fixed, grids = parts.pop("set", {}), parts.pop("grids", [])
    lines = ["[batch]", *(f"{key} = {json.dumps(value)}" for key, value in ({"studies": ["tiny"]} | parts).items())]
    lines += ["[set]", *(f"{json.dumps(path)} = {toml(value)}" for path, value in fixed.items())]
    for grid in grids:
        lines += ["[[grids]]", *(f"{key} = {toml(value)}" for key, value in grid.items())]
    file = folder / "plan.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def toml(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


RATES = {"values": {"study.discount_rate_per_year": [0.03, 0.06]}}
COSTS = {"values": {"services.payroll.team_gbp": [10000, 80000, 150000]}}
