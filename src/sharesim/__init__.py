"""sharesim: which public services to share, with whom."""

__version__ = "0.1.0"
