"""Planted coupons, gifts, memberships and balances are found in the marts."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

PLANTED = ("coupons", "second_orders", "members", "balances")


@pytest.fixture(scope="module")
def marts(planted):
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        truth = planted.settings.raw.parent / "truth"
        for name in PLANTED:
            db.execute(f"create temp view true_{name} as from '{truth / f'loyalty_{name}.parquet'}'")
        db.execute(
            f"create temp view raw_ledger as from read_parquet('{planted.settings.raw}/loyalty_ledger/*/*.parquet')"
        )
        db.execute(f"create temp view raw_lines as from read_parquet('{planted.settings.raw}/order_lines/*/*.parquet')")
        yield db


def test_every_coupon_has_the_planted_reminder_and_use(marts):
    """A reminder after the use, or of the coupon before, would count as the reason of the visit."""
    planted, wrong, reminded, early = marts.execute(
        """
        select count(*),
            count(*) filter (
                where found.redeemed_at is distinct from planted.redeemed_at
                or found.reminded_at is distinct from planted.reminded_at
                or found.reminder_effective_at is distinct from planted.reached_at
            ),
            count(planted.reminded_at),
            count(*) filter (where planted.is_early and (found.is_reminded or found.is_unreminded)
                and found.redeemed_at is not null)
        from true_coupons as planted
        inner join core.customer_registrations using (customer_id)
        inner join loyalty.mart_coupons as found using (coupon_id)
        """
    ).fetchone()
    assert (planted > 50, reminded > 10) == (True, True)
    assert (wrong, early) == (0, 0)


def test_those_reminded_come_more_often_as_planted(marts):
    """Both bases of the text: most of those reminded, fewer of all."""
    row = marts.execute(
        """
        select sum(reminded_redeemed_num), sum(reminded_redeemed_den), sum(unreminded_redeemed_num),
            sum(unreminded_redeemed_den), sum(redeemed_num), sum(redeemed_den)
        from loyalty.mart_coupon_redemption
        where dimension_name = 'program' and dimension_value = 'service_check'
        """
    ).fetchone()
    reminded, others, everybody = row[0] / row[1], row[2] / row[3], row[4] / row[5]
    assert reminded > others
    assert others < everybody < reminded


def test_months_of_coupons_add_up_to_the_coupons(marts):
    """A count of pandas over the single coupons, by month, is that of the mart."""
    coupons = marts.execute("select * from loyalty.mart_coupons where due_date is not null").df()
    coupons["due_month"] = pd.to_datetime(coupons["due_date"]).dt.to_period("M").dt.start_time
    coupons["is_used"] = (coupons["coupon_state"] == "redeemed") & ~coupons["is_redeemed_late"]
    expected = coupons[coupons["is_mature"]].groupby("due_month")["is_used"].agg(["sum", "count"])
    found = marts.execute(
        "select due_month, redeemed_num, redeemed_den from loyalty.mart_coupon_redemption "
        "where dimension_name = 'all' and redeemed_den > 0"
    ).df()
    found = found.set_index(pd.to_datetime(found["due_month"])).sort_index()
    assert list(found["redeemed_num"]) == list(expected["sum"])
    assert list(found["redeemed_den"]) == list(expected["count"])


def test_every_balance_is_the_sum_that_was_planted(marts):
    """Entries with the wrong sign would leave points that nobody has."""
    accounts, wrong = marts.execute(
        """
        select count(*), count(*) filter (where found.balance_points is distinct from planted.balance)
        from true_balances as planted
        inner join core.customer_registrations using (customer_id)
        left join loyalty.mart_loyalty_balances as found using (customer_id, program_code)
        """
    ).fetchone()
    assert accounts > 20
    assert wrong == 0
    assert marts.execute("select count(*) from loyalty.mart_loyalty_balances where is_overdrawn").fetchone() == (0,)


def test_balances_of_customers_and_of_months_agree(marts):
    """The last month of a programme is the sum over its customers."""
    differences = marts.execute(
        """
        with customers as (
            select program_code, sum(balance_points) as points, count(*) as members_count
            from loyalty.mart_loyalty_balances group by program_code
        ),
        months as (
            select * from loyalty.mart_loyalty_programs
            qualify row_number() over (partition by program_code order by ledger_month desc) = 1
        )
        select count(*), count(*) filter (
            where abs(months.balance_points - customers.points) > 1e-6
            or months.members_count <> customers.members_count
        )
        from customers left join months using (program_code)
        """
    ).fetchone()
    assert differences == (2, 0)


def test_cards_of_a_walk_are_those_of_the_mart(marts):
    """Stamps one by one: a card is full with its fifth, and the next stamp begins another."""
    stamps = marts.execute(
        """
        select raw_ledger.customer_id, occurred_at::date as day
        from raw_ledger inner join core.customer_registrations using (customer_id)
        where program_code = 'stamp_card' and kind = 'earn' order by raw_ledger.customer_id, occurred_at
        """
    ).df()
    begun: dict[pd.Period, int] = {}
    waits: dict[pd.Period, list[int]] = {}
    for _, own in stamps.groupby("customer_id"):
        first = None
        for place, day in enumerate(pd.to_datetime(own["day"]), start=1):
            if place % 5 == 1:
                first = day
                begun[day.to_period("M")] = begun.get(day.to_period("M"), 0) + 1
            if place % 5 == 0:
                waits.setdefault(day.to_period("M"), []).append((day - first).days)
    found = marts.execute(
        "select ledger_month, begun_cards_count, full_cards_count, median_to_full_days "
        "from loyalty.mart_loyalty_programs where program_kind = 'stamps'"
    ).df()
    assert sum(begun.values()) > 10
    for row in found.itertuples():
        month = pd.Period(row.ledger_month, "M")
        assert row.begun_cards_count == begun.get(month, 0)
        assert row.full_cards_count == len(waits.get(month, []))
        if month in waits:
            assert row.median_to_full_days == pd.Series(waits[month]).median()


def test_the_sixth_use_pays_off(marts):
    """The fee is six times what a use saves, so neither the fifth nor the seventh use is the one."""
    memberships, wrong, uses = marts.execute(
        """
        select count(*), count(*) filter (where breakeven_use_order <> 6 or (uses_count >= 6) <> (is_breakeven is true)),
            count(breakeven_use_order)
        from loyalty.mart_club_members
        """
    ).fetchone()
    assert (memberships > 10, uses > 3) == (True, True)
    assert wrong == 0


def test_gifts_are_found_and_bring_third_orders_as_planted(marts):
    """Planted: a gift after the second order brings more third orders."""
    planted, wrong = marts.execute(
        """
        select count(*), count(*) filter (
            where found.second_order_date is distinct from planted.second_at::date
            or found.third_order_date is distinct from planted.third_at::date
            or (planted.is_given and found.gift_date is null and planted.second_at < (
                select as_of_end_at - interval 8 day from core.run_context))
        )
        from true_second_orders as planted
        inner join core.customer_registrations using (customer_id)
        left join loyalty.mart_second_purchases as found using (customer_id)
        where planted.second_at is not null
        """
    ).fetchone()
    assert planted > 20
    assert wrong == 0
    shares = dict(
        marts.execute(
            "select group_code, avg(third_order_count) from loyalty.mart_second_purchases "
            "where third_order_count is not null group by group_code"
        ).fetchall()
    )
    assert shares["given"] > shares["not_given"]


def test_supplies_run_out_as_a_walk_says(marts):
    """Each order of a product lasts units times its term from the delivery; the next one within a week more is in time."""
    lives = {"address_labels": 20, "printed_cards": 30, "film_rolls": 25}
    lines = marts.execute(
        """
        select raw_lines.* from raw_lines inner join core.customer_registrations using (customer_id)
        where not is_gift qualify row_number() over (partition by order_line_id order by ingested_at desc) = 1
        """
    ).df()
    as_of = pd.Timestamp(marts.execute("select as_of_date from core.run_context").fetchone()[0])
    lines = lines[lines["product_code"].isin(lives)]
    lines["day"] = lines["ordered_at"].dt.normalize()
    expected = {}
    for (customer, product), own in lines.sort_values("ordered_at").groupby(["customer_id", "product_code"]):
        rows = list(own.itertuples())
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            start = row.day if pd.isna(row.delivered_at) else row.delivered_at.normalize()
            limit = start + pd.Timedelta(days=lives[product] * row.quantity + 7)
            if limit < as_of:
                expected[(customer, product, row.day)] = int(following is not None and following.day <= limit)
    found = marts.execute(
        "select customer_id, product_code, ordered_date, repurchased_count from loyalty.mart_replenishment "
        "where repurchased_count is not null"
    ).df()
    counted = {
        (row.customer_id, row.product_code, pd.Timestamp(row.ordered_date)): row.repurchased_count
        for row in found.itertuples()
    }
    assert len(expected) > 20
    assert counted == expected
