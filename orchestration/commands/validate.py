"""`stayhouse validate`: what a build would find, in seconds and without building."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from stayhouse.contract.words import counted, listed
from stayhouse.orchestration.options import CompanyArgument, PolicyOption, RawOption
from stayhouse.orchestration.screen import bad_input, console, fail, print_lines, shortened
from stayhouse.orchestration.settings import ConfigurationError, Settings

if TYPE_CHECKING:
    from stayhouse.orchestration.forecast import EmptyPanel, Forecast, TableForecast
    from stayhouse.orchestration.unknown_codes import UnknownCode

READY, NOT_READY, BAD_INPUT = 0, 1, 2
SHOWN_NAMES = 8
SHOWN_REASONS = 8
SHOWN_CODES = 12
SHOWN_PANELS = 4
SHOWN_MARTS = 3
ALL = "stayhouse validate --json has all"


def validate(
    company: CompanyArgument = None,
    raw: RawOption = None,
    policy: PolicyOption = None,
    write: Annotated[
        bool, typer.Option("--write", help="Add the rows of unknown codes to the policy files (new rows at the end).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, for scripts.")] = False,
) -> None:
    """Say what a first build would find in files and policy, without building.

    The rows that it counts as quarantined are those that a build quarantines. Warehouse and publication are neither
    read nor changed. Exit code 0: everything can be loaded. 1: rows would be quarantined, a file cannot be read or a
    build would not publish. 2: bad input or configuration.
    """
    from stayhouse.orchestration.forecast import make_forecast
    from stayhouse.orchestration.policy_rows import add_rows

    try:
        settings = Settings.resolve(raw, policy, company=company)
        forecast = make_forecast(settings)
        added = add_rows(settings, forecast.codes) if write and not forecast.faults else {}
    except ConfigurationError as error:
        fail(str(error))
    if as_json:
        json.dump(_document(settings, forecast, added), sys.stdout, indent=2, default=str, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        _print(settings, forecast, added)
    if forecast.faults:
        bad_input(forecast.faults, ALL)
        raise typer.Exit(BAD_INPUT)
    raise typer.Exit(READY if forecast.is_ready else NOT_READY)


def _document(settings: Settings, forecast: Forecast, added: dict[Path, int]) -> dict[str, Any]:
    """The forecast as plain data, with what follows from it."""
    columns = _columns(settings, forecast.codes)
    document = asdict(forecast)
    document |= {
        "is_ready": forecast.is_ready and not forecast.faults,
        "quarantined": forecast.quarantined,
        "rejected": forecast.rejected,
        "withheld": forecast.withheld,
        "written": {str(file): rows for file, rows in added.items()},
    }
    for table, one in zip(document["tables"], forecast.tables, strict=True):
        table["quarantined_pct"] = one.quarantined_pct
    for code, found in zip(document["codes"], forecast.codes, strict=True):
        code["line"] = found.line(columns[found.file])
    for feed, late in zip(document["feeds"], forecast.feeds, strict=True):
        feed |= {"delay_days": late.delay_days, "withholds": late.withholds}
    return document


def _columns(settings: Settings, codes: Sequence[UnknownCode]) -> dict[str, list[str]]:
    from stayhouse.orchestration.policy_rows import columns_of_file

    return {file: columns_of_file(settings, file) for file in dict.fromkeys(code.file for code in codes)}


def _print(settings: Settings, forecast: Forecast, added: dict[Path, int]) -> None:
    _print_headline(settings, forecast)
    _print_tables(forecast)
    print_lines("columns", [line for table in forecast.tables for line in _about_columns(table)])
    print_lines("would not be loaded", _not_loaded(forecast))
    print_lines("left out by shapes", forecast.left_out)
    _print_codes(settings, forecast, added)
    print_lines("ends too early", [feed.describe() for feed in forecast.feeds])
    print_lines("would stay empty", _empty(forecast))
    print_lines("also", forecast.notices)


def _print_headline(settings: Settings, forecast: Forecast) -> None:
    rows = sum(table.rows for table in forecast.tables)
    files = sum(table.files for table in forecast.tables)
    read = f"{counted(rows, 'row')} in {counted(files, 'file')} of {escape(shortened(settings.raw))}"
    if forecast.is_ready:
        console.print(f"[bold green]ready[/]: {read} can be loaded", soft_wrap=True)
    else:
        found = [f"{counted(forecast.quarantined, 'row')} would be quarantined"] * bool(forecast.quarantined)
        found += [f"{counted(len(forecast.rejected), 'file')} cannot be read"] * bool(forecast.rejected)
        found += ["a build would not publish"] * bool(forecast.withheld)
        console.print(f"[bold yellow]not ready[/]: of {read}: {', '.join(found)}", soft_wrap=True)
    if forecast.day:
        console.print(f"a build would describe {escape(forecast.day.describe())}", soft_wrap=True)
    else:
        console.print(escape(forecast.withheld[0]), soft_wrap=True)
    if forecast.reporting_currency and not settings.reporting_currency:
        place = settings.where_to_set("reporting_currency", "STAYHOUSE_REPORTING_CURRENCY")
        console.print(
            f"money would be reported in {forecast.reporting_currency}, its most frequent currency without a rate; "
            f"{place} chooses another",
            soft_wrap=True,
            markup=False,
        )


def _print_tables(forecast: Forecast) -> None:
    shown = Table("table", "files", "rows", "quarantined", "%", "copies", "columns", "first day", "last day")
    for column in shown.columns[1:6]:
        column.justify = "right"
    for table in forecast.tables:
        if table.files:
            share = table.quarantined_pct
            known = len(set(table.matched) | set(table.absent) | set(table.defaulted))
            shown.add_row(
                table.table,
                f"{table.files:,}",
                f"{table.rows:,}",
                f"{table.quarantined:,}",
                "" if not share else f"{share:.1f}" if share >= 0.05 else "< 0.1",
                f"{table.duplicates:,}",
                f"{len(table.matched)} of {known}" if known else "",
                str(table.first_date or ""),
                str(table.last_date or ""),
            )
    console.print(shown)


def _about_columns(table: TableForecast) -> list[str]:
    """Sentences about columns that are not simply matched, and those that a reader may miss."""
    lines = []
    if table.renamed:
        lines.append("reads " + _some([f"{name!r} as {meant}" for name, meant in table.renamed.items()]))
    if table.unknown:
        names = [f"{name} (meant: {meant}?)" if meant else name for name, meant in table.unknown.items()]
        lines.append(f"the contract does not know {_some(names)}; kept in _extra, and no mart reads it")
    if table.defaulted:
        lines.append("by default: " + _some([f"{name} is {words}" for name, words in table.defaulted.items()]))
    if table.in_part:
        files = [f"{name} in {counted(number, 'file')}" for name, number in table.in_part.items()]
        lines.append(f"missing in part: {_some(files)}; the rows of these files have NULL")
    if table.absent:
        lines.append(f"optional and missing: {_some(table.absent)}")
    return [f"{table.table}: {line}" for line in lines]


def _not_loaded(forecast: Forecast) -> list[str]:
    lines = list(forecast.rejected)
    for table in forecast.tables:
        for reason in table.reasons[:SHOWN_REASONS]:
            lines.append(
                f"{table.table}: {counted(reason.rows, 'row')}, {reason.words} "
                f"({'; '.join(reason.examples)}); {reason.way_out}"
            )
        if more := len(table.reasons) - SHOWN_REASONS:
            lines += [f"{table.table}: {more} more reasons; {ALL}"] * (more > 0)
    return lines


def _print_codes(settings: Settings, forecast: Forecast, added: dict[Path, int]) -> None:
    """The unknown codes by policy file, with the rows to add; the rows can be copied from the screen."""
    columns = _columns(settings, forecast.codes)
    for file, codes in groupby(forecast.codes, key=lambda code: code.file):
        found = list(codes)
        where = escape(shortened(settings.policy_folder / file))
        places: dict[str, list[str]] = {}
        for code in found:
            rows = counted(code.rows_count, "row")
            places.setdefault(f"{code.table}.{code.column}", []).append(f"{code.code!r} ({rows})")
        console.print(
            f"[bold]unknown {found[0].kind}[/]: "
            + escape("; ".join(f"{_some(counted)} in {place}" for place, counted in places.items()))
            + f". While unknown, {found[0].consequence}",
            soft_wrap=True,
        )
        console.print(
            f"  {'add' if found[0].is_written else 'complete and add'} to {where}:", soft_wrap=True, style="dim"
        )
        lines = list(dict.fromkeys(code.line(columns[file]) for code in found))
        for line in [",".join(columns[file]), *lines[:SHOWN_CODES]]:
            console.print(f"    {line}", soft_wrap=True, markup=False)
        if len(lines) > SHOWN_CODES:
            console.print(f"    ... and {len(lines) - SHOWN_CODES:,} more; {ALL}", soft_wrap=True)
    if added:
        for target, number in added.items():
            console.print(f"[bold green]written[/]: {counted(number, 'row')} at the end of {escape(shortened(target))}")
        console.print("look at the rows: titles, limits and scales in them are guesses", soft_wrap=True)
    elif any(code.is_written for code in forecast.codes):
        console.print("stayhouse validate --write adds the rows that it can complete", soft_wrap=True)


def _empty(forecast: Forecast) -> list[str]:
    """What has no rows, and what it would fill: first what leaves panels of the page empty."""
    lines, others = [], []
    for table, marts in forecast.missing.items():
        panels = [one for one in forecast.panels if table in one.tables]
        if panels:
            lines.append(f"no rows in {table}/: {_panels(panels)}; {_marts(marts)}")
        else:
            others.append(f"no rows in {table}/: {_marts(marts)}")
    for file in dict.fromkeys(name for one in forecast.panels for name in one.policy):
        panels = [one for one in forecast.panels if file in one.policy]
        lines.append(f"no rows in the policy file {file}: {_panels(panels)}")
    return lines + others


def _marts(marts: Sequence[str]) -> str:
    """The marts that lack a raw table; those that are nearest to it come first."""
    return f"without its part: {listed(marts, SHOWN_MARTS)}" if marts else "no mart reads it"


def _panels(panels: Sequence[EmptyPanel]) -> str:
    parts = []
    for section, found in groupby(panels, key=lambda panel: panel.section):
        titles = [panel.title for panel in found]
        parts.append(f"{counted(len(titles), 'panel')} of {section} ({listed(titles, SHOWN_PANELS)})")
    return ", ".join(parts)


def _some(names: Sequence[str]) -> str:
    return listed(names, SHOWN_NAMES)
