"""Figures as pictures without a title, for slides and documents that write it themselves."""

from __future__ import annotations

import io

from sharesim.report.figures.style import NARROW, Plot, figure_of, settings

#: Height over width beyond which a narrow figure would be a tower.
TALLEST = 1.2


def picture(plot: Plot, dpi: int = 420) -> bytes:
    """Return a figure as PNG; its title and its text for those who cannot see it are left to the caller.

    It is laid out as for a telephone, where that does not make it a tower: its letters are then large enough for the
    last row of a room.

    Parameters
    ----------
    plot : Plot
    dpi : int
        Dots per inch.
    """
    with settings():
        figure, _ = figure_of(plot, narrow=plot.heights[1] < TALLEST * NARROW)
        out = io.BytesIO()
        # Nothing of this machine or this moment in the file: the same figure gives the same bytes.
        figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()
