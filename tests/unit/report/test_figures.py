"""Figures: a finding as title, drawn small and large, the same bytes every time, and nobody's settings changed."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest

from sharesim.examples import from_dict, two_councils_raw
from sharesim.report import words
from sharesim.report.contents import Contents
from sharesim.report.figures import Drawing, Plot, axes_of, drawing, figure_of, settings, style, who, why
from sharesim.report.material import Material

NAMES = [
    "value-spread", "cumulative-cash", "savings-by-year", "matrix", "map", "timeline", "councils", "council-measures",
    "tornado", "risks", "options", "published",
]  # fmt: skip


def test_every_figure_is_there(trio_material: Material) -> None:
    assert list(trio_material.plots) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_title_is_a_finding_and_alt_says_as_much(name: str, trio_material: Material) -> None:
    plot = trio_material.plots[name]
    assert len(plot.title.split()) >= 5 and re.search(r"\d|one|two|three|every|no ", plot.title.lower())
    assert len(plot.alt) > 40 and plot.alt.rstrip().endswith(".")
    assert not re.search(r"\b(nan|inf|None)\b", f"{plot.title} {plot.alt}")
    assert len(plot.data)


@pytest.mark.parametrize("name", NAMES)
def test_svg_holds_no_date_and_two_drawings_are_the_same(
    name: str, trio_material: Material, trio_drawings: list[Drawing]
) -> None:
    (first,) = [item for item in trio_drawings if item.plot.name == name]
    second = drawing(trio_material.plots[name])
    assert (first.svg, first.png, first.wide, first.narrow) == (second.svg, second.png, second.wide, second.narrow)
    assert not re.search(r"20\d\d-\d\d-\d\dT", first.svg)


def size_of(text: str) -> tuple[float, float, list[float]]:
    root = ElementTree.fromstring(text)
    view = [float(part) for part in root.attrib["viewBox"].split()]
    return float(root.attrib["width"][:-2]), float(root.attrib["height"][:-2]), view


def test_page_shows_a_figure_without_the_title_above_it(trio_drawings: list[Drawing]) -> None:
    for item in trio_drawings:
        width, height, view = size_of(item.wide)
        whole_width, whole_height, whole = size_of(item.svg)
        assert width == whole_width == 518.4
        assert view[1] > 15 and np.isclose(view[1] + height, whole_height) and np.isclose(view[3], height)
        assert whole[1] == 0
        assert size_of(item.narrow)[0] < 300


def test_narrow_figures_keep_their_letters(trio_material: Material) -> None:
    """Nothing is drawn outside a figure's edges, wide or narrow."""
    with settings():
        for plot in trio_material.plots.values():
            for narrow in (False, True):
                figure, _ = figure_of(plot, narrow=narrow)
                box = figure.get_tightbbox(figure.canvas.get_renderer())
                width, height = figure.get_size_inches()
                assert box.x0 > -0.15 and box.y0 > -0.15, (plot.name, narrow, box)
                assert box.x1 < width + 0.15 and box.y1 < height + 0.15, (plot.name, narrow, box)


def test_settings_of_the_user_stay_as_they_were(trio_material: Material) -> None:
    before = dict(matplotlib.rcParams)
    drawing(trio_material.plots["map"])
    axes_of(trio_material.plots["map"])
    assert dict(matplotlib.rcParams) == before


def test_no_window_system_is_asked_for() -> None:
    code = "import sys, sharesim.report.files; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_hostile_text_is_not_read_as_mathematics() -> None:
    frame = pd.DataFrame(
        {"council": [r"$\nonsense{$ <b>", "B"], "mean_gbp": [1.0, 2.0], "probability_of_loss": [0.5, 0.1]}
    )
    frame = frame.assign(**{f"p{q}_gbp": [0.0, 1.0] for q in (5, 25, 50, 75, 95)})
    made = drawing(why.councils_plot(frame))
    ElementTree.fromstring(made.svg)


def contrast(one: str, other: str = "#ffffff") -> float:
    """Return the contrast of two colours by the rule of the Web Content Accessibility Guidelines."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_letters_can_be_read() -> None:
    for fill in (*style.GROUP_FILLS, style.PALE, "#ffffff"):
        assert contrast(style.INK, fill) >= 7.0
    for colour in (style.MUTED, style.RED, style.BLUE, style.GREEN, style.PURPLE):
        assert contrast(colour) >= 4.5
    for colour in (style.ORANGE, style.SKY):
        assert contrast(colour) >= 3.0


def test_two_series_differ_in_lightness_too() -> None:
    """What stands side by side is told apart in grey as well."""
    assert abs(contrast(style.ORANGE) - contrast(style.BLUE)) > 1.5
    assert contrast(style.BLUE_BANDS[0]) < contrast(style.BLUE_BANDS[1]) < contrast(style.BLUE)


def test_many_councils_are_cut_to_those_that_gain_least_and_most() -> None:
    n = 60
    mean = np.random.default_rng(1).permutation(n).astype(float)
    frame = pd.DataFrame({"council": [f"C{at}" for at in range(n)], "mean_gbp": mean, "probability_of_loss": 0.1})
    shown = why.ends_of(frame, "mean_gbp")
    assert sorted(shown.mean_gbp) == [*range(12), *range(48, 60)]


def test_no_map_without_coordinates(trio: Contents, trio_material: Material) -> None:
    councils = tuple(row.model_copy(update={"x_km": None}) for row in trio.study.model.councils)
    import dataclasses

    model = trio.study.model.model_copy(update={"councils": councils})
    study = dataclasses.replace(trio.study, model=model)
    assert who.map_plot(study, trio_material.tables["links"], [0, 0, 0]) is None


def test_axes_for_notebooks(trio_material: Material) -> None:
    axes = axes_of(trio_material.plots["cumulative-cash"])
    assert axes.get_ylabel() == "Cumulative net cash, 2025-26 prices"
    assert len(axes.figure.texts) == 1


def test_a_plot_of_nothing_to_pay(trio_material: Material) -> None:
    frame = trio_material.tables["council_panels"].assign(peak_funding_mean_gbp=0.0)
    plot = why.panels_plot(frame, (("peak_funding_mean_gbp", "Peak funding", "gbp"),))
    assert plot.title == "No council has to find money before it gains, on average"
    assert isinstance(plot, Plot) and words.money(0) == "£0"


def many_councils(count: int) -> Plot:
    """Return the map of councils that lie scattered, the first two of which share."""
    at = np.random.default_rng(3)
    rows = [
        {"id": f"c{one}", "name": f"Council {one}", "population": 90_000, "x_km": float(x), "y_km": float(y)}
        for one, (x, y) in enumerate(at.uniform(0.0, 60.0, size=(count, 2)))
    ]
    costs = [
        {"council": row["id"], "service": "payroll", "cost_gbp": 1e5, "workload": 500, "posts_fte": 4} for row in rows
    ]
    raw = two_councils_raw() | {"councils": rows, "baseline": costs, "bundles": {"most_partners": 2}}
    frame = pd.DataFrame([{"council": "c0", "partner": "c1", "services": 1}])
    plot = who.map_plot(from_dict(raw), frame, [1] + [0] * (count - 1))
    assert plot is not None
    return plot


@pytest.mark.parametrize(("count", "named"), [(3, 3), (15, 15), (40, 40), (41, 0)])
def test_councils_of_a_map_have_names_as_long_as_there_is_room(count: int, named: int) -> None:
    written = [text.get_text() for text in axes_of(many_councils(count)).texts]
    assert sum(text.startswith("Council ") for text in written) == named


def test_names_of_fifteen_councils_do_not_lie_on_each_other() -> None:
    axes = axes_of(many_councils(15))
    canvas = axes.figure.canvas
    names = [text for text in axes.texts if text.get_text().startswith("Council ")]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in names]  # type: ignore[attr-defined]
    pairs = [(one, other) for at, one in enumerate(boxes) for other in boxes[at + 1 :]]
    assert sum(one.overlaps(other) for one, other in pairs) == 0


def test_a_figure_cut_to_what_it_holds_keeps_its_title(trio_material: Material) -> None:
    """A notebook saves with ``bbox_inches="tight"``: as high as the whole figure, its narrow margins apart."""
    for name in ("map", "value-spread", "matrix"):
        plot = trio_material.plots[name]
        figure = axes_of(plot).figure
        (title,) = (text for text in figure.texts if text.get_text().split() == plot.title.split())
        kept = figure.get_tightbbox()
        place = title.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
        assert kept.y1 >= place.y1 - 1e-6 and kept.x0 <= place.x0 + 1e-6, name
