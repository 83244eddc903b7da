"""What docs/how-to-write-a-study.md shows can be typed as it stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from sharesim.bundles.enumerate import candidates
from sharesim.study.load import load
from sharesim.study.quantity import Quantity

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "how-to-write-a-study.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
SMALLEST = {
    "councils.csv": "id,name\neastham,Eastham\nwestham,Westham\n",
    "services.csv": "id,name,elasticity\npayroll,Payroll,0.85\n",
    "baseline.csv": "council,service,cost_gbp,posts_fte\neastham,payroll,320000,7\nwestham,payroll,400000,9\n",
}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_toml(block: str) -> None:
    tomllib.loads(block)


def test_the_smallest_study_is_enough(tmp_path: Path) -> None:
    assert "eastham,payroll,320000,7" in PAGE and "payroll,Payroll,0.85" in PAGE
    for name, text in SMALLEST.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "study.toml").write_text(BLOCKS[0])
    study = load(tmp_path)
    assert len(candidates(study)) == 2
    assert len(study.assumptions) > 20


def test_the_particular_arrangements_are_a_study(tmp_path: Path) -> None:
    block = next(block for block in BLOCKS if "[[stages]]" in block)
    names = ("eastham", "westham", "northam")
    (tmp_path / "councils.csv").write_text("id,name\n" + "".join(f"{name},{name.title()}\n" for name in names))
    (tmp_path / "services.csv").write_text("id,name,elasticity\nhr,HR,0.85\npayroll,Payroll,0.9\n")
    lines = [f"{name},{service},300000,6\n" for name in names for service in ("hr", "payroll")]
    (tmp_path / "baseline.csv").write_text("council,service,cost_gbp,posts_fte\n" + "".join(lines))
    (tmp_path / "study.toml").write_text(BLOCKS[0] + block)
    table = candidates(load(tmp_path))
    assert any(len(table.host_ids(row)) == 2 and table.joiner_ids(row) == ["northam"] for row in range(len(table)))
    assert (table.requires >= 0).any()


def test_blocks_and_scenario_fit_together(tmp_path: Path) -> None:
    for name, text in SMALLEST.items():
        (tmp_path / name).write_text(text.replace("payroll", "hr"))
    (tmp_path / "councils.csv").write_text(
        "id,name,terms_gbp\neastham,Eastham,driver(pay) * 31000\nwestham,Westham,30000\n"
    )
    (tmp_path / "services.csv").write_text(
        'id,name,elasticity,ict_gbp\nhr,HR,0.85,"pert(1, 2, 3)"\nict,ICT,0.9,"pert(1, 2, 3)"\n'
    )
    with (tmp_path / "baseline.csv").open("a") as out:
        out.write("eastham,ict,100000,2\n")
    (tmp_path / "risks-cautious.csv").write_text("id,name,scope,probability\nwill,Will,programme,0.1\n")
    reserve = '[[rules]]\nkind = "cvar_floor"\nname = "worst futures within reserves"\nfloor_gbp = -100000\n'
    (tmp_path / "study.toml").write_text("\n".join([*BLOCKS[:6], reserve]))
    study = load(tmp_path, scenario="cautious")
    assert "pay" in [spec.name for spec in study.drivers]
    assert {change.path: change.after for change in study.changes} == {
        "services.hr.elasticity": 0.95,
        "study.discount_rate_per_year": 0.05,
        "rules.worst futures within reserves.floor_gbp": -200000,
        "tables.risks": "risks-cautious.csv",
    }
    assert study.dependence is not None
    assert len(study.model.risks) == 1


def test_laws_in_toml_and_in_a_cell_are_the_same() -> None:
    rows = re.findall(r"^\| [^|]+ \| `(\{.+?\})` \| `(.+?)` \|$", PAGE, flags=re.MULTILINE)
    assert len(rows) == 4
    for table, cell in rows:
        assert Quantity.of(tomllib.loads(f"x = {table}")["x"]) == Quantity.of(cell)
