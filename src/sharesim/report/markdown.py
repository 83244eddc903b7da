"""The report as Markdown: for a wiki, a repository, or a paper that somebody writes on."""

from __future__ import annotations

import re
from pathlib import Path

from sharesim.report import walk as pages
from sharesim.report.cells import Cell, PageTable
from sharesim.report.decision import Sentence, text_of
from sharesim.report.material import Material

#: Signs that Markdown, or the HTML that may stand in it, would read as more than themselves.
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~$!&])")
#: What begins a list, a heading, a rule or a quotation at the start of a line.
_STARTS = re.compile(r"^(\s*)([-+=]|\d+[.)])")


def write_markdown(material: Material, file: Path) -> Path:
    """Write the report of a run as one Markdown file and return its path; figures are linked from ``figures/``.

    Parameters
    ----------
    material : Material
    file : Path
    """
    file.write_text(markdown(material, has_figures=(file.parent / "figures").is_dir()), encoding="utf-8", newline="\n")
    return file


def markdown(material: Material, *, has_figures: bool = False) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    material : Material
    has_figures : bool
        Whether to link the pictures of ``figures/``.
    """
    walked = pages.walk(material)
    lines = [f"# {plain(walked.title)}", ""]
    lines += [plain(walked.question), ""] if walked.question else []
    lines += [line for sentence in walked.sentences for line in (plain(text_of(sentence)), "")]
    for label, figure, with_it in walked.keys:
        lines.append(f"- {plain(label)}: **{plain(figure.shown)}** ({plain(text_of(with_it))})")
    lines += ["", f"*{plain(walked.note)}*", ""]
    figures = _figures(material) if has_figures else {}
    for section in walked.sections:
        lines += [f"## {plain(section.title)}", ""]
        lines += figures.get(section.name, [])
        for part in section.parts:
            lines += _part(part)
    return "\n".join(lines).rstrip() + "\n"


def plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line.

    Examples
    --------
    >>> plain("<b>A|B</b> *2*"), plain("- 1. HR"), plain("2007-08")
    ('\\\\<b\\\\>A\\\\|B\\\\</b\\\\> \\\\*2\\\\*', '\\\\- 1. HR', '2007-08')
    """
    one_line = " ".join(text.split())
    return _STARTS.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", _SIGNS.sub(r"\\\1", one_line))


def _part(part: PageTable | Sentence) -> list[str]:
    if isinstance(part, PageTable):
        return _table(part)
    if pages.is_pair(part):
        label, text = part
        return [f"**{plain(label)}**: {plain(text) or '(to be filled in)'}", ""]
    return [plain(text_of(part)), ""]


def _table(table: PageTable) -> list[str]:
    """Return a table with its caption above and its note below."""
    heads = [f"{plain(column.title)}{f' ({plain(column.unit)})' if column.unit else ''}" for column in table.columns]
    rules = ["---:" if column.is_number else ":---" for column in table.columns]
    rows = [[_shown(cell) for cell in cells] for cells in table.rows]
    rows += [[f"**{text}**" if text else "" for text in map(_shown, table.total)]] if table.total else []
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows)]
    note = [f"*{plain(table.note)}*", ""] if table.note else []
    return [f"**{plain(table.caption)}**", "", *lines, "", *note]


def _shown(cell: Cell) -> str:
    under = f" ({plain(cell.under)})" if cell.under else ""
    return plain(cell.shown) + under


_HOMES = {
    "matrix": "who", "map": "who", "value-spread": "worth", "cumulative-cash": "worth", "savings-by-year": "worth",
    "council-measures": "councils", "councils": "councils", "timeline": "timeline", "tornado": "drivers",
    "risks": "risks", "published": "published", "rule-costs": "rules", "options": "options",
}  # fmt: skip


def _figures(material: Material) -> dict[str, list[str]]:
    """Return the links to figures by section, each with its words for those who cannot see it."""
    found: dict[str, list[str]] = {}
    for plot in material.plots.values():
        home = _HOMES.get(plot.name, "worth")
        found.setdefault(home, []).extend([f"![{plain(plot.alt)}](figures/{plot.name}.svg)", ""])
    return found
