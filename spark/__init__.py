"""Spark with Iceberg as the target of dbt: what travels to the lake, what comes back, and what people read there."""

from stayhouse.spark.lake import Lake

__all__ = ["Lake"]
