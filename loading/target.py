"""The raw table that a load writes to: its relations in the warehouse, and the load that is under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property

import duckdb

from stayhouse.contract import RawTable, Zones
from stayhouse.contract.sql import TECHNICAL_COLUMNS, columns_of, identifier, identifiers, one_row, raw_type
from stayhouse.loading.reports import LoadError, TableReport


@contextmanager
def transaction(db: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of what is done inside, or nothing."""
    db.execute("begin transaction")
    try:
        yield
        db.execute("commit")
    except BaseException:
        db.execute("rollback")
        raise


@dataclass(frozen=True)
class Target:
    """One raw table with its neighbours, over the connection of one load."""

    db: duckdb.DuckDBPyConnection
    table: RawTable
    load_id: int
    zones: Zones
    report: TableReport

    @cached_property
    def raw(self) -> str:
        return f"raw.{identifier(self.table.name)}"

    @cached_property
    def superseded(self) -> str:
        return f"superseded.{identifier(self.table.name)}"

    @cached_property
    def quarantine(self) -> str:
        return f"quarantine.{identifier(self.table.name)}"

    @cached_property
    def key(self) -> str:
        return identifiers(self.table.key)

    @cached_property
    def contract_columns(self) -> str:
        return identifiers(self.table.column_names)

    @cached_property
    def columns(self) -> str:
        return identifiers((*self.table.column_names, *TECHNICAL_COLUMNS))

    def same_key(self, left: str, right: str) -> str:
        """SQL predicate: two relations hold the same key."""
        return " and ".join(f"{left}.{identifier(name)} = {right}.{identifier(name)}" for name in self.table.key)

    def has_rows(self, relation: str) -> bool:
        return bool(one_row(self.db, f"select exists (from {relation})")[0])

    def transaction(self) -> AbstractContextManager[None]:
        """All of what is done inside, or nothing."""
        return transaction(self.db)

    def ensure_tables(self) -> None:
        """Creates the tables of this contract table, and adds columns that the contract has gained."""
        wanted = {column.name: raw_type(column) for column in self.table.columns} | TECHNICAL_COLUMNS
        body = ", ".join(f"{identifier(name)} {kind}" for name, kind in wanted.items())
        self.db.execute(f"create table if not exists {self.raw} ({body})")
        self.db.execute(f"create table if not exists {self.superseded} ({body}, _superseded_load_id bigint)")
        self.db.execute(
            f"create table if not exists {self.quarantine} "
            "(_load_id bigint, _file_id integer, _line bigint, reasons varchar, row varchar)"
        )
        for relation in (self.raw, self.superseded):
            found = columns_of(self.db, relation)
            for name, kind in wanted.items():
                if name not in found:
                    self.db.execute(f"alter table {relation} add column {identifier(name)} {kind}")
                elif found[name] != kind:
                    raise LoadError(
                        f"{relation}.{name} is {found[name]} in the warehouse but {kind} in the contract "
                        f"({self.table.file.name}); build into a new warehouse file to change a type"
                    )
