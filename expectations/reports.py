"""What a validation found, as plain data. Free of Great Expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from stayhouse.contract.tables import EARLIEST_PLAUSIBLE

if TYPE_CHECKING:
    import pandas as pd

    from stayhouse.expectations.mart_profile import Profile

WHOLE_TABLE = "*"
"""The column name of an expectation on the whole table, so that the column can be part of a key."""

RESULT_COLUMNS = (
    "run_id", "as_of_date", "stage", "asset", "expectation", "column_name", "severity", "is_passed", "observed",
    "unexpected_count", "message",
)  # fmt: skip


@dataclass(frozen=True)
class Parameters:
    """What a validation depends on beside the data."""

    as_of: date
    """The closed business day that the run describes."""
    since_load_id: int = 0
    """Row rules evaluate rows with `_load_id` at or above this; 0 evaluates all rows."""
    run_id: str = "manual"
    earliest: str = EARLIEST_PLAUSIBLE
    """The first plausible day of a raw moment, as ISO text."""
    published: Mapping[str, Profile] = field(default_factory=dict)
    """Each mart ('churn.mart_churn_monthly') as last published; empty: nothing to compare with."""
    lost_limit_pct: float = 100
    """A mart that lost a larger share of its rows, values or totals since then is reported."""
    compared_from_rows: int = 0
    """Columns of a mart are compared when it had at least so many rows."""


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation evaluated on one table."""

    suite: str
    """The table with its schema: 'raw.customers'."""
    expectation: str
    """Name of the expectation, e.g. 'expect_key_to_be_unique'."""
    column: str
    """The column evaluated; WHOLE_TABLE for an expectation on the whole table."""
    severity: str
    """'critical', 'warning', or 'info' for an expectation that could not be evaluated and says why."""
    success: bool
    observed: str
    unexpected_count: int
    """Rows that break the expectation; a row that breaks two rules counts twice. 0 when it holds."""
    sample: tuple[str, ...]
    """At most five broken rows as JSON text, without personal columns."""
    message: str
    """One sentence: what, where, how many, what to do."""
    description: str = ""
    """What is expected, a sentence."""
    notes: str = ""
    """Why."""
    rules: tuple[str, ...] = ()
    """What would be reported of a broken row, a clause per rule."""


@dataclass(frozen=True)
class GateReport:
    """All expectations of one gate."""

    asset_key: tuple[str, ...]
    table: str
    stage: str
    expectations: tuple[ExpectationResult, ...] = field(repr=False)

    @property
    def failures(self) -> tuple[ExpectationResult, ...]:
        """The expectations that do not hold, critical ones first."""
        failed = [result for result in self.expectations if not result.success]
        return tuple(sorted(failed, key=lambda result: result.severity != "critical"))

    @property
    def severity(self) -> str | None:
        """'error' when a critical expectation fails, 'warn' when only lesser ones do, None when all hold."""
        if not self.failures:
            return None
        return "error" if self.failures[0].severity == "critical" else "warn"

    @property
    def passed(self) -> bool:
        """True when every expectation holds. A gate blocks only when `severity` is 'error'."""
        return self.severity is None


def results_frame(reports: Sequence[GateReport], run_id: str, as_of: date) -> pd.DataFrame:
    """One row per expectation; run_id, asset, expectation and column_name are the key."""
    import pandas as pd

    rows = [
        (
            run_id, as_of, report.stage, "/".join(report.asset_key), result.expectation, result.column,
            result.severity, result.success, result.observed, result.unexpected_count, result.message,
        )
        for report in reports
        for result in report.expectations
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(RESULT_COLUMNS))
