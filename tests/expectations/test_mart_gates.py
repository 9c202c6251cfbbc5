"""Mart suites are derived from the columns that a mart has, and hold what its YAML promises."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from expectations.registry import Gate
from expectations.reports import Parameters
from expectations.runner import validate

GATE = Gate(
    ("churn", "mart_example"),
    "churn.mart_example",
    "expectations.marts.churn:mart_example",
    "mart",
    ("customer_id", "month"),
    {"recovery_pct": (0, None)},
)
CUSTOMER_GATE = Gate(
    ("activation", "mart_activation_customer"),
    "activation.mart_activation_customer",
    "expectations.marts.activation:mart_activation_customer",
    "mart",
    ("customer_id",),
)
GOOD = """
    create schema churn;
    create table churn.mart_example as
    select 'c' || range as customer_id, date '2025-06-01' as month, 3 as churn_num, 10 as churn_den,
        30.0::double as churn_pct, 47 as rating_num, 10 as rating_den, 4.7::double as rating_avg,
        -12.5::double as net_churn_pct, 250.0::double as recovery_pct, 4 as ticket_count, -3 as due_days,
        'asked for +5 points on 2025-06-01 10:00 (order 1234567890)' as comment, '+79123456789' as campaign_code,
        ['call', 'email'] as channels
    from range(5);
    create schema activation;
    create table activation.mart_activation_customer as
    select * from (values
        ('c1', 3, 3, 100.0, true, timestamp '2025-06-01', 4, 'activated'),
        ('c2', 3, 1, 33.3, false, null, null, 'in_progress'),
        ('c3', 0, 0, null, null, null, null, 'not_started')
    ) as t(customer_id, required_actions_count, done_required_count, activation_pct, is_activated, activated_at,
        days_to_activate, activation_status);
"""


@pytest.fixture
def mart(tmp_path):
    path = tmp_path / "marts.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(GOOD)
    return path


def judge(path, gate, sql=""):
    with duckdb.connect(path) as connection:
        connection.execute(sql or "select 1")
    (report,) = validate(path, [gate], Parameters(date(2025, 6, 30)))
    return report


def test_a_good_mart_passes_and_its_columns_are_found(mart):
    report = judge(mart, GATE)
    assert report.failures == ()
    assert {result.expectation for result in report.expectations} == {
        "expect_columns_of_the_contract", "expect_grain_to_be_unique", "expect_grain_to_be_filled",
        "expect_percentages_within_bounds", "expect_numerator_not_above_denominator", "expect_counts_not_negative",
        "expect_no_personal_data_in_text",
    }  # fmt: skip
    assert judge(mart, CUSTOMER_GATE).failures == ()


def test_an_empty_mart_passes(mart):
    assert judge(mart, GATE, "delete from churn.mart_example").passed


DEFECTS = {
    "repeated_grain": ("insert into churn.mart_example from churn.mart_example limit 1", "expect_grain_to_be_unique"),
    "null_in_grain": ("update churn.mart_example set month = null", "expect_grain_to_be_filled"),
    "percentage_above_100": ("update churn.mart_example set churn_pct = 100.5", "expect_percentages_within_bounds"),
    "percentage_below_0": ("update churn.mart_example set churn_pct = -0.5", "expect_percentages_within_bounds"),
    "stated_bound": ("update churn.mart_example set recovery_pct = -1", "expect_percentages_within_bounds"),
    "not_a_number": (
        "alter table churn.mart_example alter churn_pct type double; update churn.mart_example set churn_pct = 'nan'",
        "expect_percentages_within_bounds",
    ),
    "numerator_above_denominator": (
        "update churn.mart_example set churn_num = 11", "expect_numerator_not_above_denominator"),
    "rate_of_nothing": (
        "update churn.mart_example set churn_num = 0, churn_den = 0", "expect_numerator_not_above_denominator"),
    "negative_count": ("update churn.mart_example set ticket_count = -1", "expect_counts_not_negative"),
    "email_in_text": (
        "update churn.mart_example set comment = 'write to jane.doe@mail.example.com!'",
        "expect_no_personal_data_in_text"),
    "phone_in_text": (
        "update churn.mart_example set comment = 'call me: +7 912 345-67-89'", "expect_no_personal_data_in_text"),
    "grouped_phone_in_text": (
        "update churn.mart_example set comment = 'call 8 (912) 345-67-89'", "expect_no_personal_data_in_text"),
    "email_as_identifier": (
        "update churn.mart_example set customer_id = customer_id || '@example.com'", "expect_no_personal_data_in_text"),
    "email_in_list": (
        "update churn.mart_example set channels = ['a@example.com']", "expect_no_personal_data_in_text"),
    "missing_column_of_the_grain": (
        "alter table churn.mart_example drop column month", "expect_columns_of_the_contract"),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_defect_is_critical(defect, mart):
    sql, expectation = DEFECTS[defect]
    report = judge(mart, GATE, sql)
    assert [(result.expectation, result.severity) for result in report.failures] == [(expectation, "critical")]
    assert report.severity == "error"


def test_personal_data_is_not_repeated_in_the_result(mart):
    report = judge(mart, GATE, "update churn.mart_example set comment = 'jane.doe@example.com'")
    assert report.failures[0].sample
    assert "jane" not in repr(report.expectations)


def test_a_grain_of_text_columns_only(mart):
    gate = Gate(("churn", "by_region"), "churn.by_region", "expectations.marts.churn:by_region", "mart", ("region",))
    sql = "create table churn.by_region as select '{0}' as region, 5 as customers_count"
    assert judge(mart, gate, sql.format("north")).passed
    report = judge(mart, gate, sql.replace("table", "or replace table").format("a@example.com"))
    assert [result.expectation for result in report.failures] == ["expect_no_personal_data_in_text"]
    assert report.failures[0].sample == ("{}",)


def test_a_mart_without_a_stated_grain_is_a_failure(mart):
    report = judge(mart, Gate(("churn", "mart_example"), "churn.mart_example", "expectations.marts.churn:x", "mart"))
    assert [result.expectation for result in report.failures] == ["expect_suite_to_be_built"]
    assert "state its grain" in report.failures[0].message


CUSTOMER_DEFECTS = {
    "activated_without_moment": "update {table} set activated_at = null where customer_id = 'c1'",
    "moment_without_activation": "update {table} set activated_at = now() where customer_id = 'c2'",
    "more_done_than_required": "update {table} set done_required_count = 4, activation_pct = 100 where is_activated",
    "unknown_status": "update {table} set activation_status = 'asleep' where customer_id = 'c2'",
    "status_says_activated": "update {table} set activation_status = 'activated' where customer_id = 'c2'",
    "activated_with_nothing_required": "update {table} set required_actions_count = 0, done_required_count = 0",
    "activated_before_registering": "update {table} set days_to_activate = -1 where customer_id = 'c1'",
}


@pytest.mark.parametrize("defect", CUSTOMER_DEFECTS)
def test_rules_of_a_single_mart(defect, mart):
    report = judge(mart, CUSTOMER_GATE, CUSTOMER_DEFECTS[defect].format(table=CUSTOMER_GATE.table))
    assert [(result.expectation, result.severity) for result in report.failures] == [
        ("expect_mart_rows_to_be_coherent", "critical")
    ]


def test_a_column_that_a_rule_needs_is_missing(mart):
    report = judge(mart, CUSTOMER_GATE, f"alter table {CUSTOMER_GATE.table} drop column activated_at")
    assert [result.expectation for result in report.failures] == ["expect_columns_of_the_contract"]
    assert "the column activated_at does not exist" in report.failures[0].message


def test_rules_of_marts_read_columns_they_name():
    """A rule that forgets to name a column would crash when the column goes, instead of saying so."""
    from expectations.marts import activation, cx, quality

    for module in (activation, cx, quality):
        for name in (name for name in vars(module) if name.startswith("mart_")):
            rules = getattr(module, name)(Parameters(date(2025, 6, 30)))
            columns = sorted({column for rule in rules for column in rule.columns})
            table = ", ".join(f'null::varchar as "{column}"' for column in columns)
            for rule in rules:
                missing = None
                try:
                    duckdb.sql(f"select {rule.broken_when} from (select {table})")
                except duckdb.BinderException as error:  # comparing these texts with numbers may fail, that is fine
                    missing = str(error) if "not found" in str(error) else None
                assert missing is None, (name, rule.name)
