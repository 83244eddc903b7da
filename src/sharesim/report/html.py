"""The report as one HTML file that opens offline."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sharesim.report import words
from sharesim.report.figures import Drawing
from sharesim.report.material import Material
from sharesim.report.sections import page


@dataclass(frozen=True)
class Picture:
    """A figure on the page: wide for desks and paper, narrow for telephones.

    Parameters
    ----------
    name, title, alt : str
    wide, narrow : str
        data: addresses of SVG.
    """

    name: str
    title: str
    alt: str
    wide: str
    narrow: str

    @classmethod
    def of(cls, drawing: Drawing) -> Picture:
        """Return a drawing as the page holds it."""
        plot = drawing.plot
        return cls(plot.name, plot.title, plot.alt, _address(drawing.wide), _address(drawing.narrow))


def render(material: Material, drawings: Iterable[Drawing]) -> str:
    """Return the page as text."""
    templates = environment()
    script = templates.get_template("script.js").render()
    pictures = {drawing.plot.name: Picture.of(drawing) for drawing in drawings}
    return templates.get_template("report.html.j2").render(
        **page(material), pictures=pictures, script=script, script_hash=_hash(script)
    )


def _address(text: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


def _hash(script: str) -> str:
    """Return the hash by which the page's own policy lets its one script run, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def environment() -> Environment:
    """Return the templates of pages: whatever a study says is escaped."""
    made = Environment(
        loader=PackageLoader("sharesim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "money": words.money,
        "pounds": words.pounds,
        "share": words.share,
        "day": words.day,
        "month": words.month,
    }
    made.filters.update(filters)
    return made
