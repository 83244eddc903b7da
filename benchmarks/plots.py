"""One HTML page of plots from the results of benchmarks, complete in itself."""

from __future__ import annotations

import html
import io
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

Found = dict[str, Any]
BLUE, ORANGE, GREY = "#1f5a8a", "#c8641e", "#7a7a7a"


def svg_of(draw: Any, *given: Any, wide: bool = False) -> str:
    """Return one plot as SVG text."""
    figure, axes = plt.subplots(figsize=(9.0 if wide else 5.2, 3.4), layout="constrained")
    draw(axes, *given)
    axes.spines[["top", "right"]].set_visible(False)
    out = io.StringIO()
    figure.savefig(out, format="svg")
    plt.close(figure)
    text = out.getvalue()
    return text[text.index("<svg") :]


def against(axes: Axes, name: str, points: list[Found]) -> None:
    """Draw cost against a size, beside a cost in proportion to it."""
    at = np.array([one["at"] for one in points], float)
    seconds = np.array([one["cpu_s"] for one in points])
    axes.plot(at, seconds, "o-", color=BLUE, label="measured")
    axes.plot(at, seconds[0] * at / at[0], "--", color=GREY, label="in proportion")
    axes.set(xlabel=name, ylabel="CPU seconds", title=f"Appraisal against {name}", ylim=(0, None))
    marked = at[-3:] if at[-1] > 10 * at[0] else at  # those of doubling sizes would overlap at the left
    axes.set_xticks(marked, [f"{size:,.0f}" for size in marked])
    axes.legend(frameon=False)


def steps(axes: Axes, phases: dict[str, dict[str, Found]]) -> None:
    """Draw CPU seconds of each step for each subject."""
    names = list(next(iter(phases.values())))
    height = 0.8 / len(phases)
    for at, (subject, found) in enumerate(phases.items()):
        where = np.arange(len(names)) + (at - (len(phases) - 1) / 2) * height
        axes.barh(
            where, [found[name]["cpu_s"] for name in names], height, label=subject, color=(BLUE, ORANGE, GREY)[at % 3]
        )
    axes.set_yticks(np.arange(len(names)), names)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="CPU seconds (logarithmic)", title="Steps")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.45, -0.2), ncol=len(phases))


def rates(axes: Axes, subjects: dict[str, Found]) -> None:
    """Draw draws per CPU second of each library."""
    known = {name: sizes["100k"]["draws_per_cpu_s"] for name, sizes in subjects.items() if "cpu_s" in sizes["100k"]}
    axes.barh(list(known), list(known.values()), color=[BLUE if name == "sharesim" else GREY for name in known])
    axes.invert_yaxis()
    for at, rate in enumerate(known.values()):
        axes.text(rate, at, f" {rate:,.0f}", va="center")
    axes.set(xscale="log", xlabel="draws per CPU second, 100,000 draws (logarithmic)", title="Beside other libraries")


def gained(axes: Axes, found: Found) -> None:
    """Draw the gains of all bundles, sorted, with and without events."""
    for name, colour in (("with", BLUE), ("without", ORANGE)):
        gains = np.sort(found[name]["gains"])
        axes.plot(np.linspace(0, 100, gains.size), gains, color=colour, label=f"{name} risks and exits")
        axes.axhline(found["wanted"][name], color=colour, linestyle=":")
    axes.set(yscale="log", xlabel="bundles, % from the worst", ylabel="gain over Monte Carlo", title="Sobol' draws")
    axes.legend(frameon=False)


def kernel(axes: Axes, found: Found) -> None:
    """Draw bundle-draws per CPU second of the appraisal and what it is set beside."""
    known = found["race"]["small"]["bundle_draws_per_cpu_s"]
    axes.barh(
        list(known), [rate / 1e6 for rate in known.values()], color=[BLUE if n == "sharesim" else GREY for n in known]
    )
    axes.invert_yaxis()
    axes.set(xlabel="million bundle-draws per CPU second, 1,000 bundles", title="The appraisal")


def page(results: dict[str, Found], versions: dict[str, str]) -> str:
    """Return the whole page."""
    plots = []
    if "phases" in results:
        growth = results["phases"]["growth"]
        plots += [svg_of(against, name, points) for name, points in growth.items()]
        plots.append(svg_of(steps, results["phases"]["phases"]))
    if "peers" in results:
        plots.append(svg_of(rates, results["peers"]["subjects"]))
    if results.get("core", {}).get("race"):
        plots.append(svg_of(kernel, results["core"]))
    if "sobol" in results:
        plots.append(svg_of(gained, results["sobol"]))
    shown = ", ".join(f"{html.escape(name)} {html.escape(text)}" for name, text in versions.items())
    body = "\n".join(f"<figure>{plot}</figure>" for plot in plots) or "<p>Nothing was measured.</p>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>sharesim: benchmarks</title>\n'
        "<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}"
        "main{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}svg{max-width:100%;height:auto}</style></head>\n"
        f"<body><h1>Benchmarks</h1><p>{shown}</p><main>{body}</main></body></html>\n"
    )
