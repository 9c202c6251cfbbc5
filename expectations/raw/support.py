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


def promises(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "promises",
        parameters,
        implausible=[
            RowRule(
                "revised_without_term:revised_due_at",
                "revised_due_at is not null and due_at is null",
                ("revised_due_at", "due_at"),
                "a term was moved that was never named",
                "warning",
            ),
            RowRule(
                "fulfilled_and_cancelled:cancelled_at",
                "fulfilled_at is not null and cancelled_at < fulfilled_at",
                ("fulfilled_at", "cancelled_at"),
                "it was fulfilled after the customer no longer wanted it",
                "warning",
            ),
        ],
    )


def incidents(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "incidents",
        parameters,
        implausible=[
            RowRule(
                "announced_without_end:eta_at",
                "(eta_at is null) <> (eta_announced_at is null)",
                ("eta_at", "eta_announced_at"),
                "an announced end needs its moment and that of the announcement",
                "warning",
            ),
        ],
    )


def incident_customers(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "incident_customers",
        parameters,
        implausible=[
            RowRule(
                "neither_hit_nor_notified:hit_at",
                "hit_at is null and notified_at is null",
                ("hit_at", "notified_at"),
                "the customer was neither hit nor informed",
                "warning",
            ),
        ],
    )


def compensations(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "compensations",
        parameters,
        implausible=[
            RowRule(
                "reason_unnamed:reason_id",
                "reason_type <> 'other' and reason_id is null",
                ("reason_type", "reason_id"),
                "the compensation does not say for what it is",
                "warning",
            ),
        ],
    )


def backlog_items(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "backlog_items",
        parameters,
        implausible=[
            RowRule(
                "detected_after_created:detected_at",
                "detected_at > created_at",
                ("detected_at", "created_at"),
                "the first insight is later than the item that it led to",
                "warning",
            ),
            RowRule(
                "shipped_though_rejected:shipped_at",
                "decision = 'rejected' and shipped_at is not null",
                ("shipped_at", "decision"),
                "a rejected item was shipped",
                "warning",
            ),
        ],
    )


def idea_votes(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations("idea_votes", parameters)
