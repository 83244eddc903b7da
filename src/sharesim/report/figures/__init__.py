"""Figures: one style, colour-blind safe, titles that say the finding; they show tables and compute nothing."""

from sharesim.report.figures.style import Plot, figure_of, png, settings, svg

__all__ = ["Plot", "figure_of", "png", "settings", "svg"]
