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
