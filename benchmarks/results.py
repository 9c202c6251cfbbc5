"""Writes what a benchmark measured to benchmarks/results.md: a section for each benchmark and size.

A section is replaced as a whole. It says when, at which commit, with which versions and on which machine it was
measured.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

FILE = Path(__file__).with_name("results.md")
TITLE = "# Benchmarks"
INTRODUCTION = """\
`make bench`, `make bench-cx` and `make bench-usage` write this file; a section is replaced when its benchmark runs
again. A scan is one pass over the raw columns in Parquet, measured in the same run. Machines are noisy: CPU seconds are
more stable than wall seconds, and scans more stable than both."""
KINDS = ("Whole warehouse", "Customer experience and feedback", "Usage health", "Usage health by history")
"""Titles of the benchmarks, in the order of their sections. Sections with another title stay below them."""
PACKAGES = ("stayhouse", "duckdb", "dbt-core", "dagster", "great-expectations")


def record(heading: str, command: str, header: Sequence[str], rows: Sequence[Sequence[str]], file: Path = FILE) -> None:
    """Show the rows and write them as the section `heading` ("<kind>, <size>")."""
    shown = Table(*header, title=heading)
    for column in shown.columns[1:]:
        column.justify = "right"
    for row in rows:
        shown.add_row(*row)
    Console(width=130).print(shown)
    lines = [f"`{command}`, {circumstances()}.", "", *markdown(header, rows)]
    write(file, TITLE, INTRODUCTION, read(file) | {heading: "\n".join(lines)})
    Console().print(f"written to {file.name}: {heading}")


def write(file: Path, title: str, introduction: str, sections: Mapping[str, str]) -> None:
    """Write a file with its sections in the order of benchmarks and sizes."""
    text = [title, "", introduction, ""]
    for heading in sorted(sections, key=_order):
        text += [f"## {heading}", "", sections[heading], ""]
    file.write_text("\n".join(text))


def read(file: Path) -> dict[str, str]:
    """The sections of the file by their headings."""
    if not file.is_file():
        return {}
    _, *parts = re.split(r"^## ", file.read_text(), flags=re.M)
    return {heading: body.strip() for heading, _, body in (part.partition("\n") for part in parts)}


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose first column is text; leading blanks of a cell show that it is a part of the row above."""
    return [
        f"| {' | '.join(header)} |",
        "|---|" + "---:|" * (len(header) - 1),
        *(f"| {' | '.join((re.sub(r'^ +', '– ', row[0]), *row[1:]))} |" for row in rows),
    ]


def circumstances() -> str:
    """When, what, with which versions and where."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return "; ".join([
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip() or 'unknown'}",
        ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES)]),
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, load of the last 15 minutes {os.getloadavg()[2]:.1f}",
    ])  # fmt: skip


def _order(heading: str) -> tuple[int, float, str]:
    kind, _, size = heading.partition(", ")
    number = re.search(r"[\d.]+", size.replace(",", ""))
    return KINDS.index(kind) if kind in KINDS else len(KINDS), float(number[0]) if number else 0.0, heading
