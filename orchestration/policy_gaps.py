"""What to say about codes that policy does not know, or that nothing reads."""

from __future__ import annotations

import duckdb

from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse

# Kind of code -> the policy file to change, and what to say.
HOMES = {
    "plan": (
        "plans.csv",
        "plan {code!r} is not in the policy ({rows:,} rows of {customers:,} customers): it counts as a paid plan; a "
        "free one has tier 0. Add it to {path}",
    ),
    "target of a metric": (
        "metric_targets.csv",
        "no metric is compared with the target of {code!r} ({rows:,} rows): it is ignored. Correct or remove "
        "metric_code {code!r} in {path}",
    ),
}


def describe_policy_gaps(settings: Settings) -> list[str]:
    """One line per unknown code: how many rows, what happens with them, and the file to change."""
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
        HOMES[kind][1].format(code=code, rows=rows, customers=customers, path=folder / HOMES[kind][0])
        for kind, code, rows, customers in found
    ]
