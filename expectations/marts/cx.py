"""Row rules of the marts of customer experience."""

from __future__ import annotations

from expectations.reports import Parameters
from expectations.row_rules import RowRule, literals

LOYALTY_STATES = ("disloyal", "loyal", "neutral", "unknown")
SCORE_GROUPS = ("top", "middle", "bottom", "no_answer")


def mart_cx_indices(parameters: Parameters) -> list[RowRule]:
    # CXI-01: passives are in the denominator, and an index of nobody is not 0.
    return [
        RowRule(
            "groups_do_not_sum:respondents_count",
            "top_count + middle_count + bottom_count <> respondents_count",
            ("respondents_count", "top_count", "middle_count", "bottom_count"),
            "promoters, passives and detractors do not sum to the respondents",
        ),
        RowRule(
            "index_of_nobody:index_points",
            "(respondents_count = 0) <> (index_points is null)",
            ("index_points", "respondents_count"),
            "an index stands without respondents, or respondents without an index",
        ),
        RowRule(
            "outside_scale:index_points",
            "abs(index_points) > 100 or (index_kind = 'share' and index_points < 0)",
            ("index_points", "index_kind"),
            "an index lies outside its scale",
        ),
        RowRule(
            "bounds_crossed:index_points_ci_lo",
            "index_points_ci_lo > index_points_ci_hi",
            ("index_points_ci_lo", "index_points_ci_hi"),
            "the bounds of an index are crossed",
        ),
        RowRule(
            "judged_on_too_few:is_reliable",
            "not is_reliable and (is_sagging or is_beyond_noise or is_gap_beyond_noise or is_negative)",
            ("is_reliable", "is_sagging", "is_beyond_noise", "is_gap_beyond_noise", "is_negative"),
            "a cell with too few respondents is judged",
        ),
    ]


def mart_customer_cx(parameters: Parameters) -> list[RowRule]:
    # CXI-19: a bad service makes disloyal; only an NPS answer makes loyal.
    return [
        RowRule(
            "not_allowed:loyalty_state",
            f"loyalty_state is null or loyalty_state not in ({literals(LOYALTY_STATES)})",
            ("loyalty_state",),
            f"loyalty_state is none of {', '.join(LOYALTY_STATES)}",
        ),
        RowRule(
            "loyal_unasked:loyalty_state",
            "loyalty_state = 'loyal' and coalesce(nps_group, '') <> 'promoter'",
            ("loyalty_state", "nps_group"),
            "a customer who never promoted is called loyal",
        ),
        RowRule(
            "disloyal_without_cause:is_disloyal_mode",
            "is_disloyal_mode and bad_service_at is null",
            ("is_disloyal_mode", "bad_service_at"),
            "a customer is in disloyal mode without a bad service",
        ),
    ]


def mart_cx_vs_churn(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "not_allowed:score_group_code",
            f"score_group_code not in ({literals(SCORE_GROUPS)})",
            ("score_group_code",),
            f"score_group_code is none of {', '.join(SCORE_GROUPS)}",
        ),
        RowRule(
            "parts_do_not_sum:customers_count",
            "customers_count <> churned_den + pending_count",
            ("customers_count", "churned_den", "pending_count"),
            "mature and pending customers do not sum to all",
        ),
    ]
