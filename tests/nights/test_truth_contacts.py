"""What the generator planted about contacts is what the ledger finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import pytest
from nights.conftest import Company

from demonstration.scoring_contacts import score

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def marts(small_company, dbt_session, tmp_path_factory):
    folder = tmp_path_factory.mktemp("truth_contacts")
    settings = replace(dbt_session.settings, raw=small_company, warehouse=folder / "stayhouse.duckdb")
    Company(settings, dbt_session).night(date(2025, 6, 30))
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        truth = small_company.parent / "truth" / "contacts_planted.parquet"
        db.execute(f"create temp view planted as from '{truth}' semi join core.dim_customers using (customer_id)")
        yield db


def test_machine_openings_are_never_effective(marts):
    planted, reasons = marts.execute(
        """
        select count(*), list(distinct ineffective_reason)
        from planted
        left join core.fct_contacts using (contact_id)
        where kind = 'machine_open'
        """
    ).fetchone()
    assert planted > 0
    assert reasons == ["machine_open"]


def test_nothing_else_is_called_a_machine_opening(marts):
    (others,) = marts.execute(
        """
        select count(*)
        from core.fct_contacts
        where ineffective_reason = 'machine_open'
            and contact_id not in (select contact_id from planted where kind = 'machine_open')
        """
    ).fetchone()
    assert others == 0


def test_planted_violations_are_found_and_no_others(marts, small_company):
    kinds = {"machine_open", "after_dnd", "after_unsubscribe", "after_revocation", "without_consent", "dnd_evidence"}
    found = {row["planted"]: row for row in score(marts, small_company.parent / "truth")}
    seen = {kind for kind in kinds if found[kind]["planted_count"]}
    assert len(seen) >= 3
    for kind in kinds:
        assert found[kind]["planted_count"] == found[kind]["found_count"] == found[kind]["both_count"], found[kind]
