"""The figures of a result as matplotlib Axes: ``judged.plot.fan()``, ``portfolio.plot.matrix()``."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sharesim.arguments import a_word, takes
from sharesim.choice.frontier import AGAINST
from sharesim.errors import Fault, UsageError
from sharesim.report.material import Material
from sharesim.workflow.contents import contents_of
from sharesim.workflow.explore import N_POINTS, WORST_SHARE, frontier_table, question_of
from sharesim.workflow.given import a_judged, a_portfolio
from sharesim.workflow.judging import judged_record
from sharesim.workflow.options import beyond
from sharesim.workflow.records import JudgedRecord, PortfolioRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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

    @takes(judged=a_judged)
    def __init__(self, judged: JudgedRecord) -> None:
        self._judged = judged

    def __repr__(self) -> str:
        names = (name for name in vars(type(self)) if not name.startswith("_") and name != "of")
        return f"<Plots: .{', .'.join(names)}>"

    @classmethod
    @takes(portfolio=a_portfolio)
    def of(cls, portfolio: PortfolioRecord) -> Plots:
        """Return the figures of a portfolio that is not judged yet: it is, on the study's own number of fresh futures.

        Raises
        ------
        UsageError
            When there is no portfolio.
        """
        return cls(judged_record(portfolio))

    @cached_property
    def _material(self) -> Material:
        return Material(contents_of(self._judged, {}))

    def matrix(self) -> Axes:
        """Draw services by councils: who shares what with whom, and who hosts."""
        return self._draw("matrix")

    def map(self) -> Axes:
        """Draw the partners at their places; needs x_km and y_km, or latitude and longitude, of every council."""
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

    @takes(against=a_word(*AGAINST), n_points=N_POINTS)
    def frontier(self, against: str = "cvar", n_points: int = 9) -> Axes:
        """Draw what more value costs: the portfolios of which none is better in both value and another measure.

        Parameters
        ----------
        against : {"cvar", "loss_probability", "exits", "non_cashable"}
        n_points : int
            Most portfolios.

        Raises
        ------
        UsageError
            When there is no such measure, or no portfolio keeps the rules.
        """
        from sharesim.report.figures import axes_of
        from sharesim.report.figures.frontier import frontier_plot

        portfolio = self._judged.portfolio
        question = question_of(portfolio.appraisal, portfolio.rules)
        frame = frontier_table(question, question.frontier(against, n_points, WORST_SHARE))
        if frame.empty:
            raise UsageError(Fault("plot.frontier", "no portfolio keeps the rules", "", "", "See portfolio.summary()."))
        return axes_of(frontier_plot(frame, against))

    def options(self) -> Axes:
        """Draw the options compared: business as usual, do minimum, less, preferred, more."""
        return self._draw_beyond("options")

    def rule_costs(self) -> Axes:
        """Draw what each rule costs."""
        return self._draw_beyond("rule-costs")

    def _draw_beyond(self, name: str) -> Axes:
        from sharesim.report.figures import axes_of

        material = Material(contents_of(self._judged, {}, found=beyond(self._judged)))
        if name not in material.plots:
            remedy = "Options need something that is shared; rule costs need a rule that costs something."
            raise UsageError(Fault("plot", "this result has no such figure", name, "", remedy))
        return axes_of(material.plots[name])

    def _draw(self, name: str) -> Axes:
        from sharesim.report.figures import axes_of

        if name not in self._material.plots:
            allowed = ", ".join(self._material.plots) or "none, since nothing is shared"
            remedy = "A map needs coordinates of every council; a tornado needs uncertain inputs."
            raise UsageError(Fault("plot", "this result has no such figure", name, allowed, remedy))
        return axes_of(self._material.plots[name])
