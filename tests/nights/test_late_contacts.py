"""Openings and teams that arrive up to sixty days late: daily runs give the same as one load."""

from __future__ import annotations

import shutil
from datetime import date, timedelta

import duckdb
import pytest
from nights.conftest import assert_same

LAST = date(2025, 6, 30)

pytestmark = [pytest.mark.slow, pytest.mark.repetition]
CONTACTS = ["+models/marts/contacts"]


def test_openings_that_arrive_sixty_days_late_change_the_days_they_belong_to(small_company, company, tmp_path):
    raw = tmp_path / "raw"
    shutil.copytree(small_company, raw)
    nightly = company(raw)
    nightly.load()
    nightly.transform(LAST - timedelta(days=1), select=CONTACTS)
    with duckdb.connect(nightly.settings.warehouse, read_only=True) as db:
        unopened = db.execute(
            """
            select contact_id, customer_id, attempted_at
            from core.fct_contacts
            where channel = 'email' and direction = 'outbound' and ineffective_reason = 'no_reaction'
                and attempted_date between date '2025-04-20' and date '2025-05-02'
            order by contact_id limit 2
            """
        ).fetchall()
    assert len(unopened) == 2
    (first, first_customer, first_at), (second, second_customer, second_at) = unopened
    with duckdb.connect(nightly.settings.warehouse, read_only=True) as db:
        (mover, moved_on), (corrected, since) = db.execute(
            """
            select employee_id, min(employees.valid_from)
            from core.fct_contacts inner join core.dim_employees as employees using (employee_id)
            where direction = 'outbound' and attempted_date >= date '2025-05-10'
            group by employee_id having count(distinct employees.valid_from) = 1
            order by count(*) desc, employee_id limit 2
            """
        ).fetchall()
    (raw / "employees" / "late.csv").write_text(
        "employee_id,team,valid_from,ingested_at\n"
        # delivered only now: one employee moved to another team long ago, another was never in the recorded one
        f"{mover},cx,{max(moved_on + timedelta(days=1), date(2025, 5, 10))},2025-06-30 23:00:00\n"
        f"{corrected},marketing,{since},2025-06-30 23:00:00\n"
    )
    (raw / "contacts" / "late.csv").write_text(
        "contact_id,customer_id,direction,channel,attempted_at,opened_at,is_machine_open,ingested_at\n"
        # opened early, but delivered only now
        f"{first},{first_customer},outbound,email,{first_at},{first_at + timedelta(days=1)},false,2025-06-30 23:00:00\n"
        # opened sixty days after it was sent, as far as the day allows
        f"{second},{second_customer},outbound,email,{second_at},"
        f"{min(second_at + timedelta(days=60), second_at.replace(month=6, day=30))},false,2025-06-30 23:00:00\n"
    )
    at_once = company(raw)
    for one in (nightly, at_once):
        one.load()
        tables = one.transform(LAST, select=CONTACTS)
    assert_same(at_once, nightly, tables)
    with duckdb.connect(nightly.settings.warehouse, read_only=True) as db:
        effective = db.execute(
            "select count(*) from core.fct_contacts where contact_id in (?, ?) and effectiveness_rule = 'email_opened'",
            [first, second],
        ).fetchone()
        teams = db.execute(
            "select distinct employee_id, team_code from intermediate.int_contacts__attempts "
            "where employee_id in (?, ?) and attempted_date >= date '2025-05-10' order by all",
            [mover, corrected],
        ).fetchall()
    assert effective == (2,)
    assert sorted(teams) == sorted([(mover, "cx"), (corrected, "marketing")])

    # In the run before the second opening only the first contact was known to be effective.
    nightly.transform(LAST - timedelta(days=30), select=["+fct_contacts"])
    with duckdb.connect(nightly.settings.warehouse, read_only=True) as db:
        known = db.execute(
            "select contact_id from core.fct_contacts where contact_id in (?, ?) and is_effective", [first, second]
        ).fetchall()
    assert known == [(first,)]
