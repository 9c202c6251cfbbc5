"""The promises of design and issue: order of loading, re-runs and night-by-night building never change a number."""

from __future__ import annotations

import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from nights.conftest import assert_same

LAST = date(2025, 6, 30)

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_and_split_of_the_rows_gives_the_same_marts(small_company, company, tmp_path, seed):
    straight = company(small_company)
    straight.night(LAST)
    everything = tmp_path / "everything"
    files = scatter(small_company, everything, seed)
    random.Random(seed).shuffle(files)
    pieces = tmp_path / "raw"
    scattered = company(pieces)
    cut = len(files) // 3
    for number, batch in enumerate([files[:cut], files[cut : 2 * cut], files[2 * cut :]]):
        for file in batch:
            place = pieces / file.relative_to(everything)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        if number == 0 and not (pieces / "customers").exists():
            # The one required table must have a file; the rest of it may come at any time.
            first = next(f for f in files if f.parent.name == "customers")
            (pieces / "customers").mkdir()
            shutil.copyfile(first, pieces / "customers" / first.name)
        scattered.load()
        if number:
            # In between, a night on the part that is there: the last one must mend what it could not know.
            scattered.transform(LAST - timedelta(days=10))
    scattered.transform(LAST)
    assert_same(straight, scattered)


def test_a_night_run_twice_changes_nothing(small_company, company):
    once, twice = company(small_company), company(small_company)
    once.night(LAST)
    twice.night(LAST)
    twice.night(LAST)
    assert_same(once, twice)


def test_nights_one_by_one_equal_one_full_refresh(small_company, company, tmp_path):
    raw = tmp_path / "raw"
    nightly = company(raw)
    first = LAST - timedelta(days=6)
    for number in range(7):
        as_of = first + timedelta(days=number)
        for part in small_company.glob("*/dt=*"):
            place = raw / part.parent.name / part.name
            if part.name <= f"dt={as_of}" and not place.exists():
                shutil.copytree(part, place)
        nightly.night(as_of)
    # Rows that arrived after the last night belong to neither.
    at_once = company(raw)
    at_once.night(LAST)
    assert_same(at_once, nightly)
    nightly.transform(LAST, full_refresh=True)
    assert_same(at_once, nightly)


def test_going_back_to_an_earlier_night_gives_that_night(small_company, company):
    earlier = LAST - timedelta(days=20)
    back, straight = company(small_company), company(small_company)
    back.night(LAST)
    back.transform(earlier)
    straight.night(earlier)
    assert_same(straight, back)
    # and forward again, over days that were loaded before
    back.transform(LAST)
    straight.transform(LAST, full_refresh=True)
    assert_same(straight, back)


def test_a_row_200_days_late_and_a_row_that_moves_change_their_own_days(small_company, company, tmp_path):
    raw = tmp_path / "raw"
    shutil.copytree(small_company, raw)
    changed = company(raw)
    changed.night(LAST)
    with duckdb.connect(changed.settings.warehouse, read_only=True) as db:
        event_id, customer_id = db.execute(
            "select event_id, customer_id from raw.events where event_name = 'mailing_sent' and customer_id is not null "
            "order by event_id limit 1"
        ).fetchone()
    late = raw / "events" / "late.csv"
    late.write_text(
        "event_id,customer_id,event_name,occurred_at,source,ingested_at\n"
        # 200 days late, before everything that is there
        f"late-1,{customer_id},mailing_sent,2024-12-12 10:00:00,app,2025-06-30 23:00:00\n"
        # an event that is known moves to another day and becomes something else
        f"{event_id},{customer_id},report_exported,2025-05-05 10:00:00,web,2025-06-30 23:30:00\n"
        # and an event with a future version of its own
        f"late-2,{customer_id},form_published,2025-06-01 10:00:00,app,2025-06-30 23:00:00\n"
    )
    changed.night(LAST)
    fresh = company(raw)
    fresh.night(LAST)
    assert_same(fresh, changed)


def test_a_customer_who_becomes_a_test_account_and_back(small_company, company, tmp_path):
    raw = tmp_path / "raw"
    shutil.copytree(small_company, raw)
    changed = company(raw)
    changed.night(LAST)
    with duckdb.connect(changed.settings.warehouse, read_only=True) as db:
        customers = db.execute(
            "select customer_id, registered_at from raw.customers where not is_test order by 1 limit 2"
        ).fetchall()
    lines = ["customer_id,registered_at,is_test,ingested_at"]
    lines += [f"{customers[0][0]},{customers[0][1]},true,2025-06-30 23:00:00"]
    # registered later than thought: events before no longer count for activation
    lines += [f"{customers[1][0]},2025-06-15 00:00:00,false,2025-06-30 23:00:00"]
    (raw / "customers" / "changed.csv").write_text("\n".join(lines) + "\n")
    changed.night(LAST)
    fresh = company(raw)
    fresh.night(LAST)
    assert_same(fresh, changed)
    (raw / "customers" / "changed-back.csv").write_text(
        f"{lines[0]}\n{customers[0][0]},{customers[0][1]},false,2025-06-30 23:45:00\n"
    )
    changed.night(LAST)
    fresh = company(raw)
    fresh.night(LAST)
    assert_same(fresh, changed)
