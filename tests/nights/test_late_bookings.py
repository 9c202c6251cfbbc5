"""Cancellations and payments booked, or reversed, months late: daily runs give the same as one load."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from nights.conftest import LAST, assert_same

pytestmark = [pytest.mark.slow, pytest.mark.repetition]

MONEY_AND_CHURN = ["+models/marts/churn", "+models/marts/retention"]
IDENTITIES = ["assert_customer_bridges_chain_and_add_up", "assert_revenue_bridges_chain_and_add_up"]
RULES = ["mart_churn_monthly__rows_are_coherent"]

# Delivered after the middle of June, about events long before. Each changes the values of a known row.
FIRST = {
    "subscription_periods": [
        # An annual contract was cancelled in its second year, another, in dollars, before the rate of 2025.
        ("r00000007", {"valid_to": "date '2025-03-12'", "cancel_requested_at": "timestamp '2025-03-01 09:00:00'",
                       "end_kind": "'voluntary'", "end_reason_code": "'too_expensive'"}),
        ("r00000036", {"valid_to": "date '2024-12-20'", "end_kind": "'involuntary'"}),
        # A contract that continues after all, according to the next delivery.
        ("r00000012", {"valid_to": "date '2025-04-10'", "cancel_requested_at": "timestamp '2025-04-02 09:00:00'"}),
        # A change of plan was a churn and a reactivation within the month.
        ("r00000027", {"valid_to": "date '2024-08-01'"}),
    ],
    "payments": [
        # A year paid long ago, partly refunded after the churn.
        ("p00000007", {"payment_id": "'late-1'", "customer_id": "'c0000003'", "order_id": "'late'",
                       "paid_at": "timestamp '2024-07-05 10:00:00'", "amount": "2892"}),
        ("p00000007", {"payment_id": "'late-2'", "customer_id": "'c0000003'", "order_id": "'late'",
                       "paid_at": "timestamp '2025-03-20 10:00:00'", "amount": "1000", "is_refund": "true"}),
        ("p00000007", {"payment_id": "'late-3'", "paid_at": "timestamp '2025-04-20 10:00:00'"}),
        # Charged back.
        ("p00000027", {"status": "'failed'"}),
    ],
}  # fmt: skip
THEN = {
    "subscription_periods": [
        ("r00000012", {"valid_to": "null", "cancel_requested_at": "null"}),
        # A customer churned for non-payment had paid, and a reactivated one had never churned.
        ("r00000004", {"valid_to": "null", "end_kind": "null", "end_reason_code": "null"}),
        ("r00000015", {"valid_to": "date '2025-06-11'", "cancel_requested_at": "null", "end_kind": "null",
                       "end_reason_code": "null"}),
        # One contract belonged to another customer.
        ("r00000059", {"customer_id": "'c0000020'"}),
    ],
    "payments": [
        ("p00000070", {"status": "'succeeded'"}),
        # 17 dollars of May were paid in April.
        ("p00000033", {"paid_at": "timestamp '2025-04-28 10:00:00'"}),
    ],
}  # fmt: skip


def _months(first: str, last: str) -> list[str]:
    """First days of months, both ends included."""
    (year, month), (last_year, last_month) = (map(int, text.split("-")) for text in (first, last))
    count = (last_year - year) * 12 + last_month - month + 1
    return [f"{year + (month + n - 1) // 12}-{(month + n - 1) % 12 + 1:02d}-01" for n in range(count)]


def _gone(left: str, mrr: int, opening: list[str], sign: int = 1) -> dict[tuple[str, str], int]:
    """Effect on the bridges of a churn that becomes known later: the customer is in no opening after it."""
    change = {(f"{left}-01", "churned_count"): 1, (f"{left}-01", "churned_amount"): mrr}
    for month in [f"{left}-01", *opening]:
        change |= {(month, "closing_count"): -1, (month, "closing_amount"): -mrr}
    for month in opening:
        change |= {(month, "opening_count"): -1, (month, "opening_amount"): -mrr}
    return {key: sign * value for key, value in change.items()}


CHANGES = [
    _gone("2025-03", 241, _months("2025-04", "2025-06")),
    # 140 dollars at 0.90; from January on at 0.95
    _gone("2024-12", 126, _months("2025-01", "2025-06")),
    {("2025-01-01", "revaluation_amount"): -7},
    *[{(month, f"{end}_amount"): -7} for month in _months("2025-01", "2025-06") for end in ("opening", "closing")],
    # 33 churned and were reactivated as 73 instead of growing by 40
    {("2024-08-01", "churned_count"): 1, ("2024-08-01", "reactivated_count"): 1, ("2024-08-01", "churned_amount"): 33,
     ("2024-08-01", "reactivated_amount"): 73, ("2024-08-01", "expansion_amount"): -40},
    _gone("2025-05", 130, ["2025-06-01"], sign=-1),
    # The contract moves with its revenue to another customer, which changes no sum: in a company with contracts its
    # former customer is registered. From 390 to 385 without a gap
    _gone("2025-05", 390, [], sign=-1),
    {("2025-06-01", "opening_count"): 1, ("2025-06-01", "opening_amount"): 390, ("2025-06-01", "reactivated_count"): -1,
     ("2025-06-01", "reactivated_amount"): -385, ("2025-06-01", "contraction_amount"): 5},
]  # fmt: skip


def _deliver(
    raw: Path, known: Path, name: str, known_at: str, rows: dict[str, list[tuple[str, dict[str, str]]]]
) -> None:
    """Writes a file per table with rows of a warehouse, values replaced by expressions."""
    with duckdb.connect() as db:
        db.execute(f"attach '{known}' as known (read_only)")
        for table, corrections in rows.items():
            key = "payment_id" if table == "payments" else "period_id"
            parts = []
            for number, values in corrections:
                replaced = {"ingested_at": f"timestamp '{known_at}'"} | values
                parts.append(
                    "select * exclude (_extra, _load_id, _file_id, _line) "
                    f"replace ({', '.join(f'{value} as {column}' for column, value in replaced.items())}) "
                    f"from known.raw.{table} where {key} = '{number}'"
                )
            (written,) = db.execute(f"copy ({' union all '.join(parts)}) to '{raw}/{table}/{name}.parquet'").fetchone()
            assert written == len(corrections)


COUNTS = ["opening_count", "new_count", "reactivated_count", "churned_count", "closing_count"]
AMOUNTS = [
    "opening_amount", "revaluation_amount", "new_amount", "reactivated_amount", "expansion_amount", "contraction_amount",
    "churned_amount", "closing_amount",
]  # fmt: skip


def _whole(warehouse: Path, mart: str, month: str, measures: list[str]) -> Counter:
    """(month, measure) -> value over everybody."""
    with duckdb.connect(warehouse, read_only=True) as db:
        rows = db.execute(f"select {month}, {', '.join(measures)} from {mart} where dimension_name = 'all'").fetchall()
    return Counter({(str(day), name): row[n] or 0 for day, *row in rows for n, name in enumerate(measures)})


def _bridges_and_purchases(warehouse: Path) -> tuple[Counter, Counter]:
    """Both bridges and the purchases."""
    customers = _whole(warehouse, "churn.mart_churn_monthly", "churn_month", COUNTS)
    revenue = _whole(warehouse, "churn.mart_churn_monthly", "churn_month", AMOUNTS)
    purchases = _whole(warehouse, "retention.mart_customer_mix", "observed_month", ["purchases_amount"])
    return Counter(dict(customers) | dict(revenue)), purchases


def _difference(after: Counter, before: Counter) -> dict:
    return {key: after[key] - before[key] for key in after | before if after[key] != before[key]}


def test_what_is_booked_months_late_changes_the_months_it_belongs_to(small_company, straight, company, tmp_path):
    raw = tmp_path / "raw"
    shutil.copytree(small_company, raw)
    nightly = company(raw, straight)

    before = straight.settings.warehouse
    _deliver(raw, before, "first", "2025-06-18 23:00:00", FIRST)
    nightly.load()
    nightly.transform(date(2025, 6, 18), select=MONEY_AND_CHURN)
    with duckdb.connect(nightly.settings.warehouse, read_only=True) as db:
        left = db.execute(
            "select customer_id, churned_date from core.fct_churn_events where customer_id in ('c0000003', 'c0000006')"
        ).fetchall()
    assert sorted(left) == [("c0000003", date(2025, 3, 12)), ("c0000006", date(2025, 4, 10))]
    _deliver(raw, before, "then", "2025-06-30 23:00:00", THEN)
    nightly.load()
    nightly.transform(LAST, select=MONEY_AND_CHURN)

    at_once = company(raw)
    at_once.load()
    tables = at_once.transform(LAST, select=MONEY_AND_CHURN)
    assert {"core.fct_churn_events", "core.fct_payments", "churn.mart_churn_monthly"} <= set(tables)
    assert_same(at_once, nightly, tables)

    # To the end of a month closed long ago, and back.
    nightly.transform(date(2025, 4, 30), select=MONEY_AND_CHURN)
    nightly.transform(LAST, select=MONEY_AND_CHURN)
    assert_same(at_once, nightly, tables)

    expected = Counter()
    for change in CHANGES:
        expected.update(change)
    bridges, purchases = map(
        _difference, _bridges_and_purchases(nightly.settings.warehouse), _bridges_and_purchases(before)
    )
    assert bridges == {key: value for key, value in expected.items() if value}
    assert purchases == {
        ("2024-07-01", "purchases_amount"): Decimal("1892.00"),
        ("2025-04-01", "purchases_amount"): Decimal("12.15"),
        ("2025-05-01", "purchases_amount"): Decimal("113.85"),
    }
    results = nightly.session.build(LAST, select=IDENTITIES) + nightly.session.tests_not_nightly(LAST, RULES)
    assert {result.node.name for result in results if str(result.status) == "pass"} == {*IDENTITIES, *RULES}
