"""Rows of PostgreSQL, MySQL and SQLite, pulled incrementally by dlt.

dlt reads the rows behind the last cursor, keeps that cursor, and writes the rows into a folder of its own; from there
`landing` makes files of them. Each step can be interrupted: what is pulled and not landed yet is landed first.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.types import TypeEngine

from stayhouse.contract.names import file_name
from stayhouse.contract.words import close_to, listed
from stayhouse.sources.description import Source, SourceError, SourceTable
from stayhouse.sources.landing import Target, land

# Addresses are often written without a driver; these come with the extra.
DRIVERS = {"postgresql": "postgresql+psycopg2", "postgres": "postgresql+psycopg2", "mysql": "mysql+pymysql"}
DATABASES = "postgresql://, mysql:// or sqlite:///"
INSTALL = "pip install 'stayhouse[sources]'"
SECONDS_TO_CONNECT = 10
ROWS_AT_ONCE = 50_000
# Numbers are given to rows before their transactions end, too.
NUMBERS_OF_OVERLAP = 1_000
DIGITS_OF_PARQUET = 38
READ_AS_THEY_ARE = (
    sqlalchemy.Numeric, sqlalchemy.Integer, sqlalchemy.String, sqlalchemy.LargeBinary,
    sqlalchemy.DateTime, sqlalchemy.Date, sqlalchemy.Time, sqlalchemy.JSON, sqlalchemy.ARRAY, sqlalchemy.Boolean,
)  # fmt: skip
MOST_NAMES = 20
DATASET = "rows"
PULLED = "pulled"
SEEN = "seen"


@dataclass(frozen=True)
class Folders:
    """The folders of a company that pulling reads and writes."""

    landing: Path
    exports: Path
    state: Path


@dataclass(frozen=True)
class PulledTable:
    """What a pull has brought."""

    source: str
    table: str
    rows: int
    to: str


def pull_source(
    source: Source,
    url: str,
    folders: Folders,
    memory_limit: str = "2GB",
    again: bool = False,
    progress: Callable[[str, float], None] = lambda table, share: None,
) -> list[PulledTable]:
    """Lands rows of a database that are new or changed since the last pull; with `again` all rows.

    Raises SourceError when the database, a table or a column cannot be read.
    """
    if find_spec("dlt") is None:
        raise SourceError(f"source {source.name}: databases are read by dlt, which is not installed; {INSTALL}")
    if "%" in str(folders.state):
        # dlt takes it for the beginning of a place to fill in.
        raise SourceError(f"{folders.state}: dlt cannot work in a folder with % in its name; rename it")
    if again:
        forget(source, folders.state)
    with _engine(source, url) as engine, _problems(source, url):
        tables = [_Table.of(source, table, engine) for table in source.tables]
        return _Puller(source, engine, tables, folders, memory_limit, progress).run()


def forget(source: Source, state: Path) -> None:
    """Forgets how far a source has been pulled."""
    for name in (PULLED, SEEN, "pipelines"):
        shutil.rmtree(state / file_name(source.name) / name, ignore_errors=True)


# ---------------------------------------------------------------- the database


@contextmanager
def _engine(source: Source, url: str) -> Iterator[sqlalchemy.Engine]:
    """The database, opened for reading. Raises SourceError."""
    try:
        stated = sqlalchemy.make_url(url)
    except ArgumentError as error:
        # The address is not repeated: it may hold a password.
        raise SourceError(f"source {source.name}: {source.url_env} holds no address; write {DATABASES}") from error
    stated = stated.set(drivername=DRIVERS.get(stated.drivername, stated.drivername))
    arguments: dict[str, Any] = {}
    if stated.get_backend_name() == "sqlite":
        stated = _read_only_file(source, stated)
    elif stated.get_backend_name() in ("postgresql", "mysql"):
        arguments = {"connect_timeout": SECONDS_TO_CONNECT}
    try:
        engine = sqlalchemy.create_engine(
            stated,
            connect_args=arguments,
            # A big table is not held in memory.
            execution_options={"stream_results": True, "max_row_buffer": ROWS_AT_ONCE},
        )
    except NoSuchModuleError as error:
        raise SourceError(
            f"source {source.name}: {stated.drivername} is not a known database; {source.url_env} takes {DATABASES}"
        ) from error
    except ImportError as error:
        raise SourceError(
            f"source {source.name}: the driver {error.name or stated.get_driver_name()} is not installed; {INSTALL}"
        ) from error
    try:
        yield engine
    finally:
        engine.dispose()


def _read_only_file(source: Source, url: sqlalchemy.URL) -> sqlalchemy.URL:
    """SQLite would make a file that is missing."""
    file = Path(url.database or "").expanduser()
    if not file.is_file():
        raise SourceError(f"source {source.name}: {file}: no such SQLite file; correct the address in {source.url_env}")
    return url.set(database=f"file:{quote(str(file.resolve()))}").update_query_dict({"mode": "ro", "uri": "true"})


@contextmanager
def _problems(source: Source, url: str) -> Iterator[None]:
    """What a database or dlt says, in one line and without the password."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        cause = _database_error(error)
        if cause is None and not isinstance(error, SQLAlchemyError) and not type(error).__module__.startswith("dlt."):
            raise
        said = str(getattr(cause, "orig", None) or cause or error)
        password = sqlalchemy.make_url(url).password
        line = " ".join((said.replace(str(password), "***") if password else said).split())
        way_out = (
            f"correct the address in {source.url_env} or the database"
            if cause
            else "correct the values, or leave their column out by columns"
        )
        raise SourceError(
            f"source {source.name}: {line}; no landed file has changed; {way_out}, or go on with the files at hand by "
            "stayhouse build --no-pull"
        ) from None


def _database_error(error: BaseException | None) -> BaseException | None:
    """What the database itself has said, behind what libraries make of it."""
    while error is not None:
        if isinstance(error, DBAPIError):
            return error
        error = error.__cause__ or error.__context__
    return None


@dataclass(frozen=True)
class _Table:
    """A table as stated and as it is in the database."""

    stated: SourceTable
    resource: str
    """Its name in dlt, with what the cursor belongs to: other columns begin from the start."""
    types: Mapping[str, TypeEngine[Any]]
    """Of the columns that are read."""
    as_text: frozenset[str]
    """Columns that the database turns into text, because Parquet has nothing that holds them."""
    lag: float
    kept: str

    @classmethod
    def of(cls, source: Source, table: SourceTable, engine: sqlalchemy.Engine) -> _Table:
        """Raises SourceError for a table or column that does not exist."""
        found = _columns_of(source, table, engine)
        wanted = [column for _, column in table.columns] or list(found)
        if table.cursor and table.cursor not in wanted:
            wanted.append(table.cursor)
        for name in wanted:
            if name not in found:
                raise SourceError(
                    f"source {source.name}: table {table.name} has no column {name}{close_to(name, found)} "
                    f"Its columns are {listed(list(found), MOST_NAMES)}"
                )
        lag, kept = _overlap(table, found)
        stated = [table.to, table.cursor, table.columns, source.schema, *((name, str(found[name])) for name in wanted)]
        mark = hashlib.sha256(repr(stated).encode()).hexdigest()[:12]
        return cls(
            table,
            f"{file_name(table.name)}-{mark}".replace("-", "_"),
            {name: found[name] for name in wanted},
            frozenset(name for name in wanted if _is_text_only(found[name])),
            lag,
            kept,
        )

    def typed(self, table: sqlalchemy.Table) -> sqlalchemy.Table:
        """The table of the database with the types that are meant."""
        for column in table.columns:
            column.type = sqlalchemy.String() if column.name in self.as_text else self.types[column.name]
        return table

    def query(self, query: Any, table: sqlalchemy.Table) -> Any:
        """The query with casts where they are needed."""
        if not self.as_text:
            return query
        return query.with_only_columns(
            *(
                sqlalchemy.cast(column, sqlalchemy.String()).label(column.name)
                if column.name in self.as_text
                else column
                for column in table.columns
            )
        )


def _columns_of(source: Source, table: SourceTable, engine: sqlalchemy.Engine) -> Mapping[str, TypeEngine[Any]]:
    inspector = sqlalchemy.inspect(engine)
    if source.schema and source.schema not in (schemas := inspector.get_schema_names()):
        raise SourceError(
            f"source {source.name}: the database has no schema {source.schema}{close_to(source.schema, schemas)} "
            f"It has {listed(schemas, MOST_NAMES)}"
        )
    names = [*inspector.get_table_names(source.schema), *inspector.get_view_names(source.schema)]
    if table.name not in names:
        raise SourceError(
            f"source {source.name}: the database has no table {table.name}{close_to(table.name, names)} "
            f"It has {listed(sorted(names), MOST_NAMES) or 'none that its user may see'}"
        )
    columns = {column["name"]: column["type"] for column in inspector.get_columns(table.name, source.schema)}
    return columns | (_numbers_for_moments(table, columns, engine) if engine.dialect.name == "sqlite" else {})


def _numbers_for_moments(
    table: SourceTable, columns: Mapping[str, TypeEngine[Any]], engine: sqlalchemy.Engine
) -> dict[str, TypeEngine[Any]]:
    """Columns of SQLite that are called moments and hold numbers, as some programs write them."""
    moments = [name for name, kind in columns.items() if isinstance(kind, sqlalchemy.DateTime | sqlalchemy.Date)]
    found: dict[str, TypeEngine[Any]] = {}
    with engine.connect() as connection:
        for name in moments:
            column: sqlalchemy.ColumnClause[Any] = sqlalchemy.column(name)
            kind = sqlalchemy.func.typeof(column)
            query = (
                sqlalchemy.select(kind).select_from(sqlalchemy.table(table.name)).where(column.is_not(None)).limit(1)
            )
            if connection.execute(query).scalar() == "integer":
                found[name] = sqlalchemy.BigInteger()
    return found


def _is_text_only(kind: TypeEngine[Any]) -> bool:
    """Whether a type has no counterpart in Parquet, or one that would round."""
    if isinstance(kind, sqlalchemy.Numeric) and kind.asdecimal:
        return kind.precision is None or kind.precision > DIGITS_OF_PARQUET
    return not isinstance(kind, READ_AS_THEY_ARE)


def _overlap(table: SourceTable, found: Mapping[str, TypeEngine[Any]]) -> tuple[float, str]:
    """How far behind its last cursor a table is read again, and which rows that are."""
    kind = found[table.cursor] if table.cursor else None
    if isinstance(kind, sqlalchemy.DateTime):
        # One more second, because databases round.
        seconds = table.overlap_minutes * 60.0
        return seconds, f"value >= latest - to_seconds({seconds + 1})"
    if isinstance(kind, sqlalchemy.Date):
        return 1.0, "value >= latest - 2"
    if isinstance(kind, sqlalchemy.Integer):
        return float(NUMBERS_OF_OVERLAP), f"value >= latest - {NUMBERS_OF_OVERLAP}"
    return 0.0, "value >= latest" if table.cursor else "false"


# ---------------------------------------------------------------- dlt


def _dlt(state: Path) -> Any:
    """The library, set to keep to the company's folder and to send nothing."""
    os.environ.update(
        {
            "DLT_DATA_DIR": str(state),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "CRITICAL",
            # Names of columns stay as they are in the database.
            "SCHEMA__NAMING": "direct",
            "LOAD__DELETE_COMPLETED_JOBS": "true",
        }
    )
    return importlib.import_module("dlt")


@dataclass(frozen=True)
class _Puller:
    """One source."""

    source: Source
    engine: sqlalchemy.Engine
    tables: Sequence[_Table]
    folders: Folders
    memory_limit: str
    progress: Callable[[str, float], None]

    @property
    def home(self) -> Path:
        return self.folders.state / file_name(self.source.name)

    def run(self) -> list[PulledTable]:
        """Lands what an interrupted pull has left, then pulls and lands what is new."""
        dlt = _dlt(self.folders.state)
        pipeline = dlt.pipeline(
            pipeline_name="pull",
            pipelines_dir=str(self.home / "pipelines"),
            destination=dlt.destinations.filesystem(
                bucket_url=(self.home / PULLED).as_uri(), layout="{table_name}/{load_id}.{file_id}.{ext}"
            ),
            dataset_name=DATASET,
        )
        rows: dict[str, int] = {}
        self._finish(pipeline, rows)
        for number, table in enumerate(self.tables):
            self.progress(f"{self.source.name}.{table.stated.name}", number / len(self.tables))
            pipeline.extract(self._resource(dlt, table), loader_file_format="parquet")
            self._finish(pipeline, rows)
        return [
            PulledTable(self.source.name, table.stated.name, rows.get(table.resource, 0), table.stated.to)
            for table in self.tables
        ]

    def _resource(self, dlt: Any, table: _Table) -> Any:
        sql_table = importlib.import_module("dlt.sources.sql_database").sql_table
        cursor = table.stated.cursor
        return sql_table(
            credentials=self.engine,
            table=table.stated.name,
            schema=self.source.schema,
            chunk_size=ROWS_AT_ONCE,
            backend="pyarrow",
            included_columns=list(table.types),
            table_adapter_callback=table.typed,
            query_adapter_callback=table.query,
            # Rows without a cursor are read each time, and all rows of the overlap: `landing` knows what is new.
            incremental=dlt.sources.incremental(
                cursor, on_cursor_value_missing="include", lag=table.lag, primary_key=()
            )
            if cursor
            else None,
        ).with_name(table.resource)

    def _finish(self, pipeline: Any, rows: dict[str, int]) -> None:
        """Takes everything that dlt has pulled to its files. Counts the new rows by table."""
        pipeline.normalize()
        pipeline.load()
        by_resource = {table.resource: table for table in self.tables}
        pulled = self.home / PULLED / DATASET
        for folder in sorted(pulled.iterdir()) if pulled.is_dir() else ():
            files = sorted(folder.glob("*.parquet"), key=_load_id)
            if (table := by_resource.get(folder.name)) is not None:
                for load_id, parts in groupby(files, key=_load_id):
                    together = list(parts)
                    rows[folder.name] = rows.get(folder.name, 0) + land(
                        together, self._target(table), load_id, self.memory_limit
                    )
                    for part in together:
                        part.unlink()
            elif files:
                # Pulled for what stayhouse.toml no longer states; a table that it states begins from the start.
                shutil.rmtree(folder)
        # What dlt remembers of packages that are loaded; nothing reads it.
        shutil.rmtree(Path(pipeline.working_dir) / "load" / "loaded", ignore_errors=True)

    def _target(self, table: _Table) -> Target:
        place, _, below = table.stated.to.partition("/")
        return Target(
            folder=(self.folders.landing if place == "landing" else self.folders.exports) / below,
            prefix=f"{file_name(self.source.name)}-{file_name(table.stated.name)}",
            seen=self.home / SEEN / f"{table.resource}.parquet",
            scratch=self.home / "spilled",
            columns=table.stated.columns,
            kept=table.kept,
            cursor=table.stated.cursor,
        )


def _load_id(file: Path) -> float:
    """The moment of the pull, which dlt names its packages after: `1795964743.5210843.956c868eee.parquet`."""
    seconds, fraction, *_ = file.name.split(".")
    return float(f"{seconds}.{fraction}")
