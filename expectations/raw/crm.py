"""Suites of the tables of the customer relationship management."""

from __future__ import annotations

from stayhouse.expectations.contract_suite import contract_expectations
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.row_rules import RowRule
from stayhouse.expectations.vocabulary import HouseExpectation


def customers(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "customers",
        parameters,
        implausible=[
            RowRule(
                "refers_itself:referred_by_customer_id",
                "referred_by_customer_id = customer_id",
                ("referred_by_customer_id",),
                "a customer is said to have referred itself",
                "warning",
            ),
            # DQ-11: what was erased on request must not live on here.
            RowRule(
                "not_erased:birth_date",
                "deleted_at is not null and birth_date is not null",
                ("birth_date", "deleted_at"),
                "an erased customer still has a birth_date",
                "warning",
            ),
        ],
    )


def customer_segments(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations("customer_segments", parameters, one_interval_per=["customer_id", "scheme"])


def customer_attributes(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations("customer_attributes", parameters)


def customer_owners(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations("customer_owners", parameters, one_interval_per=["customer_id", "role"])


def employees(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "employees",
        parameters,
        one_interval_per=["employee_id"],
        implausible=[
            RowRule(
                "manages_itself:manager_id",
                "manager_id = employee_id",
                ("manager_id",),
                "an employee is said to be their own manager",
                "warning",
            ),
            RowRule(
                "left_before_hired:left_at",
                "left_at < hired_at",
                ("left_at", "hired_at"),
                "left_at lies before hired_at",
                "warning",
            ),
        ],
    )


def contacts(parameters: Parameters) -> list[HouseExpectation]:
    # DQ-08. The rules of effectiveness repair what they can (an opening proves a delivery), so these only warn.
    return contract_expectations(
        "contacts",
        parameters,
        implausible=[
            RowRule(
                "answered_without_duration:duration_sec",
                "channel = 'call' and answered_at is not null and duration_sec is null",
                ("duration_sec", "channel", "answered_at"),
                "an answered call has no duration",
                "warning",
            ),
            RowRule(
                "talked_unanswered:answered_at",
                "channel = 'call' and direction = 'outbound' and answered_at is null and duration_sec > 0 "
                "and outcome_code = 'conversation'",
                ("answered_at", "channel", "direction", "duration_sec", "outcome_code"),
                "a conversation was never answered",
                "warning",
            ),
            RowRule(
                "outcome_contradicts:outcome_code",
                "outcome_code = 'no_answer' and (answered_at is not null or replied_at is not null)",
                ("outcome_code", "answered_at", "replied_at"),
                "the outcome is no_answer though it was answered",
                "warning",
            ),
            RowRule(
                "bounced_but_delivered:outcome_code",
                "outcome_code = 'bounced' and (delivered_at is not null or opened_at is not null)",
                ("outcome_code", "delivered_at", "opened_at"),
                "the outcome is bounced though it was delivered",
                "warning",
            ),
            RowRule(
                "opened_before_delivered:opened_at",
                "opened_at < delivered_at - interval 5 minute",
                ("opened_at", "delivered_at"),
                "opened_at lies before delivered_at",
                "warning",
            ),
            RowRule(
                "machine_open_unopened:is_machine_open",
                "is_machine_open and opened_at is null",
                ("is_machine_open", "opened_at"),
                "a machine opened it though nobody did",
                "warning",
            ),
            RowRule(
                "ended_before_held:ended_at",
                "ended_at < held_at",
                ("ended_at", "held_at"),
                "ended_at lies before held_at",
                "warning",
            ),
        ],
    )


def contact_points(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "contact_points",
        parameters,
        implausible=[
            RowRule(
                "valid_without_value:value_hash",
                "is_valid and value_hash is null and not coalesce(is_placeholder, false)",
                ("value_hash", "is_valid"),
                "a contact point is called valid but has no value",
                "warning",
            ),
            RowRule(
                "valid_after_invalidation:is_valid",
                "is_valid and invalidated_at is not null",
                ("is_valid", "invalidated_at"),
                "a contact point is called valid though it was invalidated",
                "warning",
            ),
        ],
    )


def consent_events(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations("consent_events", parameters)


def dnd_flags(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations("dnd_flags", parameters)


def employee_kpis(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations("employee_kpis", parameters)
