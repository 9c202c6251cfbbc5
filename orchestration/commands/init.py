"""`stayhouse init`: the folder of a new company."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stayhouse.contract.words import did_you_mean
from stayhouse.orchestration.company import FILE_NAME, ConfigurationError, as_file
from stayhouse.orchestration.screen import console, fail, shortened
from stayhouse.shaping.packaged import copy_examples, copy_shapes, packaged_tools

EXPORTS_README = """\
# Exports

One folder per tool, with its exports as they are: `exports/stripe/subscriptions-2025-07.json`. A SELECT in `shapes/`
makes a raw table of them; files that have the columns of a raw table already go to `landing/<table>/`.
"""
POLICY_README = """\
# Policy

CSV files in this folder stand in for the defaults of the same name. Look at these first:

| file | says |
|---|---|
| `event_catalogue.csv` | which events are use of the product, and of which component |
| `key_actions.csv` | what a customer has done who is activated |
| `segments.csv` | groups of customers with a norm of their own |
| `plans.csv` | which plans are free, and their order |

A file has the columns of its default. `thresholds.csv` and `feeds.csv` hold only the rows that differ.
"""
IGNORED = """\
# Made from the other files, or personal data.
/exports/
/landing/
/warehouse/
/published/
/erasure/
"""


def chosen_tools(stated: str, known: dict[str, Path]) -> list[str]:
    """The tools of a list with commas. Raises ConfigurationError for one that has no shapes."""
    tools = [tool for part in stated.split(",") if (tool := part.strip().lower())]
    for tool in tools:
        if tool not in known:
            way_out = did_you_mean(tool, known) if known else "this package has no shapes"
            raise ConfigurationError(f"--from {tool}: no shapes for the exports of this tool; {way_out}")
    return list(dict.fromkeys(tools))


def write_company(folder: Path, tools: list[str], known: dict[str, Path]) -> None:
    """Writes a new company. Raises ConfigurationError when there is something at its place."""
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder}: is a file; choose another folder")
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder}: is not empty; choose another folder")
    for name in ("landing", "exports", "shapes", "policy"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(as_file(folder.name), encoding="utf-8")
    (folder / "exports" / "README.md").write_text(EXPORTS_README)
    (folder / "policy" / "README.md").write_text(POLICY_README)
    (folder / ".gitignore").write_text(IGNORED)
    for tool in tools:
        (folder / "exports" / tool).mkdir()
    copy_shapes(tools, folder / "shapes", known)


def init(
    company: Annotated[Path, typer.Argument(help="Folder to make.", show_default=False)],
    from_: Annotated[
        str,
        typer.Option(
            "--from", metavar="TOOL,TOOL", show_default=False,
            help="Tools whose exports there will be; their packaged shapes are copied.",
        ),
    ] = "",
    with_examples: Annotated[
        bool, typer.Option("--with-examples", help="Copy invented exports of the tools too, to try the shapes.")
    ] = False,
) -> None:  # fmt: skip
    """Make the folder of a new company, with comments and without the policy of any other.

    Nothing is ever overwritten: a folder that is not empty is refused. Exit code 0: made. 2: bad input.
    """
    folder = company.expanduser().absolute()
    known = packaged_tools()
    try:
        tools = chosen_tools(from_, known)
        if with_examples and not tools:
            raise ConfigurationError("--with-examples copies the exports of the tools that --from names; add --from")
        write_company(folder, tools, known)
        if with_examples:
            copy_examples(tools, folder / "exports")
    except ConfigurationError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{folder}: cannot be made ({error.strerror}); choose another folder")
    shown = shortened(folder)
    console.print(f"made {shown}: {FILE_NAME}, landing/, exports/, shapes/, policy/", soft_wrap=True, markup=False)
    if not with_examples:
        places = [f"{shown}/exports/{tool}/" for tool in tools] or [f"{shown}/landing/<table>/, first customers"]
        console.print(f"put your files into {', '.join(places)}, then:", soft_wrap=True, markup=False)
    for command in ("validate", "build", "status"):
        console.print(f"  stayhouse {command} {shown}", soft_wrap=True, markup=False)
