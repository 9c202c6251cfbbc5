"""`stayhouse pull`: new rows of databases and new objects of object stores, without a build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from stayhouse.orchestration.company import FILE_NAME, ConfigurationError
from stayhouse.orchestration.options import CompanyArgument
from stayhouse.orchestration.screen import console, fail, print_lines
from stayhouse.orchestration.settings import Settings

if TYPE_CHECKING:
    from stayhouse.orchestration.sources import PulledSources


def pull(
    company: CompanyArgument = None,
    again: Annotated[
        bool, typer.Option("--again", help="Forget how far databases were pulled, and pull all of their rows.")
    ] = False,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for another run of this warehouse to end.")] = 0,
) -> None:
    """Bring new rows of databases and new objects of object stores into the company's folder; a build does it too.

    Exit code 0: brought, also when nothing is new. 2: a source cannot be read, or bad configuration.
    """
    from stayhouse.orchestration.lock import run_lock
    from stayhouse.orchestration.sources import pull_sources
    from stayhouse.orchestration.warehouse import WarehouseBusy
    from stayhouse.sources import SourceError

    try:
        settings = Settings.resolve(company=company)
        if not settings.is_pulled:
            place = settings.company / FILE_NAME if settings.company else FILE_NAME
            fail(f"{place}: states no sources; add [sources.<name>], or an address like s3:// to [paths]")
        with run_lock(settings, wait):
            pulled = pull_sources(settings, again)
    except (ConfigurationError, SourceError, WarehouseBusy) as error:
        fail(str(error))
    _print(pulled)


def _print(pulled: PulledSources) -> None:
    if pulled.tables:
        shown = Table("source", "table", "new rows", "to")
        shown.columns[2].justify = "right"
        for table in pulled.tables:
            shown.add_row(table.source, table.table, f"{table.rows:,}", f"{table.to}/")
        console.print(shown)
    for copy in pulled.copies:
        console.print(
            f"{copy.url}: {len(copy.fetched):,} objects fetched, {copy.unchanged:,} unchanged, "
            f"{len(copy.removed):,} removed",
            soft_wrap=True,
            markup=False,
        )
    print_lines("notices", pulled.notices)
