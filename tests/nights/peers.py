"""Compiled models on small tables in memory, so that a peer implementation costs no build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
from parsing import settings_in

from stayhouse.contract.sql import identifier
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import SEEDS_FOLDER

Table = tuple[str, Iterable[Mapping[str, object]]]
"""Columns with their types, as in CREATE TABLE, and rows."""


class Models:
    """The SQL of some models, in the order in which they read one another."""

    def __init__(self, folder: Path, names: Sequence[str], zone: str = "UTC"):
        session = DbtSession(replace(settings_in(folder), business_timezone=zone), SEEDS_FOLDER)
        command = ["--log-level", "none", "--no-write-json", "compile", "--no-introspect", "--select", *names]
        nodes = {result.node.name: result.node for result in session._invoke(command, None, lambda event: None)}
        self.compiled = {name: nodes[name].compiled_code for name in names}
        manifest = session.parse()
        self.relations = {
            node.name: node.relation_name
            for node in manifest.nodes.values()
            if node.resource_type in ("model", "seed") and node.relation_name
        }

    def run(self, inputs: Mapping[str, Table]) -> duckdb.DuckDBPyConnection:
        """Makes every input and then every model; the caller reads the tables by `relations`."""
        db = duckdb.connect()
        db.execute("attach ':memory:' as stayhouse")
        for name, (columns, rows) in inputs.items():
            self._make(db, name, f"create table {self.relations[name]} ({columns})")
            frame = pd.DataFrame(list(rows))
            if len(frame):
                named = ", ".join(identifier(column) for column in frame.columns)
                db.execute(f"insert into {self.relations[name]} ({named}) select * from frame")
        for name, sql in self.compiled.items():
            self._make(db, name, f"create table {self.relations[name]} as {sql}")
        return db

    def frame(self, db: duckdb.DuckDBPyConnection, name: str, where: str = "true") -> pd.DataFrame:
        return db.execute(f"select * from {self.relations[name]} where {where}").df()

    def _make(self, db: duckdb.DuckDBPyConnection, name: str, statement: str) -> None:
        db.execute(f"create schema if not exists {self.relations[name].rsplit('.', 1)[0]}")
        db.execute(statement)


def no_attributes() -> dict[str, Table]:
    """Nobody has free attributes, and policy breaks nothing down by them."""
    return {
        "customer_breakdowns": ("attribute_code varchar, title varchar", []),
        "dim_customer_attributes": (
            "customer_id varchar, attribute_code varchar, attribute_value varchar, valid_from date, valid_to date",
            [],
        ),
    }


def days(first: object, last: object) -> Table:
    """dim_dates from a day to another."""
    spine = pd.DataFrame({"date_day": pd.date_range(first, last)})
    spine["month_start_date"] = spine["date_day"].dt.to_period("M").dt.start_time
    return "date_day date, month_start_date date", spine.to_dict("records")
