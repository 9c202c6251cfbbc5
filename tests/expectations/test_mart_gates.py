"""Mart suites come from the YAML of a mart and from the names and types of its columns."""

from __future__ import annotations

import json
from datetime import date

import duckdb
import pytest
import yaml

from stayhouse.expectations.mart_profile import Profile, profile
from stayhouse.expectations.registry import read_mart_gates
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.runner import validate

YAML = """
models:
  - name: mart_example
    config: {meta: {grain: [customer_id, month]}}
    data_tests:
      - rows_satisfy:
          name: mart_example__rows_are_coherent
          arguments:
            rules:
              churned_has_a_reason: (churn_num > 0) = (reason is not null)
              not_after_the_day: month <= (select as_of_date from run_context)
              rating_on_its_scale:
                expression: rating_avg between 0 and 10
                message: the rating is not on its scale
              few_tickets: {expression: ticket_count < 100, message: many tickets, severity: warning}
    columns:
      - name: customer_id
        data_tests:
          - relationships: {arguments: {to: ref('dim_customers'), field: customer_id}}
      - {name: month}
      - {name: reason}
      - {name: ticket_count}
      - {name: recovery_pct, config: {meta: {bounds: [0, null]}}}
"""
GOOD = """
    create schema core;
    create table core.run_context as select date '2025-06-30' as as_of_date;
    create table core.dim_customers as select 'c' || range as customer_id from range(5);
    create schema churn;
    create table churn.mart_example as
    select 'c' || range as customer_id, date '2025-06-01' as month, 3 as churn_num, 10 as churn_den,
        30.0::double as churn_pct, 47 as rating_num, 10 as rating_den, 4.7::double as rating_avg,
        -12.5::double as net_churn_pct, 250.0::double as recovery_pct, 4 as ticket_count, -3 as due_days,
        'asked for +5 points on 2025-06-01 10:00 (order 1234567890)' as comment, '+79123456789' as campaign_code,
        ['call', 'email'] as channels, 'too dear' as reason
    from range(5);
"""


@pytest.fixture
def gate(tmp_path):
    """Makes the gate of the mart that a YAML describes."""

    def make(text=YAML):
        (tmp_path / "churn").mkdir(exist_ok=True)
        (tmp_path / "churn" / "mart.yml").write_text(text)
        (found,) = read_mart_gates(tmp_path)
        return found

    return make


@pytest.fixture
def mart(tmp_path):
    path = tmp_path / "marts.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(GOOD)
    return path


def run(path, gate, sql="", **parameters):
    with duckdb.connect(path) as connection:
        connection.execute(sql or "select 1")
    (report,) = validate(path, [gate], Parameters(date(2025, 6, 30), **parameters))
    return report


def test_a_good_mart_passes(mart, gate):
    report = run(mart, gate())
    assert report.failures == ()
    assert [result.expectation for result in report.expectations] == [
        "expect_mart_to_keep_its_rules",
        "expect_mart_to_be_plausible",
    ]


def test_an_empty_mart_passes(mart, gate):
    assert run(mart, gate(), "delete from churn.mart_example").passed


# What is broken, and the words that the message has for it.
DEFECTS = {
    "insert into {mart} from {mart} limit 1": "the key (customer_id, month) repeats that of another row (1 row)",
    "update {mart} set month = null": "month is NULL (5 rows)",
    "update {mart} set churn_pct = 100.5": "churn_pct is outside 0..100",
    "update {mart} set churn_pct = -0.5": "churn_pct is outside 0..100",
    "update {mart} set recovery_pct = -1": "recovery_pct is outside 0..inf",
    "alter table {mart} alter churn_pct type double; update {mart} set churn_pct = 'nan'": "churn_pct is outside",
    "update {mart} set churn_num = 11": "churn_num exceeds churn_den",
    "update {mart} set churn_num = 0, churn_den = 0, reason = null": "churn_pct has a value though churn_den is empty",
    "update {mart} set ticket_count = -1": "ticket_count is negative",
    "update {mart} set comment = 'write to jane.doe@mail.example.com!'": "comment holds an e-mail address or a phone",
    "update {mart} set comment = 'call me: +7 912 345-67-89'": "comment holds an e-mail address or a phone number",
    "update {mart} set comment = 'call 8 (912) 345-67-89'": "comment holds an e-mail address or a phone number",
    "update {mart} set channels = ['a@example.com']": "channels holds an e-mail address or a phone number",
    "alter table {mart} drop column reason": "the column reason does not exist",
    "update {mart} set customer_id = 'c9' where customer_id = 'c1'": "customer_id is not in core.dim_customers (1 row)",
    "update {mart} set reason = null where customer_id = 'c1'": (
        "churned_has_a_reason does not hold: (churn_num > 0) = (reason is not null) (1 row)"
    ),
    "update {mart} set rating_avg = null": "the rating is not on its scale (5 rows)",
    "update {mart} set month = date '2025-07-01'": "not_after_the_day does not hold",
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_critical_and_says_what_is_wrong(defect, mart, gate):
    report = run(mart, gate(), defect.format(mart="churn.mart_example"))
    (result,) = report.failures
    assert result.severity == "critical"
    assert result.message.startswith("churn.mart_example: ")
    assert DEFECTS[defect] in result.message
    assert result.message.count(";") <= 1, "what holds is not reported"


def test_a_rule_of_severity_warning_does_not_withhold(mart, gate):
    report = run(mart, gate(), "update churn.mart_example set ticket_count = 100 where customer_id = 'c1'")
    (result,) = report.failures
    assert (report.severity, result.severity) == ("warn", "warning")
    assert "many tickets (1 row)" in result.message
    assert '"ticket_count":100' in result.sample[0]


# What is lost since the last publication, and the words that the message has for it.
LOSSES = {
    "delete from {mart} where customer_id > 'c1'": "more than 50 % of the 5 rows last published are missing",
    "update {mart} set comment = null where customer_id > 'c1'": (
        "comment has a value in far fewer rows than the 100 % last published"
    ),
    "update {mart} set month = date '2025-05-01'": "the newest month is older than the 2025-06-01 last published",
    "update {mart} set ticket_count = 0 where customer_id > 'c1'": (
        "the total of ticket_count fell by more than 50 % from the 20 last published"
    ),
}


def published(mart, gate, **limits):
    """The parameters of a run that follows a publication of the mart as it is."""
    with duckdb.connect(mart, read_only=True) as connection:
        described = connection.execute(f"from {gate.table} limit 0").description
        columns = {name: str(kind) for name, kind, *_ in described}
        before = profile(connection, gate.table, columns, gate.grain)
    stored = Profile(**json.loads(json.dumps(before.as_json())))
    return {"published": {gate.table: stored}, "lost_limit_pct": 50, "compared_from_rows": 5} | limits


@pytest.mark.parametrize("loss", LOSSES)
def test_what_a_mart_lost_since_the_last_publication_is_reported(loss, mart, gate):
    before = published(mart, gate())
    assert run(mart, gate(), **before).passed
    report = run(mart, gate(), loss.format(mart="churn.mart_example"), **before)
    assert report.severity == "warn"
    (result,) = report.failures
    assert LOSSES[loss] in result.message
    assert result.message.endswith("Look for a delivery that is not complete; the run goes on.")


def test_a_mart_may_lose_a_little_grow_and_be_empty_for_the_first_time(mart, gate):
    before = published(mart, gate())
    assert run(mart, gate(), "delete from churn.mart_example where customer_id = 'c0'", **before).passed
    more = (
        "insert into churn.mart_example by name select * replace (date '2025-06-02' as month) from churn.mart_example"
    )
    assert run(mart, gate(), more, **before).passed
    empty = run(mart, gate(), "delete from churn.mart_example", **before)
    assert "more than 50 % of the 5 rows last published are missing" in empty.failures[0].message


def test_columns_of_a_mart_with_few_rows_are_not_compared(mart, gate):
    before = published(mart, gate(), compared_from_rows=6)
    assert run(mart, gate(), "update churn.mart_example set comment = null", **before).passed


def test_the_last_value_of_a_column_that_is_hardly_ever_filled_may_go(mart, gate):
    """One alert of 800 had a reason to be held back; the next day none had, and the run warned."""
    with duckdb.connect(mart) as connection:
        connection.execute("update churn.mart_example set comment = null where customer_id > 'c0'")
    before = published(mart, gate())
    assert run(mart, gate(), "update churn.mart_example set comment = null", **before).passed


def test_personal_data_is_not_repeated_in_the_result(mart, gate):
    report = run(mart, gate(), "update churn.mart_example set comment = 'jane.doe@example.com'")
    assert report.failures[0].sample
    assert "jane" not in repr(report.expectations)


def test_personal_data_in_a_key_is_not_repeated_either(mart, gate):
    text = "models:\n  - {name: by_region, config: {meta: {grain: [region]}}, columns: [{name: region}]}\n"
    sql = "create or replace table churn.by_region as select '{0}' as region, 5 as customers_count"
    assert run(mart, gate(text), sql.format("north")).passed
    report = run(mart, gate(text), sql.format("a@example.com"))
    assert "region holds an e-mail address" in report.failures[0].message
    assert report.failures[0].sample == ("{}",)


def test_a_mart_without_a_stated_grain_is_a_failure(mart, gate):
    document = yaml.safe_load(YAML)
    del document["models"][0]["config"]
    report = run(mart, gate(yaml.safe_dump(document)))
    assert [result.expectation for result in report.failures] == ["expect_suite_to_be_built"]
    assert "state its grain" in report.failures[0].message
