"""The figures of a result as matplotlib Axes: ``judged.plot.fan()``, ``portfolio.plot.matrix()``."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sharesim.errors import Fault, UsageError
from sharesim.report.material import Material

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sharesim.report.contents import Contents
    from sharesim.workflow.judged import Judged


class Plots:
    """The figures of a judged portfolio; each method draws one anew and returns its Axes.

    The figure itself is ``axes.figure``: save it with ``axes.figure.savefig("fan.svg")``.

    Parameters
    ----------
    judged : Judged

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> from sharesim.workflow.doors import appraise, choose, judge
    >>> judged = judge(choose(appraise(two_councils(), draws=1024, seed=1)), draws=1024, seed=1)
    >>> Plots(judged).fan().get_ylabel()
    'Cumulative net cash, 2025-26 prices'
    """

    def __init__(self, judged: Judged) -> None:
        self._judged = judged

    @cached_property
    def _material(self) -> Material:
        from sharesim.workflow.run import contents_of

        contents: Contents = contents_of(self._judged, {})
        return Material(contents)

    def matrix(self) -> Axes:
        """Draw services by councils: who shares what with whom, and who hosts."""
        return self._draw("matrix")

    def map(self) -> Axes:
        """Draw the partners at their places; needs x_km and y_km of every council."""
        return self._draw("map")

    def fan(self) -> Axes:
        """Draw cumulative cash with its spread, and when it is paid back."""
        return self._draw("cumulative-cash")

    def years(self) -> Axes:
        """Draw savings and costs by year."""
        return self._draw("savings-by-year")

    def spread(self) -> Axes:
        """Draw the histogram of the portfolio's value."""
        return self._draw("value-spread")

    def councils(self) -> Axes:
        """Draw each council's value with its range."""
        return self._draw("councils")

    def timeline(self) -> Axes:
        """Draw gates, starts and ramps."""
        return self._draw("timeline")

    def tornado(self) -> Axes:
        """Draw the inputs that move the value most."""
        return self._draw("tornado")

    def risks(self) -> Axes:
        """Draw what each risk costs."""
        return self._draw("risks")

    def _draw(self, name: str) -> Axes:
        from sharesim.report.figures import axes_of

        if name not in self._material.plots:
            allowed = ", ".join(self._material.plots) or "none, since nothing is shared"
            remedy = "A map needs x_km and y_km of every council; a tornado needs uncertain inputs."
            raise UsageError(Fault("plot", "this result has no such figure", name, allowed, remedy))
        return axes_of(self._material.plots[name])
