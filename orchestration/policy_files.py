"""Policy files as text: columns, rows, and lines to add. What they must hold is checked in `policy`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]
"""Text by column."""


class NotCsv(Exception):
    """A file whose quotes do not fit. The message is that of the reader."""

    def __init__(self, reason: str, line: int):
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class PolicyFile:
    """What a policy file holds."""

    columns: list[str]
    cells: list[tuple[int, list[str]]]
    """The cells of each row, with its number as in a spreadsheet: row 1 is the header."""

    @property
    def rows(self) -> list[Row]:
        """The rows of a file whose rows have as many cells as its header."""
        return [dict(zip(self.columns, cells, strict=True)) for _, cells in self.cells]


def parsed(content: bytes) -> PolicyFile:
    """Takes a file apart. Rows without any value are left out.

    Raises NotCsv, and UnicodeDecodeError for anything but UTF-8.
    """
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    try:
        columns = next(reader, [])
        cells = [(number, row) for number, row in enumerate(reader, start=2) if any(map(str.strip, row))]
    except csv.Error as error:
        raise NotCsv(str(error), reader.line_num) from error
    return PolicyFile(columns, cells)


def read_policy_file(file: Path) -> PolicyFile:
    """The same of a file on disk."""
    return parsed(file.read_bytes())


def csv_line(cells: Sequence[str]) -> str:
    """A line of a CSV file, without its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
