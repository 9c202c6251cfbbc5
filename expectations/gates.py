"""What a gate is: a table and what is known of its rules. Free of Great Expectations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stayhouse.expectations.row_rules import RowRule

Bounds = tuple[float | None, float | None]
"""Lowest and highest value of a percentage; None is open."""


@dataclass(frozen=True)
class Gate:
    """A table and the suite that guards it."""

    asset_key: tuple[str, ...]
    table: str
    """Name with its schema: 'raw.customers'."""
    suite: str
    """Of a raw table: where the suite is built, 'module:function'. Imported when needed; need not exist."""
    stage: str
    """'raw': validated before dbt runs. 'mart': validated before publication."""
    columns: tuple[str, ...] = ()
    """Of a mart: the columns of its contract."""
    grain: tuple[str, ...] = ()
    """Of a mart: the columns that name a row."""
    bounds: Mapping[str, Bounds] = field(default_factory=dict, hash=False)
    """Of a mart: percentages with bounds other than 0..100; None is open."""
    rules: tuple[RowRule, ...] = field(default=(), hash=False)
    """Of a mart: the rules of its data test rows_satisfy."""
    references: tuple[tuple[str, str, str], ...] = ()
    """Of a mart: its data tests `relationships`, as (column, model that holds it, column there)."""
