"""What the command line writes to: the screen, a pipe, and the channel of errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

# A pipe has no width of its own, and tables of 80 columns lose the paths.
console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
errors = Console(stderr=True, width=None if sys.stderr.isatty() else 120, highlight=False)


def fail(message: str) -> NoReturn:
    """Ends the command with the exit code of bad input."""
    bad_input(message.splitlines(), "mend these first")
    raise typer.Exit(2)


def bad_input(lines: Sequence[str], way_to_all: str = "stayhouse status --verbose", most: int = 20) -> None:
    """A line per fault; `most` of them, with the way to the others."""
    for line in lines[:most]:
        errors.print(f"[bold red]bad input:[/] {escape(line)}", soft_wrap=True)
    if len(lines) > most:
        errors.print(f"... and {len(lines) - most:,} more; {way_to_all}", soft_wrap=True)


def print_lines(title: str, lines: Sequence[str], most: int | None = None) -> None:
    """A list under a title; `most` of them, with the way to the others."""
    if not lines:
        return
    if title:
        console.print(f"[bold]{title}[/]")
    for line in lines[:most]:
        console.print(f"  - {line}", soft_wrap=True, markup=False)
    if most is not None and len(lines) > most:
        console.print(f"  ... and {len(lines) - most} more: stayhouse status --verbose")


def shortened(path: Path) -> str:
    """A path as it is said to somebody in the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
