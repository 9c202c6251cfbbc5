"""Suites of the tables of the product."""

from __future__ import annotations

from stayhouse.expectations.contract_suite import contract_expectations
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.row_rules import RowRule
from stayhouse.expectations.vocabulary import HouseExpectation


def events(parameters: Parameters) -> list[HouseExpectation]:
    # Event names that the catalogue does not know are reported by quality.mart_event_taxonomy_health (DQ-04).
    return contract_expectations(
        "events",
        parameters,
        implausible=[
            RowRule(
                "nobody:customer_id",
                "customer_id is null and anonymous_id is null",
                ("customer_id", "anonymous_id"),
                "an event has neither a customer nor an anonymous visitor",
                "warning",
            ),
            RowRule("negative:quantity", "quantity < 0", ("quantity", "event_name"), "quantity is negative", "warning"),
            RowRule(
                "error_but_success:error_code",
                "error_code is not null and is_success",
                ("error_code", "is_success"),
                "a successful event has an error code",
                "warning",
            ),
        ],
    )


def changes(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "changes",
        parameters,
        implausible=[
            RowRule(
                "released_into_nothing:component_code",
                "kind = 'feature_release' and component_code is null",
                ("component_code", "kind"),
                "a release names no component, so that nobody can tell who took it up",
                "warning",
            ),
            RowRule(
                "incident_without_end:ended_at",
                "kind in ('incident', 'maintenance') and ended_at is null",
                ("ended_at", "kind"),
                "an incident has no end; only its first day counts",
                "warning",
            ),
            RowRule(
                "ends_though_it_stays:ended_at",
                "kind not in ('incident', 'maintenance') and ended_at is not null",
                ("ended_at", "kind"),
                "a change that stays has an end",
                "warning",
            ),
        ],
    )


def experiments(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "experiments",
        parameters,
        implausible=[
            RowRule(
                "negative:cost",
                "least(cost, expected_gain, risk_loss) < 0",
                ("cost", "expected_gain", "risk_loss"),
                "money of an experiment is negative; gain and loss are columns of their own",
                "warning",
            ),
            RowRule(
                "begun_against_the_decision:started_at",
                "started_at is not null and decision in ('do_not', 'postponed')",
                ("started_at", "decision"),
                "an experiment began although it was decided not to make it",
                "warning",
            ),
        ],
    )


def experiment_assignments(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations("experiment_assignments", parameters)
