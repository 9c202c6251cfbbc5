"""Guarantees: order of loading, re-runs and daily incremental runs never change a number.

Marts are compared where runs are in order and repeated. What only an incremental run could get wrong is compared in
core, the only layer that continues from the last run; repetitions compare the marts there too.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from nights.conftest import LAST, assert_same

from stayhouse.demonstration.saas import POLICY_FOLDER
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy

pytestmark = [pytest.mark.slow, pytest.mark.longest]
repetition = pytest.mark.repetition

# Everything that the key actions decide in core, and the marts that show it.
ACTIVATION = ["+models/marts/activation", "key_actions+,path:models/core"]
# How much a run builds, by the method of the company that does it.
LAYERS = pytest.mark.parametrize("layers", ["core_tables", pytest.param("transform", marks=repetition)])


def test_only_core_continues_from_the_last_run(dbt_session):
    """Otherwise a promise that is tested in core would say nothing about the marts."""
    manifest = dbt_session.parse()
    macros = {f"macro.stayhouse.{name}" for name in ("is_incremental_run", "model_watermark", "rows_to_build")}
    layers = {
        node.fqn[1]
        for node in manifest.nodes.values()
        if node.resource_type == "model" and macros & set(node.depends_on.macros)
    }
    assert layers == {"core"}


def scatter(source: Path, target: Path, seed: int) -> list[Path]:
    """Writes the rows of every table again, shuffled, split into files of every format; returns the files."""
    chance = random.Random(seed)
    written = []
    with duckdb.connect() as db:
        for table in sorted(source.iterdir()):
            rows = f"read_parquet('{table}/*/*.parquet', union_by_name = true, hive_partitioning = false)"
            parts = chance.randint(1, 4)
            for part in range(parts):
                kind = chance.choice(["parquet", "csv", "jsonl"])
                path = target / table.name / f"part-{part}.{kind}"
                path.parent.mkdir(parents=True, exist_ok=True)
                options = {"parquet": "format parquet", "csv": "format csv, header", "jsonl": "format json"}[kind]
                db.execute(
                    f"copy (select * from {rows} as t where hash(to_json(t)) % {parts} = {part} "
                    f"order by hash(to_json(t), {chance.randint(1, 10**6)})) to '{path}' ({options})"
                )
                written.append(path)
    return written


@pytest.mark.parametrize("seed", [2, pytest.param(1, marks=repetition)])
def test_any_order_and_split_of_the_rows_gives_the_same_marts(small_company, straight, company, tmp_path, seed):
    """A later start of the records once left months of customers who did not change: the order of seed 2 moves it."""
    everything = tmp_path / "everything"
    files = scatter(small_company, everything, seed)
    random.Random(seed).shuffle(files)
    pieces = tmp_path / "raw"
    scattered = company(pieces)
    third = len(files) // 3
    for number, batch in enumerate([files[:third], files[third : 2 * third], files[2 * third :]]):
        for file in batch:
            place = pieces / file.relative_to(everything)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        if number == 0 and not (pieces / "customers").exists():
            # The one required table must have a file; its other files may come at any time.
            first = next(f for f in files if f.parent.name == "customers")
            (pieces / "customers").mkdir()
            shutil.copyfile(first, pieces / "customers" / first.name)
        scattered.load()
        if number == 1:
            # In between, a run on the part that is loaded: the last run must correct what it could not know.
            scattered.core_tables(LAST - timedelta(days=10))
    tables = scattered.core_tables(LAST)
    assert_same(straight, scattered, tables)


@LAYERS
def test_running_a_day_again_changes_nothing(small_company, straight, company, layers):
    again = company(small_company, straight)
    again.load()
    tables = getattr(again, layers)(LAST)
    assert_same(straight, again, tables)


@repetition
def test_days_one_by_one_equal_all_at_once(small_company, straight, company, tmp_path):
    raw = tmp_path / "raw"
    nightly = company(raw)
    for days in (2, 0):
        as_of = LAST - timedelta(days=days)
        for part in small_company.glob("*/dt=*"):
            place = raw / part.parent.name / part.name
            if part.name <= f"dt={as_of}" and not place.exists():
                shutil.copytree(part, place)
        nightly.load()
        nightly.core_tables(as_of)
    for part in small_company.glob("*/dt=*"):
        # Rows that arrived after the last run are left out, as in the company that got them all at once.
        place = raw / part.parent.name / part.name
        if not place.exists():
            shutil.copytree(part, place)
    nightly.load()
    tables = nightly.core_tables(LAST)
    assert_same(straight, nightly, tables)


@LAYERS
def test_going_back_to_an_earlier_day_and_forward_again(small_company, straight, company, layers):
    earlier = LAST - timedelta(days=20)
    back, refreshed = company(small_company, straight), company(small_company, straight)
    tables = getattr(back, layers)(earlier)
    getattr(refreshed, layers)(earlier, full_refresh=True)
    assert_same(refreshed, back, tables)
    # and forward again, over days loaded before
    getattr(back, layers)(LAST)
    assert_same(straight, back, tables)


@repetition
def test_going_back_and_forward_follows_the_days_of_the_business(small_company, company, dbt_session):
    """An owner assigned in the UTC evening of April 30 belongs to May 1 in Tokyo; a run that continued from April 30 left
    the owner out, because its change sources kept the zone that the project had been parsed with."""
    nightly, at_once = company(small_company), company(small_company)
    for one in (nightly, at_once):
        one.settings = replace(one.settings, business_timezone="Asia/Tokyo")
        # A session of its own: that of the other tests keeps their zone.
        one.session = DbtSession(one.settings, dbt_session.seeds)
        one.load()
    converting = [
        f"+{node.name}"
        for node in dbt_session.parse().nodes.values()
        if any("as_of_moment" in source for source in node.config.get("change_sources") or [])
    ]
    assert {"+dim_customer_owners", "+customer_registrations", "+fct_contacts"} <= set(converting)
    nightly.transform(date(2025, 4, 30), select=converting)
    tables = nightly.transform(LAST, select=converting)
    at_once.transform(LAST, select=converting)
    assert_same(at_once, nightly, tables)


def test_a_changed_policy_and_windows_that_pass(straight, company, tmp_path):
    # Key actions with a window stay open until it has passed, with or without new rows; no action in the policy of the
    # other tests has one. The runs continue from a warehouse that was built with that other policy.
    policy = Path(shutil.copytree(POLICY_FOLDER, tmp_path / "policy"))
    actions = (policy / "key_actions.csv").read_text()
    actions = actions.replace(",contacts,1,,", ",contacts,1,60,").replace(",forms,1,,", ",forms,1,60,")
    (policy / "key_actions.csv").write_text(actions)
    nightly, refreshed = (company(straight.settings.raw, straight) for _ in range(2))
    settings = replace(nightly.settings, policy=policy)
    session = DbtSession(settings, prepare_policy(settings)[0])
    for one in (nightly, refreshed):
        one.settings = replace(settings, warehouse=one.settings.warehouse)
        one.session = session
    earlier = LAST - timedelta(days=10)
    nightly.transform(earlier, select=ACTIVATION)
    with duckdb.connect(nightly.settings.warehouse, read_only=True) as db:
        passing = db.execute(
            f"""select customer_id, key_action_code from activation.mart_activation_actions
            inner join core.dim_customers using (customer_id)
            where is_next_action and key_action_code in ('import_contacts', 'add_form')
            and registered_date + 60 between date '{earlier}' and date '{LAST}' - 1
            and customer_id not in (select customer_id from core.fct_component_usage_daily where usage_date > date '{earlier}')"""
        ).fetchall()
    assert passing
    tables = nightly.transform(LAST, select=ACTIVATION)
    refreshed.transform(LAST, full_refresh=True, select=ACTIVATION)
    with duckdb.connect(nightly.settings.warehouse, read_only=True) as db:
        proposed = db.execute(
            "select customer_id, key_action_code from activation.mart_activation_actions where is_next_action"
        ).fetchall()
    assert not set(passing) & set(proposed)
    assert_same(refreshed, nightly, tables)


def late_and_moved_events(straight, raw: Path) -> None:
    with duckdb.connect(straight.settings.warehouse, read_only=True) as db:
        event_id, customer_id = db.execute(
            "select event_id, customer_id from raw.events where event_name = 'mailing_sent' and customer_id is not null "
            "order by event_id limit 1"
        ).fetchone()
    (raw / "events" / "late.csv").write_text(
        "event_id,customer_id,event_name,occurred_at,source,ingested_at\n"
        # 200 days late, before everything loaded so far
        f"late-1,{customer_id},mailing_sent,2024-12-12 10:00:00,app,2025-06-30 23:00:00\n"
        # a known event moves to another day and becomes another event
        f"{event_id},{customer_id},report_exported,2025-05-05 10:00:00,web,2025-06-30 23:30:00\n"
        # and an event with a future version of its own
        f"late-2,{customer_id},form_published,2025-06-01 10:00:00,app,2025-06-30 23:00:00\n"
    )


def changed_accounts(straight, raw: Path, back: bool = False) -> None:
    """One customer becomes a test account, another registered later than known before, so that earlier events no longer
    count for activation; with `back` both become again what they were."""
    name, ingested_at = ("changed-back", "2025-06-30 23:45:00") if back else ("changed", "2025-06-30 23:00:00")
    with duckdb.connect(straight.settings.warehouse, read_only=True) as db:
        found = db.execute("select customer_id from raw.customers where not is_test order by 1 limit 2").fetchall()
        first, second = (customer_id for (customer_id,) in found)
        moved = {
            name: name if back else f"if(customer_id = '{second}', timestamp '2025-06-15', {name})"
            # Otherwise the row would be quarantined: nobody completes an account before registering.
            for name in ("registered_at", "account_completed_at")
        }
        db.execute(
            f"""copy (select * exclude (_extra, _load_id, _file_id, _line) replace (
                    timestamp '{ingested_at}' as ingested_at,
                    {moved["registered_at"]} as registered_at, {moved["account_completed_at"]} as account_completed_at,
                    {"is_test" if back else f"customer_id = '{first}'"} as is_test)
                from raw.customers where customer_id in ('{first}', '{second}'))
            to '{raw}/customers/{name}.parquet'"""
        )


def corrected_files(straight, raw: Path) -> None:
    """Files are delivered again with the same ingestion times: values differ, rows are missing, one customer in all."""
    with duckdb.connect(straight.settings.warehouse, read_only=True) as db:
        (withdrawn,) = db.execute(
            "select customer_id from raw.customers where not is_test order by customer_id desc limit 1"
        ).fetchone()
    with duckdb.connect() as db:

        def rewrite(path: Path, query: str) -> None:
            db.execute(f"create or replace table t as {query.format(path=path)}")
            db.execute(f"copy t to '{path}'")

        for path in sorted((raw / "customers").rglob("*.parquet")):
            if db.execute(f"select 1 from '{path}' where customer_id = '{withdrawn}'").fetchone():
                rewrite(path, f"from '{{path}}' where customer_id <> '{withdrawn}'")
        for table in ("contacts", "payments", "subscription_periods", "customer_segments", "customer_owners"):
            path = max((raw / table).rglob("*.parquet"), key=lambda file: (file.stat().st_size, file))
            rewrite(
                path, "select * exclude (n) from (select *, row_number() over () as n from '{path}') where n % 4 <> 1"
            )
        path = max((raw / "events").rglob("*.parquet"), key=lambda file: (file.stat().st_size, file))
        rewrite(
            path,
            "select * exclude (n) replace (quantity + 1 as quantity) "
            "from (select *, row_number() over () as n from '{path}') where n % 3 <> 0",
        )


@LAYERS
def test_late_rows_and_rows_that_move_change_their_own_days(small_company, straight, company, tmp_path, layers):
    raw = tmp_path / "raw"
    shutil.copytree(small_company, raw)
    for deliver in (late_and_moved_events, changed_accounts, corrected_files):
        deliver(straight, raw)
    changed, fresh = company(raw, straight), company(raw)
    for one in (changed, fresh):
        one.load()
        tables = getattr(one, layers)(LAST)
    assert_same(fresh, changed, tables)
    with duckdb.connect() as db:
        for side, one in (("now", changed), ("before", straight)):
            db.execute(f"attach '{one.settings.warehouse}' as {side} (read_only)")
        moved = db.execute("from now.core.dim_customers except from before.core.dim_customers").fetchall()
        used = db.execute(
            "from now.core.fct_component_usage_daily except from before.core.fct_component_usage_daily"
        ).fetchall()
        withdrawn = db.execute("from before.core.fct_contacts except from now.core.fct_contacts").fetchall()
    assert moved
    assert used
    assert withdrawn


@repetition
def test_a_customer_who_becomes_a_test_account_and_back(small_company, straight, company, tmp_path):
    raw = tmp_path / "raw"
    shutil.copytree(small_company, raw)
    changed = company(raw, straight)
    for back in (False, True):
        changed_accounts(straight, raw, back)
        changed.load()
        tables = changed.core_tables(LAST)
    # Nothing of it remains: the tables are as before.
    assert_same(straight, changed, tables)
