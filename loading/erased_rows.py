"""Takes customers out of the loaded rows: current, superseded and quarantined ones."""

from __future__ import annotations

import json
from collections.abc import Mapping

import duckdb

from stayhouse.contract import RawTable
from stayhouse.contract.pseudonyms import ERASED_TEXT, OWNER, Names, mentions, owner_of, row_changes
from stayhouse.contract.sql import columns_of, identifier, literal, literals, one_row

LAYERS = ("raw", "superseded")


def find_keys(db: duckdb.DuckDBPyConnection, tables: Mapping[str, RawTable], names: Names) -> None:
    """Adds the keys of the customers' loaded rows to `names`: other tables may name these rows."""
    for table in tables.values():
        owner = owner_of(table)
        if owner is None or len(table.key) != 1:
            continue
        (key,) = table.key
        for layer in LAYERS:
            relation = f"{layer}.{identifier(table.name)}"
            if columns_of(db, relation):
                found = db.execute(
                    f"select distinct {identifier(key)} from {relation} "
                    f"where {identifier(owner.name)} in ({literals(sorted(names.customers))})"
                ).fetchall()
                names.keys.setdefault(table.name, set()).update(value for (value,) in found)


def note_keys(db: duckdb.DuckDBPyConnection, names: Names) -> None:
    """Writes the keys to the temporary table `erased_keys` that the rules in SQL read."""
    db.execute("create or replace temp table erased_keys (table_name varchar, key varchar, name varchar)")
    rows = [[OWNER, customer, names.name(customer)] for customer in names.customers]
    rows += [[table, key, names.name(key)] for table, keys in names.keys.items() for key in keys - names.customers]
    if rows:
        db.execute(
            "insert into erased_keys select unnest(?), unnest(?), unnest(?)",
            [list(part) for part in zip(*rows, strict=True)],
        )


def erase_relation(db: duckdb.DuckDBPyConnection, relation: str, table: RawTable, names: Names) -> int:
    """Takes the customers out of a relation with the columns of a raw table; returns how many rows were theirs."""
    columns = columns_of(db, relation)
    mine = names.is_mine_sql(table, set(columns)) if columns else None
    if not columns:
        return 0
    # Other rows first: once the owner has a name, nobody knows which rows were whose.
    for name, value in mentions(table, names, columns).items():
        others = f"not {mine} and " if mine else ""
        hits = " or ".join(f"contains({identifier(name)}, {literal(customer)})" for customer in names.customers)
        db.execute(f"update {relation} set {identifier(name)} = {value} where {others}({hits})")
    if mine is None:
        return 0
    changes = ", ".join(f"{identifier(name)} = {value}" for name, value in row_changes(table, names, columns).items())
    return int(one_row(db, f"update {relation} set {changes} where {mine}")[0])


def erase_quarantine(db: duckdb.DuckDBPyConnection, table: RawTable, names: Names) -> int:
    """Empties quarantined rows of the customers; their number, file, line and reasons stay."""
    relation = f"quarantine.{identifier(table.name)}"
    if not columns_of(db, relation):
        return 0
    tests = [f"contains(row, {literal(customer)})" for customer in names.distinct]
    named = [(column.name, column.references[0]) for column in table.columns if column.references]
    named += [(table.key[0], table.name)] if len(table.key) == 1 else []
    tests += [
        f"json_extract_string(row, {literal('$.' + name)}) in "
        f"(select key from erased_keys where table_name = {literal(parent)})"
        for name, parent in named
    ]
    empty = literal(json.dumps({"_text": ERASED_TEXT}))
    return int(one_row(db, f"update {relation} set row = {empty} where {' or '.join(tests)}")[0])


def erase_rows(db: duckdb.DuckDBPyConnection, tables: Mapping[str, RawTable], names: Names) -> int:
    """Takes the customers out of every loaded row, inside a transaction of the caller; returns how many were theirs."""
    note_keys(db, names)
    rows = 0
    for table in tables.values():
        rows += sum(erase_relation(db, f"{layer}.{identifier(table.name)}", table, names) for layer in LAYERS)
        rows += erase_quarantine(db, table, names)
    return rows
