"""Row rules of the data quality marts."""

from __future__ import annotations

from expectations.row_rules import RowRule


def mart_data_quality_results() -> list[RowRule]:
    return [
        RowRule(
            "not_allowed:severity",
            "severity is null or severity not in ('critical', 'warning', 'info')",
            ("severity",),
            "severity is none of critical, warning, info",
        ),
        RowRule("missing:is_passed", "is_passed is null", ("is_passed",), "is_passed is missing"),
        RowRule(
            "failed_without_message:message",
            "not is_passed and (message is null or message = '')",
            ("message", "is_passed"),
            "a failed expectation does not say why",
        ),
    ]
