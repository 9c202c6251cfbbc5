"""Row rules of the data quality marts."""

from __future__ import annotations

from expectations.reports import Parameters
from expectations.row_rules import RowRule, literal

# DQ-04: above this share of the events of the day, an event name that the catalogue does not know is told (ours).
UNKNOWN_EVENTS_LIMIT_PCT = 1
# When most customers registered before a source began, its marts are nearly empty (ours).
UNMEASURED_LIMIT_PCT = 50
# A larger share of rows before the registration of their customer is a fault of one of the two exports (ours).
BEFORE_REGISTRATION_LIMIT_PCT = 1


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


def mart_observation_starts(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "without_start:observed_from_date",
            "rows_count > 0 and observed_from_date is null",
            ("rows_count", "observed_from_date"),
            "no contract has ended, as in an export of survivors, so churn is not measured; "
            "state the start in observation_starts.csv of the policy if nobody has churned",
            "warning",
        ),
        RowRule(
            "unmeasured:unmeasured_customers_count",
            "source_code in ('events', 'payments') "
            f"and 100 * unmeasured_customers_count > {UNMEASURED_LIMIT_PCT} * registered_customers_count",
            ("source_code", "unmeasured_customers_count", "registered_customers_count"),
            f"more than {UNMEASURED_LIMIT_PCT} % of the customers registered before the source is recorded "
            "and are in none of its rates; correct the start in observation_starts.csv of the policy if it is wrong",
            "warning",
        ),
        RowRule(
            "before_registration:before_registration_count",
            "source_code in ('events', 'payments') "
            f"and 100 * before_registration_count > {BEFORE_REGISTRATION_LIMIT_PCT} * rows_count",
            ("source_code", "before_registration_count", "rows_count"),
            f"more than {BEFORE_REGISTRATION_LIMIT_PCT} % of the rows are older than the registration of their "
            "customer; compare registered_at of customers with the source",
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
