"""`python -m stayhouse.demonstration.truth_report usage --warehouse FILE --truth DIR`: compares what was planted
with what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stayhouse.demonstration.scoring import DOMAINS, score


def report(
    domain: Annotated[str, typer.Argument(help=f"One of {', '.join(DOMAINS)}.")],
    warehouse: Annotated[Path, typer.Option(help="Working DuckDB file of a run.", exists=True)],
    truth: Annotated[Path, typer.Option(help="Folder `truth` beside the landing folder.", exists=True)],
) -> None:
    """Print a table of scores."""
    if domain not in DOMAINS:
        raise typer.BadParameter(f"{domain} is none of {', '.join(DOMAINS)}")
    names, rows = score(domain, warehouse, truth)
    table = Table(*(name.replace("_", " ") for name in names), title=domain)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)


if __name__ == "__main__":
    typer.run(report)
