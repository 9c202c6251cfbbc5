"""The command line: a thin face on the generator, dbt and Dagster. Nothing is computed here."""

from __future__ import annotations

import gc
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date, datetime
from enum import StrEnum
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stayhouse.orchestration.settings import (
    ConfigurationError,
    Settings,
    failure_addresses,
    history_folder,
    restrict_new_files,
    working_folder,
)
from stayhouse.orchestration.variables import BY_NAME, as_help

if TYPE_CHECKING:
    from stayhouse.orchestration.runner import Outcome

app = typer.Typer(
    no_args_is_help=True,
    help="Stayhouse: a customer-retention warehouse. Raw events, contacts and surveys in, tested marts out.",
    epilog=escape(as_help()),
)
# A pipe has no width of its own, and tables of 80 columns lose the paths.
console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
errors = Console(stderr=True, width=None if sys.stderr.isatty() else 120, highlight=False)


def _described(text: str, variable: str | None = None, default: str | None = None) -> str:
    """Help of an option with its variable and its default, in brackets that Rich does not take for markup."""
    stated = default or (BY_NAME[variable].default.replace("`", "") if variable else None)
    return escape(text + (f" [env: {variable}]" if variable else "") + (f" [default: {stated}]" if stated else ""))


RawOption = Annotated[Path | None, typer.Option("--raw", help=_described("Landing folder.", "STAYHOUSE_RAW"))]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy", help=_described("CSV files that replace the policy seeds of the same name.", "STAYHOUSE_POLICY")
    ),
]
WarehouseOption = Annotated[
    Path | None, typer.Option("--warehouse", help=_described("Working DuckDB file.", "STAYHOUSE_WAREHOUSE"))
]
PublishOption = Annotated[
    Path | None, typer.Option("--publish", help=_described("Folder of publications.", "STAYHOUSE_PUBLISH"))
]
DAY = ["%Y-%m-%d"]
# Columns of the table of what was loaded: key of the run log and title.
LOADED = {
    "files": "files",
    "rows_in_files": "rows in files",
    "rows_loaded": "loaded",
    "rows_superseded": "superseded",
    "rows_duplicate": "duplicate",
    "rows_quarantined": "quarantined",
}
# From this on a source that begins after the earliest one is named: a quarter is more than a matter of days.
LATE_SOURCE_DAYS = 90
# New objects until Python looks for cycles among them, and looks until it takes in older ones: seldom enough to cost
# little, often enough that a range of days frees what each day leaves behind.
COLLECTED_EVERY = (50_000, 10, 10)


class Pack(StrEnum):
    """Demonstration packs."""

    saas = "saas"
    complete_journey = "complete_journey"


def _print_version(asked: bool) -> None:
    if asked:
        console.print(f"stayhouse {version('stayhouse')}")
        raise typer.Exit


@app.callback()
def stayhouse(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of every command."""


@app.command()
def demo(
    pack: Annotated[Pack, typer.Option(help="saas: generated; complete_journey: real purchases of 2017.")] = Pack.saas,
    customers: Annotated[int, typer.Option(min=1, help="Customers of the saas pack.")] = 2000,
    days: Annotated[int, typer.Option(min=28, help="Days of the saas pack.")] = 548,
    seed: Annotated[int, typer.Option(help="Same seed, same data.")] = 7,
    dirty: Annotated[bool, typer.Option("--dirty", help="Plant broken rows and files too, and count them.")] = False,
    out: Annotated[Path | None, typer.Option(help=_described("Folder to write to.", default="landing/<pack>"))] = None,
) -> None:
    """Write a landing folder to try the warehouse on."""
    from stayhouse.demonstration import MissingPack
    from stayhouse.demonstration.complete_journey import package_folder
    from stayhouse.orchestration.attended import bars

    if pack is Pack.complete_journey:
        try:
            package_folder()
        except MissingPack as error:
            _fail(str(error))
    target = (out or working_folder() / "landing" / pack.value).resolve()
    if (target / "raw").is_dir() and any((target / "raw").iterdir()):
        _fail(f"{target / 'raw'} is not empty; remove it, or write elsewhere with --out (two packs must not mix)")
    with bars(errors) as drawn:
        task = drawn.add_task(pack.value, total=1.0, item="")

        def advance(message: str, share: float) -> None:
            drawn.update(task, item=message, completed=share)

        if pack is Pack.saas:
            from stayhouse.demonstration.saas import generate

            report = generate(target, customers=customers, days=days, seed=seed, dirty=dirty, progress=advance)
        else:
            from stayhouse.demonstration.complete_journey import generate as generate_journey

            report = generate_journey(target, progress=advance)
        drawn.update(task, item="", completed=1.0)
    table = Table("table", "rows", title=f"{pack.value}, {report.first_day} to {report.last_day}")
    table.columns[1].justify = "right"
    for name, rows in report.rows.items():
        table.add_row(name, f"{rows:,}")
    console.print(table)
    if report.planted:
        console.print("planted: " + ", ".join(f"{name} {count:,}" for name, count in report.planted.items()))
    if report.truth:
        console.print(f"what was planted is written to {_short(report.truth)}")
    console.print(f"now: stayhouse build --raw {_short(report.raw)}")


@app.command()
def build(
    raw: RawOption = None,
    policy: PolicyOption = None,
    warehouse: WarehouseOption = None,
    publish: PublishOption = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of", formats=DAY, help=_described("Closed business day.", default="the last that the data reach")
        ),
    ] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day of a range.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last day of a range.")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Build every model from all rows.")] = False,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for another run of this warehouse to end.")] = 0,
    allow_stale: Annotated[
        bool, typer.Option("--allow-stale", help="Publish although raw tables end too early, and mark it.")
    ] = False,
    make_current: Annotated[
        bool, typer.Option("--make-current", help="Give readers this day even when they have a later one.")
    ] = False,
) -> None:
    """Load, check, transform, check and publish one business day, or every day of a range.

    Exit code 0: published. 1: a check withheld the publication. 2: bad input or configuration. 130 and 143: stopped by
    Ctrl-C or SIGTERM.
    """
    from stayhouse.orchestration.attended import attended
    from stayhouse.orchestration.runner import BAD_INPUT
    from stayhouse.orchestration.runner import build as run
    from stayhouse.orchestration.warehouse import WarehouseBusy
    from stayhouse.page.library import MissingChartLibrary
    from stayhouse.page.library import check as check_chart_library

    if as_of and (first or last):
        _fail("--as-of names one day, --from and --to a range; give one or the other")
    if bool(first) != bool(last):
        _fail("--from and --to go together")
    begun = time.monotonic()
    try:
        settings = Settings.resolve(raw, policy, warehouse, publish)
        check_chart_library()
        with attended(settings, errors):
            outcome = run(
                settings,
                _day(first or as_of),
                _day(last or as_of),
                full_refresh,
                wait_seconds=wait,
                allow_stale=allow_stale,
                make_current=make_current,
            )
    except (ConfigurationError, MissingChartLibrary, WarehouseBusy) as error:
        _fail(str(error))
    _summary(settings, outcome, time.monotonic() - begun)
    if outcome.exit_code == BAD_INPUT:
        for line in outcome.log.get("bad_input", []):
            errors.print(f"[bold red]bad input:[/] {escape(line)}", soft_wrap=True)
    raise typer.Exit(outcome.exit_code)


@app.command()
def status(raw: RawOption = None, warehouse: WarehouseOption = None, publish: PublishOption = None) -> None:
    """Say what is published, as of when, what is withheld and why, and what is quarantined."""
    from stayhouse.orchestration.run_log import RunLog
    from stayhouse.publishing.release import current_publication

    try:
        settings = Settings.resolve(raw, None, warehouse, publish)
    except ConfigurationError as error:
        _fail(str(error))
    published = current_publication(settings.publish)
    if published:
        console.print(
            f"[bold]published[/] as of {published['as_of_date']} at {published['published_at']}, "
            f"{len(published['rows'])} marts, {sum(published['rows'].values()):,} rows: "
            f"{_short(settings.publish / 'current')}"
        )
        _print_stale(published.get("stale_feeds") or {})
        _print_missing(published.get("missing_tables") or {})
        _print_lines("warnings of that run", published.get("warnings", []))
    else:
        console.print(f"nothing has been published to {_short(settings.publish)} yet; run stayhouse build")
    _print_late_sources(settings)
    log = RunLog(settings.run_log).read()
    if not log:
        return
    if log.get("withheld"):
        console.print(f"[bold red]withheld[/] the run of {log.get('as_of', 'the load')}, because")
        _print_lines("", log["withheld"])
    if log.get("bad_input"):
        console.print("[bold red]the last run found bad input:[/]")
        _print_lines("", log["bad_input"])
    _print_quarantine(settings)


@app.command()
def card(
    customer_id: Annotated[str, typer.Argument(help="Customer as in the raw table customers.")],
    raw: RawOption = None,
    publish: PublishOption = None,
    out: Annotated[
        Path | None, typer.Option(help=_described("File to write.", default="card-<customer>.html here"))
    ] = None,
) -> None:
    """Write the card of one customer from the standing publication."""
    from stayhouse.page.cards import UnknownCustomer, card_name, write_card
    from stayhouse.publishing.release import DATABASE_NAME, current_publication

    try:
        settings = Settings.resolve(raw, None, None, publish)
    except ConfigurationError as error:
        _fail(str(error))
    published = current_publication(settings.publish)
    if not published:
        _fail(f"nothing has been published to {_short(settings.publish)} yet; run stayhouse build")
    target = (out or Path(f"card-{card_name(customer_id)}")).resolve()
    try:
        write_card(
            settings.publish / "current" / DATABASE_NAME,
            customer_id,
            target,
            date.fromisoformat(published["as_of_date"]),
        )
    except UnknownCustomer:
        _fail(f"{customer_id}: no such customer in {_short(settings.publish / 'current')}; test accounts have no card")
    console.print(f"written to {_short(target)}")


@app.command()
def notify(raw: RawOption = None, warehouse: WarehouseOption = None) -> None:
    """Send why the last run failed to the addresses of the settings; for cron and systemd, after a build that failed.

    Exit code 0: sent. 1: an address could not be reached. 2: there is no address, or a setting is wrong.
    """
    from stayhouse.orchestration.notification import of_the_last_run, send
    from stayhouse.orchestration.run_log import RunLog

    try:
        settings, addresses = Settings.resolve(raw, None, warehouse), failure_addresses()
    except ConfigurationError as error:
        _fail(str(error))
    if not addresses:
        _fail("nobody to notify; set STAYHOUSE_FAILURE_WEBHOOK or STAYHOUSE_FAILURE_MAIL")
    problems = send(addresses, of_the_last_run(RunLog(settings.run_log).read()))
    for problem in problems:
        errors.print(problem, soft_wrap=True, markup=False)
    raise typer.Exit(1 if problems else 0)


@app.command()
def move(raw: RawOption = None, warehouse: WarehouseOption = None, publish: PublishOption = None) -> None:
    """Say that a landing folder has moved: the warehouse goes on with the files at their new place."""
    from stayhouse.orchestration.moving import adopt_landing_folder
    from stayhouse.orchestration.warehouse import WarehouseBusy

    try:
        settings = Settings.resolve(raw, None, warehouse, publish)
        moved = adopt_landing_folder(settings)
    except (ConfigurationError, WarehouseBusy) as error:
        _fail(str(error))
    console.print(
        f"{_short(settings.warehouse)} goes on with {settings.raw} instead of {moved.before}; "
        f"{moved.found:,} of its {moved.known:,} files are there",
        soft_wrap=True,
        markup=False,
    )


@app.command()
def erase(
    customers: Annotated[list[str], typer.Argument(help="Customers as in the raw table customers.")],
    raw: RawOption = None,
    policy: PolicyOption = None,
    warehouse: WarehouseOption = None,
    publish: PublishOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; landing files cannot be restored.")] = False,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for another run of this warehouse to end.")] = 0,
) -> None:
    """Erase customers from landing files, warehouse, publications and logs, for ever.

    Their rows stay under random names that nobody can lead back, so that months that are closed keep their figures.
    Exit code 0: nothing is left. 1: something is left, and the messages say where. 2: bad input or configuration.
    """
    from stayhouse.loading.suppression import ErasureError
    from stayhouse.orchestration.erasure import erase_now
    from stayhouse.orchestration.runner import PUBLISHED, WITHHELD
    from stayhouse.orchestration.warehouse import WarehouseBusy

    try:
        settings = Settings.resolve(raw, policy, warehouse, publish)
        if not settings.raw.is_dir():
            _fail(f"{settings.raw}: there is no such landing folder; give the right one with --raw")
        if not yes:
            if not sys.stdin.isatty():
                _fail("erasing rewrites landing files and cannot be undone; confirm with --yes")
            typer.confirm(
                f"Erase {', '.join(customers)} from {_short(settings.raw)} and everything made of it?", abort=True
            )
        erased = erase_now(settings, customers, wait)
    except (ConfigurationError, ErasureError, WarehouseBusy) as error:
        _fail(str(error))
    if not erased.rows and not erased.files:
        console.print("no row of theirs was found; they are recognised if they are delivered later")
    console.print(
        f"erased {erased.customers} customers: {erased.rows:,} loaded rows have random names, "
        f"{len(erased.files):,} landing files were written again"
    )
    _print_lines("removed", erased.removed)
    for line in erased.problems:
        errors.print(f"[bold red]left:[/] {escape(line)}", soft_wrap=True)
    raise typer.Exit(WITHHELD if erased.problems else PUBLISHED)


@app.command()
def dev(port: Annotated[int, typer.Option(help="Port of the page.")] = 3000) -> None:
    """Open the Dagster UI: the graph, the runs, the checks, the schedule. Begins the daemon too."""
    if find_spec("dagster_webserver") is None or find_spec("dagster_dg_cli") is None:
        _fail(
            "the Dagster UI needs dagster-webserver and dagster-dg-cli; run `make dev`, or pip install 'stayhouse[ui]'"
        )
    from stayhouse.orchestration.pages import served

    try:
        settings = Settings.resolve()
    except ConfigurationError as error:
        _fail(str(error))
    history_folder()
    home = working_folder()
    program = shutil.which("dg", path=str(Path(sys.executable).parent)) or "dg"
    command = [program, "dev", "-m", "stayhouse.orchestration.definitions", "-p", str(port), "-d", str(home)]
    with served(settings.publish):
        raise typer.Exit(_run_until_stopped(command, home))


def _run_until_stopped(command: list[str], folder: Path) -> int:
    """Runs a program that ends its own children when it is stopped; killed, it would leave a daemon behind."""
    with subprocess.Popen(command, cwd=folder) as program:
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, lambda *_: program.terminate())
        return program.wait()


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _fail(message: str) -> NoReturn:
    for line in message.splitlines():
        errors.print(f"[bold red]bad input:[/] {escape(line)}", soft_wrap=True)
    raise typer.Exit(2)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _print_lines(title: str, lines: list[str], most: int = 12) -> None:
    if not lines:
        return
    if title:
        console.print(f"[bold]{title}[/]")
    for line in lines[:most]:
        console.print(f"  - {line}", soft_wrap=True, markup=False)
    if len(lines) > most:
        console.print(f"  ... and {len(lines) - most} more")


def _print_missing(missing: dict[str, list[str]]) -> None:
    for table, marts in missing.items():
        console.print(
            f"[yellow]no rows in {table}[/], so without its part: {', '.join(marts) or 'no mart yet'}", soft_wrap=True
        )


def _print_stale(stale: dict[str, str | None]) -> None:
    for table, last in stale.items():
        end = f"ends on {last}" if last else "has no rows"
        console.print(f"[bold red]stale[/] {table} {end}; figures that need it are too low or too high", soft_wrap=True)


def _print_late_sources(settings: Settings) -> None:
    """Sources that are recorded much later than the earliest one: their marts begin later too."""
    import duckdb

    from stayhouse.publishing.release import DATABASE_NAME

    published = settings.publish / "current" / DATABASE_NAME
    try:
        with duckdb.connect(published, read_only=True) as connection:
            rows = connection.execute(
                """
                select source_code, observed_from_date, later_than_first_days from quality.mart_observation_starts
                where observed_from_date is not null order by 2, 1
                """
            ).fetchall()
    except duckdb.Error:
        return
    if any(days > LATE_SOURCE_DAYS for _, _, days in rows):
        starts = ", ".join(f"{source} since {day}" for source, day, _ in rows)
        console.print(f"[bold]recorded[/] {starts}; months before that are not measurable", soft_wrap=True)


def _print_quarantine(settings: Settings) -> None:
    """Quarantined rows by reason, from the working file if nobody writes it, else from the last publication."""
    import duckdb

    from stayhouse.publishing.release import DATABASE_NAME

    published = settings.publish / "current" / DATABASE_NAME
    sources = [
        (
            settings.warehouse,
            "select table_name, reasons, count(*) from ops.quarantined_rows group by all order by 3 desc",
        ),
        (
            published,
            "select table_name, uncounted_reasons, quarantined_rows_count from quality.mart_raw_accounting "
            "where uncounted_reasons <> 'all' and quarantined_rows_count > 0 order by 3 desc",
        ),
    ]
    for path, sql in sources:
        if not path.exists():
            continue
        try:
            with duckdb.connect(path, read_only=True) as connection:
                rows = connection.execute(sql + " limit 30").fetchall()
        except duckdb.Error:
            continue
        if rows:
            table = Table("table", "reason", "rows", title="in quarantine")
            table.columns[2].justify = "right"
            for name, reason, count in rows:
                table.add_row(name, reason, f"{count:,}")
            console.print(table)
        else:
            console.print("nothing is in quarantine")
        return


def _summary(settings: Settings, outcome: Outcome, seconds: float) -> None:
    log = outcome.log
    # First what makes figures wrong: days, rows, codes and money that are missing.
    if log.get("covered_day"):
        console.print(f"[bold]as of[/] {log['covered_day']}", soft_wrap=True, markup=True)
    _print_lines("feeds", log.get("feeds", []))
    _print_lines("rejected", log.get("rejections", []))
    _print_lines("policy", log.get("policy_gaps", []))
    _print_lines("money", log.get("money", []))
    if log.get("load"):
        _print_load(settings, log["load"])
    warnings = log.get("dbt_warnings", []) + [
        w for stage in ("raw", "mart") for w in log.get(f"{stage}_checks", {}).get("warnings", [])
    ]
    _print_lines("warnings", warnings)
    if outcome.exit_code == 0:
        _print_published(settings, outcome, seconds)
        return
    console.print(f"[bold red]not published[/]; the last publication stays.{' Failed:' if log.get('withheld') else ''}")
    if log.get("withheld"):
        _print_lines("", log["withheld"])
        console.print(f"look at {_short(settings.work / 'data_docs')}, or run stayhouse dev")


def _print_load(settings: Settings, load: dict[str, Any]) -> None:
    """What was loaded, by table, then what was quarantined and why."""
    table = Table("raw table", *LOADED.values(), title="loaded")
    for column in table.columns[1:]:
        column.justify = "right"
    totals: Counter[str] = Counter()
    for name, counts in load["tables"].items():
        if counts["files"]:
            table.add_row(name, *(f"{counts[key]:,}" for key in LOADED))
            totals.update({key: counts[key] for key in LOADED})
    if totals:
        table.add_section()
        table.add_row("all", *(f"{count:,}" for count in totals.values()))
        console.print(table)
    else:
        known = sum(counts["files_known"] for counts in load["tables"].values())
        console.print(f"nothing new in {_short(settings.raw)} ({known:,} files are known)")
    reasons: Counter[str] = Counter()
    for name, counts in load["tables"].items():
        reasons.update({f"{name}: {reason}": count for reason, count in counts["quarantine_reasons"].items()})
    _print_lines("quarantined, by reason", [f"{reason}: {count:,} rows" for reason, count in reasons.most_common()])
    _print_lines("notices", load["notices"])


def _print_published(settings: Settings, outcome: Outcome, seconds: float) -> None:
    published = outcome.log["published"]
    table = Table("mart", "rows", title=f"published as of {published['as_of']}")
    table.columns[1].justify = "right"
    for name, rows in published["rows"].items():
        table.add_row(name, f"{rows:,}")
    console.print(table)
    _print_missing(outcome.log.get("missing_tables") or {})
    if len(outcome.days) > 1:
        console.print(f"{len(outcome.days)} days, {outcome.days[0]} to {outcome.days[-1]}")
    folder = settings.publish / "current" if published["is_current"] else Path(published["folder"])
    console.print(f"read it at {_short(folder)}/ (index.html, stayhouse.duckdb, parquet/, data_docs/)")
    if not published["is_current"]:
        console.print(
            f"readers keep {published['current_day']} at {_short(settings.publish / 'current')}; "
            "--make-current gives them this day",
            soft_wrap=True,
        )
    console.print(f"[bold green]published[/] in {seconds:.0f} s")


def main() -> None:
    """Entry point of the `stayhouse` command."""
    try:
        restrict_new_files()
    except ConfigurationError as error:
        errors.print(f"[bold red]bad input:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(2)
    # dbt's manifest and the libraries live as long as the process; by default Python searches them again and again.
    gc.set_threshold(*COLLECTED_EVERY)
    app()


if __name__ == "__main__":
    main()
