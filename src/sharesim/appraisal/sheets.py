"""Where flows are entered: summed into one figure where only the NPV is wanted, by line where an account is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sharesim.appraisal.flows import Terms
from sharesim.uncertainty.draws import CHUNK

#: Measures kept beside the NPV, by bundle and partner slot.
MEASURES = (
    "cashable_gbp",
    "non_cashable_gbp",
    "transition_gbp",
    "staff_gbp",
    "strain_gbp",
    "compulsory_exits",
    "voluntary_exits",
    "redeployments",
    "posts_removed",
    "started",
    "quality_change",
)
#: Measures that count gains as they are; the other measures of money count costs, positive.
GAINS = ("cashable_gbp", "non_cashable_gbp")


def chunk_sums(values: np.ndarray, used: int | None = None) -> np.ndarray:
    """Return sums over the first `used` draws chunk by chunk, shape (chunk, ...).

    Each chunk is added up by itself, so that its sum has the same bits whatever chunks are worked with it.
    """
    used = values.shape[-1] if used is None else used
    whole = used // CHUNK
    result = np.empty((-(-used // CHUNK), *values.shape[:-1]))
    if whole:
        # One chunk beside the other on the last axis but one: each is a run of numbers, added up as if it were alone.
        chunks = np.ascontiguousarray(values[..., : whole * CHUNK]).reshape(*values.shape[:-1], whole, CHUNK)
        sums = chunks.sum(axis=-1)
        result[:whole] = sums.transpose(-1, *range(sums.ndim - 1))
    if used > whole * CHUNK:
        result[whole] = np.ascontiguousarray(values[..., whole * CHUNK : used]).sum(axis=-1)
    return result


@dataclass
class Part:
    """Flows that depend on the same things.

    Parameters
    ----------
    cash : ndarray or None
        Sum of the cash lines, (..., partner slot, draw); None for zero.
    lines : dict of str to ndarray
        By line, where asked for by line.
    counts : dict of str to ndarray
        Measures: by cell, or (dense and summed) by chunk.
    """

    cash: np.ndarray | None = None
    lines: dict[str, np.ndarray] = field(default_factory=dict)
    counts: dict[str, np.ndarray] = field(default_factory=dict)


class Sheet:
    """Flows of one set of cells, apart by what they depend on.

    ``shared`` counts for all variants, ``apart`` where nobody hosts, ``guest`` for partners whose service one of them
    hosts, ``hosting[pattern, slot]`` for the hosts in their place, ``form[form]`` for a form, ``host[pattern]`` for
    what else
    a host pattern changes, and ``ended`` where the host has just left, whatever else is counted there.

    Parameters
    ----------
    shape : tuple of int
        (group, partner slot, draw) dense, (partner slot, cell) flat.
    by_line : bool
        Whether lines and measures are kept apart, draw by draw.
    used : int or None
        Dense and not by line: how many draws count in the sums of measures; None keeps measures by cell.
    """

    def __init__(self, shape: tuple[int, ...], *, by_line: bool, used: int | None) -> None:
        self.shape, self.by_line, self.used = shape, by_line, used
        self.shared, self.apart, self.guest, self.ended = Part(), Part(), Part(), Part()
        self.hosting: dict[tuple[int, int], Part] = {}
        self.form: dict[int, Part] = {}
        self.host: dict[int, Part] = {}
        #: By host pattern: how far everything but `ended` counts in each cell; absent for in full.
        self.counting: dict[int, np.ndarray] = {}
        #: By host pattern: 1 in cells where its host has just left.
        self.left: dict[int, np.ndarray] = {}

    @property
    def parts(self) -> list[Part]:
        """All parts."""
        return [
            self.shared,
            self.apart,
            self.guest,
            self.ended,
            *self.hosting.values(),
            *self.form.values(),
            *self.host.values(),
        ]

    def of_form(self, form: int) -> Part:
        """Return the part of a form."""
        return self.form.setdefault(form, Part())

    def of_hosting(self, pattern: int, slot: int) -> Part:
        """Return the part of a host in a pattern."""
        return self.hosting.setdefault((pattern, slot), Part())

    def of_host(self, pattern: int) -> Part:
        """Return the part of a host pattern."""
        return self.host.setdefault(pattern, Part())

    def enter(
        self, part: Part, terms: Terms, times: np.ndarray | None = None, factor: float = 1.0, measure: str | None = None
    ) -> None:
        """Enter terms x times x factor; with `measure`, count terms x times besides, costs positive.

        Parameters
        ----------
        terms : Terms
        times : ndarray, optional
            How much of each cell's term is due.
        factor : float
            Weight of the clock that is the same in all cells.
        """
        if not terms:
            return
        if self.by_line:
            for name, term in terms.lines.items():
                value = term if times is None else term * times
                _add(part.lines, name, value * factor)
                if measure is not None:
                    self.count(part, measure, value, negative=measure not in GAINS)
            return
        value = terms.total if times is None else terms.total * times
        if measure is not None:
            self.count(part, measure, value, negative=measure not in GAINS)
        # What is counted by cell is kept, so that cash must not be added up in it.
        fresh = times is not None and (measure is None or self.used is not None)
        if factor != 1.0:
            value, fresh = np.multiply(value, factor, out=value if fresh else None), True
        self._add_cash(part, value, fresh=fresh)

    def enter_saving(self, part: Part, cashable: np.ndarray, other: np.ndarray) -> None:
        """Enter a saving: what is cash, and what is time that no budget gives back; both arrays are given away."""
        self.count(part, "cashable_gbp", cashable)
        self.count(part, "non_cashable_gbp", other)
        if self.by_line:
            _add(part.lines, "saving_cashable", cashable)
            _add(part.lines, "saving_non_cashable", other)
        else:
            self._add_cash(part, cashable, fresh=self.used is not None)

    def count(self, part: Part, measure: str, value: np.ndarray, *, negative: bool = False) -> None:
        """Count a measure."""
        if not self.by_line and self.used is not None:
            value = self._sums(value)
        _add(part.counts, measure, -value if negative else value)

    def _sums(self, value: np.ndarray) -> np.ndarray:
        """Return sums over draws by chunk, shape (chunk, group, partner slot)."""
        if value.shape[-1] == 1:
            value = np.broadcast_to(value, (*value.shape[:-1], self.shape[-1]))
        while value.ndim < 3:
            value = value[None]
        return chunk_sums(value, self.used)

    def _add_cash(self, part: Part, value: np.ndarray, *, fresh: bool) -> None:
        """Add to the cash of a part; a `fresh` array may be kept and changed."""
        if part.cash is None:
            part.cash = value if fresh and value.flags.c_contiguous else np.array(value, order="C")
        elif part.cash.shape == value.shape or (part.cash.ndim == value.ndim and _fits(value.shape, part.cash.shape)):
            part.cash += value
        else:
            part.cash = part.cash + value


def _fits(shape: tuple[int, ...], into: tuple[int, ...]) -> bool:
    return all(one in (1, other) for one, other in zip(shape, into, strict=True))


def _add(into: dict[str, np.ndarray], name: str, value: np.ndarray) -> None:
    into[name] = into[name] + value if name in into else value


__all__ = ["MEASURES", "Part", "Sheet", "chunk_sums"]
