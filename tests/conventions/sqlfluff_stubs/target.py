"""Replaces the target of dbt when sqlfluff renders a model without dbt: DuckDB."""

from __future__ import annotations

type = "duckdb"
