"""The runs of a batch side by side: values, choices that change, and where they flip."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sharesim.arguments import a_flag, a_path, a_text, a_word, several, takes
from sharesim.batch.columns import level_word
from sharesim.batch.manifest import BatchFolder
from sharesim.batch.page import write_comparison
from sharesim.batch.tables import both_tables
from sharesim.choice.solution import Status
from sharesim.display import record
from sharesim.errors import Fault, UsageError
from sharesim.report.words import count, money
from sharesim.study.labels import unknown_name
from sharesim.study.plain import visible

ALL = "all runs"
FLIPS = (
    "factor",
    "from",
    "to",
    "others",
    "leaves",
    "enters",
    "npv_from_gbp",
    "npv_to_gbp",
    "npv_change_gbp",
    "run_from",
    "run_to",
)


@record
class Comparison:
    """The runs of a batch side by side.

    Parameters
    ----------
    name : str
    folder : Path
        The batch's folder.
    factors : tuple of str
        Settings by which the runs are compared.
    runs : DataFrame
        One row per finished line of the plan, as in runs.parquet.
    choices : DataFrame
        bundle, factor, level, n_runs, n_chosen, share, changes: how often each bundle is chosen, over all runs and at
        each level of each factor; ``changes`` where it is chosen in some runs and not in others.
    arrangements : DataFrame
        The same by who shares what, whatever the host, form and start.
    flips : DataFrame
        One row for each step of one factor, all others held, at which the choice changes: what leaves and what enters.
    n_left_out : int
        Lines of the plan that are not finished.
    n_unproven : int
        Runs that ended before it was known whether any portfolio keeps the rules; they say nothing about what is
        chosen, so they are beside the comparison.
    """

    name: str
    folder: Path
    factors: tuple[str, ...]
    runs: pd.DataFrame
    choices: pd.DataFrame
    arrangements: pd.DataFrame
    flips: pd.DataFrame
    n_left_out: int
    n_unproven: int = 0

    def levels(self, factor: str) -> list[str]:
        """Return the levels of a factor in their order, as text."""
        factor = a_word(*map(str, self.runs.columns))("factor", factor)
        return [level_word(value) for value in _ordered(self.runs[factor])]

    def summary(self) -> str:
        """Return the comparison in words."""
        worth, n_runs = self.runs.npv_mean_gbp.dropna(), self.runs.run.nunique()
        left_out = f", {self.n_unproven} unproven" if self.n_unproven else ""
        left_out += f", {self.n_left_out} not finished" if self.n_left_out else ""
        lines = [f"{self.name}: {count(n_runs, 'finished run')}{left_out}."]
        if len(worth):
            without = f"; {len(self.runs) - len(worth)} without a portfolio" if len(worth) < len(self.runs) else ""
            lines.append(f"Mean NPV from {money(worth.min())} to {money(worth.max())}{without}.")
        for factor in self.factors:
            means = (
                self.runs.assign(level=self.runs[factor].map(level_word))
                .groupby("level", sort=False)
                .npv_mean_gbp.mean()
                .reindex(self.levels(factor))
            )
            told = "; ".join(
                f"{visible(level)} {money(value)}" for level, value in zip(means.index[:12], means, strict=False)
            )
            lines.append(f"By {visible(factor)}: {told}{' ...' if len(means) > 12 else ''}")
        whole = self.arrangements[self.arrangements.factor == ALL]
        firm, loose = whole[~whole.changes], whole[whole.changes]
        lines.append(
            f"{count(len(firm), 'arrangement')} chosen in every run, {count(len(loose), 'arrangement')} in some:"
        )
        shown = pd.concat([firm, loose]).head(20)
        lines += [
            f"  {visible(bundle)}: {n_chosen} of {n_runs}"
            for bundle, n_chosen, n_runs in zip(shown.bundle, shown.n_chosen, shown.n_runs, strict=True)
        ]
        lines.append(f"The choice flips at {count(len(self.flips), 'step')}" + (":" if len(self.flips) else "."))
        lines += [f"  {_flip_line(row)}" for row in self.flips.head(20).to_dict("records")]
        if len(self.flips) > 20:
            lines.append(f"  and {len(self.flips) - 20} more, in flips.csv")
        return "\n".join(lines)

    @takes(folder=a_path, replace_edited=a_flag)
    def write(self, folder: str | Path | None = None, replace_edited: bool = False) -> Path:
        """Write tables (CSV, Parquet, one workbook), pictures and a page that shows them; return the page's path.

        Raises
        ------
        OutputError
            When they cannot be written, or the folder holds something else than an earlier comparison of this batch.
        """
        return write_comparison(self, Path(folder) if folder else self.folder / "compare", replace_edited)


@takes(folder=a_path, by=several(a_text, str, "not names of settings", "names such as 'seed'"))
def compare(folder: str | Path, by: Iterable[str] = ()) -> Comparison:
    """Set the finished runs of a batch side by side.

    Parameters
    ----------
    folder : str or Path
        The batch's folder.
    by : iterable of str
        Columns of runs.csv to compare by, such as a path, the name of a grid, ``scenario`` or ``seed``; what the plan
        varies where left out.

    Raises
    ------
    UsageError
        When the folder holds no batch, nothing is finished, or there is no such column.
    """
    batch = BatchFolder(Path(folder).resolve())
    planned, (table, chosen) = batch.batch(), both_tables(batch)
    settings = [
        "study",
        "scenario",
        "seed",
        *dict.fromkeys(name for row in planned["runs"] for name in row["settings"]),
    ]
    wanted = tuple(by)
    faults = [unknown_name("--by", "setting", name, settings) for name in wanted if name not in settings]
    done = table[table.status == "done"].reset_index(drop=True)
    if not len(done):
        told = "no run is finished yet" if not (table.status == "unproven").any() else "every finished run is unproven"
        faults.append(Fault(str(batch.root), told, "", "", "sharesim status says how far it is."))
    if faults:
        raise UsageError(faults)
    factors = wanted or tuple(name for name in planned.get("factors", []) if name in settings) or ("study",)
    held = [name for name in dict.fromkeys([*planned.get("factors", []), *factors]) if name in settings]
    return Comparison(
        str(planned.get("name", "")),
        batch.root,
        factors,
        done,
        _choices(done, chosen.assign(bundle=_bundle_words(chosen)), factors),
        _choices(done, chosen.assign(bundle=_arrangement_words(chosen)).drop_duplicates(["run", "bundle"]), factors),
        _flips(done, chosen.assign(bundle=_bundle_words(chosen)), factors, held),
        int((~table.status.isin(["done", "unproven"])).sum()),
        int(table[table.status == "unproven"].run.nunique()),
    )


def _bundle_words(chosen: pd.DataFrame) -> list[str]:
    return [
        f"{services}: {partners}{f' at {host}' if host else ''} ({form}, {start})"
        for services, partners, host, form, start in zip(
            chosen.services, chosen.partners, chosen.host, chosen.form, chosen.start, strict=True
        )
    ]


def _arrangement_words(chosen: pd.DataFrame) -> list[str]:
    return [f"{row.services}: {row.partners}" for row in chosen.itertuples()]


def _ordered(column: pd.Series) -> list[Any]:
    """Return the different values of a column: numbers in their order, the rest as the plan has them."""
    values = list(dict.fromkeys(None if value is pd.NA or value != value else value for value in column))
    given = [value for value in values if value is not None]
    if given and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in given):
        return [*([None] if None in values else []), *sorted(given)]
    return values


def _choices(done: pd.DataFrame, chosen: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Return how often each bundle is chosen: over all runs, and at each level of each factor."""
    once = done.drop_duplicates("run")
    total = chosen.bundle.value_counts()
    names = sorted(total.index, key=lambda name: (-int(total[name]), name))
    rows = []
    for factor, level, runs in _groups(done, once, factors):
        inside = chosen[chosen.run.isin(runs)].bundle.value_counts()
        for name in names:
            n_chosen = int(inside.get(name, 0))
            rows.append((name, factor, level, len(runs), n_chosen, n_chosen / len(runs), bool(total[name] < len(once))))
    return pd.DataFrame(rows, columns=["bundle", "factor", "level", "n_runs", "n_chosen", "share", "changes"])


def _groups(done: pd.DataFrame, once: pd.DataFrame, factors: Sequence[str]) -> Iterable[tuple[str, str, set[str]]]:
    yield ALL, ALL, set(once.run)
    for factor in factors:
        levels = done[factor].map(level_word)
        for value in _ordered(done[factor]):
            yield factor, level_word(value), set(done.run[levels == level_word(value)])


def _flips(done: pd.DataFrame, chosen: pd.DataFrame, factors: Sequence[str], held: Sequence[str]) -> pd.DataFrame:
    """Return each step of one factor, all others held, at which the choice changes."""
    sets = {run: frozenset() for run in done.run} | {
        str(run): frozenset(rows.bundle) for run, rows in chosen.groupby("run")
    }
    words = pd.DataFrame({name: done[name].map(level_word) for name in held})
    rows = []
    for factor in factors:
        order = {level_word(value): at for at, value in enumerate(_ordered(done[factor]))}
        # A labelled grid's own paths move with its label; what is held is every other axis of the plan.
        others = [name for name in held if name != factor and not _moves_with(words, name, factor)]
        for key, group in done.groupby([words[name] for name in others], sort=False) if others else [((), done)]:
            steps = (
                group.assign(at=words.loc[group.index, factor].map(order))
                .sort_values("at", kind="stable")
                .drop_duplicates("at")
            )
            told = ", ".join(f"{name} = {value}" for name, value in zip(others, key, strict=True))
            for (_, before), (_, after) in itertools.pairwise(steps.iterrows()):
                was, now = sets[before.run], sets[after.run]
                if was != now or before.portfolio != after.portfolio:
                    change = after.npv_mean_gbp - before.npv_mean_gbp
                    rows.append(
                        (
                            factor,
                            level_word(before[factor]),
                            level_word(after[factor]),
                            told,
                            _side(was - now, before),
                            _side(now - was, after),
                            before.npv_mean_gbp,
                            after.npv_mean_gbp,
                            change,
                            before.run,
                            after.run,
                        )
                    )
    return pd.DataFrame(rows, columns=list(FLIPS))


def _moves_with(words: pd.DataFrame, name: str, factor: str) -> bool:
    """Whether a column says the same as the factor, in other words."""
    pairs = words[[name, factor]].drop_duplicates()
    return (
        len(pairs) == words[name].nunique() == words[factor].nunique()
        and len(pairs) > 1
        and not _independent(words, name, factor)
    )


def _independent(words: pd.DataFrame, name: str, factor: str) -> bool:
    return len(words[[name, factor]].drop_duplicates()) == words[name].nunique() * words[factor].nunique()


def _side(bundles: frozenset[str], row: pd.Series) -> str:
    if not Status(row.portfolio).has_portfolio:
        return f"no portfolio ({row.portfolio})"
    return " | ".join(sorted(bundles))


def _flip_line(row: Mapping[Hashable, Any]) -> str:
    moves = "; ".join(
        f"{word} {visible(row[side])}" for word, side in (("out:", "leaves"), ("in:", "enters")) if row[side]
    )
    held = f" ({visible(row['others'])})" if row["others"] else ""
    change = f" [{money(row['npv_change_gbp'])}]" if row["npv_change_gbp"] == row["npv_change_gbp"] else ""
    return f"{visible(row['factor'])} {visible(row['from'])} -> {visible(row['to'])}{held}: {moves}{change}"


__all__ = ["Comparison", "compare", "level_word"]
