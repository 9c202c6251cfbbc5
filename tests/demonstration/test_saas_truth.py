"""The truth folder agrees with the landing folder."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from stayhouse.contract import contract
from stayhouse.demonstration.saas import POLICY_FOLDER, generate, policy
from stayhouse.demonstration.saas.population import NAMES, NEVER_KINDS

# They need nothing of dbt: other workers begin when one has parsed the project.
pytestmark = [pytest.mark.slow, pytest.mark.longest]

DAYS = 240


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """A small company: the report and a connection with the tables that the tests ask for."""
    out = tmp_path_factory.mktemp("saas")
    report = generate(out, customers=500, days=DAYS, seed=11)
    con = duckdb.connect()
    for table in contract().values():
        con.execute(
            f"create table {table.name} as select * from read_parquet('{out}/landing/{table.name}/*/*.parquet') "
            f"qualify row_number() over (partition by {', '.join(table.key)} order by {table.newer_by} desc) = 1"
        )
    for name in ("customers", "key_actions", "contacts_planted"):
        con.execute(f"create table truth_{name} as from '{out}/truth/{name}.parquet'")
    con.execute(
        "create table use as select customer_id, occurred_at, occurred_at::date as day, event_name from events "
        f"join (select * from '{POLICY_FOLDER}/event_catalogue.csv' where is_usage) using (event_name)"
    )
    return report, con


def ask(con: duckdb.DuckDBPyConnection, sql: str):
    return con.execute(sql).fetchall()


def one(con: duckdb.DuckDBPyConnection, sql: str):
    return con.execute(sql).fetchone()[0]


def fingerprint(folder: Path) -> dict[str, str]:
    """Hash of every file below the folder, by relative path."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_the_same_arguments_give_the_same_files(tmp_path):
    for name in ("a", "b"):
        generate(tmp_path / name, customers=50, days=60, seed=5, dirty=True)
    generate(tmp_path / "c", customers=50, days=60, seed=6)
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b")
    assert fingerprint(tmp_path / "a" / "landing" / "events") != fingerprint(tmp_path / "c" / "landing" / "events")


def test_a_second_run_replaces_the_first(tmp_path):
    generate(tmp_path, customers=60, days=80, seed=5)
    generate(tmp_path, customers=60, days=70, seed=5)
    assert not list((tmp_path / "landing" / "events").glob("dt=2025-04-1*"))


@pytest.mark.parametrize(("customers", "days"), [(39, 100), (100, 59)])
def test_a_company_too_small_is_refused(tmp_path, customers, days):
    with pytest.raises(ValueError, match="at least 40 customers and 60 days"):
        generate(tmp_path, customers=customers, days=days)


def test_rows_grow_with_customers_and_with_the_wanted_volume(tmp_path):
    heard: list[float] = []
    small = generate(tmp_path / "s", customers=100, days=90, progress=lambda message, share: heard.append(share))
    large = generate(tmp_path / "l", customers=300, days=90)
    assert all(large.rows[name] > small.rows[name] * 1.5 for name in ("events", "contacts", "payments", "customers"))
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    for wanted in (20, 200):
        report = generate(tmp_path / "w", customers=300, days=90, events_per_customer=wanted)
        assert report.rows["events"] / 300 == pytest.approx(wanted, rel=0.25)


def test_the_report_and_the_summary_count_what_is_there(pack):
    report, con = pack
    summary = json.loads((report.truth / "summary.json").read_text())
    assert (report.first_day, report.last_day) == (date(2024, 11, 3), date(2025, 6, 30))
    for name in contract():
        files = f"read_parquet('{report.raw}/{name}/*/*.parquet')"
        assert report.rows[name] == one(con, f"select count(*) from {files}") == summary["tables"][name]["rows"]
        assert summary["tables"][name]["distinct_keys"] == one(con, f"select count(*) from {name}")
    assert report.planted == summary["planted"]


def test_every_archetype_is_there(pack):
    _, con = pack
    assert {name for (name,) in ask(con, "select distinct archetype from truth_customers")} == set(NAMES)
    kinds = ask(con, "select distinct never_activates_kind from truth_customers where never_activates_kind is not null")
    assert {name for (name,) in kinds} == set(NEVER_KINDS)
    assert one(con, "select count(*) from truth_customers") == one(con, "select count(*) from customers") == 500


def test_planted_key_actions_are_in_the_events(pack):
    """The moment of the last required event of every key action is the one in the truth."""
    _, con = pack
    customers = ask(
        con,
        "select t.customer_id, registered_at::date, segment_code, activation, activated_at, never_activates_kind "
        "from truth_customers t left join (select customer_id, arg_min(segment_code, valid_from) as segment_code "
        "from customer_segments where scheme = 'usage' group by all) using (customer_id) where registered_at::date >= "
        f"date '2025-06-30' - {DAYS - 1}",
    )
    events: dict[str, list] = {}
    for customer, name, at in ask(con, "select customer_id, event_name, occurred_at from events order by occurred_at"):
        events.setdefault(customer, []).append((name, at))
    rows = ask(con, "select customer_id, key_action_code, done_at from truth_key_actions where is_required")
    planned = {(customer, action): at for customer, action, at in rows}
    activated = 0
    for customer, registered, segment, activation, activated_at, kind in customers:
        done = {}
        for action in policy.key_actions(segment or "", registered):
            if action.is_required:
                hits = [at for name, at in events.get(customer, []) if name in action.events]
                done[action.code] = hits[action.count - 1] if len(hits) >= action.count else None
        assert {code: at for code, at in done.items() if at} == {
            code: planned[customer, code] for code in done if (customer, code) in planned
        }
        is_activated = all(done.values())
        assert is_activated == (activation == "planted")
        if is_activated:
            assert max(done.values()) == activated_at
            assert kind is None
        activated += is_activated
    assert activated > 100


def test_those_who_only_look_do_nothing(pack):
    _, con = pack
    assert one(con, "select count(*) from truth_customers join use using (customer_id) "
                    "where never_activates_kind in ('views_only', 'nothing')") == 0  # fmt: skip
    viewers = "truth_customers where never_activates_kind = 'views_only' and not registered_before_data"
    views = "('hint_shown', 'help_article_viewed', 'video_watched', 'report_opened')"
    assert one(con, f"select count(distinct customer_id) from events where event_name in {views} "
                    f"and customer_id in (select customer_id from {viewers})") > 5  # fmt: skip


def test_decliners_vanishers_and_reactivators_behave_as_planted(pack):
    _, con = pack
    declined = one(
        con,
        "with days as (select customer_id, decline_from, least(coalesce(gave_up_on, date '2025-07-01'), "
        "date '2025-07-01') as stop, u.day from truth_customers join (select distinct customer_id, day from use) u "
        "using (customer_id) where archetype = 'decliner') "
        "select sum((day >= decline_from + 30 and day < stop)::int) / sum((day < decline_from)::int) from days",
    )
    assert declined < 0.35
    gone = "truth_customers t join events e using (customer_id) where e.occurred_at::date >= vanish_on"
    assert one(con, f"select count(*) from {gone} and archetype in ('vanisher', 'exporter', 'deleted')") == 0
    assert (
        one(con, f"select count(*) from {gone} and archetype = 'reactivator' and e.occurred_at::date < returned_on")
        == 0
    )
    assert one(con, f"select count(distinct customer_id) from {gone} and archetype = 'reactivator'") >= 10
    still = "truth_customers t join use using (customer_id) where archetype = 'vanisher' and day < vanish_on"
    assert one(con, f"select count(distinct customer_id) from {still}") > 20


def test_sharers_exporters_and_erased_accounts_stand_out(pack):
    _, con = pack

    def by_archetype(measure: str, per_customer: str) -> dict[str, float]:
        joined = f"truth_customers join (select customer_id, {per_customer} group by all) using (customer_id)"
        return dict(ask(con, f"select archetype, {measure} from {joined} group by all"))

    devices = by_archetype("median(n)", "count(distinct device_id) as n from events")
    assert devices["sharer"] > 3 * devices["steady"]
    exports = by_archetype("max(n)", "count(*) as n from events where event_name = 'bulk_export'")
    assert exports["exporter"] >= 15 > exports["steady"]
    assert one(con, "select count(*) from customers where deleted_at is not null and (birth_date is not null "
                    "or city is not null)") == 0  # fmt: skip
    assert one(con, "select count(*) from customers where deleted_at is not null") >= 1
    assert one(con, "select count(*) from customers where is_test") == one(
        con, "select count(*) from truth_customers where archetype = 'test'"
    )


def test_planted_contacts_are_what_they_are_called(pack):
    _, con = pack
    planted = "truth_contacts_planted p join contacts c using (contact_id)"
    for kind, condition in {
        "after_dnd": "exists (select 1 from dnd_flags d where d.customer_id = c.customer_id and c.attempted_at >= "
        "d.valid_from and (d.valid_to is null or c.attempted_at < d.valid_to)) and direction = 'outbound'",
        "after_unsubscribe": "(select arg_max(action, occurred_at) from consent_events e where e.customer_id = "
        "c.customer_id and e.channel = 'email' and e.occurred_at <= c.attempted_at) = 'unsubscribed'",
        "after_revocation": "exists (select 1 from consent_events e where e.customer_id = c.customer_id and "
        "e.action = 'revoked' and e.occurred_at <= c.attempted_at)",
        "without_consent": "not exists (select 1 from consent_events e where e.customer_id = c.customer_id "
        "and e.purpose = 'marketing')",
        "machine_open": "is_machine_open and clicked_at is null",
        "dnd_evidence": "contact_id in (select evidence_contact_id from dnd_flags)",
        "unreachable": "direction = 'outbound' and coalesce(case when not is_machine_open then opened_at end, "
        "clicked_at, answered_at, replied_at, held_at) is null",
    }.items():
        count, fits = ask(
            con, f"select count(*), count(*) filter ({condition}) from {planted} where p.kind = '{kind}'"
        )[0]
        assert count == fits, kind
        assert count > 0, kind


def test_one_employee_abuses_the_flag(pack):
    report, con = pack
    abuser = json.loads((report.truth / "summary.json").read_text())["dnd_abuser"]
    setters = ask(con, "select set_by_employee_id, count(*) from dnd_flags where not is_customer_request "
                       "and evidence_contact_id is null group by all order by 2 desc")  # fmt: skip
    assert setters[0][0] == abuser
    assert setters[0][1] == report.planted["dnd_flags_by_abuser"]


def test_unhappy_customers_say_so(pack):
    _, con = pack
    answers = "survey_answers join survey_responses using (response_id) join truth_customers using (customer_id)"
    nps = dict(ask(con, f"select archetype, avg(score) from {answers} where question_code = 'nps' group by all"))
    assert nps["grower"] > nps["steady"] > nps["vanisher"]
    asked, answered = one(con, "select count(*) from survey_invitations"), one(
        con, "select count(distinct invitation_id) from survey_responses"
    )  # fmt: skip
    assert 0.15 < answered / asked < 0.45


def test_some_events_are_late_and_some_nameless(pack):
    report, con = pack
    total = report.rows["events"]
    late = one(con, "select count(*) from events where ingested_at > occurred_at + interval 1 day")
    assert late == report.planted["late_events"] > 0.002 * total
    nameless = one(con, "select count(*) from events where customer_id is null and anonymous_id is not null")
    assert nameless == report.planted["anonymous_events"] == pytest.approx(0.01 * total, rel=0.1)
