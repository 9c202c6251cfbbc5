"""What a run and `stayhouse status` say: one screen, and with --verbose everything that was found.

The order is that of a reader who decides whether to act: what is published, what has changed, what needs attention.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from stayhouse.contract import contract
from stayhouse.contract.sql import connect
from stayhouse.contract.tables import EARLIEST_PLAUSIBLE
from stayhouse.contract.words import counted, listed
from stayhouse.loading.examples import in_words
from stayhouse.orchestration.lock import is_running
from stayhouse.orchestration.run_log import RunLog, warnings_of
from stayhouse.orchestration.screen import bad_input, console, print_lines, shortened
from stayhouse.orchestration.settings import Settings
from stayhouse.publishing.release import DATABASE_NAME, current_publication, day_of

if TYPE_CHECKING:
    from stayhouse.orchestration.runner import Outcome

# Columns of the table of what was loaded: key of the run log and title.
LOADED = {
    "files": "files",
    "rows_in_files": "rows in files",
    "rows_loaded": "loaded",
    "rows_superseded": "superseded",
    "rows_duplicate": "duplicate",
    "rows_quarantined": "quarantined",
}
# From this on a source that begins after the earliest one is named: a quarter is more than a matter of days.
LATE_SOURCE_DAYS = 90
SHOWN_LINES = 6
SHOWN_NAMES = 4


def print_outcome(settings: Settings, outcome: Outcome, seconds: float) -> None:
    """One screen about a build that has ended."""
    log = outcome.log
    if outcome.exit_code == 0:
        _print_headline(settings, log, len(outcome.days), seconds)
        print_lines("what changed", changes(log))
        _print_attention(log)
        console.print("more: stayhouse status --verbose")
        return
    if (log.get("published") or {}).get("on_server") is False:
        where = f"{settings.server} still has the marts of before"
        state = f"[bold red]published in the files only[/] as of {log['published']['as_of']}; {escape(where)}"
    else:
        state = f"[bold red]not published[/]; {escape(_still_read(settings))}"
    console.print(f"{_named(settings)}{state}", soft_wrap=True)
    print_lines("because", log.get("withheld") or [], SHOWN_LINES)
    if log.get("withheld"):
        docs = settings.work / "data_docs"
        pages = f"; pages of the checks: {shortened(docs)}" if docs.is_dir() else ""
        console.print(f"more: stayhouse status --verbose{pages}", soft_wrap=True, markup=False)
    bad_input(log.get("bad_input") or [])


def print_status(settings: Settings, verbose: bool) -> None:
    """What is published, what the last run did, and what needs attention."""
    published, log = current_publication(settings.publish), RunLog(settings.run_log).read()
    if published:
        console.print(
            f"{_named(settings)}[bold]published[/] as of {published['as_of_date']} at {published['published_at']}, "
            f"{counted(len(published['rows']), 'mart')}, {counted(sum(published['rows'].values()), 'row')}: "
            f"{escape(shortened(settings.publish / 'current'))}",
            soft_wrap=True,
        )
    else:
        console.print(
            f"{_named(settings)}nothing has been published to {escape(shortened(settings.publish))} yet; "
            "run stayhouse build",
            soft_wrap=True,
        )
    _print_older(published or {"rows": {}})
    for table, last in ((published or {}).get("stale_feeds") or {}).items():
        end = f"ends on {last}" if last else "has no rows"
        console.print(f"[bold red]stale[/] {table} {end}; figures that need it are too low or too high", soft_wrap=True)
    _print_last_run(settings, log, verbose)
    _print_attention(log or published or {}, None if verbose else SHOWN_LINES)
    _print_late_sources(settings)
    if verbose:
        _print_details(log, published or {})
    _print_quarantine(settings, verbose)
    if not verbose:
        console.print("more: stayhouse status --verbose")


def _print_older(published: Mapping[str, Any]) -> None:
    """Marts of an earlier day than the last run, by day."""
    marts: dict[str, list[str]] = {}
    for name in published["rows"]:
        day = day_of(published, name).isoformat()
        if day < published["as_of_date"]:
            marts.setdefault(day, []).append(name)
    for day, names in sorted(marts.items()):
        domains = ", ".join(sorted({name.split(".")[0] for name in names}))
        console.print(
            f"[bold yellow]older[/] {domains}: as of {day} ({len(names)} of {len(published['rows'])} marts); "
            "the last run built other domains",
            soft_wrap=True,
        )


def changes(log: Mapping[str, Any]) -> list[str]:
    """What a run did, compared with the publication that was current when it began: a line per subject."""
    before, now = log.get("before") or {}, log["published"]
    lines = [_loaded(log.get("load") or {}), _quarantined(log.get("load") or {})]
    if lists := now.get("lists"):
        counts = [
            f"{name} {rows:,}{_difference(rows, (before.get('lists') or {}).get(name))}" for name, rows in lists.items()
        ]
        lines.append(f"lists: {', '.join(counts)}")
    if not before:
        lines.append(
            f"first publication: {counted(len(now['rows']), 'mart')} with {counted(sum(now['rows'].values()), 'row')}"
        )
    else:
        lines.append(_marts(before["rows"], now["rows"]))
    return [line for line in lines if line]


def attention(log: Mapping[str, Any]) -> list[str]:
    """Sentences about what somebody should look at: first what makes figures wrong, then what is new since before."""
    known = {_shape(line) for line in (log.get("before") or {}).get("warnings") or []}
    checks = log.get("warnings") or warnings_of(log)
    new = [f"new: {line}" if known else line for line in checks if _shape(line) not in known]
    old = [line for line in checks if _shape(line) in known]
    return [
        *(log.get("feeds") or []),
        *(log.get("rejections") or []),
        *(log.get("policy_gaps") or []),
        *((log.get("load") or {}).get("notices") or []),
        *(log.get("money") or []),
        *new,
        *old,
        *_missing(log),
    ]


def _named(settings: Settings) -> str:
    """The name of the company before a headline; empty without a company."""
    return f"{escape(settings.name)}: " if settings.name else ""


def _print_headline(settings: Settings, log: Mapping[str, Any], days: int, seconds: float) -> None:
    published, before = log["published"], log.get("before") or {}
    range_of = f" ({counted(days, 'day')})" if days > 1 else ""
    was = f"; before: {before['as_of_date']}" if before else ""
    console.print(
        f"{_named(settings)}[bold green]published[/] as of {published['as_of']}{range_of} in {seconds:.0f} s{was}"
    )
    if built := published.get("built"):
        others = len(published["rows"]) - len(built)
        domains = sorted({name.split(".")[0] for name in built})
        console.print(
            f"built {counted(len(built), 'mart')} of {', '.join(domains)}"
            + (f"; {others} others stay as they were" if others else "; others are not built yet"),
            soft_wrap=True,
        )
    if log.get("covered_day"):
        console.print(f"the day is {escape(log['covered_day'])}", soft_wrap=True)
    is_current = published.get("is_current", True)
    folder = settings.publish / "current" if is_current else Path(published["folder"])
    console.print(
        f"read it at {escape(shortened(folder))}/ (index.html, stayhouse.duckdb, parquet/, lists/, data_docs/)",
        soft_wrap=True,
    )
    if not is_current:
        console.print(
            f"readers keep {published['current_day']} at {escape(shortened(settings.publish / 'current'))}; "
            "--make-current gives them this day",
            soft_wrap=True,
        )


def _print_attention(log: Mapping[str, Any], most: int | None = SHOWN_LINES) -> None:
    lines = attention(log)
    print_lines(f"needs attention ({len(lines)})", lines, most)


def _print_last_run(settings: Settings, log: Mapping[str, Any], verbose: bool) -> None:
    if not log:
        return
    # Runs of the Dagster UI do not say when they began; its pages show how they ended.
    is_open = log.get("started_at") and not log.get("ended_at")
    if is_open and is_running(settings):
        console.print(f"[bold]a run is under way[/] since {log['started_at']}")
    elif is_open:
        console.print(
            f"[bold red]the last run did not end[/] (began {log['started_at']}): it was stopped or killed. "
            "Run stayhouse build again: it goes on from what is loaded",
            soft_wrap=True,
        )
    most = None if verbose else SHOWN_LINES
    if log.get("withheld"):
        console.print(f"[bold red]withheld[/] the run of {log.get('as_of', 'the load')}, because")
        print_lines("", log["withheld"], most)
    if log.get("bad_input"):
        console.print("[bold red]the last run found bad input:[/]")
        print_lines("", log["bad_input"], most)


def _print_details(log: Mapping[str, Any], published: Mapping[str, Any]) -> None:
    """The tables of a run: what was loaded, why rows are in quarantine, what every mart has."""
    if log.get("load"):
        _print_load(log["load"])
    if published:
        table = Table("mart", "rows", "as of", title=f"published as of {published['as_of_date']}")
        table.columns[1].justify = "right"
        for name, rows in published["rows"].items():
            table.add_row(name, f"{rows:,}", day_of(published, name).isoformat())
        console.print(table)
        for name, marts in (published.get("missing_tables") or {}).items():
            console.print(
                f"[yellow]no rows in {name}[/], so without its part: {', '.join(marts) or 'no mart yet'}",
                soft_wrap=True,
            )


def _print_load(load: Mapping[str, Any]) -> None:
    table = Table("raw table", *LOADED.values(), title="loaded")
    for column in table.columns[1:]:
        column.justify = "right"
    totals: Counter[str] = Counter()
    for name, counts in load["tables"].items():
        if counts["files"]:
            table.add_row(name, *(f"{counts[key]:,}" for key in LOADED))
            totals.update({key: counts[key] for key in LOADED})
    if totals:
        table.add_section()
        table.add_row("all", *(f"{count:,}" for count in totals.values()))
        console.print(table)
    reasons: Counter[str] = Counter()
    for name, counts in load["tables"].items():
        for why, count in counts["quarantine_reasons"].items():
            reasons[f"{name}: {_why(name, why, _earliest(load))}"] += count
    lines = [f"{reason} ({counted(count, 'row')})" for reason, count in reasons.most_common()]
    print_lines("quarantined, by reason", lines)


def _loaded(load: Mapping[str, Any]) -> str:
    tables: dict[str, dict[str, int]] = load.get("tables") or {}
    rows = {name: counts["rows_loaded"] for name, counts in tables.items() if counts["rows_loaded"]}
    files = sum(counts["files"] for counts in tables.values())
    if not files:
        known = sum(counts["files_known"] for counts in tables.values())
        return f"no new files ({known:,} are known)" if tables else ""
    named = _most(rows, lambda name, count: f"{name} {count:,}")
    return f"loaded: {counted(sum(rows.values()), 'row')} of {counted(files, 'new file')}: {named}"


def _quarantined(load: Mapping[str, Any]) -> str:
    tables: dict[str, dict[str, Any]] = load.get("tables") or {}
    rows = {name: counts["rows_quarantined"] for name, counts in tables.items() if counts["rows_quarantined"]}
    if not rows:
        return ""
    reasons = {
        f"{name} ({_why(name, reasons, _earliest(load))})": count
        for name, counts in tables.items()
        for reasons, count in counts["quarantine_reasons"].items()
    }
    named = _most(reasons or rows, lambda name, count: f"{name} {count:,}")
    return f"in quarantine: {counted(sum(rows.values()), 'row')} more: {named}"


def _marts(before: Mapping[str, int], now: Mapping[str, int]) -> str:
    moved = {name: rows - before[name] for name, rows in now.items() if rows != before.get(name, rows)}
    if not moved:
        return f"marts: none of {len(now)} has more or fewer rows"
    named = _most(moved, lambda name, change: f"{name} {now[name]:,} ({change:+,})")
    return f"marts: {len(moved)} of {len(now)} have more or fewer rows: {named}"


def _most(counts: Mapping[str, int], say: Any) -> str:
    """The largest of some counts, and how many more there are."""
    ranked = sorted(counts, key=lambda name: (-abs(counts[name]), name))
    return listed([say(name, counts[name]) for name in ranked], SHOWN_NAMES)


def _missing(log: Mapping[str, Any]) -> list[str]:
    tables: Sequence[str] = list(log.get("missing_tables") or {})
    if not tables:
        return []
    them = "it" if len(tables) == 1 else "them"
    return [f"no rows in {listed(tables, SHOWN_NAMES, 'tables')}: what needs {them} is empty"]


def _difference(now: int, before: int | None) -> str:
    return "" if before is None or now == before else f" ({now - before:+,})"


def _shape(line: str) -> str:
    """A sentence without its numbers and values: the same fault of another day has the same shape."""
    return re.sub(r"[\d.,]+", "#", re.sub(r", such as .*?\)", ")", line))


def _still_read(settings: Settings) -> str:
    published = current_publication(settings.publish)
    return f"readers still see {published['as_of_date']}" if published else "nothing has been published yet"


def _print_late_sources(settings: Settings) -> None:
    """Sources that are recorded much later than the earliest one: their marts begin later too."""
    import duckdb

    published = settings.publish / "current" / DATABASE_NAME
    try:
        with connect(published, read_only=True) as connection:
            rows = connection.execute(
                """
                select source_code, observed_from_date, later_than_first_days from quality.mart_observation_starts
                where observed_from_date is not null order by 2, 1
                """
            ).fetchall()
    except duckdb.Error:
        return
    if any(days > LATE_SOURCE_DAYS for _, _, days in rows):
        starts = ", ".join(f"{source} since {day}" for source, day, _ in rows)
        console.print(f"[bold]recorded[/] {starts}; months before that are not measurable", soft_wrap=True)


def _print_quarantine(settings: Settings, verbose: bool) -> None:
    """Quarantined rows by reason, from the working file if no run uses it, else from the last publication."""
    rows = _quarantined_rows(settings)
    if rows is None:
        return
    if not rows:
        console.print("nothing is in quarantine")
        return
    total = sum(count for _, _, count in rows)
    if not verbose:
        reasons = {f"{name} ({_why(name, why, settings.earliest_date)})": count for name, why, count in rows}
        named = _most(reasons, lambda name, n: f"{name} {n:,}")
        console.print(f"[bold]in quarantine[/] {counted(total, 'row')}: {escape(named)}", soft_wrap=True)
        return
    table = Table("table", "reason", "rows", title="in quarantine")
    table.columns[2].justify = "right"
    for name, reason, count in rows:
        table.add_row(name, escape(_why(name, reason, settings.earliest_date)), f"{count:,}")
    console.print(table)


def _earliest(load: Mapping[str, Any]) -> str:
    """The first plausible day of the company when it was loaded."""
    return str(load.get("earliest_date") or EARLIEST_PLAUSIBLE)


def _why(table: str, reasons: str, earliest: str) -> str:
    """Why rows are in quarantine, in words."""
    return in_words(contract(earliest)[table], reasons)


def _quarantined_rows(settings: Settings) -> list[tuple[str, str, int]] | None:
    import duckdb

    published = settings.publish / "current" / DATABASE_NAME
    sources = [
        (
            published,
            "select table_name, uncounted_reasons, quarantined_rows_count from quality.mart_raw_accounting "
            "where uncounted_reasons <> 'all' and quarantined_rows_count > 0 order by 3 desc",
        )
    ]
    # A reader of the working file would make a run fail that is about to open it.
    if not is_running(settings):
        working = "select table_name, reasons, count(*) from ops.quarantined_rows group by all order by 3 desc"
        sources.insert(0, (settings.warehouse, working))
    for path, sql in sources:
        if not path.exists():
            continue
        try:
            with connect(path, read_only=True) as connection:
                return connection.execute(sql).fetchall()
        except duckdb.Error:
            continue
    return None
