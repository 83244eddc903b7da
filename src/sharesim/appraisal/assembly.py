"""From the flows of groups to the bundles that differ in host and form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np

from sharesim.appraisal.lives import Cells
from sharesim.appraisal.sheets import MEASURES, Part, Sheet, chunk_sums
from sharesim.appraisal.tile import Tile
from sharesim.uncertainty.draws import CHUNK


@dataclass(frozen=True)
class Variant:
    """Bundles of a tile that share host pattern and form, in a block of draws.

    Parameters
    ----------
    at : ndarray of int, shape (bundle,)
        Positions in the tile.
    npv : ndarray, shape (bundle, partner slot, draw)
    sums : dict of str to ndarray, shape (chunk, bundle, partner slot)
        Sums of the NPV (``npv``) and of the measures over the draws that count.
    """

    at: np.ndarray
    npv: np.ndarray
    sums: dict[str, np.ndarray]


@dataclass(frozen=True)
class TileResult:
    """What a tile brings in a block of draws, draw by draw.

    Parameters
    ----------
    lines : dict of str to ndarray, shape (bundle, partner slot, draw)
        Pounds by line, weighted by the clock.
    npv : ndarray, shape (bundle, partner slot, draw)
        Sum of the cash lines.
    measures : dict of str to ndarray, shape (bundle, partner slot, draw)
    """

    lines: dict[str, np.ndarray]
    npv: np.ndarray
    measures: dict[str, np.ndarray]


#: Takes one array out of a part; None for zero.
Pick = Callable[[Part], "np.ndarray | None"]
#: What is worked out once and kept; None where there is nothing to add up.
Sums = TypeVar("Sums", np.ndarray, "np.ndarray | None")


class Assembly:
    """Puts the parts of the sheets of a tile together, variant by variant.

    Parameters
    ----------
    tile : Tile
    sheet : Sheet
        All draws with everybody in.
    picked : list of (Cells, Sheet)
        Cells with a life of their own.
    n_draws : int
    """

    def __init__(self, tile: Tile, sheet: Sheet, picked: Sequence[tuple[Cells, Sheet]], n_draws: int) -> None:
        self.tile, self.sheet, self.picked, self.n_draws = tile, sheet, picked, n_draws
        self.n_groups, self.n_slots = tile.councils.shape
        self.places = [Places(cells, self.n_slots, n_draws) for cells, _ in picked]

    def variants(self, used: int) -> Iterator[Variant]:
        """Yield each variant's NPV, and the sums of NPV and measures over the first `used` draws."""
        counts = Counts(self, used)
        cash = Combination(self, lambda part: part.cash)
        for form, host, at in self.tile.variants:
            groups = self.tile.group[at]
            npv = cash.values(form, host, groups)
            sums = counts.of(form, host)[:, :, groups]
            yield Variant(at, npv, {"npv": chunk_sums(npv, used), **dict(zip(MEASURES, sums, strict=True))})

    def all(
        self, table: Callable[[Part], Mapping[str, np.ndarray]], names: Sequence[str] = ()
    ) -> dict[str, np.ndarray]:
        """Return every line (or every measure) of every bundle, shape (bundle, partner slot, draw); `names` even if
        zero."""
        found = {
            name: None
            for sheet in (self.sheet, *(sheet for _, sheet in self.picked))
            for part in sheet.parts
            for name in table(part)
        }
        shape = (len(self.tile.group), self.n_slots, self.n_draws)
        result = {name: np.broadcast_to(0.0, shape) for name in names} | {name: np.zeros(shape) for name in found}
        for name in found:
            line = Combination(self, _line_named(name, table))
            for form, host, at in self.tile.variants:
                result[name][at] = line.values(form, host, self.tile.group[at])
        return result


class Places:
    """Where cells lie in arrays of groups, and in which chunk.

    Parameters
    ----------
    cells : Cells
    n_slots, n_draws : int
    """

    def __init__(self, cells: Cells, n_slots: int, n_draws: int) -> None:
        self.cells, self.n_slots, self.n_draws = cells, n_slots, n_draws
        self._known: tuple[int, tuple[np.ndarray | None, np.ndarray, np.ndarray, np.ndarray]] | None = None

    @cached_property
    def everywhere(self) -> np.ndarray:
        """Flat positions in an array (group, partner slot, draw), shape (partner slot, cell)."""
        return self._at(self.cells.group, self.cells.draw)

    def _at(self, row: np.ndarray, draw: np.ndarray) -> np.ndarray:
        return (row * (self.n_slots * self.n_draws) + draw) + np.arange(0, self.n_slots * self.n_draws, self.n_draws)[
            :, None
        ]

    def add(self, result: np.ndarray, value: np.ndarray, row_of: np.ndarray | None) -> None:
        """Add values of cells to an array (row, partner slot, draw); each cell is there once.

        Parameters
        ----------
        row_of : ndarray of int, shape (group,), or None
            Row of each group, -1 for none; None where rows are the groups.
        """
        at = self.everywhere
        value = np.broadcast_to(value, at.shape)
        if row_of is not None:
            row = row_of.take(self.cells.group)
            inside = row >= 0
            at, value = self._at(row.compress(inside), self.cells.draw.compress(inside)), value.compress(inside, axis=1)
        # No cell is there twice; for one row of positions this is the fastest way to add.
        np.add.at(result.reshape(-1), at.ravel(), value.ravel())

    def sums(self, values: np.ndarray, used: int, n_groups: int) -> np.ndarray:
        """Return sums by chunk and group over the first `used` draws, shape (..., chunk, group, partner slot).

        Parameters
        ----------
        values : ndarray, shape (..., partner slot, cell)
        """
        n_chunks = -(-used // CHUNK)
        result = np.zeros((*values.shape[:-2], n_chunks, n_groups, self.n_slots))
        inside, edges, chunk, group = self._runs(used)
        if inside is not None:
            values = values.compress(inside, axis=-1)
        if len(edges):
            result[..., chunk, group, :] = np.add.reduceat(values, edges, axis=-1).swapaxes(-2, -1)
        return result

    def _runs(self, used: int) -> tuple[np.ndarray | None, np.ndarray, np.ndarray, np.ndarray]:
        """Return which cells count (None for all), where runs of one group and chunk begin, their chunks and groups."""
        if self._known is None or self._known[0] != used:
            n_chunks, inside = -(-used // CHUNK), None
            group, draw = self.cells.group, self.cells.draw
            if used < self.n_draws:
                inside = draw < used
                group, draw = group.compress(inside), draw.compress(inside)
            key = group * n_chunks + draw // CHUNK
            edges = np.flatnonzero(np.concatenate([np.ones(len(key[:1]), bool), key[1:] != key[:-1]]))
            key = key[edges]
            self._known = used, (inside, edges, key % n_chunks, key // n_chunks)
        return self._known[1]


class Combination:
    """One figure (the NPV, or a line) of all variants.

    Parameters
    ----------
    assembly : Assembly
    pick : callable
        Takes the figure out of a part.
    """

    def __init__(self, assembly: Assembly, pick: Pick) -> None:
        self.of, self.pick = assembly, pick
        self._last: dict[int, tuple[tuple[int, bool], np.ndarray | None]] = {}

    def values(self, form: int, host: int, groups: np.ndarray) -> np.ndarray:
        """Return the figure of the bundles of some groups, shape (bundle, partner slot, draw)."""
        whole, row_of = self._combined(self.of.sheet, form, host), None
        shape = (self.of.n_groups, self.of.n_slots, self.of.n_draws)
        whole = np.broadcast_to(0.0 if whole is None else whole, shape)
        if len(groups) < self.of.n_groups or (groups != np.arange(self.of.n_groups)).any():
            row_of = np.full(self.of.n_groups, -1)
            row_of[groups] = np.arange(len(groups))
            whole = whole[groups]
        result = np.array(whole, order="C")
        self._put_hosts(result, self.of.sheet, form, host, groups)
        for (_, sheet), places in zip(self.of.picked, self.of.places, strict=True):
            value = self._at_cells(sheet, form, host)
            if value is not None:
                places.add(result, value, row_of)
        return result

    def _shares(self, host: int) -> np.ndarray:
        return self.of.tile.variety.hosts[host]

    def _combined(self, sheet: Sheet, form: int, host: int) -> np.ndarray | None:
        """Return what all partners have who do not host: kept from one variant to the next with the same form."""
        hosted = bool(self._shares(host).any())
        last = self._last.get(id(sheet))
        if last is None or last[0] != (form, hosted):
            parts = (sheet.shared, sheet.guest if hosted else sheet.apart, sheet.form.get(form))
            self._last[id(sheet)] = ((form, hosted), _sum_of(self.pick, parts))
        whole = self._last[id(sheet)][1]
        extra = self.pick(sheet.host[host]) if host in sheet.host else None
        return whole if extra is None else extra if whole is None else whole + extra

    def _put_hosts(self, result: np.ndarray, sheet: Sheet, form: int, host: int, groups: np.ndarray | slice) -> None:
        """Put the hosts' own figures in their place."""
        if self.pick(sheet.guest) is None and not sheet.hosting:
            return
        parts = (sheet.shared, sheet.form.get(form), sheet.host.get(host))
        for slot in np.flatnonzero(self._shares(host)):
            row = _sum_of(self._pick_at(int(slot)), parts)
            own = self.pick(sheet.hosting[host, int(slot)]) if (host, int(slot)) in sheet.hosting else None
            row = own if row is None else row if own is None else row + own
            place = result[..., slot : slot + 1, :]
            if row is None:
                place[...] = 0.0
            else:
                place[...] = row[groups] if len(row) > 1 and result.ndim == 3 else row

    def _pick_at(self, slot: int) -> Pick:
        return lambda part: _slot(self.pick(part), slot)

    def _at_cells(self, sheet: Sheet, form: int, host: int) -> np.ndarray | None:
        """Return the figure at the cells of a picked sheet, shape (partner slot, cell)."""
        value = self._combined(sheet, form, host)
        if self._shares(host).any() and (self.pick(sheet.guest) is not None or sheet.hosting):
            value = np.array(np.broadcast_to(0.0 if value is None else value, sheet.shape), order="C")
            self._put_hosts(value, sheet, form, host, slice(None))
        if value is not None and host in sheet.counting:
            value = value * sheet.counting[host]
        ended = self.pick(sheet.ended)
        if ended is not None and host in sheet.left:
            ended = ended * sheet.left[host]
            value = ended if value is None else value + ended
        return value


class Counts:
    """Sums of the measures of all variants over the used draws.

    Parameters
    ----------
    assembly : Assembly
    used : int
        How many draws count.
    """

    def __init__(self, assembly: Assembly, used: int) -> None:
        self.of_assembly, self.used = assembly, used
        self.shape = (len(MEASURES), -(-used // CHUNK), assembly.n_groups, assembly.n_slots)
        self._kept: dict[object, Any] = {}

    def of(self, form: int, host: int) -> np.ndarray:
        """Return the sums of a variant, shape (measure, chunk, group, partner slot)."""
        total = self._once(("shared", host), lambda: self._all(host, lambda sheet: sheet.shared))
        assert total is not None
        more = self._once(("form", form, host), lambda: self._all(host, lambda sheet: sheet.form.get(form)))
        more = total if more is None else total + more
        own = self._once(("host", host), lambda: self._all(host, lambda sheet: sheet.host.get(host)))
        return more if own is None else more + own

    def _once(self, key: object, make: Callable[[], Sums]) -> Sums:
        """Return what was made under a key, or make it."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def _all(self, host: int, part_of: Callable[[Sheet], Part | None]) -> np.ndarray | None:
        """Return sums of one kind of part over all draws and cells."""
        result = None
        whole = part_of(self.of_assembly.sheet)
        if whole is not None and whole.counts:
            result = np.zeros(self.shape)
            for name, value in whole.counts.items():
                result[MEASURES.index(name)] += value
        for (_, sheet), places in zip(self.of_assembly.picked, self.of_assembly.places, strict=True):
            part = part_of(sheet)
            if part is None or not part.counts:
                continue
            values = self._once(("stack", id(part)), partial(_stack, part, sheet.shape))
            if host in sheet.counting:
                values = values * sheet.counting[host]
            result = np.zeros(self.shape) if result is None else result
            result[[MEASURES.index(name) for name in part.counts]] += places.sums(values, self.used, self.shape[2])
        return result


def _stack(part: Part, shape: tuple[int, ...]) -> np.ndarray:
    """Return a part's measures by cell, shape (measure, partner slot, cell)."""
    values = np.empty((len(part.counts), *shape))
    for row, value in zip(values, part.counts.values(), strict=True):
        row[...] = value
    return values


def _line_named(name: str, table: Callable[[Part], Mapping[str, np.ndarray]]) -> Pick:
    return lambda part: table(part).get(name)


def _sum_of(pick: Pick, parts: Iterable[Part | None]) -> np.ndarray | None:
    total = None
    for part in parts:
        value = None if part is None else pick(part)
        if value is not None:
            total = value if total is None else total + value
    return total


def _slot(value: np.ndarray | None, slot: int) -> np.ndarray | None:
    return value if value is None or value.shape[-2] == 1 else value[..., slot : slot + 1, :]


__all__ = ["Assembly", "TileResult", "Variant"]
