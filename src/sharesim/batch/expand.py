"""From a plan to its runs: every combination once, each with its identity.

The identity of a run is a hash of what it computes: the study as resolved (tables, observed values, rules, seed and
draw counts included) and the version of sharesim. How the files looked, or in which order the plan names things, does
not enter (docs/decisions/062-identity-of-a-run.md).
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sharesim import __version__
from sharesim.batch.plan import SCENARIO, Plan
from sharesim.errors import Fault, SharesimError, StudyError
from sharesim.study.load import build, load, read_raw
from sharesim.study.observations import Observations
from sharesim.study.places import Places
from sharesim.study.plain import tidy
from sharesim.study.study import Study


@dataclass(frozen=True)
class Variant:
    """One combination of a plan.

    Parameters
    ----------
    study : Path
    scenario : str
    seed : int or None
    assignments : tuple of (path, value)
        All changes, the seed's too, in the order in which they apply.
    settings : dict
        Column of the results to value: labels of grids and values of paths.
    """

    study: Path
    scenario: str
    seed: int | None
    assignments: tuple[tuple[str, Any], ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class PlannedRun:
    """A variant with its identity.

    Parameters
    ----------
    run : str
        Identity; for a study at fault, one of the words that describe it.
    key : str
        Hash of the content of every file and of the changes, by which the identity is found again without checking
        the study.
    variant : Variant
    name : str
        The study's name.
    seed : int or None
        The seed as resolved.
    faults : tuple of Fault
        Why it cannot run; empty where it can.
    """

    run: str
    key: str
    variant: Variant
    name: str
    seed: int | None
    faults: tuple[Fault, ...] = ()


def variants(plan: Plan) -> Iterator[Variant]:
    """Yield every combination of a plan; the last grid turns fastest, seeds fastest of all."""
    choices = [range(len(grid.rows)) for grid in plan.grids]
    for study, scenario in itertools.product(plan.studies, plan.scenarios):
        for rows in itertools.product(*choices):
            for seed in plan.seeds:
                yield _variant(plan, Variant(study, scenario, seed, (), {}), rows)


def _variant(plan: Plan, start: Variant, rows: Sequence[int]) -> Variant:
    """Return a variant with what the plan changes in every run, and what the given row of each of its grids changes."""
    pairs, settings = list(plan.fixed), {}
    for grid, row in zip(plan.grids, rows, strict=True):
        if grid.labels:
            settings[grid.name] = grid.labels[row]
        for path, value in zip(grid.paths, grid.rows[row], strict=True):
            settings[path] = value
            if value is not None:
                pairs.append((path, value))
    chosen = [value for path, value in pairs if path == SCENARIO]
    pairs = [(path, value) for path, value in pairs if path != SCENARIO]
    settings.pop(SCENARIO, None)
    if start.seed is not None:
        pairs.append(("run.seed", start.seed))
    scenario = str(chosen[-1]) if chosen else start.scenario
    return replace(start, scenario=scenario, assignments=tuple(pairs), settings=settings)


def identity(study: Study) -> str:
    """Return the hash of what a study computes and who computes it: its content, and this version of sharesim."""
    return _hash({"sharesim": __version__, "study": study.content_hash})


def load_variant(variant: Variant, by: str) -> Study:
    """Read and check a variant's study from its files.

    Raises
    ------
    StudyError, UsageError
        With every fault.
    """
    return _signed(load(variant.study, scenario=variant.scenario or None, assignments=variant.assignments), by)


@dataclass(frozen=True)
class _Read:
    """Contents of a study's files, each read once, so that the study that is built is the one that was hashed."""

    raw: dict[str, Any]
    places: Places
    observations: Observations
    digest: str

    @staticmethod
    def of(path: Path) -> _Read:
        raw, places = read_raw(path)
        observations = Observations(places.folder)
        return _Read(raw, places, observations, _hash(observations.put_into(raw)))

    def key(self, variant: Variant) -> str:
        # A change may name a file of observed values too.
        changes = self.observations.put_into(variant.assignments)
        return _hash([__version__, self.digest, variant.scenario, changes])

    def build(self, variant: Variant) -> Study:
        scenario, assignments = variant.scenario or None, variant.assignments
        return build(
            self.raw, self.places, scenario=scenario, assignments=assignments, observations=self.observations
        )


@dataclass
class Expansion:
    """Finds the identity of each variant, reading a study's files once.

    Parameters
    ----------
    by : str
        Name of the plan, for the record of changes.
    known : mapping of str to str
        Key to identity, from an earlier call; spares checking the study again.
    """

    by: str
    known: Mapping[str, str] = field(default_factory=dict)
    _read: dict[Path, _Read | SharesimError] = field(default_factory=dict)
    _last: tuple[Variant, Study] | None = None

    def runs(self, plan: Plan, tell: Callable[[int, int], None] | None = None) -> list[PlannedRun]:
        """Return the runs of a plan in its order."""
        found = []
        for number, variant in enumerate(variants(plan), 1):
            found.append(self.planned(variant))
            if tell is not None:
                tell(number, plan.n_runs)
        return found

    def planned(self, variant: Variant) -> PlannedRun:
        """Return a variant with its identity, or with what is wrong with it."""
        read = self._files(variant.study)
        if isinstance(read, SharesimError):
            return self._at_fault(variant, _hash([str(variant.study), str(read)]), variant.study.name, read)
        key, name = read.key(variant), _name(read.raw, variant.study)
        # A table that a change names in place of the study's own is not in the key: its identity is worked out anew.
        known = {} if _reads_more(variant, read.raw) else self.known
        if key in known:
            return PlannedRun(known[key], key, variant, name, _seed(variant, read.raw))
        try:
            study = read.build(variant)
        except SharesimError as error:
            return self._at_fault(variant, key, name, error)
        self._last = (variant, study)
        return PlannedRun(identity(study), key, variant, name, study.model.run.seed)

    def study(self, variant: Variant) -> Study:
        """Return the compiled study of a variant; StudyError or UsageError when it is at fault."""
        if self._last is not None and self._last[0] is variant:
            return _signed(self._last[1], self.by)
        read = self._files(variant.study)
        if isinstance(read, SharesimError):
            raise read
        return _signed(read.build(variant), self.by)

    def _files(self, path: Path) -> _Read | SharesimError:
        if path not in self._read:
            try:
                self._read[path] = _Read.of(path)
            except SharesimError as error:
                self._read[path] = error
        return self._read[path]

    def _at_fault(self, variant: Variant, key: str, name: str, error: SharesimError) -> PlannedRun:
        faults = tuple(
            tidy(replace(fault, where=fault.where.replace("command line:", f"{self.by}:", 1))) for fault in error.faults
        )
        run = _hash([key, variant.scenario, variant.assignments])
        return PlannedRun(run, key, variant, name, variant.seed, faults)


def _signed(study: Study, by: str) -> Study:
    """Return the study with the plan, not the command line, named as the author of its changes."""
    return replace(
        study, changes=tuple(replace(item, by=by) if item.by == "command line" else item for item in study.changes)
    )


def _reads_more(variant: Variant, raw: Mapping[str, Any]) -> bool:
    """Whether a change may name other tables than the study's own."""
    scenarios = raw.get("scenarios")
    scenario = scenarios.get(variant.scenario) if isinstance(scenarios, dict) else None
    return any(str(path).startswith("tables") for path in (*dict(variant.assignments), *(scenario or ())))


def _name(raw: Mapping[str, Any], path: Path) -> str:
    about = raw.get("study")
    name = about.get("name") if isinstance(about, dict) else None
    return name if isinstance(name, str) else path.name


def _seed(variant: Variant, raw: Mapping[str, Any]) -> int | None:
    """Return the seed of a run whose study is not checked again."""
    given = [value for path, value in variant.assignments if path == "run.seed"]
    own = raw.get("run")
    seed = given[-1] if given else own.get("seed") if isinstance(own, dict) else None
    return seed if isinstance(seed, int) else None


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


__all__ = ["Expansion", "PlannedRun", "StudyError", "Variant", "identity", "load_variant", "variants"]
