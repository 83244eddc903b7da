"""Figures: one style, colour-blind safe, titles that say the finding; they show tables and compute nothing."""

from sharesim.report.figures.style import Drawing, Plot, axes_of, drawing, figure_of, settings

__all__ = ["Drawing", "Plot", "axes_of", "drawing", "figure_of", "settings"]
