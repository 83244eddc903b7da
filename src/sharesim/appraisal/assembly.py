"""From the flows of groups to the bundles that differ in host and form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sharesim.appraisal.lives import Cells
from sharesim.appraisal.sheets import Part, Sheet, chunk_sums
from sharesim.uncertainty.draws import CHUNK

if TYPE_CHECKING:
    from sharesim.appraisal.tiles import Tile


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
        self._sums: dict[tuple[str, int], np.ndarray] = {}

    # -- sums only -----------------------------------------------------------------------------------------------------

    def variants(self, used: int) -> Iterator[Variant]:
        """Yield each variant's NPV, and the sums of NPV and measures over the first `used` draws."""
        pattern, base = -1, None
        for form, host, at in sorted(self.tile.variants, key=lambda variant: variant[1]):
            if host != pattern:
                pattern, base = host, self._of_host(lambda part: part.cash, host)
            npv = self._with_form(base, lambda part: part.cash, form, host, self.tile.group[at])
            sums = self._measures(form, host, self.tile.group[at], used)
            yield Variant(at, npv, {"npv": chunk_sums(npv, used), **sums})

    def _of_host(self, pick: Pick, host: int) -> tuple[np.ndarray | None, list[np.ndarray | None]]:
        """Return what does not depend on the form: of all draws, and of the cells of each picked sheet."""
        whole = _plus(pick(self.sheet.shared), _picked(pick, self.sheet.host, host))
        cells = []
        for _, sheet in self.picked:
            part = _plus(pick(sheet.shared), _picked(pick, sheet.host, host))
            if part is not None and host in sheet.counting:
                part = part * sheet.counting[host]
            cells.append(_plus(part, _picked(pick, sheet.ended, host)))
        return whole, cells

    def _with_form(
        self, base: tuple[np.ndarray | None, list[np.ndarray | None]], pick: Pick, form: int, host: int, groups: np.ndarray
    ) -> np.ndarray:
        """Return the values of the bundles of some groups, shape (bundle, partner slot, draw)."""
        whole = _plus(base[0], _picked(pick, self.sheet.form, form))
        shape = (self.n_groups, self.n_slots, self.n_draws)
        if whole is None:
            whole = np.zeros((1, 1, 1))
        everyone = len(groups) == self.n_groups and bool((groups == np.arange(self.n_groups)).all())
        if everyone and whole.shape == shape and whole is not base[0] and whole is not pick(self.sheet.form[form]):
            result = whole
        else:
            result = np.array(np.broadcast_to(whole, shape)[slice(None) if everyone else groups], order="C")
        place = np.full(self.n_groups, -1)
        place[groups] = np.arange(len(groups))
        for (cells, sheet), part in zip(self.picked, base[1], strict=True):
            extra = _picked(pick, sheet.form, form)
            if extra is not None and host in sheet.counting:
                extra = extra * sheet.counting[host]
            value = _plus(part, extra)
            if value is not None:
                self._scatter(result, value, cells, None if everyone else place)
        return result

    def _scatter(self, result: np.ndarray, value: np.ndarray, cells: Cells, place: np.ndarray | None) -> None:
        """Add the cells' values; each cell is there once."""
        row, draw = cells.group, cells.draw
        value = np.broadcast_to(value, (self.n_slots, len(row)))
        if place is not None:
            row = place.take(row)
            inside = row >= 0
            row, draw, value = row.compress(inside), draw.compress(inside), value.compress(inside, axis=1)
        first, flat = row * (self.n_slots * self.n_draws) + draw, result.reshape(-1)
        for slot in range(self.n_slots):
            at = first + slot * self.n_draws
            flat[at] = flat.take(at) + value[slot]

    # -- sums of measures ----------------------------------------------------------------------------------------------

    def _measures(self, form: int, host: int, groups: np.ndarray, used: int) -> dict[str, np.ndarray]:
        """Return sums of the measures over the first `used` draws, shape (chunk, bundle, partner slot)."""
        result = {}
        n_chunks = -(-used // CHUNK)
        names = [set(part.counts) for sheet in self._sheets for part in (sheet.shared, *sheet.host.values(), *sheet.form.values())]
        for name in sorted(set().union(*names)):
            total = np.zeros((n_chunks, self.n_groups, self.n_slots))
            for part in (self.sheet.shared, self.sheet.host.get(host), self.sheet.form.get(form)):
                if part is not None and name in part.counts:
                    total += part.counts[name]
            for number in range(len(self.picked)):
                for kind, key in (("shared", host), ("host", host), ("form", form)):
                    part_sum = self._cell_sums(number, kind, key, host, name, used)
                    if part_sum is not None:
                        total += part_sum
            result[name] = total[:, groups]
        return result

    @property
    def _sheets(self) -> list[Sheet]:
        return [self.sheet, *(sheet for _, sheet in self.picked)]

    def _cell_sums(self, number: int, kind: str, key: int, host: int, name: str, used: int) -> np.ndarray | None:
        cells, sheet = self.picked[number]
        part = sheet.shared if kind == "shared" else (sheet.host if kind == "host" else sheet.form).get(key)
        if part is None or name not in part.counts:
            return None
        memo = (f"{number} {kind} {key} {name}", host)
        if memo not in self._sums:
            value = np.broadcast_to(part.counts[name], sheet.shape)
            if host in sheet.counting:
                value = value * sheet.counting[host]
            self._sums[memo] = self._by_chunk(value, cells, used)
        return self._sums[memo]

    def _by_chunk(self, value: np.ndarray, cells: Cells, used: int) -> np.ndarray:
        """Add up cells by chunk and group, shape (chunk, group, partner slot)."""
        n_chunks = -(-used // CHUNK)
        result = np.zeros((n_chunks, self.n_groups, self.n_slots))
        group, draw = cells.group, cells.draw
        if used < self.n_draws:
            inside = draw < used
            group, draw, value = group.compress(inside), draw.compress(inside), value.compress(inside, axis=1)
        if len(group):
            key = group * n_chunks + draw // CHUNK
            edges = np.concatenate([[0], np.flatnonzero(np.diff(key)) + 1])
            sums = np.add.reduceat(np.ascontiguousarray(value), edges, axis=1)
            result[key[edges] % n_chunks, key[edges] // n_chunks] = sums.T
        return result

    # -- by line -------------------------------------------------------------------------------------------------------

    def all(self, table: Callable[[Part], Mapping[str, np.ndarray]], names: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Return every line (or every measure) of every bundle, shape (bundle, partner slot, draw); `names` even if zero."""
        found: dict[str, None] = {}
        for sheet in self._sheets:
            for part in (sheet.shared, *sheet.host.values(), *sheet.form.values(), *sheet.ended.values()):
                found |= dict.fromkeys(table(part))
        shape = (len(self.tile.group), self.n_slots, self.n_draws)
        result = {name: np.broadcast_to(0.0, shape) for name in names} | {name: np.zeros(shape) for name in found}
        for form, host, at in self.tile.variants:
            for name in found:
                pick = lambda part, key=name: table(part).get(key)  # noqa: E731
                result[name][at] = self._with_form(self._of_host(pick, host), pick, form, host, self.tile.group[at])
        return result


def _plus(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _picked(pick: Pick, parts: Mapping[int, Part], key: int) -> np.ndarray | None:
    return pick(parts[key]) if key in parts else None


__all__ = ["Assembly", "TileResult", "Variant"]
