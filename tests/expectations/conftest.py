"""A small warehouse of good rows, made from the contract, and ways to spoil it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from stayhouse.contract import RawTable, contract
from stayhouse.expectations.gates import Gate
from stayhouse.expectations.registry import raw_gates
from stayhouse.expectations.reports import GateReport, Parameters
from stayhouse.expectations.runner import validate

AS_OF = date(2025, 6, 30)
HAPPENED = datetime(2025, 6, 29, 10)
INGESTED = datetime(2025, 6, 30, 23, 30)
LEDGER = """
    create table ops.load_ledger (
        file_id integer, load_id bigint, table_name varchar, file varchar, status varchar, rows_in_file bigint,
        rows_loaded bigint, rows_quarantined bigint, rows_duplicate bigint, rows_superseded bigint,
        event_time_min timestamp, event_time_max timestamp, message varchar, content_hash varchar, bytes bigint
    )
"""
# Where the first value that the contract allows would not go together with the rest of the row.
FITTING = {
    ("contact_points", "value_hash"): "5f2c9a7be31d40aa",
    ("events", "customer_id"): "c1",
    ("survey_responses", "customer_id"): "c1",
    ("survey_responses", "status"): "partial",
    ("survey_answers", "score"): 5,
    ("payments", "amount"): 10,
    ("payments", "currency"): "EUR",
    ("loyalty_ledger", "points"): 10,
    ("idea_votes", "vote"): 1,
    ("changes", "component_code"): "component_code",
    ("feedback_signals", "response_id"): "response_id-1",
    ("incident_customers", "hit_at"): HAPPENED,
    ("compensations", "reason_id"): "reason_id",
}
# Keys of the one good row that other tables refer to.
PARENTS = {"customers": "c1", "employees": "e1", "tickets": "t1", "contacts": "contact_id-1"} | {
    "survey_responses": "response_id-1",
    "survey_invitations": "invitation_id-1",
    "experiments": "experiment_id-1",
    "incidents": "incident_id-1",
    "backlog_items": "item_id-1",
}


def good_row(table: RawTable, number: int = 1) -> dict[str, object]:
    """A row that keeps the contract; `number` distinguishes it from others of the table."""
    row: dict[str, object] = {"_load_id": 1, "_file_id": 1, "_line": number}
    for column in table.columns:
        if (table.name, column.name) in FITTING:
            row[column.name] = FITTING[table.name, column.name]
        elif column.is_ingestion_time:
            row[column.name] = INGESTED
        elif not column.required:
            continue
        elif column.references:
            row[column.name] = PARENTS[column.references[0]]
        elif column.accepted:
            row[column.name] = column.accepted[0]
        elif column.is_moment:
            row[column.name] = HAPPENED
        elif column.data_type == "boolean":
            row[column.name] = False
        elif table.key == (column.name,):
            row[column.name] = f"{column.name}-{number}"
        else:
            row[column.name] = column.name
    if PARENTS.get(table.name) and number == 1:
        row[table.key[0]] = PARENTS[table.name]
    return row


def insert(connection: duckdb.DuckDBPyConnection, table: str, row: dict[str, object]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" for _ in row)
    connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))


def create_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for schema in ("raw", "quarantine", "ops"):
        connection.execute(f"create schema {schema}")
    for table in contract().values():
        columns = ", ".join(
            f'"{column.name}" {"varchar" if column.data_type == "json" else column.data_type}'
            for column in table.columns
        )
        technical = "_load_id bigint, _file_id integer, _line bigint, _extra json"
        connection.execute(f"create table raw.{table.name} ({columns}, {technical})")
        connection.execute(
            f"create table quarantine.{table.name}"
            " (_load_id bigint, _file_id integer, _line bigint, reasons varchar, row json)"
        )
    connection.execute(LEDGER)


def book(connection: duckdb.DuckDBPyConnection) -> None:
    """Writes the ledger that fits the rows in the raw tables."""
    connection.execute("delete from ops.load_ledger")
    for name in contract():
        connection.execute(
            f"""
            insert into ops.load_ledger by name
            select _load_id as load_id, '{name}' as table_name, 1 as file_id, '{name}.csv' as file, 'loaded' as status,
                count(*) as rows_in_file, count(*) as rows_loaded, 0 as rows_quarantined, 0 as rows_duplicate,
                0 as rows_superseded
            from raw.{name} group by _load_id
            """
        )


@pytest.fixture(scope="session")
def good_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warehouse") / "good.duckdb"
    with duckdb.connect(path) as connection:
        create_raw_tables(connection)
        for table in contract().values():
            insert(connection, f"raw.{table.name}", good_row(table))
            if table.has_daily_volume:  # four facts a day, the last one on the evening of the business day
                for number in range(2, 30 * 4 + 2):
                    row = good_row(table, number)
                    row[table.event_time] = datetime(2025, 6, 30, 22) - timedelta(hours=6 * (number - 2))
                    insert(connection, f"raw.{table.name}", row)
        book(connection)
    return path


@pytest.fixture
def warehouse(good_warehouse: Path, tmp_path: Path) -> Path:
    """A copy of the good warehouse, to be spoiled."""
    return Path(shutil.copy(good_warehouse, tmp_path / "spoiled.duckdb"))


@pytest.fixture
def spoil(warehouse: Path) -> Callable[[str], Path]:
    def run(sql: str) -> Path:
        with duckdb.connect(warehouse) as connection:
            connection.execute(sql)
        return warehouse

    return run


def gate_of(table: str) -> Gate:
    return next(gate for gate in raw_gates() if gate.table == table)


@pytest.fixture
def evaluate() -> Callable[..., GateReport]:
    """Evaluates one table of a warehouse."""

    def run(path: Path, table: str, since_load_id: int = 0) -> GateReport:
        (report,) = validate(path, [gate_of(table)], Parameters(AS_OF, since_load_id, "test"))
        return report

    return run


@pytest.fixture
def from_contract() -> tuple[Callable, Callable]:
    """`good_row` and `insert`, for tests that write rows of their own."""
    return good_row, insert
