"""Stands in for the model that dbt is building when sqlfluff renders it without dbt: nothing is built yet."""

from __future__ import annotations

build: dict[str, object] = {}
columns: dict[str, dict[str, str]] = {"described_days": {"data_type": "integer"}}
