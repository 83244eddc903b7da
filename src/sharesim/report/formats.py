"""The forms in which a report is written, and how one asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sharesim.arguments import an_instance, several, takes
from sharesim.errors import Fault, UsageError
from sharesim.report.contents import Contents
from sharesim.study.labels import nearest

#: Form and the file that it makes; the first is what is written unless asked otherwise.
FILES = {"html": "report.html", "xlsx": "workbook.xlsx", "pptx": "brief.pptx", "md": "report.md"}
DEFAULT = ("html",)
_ALIASES = {
    "excel": "xlsx",
    "workbook": "xlsx",
    "slides": "pptx",
    "powerpoint": "pptx",
    "markdown": "md",
    "page": "html",
}


_texts = several(
    an_instance(str, "not a form of report", f"{', '.join(FILES)}, all"),
    str,
    "not forms of report",
    '"html,xlsx", or a list',
)


def some_formats(_: str, asked: str | Iterable[str]) -> tuple[str, ...]:
    """Return the forms asked for; for `arguments.takes`."""
    return formats_of(asked)


@takes(asked=_texts)
def formats_of(asked: str | Iterable[str]) -> tuple[str, ...]:
    """Return the forms asked for, each once, in the order in which they are made.

    Parameters
    ----------
    asked : str or iterable of str
        ``"html,xlsx"``, or a list; ``"all"`` for every one.

    Raises
    ------
    UsageError
        When there is no such form.

    Examples
    --------
    >>> formats_of("xlsx, html"), formats_of(["slides"]), formats_of("all")
    (('html', 'xlsx'), ('pptx',), ('html', 'xlsx', 'pptx', 'md'))
    """
    words = [word.strip().lower().lstrip(".") for text in asked for word in text.split(",")]
    named = {_ALIASES.get(word, word) for word in words if word}
    if "all" in named:
        return tuple(FILES)
    unknown = sorted(named - set(FILES))
    if unknown or not named:
        close = nearest(unknown[0], [*FILES, *_ALIASES]) if unknown else None
        remedy = f"Did you mean {close!r}?" if close else "Write for instance --format html,xlsx."
        got = repr(unknown[0]) if unknown else "nothing"
        raise UsageError(Fault("--format", "not a form of report", got, f"{', '.join(FILES)}, all", remedy))
    return tuple(name for name in FILES if name in named)


def write_formats(contents: Contents, folder: Path, formats: Sequence[str] = DEFAULT) -> dict[str, Path]:
    """Write a report in each of the forms asked for into a folder that exists; return the files by form.

    Parameters
    ----------
    contents : Contents
    folder : Path
    formats : sequence of str
        From `formats_of`.
    """
    # Each where it is wanted: one who asks for a page need not wait for the tools of the others.
    from sharesim.report.files import write_report_of
    from sharesim.report.material import Material

    material, folder = Material(contents), Path(folder)
    files = {name: folder / FILES[name] for name in formats}
    if "html" in files:
        write_report_of(material, folder)
    if "xlsx" in files:
        from sharesim.report.workbook import write_workbook

        write_workbook(material, files["xlsx"])
    if "pptx" in files:
        from sharesim.report.slides import write_slides

        write_slides(material, files["pptx"])
    if "md" in files:
        from sharesim.report.markdown import write_markdown

        write_markdown(material, files["md"])
    return files
