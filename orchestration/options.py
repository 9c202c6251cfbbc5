"""Options that several commands share, with what their help says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from stayhouse.orchestration.variables import BY_NAME


def described(text: str, variable: str | None = None, default: str | None = None) -> str:
    """Help of an option with its variable and its default, in brackets that Rich does not take for markup."""
    stated = default or (BY_NAME[variable].default.replace("`", "") if variable else None)
    return escape(text + (f" [env: {variable}]" if variable else "") + (f" [default: {stated}]" if stated else ""))


_COMPANY = described("Folder of the company, with its stayhouse.toml.", "STAYHOUSE_COMPANY")
CompanyArgument = Annotated[Path | None, typer.Argument(metavar="[COMPANY]", show_default=False, help=_COMPANY)]
# Where a command has arguments of its own.
CompanyOption = Annotated[Path | None, typer.Option("--company", "-c", help=_COMPANY)]
RawOption = Annotated[Path | None, typer.Option("--raw", help=described("Landing folder.", "STAYHOUSE_RAW"))]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy", help=described("CSV files that replace the policy seeds of the same name.", "STAYHOUSE_POLICY")
    ),
]
WarehouseOption = Annotated[
    Path | None, typer.Option("--warehouse", help=described("Working DuckDB file.", "STAYHOUSE_WAREHOUSE"))
]
PublishOption = Annotated[
    Path | None, typer.Option("--publish", help=described("Folder of publications.", "STAYHOUSE_PUBLISH"))
]
DAY = ["%Y-%m-%d"]
