"""Row rules of the retention marts."""

from __future__ import annotations

from expectations.reports import Parameters
from expectations.row_rules import RowRule


def mart_retention_grid(parameters: Parameters) -> list[RowRule]:
    # CHN-05: customers cannot come back in greater number than they are; money and depth of use can grow.
    return [
        RowRule(
            "more_customers_than_eligible:retained_num",
            "measure_code = 'customers' and (retained_num > retained_den or retained_num < 0)",
            ("measure_code", "retained_num", "retained_den"),
            "more customers are retained than are eligible",
        ),
    ]


def mart_client_outcomes(parameters: Parameters) -> list[RowRule]:
    # CHN-20: undecided participations are in no rate, and a difference is in points of what was won.
    return [
        RowRule(
            "undecided_in_a_rate:win_rate_den",
            "win_rate_num > win_rate_den or win_rate_den + undecided_count <> participations_count",
            ("win_rate_num", "win_rate_den", "undecided_count", "participations_count"),
            "more is won than is decided, or more is decided than was tried",
        ),
        RowRule(
            "no_percentage_points:delta_pp",
            "abs(delta_pp - (win_rate_pct - baseline_win_rate_pct)) > 1e-9",
            ("delta_pp", "win_rate_pct", "baseline_win_rate_pct"),
            "the change is not the difference of the two rates",
        ),
    ]
