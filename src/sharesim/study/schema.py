"""The study as a whole: the one source for validation, for ``sharesim schema`` and for docs/reference.md."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

from pydantic.fields import FieldInfo

from sharesim.display import shortened
from sharesim.study.arrangements import Arrangement, Existing, Published, Readings, Stage
from sharesim.study.fields import Frozen, field
from sharesim.study.papers import Finance, Implications, LoggedAssumption, PlanLine
from sharesim.study.rows import (
    BaselineRow,
    CouncilRow,
    NeighbourRow,
    QualityRow,
    RiskRow,
    ServiceRow,
    WorkforceRow,
)
from sharesim.study.rules import Objective, Rule, RuleBase
from sharesim.study.section_run import Run
from sharesim.study.sections import (
    FORMS,
    SPLITS,
    About,
    AnyForm,
    Bundles,
    Costs,
    Dependence,
    Exit,
    Form,
    Gate,
    Grant,
    NamedDriver,
    Package,
    SharedItem,
    Split,
    Staff,
    Tables,
)

Overrides = dict[str, Any]


class StudyModel(Frozen):
    """A whole study, tables included."""

    study: About = field("What is asked.")
    tables: Tables = field("Files of the tables.", default=Tables())
    run: Run = field("How much to compute.", default=Run())
    staff: Staff = field("Staff rules.", default=Staff())
    costs: Costs = field("One-off cost timing and running cost.", default=Costs())
    exit: Exit = field("How arrangements end.", default=Exit())
    split: Split = field("Who gets what.", default=Split())
    bundles: Bundles = field("Which arrangements are considered.", default=Bundles())
    forms: dict[AnyForm, Form] = field("Delivery forms.", default={})
    gates: tuple[Gate, ...] = field("Decisions on the way.", default=())
    packages: tuple[Package, ...] = field("Services shared only together.", default=())
    arrangements: tuple[Arrangement, ...] = field("Candidates named one by one.", default=())
    stages: tuple[Stage, ...] = field("Staged programmes.", default=())
    existing: tuple[Existing, ...] = field("Arrangements that exist already.", default=())
    shared_items: tuple[SharedItem, ...] = field("Costs paid once for several bundles.", default=())
    grants: tuple[Grant, ...] = field("Grants.", default=())
    drivers: tuple[NamedDriver, ...] = field("Named drivers.", default=())
    dependence: Dependence = field("How drivers move together.", default=Dependence())
    rules: tuple[Rule, ...] = field("Rules of the choice.", default=())
    objective: Objective = field("What the choice maximises.", default=Objective())
    readings: Readings = field("Values of what is not cash, for the public.", default=Readings())
    published: tuple[Published, ...] = field("Published figures to set beside the result.", default=())
    finance: Finance = field("Budgets that the result is set beside.", default=Finance())
    medium_term_plan: tuple[PlanLine, ...] = field("Lines of medium-term financial plans.", default=())
    implications: Implications = field("Headings of a committee report.", default=Implications())
    assumption_log: tuple[LoggedAssumption, ...] = field("Who stands behind which figure.", default=())
    defaults: dict[str, Any] = field(
        'Values for absent cells of a table column or setting, such as "services.cashable_share" = 0.8; stated here '
        "they are the study's own and no longer assumed.",
        default={},
    )
    scenarios: dict[str, Overrides] = field("Named sets of overrides, path = value.", default={})
    councils: tuple[CouncilRow, ...] = field("Rows of the councils table.", default=())
    services: tuple[ServiceRow, ...] = field("Rows of the services table.", default=())
    baseline: tuple[BaselineRow, ...] = field("Rows of the baseline table.", default=())
    risks: tuple[RiskRow, ...] = field("Rows of the risk register.", default=())
    workforce: tuple[WorkforceRow, ...] = field("Rows of the workforce table.", default=())
    quality: tuple[QualityRow, ...] = field("Rows of the quality table.", default=())
    neighbours: tuple[NeighbourRow, ...] = field("Rows of the neighbours table.", default=())

    def __repr__(self) -> str:
        given = (name for name in type(self).model_fields if name in self.model_fields_set and name != "study")
        listed = (f"{name}[{len(part)}]" if isinstance(part := getattr(self, name), tuple) else name for name in given)
        return shortened(f"StudyModel '{self.study.name}'\n  {', '.join(listed)}")


ROWS: dict[str, type[Frozen]] = {
    "councils": CouncilRow,
    "services": ServiceRow,
    "baseline": BaselineRow,
    "risks": RiskRow,
    "workforce": WorkforceRow,
    "quality": QualityRow,
    "neighbours": NeighbourRow,
}


def _model_in(annotation: Any) -> type[Frozen] | None:
    """Return the schema model inside an annotation, such as the row of a tuple of rows."""
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def fields_at(loc: tuple[Any, ...]) -> dict[str, FieldInfo]:
    """Return the fields that may stand at a location, such as ``("services", 2)``; empty where there are none.

    Examples
    --------
    >>> list(fields_at(("exit",)))[:2]
    ['hazard_per_year', 'before_start_hazard_per_year']
    """
    model: type[Frozen] | None = StudyModel
    for part in loc:
        if model is None:
            return {}
        if isinstance(part, int) or part not in model.model_fields:
            continue
        model = RuleBase if part == "rules" else _model_in(model.model_fields[part].annotation)
    return dict(model.model_fields) if model is not None else {}


@cache
def fields_of(section: str) -> tuple[str, ...]:
    """Return the names of the fields of a table or section, in their order."""
    return tuple(fields_at((section,))) if section in StudyModel.model_fields else ()


__all__ = [
    "FORMS", "ROWS", "SPLITS", "About", "Arrangement", "Bundles", "Costs", "Dependence", "Existing", "Exit", "Form",
    "Gate", "Grant", "NamedDriver", "Package", "Published", "Readings", "Run", "SharedItem", "Split", "Staff", "Stage",
    "StudyModel", "Tables", "fields_at", "fields_of",
]  # fmt: skip
