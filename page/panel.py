"""Parts of a section of the page: title, SQL over published marts, and a view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Switch:
    """A choice above a panel: only the rows whose column holds the chosen value are drawn."""

    column: str
    label: str
    default: str | None = None
    """Initial choice; None: the first value in the rows."""


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification. Its data are the panel's rows; the page adds width, colours and tooltip style."""

    spec: dict[str, Any]
    kind: str = "chart"


@dataclass(frozen=True)
class Heat:
    """A table of shares: one cell for each row label and column label, shaded by its value."""

    row: str
    column: str
    value: str
    numerator: str
    denominator: str
    row_label: str
    column_label: str
    complete: str | None = None
    """Boolean column; false hatches the cell (its window has not elapsed)."""
    reliable: str | None = None
    """Boolean column; false greys the cell (too few units)."""
    size: str | None = None
    """Column with the size of the row's group, shown beside the label."""
    unit: str = "%"
    kind: str = "heat"


@dataclass(frozen=True)
class Column:
    """A column of a table on the page."""

    name: str
    label: str
    format: str = "text"
    """text, words (a sentence), number, percent, moment, yes_no, or card (a customer whose card may be opened)."""
    filter: bool = False
    """True: the page offers its values as a filter."""


@dataclass(frozen=True)
class Table:
    """Rows with search, sorting, filters and CSV."""

    columns: tuple[Column, ...]
    kind: str = "table"


@dataclass(frozen=True)
class Tiles:
    """One tile per row: label, value, unit ('%', 'points', ''), previous, higher_is_better, n, note."""

    kind: str = "tiles"


@dataclass(frozen=True)
class Panel:
    """One panel: its title, rows and view.

    If the SQL selects a column `segment`, the filter of the page applies ('all' is the row over everybody). A result
    without rows is shown as a sentence that names the raw tables that would fill it.
    """

    key: str
    title: str
    question: str
    sql: str
    view: Chart | Heat | Table | Tiles
    needs: tuple[str, ...] = ()
    """Raw tables that the panel needs."""
    needs_policy: tuple[str, ...] = ()
    """Policy files without whose rows the panel stays empty."""
    metrics: tuple[str, ...] = ()
    """Codes in the metric catalogue whose definitions are shown with the panel."""
    switches: tuple[Switch, ...] = ()
    empty: str | None = None
    """Meaning of no rows, if that is good news; None: the page names what is missing."""
    wide: bool = False
    most: int | None = None
    """Most rows of the panel, the first ones of the SQL; the page says how many it leaves out."""
    whole: tuple[tuple[str, str], ...] = ()
    """Files with the rows left out: (title, address in the release)."""


@dataclass(frozen=True)
class Section:
    """A domain of the page."""

    key: str
    title: str
    lead: str
    panels: tuple[Panel, ...] = field(default_factory=tuple)
