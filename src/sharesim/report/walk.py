"""The sections of a report in the order of the page, for forms that are no page: workbook, slides, Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from sharesim.report.cells import PageTable
from sharesim.report.decision import Figure, Sentence
from sharesim.report.material import Material
from sharesim.report.sections import HEADINGS, page

#: Parts of the page whose name is not that of their heading.
_HOMES = {"inputs": "assumed", "schedule": "timeline", "tornado": "drivers", "costs": "rules"}
_NO_SECTIONS = frozenset(
    {"contents", "study", "about", "sentences", "is_judged", "counts", "money_note", "keys", "headings"}
)


def is_pair(part: Sentence) -> TypeGuard[tuple[str, str]]:
    """Return whether a part is a label and its text, and no sentence."""
    return all(isinstance(item, str) for item in part)


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Parameters
    ----------
    name, title : str
    parts : tuple
        Tables (`PageTable`), sentences, and pairs of label and text, in their order.
    """

    name: str
    title: str
    parts: tuple[PageTable | Sentence | tuple[str, str], ...]

    @property
    def tables(self) -> tuple[PageTable, ...]:
        """Its tables."""
        return tuple(part for part in self.parts if isinstance(part, PageTable))


@dataclass(frozen=True)
class Walk:
    """A report as sentences, key figures and sections.

    Parameters
    ----------
    title, question, note : str
    sentences : tuple of Sentence
        The decision.
    keys : tuple of (label, Figure, Sentence)
    sections : tuple of Section
    """

    title: str
    question: str
    note: str
    sentences: tuple[Sentence, ...]
    keys: tuple[tuple[str, Figure, Sentence], ...]
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section | None:
        """Return a section by name; None where the report has none."""
        return next((item for item in self.sections if item.name == name), None)


def walk(material: Material) -> Walk:
    """Return the report's sentences, key figures and sections in the order of the page."""
    found = page(material)
    parts: dict[str, list[Any]] = {name: [] for name, _ in found["headings"]}
    for key, value in found.items():
        if key in _NO_SECTIONS:
            continue
        inner = value.items() if key in ("portfolio", "choices") and isinstance(value, Mapping) else [(key, value)]
        for name, part in inner:
            parts.setdefault(_HOMES.get(name, name), []).extend(_parts(part))
    titles = {**HEADINGS, **dict(found["headings"])}
    sections = tuple(
        Section(name, titles.get(name, name.replace("_", " ").capitalize()), tuple(held))
        for name, held in parts.items()
        if held
    )
    about = material.study.model.study
    keys = tuple(found["keys"])
    return Walk(about.title, about.question, found["money_note"], tuple(found["sentences"]), keys, sections)


def _parts(value: Any) -> Iterator[PageTable | Sentence | tuple[str, str]]:
    """Yield what can be shown of a part of the page, in its order."""
    if isinstance(value, PageTable):
        yield value
    elif isinstance(value, tuple) and any(isinstance(item, Figure) for item in value):
        yield value
    elif isinstance(value, tuple) and len(value) == 2 and all(isinstance(item, str) for item in value):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _parts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _parts(item)
