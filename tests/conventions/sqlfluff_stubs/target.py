"""Stands in for what dbt builds in when sqlfluff renders a model without dbt: a file of DuckDB."""

from __future__ import annotations

type = "duckdb"
