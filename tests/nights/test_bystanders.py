"""Test accounts are bystanders: twice as many customers, the second half of them test accounts, change no figure.

Nothing is computed again: every mart must have the rows that it has without them. A model that reads a fact and forgets
that test accounts do not count has other rows.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from nights.conftest import LAST

from stayhouse.contract import contract

pytestmark = [pytest.mark.slow, pytest.mark.repetition]

# Of all customers together, or of nobody: a test account has no copy of them.
SHARED = {"employees", "employee_kpis", "changes", "incidents", "experiments", "backlog_items"}

ABOUT_DELIVERIES = {
    "quality.mart_raw_accounting": "it counts the rows of the files",
    "quality.mart_observation_starts": "it counts the rows of the sources",
    "quality.mart_event_taxonomy_health": "events are checked as they come",
    "metrics.mart_daily_anomalies": "its series `events` counts events as they come",
}
"""Marts about what is delivered, by any account."""


def _copied(name: str, kind: str) -> str:
    """SQL of a column in the copy. Identifiers of the demonstration that belong to a customer have five digits or more."""
    if name.endswith("_hash"):
        return f"{name} || 'x'"
    if kind != "VARCHAR":
        return name
    return f"regexp_replace({name}, '^([a-z][0-9]{{5,}})', '\\1x')"


def _with_test_accounts(landing: Path, out: Path) -> Path:
    """A landing folder with every customer twice, the second time as a test account with the same history."""
    with duckdb.connect() as db:
        db.execute("set threads = 1")
        for table in contract().values():
            if not list((landing / table.name).glob("*/*.parquet")):
                continue
            files = (
                f"read_parquet('{landing / table.name}/*/*.parquet', union_by_name = true, hive_partitioning = true)"
            )
            columns = db.execute(f"describe from {files}").fetchall()
            copied = ", ".join(
                "true as is_test" if name == "is_test" else f"{_copied(name, kind)} as {name}"
                for name, kind, *_ in columns
            )
            of_somebody = "customer_id is not null" if any(name == "customer_id" for name, *_ in columns) else "true"
            if table.name in SHARED:
                of_somebody = "false"
            db.execute(
                f"""
                copy (from {files} union all select {copied} from {files} where {of_somebody})
                to '{out / table.name}' (format parquet, partition_by (dt))
                """
            )
    return out


def test_test_accounts_change_no_figure(small_company, straight, company, tmp_path):
    """Customers whom an employee gave away were chances of a hit in mart_kpi_gaming_audit, test accounts among them."""
    (tmp_path / "raw").mkdir()
    doubled = company(_with_test_accounts(small_company, tmp_path / "raw"))
    doubled.load()
    doubled.transform(LAST)
    marts = sorted(
        f"{node.schema}.{node.name}"
        for node in doubled.session.parse().nodes.values()
        if node.resource_type == "model" and node.fqn[1] == "marts"
    )
    assert len(marts) > 100
    different = set()
    with duckdb.connect(doubled.settings.warehouse, read_only=True) as db:
        added = "from raw.customers select count(*), count(*) filter (is_test and customer_id like '%x')"
        customers, of_tests = db.execute(added).fetchone()
        db.execute(f"attach '{straight.settings.warehouse}' as before (read_only)")
        for mart in marts:
            lost, new = (
                db.execute(f"select count(*) from (from {one} except all from {other})").fetchone()[0]
                for one, other in ((f"before.{mart}", mart), (mart, f"before.{mart}"))
            )
            if lost or new:
                different.add(mart)
    assert 2 * of_tests == customers
    assert different == set(ABOUT_DELIVERIES)
