"""The counts of broken rows are right, and every broken row breaks exactly one rule."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from stayhouse.contract import Column, RawTable, contract
from stayhouse.demonstration.saas import generate

pytestmark = pytest.mark.slow

TABLES = contract()


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dirty")
    generate(out, customers=300, days=90, seed=9, dirty=True)
    return out


@pytest.fixture(scope="module")
def con(pack) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for name in TABLES:
        con.execute(f"create table {name} as select * from read_parquet('{pack}/landing/{name}/*/part-*.parquet', "
                    "hive_partitioning = false)")  # fmt: skip
    return con


def folder(pack: Path, table: RawTable) -> Path:
    return pack / "landing" / table.name / "dt=2025-06-30"


def typed(column: Column, text: str):
    """The value of a cell, ValueError when it has another type."""
    if column.data_type == "timestamp":
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    if column.data_type == "date":
        return datetime.strptime(text, "%Y-%m-%d")
    if column.data_type == "boolean":
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"
    if column.data_type in ("integer", "bigint"):
        return int(text)
    return float(text) if column.data_type in ("double", "decimal(18,2)", "decimal(18,6)") else text


def faults(table: RawTable, row: dict[str, str], known: dict[str, set[str]]) -> list[str]:
    """Kinds of the rules that a row breaks."""
    found, values = [], {}
    for column in table.columns:
        text = row[column.name]
        if text == "":
            found += ["missing_value"] * column.must_arrive
            continue
        try:
            value = values[column.name] = typed(column, text)
        except ValueError:
            found.append("wrong_type")
            continue
        if column.accepted and text not in column.accepted:
            found.append("not_allowed")
        if column.minimum is not None and value < column.minimum:
            found.append("out_of_range")
        if column.quarantines_orphans and text not in known[column.references[0]]:
            found.append("orphan")
        if column.is_moment and value < datetime.fromisoformat(column.earliest):
            found.append("implausible_time")
    written = values[table.newer_by]
    for column in table.columns:
        value = values.get(column.name)
        if column.is_moment and not column.may_be_future and value and value > written + timedelta(minutes=5):
            found.append("in_future")
        start = values.get(column.not_before) if column.not_before else None
        if value and start and value < start:
            found.append("before_start")
    if table.interval:
        since, until = (values.get(name) for name in table.interval)
        if since and until and until < since:
            found.append("negative_interval")
    return found


def rows_of(pack: Path, table: RawTable) -> tuple[list[dict[str, str]], int]:
    """Rows of the text files as text, and the number of malformed lines."""
    rows, malformed = [], 0
    with (folder(pack, table) / "dirty-rows.csv").open(newline="", encoding="utf-8") as file:
        header, *lines = list(csv.reader(file))
    assert tuple(header) == table.column_names
    for line in lines:
        if len(line) == len(header):
            rows.append(dict(zip(header, line, strict=True)))
        else:
            malformed += 1
    for line in (folder(pack, table) / "dirty-rows.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            malformed += 1
            continue
        rows.append({name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                     for name, value in row.items()})  # fmt: skip
    return rows, malformed


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_broken_rows_are_counted_and_break_one_rule_each(pack, con, table):
    counts = json.loads((pack / "truth" / "dirty.json").read_text())[table.name]
    known = {}
    for column in table.columns:
        if column.references:
            parent, key = column.references
            known[parent] = {value for (value,) in con.execute(f"select {key} from {parent}").fetchall()}
    rows, malformed = rows_of(pack, table)
    found = [faults(table, row, known) for row in rows]
    assert all(len(kinds) <= 1 for kinds in found)
    broken = Counter(kinds[0] for kinds in found if kinds)
    good_kinds = ("malformed", "exact_duplicate", "newer_version", "extra_column", "rejected_files")
    assert broken == {kind: count for kind, count in counts.items() if kind not in good_kinds}
    assert sum(broken.values()) >= 24
    assert malformed == counts["malformed"] > 0


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_good_extra_rows_are_counted(pack, con, table):
    counts = Counter(json.loads((pack / "truth" / "dirty.json").read_text())[table.name])
    names, here = ", ".join(table.column_names), folder(pack, table)

    def count(sql: str) -> int:
        return con.execute(f"select count(*) from {sql}").fetchone()[0]

    rows, _ = rows_of(pack, table)
    texts = ", ".join(f"cast({name} as varchar)" for name in table.column_names)
    clean = {tuple(value or "" for value in row) for row in con.execute(f"select {texts} from {table.name}").fetchall()}
    numbers = {c.name for c in table.columns if c.data_type in ("double", "decimal(18,2)", "decimal(18,6)")}

    def comparable(values) -> tuple:
        """Numbers are written in several ways: 5, 5.0, 5.00."""
        return tuple(
            value.rstrip("0").rstrip(".") if name in numbers and "." in value else value
            for name, value in zip(table.column_names, values, strict=True)
        )

    clean = {comparable(values) for values in clean}
    in_text = sum(comparable(row.values()) in clean for row in rows if len(row) == len(table.column_names))
    duplicates = f"read_parquet('{here}/dirty-duplicates.parquet', hive_partitioning = false)"
    in_parquet = count(f"{duplicates}") if (here / "dirty-duplicates.parquet").exists() else 0
    assert in_text + in_parquet == counts["exact_duplicate"]
    if in_parquet:
        assert count(f"(select {names} from {duplicates} except select {names} from {table.name})") == 0
    for kind, file in (("newer_version", "dirty-corrections"), ("extra_column", "dirty-extra-column")):
        if not counts[kind]:
            continue
        extra = f"read_parquet('{here}/{file}.parquet', hive_partitioning = false)"
        assert count(extra) == counts[kind]
        newest = f"(select {', '.join(table.key)}, max(ingested_at) as newest from {table.name} group by all)"
        newer = f"{extra} join {newest} using ({', '.join(table.key)}) where ingested_at > newest"
        assert count(newer) == counts[kind]
        described = {name for name, *_ in con.execute(f"describe select * from {extra}").fetchall()}
        assert described - set(table.column_names) == ({"utm_note"} if kind == "extra_column" else set())
    broken = f"read_parquet('{here}/dirty-column-missing.parquet', hive_partitioning = false)"
    described = {name for name, *_ in con.execute(f"describe select * from {broken}").fetchall()}
    (missing,) = set(table.column_names) - described
    assert table.column(missing).must_arrive
    assert counts["rejected_files"] == 1
