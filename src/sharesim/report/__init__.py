"""Tables, figures and pages made from results."""

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


__all__ = ["Contents", "write"]
