"""Row rules of the usage health marts."""

from __future__ import annotations

from expectations.reports import Parameters
from expectations.row_rules import RowRule, literals

STATUSES = (
    "stopped",
    "at_risk",
    "to_verify",
    "watch",
    "excused",
    "new",
    "insufficient_history",
    "healthy",
    "not_measured",
)
SIGNALS = (
    "dormant",
    "sharp_decline",
    "below_segment",
    "excessive",
    "decline",
    "low_start",
    "component_abandoned",
)


def mart_usage_health(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "not_allowed:health_status",
            f"health_status is null or health_status not in ({literals(STATUSES)})",
            ("health_status",),
            f"health_status is none of {', '.join(STATUSES)}",
        ),
        # USE-07: never used is no silence of zero days.
        RowRule(
            "silent_without_use:inactive_days",
            "(inactive_days is null) <> (last_use_date is null)",
            ("inactive_days", "last_use_date"),
            "inactive_days and last_use_date contradict each other",
        ),
        RowRule(
            "out_of_bounds:usage_level_pct",
            "usage_level_pct < 0 or usage_level_pct > 100.000001",
            ("usage_level_pct",),
            "a usage level lies outside 0 to 100",
        ),
    ]


def mart_usage_signals(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "not_allowed:signal_code",
            f"signal_code is null or signal_code not in ({literals(SIGNALS)})",
            ("signal_code",),
            f"signal_code is none of {', '.join(SIGNALS)}",
        ),
        RowRule(
            "silent_suppression:suppressed_reason",
            "coalesce(is_suppressed, false) <> (suppressed_reason is not null)",
            ("is_suppressed", "suppressed_reason"),
            "a signal is suppressed without a reason, or has a reason without being suppressed",
        ),
    ]
