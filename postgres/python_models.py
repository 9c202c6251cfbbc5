"""Runs Python models of dbt beside PostgreSQL: their tables come here as frames, and the frame they return goes back.

dbt-postgres has no place of its own where Python runs. An adapter names such places by `python_submission_helpers`.
"""

from __future__ import annotations

import io
from typing import Any

import pandas as pd

from stayhouse.contract.sql import identifier, identifiers

METHOD = "stayhouse"
TYPES = {"i": "bigint", "u": "bigint", "f": "double precision", "b": "boolean", "M": "timestamp"}
"""By the kind of a column; others are text."""


def enable() -> None:
    """Lets dbt-postgres run Python models in this process."""
    from dbt.adapters.contracts.connection import AdapterResponse
    from dbt.adapters.postgres import PostgresAdapter

    PostgresAdapter.python_submission_helpers = property(lambda _: {METHOD: PythonModel})
    PostgresAdapter.default_python_submission_method = property(lambda _: METHOD)
    PostgresAdapter.generate_python_submission_response = lambda _, rows: AdapterResponse(
        _message=f"{rows} rows", rows_affected=rows
    )


class Table:
    """A table that a model reads, with the one method of DuckDB's relations that models call."""

    def __init__(self, connection: Any, name: str):
        self._connection, self._name = connection, name

    def df(self) -> pd.DataFrame:
        """All of its rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(f"select * from {self._name}")
            return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


class PythonModel:
    """One model, as dbt hands it over."""

    def __init__(self, parsed_model: dict[str, Any], credentials: Any):
        self._name = f"{identifier(parsed_model['schema'])}.{identifier(parsed_model['alias'])}"
        self._credentials = credentials

    def submit(self, compiled_code: str) -> int:
        """Runs the model and writes its table in one transaction; returns the number of rows."""
        import psycopg2

        stated = self._credentials
        connection = psycopg2.connect(
            host=stated.host, port=stated.port, user=stated.user, password=stated.password, dbname=stated.database
        )
        try:
            names: dict[str, Any] = {}
            exec(compiled_code.strip(), names)  # as every adapter that runs Python in its own process does
            frame = names["model"](names["dbtObj"](lambda name: Table(connection, name)), connection)
            with connection, connection.cursor() as cursor:
                self._write(cursor, frame)
            return len(frame)
        finally:
            connection.close()

    def _write(self, cursor: Any, frame: pd.DataFrame) -> None:
        kinds = {str(name): TYPES.get(kind.kind, "text") for name, kind in frame.dtypes.items()}
        columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in kinds.items())
        cursor.execute(f"drop table if exists {self._name} cascade; create table {self._name} ({columns})")
        text = io.StringIO(frame.to_csv(index=False, header=False, na_rep="\\N"))
        cursor.copy_expert(f"copy {self._name} ({identifiers(kinds)}) from stdin (format csv, null '\\N')", text)
