"""How often 95% intervals hold the truth: three laws, three ways to draw, three numbers of draws, seven measures.

The truths come from quadrature. Each law is a sum a + b z, where z has a known law and a and b take few values, or are
laws themselves: then the distribution function is an average of known ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq

from sharesim.measures import Estimate, estimate
from sharesim.uncertainty.distribution import Distribution
from sharesim.uncertainty.distributions import lognormal, normal, pareto_tail, pert, uniform
from sharesim.uncertainty.draws import DrawPlan, DriverSpec
from tests.verify.part import Part

PAGE = Path(__file__).parents[2] / "docs" / "uncertainty.md"
SEEDS, OTHER_SEEDS, CONFIDENCE = 1000, 125, 0.95
#: Two standard deviations of a coverage over the seeds of the laws outside the grid.
OTHER_SLACK = 2.0 * (CONFIDENCE * (1.0 - CONFIDENCE) / OTHER_SEEDS) ** 0.5
MEASURES = ("mean", "sd", "p5", "p50", "p95", "cvar", "p_loss")
SIZES = (1024, 8192, 32_768)
METHODS = ("monte_carlo", "latin_hypercube", "sobol")
#: Coverage allowed, and that of a share with fewer than two expected hits.
ALLOWED, ALLOWED_RARE = (0.925, 0.975), (0.90, 0.99)
#: A cell is "not available" where the draws refuse an error in so many of its runs; else what is available must hold.
REFUSED = 0.5


@dataclass(frozen=True)
class Case:
    """A made-up law of a value.

    Parameters
    ----------
    title : str
    drivers : dict of str to Distribution
    value : callable
        Drivers (driver, draw) to values (draw,).
    pieces : callable
        No argument to weights, a and b (piece,) of value = a + b z.
    core : str
        The driver that is z.
    """

    title: str
    drivers: dict[str, Distribution]
    value: Callable[[np.ndarray], np.ndarray]
    pieces: Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray]]
    core: str

    def draws(self, seed: int, method: str, n_draws: int) -> np.ndarray:
        """Return values drawn by a plan, as a study's are; Sobol' in scrambles of 1,024."""
        sized: dict[str, Any] = {"n_draws": n_draws} if method != "monte_carlo" else {}
        sized |= {"scrambles": n_draws // 1024} if method == "sobol" else {}
        specs = [DriverSpec(name, law) for name, law in self.drivers.items()]
        plan = DrawPlan(specs, seed=seed, method=method, **sized)
        return self.value(plan.values(0, n_draws // 1024))

    def truths(self) -> dict[str, float]:
        """Return the true figures."""
        weight, a, b = self.pieces()
        law = self.drivers[self.core]
        first, second = law.mean, law.variance + law.mean**2
        average = float(weight @ (a + b * first))
        square = float(weight @ (a * a + 2 * a * b * first + b * b * second))

        def below(threshold: float) -> float:
            share = law._cdf((threshold - a) / b)
            return float(weight @ np.where(b > 0, share, 1.0 - share))

        def quantile(share: float) -> float:
            return float(brentq(lambda x: below(x) - share, -1e4, 1e4, xtol=1e-9))

        boundary = quantile(0.05)
        # The mean shortfall below the boundary is the integral of the distribution function up to it.
        steps = np.expm1(np.linspace(0.0, np.log1p(1e7), 3001))
        shortfall = np.trapezoid([below(boundary - step) for step in steps], steps)
        return {
            "mean": average, "sd": float(np.sqrt(square - average**2)), "p5": boundary, "p50": quantile(0.5),
            "p95": quantile(0.95), "cvar": boundary - float(shortfall) / 0.05, "p_loss": below(0.0),
        }  # fmt: skip


def _nodes(law: Distribution, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Return values of a law and their weights."""
    z = np.linspace(-8.5, 8.5, count)
    weight = np.exp(-z * z / 2.0)
    return law._exact_normal(z), weight / weight.sum()


def _pieces(
    laws: dict[str, Distribution], a: Callable[..., np.ndarray], b: Callable[..., np.ndarray], **chances: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, a and b over all values of some laws, and of events (0 or 1) that come with a chance."""
    found = [_nodes(law, 400 if len(laws) < 2 else 90) for law in laws.values()]
    found += [(np.array([0.0, 1.0]), np.array([1.0 - chance, chance])) for chance in chances.values()]
    names = [*laws, *chances]
    values = dict(zip(names, np.meshgrid(*(value for value, _ in found), indexing="ij"), strict=True))
    weight = np.ones(())
    for _, part in found:
        weight = np.multiply.outer(weight, part)
    ends = (np.broadcast_to(part(values), weight.shape).ravel() for part in (a, b))
    return (weight.ravel(), *ends)  # type: ignore[return-value]


SAVING, SHARE = pert(80, 120, 220), uniform(0.5, 1)
SKEWED, COST = lognormal(mean=100, sd=50), lognormal(mean=60, sd=30)
OVERRUN = pareto_tail(lognormal(p10=50, p90=200), above=0.9, index=2.5)
CHANCE = uniform(0, 1)

#: The grid: like a normal law (with a rare loss), skewed with events, and a heavy tail with an event and a switch.
CASES = (
    Case(
        "normal-like", {"saving": SAVING, "share": SHARE, "price": normal(0, 15)},
        lambda v: v[0] * v[1] + v[2] - 20.0,
        lambda: _pieces({"saving": SAVING, "share": SHARE}, lambda v: v["saving"] * v["share"] - 20.0, lambda v: 1.0),
        "price",
    ),
    Case(
        "skewed, with events",
        {"saving": SKEWED, "share": SHARE, "cost": COST, "event": CHANCE, "late": CHANCE},
        lambda v: v[0] * v[1] - v[2] * (v[3] < 0.3) - 40.0 * (v[4] < 0.1) - 10.0,
        lambda: _pieces(
            {"share": SHARE, "cost": COST}, lambda v: -v["cost"] * v["event"] - 40.0 * v["late"] - 10.0,
            lambda v: v["share"], event=0.3, late=0.1,
        ),
        "saving",
    ),
    Case(
        "tail of index 2.5, an event and a switch",
        {"saving": pert(80, 160, 320), "overrun": OVERRUN, "event": CHANCE, "switch": CHANCE},
        lambda v: np.where(v[3] < 0.8, 1.0, 0.4) * v[0] - 0.5 * v[1] - 60.0 * (v[2] < 0.15),
        lambda: _pieces(
            {"saving": pert(80, 160, 320)},
            lambda v: (0.4 + 0.6 * v["switch"]) * v["saving"] - 60.0 * v["event"], lambda v: -0.5,
            event=0.15, switch=0.8,
        ),
        "overrun",
    ),
)  # fmt: skip
#: Laws that no choice of a method looked at.
OTHERS = (
    Case(
        "log-normal loss, spread 120%", {"gain": pert(50, 150, 200), "loss": lognormal(mean=80, sd=96)},
        lambda v: v[0] - v[1],
        lambda: _pieces({"gain": pert(50, 150, 200)}, lambda v: v["gain"], lambda v: -1.0), "loss",
    ),
    Case(
        "gain with a tail of index 3, an event",
        {"gain": pareto_tail(lognormal(p10=20, p90=90), above=0.8, index=3), "cost": normal(30, 10), "event": CHANCE},
        lambda v: v[0] * (v[2] < 0.5) - v[1],
        lambda: _pieces(
            {"gain": pareto_tail(lognormal(p10=20, p90=90), above=0.8, index=3)},
            lambda v: v["gain"] * v["event"], lambda v: -1.0, event=0.5,
        ),
        "cost",
    ),
    Case(
        "rare disaster", {"saving": normal(40, 20), "loss": lognormal(mean=150, sd=50), "event": CHANCE},
        lambda v: v[0] - v[1] * (v[2] < 0.03),
        lambda: _pieces(
            {"loss": lognormal(mean=150, sd=50)}, lambda v: -v["loss"] * v["event"], lambda v: 1.0, event=0.03
        ),
        "saving",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """What was found in one cell of the grid.

    Parameters
    ----------
    runs, refused, covered : int
        Runs, those without an error, and intervals that hold the truth.
    below, above : int
        Intervals that lie wholly below the truth, and above.
    rare : bool
        Whether it is a share with fewer than two expected hits.
    reason : str
        Why an error was refused, where it was.
    """

    runs: int
    refused: int
    covered: int
    below: int
    above: int
    rare: bool
    reason: str

    @property
    def available(self) -> bool:
        """Whether the cell counts as available."""
        return self.refused < REFUSED * self.runs

    @property
    def coverage(self) -> float:
        """Share of the intervals there are that hold the truth."""
        return self.covered / max(self.runs - self.refused, 1)

    def holds(self, slack: float = 0.0) -> bool:
        """Return whether the coverage is allowed, or the cell not available."""
        low, high = ALLOWED_RARE if self.rare else ALLOWED
        return not self.available or low - slack <= self.coverage <= high + slack

    def text(self, slack: float = 0.0) -> str:
        """Return what the table says of the cell, marked where it does not hold."""
        refused = f"{self.refused / self.runs:.0%}"
        if not self.available:
            return "not available" if self.refused == self.runs else f"not available ({refused})"
        mark = "" if self.holds(slack) else " **outside**"
        return (
            f"{self.coverage:.1%}{' (rare)' if self.rare else ''}{f', {refused} refused' if self.refused else ''}{mark}"
        )


Key = tuple[str, str, int, str]


def grid(
    cases: tuple[Case, ...], seeds: int, sizes: tuple[int, ...] = SIZES, methods: tuple[str, ...] = METHODS
) -> dict[Key, Cell]:
    """Return every cell by title, method, number of draws and measure."""
    found: dict[Key, Cell] = {}
    for case in cases:
        truths = case.truths()
        for method in methods:
            counts = {(size, name): [0, 0, 0, 0, ""] for size in sizes for name in MEASURES}
            for seed in range(seeds):
                draws = case.draws(seed, method, max(sizes))
                for size in sizes:  # the first draws are those of a smaller number
                    for name in MEASURES:
                        design = _Design(method, size // 1024 if method == "sobol" else 1)
                        _count(counts[size, name], estimate(draws[:size], name, design), truths[name])
            for (size, name), (refused, covered, below, above, reason) in counts.items():
                rare = name == "p_loss" and min(truths[name], 1.0 - truths[name]) * size < 2.0
                found[case.title, method, size, name] = Cell(seeds, refused, covered, below, above, rare, reason)
    return found


@dataclass(frozen=True)
class _Design:
    method: str
    scrambles: int


def _count(counts: list[Any], made: Estimate, truth: float) -> None:
    if not made.available:
        counts[0], counts[4] = counts[0] + 1, made.reason
        return
    low, high = made.interval(CONFIDENCE)
    counts[1] += low <= truth <= high
    counts[2] += high < truth
    counts[3] += low > truth


def table(found: dict[Key, Cell], slack: float = 0.0) -> list[str]:
    """Return the grid as a table; a coverage within `slack` of the limits is not marked."""
    lines = [f"| law | method | draws | {' | '.join(MEASURES)} |", f"| --- | --- | ---: |{' --- |' * len(MEASURES)}"]
    for title, method, size in dict.fromkeys(key[:3] for key in found):
        cells = " | ".join(found[title, method, size, name].text(slack) for name in MEASURES)
        lines.append(f"| {title} | `{method}` | {size:,} | {cells} |")
    return lines


def verify(full: bool) -> Part:
    """Run the grid, and print it in docs/uncertainty.md."""
    found = grid(CASES, SEEDS if full else 100, SIZES if full else SIZES[:2])
    lines = table(found)
    outside = [cell for cell in found.values() if not cell.holds()]
    if full:
        page = PAGE.read_text(encoding="utf-8")
        head, rest = page.split("<!-- grid of coverage: begin -->\n")
        _, tail = rest.split("<!-- grid of coverage: end -->")
        marked = "<!-- grid of coverage: begin -->\n" + "\n".join(lines) + "\n<!-- grid of coverage: end -->"
        PAGE.write_text(head + marked + tail, encoding="utf-8")
        others = grid(OTHERS, OTHER_SEEDS)
        lines += [
            "",
            f"Laws outside the grid, {OTHER_SEEDS} seeds; two standard deviations of a coverage, {OTHER_SLACK:.1%}, are let pass:",
            "",
        ]
        lines += table(others, OTHER_SLACK)
    said = f"{len(found)} cells of {SEEDS if full else 100:,} seeds, nominal {CONFIDENCE:.0%}; outside the limits: {len(outside)}."
    return Part(not outside, (said, "", *lines))
