"""From an appraisal to what the choice needs to know."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sharesim.appraisal.context import mean_of
from sharesim.appraisal.fixed_items import activation_grants, activation_one_off
from sharesim.appraisal.flows import planned_shares
from sharesim.appraisal.outcomes import Outcomes, chunked_sum
from sharesim.bundles.activations import exposed
from sharesim.bundles.ragged import Ragged
from sharesim.bundles.table import BundleTable
from sharesim.choice.candidates import Candidates
from sharesim.measures import total
from sharesim.study.study import Study


def candidates_of(outcomes: Outcomes) -> Candidates:
    """Return the candidates of an appraisal with the means of everything that a linear rule may limit."""
    study, table, means = outcomes.study, outcomes.table, outcomes.means
    spending, start_year, strain = planned_shares(study, table)
    one_off = sum(
        means[name][:, :, None] * when
        for name, when in (("transition_gbp", spending), ("staff_gbp", start_year), ("strain_gbp", strain))
    )
    columns = outcomes.activation_npv
    return Candidates(
        councils=study.councils,
        services=study.services,
        forms=study.forms,
        activations=outcomes.activations.labels,
        first_year=study.first_year,
        n_years=study.n_years,
        bundle_ids=table.ids,
        services_of=Ragged.of([table.package_services[package] for package in table.package]),
        partners=table.partners,
        host_share=table.host_share,
        form=table.form,
        start_years=table.start_years,
        stage=table.stage,
        requires=table.requires,
        activations_of=outcomes.activations.of_bundle,
        npv_gbp=outcomes.npv_mean,
        partner_npv_gbp=outcomes.partner_mean,
        cashable_gbp=means["cashable_gbp"].sum(axis=1),
        non_cashable_gbp=means["non_cashable_gbp"].sum(axis=1),
        quality_change=means["quality_change"].sum(axis=1),
        one_off_gbp=one_off,
        officer_days=_officer_days(study, table)[:, :, None] * spending,
        compulsory_exits=means["compulsory_exits"],
        voluntary_exits=means["voluntary_exits"],
        redeployments=means["redeployments"][:, :, None] * start_year,
        risk_points=_risk_points(study, table),
        activation_npv_gbp=(chunked_sum(columns) / outcomes.n_draws).sum(axis=1),
        activation_council_npv_gbp=chunked_sum(columns) / outcomes.n_draws,
        activation_one_off_gbp=_activated(outcomes, activation_one_off),
        activation_grant_gbp=_activated(outcomes, activation_grants),
    )


def _officer_days(study: Study, table: BundleTable) -> np.ndarray:
    """Mean officers' days by bundle and partner slot."""
    per_service = np.array(
        [mean_of(study, study.numbers["services.officer_days"][at]) for at in range(len(study.services))]
    )
    per_package = np.array([per_service[list(members)].sum() for members in table.package_services])
    days: np.ndarray = per_package[table.package][:, None] * (table.partners >= 0)
    return days


def _risk_points(study: Study, table: BundleTable) -> np.ndarray:
    """Points of the register's rows that each bundle is exposed to, a row counted for each target."""
    points = np.zeros(len(table))
    for row, risk in enumerate(study.model.risks):
        if risk.points:
            points += risk.points * exposed(study, table, row).sum(axis=0)
    return points


def _activated(outcomes: Outcomes, flow: Callable[..., np.ndarray]) -> np.ndarray:
    """Mean yearly flow of the activation columns, shape (activation, council, year)."""
    study, columns = outcomes.study, outcomes.activations.columns
    result = np.zeros((len(columns), len(study.councils), study.n_years))
    if not columns:
        return result
    for run in outcomes.blocks():
        for year in range(study.n_years):
            result[:, :, year] += total(flow(run.context, columns, year)[..., : run.used])
    return result / outcomes.n_draws
