"""The page of a tracked run: highlights by arrangement, actuals beside the simulated band, the out-turn projected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sharesim.report import words
from sharesim.report.cells import columns, page_table
from sharesim.report.decision import Sentence, gbp
from sharesim.report.figures import Drawing, Plot, drawing
from sharesim.report.figures.tracking import band_plot
from sharesim.report.files import write_figures
from sharesim.report.html import Picture, environment

HIGHLIGHTS = columns("""
    what | Arrangement
    status | Status
    because | Decided by
    worse_percent | Futures that did worse by now | number | percent
""")
SERIES = columns("""
    what | What | text | | measure_words
    status | Status
    months | Months seen | number
    actual_gbp | Seen | gbp | money of the day
    expected_gbp | Expected by then | gbp | on average
    percentile | Percentile | number | futures below it
    planned_mean_gbp | Out-turn as simulated | gbp | all years
    projected_mean_gbp | Out-turn projected | gbp | all years
    projected_p5_gbp | Low (5%) | gbp
    projected_p95_gbp | High (95%) | gbp
""")
BANDS = columns("""
    what | What | text | | measure_words
    year | Year
    months | Months seen | number
    actual_gbp | Seen | gbp
    expected_gbp | Expected of those months | gbp
    percentile | Percentile | number | futures below it
    simulated_p5_gbp | Simulated, low (5%) | gbp | whole year
    simulated_mean_gbp | On average | gbp
    simulated_p95_gbp | High (95%) | gbp
    projected_mean_gbp | Projected | gbp | whole year
    projected_p5_gbp | Low (5%) | gbp
    projected_p95_gbp | High (95%) | gbp
""")
#: Series that get a figure.
MOST_FIGURES = 12


def tracking_page(about: Mapping[str, Any], frames: Mapping[str, pd.DataFrame], folder: Path) -> Path:
    """Write track.html, its figures and its tables as CSV into a folder that exists; return the page's path.

    Parameters
    ----------
    about : mapping
        title; effective and n_draws, softening, noise_share; value, as `workflow.track.Tracked.value`; measures,
        words by measure.
    frames : mapping of str to DataFrame
        by_arrangement, highlights and bands, as `workflow.track.Tracked`.
    folder : Path
    """
    frames = {name: _rounded(frame, about["measures"]) for name, frame in frames.items()}
    drawings = [drawing(plot) for plot in plots(frames["bands"])]
    write_figures(drawings, folder / "figures")
    page = folder / "track.html"
    page.write_text(render(about, frames, drawings), encoding="utf-8", newline="\n")
    return page


def _rounded(frame: pd.DataFrame, measures: Mapping[str, str]) -> pd.DataFrame:
    shown = [name for name in ("percentile", "worse_percent") if name in frame]
    frame = frame.assign(**{name: frame[name].round(1) for name in shown})
    return frame.assign(measure_words=frame.measure.map(dict(measures))) if "measure" in frame else frame


def plots(bands: pd.DataFrame) -> list[Plot]:
    """Return one figure per series."""
    keys = ["arrangement", "council", "measure"]
    groups = list(bands.groupby(keys, sort=False))[:MOST_FIGURES]
    return [band_plot(f"track-{at + 1}", group.reset_index(drop=True)) for at, (_, group) in enumerate(groups)]


def render(about: Mapping[str, Any], frames: Mapping[str, pd.DataFrame], drawings: Iterable[Drawing]) -> str:
    """Return the page as text."""
    bands = frames["bands"]
    seen = bands[bands.months > 0].reset_index(drop=True)
    return (
        environment()
        .get_template("track.html.j2")
        .render(
            about=about,
            lead=lead(about),
            rests=rests(about),
            highlights=page_table(
                "track_highlights", "On track, at risk or off track", frames["by_arrangement"], HIGHLIGHTS
            ),
            series=page_table("track_series", "To date, and the out-turn projected", frames["highlights"], SERIES),
            seen=page_table("track_seen", "Every figure seen, beside the simulated band", seen, BANDS),
            bands=page_table("track_bands", "All years", bands, BANDS),
            pictures=[Picture.of(item) for item in drawings],
        )
    )


def lead(about: Mapping[str, Any]) -> Sentence:
    """Return in a sentence what the portfolio was worth, and what it is worth given what has been seen."""
    value = about["value"]
    before, after = value["simulated_loss_share"], value["projected_loss_share"]
    return (
        "Given what has been seen the portfolio is worth ",
        gbp("projected_mean_gbp", value["projected_mean_gbp"]),
        " on average (nine futures in ten: ",
        gbp("projected_p5_gbp", value["projected_p5_gbp"]),
        " to ",
        gbp("projected_p95_gbp", value["projected_p95_gbp"]),
        "); it was ",
        gbp("simulated_mean_gbp", value["simulated_mean_gbp"]),
        f". It loses money in {words.share(after)} of futures; that was {words.share(before)}.",
    )


def rests(about: Mapping[str, Any]) -> str:
    """Return what the projection rests on, in words."""
    text = (
        f"The projection rests on {about['effective']:,.0f} effective futures of {about['n_draws']:,}: those that "
        "look like what "
        f"was seen count more. A future may lie {words.share(about['noise_share'])} of the futures' spread away from "
        "a figure seen."
    )
    if about["softening"] < 1.0:
        text += (
            " What was seen lies so far out that hardly any future looks like it, so its weight was softened to "
            f"{words.share(about['softening'], 1)}: read the projection with care, and look at the study's ranges "
            "again."
        )
    return text
