"""Runs the shapes whose exports or SQL changed; each result is a file of the landing folder, written by one rename."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import duckdb
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from stayhouse.contract import RawTable
from stayhouse.contract.compression import BrokenFile
from stayhouse.contract.personal_data import EMAIL
from stayhouse.contract.sql import (
    EXPORT_TEXT,
    columns_of,
    connect_for_work,
    identifier,
    identifiers,
    literal,
    literals,
    one_row,
)
from stayhouse.contract.words import close_to, counted, listed
from stayhouse.loading.discovery import LandingFile
from stayhouse.loading.naming import EXPORT_FILE, EXPORT_LINE, EXPORTS
from stayhouse.shaping.exports import BROKEN, Exports, Reader, find_exports
from stayhouse.shaping.problems import ExportUnfinished, ShapeError
from stayhouse.shaping.state import Made, Place, fingerprint, places
from stayhouse.shaping.template import Request, Shape, find_shapes

FUNCTIONS = Path(__file__).with_name("functions.sql")
MEMORY_LIMIT = "2GB"
# Files that are read together for a shape which is run for each of them.
FILES_AT_ONCE = 200
BYTES_AT_ONCE = 256 * 1024**2
ROWS_AT_ONCE = 100_000
VIEW = "_shape"
ORIGINS = "_origins"
# Rows that are left out which a message names.
EXAMPLES = 3
# Shapes that a run names.
SHAPES = 4
ORIGIN_NAMES = {"_file": EXPORT_FILE, "_line": EXPORT_LINE}
# Results that are made together, each with its files by pattern.
Group: TypeAlias = dict[Path, dict[str, list[LandingFile]]]


@dataclass(frozen=True)
class Folders:
    """The folders of a company that shaping reads and writes."""

    shapes: Path
    exports: Path
    landing: Path
    scratch: Path
    """For copies and what does not fit into memory. Nothing of it is needed later."""


@dataclass(frozen=True)
class LeftOut:
    """Rows of exports that a shape reads and that are in no row of its results."""

    shape: str
    number: int
    rows: int
    """Rows of the exports that its rows come from."""
    examples: list[str]
    why: str
    is_new: bool
    """A result was made by this run."""

    def __str__(self) -> str:
        more = " and more" if self.number > len(self.examples) else ""
        why = self.why or "its SQL says why; a comment `-- Left out: ...` there would be shown here"
        rows = counted(self.rows, "row")
        return f"{self.shape}: {self.number:,} of {rows} ({', '.join(self.examples)}{more}): {why}"


@dataclass
class Shaping:
    """What a run of the shapes did."""

    written: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    """By shape, also where its results are those of an earlier run."""

    @property
    def left_out_in_short(self) -> list[str]:
        """One notice about the shapes of this run; most of them leave out rows on purpose."""
        shares = [f"{one.shape} {one.number:,} of {one.rows:,}" for one in self.left_out if one.is_new]
        if not shares:
            return []
        return [f"rows that shapes leave out: {listed(shares, SHAPES)}; stayhouse validate says which and why"]


def run_shapes(
    folders: Folders,
    tables: Mapping[str, RawTable],
    memory_limit: str = MEMORY_LIMIT,
    progress: Callable[[str, float], None] = lambda shape, share: None,
) -> Shaping:
    """Brings the shaped files of the landing folder up to date with shapes and exports.

    A shape with a fault leaves its last result as it is, and the others are run. Raises ShapeError with all faults.
    """
    # What a killed run has left there holds rows of customers.
    shutil.rmtree(folders.scratch, ignore_errors=True)
    found = find_shapes(folders.shapes, tables)
    done = Shaping(faults=found.faults)
    exports = find_exports(folders.exports) if found.shapes else Exports(folders.exports, (), {})
    for number, shape in enumerate(found.shapes):
        progress(shape.shown, number / len(found.shapes))
        try:
            _Runner(shape, exports, folders.landing, folders.scratch, memory_limit, done).run()
        except ShapeError as error:
            done.faults.append(str(error))
        except BrokenFile as error:
            done.faults.append(f"{error} (read by {shape.shown})")
        except ExportUnfinished as unfinished:
            done.notices.append(
                f"{unfinished}; still being written or truncated, so {shape.shown} is left for the next run"
            )
    done.notices += dict.fromkeys(exports.notices(request for shape in found.shapes for request in shape.requests))
    if not done.faults:
        _remove_others({Place.of(folders.landing, s.table.name, s.name) for s in found.shapes}, folders.landing, done)
    done.notices = list(dict.fromkeys(done.notices))
    if done.faults:
        raise ShapeError("\n".join(dict.fromkeys(done.faults)))
    return done


def find_faults(folders: Folders, tables: Mapping[str, RawTable]) -> list[str]:
    """What would stop the shapes before a row is read: a shape that cannot be one, and exports that are missing."""
    found = find_shapes(folders.shapes, tables)
    exports = find_exports(folders.exports) if found.shapes else Exports(folders.exports, (), {})
    return found.faults + [str(fault) for shape in found.shapes for fault in _missing(shape, exports)]


def _missing(shape: Shape, exports: Exports) -> Iterator[ShapeError]:
    for request in shape.requests:
        if not request.optional and not exports.of(request):
            yield shape.fault(exports.missing(request), shape.line_of(request.pattern))


def _remove_others(current: set[Place], landing: Path, done: Shaping) -> None:
    """Removes the results of shapes that are missing now."""
    for place in places(landing):
        if place not in current:
            for result in place.read():
                _remove(place, result, "its shape is missing", done)
            place.write({})


def _remove(place: Place, result: str, why: str, done: Shaping) -> None:
    path = place.folder / result
    path.unlink(missing_ok=True)
    done.removed.append(path)
    done.notices.append(
        f"{place.folder.parent.name}/{place.folder.name}/{result}: {why}, so it was removed; "
        "rows that were loaded from it stay, as with any landing file that is removed"
    )


@dataclass(frozen=True)
class _Runner:
    """One shape over the exports of a company."""

    shape: Shape
    exports: Exports
    landing: Path
    scratch: Path
    memory_limit: str
    done: Shaping

    @property
    def place(self) -> Place:
        return Place.of(self.landing, self.shape.table.name, self.shape.name)

    def run(self) -> None:
        """Writes the results that are missing or out of date, and removes those without an export."""
        asked = {request.pattern: self.exports.of(request) for request in self.shape.requests}
        for fault in _missing(self.shape, self.exports):
            raise fault
        known = self.place.read()
        each = self.shape.each
        if each is None:
            wanted: Group = {self.place.whole: asked}
        else:
            wanted = {self.place.of_export(file.name): asked | {each.pattern: [file]} for file in asked[each.pattern]}
        marks = {self.place.key(result): self._mark(files) for result, files in wanted.items()}
        for result in sorted(set(known) - set(marks)):
            _remove(
                self.place, result, "its export is missing" if each else "the shape is run otherwise now", self.done
            )
        kept = {key: made for key, made in known.items() if marks.get(key) == made.mark}
        if kept != known:
            self.place.write(kept)
        stale = {result: files for result, files in wanted.items() if self.place.key(result) not in kept}
        for group in _groups(stale):
            for path, made in self._write_all(group).items():
                key = self.place.key(path)
                kept[key] = made._replace(mark=marks[key])
            self.place.write(kept)
        self._note_left_out(list(kept.values()), is_new=bool(stale))

    def _note_left_out(self, results: Sequence[Made], is_new: bool) -> None:
        number, rows = sum(made.left_out for made in results), sum(made.rows for made in results)
        examples = [example for made in results for example in made.examples][:EXAMPLES]
        if number:
            self.done.left_out.append(LeftOut(self.shape.shown, number, rows, examples, self.shape.left_out, is_new))

    def _write_all(self, group: Group) -> dict[Path, Made]:
        """Writes the results of a group; a file that cannot be read costs its own result only."""
        try:
            return self._write(group)
        except (BrokenFile, ExportUnfinished):
            if len(group) == 1:
                raise
        written: dict[Path, Made] = {}
        for result, asked in group.items():
            try:
                written |= self._write({result: asked})
            except BrokenFile as error:
                self.done.faults.append(f"{error} (read by {self.shape.shown})")
            except ExportUnfinished as unfinished:
                self.done.notices.append(f"{unfinished}; it is left for the next run")
        return written

    def _mark(self, files: Mapping[str, Sequence[LandingFile]]) -> str:
        columns = [f"{column.name} {column.data_type} {column.required}" for column in self.shape.table.columns]
        return fingerprint(
            f"{self.shape.sql}\n{self.shape.requests}", columns, [file for found in files.values() for file in found]
        )

    def _write(self, group: Group) -> dict[Path, Made]:
        """Runs the shape for every result of the group, over exports that are read once."""
        with _session(self.memory_limit, self.scratch) as (db, reader):
            everything: dict[str, dict[str, LandingFile]] = {}
            for asked in group.values():
                for pattern, files in asked.items():
                    everything.setdefault(pattern, {}).update({file.name: file for file in files})
            for request in self.shape.requests:
                files = list(everything.get(request.pattern, {}).values())
                self.done.notices += reader.load(request, files, _stored(request.pattern))
                if not reader.has_columns(_stored(request.pattern)):
                    return {}
                self._check_latest(request, list(columns_of(db, identifier(_stored(request.pattern)))))
            _lock(db)
            written = {}
            for result, asked in group.items():
                for request in self.shape.requests:
                    _show(db, request, asked[request.pattern])
                written[result] = self._run(db, result, asked)
        return written

    def _run(self, db: duckdb.DuckDBPyConnection, result: Path, asked: Mapping[str, Sequence[LandingFile]]) -> Made:
        try:
            db.execute(f"create or replace temp view {VIEW} as {self.shape.sql}")
            names = list(columns_of(db, VIEW))
        except duckdb.Error as error:
            raise self.shape.fault_of(error) from error
        self._check_columns(names)
        # Before the rows: a connection streams one result at a time.
        broken = _broken_lines(db, [file.name for files in asked.values() for file in files])
        try:
            reader = db.execute(self._query(names)).to_arrow_reader(ROWS_AT_ONCE)
            rows, origins = _write_parquet(result, reader, broken, asked)
        except duckdb.Error as error:
            raise self._located(db, error) from error
        if rows == 0:
            self.done.notices.append(f"{self.shape.shown}: yields no rows")
        self.done.written.append(result)
        if not ORIGIN_NAMES.keys() <= set(map(str.lower, names)):
            return Made("")
        seen = set(origins.column(EXPORT_FILE).unique().to_pylist()) if origins else set()
        return _left_out(db, origins, self._row_by_row(seen, asked))

    def _row_by_row(self, seen: AbstractSet[str], asked: Mapping[str, Sequence[LandingFile]]) -> list[str]:
        """The exports that rows of a result come from; the others are looked up. `seen` are the files of its rows."""
        if self.shape.each:
            return [self.shape.each.pattern]
        if len(asked) == 1:
            return list(asked)
        return [pattern for pattern, files in asked.items() if seen & {file.name for file in files}]

    def _check_latest(self, request: Request, names: Sequence[str]) -> None:
        for name in request.latest:
            if name.lower() not in map(str.lower, names):
                raise self.shape.fault(
                    f"latest names the column {name}, which {request.pattern} does not have{close_to(name, names)} "
                    f"Its columns are {', '.join(names)}",
                    self.shape.line_of(request.pattern),
                )

    def _check_columns(self, names: Sequence[str]) -> None:
        """Raises ShapeError for columns that the table does not have, and for required ones that are missing."""
        table = self.shape.table
        lower = [name.lower() for name in names]
        unknown = [name for name in names if name.lower() not in (*table.column_names, *ORIGIN_NAMES)]
        if unknown:
            raise self.shape.fault(
                f"table {table.name} has no column {', '.join(unknown)}{close_to(unknown, table.column_names)} "
                f"Its columns are {', '.join(table.column_names)}",
                self.shape.line_of(unknown[0]),
            )
        missing = [c.name for c in table.columns if c.must_arrive and c.name not in lower]
        if missing:
            word = "column" if len(missing) == 1 else "columns"
            raise self.shape.fault(f"lacks the required {word} {', '.join(missing)} of table {table.name}; select it")

    def _query(self, names: Sequence[str]) -> str:
        """The rows with their origin, in the order of the exports."""
        renamed = {name: ORIGIN_NAMES.get(name.lower(), name.lower()) for name in names}
        fields = [f"{identifier(name)} as {identifier(meant)}" for name, meant in renamed.items()]
        origin = [name for name in ORIGIN_NAMES.values() if name in renamed.values()]
        order = f" order by {', '.join(origin)}" if origin else ""
        return f"select {', '.join(fields)} from {VIEW}{order}"

    def _located(self, db: duckdb.DuckDBPyConnection, error: duckdb.Error) -> ShapeError:
        """The fault with the line of the shape, which only the shape by itself has."""
        try:
            db.execute(self.shape.sql).fetchall()
        except duckdb.Error as located:
            return self.shape.fault_of(located)
        return self.shape.fault_of(error)


def _left_out(db: duckdb.DuckDBPyConnection, origins: pyarrow.Table | None, patterns: Sequence[str]) -> Made:
    """Rows of exports, and those of them that are in no row of a result."""
    if not patterns:
        return Made("")
    rows = " union ".join(f"select _file, _line from {identifier(pattern)}" for pattern in patterns)
    is_left_out = (
        f"not exists (select 1 from {ORIGINS} as o where o.{EXPORT_FILE} = r._file and o.{EXPORT_LINE} = r._line)"
    )
    db.register(ORIGINS, origins or pyarrow.table({EXPORT_FILE: [""], EXPORT_LINE: [0]}))
    flags = f"(select {is_left_out} as is_left_out from ({rows}) as r)"
    number, left_out = one_row(db, f"select count(*), count(*) filter (where is_left_out) from {flags}")
    sql = f"select _file, _line from ({rows}) as r where {is_left_out} order by all limit {EXAMPLES}"
    found = db.execute(sql).fetchall() if left_out else []
    db.unregister(ORIGINS)
    return Made("", number, left_out, tuple(f"{EXPORTS}/{file} line {line}" for file, line in found))


def _broken_lines(db: duckdb.DuckDBPyConnection, files: Sequence[str]) -> pyarrow.Table:
    """Lines of these exports that cannot be taken apart; the loader sends them to quarantine."""
    return db.execute(
        f"""select distinct _file as {EXPORT_FILE}, _line as {EXPORT_LINE},
            regexp_replace(_text, {literal(EMAIL)}, '(address)', 'g') as {EXPORT_TEXT}
        from {BROKEN} where _file in ({literals(files) or "null"}) order by all"""
    ).to_arrow_table()


def _show(db: duckdb.DuckDBPyConnection, request: Request, files: Sequence[LandingFile]) -> None:
    """Lets the name of an export mean these files."""
    relation = (
        f"from {identifier(_stored(request.pattern))} where _file in ({literals(f.name for f in files) or 'null'})"
    )
    if request.latest:
        # Rows that name no thing are not versions of one another.
        relation += (
            f" qualify {' or '.join(f'{identifier(name)} is null' for name in request.latest)}"
            f" or row_number() over (partition by {identifiers(request.latest)}"
            " order by _exported_at desc, _file desc, _line desc) = 1"
        )
    db.execute(f"create or replace temp view {identifier(request.pattern)} as {relation}")


def _stored(pattern: str) -> str:
    return f"all of {pattern}"


def _groups(stale: Group) -> Iterator[Group]:
    """Results that are made together, so that small files share the cost of a session."""
    group: Group = {}
    size = 0
    for result, asked in stale.items():
        group[result] = asked
        size += sum(file.size for files in asked.values() for file in files)
        if len(group) >= FILES_AT_ONCE or size > BYTES_AT_ONCE:
            yield group
            group, size = {}, 0
    if group:
        yield group


@contextmanager
def _session(memory_limit: str, scratch: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Reader]]:
    """A database of its own, without the warehouse; what does not fit into memory goes to a folder that is removed."""
    try:
        with closing(connect_for_work(memory_limit=memory_limit, spill=scratch / "spilled")) as db:
            db.execute(FUNCTIONS.read_text())
            copies = scratch / "copies"
            copies.mkdir(parents=True)
            yield db, Reader.over(db, copies)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _lock(db: duckdb.DuckDBPyConnection) -> None:
    """From here on the SQL of a shape reads nothing but its exports."""
    db.execute("set preserve_insertion_order = true")
    db.execute("set python_enable_replacements = false")
    db.execute("set enable_external_access = false")
    db.execute("set lock_configuration = true")


def _write_parquet(
    place: Path, reader: pyarrow.RecordBatchReader, broken: pyarrow.Table, asked: Mapping[str, Sequence[LandingFile]]
) -> tuple[int, pyarrow.Table | None]:
    """Writes the rows, then the broken lines, and puts the file in its place.

    Returns how many there are, and the files and lines of the rows where a shape says both.

    A row that does not say how new it is has the time of its file, so that is the time of the newest export.
    """
    schema = reader.schema
    if broken.num_rows:
        schema = pyarrow.schema([field for field in schema if field.name not in broken.schema.names])
        schema = pyarrow.schema([*schema, *broken.schema])
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f"{place.name}.tmp")
    written_at = max(file.modified_at() for files in asked.values() for file in files)
    rows: int = 0
    seen: set[str] = set()
    origins = []
    try:
        with pyarrow.parquet.ParquetWriter(fresh, schema, compression="zstd") as writer:
            for batch in reader:
                rows += int(batch.num_rows)
                writer.write_table(_filled(pyarrow.Table.from_batches([batch]), schema))
                if broken.num_rows and EXPORT_FILE in batch.schema.names:
                    seen.update(batch.column(EXPORT_FILE).unique().to_pylist())
                if {EXPORT_FILE, EXPORT_LINE} <= set(batch.schema.names):
                    origins.append(batch.select([EXPORT_FILE, EXPORT_LINE]))
            broken = _of_rows(broken, seen, asked)
            rows += int(broken.num_rows)
            if broken.num_rows:
                writer.write_table(_filled(broken, schema))
        os.utime(fresh, (written_at, written_at))
        os.replace(fresh, place)
    finally:
        fresh.unlink(missing_ok=True)
    return rows, pyarrow.Table.from_batches(origins) if origins else None


def _of_rows(broken: pyarrow.Table, seen: set[str], asked: Mapping[str, Sequence[LandingFile]]) -> pyarrow.Table:
    """Broken lines of the exports that rows come from; those of an export that is looked up belong to another table."""
    exports = [{file.name for file in files} for files in asked.values()]
    of_rows = set().union(*(names for names in exports if names & seen))
    if not of_rows:
        return broken
    return broken.filter(pyarrow.compute.is_in(broken.column(EXPORT_FILE), pyarrow.array(sorted(of_rows))))


def _filled(table: pyarrow.Table, schema: pyarrow.Schema) -> pyarrow.Table:
    """The table with the columns of the schema; those that it lacks are empty."""
    columns = [
        table.column(f.name).cast(f.type) if f.name in table.schema.names else pyarrow.nulls(table.num_rows, f.type)
        for f in schema
    ]
    return pyarrow.Table.from_arrays(columns, schema=schema)
