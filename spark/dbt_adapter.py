"""What dbt's adapter for Spark lacks here: Python models in the session, and quick lists of Iceberg's relations."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

METHOD = "stayhouse"
TYPES = {"i": "bigint", "u": "bigint", "f": "double", "b": "boolean", "M": "timestamp"}
"""By the kind of a column; others are text."""


def enable() -> None:
    """Lets dbt-spark run Python models in this process and ask the catalogue once per schema, not per table."""
    from dbt.adapters.contracts.connection import AdapterResponse
    from dbt.adapters.spark.impl import SparkAdapter

    SparkAdapter.python_submission_helpers = property(lambda _: {METHOD: PythonModel})
    SparkAdapter.default_python_submission_method = property(lambda _: METHOD)
    SparkAdapter.generate_python_submission_response = lambda _, rows: AdapterResponse(
        _message=f"{rows} rows", rows_affected=rows
    )
    SparkAdapter.list_relations_without_caching = _list_relations


def _list_relations(adapter: Any, schema_relation: Any) -> list[Any]:
    from pyspark.sql import SparkSession

    from stayhouse.spark.lake import relations

    schema = schema_relation.schema
    return [
        adapter.Relation.create(schema=schema, identifier=name, type=kind, is_iceberg=True)
        for name, kind in relations(SparkSession.active(), schema).items()
    ]


class Relation:
    """A table that a model reads, with the one method of DuckDB's relations that models call."""

    def __init__(self, name: str):
        self._name = name

    def df(self) -> pd.DataFrame:
        """All of its rows."""
        from pyspark.sql import SparkSession

        table = SparkSession.active().table(self._name)
        return pd.DataFrame([tuple(row) for row in table.collect()], columns=table.columns)


class PythonModel:
    """One model, as dbt hands it over."""

    def __init__(self, parsed_model: dict[str, Any], credentials: Any):
        self._name = f"{parsed_model['schema']}.{parsed_model['alias']}"

    def submit(self, compiled_code: str) -> int:
        """Runs the model and writes its table in one commit; returns the number of rows."""
        from pyspark.sql import SparkSession

        names: dict[str, Any] = {}
        exec(compiled_code.strip(), names)  # as every adapter that runs Python in its own process does
        frame = names["model"](names["dbtObj"](Relation), None)
        schema = ", ".join(f"`{name}` {TYPES.get(kind.kind, 'string')}" for name, kind in frame.dtypes.items())
        rows = [tuple(map(_value, row)) for row in frame.itertuples(index=False)]
        made = SparkSession.active().createDataFrame(rows, schema)
        made.coalesce(1).writeTo(self._name).using("iceberg").createOrReplace()
        return len(rows)


def _value(value: Any) -> Any:
    """A value as Spark takes it: it would keep NaN, which is not NULL, and knows no numbers of numpy."""
    plain = value.item() if hasattr(value, "item") else value
    return None if plain is None or (isinstance(plain, float) and math.isnan(plain)) else plain
