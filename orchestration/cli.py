"""The command line: a thin face on the generator, dbt and Dagster. Nothing is computed here."""

from __future__ import annotations

import gc
import shutil
import signal
import subprocess
import sys
import time
from datetime import date, datetime
from enum import StrEnum
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from stayhouse.contract.words import counted
from stayhouse.demonstration import LEAST_CUSTOMERS, LEAST_DAYS
from stayhouse.loading.refusals import no_folder
from stayhouse.orchestration.commands.explain import explain
from stayhouse.orchestration.commands.init import init
from stayhouse.orchestration.commands.pull import pull
from stayhouse.orchestration.commands.query import query
from stayhouse.orchestration.commands.validate import validate
from stayhouse.orchestration.options import (
    DAY,
    CompanyArgument,
    CompanyOption,
    PolicyOption,
    PublishOption,
    RawOption,
    WarehouseOption,
    described,
)
from stayhouse.orchestration.screen import console, errors, fail, print_lines, shortened
from stayhouse.orchestration.settings import (
    ConfigurationError,
    Settings,
    choose_company,
    failure_addresses,
    history_folder,
    restrict_new_files,
    working_folder,
)
from stayhouse.orchestration.variables import as_help

app = typer.Typer(
    no_args_is_help=True,
    help="Stayhouse: a customer-retention warehouse. Raw events, contacts and surveys in, tested marts out.",
    epilog=escape(as_help()),
)

app.command()(init)
app.command()(pull)
app.command()(validate)
app.command()(explain)
app.command()(query)

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
    customers: Annotated[int, typer.Option(min=LEAST_CUSTOMERS, help="Customers of the saas pack.")] = 2000,
    days: Annotated[int, typer.Option(min=LEAST_DAYS, help="Days of the saas pack.")] = 548,
    seed: Annotated[int, typer.Option(help="Same seed, same data.")] = 7,
    dirty: Annotated[bool, typer.Option("--dirty", help="Plant broken rows and files too, and count them.")] = False,
    out: Annotated[Path | None, typer.Option(help=described("Folder to write to.", default="companies/<pack>"))] = None,
) -> None:
    """Write a company to try the warehouse on."""
    from stayhouse.demonstration import MissingPack
    from stayhouse.demonstration.complete_journey import package_folder
    from stayhouse.orchestration.attended import bars

    if pack is Pack.complete_journey:
        try:
            package_folder()
        except MissingPack as error:
            fail(str(error))
    target = (out or working_folder() / "companies" / pack.value).resolve()
    if (target / "landing").is_dir() and any((target / "landing").iterdir()):
        fail(f"{target / 'landing'} is not empty; remove it, or write elsewhere with --out (two packs must not mix)")
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
        console.print(f"what was planted is written to {shortened(report.truth)}")
    console.print(f"now: stayhouse build {shortened(report.out)}")


@app.command()
def build(
    company: CompanyArgument = None,
    raw: RawOption = None,
    policy: PolicyOption = None,
    warehouse: WarehouseOption = None,
    publish: PublishOption = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of", formats=DAY, help=described("Closed business day.", default="the last that the data reach")
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
    no_pull: Annotated[
        bool, typer.Option("--no-pull", help="Take the files at hand: pull nothing from databases and object stores.")
    ] = False,
    select: Annotated[
        str | None,
        typer.Option(
            "--select",
            help=described("Build and publish the marts of these domains alone: activation,cx.", default="all"),
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", help=described("Where dbt builds: duckdb, postgres or spark.", "STAYHOUSE_TARGET")),
    ] = None,
) -> None:
    """Load, check, transform, check and publish one business day, or every day of a range.

    Exit code 0: published. 1: a check withheld the publication. 2: bad input or configuration. 130 and 143: stopped by
    Ctrl-C or SIGTERM.
    """
    from stayhouse.orchestration.attended import attended
    from stayhouse.orchestration.runner import build as run
    from stayhouse.orchestration.selection import chosen_domains
    from stayhouse.orchestration.summary import print_outcome
    from stayhouse.orchestration.warehouse import WarehouseBusy
    from stayhouse.page.library import MissingChartLibrary
    from stayhouse.page.library import check as check_chart_library

    if as_of and (first or last):
        fail("--as-of names one day, --from and --to a range; give one or the other")
    if bool(first) != bool(last):
        fail("--from and --to go together")
    begun = time.monotonic()
    try:
        settings = Settings.resolve(raw, policy, warehouse, publish, company, target)
        settings = settings.without_pulling() if no_pull else settings
        check_chart_library()
        domains = chosen_domains(select) if select is not None else ()
        with attended(settings, errors):
            outcome = run(
                settings,
                _day(first or as_of),
                _day(last or as_of),
                full_refresh,
                wait_seconds=wait,
                allow_stale=allow_stale,
                make_current=make_current,
                domains=domains,
            )
    except (ConfigurationError, MissingChartLibrary, WarehouseBusy) as error:
        fail(str(error))
    print_outcome(settings, outcome, time.monotonic() - begun)
    raise typer.Exit(outcome.exit_code)


@app.command()
def status(
    company: CompanyArgument = None,
    raw: RawOption = None,
    warehouse: WarehouseOption = None,
    publish: PublishOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Every finding, table and mart.")] = False,
) -> None:
    """Say what is published, as of when, what is withheld and why, and what is quarantined."""
    from stayhouse.orchestration.summary import print_status

    try:
        settings = Settings.resolve(raw, None, warehouse, publish, company)
    except ConfigurationError as error:
        fail(str(error))
    print_status(settings, verbose)


@app.command()
def card(
    customer_id: Annotated[str, typer.Argument(help="Customer as in the raw table customers.")],
    company: CompanyOption = None,
    raw: RawOption = None,
    publish: PublishOption = None,
    out: Annotated[
        Path | None, typer.Option(help=described("File to write.", default="card-<customer>.html here"))
    ] = None,
) -> None:
    """Write the card of one customer from the standing publication."""
    from stayhouse.page.cards import FACTS_OF_CARDS, NoCards, UnknownCustomer, card_name, write_card
    from stayhouse.publishing.reading import NothingPublished, standing
    from stayhouse.publishing.release import DATABASE_NAME

    target = (out or Path(f"card-{card_name(customer_id)}")).resolve()
    try:
        settings = Settings.resolve(raw, None, None, publish, company)
        with standing(settings.publish) as publication:
            database, day = publication.folder / DATABASE_NAME, publication.day_of(FACTS_OF_CARDS)
            write_card(database, customer_id, target, day)
    except (ConfigurationError, NothingPublished) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{target}: {error.strerror}; name another file with --out")
    except NoCards:
        fail(f"the publication does not have {FACTS_OF_CARDS}, of which a card is made; run stayhouse build")
    except UnknownCustomer:
        fail(
            f"{customer_id}: no such customer in {shortened(settings.publish / 'current')}; test accounts have no card"
        )
    console.print(f"written to {shortened(target)}")


@app.command()
def notify(company: CompanyArgument = None, raw: RawOption = None, warehouse: WarehouseOption = None) -> None:
    """Send why the last run failed to the addresses of the settings; for cron and systemd, after a build that failed.

    Exit code 0: sent. 1: an address could not be reached. 2: no address is set, or a setting is wrong.
    """
    from stayhouse.orchestration.notification import of_the_last_run, send
    from stayhouse.orchestration.run_log import RunLog

    try:
        settings, addresses = Settings.resolve(raw, None, warehouse, None, company), failure_addresses()
    except ConfigurationError as error:
        fail(str(error))
    if not addresses:
        fail("nobody to notify; set STAYHOUSE_FAILURE_WEBHOOK or STAYHOUSE_FAILURE_MAIL")
    problems = send(addresses, of_the_last_run(RunLog(settings.run_log).read()))
    for problem in problems:
        errors.print(problem, soft_wrap=True, markup=False)
    raise typer.Exit(1 if problems else 0)


@app.command()
def move(
    company: CompanyArgument = None,
    raw: RawOption = None,
    warehouse: WarehouseOption = None,
    publish: PublishOption = None,
) -> None:
    """Say that a landing folder has moved: the warehouse goes on with the files at their new place."""
    from stayhouse.orchestration.moving import adopt_landing_folder
    from stayhouse.orchestration.warehouse import WarehouseBusy

    try:
        settings = Settings.resolve(raw, None, warehouse, publish, company)
        moved = adopt_landing_folder(settings)
    except (ConfigurationError, WarehouseBusy) as error:
        fail(str(error))
    console.print(
        f"{shortened(settings.warehouse)} goes on with {settings.raw} instead of {moved.before}; "
        f"{moved.found:,} of its {moved.known:,} files are there",
        soft_wrap=True,
        markup=False,
    )


@app.command()
def erase(
    customers: Annotated[list[str], typer.Argument(help="Customers as in the raw table customers.")],
    company: CompanyOption = None,
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
        settings = Settings.resolve(raw, policy, warehouse, publish, company)
        if not settings.raw.is_dir():
            fail(no_folder(settings.raw, settings.where_to_set("[paths] landing", "--raw")))
        if not yes:
            if not sys.stdin.isatty():
                fail("erasing rewrites landing files and cannot be undone; confirm with --yes")
            typer.confirm(
                f"Erase {', '.join(customers)} from {shortened(settings.raw)} and everything made of it?", abort=True
            )
        erased = erase_now(settings, customers, wait)
    except (ConfigurationError, ErasureError, WarehouseBusy) as error:
        fail(str(error))
    if not erased.rows and not erased.files:
        console.print("no row of theirs was found; they are recognised if they are delivered later")
    console.print(
        f"erased {counted(erased.customers, 'customer')}; written again with random names: "
        f"{counted(erased.rows, 'loaded row')}, {counted(len(erased.files), 'landing file')}"
    )
    print_lines("removed", erased.removed)
    for line in erased.problems:
        errors.print(f"[bold red]left:[/] {escape(line)}", soft_wrap=True)
    raise typer.Exit(WITHHELD if erased.problems else PUBLISHED)


@app.command()
def dev(company: CompanyArgument = None, port: Annotated[int, typer.Option(help="Port of the page.")] = 3000) -> None:
    """Open the Dagster UI: the graph, the runs, the checks, the schedule. Begins the daemon too."""
    if find_spec("dagster_webserver") is None or find_spec("dagster_dg_cli") is None:
        fail(
            "the Dagster UI needs dagster-webserver and dagster-dg-cli; run `make dev`, or pip install 'stayhouse[ui]'"
        )
    from stayhouse.orchestration.pages import served

    try:
        settings = Settings.resolve(company=company)
    except ConfigurationError as error:
        fail(str(error))
    choose_company(settings)
    history_folder(settings)
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
