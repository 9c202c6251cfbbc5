"""`stayhouse query`: SQL on what is published."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from stayhouse.contract.words import counted
from stayhouse.orchestration.options import CompanyOption, PublishOption, RawOption
from stayhouse.orchestration.screen import console, errors, fail, shortened
from stayhouse.orchestration.settings import ConfigurationError, Settings

if TYPE_CHECKING:
    import duckdb

SHOWN_ROWS = 40
# Rows that are fetched at a time.
CHUNK = 10_000
# What a table needs beside its values: a border, and a space on either side.
AROUND_A_COLUMN = 3


class Format(StrEnum):
    """How the rows are written to the screen or a pipe."""

    table = "table"
    csv = "csv"
    json = "json"


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, in the SQL of DuckDB; marts are named schema.mart.")],
    company: CompanyOption = None,
    raw: RawOption = None,
    publish: PublishOption = None,
    form: Annotated[Format, typer.Option("--format", help="How rows are written to the screen.")] = Format.table,
    file: Annotated[Path | None, typer.Option("--csv", help="CSV file to write every row to.")] = None,
    rows: Annotated[int, typer.Option(min=0, help="Most rows that a table shows; 0 shows all.")] = SHOWN_ROWS,
) -> None:
    """Ask the standing publication. Nothing can be changed, and a run that publishes meanwhile does not disturb.

    Exit code 0: answered. 2: the query or a setting is wrong.
    """
    import duckdb

    from stayhouse.publishing.reading import NothingPublished, standing

    if file and form is not Format.table:
        fail("--csv writes a file, --format to the screen; give one or the other")
    try:
        settings = Settings.resolve(raw, None, None, publish, company)
        with standing(settings.publish) as publication:
            found = _only_select(publication.db, sql)
            if file:
                count = _write_csv(found, file)
                errors.print(f"{counted(count, 'row')} written to {escape(shortened(file))}", soft_wrap=True)
            elif form is Format.table:
                _print_table(found, rows)
            elif form is Format.csv:
                write_csv(sys.stdout, _names(found), _fetched(found))
            else:
                _print_json(found)
            errors.print(f"[dim]as of {publication.as_of}[/]")
    except (ConfigurationError, NothingPublished) as error:
        fail(str(error))
    except duckdb.Error as error:
        # DuckDB points at the place in the query, on lines of their own.
        errors.print(f"[bold red]bad input:[/] {escape(str(error).rstrip())}", soft_wrap=True)
        raise typer.Exit(2) from None


def _only_select(db: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyConnection:
    """The answer of one statement that only reads; also a temporary table would be forgotten with the command."""
    from duckdb import StatementType

    statements = db.extract_statements(sql)
    # DuckDB takes a PIVOT without a list of values apart: its columns, which it looks up, are types of their own first.
    # These have no text, and are forgotten with the connection.
    columns = [one for one in statements[:-1] if one.type == StatementType.CREATE and not one.query]
    stated = statements[len(columns) :]
    if len(stated) != 1:
        fail(f"one SELECT is expected, not {counted(len(stated), 'statement')}")
    if stated[0].type not in (StatementType.SELECT, StatementType.EXPLAIN):
        fail(f"{stated[0].type.name} changes something; a publication answers SELECT, DESCRIBE and SHOW")
    for one in columns:
        db.execute(one)
    return db.execute(stated[0])


def _names(found: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for name, *_ in found.description]


def _fetched(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """The rows, without holding all of them at once."""
    while chunk := found.fetchmany(CHUNK):
        yield from chunk


def write_csv(out: IO[str], names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> int:
    """Writes rows as CSV that no spreadsheet runs as formulas; returns how many."""
    from stayhouse.publishing.delivery import harmless

    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007
        writer.writerow([harmless(value) for value in row])
    return count


def _write_csv(found: duckdb.DuckDBPyConnection, file: Path) -> int:
    with opened_for_writing(file) as out:
        return write_csv(out, _names(found), _fetched(found))


@contextmanager
def opened_for_writing(file: Path) -> Iterator[IO[str]]:
    """A file that a command writes for its user; a place that cannot be written to is bad input."""
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            yield out
    except OSError as error:
        fail(f"{file}: {error.strerror}; name another file")


def _print_json(found: duckdb.DuckDBPyConnection) -> None:
    """An array of objects, a row per line."""
    names, before = _names(found), "[\n"
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        fail(f"{', '.join(twice)}: a JSON object has each name once; give the columns names of their own by AS")
    for row in _fetched(found):
        values = [_json_value(value) for value in row]
        sys.stdout.write(before + json.dumps(dict(zip(names, values, strict=True)), default=str, ensure_ascii=False))
        before = ",\n"
    sys.stdout.write("\n]\n" if before == ",\n" else "[]\n")


def _json_value(value: Any) -> Any:
    """JSON has neither decimals nor numbers that are not finite."""
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print_table(found: duckdb.DuckDBPyConnection, most: int) -> None:
    names, shown, total = _names(found), [], 0
    for row in _fetched(found):
        total += 1
        if not most or total <= most:
            shown.append([_text(value) for value in row])
    show_rows(names, shown)
    console.print(
        counted(total, "row")
        if len(shown) == total
        else f"{len(shown):,} of {total:,} rows shown; --rows 0 shows all, --csv FILE writes all"
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def show_rows(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; where it is wider than the screen, one block per row, so that every value is whole."""
    widths = [max([len(name), *(len(row[at]) for row in rows)]) for at, name in enumerate(names)]
    if sum(widths) + AROUND_A_COLUMN * len(widths) + 1 <= console.width:
        table = Table(*(escape(name) for name in names))
        for row in rows:
            table.add_row(*map(escape, row))
        console.print(table)
        return
    longest = max(map(len, names))
    for number, row in enumerate(rows, start=1):
        console.print(f"[bold]row {number}[/]")
        for name, value in zip(names, row, strict=True):
            console.print(f"  {name:<{longest}}  {value}", soft_wrap=True, markup=False)
