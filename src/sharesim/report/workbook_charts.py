"""Charts of the workbook: Excel's own, drawn from the cells that they lie beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sharesim.report.cells import columns
from sharesim.report.material import Material
from sharesim.report.workbook_pen import Pen, Region, Sheet

BLUE, SKY, ORANGE, GREY, GREEN = "#0072B2", "#56B4E9", "#D55E00", "#8A979E", "#009E73"
POUNDS = "£#,##0"
YEARLY_BARS = (
    ("cashable_gbp", GREEN), ("one_off_gbp", ORANGE), ("risks_gbp", "#C1272D"), ("running_gbp", GREY),
    ("grants_gbp", BLUE), ("receipts_gbp", SKY),
)  # fmt: skip
FAN = columns("""
    year | Year
    p5_gbp | Low (5%) | gbp
    p25_gbp | 25% | gbp
    p50_gbp | Middle | gbp
    p75_gbp | 75% | gbp
    p95_gbp | High (95%) | gbp
    mean_gbp | Mean | gbp
""")
SPREAD = columns("""
    from_gbp | From | gbp
    to_gbp | To | gbp
    futures_share | Share of futures | share1
""")
SWINGS = columns("""
    input | Input
    low_gbp | Input in its lowest tenth | gbp
    high_gbp | Input in its highest tenth | gbp
""")
COUNCILS = columns("""
    council | Council
    mean_gbp | Value on average | gbp
    p5_gbp | Low (5%) | gbp
    p95_gbp | High (95%) | gbp
""")


def draw(pen: Pen, material: Material, regions: Mapping[str, Region]) -> None:
    """Write the sheet of charts, each beside the figures that it draws."""
    sheet, frames = pen.sheet("Charts", "Charts, with the figures that they draw"), material.tables
    fan = sheet.frame("Cumulative cash at each year's end, undiscounted", frames["fan"], FAN)
    _insert(sheet, pen, _fan(pen, fan), "Cumulative cash by year: low, middle and high futures", fan.first - 2)
    spread = sheet.frame("How the value spreads over futures", frames["spread"], SPREAD)
    _insert(sheet, pen, _spread(pen, spread), "Share of futures by value of the portfolio", spread.first - 2)
    councils = sheet.frame("Value by council", frames["council_ranges"], COUNCILS)
    _insert(sheet, pen, _bars(pen, councils), "Value by council: average, low and high", councils.first - 2)
    if len(frames["tornado"]):
        swings = sheet.frame("How far each input moves the value from its average", _swings(material), SWINGS)
        _insert(sheet, pen, _tornado(pen, swings), "Change of the value when an input is low or high", swings.first - 2)
    if "yearly" in regions:
        there = next(item for item in pen.sheets if item.name == regions["yearly"].sheet)
        chart = _yearly(pen, regions["yearly"])
        chart.set_size({"width": 820, "height": 380})
        there.page.insert_chart(there.row + 1, 0, chart, {"description": "Savings and costs by year, columns"})


def _insert(sheet: Sheet, pen: Pen, chart: Any, said: str, row: int) -> None:
    """Put a chart to the right of its table and leave room for it."""
    chart.set_size({"width": 760, "height": 360})
    sheet.page.insert_chart(row, 8, chart, {"description": said})
    sheet.row = max(sheet.row, row + 20)


def _titled(chart: Any, title: str, x: str, y: str, form: str = POUNDS) -> Any:
    chart.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
    chart.set_x_axis({"name": x, "label_position": "low", "num_font": {"size": 9}})
    chart.set_y_axis(
        {"name": y, "num_format": form, "major_gridlines": {"visible": True, "line": {"color": "#E1E6E9"}}}
    )
    chart.set_legend({"position": "bottom"})
    return chart


def _fan(pen: Pen, region: Region) -> Any:
    chart = pen.book.add_chart({"type": "line"})
    styles = (
        ("p5_gbp", SKY, 1.5),
        ("p25_gbp", BLUE, 1.0),
        ("p50_gbp", BLUE, 2.75),
        ("p75_gbp", BLUE, 1.0),
        ("p95_gbp", SKY, 1.5),
    )
    for key, colour, width in styles:
        line = {"color": colour, "width": width}
        chart.add_series(
            {"name": region.head(key), "categories": region.cells("year"), "values": region.cells(key), "line": line}
        )
    return _titled(
        chart, "Cumulative cash, nine futures in ten between the outer lines", "Financial year", "£, undiscounted"
    )


def _yearly(pen: Pen, region: Region) -> Any:
    chart = pen.book.add_chart({"type": "column", "subtype": "stacked"})
    for key, colour in YEARLY_BARS:
        if key in region.columns:
            series = {"name": region.head(key), "categories": region.cells("year"), "values": region.cells(key)}
            chart.add_series({**series, "fill": {"color": colour}, "gap": 60})
    net = pen.book.add_chart({"type": "line"})
    series = {"name": region.head("net_gbp"), "categories": region.cells("year"), "values": region.cells("net_gbp")}
    net.add_series({**series, "line": {"color": "#1B3A4B", "width": 2.25}})
    chart.combine(net)
    return _titled(chart, "Mean savings and costs by year", "Financial year", "£, undiscounted")


def _spread(pen: Pen, region: Region) -> Any:
    chart = pen.book.add_chart({"type": "column"})
    series = {
        "name": region.head("futures_share"),
        "categories": region.cells("from_gbp"),
        "values": region.cells("futures_share"),
    }
    chart.add_series({**series, "fill": {"color": BLUE}, "gap": 5})
    return _titled(chart, "How the value spreads over futures", "Value of the portfolio from", "Share of futures", "0%")


def _bars(pen: Pen, region: Region) -> Any:
    chart = pen.book.add_chart({"type": "bar"})
    for key, colour in (("p5_gbp", SKY), ("mean_gbp", BLUE), ("p95_gbp", GREEN)):
        series = {"name": region.head(key), "categories": region.cells("council"), "values": region.cells(key)}
        chart.add_series({**series, "fill": {"color": colour}, "gap": 60})
    return _flat(_titled(chart, "Value by council", "", ""), "£, real, discounted")


def _tornado(pen: Pen, region: Region) -> Any:
    chart = pen.book.add_chart({"type": "bar"})
    for key, colour in (("low_gbp", ORANGE), ("high_gbp", BLUE)):
        series = {"name": region.head(key), "categories": region.cells("input"), "values": region.cells(key)}
        chart.add_series({**series, "fill": {"color": colour}, "gap": 40, "overlap": 100})
    return _flat(_titled(chart, "What moves the value most", "", ""), "£ above or below the average value")


def _flat(chart: Any, unit: str) -> Any:
    """Turn the axes of a bar chart as a table reads: the first row on top."""
    chart.set_y_axis({"reverse": True, "label_position": "low", "num_font": {"size": 9}})
    chart.set_x_axis({"name": unit, "num_format": POUNDS, "num_font": {"size": 9}})
    return chart


def _swings(material: Material) -> pd.DataFrame:
    """Return how far each input by itself moves the mean value, from the mean."""
    frame, middle = material.tables["tornado"], float(material.contents.npv.mean())
    return frame.assign(low_gbp=frame.own_low_gbp - middle, high_gbp=frame.own_high_gbp - middle)
