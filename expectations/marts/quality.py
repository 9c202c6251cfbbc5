"""Row rules of the data quality marts."""

from __future__ import annotations

from expectations.reports import Parameters
from expectations.row_rules import RowRule, literal

# DQ-04: above this share of the events of the day, an event name that the catalogue does not know is told (ours).
UNKNOWN_EVENTS_LIMIT_PCT = 1


def mart_data_quality_results(parameters: Parameters) -> list[RowRule]:
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


def mart_event_taxonomy_health(parameters: Parameters) -> list[RowRule]:
    # Only the business day is told: what was unknown last month has been told then.
    today = f"event_date = date {literal(parameters.as_of)}"
    return [
        RowRule(
            "unknown_event:event_name",
            f"{today} and not is_known and 100 * events_count > {UNKNOWN_EVENTS_LIMIT_PCT} * day_events_count",
            ("event_name", "event_date", "is_known", "events_count", "day_events_count"),
            f"an event name outside the catalogue has more than {UNKNOWN_EVENTS_LIMIT_PCT} % of the events of the day",
            "warning",
        ),
        RowRule(
            "silent:event_name",
            f"{today} and is_silent",
            ("event_name", "event_date", "is_silent"),
            "a key action or component is not seen any more: broken tracking, or nobody uses it",
            "warning",
        ),
    ]


def mart_raw_accounting(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "unaccounted:file_rows_count",
            "file_rows_count <> loaded_rows_count + quarantined_rows_count + duplicate_rows_count",
            ("file_rows_count", "loaded_rows_count", "quarantined_rows_count", "duplicate_rows_count"),
            "rows in the files are not the sum of rows loaded, quarantined and duplicate",
        ),
    ]
