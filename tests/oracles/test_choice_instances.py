"""The OR-Library set-partitioning format through the choice's solver layer, on a small instance of our own making."""

from __future__ import annotations

from itertools import combinations

import pytest

from benchmarks.instances import main, read_partitioning
from sharesim.choice.solver import available
from sharesim.errors import UsageError

# Five rows, eight columns; by hand: columns 2 (1 3), 5 (2 4) and 7 (5) cost 4 + 5 + 2 = 11, against 12 for 1 and 8.
COLUMNS = ((7, (1, 2)), (4, (1, 3)), (9, (3, 4, 5)), (6, (2, 5)), (5, (2, 4)), (3, (4,)), (2, (5,)), (5, (3, 4, 5)))
TEXT = f"5 {len(COLUMNS)}\n" + "".join(f" {cost} {len(rows)} {' '.join(map(str, rows))}\n" for cost, rows in COLUMNS)


def least_cost() -> int:
    costs = []
    for count in range(1, len(COLUMNS) + 1):
        for chosen in combinations(COLUMNS, count):
            covered = sorted(row for _, rows in chosen for row in rows)
            if covered == [1, 2, 3, 4, 5]:
                costs.append(sum(cost for cost, _ in chosen))
    return min(costs)


@pytest.mark.parametrize("solver", available())
def test_least_cost_is_reached(tmp_path, capsys, solver):
    path = tmp_path / "small.txt"
    path.write_text(TEXT)
    assert least_cost() == 11
    assert main([str(path), "--optimum", "11", "--solver", solver]) == 0
    said = capsys.readouterr().out
    assert "5 rows, 8 columns" in said
    assert "cost 11, bound 11, every row covered once: True" in said
    assert "stated optimum 11: reached" in said


def test_another_optimum_is_an_error(tmp_path, capsys):
    path = tmp_path / "small.txt"
    path.write_text(TEXT)
    assert main([str(path), "--optimum", "10"]) == 1
    assert "NOT reached" in capsys.readouterr().out


def test_no_cover_at_all_is_an_error(tmp_path, capsys):
    path = tmp_path / "none.txt"
    path.write_text("2 1\n 3 1 1\n")
    assert main([str(path)]) == 1
    assert "status infeasible" in capsys.readouterr().out


def test_faulty_files_are_refused(tmp_path):
    path = tmp_path / "bad.txt"
    path.write_text("2 2\n 3 1 1\n 4 2 1")
    with pytest.raises(UsageError, match="ends early: got 1 of 2 columns"):
        read_partitioning(path)
    path.write_text("2 1\n 3 1 5\n")
    with pytest.raises(UsageError, match="not there: got 5; allowed 1 to 2"):
        read_partitioning(path)
    path.write_text("")
    with pytest.raises(UsageError, match="empty"):
        read_partitioning(path)
