"""A later run repeats what an earlier run reported about an alert, unless the rows themselves have changed."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

LAST = date(2025, 6, 30)
KNOWN_AT = 20

pytestmark = pytest.mark.slow
ALERTS = ["+path:models/core", "+models/marts/alerts"]


def reported(company, until: date) -> dict[str, list[tuple]]:
    """Alerts and transitions up to the close of a day, without what may still change."""
    close = until + timedelta(days=1)
    with duckdb.connect(company.settings.warehouse, read_only=True) as db:
        return {
            "alerts": db.execute(
                # What was in the backlog may get to a list later.
                "select alert_id, customer_id, rule_code, owner_employee_id, owner_source, opened_date, "
                "case when listed_date <= $close then listed_date end, case when listed_date <= $close then due_at end "
                "from alerts.mart_alerts where opened_date <= $until order by all",
                {"until": until, "close": close},
            ).fetchall(),
            "transitions": db.execute(
                "select alert_id, customer_id, transition_order, transition_kind, evidence_id, transition_at "
                "from alerts.mart_alert_transitions where transition_at <= ? order by all",
                [close],
            ).fetchall(),
        }


@pytest.mark.repetition
@pytest.mark.parametrize("runs_before", [(KNOWN_AT, 0), (KNOWN_AT, 10, 0)])
def test_history_is_not_rewritten_by_later_runs(small_company, company, runs_before):
    small = company(small_company)
    small.load()
    before = {}
    for back in runs_before:
        as_of = LAST - timedelta(days=back)
        small.transform(as_of, select=ALERTS)
        before[as_of] = reported(small, as_of)
    assert len(before[LAST - timedelta(days=KNOWN_AT)]["alerts"]) > 5
    with duckdb.connect(small.settings.warehouse, read_only=True) as db:
        # Deleted customers have no history.
        kept = {customer for (customer,) in db.execute("select customer_id from core.dim_customers").fetchall()}
        assert db.execute("from core.fct_churn_events where reactivated_date is not null").fetchall()
    for as_of, seen in before.items():
        later = reported(small, as_of)
        for part, rows in seen.items():
            lost = [row for row in rows if row not in later[part] and row[1] in kept]
            new = [row for row in later[part] if row not in rows and row[1] in kept]
            assert (lost, new) == ([], []), f"{part} of {as_of}"
