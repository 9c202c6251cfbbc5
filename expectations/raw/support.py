"""Suites of the tables of support."""

from __future__ import annotations

from stayhouse.expectations.contract_suite import contract_expectations
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.row_rules import RowRule
from stayhouse.expectations.vocabulary import HouseExpectation


def tickets(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "tickets",
        parameters,
        implausible=[
            RowRule(
                "closed_before_resolved:closed_at",
                "closed_at < resolved_at - interval 5 minute",
                ("closed_at", "resolved_at"),
                "closed_at lies before resolved_at",
                "warning",
            ),
            RowRule(
                "reason_while_open:closed_reason",
                "closed_reason is not null and closed_at is null",
                ("closed_reason", "closed_at"),
                "an open ticket has a reason of its closing",
                "warning",
            ),
        ],
    )


def reviews(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations("reviews", parameters)


def feedback_signals(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "feedback_signals",
        parameters,
        implausible=[
            RowRule(
                "comment_without_response:response_id",
                "source_type = 'survey_comment' and response_id is null",
                ("response_id", "source_type"),
                "a comment of a survey names no response",
                "warning",
            ),
        ],
    )


def feedback_cases(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "feedback_cases",
        parameters,
        implausible=[
            RowRule(
                "decided_by_nobody:decided_by_employee_id",
                "decided_at is not null and decided_by_employee_id is null",
                ("decided_by_employee_id", "decided_at"),
                "a decision names nobody who took it",
                "warning",
            ),
            RowRule(
                "informed_before_resolved:informed_at",
                "informed_at < resolved_at - interval 5 minute",
                ("informed_at", "resolved_at"),
                "the customer was informed before it was mended",
                "warning",
            ),
        ],
    )
