"""Tables, figures and pages made from results."""

from collections.abc import Sequence
from pathlib import Path

from sharesim.report.contents import Contents


def write(contents: Contents, folder: Path) -> Path:
    """Write report.html and figures/ into a folder that exists; return the path of report.html.

    Parameters
    ----------
    contents : Contents
    folder : Path
    """
    # Here and not above: a command that draws nothing need not wait for matplotlib.
    from sharesim.report.files import write_report

    return write_report(contents, folder)


def write_formats(contents: Contents, folder: Path, formats: Sequence[str]) -> dict[str, Path]:
    """Write a report in each of several forms into a folder that exists; return the files by form.

    Parameters
    ----------
    contents : Contents
    folder : Path
    formats : sequence of str
        Of html, xlsx, pptx, md.
    """
    from sharesim.report.formats import write_formats as write_each

    return write_each(contents, folder, formats)


__all__ = ["Contents", "write", "write_formats"]
