"""What a load did, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

Progress = Callable[[str, int, int], None]
"""Called with a table, the bytes that are done and the bytes of all files."""


class LoadError(Exception):
    """The landing folder cannot be loaded at all. The message names what is wrong and the way out."""


class FileTotals(NamedTuple):
    """Rows of one file, those with a broken rule, the first and last event of the others, and what all of them lack."""

    file_id: int
    rows: int
    broken: int
    first_event: datetime | None
    last_event: datetime | None
    lacking: Sequence[int] = ()
    """Rows without a value, for each column with a default (`defaults.columns_with_default`)."""


@dataclass
class TableReport:
    """What one load did to one raw table. Counts are rows, unless they say files."""

    table: str
    files_loaded: int = 0
    files_known: int = 0
    rows_in_files: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_superseded: int = 0
    rows_released: int = 0
    """Quarantined orphans of earlier loads whose parents have come."""
    rows_withdrawn: int = 0
    """Current rows that a file no longer holds since it was delivered again."""
    rows_retired: int = 0
    """Rows of earlier loads that went to quarantine because their parents were withdrawn."""
    rejected: list[str] = field(default_factory=list)
    """Messages about files that were not read because of their structure."""
    notices: list[str] = field(default_factory=list)
    quarantine_reasons: Counter[str] = field(default_factory=Counter)
    headers: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Files whose rows were read, by their columns; those of the contract have its names."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Columns of the contract, by the name that files give them."""

    def become(self, other: TableReport) -> None:
        """Takes the values of another report: what a transaction reported is undone with it."""
        vars(self).update(vars(other))


@dataclass
class LoadReport:
    """What one load did, by table in the order of loading."""

    load_id: int
    tables: dict[str, TableReport] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    @property
    def rejected(self) -> list[str]:
        return [message for report in self.tables.values() for message in report.rejected]

    @property
    def rows_loaded(self) -> int:
        return sum(report.rows_loaded for report in self.tables.values())
