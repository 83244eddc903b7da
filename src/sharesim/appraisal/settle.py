"""Appraisal until it is precise enough: draws are added, never made again, and say what they reached."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from sharesim.appraisal.context import Fixed
from sharesim.appraisal.engine import ChunkRun, block_sums, draw_plan, in_order, tiles_of
from sharesim.appraisal.figures import FIGURES, figures_of
from sharesim.appraisal.fixed_items import activation_draws
from sharesim.appraisal.outcomes import Outcomes, Progress
from sharesim.appraisal.resources import Resources
from sharesim.appraisal.savings import over_slots
from sharesim.bundles.activations import activations
from sharesim.bundles.table import BundleTable
from sharesim.errors import Fault, UsageError
from sharesim.study.study import Study
from sharesim.uncertainty.draws import CHUNK, DrawPlan
from sharesim.uncertainty.goal import Rule, Settled, in_words
from sharesim.uncertainty.stop import Parts, PrecisionRule, Ranked, first_look, run_until_precise, run_until_ranked

#: What to do where the first look lies beyond the last.
ROOM = "Raise run.most_draws, or under sobol lower run.{} (scrambles are shorter then)."
#: Bundles whose figures are worked out at once.
FIGURE_ROWS = 256


@dataclass
class Growing:
    """The appraisal of a table of bundles that more draws can be added to.

    Parameters
    ----------
    study : Study
    table : BundleTable
    plan : DrawPlan
    resources : Resources
    jobs : int
        Threads; the result has the same bits for any number.
    progress : callable (done, of), optional
        Told of chunks done, and of those that are on their way.
    """

    study: Study
    table: BundleTable
    plan: DrawPlan
    resources: Resources
    jobs: int = 1
    progress: Progress | None = None
    sums: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fixed = Fixed.of(self.study)
        self.needs = activations(self.study, self.table)
        self.shape = (len(self.table), self.table.groups.partners.shape[1])
        self.n_draws = 0
        self._partners: list[np.ndarray] | None = []
        self._totals: list[np.ndarray] = []
        self._columns: list[np.ndarray] = []

    def extend(self, first: int, stop: int) -> np.ndarray:
        """Add chunks `first` to before `stop`, and return the bundles' NPV in them, GBP, shape (bundle, draw).

        Every draw is the one that an appraisal of a fixed number has, and every sum goes on chunk by chunk in order.
        """
        width = (stop - first) * CHUNK
        self._make_room(width)
        npv = np.zeros((*self.shape, width))
        columns = np.zeros((len(self.needs.columns), len(self.study.councils), width))
        cut = self.resources.cut((*self.shape, width), len(self.study.councils), self.jobs, whole_rows=False)
        starts, tiles = range(first, stop, cut.block_chunks), tiles_of(self.table, cut.tile_slots)

        def work(number: int) -> dict[str, np.ndarray]:
            begin, end = starts[number], min(starts[number] + cut.block_chunks, stop)
            run = ChunkRun(self.fixed, self.plan.values(begin, end), begin * CHUNK, (end - begin) * CHUNK)
            here = slice((begin - first) * CHUNK, (end - first) * CHUNK)

            def put(rows: np.ndarray, found: np.ndarray) -> None:
                npv[rows, : found.shape[1], here] = found[..., : (end - begin) * CHUNK]

            sums = block_sums(run, tiles, self.shape, put)
            worth = activation_draws(run.context, self.needs.columns, run.context.clock)
            columns[..., here] = worth[..., : (end - begin) * CHUNK]
            return sums

        for number, sums in enumerate(in_order(work, len(starts), self.jobs)):
            for name, chunks in sums.items():
                total = self.sums.setdefault(name, np.zeros(self.shape))
                for chunk in chunks:
                    total += chunk
            if self.progress is not None:
                self.progress(min(starts[number] + cut.block_chunks, stop), stop)
        totals = over_slots(npv)[:, 0]
        self.n_draws = stop * CHUNK
        self._columns.append(columns)
        if self._partners is None:
            self._totals.append(totals)
        else:
            self._partners.append(npv)
        return totals

    def extend_portfolio(self, first: int, stop: int) -> np.ndarray:
        """Add chunks, and return the NPV of all bundles and of what they share in them, GBP, shape (draw,)."""
        bundles = self.extend(first, stop)
        needed = np.unique(self.needs.of_bundle.item)
        return bundles.sum(axis=0) + self._columns[-1][needed].sum(axis=(0, 1))

    def _make_room(self, width: int) -> None:
        """Keep only the bundles' totals once their partners' draws would not fit the budget."""
        size = self.shape[0] * self.shape[1] * (self.n_draws + width)
        if self._partners is None or self.resources.kept(size) == "memory":
            return
        self._totals = [over_slots(part)[:, 0] for part in self._partners]
        self._partners = None

    def outcomes(self) -> Outcomes:
        """Return what an appraisal of as many draws returns, bit for bit."""
        plan = replace_draws(self.plan, self.n_draws)
        means = {name: total / self.n_draws for name, total in self.sums.items()}
        npv_means = means.pop("npv")
        columns = np.concatenate(self._columns, axis=-1)
        common = (self.study, self.table, self.needs, plan, self.n_draws)
        if self._partners is not None:
            kept = np.concatenate(self._partners, axis=-1)
            return Outcomes(*common, kept, means, columns, {}, self.jobs, npv_means)
        found = {name: np.zeros(len(self.table)) for name in FIGURES}
        for begin in range(0, len(self.table), FIGURE_ROWS):
            few = slice(begin, begin + FIGURE_ROWS)
            draws = np.concatenate([part[few] for part in self._totals], axis=-1)
            for name, figure in figures_of(draws, plan).items():
                found[name][few] = figure
        return Outcomes(*common, None, means, columns, found, self.jobs, npv_means)


def replace_draws(plan: DrawPlan, n_draws: int) -> DrawPlan:
    """Return the plan of the same draws, so many of them: under Sobol' so many scrambles of the same length."""
    scrambles = 1
    if plan.method == "sobol":
        assert plan.n_draws is not None
        scrambles = n_draws * plan.scrambles // plan.n_draws
    return DrawPlan(
        plan.specs, seed=plan.seed, purpose=plan.purpose, replicate=plan.replicate, method=plan.method,
        dependence=plan.dependence, n_draws=n_draws, scrambles=scrambles,
    )  # fmt: skip


@dataclass(frozen=True)
class _Way:
    """How far a rule may go: the draws come in parts, and the memory budget limits them.

    Parameters
    ----------
    parts : Parts
    rule : PrecisionRule or RankingRule
        The rule, ending where the budget ends.
    limited : str
        In words, where it is the budget that ends it; else "".
    """

    parts: Parts
    rule: Rule
    limited: str

    @classmethod
    def of(cls, study: Study, rule: Rule, draws: str, n_bundles: int, resources: Resources) -> _Way:
        """Return the way of a rule that stands in place of ``run.draws`` or ``run.judge_draws``."""
        run, where = study.model.run, draws.replace("draws", "until")
        parts = Parts.of(run.method, getattr(run, draws), run.scrambles)
        first = first_look(rule, parts)
        asked = rule.most_draws // parts.draws * parts.draws
        # The draws of every bundle are held twice: by the rule that looks at them, and by what becomes the outcomes.
        holds = int(resources.budget_bytes / (16 * max(1, n_bundles))) // parts.draws * parts.draws
        if asked < first:
            got, allowed = f"{rule.most_draws:,} draws", f"{first:,} or more"
            raise UsageError(Fault(where, "no room for the first look", got, allowed, ROOM.format(draws)))
        budget = f"{resources.budget_bytes / 2**30:.1f} GB"
        if holds < first:
            need = f"{16 * n_bundles * first / 2**30:.1f} GB for {n_bundles:,} bundles x {first:,} draws"
            remedy = "Give it more (--memory, or resources), fewer bundles, or a number of draws."
            raise UsageError(Fault(where, "the first look does not fit the memory budget", need, budget, remedy))
        limited = f"; more do not fit the memory budget of {budget}" if holds < asked else ""
        return cls(parts, replace(rule, most_draws=min(asked, holds)), limited)

    def plan(self, study: Study, *, seed: int, purpose: str) -> DrawPlan:
        """Return the plan of the most draws."""
        most = self.rule.most_draws
        scrambles = most // self.parts.draws if self.parts.method == "sobol" else 1
        return draw_plan(study, seed=seed, purpose=purpose, n_draws=most, scrambles=scrambles)


def appraise_until(
    study: Study, table: BundleTable, rule: Rule, *, seed: int, jobs: int = 1,
    progress: Progress | None = None, resources: Resources | None = None,
) -> tuple[Outcomes, Settled]:  # fmt: skip
    """Simulate every bundle of a table until a stop rule is satisfied, or the most draws are taken.

    Parameters
    ----------
    study : Study
    table : BundleTable
    rule : PrecisionRule or RankingRule
        A precision is that of every bundle; a ranking is that of bundles by mean NPV.
    seed, jobs, progress, resources
        As for `outcomes.appraise`; the draws are those that choose.

    Returns
    -------
    outcomes : Outcomes
        The same bits as an appraisal of that many draws.
    settled : Settled
        What was reached.

    Examples
    --------
    >>> from sharesim.bundles.enumerate import candidates
    >>> from sharesim.examples import two_councils
    >>> from sharesim.uncertainty.goal import goal
    >>> study = two_councils()
    >>> outcomes, settled = appraise_until(study, candidates(study), goal("mean within 3000"), seed=1)
    >>> settled.reached, settled.n_draws == outcomes.n_draws
    (True, True)
    """
    resources = resources or Resources()
    if not len(table):
        raise UsageError(Fault("until", "there is no bundle to be precise about", "0 bundles", "1 or more", ""))
    way = _Way.of(study, rule, "draws", len(table), resources)
    growing = Growing(study, table, way.plan(study, seed=seed, purpose="choose"), resources, jobs, progress)
    if isinstance(way.rule, PrecisionRule):
        stopped = run_until_precise(growing.extend, way.rule, way.parts)
        several = "the largest standard error of " if len(table) > 1 else "the standard error of "
        reached, said = stopped.reached, stopped.said.replace("the standard error of ", several, 1)
    else:
        ranked = run_until_ranked(growing.extend, way.rule, way.parts)
        reached, said = ranked.settled, ranked.said + _closest(table, ranked)
    said += "" if reached else way.limited
    return growing.outcomes(), Settled(in_words(rule), reached, growing.n_draws, said)


def judge_until(
    study: Study, table: BundleTable, rule: Rule, *, seed: int, jobs: int = 1, progress: Progress | None = None,
    resources: Resources | None = None,
) -> tuple[Outcomes, Settled]:  # fmt: skip
    """Simulate the bundles of a portfolio on judging draws until its own figure is precise enough.

    Parameters
    ----------
    study : Study
    table : BundleTable
        The chosen bundles; what they share is part of the portfolio.
    rule : PrecisionRule
    seed, jobs, progress, resources
        As for `appraise_until`.

    Raises
    ------
    UsageError
        When the rule is about the order of bundles.
    """
    if not isinstance(rule, PrecisionRule):
        remedy = "Write for instance 'p10 within 20000'."
        raise UsageError(Fault("judge_until", "a portfolio alone has no order", in_words(rule), "a precision", remedy))
    resources = resources or Resources()
    way = _Way.of(study, rule, "judge_draws", len(table), resources)
    assert isinstance(way.rule, PrecisionRule)
    growing = Growing(study, table, way.plan(study, seed=seed, purpose="judge"), resources, jobs, progress)
    stopped = run_until_precise(growing.extend_portfolio, way.rule, way.parts)
    said = stopped.said.replace(" of ", " of the portfolio's ", 1) + ("" if stopped.reached else way.limited)
    return growing.outcomes(), Settled(in_words(rule), stopped.reached, growing.n_draws, said)


def _closest(table: BundleTable, ranked: Ranked) -> str:
    """Return the closest pair whose order is open, in words."""
    if not ranked.open_pairs:
        return ""
    better, worse = ranked.open_pairs[0]
    gap = ranked.means[better] - ranked.means[worse]
    return f"; the closest is {table.describe(better)} over {table.describe(worse)}, by {gap:,.0f} on average"


__all__ = ["Growing", "appraise_until", "judge_until", "replace_draws"]
