"""The suite of the load ledger: every row of every file is accounted for."""

from __future__ import annotations

from stayhouse.contract import contract
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.row_rules import RowRule
from stayhouse.expectations.vocabulary import (
    ExpectFewQuarantinedRows,
    ExpectLedgerToBalance,
    ExpectNoBrokenExport,
    ExpectNoRejectedFiles,
    ExpectTablesToMatchTheLedger,
    HouseExpectation,
)

# Shares of the newest load of a table that may be in quarantine. Ours: a percent is the noise of any source, a quarter
# is a broken export, and the marts of such a run would mislead.
QUARANTINE_WARNING_PCT = 1.0
QUARANTINE_CRITICAL_PCT = 25.0
# Of three rows one is a third; a run is not stopped for fewer bad rows than this (ours).
QUARANTINE_CRITICAL_MIN_ROWS = 10


def load_ledger(parameters: Parameters) -> list[HouseExpectation]:
    newest = f"load_id >= {parameters.since_load_id}" if parameters.since_load_id else "true"
    newest_of_table = "(table_name, load_id) in (select (table_name, max(load_id)) from {batch} group by table_name)"
    tables = list(contract())
    return [
        ExpectLedgerToBalance.of(
            [
                RowRule(
                    "unaccounted:rows_in_file",
                    "status <> 'rejected' and coalesce(rows_in_file, -1) <> coalesce(rows_loaded, 0) "
                    "+ coalesce(rows_quarantined, 0) + coalesce(rows_duplicate, 0)",
                    ("rows_in_file", "rows_loaded", "rows_quarantined", "rows_duplicate"),
                    "rows_in_file is not the sum of rows loaded, quarantined and duplicate",
                ),
                RowRule(
                    "superseded:rows_superseded",
                    "rows_superseded > rows_loaded",
                    ("rows_superseded", "rows_loaded"),
                    "more rows are superseded than were loaded",
                ),
            ],
            ["load_id", "table_name", "file"],
            severity="critical",
            column="rows_in_file",
            remedy="Rows were lost or counted twice: load the file again and report the bug.",
            notes="The promise of the loader: it never loses a row.",
            description="Rows in the file = rows loaded + quarantined + duplicates, for every file.",
        ),
        ExpectTablesToMatchTheLedger.of(tables),
        ExpectNoBrokenExport.of(
            tables,
            QUARANTINE_CRITICAL_PCT,
            min_rows=QUARANTINE_CRITICAL_MIN_ROWS,
            severity="critical",
            newest=newest if parameters.since_load_id else newest_of_table,
            remedy="The export is broken: see the reasons in the quarantine table, repair it and deliver it again.",
        ),
        ExpectFewQuarantinedRows.of(
            tables,
            QUARANTINE_WARNING_PCT,
            min_rows=1,
            severity="warning",
            newest=newest if parameters.since_load_id else newest_of_table,
            remedy="See the reasons in the quarantine table and tell the source system.",
        ),
        ExpectNoRejectedFiles.of(tables, newest),
    ]
