"""docs/performance.md from the JSON files of benchmarks: a section each, with its command, from one run each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS

Found = dict[str, Any]
QUANTILES = ("worst", "p10", "median", "p90", "best")

HEAD = """# How fast, how exact, how much memory

Written by the commands that measured; figures of one section come from one run. Times are CPU seconds and depend on the
machine, and on what else it does; ratios depend on it far less. `make bench` measures all of it anew, writes this page,
the figures as JSON and a page of plots.
"""


def table(heading: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as a Markdown table."""
    names = list(heading)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def number(value: Any, digits: int = 3) -> str:
    """Return a figure short, or that it was not measured.

    Examples
    --------
    >>> number(1234.5), number(0.01234), number(None)
    ('1,234', '0.0123', 'not measured')
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return "not measured" if value is None else str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def verdict(value: Any, wanted: float, *, most: bool = False) -> str:
    """Return a figure beside what it is to reach.

    Examples
    --------
    >>> verdict(12.3, 10), verdict(160, 150, most=True)
    ('12.3 (wanted: at least 10; reached)', '160 (wanted: at most 150; **not reached**)')
    """
    if not isinstance(value, (int, float)):
        return "not measured"
    reached = value <= wanted if most else value >= wanted
    side = "at most" if most else "at least"
    return f"{number(value)} (wanted: {side} {wanted:g}; {'reached' if reached else '**not reached**'})"


def of_machine(found: Found) -> str:
    """Return where and with what it was measured."""
    machine, parts = found.get("machine", {}), []
    if isinstance(machine, dict) and machine:
        parts = [
            machine.get("cpu", "unknown processor"),
            f"{machine.get('cores')} cores",
            f"Python {machine.get('python')}",
        ]
    versions = found.get("versions", {})
    parts += [f"{name} {text}" for name, text in versions.items() if name != "python"]
    return f"Measured on {', '.join(parts)}." if parts else ""


def peers(found: Found) -> str:
    """Return the section about drawing beside other libraries."""
    rows = []
    for name, sizes in found["subjects"].items():
        small, large = sizes["100k"], sizes["1m"]
        rows.append(
            [
                f"{name} {small.get('version', '')}".strip(), number(small.get("draws_per_cpu_s")),
                number(large.get("draws_per_cpu_s")) if "cpu_s" in large else large.get("left_out", "failed"),
                number(small.get("peak_mb")), number(large.get("peak_mb")), number(small.get("rank_error")),
            ]
        )  # fmt: skip
    missing = [name for name in PEERS if name not in found["subjects"]]
    note = f"\n\nThe run was stopped before {', '.join(missing)}." if missing else ""
    heading = ("", "draws per CPU s, 100k", "draws per CPU s, 1M", "peak MB, 100k", "peak MB, 1M", "rank error, 100k")
    return "\n".join(
        [
            "Twenty drivers (8 PERT, 4 triangular, 4 log-normal, 4 normal), rank correlation 0.3, five-year NPV;",
            "one thread, CPU time after import, median of the runs, each library in a process of its own.\n",
            f"- draws per CPU second over the fastest peer's ({found['fastest_peer_100k']}), 100,000 draws: "
            + verdict(found["ratio_to_fastest_peer_100k"], 10),
            f"- peak memory at 1,000,000 draws, MB: {verdict(found['peak_mb_1m'], 150, most=True)}",
            "- worst error of a rank correlation, 1,000,000 draws: "
            + verdict(found["rank_error_1m"], 0.01, most=True)
            + "\n",
            table(heading, rows) + note,
        ]
    )


def core(found: Found) -> str:
    """Return the section about the appraisal beside a loop and a compiled kernel."""
    doubling = found.get("doubling") or {}
    lines = [
        "The real appraisal (scale savings, staff, exits, a register), from drawn values to NPV by partner and sums of",
        "all measures, beside a plain loop over bundles in numpy and a compiled kernel of the same formulas.\n",
        "- speed over the compiled kernel's, one thread, 1,000 bundles: "
        + verdict(found["ratio_to_fused_kernel"], 0.7)
        + _by_round(found, "kernel"),
        f"- the same, 50,000 bundles: {number(found['ratio_to_fused_kernel_50000'])}",
        f"- speed over the plain loop's: {verdict(found['ratio_to_plain_loop'], 5)}{_by_round(found, 'plain')}",
        f"- bundle-draws per CPU second: {number(found['bundle_draws_per_second'])}",
        f"- largest relative difference of any number: {number(found['largest_relative_difference'])}",
        f"- twice the bundles cost: {verdict(doubling.get('doubling_bundles'), 2.2, most=True)}",
        f"- twice the draws cost: {verdict(doubling.get('doubling_draws'), 2.2, most=True)}",
        f"- peak memory within the budget at every size: {_yes(found.get('memory_within_budget'))}",
    ]
    cores = (found.get("cores") or {}).values()
    if cores:
        heading = ("threads", "sharesim", "compiled kernel")
        rows = [[str(one["jobs"]), *(number(speed) for speed in one["bundle_draws_per_s"].values())] for one in cores]
        lines += ["", "Bundle-draws per second elapsed, 1,000 bundles, their tables included:", "", table(heading, rows)]
    sizes = (found.get("whole") or {}).get("sizes", [])
    if sizes:
        heading = ("bundles", "draws", "draws kept", "threads", "budget MB", "peak MB", "CPU s")
        columns = ("n_bundles", "n_draws", "keep", "jobs", "budget_mb", "peak_mb", "cpu_s")
        lines += ["", table(heading, [[number(one.get(name), 4) for name in columns] for one in sizes])]
    return "\n".join(lines)


def _by_round(found: Found, other: str) -> str:
    """Return the least and the largest ratio to another subject in one round of the race, in words."""
    ratios = found.get("race", {}).get("small", {}).get("beside_ours", {}).get(other, [])
    if len(ratios) < 2:
        return ""
    return f"; median of {len(ratios)} rounds, which gave {number(min(ratios))} to {number(max(ratios))}"


def _yes(value: bool | None) -> str:
    return "not measured" if value is None else "yes" if value else "**no**"


def sobol(found: Found) -> str:
    """Return the section about what Sobol' draws gain."""
    rows = [
        [f"{name} risks and exits", found[name]["drivers"], *(number(found[name][q]) for q in QUANTILES),
         f"{found['share_reaching'][name]:.0%} reach {found['wanted'][name]:g}"]
        for name in found["wanted"]
    ]  # fmt: skip
    heading = ("", "drivers", "worst", "lowest tenth", "median", "highest tenth", "best", "bundles")
    return "\n".join(
        [
            "Standard error of a bundle's mean NPV under plain Monte Carlo over that under scrambled Sobol' draws,",
            f"{found['case']}, {found['n_draws']:,} draws, spread over {found['scrambles']} scrambles, all bundles.\n",
            f"- median gain with risks and exits: {verdict(found['median_gain_with_events'], found['wanted']['with'])}",
            f"- median gain without: {verdict(found['median_gain_without_events'], found['wanted']['without'])}\n",
            table(heading, rows),
            "",
            "Why it is less with events: a council that refuses or leaves multiplies all else, so the value depends",
            "on four to eight drivers at once, and jumps. Points that are even in each pair of inputs are not even in",
            "each four of three hundred. For the worst bundles the error over scrambles has two humps: an unlucky",
            "pattern among a few inputs, which every scramble keeps. The dimension of a driver is the rank",
            "of its id, whatever it matters, so that draws can be made again from names alone; ordering by importance",
            "is not done. What each kind of event costs is taken apart in [decision 085](decisions/085-sobol-and-events.md).",
        ]
    )


def phases(found: Found) -> str:
    """Return the section about what each step costs."""
    steps = list(next(iter(found["phases"].values())))
    rows = [[name, *(number(one[step]["cpu_s"], 2) for step in steps)] for name, one in found["phases"].items()]
    lines = [f"CPU seconds of each step, one thread, {found['n_draws']:,} draws (batch: two runs of the study).\n"]
    lines.append(table(("", *steps), rows))
    for name, points in found["growth"].items():
        lines += ["", f"Appraisal against {name}:", ""]
        lines.append(table([name, *(f"{one['at']:,}" for one in points)], [
            ["CPU s", *(number(one["cpu_s"], 2) for one in points)],
            ["ns per bundle-draw", *(f"{one['ns_per_unit']:,.0f}" for one in points)],
        ]))  # fmt: skip
    return "\n".join(lines)


def choice(found: Found) -> str:
    """Return the section about the choice."""
    from benchmarks.choice import table as as_text

    known = {name: found[name] for name in ("peers", "size", "hard", "build") if name in found}
    return f"```text\n{as_text(known)}\n```"


def batch(found: Found) -> str:
    """Return the section about batches."""
    parent = found["batch"]
    return "\n".join(
        [
            f"{found['runs']} runs of {number(found['run_cpu_ms'])} ms CPU each, in a plain loop and as a batch",
            "with one process.\n",
            f"- overhead for each run: {number(found['overhead_per_run_cpu_ms'])} ms CPU, "
            f"{number(found['overhead_per_run_wall_ms'])} ms elapsed",
            f"- memory of the parent: {parent['parent_early_mb']:.0f} MB early, {parent['parent_late_mb']:.0f} MB late",
            f"- the same command with nothing left to do: {number(parent['nothing_to_do_s'])} s CPU",
        ]
    )


def laws(found: Found) -> str:
    """Return the section about laws."""
    slowest = max(found["laws"], key=lambda one: one["ns_per_value"])
    return "\n".join(
        [
            "The table of laws is in [uncertainty.md](uncertainty.md), written by the same command.\n",
            f"- worst error of a fast quantile, |z| <= 6, in sd: {verdict(found['worst_error_sd'], 1e-7, most=True)}",
            f"- slowest law, ns a value: {number(slowest['ns_per_value'])}",
        ]
    )


#: Title and text of each benchmark's section, in the order of the page.
SECTIONS: dict[str, tuple[str, Callable[[Found], str]]] = {
    "peers": ("Drawing, beside other libraries", peers),
    "core": ("The appraisal, beside a loop and a compiled kernel", core),
    "sobol": ("What Sobol' draws gain", sobol),
    "phases": ("What each step costs", phases),
    "choice": ("The choice, beside other tools", choice),
    "batch": ("What a batch costs beyond its runs", batch),
    "laws": ("How exact and how fast laws are", laws),
}


def section(name: str, found: Found) -> str:
    """Return one section between its marks."""
    title, write = SECTIONS[name]
    command = f"`python -m benchmarks.{name} --json FILE`"
    parts = [
        f"<!-- {name}: begin -->",
        f"## {title}\n",
        f"Command: {command}. {of_machine(found)}".strip(),
        "",
        write(found),
    ]
    return "\n".join([*parts, f"<!-- {name}: end -->"])


def page(results: dict[str, Found], old: str = "") -> str:
    """Return the page: sections of what was measured now, and of the old page for what was not."""
    parts = [HEAD]
    for name in SECTIONS:
        if name in results:
            parts.append(section(name, results[name]))
        elif f"<!-- {name}: begin -->" in old:
            begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
            parts.append(begin + old.split(begin, 1)[1].split(end, 1)[0] + end)
    return "\n".join(part + "\n" for part in parts)


def write(path: Path, results: dict[str, Found]) -> None:
    """Write the page, keeping sections of benchmarks that were not run."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(page(results, old), encoding="utf-8")


def read(folder: Path) -> dict[str, Found]:
    """Return the results that lie in a folder, by benchmark."""
    files = {name: folder / f"{name}.json" for name in SECTIONS}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}
