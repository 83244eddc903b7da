"""What the choice needs to know of the candidate bundles, and nothing of how it was simulated.

`Candidates` is the summary of every bundle as labelled arrays; `DrawSource` is the promise that somebody can hand out
the draws behind it. `appraisal` satisfies both, tests make their own; choice never imports appraisal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from sharesim.bundles.ragged import Ragged
from sharesim.display import record
from sharesim.study.labels import Labels

__all__ = ["INTERNAL", "SHARED", "Candidates", "DrawSource", "Ragged"]

INTERNAL, SHARED = 0, 1


@record
class Candidates:
    """Candidate bundles with the means of everything a linear rule may limit.

    Axes: ``B`` bundles, ``P`` partner slots (slots beyond a bundle's partners hold -1 and zeros), ``T`` years,
    ``K`` activation columns (shared fixed items paid once if any bundle that needs them is chosen), ``A`` councils.
    Money is in real GBP at the study's price base; benefits positive, costs (``one_off_gbp``) positive too.

    Parameters
    ----------
    councils, services, forms, activations : Labels
    first_year : int
        Calendar year in which financial year 0 begins; ``n_years`` = T.
    n_years : int
    bundle_ids : tuple of str, length B
        Content ids: the tie-break between equal choices is their order.
    services_of : Ragged, B rows
        Service indices in each bundle (one, or a package).
    partners : ndarray, shape (B, P), int32
        Council indices ascending, -1 beyond the bundle's partners.
    host_share : ndarray, shape (B, P)
        Share of the service hosted by each partner; 1 for a sole host, all zero for none.
    form : ndarray, shape (B,), int16
    start_years : ndarray, shape (B,)
        Planned start in years since the study's first day.
    stage : ndarray, shape (B,), int8
        INTERNAL (one council alone) or SHARED.
    requires : ndarray, shape (B,), int64
        Index of the bundle that this one follows on from, or -1.
    activations_of : Ragged, B rows
        Activation columns that each bundle needs.
    npv_gbp : ndarray, shape (B,)
    partner_npv_gbp : ndarray, shape (B, P)
    cashable_gbp, non_cashable_gbp : ndarray, shape (B,)
        Discounted savings before costs.
    quality_change : ndarray, shape (B,)
        Weighted change of scored quality, additive over bundles (share).
    one_off_gbp : ndarray, shape (B, P, T)
        Mean one-off cost by partner and year, undiscounted real, before receipts.
    officer_days : ndarray, shape (B, P, T)
    compulsory_exits, voluntary_exits : ndarray, shape (B, P)
    redeployments : ndarray, shape (B, P, T)
    risk_points : ndarray, shape (B,)
    activation_npv_gbp : ndarray, shape (K,)
    activation_council_npv_gbp : ndarray, shape (K, A)
    activation_one_off_gbp : ndarray, shape (K, A, T)
        Before grants.
    activation_grant_gbp : ndarray, shape (K, A, T)
        Grants at chance x amount, less what is clawed back, by the year in which they come.
    """

    councils: Labels
    services: Labels
    forms: Labels
    activations: Labels
    first_year: int
    n_years: int
    bundle_ids: tuple[str, ...]
    services_of: Ragged
    partners: np.ndarray
    host_share: np.ndarray
    form: np.ndarray
    start_years: np.ndarray
    stage: np.ndarray
    requires: np.ndarray
    activations_of: Ragged
    npv_gbp: np.ndarray
    partner_npv_gbp: np.ndarray
    cashable_gbp: np.ndarray
    non_cashable_gbp: np.ndarray
    quality_change: np.ndarray
    one_off_gbp: np.ndarray
    officer_days: np.ndarray
    compulsory_exits: np.ndarray
    voluntary_exits: np.ndarray
    redeployments: np.ndarray
    risk_points: np.ndarray
    activation_npv_gbp: np.ndarray
    activation_council_npv_gbp: np.ndarray
    activation_one_off_gbp: np.ndarray
    activation_grant_gbp: np.ndarray

    @property
    def n_bundles(self) -> int:
        return len(self.bundle_ids)


class DrawSource(Protocol):
    """Hands out the draws behind a set of candidates; all NPV in GBP, draws last.

    ``ids`` are bundle indices. Implementations may hold everything or compute on demand; results for the same ids are
    the same bits every time.
    """

    @property
    def n_draws(self) -> int: ...

    def draws(self, ids: np.ndarray) -> np.ndarray:
        """NPV, shape (len(ids), n_draws)."""

    def partner_draws(self, ids: np.ndarray) -> np.ndarray:
        """NPV by partner slot, shape (len(ids), P, n_draws)."""

    def one_off_draws(self, ids: np.ndarray, years: Sequence[int]) -> np.ndarray:
        """One-off cost by partner slot summed over year indices, shape (len(ids), P, n_draws)."""

    def weighted(self, weight: np.ndarray) -> np.ndarray:
        """Sum over draws of weight x NPV for every bundle, shape (B,)."""

    def activation_draws(self) -> np.ndarray:
        """NPV of the activation columns by council, shape (K, A, n_draws)."""

    def activation_one_off_draws(self, years: Sequence[int]) -> np.ndarray:
        """One-off cost of the activation columns summed over year indices, grants left out, shape (K, A, n_draws)."""

    def activation_grant_draws(self, years: Sequence[int]) -> np.ndarray:
        """Grants at chance x amount, less clawback, summed over year indices, shape (K, A, n_draws)."""
