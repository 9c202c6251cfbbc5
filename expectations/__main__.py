"""`python -m stayhouse.expectations --warehouse FILE`: evaluates the gates of a warehouse and prints what was found.

Exit code 0 when no critical expectation fails, 1 when one does, 2 when the warehouse or an argument is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from stayhouse.contract.tables import EARLIEST_PLAUSIBLE
from stayhouse.expectations.gates import Gate
from stayhouse.expectations.registry import mart_gates, raw_gates
from stayhouse.expectations.reports import GateReport, Parameters
from stayhouse.expectations.runner import WarehouseError, validate

RESULT_WORDS = {None: "[green]held[/]", "warn": "[yellow]warning[/]", "error": "[red]failed[/]"}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    gates = _chosen(options.stage, options.table)
    if not gates:
        print(f"no such gate: stage {options.stage or 'any'}, table {options.table or 'any'}", file=sys.stderr)
        return 2
    parameters = Parameters(options.as_of, options.since_load_id, earliest=options.earliest_date)
    try:
        reports = validate(options.warehouse, gates, parameters, options.docs, options.memory_limit)
    except WarehouseError as error:
        print(error, file=sys.stderr)
        return 2
    _print(reports)
    return int(any(report.severity == "error" for report in reports))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stayhouse.expectations", description=__doc__.splitlines()[0])
    parser.add_argument("--warehouse", type=Path, required=True, help="the DuckDB file; opened read-only")
    parser.add_argument("--stage", choices=("raw", "mart"), help="only this stage")
    parser.add_argument("--table", help="only this table, with its schema: raw.customers")
    parser.add_argument("--as-of", type=date.fromisoformat, default=datetime.now(UTC).date() - timedelta(days=1),
                        help="the business day to evaluate, YYYY-MM-DD; yesterday (UTC) when left out")  # fmt: skip
    parser.add_argument(
        "--since-load-id", type=int, default=0, help="evaluate rows of this load and later; 0: all rows"
    )
    parser.add_argument(
        "--earliest-date",
        default=EARLIEST_PLAUSIBLE,
        help=f"first plausible day of raw moments; {EARLIEST_PLAUSIBLE} when left out",
    )
    parser.add_argument("--memory-limit", help="what DuckDB may use, like 5GB; its own default when left out")
    parser.add_argument("--docs", type=Path, help="also write the pages to this folder")
    return parser


def _chosen(stage: str | None, table: str | None) -> list[Gate]:
    return [
        gate for gate in (*raw_gates(), *mart_gates()) if stage in (None, gate.stage) and table in (None, gate.table)
    ]  # fmt: skip


def _print(reports: Sequence[GateReport]) -> None:
    console = Console()
    width = max(len(report.table) for report in reports)
    table = Table(Column("table", min_width=width), "result", "expectations", "critical", "warnings")
    for report in reports:
        critical = sum(result.severity == "critical" for result in report.failures)
        table.add_row(
            report.table, RESULT_WORDS[report.severity], str(len(report.expectations)), str(critical),
            str(len(report.failures) - critical),
        )  # fmt: skip
    console.print(table)
    for report in reports:
        for result in report.failures:
            console.print(f"[bold]{result.severity}[/] {escape(result.message)}", soft_wrap=True)
            for row in result.sample:
                console.print(f"    {escape(row)}", soft_wrap=True, style="dim")


if __name__ == "__main__":
    sys.exit(main())
