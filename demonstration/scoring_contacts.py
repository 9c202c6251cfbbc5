"""Detection of planted cases by the contact marts: precision and recall."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

# Planted kind -> the contacts that the marts classify as such. Unplanted contacts that the policy forbids are not
# mistakes, so only purposes with planted violations are compared with the truth.
FOUND = {
    "machine_open": "select contact_id from core.fct_contacts where ineffective_reason = 'machine_open'",
    "after_dnd": "select contact_id from contacts.mart_contact_violations where broken_rule = 'contact_during_dnd'",
    "after_unsubscribe": (
        "select contact_id from contacts.mart_contact_violations where broken_rule = 'unsubscribed_channel'"
    ),
    "after_revocation": "select contact_id from contacts.mart_contact_violations where broken_rule = 'revoked'",
    "without_consent": (
        "select contact_id from contacts.mart_contact_violations where broken_rule in ('no_consent', 'wrong_purpose') "
        "and purpose_code in ('nudge', 'winback', 'sales')"
    ),
    "dnd_evidence": (
        "select flags.evidence_contact_id as contact_id from contacts.mart_dnd_flag_review "
        "inner join core.fct_dnd_flags as flags using (dnd_id) "
        "where evidence_state in ('proven', 'set_by_customer') and flags.evidence_contact_id is not null"
    ),
}


def score(warehouse: Path | duckdb.DuckDBPyConnection, truth: Path) -> list[dict[str, object]]:
    """One row per planted kind: how many were planted and found, precision and recall (None without any).

    `warehouse` is a file, or a connection to it.
    """
    rows: list[dict[str, object]] = []
    with duckdb.connect(warehouse, read_only=True) if isinstance(warehouse, Path) else warehouse.cursor() as db:
        db.execute(
            f"create or replace temp view planted_contacts as from '{truth / 'contacts_planted.parquet'}' "
            "semi join core.dim_customers using (customer_id)"
        )
        for kind, query in FOUND.items():
            planted, found, both = db.execute(
                f"""
                with truth as (select distinct contact_id from planted_contacts where kind = ?),
                found as (select distinct contact_id from ({query}))
                select (select count(*) from truth), (select count(*) from found),
                    (select count(*) from truth inner join found using (contact_id))
                """,
                [kind],
            ).fetchone() or (0, 0, 0)
            rows.append(_row(kind, planted, found, both))
        # Counts customers, not contacts: planted customers are unreachable in every contact.
        planted, found, both = db.execute(
            """
            with truth as (select distinct customer_id from planted_contacts where kind = 'unreachable'),
            found as (select customer_id from contacts.mart_customer_contact_status where is_unreachable)
            select (select count(*) from truth), (select count(*) from found),
                (select count(*) from truth inner join found using (customer_id))
            """
        ).fetchone() or (0, 0, 0)
        rows.append(_row("unreachable", planted, found, both))
        abuser = json.loads((truth / "summary.json").read_text()).get("dnd_abuser")
        suspects = {
            employee
            for (employee,) in db.execute(
                "select employee_id from customer_360.mart_kpi_gaming_audit "
                "where is_suspicious and check_code in ('silenced_customers', 'unproven_flags') "
                "and audit_month = (select max(audit_month) from customer_360.mart_kpi_gaming_audit)"
            ).fetchall()
        }
        rows.append(_row("dnd_abuser", 1, len(suspects), len(suspects & {abuser})))
    return rows


def _row(kind: str, planted: int, found: int, both: int) -> dict[str, object]:
    return {
        "planted": kind,
        "planted_count": planted,
        "found_count": found,
        "both_count": both,
        "precision": both / found if found else None,
        "recall": both / planted if planted else None,
    }


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m stayhouse.demonstration.scoring_contacts WAREHOUSE TRUTH_FOLDER")
    for line in score(Path(sys.argv[1]), Path(sys.argv[2])):
        print(line)
