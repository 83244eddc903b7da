"""Figures of who shares what with whom: the matrix, the map and the timeline."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from sharesim.report import words
from sharesim.report.existing import ends_words
from sharesim.report.figures.style import BLUE, GREEN, GROUP_FILLS, INK, MUTED, ORANGE, PALE, RED, Plot, wrapped
from sharesim.report.matrix import Arrangement
from sharesim.study.study import Study

HOST = "★"
#: Rows of a timeline, councils of a map with room for what each hosts, and cells of a matrix that can be read.
MOST_ROWS, MOST_NAMES, MOST_CELLS = 30, 14, 1200
#: Councils of a map that get their names in short; of more the names would lie on each other.
MOST_SHORT_NAMES = 40
EARTH_KM = 6371.0
#: Size of short names in points, their most letters, and the sides of a mark where one may stand (across, up).
SHORT_POINTS, MOST_LETTERS = 7.0, 22
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


def matrix_plot(study: Study, frame: pd.DataFrame, chosen: Sequence[Arrangement]) -> Plot | None:
    """Return the services x councils matrix, from `matrix.matrix`; None where it would be too large to read."""
    if len(frame) > MOST_CELLS:
        return None
    together = [item for item in chosen if len(item.partners) > 1]
    alone = {service for item in chosen if len(item.partners) == 1 for service in item.services}
    shared = {service for item in together for service in item.services}
    number = words.sentence_case(words.count(len(shared), "service"))
    title = f"{number} of {words.number_word(len(study.services))} shared"
    title += f", in {words.count(len(together), 'arrangement')}" if together else ""
    title += f"; {words.number_word(len(alone))} improved alone" if alone else ""
    alt = f"Matrix of services by councils. {' '.join(_arrangement_words(study, item) for item in chosen)}"

    def draw(figure: Figure, narrow: bool) -> None:
        draw_matrix(figure.add_subplot(), study, frame, narrow)

    height = 0.9 + 0.32 * len(study.services)
    return Plot("matrix", title, alt, frame, draw, (height, height))


def _arrangement_words(study: Study, item: Arrangement) -> str:
    names = study.councils.name
    hosts = f", hosted by {words.listing([names(at) for at in item.hosts])}" if item.hosts else ""
    return f"{item.letter}: {item.title}, {words.listing([names(at) for at in item.partners])}{hosts}."


def draw_matrix(axes: Axes, study: Study, frame: pd.DataFrame, narrow: bool) -> None:
    """Draw one cell per service and council; who is together shares a colour, the letter says which arrangement."""
    n_services, n_councils = len(study.services), len(study.councils)
    cells = zip(frame.council, frame.service, frame.arrangement, frame.hosts, frame.group, strict=True)
    for council, service, arrangement, hosts, group in cells:
        x, y = study.councils.index(council), study.services.index(service)
        fill = GROUP_FILLS[group % len(GROUP_FILLS)] if group >= 0 else (PALE if arrangement else "white")
        axes.add_patch(
            Rectangle(
                (x - 0.47, y - 0.44), 0.94, 0.88, facecolor=fill, edgecolor=INK if hosts else "none", linewidth=1.4
            )
        )
        text = f"{arrangement} {HOST}" if hosts else arrangement
        axes.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=9,
            color=INK if group >= 0 else MUTED,
            fontweight="bold" if group >= 0 else "normal",
        )
    axes.set_xlim(-0.5, n_councils - 0.5)
    axes.set_ylim(n_services - 0.5, -0.5)
    axes.set_xticks(
        range(n_councils), [wrapped(name, 13 if n_councils <= 5 else 9, 3) for name in study.councils.names]
    )
    if n_councils > (4 if narrow else 9):
        axes.tick_params(axis="x", labelrotation=90)
    axes.set_yticks(range(n_services), [wrapped(name, 18 if narrow else 34, 1) for name in study.services.names])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(f"{HOST} hosts   own: kept by the council", fontsize=8.5, color=MUTED)


def map_plot(study: Study, frame: pd.DataFrame, hosts: Sequence[int]) -> Plot | None:
    """Return the map of partners, or None where councils have no coordinates.

    Parameters
    ----------
    frame : DataFrame
        From `matrix.links`.
    hosts : sequence of int
        Services hosted by each council.
    """
    places = places_km(study)
    if places is None or not len(frame):
        return None  # without coordinates, or nobody shares
    position = dict(zip(study.councils.ids, places, strict=True))
    apart = [
        np.hypot(*np.subtract(position[council], position[partner]))
        for council, partner in zip(frame.council, frame.partner, strict=True)
    ]
    reach = (
        f"Partners lie {min(apart):.0f} to {max(apart):.0f} km apart"
        if len(apart) > 1
        else f"The partners lie {apart[0]:.0f} km apart"
    )
    title = f"{reach}; the figures on the lines say how many services they share"
    names = dict(zip(study.councils.ids, study.councils.names, strict=True))
    pairs = [
        f"{names[council]} and {names[partner]} share {words.count(n_services, 'service')}"
        for council, partner, n_services in zip(frame.council, frame.partner, frame.services, strict=True)
    ]
    alt = f"Map of the councils; {'; '.join(pairs)}."
    data = frame.assign(km=apart)

    def draw(figure: Figure, narrow: bool) -> None:
        draw_map(figure.add_subplot(), study, frame, position, hosts)

    return Plot("map", title, alt, data, draw, (2.9, 2.4) if len(study.councils) <= MOST_NAMES else (6.0, 3.6))


def places_km(study: Study) -> list[tuple[float, float]] | None:
    """Return easting and northing of every council, km; None where some have neither these nor latitude and longitude.

    Latitudes and longitudes are laid flat about their middle, which is right to a percent over a few hundred km. The
    two kinds are never mixed.

    Examples
    --------
    >>> from sharesim.examples import from_dict, two_councils_raw
    >>> raw = two_councils_raw()
    >>> raw["councils"][0] |= {"latitude": 53.0, "longitude": -1.0}
    >>> raw["councils"][1] |= {"latitude": 54.0, "longitude": -1.0}
    >>> (x0, y0), (x1, y1) = places_km(from_dict(raw))
    >>> round(x1 - x0, 6), round(y1 - y0, 1)
    (0.0, 111.2)
    """
    rows = study.model.councils
    grid = [(row.x_km, row.y_km) for row in rows]
    if all(x is not None and y is not None for x, y in grid):
        return [(float(x), float(y)) for x, y in grid if x is not None and y is not None]
    globe = [(row.latitude, row.longitude) for row in rows]
    if any(north is None or east is None for north, east in globe):
        return None
    north, east = np.radians(np.array(globe, dtype=float)).T
    middle = np.cos((north.min() + north.max()) / 2)
    x = EARTH_KM * middle * (east - east.min())
    y = EARTH_KM * (north - north.min())
    return [(float(one), float(other)) for one, other in zip(x, y, strict=True)]


def draw_map(
    axes: Axes, study: Study, frame: pd.DataFrame, position: Mapping[str, tuple[float, float]], hosts: Sequence[int]
) -> None:
    """Draw councils at their places (easting and northing by id, km), and a line between partners, thicker the more
    they share; names outwards."""
    most, lines = max(frame.services), []
    for council, partner, n_services in zip(frame.council, frame.partner, frame.services, strict=True):
        (x0, y0), (x1, y1) = position[council], position[partner]
        axes.plot(
            [x0, x1],
            [y0, y1],
            color=BLUE,
            linewidth=1.0 + 4.0 * n_services / most,
            alpha=0.55,
            solid_capstyle="round",
            zorder=1,
        )
        lines.append(((x0 + x1) / 2, (y0 + y1) / 2))
        axes.annotate(
            f"{n_services}",
            ((x0 + x1) / 2, (y0 + y1) / 2),
            ha="center",
            va="center",
            fontsize=8.5,
            zorder=3,
            bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": BLUE, "linewidth": 0.6},
        )
    middle = np.mean(list(position.values()), axis=0)
    for at, name in enumerate(study.councils.ids):
        x, y = position[name]
        axes.plot(
            [x],
            [y],
            marker="o",
            markersize=9 if len(study.councils) <= MOST_NAMES else 5,
            color=ORANGE if hosts[at] else "white",
            markeredgecolor=INK,
            zorder=4,
        )
        if len(study.councils) > MOST_NAMES:
            continue  # named below, where there is room
        label = study.councils.name(at) + (f"\nhosts {words.count(hosts[at], 'service')}" if hosts[at] else "")
        above = y >= middle[1]
        axes.annotate(
            label,
            (x, y),
            xytext=(0, 9 if above else -9),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            fontsize=8.5,
            zorder=5,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )
    axes.set_aspect("equal", adjustable="datalim")
    named = len(study.councils) <= MOST_NAMES
    axes.margins(x=0.3 if named else 0.12, y=0.4 if named else 0.08)
    if MOST_NAMES < len(study.councils) <= MOST_SHORT_NAMES:
        write_names(axes, study.councils.names, np.array([position[name] for name in study.councils.ids]), lines)
    axes.set_axis_off()
    _scale_bar(axes, np.ptp([place[0] for place in position.values()]))


def write_names(axes: Axes, names: Sequence[str], places: np.ndarray, figures: Sequence[tuple[float, float]]) -> None:
    """Write names of many councils beside their marks, each on the side where least lies under it.

    Parameters
    ----------
    axes : Axes
        With its margins set.
    names : sequence of str
    places : ndarray, shape (council, 2), km
    figures : sequence of (float, float), km
        Where figures stand on lines.
    """
    letter, line, gap = 0.5 * SHORT_POINTS, 1.2 * SHORT_POINTS, 5.0
    assert isinstance(axes.figure, Figure)
    # Nine tenths of the figure: the rest is what the layout keeps free around it.
    room = 0.9 * 72.0 * axes.figure.get_size_inches()
    scale = (room / (np.maximum(np.ptp(places, axis=0), 1.0) * (1.24, 1.16))).min()
    marks = [(x - 4, y - 4, x + 4, y + 4) for x, y in scale * places]
    marks += [(x - 6, y - 6, x + 6, y + 6) for x, y in scale * np.array(figures).reshape(-1, 2)]
    for name, (x, y), place in zip(names, scale * places, places, strict=True):
        text = textwrap.shorten(name, MOST_LETTERS, placeholder="…") if len(name) > MOST_LETTERS else name
        wide, boxes = letter * len(text), []
        for across, up in SIDES:
            left = x + across * gap - wide * (1 - across) / 2
            low = y + up * (gap if not across else 0.6 * line) - line * (1 - up) / 2
            boxes.append((left, low, left + wide, low + line))
        best = int(np.argmin([sum(_overlap(box, other) for other in marks) for box in boxes]))
        marks.append(boxes[best])
        across, up = SIDES[best]
        axes.annotate(
            text,
            (float(place[0]), float(place[1])),
            xytext=(across * gap, up * (gap if not across else 0.6 * line)),
            textcoords="offset points",
            ha=("right", "center", "left")[across + 1],
            va=("top", "center", "bottom")[up + 1],
            fontsize=SHORT_POINTS,
            zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _overlap(box: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the area that two boxes (left, low, right, high) have in common."""
    wide = min(box[2], other[2]) - max(box[0], other[0])
    return max(wide, 0.0) * max(min(box[3], other[3]) - max(box[1], other[1]), 0.0)


def _scale_bar(axes: Axes, width_km: float) -> None:
    """Draw a bar of a round length in the upper right corner."""
    target = max(width_km, 1.0) / 4.0
    length = 10.0 ** np.floor(np.log10(target))
    length *= 5.0 if target / length >= 5.0 else 2.0 if target / length >= 2.0 else 1.0
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    x, y = right - 0.02 * (right - left), high - 0.08 * (high - low)
    axes.plot([x - length, x], [y, y], color=INK, linewidth=2, solid_capstyle="butt")
    axes.annotate(
        f"{length:g} km",
        (x - length / 2, y),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8.5,
    )


def timeline_plot(study: Study, frame: pd.DataFrame) -> Plot:
    """Return gates, what is there already, starts and ramps, from `schedule.schedule`."""
    arranged = frame[frame.kind == "arrangement"]
    latest = arranged.iloc[arranged.start_p95.argmax()]
    first, late = words.month(arranged.planned.min()), words.month(latest.start_p95)
    title = f"First start planned for {first}; one future in twenty sees {latest['name']} start after {late}"
    alt = f"Timeline. {' '.join(_date_words(row) for row in frame.to_dict('records'))}"
    shown = frame.head(MOST_ROWS)
    title += f" (first {MOST_ROWS} of {len(frame)} rows)" if len(shown) < len(frame) else ""

    def draw(figure: Figure, narrow: bool) -> None:
        draw_timeline(figure.add_subplot(), shown, narrow)

    height = 1.0 + 0.34 * len(shown)
    return Plot("timeline", title, alt, frame, draw, (height, height + 0.3))


def _date_words(row: dict[Hashable, Any]) -> str:
    planned = f"{row['name']}: planned {words.day(row['planned'])}"
    if row["kind"] == "gate":
        return f"{planned}."
    if row["kind"] == "existing":
        return f"{row['name']}: there today, free from {words.day(row['planned'])}, {ends_words(row['ends'])}."
    likely = f"{words.month(row['start_p5'])} to {words.month(row['start_p95'])}"
    return f"{planned}, likely start {likely}, full effect about {words.month(row['full_p50'])}."


def draw_timeline(axes: Axes, frame: pd.DataFrame, narrow: bool) -> None:
    """Draw gates as diamonds, and what is there already as a line from the day on which it may be left to its end; for
    each arrangement its planned start, the likely span of the real one, and the ramp."""
    latest = max(map(_decimal, [*frame.full_p50[frame.full_p50 != ""], *frame.planned]))
    starts = zip(frame.start_p5, frame.start_p50, frame.start_p95, frame.full_p50, strict=True)
    rows = zip(frame.kind, map(_decimal, frame.planned), frame.ends, starts, strict=True)
    for at, (kind, planned, end, days) in enumerate(rows):
        if kind == "gate":
            axes.plot([planned], [at], marker="D", markersize=6.5, color=RED, zorder=4, linestyle="none")
            continue
        if kind == "existing":
            ends = max(min(_decimal(end), latest) if end else latest, planned)
            axes.plot([planned, ends], [at, at], marker="|", markersize=9, color=ORANGE, linewidth=2, zorder=4)
            continue
        early, middle, late, full = map(_decimal, days)
        axes.barh(at, late - early, left=early, height=0.5, color="#8dbada", zorder=2)
        axes.barh(at, max(full - middle, 0.0), left=middle, height=0.22, color=GREEN, zorder=3)
        axes.plot([planned] * 2, [at - 0.36, at + 0.36], color=INK, linewidth=2, zorder=4)
    axes.set_yticks(range(len(frame)), [wrapped(name, 18 if narrow else 34, 2) for name in frame["name"]])
    axes.set_ylim(len(frame) - 0.4, -0.6)
    low, high = axes.get_xlim()
    axes.set_xlim(np.floor(low), np.ceil(high))
    axes.locator_params(axis="x", integer=True)
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Calendar year")
    handles = [
        axes.plot([], [], marker="D", color=RED, linestyle="none", markersize=6)[0],
        axes.plot([], [], color=INK, linewidth=2)[0],
        Rectangle((0, 0), 1, 1, color="#8dbada"),
        Rectangle((0, 0), 1, 1, color=GREEN),
    ]
    labels = ["gate", "planned start", "start in nine futures of ten", "ramp to full effect"]
    axes.figure.legend(
        handles, labels, loc="outside lower center", ncols=2 if narrow else 4, columnspacing=1.2, handlelength=1.4
    )


def _decimal(day: str) -> float:
    """Return an ISO date as a decimal year."""
    when = np.datetime64(day, "D")
    year = when.astype("datetime64[Y]")
    length = (year + np.timedelta64(1, "Y")).astype("datetime64[D]") - year.astype("datetime64[D]")
    return float(1970 + year.astype(int) + (when - year.astype("datetime64[D]")) / length)
