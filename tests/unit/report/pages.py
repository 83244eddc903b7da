"""Reads a page of HTML into elements that tests can ask about; the standard library's parser and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "img", "source", "link", "br", "hr", "input"}


@dataclass
class Element:
    """An element with its attributes, what it holds, and what holds it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)
    parent: Element | None = None

    def all(self, tag: str = "") -> Iterator[Element]:
        """Yield the elements inside, in the order of the page; of one tag, or every one."""
        for child in self.children:
            if isinstance(child, Element):
                if not tag or child.tag == tag:
                    yield child
                yield from child.all(tag)

    @property
    def text(self) -> str:
        """The text inside, white space squeezed."""
        return " ".join("".join(child if isinstance(child, str) else child._raw for child in self.children).split())

    @property
    def _raw(self) -> str:
        return "".join(child if isinstance(child, str) else child._raw for child in self.children)

    def get(self, name: str) -> str:
        """Return an attribute, empty where there is none."""
        return self.attributes.get(name, "")


@dataclass
class Page:
    """A page, read."""

    root: Element
    unclosed: list[str]

    def all(self, tag: str = "") -> list[Element]:
        """Return the elements of one tag, or every one."""
        return list(self.root.all(tag))

    def by_id(self, name: str) -> Element:
        """Return the element with an id."""
        (found,) = [element for element in self.root.all() if element.get("id") == name]
        return found

    def table(self, name: str) -> Element:
        """Return the table that shows one of the run's tables."""
        (found,) = [element for element in self.root.all("table") if element.get("data-table") == name]
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root")
        self.at = self.root
        self.unclosed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, parent=self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self.at.tag != tag:
            self.unclosed.append(f"</{tag}> inside <{self.at.tag}>")
            return
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def read(text: str) -> Page:
    """Return a page, read; what is not closed where it should be is listed."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if reader.at is not reader.root:
        reader.unclosed.append(f"<{reader.at.tag}> is never closed")
    return Page(reader.root, reader.unclosed)


def outline(page: Page) -> str:
    """Return headings, captions, columns and figures of a page, without its numbers."""
    lines = []
    for element in page.all():
        if element.tag in ("h1", "h2", "h3", "summary"):
            lines.append(f"{element.tag}: {re.sub('[0-9]+', 'N', element.text)}")
        elif element.tag == "caption":
            lines.append(f"  table: {element.text}")
        elif element.tag == "th" and element.get("scope") == "col":
            lines.append(f"    {element.text}")
        elif element.tag == "figure":
            lines.append(f"  figure: {element.get('id')}")
    return "\n".join(lines) + "\n"


def rows_of(table: Element) -> list[dict[str, tuple[str, str]]]:
    """Return a table's rows: for each column (what is written, the figure behind it)."""
    (body,) = table.all("tbody")
    found = []
    for row in body.all("tr"):
        cells = [child for child in row.children if isinstance(child, Element)]
        found.append({cell.get("data-column"): (cell.text, cell.get("data-value")) for cell in cells})
    return found
