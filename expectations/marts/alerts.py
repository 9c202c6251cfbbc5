"""Row rules of the alert marts."""

from __future__ import annotations

from expectations.reports import Parameters
from expectations.row_rules import RowRule, literal, literals

SEVERITIES = ("low", "medium", "high")
STATUSES = ("open", "acknowledged", "acted", "resolved", "dismissed", "expired", "churned", "rule_off")


def mart_alerts(parameters: Parameters) -> list[RowRule]:
    # USE-14: an alert always has somebody, a deadline, and one state.
    return [
        RowRule(
            "not_allowed:severity",
            f"severity is null or severity not in ({literals(SEVERITIES)})",
            ("severity",),
            f"severity is none of {', '.join(SEVERITIES)}",
        ),
        RowRule(
            "not_allowed:alert_status",
            f"alert_status is null or alert_status not in ({literals(STATUSES)})",
            ("alert_status",),
            f"alert_status is none of {', '.join(STATUSES)}",
        ),
        RowRule(
            "nobody:owner_employee_id",
            "owner_employee_id is null and (owner_source <> 'queue' or queue_code is null)",
            ("owner_employee_id", "owner_source", "queue_code"),
            "nobody has the alert, neither a person nor a queue",
        ),
        RowRule(
            "missing:due_at",
            "due_at is null and released_date is not null",
            ("due_at", "released_date"),
            "the alert reaches a desk without a deadline",
        ),
        RowRule(
            "future:opened_date",
            f"opened_date > date {literal(parameters.as_of)}",
            ("opened_date",),
            "the alert opens after the business day",
        ),
        RowRule(
            "state_contradicts:closed_at",
            "is_open <> (closed_at is null)",
            ("closed_at", "is_open"),
            "is_open and closed_at contradict each other",
        ),
        RowRule(
            "overdue_pile:is_overdue",
            "is_overdue and open_days > 60",
            ("is_overdue", "open_days"),
            "an alert has been overdue for two months: nobody works on the list, or the rule is too loud",
            "warning",
        ),
    ]


def mart_alert_transitions(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "begins_with:transition_kind",
            "(transition_order = 1) <> (transition_kind = 'opened')",
            ("transition_kind", "transition_order"),
            "the first transition of an alert is its opening, and nothing else is",
        ),
    ]
