"""Reads a published database and writes the page beside it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from stayhouse.contract.packed import packed_block, unpacked
from stayhouse.contract.sql import connect
from stayhouse.page import library
from stayhouse.page.charts import COLOURS
from stayhouse.page.labels import LANGUAGES, labels_of, measured_metrics, words_of
from stayhouse.page.panel import Panel, Section
from stayhouse.page.sections import SECTIONS
from stayhouse.page.sql import BREAKDOWNS, has_marts, marts_in

ASSETS = Path(__file__).parent / "assets"
PAGE_NAME = "index.html"
UNKNOWN = {"unassigned", "unknown", "none"}
SCRIPTS = (
    "elements.js",
    "words.js",
    "state.js",
    "sums.js",
    "rows.js",
    "compare.js",
    "charts.js",
    "tables.js",
    "tiles.js",
    "drill.js",
    "page.js",
)
"""Modules of the page in the order in which they are read; one function encloses them all."""


def build_page(  # noqa: PLR0913
    database: Path,
    out: Path,
    *,
    as_of: date,
    published_at: str,
    company: str | None = None,
    missing_tables: Sequence[str] = (),
    stale_feeds: Mapping[str, str | None] | None = None,
    cards: Mapping[str, str] | None = None,
    links: Sequence[tuple[str, str]] = (),
    sections: Sequence[Section] = SECTIONS,
) -> Path:
    """Write the page of a published database to `out`, in one step, and return its path.

    `company` is its name, `missing_tables` are the raw tables without rows, `stale_feeds` those that end too early with
    their last day, `cards` the file of each customer with a card, `links` the links in the footer (title, relative
    address).
    """
    with connect(database, read_only=True) as db:
        document: dict[str, Any] = {
            "as_of": as_of.isoformat(),
            "published_at": published_at,
            "missing": list(missing_tables),
            "stale_feeds": dict(stale_feeds or {}),
            "colours": COLOURS,
            "cards": dict(cards or {}),
            "links": [{"title": title, "href": href} for title, href in links],
            "definitions": {
                code: {"title": title, "formula": formula} for code, (title, formula) in measured_metrics(db).items()
            },
            "observed": _observed(db),
            "labels": labels_of(db),
            "languages": LANGUAGES,
            "words": words_of(db),
        }
        days = _Days(as_of, _days_of_marts(db))
        built = [_section(db, section, days) for section in sections]
    document |= {
        "sections": [section for section in built if section["panels"]],
        "left_out": [title for section in built for title in section.pop("left_out")],
        "first_period": _first_period(built, as_of),
        "breakdowns": _breakdowns(built),
    }
    html = _fill(
        (ASSETS / "page.html").read_text(encoding="utf-8"),
        title=escape(f"{company or 'Stayhouse'}, {as_of.isoformat()}"),
        heading=escape(f"{company}: customer retention" if company else "Customer retention"),
        style=(ASSETS / "page.css").read_text(encoding="utf-8"),
        **_blocks(document),
        library=packed_block("library", library.script()),
        script=_script(),
    )
    fresh = out.with_name(f".{out.name}.new")
    fresh.write_text(html, encoding="utf-8")
    os.replace(fresh, out)
    return out


def read_page(html: str) -> dict[str, Any]:
    """The document inside a page, the rows of its panels included."""
    block = html.split('<script type="application/json" id="data">', 1)[1].split("</script>", 1)[0]
    document: dict[str, Any] = json.loads(block)
    for section in document["sections"]:
        rows = json.loads(unpacked(html, f"rows-{section['key']}"))
        for panel in section["panels"]:
            panel["data"] = [_decoded(column) for column in rows[panel["key"]]]
    return document


@dataclass(frozen=True)
class _Days:
    """The days of marts: that of the page, and earlier ones of marts that its run did not build."""

    as_of: date
    by_mart: Mapping[str, date]

    def earliest(self, sql: str) -> date:
        """The earliest day of the marts of a query."""
        return min((self.by_mart.get(mart, self.as_of) for mart in marts_in(sql)), default=self.as_of)


def _days_of_marts(db: duckdb.DuckDBPyConnection) -> dict[str, date]:
    try:
        return dict(db.execute("select mart_name, as_of_date from main.published_marts").fetchall())
    except duckdb.CatalogException:
        return {}


def _section(db: duckdb.DuckDBPyConnection, section: Section, days: _Days) -> dict[str, Any]:
    panels: list[dict[str, Any]] = []
    left_out = []
    for panel in section.panels:
        earliest = days.earliest(panel.sql)
        try:
            if not has_marts(db, panel.sql):
                left_out.append(panel.title)
                continue
            panels.append(_panel(db, panel) | {"as_of": earliest.isoformat() if earliest < days.as_of else None})
        except duckdb.BinderException:
            # A mart of an earlier run may lack a column that the project has got since.
            if earliest == days.as_of:
                raise
            left_out.append(panel.title)
    return {
        "key": section.key,
        "title": section.title,
        "lead": section.lead,
        "panels": panels,
        "left_out": left_out,
    }


def _panel(db: duckdb.DuckDBPyConnection, panel: Panel) -> dict[str, Any]:
    most = 0 if panel.of else panel.most
    found = db.execute(panel.sql if most is None else f"select * from ({panel.sql}) limit {most}")
    columns = [name for name, *_ in found.description]
    rows = found.fetchall()
    total = len(rows)
    if total == panel.most:
        ((total,),) = db.execute(f"select count(*) from ({panel.sql})").fetchall()
    view = asdict(panel.view)
    return {
        "key": panel.key,
        "title": panel.title,
        "question": panel.question,
        "kind": view.pop("kind"),
        "spec": view.pop("spec", None),
        "view": view,
        "needs": list(panel.needs),
        "metrics": list(panel.metrics),
        "switches": [asdict(switch) for switch in panel.switches],
        "codes": dict(panel.codes),
        "by": panel.by,
        "sums": asdict(panel.sums) if panel.sums else None,
        "source": panel.source,
        "target": panel.target,
        "of": panel.of,
        "splits": panel.splits,
        "drill": asdict(panel.drill) if panel.drill else None,
        "empty": panel.empty,
        "wide": panel.wide,
        "total": total,
        "whole": [{"title": title, "href": href} for title, href in panel.whole],
        "columns": columns,
        # By column, so that a name is written once and not in every row.
        "data": [[_plain(row[at]) for row in rows] for at in range(len(columns))] if rows else [],
    }


def _columns(sections: Sequence[Mapping[str, Any]], *names: str) -> Iterator[list[list[Any]]]:
    """The columns of every panel that has all of them and a row."""
    for panel in (panel for section in sections for panel in section["panels"]):
        if panel["data"] and set(names) <= set(panel["columns"]):
            yield [panel["data"][panel["columns"].index(name)] for name in names]


def _first_period(sections: Sequence[Mapping[str, Any]], as_of: date) -> str:
    """The earliest period that a reader can choose."""
    periods = [period for (column,) in _columns(sections, "period") for period in column if period is not None]
    return min(periods, default=as_of.isoformat())


def _breakdowns(sections: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The breakdowns that a reader can choose, with their members. One member besides the unknown splits nothing."""
    found: dict[str, set[str]] = {}
    for dimensions, members in _columns(sections, "dimension", "member"):
        for name, member in zip(dimensions, members, strict=True):
            if name != "all" and member is not None:
                found.setdefault(name, set()).add(member)
    order = {name: at for at, name in enumerate(BREAKDOWNS)}
    names = sorted(
        (name for name in found if len(found[name] - UNKNOWN) > 1), key=lambda name: (order.get(name, 99), name)
    )
    return {name: sorted(found[name]) for name in names}


def _plain(value: Any) -> Any:
    """A JSON value; whole floats become integers, which are shorter."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = round(value, 4)
        # A zero below zero is a zero: it depends on the order in which rows were added.
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _coded(values: list[Any]) -> list[Any] | dict[str, list[Any]]:
    """A column of texts that repeat as its different values and their places in it; any other column as it is."""
    if not any(isinstance(value, str) for value in values):
        return values
    different = list(dict.fromkeys(values))
    if 2 * len(different) > len(values):
        return values
    place = {value: at for at, value in enumerate(different)}
    return {"values": different, "places": [place[value] for value in values]}


def _decoded(column: list[Any] | dict[str, list[Any]]) -> list[Any]:
    return [column["values"][at] for at in column["places"]] if isinstance(column, dict) else column


NEVER_OBSERVED = "9999-12-31"
"""Start of a source that holds survivors only."""


def _observed(db: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """First recorded day of each source with rows: before it, only the customers who stayed are known."""
    sql = """
        select source_code, observed_from_date from quality.mart_observation_starts where rows_count > 0 order by 1
    """
    rows = db.execute(sql).fetchall() if has_marts(db, sql) else []
    return {source: day.isoformat() if day else NEVER_OBSERVED for source, day in rows}


def _blocks(document: dict[str, Any]) -> dict[str, str]:
    """The document as one block of JSON, and the rows of each view packed in one of its own, read when it is opened."""
    rows = []
    for section in document["sections"]:
        columns = {panel["key"]: [_coded(column) for column in panel.pop("data")] for panel in section["panels"]}
        rows.append(packed_block(f"rows-{section['key']}", _as_json(columns)))
    return {"data": _as_json(document), "rows": "\n".join(rows)}


def _script() -> str:
    """The modules of the page inside one function, so that nothing but `window.stayhouse` is global."""
    modules = [(ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return '"use strict";\n(() => {\n' + "\n".join(modules) + "\n})();"


def _as_json(document: dict[str, Any]) -> str:
    """JSON that cannot end its script element, whatever the data contain."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _fill(template: str, **parts: str) -> str:
    """Fill the template in one pass, so that a part that looks like a placeholder stays unchanged."""
    pieces = []
    rest = template
    while "{{" in rest:
        before, rest = rest.split("{{", 1)
        name, rest = rest.split("}}", 1)
        pieces += [before, parts[name]]
    return "".join([*pieces, rest])
