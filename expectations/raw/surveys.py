"""Suites of the tables of the survey tool.

Score ranges per question and the completeness of multi-question indices need the policy seeds, so dbt evaluates them.
"""

from __future__ import annotations

from stayhouse.contract.sql import ORIGIN_COLUMNS
from stayhouse.expectations.contract_suite import arrived, contract_expectations
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.row_rules import RowRule
from stayhouse.expectations.vocabulary import ExpectChildrenToExist, ExpectShareOfRowsWithin, HouseExpectation

# DQ-03: feedback must be addressable to a customer. Both numbers are ours.
ANONYMOUS_RESPONSES_LIMIT_PCT = 1
ANONYMOUS_RESPONSES_MIN_ROWS = 100


def survey_invitations(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "survey_invitations",
        parameters,
        implausible=[
            RowRule(
                "shown_before_delivered:shown_at",
                "shown_at < delivered_at - interval 5 minute",
                ("shown_at", "delivered_at"),
                "shown_at lies before delivered_at",
                "warning",
            ),
            RowRule(
                "asks_nothing:question_count",
                "question_count = 0",
                ("question_count",),
                "an invitation has no question",
                "warning",
            ),
        ],
    )


def survey_responses(parameters: Parameters) -> list[HouseExpectation]:
    return [
        *contract_expectations(
            "survey_responses",
            parameters,
            implausible=[
                RowRule(
                    "complete_but_not_submitted:submitted_at",
                    "status = 'complete' and submitted_at is null",
                    ("submitted_at", "status"),
                    "a complete response was never submitted",
                    "warning",
                ),
            ],
        ),
        ExpectShareOfRowsWithin.of(
            RowRule(
                "anonymous:customer_id", "customer_id is null", ("customer_id",), "no customer is given", "warning"
            ),
            ANONYMOUS_RESPONSES_LIMIT_PCT,
            min_rows=ANONYMOUS_RESPONSES_MIN_ROWS,
            where=arrived(parameters),
            remedy="Pass the customer to the survey tool, so that somebody can answer the feedback.",
            notes="DQ-03: at least 99 % of the responses carry their customer (ours).",
        ),
        ExpectChildrenToExist.of(
            "response_id",
            "raw.survey_answers",
            "status = 'complete'",
            ["response_id", *ORIGIN_COLUMNS],
            where=arrived(parameters),
            phrase="a complete response has no answer",
            remedy="Check that the answers of the same period were delivered.",
        ),
    ]


def survey_answers(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "survey_answers",
        parameters,
        implausible=[
            RowRule(
                "empty_answer:question_code",
                "score is null and option_code is null and text_answer is null",
                ("question_code",),
                "an answer says nothing",
                "warning",
            ),
        ],
    )
