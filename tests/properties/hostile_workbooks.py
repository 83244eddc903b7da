"""Workbooks of less than a megabyte that ask for far more work than their size: each built from its XML, part by part."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Iterator

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SERVICES = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>name</t></is></c></row>'


def parts(rows: str = SERVICES, *, behind: str = "", texts: str = "", styles: str = "") -> dict[str, str]:
    """Return the parts of a workbook whose sheet `services` holds some rows."""
    kinds = {"worksheet": "worksheets/sheet1.xml", "sharedStrings": "sharedStrings.xml", "styles": "styles.xml"}
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{OFFICE}/{kind}" Target="{target}"/>' for at, (kind, target) in enumerate(kinds.items(), 1)
    )  # fmt: skip
    return {
        "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="services" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}">{relations}</Relationships>',
        "xl/worksheets/sheet1.xml": f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{behind}</worksheet>',
        "xl/sharedStrings.xml": f'{HEAD}<sst xmlns="{MAIN}">{texts}</sst>',
        "xl/styles.xml": f'{HEAD}<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
    }  # fmt: skip


def packed(members: dict[str, str]) -> bytes:
    """Return the zip of some parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as book:
        for name, text in members.items():
            book.writestr(name, text)
    return out.getvalue()


def _merged() -> bytes:
    return packed(parts(behind='<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'))


def _many_merged() -> bytes:
    return packed(parts(behind="<mergeCells>" + '<mergeCell ref="A1:XFD9"/>' * 3_000_000 + "</mergeCells>"))


def _far_cells(column: str) -> bytes:
    return packed(parts(SERVICES + "".join(f'<row r="{at}"><c r="{column}{at}"><v>1</v></c></row>' for at in range(2, 40_000))))


def _shared_texts() -> bytes:
    return packed(parts(texts="<si><t/></si>" * 12_000_000))


def _one_long_text() -> bytes:
    return packed(parts(texts=f"<si><t>{'a' * 200_000_000}</t></si>"))


def _empty_cells() -> bytes:
    return packed(parts(f"{SERVICES}<row>{'<c/>' * 40_000_000}</row>"))


def _long_attribute() -> bytes:
    return packed(parts(f'<row r="{"1" * 150_000_000}"/>'))


def _entities() -> bytes:
    lines = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 12))
    text = f'{HEAD}<!DOCTYPE x [<!ENTITY a0 "ha">{lines}]><worksheet xmlns="{MAIN}"><sheetData><row><c><v>&a11;</v></c></row></sheetData></worksheet>'
    return packed({**parts(), "xl/worksheets/sheet1.xml": text})


def _deep() -> bytes:
    return packed(parts("<a>" * 2_000_000))


def _last_row() -> bytes:
    return packed(parts(f'{SERVICES}<row r="1048576"><c r="A1048576"><v>1</v></c></row>'))


def _formulas() -> bytes:
    return packed(parts(SERVICES + "".join(f'<row r="{at}"><c r="A{at}"><f>1+1</f></c></row>' for at in range(2, 100_000))))


def _wide_and_long() -> bytes:
    cells = '<c r="A{0}" t="str"><v>s{0}</v></c><c r="ALL{0}"><v>1</v></c>'
    return packed(parts(SERVICES + "".join(f'<row r="{at}">{cells.format(at)}</row>' for at in range(2, 30_000))))


def _styles() -> bytes:
    return packed(parts(styles=f"<cellXfs>{'<xf/>' * 20_000_000}</cellXfs>"))


def _members() -> bytes:
    return packed({**parts(), **{f"x{at}": "" for at in range(12_000)}})


HOSTILE: dict[str, Callable[[], bytes]] = {
    "one merged range over all cells": _merged,
    "three million merged ranges": _many_merged,
    "one cell in the last column of every row": lambda: _far_cells("XFD"),
    "one cell far to the right of every row": lambda: _far_cells("ALL"),
    "far cells in rows that have names": _wide_and_long,
    "twelve million shared texts": _shared_texts,
    "one text of 200 million letters": _one_long_text,
    "forty million empty cells": _empty_cells,
    "a row number of 150 million digits": _long_attribute,
    "entities within entities": _entities,
    "two million elements deep": _deep,
    "a cell in the last row": _last_row,
    "formulas without results": _formulas,
    "twenty million styles": _styles,
    "twelve thousand files in it": _members,
}


def broken(data: bytes, dice: random.Random) -> bytes:
    """Return a workbook with some of its XML changed: tags and attributes moved, dropped, doubled, turned to nonsense."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        members = {name: book.read(name).decode("utf-8", "replace") for name in book.namelist()}
    for _ in range(dice.randint(1, 4)):
        name = dice.choice(list(members))
        members[name] = "".join(_shaken(_pieces(members[name]), dice))
        if dice.random() < 0.05:
            del members[name]
    return packed(members)


def _pieces(text: str) -> list[str]:
    return [piece for part in text.split("<") for piece in (f"<{part}".split(">", 1) if part else [])]


def _shaken(pieces: list[str], dice: random.Random) -> Iterator[str]:
    nonsense = ["-1", "99999999999999999999", "", "nan", "A0", "ZZZZ9", "s", "b", "d", "e", "&#0;", "&x;", "1e400", "\u202e", "]]>"]
    hit = dice.randrange(max(len(pieces), 1))
    for at, piece in enumerate(pieces):
        closed = piece if not piece.startswith("<") else f"{piece}>"
        if at != hit:
            yield closed
            continue
        kind = dice.randrange(5)
        if kind == 0 and '"' in piece:
            before, _, rest = closed.partition('"')
            yield f'{before}"{dice.choice(nonsense)}"{rest.partition(chr(34))[2]}'
        elif kind == 1:
            yield closed * 2
        elif kind == 2:
            yield dice.choice(nonsense)
        elif kind == 3:
            yield closed.replace("t=", "s=").replace("<c", "<v")
