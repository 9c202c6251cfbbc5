"""What to say about codes in the raw rows that policy does not know."""

from __future__ import annotations

import duckdb

from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

# Kind of code -> the policy file that knows it, and what a row counts as until it does.
HOMES = {"plan": ("plans.csv", "it counts as a paid plan; a free one has tier 0")}


def describe_policy_gaps(settings: Settings) -> list[str]:
    """One line per unknown code: how many rows, what they count as, and the file to add it to."""
    with open_warehouse(settings.warehouse) as connection:
        try:
            found = connection.execute(
                "select code_kind, unknown_code, rows_count, customers_count from core.unknown_policy_codes "
                "order by all"
            ).fetchall()
        except duckdb.CatalogException:
            # The build stopped before it came to this table.
            return []
    folder = settings.policy or settings.raw.parent / "policy"
    return [
        f"{kind} {code!r} is not in the policy ({rows:,} rows of {customers:,} customers): {HOMES[kind][1]}. "
        f"Add it to {folder / HOMES[kind][0]}"
        for kind, code, rows, customers in found
    ]
