"""Suites of the tables of support."""

from __future__ import annotations

from expectations.contract_suite import contract_expectations
from expectations.reports import Parameters
from expectations.row_rules import RowRule
from expectations.vocabulary import HouseExpectation


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
