"""Row rules of the contact marts."""

from __future__ import annotations

from expectations.reports import Parameters
from expectations.row_rules import RowRule, literals

BANDS = ("within_1x", "1x_to_2x", "2x_to_3x", "over_3x", "never", "no_interval")


def mart_contact_kpi(parameters: Parameters) -> list[RowRule]:
    # DQ-08: effective <= reached <= delivered <= attempts.
    return [
        RowRule(
            "widening_funnel:effective_num",
            "effective_num > reached_count or reached_count > delivered_count or delivered_count > attempts_count",
            ("effective_num", "reached_count", "delivered_count", "attempts_count"),
            "more contacts are effective than reached, reached than delivered, or delivered than attempted",
        ),
    ]


def mart_customer_contact_status(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "not_allowed:contact_recency_band",
            f"contact_recency_band is null or contact_recency_band not in ({literals(BANDS)})",
            ("contact_recency_band",),
            f"contact_recency_band is none of {', '.join(BANDS)}",
        ),
        RowRule(
            "silent_at_risk:is_in_contact_risk_group",
            "is_in_contact_risk_group and (is_dnd or not has_access)",
            ("is_in_contact_risk_group", "is_dnd", "has_access"),
            "a customer is to be contacted who asked for do-not-disturb or has no access",
        ),
    ]


def mart_customer_channels(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "recommended_though_forbidden:is_best_channel",
            "is_best_channel and not is_marketing_allowed",
            ("is_best_channel", "is_marketing_allowed", "block_reason"),
            "a channel is recommended that is not allowed",
        ),
        # DQ-12: 100 % contact data are the target, not a condition of publishing.
        RowRule(
            "missing:has_usable_point",
            "is_missing and has_access",
            ("is_missing", "missing_reason"),
            "a required contact point is missing; ask the customer for it",
            "warning",
        ),
    ]
