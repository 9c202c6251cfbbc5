"""Suites of the tables of the billing system."""

from __future__ import annotations

from stayhouse.expectations.contract_suite import contract_expectations
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.row_rules import RowRule
from stayhouse.expectations.vocabulary import HouseExpectation

# ISO 4217 has three letters; case and blanks are mended in staging.
ODD_CURRENCY = RowRule(
    "odd_currency:currency",
    "currency is not null and (length(trim(currency)) <> 3 or upper(trim(currency)) not between 'AAA' and 'ZZZ')",
    ("currency",),
    "a currency is not an ISO 4217 code",
    "warning",
)


def subscription_periods(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "subscription_periods",
        parameters,
        one_interval_per=["subscription_id"],
        implausible=[
            RowRule(
                "priced_without_currency:currency",
                "mrr > 0 and currency is null",
                ("currency", "mrr"),
                "a priced period has no currency",
                "warning",
            ),
            RowRule(
                "ended_while_open:end_kind",
                "end_kind is not null and valid_to is null",
                ("end_kind", "valid_to"),
                "an open period says how it ended",
                "warning",
            ),
            ODD_CURRENCY,
        ],
    )


def payments(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "payments",
        parameters,
        implausible=[
            RowRule(
                "amount_without_currency:currency",
                "amount > 0 and currency is null",
                ("currency", "amount"),
                "an amount has no currency",
                "warning",
            ),
            RowRule(
                "paid_for_nothing:amount",
                "amount = 0 and status = 'succeeded'",
                ("amount", "status"),
                "a succeeded payment has an amount of 0",
                "warning",
            ),
            RowRule(
                "unknown_price:amount",
                "amount is null and status = 'succeeded'",
                ("amount", "status"),
                "a succeeded payment has no amount: it counts as a purchase, and its money is unknown",
                "warning",
            ),
            ODD_CURRENCY,
        ],
    )


def commissions(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "commissions",
        parameters,
        implausible=[
            RowRule(
                "paid_without_moment:paid_at",
                "status = 'paid' and paid_at is null",
                ("paid_at", "status"),
                "a paid commission has no moment of payment",
                "warning",
            ),
            RowRule(
                "paid_before_sold:paid_at",
                "paid_at < sold_at",
                ("paid_at", "sold_at"),
                "a commission was paid before the sale",
                "warning",
            ),
            ODD_CURRENCY,
        ],
    )


def coupons(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "coupons",
        parameters,
        implausible=[
            RowRule(
                "redeemed_before_issued:redeemed_at",
                "redeemed_at < issued_at",
                ("redeemed_at", "issued_at"),
                "a coupon was used before it was issued",
                "warning",
            ),
            RowRule(
                "amount_and_percentage:amount",
                "amount is not null and discount_pct is not null",
                ("amount", "discount_pct"),
                "a coupon is worth both an amount and a percentage",
                "warning",
            ),
            RowRule(
                "over_the_price:discount_pct",
                "discount_pct > 100",
                ("discount_pct",),
                "a coupon takes off more than the price",
                "warning",
            ),
            ODD_CURRENCY,
        ],
    )


def loyalty_ledger(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "loyalty_ledger",
        parameters,
        implausible=[
            RowRule(
                "points_missing:points",
                "points is null and kind in ('earn', 'redeem', 'expire', 'adjust')",
                ("points", "kind"),
                "an entry moves an unknown number of points, and counts as 0",
                "warning",
            ),
            RowRule(
                "negative_points:points",
                "points < 0 and kind <> 'adjust'",
                ("points", "kind"),
                "points are negative although the kind gives the direction; the sign is ignored",
                "warning",
            ),
            RowRule(
                "fee_missing:amount",
                "amount is null and kind in ('membership_fee', 'benefit')",
                ("amount", "kind"),
                "a fee or a benefit has no amount",
                "warning",
            ),
            ODD_CURRENCY,
        ],
    )


def order_lines(parameters: Parameters) -> list[HouseExpectation]:
    return contract_expectations(
        "order_lines",
        parameters,
        implausible=[
            RowRule(
                "delivered_before_ordered:delivered_at",
                "delivered_at < ordered_at",
                ("delivered_at", "ordered_at"),
                "a line was delivered before it was ordered",
                "warning",
            ),
            RowRule(
                "paid_gift:amount",
                "is_gift and amount > 0",
                ("is_gift", "amount"),
                "a gift was paid for",
                "warning",
            ),
            ODD_CURRENCY,
        ],
    )
