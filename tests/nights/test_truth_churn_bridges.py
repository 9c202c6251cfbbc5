"""The bridges of customers and money close on realistic data: a dirty delivery, and a real shop.

Beside the identities, which are error-level tests of dbt and run here with the build, the bridges of customers are
counted again from the raw rows, customer by customer and in plain Python.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pytest

from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy

pytestmark = pytest.mark.slow

GRACE = 7
FOREVER = date(9999, 12, 31)
IDENTITIES = ["assert_customer_bridges_chain_and_add_up", "assert_revenue_bridges_chain_and_add_up"]
RULES = ["mart_churn_monthly__rows_are_coherent"]


def _bridges(raw, folder, dbt_session, as_of: date, policy=None):
    """Builds the bridges and everything they read, with tests; returns the warehouse. Fails when a test does."""
    from nights.conftest import Company

    settings = replace(dbt_session.settings, raw=raw, warehouse=folder / "stayhouse.duckdb", policy=policy)
    session = dbt_session
    if policy:
        settings = replace(settings, target=folder / "target")
        session = DbtSession(settings, prepare_policy(settings)[0])
    Company(settings, session).load()
    session.settings = settings
    session.build(as_of, select=["+mart_churn_monthly"], with_tests=False)
    # Raises if one of them finds a row.
    results = session.build(as_of, select=IDENTITIES) + session.tests_not_nightly(as_of, RULES)
    assert {result.node.name for result in results if str(result.status) == "pass"} == {*IDENTITIES, *RULES}
    return settings.warehouse


def _months(first: date, as_of: date) -> list[tuple[date, date]]:
    """First and last day of every month up to the running one, which ends on the business day."""
    found, month = [], first.replace(day=1)
    while month <= as_of:
        following = (month + timedelta(days=32)).replace(day=1)
        found.append((month, min(following - timedelta(days=1), as_of)))
        month = following
    return found


def _count(tenures: dict[str, list[tuple[date, date | None]]], value_on, as_of: date) -> dict[tuple, tuple]:
    """(month, value) -> opening, new, reactivated, churned, closing, moved in, moved out, by `value_on(customer,
    day)`."""
    months = _months(min(start for periods_of_one in tenures.values() for start, _ in periods_of_one), as_of)
    counts = defaultdict(Counter)
    for customer, periods_of_one in tenures.items():
        for number, (start, left) in enumerate(periods_of_one):
            for month, last in months:
                if start > last or (left and left < month):
                    continue
                opens, closes = start < month, not left or left > last
                if not opens and not closes and not (left and left >= start):
                    continue
                # A churned customer keeps the values of the opening, or has those of the last day without one.
                opening = value_on(customer, month - timedelta(days=1))
                ended = opening if opens else value_on(customer, (left or last) - timedelta(days=1))
                credited = value_on(customer, last) if closes else ended
                if opens:
                    counts[month, opening]["opening"] += 1
                else:
                    counts[month, credited]["returned" if number else "new"] += 1
                counts[month, credited]["closing" if closes else "left"] += 1
                if opens and opening != credited:
                    counts[month, opening]["moved_out"] += 1
                    counts[month, credited]["moved_in"] += 1
    names = ("opening", "new", "returned", "left", "closing", "moved_in", "moved_out")
    return {key: tuple(found[name] for name in names) for key, found in counts.items()}


def _found(db, dimension: str) -> dict[tuple, tuple]:
    rows = db.execute(
        "select churn_month, dimension_value, opening_count, new_count, reactivated_count, churned_count, closing_count, "
        "moved_in_count, moved_out_count from churn.mart_churn_monthly where dimension_name = ?",
        [dimension],
    ).fetchall()
    # Values without customers keep their rows of zeros.
    return {(month, value): tuple(counts) for month, value, *counts in rows if any(counts)}


@pytest.fixture(scope="module")
def dirty(tmp_path_factory, dbt_session):
    from stayhouse.demonstration.saas import generate

    out = tmp_path_factory.mktemp("dirty")
    generate(out, customers=150, days=200, seed=5, dirty=True)
    as_of = date(2025, 6, 30)
    with duckdb.connect(_bridges(out / "landing", out, dbt_session, as_of), read_only=True) as db:
        yield db, as_of


def _contract_tenures(periods: list[tuple], as_of: date) -> list[tuple[date, date | None]]:
    """Coverage periods of one customer, late renewals bridged; an end within the grace is not known yet."""
    periods_of_one: list[list[date]] = []
    for start, end in sorted(periods):
        if periods_of_one and (start - periods_of_one[-1][1]).days <= GRACE:
            periods_of_one[-1][1] = max(periods_of_one[-1][1], end)
        else:
            periods_of_one.append([start, end])
    return [(start, end if end != FOREVER and (as_of - end).days >= GRACE else None) for start, end in periods_of_one]


@pytest.mark.repetition
def test_bridges_close_on_a_dirty_delivery(dirty):
    db, as_of = dirty
    (quarantined,) = db.execute("select count(*) from quarantine.subscription_periods").fetchone()
    assert quarantined > 0
    periods = defaultdict(list)
    for customer, start, end in db.execute(
        """
        -- A deletion ends every contract on its day.
        select customer_id, valid_from, least(coalesce(valid_to, date '9999-12-31'), coalesce(deleted_on, date '9999-12-31'))
        from raw.subscription_periods
        inner join (
            select customer_id, case when deleted_at < timestamp '2025-07-01' then deleted_at::date end as deleted_on
            from raw.customers
            where not is_test
        ) using (customer_id)
        where period_status <> 'trial' and plan_code <> 'free' and valid_from <= ? and valid_to is distinct from valid_from
            and valid_from < coalesce(deleted_on, date '9999-12-31')
        """,
        [as_of],
    ).fetchall():
        periods[customer].append((start, end))
    tenures = {customer: _contract_tenures(rows, as_of) for customer, rows in periods.items()}
    assert sum(left is not None for periods_of_one in tenures.values() for _, left in periods_of_one) > 10
    regions = dict(db.execute("select customer_id, coalesce(region, 'unknown') from raw.customers").fetchall())
    for dimension, value_on in (
        ("all", lambda customer, day: "all"),
        ("region", lambda customer, day: regions[customer]),
    ):
        expected, found = _count(tenures, value_on, as_of), _found(db, dimension)
        assert len(expected) > 5
        wrong = {
            key: (expected.get(key), found.get(key)) for key in expected | found if expected.get(key) != found.get(key)
        }
        assert wrong == {}, dimension
    (rows,) = db.execute(
        "select count(*) from churn.mart_churn_monthly where dimension_name <> 'all' and opening_amount > 0"
    ).fetchone()
    assert rows > 100


@pytest.fixture(scope="module")
def shop(tmp_path_factory, dbt_session):
    """A tenth of the households of the real pack, with their whole year."""
    from stayhouse.demonstration.complete_journey import POLICY_FOLDER, generate

    out = tmp_path_factory.mktemp("shop")
    generate(out / "whole")
    with duckdb.connect() as db:
        for table in sorted((out / "whole" / "landing").iterdir()):
            (out / "raw" / table.name).mkdir(parents=True)
            db.execute(
                f"copy (select * from read_parquet('{table}/**/*.parquet', hive_partitioning = false, union_by_name = true) "
                f"where cast(regexp_extract(customer_id, '[0-9]+') as integer) % 10 = 3) "
                f"to '{out}/raw/{table.name}/rows.parquet' (format parquet)"
            )
    as_of = date(2017, 12, 31)
    with duckdb.connect(_bridges(out / "raw", out, dbt_session, as_of, POLICY_FOLDER), read_only=True) as db:
        yield db, as_of


@pytest.mark.repetition
def test_bridges_close_on_a_real_shop(shop):
    db, as_of = shop
    limits = dict(db.execute("select segment_code, churn_inactivity_days from config.segments").fetchall())
    periods = db.execute(
        "select customer_id, list((valid_from, segment_code) order by valid_from) from raw.customer_segments "
        "where scheme = 'usage' group by all"
    ).fetchall()
    segments = dict(periods)

    def segment_on(customer: str, day: date) -> str:
        rows = segments[customer]
        place = bisect_right([start for start, _ in rows], day) - 1
        return rows[max(place, 0)][1]

    tenures = {}
    for customer, registered, days in db.execute(
        """
        select customer_id, cast(registered_at as date), list(distinct cast(occurred_at as date))
        from raw.customers
        left join (from raw.events where event_name = 'department_bought') using (customer_id)
        group by all
        """
    ).fetchall():
        active = sorted({registered} | {day for day in days if day and registered < day <= as_of})
        periods_of_one, start = [], registered
        for day, following in zip(active, [*active[1:], None], strict=True):
            end = day + timedelta(days=limits[segment_on(customer, day)])
            if following is None or following > end:
                periods_of_one.append((start, end if end <= as_of else None))
                start = following
        tenures[customer] = periods_of_one
    assert len(tenures) > 200
    returns = sum(len(periods_of_one) - 1 for periods_of_one in tenures.values())
    assert returns > 5
    for dimension, value_on in (("all", lambda customer, day: "all"), ("segment", segment_on)):
        expected, found = _count(tenures, value_on, as_of), _found(db, dimension)
        assert len(expected) >= 12
        wrong = {
            key: (expected.get(key), found.get(key)) for key in expected | found if expected.get(key) != found.get(key)
        }
        assert wrong == {}, dimension
    # Churn by inactivity has no recurring revenue: the bridge of revenue is empty, not a row of zeros.
    assert db.execute(
        "select count(unconverted_count), count(closing_amount) from churn.mart_churn_monthly"
    ).fetchone() == (0, 0)
