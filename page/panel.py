"""Parts of a view of the page: title, SQL over published marts, and how the rows are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Switch:
    """A choice above a panel: only the rows whose column holds the chosen value are drawn."""

    column: str
    label: str
    default: str | None = None
    """Initial choice; None: the first value in the rows."""
    codes: str | None = None
    """Kind of the labels of the values; None: the values are shown as they are."""


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification. Its data are the panel's rows; the page adds width, colours, labels and tooltips."""

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
    """text, words (a sentence), number, money, percent, date, moment, yes_no, or card (a customer whose card may be
    opened)."""
    filter: bool = False
    """True: the page offers its values as a filter."""
    codes: str | None = None
    """Kind of the labels of its values."""
    under: str | None = None
    """Column in whose cell it is the second line, so that many columns need no scrolling sideways."""
    unit: str | None = None
    """Column with the unit of its value, written behind it."""
    interval: tuple[str, str] | None = None
    """Columns with the lower and upper bound of its value, shown below it."""


@dataclass(frozen=True)
class Table:
    """Rows with search, sorting, filters and CSV."""

    columns: tuple[Column, ...]
    names: str | None = None
    """Column with the name of the customer, shown instead of the id where there is one."""
    shown: int = 12
    """Rows that are shown before the reader asks for more."""
    kind: str = "table"


@dataclass(frozen=True)
class Tiles:
    """One tile per headline: value, interval, target, sparkline, sample size, and what moved it."""

    kind: str = "tiles"


@dataclass(frozen=True)
class Drill:
    """The customers behind a mark: the rows of a table that hold the same values."""

    panel: str
    """Key of the panel with the table."""
    match: Mapping[str, str]
    """Column of the table -> column of the clicked row."""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column of the clicked row -> values that it must hold; other marks lead nowhere. `as_of` is the day of the
    page."""
    among: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column of the table -> values that its rows must hold: those that the chart counts."""


@dataclass(frozen=True)
class Sums:
    """How the months of a panel become one longer period: parts are added, and rates divided afterwards."""

    adds: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    """Bases of a whole month that each of its rows repeats."""
    rates: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Column in percent -> numerator and denominator."""
    intervals: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """Rate -> columns of its lower and upper bound, and the method: wilson or byar."""
    all: tuple[str, ...] = ()
    """Flags that hold if they hold in every month."""
    any: tuple[str, ...] = ()
    """Flags that hold if they hold in one of the months."""
    same: tuple[str, ...] = ()
    """Columns that are known if all months agree, such as a target."""
    bridge: bool = False
    """True: the rows are the steps of a waterfall, from an opening to a closing."""


@dataclass(frozen=True)
class Panel:
    """One panel: its title, rows and view.

    Which filters a panel follows is a matter of its columns. `dimension` and `member`: the breakdowns that its rows
    have ('all', 'all' is everybody). `period` (a date) with `by`: 'upto' shows the periods up to the chosen one, 'at'
    the latest of them. `grain`: the rows of the chosen month, quarter or year; with `sums`, longer periods and spans of
    periods are added up from the months. `second` and `second_member`: a second breakdown of the same rows. A result
    without rows is shown as a sentence that names the raw tables that would fill it.
    """

    key: str
    title: str
    question: str
    """How to read it."""
    sql: str
    view: Chart | Heat | Table | Tiles
    needs: tuple[str, ...] = ()
    """Raw tables that the panel needs."""
    needs_policy: tuple[str, ...] = ()
    """Policy files without whose rows the panel stays empty."""
    metrics: tuple[str, ...] = ()
    """Codes in the metric catalogue whose definitions are shown with the panel."""
    switches: tuple[Switch, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    """Column -> kind of the labels of its codes."""
    by: str | None = None
    sums: Sums | None = None
    source: str | None = None
    """Source in mart_observation_starts before whose start only customers who stayed are known."""
    target: str | None = None
    """Column with the target of its value. A chart draws it; a heat table has it as a column when a reader compares
    with targets."""
    of: str | None = None
    """Key of the panel with the headlines whose rows this one takes apart in the browser; it has none of its own."""
    splits: bool = False
    """True: a breakdown without a value shows all its values, instead of everybody."""
    drill: Drill | None = None
    empty: str | None = None
    """Meaning of no rows, if that is good news; None: the page names what is missing."""
    wide: bool = False
    most: int | None = None
    """Most rows of the panel, the first ones of the SQL; the page says how many it leaves out."""
    whole: tuple[tuple[str, str], ...] = ()
    """Files with the rows left out: (title, address in the release)."""


@dataclass(frozen=True)
class Section:
    """A view of the page: one domain."""

    key: str
    title: str
    lead: str
    panels: tuple[Panel, ...] = field(default_factory=tuple)
