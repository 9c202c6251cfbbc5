"""What a first build of a company would find in its files, without building: the real loader into a trial database.

Rows that would be quarantined are therefore exactly those that a build quarantines. A warehouse that exists is not
read, and nothing is written but the trial, which is removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from stayhouse.contract.days import first_day_sql
from stayhouse.contract.sql import connect_for_work, one_row
from stayhouse.contract.words import closest
from stayhouse.loading import LoadError, LoadReport, load_landing
from stayhouse.loading.examples import IN_QUARANTINE, find_examples, phrase, way_out
from stayhouse.loading.inspection import READS_COLUMN
from stayhouse.loading.loader import UNKNOWN_COLUMNS
from stayhouse.loading.naming import EXPORT_COLUMNS
from stayhouse.loading.suppression import ErasureFolder
from stayhouse.loading.target import Target
from stayhouse.orchestration.feeds import CoveredDay, Feed, covered_day, feeds_in
from stayhouse.orchestration.lineage import marts_made_from
from stayhouse.orchestration.money import currency_in
from stayhouse.orchestration.policy import PolicyError, write_policy
from stayhouse.orchestration.policy_files import Row, read_policy_file
from stayhouse.orchestration.preflight import check_landing
from stayhouse.orchestration.settings import ConfigurationError, Settings, memory_limit
from stayhouse.orchestration.shapes import made_files, shape_landing, shaped_tables
from stayhouse.orchestration.unknown_codes import Known, UnknownCode, find_unknown_codes
from stayhouse.page.sections import SECTIONS
from stayhouse.shaping import ShapeError, Shaping
from stayhouse.shaping.state import SHAPED

SHOWN_EXAMPLES = 3


@dataclass(frozen=True)
class Reason:
    """A rule that rows break."""

    code: str
    words: str
    """What is wrong, with the values that are allowed."""
    rows: int
    examples: list[str]
    """File, line and value of the first rows."""
    way_out: str


@dataclass(frozen=True)
class TableForecast:
    """What a build would find in the files of one raw table."""

    table: str
    files: int
    rows: int
    loaded: int
    quarantined: int
    duplicates: int
    matched: list[str]
    """Columns of the contract that some file has."""
    renamed: dict[str, str]
    """Columns of the contract, by the name that files give them."""
    unknown: dict[str, str | None]
    """Other columns of the files, with the one of the contract that may be meant."""
    absent: list[str]
    """Columns of the contract that no file has, and that have no default."""
    in_part: dict[str, int]
    """The same that some files lack, with the number of these."""
    defaulted: dict[str, str]
    """Columns that some file lacks, with what counts instead."""
    first_date: date | None
    last_date: date | None
    reasons: list[Reason]
    rejected: list[str]
    """A sentence per file that cannot be read."""

    @property
    def quarantined_pct(self) -> float | None:
        """Percent of the rows; None without rows."""
        return 100.0 * self.quarantined / self.rows if self.rows else None


@dataclass(frozen=True)
class EmptyPanel:
    """A panel of the page that lacks rows, and what would fill it."""

    section: str
    title: str
    tables: list[str]
    policy: list[str]
    """Policy files."""


@dataclass
class Forecast:
    """What a build would find."""

    raw: str
    policy: str
    tables: list[TableForecast]
    notices: list[str] = field(default_factory=list)
    """Files that would not be read, and what the policy is warned of."""
    faults: list[str] = field(default_factory=list)
    """Faults of policy and shapes; while the policy has any, nothing that needs it is said."""
    left_out: list[str] = field(default_factory=list)
    """A sentence per shape that leaves out rows of its exports."""
    codes: list[UnknownCode] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)
    """Raw tables without rows, with the marts that lack their part."""
    panels: list[EmptyPanel] = field(default_factory=list)
    day: CoveredDay | None = None
    """The day that a build describes when none is named."""
    feeds: list[Feed] = field(default_factory=list)
    """Raw tables that end earlier than the policy tolerates."""
    reporting_currency: str | None = None

    @property
    def quarantined(self) -> int:
        return sum(table.quarantined for table in self.tables)

    @property
    def rejected(self) -> list[str]:
        return [problem for table in self.tables for problem in table.rejected]

    @property
    def withheld(self) -> list[str]:
        """Why a build would not publish although it can read everything."""
        if self.day is None:
            return ["no row lies on a day that is over, so there is no day to build"]
        return [feed.describe() for feed in self.feeds if feed.withholds]

    @property
    def is_ready(self) -> bool:
        """Everything would be loaded and nothing would withhold the publication."""
        return not (self.quarantined or self.rejected or self.withheld)


def make_forecast(settings: Settings) -> Forecast:
    """Reads files and policy. Raises ConfigurationError when there is nothing to load at all."""
    if not shaped_tables(settings):
        check_landing(settings)
    with TemporaryDirectory(prefix="stayhouse-") as place:
        policy: dict[str, list[Row]] = {}
        seeds = Path(place) / "seeds"
        seeds.mkdir()
        notices, faults = [], []
        try:
            notices = write_policy(settings, seeds)
            policy = {file.stem: read_policy_file(file).rows for file in sorted(seeds.glob("*.csv"))}
        except PolicyError as error:
            faults = error.faults
        raw, shaping = _landed(settings, Path(place) / "landing")
        with connect_for_work(memory_limit=memory_limit(), spill=Path(place) / "spilled") as db:
            report = _load(db, raw, settings, [*faults, *shaping.faults])
            forecast = Forecast(
                raw=str(settings.raw),
                policy=str(settings.policy_folder),
                tables=[
                    _table(Target(db, table, report.load_id, settings.zones, report.tables[name]))
                    for name, table in settings.tables.items()
                ],
                notices=[*notices, *_erased(settings), *shaping.notices, *_notices(report)],
                faults=[*faults, *shaping.faults],
                left_out=[str(one) for one in shaping.left_out],
                day=covered_day(db),
            )
            _add_missing(forecast, policy)
            if policy:
                forecast.reporting_currency = currency_in(db, settings, seeds)
                forecast.codes = find_unknown_codes(db, Known(policy, forecast.reporting_currency))
            if policy and forecast.day:
                feeds = feeds_in(db, settings.zones, seeds, forecast.day.day)
                forecast.feeds = [feed for feed in feeds if feed.is_late or feed.withholds]
        return forecast


def _erased(settings: Settings) -> list[str]:
    """What differs from a build for companies with erased customers: a build changes files, and a look must not."""
    if not ErasureFolder(settings.erasure).suppression():
        return []
    return [
        "customers are erased: a build takes rows of theirs that files bring again out of the files; here they count"
    ]


def _landed(settings: Settings, place: Path) -> tuple[Path, Shaping]:
    """The landing folder as a build would load it: with the results of shapes, of which it gets a copy."""
    if not shaped_tables(settings) and not made_files(settings):
        return settings.raw, Shaping()
    place.mkdir()
    for table in settings.raw.iterdir() if settings.raw.is_dir() else ():
        if not table.is_dir():
            (place / table.name).symlink_to(table)
            continue
        (place / table.name).mkdir()
        for entry in table.iterdir():
            if entry.name == SHAPED and entry.is_dir():
                # Shapes write and remove files there.
                shutil.copytree(entry, place / table.name / SHAPED)
            else:
                (place / table.name / entry.name).symlink_to(entry)
    try:
        # What shapes need beside it must not be in the company's folder either.
        return place, shape_landing(replace(settings, raw=place, warehouse=place.with_name("trial.duckdb")))
    except ShapeError as error:
        return place, Shaping(faults=str(error).splitlines())


def _load(db: duckdb.DuckDBPyConnection, raw: Path, settings: Settings, faults: list[str]) -> LoadReport:
    """Raises ConfigurationError when nothing can be loaded; faults of shapes say why nothing is there."""
    try:
        return load_landing(db, raw, settings.tables, zones=settings.zones)
    except LoadError as error:
        # The results of shapes lie in a copy of the landing folder, which nobody knows.
        reasons = faults or str(error).replace(str(raw), str(settings.raw)).splitlines()
        raise ConfigurationError("\n".join(reasons)) from error


def _table(target: Target) -> TableForecast:
    table, report = target.table, target.report
    known = {*table.column_names, *EXPORT_COLUMNS}
    read = sum(report.headers.values())
    files = {
        name: sum(count for header, count in report.headers.items() if name in header)
        for name in dict.fromkeys(name for header in report.headers for name in header)
    }
    lacking = {name: read - files.get(name, 0) for name in table.column_names if files.get(name, 0) < read}
    defaulted = {name: words for name in lacking if (words := table.column(name).default_in_words)}
    absent = [name for name, number in lacking.items() if number == read and name not in defaulted]
    return TableForecast(
        table=table.name,
        files=report.files_loaded + len(report.rejected),
        rows=report.rows_in_files,
        loaded=report.rows_loaded,
        quarantined=report.rows_quarantined,
        duplicates=report.rows_duplicate,
        matched=[name for name in table.column_names if name in files],
        renamed=dict(report.renamed),
        unknown={name: _meant(name, [*absent, *defaulted]) for name in files if name not in known},
        absent=absent,
        in_part={name: number for name, number in lacking.items() if number < read and name not in defaulted},
        defaulted=defaulted,
        first_date=one_row(target.db, first_day_sql(table, target.zones))[0],
        last_date=_last_dates(target.db).get(table.name),
        reasons=_reasons(target),
        rejected=list(report.rejected),
    )


def _last_dates(db: duckdb.DuckDBPyConnection) -> dict[str, date]:
    return dict(db.execute("select table_name, last_date from ops.feed_days where last_date is not null").fetchall())


def _meant(name: str, absent: list[str]) -> str | None:
    """The column of the contract that a file may mean by another name."""
    return next(iter(closest(name, absent, most=1, cutoff=0.7)), None)


def _reasons(target: Target) -> list[Reason]:
    return [
        Reason(
            code,
            phrase(target.table, code),
            rows,
            [str(example) for example in find_examples(target, code, SHOWN_EXAMPLES)],
            way_out(target.table, code),
        )
        for code, rows in target.report.quarantine_reasons.most_common()
    ]


def _notices(report: LoadReport) -> list[str]:
    """What the loader says, without what the forecast says by table: spelling and unknown columns, quarantined rows."""
    covered = (f": {READS_COLUMN}", f": {UNKNOWN_COLUMNS}", f" {IN_QUARANTINE}")
    notices = [*report.notices, *(notice for table in report.tables.values() for notice in table.notices)]
    return [notice for notice in notices if not any(part in notice for part in covered)]


def _add_missing(forecast: Forecast, policy: Mapping[str, list[Row]]) -> None:
    """Adds what stays empty for want of rows in raw tables and policy files."""
    empty = [table.table for table in forecast.tables if not table.loaded]
    forecast.missing = {table: marts_made_from(table) for table in empty}
    without_rows = {name for name, rows in policy.items() if not rows}
    for section in SECTIONS:
        for panel in section.panels:
            tables = [table for table in panel.needs if table in empty]
            files = [f"{name}.csv" for name in panel.needs_policy if name in without_rows]
            if tables or files:
                forecast.panels.append(EmptyPanel(section.title, panel.title, tables, files))
