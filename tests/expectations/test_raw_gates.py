"""Raw suites hold on good rows and fail, with the right severity, on each seeded defect."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from stayhouse.contract import contract
from stayhouse.expectations.registry import raw_gates
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.runner import validate

AS_OF = date(2025, 6, 30)


def test_good_rows_keep_every_expectation(good_warehouse):
    reports = validate(good_warehouse, raw_gates(), Parameters(AS_OF))
    assert [result.message for report in reports for result in report.failures] == []
    assert {report.table for report in reports} == {gate.table for gate in raw_gates()}
    evaluated = {
        result.expectation for report in reports for result in report.expectations if result.severity != "info"
    }
    assert {"expect_usual_daily_volume", "expect_tables_to_match_the_ledger"} <= evaluated


def test_empty_tables_pass_and_say_what_was_not_evaluated(spoil):
    emptied = "".join(f"delete from raw.{name};" for name in contract() if name != "customers")
    reports = validate(spoil(emptied), raw_gates()[1:], Parameters(AS_OF))
    assert all(report.passed for report in reports)
    events = next(report for report in reports if report.table == "raw.events")
    unjudged = {result.expectation: result for result in events.expectations if result.severity == "info"}
    assert "expect_usual_daily_volume" in unjudged
    assert "0 days of history" in unjudged["expect_usual_daily_volume"].message


def _broken_value(table, rule, row):
    """What to write into the evaluated column so that the rule of this name breaks."""
    kind, _, name = rule.name.partition(":")
    column = table.column(name)
    moment = {"date": lambda value: value.date(), "timestamp": lambda value: value}.get(column.data_type)
    return {
        "missing": lambda: None,
        "not_allowed": lambda: "nonsense",
        "out_of_range": lambda: column.minimum - 1,
        "implausible_time": lambda: "1800-01-01",
        "in_future": lambda: moment(row[table.newer_by] + timedelta(days=2)),
        "before_start": lambda: row[column.not_before] - timedelta(days=1),
        "negative_interval": lambda: row[table.interval[0]] - timedelta(days=1),
    }[kind]()


def test_every_rule_of_the_contract_is_seen(warehouse, from_contract):
    from stayhouse.expectations.contract_suite import contract_rules

    good_row, insert = from_contract
    with duckdb.connect(warehouse) as connection:
        for table in contract().values():
            for number, rule in enumerate(contract_rules(table), start=1000):
                row = good_row(table, number)
                start = table.column(rule.columns[0]).not_before
                if rule.name.startswith("before_start") and start not in row:
                    row[start] = row[table.newer_by] - timedelta(days=30)
                row[rule.columns[0]] = _broken_value(table, rule, row)
                insert(connection, f"raw.{table.name}", row)
    reports = validate(warehouse, raw_gates()[1:], Parameters(AS_OF))
    for report in reports:
        table = contract()[report.table.removeprefix("raw.")]
        (result,) = [r for r in report.expectations if r.expectation == "expect_rows_to_keep_the_contract"]
        assert (result.success, result.severity, report.severity) == (False, "critical", "error")
        for rule in contract_rules(table):
            assert f"{rule.name} (" in result.observed, (report.table, rule.name)
            assert rule.phrase in result.message
        assert 1 <= len(result.sample) <= 5
        assert "_line" in result.sample[0]


# table, SQL that plants the defect, the one expectation that must fail, its severity
DEFECTS = {
    "duplicate_key": (
        "raw.customers", "insert into raw.customers from raw.customers", "expect_key_to_be_unique", "critical"),
    "duplicate_compound_key": (
        "raw.survey_answers", "insert into raw.survey_answers from raw.survey_answers", "expect_key_to_be_unique",
        "critical"),
    "no_customers": ("raw.customers", "delete from raw.customers", "expect_table_not_to_be_empty", "critical"),
    "orphan_that_belongs_in_quarantine": (
        "raw.events", "update raw.events set customer_id = 'nobody' where _line = 7", "expect_parents_to_exist",
        "critical"),
    "orphan_that_is_reported": (
        "raw.contacts", "update raw.contacts set employee_id = 'nobody' where _line = 7",
        "expect_references_to_be_known", "warning"),
    "self_reference_to_nobody": (
        "raw.customers", "update raw.customers set referred_by_customer_id = 'nobody'",
        "expect_references_to_be_known", "warning"),
    "customer_refers_itself": (
        "raw.customers", "update raw.customers set referred_by_customer_id = customer_id",
        "expect_rows_to_be_plausible", "warning"),
    "erased_customer_keeps_birth_date": (
        "raw.customers", "update raw.customers set deleted_at = ingested_at, birth_date = '1990-05-05'",
        "expect_rows_to_be_plausible", "warning"),
    "email_in_hash": (
        "raw.contact_points", "update raw.contact_points set value_hash = 'jane.doe@example.com'",
        "expect_no_plain_contact_data", "critical"),
    "phone_in_hash": (
        "raw.contact_points", "update raw.contact_points set value_hash = '+7 (912) 345-67-89'",
        "expect_no_plain_contact_data", "critical"),
    "bare_phone_in_hash": (
        "raw.contact_points",
        "insert into raw.contact_points select points.* replace ('p' || range as contact_point_id,"
        " case when range % 5 = 0 then '89123456789' else value_hash end as value_hash)"
        " from raw.contact_points as points, range(50)",
        "expect_hashes_not_to_be_numbers", "critical"),
    "address_in_ip_hash": (
        "raw.events", "update raw.events set ip_hash = '192.168.0.17' where _line = 7",
        "expect_no_plain_contact_data", "critical"),
    "ipv6_address_in_ip_hash": (
        "raw.events", "update raw.events set ip_hash = '2001:db8::8a2e:370:7334' where _line = 7",
        "expect_no_plain_contact_data", "critical"),
    "interval_of_no_length": (
        "raw.dnd_flags", "update raw.dnd_flags set valid_to = valid_from", "expect_rows_to_be_plausible", "warning"),
    "overlapping_segments": (
        "raw.customer_segments",
        "insert into raw.customer_segments select * replace (date '2025-01-01' as valid_from)"
        " from raw.customer_segments",
        "expect_intervals_not_to_overlap", "warning"),
    "overlapping_owners": (
        "raw.customer_owners",
        "insert into raw.customer_owners select * replace (timestamp '2025-01-01' as valid_from)"
        " from raw.customer_owners",
        "expect_intervals_not_to_overlap", "warning"),
    "overlapping_employee_versions": (
        "raw.employees",
        "insert into raw.employees select * replace (date '2025-01-01' as valid_from) from raw.employees",
        "expect_intervals_not_to_overlap", "warning"),
    "overlapping_subscription_periods": (
        "raw.subscription_periods",
        "insert into raw.subscription_periods select * replace ('other' as period_id, date '2025-01-01' as valid_from)"
        " from raw.subscription_periods",
        "expect_intervals_not_to_overlap", "warning"),
    "answered_call_without_duration": (
        "raw.contacts", "update raw.contacts set channel = 'call', answered_at = attempted_at where _line = 7",
        "expect_rows_to_be_plausible", "warning"),
    "no_answer_that_was_answered": (
        "raw.contacts",
        "update raw.contacts set outcome_code = 'no_answer', answered_at = attempted_at, duration_sec = 5"
        " where _line = 7",
        "expect_rows_to_be_plausible", "warning"),
    "price_without_currency": (
        "raw.subscription_periods", "update raw.subscription_periods set mrr = 10", "expect_rows_to_be_plausible",
        "warning"),
    "payment_without_currency": (
        "raw.payments", "update raw.payments set currency = null", "expect_rows_to_be_plausible", "warning"),
    "event_of_nobody": (
        "raw.events", "update raw.events set customer_id = null where _line = 7", "expect_rows_to_be_plausible",
        "warning"),
    "empty_answer": (
        "raw.survey_answers", "update raw.survey_answers set score = null", "expect_rows_to_be_plausible", "warning"),
    "complete_response_without_answers": (
        "raw.survey_responses",
        "update raw.survey_responses set status = 'complete', submitted_at = ingested_at, response_id = 'other'",
        "expect_children_to_exist", "warning"),
    "anonymous_responses": (
        "raw.survey_responses",
        "insert into raw.survey_responses select responses.* replace ('r' || range as response_id, null as customer_id)"
        " from raw.survey_responses as responses, range(150)",
        "expect_share_of_rows_within", "warning"),
    "unknown_column": (
        "raw.tickets", """update raw.tickets set _extra = '{"mood": "bad"}'""", "expect_no_unknown_columns", "warning"),
    "stalled_source": (
        "raw.events", "delete from raw.events where occurred_at >= '2025-06-29' and occurred_at < '2025-07-01';"
        "insert into raw.events select * replace (event_id || 'x' as event_id, occurred_at + interval 2 day as"
        " occurred_at, ingested_at + interval 2 day as ingested_at) from raw.events where occurred_at > '2025-06-30'",
        "expect_usual_daily_volume", "warning"),
    "half_a_delivery": (
        "raw.events", "delete from raw.events where occurred_at >= '2025-06-30' and _line > 2",
        "expect_usual_daily_volume", "warning"),
    "delivered_twice": (
        "raw.events", "insert into raw.events select * replace (event_id || 'x' as event_id) from raw.events"
        " where occurred_at >= '2025-06-30'",
        "expect_usual_daily_volume", "warning"),
    "other_type": (
        "raw.tickets", "alter table raw.tickets alter topic_code type integer", "expect_columns_of_the_contract",
        "critical"),
    "file_that_does_not_balance": (
        "ops.load_ledger", "update ops.load_ledger set rows_duplicate = 1 where table_name = 'customers'",
        "expect_ledger_to_balance", "critical"),
    "rows_deleted_by_hand": (
        "ops.load_ledger", "delete from raw.events where _line = 7", "expect_tables_to_match_the_ledger", "critical"),
    "rows_that_nobody_booked": (
        "ops.load_ledger", "delete from ops.load_ledger where table_name = 'tickets'",
        "expect_tables_to_match_the_ledger", "critical"),
    "some_rows_in_quarantine": (
        "ops.load_ledger",
        "update ops.load_ledger set rows_in_file = rows_in_file + 5, rows_quarantined = 5 where table_name = 'events'",
        "expect_few_quarantined_rows", "warning"),
    "a_third_in_quarantine": (
        "ops.load_ledger",
        "update ops.load_ledger set rows_in_file = rows_in_file + 60, rows_quarantined = 60"
        " where table_name = 'events'",
        "expect_few_quarantined_rows expect_no_broken_export", "warning critical"),
    "one_of_two_rows_in_quarantine": (
        "ops.load_ledger",
        "update ops.load_ledger set rows_in_file = 2, rows_quarantined = 1 where table_name = 'customers'",
        "expect_few_quarantined_rows", "warning"),
    "rejected_file": (
        "ops.load_ledger",
        "insert into ops.load_ledger by name select -1 as file_id, 1 as load_id, 'events' as table_name, 'b.csv' as"
        " file, 'rejected' as status, null::bigint as rows_in_file, 0 as rows_loaded, 0 as rows_quarantined,"
        " 0 as rows_duplicate, 0 as rows_superseded, 'b.csv: lacks event_id' as message",
        "expect_no_rejected_files", "warning"),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_defect_fails_its_expectation_and_no_other(defect, spoil, evaluate):
    table, sql, expectations, severities = DEFECTS[defect]
    report = evaluate(spoil(sql), table)
    failed = {result.expectation: result.severity for result in report.failures}
    names = expectations.split()
    wanted = severities.split() if " " in severities else [severities] * len(names)
    assert failed == dict(zip(names, wanted, strict=True))
    assert report.severity == ("error" if "critical" in wanted else "warn")
    for result in report.failures:
        assert result.unexpected_count >= 1
        assert result.message.startswith(f"{table}: ")
        assert result.message.endswith(".")


@pytest.mark.parametrize(
    "value",
    ["5f2c9a7be31d40aa", "1234567890123456", "750512201862", "sha256 not known", "d41d8cd98f00b204e9800998ecf8427e"],
)
def test_a_hash_is_not_taken_for_contact_data(value, spoil, evaluate):
    assert evaluate(spoil(f"update raw.contact_points set value_hash = '{value}'"), "raw.contact_points").passed


def test_a_superseded_rejection_is_forgotten(spoil, evaluate):
    rejected = DEFECTS["rejected_file"][1]
    later = "insert into ops.load_ledger select * replace (2 as load_id, 0 as rows_in_file, 'loaded' as status) from"
    report = evaluate(spoil(f"{rejected}; {later} ops.load_ledger where status = 'rejected'"), "ops.load_ledger")
    assert report.passed


def test_weekends_are_compared_with_weekends(spoil, evaluate):
    # 2025-06-30 is a Monday: make every Monday as quiet as this one is.
    quiet = "delete from raw.events where isodow(occurred_at) = 1 and _line % 4 <> 0"
    assert evaluate(spoil(quiet), "raw.events").passed


class TestSince:
    """With `since_load_id`, row rules look at what arrived since."""

    def test_old_rows_are_not_evaluated_again(self, spoil, evaluate):
        path = spoil("update raw.payments set status = 'nonsense'")
        assert evaluate(path, "raw.payments").severity == "error"
        assert evaluate(path, "raw.payments", since_load_id=2).passed

    def test_new_rows_are_evaluated(self, spoil, evaluate):
        path = spoil("insert into raw.payments select * replace ('p2' as payment_id, 2 as _load_id, -1 as amount)"
                     " from raw.payments")  # fmt: skip
        assert [r.expectation for r in evaluate(path, "raw.payments", 2).failures] == [
            "expect_rows_to_keep_the_contract"
        ]

    def test_a_new_row_that_repeats_an_old_key_is_seen(self, spoil, evaluate):
        path = spoil("insert into raw.payments select * replace (2 as _load_id) from raw.payments")
        assert [r.expectation for r in evaluate(path, "raw.payments", 2).failures] == ["expect_key_to_be_unique"]

    def test_a_new_orphan_is_seen(self, spoil, evaluate):
        path = spoil("insert into raw.payments select * replace ('p2' as payment_id, 2 as _load_id, 'x' as customer_id)"
                     " from raw.payments")  # fmt: skip
        assert [r.expectation for r in evaluate(path, "raw.payments", 2).failures] == ["expect_parents_to_exist"]

    def test_a_new_interval_that_overlaps_an_old_one_is_seen(self, spoil, evaluate):
        path = spoil("insert into raw.employees select * replace (date '2025-01-01' as valid_from, 2 as _load_id)"
                     " from raw.employees")  # fmt: skip
        failed = [r.expectation for r in evaluate(path, "raw.employees", 2).failures]
        assert failed == ["expect_intervals_not_to_overlap"]

    def test_quarantine_of_an_earlier_load_is_past(self, spoil, evaluate):
        path = spoil(DEFECTS["a_third_in_quarantine"][1])
        assert evaluate(path, "ops.load_ledger", since_load_id=2).passed


def test_personal_values_are_never_shown(spoil, evaluate):
    path = spoil("update raw.contact_points set value_hash = 'jane.doe@example.com', is_valid = true,"
                 " invalidated_at = ingested_at")  # fmt: skip
    report = evaluate(path, "raw.contact_points")
    assert len(report.failures) == 2
    assert "jane" not in repr(report.expectations)
